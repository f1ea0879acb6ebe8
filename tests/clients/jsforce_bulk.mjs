// Works through Bulk API 2.0 as a user of jsforce does, and prints what it saw as one line of JSON.
import jsforce from "jsforce";

const org = JSON.parse(process.env.ORG);
const connection = new jsforce.Connection({ instanceUrl: org.instance_url, accessToken: org.access_token, version: "60.0" });
const seen = {};
const refused = async (promise) => promise.then((value) => ({ value }), (error) => ({ code: error.errorCode ?? error.name, message: error.message }));
connection.bulk2.pollInterval = 50;

const stream = await connection.bulk2.query("SELECT Id, Name, Account.Name FROM Contact ORDER BY Id");
const rows = await stream.toArray();
seen.rows = rows.length;
seen.distinct = new Set(rows.map((row) => row.Id)).size;
seen.columns = Object.keys(rows[0]);

seen.inserted = await connection.bulk2.loadAndWaitForResults({
  object: "Contact",
  operation: "insert",
  input: [{ LastName: "Förster", Title: 'The "Boss"', Email: null }, { LastName: null, Title: "none", Email: null }],
});
const id = seen.inserted.successfulResults[0].sf__Id;
seen.updated = await connection.bulk2.loadAndWaitForResults({
  object: "Contact", operation: "update", input: `Id,Title\n${id},#N/A\n`,
});
seen.record = await connection.sobject("Contact").retrieve(id);
seen.upserted = await connection.bulk2.loadAndWaitForResults({
  object: "Contact", operation: "upsert", externalIdFieldName: "Email",
  input: [{ Email: "bulk@example.com", LastName: "Bulk" }],
});
seen.deleted = await connection.bulk2.loadAndWaitForResults({ object: "Contact", operation: "delete", input: [{ Id: id }] });
seen.failed = await refused(connection.bulk2.loadAndWaitForResults({ object: "Contact", operation: "insert", input: "Nothing\nx\n" }));
seen.compound = await refused(connection.bulk2.query("SELECT MailingAddress FROM Contact"));
const job = connection.bulk2.createJob({ object: "Contact", operation: "insert" });
await job.open();
await job.abort();
seen.aborted = (await job.check()).state;
await job.delete();
seen.gone = await refused(job.check());
seen.first = await refused(connection.bulk.query("SELECT Id FROM Contact").then((each) => each.toArray?.() ?? each));

console.log(JSON.stringify(seen));

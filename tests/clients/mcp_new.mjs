// The TypeScript SDK of the newer protocol era: prints the tools, then answers each call, or request of a prompt, that comes in as a line.
// A call's `answer` is what the user says if the server asks; the result then has the `questions`.
// usage: node mcp_new.mjs COMMAND [ARGUMENT...], or an address that begins with http:// instead of the command
import { createInterface } from "node:readline";
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio";

const [command, ...args] = process.argv.slice(2);
const options = { capabilities: { elicitation: {} }, versionNegotiation: { mode: "auto" } };
const client = new Client({ name: "typescript-new", version: "1.0.0" }, options);
let users, questions;
client.setRequestHandler("elicitation/create", ({ params }) => { questions.push(params); return users; });
const isAddress = command.startsWith("http://");
await client.connect(isAddress ? new StreamableHTTPClientTransport(new URL(command)) : new StdioClientTransport({ command, args, env: process.env }));
const say = (value) => process.stdout.write(JSON.stringify(value) + "\n");
say({ server: client.getServerVersion(), revision: client.getNegotiatedProtocolVersion(), ...(await client.listTools()) });
for await (const line of createInterface({ input: process.stdin })) {
  try {
    const { prompt, answer, ...call } = JSON.parse(line);
    [users, questions] = [answer, []];
    const result = await (prompt ? client.getPrompt(prompt) : client.callTool(call));
    say(answer ? { ...result, questions } : result);
  } catch (error) {
    say({ thrown: String(error) });
  }
}
await client.close();

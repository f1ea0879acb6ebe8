// The TypeScript SDK of the older protocol era: prints the tools, then answers each call, or request of a prompt, that comes in as a line.
// A call's `answer` is what the user says if the server asks; the result then has the `questions`.
// usage: node mcp_old.mjs COMMAND [ARGUMENT...], or an address that begins with http:// instead of the command
import { createInterface } from "node:readline";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { ElicitRequestSchema } from "@modelcontextprotocol/sdk/types.js";

const [command, ...args] = process.argv.slice(2);
const client = new Client({ name: "typescript-old", version: "1.0.0" }, { capabilities: { elicitation: {} } });
let users, questions;
client.setRequestHandler(ElicitRequestSchema, ({ params }) => { questions.push(params); return users; });
const isAddress = command.startsWith("http://");
const transport = isAddress ? new StreamableHTTPClientTransport(new URL(command)) : new StdioClientTransport({ command, args, env: process.env });
let revision;
transport.setProtocolVersion = (agreed) => { revision = agreed; };
await client.connect(transport);
const say = (value) => process.stdout.write(JSON.stringify(value) + "\n");
say({ server: client.getServerVersion(), revision, ...(await client.listTools()) });
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

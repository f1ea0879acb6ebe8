// The TypeScript SDK of the newer protocol era: prints the tools, then answers each call, or request of a prompt, that comes in as a line.
// usage: node mcp_new.mjs COMMAND [ARGUMENT...]
import { createInterface } from "node:readline";
import { Client } from "@modelcontextprotocol/client";
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio";

const [command, ...args] = process.argv.slice(2);
const client = new Client({ name: "typescript-new", version: "1.0.0" }, { versionNegotiation: { mode: "auto" } });
await client.connect(new StdioClientTransport({ command, args, env: process.env }));
const say = (value) => process.stdout.write(JSON.stringify(value) + "\n");
say({ server: client.getServerVersion(), revision: client.getNegotiatedProtocolVersion(), ...(await client.listTools()) });
for await (const line of createInterface({ input: process.stdin })) {
  try {
    const { prompt, ...call } = JSON.parse(line);
    say(await (prompt ? client.getPrompt(prompt) : client.callTool(call)));
  } catch (error) {
    say({ thrown: String(error) });
  }
}
await client.close();

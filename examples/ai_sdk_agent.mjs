// An agent of Vercel's AI SDK that books an appointment.
//
//     npm install ai @ai-sdk/mcp @ai-sdk/anthropic
//     export ANTHROPIC_API_KEY=...
//     node examples/ai_sdk_agent.mjs "Book a check-up with Ada Lindqvist tomorrow at 10"
//
// The org is a local one, until you take `--demo` out of the arguments and have logged in.
import { createAnthropic } from "@ai-sdk/anthropic";
import { createMCPClient } from "@ai-sdk/mcp";
import { Experimental_StdioMCPTransport as Stdio } from "@ai-sdk/mcp/mcp-stdio";
import { generateText, stepCountIs } from "ai";

const [command, ...args] = (process.env.MCP_SALESFORCE ?? "mcp-salesforce serve --demo").split(" ");
const client = await createMCPClient({ transport: new Stdio({ command, args }) });
try {
  const anthropic = createAnthropic({ baseURL: process.env.ANTHROPIC_API });
  const { text } = await generateText({
    model: anthropic(process.env.MODEL ?? "claude-sonnet-4-5"),
    system: "You work in Salesforce. Say what you did, with names and times.",
    prompt: process.argv[2],
    tools: await client.tools(),
    stopWhen: stepCountIs(20),
  });
  console.log(text);
} finally {
  await client.close();
}

// Vercel's AI SDK with its MCP client, over Anthropic's Messages.
import { createAnthropic } from "@ai-sdk/anthropic";
import { createMCPClient } from "@ai-sdk/mcp";
import { Experimental_StdioMCPTransport as Stdio } from "@ai-sdk/mcp/mcp-stdio";
import { generateText, stepCountIs } from "ai";

const { salesforce } = JSON.parse(process.env.SERVERS);
const client = await createMCPClient({ transport: new Stdio(salesforce) });
const prompt = await client.getPrompt({ name: "day_sheet", arguments: { date: "tomorrow" } });
const messages = prompt.messages.map(({ role, content }) => ({ role, content: content.text }));
const anthropic = createAnthropic({ baseURL: `${process.env.MODEL}/v1`, apiKey: "none" });
const tools = await client.tools();
const { text } = await generateText({ model: anthropic("scripted"), tools, messages, stopWhen: stepCountIs(20) });
console.log(text);
await client.close();

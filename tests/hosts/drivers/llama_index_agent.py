"""LlamaIndex with its MCP tools, over Chat Completions."""

import asyncio
import json
import os

from llama_index.core.agent.workflow import FunctionAgent
from llama_index.llms.openai_like import OpenAILike
from llama_index.tools.mcp import BasicMCPClient, McpToolSpec


async def main() -> None:
    entry = json.loads(os.environ["SERVERS"])["salesforce"]
    client = BasicMCPClient(entry["command"], args=entry["args"], env=entry["env"], timeout=60)
    tools = await McpToolSpec(client).to_tool_list_async()
    said = await client.get_prompt("day_sheet", {"date": "tomorrow"})
    llm = OpenAILike(
        "scripted",
        api_base=os.environ["MODEL"] + "/v1",
        api_key="none",
        is_chat_model=True,
        is_function_calling_model=True,
    )
    print(await FunctionAgent(tools=tools, llm=llm).run(said[-1].content, chat_history=said[:-1]))


asyncio.run(main())

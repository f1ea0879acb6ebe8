"""LangChain with its MCP adapters, over Chat Completions."""

import asyncio
import json
import os

from langchain.agents import create_agent
from langchain_mcp_adapters.client import MultiServerMCPClient
from langchain_openai import ChatOpenAI


async def main() -> None:
    entry = json.loads(os.environ["SERVERS"])["salesforce"]
    client = MultiServerMCPClient({"salesforce": {"transport": "stdio", **entry}})
    tools = await client.get_tools()
    prompt = await client.get_prompt("salesforce", "day_sheet", arguments={"date": "tomorrow"})
    agent = create_agent(ChatOpenAI(model="gpt-4o", use_responses_api=False), tools)
    print((await agent.ainvoke({"messages": prompt}))["messages"][-1].content)


asyncio.run(main())

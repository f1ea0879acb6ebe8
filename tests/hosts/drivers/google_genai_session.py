"""google-genai with the session of an MCP client as a tool, which it calls by itself."""

import asyncio
import json
import os

from google import genai
from google.genai import types
from mcp import ClientSession, StdioServerParameters
from mcp.client.stdio import stdio_client


async def main() -> None:
    entry = json.loads(os.environ["SERVERS"])["salesforce"]
    client = genai.Client(api_key="none", http_options=types.HttpOptions(base_url=os.environ["MODEL"]))
    async with stdio_client(StdioServerParameters(**entry)) as (read, write), ClientSession(read, write) as session:
        await session.initialize()
        prompt = await session.get_prompt("day_sheet", {"date": "tomorrow"})
        said = [part.content.text for part in prompt.messages]
        answer = await client.aio.models.generate_content(
            model="gemini-2.5-flash", contents=said, config={"tools": [session]}
        )
        print(answer.text)


asyncio.run(main())

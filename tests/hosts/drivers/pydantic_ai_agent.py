"""pydantic-ai, with OpenAI's model or, called with `google`, Gemini."""

import asyncio
import json
import os
import sys

from pydantic_ai import Agent
from pydantic_ai.mcp import MCPToolset
from pydantic_ai.models import Model
from pydantic_ai.models.google import GoogleModel
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.providers.google import GoogleProvider
from pydantic_ai.providers.openai import OpenAIProvider


def model() -> Model:
    if "google" in sys.argv:
        return GoogleModel("gemini-2.5-flash", provider=GoogleProvider(api_key="none", base_url=os.environ["MODEL"]))
    return OpenAIChatModel("gpt-5", provider=OpenAIProvider(api_key="none", base_url=os.environ["MODEL"] + "/v1"))


async def main() -> None:
    servers = MCPToolset({"mcpServers": json.loads(os.environ["SERVERS"])})
    agent = Agent(model(), toolsets=[servers])
    async with agent:
        prompt = await servers.get_prompt("day_sheet", {"date": "tomorrow"})
        said = [part.content for part in prompt.messages]
        print((await agent.run(said)).output)


asyncio.run(main())

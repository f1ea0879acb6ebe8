"""openai-agents, over Responses; called with `strict`, with its strict schemas."""

import asyncio
import json
import os
import sys

from agents import Agent, Runner, set_tracing_disabled
from agents.mcp import MCPServerStdio


async def main() -> None:
    set_tracing_disabled(disabled=True)
    entry = json.loads(os.environ["SERVERS"])["salesforce"]
    async with MCPServerStdio(entry, client_session_timeout_seconds=60) as server:
        prompt = await server.get_prompt("day_sheet", {"date": "tomorrow"})
        said = [{"role": one.role, "content": one.content.text} for one in prompt.messages]
        agent = Agent(
            "agent", mcp_servers=[server], model="gpt-5", mcp_config={"convert_schemas_to_strict": "strict" in sys.argv}
        )
        print((await Runner.run(agent, said)).final_output)


asyncio.run(main())

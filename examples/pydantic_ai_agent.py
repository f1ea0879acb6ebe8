"""An agent of Pydantic AI that books an appointment.

    pip install "pydantic-ai-slim[openai,mcp]" mcp-for-salesforce
    export OPENAI_API_KEY=...
    python examples/pydantic_ai_agent.py "Book a check-up with Ada Lindqvist tomorrow at 10"

The org is a local one, until you take `--demo` out of the arguments and have logged in.
"""

import asyncio
import os
import shlex
import sys

from pydantic_ai import Agent
from pydantic_ai.mcp import MCPToolset

SERVER = shlex.split(os.environ.get("MCP_SALESFORCE", "mcp-salesforce serve --demo"))


async def main(task: str) -> None:
    program, *arguments = SERVER
    salesforce = MCPToolset({"mcpServers": {"salesforce": {"command": program, "args": arguments}}})
    agent = Agent(
        os.environ.get("MODEL", "openai-chat:gpt-5"),
        toolsets=[salesforce],
        instructions="You work in Salesforce. Say what you did, with names and times.",
    )
    async with agent:
        result = await agent.run(task)
    print(result.output)


asyncio.run(main(sys.argv[1]))

"""An agent of the OpenAI Agents SDK that books an appointment.

    pip install openai-agents mcp-for-salesforce
    export OPENAI_API_KEY=...
    python examples/openai_agents.py "Book a check-up with Ada Lindqvist tomorrow at 10"

The org is a local one, until you take `--demo` out of the arguments and have logged in.
"""

import asyncio
import os
import shlex
import sys

from agents import Agent, Runner
from agents.mcp import MCPServerStdio

SERVER = shlex.split(os.environ.get("MCP_SALESFORCE", "mcp-salesforce serve --demo"))


async def main(task: str) -> None:
    program, *arguments = SERVER
    async with MCPServerStdio({"command": program, "args": arguments}, client_session_timeout_seconds=60) as salesforce:
        agent = Agent(
            name="desk",
            instructions="You work in Salesforce. Say what you did, with names and times.",
            mcp_servers=[salesforce],
            model=os.environ.get("MODEL", "gpt-5"),
        )
        result = await Runner.run(agent, task)
    print(result.final_output)


asyncio.run(main(sys.argv[1]))

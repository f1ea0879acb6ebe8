"""CrewAI with MCP tools, over Chat Completions."""

import json
import os

from crewai import LLM, Agent
from crewai.mcp import MCPServerStdio

entry = json.loads(os.environ["SERVERS"])["salesforce"]
agent = Agent(
    role="desk",
    goal="Do what is asked",
    backstory="None",
    llm=LLM(model="openai/gpt-4o", base_url=os.environ["MODEL"] + "/v1", api_key="none"),
    mcps=[MCPServerStdio(command=entry["command"], args=entry["args"], env=entry["env"])],
)
print(agent.kickoff("Do it"))

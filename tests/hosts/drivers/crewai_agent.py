"""CrewAI with MCP tools, over Chat Completions."""

import json
import os

from crewai import LLM, Agent
from crewai_tools import MCPServerAdapter
from mcp import StdioServerParameters

entry = json.loads(os.environ["SERVERS"])["salesforce"]
llm = LLM(model="openai/gpt-4o", base_url=os.environ["MODEL"] + "/v1", api_key="none")
with MCPServerAdapter(StdioServerParameters(**entry)) as tools:
    agent = Agent(role="desk", goal="Do what is asked", backstory="None", llm=llm, tools=list(tools))
    print(agent.kickoff("Do it"))

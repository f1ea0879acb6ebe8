"""An agent of LangGraph that books an appointment.

    pip install langchain langchain-openai langchain-mcp-adapters mcp-for-salesforce
    export OPENAI_API_KEY=...
    python examples/langgraph_agent.py "Book a check-up with Ada Lindqvist tomorrow at 10"

The org is a local one, until you take `--demo` out of the arguments and have logged in.
"""

import asyncio
import os
import shlex
import sys

from langchain_mcp_adapters.client import MultiServerMCPClient
from langchain_mcp_adapters.tools import load_mcp_tools
from langchain_openai import ChatOpenAI
from langgraph.graph import START, MessagesState, StateGraph
from langgraph.prebuilt import ToolNode, tools_condition

SERVER = shlex.split(os.environ.get("MCP_SALESFORCE", "mcp-salesforce serve --demo"))
SYSTEM = ("system", "You work in Salesforce. Say what you did, with names and times.")


async def main(task: str) -> None:
    program, *arguments = SERVER
    client = MultiServerMCPClient({"salesforce": {"transport": "stdio", "command": program, "args": arguments}})
    async with client.session("salesforce") as session:  # one session: the local org is there as long as it
        tools = await load_mcp_tools(session)
        model = ChatOpenAI(model=os.environ.get("MODEL", "gpt-5")).bind_tools(tools)

        async def ask(state: MessagesState) -> MessagesState:
            return {"messages": [await model.ainvoke([SYSTEM, *state["messages"]])]}

        graph = StateGraph(MessagesState)
        graph.add_node("model", ask)
        graph.add_node("tools", ToolNode(tools))
        graph.add_edge(START, "model")
        graph.add_conditional_edges("model", tools_condition)
        graph.add_edge("tools", "model")
        end = await graph.compile().ainvoke({"messages": [("user", task)]})
    print(end["messages"][-1].text)


asyncio.run(main(sys.argv[1]))

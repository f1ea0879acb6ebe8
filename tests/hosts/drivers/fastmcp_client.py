"""FastMCP's client, with the least of an agent around it, over Chat Completions.

Called with a mode and answers (`legacy decline accept`), it can ask: it prints each question, and gives these answers.
"""

import asyncio
import json
import os
import sys
import urllib.request
from typing import Any

from fastmcp import Client
from fastmcp.client.elicitation import ElicitResult

MODE, *ANSWERS = sys.argv[1:] or ["auto"]


def ask(messages: list[Any], tools: list[Any]) -> dict[str, Any]:
    body = {"model": "scripted", "messages": messages, "tools": tools}
    request = urllib.request.Request(  # noqa: S310 - an address of the test
        os.environ["MODEL"] + "/v1/chat/completions", json.dumps(body).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request) as answer:  # noqa: S310 - as above
        message: dict[str, Any] = json.loads(answer.read())["choices"][0]["message"]
        return message


async def answer(message: str, _kind: Any, params: Any, _context: Any) -> Any:
    choices = params.requested_schema["properties"]["answer"]["enum"]
    print(json.dumps([message, *choices]))
    action = ANSWERS.pop(0)
    return ElicitResult(action=action, content={"answer": choices[-1]} if action == "accept" else None)


async def main() -> None:
    servers = {"mcpServers": json.loads(os.environ["SERVERS"])}
    async with Client(servers, mode=MODE, elicitation_handler=answer if ANSWERS else None) as client:
        listed = [tool.model_dump() for tool in await client.list_tools()]
        tools = [
            {
                "type": "function",
                "function": {
                    "name": tool["name"],
                    "description": tool["description"],
                    "parameters": tool.get("inputSchema") or tool["input_schema"],
                },
            }
            for tool in listed
        ]
        prompt = await client.get_prompt("day_sheet", {"date": "tomorrow"})
        messages: list[Any] = [{"role": one.role, "content": one.content.text} for one in prompt.messages]
        while calls := (message := ask(messages, tools)).get("tool_calls"):
            messages.append(message)
            for call in calls:
                function = call["function"]
                result = await client.call_tool(
                    function["name"], json.loads(function["arguments"]), raise_on_error=False
                )
                text = "\n".join(block.text for block in result.content)
                messages.append({"role": "tool", "tool_call_id": call["id"], "content": text})
        print(message["content"])


asyncio.run(main())

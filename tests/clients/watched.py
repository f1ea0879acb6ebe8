"""`mcp-salesforce`, with a note of each route that answered a client: `python -m tests.clients.watched FILE org …`."""

import sys
from pathlib import Path

from mcp_salesforce.__main__ import main
from mcp_salesforce.localorg.app import App
from mcp_salesforce.localorg.routes.call import Call, Reply


def watch(notes: Path) -> None:
    """From now on write `METHOD path` of every route that answers without an error to `notes`."""
    answer = App.answer

    def watched(self: App, call: Call) -> Reply:
        reply = answer(self, call)
        if reply.status < 400:
            route, _ = self._find(call)
            with notes.open("a", encoding="utf-8") as file:
                file.write(f"{route.method} {route.path}\n")
        return reply

    App.answer = watched  # type: ignore[method-assign]  # the org itself need not know that it is watched


if __name__ == "__main__":
    watch(Path(sys.argv.pop(1)))
    main()

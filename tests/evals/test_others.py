"""Servers of others work on the org of a task, where they are installed."""

from pathlib import Path
from typing import Any

import pytest
from evals.others import SERVERS
from evals.play import Play

pytestmark = [pytest.mark.anyio, pytest.mark.clients, pytest.mark.slow]
EMAIL = "abel@listed.example.com"
QUERIES: dict[str, tuple[str, dict[str, Any]]] = {
    "tsmztech": (
        "salesforce_query_records",
        {"objectName": "Contact", "fields": ["Email"], "whereClause": f"Email = '{EMAIL}'"},
    ),
    "salesforce": (
        "run_soql_query",
        {
            "query": f"SELECT Email FROM Contact WHERE Email = '{EMAIL}'",
            "usernameOrAlias": "nora.quill@local-org.example.com",
            "directory": "/",
        },
    ),
}


@pytest.mark.parametrize("name", SERVERS)
async def test_another_server_reads_the_org_of_a_task(name: str, tmp_path: Path) -> None:
    if missing := SERVERS[name].missing():
        pytest.skip(missing)
    play = Play.start(tmp_path / "play", 4, name, "all")
    tool, arguments = QUERIES[name]

    offered = await play.offered()
    called = await play.call(tool, arguments)

    assert tool in {each["name"] for each in offered.tools}
    assert not called.is_error, called.answer
    assert EMAIL in called.answer
    assert not play.finish("").success

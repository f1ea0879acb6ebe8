"""`doctor --http`: a server for a team as a host meets it."""

import json
from pathlib import Path

import anyio
import pytest
from click.testing import CliRunner

from mcp_salesforce.cli import cli
from mcp_salesforce.doctor.deployment import Deployment
from mcp_salesforce.http.application import create_app
from mcp_salesforce.localorg import LocalOrg
from mcp_salesforce.salesforce import AsgiTransport
from mcp_salesforce.salesforce.transport import AiohttpTransport
from tests.conftest import settings_of
from tests.http.served import served as one_person
from tests.oauth.served import served
from tests.oauth.site import Time


async def stages_of(url: str) -> dict[str, str]:
    transport = AiohttpTransport()
    try:
        report = await Deployment(url, transport).examine()
    finally:
        await transport.close()
    return {stage.stage: stage.status for stage in report.stages}


async def test_a_server_that_hosts_can_log_in_to_passes(org: LocalOrg, tmp_path: Path) -> None:
    async with served(org, tmp_path, Time()) as site:
        stages = await stages_of(f"{site.issuer}/mcp")

    assert set(stages.values()) == {"passed"}
    assert len(stages) == 6


async def test_a_server_for_one_person_asks_for_no_login(org: LocalOrg) -> None:
    app = create_app(settings_of(org, journal="off"), transport=AsgiTransport(org.app))
    async with one_person(app) as url:
        stages = await stages_of(url)

    assert stages["reach"] == "passed"
    assert stages["challenge"] == "failed"
    assert stages["resource"] == "not reached"


async def test_another_address_than_the_server_knows_is_named(org: LocalOrg, tmp_path: Path) -> None:
    async with served(org, tmp_path, Time()) as site:
        stages = await stages_of(f"{site.issuer.replace('127.0.0.1', 'localhost')}/mcp")
        without_path = await stages_of(site.issuer)

    assert stages["reach"] == without_path["reach"] == "failed"


@pytest.mark.parametrize("is_json", [True, False])
async def test_the_command_prints_what_fails_and_how_to_mend_it(is_json: bool) -> None:
    arguments = ["doctor", "--http", "http://127.0.0.1:1/mcp", *(["--json"] if is_json else [])]
    ended = await anyio.to_thread.run_sync(lambda: CliRunner().invoke(cli, arguments))

    assert ended.exit_code == 1
    assert "Check the address" in (json.loads(ended.stdout)["stages"][0]["fix"] if is_json else ended.stdout)

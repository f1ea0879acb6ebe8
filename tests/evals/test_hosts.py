"""Hosts without a terminal do a task, with a scripted model: the server is theirs, calls and tokens are counted."""

from pathlib import Path

import pytest
from evals.hosts import HOSTS, by_host
from evals.runs import run
from evals.servers import own
from evals.tasks import TASKS

from mcp_salesforce.localorg import utcnow
from tests.evals.scripts import wishes_of_the_script
from tests.hosts import hosts, model
from tests.hosts.hosts import Host
from tests.hosts.seat import Seat

pytestmark = [pytest.mark.anyio, pytest.mark.clients, pytest.mark.slow]
NAMES = {"claude": "Claude Code", "codex": "Codex", "gemini": "Gemini CLI"}
DELETING = 8


def installed(name: str) -> Host:
    host = next(each for each in hosts.HOSTS if each.name == NAMES[name])
    if missing := host.missing():
        pytest.skip(f"{', '.join(missing)} is not installed: .ci/hosts")
    return host


@pytest.mark.parametrize("name", HOSTS)
@pytest.mark.parametrize("number", [2, DELETING])
async def test_a_host_does_a_task(name: str, number: int, tmp_path: Path) -> None:
    host = installed(name)
    moment = utcnow()
    wishes, answer = await wishes_of_the_script(number, moment)
    with model.serving(wishes, answer) as served:
        seat = Seat(tmp_path, served.address, [], {})
        environment = ready(host, seat)
        named = "gemini-2.5-flash" if name == "gemini" else "scripted"
        result = await run(TASKS[number - 1], by_host(HOSTS[name], named, own(asks=False), environment), lambda: moment)

    assert result.success, result
    assert (result.calls, result.errors, result.answer) == (len(wishes), 0, answer)
    assert result.tokens_in
    assert result.tokens_out
    assert result.read > result.calls


def ready(host: Host, seat: Seat) -> dict[str, str]:
    """Give a host the files of a login, with the scripted model for its provider; return its environment."""
    files = dict(host.files)
    if host.name == "Codex":
        provider = hosts.CODEX_PROVIDER.strip("{}").replace(", ", "\n")
        files[".codex/config.toml"] = (
            f'model_provider = "local"\ncheck_for_update_on_startup = false\n[model_providers.local]\n{provider}\n'
        )
    for name, text in files.items():
        file = seat.home / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text.replace("MODEL", seat.model), encoding="utf-8")
    folder = Path(hosts.npm_program(host.folder, "")).absolute()
    environment = seat.environment()
    return environment | {"PATH": f"{folder}:{environment['PATH']}"}


async def test_a_host_that_is_not_there_is_a_failure(tmp_path: Path) -> None:
    result = await run(TASKS[1], by_host(HOSTS["claude"], "", own(asks=False), {"PATH": str(tmp_path)}))

    assert result.failure == "HostError: claude cannot be started: No such file or directory"

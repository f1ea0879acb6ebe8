"""The examples run: agents with a scripted model on the local org, the client library, and the test double."""

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.hosts.model import DONE, Wanted, serving
from tests.hosts.seat import INSTALLED, NODE, QUIET

EXAMPLES = Path(__file__).parents[2] / "examples"
TASK = "Add Ada Zsigmondy, and read her back"
SCRIPT = (
    Wanted("create_contact", {"data": {"LastName": "Zsigmondy"}}),
    Wanted("query", {"soql": "SELECT LastName FROM Contact WHERE LastName = 'Zsigmondy'"}),
)
SERVER = shlex.join([sys.executable, "-m", "mcp_salesforce", "serve", "--demo", "--file"])
AGENTS = {
    "openai_agents.py": "openai-agents",
    "pydantic_ai_agent.py": "pydantic-ai",
    "langgraph_agent.py": "langchain",
    "ai_sdk_agent.mjs": "ai-sdk-mcp",
}


def run(*command: str | Path, cwd: Path, **variables: str) -> str:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("SALESFORCE_")}
    done = subprocess.run(
        command, cwd=cwd, env=kept | QUIET | variables, capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.slow
@pytest.mark.parametrize("example", AGENTS)
def test_an_agent_works_in_the_local_org(example: str, tmp_path: Path) -> None:
    folder = INSTALLED / AGENTS[example]
    if not folder.exists():
        pytest.skip(f"{AGENTS[example]} is not installed: .ci/hosts")
    if example.endswith(".mjs"):  # Node looks for packages beside the file
        program = tmp_path / example
        program.write_text((EXAMPLES / example).read_text(encoding="utf-8"), encoding="utf-8")
        (tmp_path / "node_modules").symlink_to(folder / "node_modules")
        command = [NODE / "node", program]
    else:
        command = [folder / "bin" / "python", EXAMPLES / example]
    with serving(SCRIPT) as model:
        said = run(
            *command,
            TASK,
            cwd=tmp_path,
            MCP_SALESFORCE=f"{SERVER} {tmp_path / 'org.sqlite'}",
            OPENAI_API_KEY="none",
            OPENAI_BASE_URL=f"{model.address}/v1",
            ANTHROPIC_API_KEY="none",
            ANTHROPIC_API=f"{model.address}/v1",
        )

    assert said.strip() == DONE
    read = [text for name, text in model.asked[-1].results if name.endswith("query")]
    assert "Zsigmondy" in read[0]


def test_the_client_library_works_alone(tmp_path: Path) -> None:
    said = run(sys.executable, EXAMPLES / "client_library.py", cwd=tmp_path)

    assert said.splitlines()[0].startswith("Send the plan: ")
    assert said.splitlines()[0].endswith(", True")
    assert said.splitlines()[1] == "Refused: REQUIRED_FIELD_MISSING"


def test_the_local_org_is_a_test_double(tmp_path: Path) -> None:
    double = EXAMPLES / "test_double.py"
    assert "1 passed" in run(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", double, cwd=tmp_path)

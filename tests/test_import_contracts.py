"""Each rule about who may import whom, and each banned call, fails when it is broken."""

import ast
import os
import re
import shutil
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from itertools import permutations
from pathlib import Path

import pytest

from mcp_salesforce.tools import TOOLSETS as TOOLS

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
CONTRACTS = {contract["name"]: contract for contract in PROJECT["tool"]["importlinter"]["contracts"]}

LAYERS = "Layers: a call goes down only"
INSIDE_LOCALORG = "Layers inside the local org"
LIBRARY = "The client is a library"
ORACLE = "The local org is the oracle: it shares nothing with what it checks"
FAMILIES = "API families do not know each other"
INSIDE_TOOLS = "Layers inside the tools, and toolsets do not know each other"
INSIDE_POLICY = "Layers inside the policy: what decides does not ask the org"
FRONT = "The first answers wait for no library"
HTTP = "Only the transport speaks HTTP"
SQL = "Only the store speaks SQL"
TOOLSET_PACKAGES = CONTRACTS[INSIDE_TOOLS]["layers"][0].split(" | ")
NO_IO = "The calendar engine, the SOQL language and what is decided by them do no I/O"


@dataclass(frozen=True)
class Violation:
    """A module that breaks a contract: where it stands in the package, and what it must not import."""

    contract: str
    module: str
    imports: str


VIOLATIONS = [
    Violation(LAYERS, "salesforce.upward_to_appointments", "mcp_salesforce.appointments"),
    Violation(LAYERS, "soql.sideways", "mcp_salesforce.salesforce"),
    Violation(LAYERS, "soql_names", "mcp_salesforce.appointments"),
    Violation(LAYERS, "appointments.upward", "mcp_salesforce.tools"),
    Violation(LAYERS, "tools.sideways", "mcp_salesforce.localorg"),
    Violation(LAYERS, "tools.upward", "mcp_salesforce.server"),
    Violation(LAYERS, "cli.upward", "mcp_salesforce.__main__"),
    *(
        Violation(INSIDE_LOCALORG, f"localorg.{lower}.upward", f"mcp_salesforce.localorg.{upper}")
        for upper, lower in [("app", "routes"), ("routes", "services"), ("services", "store"), ("store", "standard")]
    ),
    *(
        Violation(LIBRARY, f"salesforce.use_{name.split('.')[-1]}", name)
        for name in CONTRACTS[LIBRARY]["forbidden_modules"]
    ),
    *(
        Violation(ORACLE, f"localorg.use_{name.split('.')[-1]}", name)
        for name in CONTRACTS[ORACLE]["forbidden_modules"]
    ),
    Violation(FAMILIES, "salesforce.api.one_family", "mcp_salesforce.salesforce.api.another_family"),
    *(
        Violation(INSIDE_TOOLS, f"tools.{one}", f"mcp_salesforce.tools.{another}")
        for one, another in permutations(TOOLSET_PACKAGES, 2)
    ),
    *(
        Violation(INSIDE_TOOLS, f"tools.{lower}.upward", f"mcp_salesforce.tools.{upper}")
        for upper, lower in [("org", "lookups"), ("lookups", "framework"), ("framework", "answers")]
    ),
    Violation(INSIDE_POLICY, "policy.rules", "mcp_salesforce.policy.guard"),
    *(Violation(FRONT, f"front.use_{name}", name) for name in CONTRACTS[FRONT]["forbidden_modules"]),
    Violation(LAYERS, "front.upward", "mcp_salesforce.salesforce"),
    Violation(HTTP, "tools.fetch", "aiohttp"),
    Violation(HTTP, "salesforce.fetch", "aiohttp"),
    Violation(SQL, "localorg.services.tables", "sqlite3"),
    Violation(SQL, "localorg.routes.tables", "sqlite3"),
    *(Violation(NO_IO, f"soql.use_{name}", name) for name in CONTRACTS[NO_IO]["forbidden_modules"]),
    Violation(LAYERS, "policy.upward", "mcp_salesforce.tools"),
    Violation(LAYERS, "spelling", "mcp_salesforce.soql_names"),
    *(Violation(NO_IO, "policy.rules", name) for name in CONTRACTS[NO_IO]["forbidden_modules"]),
    *(Violation(NO_IO, "soql_names", name) for name in CONTRACTS[NO_IO]["forbidden_modules"]),
    *(Violation(NO_IO, f"appointments.use_{name}", name) for name in CONTRACTS[NO_IO]["forbidden_modules"]),
]


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The import linter's words on each broken contract, for a copy of the package that breaks every rule at once."""
    copy = tmp_path_factory.mktemp("broken")
    package = copy / "mcp_salesforce"
    shutil.copytree(ROOT / "src" / "mcp_salesforce", package, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", copy)
    for violation in VIOLATIONS:
        path = package.joinpath(*violation.module.split(".")).with_suffix(".py")
        with path.open("a") as module:
            module.write(f"import {violation.imports}\n")
    (package / "salesforce" / "api" / "another_family.py").touch()
    (package / "stray.py").touch()
    unmeasured = {name: value for name, value in os.environ.items() if not name.startswith("COV")}  # it is a copy
    linted = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache", "--no-logo", "--config", "pyproject.toml"],
        cwd=copy,
        env={**unmeasured, "PYTHONPATH": str(copy), "COLUMNS": "1000"},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert linted.returncode == 1, linted.stdout + linted.stderr
    _, _, broken = linted.stdout.partition("Broken contracts\n")
    _, *sections = re.split(r"^(.+)\n-+\n", broken, flags=re.MULTILINE)
    return dict(zip(sections[::2], sections[1::2], strict=True))


def test_every_toolset_is_in_the_contract_about_toolsets() -> None:
    modules = (toolset.specs[0].function.__module__ for toolset in TOOLS)
    assert {module.split(".")[2] for module in modules} == set(TOOLSET_PACKAGES)


def test_every_module_of_the_policy_but_the_guard_is_in_the_contract_about_io() -> None:
    pure = {f"mcp_salesforce.policy.{path.stem}" for path in (ROOT / "src/mcp_salesforce/policy").glob("[!_]*.py")}
    assert pure <= set(CONTRACTS[NO_IO]["source_modules"])


def test_every_contract_has_a_violation_here() -> None:
    assert {violation.contract for violation in VIOLATIONS} == set(CONTRACTS)


@pytest.mark.parametrize(
    "violation", VIOLATIONS, ids=lambda violation: f"{violation.module} imports {violation.imports}"
)
def test_contract_is_broken_by_a_forbidden_import(report: dict[str, str], violation: Violation) -> None:
    found = re.search(
        rf"mcp_salesforce\.{re.escape(violation.module)} -> {re.escape(violation.imports)}\b",
        report[violation.contract],
    )

    assert found, report[violation.contract]


def test_a_module_that_no_layer_names_is_refused(report: dict[str, str]) -> None:
    assert "mcp_salesforce.stray" in report[LAYERS]


def rules_broken(source: str, path: str) -> set[str]:
    """The codes that ruff reports for `source` standing at `path`, with the project's own settings."""
    ruff = Path(sys.executable).with_name("ruff")
    if not ruff.exists():
        pytest.skip("ruff is not installed: uv run --group lint pytest")
    linted = subprocess.run(
        [
            ruff,
            "check",
            "--no-cache",
            "--output-format=concise",
            "--stdin-filename",
            path,
            "-",
        ],
        cwd=ROOT,
        input=source,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert linted.returncode in {0, 1}, linted.stderr
    return set(re.findall(r": ([A-Z]+\d+) ", linted.stdout))


@pytest.mark.parametrize(
    ("rule", "source"),
    [
        ("TID251", 'import os\n\nHOME = os.environ["HOME"]\n'),
        ("TID251", 'import os\n\nHOME = os.getenv("HOME")\n'),
        ("TID251", "from os import environ\n"),
        ("TID251", "from unittest import mock\n"),
        ("T201", 'print("to the protocol\'s own stream")\n'),
        ("DTZ005", "from datetime import datetime\n\nNOW = datetime.now()\n"),
        ("DTZ003", "from datetime import datetime\n\nNOW = datetime.utcnow()\n"),
    ],
)
def test_banned_call_is_refused_in_the_package(rule: str, source: str) -> None:
    assert rule in rules_broken(source, "src/mcp_salesforce/server.py")


def test_the_settings_alone_may_read_the_environment() -> None:
    source = 'import os\n\nHOME = os.environ["HOME"]\n'

    assert "TID251" not in rules_broken(source, "src/mcp_salesforce/settings/loading.py")
    assert "TID251" not in rules_broken(source, "src/mcp_salesforce/front/told.py")
    assert "TID251" in rules_broken(source, "src/mcp_salesforce/front/pipe.py")
    assert "TID251" in rules_broken(source, "src/mcp_salesforce/cli/config.py")


def imports_of(source: str) -> set[str]:
    nodes = list(ast.walk(ast.parse(source)))
    plain = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    named = {
        name
        for node in nodes
        if isinstance(node, ast.ImportFrom) and node.module
        for name in (node.module, *(f"{node.module}.{alias.name}" for alias in node.names))
    }
    return plain | named


@pytest.mark.parametrize(
    "source", ["import unittest.mock", "from unittest import mock", "from unittest.mock import patch as replace"]
)
def test_a_mock_is_seen_however_it_is_imported(source: str) -> None:
    assert "unittest.mock" in imports_of(source)


def test_no_test_uses_a_mock() -> None:
    mocked = [
        path.relative_to(ROOT)
        for path in ROOT.joinpath("tests").rglob("*.py")
        if "node_modules" not in path.parts and "unittest.mock" in imports_of(path.read_text(encoding="utf-8"))
    ]

    assert mocked == []

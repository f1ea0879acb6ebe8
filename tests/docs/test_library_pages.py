"""The pages about the two libraries: their examples run, and they name what is public and nothing else."""

import ast
import inspect
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from mcp_salesforce import localorg, salesforce
from mcp_salesforce.localorg import LocalOrg
from tests.cli.processes import END_S
from tests.docs.test_examples import ROOT, blocks

CLIENT, TESTING = "docs/client.md", "docs/testing-with-the-local-org.md"
PACKAGES = {"mcp_salesforce.salesforce": salesforce, "mcp_salesforce.localorg": localorg}


async def test_the_examples_of_the_client_run() -> None:
    with LocalOrg.open() as org, org.listening() as address:
        org.insert("Contact", FirstName="Ada", LastName="O'Hara")
        theirs = {
            "the consumer key": org.credentials.client_id,
            "the consumer secret": org.credentials.client_secret,
            "the refresh token": org.credentials.refresh_token,
            "https://acme.my.salesforce.com": address,
        }
        names: dict[str, Any] = {"print": lambda *_words: None}
        for number, block in enumerate(blocks(CLIENT, "python")):
            for word, value in theirs.items():
                block = block.replace(f'"{word}"', f'"{value}"')  # noqa: PLW2901 - the block as it runs
            if "client" in names and number == 1:
                names["client"] = names["SalesforceClient"](names["tokens"])
            running = eval(compile(block, f"{CLIENT}:{number}", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT), names)  # noqa: S307 - our page
            if inspect.isawaitable(running):
                await running
        await names["client"].close()

    assert number >= 9
    assert "seen" in names


def test_the_examples_of_tests_are_tests_that_pass(tmp_path: Path) -> None:
    found = blocks(TESTING, "python")
    for block in found:
        name = re.match(r"# (\w+\.py)\n", block)
        assert name is not None, block
        (tmp_path / name[1]).write_text(block, "utf-8")
    (tmp_path / "pytest.ini").write_text("".join(blocks(TESTING, "ini")), "utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", str(tmp_path)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=END_S,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    tests = sum(len(re.findall(r"^(?:async )?def test_", block, re.MULTILINE)) for block in found)
    assert f"{tests} passed" in done.stdout
    assert tests >= 8


@pytest.mark.parametrize("page", [CLIENT, TESTING])
def test_the_pages_name_only_what_is_public(page: str) -> None:
    imports = [
        (node.module, alias.name)
        for block in blocks(page, "python")
        for node in ast.walk(compile(block, page, "exec", ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT))
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("mcp_salesforce")
        for alias in node.names
    ]

    assert imports
    assert [
        (module, name) for module, name in imports if name not in getattr(PACKAGES.get(module or ""), "__all__", ())
    ] == []
    text = (ROOT / page).read_text("utf-8")
    assert set(re.findall(r"`(mcp_salesforce[\w.]*)`", text)) <= PACKAGES.keys()
    assert not re.search(r"\.\_[a-z]", text)


@pytest.mark.parametrize(("package", "page"), [(salesforce, CLIENT), (localorg, TESTING)])
def test_every_public_name_is_on_its_page_and_there(package: Any, page: str) -> None:
    named = set(re.findall(r"\b\w+\b", " ".join(re.findall(r"`+[^`]+`+", (ROOT / page).read_text("utf-8")))))

    assert [name for name in package.__all__ if name not in named] == []
    assert [name for name in package.__all__ if not hasattr(package, name)] == []
    values = {name: getattr(package, name) for name in package.__all__}
    made = {name: value for name, value in values.items() if inspect.isclass(value) or inspect.isfunction(value)}
    assert [name for name, value in made.items() if not value.__doc__] == []
    assert len(values) - len(made) <= 3  # names of types


def test_what_the_pages_call_of_an_org_and_a_client_is_there() -> None:
    with LocalOrg.open(seed=False) as org:
        tokens = salesforce.StaticTokenSource("t", "http://localhost")
        known = {"org": org, "client": salesforce.SalesforceClient(tokens)}
        called = [
            (whose, name)
            for page in (CLIENT, TESTING)
            for whose, name in re.findall(r"\b(org|client)\.([a-z_]+)", (ROOT / page).read_text("utf-8"))
            if name != "md"
        ]
        assert len(set(called)) > 15
        assert [(whose, name) for whose, name in called if not hasattr(known[whose], name)] == []

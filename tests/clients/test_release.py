"""What a release consists of: built twice from one commit, checked by the tools of those who take it."""

import base64
import hashlib
import json
import os
import re
import shutil
import subprocess
import zipfile
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
import yaml
from release.__main__ import ROOT, build

from mcp_salesforce import DISTRIBUTION

pytestmark = [
    pytest.mark.clients,
    pytest.mark.skipif(
        not (ROOT / ".git").exists() or not shutil.which("uv"),
        reason="needs uv and the repository: a release is a commit",
    ),
]
NAME = "io.github.example/mcp-salesforce"
VERSION = version(DISTRIBUTION)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("release")
    build("HEAD", folder, NAME)
    return folder


@pytest.fixture(scope="module")
def bundle(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return unpacked(built / f"{DISTRIBUTION}-{VERSION}.mcpb", tmp_path_factory.mktemp("bundle"))


def unpacked(archive: Path, to: Path) -> Path:
    with zipfile.ZipFile(archive) as opened:
        opened.extractall(to)
    return to


def ran(*words: str | Path, cwd: Path | None = None) -> str:
    done = subprocess.run(words, cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_a_commit_gives_the_same_bytes_each_time(built: Path, tmp_path: Path) -> None:
    again = {file.name: file.read_bytes() for file in build("HEAD", tmp_path / "again", NAME)}

    assert {file.name: file.read_bytes() for file in built.iterdir()} == again


def test_the_checksums_are_those_of_every_other_file(built: Path) -> None:
    lines = (built / "SHA256SUMS").read_text().splitlines()
    told = {name: digest for digest, name in (line.split("  ") for line in lines)}

    assert told == {
        file.name: hashlib.sha256(file.read_bytes()).hexdigest()
        for file in built.iterdir()
        if file.name != "SHA256SUMS"
    }


def test_a_folder_with_something_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine").touch()

    with pytest.raises(FileExistsError, match="is not empty"):
        build("HEAD", tmp_path, NAME)

    assert [file.name for file in tmp_path.iterdir()] == ["mine"]


def test_the_bundles_own_tool_takes_the_manifest_and_packs_it(
    bundle: Path, node: Path, installed: Callable[[str], Path], tmp_path: Path
) -> None:
    tool = installed("@anthropic-ai/mcpb/dist/cli/cli.js")

    ran(node, tool, "validate", bundle / "manifest.json")
    ran(node, tool, "pack", bundle, tmp_path / "packed.mcpb")

    with zipfile.ZipFile(tmp_path / "packed.mcpb") as packed:
        assert {name for name in packed.namelist() if not name.endswith("/")} == {
            file.relative_to(bundle).as_posix() for file in bundle.rglob("*") if file.is_file()
        }


CONFIGURED = """
import { getMcpConfigForManifest } from %s;
import { readFileSync } from "node:fs";
const manifest = JSON.parse(readFileSync(process.argv[2], "utf8"));
const config = await getMcpConfigForManifest({ manifest, extensionPath: "/opt/bundle", systemDirs: {},
  userConfig: JSON.parse(process.argv[3]), pathSeparator: "/" });
console.log(JSON.stringify(config));
"""


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, {"SALESFORCE_READ_ONLY": "false"}),
        ({"org": "sandbox", "read_only": True}, {"SALESFORCE_ORG": "sandbox", "SALESFORCE_READ_ONLY": "true"}),
    ],
)
def test_what_a_person_leaves_empty_is_empty_for_the_server(
    bundle: Path,
    node: Path,
    installed: Callable[[str], Path],
    tmp_path: Path,
    given: dict[str, Any],
    expected: dict[str, str],
) -> None:
    script = tmp_path / "configured.mjs"
    script.write_text(CONFIGURED % json.dumps(installed("@anthropic-ai/mcpb/dist/node.js").as_uri()))

    config = json.loads(ran(node, script, bundle / "manifest.json", json.dumps(given)))

    assert {name: value for name, value in config["env"].items() if value} == expected
    assert config["args"][:4] == ["run", "--no-default-groups", "--directory", "/opt/bundle"]


def test_secrets_are_kept_as_secrets(bundle: Path, built: Path) -> None:
    asked = json.loads((bundle / "manifest.json").read_text())["user_config"]
    (package,) = json.loads((built / "server.json").read_text())["packages"]
    secret = {each["name"] for each in package["environmentVariables"] if each.get("isSecret")}

    assert {name for name, option in asked.items() if option.get("sensitive")} == {"client_secret", "refresh_token"}
    assert secret == {"SALESFORCE_CLIENT_SECRET", "SALESFORCE_REFRESH_TOKEN"}


def test_the_bundle_runs_from_its_folder(built: Path, tmp_path: Path) -> None:
    bundle = unpacked(built / f"{DISTRIBUTION}-{VERSION}.mcpb", tmp_path)  # uv puts an environment into it
    _run, *options = json.loads((bundle / "manifest.json").read_text())["server"]["mcp_config"]["args"][:-1]
    words = [str(bundle) if word == "${__dirname}" else word for word in options]

    assert ran("uv", "run", *words, "--version") == f"mcp-salesforce {VERSION}\n"


def test_the_wheel_alone_has_what_messages_point_to(built: Path) -> None:
    (wheel,) = built.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())

    assert {"mcp_salesforce/py.typed", "mcp_salesforce/front/snapshot.txt", "mcp_salesforce/front/stamp.txt"} <= names
    assert {"mcp_salesforce/CHANGELOG.md", "mcp_salesforce/views/agenda.html"} <= names
    assert not [name for name in names if name.startswith(("tests/", "bench/", "evals/", "release/"))]


def test_the_registry_takes_the_entry_and_finds_its_name_in_the_package(built: Path) -> None:
    """By the rules of the registry's schema of 2025-12-11, and of its page on packages of PyPI."""
    entry = json.loads((built / "server.json").read_text())
    (package,) = entry["packages"]
    (wheel,) = built.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        (metadata,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        described = archive.read(metadata).decode()

    assert re.fullmatch(r"[a-zA-Z0-9.-]+/[a-zA-Z0-9._-]+", entry["name"])
    assert 1 <= len(entry["description"]) <= 100
    assert entry.keys() == {"$schema", "name", "title", "description", "version", "packages"}
    assert package.keys() - {"packageArguments", "environmentVariables", "runtimeHint"} == {
        "registryType",
        "identifier",
        "version",
        "transport",
    }
    assert package["transport"] == {"type": "stdio"}
    assert all(each.keys() == {"type", "value"} for each in package["packageArguments"])
    assert all(each.keys() <= {"name", "description", "isSecret"} for each in package["environmentVariables"])
    assert f"mcp-name: {NAME}" in described


def test_what_a_client_makes_of_the_entry_starts_the_server(built: Path, tmp_path: Path) -> None:
    (package,) = json.loads((built / "server.json").read_text())["packages"]
    (wheel,) = built.glob("*.whl")
    arguments = [each["value"] for each in package["packageArguments"]]
    given = {**os.environ, "UV_TOOL_DIR": str(tmp_path / "tools"), "UV_TOOL_BIN_DIR": str(tmp_path / "bin")}

    subprocess.run(["uv", "tool", "install", "--quiet", wheel], env=given, check=True)
    program = tmp_path / "bin" / package["identifier"]
    done = subprocess.run([program, *arguments, "--help"], capture_output=True, text=True, check=True)

    assert done.stdout.startswith("Usage: mcp-salesforce serve ")


def test_the_wheel_has_each_view_as_the_manifest_says_and_the_page_for_it(built: Path) -> None:
    (wheel,) = built.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        views = {
            name.rpartition("/")[2].removesuffix(".html"): archive.read(name)
            for name in archive.namelist()
            if name.startswith("mcp_salesforce/views/") and name.endswith(".html")
        }
        manifest = json.loads(archive.read("mcp_salesforce/views/manifest.json"))
        pages = {name for name in archive.namelist() if name.startswith("mcp_salesforce/viewer/page.")}

    assert {name: (hashlib.sha256(view).hexdigest(), len(view)) for name, view in views.items()} == {
        name: (said["sha256"], said["bytes"]) for name, said in manifest.items()
    }
    assert pages == {f"mcp_salesforce/viewer/page.{kind}" for kind in ("html", "css", "js")}


def test_everything_names_this_version_and_no_other(built: Path, bundle: Path, tmp_path: Path) -> None:
    plugin = unpacked(built / f"claude-code-plugin-{VERSION}.zip", tmp_path)
    entry = json.loads((built / "server.json").read_text())
    started = json.loads((plugin / ".mcp.json").read_text())["mcpServers"]["salesforce"]["args"]

    assert {
        json.loads((bundle / "manifest.json").read_text())["version"],
        json.loads((plugin / ".claude-plugin" / "plugin.json").read_text())["version"],
        entry["version"],
        entry["packages"][0]["version"],
        json.loads((built / "sbom.cdx.json").read_text())["metadata"]["component"]["version"],
    } == {VERSION}
    assert "runtimeArguments" not in entry["packages"][0]  # a client puts the identifier behind them
    assert started == ["--from", f"{DISTRIBUTION}=={VERSION}", "mcp-salesforce", "serve"]
    assert (entry["name"], entry["packages"][0]["identifier"]) == (NAME, DISTRIBUTION)


def test_the_buttons_give_vs_code_and_cursor_the_same_server(built: Path) -> None:
    code, cursor = re.findall(r"\]\((\S+)\)", (built / "install-buttons.md").read_text())
    (link,) = parse_qs(urlsplit(code).query)["url"]
    (config,) = parse_qs(urlsplit(cursor).query)["config"]
    entry = json.loads(base64.b64decode(config))

    assert link.startswith("vscode:mcp/install?")
    assert json.loads(unquote(link.partition("?")[2])) == {"name": "salesforce", **entry}
    assert entry == {"command": "uvx", "args": ["--from", f"{DISTRIBUTION}=={VERSION}", "mcp-salesforce", "serve"]}
    assert cursor.startswith("cursor://anysphere.cursor-deeplink/mcp/install?name=salesforce&config=")


def test_the_parts_are_those_that_the_server_needs(built: Path) -> None:
    parts = {each["name"] for each in json.loads((built / "sbom.cdx.json").read_text())["components"]}

    assert {"mcp", "pydantic", "aiohttp", "click"} <= parts
    assert not {"pytest", "hypothesis", "ruff", "mypy"} & parts


def test_the_skill_names_tools_that_there_are(built: Path, tmp_path: Path) -> None:
    from mcp_salesforce.tools import TOOLSETS

    text = (unpacked(built / f"claude-code-plugin-{VERSION}.zip", tmp_path) / "skills/salesforce/SKILL.md").read_text()
    head = yaml.safe_load(text.split("---")[1])

    assert head["name"] == "salesforce"
    assert 40 < len(head["description"]) <= 1024
    assert set(re.findall(r"salesforce_\w+", text)) <= {spec.name for toolset in TOOLSETS for spec in toolset.specs}

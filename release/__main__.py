"""Build everything that a release consists of from a tag, the same bytes each time; it publishes nothing.

    uv run python -m release v1.0.0 --registry-name io.github.OWNER/mcp-salesforce --to dist

`dist/` then has the wheel, the source archive, the bundle for Claude Desktop (`.mcpb`), the plugin for Claude Code,
`server.json` for the MCP registry, buttons that install it in VS Code and Cursor (`install-buttons.md`), the list of
parts (CycloneDX) and `SHA256SUMS`. Needs git and uv.
"""

import base64
import hashlib
import io
import json
import os
import subprocess
import tarfile
import tempfile
import tomllib
import zipfile
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import click

ROOT: Final = Path(__file__).parents[1]
DISTRIBUTION: Final = "mcp-for-salesforce"
_EARLIEST: Final = (1980, 1, 1, 0, 0, 0)
_BUNDLED: Final = ("pyproject.toml", "README.md", "LICENSE", "CHANGELOG.md", "src")


@click.command()
@click.argument("tag")
@click.option("--registry-name", required=True, help="Name in the MCP registry: io.github.OWNER/mcp-salesforce")
@click.option("--to", type=click.Path(file_okay=False, path_type=Path), default=Path("dist"), show_default=True)
def command(tag: str, registry_name: str, to: Path) -> None:
    """Build a release from TAG, which is a tag or any commit, into an empty folder. It publishes nothing."""
    try:
        for file in build(tag, to, registry_name):
            click.echo(file)
    except subprocess.CalledProcessError as error:
        message = f"{error.cmd[0]} failed: {error.stderr.decode(errors='replace').strip()}"
        raise click.ClickException(message) from None
    except FileExistsError as error:
        raise click.ClickException(str(error)) from None


def build(commit: str, to: Path, registry_name: str) -> list[Path]:
    """Build `commit` into the folder `to` and return the files.

    Raises:
        FileExistsError: The folder has something in it.
        CalledProcessError: git or uv failed.
    """
    if to.exists() and any(to.iterdir()):
        raise FileExistsError(f"{to} is not empty. Remove what is in it, or name another folder with --to.")
    to.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder)
        with tarfile.open(fileobj=io.BytesIO(_git("archive", commit))) as archive:
            archive.extractall(tree, filter="data")
        with (tree / "README.md").open("a", encoding="utf-8") as readme:
            readme.write(f"\n<!-- mcp-name: {registry_name} -->\n")  # by this the registry knows whose package it is
        version = tomllib.loads((tree / "pyproject.toml").read_text("utf-8"))["project"]["version"]
        _uv(
            tree,
            _git("log", "-1", "--format=%ct", commit).decode().strip(),
            "build",
            "--quiet",
            "--out-dir",
            str(to.resolve()),
        )
        for file in to.glob(".gitignore"):
            file.unlink()
        _zip(to / f"{DISTRIBUTION}-{version}.mcpb", _bundle(tree, version))
        _zip(to / f"claude-code-plugin-{version}.zip", _plugin(tree, version))
        (to / "server.json").write_bytes(_registry_entry(tree, version, registry_name))
        (to / "install-buttons.md").write_text(_buttons(version), "utf-8")
        (to / "sbom.cdx.json").write_bytes(_parts(tree))
    sums = "".join(f"{hashlib.sha256(file.read_bytes()).hexdigest()}  {file.name}\n" for file in sorted(to.iterdir()))
    (to / "SHA256SUMS").write_text(sums, "ascii")
    return sorted(to.iterdir())


def _bundle(tree: Path, version: str) -> dict[str, bytes]:
    """Return the files of the bundle: the sources, which the host's uv installs, and the manifest."""
    manifest = json.loads((tree / "release" / "mcpb.json").read_text("utf-8")) | {"version": version}
    files = {"manifest.json": _json(manifest)}
    for name in _BUNDLED:
        place = tree / name
        for path in [place] if place.is_file() else sorted(place.rglob("*")):
            if path.is_file():
                files[path.relative_to(tree).as_posix()] = path.read_bytes()
    return files


def _plugin(tree: Path, version: str) -> dict[str, bytes]:
    """Return the files of the plugin, which names this very version."""
    place = tree / "release" / "plugin"
    files = {
        path.relative_to(place).as_posix(): path.read_bytes() for path in sorted(place.rglob("*")) if path.is_file()
    }
    about, servers = json.loads(files[".claude-plugin/plugin.json"]), json.loads(files[".mcp.json"])
    for server in servers["mcpServers"].values():
        server["args"] = [argument or f"{DISTRIBUTION}=={version}" for argument in server["args"]]
    return files | {".claude-plugin/plugin.json": _json(about | {"version": version}), ".mcp.json": _json(servers)}


def _registry_entry(tree: Path, version: str, name: str) -> bytes:
    entry: dict[str, Any] = json.loads((tree / "release" / "server.json").read_text("utf-8"))
    for package in entry["packages"]:
        package["version"] = version
    return _json(entry | {"name": name, "version": version})


def _buttons(version: str) -> str:
    """Return links, for a page on the web, by which VS Code and Cursor install this version from PyPI."""
    entry = {"command": "uvx", "args": ["--from", f"{DISTRIBUTION}=={version}", "mcp-salesforce", "serve"]}
    code = f"vscode:mcp/install?{quote(json.dumps({'name': 'salesforce', **entry}), safe='')}"
    config = quote(base64.b64encode(json.dumps(entry).encode()).decode(), safe="")
    cursor = f"cursor://anysphere.cursor-deeplink/mcp/install?name=salesforce&config={config}"
    through = f"https://insiders.vscode.dev/redirect?url={quote(code, safe='')}"  # where pages may not link to vscode:
    return f"[Install in VS Code]({through}) · [Install in Cursor]({cursor})\n"


def _parts(tree: Path) -> bytes:
    """Return what the server needs at run time, as uv resolves it; without the time and the number of this run."""
    found = json.loads(_uv(tree, "0", "export", "--quiet", "--no-default-groups", "--format", "cyclonedx1.5"))
    found.pop("serialNumber", None)
    found["metadata"].pop("timestamp", None)
    return _json(found)


def _zip(file: Path, files: dict[str, bytes]) -> None:
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in sorted(files.items()):
            entry = zipfile.ZipInfo(name, _EARLIEST)
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, content, zipfile.ZIP_DEFLATED)


def _json(value: object) -> bytes:
    return f"{json.dumps(value, indent=2, ensure_ascii=False)}\n".encode()


def _git(*arguments: str) -> bytes:
    return subprocess.run(["git", "-C", str(ROOT), *arguments], check=True, capture_output=True).stdout


def _uv(tree: Path, time: str, *arguments: str) -> bytes:
    variables = {**os.environ, "SOURCE_DATE_EPOCH": time}
    return subprocess.run(["uv", *arguments], cwd=tree, env=variables, check=True, capture_output=True).stdout


if __name__ == "__main__":
    command()

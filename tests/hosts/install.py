"""Install hosts in `.hosts`: `python -m tests.hosts.install [--some] [NAME...]`."""

import argparse
import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

from tests.hosts.hosts import AS_OF, COMPLETE, HOSTS, NODE_PACKAGE, Host
from tests.hosts.seat import INSTALLED, NODE

UV = os.environ.get("UV", "uv")
"""The uv that runs this."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--some", action="store_true", help="only those that stand for their kinds")
    parser.add_argument("names", nargs="*", metavar="NAME", help="hosts; all without one")
    given = parser.parse_args()
    hosts = [
        host
        for host in HOSTS
        if (not given.names or host.name in given.names) and (host.stands_for_its_kind or not given.some)
    ]
    # Node first: npm takes an older release of a host for a Node that is too old for the newest.
    for folder, packages, is_npm in sorted(set(_installations(hosts)), key=lambda each: (each[0] != "node", each)):
        target = INSTALLED / folder
        wanted = {"as_of": AS_OF, "packages": list(packages)}
        if (target / COMPLETE).is_file() and _known(target).items() >= wanted.items():
            continue
        started = time.monotonic()
        shutil.rmtree(target, ignore_errors=True)
        versions = (_npm if is_npm else _uv)(target, packages)
        (target / COMPLETE).write_text(json.dumps({**wanted, **versions}), encoding="utf-8")
        print(f"{folder} {versions[_name(packages[0])]}: {time.monotonic() - started:.0f} s", flush=True)


def _installations(hosts: list[Host]) -> Iterator[tuple[str, tuple[str, ...], bool]]:
    by_folder = {host.folder: host for host in HOSTS}
    for host in hosts:
        for each in (host, *(by_folder[folder] for folder in host.needs)):
            yield each.folder, each.packages, each.is_npm
            if each.is_npm:
                yield "node", (NODE_PACKAGE,), True


def _npm(target: Path, packages: tuple[str, ...]) -> dict[str, str]:
    target.mkdir(parents=True)
    quiet = ("--no-audit", "--no-fund", "--no-package-lock", "--no-update-notifier", "--loglevel=error")
    own = os.environ | {"PATH": f"{NODE}:{os.environ['PATH']}"}
    before = f"--before={AS_OF}"
    subprocess.run(["npm", "install", "--prefix", target, *quiet, before, *packages], env=own, check=True)
    return {
        _name(package): json.loads((target / "node_modules" / _name(package) / "package.json").read_text("utf-8"))[
            "version"
        ]
        for package in packages
    }


def _uv(target: Path, packages: tuple[str, ...]) -> dict[str, str]:
    subprocess.run([UV, "venv", "--quiet", "--no-project", target], check=True)
    python = ("--python", str(target / "bin" / "python"))
    install = [UV, "pip", "install", "--quiet", "--compile-bytecode", f"--exclude-newer={AS_OF}", *python]
    subprocess.run([*install, *packages], check=True)
    told = subprocess.run([UV, "pip", "list", "--format=json", *python], check=True, capture_output=True).stdout
    return {package["name"]: package["version"] for package in json.loads(told)}


def _name(package: str) -> str:
    """Return a package's name without extras and version."""
    return package[:1] + package[1:].partition("[")[0].partition("@")[0]


def _known(target: Path) -> dict[str, object]:
    known: dict[str, object] = json.loads((target / COMPLETE).read_text(encoding="utf-8"))
    return known


if __name__ == "__main__":
    main()

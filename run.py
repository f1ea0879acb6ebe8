"""Run a program of this project on any machine that has Python: `python3 run.py mcp-salesforce demo`.

It is `uv run`. Where there is no uv that can run this project, pip puts one into the folder `.uv` beside this file;
nothing else on the machine is changed. Written for Python 3.8 too, for uv then finds a newer one.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
OWN = HERE / ".uv"
SCRIPTS = "Scripts" if os.name == "nt" else "bin"
PIP_SETTINGS = {"PIP_USER": "0", "PIP_REQUIRE_VIRTUALENV": "0"}  # of a user; with them pip would not fill a folder


def main() -> None:
    """Become `uv run` with the arguments of the command line."""
    command = [find() or bring(), "run", "--project", str(HERE), *sys.argv[1:]]
    # The Python that runs this is the last that uv looks at.
    path = os.pathsep.join([os.environ.get("PATH", os.defpath), str(Path(sys.executable).parent)])
    environment = {**os.environ, "PATH": path}
    if os.name == "nt":  # there, a program that is replaced counts as ended
        sys.exit(subprocess.call(command, env=environment))
    os.execve(command[0], command, environment)


def find() -> str | None:
    """Return the path of a uv that can run this project."""
    places = [None, str(OWN / "bin"), str(OWN / "Scripts")]
    found = [shutil.which("uv", path=place) for place in places]
    # A stand-in for a uv that is gone fails, and one that is older than pyproject.toml requires.
    return next((uv for uv in found if uv and succeeds([uv, "cache", "dir"])), None)


def bring() -> str:
    """Install uv into OWN, whole or not at all, and return its path."""
    try:
        with tempfile.TemporaryDirectory(prefix=".uv-", dir=str(HERE)) as stage:
            install(pip_in(Path(stage)), Path(stage, "uv"))
            shutil.rmtree(str(OWN), ignore_errors=True)
            Path(stage, "uv").rename(OWN)
    except OSError as error:
        if not find():  # another process may have been first
            sys.exit(f"uv cannot be installed here: {error}. Install uv another way, then run this again.")
    return find() or sys.exit("The uv that pip installed does not run. Install uv another way, then run this again.")


def pip_in(stage: Path) -> list[str]:
    """Return the command that is pip: this Python's, else that of an environment made in `stage`."""
    ours = [sys.executable, "-m", "pip"]
    if succeeds([*ours, "--version"]):
        return ours
    if succeeds([sys.executable, "-m", "venv", str(stage / "venv")]):
        return [str(stage / "venv" / SCRIPTS / "python"), "-m", "pip"]
    sys.exit(
        f"{sys.executable} has neither pip nor venv to get uv with: install uv, or one of these"
        " (Debian and Ubuntu: apt install python3-venv), then run this again."
    )


def install(pip: list[str], target: Path) -> None:
    """Install uv into the folder `target`, or end with pip's reason."""
    sys.stderr.write(f"Installing uv into {OWN}\n")  # stdout may carry a protocol
    done = subprocess.run(
        [*pip, "install", "--quiet", "--disable-pip-version-check", "--target", str(target), "uv"],
        env={**os.environ, **PIP_SETTINGS},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    if done.returncode:
        reason = [line for line in done.stderr.splitlines() if line.startswith("ERROR")] or [done.stderr.strip()]
        sys.exit(f"pip could not install uv: {reason[0]}")


def succeeds(command: list[str]) -> bool:
    """Return whether `command`, run in this folder and unheard, ends well."""
    nothing = subprocess.DEVNULL
    try:
        return subprocess.call(command, cwd=str(HERE), stdin=nothing, stdout=nothing, stderr=nothing) == 0
    except OSError:
        return False


if __name__ == "__main__":
    main()

"""`run.py`: a uv that can run the project, whatever the machine has of it."""

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.cli.processes import END_S

SCRIPT = Path(__file__).parents[1] / "run.py"
GOOD = '#!/bin/sh\n[ "$1" = cache ] || echo "$0 $*"\n'
GONE = "#!/bin/sh\necho 'uv: command not found' >&2\nexit 127\n"
MISSING = "raise SystemExit('No module of this name')\n"


def program(file: Path, text: str) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    file.chmod(0o755)
    return file


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "my project"
    folder.mkdir()
    shutil.copy(SCRIPT, folder)
    return folder


@pytest.fixture
def wheels(tmp_path: Path) -> Path:
    """What pip finds instead of an index: a package uv whose program says how it was called."""
    folder = tmp_path / "wheels"
    folder.mkdir()
    info = "uv-9.9.9.dist-info"
    with zipfile.ZipFile(folder / "uv-9.9.9-py3-none-any.whl", "w") as wheel:
        wheel.write(program(folder / "uv", GOOD), "uv-9.9.9.data/scripts/uv")  # with its mode
        wheel.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: uv\nVersion: 9.9.9\n")
        wheel.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        wheel.writestr(f"{info}/RECORD", "")
    return folder


def run(project: Path, *, python: str = sys.executable, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the script where PATH has no uv but that of `environment`, and pip no index."""
    settings = {
        "PATH": "/usr/bin:/bin",
        "HOME": str(project.parent),
        "PIP_NO_INDEX": "1",
        "PIP_CONFIG_FILE": os.devnull,
    }
    return subprocess.run(
        [python, str(project / "run.py"), "pytest", "-k", "a b"],
        env=settings | environment, cwd=project.parent, capture_output=True, text=True, timeout=END_S, check=False,
    )  # fmt: skip


def called(uv: Path, project: Path) -> str:
    return f"{uv} run --project {project} pytest -k a b\n"


def test_the_uv_on_the_path_runs_it_and_nothing_is_installed(project: Path, tmp_path: Path) -> None:
    uv = program(tmp_path / "bin" / "uv", GOOD)

    done = run(project, PATH=f"{uv.parent}:/usr/bin:/bin")

    assert (done.returncode, done.stdout, done.stderr) == (0, called(uv, project), "")
    assert [each.name for each in project.iterdir()] == ["run.py"]


def test_a_uv_that_does_not_work_is_passed_over_for_the_projects_own(project: Path, tmp_path: Path) -> None:
    gone = program(tmp_path / "bin" / "uv", GONE)
    own = program(project / ".uv" / "bin" / "uv", GOOD)

    done = run(project, PATH=f"{gone.parent}:/usr/bin:/bin")

    assert (done.stdout, done.stderr) == (called(own, project), "")


@pytest.mark.parametrize("module", ["pip", "ensurepip"])
def test_pip_puts_uv_into_the_project_and_the_next_run_uses_it(
    project: Path, wheels: Path, tmp_path: Path, module: str
) -> None:
    python = Path(sys.base_prefix, "bin", "python3")
    if subprocess.run([python, "-c", f"import {module}"], capture_output=True, check=False).returncode:
        pytest.skip(f"{python} has no {module}")
    if module == "ensurepip":
        subprocess.run([python, "-m", "venv", "--without-pip", str(tmp_path / "bare")], check=True)
        python = tmp_path / "bare" / "bin" / "python3"
    users = {"PIP_USER": "1", "PIP_REQUIRE_VIRTUALENV": "1", "PIP_FIND_LINKS": str(wheels)}

    first, second = (run(project, python=str(python), **users) for _ in range(2))

    assert (first.stderr, second.stderr) == (f"Installing uv into {project / '.uv'}\n", "")
    assert first.stdout == second.stdout == called(project / ".uv" / "bin" / "uv", project)
    assert sorted(each.name for each in project.iterdir()) == [".uv", "run.py"]


def test_what_pip_says_is_told_in_a_line_and_nothing_is_left(project: Path, tmp_path: Path) -> None:
    program(
        tmp_path / "pip.py", "import sys\nif 'install' in sys.argv: sys.exit('WARNING: slow\\nERROR: No network')\n"
    )

    done = run(project, PYTHONPATH=str(tmp_path))

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.splitlines()[1:] == ["pip could not install uv: ERROR: No network"]
    assert [each.name for each in project.iterdir()] == ["run.py"]


def test_what_is_missing_is_said_in_one_sentence(project: Path, tmp_path: Path) -> None:
    for module in ("pip", "venv"):
        program(tmp_path / f"{module}.py", MISSING)

    done = run(project, PYTHONPATH=str(tmp_path))

    assert (done.returncode, done.stdout) == (1, "")
    (said,) = done.stderr.splitlines()
    assert said.startswith(f"{sys.executable} has neither pip nor venv to get uv with: install uv, or one of these ")
    assert [each.name for each in project.iterdir()] == ["run.py"]

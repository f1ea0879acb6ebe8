"""The comparison with other servers, from the runs in `evals/results`; and the badges, from what CI proves."""

import tomllib
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Final

from evals.report import Run
from evals.tasks import TASKS

from tests.hosts.results import results

ROOT = Path(__file__).parents[2]
RUNS: Final = [Run.read(path.read_text("utf-8")) for path in sorted((ROOT / "evals/results").glob("*.json"))]
COLUMNS: Final = (
    "Server",
    "Day",
    "Tasks done",
    "Calls",
    "Failed calls",
    "Tokens before",
    "Tokens read",
    "Tokens written",
)
HEAD: Final = """\
<!-- Generated from evals/results by `make docs UPDATE=1`. -->
# Beside other servers
The same tasks, on the same kind of org, by the same kind of worker. A task counts as done if the org is as asked and
nothing else was changed. The table counts the tasks that every server tried:

{tasks}

{table}

- **Tokens before**: instructions and tools, which a model reads before its first call.
- **Tokens read, written**: answers of tools; calls with their arguments (o200k_base). Few calls on tasks that were not
  done are no merit.
- The worker was {workers}. Other models may do better or worse.
- `@salesforce/mcp` ran with the toolsets `data`, `users` and `orgs`. They have no tool that changes records, so it
  cannot do these tasks.
- The tasks are ours. Ours did {other} more, whose checks know conventions of this server:
  `uv run python -m evals table evals/results/mcp-salesforce.json` shows them.

Speed depends on the machine, so this page has no times. `make bench` measures on yours, beside
`@tsmztech/mcp-server-salesforce`.

## Do it again
<!-- not run: installs servers of other projects -->
```sh
npm install --prefix .hosts/other-servers {packages}
uv run python -m evals --by claude --server tsmztech --tasks {numbers}
uv run python -m evals --by claude --tasks {numbers}
```

[evals](../evals/README.md) says what a run needs, how to do a task by hand, and how each task is checked.
"""


def render_comparison(_: str = "") -> str:
    """Return the page: one row a server, of the tasks that all of them tried."""
    common = sorted(set.intersection(*({each.number for each in run.results} for run in RUNS)))
    titles = {each.number: each.title for run in RUNS for each in run.results}
    most = max(len(run.results) for run in RUNS)
    rows = [COLUMNS, ("---", "---", *["---:"] * 6), *(row_of(run, common) for run in RUNS)]
    return HEAD.format(
        table="\n".join(f"| {' | '.join(row)} |" for row in rows),
        tasks="\n".join(f"- {number}: {titles[number]}" for number in common),
        numbers=",".join(map(str, common)),
        workers=" or ".join(sorted({run.worker for run in RUNS})),
        other=most - len(common),
        packages=" ".join(run.server.replace(" ", "@") for run in RUNS if " " in run.server),
    )


def row_of(run: Run, tasks: list[int]) -> tuple[str, ...]:
    done = [each for each in run.results if each.number in tasks]
    name = "**mcp-salesforce**" if run.server == "mcp-salesforce" else run.server
    sums = (str(sum(getattr(each, key) for each in done)) for key in ("calls", "errors"))
    tokens = (f"{sum(getattr(each, key) for each in done):,}" for key in ("read", "written"))
    return name, run.day, f"{sum(each.success for each in done)} of {len(done)}", *sums, f"{run.surface:,}", *tokens


def badges() -> dict[str, Callable[[str], str]]:
    """Return what draws each badge, by its path."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    least = project["tool"]["coverage"]["report"]["fail_under"]
    told = {
        "coverage": ("branch coverage", f"at least {least} %"),
        "hosts": ("hosts, last full run", str(len(results()))),
        "tasks": ("tasks scripted", str(len(TASKS))),
    }
    return {f"docs/badges/{name}.svg": partial(badge, *words) for name, words in told.items()}


def badge(label: str, value: str, _: str = "") -> str:
    """Return a badge as SVG: label and value side by side."""
    left, right = (8 * len(text) + 12 for text in (label, value))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{left + right}" height="20" role="img">'
        f"<title>{label}: {value}</title>"
        f'<rect width="{left}" height="20" fill="#444"/>'
        f'<rect x="{left}" width="{right}" height="20" fill="#2a6f4e"/>'
        '<g fill="#fff" text-anchor="middle" font-family="Verdana,sans-serif" font-size="12">'
        f'<text x="{left / 2}" y="14">{label}</text><text x="{left + right / 2}" y="14">{value}</text></g></svg>\n'
    )

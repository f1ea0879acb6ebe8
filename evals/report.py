"""The table of a run, and its JSON."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.table import Table

from evals.runs import Result

_NUMBERS = ("calls", "errors", "read", "written")


def show(results: Sequence[Result], surface: int) -> None:
    """Print one line a task, the sums, and what a model reads before its first call."""
    table = Table()
    for column in ("", "task", "done", *_NUMBERS, "damage"):
        table.add_column(column, justify="left" if column in {"task", "done"} else "right")
    for each in results:
        numbers = [str(getattr(each, name)) for name in _NUMBERS]
        table.add_row(str(each.number), each.title, "yes" if each.success else "NO", *numbers, str(len(each.damage)))
    sums = [str(sum(getattr(each, name) for each in results)) for name in _NUMBERS]
    done = f"{sum(each.success for each in results)} of {len(results)}"
    table.add_section()
    table.add_row("", "all", done, *sums, str(sum(len(each.damage) for each in results)))
    console = Console()
    console.print(table)
    if surface:
        console.print(f"Before the first call a model reads {surface} tokens: instructions and tools.")
    for each in results:
        for line in (*each.missing, *(f"damage: {what}" for what in each.damage), *filter(None, [each.failure])):
            console.print(f"{each.number}: {line}", markup=False, highlight=False)


def write(path: Path, results: Sequence[Result], surface: int, worker: str) -> None:
    """Write everything that is known of the run."""
    told = {"worker": worker, "surface": surface, "tasks": [asdict(each) for each in results]}
    path.write_text(json.dumps(told, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def one(result: Result, *, as_json: bool) -> str:
    """Return how one task went, for its player."""
    if as_json:
        return json.dumps(asdict(result), ensure_ascii=False)
    numbers = ", ".join(f"{name} {getattr(result, name)}" for name in _NUMBERS)
    lines = [f"{'done' if result.success else 'NOT done'}: {numbers}, damage {len(result.damage)}"]
    lines += [f"missing: {each}" for each in result.missing] + [f"damage: {each}" for each in result.damage]
    return "\n".join(lines)

"""The table of a run, and its JSON, from which pages can make tables later."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Self

from rich.console import Console
from rich.table import Table

from evals.runs import Result

_NUMBERS: Final = ("calls", "errors", "read", "written")
_TOLD: Final = ("tokens_in", "tokens_out")
COLUMNS: Final = ("", "task", "done", *_NUMBERS, "in", "out", "damage")


@dataclass(frozen=True)
class Run:
    """Some tasks, done by somebody with a server."""

    worker: str
    """Who did it, such as `claude` or `chat`."""
    model: str
    server: str
    results: Sequence[Result]
    day: str

    @classmethod
    def today(cls, worker: str, model: str, server: str, results: Sequence[Result]) -> Self:
        """Return a run that was made now."""
        return cls(worker, model, server, results, datetime.now(UTC).date().isoformat())

    @classmethod
    def read(cls, text: str) -> Self:
        """Return the run that `json` wrote."""
        told = json.loads(text)
        return cls(**told | {"results": [Result(**each) for each in told["results"]]})

    @property
    def json(self) -> str:
        """Everything that is known of it."""
        return json.dumps(asdict(self), indent=1, ensure_ascii=False) + "\n"

    @property
    def surface(self) -> int | None:
        """Tokens of the instructions and tools of the server, if they are known."""
        return max((each.surface for each in self.results if each.surface), default=None)

    @property
    def title(self) -> str:
        """Who did it with what."""
        by = f"{self.worker}, {self.model}" if self.model else self.worker
        return f"{self.server} by {by}, {self.day}"

    @property
    def rows(self) -> Iterator[list[str]]:
        """One row a task, in the order of COLUMNS; the last one has the sums."""
        for each in self.results:
            numbers = [_shown(getattr(each, name)) for name in (*_NUMBERS, *_TOLD)]
            done = "yes" if each.success else "NO"
            yield [str(each.number), each.title, done, *numbers, str(len(each.damage))]
        sums = [_shown(_sum(self.results, name)) for name in (*_NUMBERS, *_TOLD)]
        done = f"{sum(each.success for each in self.results)} of {len(self.results)}"
        yield ["", "all", done, *sums, str(sum(len(each.damage) for each in self.results))]

    @property
    def markdown(self) -> str:
        """A heading and a table."""
        head = [f"| {' | '.join(COLUMNS)} |", "|---:|---|---|" + "---:|" * (len(COLUMNS) - 3)]
        lines = [f"## {self.title}", *_note(self.surface), "", *head, *(f"| {' | '.join(row)} |" for row in self.rows)]
        return "\n".join(lines) + "\n"

    def show(self) -> None:
        """Print the table, what a model reads before its first call, and what went wrong."""
        table = Table()
        for column in COLUMNS:
            table.add_column(column, justify="left" if column in {"task", "done"} else "right")
        *rows, sums = self.rows
        for row in rows:
            table.add_row(*row)
        table.add_section()
        table.add_row(*sums)
        console = Console()
        console.print(table)
        for line in (
            *_note(self.surface),
            *(f"{each.number}: {line}" for each in self.results for line in wrong(each)),
        ):
            console.print(line, markup=False, highlight=False)


def wrong(result: Result) -> Iterator[str]:
    """Yield what is missing, what is damaged, and why the work ended early."""
    yield from (f"missing: {each}" for each in result.missing)
    yield from (f"damage: {each}" for each in result.damage)
    if result.failure:
        yield result.failure


def one(result: Result, *, as_json: bool) -> str:
    """Return how one task went, for its player."""
    if as_json:
        return json.dumps(asdict(result), ensure_ascii=False)
    numbers = ", ".join(f"{name} {getattr(result, name)}" for name in _NUMBERS)
    head = f"{'done' if result.success else 'NOT done'}: {numbers}, damage {len(result.damage)}"
    return "\n".join([head, *wrong(result)])


def merged(path: Path, run: Run) -> Run:
    """Return a run with the tasks that it does not have from the run in a file, if there is one.

    Raises:
        ValueError: That run is by somebody else, or with another server.
    """
    if not path.exists():
        return run
    before = Run.read(path.read_text(encoding="utf-8"))
    if (before.worker, before.model, before.server) != (run.worker, run.model, run.server):
        raise ValueError(f"{path} has another run: {before.title}. Name another file.")
    kept = {each.number: each for each in before.results} | {each.number: each for each in run.results}
    return Run(run.worker, run.model, run.server, [kept[number] for number in sorted(kept)], run.day)


def _note(surface: int | None) -> list[str]:
    return [f"Before the first call a model reads {surface} tokens: instructions and tools."] if surface else []


def _shown(number: int | None) -> str:
    return "-" if number is None else str(number)


def _sum(results: Sequence[Result], name: str) -> int | None:
    known = [getattr(each, name) for each in results if getattr(each, name) is not None]
    return sum(known) if known else None

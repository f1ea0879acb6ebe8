"""How the demo looks: one block a step, readable from 80 columns up."""

import json
from collections.abc import Iterable, Mapping, Sequence

from rich import box
from rich.console import Console
from rich.padding import Padding
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from mcp_salesforce.cli.hosts import Registration

WIDEST = 120
INDENT = 4
LONGEST_ARGUMENT = 40
SHORT = 14
"""A column of at most this many characters is not cut; the longer ones give way."""


class Screen:
    """Writes the demo to a terminal or a file."""

    def __init__(self, console: Console) -> None:
        """Write to `console`, at most 120 columns wide."""
        self._console = console
        self._console.width = min(self._console.width, WIDEST)

    def title(self, title: str, subtitle: str) -> None:
        """Open the demo."""
        self._console.print()
        self._console.print(Text(title, style="bold"))
        self._console.print(Text(subtitle, style="dim"))

    def step(self, number: int, title: str) -> None:
        """Open one step."""
        self._console.print()
        heading = Text.assemble((f"{number:>2}  ", "bold cyan"), (title, "bold"))
        self._console.print(Rule(heading, align="left", style="bright_black"))

    def call(self, tool: str, arguments: Mapping[str, object]) -> None:
        """Show what the client calls."""
        shown = ", ".join(f"{name}={_argument(value)}" for name, value in arguments.items())
        self._console.print(Padding(Text.assemble((tool, "cyan"), f"({shown})"), (0, 0, 0, INDENT), expand=False))

    def rows(self, columns: Sequence[str], rows: Iterable[Sequence[object]], *, emphasis: int | None = None) -> None:
        """Show an answer as a table, the row `emphasis` in bold; a missing value stays empty."""
        table = Table(box=box.SIMPLE_HEAD, header_style="bright_black", pad_edge=False, show_edge=False)
        cells = [["" if value is None else str(value) for value in row] for row in rows]
        for place, column in enumerate(columns):
            longest = max(map(len, (column, *(row[place] for row in cells))))
            table.add_column(_one_line(column), no_wrap=longest <= SHORT)
        for place, row in enumerate(cells):
            table.add_row(*map(_one_line, row), style="bold" if place == emphasis else None)
        self._console.print(Padding(table, (0, 0, 0, INDENT), expand=False))

    def properties(self, values: Mapping[str, object]) -> None:
        """Show one record: a name and a value a line."""
        table = Table.grid(padding=(0, 2))
        for name, value in values.items():
            table.add_row(Text(name, style="bright_black"), Text(str(value)))
        self._console.print(Padding(table, (0, 0, 0, INDENT), expand=False))

    def refusal(self, error: Mapping[str, object]) -> None:
        """Show what an agent reads when a call was wrong."""
        self.properties({name: error[name] for name in ("code", "message", "hint") if error.get(name)})

    def verified(self, claim: str, seconds: float) -> None:
        """Close a step whose outcome was checked."""
        self._closing("✓", "green", claim, seconds)

    def failed(self, claim: str, seconds: float) -> None:
        """Close a step that did not do what it should."""
        self._closing("✗", "bold red", claim, seconds)

    def _closing(self, mark: str, style: str, claim: str, seconds: float) -> None:
        line = Table.grid(expand=True, padding=(0, 1))
        line.add_column(width=1)
        line.add_column(ratio=1)
        line.add_column(justify="right", no_wrap=True)
        line.add_row(Text(mark, style=style), Text(claim, style=style), Text(f"{seconds:.3f} s", style="bright_black"))
        self._console.print(Padding(line, (0, 0, 0, INDENT - 2)))

    def summary(self, text: str, *, success: bool) -> None:
        """Close the demo."""
        self._console.print()
        self._console.print(Rule(style="bright_black"))
        self._console.print(Text(text, style="bold green" if success else "bold red"))

    def registrations(self, heading: str, entries: Iterable[Registration]) -> None:
        """Show lines to copy: never cut, never broken, whatever the width."""
        self._console.print()
        self._console.print(Text(heading, style="bold"))
        for entry in entries:
            self._console.print()
            for host in entry.hosts:
                self._console.print(Text.assemble((host.name, "bold cyan"), (f"  {host.where}", "bright_black")))
            self._console.print(Text(entry.text), soft_wrap=True)

    def note(self, text: str) -> None:
        """Show a remark."""
        self._console.print()
        self._console.print(Text(text, style="bright_black"))


def _one_line(text: str) -> Text:
    return Text(text, no_wrap=True, overflow="ellipsis")


def _argument(value: object) -> str:
    """Return a value as JSON; of a long text, such as a cursor, its beginning."""
    if isinstance(value, str) and len(value) > LONGEST_ARGUMENT:
        return f'"{value[: LONGEST_ARGUMENT // 2]}…"'
    return json.dumps(value, ensure_ascii=False)

"""What a benchmark found, beside what it should be."""

from collections.abc import Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table


@dataclass(frozen=True)
class Figure:
    """One line of the table.

    Attributes:
        measure: What was measured, with its unit.
        product: The figure of this server; None when it could not be measured, and `note` says why.
        trivial: The same of the trivial server, where that makes sense.
        floor: The same of the bare call, or of an ideal machine.
        target: The most that `product` may be; with a `trivial`, the most that their ratio may be.
        note: What a reader should know.
        at_least: `target` is a lower bound.
    """

    measure: str
    product: float | None
    trivial: float | None = None
    floor: float | None = None
    target: float | None = None
    note: str = ""
    at_least: bool = False

    @property
    def ratio(self) -> float | None:
        """How much more than the trivial server this one takes."""
        return self.product / self.trivial if self.product is not None and self.trivial else None

    @property
    def verdict(self) -> str:
        """`ok` or `miss` against the target; empty without one, `n/a` where nothing was measured."""
        judged = self.product if self.trivial is None else self.ratio
        if judged is None:
            return "n/a"
        if self.target is None:
            return ""
        return "ok" if (judged >= self.target if self.at_least else judged <= self.target) else "miss"


def written(value: float | None) -> str:
    """A number with three figures that count."""
    if value is None:
        return ""
    return f"{value:,.0f}" if value >= 100 or value == int(value) else f"{value:.3g}"  # noqa: PLR2004 - enough figures


def show(title: str, figures: Sequence[Figure]) -> None:
    """Print the figures as one table."""
    table = Table(title=title)
    table.add_column("measure")
    for heading in ("mcp-salesforce", "trivial server", "floor", "ratio", "target"):
        table.add_column(heading, justify="right")
    table.add_column("")
    table.add_column("note")
    colours = {"ok": "[green]ok", "miss": "[red]miss", "n/a": "[yellow]n/a"}
    for figure in figures:
        bound = "≥" if figure.at_least else "≤"
        unit = "x" if figure.trivial is not None else ""
        table.add_row(
            figure.measure,
            written(figure.product),
            written(figure.trivial),
            written(figure.floor),
            f"{figure.ratio:.2f}x" if figure.ratio else "",
            f"{bound} {figure.target:,g}{unit}" if figure.target is not None else "",
            colours.get(figure.verdict, ""),
            figure.note,
        )
    Console(width=None if Console().is_terminal else 160).print(table)

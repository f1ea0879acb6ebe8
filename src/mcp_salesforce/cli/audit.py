"""`mcp-salesforce audit`: check that the record of calls is as it was written."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mcp_salesforce.cli.refusal import Refusal, refusing_wrong_settings

if TYPE_CHECKING:
    from mcp_salesforce.audit.chain import Verifying


class _DoubtError(click.ClickException):
    """Nothing was found to be wrong, and the record is not proven to be whole."""

    exit_code = 3


@click.group(name="audit")
def command() -> None:
    """Check the record of calls that SALESFORCE_AUDIT names."""


@command.command(name="verify")
@click.argument("files", nargs=-1, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--last", metavar="HASH", default="", help="Hash of a line that you noted elsewhere: it must be there.")
@click.option("--alone", is_flag=True, help="Do not look for FILE.state: the file is a copy, or an older part.")
def verify(*, files: tuple[Path, ...], last: str, alone: bool) -> None:
    """Name the first line that was changed, inserted, moved or removed.

    Give the parts of a rotated file in their order, the oldest first. Default: the file that SALESFORCE_AUDIT names.

    Exit status: 0 if the record is whole, 1 if a line does not fit, 3 if all lines fit and lines can be missing.
    """
    from mcp_salesforce.audit.chain import Verifying
    from mcp_salesforce.settings.connect import audit_to_look_at

    with refusing_wrong_settings():
        found, key = audit_to_look_at(files[-1] if files else None)
    if found is None:
        raise Refusal("Which file? Name it, or set SALESFORCE_AUDIT.")
    if not found.is_file():
        raise Refusal(f"{found} does not exist: no call was recorded yet, or it was removed.")
    checked = Verifying(key, wanted=last.strip().casefold())
    for file in files or (found,):
        checked.follow(str(file), _lines_of(file))
    if not checked.problem and not alone:
        _compare_with_head(checked, found)
    _tell(checked)


def _lines_of(file: Path) -> Iterator[bytes]:
    with file.open("rb") as opened:
        for line in opened:
            yield line.removesuffix(b"\n")


def _compare_with_head(checked: "Verifying", file: Path) -> None:
    from mcp_salesforce.audit.trail import AuditError, head_of, state_of

    try:
        head = head_of(file, checked.key)
    except AuditError as error:
        checked.problem = error.message
        return
    if head is None:
        checked.doubt = (
            f"{state_of(file)} is missing: it is unknown whether lines were cut off at the end. "
            "For a copy or an older part: --alone."
        )
        return
    checked.end(head)


def _tell(checked: "Verifying") -> None:
    """Say how it is.

    Raises:
        ClickException: A line does not fit (exit status 1), or lines can be missing although all fit (3).
    """
    for note in checked.notes:
        click.echo(f"Note: {note}")
    checked.require_wanted()
    if checked.problem:
        raise click.ClickException(checked.problem)
    place = checked.place
    if place is None and not checked.doubt:
        click.echo("There is no line yet.")
        return
    if place:
        click.echo(f"All lines fit, up to number {place.number}. Its hash: {place.digest}")
    if checked.key is None:
        click.echo("There is no key here, so only the hashes were checked: who can write the file can make new ones.")
    if checked.doubt:
        raise _DoubtError(checked.doubt)

"""Names where Ids are taken: what a caller writes instead of an Id, found in the arguments and replaced by the Ids.

A check of an argument (`params.id_of`) lets a name pass as a `Named`. Every tool call passes `with_ids` before its
function runs, so no tool sees one.
"""

import re
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from pydantic import BaseModel

from mcp_salesforce.salesforce.errors import InvalidArgumentError, refused
from mcp_salesforce.salesforce.ids import KEY_PREFIXES, is_id

if TYPE_CHECKING:
    from mcp_salesforce.tools.framework.session import OrgSession

NAMEABLE: Final = frozenset({"User", "Calendar", "Contact", "Lead", "Account", "Opportunity", "Group"})
"""The objects whose records can be named."""
OF_ARGUMENT: Final = ("sobject",)
"""Stands for the object that the call's argument `sobject` names."""
_LONGEST: Final = 255
_LIKE_AN_ID: Final = re.compile(r"(?=\D*\d)[A-Za-z0-9]{12,}", re.ASCII)


class Named(str):
    """A name, an e-mail address or `me`, of a record of one of `objects`."""

    __slots__ = ("objects",)

    objects: tuple[str, ...]

    @classmethod
    def of(cls, text: str, objects: Sequence[str]) -> "Named":
        """Return `text` as the name of a record of one of `objects`."""
        named = cls(text)
        named.objects = tuple(objects)
        return named


Found: TypeAlias = str | InvalidArgumentError
Finder: TypeAlias = Callable[["OrgSession", Sequence[Named]], Awaitable[Sequence[Found]]]
"""Returns for each name the Id of the one record that has it, or the error that says why there is no such."""


def is_name(text: str) -> bool:
    """Tell whether a text can be a name or an e-mail address: it begins like one, and is not a mistyped Id."""
    if not text or len(text) > _LONGEST or not text[0].isalnum() or not any(map(str.isalpha, text)) or is_id(text):
        return False
    return text[:3] not in KEY_PREFIXES and not _LIKE_AN_ID.fullmatch(text)


async def with_ids(org: "OrgSession", given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments of a call with Ids instead of names.

    Raises:
        InvalidArgumentError: Nobody has a name, or several have it; the error shows the candidates.
    """
    places = [(path, _object_named(named, given)) for path, named in _names_in(given)]
    if not places:
        return dict(given)
    found = await org.find_named(org, [named for _, named in places])
    ids: dict[tuple[str, str], str] = {}
    for (path, named), each in zip(places, found, strict=True):
        if isinstance(each, InvalidArgumentError):
            each.fields = (path,)
            raise each
        ids[path, str(named)] = each
    return {name: _replaced(name, value, ids) for name, value in given.items()}


async def refuse_names(_org: "OrgSession", sought: Sequence[Named]) -> Sequence[Found]:
    """Find no record by its name: for a session that is made without a finder."""
    return [unknown(named) for named in sought]


def unknown(named: Named, near: str = "") -> InvalidArgumentError:
    """Return the error for a name that no record has."""
    objects = " or ".join(named.objects)
    return refused(
        f"{str(named)[:60]!r} is not an Id, and no {objects} has this name.",
        code="MALFORMED_ID",
        hint=near or "Give the Id, the full name or the e-mail address; an Id has 15 or 18 letters and digits.",
    )


def _object_named(named: Named, given: Mapping[str, Any]) -> Named:
    """Return the name with the object of the argument `sobject`, where it is of that."""
    if named.objects != OF_ARGUMENT:
        return named
    asked = str(given.get("sobject") or "").casefold()
    return Named.of(named, [name for name in NAMEABLE if name.casefold() == asked] or [given.get("sobject") or ""])


def _names_in(given: Mapping[str, Any]) -> Iterator[tuple[str, Named]]:
    for name, value in given.items():
        values = value if isinstance(value, tuple) else [value]
        for each in values:
            if isinstance(each, Named):
                yield name, each
            elif isinstance(each, BaseModel):
                yield from ((field, text) for field, text in each if isinstance(text, Named))


def _replaced(name: str, value: Any, ids: Mapping[tuple[str, str], str]) -> Any:  # noqa: ANN401 - any argument
    if isinstance(value, Named):
        return ids[name, str(value)]
    if isinstance(value, tuple):
        return tuple(_replaced(name, each, ids) for each in value)
    if isinstance(value, BaseModel):
        for field, text in list(value):
            if isinstance(text, Named):
                setattr(value, field, ids[field, str(text)])
    return value

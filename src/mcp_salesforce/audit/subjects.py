"""Find the objects, Ids and field names in requests, replies and arguments. Never a value. No I/O."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from functools import lru_cache
from typing import Any, Final, TypeAlias

from mcp_salesforce.policy.guard.request_parts import RequestParts, inner_request
from mcp_salesforce.salesforce.errors import SalesforceError
from mcp_salesforce.salesforce.ids import KEY_PREFIXES, is_id, to_18
from mcp_salesforce.salesforce.wire import Request
from mcp_salesforce.soql import SoqlError, SoslError, parse_sosl, sosl_tree, tree
from mcp_salesforce.soql.tree_cache import tree_of

Known: TypeAlias = Callable[[str], tuple[str, Iterable[str]] | None]
"""Returns an object's key prefix and field names, as far as they were read; None if nothing was."""

_NAME: Final = re.compile(r"[A-Za-z]\w{0,79}", re.ASCII)
_ATTRIBUTES: Final = "attributes"
_STANDARD: Final = frozenset(KEY_PREFIXES.values())
_WHOLE_ID: Final = re.compile(r"[A-Za-z0-9]{15}[A-Z0-5]{3}", re.ASCII)
_SHORT: Final = 15
_MOST_QUERIES: Final = 32
_MOST_IDS: Final = 5000  # some 100 KB of a line
_ANY_FIELD: Final = frozenset({"id", "name", "ownerid", "createddate", "lastmodifieddate"})


@dataclass(slots=True)
class Subject:
    """The Ids and fields seen of one object, in order; `more` counts the Ids that are not kept."""

    ids: dict[str, None] = field(default_factory=dict)
    fields: dict[str, None] = field(default_factory=dict)

    more: int = 0

    def add(self, ids: Iterable[str], names: Iterable[str]) -> None:
        """Add Ids and names of fields; only the first Ids are kept."""
        for record_id in filter(None, ids):
            if len(self.ids) < _MOST_IDS:
                self.ids[record_id] = None
            elif record_id not in self.ids:
                self.more += 1
        self.fields |= dict.fromkeys(names)

    def told(self) -> dict[str, Any]:
        """Return it for a line."""
        told = {"ids": [*self.ids], "more_ids": self.more, "fields": [*self.fields]}
        return {name: each for name, each in told.items() if each}


@dataclass(slots=True)
class Subjects:
    """Ids and fields by object."""

    by_object: dict[str, Subject] = field(default_factory=dict)

    def add(self, sobject: str, ids: Iterable[str] = (), names: Iterable[str] = ()) -> None:
        """Add Ids and names of fields of an object."""
        self.by_object.setdefault(sobject, Subject()).add(ids, names)

    def add_records(self, value: object) -> None:
        """Add the Ids of the records in a JSON value of the org, nested ones too."""
        if isinstance(value, list):
            for each in value:
                self.add_records(each)
        elif isinstance(value, Mapping):
            attributes = value.get(_ATTRIBUTES)
            if isinstance(attributes, Mapping) and (record_id := _id_at(attributes)):
                self.add(str(attributes.get("type") or ""), [record_id])
            for name, each in value.items():
                if name != _ATTRIBUTES and isinstance(each, Mapping | list):
                    self.add_records(each)

    def add_read(self, request: Request, value: object) -> None:
        """Add what `request` has read, by the JSON `value` of its reply."""
        for part, reply in _parts(request, value):
            call = RequestParts.of(part)
            for sobject, names in _read(call, reply):
                self.add(sobject, (), names)
            self.add_records(reply)

    def add_asked(self, request: Request) -> None:
        """Add the names that `request` asks for, whether or not it is allowed to."""
        for part, _ in _parts(request, None):
            try:
                call = RequestParts.of(part)
            except SalesforceError:
                continue
            for sobject, names in _read(call, None):
                last = call.steps[-1] if call.steps[0] == "sobjects" else ""
                self.add(sobject, [to_18(last)] if is_id(last) else [], names)

    def add_arguments(self, value: object, sobject: str = "") -> None:
        """Add the names in the arguments of a call; `sobject` is the object of the tool, if it works on one."""
        if isinstance(value, list):
            for each in value:
                self.add_arguments(each, sobject)
        elif isinstance(value, Mapping):
            about = str(value.get("sobject") or sobject)
            self.add(about)
            for name, each in value.items():
                self._add_argument(name, each, about)

    def _add_argument(self, name: str, value: object, about: str) -> None:
        if name == "soql" and isinstance(value, str):
            for found, names in _of_soql(value):
                self.add(found, (), names)
        elif name in {"fields", "columns"} and isinstance(value, list):
            self.add(about, (), map(str, value))
        elif name in {"data", "records"}:
            self._add_data(value, about)
        elif name == "rows" and isinstance(value, list):
            for row in value:
                self._add_ids(row)
        elif name.casefold().endswith(("id", "ids")):
            self._add_ids(value)
        else:
            self.add_arguments(value, about)

    def known(self, known: Known) -> "Subjects":
        """Return it without names that the org is not known to have: a caller can write anything there."""
        kept = Subjects()
        for sobject, subject in self.by_object.items():
            prefix, names = (known(sobject) if _NAME.fullmatch(sobject) else None) or ("", ())
            is_known = bool(names) or sobject in _STANDARD
            folded = {name.casefold() for name in names} | _ANY_FIELD
            fields = [name for name in subject.fields if is_known and name.casefold() in folded]
            kept.add(sobject if is_known else "", [each for each in subject.ids if _is_of_org(each, prefix)], fields)
        return kept

    def told(self) -> list[dict[str, Any]]:
        """Return it for a line."""
        return [
            {**({"object": sobject} if sobject else {}), **subject.told()}
            for sobject, subject in self.by_object.items()
            if sobject or subject.ids
        ]

    def _add_data(self, value: object, sobject: str) -> None:
        for record in value if isinstance(value, list) else [value]:
            if isinstance(record, Mapping):
                found = [each for name, each in record.items() if name.casefold() == "id"]
                self._add_ids(found)
                self.add(sobject, (), (name for name in map(str, record) if name.casefold() != "id"))

    def _add_ids(self, value: object) -> None:
        for each in value if isinstance(value, list) else [value]:
            if isinstance(each, str) and is_id(each):
                self.add(KEY_PREFIXES.get(each[:3], ""), [to_18(each)])


def _is_of_org(record_id: str, prefix: str) -> bool:
    """Return whether an Id can belong to the org: any word of fifteen letters has the form of an Id.

    A telephone number can even begin like one (0034… is in Spain, 003 is a contact).
    """
    return (record_id[:3] in KEY_PREFIXES or record_id[:3] == prefix) and not record_id[:_SHORT].isdigit()


def _id_at(attributes: Mapping[str, Any]) -> str:
    """Return a record's Id from its URL: in a query, another column can be named `Id`."""
    last = str(attributes.get("url") or "").rpartition("/")[2]
    if _WHOLE_ID.fullmatch(last):
        return last  # as the org writes it
    return to_18(last) if is_id(last) else ""


def _parts(request: Request, value: object) -> Iterator[tuple[Request, object]]:
    """Yield a request with its reply; of a composite request, each part that was carried out."""
    body = request.body
    entries = body.get("compositeRequest") if isinstance(body, Mapping) else None
    if not isinstance(entries, list):
        yield request, value
        return
    replies = value.get("compositeResponse", []) if isinstance(value, Mapping) else []
    for number, entry in enumerate(entries):
        if isinstance(entry, Mapping):
            yield inner_request(entry), replies[number].get("body") if number < len(replies) else None


def _read(call: RequestParts, reply: object) -> Iterator[tuple[str, Iterable[str]]]:
    """Yield the objects that a call reads, with the names of their fields."""
    match (call.method, *call.steps):
        case ("GET", "query" | "queryAll"):
            yield from _of_soql(call.params.get("q", ""))
        case ("POST", "jobs", "query") if isinstance(call.body, Mapping):
            yield from _of_soql(str(call.body.get("query") or ""))
        case ("POST", "jobs", "ingest") if isinstance(call.body, Mapping):
            yield str(call.body.get("object") or ""), ()
        case ("GET", "search"):
            yield from _of_sosl(call.params.get("q", ""))
        case ("GET", "sobjects", sobject, last) if last != "describe":
            asked = call.params.get("fields", "")
            known = reply if isinstance(reply, Mapping) else {}
            yield (
                sobject,
                [name for name in asked.split(",") if name] or [each for each in known if each != _ATTRIBUTES],
            )
        case ("GET" | "POST", "composite", "sobjects", sobject):
            names = (call.body if isinstance(call.body, Mapping) else call.params).get("fields", ())
            yield sobject, names.split(",") if isinstance(names, str) else [*names]


@lru_cache(_MOST_QUERIES)
def _of_soql(text: str) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Return the objects of a query with the names of their fields; cached, because tools repeat queries."""
    found: dict[str, dict[str, None]] = {}
    try:
        for sobject, names in _names(tree_of(text), ()):
            found.setdefault(sobject, {}).update(dict.fromkeys(names))
    except SoqlError:
        return ()
    return tuple((sobject, tuple(names)) for sobject, names in found.items())


def _of_sosl(text: str) -> Iterator[tuple[str, Iterable[str]]]:
    try:
        for each in parse_sosl(text).returning:
            yield each.sobject, [name for _, names in _names(each.fields, (each.sobject,)) for name in names]
    except SoslError:
        return


def _names(value: Any, within: Sequence[str]) -> Iterator[tuple[str, Iterable[str]]]:  # noqa: ANN401 - any part of a tree
    """Yield the names in a tree, each with its object; those of children are paths from the record that has them."""
    if isinstance(value, tuple):
        for entry in value:
            yield from _names(entry, within)
    elif isinstance(value, tree.InQuery):
        yield from _names(value.left, within)
        yield from _names(value.query, ())
    elif isinstance(value, tree.Query):
        yield from _of_query(value, (*within, value.from_[0].name))
    elif isinstance(value, tree.Field):
        yield within[0], [".".join([*within[1:], value.name])]
    elif isinstance(value, tree.Node) and not isinstance(value, sosl_tree.Search):
        for each in fields(value):
            yield from _names(getattr(value, each.name), within)


def _of_query(query: tree.Query, within: Sequence[str]) -> Iterator[tuple[str, Iterable[str]]]:
    aliases = {item.alias.casefold() for item in query.select if item.alias}
    alias = (query.from_[0].alias or "").casefold()
    yield within[0], ()
    for each in fields(query):
        for sobject, names in _names(getattr(query, each.name), within):
            for name in names:
                first, _, rest = name.rpartition(".") if not alias else name.partition(".")
                if alias and rest and first.casefold() == alias:
                    yield sobject, [rest]
                elif name.casefold() not in aliases:
                    yield sobject, [name]

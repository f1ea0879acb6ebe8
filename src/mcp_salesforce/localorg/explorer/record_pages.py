"""The pages of objects, of the records of one, and of a record."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import orjson
from starlette.responses import Response

from mcp_salesforce.localorg.explorer.call_pages import call_table
from mcp_salesforce.localorg.explorer.frame import framed, link, path_of, short, table
from mcp_salesforce.localorg.explorer.seen_calls import SeenCall
from mcp_salesforce.localorg.services.browsing import MOST_COUNTED, Browsing, Record, RecordPage, Selection, name_of
from mcp_salesforce.localorg.store.schema import FieldDef, SObjectDef
from mcp_salesforce.markup import Markup, element, joined

_PAGE_SIZE: Final = 50
_CALLS_AT_HOME: Final = 10
_TELLING: Final = (
    "Email", "Phone", "Company", "StartDateTime", "EndDateTime", "ActivityDate", "Status", "StageName", "Amount",
    "EventId", "RelationId", "UserOrGroupId", "AccountId", "WhoId", "ParentId", "Username", "Type", "OwnerId",
)  # fmt: skip
"""What a list shows beside the name, as far as an object has it."""
_MOST_COLUMNS: Final = 4
_MOST_IN_A_CELL: Final = 80


def home(objects: Sequence[tuple[SObjectDef, int]], calls: Sequence[SeenCall], users: Mapping[str, str]) -> Response:
    """Return the first page: the last calls, and the objects."""
    rows = [
        (link(each.label_plural, "objects", each.name), _count(count), each.name) for each, count in objects if count
    ]
    empty = [joined(" ", link(each.label_plural, "objects", each.name)) for each, count in objects if not count]
    recent = element("p", "No client has called the API yet.")
    if calls:
        more = element("p", link(f"All {len(calls)} calls that are remembered", "calls"))
        recent = joined(call_table(calls[:_CALLS_AT_HOME], users), more)
    return framed(
        "Local Salesforce org",
        element("p", "What is in this org, and what clients did with it. Only this machine can open these pages."),
        element("h2", "Recent API calls"),
        recent,
        element("h2", "Objects"),
        table("Objects with records", ("Object", "Records", "API name"), rows, numbers="Records"),
        element("p", "Without records:", empty, class_="many") if empty else joined(),
        here="/",
    )


def records(
    browsing: Browsing, sobject: SObjectDef, selection: Selection, *, older_than: str, newer_than: str
) -> Response:
    """Return a page of records, the newest first."""
    shown = browsing.page(sobject, selection, older_than=older_than, newer_than=newer_than, size=_PAGE_SIZE)
    count = browsing.count(sobject, selection)
    told = f"{_count(count)} {sobject.label if count == 1 else sobject.label_plural}{_told(browsing, selection)}."
    return framed(
        sobject.label_plural,
        _search_form(sobject, selection),
        element("p", f"{told} The newest comes first. Times are UTC."),
        _table(browsing, sobject, shown.records) if shown.records else joined(),
        _pager(sobject, selection, shown),
        _kinds(sobject, selection),
    )


def record(browsing: Browsing, sobject: SObjectDef, values: Record) -> Response:
    """Return a record: its fields, the records that it names, and those that name it."""
    fields = [each for each in sobject.fields if each.name != "Id"]
    filled = [each for each in fields if values[each.name] is not None]
    names = browsing.names([values[each.name] for each in filled if each.type == "reference"])
    shown = [pair for each in filled for pair in (element("dt", each.name), element("dd", _value(each, values, names)))]
    empty = ", ".join(each.name for each in fields if values[each.name] is None)
    related = browsing.related(sobject, values["Id"])
    links = [
        (link(each.child.label_plural, "objects", each.child.name, by=each.field.name, of=values["Id"]),
         each.field.name, _count(each.count))
        for each in related
    ]  # fmt: skip
    heads = ("Records", "Field", "Count")
    return framed(
        name_of(sobject, values),
        element("p", link(sobject.label_plural, "objects", sobject.name), f" · {values['Id']}"),
        element("p", element("strong", "This record is deleted.")) if values["IsDeleted"] else joined(),
        element("h2", "Related records"),
        table("Records that name this one", heads, links, numbers="Count") if links else element("p", "None."),
        element("h2", "Fields"),
        element("dl", shown, class_="fields"),
        element("p", f"Empty: {empty}.") if empty else joined(),
    )


def _value(field: FieldDef, values: Record, names: Mapping[str, str]) -> Markup:
    value = values[field.name]
    if field.type == "reference":
        if value in names:
            return joined(link(names[value], "records", value), f" {value}")
        return joined(f"{value} (the org has no such record)")
    if field.type == "base64":
        return joined(f"{len(value):,} characters of base64")
    if field.type == "address":
        return joined(", ".join(f"{part}" for part in value.values() if part is not None))
    return joined(_plain(value))


def _plain(value: Any) -> str:  # noqa: ANN401 - any JSON value
    return value if isinstance(value, str) else orjson.dumps(value).decode()


def _table(browsing: Browsing, sobject: SObjectDef, found: Sequence[Record]) -> Markup:
    known = [field for name in _TELLING if (field := sobject.field(name)) and not field.name_field]
    fields = [each for each in known if any(record[each.name] is not None for record in found)][:_MOST_COLUMNS]
    references = [record[each.name] for record in found for each in fields if each.type == "reference"]
    names = browsing.names([each for each in references if each])
    rows = [
        [link(short(name_of(sobject, each), _MOST_IN_A_CELL), "records", each["Id"]),
         *(_cell(field, each, names) for field in fields), each["Id"]]
        for each in found
    ]  # fmt: skip
    return table(sobject.label_plural, ["Name", *(each.label for each in fields), "Id"], rows)


def _cell(field: FieldDef, values: Record, names: Mapping[str, str]) -> str:
    value = values[field.name]
    if value is None:
        return ""
    if value in names and field.type == "reference":
        return link(short(names[value], _MOST_IN_A_CELL), "records", value)
    return short(_plain(value), _MOST_IN_A_CELL)


def _count(count: int) -> str:
    return f"{count:,}" if count <= MOST_COUNTED else f"more than {MOST_COUNTED:,}"


def _told(browsing: Browsing, selection: Selection) -> str:
    words = " that are deleted" if selection.is_deleted else ""
    if selection.by:
        words += f" whose {selection.by} is {browsing.names([selection.of]).get(selection.of, selection.of)}"
    return f"{words} with “{selection.search}” in any field" if selection.search else words


def _search_form(sobject: SObjectDef, selection: Selection) -> Markup:
    kept = _query(selection)
    kept.pop("search")
    return element(
        "form",
        element("label", "Search in all fields", for_="search"),
        element("input", type="search", id="search", name="search", value=selection.search),
        [element("input", type="hidden", name=name, value=value) for name, value in kept.items() if value],
        joined(" "),
        element("button", "Search", class_="main"),
        action=path_of("objects", sobject.name),
        role="search",
    )


def _pager(sobject: SObjectDef, selection: Selection, shown: RecordPage) -> Markup:
    if not shown.records or not (shown.has_newer or shown.has_older):
        return joined()
    kept = _query(selection)
    newer = path_of("objects", sobject.name, **kept, newer=shown.records[0]["Id"])
    older = path_of("objects", sobject.name, **kept, older=shown.records[-1]["Id"])
    links = [element("a", "Newer", href=newer, class_="page")] if shown.has_newer else []
    links += [element("a", "Older", href=older, class_="page")] if shown.has_older else []
    return element("nav", links, aria_label="Pages")


def _kinds(sobject: SObjectDef, selection: Selection) -> Markup:
    if selection.is_deleted:
        return element("p", link("Show the records that are not deleted", "objects", sobject.name))
    return element("p", link("Show the deleted records", "objects", sobject.name, deleted="yes"))


def _query(selection: Selection) -> dict[str, str]:
    deleted = "yes" if selection.is_deleted else ""
    return {"search": selection.search, "by": selection.by, "of": selection.of, "deleted": deleted}

"""Search the full-text index: by SOSL, or by parameters."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from mcp_salesforce.localorg.errors import OrgError, json_parser_error, not_implemented
from mcp_salesforce.localorg.evidence import evidence
from mcp_salesforce.localorg.services.readers import Reader
from mcp_salesforce.localorg.store.fulltext import FullText
from mcp_salesforce.localorg.store.schema import Schema
from mcp_salesforce.localorg.store.scope import Run
from mcp_salesforce.localorg.store.select import plan_found
from mcp_salesforce.localorg.store.sqlite import Store
from mcp_salesforce.soql import Search, SoqlError, parse, parse_sosl
from mcp_salesforce.soql.sosl_tree import Returning, SearchGroup, SearchTerm
from mcp_salesforce.soql.tree import Field, FromItem, Query, SelectItem

MAX_RECORDS: Final = 2000
_ONLY_ID: Final = (SelectItem(Field("Id")),)
_PARAMETERS: Final = frozenset(
    ["q", "fields", "sobjects", "in", "overallLimit", "defaultLimit", "offset", "spellCorrection"]
)
_GROUPS: Final = ("ALL", "NAME", "EMAIL", "PHONE", "SIDEBAR")
_BRACE: Final = re.compile(r"(?<!\\)(?P<brace>[{}])")
_NOT_HERE: Final = frozenset(
    [
    "dataCategories", "division", "metadata", "netWorkIds", "pricebookId", "snippet", "updateTracking",
    "updateViewStat",
    ]
)  # fmt: skip


class Searches:
    """Runs searches for users of the org."""

    def __init__(self, store: Store, schema: Schema, now: Callable[[], datetime]) -> None:
        """Search the records of `schema` in `store`; `now` is the org's clock."""
        self._store = store
        self._schema = schema
        self._reader = Reader(store, schema, now)
        self._full_text = FullText(store)

    @evidence("SOSL", "recorded", "The result is {searchRecords}; without RETURNING fields a record is its Id alone")
    @evidence("SOSL", "recorded", "A text without braces is MALFORMED_SEARCH")
    @evidence(
        "SOSL",
        "documented",
        "Words match whole words without regard to case; * and ? are wildcards; AND is the default",
    )
    @evidence("SOSL", "simulated", "Accents are ignored too, and a new record is found at once")
    def search(self, sosl: str, user_id: str, *, version: str = "v60.0") -> dict[str, Any]:
        """Run a SOSL search and return the records in wire form, at most 2,000.

        Raises:
            OrgError: MALFORMED_SEARCH, INVALID_TYPE, INVALID_FIELD and similar.
        """
        search = _parsed(sosl)
        if search.update:
            raise not_implemented(f"UPDATE {', '.join(search.update)} in SOSL")
        for clause in search.with_:
            if getattr(clause, "name", "").upper() != "SPELL_CORRECTION":
                raise not_implemented(f"WITH {getattr(clause, 'name', 'DATA CATEGORY')} in SOSL")
        run = self._reader.run(sosl, user_id, version=version)
        returning = search.returning or [Returning(each.name) for each in self._schema if each.searchable]
        found: list[dict[str, Any]] = []
        for each in returning:
            if each.list_view:
                raise not_implemented("USING ListView in SOSL")
            found += self._records(run, search.find, search.group, _query(each))
        return _answer(found, search.limit, search.offset)

    @evidence(
        "SOSL", "documented", "parameterizedSearch takes q, sobjects with fields, where, orderBy and limit, in, limits"
    )
    def parameterized(self, body: Mapping[str, Any], user_id: str, *, version: str = "v60.0") -> dict[str, Any]:
        """Run a search by parameters, in the form of the POST body; `parameters` makes this form from a URL.

        Raises:
            OrgError: JSON_PARSER_ERROR for a body that is not valid; otherwise as `search`.
        """
        term, group = _term(body)
        chosen = _sobjects(body) or [{"name": each.name} for each in self._schema if each.searchable]
        found: list[dict[str, Any]] = []
        for each in chosen:
            soql = _soql(each, body)
            run = self._reader.run(soql, user_id, version=version)
            found += self._records(run, term, group, _parsed_soql(soql))
        return _answer(found, _count(body, "overallLimit"), _count(body, "offset"))

    def _records(self, run: Run, term: SearchTerm, group: SearchGroup, query: Query) -> list[dict[str, Any]]:
        """Return the records of one object, best matches first unless the query orders them."""
        ordered = bool(query.order_by)
        rows = plan_found(run, query if ordered else replace(query, limit=None, offset=None))
        if not rows.sobject.searchable:
            position = query.from_[0].position
            raise run.error("INVALID_TYPE", f"sObject type '{rows.sobject.name}' is not searchable", position)
        found = self._full_text.find(rows.sobject, term, group)
        kept = self._store.rows(rows.row_ids.text, {**rows.row_ids.values, "found": str(found)})
        row_ids = [row[0] for row in kept]
        if not ordered:
            left, start = set(row_ids), query.offset or 0
            row_ids = [each for each in found if each in left][start:][: query.limit]
        return self._reader.records(run, rows, row_ids)


def parameters(params: Mapping[str, str]) -> dict[str, Any]:
    """Return the body for the parameters of a URL: `sobject=Contact&Contact.fields=Id,Name`, or `sObject=Contact`."""
    plain = {name: value for name, value in params.items() if "." not in name}
    chosen = next((plain.pop(name) for name in list(plain) if name.lower() == "sobject"), "")
    body: dict[str, Any] = dict(plain)
    if "fields" in body:
        body["fields"] = body["fields"].split(",")
    for name in {"overallLimit", "defaultLimit", "offset"} & set(body):
        if not body[name].isdigit():
            raise json_parser_error(f"{name} must be a number, not {body[name]}")
        body[name] = int(body[name])
    body["sobjects"] = [_of_sobject(name, params) for name in chosen.split(",") if name]
    return body


def _of_sobject(name: str, params: Mapping[str, str]) -> dict[str, Any]:
    own = {key.partition(".")[2]: value for key, value in params.items() if key.partition(".")[0] == name}
    own.pop("", None)
    if "fields" in own:
        return {"name": name, **own, "fields": own["fields"].split(",")}
    return {"name": name, **own}


def _parsed(sosl: str) -> Search:
    try:
        return parse_sosl(sosl)
    except SoqlError as error:
        raise OrgError(400, error.error_code, str(error), None) from None


def _parsed_soql(soql: str) -> Query:
    try:
        return parse(soql)
    except SoqlError as error:
        raise OrgError(400, error.error_code, str(error), None) from None


def _query(returning: Returning) -> Query:
    """Return the query of one object in RETURNING."""
    return Query(
        select=returning.fields or _ONLY_ID,
        from_=(FromItem(returning.sobject, position=returning.position),),
        where=returning.where,
        order_by=returning.order_by,
        limit=returning.limit,
        offset=returning.offset,
        position=returning.position,
    )


def _answer(found: Sequence[dict[str, Any]], limit: int | None, offset: int | None) -> dict[str, Any]:
    start = offset or 0
    return {"searchRecords": list(found[start : start + min(MAX_RECORDS if limit is None else limit, MAX_RECORDS)])}


def _term(body: Mapping[str, Any]) -> tuple[SearchTerm, SearchGroup]:
    """Return the search term and the fields to search."""
    for name in body:
        if name in _NOT_HERE:
            raise not_implemented(f"{name} in parameterizedSearch")
        if name not in _PARAMETERS:
            raise json_parser_error(f'Unrecognized field "{name}"')
    text = body.get("q")
    if not isinstance(text, str):
        raise json_parser_error("q must be a text")
    group = str(body.get("in", "ALL")).upper()
    if group not in _GROUPS:
        raise json_parser_error(f"in must be one of {', '.join(_GROUPS)}, not {group}")
    search = _parsed("FIND {" + _BRACE.sub(r"\\\g<brace>", text) + f"}} IN {group} FIELDS")
    return search.find, search.group


def _sobjects(body: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    sobjects = body.get("sobjects", [])
    if not isinstance(sobjects, list) or not all(isinstance(each, dict) and "name" in each for each in sobjects):
        raise json_parser_error("sobjects must be a list of objects with a name")
    return sobjects


def _soql(sobject: Mapping[str, Any], body: Mapping[str, Any]) -> str:
    """Return the query of one object in a parameterized search."""
    for name in sobject:
        if name not in {"name", "fields", "where", "orderBy", "limit"}:
            raise not_implemented(f"sobjects.{name} in parameterizedSearch")
    fields = sobject.get("fields") or body.get("fields") or ["Id"]
    if not isinstance(fields, list):
        raise json_parser_error("fields must be a list of texts")
    limit = sobject.get("limit", body.get("defaultLimit"))
    clauses = (("WHERE", sobject.get("where")), ("ORDER BY", sobject.get("orderBy")), ("LIMIT", limit))
    said = "".join(f" {word} {value}" for word, value in clauses if value is not None)
    return f"SELECT {', '.join(map(str, fields))} FROM {sobject['name']}{said}"  # noqa: S608 - SOQL, which is parsed


def _count(body: Mapping[str, Any], name: str) -> int | None:
    value = body.get(name)
    if value is not None and (not isinstance(value, int) or isinstance(value, bool) or value < 0):
        raise json_parser_error(f"{name} must be a number")
    return value

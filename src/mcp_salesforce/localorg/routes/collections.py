"""Up to 200 records in one call: composite/sobjects and composite/tree."""

from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final, NamedTuple, TypeVar

from mcp_salesforce.localorg import errors
from mcp_salesforce.localorg.errors import OrgError
from mcp_salesforce.localorg.routes.call import Call, Family, Reply
from mcp_salesforce.localorg.services.upserts import AmbiguousExternalIdError, Upserted
from mcp_salesforce.localorg.store.ids import to_18
from mcp_salesforce.localorg.store.schema import ChildRelationship

MAX_RECORDS: Final = 200
MAX_TREE_DEPTH: Final = 5

ROLLED_BACK: Final = OrgError(
    400,
    "ALL_OR_NONE_OPERATION_ROLLED_BACK",
    "Record rolled back because not all records were valid and the request was using AllOrNone header",
)

Result = dict[str, Any]
Item = TypeVar("Item")

collections = Family("collections")


class Branch(NamedTuple):
    """A record of a tree: its object, what it holds, the field that points to its parent, and how deep it is."""

    sobject: str
    record: Mapping[str, Any]
    parent: Mapping[str, str]
    depth: int


@collections.route("POST", "composite/sobjects", "recorded")
def create_records(call: Call) -> Reply:
    """Create up to 200 records; each has its own result."""
    body = call.json_object()

    def save(record: Mapping[str, Any]) -> Result:
        record_id = call.records.create(_type(record), record, call.user_id)
        return {"id": record_id, "success": True, "errors": []}

    return _each(call, _records(body), save, all_or_none=body.get("allOrNone") is True)


@collections.route("PATCH", "composite/sobjects", "documented")
def update_records(call: Call) -> Reply:
    """Update up to 200 records by their id."""
    body = call.json_object()

    def save(record: Mapping[str, Any]) -> Result:
        record_id, values = _split(record, "id")
        if not isinstance(record_id, str):
            raise OrgError(400, "MISSING_ARGUMENT", "Id not specified in an update call")
        call.records.update(_type(record), record_id, values, call.user_id)
        return {"id": _to_18(record_id), "success": True, "errors": []}

    return _each(call, _records(body), save, all_or_none=body.get("allOrNone") is True)


@collections.route("PATCH", "composite/sobjects/{sobject}/{field}", "recorded")
def upsert_records(call: Call, sobject: str, field: str) -> Reply:
    """Update or create up to 200 records by an external id; in the field Id, null creates.

    An external id that stands in several rows is refused in each of them.
    """
    body = call.json_object()
    records = _records(body)
    all_or_none = body.get("allOrNone") is True
    keys = Counter(_folded_key(record, field) for record in records)

    def save(record: Mapping[str, Any]) -> Result:
        if _type(record).lower() != sobject.lower():
            raise OrgError(400, "INVALID_TYPE", f"The records must be of type {sobject}")
        key, values = _split(record, field)
        if key is not None and keys[_folded_key(record, field)] > 1:
            raise errors.duplicate_external_id(str(key))
        done = _upsert(call, sobject, field, key, values)
        return {"id": done.record_id, "success": True, "errors": [], **told(done.created)}

    def told(created: bool) -> dict[str, bool]:
        return {"created": created} if call.says_created else {}

    def failed(record: Mapping[str, Any]) -> dict[str, bool]:
        return told(all_or_none and _is_new(call, sobject, field, record))

    return _each(call, records, save, all_or_none=all_or_none, failed=failed)


def _upsert(call: Call, sobject: str, field: str, key: object, values: Mapping[str, Any]) -> Upserted:
    by_id = field.lower() == "id"
    if key is None and by_id:
        return Upserted(call.records.create(sobject, values, call.user_id), created=True)
    if key is None:
        raise OrgError(400, "MISSING_ARGUMENT", f"{field} not specified")
    if by_id:
        call.records.update(sobject, str(key), values, call.user_id)
        return Upserted(_to_18(str(key)), created=False)
    return call.upserts.upsert(sobject, field, str(key), values, call.user_id)


def _is_new(call: Call, sobject: str, field: str, record: Mapping[str, Any]) -> bool:
    """Tell whether an upsert would create a record, as far as its key says."""
    key, _ = _split(record, field)
    if key is None or field.lower() == "id":
        return key is None and field.lower() == "id"
    try:
        return call.upserts.find(sobject, field, str(key)) is None
    except (OrgError, AmbiguousExternalIdError):
        return False


def _folded_key(record: Mapping[str, Any], field: str) -> str:
    """Return the external id of a row as Salesforce compares it: without case and the space around it."""
    return str(_split(record, field)[0]).strip().casefold()


@collections.route("DELETE", "composite/sobjects", "documented")
def delete_records(call: Call) -> Reply:
    """Delete up to 200 records of any object, by `ids`."""

    def remove(record_id: str) -> Result:
        definition = call.org.schema.of_record(record_id)
        if definition is None:
            raise OrgError(400, "MALFORMED_ID", f"malformed id {record_id}")
        call.org.records.delete(definition.name, record_id, call.user_id)
        return {"id": _to_18(record_id), "success": True, "errors": []}

    ids = _names(call.params.get("ids", ""))
    return _each(call, ids, remove, all_or_none=call.params.get("allOrNone", "").lower() == "true")


@collections.route("GET", "composite/sobjects/{sobject}", "documented")
def retrieve_records(call: Call, sobject: str) -> Reply:
    """Return the records of `ids` with `fields`, in that order; null for one that is not there."""
    return _retrieved(call, sobject, _names(call.params.get("ids", "")), _names(call.params.get("fields", "")))


@collections.route("POST", "composite/sobjects/{sobject}", "documented")
def retrieve_many_records(call: Call, sobject: str) -> Reply:
    """Return records as GET does, for lists too long for a URL."""
    body = call.json_object()
    return _retrieved(call, sobject, _texts(body, "ids"), _texts(body, "fields"))


@collections.route("POST", "composite/tree/{sobject}", "documented")
def create_tree(call: Call, sobject: str) -> Reply:
    """Create up to 200 records with their children, five levels deep; any error takes back all."""
    records = _records(call.json_object())
    results: list[Result] = []
    failures: list[Result] = []
    reference_ids: set[str] = set()
    waiting: deque[Branch] = deque(Branch(sobject, record, {}, 1) for record in records)
    with call.org.store.transaction() as transaction:
        while waiting:
            branch = waiting.popleft()
            reference_id = _reference_id(branch.record)
            try:
                _check_branch(reference_id, reference_ids, branch.depth)
                record_id, children = _grow(call, branch)
            except OrgError as error:
                failures.append({"referenceId": reference_id, "errors": [error.save_error()]})
            else:
                results.append({"referenceId": reference_id, "id": record_id})
                waiting.extend(children)
        if failures:
            transaction.take_back()
    if failures:
        return Reply(400, {"hasErrors": True, "results": failures})
    return Reply(201, {"hasErrors": False, "results": results})


def _check_branch(reference_id: str, known: set[str], depth: int) -> None:
    if reference_id in known:
        raise OrgError(400, "INVALID_INPUT", f"Duplicate ReferenceId provided: {reference_id}")
    known.add(reference_id)
    if len(known) > MAX_RECORDS or depth > MAX_TREE_DEPTH:
        raise OrgError(400, "INVALID_INPUT", f"A tree has up to {MAX_RECORDS} records on {MAX_TREE_DEPTH} levels")


def _grow(call: Call, branch: Branch) -> tuple[str, list[Branch]]:
    """Create a record of a tree; return its id and its children."""
    definition = call.org.records.sobject(branch.sobject)
    values: dict[str, Any] = {}
    children: list[tuple[ChildRelationship, dict[str, Any]]] = []
    for key, value in branch.record.items():
        if isinstance(value, dict) and "records" in value:
            relation = call.org.schema.child(definition, key)
            if relation is None:
                raise errors.no_such_column(key, definition.name)
            children += [(relation, each) for each in _records(value)]
        else:
            values[key] = value
    record_id = call.records.create(branch.sobject, {**values, **branch.parent}, call.user_id)
    return record_id, [
        Branch(relation.child.name, each, {relation.field.name: record_id}, branch.depth + 1)
        for relation, each in children
    ]


def _reference_id(record: Mapping[str, Any]) -> str:
    attributes = record.get("attributes")
    reference_id = attributes.get("referenceId") if isinstance(attributes, dict) else None
    if not isinstance(reference_id, str):
        raise OrgError(400, "INVALID_INPUT", "Include a reference ID for each record in the request.", None)
    return reference_id


def _each(
    call: Call,
    items: Sequence[Item],
    save: Callable[[Item], Result],
    *,
    all_or_none: bool,
    failed: Callable[[Item], Mapping[str, Any]] | None = None,
) -> Reply:
    """Return one result for each item, in order; what `failed` gives is added to the result of a failure."""
    results: list[Result] = []

    def failure(error: OrgError, item: Item) -> Result:
        return {"success": False, "errors": [error.save_error()], **(failed(item) if failed else {})}

    with call.org.store.transaction() as transaction:
        for item in items:
            try:
                results.append(save(item))
            except OrgError as error:
                results.append(failure(error, item))
            except AmbiguousExternalIdError as error:
                results.append(failure(_ambiguous(error), item))
        if all_or_none and not all(result["success"] for result in results):
            transaction.take_back()
    if transaction.is_taken_back:
        results = [
            failure(ROLLED_BACK, item) if result["success"] else result
            for item, result in zip(items, results, strict=True)
        ]
    return Reply(body=results)


def _retrieved(call: Call, sobject: str, ids: Sequence[str], fields: Sequence[str]) -> Reply:
    if not ids or not fields:
        raise OrgError(400, "MISSING_ARGUMENT", "The ids and fields parameters are required", None)
    if len(ids) > MAX_RECORDS:
        raise _too_many()
    return Reply(body=[_record_or_none(call, sobject, record_id, fields) for record_id in ids])


def _record_or_none(call: Call, sobject: str, record_id: str, fields: Sequence[str]) -> dict[str, Any] | None:
    try:
        record = call.org.records.retrieve(sobject, record_id, ["Id", *fields], call.user_id)
    except OrgError as error:
        if error.status == HTTPStatus.NOT_FOUND:
            return None
        raise
    return call.record(sobject, record)


def _records(body: Mapping[str, Any]) -> list[dict[str, Any]]:
    records = body.get("records")
    if not isinstance(records, list) or not all(isinstance(each, dict) for each in records):
        raise errors.json_parser_error("records must be a list of objects at [line:1, column:1]")
    if len(records) > MAX_RECORDS:
        raise _too_many()
    return records


def _too_many() -> OrgError:
    message = f"record limit reached. cannot submit more than {MAX_RECORDS} records into this call"
    return OrgError(400, "EXCEEDED_ID_LIMIT", message, None)


def _type(record: Mapping[str, Any]) -> str:
    attributes = record.get("attributes")
    name = attributes.get("type") if isinstance(attributes, dict) else None
    if not isinstance(name, str):
        message = "Nested object for polymorphic foreign key must have an attributes field before any other fields."
        raise errors.json_parser_error(message)
    return name


def _split(record: Mapping[str, Any], field: str) -> tuple[object, dict[str, Any]]:
    """Return the value of a field, whatever its case, and the record without it."""
    key = next((name for name in record if name.lower() == field.lower()), field)
    return record.get(key), {name: value for name, value in record.items() if name != key}


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]


def _texts(body: Mapping[str, Any], key: str) -> list[str]:
    texts = body.get(key)
    if not isinstance(texts, list) or not all(isinstance(each, str) for each in texts):
        raise errors.json_parser_error(f"{key} must be a list of texts at [line:1, column:1]")
    return texts


def _to_18(record_id: str) -> str:
    return to_18(record_id) or record_id


def _ambiguous(error: AmbiguousExternalIdError) -> OrgError:
    message = f"External id is not unique: {', '.join(error.record_ids)}"
    return OrgError(300, "DUPLICATE_EXTERNAL_ID", message)

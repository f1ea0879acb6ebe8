"""Objects and single records."""

import base64
import hashlib
from datetime import datetime

from mcp_salesforce.localorg import errors
from mcp_salesforce.localorg.routes.call import Call, Family, Reply
from mcp_salesforce.localorg.routes.preconditions import reply_if_modified, require_unmodified
from mcp_salesforce.localorg.services.upserts import Upserted
from mcp_salesforce.localorg.store.ids import is_id_shaped, to_18

sobjects = Family("sobjects")


@sobjects.route("GET", "sobjects/{sobject}/updated", "recorded")
def updated(call: Call, sobject: str) -> Reply:
    """Return the ids of the records that changed between `start` and `end`."""
    return Reply(body=call.org.replication.updated(sobject, *_span(call), call.user_id))


@sobjects.route("GET", "sobjects/{sobject}/deleted", "recorded")
def deleted(call: Call, sobject: str) -> Reply:
    """Return the records that were deleted between `start` and `end`, and when."""
    return Reply(body=call.org.replication.deleted(sobject, *_span(call), call.user_id))


@sobjects.route("GET", "recent", "documented")
def recent(call: Call) -> Reply:
    """Return the records that the user viewed last (SOQL's FOR VIEW counts as viewing)."""
    limit = call.params.get("limit", "")
    return Reply(body=call.recent()[: int(limit) if limit.isdecimal() else None])


@sobjects.route("POST", "sobjects/{sobject}", "recorded")
def create(call: Call, sobject: str) -> Reply:
    """Create a record; the reply's Location is its URL."""
    record_id = call.records.create(sobject, call.json_object(), call.user_id)
    return Reply(201, {"id": record_id, "success": True, "errors": []}, _location(call, sobject, record_id))


@sobjects.route("POST", "sobjects/{sobject}/Id", "documented")
def create_by_upsert(call: Call, sobject: str) -> Reply:
    """Create a record, as an upsert without an Id does."""
    record_id = call.records.create(sobject, call.json_object(), call.user_id)
    return _upserted(call, sobject, Upserted(record_id, created=True))


@sobjects.route("GET", "sobjects/{sobject}/{record_id}", "recorded")
def retrieve(call: Call, sobject: str, record_id: str) -> Reply:
    """Return a record, with all its fields or those in `fields`, and always with its Id."""
    fields = _fields(call)
    record = call.org.records.retrieve(sobject, record_id, [*fields, "Id"] if fields else (), call.user_id)
    reply = Reply(body=call.record(sobject, record))
    return reply_if_modified(call, reply, *_stamp(call, sobject, record_id))


@sobjects.route("PATCH", "sobjects/{sobject}/{record_id}", "recorded")
def update(call: Call, sobject: str, record_id: str) -> Reply:
    """Change the fields in the body."""
    if _has_conditions(call):
        require_unmodified(call, *_stamp(call, sobject, record_id))
    call.records.update(sobject, record_id, call.json_object(), call.user_id)
    return Reply(204)


@sobjects.route("DELETE", "sobjects/{sobject}/{record_id}", "recorded")
def delete(call: Call, sobject: str, record_id: str) -> Reply:
    """Move a record to the recycle bin."""
    call.org.records.delete(sobject, record_id, call.user_id)
    return Reply(204)


@sobjects.route("DELETE", "sobjects/Event/{record_id}/fromThisEventOnwards", "documented")
def delete_onwards(call: Call, record_id: str) -> Reply:
    """Move an occurrence of a Lightning series to the recycle bin, with those after it."""
    call.org.records.delete_onwards(record_id, call.user_id)
    message = "We\u2019re deleting the selected events from the series. Wait for all events to be removed."
    return Reply(body={"success": message})


@sobjects.route("GET", "sobjects/{sobject}/{field}/{value}", "documented")
def retrieve_by_external_id(call: Call, sobject: str, field: str, value: str) -> Reply:
    """Return the record that has a value in an external id field; 300 with their URLs if several have it.

    Behind a record's id it is the name of a relationship: the parent record, or the child records, come back.
    """
    if is_id_shaped(field):
        return _related(call, sobject, field, value)
    return retrieve(call, sobject, _found(call, sobject, field, value))


@sobjects.route("PATCH", "sobjects/{sobject}/{field}/{value}", "recorded")
def upsert(call: Call, sobject: str, field: str, value: str) -> Reply:
    """Update the record that has a value in an external id field, or create it: 200 or 201, with the same body.

    With updateOnly=true nothing is created.
    """
    _refuse_relationship(field)
    update_only = call.params.get("updateOnly", "").lower() == "true"
    record = call.json_object()
    if field.lower() == "id":
        update(call, sobject, value)
        return _upserted(call, sobject, Upserted(to_18(value) or value, created=False))
    done = call.upserts.upsert(sobject, field, value, record, call.user_id, update_only=update_only)
    return _upserted(call, sobject, done)


@sobjects.route("DELETE", "sobjects/{sobject}/{field}/{value}", "documented")
def delete_by_external_id(call: Call, sobject: str, field: str, value: str) -> Reply:
    """Move the record that has a value in an external id field to the recycle bin."""
    _refuse_relationship(field)
    return delete(call, sobject, _found(call, sobject, field, value))


def _refuse_relationship(field: str) -> None:
    """Refuse a write where a record's id stands in the place of a field: a relationship's name follows it."""
    if is_id_shaped(field):
        raise errors.not_implemented("writes through a relationship")


def _span(call: Call) -> tuple[str, str]:
    return call.params.get("start", ""), call.params.get("end", "")


def _fields(call: Call) -> list[str]:
    return [name.strip() for name in call.params.get("fields", "").split(",") if name.strip()]


def _related(call: Call, sobject: str, record_id: str, relationship: str) -> Reply:
    """Return what a relationship of a record leads to."""
    definition = call.org.records.sobject(sobject)
    row = call.org.records.row(definition, record_id, call.user_id)
    reference = call.org.schema.parent(definition, relationship)
    if reference is not None:
        parent_id = row[reference.name]
        parent = call.org.schema.of_record(parent_id) if parent_id else None
        if parent is None:
            raise errors.not_found()
        return retrieve(call, parent.name, parent_id)
    relation = call.org.schema.child(definition, relationship)
    if relation is None:
        raise errors.not_found()
    child = relation.child
    fields = _fields(call) or [each.name for each in child.fields]
    for name in fields:
        if child.field(name) is None:
            raise errors.no_such_column(name, child.name)
    soql = f"SELECT {', '.join(fields)} FROM {child.name} WHERE {relation.field.name} = '{row['Id']}'"  # noqa: S608 - names of the schema
    return Reply(body=call.org.queries.query(soql, call.user_id, version=call.version))


def _found(call: Call, sobject: str, field: str, value: str) -> str:
    record_id = value if field.lower() == "id" else call.upserts.find(sobject, field, value, call.user_id)
    if record_id is None:
        raise errors.not_found()
    return record_id


def _upserted(call: Call, sobject: str, done: Upserted) -> Reply:
    body = {"id": done.record_id, "success": True, "errors": []}
    if call.says_created:
        body["created"] = done.created
    return Reply(201 if done.created else 200, body, _location(call, sobject, done.record_id))


def _location(call: Call, sobject: str, record_id: str) -> dict[str, str]:
    return {"Location": call.data_url("sobjects", call.org.records.sobject(sobject).name, record_id)}


def _has_conditions(call: Call) -> bool:
    return any(name in call.headers for name in ("if-match", "if-none-match", "if-unmodified-since"))


def _stamp(call: Call, sobject: str, record_id: str) -> tuple[datetime, str]:
    """Return when a record was last changed, to the second, and for an Account its tag."""
    definition = call.org.records.sobject(sobject)
    stamp = str(call.org.records.row(definition, record_id, call.user_id)["SystemModstamp"])
    digest = hashlib.sha256(f"{record_id[:15]}{stamp}".encode()).digest()
    tag = base64.b64encode(digest).decode() if definition.name == "Account" else ""
    return datetime.fromisoformat(stamp).replace(microsecond=0), tag

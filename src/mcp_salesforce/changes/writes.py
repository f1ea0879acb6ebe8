"""What a request does to records, and what its reply says became of them. No I/O."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Final, Literal, TypeAlias

from mcp_salesforce.policy.guard.request_parts import RequestParts, inner_request
from mcp_salesforce.salesforce.ids import KEY_PREFIXES, is_id, to_18
from mcp_salesforce.salesforce.wire import Request

Action: TypeAlias = Literal["create", "update", "upsert", "delete", "hard_delete", "undelete", "merge", "convert"]

_ONWARDS: Final = "fromThisEventOnwards"
_ATTRIBUTES: Final = "attributes"
_OF_A_MASTER: Final = frozenset({"type", "Id", "fieldsToNull"})


@dataclass(frozen=True, slots=True)
class Write:
    """One record that a request creates, changes or deletes.

    Attributes:
        action: What is done to it.
        sobject: The object's API name; empty where the request has only the Id.
        record_id: Its Id of 18 characters; empty for a new one, and for one that `key` finds.
        values: The fields to write.
        key: Of an upsert: the external id's field.
        key_value: Of an upsert: its value.
        onwards: Whether the appointments of its series that come after it are deleted too.
        also: The Ids of those, as far as they are known.
        rows: How many records it is, where one write stands for many: a bulk job, an import.
        is_kept: Of many `rows`: whether each of them will be kept on its own, so that they can be undone.
    """

    action: Action
    sobject: str = ""
    record_id: str = ""
    values: Mapping[str, object] = field(default_factory=dict)
    key: str = ""
    key_value: str = ""
    onwards: bool = False
    also: tuple[str, ...] = ()
    rows: int = 1
    is_kept: bool = False

    @property
    def count(self) -> int:
        """How many records it writes, with those of its series."""
        return self.rows + len(self.also)

    def object_in(self, sobject: str) -> str:
        """Return the object that it is of, in a call about `sobject`: a deletion of many tells only its Ids."""
        return self.sobject or KEY_PREFIXES.get(self.record_id[:3]) or sobject


@dataclass(frozen=True, slots=True)
class Outcome:
    """The outcome of a write: its record, and whether it was done; `code` says why not."""

    record_id: str = ""
    is_done: bool = False
    created: bool | None = None
    code: str = ""


def counted(writes: Iterable[Write], sobject: str) -> Mapping[tuple[str, str], int]:
    """Return how many records are written, by action and object, in a call about `sobject`."""
    counts: Counter[tuple[str, str]] = Counter()
    for write in writes:
        counts[write.action, write.object_in(sobject)] += write.count
    return counts


def writes_of(request: Request) -> tuple[Write, ...]:
    """Return what `request` does to records, in the order of its reply; nothing for a read."""
    return tuple(_writes(RequestParts.of(request)))


def outcomes_of(request: Request, value: object) -> tuple[Outcome, ...]:
    """Return what the JSON `value` of the reply says of each of `writes_of(request)`."""
    return tuple(_outcomes(RequestParts.of(request), value))


def _writes(call: RequestParts) -> Iterator[Write]:  # noqa: C901, PLR0912 - a table
    match (call.method, *call.steps):
        case ("POST", "composite"):
            for entry in _entries(call):
                yield from _writes(RequestParts.of(inner_request(entry)))
        case ("POST", "composite", "sobjects"):
            for sobject, record in _records(call):
                yield Write("create", sobject, values=_values(record))
        case ("PATCH", "composite", "sobjects"):
            for sobject, record in _records(call):
                yield _changed(sobject, str(record.get("Id") or record.get("id") or ""), _values(record))
        case ("PATCH", "composite", "sobjects", sobject, key):
            for _, record in _records(call):
                yield Write("upsert", sobject, values=_values(record), key=key, key_value=_value(record, key))
        case ("DELETE", "composite", "sobjects"):
            for record_id in filter(None, call.params.get("ids", "").split(",")):
                yield Write("delete", record_id=_id(record_id))
        case ("POST", "sobjects", sobject):
            yield Write("create", sobject, values=_values(call.body))
        case ("PATCH", "sobjects", sobject, record_id):
            yield _changed(sobject, record_id, _values(call.body))
        case ("PATCH", "sobjects", sobject, key, value):
            yield Write("upsert", sobject, values=_values(call.body), key=key, key_value=value)
        case ("DELETE", "sobjects", sobject, record_id, *more):
            yield Write("delete", sobject, _id(record_id), onwards=more == [_ONWARDS])
        case ("POST", "services", "Soap", *_):
            yield from _soap_writes(call.body)


def _outcomes(call: RequestParts, value: object) -> Iterator[Outcome]:
    match (call.method, *call.steps):
        case ("POST", "composite"):
            replies = value.get("compositeResponse", []) if isinstance(value, Mapping) else []
            for entry, reply in zip(_entries(call), replies, strict=False):
                yield from _part(RequestParts.of(inner_request(entry)), reply)
        case ("POST" | "PATCH" | "DELETE", "composite", "sobjects", *_) if isinstance(value, list):
            yield from map(_saved, value)
        case ("POST", "sobjects", _):
            yield _saved(value)
        case ("PATCH" | "DELETE", "sobjects", _, record_id, *more):
            made = value if isinstance(value, Mapping) else {}
            found = _id(str(made.get("id") or ("" if more and more != [_ONWARDS] else record_id)))
            yield Outcome(found, is_done=True, created=made.get("created"))
        case ("POST", "services", "Soap", *_) if isinstance(value, list):
            yield from map(_saved, value)


def _soap_writes(body: Any) -> Iterator[Write]:  # noqa: ANN401 - any JSON value
    """Yield what an operation of the SOAP API does, by its arguments as `SoapApi` gives them."""
    for operation, arguments in body.items() if isinstance(body, Mapping) else ():
        match operation:
            case "undelete":
                yield from (Write("undelete", record_id=_id(each)) for each in arguments["ids"])
            case "merge":
                master = arguments["request"]["masterRecord"]
                losers = tuple(map(_id, arguments["request"]["recordToMergeIds"]))
                values = {name: value for name, value in master.items() if name not in _OF_A_MASTER}
                cleared = dict.fromkeys(master.get("fieldsToNull") or ())
                yield Write("merge", master["type"], _id(master["Id"]), {**values, **cleared}, also=losers)
            case "convertLead":
                yield Write("convert", "Lead", _id(arguments["leadConverts"]["leadId"]))


def _part(call: RequestParts, reply: Mapping[str, Any]) -> Iterator[Outcome]:
    status, body = reply.get("httpStatusCode", 0), reply.get("body")
    if HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
        yield from _outcomes(call, body)
        return
    errors = body if isinstance(body, list) else [body]
    code = next((str(each.get("errorCode")) for each in errors if isinstance(each, Mapping)), "")
    yield from (Outcome(write.record_id, code=code) for write in _writes(call))


def _saved(result: object) -> Outcome:
    if not isinstance(result, Mapping):
        return Outcome()
    errors = [each for each in result.get("errors") or () if isinstance(each, Mapping)]
    code = str((errors[0].get("statusCode") or errors[0].get("errorCode")) if errors else "")
    record_id = _id(str(result.get("id") or ""))
    is_done = str(result.get("success")).casefold() == "true"  # SOAP replies have texts
    return Outcome(record_id, is_done=is_done, created=result.get("created"), code=code)


def _entries(call: RequestParts) -> Sequence[Mapping[str, Any]]:
    entries = call.body.get("compositeRequest") if isinstance(call.body, Mapping) else None
    return [entry for entry in entries or () if isinstance(entry, Mapping)]


def _records(call: RequestParts) -> Iterator[tuple[str, Mapping[str, Any]]]:
    records = call.body.get("records") if isinstance(call.body, Mapping) else None
    for record in records or ():
        yield str((record.get(_ATTRIBUTES) or {}).get("type") or ""), record


def _changed(sobject: str, record_id: str, values: dict[str, object]) -> Write:
    return Write("update", sobject, _id(record_id), values)


def _values(body: object) -> dict[str, object]:
    fields = body if isinstance(body, Mapping) else {}
    return {name: value for name, value in fields.items() if name not in {_ATTRIBUTES, "Id", "id"}}


def _value(record: Mapping[str, Any], name: str) -> str:
    return next((str(value) for each, value in record.items() if each.casefold() == name.casefold()), "")


def _id(text: str) -> str:
    return to_18(text) if is_id(text) else ""

"""The facts as tests take them."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote_plus

import yaml

from tests.evidence.distil import byte_length, spaced
from tests.evidence.shapes import sample_of

FACTS = Path(__file__).parent
MASTER: Mapping[str, object] = {
    "active": True, "available": True, "defaultRecordTypeMapping": True, "developerName": "Master", "master": True,
    "name": "Master", "recordTypeId": "012000000000000AAA", "urls": {},
}  # fmt: skip
"""The record type of an object that has no others, the same in every org."""

Facts = dict[str, Any]


@dataclass(frozen=True)
class Reply:
    """What a real org was asked, and what it replied, with other values of the same shape."""

    number: int
    method: str
    target: str
    body: Any
    status: int
    content_type: str | None
    reply: Any

    def __str__(self) -> str:
        """A name for the test report."""
        return f"{self.number} {self.method} {unquote_plus(self.target).removeprefix('/services/data')[:70]}"


@cache
def _text(name: str) -> str:
    return (FACTS / name).read_text(encoding="utf-8")


def _facts(name: str) -> Any:
    return yaml.load(_text(name), yaml.CSafeLoader)  # a new value each time: tests change them


def described(sobject: str) -> Facts:
    """Return what describe told of an object in a real org: its fields, and the children that the local org has too."""
    facts, usual = _facts(f"objects/{sobject}.yaml"), _facts("usual.yaml")
    root = f"/services/data/v60.0/sobjects/{sobject}"
    urls = usual["urls"] | facts.get("urls", {})
    record_types = [{key: MASTER[key] for key in facts["record_type_info"]}] if "record_type_info" in facts else []
    return {
        **usual["object"],
        **facts.get("object", {}),
        "name": sobject,
        "urls": {key: root + path for key, path in urls.items() if key not in facts.get("no_urls", ())},
        "recordTypeInfos": record_types,
        "supportedScopes": [{"label": label, "name": name} for name, label in facts.get("scopes", {}).items()],
        "fields": [
            _field(name, each, usual, facts.get("picklists", {}).get(name, ()))
            for name, each in facts["fields"].items()
        ],
        "childRelationships": [_child(each) for each in facts.get("children", ())],
    }


def _field(name: str, facts: Mapping[str, Any], usual: Mapping[str, Any], choices: Any) -> Facts:
    whole = {**usual["field"], **usual["types"].get(facts["type"], {}), **facts, "name": name}
    whole.setdefault("label", spaced(name))
    whole.setdefault("byteLength", byte_length(whole))
    whole["picklistValues"] = [_choice(each) for each in choices]
    return whole


def _choice(facts: Any) -> Facts:
    told = facts if isinstance(facts, dict) else {"value": facts}
    return {"active": True, "defaultValue": False, "label": told["value"], "validFor": None, **told}


def _child(facts: Mapping[str, Any]) -> Facts:
    plain = {"cascadeDelete": False, "deprecatedAndHidden": False, "restrictedDelete": False}
    return {**plain, "junctionIdListNames": [], "junctionReferenceTo": [], "relationshipName": None, **facts}


def person_accounts() -> Facts:
    """Return a describe of Account with as many fields and children as one with person accounts, of their types."""
    facts, usual = _facts("objects/person_accounts.yaml"), _facts("usual.yaml")
    whole = described("Account")
    known = {field["name"]: field for field in whole["fields"]}
    for name, told in facts["fields"].items():
        kind, _, count = told.partition(" ")
        values = [f"Value {number}" for number in range(int(count or 0))]
        known.setdefault(name, _field(name, {"type": kind}, usual, values))
    whole["fields"] = [known[name] for name in facts["fields"]]
    more = range(facts["children"] - len(whole["childRelationships"]))
    whole["childRelationships"] += [
        _child({"childSObject": f"Package_{n}__c", "field": "Account__c", "relationshipName": f"Packages_{n}__r"})
        for n in more
    ]
    return whole


def every_object() -> Facts:
    """Return the keys of the list of all objects, and the entry of Contact."""
    facts: Facts = _facts("objects/every_object.yaml")
    return facts


def named_fields(sobject: str) -> dict[str, Facts]:
    """Return name, type, label, whether it may be null, and what it refers to, of the fields of version 64."""
    fields = {}
    for name, (kind, label, *more) in _facts("objects/by_name.yaml")[sobject].items():
        fields[name] = {"type": kind, "label": label, "nillable": "nillable" in more}
        if more and more[-1].startswith("to "):
            fields[name]["referenceTo"] = more[-1].removeprefix("to ")
    return fields


def errors() -> list[Facts]:
    """Return the bodies of errors: `http` status, `body`, and in `known` how it is known."""
    found: list[Facts] = _facts("errors.yaml")
    return found


def error_codes() -> list[str]:
    """Return error codes of Salesforce."""
    return _text("error_codes.txt").split()


def ids() -> list[str]:
    """Return genuine Ids of 18 characters, with every check character in every place."""
    found: list[str] = _facts("ids.yaml")
    return found


def queries(verdict: str) -> list[str]:
    """Return the forms of queries that are `valid` or `invalid`."""
    return _text(f"queries/{verdict}.txt").splitlines()


def replies() -> list[Reply]:
    """Return what real orgs were asked and replied."""
    return [
        Reply(
            number=each["number"],
            method=each["request"].partition(" ")[0],
            target=each["request"].partition(" ")[2],
            body=each.get("body"),
            status=each["status"],
            content_type=each.get("content_type"),
            reply=sample_of(each["reply"]),
        )
        for each in _facts("replies.yaml")
    ]


def record(sobject: str) -> Facts:
    """Return a whole record with the fields of a recorded one in their order, and values as long as its values."""
    found: Facts = sample_of(_facts("records.yaml")[sobject])
    return found

"""Recordings of real orgs to facts: `python -m tests.evidence.distil` writes them anew, from a folder of recordings.

A fact is a name, a type, a length, a code or a shape. Values, people and texts of others stay behind.
"""

import json
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from mcp_salesforce.localorg import LocalOrg
from tests.evidence.forms import form_of
from tests.evidence.recordings import INTERACTIONS, RECORDINGS, pairs, recorded
from tests.evidence.shapes import masked, shape_of

FACTS = Path(__file__).parent
DESCRIBED = ("Account", "Case", "Contact", "Event", "Lead", "Opportunity", "Custom__c")
TEXTS = frozenset({"string", "textarea", "picklist", "multipicklist", "combobox", "phone", "email", "url", "reference"})
PARTS = frozenset({"fields", "childRelationships", "urls", "recordTypeInfos", "supportedScopes"})
OWN = frozenset({"type", "label", "byteLength"})
NAMES = frozenset({"compoundFieldName", "relationshipName"})
ZONES = "RecurrenceTimeZoneSidKey"  # its labels tell the offset of the day of the recording
PROJECTS = (
    "restforce", "CumulusCI", "django-salesforce", "fidelic", "Nango", "aiosalesforce", "EastFive", "airbyte",
    "rivasync", "REST guide", "Salesforce help",
)  # fmt: skip
Facts = dict[str, Any]


def spaced(name: str) -> str:
    """Return the label that a field has where none is told: its name, with spaces before capitals."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)


def byte_length(field: Mapping[str, Any]) -> int:
    """Return how many bytes a value takes where that is not told: three a character, for texts."""
    length: int = field["length"]
    return length * 3 if field["type"] in TEXTS - {"reference"} else length


@cache
def describe(sobject: str) -> Facts:
    """Return a recorded describe without the fields that people of the org added to a standard object."""
    whole: Facts = recorded(f"describe/{sobject}_describe.json")
    if not sobject.endswith("__c"):
        whole["fields"] = [field for field in whole["fields"] if not field["name"].endswith("__c")]
    return whole


def most_common(values: Iterable[Mapping[str, Any]]) -> Facts:
    """Return the value that each key has most often."""
    counts: dict[str, Counter[str]] = {}
    for each in values:
        for key, value in each.items():
            counts.setdefault(key, Counter())[json.dumps(value)] += 1
    return {key: json.loads(count.most_common(1)[0][0]) for key, count in counts.items()}


def but(values: Mapping[str, Any], usual: Mapping[str, Any], without: Collection[str] = ()) -> Facts:
    """Return what is another value than the usual one, without some keys."""
    return {key: value for key, value in values.items() if key not in without and usual.get(key, ...) != value}


def bare(field: Mapping[str, Any]) -> Facts:
    """Return what is told of a field one by one: not its name and values, nor what follows from others."""
    implied = {"label": spaced(field["name"]), "byteLength": byte_length(field)}
    return but({key: value for key, value in field.items() if key not in {"name", "picklistValues"}}, implied)


@cache
def usual() -> Facts:
    """Return what is so of most objects, of most fields, and of most fields of each type."""
    described = [describe(sobject) for sobject in DESCRIBED]
    fields = [bare(field) for each in described for field in each["fields"]]
    every = but(most_common(fields), {}, without=OWN)
    types = {
        kind: but(most_common(field for field in fields if field["type"] == kind), every, without=OWN | NAMES)
        for kind in sorted({field["type"] for field in fields})
    }
    return {
        "object": most_common(map(_flags, described)),
        "urls": most_common(map(_urls, described)),
        "field": every,
        "types": types,
    }


def _flags(described: Mapping[str, Any]) -> Facts:
    return {key: value for key, value in described.items() if key not in PARTS | {"name"}}


def _urls(described: Mapping[str, Any]) -> Facts:
    """Return the paths of an object's resources, behind `/services/data/vNN.0/sobjects/NAME`."""
    root: str = described["urls"].get("sobject", "none")
    return {key: url.removeprefix(root) for key, url in described["urls"].items() if url.startswith(root)}


def sobject(name: str) -> Facts:
    """Return the facts of an object that a real org described."""
    known, described = usual(), describe(name)
    facts: Facts = {"object": but(_flags(described), known["object"]), "urls": but(_urls(described), known["urls"])}
    facts["no_urls"] = sorted(known["urls"].keys() - _urls(described))
    facts["record_type_info"] = sorted(next(iter(described["recordTypeInfos"]), {}))
    facts["scopes"] = {scope["name"]: scope["label"] for scope in described["supportedScopes"]}
    facts["fields"] = {
        field["name"]: {"type": field["type"]}
        | but(bare(field), {**known["field"], **known["types"][field["type"]], "type": field["type"]})
        for field in described["fields"]
    }
    facts["picklists"] = {
        field["name"]: [_choice(each, field["name"]) for each in field["picklistValues"]]
        for field in described["fields"]
        if field["picklistValues"]
    }
    facts["children"] = [_child(each) for each in _children(described)]
    return {key: value for key, value in facts.items() if value}


def _choice(value: Mapping[str, Any], name: str) -> Any:
    usual_value = {"active": True, "defaultValue": False, "label": value["value"], "validFor": None}
    other = but(value, {**usual_value, "value": value["value"]})
    return {"value": value["value"], **other} if other and name != ZONES else value["value"]


@cache
def served() -> Mapping[str, frozenset[str]]:
    """Return the names of the fields that the local org has of each object."""
    with LocalOrg.open(seed=False) as org:
        return {
            each.name: frozenset(field["name"] for field in org.describes.describe(each.name, "v64.0")["fields"])
            for each in org.schema
        }


def _children(described: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for child in described["childRelationships"]:
        if child["childSObject"] in served() and not child["field"].endswith("__c"):
            yield child


def _child(child: Mapping[str, Any]) -> Facts:
    plain = {"cascadeDelete": False, "deprecatedAndHidden": False, "restrictedDelete": False}
    return but(child, {**plain, "junctionIdListNames": [], "junctionReferenceTo": [], "relationshipName": None})


def objects_named() -> Facts:
    """Return the types and labels of the local org's fields, of objects of which no describe is recorded."""
    whole = recorded("schema/objects_v64.json")["objects"]
    names = sorted((served().keys() & whole.keys()) - set(DESCRIBED))
    return {name: _typed(whole[name]["fields"], served()[name]) for name in names}


def _typed(fields: Iterable[Mapping[str, Any]], names: frozenset[str]) -> Facts:
    return {
        each["name"]: [
            each["type"],
            each["label"],
            *(["nillable"] if each["nillable"] else []),
            *([f"to {each['referenceTo']}"] if "referenceTo" in each else []),
        ]
        for each in fields
        if each["name"] in names
    }


def person_accounts() -> Facts:
    """Return the fields of Account where person accounts are on: name, type, how many values; how many children."""
    whole = recorded("describe/Account_PersonAccount_describe.json")
    fields, custom = {}, 0
    for field in whole["fields"]:
        name = field["name"]
        if name.endswith("__c"):
            custom += 1
            name = f"Custom_{custom}__c"
        values = len(field["picklistValues"])
        fields[name] = f"{field['type']} {values}" if values else field["type"]
    return {"fields": fields, "children": len(whole["childRelationships"])}


def every_object() -> Facts:
    """Return the keys of the list of all objects, and of one in it."""
    whole = recorded("describe/Global_describe.json")
    contact = next(each for each in whole["sobjects"] if each["name"] == "Contact")
    return {"keys": sorted(whole), "Contact": contact}


def errors() -> list[Facts]:
    """Return the bodies of errors, each with its HTTP status and how it is known."""
    return [
        {"http": each["http"], "known": each["provenance"].lower(), "from": _source(each)}
        | ({"request": each["request"]} if "request" in each else {})
        | {"body": _without_ids(each["body"])}
        for each in recorded("errors/catalogue.json")["errors"]
    ]


def _source(entry: Mapping[str, Any]) -> str:
    named = [project for project in PROJECTS if project in entry["source"]]
    return ", ".join(named) or ("nobody's record" if entry["provenance"] == "UNVERIFIED" else "public code and logs")


def _without_ids(body: object) -> Any:
    """Return a body in which the Ids of records are of none."""
    text = re.sub(r"\b(?=\w*\d)([0a-z]\w{2})[a-zA-Z0-9]{12}(?:[A-Z0-5]{3})?\b", r"\g<1>000000000001", json.dumps(body))
    return json.loads(text)


def error_codes() -> str:
    """Return the codes that a client of Salesforce knows, in alphabetical order."""
    return "\n".join(recorded("errors/codes.json")["error_codes"]) + "\n"


def ids() -> list[str]:
    """Return a few genuine Ids that have every check character in every place, of records and not of people."""
    chosen: list[str] = []
    covered: set[tuple[int, str]] = set()
    for each in sorted(genuine_ids(), key=lambda text: (len({*text[15:]}), text), reverse=True):
        new = {(place, each[place]) for place in (15, 16, 17)} - covered
        if new and not each.startswith("005"):
            chosen.append(each)
            covered |= new
    return sorted(chosen)


def genuine_ids() -> set[str]:
    """Return the Ids of records in all recordings, but those that a recorder has masked."""
    texts = [path.read_text(encoding="utf-8") for path in sorted(RECORDINGS.rglob("*.json"))]
    found = set(re.findall(r'"(?:id|Id|OwnerId|CreatedById|AccountId)": *"([0-9A-Za-z]{18})"', "\n".join(texts)))
    interactions = (RECORDINGS / INTERACTIONS).read_text(encoding="utf-8")
    found |= set(re.findall(r'sobjects/[A-Za-z_]+/([A-Za-z0-9]{18})\\?"', interactions))
    return {each for each in found if not re.search("xACCOUNTID|xORGID", each)}


def queries(verdict: str) -> str:
    """Return the forms of the queries that are `valid`, or `invalid`."""
    return "\n".join(dict.fromkeys(map(form_of, recorded(f"soql/{verdict}.json")))) + "\n"


def replies() -> list[Facts]:
    """Return what real orgs were asked, and the shape of what they replied."""
    given: dict[str, str] = {}
    return [
        {"number": pair.number, "request": f"{pair.method} {pair.target}"}
        | ({"body": masked(pair.body, given)} if pair.body is not None else {})
        | {"status": pair.status}
        | ({"content_type": pair.content_type} if pair.content_type else {})
        | {"reply": shape_of(pair.reply)}
        for pair in pairs()
    ]


def records() -> Facts:
    """Return the fields of whole records in their order, with the shape and the length of their values."""
    found: Facts = {}
    for name in ("Account", "Contact"):
        whole = recorded(f"recorded/netcoreforce/{name.lower()}.json")
        found[name] = {
            f"Custom_{number}__c" if field.endswith("__c") else field: shape_of(value, with_lengths=True)
            for number, (field, value) in enumerate(whole.items())
        }
    return found


def _yaml(make: Callable[[], object]) -> Callable[[], str]:
    return lambda: yaml.safe_dump(make(), default_flow_style=None, sort_keys=False, width=118, allow_unicode=True)


FILES: Mapping[str, Callable[[], str]] = {
    "usual.yaml": _yaml(usual),
    **{f"objects/{name}.yaml": _yaml(lambda name=name: sobject(name)) for name in DESCRIBED},  # type: ignore[misc]
    "objects/every_object.yaml": _yaml(every_object),
    "objects/by_name.yaml": _yaml(objects_named),
    "objects/person_accounts.yaml": _yaml(person_accounts),
    "errors.yaml": _yaml(errors),
    "error_codes.txt": error_codes,
    "ids.yaml": _yaml(ids),
    "queries/valid.txt": lambda: queries("valid"),
    "queries/invalid.txt": lambda: queries("invalid"),
    "replies.yaml": _yaml(replies),
    "records.yaml": _yaml(records),
}
"""Every file of facts, and what makes its text."""


def main() -> None:
    """Write every file of facts."""
    for name, make in FILES.items():
        path = FACTS / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(make(), encoding="utf-8")


if __name__ == "__main__":
    main()

"""Pairs of request and reply recorded from real orgs, where the evidence folder is beside the project."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote_plus, urlsplit

ROOT = Path(__file__).parents[2]
EVIDENCE = ROOT.parent / "shared" / "salesforce"
INTERACTIONS = EVIDENCE / "recorded" / "cumulusci" / "interactions.json"
ABSENT = f"the evidence folder {EVIDENCE.name} is not beside the project"
VERSION = "v60.0"

OTHER_APIS = re.compile(r"/services/(async|data/v[\w.]+/(tooling|connect))/")
OBJECTS = re.compile(r"\b(?:from|sobjects|sObjects=|sobjects/)[\s/]*([A-Z]\w+)", re.IGNORECASE)
RELATIONSHIPS = {"Opportunities": "Opportunity"}
NOT_AN_ANSWER = {
    143: "the recording holds an error of the transport, not a reply",
    146: "the recorded describes are cut; whole ones are held against the local org's in tests/localorg",
    147: "the recorded request is not JSON",
    148: "as 146",
}


@dataclass(frozen=True)
class Pair:
    """A request and what a real org replied; versions and the org's Id, which the recordings mask, are filled in."""

    number: int
    method: str
    target: str
    body: Any
    status: int
    content_type: str | None
    reply: Any

    @property
    def objects(self) -> set[str]:
        """The objects that the request needs."""
        words = f"{unquote_plus(self.target)} {json.dumps(self.body)}"
        return {RELATIONSHIPS.get(name, name) for name in OBJECTS.findall(unquote_plus(words))} - {"Foo", "XYZZY"}

    def __str__(self) -> str:
        """A name for the test report."""
        return f"{self.number} {self.method} {unquote_plus(self.target).removeprefix('/services/data')[:70]}"


def pairs() -> Iterator[Pair]:
    """Yield the recorded pairs of the REST data API, each different one once."""
    if not INTERACTIONS.exists():
        return
    seen = set()
    for number, interaction in enumerate(json.loads(INTERACTIONS.read_text(encoding="utf-8"))):
        request, response = interaction["request"], interaction["response"]
        url = urlsplit(request["uri"])
        target = url.path + (f"?{url.query}" if url.query else "")
        key = (request["method"], target, json.dumps(request.get("body")))
        if number in NOT_AN_ANSWER or OTHER_APIS.search(url.path) or key in seen:
            continue
        seen.add(key)
        headers = response.get("headers") or {}
        yield Pair(
            number,
            request["method"],
            _filled_in(target),
            json.loads(_filled_in(json.dumps(request.get("body")))),
            response["status"] if isinstance(response["status"], int) else response["status"]["code"],
            next(iter(headers.get("Content-Type", [])), None),
            json.loads(_filled_in(json.dumps(response.get("body")))),
        )


def _filled_in(text: str) -> str:
    return text.replace("vxx.0", VERSION)

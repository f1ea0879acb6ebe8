"""Recordings of real orgs, where their folder is beside the project: only `distil` and what checks it read them."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

RECORDINGS = Path(__file__).parents[3] / "shared" / "salesforce"
INTERACTIONS = "recorded/cumulusci/interactions.json"
VERSION = "v60.0"

OTHER_APIS = re.compile(r"/services/(async|data/v[\w.]+/(tooling|connect))/")
NOT_AN_ANSWER = {
    143: "the recording holds an error of the transport, not a reply",
    146: "the recorded describes are cut; whole ones are held against the local org's in tests/localorg",
    147: "the recorded request is not JSON",
    148: "as 146",
}


@dataclass(frozen=True)
class Pair:
    """A request and what a real org replied; versions, which the recordings mask, are filled in."""

    number: int
    method: str
    target: str
    body: Any
    status: int
    content_type: str | None
    reply: Any


def recorded(name: str) -> Any:
    """Return a recorded JSON file."""
    return json.loads((RECORDINGS / name).read_text(encoding="utf-8"))


def pairs() -> Iterator[Pair]:
    """Yield the recorded pairs of the REST data API, each different one once."""
    seen = set()
    for number, interaction in enumerate(recorded(INTERACTIONS)):
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

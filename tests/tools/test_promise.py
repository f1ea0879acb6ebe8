"""What programs rely on stays: names, arguments, answers and error codes only grow (docs/versions.md)."""

import copy
import json
import logging
from typing import Any

import pytest
from mcp import Client

from tests.docs.generate import ROOT
from tests.docs.promise import RECORD, promised_now


def broken(record: dict[str, Any], now: dict[str, Any]) -> list[str]:
    """Return each way in which `now` breaks what is recorded."""
    wrong = [f"{kind}: {each} is gone" for kind in ("toolsets", "error_codes") for each in _lost(record, now, kind)]
    for name, promise in record["tools"].items():
        tool = now["tools"].get(now["former_names"].get(name, name))
        if tool is None:
            wrong.append(f"{name} is gone: keep it as former_name")
            continue
        wrong += [
            f"{name}: {kind} {each} is gone" for kind in ("arguments", "answer") for each in _lost(promise, tool, kind)
        ]
        wrong += [f"{name}: {each} is required now" for each in _lost(tool, promise, "required")]
        wrong += [f"{name}: {each} can be missing now" for each in _lost(promise, tool, "always_in_answer")]
    wrong += [f"{each} is gone" for each in record["former_names"].keys() - now["former_names"].keys()]
    return wrong


def _lost(before: dict[str, Any], after: dict[str, Any], kind: str) -> list[str]:
    return sorted(set(before[kind]) - set(after[kind]))


@pytest.fixture(scope="module")
def record() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((ROOT / RECORD).read_text(encoding="utf-8"))
    return found


def test_the_recorded_promise_is_kept(record: dict[str, Any]) -> None:
    assert broken(record, promised_now()) == []
    assert len(record["tools"]) > 30
    assert "CHANGED_SINCE" in record["error_codes"]


def test_each_way_to_break_it_is_noticed(record: dict[str, Any]) -> None:
    def after(change: Any) -> list[str]:
        changed = copy.deepcopy(record)
        change(changed, changed["tools"]["salesforce_query"])
        return broken(record, changed)

    assert after(lambda all_, _: all_["tools"].pop("salesforce_query")) == [
        "salesforce_query is gone: keep it as former_name"
    ]
    assert after(lambda _, tool: tool["arguments"].remove("soql")) == ["salesforce_query: arguments soql is gone"]
    assert after(lambda _, tool: tool["required"].append("limit")) == ["salesforce_query: limit is required now"]
    assert after(lambda _, tool: tool["answer"].remove("rows")) == ["salesforce_query: answer rows is gone"]
    assert after(lambda all_, _: all_["error_codes"].remove("AMBIGUOUS")) == ["error_codes: AMBIGUOUS is gone"]
    assert after(lambda all_, _: all_["former_names"].clear()) == ["salesforce_find_appointment_times is gone"]
    assert after(lambda _, tool: tool["arguments"].append("more")) == []


async def test_a_former_name_works_and_warns_once(mcp: Client, caplog: pytest.LogCaptureFixture) -> None:
    from mcp_salesforce.tools.framework import toolset

    toolset._warn_of_former_name.cache_clear()
    with caplog.at_level(logging.WARNING):
        for _ in range(2):
            await mcp.call_tool("salesforce_find_appointment_times", {})

    told = [record.message for record in caplog.records if "is now called" in record.message]
    (only,) = told
    assert only.startswith("salesforce_find_appointment_times is now called salesforce_find_free_times.")

"""What people wrote reaches a model without characters that hide or turn what it reads, whichever way it takes."""

import csv
from collections.abc import AsyncIterator, Awaitable
from io import StringIO
from pathlib import Path
from typing import Any, Final

import pytest
from mcp import Client
from mcp.shared.exceptions import MCPError
from mcp_types import PromptReference, ResourceTemplateReference

from mcp_salesforce.localorg import LocalOrg
from mcp_salesforce.salesforce import AsgiTransport
from mcp_salesforce.server import create_server
from mcp_salesforce.surface.resources import in_lines
from mcp_salesforce.tools.answers.errors import marked
from tests.conftest import NOW, settings_of
from tests.policy.attempts import filled
from tests.policy.worlds import planted
from tests.policy.written import CALLS, COMPLETIONS, PROMPTS, RESOURCES
from tests.tools.calls import PREFIX

HOSTILE: Final = "\u202e\u2066\u200b\u2060\ufeff\x1b\x07\x9b\u00ad\u2028\U000e0041\u061c\u3164"
MARK: Final = "zz"  # by which a text is known again
_SHORT: Final = 8
_SKIPPED: Final = frozenset({"TimeZoneSidKey", "LocaleSidKey", "LanguageLocaleKey", "EmailEncodingKey", "Username"})
_SCHEMA: Final = f"""\
objects:
  Visit__c:
    label: "Vi{HOSTILE.encode("unicode_escape").decode()}sit"
    fields:
      Note__c: {{type: string, label: "No{HOSTILE.encode("unicode_escape").decode()}te"}}
"""


def hostile(text: str, length: int) -> str:
    """Return a text with hostile characters in it, of at most `length` characters."""
    return f"{text[:2]}{HOSTILE}{MARK}{text[2:]}"[: length or None]


@pytest.fixture
def names(org: LocalOrg) -> dict[str, str]:
    """The Ids of records; every text field of the org's records has hostile characters in it."""
    ids = planted(org)
    for definition in org.schema:
        fields = [
            field
            for field in definition.fields
            if field.type in {"string", "textarea", "email", "phone", "url"} and field.name not in _SKIPPED
            and (field.length or _SHORT) >= _SHORT
        ]  # fmt: skip
        for row in org.store.rows(f'SELECT * FROM "{definition.name}"'):
            known = {field: row[field.name] for field in fields if field.name in row.keys()}  # noqa: SIM118 - a Row
            texts = {field.name: hostile(text, field.length) for field, text in known.items() if text}
            org.store.update(definition, row["Id"], texts)
    return ids


@pytest.fixture
async def mcp(org: LocalOrg, names: dict[str, str]) -> AsyncIterator[Client]:
    assert names
    server = create_server(settings_of(org), transport=AsgiTransport(org.app), now=lambda: NOW)
    async with Client(server) as client:
        yield client


async def told(answer: Awaitable[Any]) -> str:
    """Return the whole of an answer, or of its error, as JSON that escapes nothing."""
    try:
        return str((await answer).model_dump(mode="python"))
    except MCPError as error:
        return str([error.error.message, error.error.data])


def hidden_in(text: str) -> set[str]:
    """Return what of a `repr` hides or turns text: it writes such characters as escapes."""
    return {character for character in HOSTILE if character in text or repr(character)[1:-1] in text}


async def test_no_answer_has_what_hides_or_turns_text(mcp: Client, names: dict[str, str]) -> None:
    seen = 0
    for tool, arguments in CALLS:
        text = await told(mcp.call_tool(PREFIX + tool, filled(arguments, names)))
        assert not hidden_in(text), (tool, arguments, text[:2000])
        seen += MARK in text
    assert seen > 50


async def test_no_resource_prompt_or_completion_has(mcp: Client) -> None:
    texts = {uri: await told(mcp.read_resource(uri)) for uri in RESOURCES}
    texts |= {name: await told(mcp.get_prompt(name, values)) for name, values in PROMPTS}
    for argument, begun in COMPLETIONS:
        template = ResourceTemplateReference(type="ref/resource", uri="salesforce://schema/{sobject}")
        prompt = PromptReference(type="ref/prompt", name="book_appointment")
        reference = template if argument == "sobject" else prompt
        texts[begun] = await told(mcp.complete(reference, {"name": argument, "value": begun}))

    assert {name: hidden_in(text) for name, text in texts.items() if hidden_in(text)} == {}
    assert any(MARK in text for name, text in texts.items() if "agenda" in name)


async def test_labels_of_the_org_are_texts_of_people_too(tmp_path: Path) -> None:
    (tmp_path / "schema.yaml").write_text(_SCHEMA, "utf-8")
    with LocalOrg.open(now=lambda: NOW, contacts=3, schema_file=tmp_path / "schema.yaml") as org:
        server = create_server(settings_of(org), transport=AsgiTransport(org.app), now=lambda: NOW)
        async with Client(server) as client:
            asked = ({"search": "sit"}, {"sobject": "Visit__c"}, {"sobject": "Visit__c", "fields": ["Note__c"]})
            answers = [await told(client.call_tool(f"{PREFIX}describe", arguments)) for arguments in asked]
            answers.append(await told(client.read_resource("salesforce://schema/Visit__c")))

    assert [hidden_in(text) for text in answers] == [set()] * 4
    assert all("Visit" in text for text in answers)


def test_a_lone_carriage_return_begins_no_row() -> None:
    text = in_lines({"columns": ["Id", "Subject"], "rows": [["1", "a\r2,forged"], ["3", "b\r\nc"]], "total": 2})

    assert "\r" not in text
    rows = list(csv.reader(StringIO(text.partition("\n")[2])))
    assert rows == [["Id", "Subject"], ["1", "a\n2,forged"], ["3", "b\nc"]]


def test_what_people_of_the_org_say_is_one_line_and_marked_as_theirs() -> None:
    assert marked("FIELD_CUSTOM_VALIDATION_EXCEPTION", "Say\nplease") == "this org's rule: Say please"
    assert marked("NOT_FOUND", "Nobody") == "Nobody"
    assert len(marked("FIELD_CUSTOM_VALIDATION_EXCEPTION", "x" * 9000)) < 300

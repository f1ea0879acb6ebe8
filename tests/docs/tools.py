"""What the toolsets write: the README's table, docs/tools.md, and the snapshot of each tool's schemas."""

import json
from collections.abc import Callable
from typing import Any

from mcp_salesforce.surface.prompts import PROMPTS, PromptSpec, build_prompt
from mcp_salesforce.tools import TOOLSETS
from mcp_salesforce.tools.framework.toolset import SalesforceTool, ToolSpec, build_tool

BEGIN, END = "<!-- tools:begin -->", "<!-- tools:end -->"
_OWN_CODES = (
    "INVALID_ARGUMENT",
    "UNKNOWN_ARGUMENT",
    "INVALID_TIME",
    "INVALID_CURSOR",
    "INVALID_RECORDS",
    "OUTCOME_UNKNOWN",
    "POLICY_REFUSED",
    "STALE_CURSOR",
    "NO_ANSWER",
    "NOT_ALLOWED",
)
SNAPSHOTS = "tests/tools/snapshots"
PAGE = """<!-- Generated from src/mcp_salesforce/tools by `make docs UPDATE=1`. -->
# Tools

{toolsets}
## Prompts
Hosts show these by name. Each says which tools to use and brings the user's time, and the agenda of the day where it is
about one; it is there only if its tools are. Arguments are completed: dates, contacts, users and rooms.

| prompt | what it does | arguments |
|---|---|---|
{prompts}

## Resources
| URI | what it says |
|---|---|
| `salesforce://agenda/{{date}}` | your appointments of a day: a date, `today`, `tomorrow` |
| `salesforce://schema/{{sobject}}` | the fields of an object; its name is completed |

## Answers
Every tool gives the same answer twice: as structured content that conforms to its output schema, and as its compact
JSON for hosts that show only text. Fields without a value are left out, and so are standard checkboxes that are not
ticked; times in UTC end in `Z`; invisible and bidirectional control characters are stripped from what records say.

- **Rows**: `columns` and `rows`, a parent's fields as columns such as `Account.Name`. In resources and prompts they are
  CSV, below lines with the rest of the answer.
- **Paging**: where there is more, the answer has a `next_cursor`; the same call with it as `cursor` goes on exactly
  behind the last row. A cursor belongs to one org, user and call, and works on any copy of the server. An answer that
  would be longer than `SALESFORCE_MAX_ANSWER_TOKENS` ends at a whole row; `left_out` counts the rows that its `limit`
  had room for.
- **Times**: `start` and `end` have `utc`, `local` (with its offset) and `weekday`, in the `time_zone` that the answer
  names: the one asked for, else the owner's, else the user's. All-day appointments are days, which no zone shifts. A
  row of `salesforce_list_appointments` has `start.weekday`, `start.local` and `end.local`: days where it is all-day.
  Other times are UTC, or local with their offset where `time_zone` asks for that.
- **Rows saved**: `succeeded` and `failed` count them, and each has its `row` (from 0), Id and outcome. Where one is
  refused and `all_or_none` holds, nothing is saved and the call is an error. More than 200 rows go in parts, with a
  progress notification after each; if a part fails, `unknown` and `not_sent` name the rows that it leaves, so that the
  rest can be sent again.
- **Long texts** that are cut say how many characters are missing, and which `fields` give the rest
  (`Description[500:]` is a text from its 501st character on).
- **Withheld**: under a [policy](policy.md), `withheld` names the fields that were left out.
- **Changes** give `before` and `after` of each field whose value is another one now.

## Values
Null, and a text without a character, say that a field was not given where a record is made, and clear it where one is
changed; so does an object or a list that has nothing else in it. An upsert does the one or the other, row by row. What
cannot be empty, such as `OwnerId`, is not cleared. A host that drops fields of `data` that the schema does not name
(mcp-use through LangChain, mcpo) loses custom fields: use the record tools there.

## Errors
A refused call is flagged as an error. Its text is `Error:` and compact JSON, which `_meta` has too:

| key | meaning |
|---|---|
| `code` | Salesforce's error code, or the server's own: {codes} |
| `message` | what is wrong, in Salesforce's words where it was Salesforce that refused |
| `message_by` | whose words they are, where people of the org wrote them: a rule, a trigger, a flow |
| `problems` | where a call is about several records: a line for each different problem, with its rows |
| `near` | the place of a syntax error, with a caret below |
| `fields` | the arguments or fields it is about |
| `retryable` | whether the same call can succeed a little later |
| `hint` | what to do next; the nearest names for one that is misspelt |

[errors.md](errors.md) has Salesforce's codes, what they mean and what to do. Arguments are checked before anything is
sent. An unknown argument is refused, never ignored.
"""


def render_readme(before: str) -> str:
    """Return README.md with the table of tools between its markers."""
    rows = [
        f"| {toolset.name if spec is toolset.specs[0] else ''} | `{spec.name}` | {_summary(spec)} |"
        for toolset in TOOLSETS
        for spec in toolset.specs
    ]
    table = "\n".join(["| Toolset | Tool | What it does |", "|---|---|---|", *rows])
    more = "Arguments, answers and errors: [docs/tools.md](docs/tools.md)."
    head, _, rest = before.partition(BEGIN)
    return f"{head}{BEGIN}\n{table}\n\n{more}\n{END}{rest.partition(END)[2]}"


def render_tools(_before: str) -> str:
    """Return docs/tools.md: each tool with its arguments."""
    sections = []
    for toolset in TOOLSETS:
        tools = "\n".join(_tool(spec) for spec in toolset.specs)
        sections.append(f"## {toolset.name}\n{toolset.description}.\n\n{tools}")
    prompts = "\n".join(map(_prompt, PROMPTS))
    return PAGE.format(
        toolsets="\n".join(sections), prompts=prompts, codes=", ".join(f"`{code}`" for code in _OWN_CODES)
    )


def snapshots() -> dict[str, Callable[[str], str]]:
    """Return a page for each tool: what a host lists of it."""

    def page(spec: ToolSpec) -> Callable[[str], str]:
        return lambda _before: json.dumps(_listed(build_tool(spec)), indent=2, ensure_ascii=False) + "\n"

    return {f"{SNAPSHOTS}/{spec.name}.json": page(spec) for toolset in TOOLSETS for spec in toolset.specs}


def _listed(tool: SalesforceTool) -> dict[str, Any]:
    annotations = tool.annotations.model_dump(by_alias=True, exclude_none=True) if tool.annotations else None
    return {
        "name": tool.name,
        "title": tool.title,
        "description": tool.description,
        "inputSchema": tool.parameters,
        "outputSchema": tool.output_schema,
        "annotations": annotations,
        "_meta": tool.meta,
    }


def _tool(spec: ToolSpec) -> str:
    schema = build_tool(spec).parameters
    required = schema.get("required", [])
    rows = [
        f"| `{name}` | {_type(value)} | {_default(name, value, required)} | {_text(value)} |"
        for name, value in schema["properties"].items()
    ]
    table = "\n".join(["| argument | type | default | meaning |", "|---|---|---|---|", *rows])
    example = json.dumps(spec.example, ensure_ascii=False)
    return f"### `{spec.name}`\n{spec.description}\n\n{table}\n\nIn the demo org: `{example}`\n"


def _prompt(spec: PromptSpec) -> str:
    prompt = build_prompt(spec)
    arguments = "<br>".join(f"`{each.name}`: {each.description}" for each in prompt.arguments or ())
    return f"| `{prompt.name}` | {prompt.description} | {arguments} |"


def _summary(spec: ToolSpec) -> str:
    return spec.description.partition("\n")[0]


def _type(schema: dict[str, Any]) -> str:
    if schema["type"] == "array":
        return f"list of {schema['items']['type']}"
    low, high = schema.get("minimum"), schema.get("maximum")
    return f"{schema['type']}, {low} to {high}" if high else str(schema["type"])


def _default(name: str, schema: dict[str, Any], required: list[str]) -> str:
    return "required" if name in required else str(schema.get("default", ""))


def _text(schema: dict[str, Any]) -> str:
    """Return an argument's description, and the fields that its own schema shows."""
    lines = [schema.get("description", "")]
    for name, value in schema.get("properties", {}).items():
        choices = ", ".join(value.get("enum", ())) or value["type"]
        lines.append(f"`{name}` ({choices}) {value.get('description', '')}".rstrip())
    return "<br>".join(lines).replace("|", "\\|")

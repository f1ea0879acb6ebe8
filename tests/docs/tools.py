"""What the toolsets write: the README's table, docs/tools.md, and the snapshot of each tool's schemas."""

import json
from collections.abc import Callable
from typing import Any

from mcp_salesforce.surface.prompting import PromptSpec
from mcp_salesforce.surface.prompts import all_prompts, build_prompt
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
Hosts show these by name. Each prompt says which tools to use and gives the user's time and, if needed, the agenda of
the day. A prompt is listed only if its tools are. Arguments are completed: dates, contacts, users and rooms.

| prompt | what it does | arguments |
|---|---|---|
{prompts}

## Resources
| URI | content |
|---|---|
| `salesforce://agenda/{{date}}` | your appointments on one day: a date, `today` or `tomorrow` |
| `salesforce://agenda/{{date}}/picture` | the same day as a picture (SVG), for hosts that show pictures |
| `salesforce://schema/{{sobject}}` | the fields of an object; its name is completed |

## Answers
Every tool returns the same answer twice: as structured content that conforms to its output schema, and as compact JSON
for hosts that show only text. Fields without a value and standard checkboxes that are not ticked are left out. Times
in UTC end in `Z`. Invisible and bidirectional control characters are removed from the text of records.

- **Rows**: `columns` and `rows`. A parent's field is a column such as `Account.Name`. In resources and prompts the
  rows are CSV, after the lines with the rest of the answer.
- **Paging**: if there are more rows, the answer has a `next_cursor`. The same call with this `cursor` continues after
  the last row. A cursor is valid for one org, user and call, on any copy of the server. An answer that would be longer
  than `SALESFORCE_MAX_ANSWER_TOKENS` ends after a whole row; `left_out` counts the rows within `limit` that did not
  fit.
- **Times**: `start` and `end` have `utc`, `local` (with offset) and `weekday`. Local times are in the `time_zone` of
  the answer: the one in the call, or the owner's, or the user's. All-day appointments are dates and
  do not depend on a time zone. A row of `salesforce_list_appointments` has `start.weekday`, `start.local` and
  `end.local`, which are dates for all-day appointments. Other times are UTC, or local with offset if the
  call has `time_zone`.
- **Saved rows**: `succeeded` and `failed` count the rows. Each row has its number (`row`, from 1), Id and outcome. Of
  more than 20 rows only the failed ones are listed; `list_saved` of `salesforce_create_records` lists all. If a row is
  refused and `all_or_none` is true, nothing is saved and the call fails; if it is false, the other rows are saved.
  `columns` and `rows` say the same as `records` in fewer tokens. More than 200 rows are sent in parts, with a progress
  notification after each. If a part fails, `unknown` and `not_sent` list the rows that remain, so that you can send
  them again.
- **Long texts** are cut. The cut text says how many characters are missing, and which `fields` return the rest
  (`Description[500:]` is the text from its 501st character on).
- **Withheld**: under a [policy](policy.md), `withheld` lists the fields that were left out.
- **Changes** have `before` and `after` of each field whose value has changed.

## Values
When a record is created, null or an empty text means that the field is not given. When a record is changed, it clears
the field. An object or a list with nothing but such values means the same. An upsert follows these rules row by row.
Fields that cannot be empty, such as `OwnerId`, are not cleared. Some hosts drop fields of `data` that the schema does
not name (mcp-use through LangChain, mcpo). With these hosts, use the record tools to write custom fields.

## Errors
If a call fails, the result is flagged as an error. Its text is `Error:` and compact JSON, which is also in `_meta`:

| key | meaning |
|---|---|
| `code` | Salesforce's error code, or the server's own: {codes} |
| `message` | what is wrong; if Salesforce refused the call, in Salesforce's words |
| `message_by` | who wrote the message, if people of the org did: in a rule, a trigger or a flow |
| `problems` | for a call with several records: one line for each different problem, with its rows |
| `near` | the place of a syntax error, marked with a caret |
| `fields` | the arguments or fields that caused it |
| `retryable` | whether the same call can succeed a little later |
| `hint` | what to do next; for a misspelt name, similar names |

[errors.md](errors.md) explains Salesforce's codes. The server checks arguments before it sends anything. It refuses
unknown arguments and never ignores them.
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
    prompts = "\n".join(map(_prompt, all_prompts()))
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

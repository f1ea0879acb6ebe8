"""The page that the table of error codes writes: docs/errors.md."""

from mcp_salesforce.salesforce.advice import ADVICE, MEANINGS
from mcp_salesforce.salesforce.codes import error_class

PAGE = """<!-- Generated from src/mcp_salesforce/salesforce/advice.py by `make docs UPDATE=1`. -->
# What Salesforce's errors mean

The error of a tool has Salesforce's code and message (`code`, `message`), the fields, whether the same call can
succeed a little later (`retryable`), and what to do next (`hint`). The hint has the two last columns of this table, or
more if the server knows more, such as similar names or the allowed values. `message_by` says that people of the org
wrote the message, in a validation rule, a trigger or a flow; it is shown unchanged. `near` shows the place of a syntax
error. "Class" is the exception that the [client](../src/mcp_salesforce/salesforce/errors.py) raises.

| Code | Class | What is wrong | What to do |
|---|---|---|---|
{rows}

For every other code, the hint is that of its class.

## Codes with several meanings
For these codes Salesforce's message shows which meaning applies. "Words" is a pattern that ignores case:

| Code | Words | What is wrong | What to do |
|---|---|---|---|
{meanings}
"""
_BAD_REQUEST = 400


def render_errors(_before: str) -> str:
    """Return docs/errors.md: each code with its class, cause and next step."""
    rows = [
        f"| `{code}` | `{error_class(code, _BAD_REQUEST).__name__}` | {advice.cause} | {advice.next_step} |"
        for code, advice in ADVICE.items()
    ]
    meanings = [
        f"| `{codes}` | `{words}` | {advice.cause} | {advice.next_step} |"
        for codes, words, advice in (
            (codes.replace("|", "`, `"), words.replace("|", r"\|"), advice) for codes, words, advice in MEANINGS
        )
    ]
    return PAGE.format(rows="\n".join(rows), meanings="\n".join(meanings))

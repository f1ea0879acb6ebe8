"""The page that the table of error codes writes: docs/errors.md."""

from mcp_salesforce.salesforce.advice import ADVICE, MEANINGS
from mcp_salesforce.salesforce.codes import error_class

PAGE = """<!-- Generated from src/mcp_salesforce/salesforce/advice.py by `make docs UPDATE=1`. -->
# What Salesforce's errors mean

A tool's error has Salesforce's code and words (`code`, `message`), the fields, whether the same call can succeed a
little later (`retryable`), and what to do next (`hint`): the columns below, or better where the server knows more, such
as the nearest names or the values allowed. `message_by` marks words that people of the org wrote, in a validation rule,
a trigger or a flow; they are not changed. `near` shows the place of a syntax error. The class is what the
[client](../src/mcp_salesforce/salesforce/errors.py) raises.

| Code | Class | What is wrong | What to do |
|---|---|---|---|
{rows}

Every other code has the advice of its class.

## Codes of several meanings
Salesforce's own words tell which (a pattern, whatever its case):

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

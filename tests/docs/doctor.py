"""The page that the doctor's table writes: docs/doctor.md."""

from mcp_salesforce.doctor import CAUSES
from mcp_salesforce.doctor.causes import STAGES

PAGE = """<!-- Generated from src/mcp_salesforce/doctor/causes.py by `make docs UPDATE=1`. -->
# When you cannot connect

`mcp-salesforce doctor` checks the way to your org, stage by stage. If a stage fails, the doctor names the cause, the
fix and the place to fix it; later stages may not be reached. The doctor only reads, uses about ten of the org's API
calls, and shows no secret. `--json` prints the result for scripts. Exit status 0: every stage passed; 1: a stage
failed.

The stages: {stages}.

| Cause | Stage | What is wrong | Fix | Where |
|---|---|---|---|---|
{rows}

If the doctor does not know the cause, it shows Salesforce's own message.
"""


def render_doctor(_before: str) -> str:
    """Return docs/doctor.md: each cause with its fix."""
    rows = [
        f"| `{cause.name}` | {'any' if cause.stages == '*' else cause.stages.replace(' ', ', ')} | {cause.cause} "
        f"| {cause.fix} | {cause.setup} |"
        for cause in CAUSES
    ]
    return PAGE.format(stages=", ".join(f"`{name}`" for name in STAGES), rows="\n".join(rows))

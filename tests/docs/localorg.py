"""docs/localorg.md: what the local org does and how well each behaviour is known, from the marks beside the code."""

import ast
import importlib
import pkgutil
from collections.abc import Iterator
from pathlib import Path

from mcp_salesforce import localorg
from mcp_salesforce.localorg.evidence import BEHAVIOURS, Behaviour
from mcp_salesforce.localorg.routes.missing import NAMES
from mcp_salesforce.localorg.standard import STANDARD_OBJECTS
from tests.clients.verified import VERIFIED

MARKS = {
    "recorded": "recorded",
    "verified": "verified by a client",
    "documented": "documented",
    "quoted": "quoted",
    "simulated": "simulated without evidence",
}

HEAD = """# The local org: what it does, and how well that is known

Generated from the marks beside the code (`make docs UPDATE=1`). Each behaviour is

- **recorded**: seen in the traffic of a real org, or tried there by someone who published the result;
- **verified**: an unmodified Salesforce client uses it in this project's tests (`tests/clients/`);
- **documented**: Salesforce's guides say so;
- **quoted**: real text that appears in several public repositories or logs;
- **simulated without evidence**: plausible, but do not rely on it.

For everything that the local org does not imitate, it answers with status 501 and a message that says so.

A new org has three users. Nora Quill can see and change everything. Jonas Brandt and Aiko Sunada are below her in the
role hierarchy; the rules under "Sharing" apply to them. Accounts and opportunities are private, contacts follow their
account, leads are read-only, events and tasks are private. To log in as one of them, use `--as jonas`, the consent
page, or a JWT or password with the user name; the password is the same for all. To find out why Jonas cannot see a
record, ask as Nora:

```sql
SELECT RecordId, HasReadAccess, MaxAccessLevel FROM UserRecordAccess
WHERE UserId = '005lo0000000002AAA' AND RecordId = '001lo0000000001AAA'
```

Sharing rules, teams, territories and restriction rules are not simulated, nor are permissions on objects and fields.
"""


def render_localorg(_before: str) -> str:
    """Return the page as it should be."""
    behaviours = marked_behaviours()
    lines = [HEAD, "| how it is known | behaviours |", "|---|---|"]
    lines += [f"| {words} | {sum(each.mark == mark for each in behaviours)} |" for mark, words in MARKS.items()]
    lines += [f"| verified by {name} too | {sum(name in clients(each) for each in behaviours)} |" for name in VERIFIED]
    for area in sorted({behaviour.area for behaviour in behaviours}):
        lines += ["", f"## {area}", "", "| behaviour | how it is known |", "|---|---|"]
        lines += [f"| {cell(each.statement)} | {how_known(each)} |" for each in behaviours if each.area == area]
    lines += ["", "## Objects", "", "| object | Ids begin with | fields |", "|---|---|---|"]
    lines += [f"| {each.name} | `{each.key_prefix}` | {len(each.fields)} |" for each in STANDARD_OBJECTS]
    lines += ["", "## Known to be missing (501)", ""]
    lines += [f"- {what}" for what in sorted(set(missing()))]
    return "\n".join(lines) + "\n"


def how_known(behaviour: Behaviour) -> str:
    """The mark, and the clients that used the route."""
    return ", ".join([MARKS[behaviour.mark], *(f"verified by {name}" for name in clients(behaviour))])


def clients(behaviour: Behaviour) -> list[str]:
    """The clients whose tests use the route that the behaviour is about."""
    return [name for name, routes in VERIFIED.items() if any(f"`{route}`" in behaviour.statement for route in routes)]


def marked_behaviours() -> list[Behaviour]:
    """Every behaviour that a module of the local org marks, by area and then by the place in the code."""
    for module in pkgutil.walk_packages(localorg.__path__, f"{localorg.__name__}."):
        importlib.import_module(module.name)
    unique = dict.fromkeys(BEHAVIOURS)
    return sorted(unique, key=lambda each: (each.area, each.where, each.statement))


def missing() -> Iterator[str]:
    """What the code refuses with 501, in the words of the refusal."""
    yield from (f"`{name}`" for name in NAMES)
    for path in sorted(Path(localorg.__file__).parent.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and called(node) == "not_implemented" and node.args:
                said = cell("".join(words(node.args[0])))
                if said.strip("… "):
                    yield said


def called(node: ast.Call) -> str:
    """The last part of the name that is called."""
    return node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")


def words(node: ast.expr) -> Iterator[str]:
    """A text of the source, with an ellipsis for what is known at run time only."""
    if isinstance(node, ast.Constant):
        yield str(node.value)
    elif isinstance(node, ast.JoinedStr):
        for part in node.values:
            yield from words(part)
    else:
        yield "…"


def cell(text: str) -> str:
    """The text as it can stand in a table."""
    return text.replace("|", "\\|").replace("\n", " ")

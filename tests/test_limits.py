"""Modules and functions stay short; those that do not are named here, and leave the list when they are split."""

import ast
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

SOURCE = Path(__file__).parents[1] / "src" / "mcp_salesforce"
LINES_OF_A_MODULE, LINES_OF_A_FUNCTION = 300, 40

LONG_MODULES = {
    "tools/insight/access.py",
    "appointments/times.py",
    "localorg/routes/collections.py",
    "localorg/services/records.py",
    "localorg/standard/definitions.py",
    "localorg/standard/seed.py",
    "localorg/store/scope.py",
    "localorg/store/sqlite.py",
    "salesforce/advice.py",
    "salesforce/errors.py",
    "salesforce/models.py",
    "settings/settings.py",
    "soql/parser.py",
    "soql/tree.py",
    "soql_names.py",
    "tools/appointments/closing.py",
    "tools/framework/toolset.py",
}
LONG_FUNCTIONS = {
    "localorg/__init__.py:open",
    "localorg/services/describe.py:_field",
    "salesforce/api/soap.py:convert_lead",
    "salesforce/client.py:__init__",
    "salesforce/transport.py:exchange",
    "tools/appointments/availability.py:find_free_times",
    "tools/appointments/rescheduling.py:reschedule_appointments",
    "tools/appointments/updating.py:update_appointment",
    "tools/appointments/events.py:list_appointments",
    "tools/appointments/new_series.py:plan_of",
    "tools/framework/session.py:__init__",
    "tools/query/toolset.py:query",
}


def functions(module: Path) -> Iterator[tuple[str, int]]:
    """Yield the functions of a module by name, with their lines: signature, docstring and all."""
    for node in ast.walk(ast.parse(module.read_text("utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield f"{name_of(module)}:{node.name}", (node.end_lineno or 0) - node.lineno + 1


def name_of(module: Path) -> str:
    return module.relative_to(SOURCE).as_posix()


MODULES = sorted(SOURCE.rglob("*.py"))


def test_only_these_modules_have_more_than_300_lines() -> None:
    lines = {name_of(module): len(module.read_text("utf-8").splitlines()) for module in MODULES}

    assert {name for name, count in lines.items() if count > LINES_OF_A_MODULE} == LONG_MODULES


def test_only_these_functions_have_more_than_40_lines() -> None:
    lines = [each for module in MODULES for each in functions(module)]

    assert {name for name, count in lines if count > LINES_OF_A_FUNCTION} == LONG_FUNCTIONS


SHARED_NAMES = {
    "access": "who may do what with records",
    "bulk": "an API family, its service, its store and its route",
    "bulk_queries": "query jobs: who runs them, and whether they can be run",
    "collections": "an API family and its route",
    "columns": "the columns of a query's answer",
    "composite": "an API family and its route",
    "content": "files: their objects, service and route",
    "counting": "the count of appointments and its tool",
    "describe": "an API family, its service and its route",
    "errors": "what is raised, of one package",
    "events": "the object Event",
    "faults": "a service and its route",
    "field_values": "the values of fields",
    "files": "the API family of files, and what a policy says of them",
    "flows": "the flows of OAuth",
    "ids": "the Ids of records",
    "journal": "the journal and its command",
    "limits": "an API family, its service and its route",
    "literals": "the literals of SOQL",
    "oauth": "a service and its route",
    "org": "a command, checks and a toolset, each called so by people",
    "query": "a service and its route",
    "recurrence": "the recurrence of events",
    "search": "an API family, its service, its route and its tool",
    "series": "series of events",
    "soap": "an API family and its route",
    "sobjects": "an API family and its route",
    "toolset": "a toolset",
    "upserts": "records saved by their external Id",
    "values": "the values of settings",
    "wire": "what goes over the wire",
    "writes": "requests that write",
}


def test_a_module_name_that_comes_twice_means_one_thing() -> None:
    names = Counter(path.stem for path in SOURCE.rglob("*.py") if not path.stem.startswith("__"))

    assert {name for name, count in names.items() if count > 1} == SHARED_NAMES.keys()

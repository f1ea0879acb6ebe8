"""The tasks: the sixteen of a working day, and fourteen more of a clinic, of sales and of operations."""

from typing import Final

from evals.task import Task
from evals.tasks import calendar, clinic, operations, people, reports, sales  # noqa: F401 - known once imported

TASKS: Final = tuple(sorted(Task.__subclasses__(), key=lambda task: task.number))

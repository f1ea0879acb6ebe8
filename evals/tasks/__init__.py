"""The tasks: the sixteen of a working day, and fourteen more of a clinic, of sales and of operations."""

from typing import Final

from evals.task import Task
from evals.tasks import calendar, people, reports  # noqa: F401 - a task is known once it is imported

TASKS: Final = tuple(sorted(Task.__subclasses__(), key=lambda task: task.number))

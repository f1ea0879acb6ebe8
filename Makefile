# What CI runs is `make check`; each target also works alone.
.PHONY: check fmt lint type test docs bench

check: lint type docs test

fmt:  ## rewrite the code in the project's format
	uv run ruff check --fix-only --quiet .
	uv run ruff format .

lint:
	uv run ruff format --check .
	uv run ruff check .
	uv run lint-imports

type:
	uv run mypy

test:  ## every test, in two processes, with branch coverage
	uv run pytest -n 2 --cov --cov-report=term

docs:  ## generated pages are what the code says; `make docs UPDATE=1` writes them
	uv run python -m tests.docs.generate $(if $(UPDATE),,--check)

bench:
	uv run --group bench python -m bench

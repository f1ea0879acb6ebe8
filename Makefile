# `make check` before a commit; each target also works alone. CI has run the tests by then: `make check TESTS=days`.
.PHONY: check fmt lint type test days zones docs site bench

check: lint type docs site $(or $(TESTS),test)

fmt:  ## rewrite the code in the project's format
	uv run --group lint ruff check --fix-only --quiet .
	uv run --group lint ruff format .

lint:
	uv run --group lint ruff format --check .
	uv run --group lint ruff check .
	uv run --group lint lint-imports

type:
	uv run --group lint mypy

test:  ## every test, with branch coverage
	uv run pytest --cov --cov-report=term

days:  ## every test on a day when the clocks change, and on 29 February; Linux with a C compiler
	.ci/days

zones:  ## every test on machines of five zones with old zone files; `.ci/zones tests/appointments` runs some
	.ci/zones

docs:  ## generated pages are what the code says; `make docs UPDATE=1` writes them
	uv run python -m tests.docs.generate $(if $(UPDATE),,--check)

site:  ## the documentation site, in .site/html; broken links end it; `make site URL=https://docs.acme.com/` for another address
	uv run --group site python -m tests.docs.site $(URL)

bench:
	uv run --group bench python -m bench

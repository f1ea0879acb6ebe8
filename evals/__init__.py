"""Tasks of a working day, each with a start state, a request and a check afterwards: see `evals/README.md`."""

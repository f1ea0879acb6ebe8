"""Tasks of a working day, for any model, host or server: see `evals/README.md`."""

"""Repeatable benchmarks: `make bench`."""

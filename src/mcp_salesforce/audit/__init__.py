"""The audit: one line for each call that reads or writes, with no value in it, each chained to the one before it.

`calls` collects what a call touches, from its requests; `subjects` tells what those are about; `chain` makes lines and
checks them; `trail` keeps them in a file, `otel` sends them away.
"""

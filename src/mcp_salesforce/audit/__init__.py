"""The audit: one line for each call that reads or writes, with no value in it, each chained to the one before it.

`calls` collects what a call touches, from its requests; `subjects` finds their objects, Ids and fields; `chain` makes
and checks lines; `trail` keeps them in a file; `otel` sends them as log records.
"""

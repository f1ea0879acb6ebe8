"""The standard objects and the records a new org starts with."""

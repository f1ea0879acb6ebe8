"""The client against the local org."""

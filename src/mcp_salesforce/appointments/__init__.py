"""The calendar engine: pure functions over instants and intervals."""

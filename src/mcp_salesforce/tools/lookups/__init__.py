"""What several toolsets do with records in the same way."""

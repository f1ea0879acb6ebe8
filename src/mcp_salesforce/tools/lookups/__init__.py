"""What several toolsets do with records."""

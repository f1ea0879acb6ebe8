"""The settings: what they are, what each may hold, and how they lead to the org."""

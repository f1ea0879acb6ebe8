"""Everything that a model sees besides tools: instructions, prompts, resources, completions."""

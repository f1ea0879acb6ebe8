"""What a model sees that is no tool: instructions, prompts, resources, completions."""

"""What is wrong with a schema file."""


class SchemaFileError(ValueError):
    """A schema file cannot be used; the message names the file, the place and what would be right."""

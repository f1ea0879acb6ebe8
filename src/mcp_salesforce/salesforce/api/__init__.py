"""One module for each family of the REST API."""

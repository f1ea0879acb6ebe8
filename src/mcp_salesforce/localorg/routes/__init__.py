"""HTTP to services and back: one module for each family of the REST API."""

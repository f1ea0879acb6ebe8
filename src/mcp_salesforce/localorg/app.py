"""The ASGI application: routes, and the one place where an OrgError becomes JSON."""

"""One exchange: a request for a status, headers and bytes."""

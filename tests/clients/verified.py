"""Which routes of the local org each client used with success: docs/localorg.md shows it, each one's tests check it."""

_DATA = "/services/data/{version}"
_ROW = f"{_DATA}/sobjects/{{sobject}}/{{record_id}}"
_ROWS = frozenset({f"POST {_DATA}/sobjects/{{sobject}}", f"GET {_ROW}", f"PATCH {_ROW}", f"DELETE {_ROW}"})
_QUERY_PAGES = frozenset({f"GET {_DATA}/query", f"GET {_DATA}/query/{{locator}}"})
_DESCRIBES = frozenset({f"GET {_DATA}/sobjects", f"GET {_DATA}/sobjects/{{sobject}}/describe"})
_LIMITS = frozenset({f"GET {_DATA}/limits"})

_BULK = frozenset(
    {
        f"POST {_DATA}/jobs/query",
        f"GET {_DATA}/jobs/query/{{job_id}}",
        f"GET {_DATA}/jobs/query/{{job_id}}/results",
        f"POST {_DATA}/jobs/ingest",
        f"PUT {_DATA}/jobs/ingest/{{job_id}}/batches",
        f"PATCH {_DATA}/jobs/ingest/{{job_id}}",
        f"GET {_DATA}/jobs/ingest/{{job_id}}",
        f"GET {_DATA}/jobs/ingest/{{job_id}}/{{which}}",
    }
)

VERIFIED = {
    "jsforce": _ROWS
    | _QUERY_PAGES
    | _DESCRIBES
    | _LIMITS
    | {
        f"POST {_DATA}/composite/sobjects",
        f"GET {_DATA}",
        "GET /id/{organization_id}/{user_id}",
        "POST /services/oauth2/token",
        "POST /services/Soap/{api}/{version_and_org:path}",
    },
    "simple-salesforce": _ROWS
    | _QUERY_PAGES
    | _DESCRIBES
    | _LIMITS
    | {f"PATCH {_DATA}/sobjects/{{sobject}}/{{field}}/{{value}}"},
    "jsforce bulk2": _BULK | {f"DELETE {_DATA}/jobs/ingest/{{job_id}}"},
    "simple-salesforce bulk2": _BULK,
    "sf data bulk": _BULK,
    "sf CLI": _ROWS | {f"GET {_DATA}/query", "GET /services/data", "GET /services/oauth2/userinfo"},
}

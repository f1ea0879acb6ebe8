"""Asks for a job of version 1 of the Bulk API as a user of salesforce-bulk does, and prints what it saw as JSON."""

import json
import os
from urllib.parse import urlsplit

from salesforce_bulk import SalesforceBulk

org = json.loads(os.environ["ORG"])
bulk = SalesforceBulk(sessionId=org["access_token"], host=urlsplit(org["instance_url"]).netloc, API_version="60.0")
try:
    seen = {"job": bulk.create_query_job("Contact", contentType="CSV")}
except Exception as error:  # noqa: BLE001 - it raises errors of several kinds
    seen = {"class": type(error).__name__, "status": getattr(error, "status_code", None), "message": str(error)}
print(json.dumps(seen))

"""Works through an org as a user of simple-salesforce does, and prints what it saw as one line of JSON."""

import json
import os
from collections.abc import Callable
from typing import Any

from simple_salesforce import Salesforce
from simple_salesforce.exceptions import SalesforceError


def refused(call: Callable[[], Any]) -> Any:
    try:
        return {"value": call()}
    except SalesforceError as error:
        return {"class": type(error).__name__, "status": error.status, "code": error.content[0]["errorCode"]}


org = json.loads(os.environ["ORG"])
sf: Any = Salesforce(instance_url=org["instance_url"], session_id=org["access_token"], version="60.0")
expired: Any = Salesforce(instance_url=org["instance_url"], session_id="00D!expired", version="60.0")
created = sf.Contact.create({"LastName": "Förster", "FirstName": "Ana"})
record_id = created["id"]
read = sf.Contact.get(record_id)
updated = sf.Contact.update(record_id, {"Title": "O'Brien & Söhne"})
title = sf.query(f"SELECT Title FROM Contact WHERE Id = '{record_id}'")["records"][0]["Title"]
upserted = sf.Contact.upsert(f"Id/{record_id}", {"Department": "Sales"})
rows = [row["Id"] for row in sf.query_all_iter("SELECT Id FROM Contact")]
described = sf.Contact.describe()
deleted = sf.Contact.delete(record_id)
print(
    json.dumps(
        {
            "created": created,
            "read": read,
            "updated": updated,
            "title": title,
            "upserted": upserted,
            "rows": len(rows),
            "distinct": len(set(rows)),
            "described": {"name": described["name"], "fields": [field["name"] for field in described["fields"]]},
            "objects": [sobject["name"] for sobject in sf.describe()["sobjects"]],
            "limits": sf.limits(),
            "usage": list(sf.api_usage["api-usage"]),
            "deleted": deleted,
            "gone": refused(lambda: sf.Contact.get(record_id)),
            "malformed": refused(lambda: sf.query("SELECT Nmae FROM Contact")),
            "unknown": refused(sf.Nothing.describe),
            "expired": refused(lambda: expired.query("SELECT Id FROM User")),
        }
    )
)

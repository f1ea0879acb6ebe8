"""Works through Bulk API 2.0 as a user of simple-salesforce does, and prints what it saw as one line of JSON."""

import json
import os
import tempfile
from pathlib import Path
from typing import Any

from simple_salesforce import Salesforce
from simple_salesforce.exceptions import SalesforceError

org = json.loads(os.environ["ORG"])
sf: Any = Salesforce(instance_url=org["instance_url"], session_id=org["access_token"], version="60.0")
contacts = sf.bulk2.Contact

pages = list(contacts.query("SELECT Id, LastName FROM Contact ORDER BY Id", max_records=900))
inserted = contacts.insert(
    records=[{"LastName": "Förster", "Title": 'The "Boss"'}, {"LastName": "", "Title": "none"}], wait=0.1
)
job = inserted[0]["job_id"]
successful = contacts.get_successful_records(job)
record_id = successful.splitlines()[1].split(",")[0].strip('"')
updated = contacts.update(records=[{"Id": record_id, "Title": "#N/A"}], wait=0.1)
upserted = contacts.upsert(
    records=[{"Email": "simple@example.com", "LastName": "Simple"}], external_id_field="Email", wait=0.1
)
with tempfile.TemporaryDirectory() as folder:
    downloaded = contacts.download("SELECT Id FROM Contact", path=folder, max_records=100_000)
    lines = len(Path(downloaded[0]["file"]).read_text(encoding="utf-8").splitlines())
record = sf.Contact.get(record_id)
deleted = contacts.delete(records=[{"Id": record_id}], wait=0.1)
try:
    contacts.insert(records=[{"Nothing": "x"}], wait=0.1)
    failed = ""
except SalesforceError as error:
    failed = str(error)
except Exception as error:  # noqa: BLE001 - it raises errors of several kinds
    failed = f"{type(error).__name__}: {error}"
print(
    json.dumps(
        {
            "pages": [len(page.splitlines()) - 1 for page in pages],
            "inserted": inserted,
            "successful": successful,
            "failures": contacts.get_failed_records(job),
            "unprocessed": contacts.get_unprocessed_records(job),
            "updated": updated,
            "upserted": upserted,
            "title": record["Title"],
            "deleted": deleted,
            "downloaded": [downloaded[0]["number_of_records"], lines],
            "failed": failed,
        }
    )
)

"""The pictures of the local org's explorer, which Chromium takes; whether they are current shows without it.

The stamp beside them is a digest of the page that they show, so a change of the page makes them out of date.
"""

import asyncio
import base64
import hashlib
import re
import shutil
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import httpx2

from mcp_salesforce.localorg import Fault, LocalOrg
from mcp_salesforce.localorg.explorer import Explorer
from mcp_salesforce.localorg.listener import listening
from tests.clients.test_login_browser import driving
from tests.conftest import NOW
from tests.orgs import new_org

ROOT = Path(__file__).parents[2]
STAMP: Final = "docs/pictures/explorer.stamp"
_PAGE: Final = "/_local/explorer/calls"
_DATA: Final = "/services/data/v60.0"
_WIDTH, _HEIGHT = 1000, 560


def are_stale() -> bool:
    """Tell whether the pictures show another page than the explorer has now."""
    stamp = ROOT / STAMP
    return not stamp.exists() or stamp.read_text(encoding="utf-8").strip() != asyncio.run(_digest())


def taken() -> bool:
    """Take the pictures again, light and dark; return False where there is no Chromium."""
    if shutil.which("chromium") is None or shutil.which("chromedriver") is None:
        return False
    with new_org(lambda: NOW) as org, TemporaryDirectory() as folder:
        explorer = Explorer(org)
        asyncio.run(_work(org, explorer))
        with listening(explorer) as address, driving(Path(folder)) as drive:

            def command(name: str, **parameters: object) -> dict[str, str]:
                answer: dict[str, str] = drive("POST", "/goog/cdp/execute", {"cmd": name, "params": parameters})
                return answer

            command(
                "Emulation.setDeviceMetricsOverride", width=_WIDTH, height=_HEIGHT, deviceScaleFactor=1, mobile=False
            )
            for theme in ("light", "dark"):
                command("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": theme}])
                drive("POST", "/url", {"url": f"{address}{_PAGE}"})
                picture = command("Page.captureScreenshot", format="webp", quality=80)["data"]
                (ROOT / f"docs/pictures/explorer-{theme}.webp").write_bytes(base64.b64decode(picture))
    (ROOT / STAMP).write_text(f"{asyncio.run(_digest())}\n", encoding="utf-8")
    return True


async def _digest() -> str:
    with new_org(lambda: NOW) as org:
        explorer = Explorer(org)
        await _work(org, explorer)
        async with _client(explorer) as client:
            page = re.sub(r"[\d.]+\sms", "ms", (await client.get(_PAGE)).text)
    return hashlib.sha256(page.encode()).hexdigest()


async def _work(org: LocalOrg, explorer: Explorer) -> None:
    """Do what an agent does who books an appointment, with one failure on the way."""
    headers = {"Authorization": f"Bearer {org.credentials.access_token}"}
    contact = "SELECT Id, Name, Email FROM Contact WHERE Name = 'Saskia Eriksen'"
    busy = "SELECT Subject, StartDateTime, EndDateTime FROM Event WHERE StartDateTime = NEXT_WEEK AND OwnerId = "
    meeting = {"Subject": "Check-up", "StartDateTime": "2026-11-24T15:00:00Z", "DurationInMinutes": 30}
    async with _client(explorer) as client:
        await client.get(f"{_DATA}/query", params={"q": contact}, headers=headers)
        await client.get(f"{_DATA}/query", params={"q": f"{busy}'{org.user_id}'"}, headers=headers)
        org.faults.add(Fault("unavailable", method="POST"))
        await client.post(f"{_DATA}/sobjects/Event", json=meeting, headers=headers)
        made = await client.post(f"{_DATA}/sobjects/Event", json=meeting, headers=headers)
        record = f"{_DATA}/sobjects/Event/{made.json()['id']}"
        await client.patch(record, json={"Location": "Room 4"}, headers=headers)


def _client(explorer: Explorer) -> httpx2.AsyncClient:
    return httpx2.AsyncClient(transport=httpx2.ASGITransport(explorer), base_url="http://127.0.0.1:8080")

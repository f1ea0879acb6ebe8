"""The agenda in Chromium: what 2,000 appointments in a month cost beside none, to the first paint and when scrolled."""

import asyncio
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import Any

from mcp import Client
from tests.clients.test_login_browser import Drive, driving
from tests.conftest import settings_of
from tests.views.probe import Probe, probe_of

from bench.figures import Figure
from mcp_salesforce.localorg import LocalOrg
from mcp_salesforce.localorg.store.ids import mint
from mcp_salesforce.salesforce import AsgiTransport
from mcp_salesforce.server import create_server
from mcp_salesforce.views import html_of, manifest

EVENTS = 2_000
RUNS = 9
MOST_SLOWER = 2.5
MOST_FRAME_MS = 50
PATIENCE_S = 30
WIDE, NARROW = 1200, 320
DRAWN = {WIDE: ".month", NARROW: "section, .note"}
WATCH = """
if (window !== top) {
  const isDrawn = () => [...document.querySelectorAll("%s")].some(each => each.getAttribute("role") !== "status");
  const watch = new MutationObserver(() => {
    if (!isDrawn()) return;
    watch.disconnect();
    requestAnimationFrame(() => {
      const { port1, port2 } = new MessageChannel();
      port1.onmessage = () => { window.paintedAt = performance.now(); };
      port2.postMessage(0);
    });
  });
  watch.observe(document, { childList: true, subtree: true });
}
"""
"""Notes when the frame in which the view is first drawn has been painted, from the start of its load."""
SCROLL = """
const done = arguments[0], frames = [], page = document.scrollingElement;
let last = performance.now(), at = 0;
const next = (now) => {
  frames.push(now - last);
  last = now;
  at += 6;
  page.scrollTop = at;
  if (page.scrollTop < at - 6 || frames.length > 240) done(frames.slice(2));
  else requestAnimationFrame(next);
};
requestAnimationFrame(next);
"""
"""Scrolls to the end, 6 pixels a frame; returns how long each frame took, in milliseconds."""


def month_of(number: int) -> dict[str, Any]:
    """Return the call that a month of the year 2026 is shown of."""
    first, last = f"2026-{number:02}-01", f"2026-{number:02}-28"
    return {"name": "salesforce_list_appointments", "arguments": {"start": first, "end": last, "limit": 2000}}


def shown(browser: Drive, address: str) -> float:
    """Open a view; return the milliseconds until it was painted."""
    browser("POST", "/url", {"url": "about:blank"})
    browser("POST", "/url", {"url": address})
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        if frames := browser("POST", "/elements", {"using": "css selector", "value": "iframe"}):
            browser("POST", "/frame", {"id": frames[0]})
            if at := browser("POST", "/execute/sync", {"script": "return window.paintedAt", "args": []}):
                return float(at)
            browser("POST", "/frame", {"id": None})
        time.sleep(0.05)
    raise TimeoutError(address)


def watch(browser: Drive, width: int) -> str:
    """Watch the loads to come; return the mark by which to end that."""
    command = {"cmd": "Page.addScriptToEvaluateOnNewDocument", "params": {"source": WATCH % DRAWN[width]}}
    return str(browser("POST", "/goog/cdp/execute", command)["identifier"])


def measured(browser: Drive, probe: Probe, width: int) -> tuple[float, float, float]:
    """Return how soon a full and an empty month are painted, and the longest frame of the calmest scroll."""
    mark = watch(browser, width)
    setup: dict[str, Any] = {"width": width, "height": 400, "isEarly": True}
    full, empty = (probe.address("agenda", month_of(number), **setup) for number in (10, 8))
    times = [(shown(browser, full), shown(browser, empty)) for _ in range(RUNS)]
    longest: list[float] = []
    for _ in range(3):
        shown(browser, full)
        frames = browser("POST", "/execute/async", {"script": SCROLL, "args": []})
        longest.append(max(frames))  # none means that nothing was scrolled
    command = {"cmd": "Page.removeScriptToEvaluateOnNewDocument", "params": {"identifier": mark}}
    browser("POST", "/goog/cdp/execute", command)
    first, second = zip(*times, strict=True)
    return min(first), min(second), min(longest)


def load_events(org: LocalOrg) -> None:
    """Fill October."""
    events = (
        {
            "Id": mint("00U", 9_000_000 + number),
            "OwnerId": org.user_id,
            "Subject": f"Visit {number}",
            "StartDateTime": f"2026-10-{number % 28 + 1:02}T{8 + number % 9:02}:00:00.000+0000",
            "EndDateTime": f"2026-10-{number % 28 + 1:02}T{8 + number % 9:02}:30:00.000+0000",
            "ActivityDate": f"2026-10-{number % 28 + 1:02}",
            "ActivityDateTime": f"2026-10-{number % 28 + 1:02}T{8 + number % 9:02}:00:00.000+0000",
            "DurationInMinutes": 30,
        }
        for number in range(EVENTS)
    )
    org.records.load("Event", events, org.user_id)


def looked_at(folder: Path, probe: Probe) -> list[Figure]:
    """Drive Chromium."""
    figures: list[Figure] = []
    with driving(folder) as browser:
        for width, what in ((WIDE, "month"), (NARROW, "list (320 px)")):
            full, empty, frame = measured(browser, probe, width)
            figures += [
                Figure(
                    f"{EVENTS:,} appointments in a {what}: first paint, ms (fastest of {RUNS}), to none",
                    full,
                    empty,
                    target=MOST_SLOWER,
                ),
                Figure("… longest frame when scrolled, ms (calmest of 3)", frame, target=MOST_FRAME_MS),
            ]
    return figures


async def about_views() -> list[Figure]:
    """Show a full and an empty month in turn."""
    with LocalOrg.open(None) as org, tempfile.TemporaryDirectory() as folder:
        load_events(org)
        async with Client(
            create_server(settings_of(org, max_answer_tokens=1_000_000), transport=AsgiTransport(org.app))
        ) as client:
            with probe_of(client, {view: html_of(view) for view in manifest()}) as probe:
                return await asyncio.to_thread(partial(looked_at, Path(folder), probe))

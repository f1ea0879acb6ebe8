"""Serve a site on a port of this machine until its page is closed, or until Ctrl-C."""

import asyncio
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final

import uvicorn

from mcp_salesforce.signals import ENDING, handling
from mcp_salesforce.viewer.view_site import Site

_LOOPBACK: Final = "127.0.0.1"
_END_S: Final = 1


async def serve(site: Site, ready: Callable[[str], None]) -> None:
    """Serve `site` until nobody has its page open any more, or a signal ends it.

    Args:
        site: What to serve.
        ready: Is called with the address to open once connections are accepted.
    """
    with socket.create_server((_LOOPBACK, 0)) as listener:
        origin = f"http://{_LOOPBACK}:{listener.getsockname()[1]}"
        server = _Server(
            site,
            uvicorn.Config(
                site.app(origin),
                http="h11",
                ws="none",
                lifespan="off",
                log_config=None,
                access_log=False,
                proxy_headers=False,
                server_header=False,
                timeout_graceful_shutdown=_END_S,
            ),
        )
        ended = asyncio.ensure_future(server.end_with_the_page())
        ready(site.address(origin))
        try:
            await server.serve(sockets=[listener])
        finally:
            ended.cancel()


class _Server(uvicorn.Server):
    """Ends with its site, and with status 0 when a signal has ended it."""

    def __init__(self, site: Site, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._site = site

    async def end_with_the_page(self) -> None:
        """End when the site is over."""
        await self._site.is_over.wait()
        self.should_exit = True

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """End at the first signal."""
        with handling(dict.fromkeys(ENDING, self.handle_exit)):
            yield

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin the end, which closes the page's connection."""
        self._site.end()
        super().handle_exit(sig, frame)

"""Files through the client: any bytes go up and come down, in pieces of any size."""

from collections.abc import AsyncIterator

from hypothesis import given
from hypothesis import strategies as st

from mcp_salesforce.salesforce import AsgiTransport, SalesforceClient
from mcp_salesforce.settings.connect import token_source
from tests.conftest import NOW, settings_of
from tests.orgs import new_org


class Taken:
    """A sink that keeps what it takes."""

    def __init__(self) -> None:
        self.data = bytearray()

    def begin(self) -> None:
        self.data.clear()

    def take(self, piece: bytes) -> None:
        self.data += piece


@given(st.binary(max_size=300) | st.sampled_from([b"\r\n--", b"--file-\r\n\r\n--", b""]), st.integers(1, 50))
async def test_any_bytes_come_back(data: bytes, size: int) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for start in range(0, len(data), size):
            yield data[start : start + size]

    with new_org(lambda: NOW, seed=False) as org:
        transport, taken = AsgiTransport(org.app), Taken()
        async with SalesforceClient(token_source(settings_of(org)), transport=transport) as client:
            made = await client.files.create({"PathOnClient": "a.bin", "Title": "Ä"}, pieces)
            await client.files.download(made.id or "", taken)
    assert bytes(taken.data) == data

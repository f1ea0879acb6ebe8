"""The store of many machines: Valkey, or Redis from version 6.2.

The client sends a command again where its answer was lost. So each change is a script that knows by a token of ours
whether it has run already: then it gives the same answer, and changes nothing.
"""

import secrets
from collections.abc import AsyncIterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from mcp_salesforce.store.interface import Entry, StoreError

if TYPE_CHECKING:
    from redis.asyncio import Redis
    from redis.commands.core import AsyncScript

SCHEMES: Final = {"redis": "redis", "rediss": "rediss", "valkey": "redis", "valkeys": "rediss"}
"""The schemes of addresses, and what the client calls them; those with an s speak TLS."""
_SPACE: Final = "mcp-salesforce"
_TOKEN_BYTES: Final = 12
_CONNECTIONS: Final = 32
_TURN_S: Final = 10.0  # for one of the connections, while hundreds of calls come at once
_ANSWER_S: Final = 2.0
_TRIES_AGAIN: Final = 4
_PAGE: Final = 500
_REMEMBERED_MS: Final = 30_000  # longer than the client can go on trying
_ONCE: Final = f"""
local done = redis.call('GET', KEYS[2])
if done then return done end
local function finish(answer)
  redis.call('SET', KEYS[2], answer, 'PX', {_REMEMBERED_MS})
  return answer
end
"""
_KEEP: Final = """
redis.call('HSET', KEYS[1], 'value', ARGV[1], 'version', ARGV[2])
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return finish('1')
"""
_READ: Final = (
    "return {redis.call('HGET', KEYS[1], 'value'), redis.call('HGET', KEYS[1], 'version'), redis.call('PTTL', KEYS[1])}"
)
_CHANGES: Final[Mapping[str, str]] = {
    "put": _KEEP,
    "swap": f"if (redis.call('HGET', KEYS[1], 'version') or '') ~= ARGV[4] then return finish('0') end {_KEEP}",
    "take": """
local found = redis.call('HGET', KEYS[1], 'value')
redis.call('DEL', KEYS[1])
return finish(found and '1' .. found or '0')
""",
    "lock": """
local owner = redis.call('GET', KEYS[1])
if owner and owner ~= ARGV[1] then return finish('0') end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return finish('1')
""",
    "unlock": """
if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end
return finish('1')
""",
    "count": """
local count = redis.call('INCRBY', KEYS[1], ARGV[2])
if redis.call('PTTL', KEYS[1]) < 0 then redis.call('PEXPIRE', KEYS[1], ARGV[1]) end
return finish(tostring(count))
""",
}


class ValkeyStore:
    """Values in a server that all replicas reach."""

    def __init__(self, url: str, *, ca_file: Path | None = None) -> None:
        """Use the server at `url`, such as `rediss://user:password@host:6380/0`; nothing is connected yet.

        Args:
            url: Its address; `rediss` and `valkeys` speak TLS.
            ca_file: Certificate authorities (PEM) to trust for TLS, in addition to the system's.

        Raises:
            StoreError: The package `redis` is not installed.
        """
        try:
            import redis.asyncio  # noqa: F401 - used where the server is
        except ImportError:
            message = "SALESFORCE_STORE names a Valkey or Redis server: install mcp-for-salesforce[valkey]."
            raise StoreError(message) from None
        parts = urlsplit(url)
        self._url = parts._replace(scheme=SCHEMES[parts.scheme]).geturl()
        self._place = f"{parts.hostname}:{parts.port or 6379}"
        self._ca_file = ca_file

    def __repr__(self) -> str:
        return f"<ValkeyStore at {self._place}>"

    async def get(self, key: str) -> Entry | None:
        """Return what is kept under `key`."""
        value, version, milliseconds = await self._ran(self._read, [_name("value", key)], [])
        return Entry(bytes(value), version.decode(), max(0, milliseconds) / 1000) if version is not None else None

    async def put(self, key: str, value: bytes, lifetime_s: float) -> str:
        """Keep `value`, whatever was there."""
        version = _token()
        await self._change("put", _name("value", key), value, version, _milliseconds(lifetime_s))
        return version

    async def swap(self, key: str, value: bytes, lifetime_s: float, *, version: str | None) -> str:
        """Keep `value` if the present one has `version`."""
        given = (value, new := _token(), _milliseconds(lifetime_s), version or "")
        return new if await self._change("swap", _name("value", key), *given) == b"1" else ""

    async def take(self, key: str) -> bytes | None:
        """Return a value and remove it."""
        found = await self._change("take", _name("value", key))
        return found[1:] if found.startswith(b"1") else None

    async def lock(self, key: str, owner: str, lifetime_s: float) -> bool:
        """Tell whether `owner` holds the lock."""
        return await self._change("lock", _name("lock", key), owner, _milliseconds(lifetime_s)) == b"1"

    async def unlock(self, key: str, owner: str) -> None:
        """Give the lock back."""
        await self._change("unlock", _name("lock", key), owner)

    async def count(self, key: str, lifetime_s: float, by: int = 1) -> int:
        """Add `by`; return the sum."""
        return int(await self._change("count", _name("count", key), _milliseconds(lifetime_s), by))

    async def keys(self, prefix: str) -> AsyncIterator[str]:
        """Yield the keys that begin with `prefix`."""
        cursor, pattern = 0, f"{_name('value', _literally(prefix))}*"
        seen: set[str] = set()
        while True:
            cursor, found = await self._answered(self._client.scan(cursor, match=pattern, count=_PAGE))
            for name in found:
                key = name.decode().removeprefix(_name("value", ""))
                if key not in seen:
                    seen.add(key)
                    yield key
            if not cursor:
                return

    async def close(self) -> None:
        """Release the connections."""
        if "_client" in self.__dict__:
            await self._client.aclose()
            for each in ("_client", "_read", "_scripts"):
                self.__dict__.pop(each, None)

    async def _change(self, name: str, key: str, *given: bytes | str | int) -> bytes:
        """Run a change, once however often it is sent."""
        return bytes(await self._ran(self._scripts[name], [key, _name("done", _token())], list(given)))

    async def _ran(self, script: "AsyncScript", keys: list[str], given: list[bytes | str | int]) -> Any:  # noqa: ANN401 - what the script answers
        return await self._answered(script(keys=keys, args=given))

    async def _answered(self, command: Any) -> Any:  # noqa: ANN401 - any command of the client
        from redis.exceptions import RedisError

        try:
            return await command
        except (OSError, TimeoutError, RedisError) as error:
            raise StoreError(
                f"The store at {self._place} cannot be used: {str(error) or type(error).__name__}."
            ) from None

    @cached_property
    def _client(self) -> "Redis":
        from redis.asyncio import BlockingConnectionPool, Redis
        from redis.asyncio.retry import Retry
        from redis.backoff import ExponentialWithJitterBackoff
        from redis.exceptions import ReadOnlyError

        trusted = {"ssl_ca_certs": str(self._ca_file)} if self._ca_file and self._url.startswith("rediss:") else {}
        pool = BlockingConnectionPool.from_url(
            self._url,
            max_connections=_CONNECTIONS,
            timeout=_TURN_S,
            socket_timeout=_ANSWER_S,
            socket_connect_timeout=_ANSWER_S,
            retry=Retry(ExponentialWithJitterBackoff(cap=0.5, base=0.05), _TRIES_AGAIN),
            retry_on_error=[ReadOnlyError],
            **trusted,
        )
        return Redis.from_pool(pool)

    @cached_property
    def _read(self) -> "AsyncScript":
        return self._client.register_script(_READ)

    @cached_property
    def _scripts(self) -> dict[str, "AsyncScript"]:
        return {name: self._client.register_script(f"{_ONCE}{text}") for name, text in _CHANGES.items()}


def _name(kind: str, key: str) -> str:
    return f"{_SPACE}:{kind}:{key}"


def _token() -> str:
    return secrets.token_urlsafe(_TOKEN_BYTES)


def _milliseconds(seconds: float) -> int:
    return max(1, round(seconds * 1000))


def _literally(text: str) -> str:
    return "".join(f"\\{each}" if each in r"*?[]\^" else each for each in text)

"""The examination: every stage in its order, until one fails without which the next cannot be reached."""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from mcp_salesforce.doctor.causes import STAGES, Finding, cause_of
from mcp_salesforce.doctor.command import command_on_path
from mcp_salesforce.doctor.network import Reach, clock, connect, host_kind, resolve
from mcp_salesforce.doctor.org import OrgChecks
from mcp_salesforce.salesforce import (
    AuthenticationError,
    SalesforceClient,
    SalesforceError,
    TokenSource,
    TransportError,
)
from mcp_salesforce.salesforce.auth import HttpExchange
from mcp_salesforce.salesforce.budget import Reserve
from mcp_salesforce.salesforce.oauth_causes import oauth_cause
from mcp_salesforce.settings.connect import addresses, token_source, transport
from mcp_salesforce.settings.flows import JWT_BEARER
from mcp_salesforce.settings.loading import ConfigurationError
from mcp_salesforce.settings.settings import Network, Settings
from mcp_salesforce.spelling import in_words

Stage = Callable[[], Awaitable[str]]

_ESSENTIAL: Final = frozenset({"settings", "host", "dns", "tls", "token", "identity", "version", "api"})
"""Stages without which those behind them cannot be reached."""
_AUDIENCES: Final = ("https://login.salesforce.com", "https://test.salesforce.com")


@dataclass(frozen=True, slots=True)
class StageResult:
    """How one stage went: `passed`, `failed` or `not reached`.

    `detail` is what it found; the rest is there where it failed: the name of the cause, the cause, the fix, and the
    place in Setup.
    """

    stage: str
    title: str
    status: str
    detail: str = ""
    name: str = ""
    cause: str = ""
    fix: str = ""
    setup: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """Every stage in order."""

    stages: tuple[StageResult, ...]

    @property
    def passed(self) -> bool:
        """Whether all stages did."""
        return all(stage.status == "passed" for stage in self.stages)

    def as_json(self) -> dict[str, object]:
        """Return it for programs; members without a value are left out."""
        stages = [{key: value for key, value in asdict(stage).items() if value} for stage in self.stages]
        return {"passed": self.passed, "stages": stages}


class _Course:
    """The stages that were run so far."""

    def __init__(self, on_stage: Callable[[str], None] = lambda _stage: None) -> None:
        self._on_stage = on_stage
        self.results: dict[str, StageResult] = {}
        self.is_over = False

    async def run(self, stage: str, check: Stage) -> None:
        """Run `check` unless a stage failed without which it cannot be reached."""
        if self.is_over:
            return
        self._on_stage(STAGES[stage])
        try:
            detail = await check()
        except Finding as finding:
            self._failed(stage, finding, finding.message)
        except TransportError as error:
            self._failed(stage, Finding(error.code, error.message, error.hint), error.message)
        except SalesforceError as error:
            detail = error.message if error.code in error.message else f"{error.code}: {error.message}"
            self._failed(stage, Finding(error.code, error.message, error.hint), detail)
        except ConfigurationError as error:
            found = "\n".join(error.problems)
            self._failed(stage, Finding("CONFIGURATION", found), found)
        else:
            self.results[stage] = StageResult(stage, STAGES[stage], "passed", detail)

    def report(self) -> Report:
        return Report(
            tuple(self.results.get(name, StageResult(name, title, "not reached")) for name, title in STAGES.items())
        )

    def _failed(self, stage: str, finding: Finding, detail: str) -> None:
        found = cause_of(stage, finding)
        self.is_over = stage in _ESSENTIAL
        self.results[stage] = StageResult(
            stage, STAGES[stage], "failed", detail, found.name, found.cause, found.fix, found.setup
        )


async def examine(
    load: Callable[[], Settings],
    *,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
    files: Sequence[Path] = (),
    on_stage: Callable[[str], None] = lambda _stage: None,
) -> Report:
    """Return how every stage of the way to the org, and of what the tools need of it, went.

    It reads only, and uses about ten of the org's API calls.

    Args:
        load: Loads the settings.
        now: The time.
        files: The files that the settings are read from, besides the environment.
        on_stage: Gets the title of each stage when it begins.
    """
    course = _Course(on_stage)
    chosen: list[tuple[Settings, TokenSource, tuple[str, str]]] = []

    async def settings_and_tokens() -> str:
        settings = load()
        chosen.append((settings, token_source(settings), addresses(settings)))
        named = settings.org or settings.sf_org
        way = f"{settings.way.name} {named}" if named else settings.way.name
        return f"{way}, {settings.api_version}\nRead from {in_words(['the environment', *map(str, files)])}."

    await course.run("command", command_on_path)
    await course.run("settings", settings_and_tokens)
    for settings, tokens, hosts in chosen:
        await _examine(course, settings, tokens, hosts, now)
    return course.report()


async def examine_way(address: str, network: Network) -> StageResult | None:
    """Return the stage that fails on the way to a host: its name, its certificate. None where it answers."""
    course = _Course()
    way = transport(network)
    reach = Reach("", address, way, proxy=network.way_out)
    try:
        await course.run("dns", lambda: resolve(reach))
        await course.run("tls", lambda: connect(reach))
    finally:
        await way.close()
    return next((stage for stage in course.results.values() if stage.status == "failed"), None)


async def _examine(
    course: _Course, settings: Settings, tokens: TokenSource, hosts: tuple[str, str], now: Callable[[], datetime]
) -> None:
    async with AsyncExitStack() as stack:
        client = SalesforceClient(
            tokens,
            api_version=settings.api_version,
            timeout_s=settings.timeout_s,
            transport=transport(settings.network),
        )
        await stack.enter_async_context(client)
        way = transport(settings.network)
        stack.push_async_callback(way.close)
        reach = Reach(*hosts, way, proxy=settings.network.way_out, wait_s=settings.timeout_s)
        org = OrgChecks(client, hosts[0], Reserve.parse(settings.api_reserve), now)
        stages: tuple[tuple[str, Stage], ...] = (
            ("host", lambda: host_kind(reach)),
            ("dns", lambda: resolve(reach)),
            ("tls", lambda: connect(reach)),
            ("clock", lambda: clock(reach, now)),
            ("token", lambda: _token(org, settings, way.exchange)),
            ("identity", org.identity),
            ("version", org.version),
            ("api", org.api),
            ("contact", lambda: org.permissions("Contact")),
            ("event", lambda: org.permissions("Event")),
            ("features", org.features),
            ("time_zone", org.time_zone),
            ("api_calls", org.api_calls),
            ("policy", lambda: _policy(org, settings.policy)),
        )
        for name, check in stages:
            await course.run(name, check)


async def _token(org: OrgChecks, settings: Settings, exchange: HttpExchange) -> str:
    """Get a token; where a signed assertion names the wrong audience, try the others and say which works."""
    try:
        return await org.token()
    except AuthenticationError as error:
        cause = oauth_cause(error.code, error.message)
        if settings.way is not JWT_BEARER or cause is None or cause.name != "wrong_audience":
            raise
        for audience in dict.fromkeys((*_AUDIENCES, settings.login_url, settings.instance_url)):
            with suppress(SalesforceError, ConfigurationError):
                source = token_source(settings.model_copy(update={"jwt_audience": audience}))
                await source.token(exchange, refused=None)
                found = f"{error.message} SALESFORCE_JWT_AUDIENCE={audience} works."
                raise Finding(error.code, found) from None
        raise


async def _policy(org: OrgChecks, file: Path | None) -> str:
    try:
        return await org.policy(file.read_text("utf-8") if file else None, file.name if file else "")  # noqa: ASYNC240 - once, and short
    except (OSError, UnicodeError) as error:
        raise Finding("POLICY", str(error)) from None

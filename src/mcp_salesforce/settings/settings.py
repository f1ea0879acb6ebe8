"""The settings: each one once, with its form and what it means.

Nothing is read or built at import. `Settings(...)` takes values and looks at nothing else; `Settings.load()` reads the
environment and reports everything that is wrong with it in one message.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Final, LiteralString, Self, TypeVar, cast

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ModelWrapValidatorHandler,
    SecretStr,
    ValidationError,
    model_validator,
)
from pydantic_core import InitErrorDetails, PydanticCustomError

from mcp_salesforce.appointments.hours import OFFICE_HOURS, hours_of
from mcp_salesforce.appointments.outcomes import OutcomeFields
from mcp_salesforce.logs import Format, Level
from mcp_salesforce.salesforce.bodies import MOST_REPLY_BYTES
from mcp_salesforce.salesforce.proxies import Proxy
from mcp_salesforce.settings import values as setting_values
from mcp_salesforce.settings.flows import (
    CONNECTION,
    OF_ANY_ORG,
    OFF,
    WAYS,
    IncompleteError,
    TwoWaysError,
    Way,
    chosen,
    named,
    plain,
)
from mcp_salesforce.settings.loading import TWO_WAYS, loaded, variable
from mcp_salesforce.settings.logins import DEFAULT_ALIAS, Logins
from mcp_salesforce.settings.sf_default import default_org
from mcp_salesforce.spelling import in_words


def _outcome_values(value: str) -> str:
    OutcomeFields.parse("", value, "")
    return value


def _working_hours(value: str) -> str:
    hours_of(value)
    return value


DEFAULT_REPLY_MB: Final = MOST_REPLY_BYTES // 2**20
_CONSUMER = "In Setup: External Client App Manager, your app, Settings, OAuth Settings, Consumer Key and Secret."

_NOTHING: Final = SecretStr("")

Text = Annotated[str, BeforeValidator(setting_values.tidy)]
PlainText = Annotated[str, BeforeValidator(setting_values.text)]
Secret = Annotated[SecretStr, BeforeValidator(setting_values.tidy)]


class Network(BaseModel):
    """How to reach hosts: whom to trust, and through which proxy. Its credentials do not show in its repr."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    ca_file: Annotated[Path | None, BeforeValidator(setting_values.ca_file)] = Field(
        default=None,
        description="Path of a PEM file with certificate authorities to trust in addition to the system's, for example "
        "of a proxy that intercepts TLS. (The standard `SSL_CERT_FILE` replaces the system's.)",
    )
    proxy: Annotated[Secret, AfterValidator(setting_values.proxy)] = Field(
        default=_NOTHING,
        description="HTTP proxy, such as `http://proxy.acme.com:8080`; `http://user:password@…` where it asks for "
        "them. Default: `HTTPS_PROXY`. Loopback addresses are always reached directly.",
    )
    no_proxy: Annotated[str, BeforeValidator(setting_values.names)] = Field(
        default="", description="Hosts to reach without the proxy, with commas between them. Default: `NO_PROXY`."
    )
    max_reply_mb: float = Field(
        default=DEFAULT_REPLY_MB,
        gt=0,
        le=1024,
        description="Most megabytes of one reply of Salesforce, both compressed and not. A longer one is not read "
        "to its end, and is an error.",
    )

    @classmethod
    def load(cls) -> "Network":
        """Return what the environment and `.env` say of it."""
        return loaded(Network, {})

    @property
    def way_out(self) -> Proxy | None:
        """The proxy, if there is one."""
        url = self.proxy.get_secret_value()
        return Proxy.parse(url, self.no_proxy) if url else None

    @property
    def given(self) -> dict[str, str]:
        """What is set of it, as `load` of the settings takes it; secrets included."""
        values = {"ca_file": self.ca_file, "proxy": self.proxy.get_secret_value(), "no_proxy": self.no_proxy}
        return {name: str(value) for name, value in values.items() if value}

    def as_environment(self) -> dict[str, str]:
        """Return it as the environment variables that programs of Node, such as `sf`, go by; secrets included."""
        proxied = {"https_proxy": self.proxy.get_secret_value(), "no_proxy": self.no_proxy}
        found = {name: value for lower, value in proxied.items() for name in (lower, lower.upper())}
        found["NODE_EXTRA_CA_CERTS"] = str(self.ca_file or "")
        return {name: value for name, value in found.items() if value}


class App(Network):
    """The app to log in through, and where; what else the settings may hold does not matter here."""

    client_id: Text = Field(
        default="", description=f"Consumer key of your External Client App or connected app. {_CONSUMER}"
    )
    client_secret: Secret = Field(default=_NOTHING, description=f"Consumer secret of the same app. {_CONSUMER}")
    instance_url: Annotated[Text, AfterValidator(setting_values.instance_url)] = Field(
        default="",
        description="Address of the org, for example `https://acme.my.salesforce.com`. In Setup: My Domain, Current My "
        "Domain URL. `http://` is allowed for loopback addresses only.",
    )
    login_url: Annotated[Text, AfterValidator(setting_values.login_url)] = Field(
        default_factory=setting_values.default_login_url,
        description="Where tokens come from. Default: the instance URL when it is a My Domain (sandboxes, scratch and "
        "developer orgs too) or a loopback address, else `https://login.salesforce.com`.",
    )

    @classmethod
    def load(cls, **given: str) -> "App":
        """Return the app of the environment and of `.env`, with `given` over both."""
        known: dict[str, str | None] = dict(given)
        if "instance_url" in given:
            known["login_url"] = given["instance_url"]
        return loaded(App, known)


class Surface(BaseModel):
    """What of the tools to offer, whatever org there is."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    toolsets: Annotated[str, BeforeValidator(setting_values.names)] = Field(
        default="default",
        description="Toolsets to offer, separated by commas (`mcp-salesforce tools` lists them): `default`, `all`, "
        "or names, as in `default,activities`. Tools of other toolsets are not listed, and a call of "
        "one is refused.",
    )
    read_only: bool = Field(
        default=False,
        description="`true`: tools that write are not listed, and a call of one is refused. Nothing in the org "
        "changes.",
    )
    policy: Annotated[Path | None, BeforeValidator(setting_values.existing_file)] = Field(
        default=None,
        description="Path of a policy (TOML): which objects, fields and actions are allowed, whose records, how many "
        "rows. See docs/policy.md.",
    )

    @classmethod
    def load(cls) -> "Surface":
        """Return what the environment and `.env` say of it."""
        return loaded(Surface, {})


class Kept(BaseModel):
    """What the server keeps on this machine, and the secret that its keys come from, whatever org there is."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    state_key: Annotated[Secret, AfterValidator(setting_values.long_enough)] = Field(
        default=_NOTHING,
        description="Secret that signs the cursors of this server; `openssl rand -base64 32` prints one. With the "
        "same secret, cursors work on all replicas and after a restart. Without one, they end with the "
        "process.",
    )
    journal: Annotated[PlainText, AfterValidator(setting_values.journal)] = Field(
        default="",
        description="File in which changes are kept for 15 days, encrypted, so that they can be undone; or `off`. "
        "Default: `journal.db` in the user's data folder.",
    )
    audit: Annotated[PlainText, AfterValidator(setting_values.audit)] = Field(
        default="",
        description="File, such as `audit.jsonl`, that gets a line for each call: who, when, which records and fields, "
        "and never a value; or `otel` for OpenTelemetry logs. See docs/audit.md.",
    )
    audit_required: bool = Field(
        default=True,
        description="`true`: a call that cannot be recorded in the audit is refused. "
        "`false`: it is made, and the log says so.",
    )

    @classmethod
    def load(cls) -> "Kept":
        """Return what the environment and `.env` say of it."""
        return loaded(Kept, {})


class Settings(App, Surface, Kept):
    """How to reach one org, and how much of it an answer may carry. Immutable; secrets do not show in its repr."""

    refresh_token: Annotated[Secret, AfterValidator(setting_values.refuse_access_token)] = Field(
        default=_NOTHING,
        description="Refresh token of the user to act as, for the app's scopes `api` and `refresh_token`. "
        "`mcp-salesforce login` gets one and keeps it; then `SALESFORCE_ORG` is the only setting needed.",
    )
    client_credentials: bool = Field(
        default=False, description="`true`: the app gets tokens for itself, with the Client Credentials Flow."
    )
    access_token: Annotated[Secret, AfterValidator(setting_values.refuse_refresh_token)] = Field(
        default=_NOTHING, description="An access token of the org; it works until it expires."
    )
    jwt_key_file: Annotated[Path | None, BeforeValidator(setting_values.existing_file)] = Field(
        default=None,
        description="Path of the private key (RSA, PEM, no passphrase) that belongs to the app's certificate.",
    )
    jwt_audience: Annotated[Text, AfterValidator(setting_values.login_url)] = Field(
        default="",
        description="With the key file: the audience of the assertion. Default: `https://login.salesforce.com` for "
        "a My Domain, `https://test.salesforce.com` for a sandbox's, else the login URL.",
    )
    username: Text = Field(default="", description="With the key file: the user to act as, like `ana@acme.com`.")
    org: Text = Field(
        default="",
        description="Alias of a login that `mcp-salesforce login` kept, as `mcp-salesforce orgs` lists it. Where no "
        "setting says which org: `default`, or the only login there is.",
    )
    sf_org: Annotated[str, BeforeValidator(setting_values.sf_alias)] = Field(
        default="",
        description="Alias or username of a login of the `sf` command, as `sf org list` shows it. Where no setting "
        "says which org and no login is stored: the default org of `sf` (`SF_TARGET_ORG`, then `target-org` of the "
        "project, then of the user). `off`: do not look for it.",
    )
    api_version: Annotated[Text, AfterValidator(setting_values.api_version)] = Field(
        default="v60.0",
        description=f"Version of the REST API, v{setting_values.OLDEST_API_VERSION}.0 or newer. "
        "`60.0` and `60` mean `v60.0`.",
    )
    timeout_s: float = Field(
        default=30, gt=0, le=600, description=("Most seconds to wait for one request to Salesforce.")
    )
    call_timeout_s: float = Field(
        default=120,
        gt=0,
        le=3600,
        description="Seconds that one tool call may take, with all its requests. "
        "After that, the answer says what was done.",
    )
    max_answer_tokens: int = Field(
        default=25_000,
        ge=500,
        le=1_000_000,
        description="Most tokens a tool's answer may have; the rest comes by cursor.",
    )
    files: Annotated[Path | None, BeforeValidator(setting_values.existing_folder)] = Field(
        default=None,
        description="Folder for the toolset `files`: it writes below this folder, and nowhere else. See docs/files.md.",
    )
    working_hours: Annotated[PlainText, AfterValidator(_working_hours)] = Field(
        default=OFFICE_HOURS,
        description="Working hours, if a call gives none: such as `Mon-Fri 09:00-12:00,13:00-17:00; Sat "
        "10:00-14:00`, in each calendar's own zone, or with a zone at the end. Then users with other "
        "hours, by user name, full name or Id: `Mon-Fri 09:00-17:00 | ada@acme.example: Mon-Thu "
        "08:00-14:00`, or a field of User that has them: `Mon-Fri 09:00-17:00 | User.Working_Hours__c`. "
        "`BusinessHours` stands for the org's default business hours, `BusinessHours: Berlin` for those of that "
        "name. Holidays of the org are no working time, unless the hours end in `including holidays`.",
    )
    max_concurrency: int = Field(
        default=64, ge=1, le=100, description="Most requests to Salesforce at the same time; others wait."
    )
    api_reserve: Annotated[PlainText, AfterValidator(setting_values.reserve)] = Field(
        default="0",
        description="API calls of the org's 24-hour limit that this server leaves to others: a number, or a share such "
        "as `10%`. With no more than these left, calls are refused.",
    )
    appointment_status_field: Annotated[Text, AfterValidator(setting_values.field_name)] = Field(
        default="",
        description="Field of Event, such as `Status__c`, for how an appointment ended. Without one, closing an "
        "appointment marks its Subject: `Cancelled: …`.",
    )
    appointment_status_values: Annotated[PlainText, AfterValidator(_outcome_values)] = Field(
        default="cancelled=Cancelled,no_show=No-show,completed=Completed",
        description="The values of that field, one for each outcome.",
    )
    appointment_reason_field: Annotated[Text, AfterValidator(setting_values.field_name)] = Field(
        default="",
        description="Field of Event for the reason. Without one, it becomes the last line of the Description.",
    )
    log_level: Annotated[Level, BeforeValidator(setting_values.upper)] = Field(
        default="WARNING",
        description="What is logged to stderr: `INFO` adds a line for each tool call, `DEBUG` one for each request to "
        "Salesforce. Values of fields and secrets are never logged.",
    )
    log_format: Annotated[Format, BeforeValidator(setting_values.lower)] = Field(
        default="text", description="Format of the log: `text` or `json`."
    )

    @classmethod
    def load(cls, **given: str) -> Self:
        """Return the settings of the environment and the files; the environment wins, and `given` over both.

        If `given` is complete for a way to log in, the settings for logging in and the network of the environment are
        ignored. If nothing names an org, the login `default` is used, or the only stored one, or the default org of
        `sf`.
        Variables without a value count as not set, and keys that are no setting are ignored.

        Raises:
            ConfigurationError: At least one setting is missing or malformed; the text names all of them.
        """
        is_complete = any(set(way.needs) <= set(given) for way in WAYS)
        others = dict.fromkeys((*CONNECTION, *Network.model_fields)) if is_complete else {}
        return checked(cls, loaded(_OrTheKeptLogin, {**others, **given}))

    @property
    def way(self) -> Way:
        """The way to log in for which the settings are complete."""
        return chosen(named({name: getattr(self, name) for name in CONNECTION}))

    @property
    def outcome_fields(self) -> OutcomeFields:
        """Where the org keeps how appointments ended."""
        return OutcomeFields.parse(
            self.appointment_status_field, self.appointment_status_values, self.appointment_reason_field
        )

    @property
    def network(self) -> Network:
        """How to reach the org."""
        return checked(Network, self)

    @property
    def org_name(self) -> str:
        """What to call the org in a message, before anything is known of it."""
        if self.org:
            return f"the login {self.org}"
        return self.instance_url or (f"the sf CLI's org {self.sf_org}" if self.sf_org else self.login_url)

    @model_validator(mode="wrap")
    @classmethod
    def _one_way(cls, data: object, handler: ModelWrapValidatorHandler[Self]) -> Self:
        """Report what is malformed together with what is missing or too much."""
        problems: list[InitErrorDetails] = []
        values = {
            name: value
            for name, value in cast("dict[str, object]", data).items()
            if value is not None and not (name in CONNECTION and plain(value) in OFF)
        }
        try:
            chosen(named(values))
        except IncompleteError as error:
            problems = [{"type": "missing", "loc": (name,), "input": None} for name in error.missing]
        except TwoWaysError as error:
            problems = [{"type": PydanticCustomError(TWO_WAYS, _two_ways(error.ways)), "loc": (), "input": None}]
        return validated(handler, values, problems)


_Model = TypeVar("_Model", bound=BaseModel)


def validated(handler: Callable[[object], _Model], values: object, problems: Sequence[InitErrorDetails]) -> _Model:
    """Return what `handler` makes of `values`, if there are no `problems`.

    Raises:
        ValidationError: There are some, or a value is malformed; it has all of both, and no value.
    """
    found, model = [*problems], None
    try:
        model = handler(values)
    except ValidationError as error:
        found += [
            InitErrorDetails(type=each["type"], loc=each["loc"], input=None, ctx=each.get("ctx", {}))
            for each in error.errors(include_url=False)
        ]
    if found or model is None:
        raise ValidationError.from_exception_data("Settings", found, hide_input=True)
    return model


def checked(kind: type[_Model], found: BaseModel) -> _Model:
    """Return the part of `found` that `kind` has, whose values were checked."""
    values = {name: getattr(found, name) for name in kind.model_fields}
    return kind.model_construct(found.model_fields_set & kind.model_fields.keys(), **values)


def _two_ways(ways: Sequence[Way]) -> LiteralString:
    lines = [f"    {way.name}: {', '.join(map(variable, way.needs))}" for way in ways]
    return "\n".join(["The settings are complete for more than one way to log in:", *lines])


class _OrTheKeptLogin(Settings):
    """The settings, or where they name no org, a login that is kept, or the default org of `sf`."""

    @model_validator(mode="wrap")
    @classmethod
    def _or_the_kept_login(cls, data: object, handler: ModelWrapValidatorHandler[Self]) -> Self:
        """Where nothing says which org, take the login `default`, or the only one; of several, one must be named.

        Without a login, take the default org of `sf`.
        """
        values = cast("dict[str, object]", data)
        if not named(values) <= OF_ANY_ORG:
            return handler(values)
        aliases = Logins().aliases()
        if len(aliases) > 1 and DEFAULT_ALIAS not in aliases:
            several = PydanticCustomError(
                "no_login_chosen",
                "is missing: choose one of the stored logins {aliases}",
                {"aliases": in_words(aliases)},
            )
            problem = InitErrorDetails(type=several, loc=("org",), input=None)
            raise ValidationError.from_exception_data("Settings", [problem], hide_input=True)
        alias = DEFAULT_ALIAS if DEFAULT_ALIAS in aliases else aliases[0] if len(aliases) == 1 else ""
        if alias:
            return handler({**values, "org": alias})
        of_sf = "" if plain(values.get("sf_org")) in OFF else default_org()
        return handler({**values, "sf_org": of_sf} if of_sf else values)

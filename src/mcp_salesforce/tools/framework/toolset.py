"""Turns a typed function into a tool: schemas, annotations, and the one boundary that every call passes."""

import inspect
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from functools import cache, partial
from typing import Annotated, Any, Concatenate, Final, ParamSpec, Self, TypeAlias, TypeVar, cast, get_type_hints

from mcp.server.mcpserver import Context
from mcp.server.mcpserver.tools import Tool
from mcp.server.mcpserver.utilities.func_metadata import ArgModelBase, FuncMetadata
from mcp_types import CallToolResult, InputRequiredResult, ToolAnnotations
from pydantic import ConfigDict, Field, TypeAdapter, WithJsonSchema, create_model

from mcp_salesforce.appointments.times import TimeError
from mcp_salesforce.audit.trail import AuditError
from mcp_salesforce.changes.change import current_change
from mcp_salesforce.changes.journal import state_of
from mcp_salesforce.policy.rules import Action
from mcp_salesforce.policy.withheld import noting, told
from mcp_salesforce.salesforce.errors import InvalidArgumentError, SalesforceError, UnreadableReplyError, refused
from mcp_salesforce.tools.answers.errors import failure, unforeseen
from mcp_salesforce.tools.answers.results import answer
from mcp_salesforce.tools.framework.arguments import Arguments
from mcp_salesforce.tools.framework.asking import AskThroughSessionError
from mcp_salesforce.tools.framework.call_log import LoggedCall, tool_call
from mcp_salesforce.tools.framework.hints import hint_for
from mcp_salesforce.tools.framework.json_schema import conforming, input_schema, is_conforming, output_schema
from mcp_salesforce.tools.framework.making import Making
from mcp_salesforce.tools.framework.references import with_ids
from mcp_salesforce.tools.framework.second_look import with_doubts
from mcp_salesforce.tools.framework.session import OrgSession
from mcp_salesforce.views import tool_meta

ToolContext: TypeAlias = Context[OrgSession, Any]
Parameters = ParamSpec("Parameters")
Result = TypeVar("Result", bound=Mapping[str, Any])
ToolFunction: TypeAlias = Callable[..., Awaitable[Mapping[str, Any]]]

NAME_PREFIX = "salesforce_"
_PREVIEW: Final = "preview"
_VIEW_OF_WRITES: Final = "approval"
Preview: TypeAlias = Annotated[bool, WithJsonSchema({"type": "boolean", "description": "Dry run"})]
_OF_WRITES: Final[Mapping[str, Any]] = {
    "change_id": {"type": "string"},
    "preview": {"type": "array", "items": {"type": "object", "additionalProperties": True}},
    "api_calls": {"type": "integer"},
    "undo": {"type": "string"},
}

# Claude Code's: what its search for tools looks in, and where it leaves a long result whole (its own limits are below
# the budget of an answer).
logger = logging.getLogger(__name__)
_SEARCH_HINT = "anthropic/searchHint"
_MOST_CHARACTERS, _LONGEST_RESULT = "anthropic/maxResultSizeChars", 500_000


_DESTRUCTIVE: Final = frozenset({"update", "delete", "merge", "convert"})


@dataclass(frozen=True, slots=True)
class Effect:
    """What a tool does to records: a policy judges the tool by it, and a host decides when to ask its user.

    Attributes:
        actions: The actions.
        needs_one: Whether the tool is of use where a policy allows one of them; else it needs all.
        steers: Whether it can end, or let go on, what another call has begun: work that writes, or a file.
        writes_files: Whether it writes files on the server's machine; the org stays as it is.
    """

    actions: tuple[Action, ...]
    needs_one: bool = False
    steers: bool = False
    writes_files: bool = False

    @property
    def is_reading(self) -> bool:
        """Whether nothing changes by it."""
        return self.actions == ("read",)

    @property
    def is_destructive(self) -> bool:
        """Whether it can destroy something."""
        return not _DESTRUCTIVE.isdisjoint(self.actions)

    @property
    def annotations(self) -> ToolAnnotations:
        """The hints for hosts. Records hold text by strangers, so every tool has `openWorldHint`."""
        return ToolAnnotations(
            read_only_hint=self.is_reading and not (self.steers or self.writes_files),
            destructive_hint=self.is_destructive or self.steers or self.writes_files,
            idempotent_hint=self.actions != ("create",),
            open_world_hint=True,
        )


READS, CREATES, UPDATES, DELETES = Effect(("read",)), Effect(("create",)), Effect(("update",)), Effect(("delete",))
UPSERTS, RESTORES = Effect(("create", "update")), Effect(("restore",))
UNDOES = Effect(("update", "delete", "restore", "create"), needs_one=True)
STEERS, SAVES_FILES = Effect(("read",), steers=True), Effect(("read",), writes_files=True)


def org_of(ctx: ToolContext) -> OrgSession:
    """Return the org that this call works on."""
    return ctx.request_context.lifespan_context


@dataclass(frozen=True, slots=True)
class ToolSpec:
    """One tool, as its toolset describes it.

    Attributes:
        name: Its name.
        title: What people see.
        description: What a model reads.
        effect: What it does to records.
        function: The function, whose parameters are the arguments.
        hint: Words that people say for it, where a host finds tools by a search.
        example: Arguments that work in the demo org as it begins.
        is_long: Whether an answer may fill the whole budget.
        former_name: A name that it had, and is called by still.
        sobject: The object that it is about, if it is one.
        view: The view that hosts show for its answers, if there is one.
    """

    name: str
    title: str
    description: str
    effect: Effect
    function: ToolFunction
    hint: str
    example: Mapping[str, Any]
    is_long: bool = False
    former_name: str = ""
    sobject: str = ""
    view: str = ""

    @property
    def meta(self) -> dict[str, Any]:
        """What a host gets beside the protocol's own fields; a model does not read it."""
        told: dict[str, Any] = {_SEARCH_HINT: self.hint, **(tool_meta(self.view) if self.view else {})}
        return told | ({_MOST_CHARACTERS: _LONGEST_RESULT} if self.is_long else {})


@dataclass(frozen=True, slots=True)
class Toolset:
    """Tools that belong together, in the order of their list.

    Attributes:
        name: Its name in the settings.
        description: What people read of it.
        instruction: A sentence about it in the server's instructions.
        sobject: The object that its tools are about, if it is one.
        is_default: Whether it is on where the settings do not say which are.
        specs: Its tools.
    """

    name: str
    description: str
    instruction: str
    sobject: str = ""
    is_default: bool = True
    specs: list[ToolSpec] = field(default_factory=list)

    def tool(
        self,
        effect: Effect,
        *,
        title: str,
        hint: str,
        example: Mapping[str, Any],
        is_long: bool = False,
        former_name: str = "",
        sobject: str = "",
        view: str = "",
    ) -> Callable[
        [Callable[Concatenate[ToolContext, Parameters], Awaitable[Result]]],
        Callable[Concatenate[ToolContext, Parameters], Awaitable[Result]],
    ]:
        """Add a function to the toolset: its parameters are the arguments, its docstring is what a model reads.

        What else is said of it are attributes of `ToolSpec`; without `sobject` it is about the toolset's. A tool that
        changes records has the view of a change, if it has none of its own.
        """
        view = view or ("" if effect.is_reading else _VIEW_OF_WRITES)

        def add(
            function: Callable[Concatenate[ToolContext, Parameters], Awaitable[Result]],
        ) -> Callable[Concatenate[ToolContext, Parameters], Awaitable[Result]]:
            name = NAME_PREFIX + cast("Any", function).__name__.rstrip("_")  # of one that Python has a word for
            description = inspect.cleandoc(function.__doc__ or "").partition("\n\nRaises:")[0]
            about = sobject or self.sobject
            self.specs.append(
                ToolSpec(name, title, description, effect, function, hint, example, is_long, former_name, about, view)
            )
            return function

        return add


class SalesforceTool(Tool):
    """A tool of the SDK whose `run` is ours: it words every refusal, and returns text and structured content alike.

    Its schemas are there once it was described: most servers list their tools from a snapshot.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True)

    parameters: dict[str, Any] = Field(default_factory=dict)
    fn_metadata: FuncMetadata = FuncMetadata(arg_model=ArgModelBase)
    effect: Effect = READS
    sobject: str = ""
    forbidden_by: str = ""
    is_listed: bool = True
    present_name: str = ""

    async def run(
        self,
        arguments: dict[str, Any],
        context: Context[Any, Any],
        convert_result: bool = False,  # noqa: ARG002 - the SDK's signature; the result needs no conversion
    ) -> CallToolResult | InputRequiredResult:
        """Check the arguments, call the function, and turn a `SalesforceError` into an error result.

        The error is returned and not raised, because the SDK writes the text of a raised one to its log.
        """
        if self.present_name:
            _warn_of_former_name(self.name, self.present_name)
        try:
            async with tool_call(self.name, org_of(context), context, arguments, self.sobject) as call:
                return await self._answered(call, arguments, context)
        except AuditError as error:
            return failure(error)

    async def _answered(
        self, call: LoggedCall, arguments: dict[str, Any], context: Context[Any, Any]
    ) -> CallToolResult | InputRequiredResult:
        try:
            self._require_allowed()
            with noting() as withheld:
                result = await self._result(arguments, context)
            if isinstance(result, InputRequiredResult):
                call.outcome = "asked"
                return result
            if withheld:
                result = {**result, "withheld": told(withheld)}
            return answer(result, org_of(context).max_answer_bytes, partial(is_conforming, _shape_of(self.fn)))
        except AskThroughSessionError:
            call.outcome, call.is_passed_on = "asked", True
            raise
        except (SalesforceError, TimeError) as caught:
            error = await self._explained(caught, arguments, context)
            refusal = failure(error, await self._hint(error, arguments, context), self._to_allow_duplicate(context))
        except Exception as caught:  # noqa: BLE001 - an answer of the org that nobody foresaw ends in an error too
            refusal = failure(unforeseen(caught, writes=not self.effect.is_reading))
        call.outcome = (refusal.meta or {})["code"]
        return refusal

    async def _result(
        self, arguments: dict[str, Any], context: Context[Any, Any]
    ) -> Mapping[str, Any] | InputRequiredResult:
        """Call the function; what a tool that writes does to records is a change, and its answer names it."""
        org = org_of(context)
        given = await with_ids(org, self._arguments.read(arguments))
        if self.effect.is_reading:
            return conforming(_shape_of(self.fn), await self.fn(context, **given))
        is_preview = bool(given.pop(_PREVIEW))

        async def run() -> Mapping[str, Any]:
            result = await self.fn(context, **given)
            try:
                result = conforming(_shape_of(self.fn), result)
            except UnreadableReplyError as error:
                error.leave_outcome_unknown()
                raise
            is_saved = (change := current_change()) and change.steps and state_of(change.steps) != "failed"
            return await with_doubts(org, self.sobject, given, result) if is_saved else result

        sobject = self.sobject or str(given.get("sobject") or "")
        making = Making(org, self.name, sobject, arguments, run)
        return await (making.preview() if is_preview else making.make(context))

    @property
    def _arguments(self) -> Arguments:
        return _arguments_of(self.fn, writes=not self.effect.is_reading)

    def _to_allow_duplicate(self, context: Context[Any, Any]) -> str:
        """Return how the caller saves a duplicate: by this tool, by that for records, or not at all."""
        if "allow_duplicate" in self._arguments.names:
            return "set allow_duplicate"
        has_records = "records" in org_of(context).allowed["toolsets"]
        return "salesforce_update_records takes allow_duplicate" if has_records else ""

    def described(self) -> Self:
        """Return the tool, with its schemas."""
        if not self.parameters:
            self.parameters, self.fn_metadata = _schemas_of(self.fn, writes=not self.effect.is_reading)
        return self

    def _require_allowed(self) -> None:
        if self.forbidden_by:
            raise refused(
                f"{self.name} is not allowed here by {self.forbidden_by}.",
                code="NOT_ALLOWED",
                hint="Only the person who runs this server can change that. Tell the user; do not work around it.",
            )

    async def _explained(
        self, error: SalesforceError | TimeError, arguments: dict[str, Any], context: Context[Any, Any]
    ) -> SalesforceError | TimeError:
        if isinstance(error, TimeError):
            return error
        return await org_of(context).refusal_behind(error, arguments, self.sobject)

    async def _hint(
        self, error: SalesforceError | TimeError, arguments: dict[str, Any], context: Context[Any, Any]
    ) -> str:
        if isinstance(error, TimeError) or (isinstance(error, InvalidArgumentError) and error.hint):
            return ""  # what is refused here says itself what to do
        sobject = self.sobject or str(arguments.get("sobject") or "")
        return await hint_for(org_of(context), error, sobject, arguments)


@cache
def _warn_of_former_name(former: str, present: str) -> None:
    """Say once that a name is deprecated."""
    logger.warning("%s is now called %s. The former name works until the next major version.", former, present)


def build_tools(spec: ToolSpec, forbidden_by: str = "") -> list[SalesforceTool]:
    """Return the tool of `spec`, and a second one under its former name, which is not listed."""
    tool = SalesforceTool(
        fn=spec.function,
        name=spec.name,
        title=spec.title,
        description=spec.description,
        is_async=True,
        annotations=spec.effect.annotations,
        effect=spec.effect,
        meta=spec.meta,
        sobject=spec.sobject,
        forbidden_by=forbidden_by,
        is_listed=not forbidden_by,
    )
    former = {"name": spec.former_name, "is_listed": False, "present_name": spec.name}
    return [tool, tool.model_copy(update=former)] if spec.former_name else [tool]


def build_tool(spec: ToolSpec, forbidden_by: str = "") -> SalesforceTool:
    """Return the tool that `spec` is of, with its schemas; a call is refused where a setting forbids the tool."""
    return build_tools(spec, forbidden_by)[0].described()


# What follows from a function's annotations alone is the same for every server.


@cache
def _model_of(function: ToolFunction, *, writes: bool) -> type[ArgModelBase]:
    hints = get_type_hints(function, include_extras=True)
    parameters = list(inspect.signature(function).parameters.values())[1:]
    fields: dict[str, Any] = {
        parameter.name: (hints[parameter.name], ... if parameter.default is parameter.empty else parameter.default)
        for parameter in parameters
    }
    if writes:
        fields[_PREVIEW] = (Preview, False)
    return create_model(NAME_PREFIX + cast("Any", function).__name__, __base__=ArgModelBase, **fields)


@cache
def _arguments_of(function: ToolFunction, *, writes: bool) -> Arguments:
    return Arguments(_model_of(function, writes=writes))


@cache
def _shape_of(function: ToolFunction) -> TypeAdapter[Any]:
    return TypeAdapter(get_type_hints(function, include_extras=True)["return"])


@cache
def _schemas_of(function: ToolFunction, *, writes: bool) -> tuple[dict[str, Any], FuncMetadata]:
    model = _model_of(function, writes=writes)
    shown, output = input_schema(model), output_schema(_shape_of(function))
    if writes:  # it is a preview, or what was done
        shown["properties"][_PREVIEW].pop("default")  # each word of it is read for every tool that writes
        output.pop("required", None)
        output["properties"] |= _OF_WRITES
    return shown, FuncMetadata(arg_model=model, output_schema=output)

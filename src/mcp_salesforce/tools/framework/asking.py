"""Asking a person about a change before it is made: the question, who can be asked, and which answer counts."""

import time
from dataclasses import dataclass
from typing import Any, Final

import orjson
from mcp.server.mcpserver import Context
from mcp.shared.exceptions import MCPError
from mcp_types import ElicitRequest, ElicitRequestFormParams, ElicitResult, InputRequiredResult
from mcp_types.version import is_version_at_least

from mcp_salesforce.changes.approval_store import LIFETIME, ApprovalStore, Asked
from mcp_salesforce.salesforce.errors import InvalidArgumentError, refused
from mcp_salesforce.tools.framework.questions import Question

_MULTI_ROUND: Final = (
    "2026-07-28"  # from here on a question is a result, and its answer comes with the call's repetition
)
_KEY: Final = "approval"
_FIELD: Final = "answer"
_TOO_FAST_S: Final = 0.3  # nobody has read a question by then
_AGAIN: Final = "Nothing was changed. If the user still wants it, call the tool again; it will ask again."


class AskThroughSessionError(Exception):
    """The call has to be made through the session of the SDK, which can ask; nothing was changed."""


@dataclass(frozen=True, slots=True)
class Approver:
    """Who has approved a change: by which channel, in which host, and after how many seconds, where that is known."""

    channel: str
    host: str = ""
    seconds: float | None = None

    @property
    def is_too_fast(self) -> bool:
        """Whether the answer came before a person can have read the question."""
        return self.seconds is not None and self.seconds < _TOO_FAST_S


class Asking:
    """Gets the approval of one change from a person."""

    def __init__(self, context: Context[Any, Any], store: ApprovalStore, *, is_strict: bool, now: float) -> None:
        """Ask in the host of `context`.

        Args:
            context: The call.
            store: Keeps questions and answers.
            is_strict: Whether an answer that comes too fast does not count.
            now: The time in Unix seconds.
        """
        if not hasattr(context, "client_capabilities"):
            raise AskThroughSessionError
        self._context = context
        self._store = store
        self._is_strict = is_strict
        self._now = now

    async def approve(
        self, digest: str, owner: tuple[str, ...], tool: str, question: Question
    ) -> Approver | InputRequiredResult:
        """Return who has approved the change with `digest`, or what the host has to ask first.

        Raises:
            InvalidArgumentError: It is not approved; the code says why.
        """
        if self._context.input_responses is not None or self._context.request_state:
            return self._answered(digest)
        found = self._store.find(digest)
        if found and found.state == "declined":
            raise _declined()
        if found and found.state == "approved":
            self._use(found)
            return Approver("terminal")
        asked = found or self._read(self._store.ask(digest, owner, tool, question.content))
        if not self._can_ask():
            raise self._unavailable(question)
        if is_version_at_least(self._context.protocol_version or "", _MULTI_ROUND):
            state = orjson.dumps({"id": asked.question_id, "digest": digest, "at": self._now}).decode()
            return InputRequiredResult(input_requests={_KEY: _request(question)}, request_state=state)
        return await self._ask_now(asked, question)

    async def _ask_now(self, asked: Asked, question: Question) -> Approver:
        started = time.monotonic()
        try:
            result = await self._context.session.elicit_form(
                question.text, _schema(question), self._context.request_context.request_id
            )
        except MCPError as error:
            raise refused(
                f"The host could not ask the user: {str(error)[:100]}", code="APPROVAL_FAILED", hint=_AGAIN
            ) from None
        return self._judged(asked, result, time.monotonic() - started)

    def _answered(self, digest: str) -> Approver:
        """Return who has approved it by the answer that came with the repetition of the call."""
        try:
            state = orjson.loads(self._context.request_state or "")
            question_id, asked_digest, at = state["id"], state["digest"], float(state["at"])
        except (ValueError, KeyError, TypeError):
            raise _invalid("The answer belongs to no question of this server.") from None
        asked = self._store.read(str(question_id))
        if asked is None:
            raise _invalid(f"The question is older than {LIFETIME.seconds // 60} minutes, or of another server.")
        if asked.digest != asked_digest or asked.digest != digest:
            raise refused(
                "The records changed since the user was asked.",
                code="CHANGED_SINCE",
                hint=_AGAIN,
            )
        answer = (self._context.input_responses or {}).get(_KEY)
        if not isinstance(answer, ElicitResult):
            raise _invalid("The host sent no answer of the user.")
        return self._judged(asked, answer, self._now - at)

    def _judged(self, asked: Asked, answer: ElicitResult, seconds: float) -> Approver:
        choice = (answer.content or {}).get(_FIELD) if answer.action == "accept" else None
        if answer.action == "cancel":
            raise refused("The question was closed without an answer.", code="APPROVAL_CANCELLED", hint=_AGAIN)
        if answer.action == "decline" or choice == asked.content["keep"]:
            self._store.answer(asked.question_id, "declined")
            raise _declined()
        if choice != asked.content["do"] or set(answer.content or {}) != {_FIELD}:
            raise _invalid("The host's answer is none of the choices.")
        approver = Approver("elicitation", self._host(), round(seconds, 3))
        if self._is_strict and approver.is_too_fast:
            raise _invalid(f"The answer came after {seconds:.3f} s: no person reads that fast.")
        self._store.answer(asked.question_id, "approved")
        self._use(asked)
        return approver

    def _use(self, asked: Asked) -> None:
        if not self._store.use(asked.question_id):
            raise _invalid("This approval was used already.")

    def _read(self, question_id: str) -> Asked:
        asked = self._store.read(question_id)
        assert asked is not None  # noqa: S101 - it was kept just now
        return asked

    def _can_ask(self) -> bool:
        capabilities = self._context.client_capabilities
        elicitation = capabilities.elicitation if capabilities else None
        return elicitation is not None and (elicitation.form is not None or elicitation.url is None)

    def _host(self) -> str:
        params = self._context.session.client_params
        return f"{params.client_info.name} {params.client_info.version}" if params and params.client_info else ""

    def _unavailable(self, question: Question) -> InvalidArgumentError:
        if self._store.command:
            way = f"run `{self._store.command}` in a terminal on this machine within 15 minutes; then call again"
        else:
            way = "use a host that can ask them, or have the person who runs the server allow it in the policy"
        return refused(
            f"A person has to approve this: {question.do}. This host cannot ask them.",
            code="APPROVAL_UNAVAILABLE",
            hint=f"Nothing was changed. Tell the user: {way}.",
        )


def _request(question: Question) -> ElicitRequest:
    return ElicitRequest(params=ElicitRequestFormParams(message=question.text, requested_schema=_schema(question)))


def _schema(question: Question) -> dict[str, Any]:
    """Return the form that hosts show: one choice, the harmless one first, and nothing that makes one of them fail."""
    choice = {"type": "string", "enum": [question.keep, question.do]}
    return {"type": "object", "properties": {_FIELD: choice}, "required": [_FIELD]}


def _declined() -> InvalidArgumentError:
    return refused(
        "The user declined this.",
        code="APPROVAL_DECLINED",
        hint="Nothing was changed. Do not try it another way; ask the user what they want instead.",
    )


def _invalid(what: str) -> InvalidArgumentError:
    return refused(what, code="APPROVAL_INVALID", hint=_AGAIN)

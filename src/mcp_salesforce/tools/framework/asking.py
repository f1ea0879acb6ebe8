"""Ask a person before a change is made: the question, whom to ask, and which answer counts."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, Final, TypeAlias

import orjson
from mcp.server.mcpserver import Context
from mcp.shared.exceptions import NoBackChannelError
from mcp_types import ElicitRequest, ElicitRequestFormParams, ElicitResult, InputRequiredResult
from mcp_types.version import is_version_at_least

from mcp_salesforce.audit.calls import note_answer
from mcp_salesforce.changes.approvals import Approver
from mcp_salesforce.changes.asked import LIFETIME, Asked, Questions
from mcp_salesforce.salesforce.errors import InvalidArgumentError, refused
from mcp_salesforce.tools.framework.questions import Question

_MULTI_ROUND: Final = (
    "2026-07-28"  # from here on a question is a result, and its answer comes with the call's repetition
)
_KEY: Final = "approval"
_FIELD: Final = "answer"
_AGAIN: Final = "Nothing was changed. If the user still wants it, call the tool again; it will ask again."
_log = logging.getLogger(__name__)

Keep: TypeAlias = Callable[[], Awaitable[str]]


class AskThroughSessionError(Exception):
    """Only a call through the SDK's session can ask a person; nothing was changed."""


class Asking:
    """Gets the approval of one change from a person."""

    def __init__(self, context: Context[Any, Any], store: Questions, *, is_strict: bool, now: float) -> None:
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
        """Return who has approved the change with `digest`, or what the host has to ask first."""
        keep = partial(self._store.ask, digest, owner, tool, question.content)
        if self._context.input_responses is not None or self._context.request_state:
            return await self._answered(digest, owner, keep)
        found = await self._store.find(digest)
        if found and found.state == "declined":
            raise self._declined()
        if found and found.state == "approved":
            await self._use(found)
            approver = Approver("terminal", seconds=round(self._now - found.at, 3))
            note_answer(approver)
            return approver
        asked = found or await self._read(await keep())
        if not self._can_ask():
            raise self._unavailable(question)
        if is_version_at_least(self._context.protocol_version or "", _MULTI_ROUND):
            state = orjson.dumps({"id": asked.question_id, "digest": digest, "at": self._now}).decode()
            return InputRequiredResult(input_requests={_KEY: _request(question)}, request_state=state)
        return await self._ask_now(asked, question, keep)

    async def _ask_now(self, asked: Asked, question: Question, keep: Keep) -> Approver:
        started = time.monotonic()
        try:
            async with asyncio.timeout(LIFETIME.total_seconds()):
                result = await self._context.session.elicit_form(
                    question.text, _schema(question), self._context.request_context.request_id
                )
        except NoBackChannelError:
            raise self._unavailable(question) from None
        except Exception as error:  # noqa: BLE001 - whatever a host answers, it is no approval
            raise await self._unanswered(
                asked, f"The host got no answer from the user ({type(error).__name__}).", keep
            ) from None
        return await self._judged(asked, result, time.monotonic() - started, keep)

    async def _answered(self, digest: str, owner: tuple[str, ...], keep: Keep) -> Approver:
        """Return who approved it, from the answer in the repeated call."""
        try:
            state = orjson.loads(self._context.request_state or "")
            question_id, asked_digest, at = state["id"], state["digest"], float(state["at"])
        except (ValueError, KeyError, TypeError):
            raise _invalid("The answer is not for a question of this server.") from None
        asked = await self._store.read(str(question_id))
        if asked is None:
            raise _invalid(f"The question is older than {LIFETIME.seconds // 60} minutes, or of another server.")
        answer = (self._context.input_responses or {}).get(_KEY)
        if not isinstance(answer, ElicitResult):
            raise _invalid("The host did not send the user's answer.")
        if asked.digest != asked_digest or asked.digest != digest:
            if (asked.org, asked.user) == owner[:2]:  # nobody ends the question of another user
                await self._store.end(asked.question_id)
            raise refused("The records changed since the user was asked.", code="CHANGED_SINCE", hint=_AGAIN)
        return await self._judged(asked, answer, self._now - at, keep)

    async def _judged(self, asked: Asked, answer: ElicitResult, seconds: float, keep: Keep) -> Approver:
        """Return who approved it, if this answer is an approval; any answer closes the question."""
        choice = (answer.content or {}).get(_FIELD) if answer.action == "accept" else None
        if answer.action == "cancel":
            raise await self._unanswered(asked, "The question was closed without an answer.", keep)
        if answer.action == "decline" or choice == asked.content["keep"]:
            await self._store.answer(asked.question_id, "declined")
            raise self._declined()
        approver = Approver("elicitation", self._host(), round(seconds, 3))
        if approver.is_too_fast:
            _log.warning("An approval came after %.3f s: no person reads that fast", seconds)
        if choice != asked.content["do"] or set(answer.content or {}) != {_FIELD}:
            await self._store.end(asked.question_id)
            raise _invalid("The host's answer is not one of the choices.")
        note_answer(approver)
        if self._is_strict and approver.is_too_fast:
            await self._store.end(asked.question_id)
            raise _invalid(f"The answer came after {seconds:.3f} s: no person reads that fast.")
        await self._store.answer(asked.question_id, "approved")
        await self._use(asked)
        return approver

    async def _use(self, asked: Asked) -> None:
        if not await self._store.use(asked.question_id):
            raise _invalid("This question was answered before.")

    async def _read(self, question_id: str) -> Asked:
        asked = await self._store.read(question_id)
        if asked is None:
            raise _invalid("The question was lost.")
        return asked

    def _can_ask(self) -> bool:
        capabilities = self._context.client_capabilities
        elicitation = capabilities.elicitation if capabilities else None
        return elicitation is not None and (elicitation.form is not None or elicitation.url is None)

    def _host(self) -> str:
        params = self._context.session.client_params
        return f"{params.client_info.name} {params.client_info.version}" if params and params.client_info else ""

    async def _unanswered(self, asked: Asked, what: str, keep: Keep) -> InvalidArgumentError:
        """Return the error for a question that nobody answered in the host; at a terminal it can still be answered."""
        await self._store.end(asked.question_id)
        if self._store.command:
            await keep()
        way = f" {self._at_a_terminal()}" if self._store.command else ""
        return refused(what, code="APPROVAL_CANCELLED", hint=f"{_AGAIN}{way}")

    def _unavailable(self, question: Question) -> InvalidArgumentError:
        way = "Tell the user: use a host that can ask, or let the person who runs the server allow it in the policy."
        return refused(
            f"A person has to approve this: {question.do}. This host cannot ask them.",
            code="APPROVAL_UNAVAILABLE",
            hint=f"Nothing was changed. {self._at_a_terminal() if self._store.command else way}",
        )

    def _declined(self) -> InvalidArgumentError:
        way = f" To allow it after all, the user can run `{self._store.command}`." if self._store.command else ""
        return refused(
            "The user declined this. Nothing was changed.",
            code="APPROVAL_DECLINED",
            hint=f"Do not try another way; ask the user what they want.{way}",
        )

    def _at_a_terminal(self) -> str:
        return f"The user can run `{self._store.command}` in a terminal here within 15 minutes; then call this again."


def _request(question: Question) -> ElicitRequest:
    return ElicitRequest(params=ElicitRequestFormParams(message=question.text, requested_schema=_schema(question)))


def _schema(question: Question) -> dict[str, Any]:
    """Return the form that hosts show: one choice, the harmless one first, and nothing that makes one of them fail."""
    choice = {"type": "string", "enum": [question.keep, question.do]}
    return {"type": "object", "properties": {_FIELD: choice}, "required": [_FIELD]}


def _invalid(what: str) -> InvalidArgumentError:
    return refused(what, code="APPROVAL_INVALID", hint=_AGAIN)

"""The error for what a policy forbids."""

from typing import Final

from mcp_salesforce.salesforce.errors import AccessDeniedError, ErrorDetail

_FORBIDDEN: Final = 403
_REFUSED: Final = "POLICY_REFUSED"
_NOT_FOUND: Final = "NOT_FOUND"
_HINT: Final = "Omit it and do not work around it. Only the person who runs this server can change the policy."


class PolicyRefusedError(AccessDeniedError):
    """The policy forbids the call, or cannot judge it. Nothing was sent."""

    code_of_class = _REFUSED

    def __init__(self, message: str, *, place: str = "", hint: str = _HINT, fields: tuple[str, ...] = ()) -> None:
        """Word it; `place` is where the policy says so."""
        words = f"{message} (SALESFORCE_POLICY{f', {place}' if place else ''})."
        super().__init__(_FORBIDDEN, [ErrorDetail(self.code_of_class, words, fields)], hint=hint)


class RecordRefusedError(PolicyRefusedError):
    """The policy forbids the call because of one of its records; the same call for another one may be allowed."""


class NotOwnError(RecordRefusedError):
    """Another user's record, where the policy allows only own ones: it is answered as a record that is not there."""

    code_of_class = _NOT_FOUND


def hidden(sobject: str, name: str, place: str) -> PolicyRefusedError:
    """Return the refusal of a hidden field."""
    return PolicyRefusedError(f"{sobject}.{name} is hidden", place=place, fields=(name,))


def not_understood(what: str) -> PolicyRefusedError:
    """Return the refusal of a call that a policy cannot judge."""
    return PolicyRefusedError(f"{what} is not allowed under a policy", hint="Write it in a simpler way.")

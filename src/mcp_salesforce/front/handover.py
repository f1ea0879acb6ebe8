"""Hand stdin and stdout over to the server: what was read and what was answered before."""

from mcp_salesforce.front.told import Told

TYPE_CHECKING = False
if TYPE_CHECKING:  # it loads threads and queues, which most systems do not need here
    from mcp_salesforce.front.chunks import Chunks


class Line:
    """A line of the host that the server must still read."""

    __slots__ = ("is_answered", "text")

    def __init__(self, text: bytes, *, is_answered: bool = False) -> None:
        """Keep `text`; if `is_answered`, the server reads it but does not answer it."""
        self.text = text
        self.is_answered = is_answered


class Handover:
    """The state of stdin and stdout when the front stops.

    Attributes:
        wire: A descriptor of the host's stdout; descriptor 1 leads to stderr.
        lines: The lines that the server must still read, in order.
        rest: The beginning of an incomplete line.
        is_ended: Whether stdin is at its end.
        chunks: The reader of stdin, if it is a thread.
    """

    def __init__(self, wire: int) -> None:
        """Write to the host through the descriptor `wire`."""
        self.wire = wire
        self.lines: list[Line] = []
        self.rest = bytearray()
        self.is_ended = False
        self.chunks: Chunks | None = None


_left: list[Handover] = []
_wanted: list[Told] = []


def leave(handover: Handover) -> None:
    """Leave stdin and stdout to the server."""
    _left.append(handover)


def take() -> Handover | None:
    """Return the state that the front left, once; None if there is none."""
    return _left.pop() if _left else None


def want(told: Told) -> None:
    """Note that there is no snapshot for these settings."""
    _wanted.append(told)


def wanted() -> Told | None:
    """Return the settings that need a snapshot, once; None if there is one, or if there cannot be one."""
    return _wanted.pop() if _wanted else None

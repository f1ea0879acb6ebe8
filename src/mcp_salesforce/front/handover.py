"""What has been read of stdin, and written to stdout, before the server itself takes both over."""

from mcp_salesforce.front.told import Told

TYPE_CHECKING = False
if TYPE_CHECKING:  # it loads threads and queues, which few systems need here
    from mcp_salesforce.front.chunks import Chunks


class Line:
    """A line of the host that the server still has to see."""

    __slots__ = ("is_answered", "text")

    def __init__(self, text: bytes, *, is_answered: bool = False) -> None:
        """Keep `text`; where it is answered, the server must know of it and answer nothing."""
        self.text = text
        self.is_answered = is_answered


class Handover:
    """Stdin and stdout, as the front leaves them.

    Attributes:
        wire: A descriptor of the host's end of stdout, which itself leads to stderr.
        lines: What the server still has to see, in order.
        rest: The beginning of a line whose end has not come.
        is_ended: Whether stdin is at its end.
        chunks: What reads stdin, where that is a thread.
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
    """Return what the front has left, once; None where there was none."""
    return _left.pop() if _left else None


def want(told: Told) -> None:
    """Say that there is no snapshot of the answers for what the settings say."""
    _wanted.append(told)


def wanted() -> Told | None:
    """Return for what a snapshot is wanted, once; None where there is one, or can be none."""
    return _wanted.pop() if _wanted else None

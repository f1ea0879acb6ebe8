"""What is wrong with a query, and where, in the words of Salesforce's API."""

_AROUND = 30  # characters either side of the token that Salesforce shows; measured on recorded errors
_TABS = {ord("\t"): " ", ord("\r"): " "}  # so that the caret stands under its token


def caret_text(text: str, position: int, reason: str) -> str:
    """Return `reason` in the form of Salesforce's API: a piece of the query, a caret, row and column, the reason.

    Args:
        text: The whole query.
        position: Where the offending token starts, 0-based; the length of `text` means its end.
        reason: What is wrong, as in "unexpected token: 'FROM'".
    """
    row, column = row_and_column(text, position)
    start, end = _window(text, position)
    snippet = text[start:end].translate(_TABS)
    return f"\n{snippet}\n{' ' * (position - start)}^\nERROR at Row:{row}:Column:{column}\n{reason}"


def row_and_column(text: str, position: int) -> tuple[int, int]:
    """Return the row and the column of a position, both counted from 1."""
    line_start = text.rfind("\n", 0, position) + 1
    return text.count("\n", 0, position) + 1, position - line_start + 1


def _window(text: str, position: int) -> tuple[int, int]:
    """Return where the piece to show starts and ends: whole tokens around the one at `position`, in its line."""
    line_start = text.rfind("\n", 0, position) + 1
    line_end = text.find("\n", position)
    line_end = len(text) if line_end < 0 else line_end
    start = max(line_start, position - _AROUND)
    while start > line_start and _in_token(text[start - 1]):
        start -= 1
    end = min(line_end, position + _AROUND)
    while end < line_end and _in_token(text[end]):
        end += 1
    return start, end


def _in_token(character: str) -> bool:
    return character.isalnum() or character in "_.'"


class SoqlError(ValueError):
    """A text that is not SOQL.

    Attributes:
        reason: What is wrong, in one line.
        position: Where, 0-based.
        row: The line, from 1.
        column: The character in that line, from 1.
        expected: What could stand there, words in lower case; empty if that is not known.
        error_code: Salesforce's code for it.
    """

    error_code = "MALFORMED_QUERY"

    def __init__(self, text: str, position: int, reason: str) -> None:
        """Say that `text` is wrong at `position` for `reason`; the message is Salesforce's caret form."""
        super().__init__(caret_text(text, position, reason))
        self.reason = reason
        self.position = position
        self.expected: tuple[str, ...] = ()
        self.row, self.column = row_and_column(text, position)


class SoslError(SoqlError):
    """A text that is not SOSL."""

    error_code = "MALFORMED_SEARCH"


class SearchTermError(SoslError):
    """A SOSL text whose search term is missing or not valid; Salesforce's message has no caret.

    Attributes:
        error_code: MALFORMED_SEARCH, or INVALID_SEARCH if the term is too short.
    """

    def __init__(self, text: str, position: int, reason: str, error_code: str = "MALFORMED_SEARCH") -> None:
        """Say that the search term at `position` in `text` is wrong for `reason`, which is the whole message."""
        super().__init__(text, position, reason)
        self.args = (reason,)
        self.error_code = error_code

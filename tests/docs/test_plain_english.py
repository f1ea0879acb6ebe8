"""What a person or a model reads is plain English: phrases that were hard to understand do not come back."""

import ast
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BEGIN, END = "<!-- plain:begin -->", "<!-- plain:end -->"
INSTEAD = {
    r"without a word": "unnoticed; refused or reported",
    r"in nobody's way": "does not count",
    r"of no use": "cannot work; is not valid",
    r"whoever": "the user who; anyone who; everyone who",
    r"can be had": "is available",
    r"tell what is": "list; show",
    r"look(s|ed)? whether": "check whether",
    r"look for no": "do not look for; do not work around",
    r"what is over": "what has ended",
    r"comes? to (an?|under)": "ends with; ends under",
    r"leave (\S+ )?away": "omit",
    r"told (of|apart)": "described; distinguished",
    r"(is|are|be|was|were) told": "reads; is shown; is reported",
    r"tells? of": "shows; describes; covers",
    r"tak(e|es|en|ing|took) along": "includes",
    r"go(es)? along": "is included; is deleted too",
    r"goes by": "follows; uses; decides",
    r"by itself": "on its own",
    r"ways? in": "way to log in",
    r"what is meant": "which one is right",
    r"in place of": "instead of",
    r"the one or the other": "either; say which",
    r"that there is not": "unknown",
    r"(?<!there )is no (id|text|number|field|record|toolset|key|path|alias|Id|SOQL)": "is not a",
    r"anew": "again",
    r"and the like": "such as",
    r"mend(s|ed)?": "fix",
    r"as it stands": "unchanged; as written",
    r"all the same": "anyway",
    r"SalesforceError: as the client\.": "which error, and when",
    r"as it has it": "as written there",
    r"where there is (none|no)": "if there is no",
    r"where it is none": "if it is not one",
    r"(?-i:that is none)": "that does not exist; that is not valid",
    r"nobody knows": "it is unknown",
    r"(to|can|cannot|could) be had": "is available; cannot be read",
    r"who may": "who can",
    r"went along": "was deleted with it; was restored with it",
    r"lies? (beside|behind)": "is next to; follows",
    r"(is|are) to be (?!seen)": "must be; will be; say who does it",
    r"what there is to": "what to",
    r"what was and is": "past and future",
    r"(still|are) to come": "in the future; not yet applied",
    r"under way": "running",
    r"in one go": "without a pause",
    r"by the way": "this also",
    r"put(s|ting)? (them |it )?off to": "change the due date to",
    r"say what is to be done": "name the missing argument",
    r"about nobody": "not linked to a record",
    r"(is|are|was|were) undone already": "has already been undone",
    r"stands? on top": "comes first",
    r"latest reply that told": "latest reply that has it",
    r"let \w+ \w+ pass": "refuse … that",
    r"let (a|an|the) \w+ through": "check; refuse … that",
    r"what \w+ \w+ came to": "the outcome; the error",
    r"it opens no": "it gives no access",
    r"what became of": "the outcome of; how it ended",
    r"their like": "and similar",
    r"go(es)? on behind": "continues after; follows",
    r"surely|for sure": "certainly",
    r"(would|might) have fitted": "could stand there",
    r"(is|are) to (get|go|write|come|see|happen)": "gets; goes; must write",
    r"go(es)? on (where|with|from)": "continues where; continues with",
    r"beside (it|them|the|its) (file|others?)": "next to",
    r"gone for good": "deleted permanently",
    r"nobody waits": "no answer is expected",
    r"kept apart": "stored separately",
    r"only who": "only the person who; only the holder of",
    r"minutes young": "minutes old",
    r"not of the app's": "does not belong to the app's",
    r"serve the flow": "support the way to log in",
}
"""Phrases (regular expressions, in any case) with what to write instead."""

BANNED = {re.compile(rf"(?<!\w)({phrase})(?!\w)", re.IGNORECASE): better for phrase, better in INSTEAD.items()}
ANY = re.compile(rf"(?<!\w)(?:{'|'.join(INSTEAD)})(?!\w)", re.IGNORECASE)
PAGES = sorted(path for path in [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")] if path.name != "AGENTS.md")
MODULES = sorted((ROOT / "src").rglob("*.py"))


def prose_of_page(path: Path) -> Iterator[tuple[int, str]]:
    """Yield the page's lines, and each two lines as one text: a phrase may be broken; without code and bad examples."""
    text = re.sub(rf"{BEGIN}.*?{END}", _blank, path.read_text("utf-8"), flags=re.DOTALL)
    text = re.sub(r"^```.*?^```|`[^`\n]*`", _blank, text, flags=re.DOTALL | re.MULTILINE)
    yield from broken(list(enumerate(text.splitlines(), 1)))


def _blank(match: re.Match[str]) -> str:
    return "\n" * match[0].count("\n") or "…"


def prose_of_module(path: Path) -> Iterator[tuple[int, str]]:
    """Yield the texts of a module: its strings (f-strings whole), docstrings and comments, or what looks like one."""
    source = path.read_text("utf-8")
    parts: set[int] = set()
    for node in ast.walk(ast.parse(source)):  # an f-string comes before its parts
        if isinstance(node, ast.JoinedStr):
            parts |= set(map(id, node.values))
            yield (
                node.lineno,
                "".join(str(part.value) if isinstance(part, ast.Constant) else "…" for part in node.values),
            )
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in parts:
            yield node.lineno, " ".join(node.value.split())
    lines = enumerate(source.splitlines(), 1)
    yield from broken([(number, line.partition("#")[2]) for number, line in lines if "#" in line])


def broken(lines: list[tuple[int, str]]) -> Iterator[tuple[int, str]]:
    """Yield lines, each joined with the next one, so that a phrase that a line break divides is found."""
    for (number, line), (following, text) in zip(lines, [*lines[1:], (0, "")], strict=False):
        yield number, f"{line} {text.strip(' #')}" if following == number + 1 else line


def found_in(texts: Iterable[tuple[int, str]], path: Path = ROOT) -> list[str]:
    """Return where the texts have a phrase of the list, and what to write instead."""
    place = path.relative_to(ROOT) if path.is_relative_to(ROOT) else path
    return [
        f"{place}:{number}: instead of {match[0].lower()!r}: {better}"
        for number, text in texts
        if ANY.search(text)
        for phrase, better in BANNED.items()
        if (match := phrase.search(text))
    ]


def test_pages_are_plain_english() -> None:
    assert [each for page in PAGES for each in found_in(prose_of_page(page), page)] == []


def test_what_modules_say_is_plain_english() -> None:
    assert [each for module in MODULES for each in found_in(prose_of_module(module), module)] == []


def test_every_bad_example_of_the_style_page_is_found_and_no_good_one() -> None:
    table = (ROOT / "CONTRIBUTING.md").read_text("utf-8").partition(BEGIN)[2].partition(END)[0]
    pairs = [line.strip("| ").split(" | ") for line in table.strip().splitlines()[2:]]

    assert len(pairs) >= 10
    assert [bad for bad, _ in pairs if not found_in([(1, bad)])] == []
    assert [good for _, good in pairs if found_in([(1, good)])] == []


@pytest.mark.parametrize(
    "source",
    [
        '"""It is read\n    anew."""',
        'ERROR = "it is "\\\n    "read anew"',
        'print(f"{1} is read anew")',
        "x = 1  # it is read\n# anew, each time",
    ],
)
def test_phrases_are_found_wherever_they_are_written(tmp_path: Path, source: str) -> None:
    module = tmp_path / "module.py"
    module.write_text(source, "utf-8")

    assert found_in(prose_of_module(module), tmp_path)


def test_each_behaviour_of_the_local_org_is_understood_without_the_one_before_it() -> None:
    """The table is sorted: a line that refers to another one loses it."""
    rows = re.findall(r"^\| (.+?) \| \w", (ROOT / "docs/localorg.md").read_text("utf-8"), re.MULTILINE)

    assert len(rows) > 100
    leaning = re.compile(r"(so|both|they|it|its|each of them|another|other|without any)\b", re.IGNORECASE)
    assert [row for row in rows if leaning.match(row)] == []

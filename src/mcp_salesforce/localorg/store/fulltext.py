r"""Full-text search over the records of an object, on SQLite's FTS5.

The index of an object holds its texts column by column, without the case and the accents of letters. It is made when
the object is first searched, so that an org nobody searches pays nothing for it; from then on triggers keep it.
"""

import re
import unicodedata
from collections.abc import Iterable
from typing import Final

from mcp_salesforce.localorg.store.schema import FieldDef, SObjectDef
from mcp_salesforce.localorg.store.sqlite import Store, quote
from mcp_salesforce.soql.sosl_tree import AllOf, AnyOf, Phrase, SearchGroup, SearchTerm, Without, Word

_SEARCHED: Final = frozenset(["string", "textarea", "email", "phone", "url", "combobox"])
_LIMIT: Final = 2000
_EXPANSIONS: Final = 500
_PIECE: Final = re.compile(r"\\(.)|([*?])|([^\\*?]+)", re.DOTALL)
_NOTHING: Final = ""


class FullText:
    """Finds records by the words in them."""

    def __init__(self, store: Store) -> None:
        """Search the records in `store`."""
        self._store = store

    def find(self, sobject: SObjectDef, term: SearchTerm, group: SearchGroup = "ALL") -> list[int]:
        """Return the rowids of at most 2,000 records that a term is found in, the best matches first.

        Deleted records are among them.
        """
        searched = [each for each in sobject.fields if each.stored and each.type in _SEARCHED]
        columns = [each.name for each in searched if _in_group(each, group)]
        if not columns:
            return []
        table = self._ensure(sobject, [each.name for each in searched])
        expression = self._expression(table, term)
        if not expression:
            return []
        match = f"{{{' '.join(map(quote, columns))}}} : ({expression})"
        name = quote(table)
        sql = f"SELECT rowid FROM {name} WHERE {name} MATCH ? ORDER BY rank, rowid LIMIT {_LIMIT}"  # noqa: S608 - names of the schema
        return [row[0] for row in self._store.rows(sql, [match])]

    def _ensure(self, sobject: SObjectDef, columns: list[str]) -> str:
        """Make the index of an object, unless it has one with these columns; return the index's name."""
        table = f"_search_{sobject.name}"
        known = [row["name"] for row in self._store.rows(f"PRAGMA table_info({quote(table)})")]
        if known != columns:
            with self._store.transaction():
                for statement in _index(sobject, table, columns):
                    self._store.execute(statement)
        return table

    def _expression(self, table: str, term: SearchTerm | Without) -> str:
        """Return a term in FTS5's language; nothing where it cannot be found."""
        match term:
            case Phrase(text):
                return _quoted(text)
            case Word(pattern):
                return self._word(table, pattern)
            case AnyOf(operands):
                alternatives = filter(None, (self._expression(table, each) for each in operands))
                return " OR ".join(f"({text})" for text in alternatives)
            case AllOf(operands):
                return self._all_of(table, operands)
            case Without(operand):
                return self._expression(table, operand)

    def _all_of(self, table: str, operands: Iterable[SearchTerm | Without]) -> str:
        wanted, unwanted = [], []
        for each in operands:
            found = self._expression(table, each)
            if isinstance(each, Without):
                unwanted.append(found)
            elif found or not _is_punctuation(each):
                wanted.append(found)
        if not wanted or not all(wanted):
            return _NOTHING
        expression = "(" + " AND ".join(f"({each})" for each in wanted) + ")"
        for text in filter(None, unwanted):
            expression = f"({expression} NOT ({text}))"
        return expression

    def _word(self, table: str, pattern: str) -> str:
        r"""Return a word: as it is, as a beginning (`Smi*`), or as all the words of the index that fit (`Sm?th`)."""
        pieces = [(match[2] is not None, match[1] or match[2] or match[3]) for match in _PIECE.finditer(pattern)]
        literal = "".join(text for wild, text in pieces if not wild)
        wildcards = [place for place, (wild, _) in enumerate(pieces) if wild]
        if not wildcards:
            return _quoted(literal)
        if wildcards == [len(pieces) - 1] and pieces[-1][1] == "*":
            begin = _quoted(literal)
            return f"{begin} *" if begin else _NOTHING
        glob = "".join(text if wild else re.sub(r"([*?[])", r"[\1]", _folded(text)) for wild, text in pieces)
        words = self._words(table, glob)
        return " OR ".join(map(_quoted, words))

    def _words(self, table: str, glob: str) -> list[str]:
        """Return the words of an index that fit a pattern."""
        vocabulary = quote(f"{table}_words")
        self._store.execute(
            f"CREATE VIRTUAL TABLE IF NOT EXISTS temp.{vocabulary} USING fts5vocab(main, {quote(table)}, row)"
        )
        sql = f"SELECT term FROM temp.{vocabulary} WHERE term GLOB ? LIMIT {_EXPANSIONS}"  # noqa: S608 - a name of the schema
        return [row["term"] for row in self._store.rows(sql, [glob])]


def _index(sobject: SObjectDef, table: str, columns: list[str]) -> Iterable[str]:
    """Return the statements that make an index, fill it, and keep it."""
    name, source = quote(table), quote(sobject.name)
    names = ", ".join(map(quote, columns))
    new = ", ".join(f"new.{quote(each)}" for each in columns)
    old = ", ".join(f"old.{quote(each)}" for each in columns)
    add = f"INSERT INTO {name} (rowid, {names}) VALUES (new.rowid, {new});"  # noqa: S608 - names of the schema
    drop = f"INSERT INTO {name} ({name}, rowid, {names}) VALUES ('delete', old.rowid, {old});"  # noqa: S608 - as above
    for suffix in ("insert", "update", "delete"):
        yield f"DROP TRIGGER IF EXISTS {quote(f'{table}_{suffix}')}"
    yield f"DROP TABLE IF EXISTS {name}"
    options = f"content={source}, content_rowid='rowid', tokenize='unicode61 remove_diacritics 2'"
    yield f"CREATE VIRTUAL TABLE {name} USING fts5({names}, {options})"
    yield f"INSERT INTO {name} ({name}) VALUES ('rebuild')"  # noqa: S608 - as above
    yield f"CREATE TRIGGER {quote(f'{table}_insert')} AFTER INSERT ON {source} BEGIN {add} END"
    yield f"CREATE TRIGGER {quote(f'{table}_delete')} AFTER DELETE ON {source} BEGIN {drop} END"
    yield f"CREATE TRIGGER {quote(f'{table}_update')} AFTER UPDATE OF {names} ON {source} BEGIN {drop} {add} END"


def _in_group(field: FieldDef, group: SearchGroup) -> bool:
    """Tell whether IN … FIELDS covers a field."""
    is_name = field.name_field or field.compound == "Name"
    match group:
        case "NAME":
            return is_name
        case "EMAIL":
            return field.type == "email"
        case "PHONE":
            return field.type == "phone"
        case "SIDEBAR":
            return is_name or field.type in {"email", "phone"}
        case "ALL":
            return True


def _quoted(text: str) -> str:
    """Return a text as FTS5 looks for it, word after word; nothing where it has no letter and no digit."""
    return '"' + text.replace('"', '""') + '"' if any(char.isalnum() for char in text) else _NOTHING


def _is_punctuation(term: SearchTerm) -> bool:
    """Tell whether a term has nothing that could be found, as the `&` of `Smith & Co`."""
    text = term.pattern if isinstance(term, Word) else term.text if isinstance(term, Phrase) else "x"
    return not any(char.isalnum() or char in "*?" for char in text)


def _folded(text: str) -> str:
    """Return a text without case and accents, as the index keeps words."""
    return "".join(char for char in unicodedata.normalize("NFKD", text.lower()) if not unicodedata.combining(char))

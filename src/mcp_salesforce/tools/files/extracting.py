"""A program that prints the text of one document as JSON. It runs in a process of its own, within limits.

`extracting.py FILE KIND`, where KIND is what the file's name ends in. It imports nothing of this package: what it reads
was written by strangers.
"""

import json
import sys
from collections.abc import Iterator
from itertools import islice
from typing import Any
from zipfile import BadZipFile, ZipFile

MOST_MEMORY = 2**30
MOST_SECONDS = 20
MOST_CHARACTERS = 1_000_000
MOST_PAGES = 500
MOST_ROWS = 20_000
MOST_UNPACKED = 200 * 2**20


class NoTextError(Exception):
    """The file has no text that can be read; the message says why."""


def limit_this_process() -> None:
    """Let the system end this process if it takes too much memory or time, where the system can."""
    try:
        import resource
    except ImportError:  # Windows: its parent ends it after a time
        return
    resource.setrlimit(resource.RLIMIT_CPU, (MOST_SECONDS, MOST_SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))


def of_pdf(file: str) -> dict[str, Any]:
    """Return the text of a PDF, page by page."""
    from pypdf import PdfReader
    from pypdf.errors import PyPdfError

    try:
        reader = PdfReader(file)
        if reader.is_encrypted and not reader.decrypt(""):
            raise NoTextError("It is protected with a password.")
        pages = len(reader.pages)
        texts = (page.extract_text() for page in islice(reader.pages, MOST_PAGES))
        return _joined(texts, "\n\n", pages, "pages", "Pictures and scanned pages have no text here.")
    except PyPdfError as error:
        raise NoTextError(f"It is not a PDF that can be read: {error}.") from None


def of_docx(file: str) -> dict[str, Any]:
    """Return the paragraphs and tables of a Word document."""
    from docx import Document
    from docx.table import Table

    _check_unpacked(file)
    try:
        document = Document(file)
    except (KeyError, ValueError) as error:
        raise NoTextError(f"It is not a Word document that can be read: {error}.") from None
    blocks = [
        "\n".join(" | ".join(cell.text for cell in row.cells) for row in block.rows)
        if isinstance(block, Table)
        else block.text
        for block in document.iter_inner_content()
    ]
    note = "Pictures, comments, headers, footers and text boxes are left out."
    return _joined(iter(blocks), "\n", len(blocks), "paragraphs", note)


def of_xlsx(file: str) -> dict[str, Any]:
    """Return the rows of a workbook, sheet by sheet, with tabs between the cells."""
    from python_calamine import CalamineError, CalamineWorkbook

    _check_unpacked(file)
    try:
        book = CalamineWorkbook.from_path(file)
        names = book.sheet_names
        left = [MOST_ROWS]
        texts = (_sheet(name, book.get_sheet_by_name(name).to_python(), left) for name in names)
        return _joined(
            texts, "\n\n", len(names), "sheets", "Formulas are shown by their values; pictures are left out."
        )
    except CalamineError as error:
        raise NoTextError(f"It is not a workbook that can be read: {error}.") from None


def of_text(file: str) -> dict[str, Any]:
    """Return the text of a file that is one."""
    with open(file, "rb") as opened:  # noqa: PTH123 - this program loads as little as it can
        data = opened.read(4 * MOST_CHARACTERS)
    if b"\x00" in data[:4096] and not data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise NoTextError("It is not a text.")
    for encoding in ("utf-16" if data.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig", "cp1252"):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        note = "" if encoding.startswith("utf") else "It is not UTF-8, and was read as Windows-1252."
        return _joined(iter([text]), "", 1, "files", note)
    raise NoTextError("It is not a text.")


def _sheet(name: str, rows: list[list[Any]], left: list[int]) -> str:
    lines = ["\t".join(str(cell) for cell in row).rstrip("\t") for row in rows[: left[0]]]
    more = [f"({len(rows) - len(lines)} more rows are left out)"] if len(rows) > len(lines) else []
    left[0] -= len(lines)
    return "\n".join([f"# {name}", *lines, *more])


def _check_unpacked(file: str) -> None:
    with ZipFile(file) as packed:
        if sum(each.file_size for each in packed.infolist()) > MOST_UNPACKED:
            raise NoTextError(f"It unpacks to more than {MOST_UNPACKED // 2**20} MB.")


def _joined(texts: Iterator[str], between: str, count: int, unit: str, note: str) -> dict[str, Any]:
    found: list[str] = []
    length = 0
    for text in texts:
        found.append(text)
        length += len(text) + len(between)
        if length > MOST_CHARACTERS:
            break
    whole = between.join(found)
    return {"text": whole[:MOST_CHARACTERS], "read": len(found), "of": count, "unit": unit, "note": note}


def main(file: str, kind: str) -> dict[str, Any]:
    """Return the text of a file, and how much of it that is; or why there is none."""
    try:
        return {"pdf": of_pdf, "docx": of_docx, "xlsx": of_xlsx}.get(kind, of_text)(file)
    except ImportError as error:
        return {"missing": error.name or ""}
    except (NoTextError, BadZipFile) as error:
        return {"error": str(error)}
    except (MemoryError, RecursionError):
        return {"error": "It needs too much memory."}


if __name__ == "__main__":
    limit_this_process()
    sys.stdout.buffer.write(json.dumps(main(sys.argv[1], sys.argv[2])).encode())

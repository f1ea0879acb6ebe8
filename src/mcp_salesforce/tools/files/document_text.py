"""The text of a document, read in a process of its own: bounded in size, pages, memory and time."""

import asyncio
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import orjson

from mcp_salesforce.salesforce.errors import refused

MOST_BYTES: Final = 25 * 2**20
_SECONDS: Final = 30.0
_PROGRAM: Final = Path(__file__).with_name("extracting.py")
_SAVE: Final = "Save the file with path instead."


@dataclass(frozen=True, slots=True)
class Text:
    """The text of a document.

    Attributes:
        text: As far as it was read.
        left_out: What is not in it, in sentences; empty if nothing is missing.
    """

    text: str
    left_out: str


async def text_of(file: Path, name: str) -> Text:
    """Return the text of a PDF, a Word document, a workbook or a text; `name` tells by its end which it is.

    Raises:
        InvalidArgumentError: NO_TEXT: it has none, takes too long, or the library that reads it is not installed.
    """
    kind = Path(name).suffix[1:].lower()
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-I", str(_PROGRAM), str(file), kind,
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    try:
        async with asyncio.timeout(_SECONDS):
            output, _ = await process.communicate()
    except TimeoutError:
        raise _no_text(f"It takes longer than {_SECONDS:.0f} seconds to read.") from None
    finally:
        if process.returncode is None:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()
    try:
        told = orjson.loads(output)
    except orjson.JSONDecodeError:
        raise _no_text("The program that reads it failed, or took too much memory or time.") from None
    if "missing" in told:
        hint = "Tell the user: the person who runs this server can install mcp-for-salesforce[documents]."
        raise refused(f"The library that reads .{kind} files is not installed.", code="NO_TEXT", hint=f"{hint} {_SAVE}")
    if "error" in told:
        raise _no_text(told["error"])
    part = f"Only {told['read']} of {told['of']} {told['unit']} were read." if told["read"] < told["of"] else ""
    return Text(told["text"], " ".join(filter(None, [part, told["note"]])))


def _no_text(why: str) -> Exception:
    return refused(f"The text of this file cannot be read. {why}", code="NO_TEXT", hint=_SAVE)

"""Whose program a shell starts by the name of ours: the index has another project's `mcp-salesforce`."""

import re
import shutil
import zipfile
from pathlib import Path
from typing import Final

from mcp_salesforce.doctor.causes import Finding

COMMAND: Final = "mcp-salesforce"
_OURS: Final = "mcp_salesforce.__main__"
_ENTRY_POINT: Final = re.compile(r"^from ([\w.]+) import ", re.MULTILINE)


async def command_on_path() -> str:
    """Return whose program `mcp-salesforce` is in this shell; it is read, not started.

    Raises:
        Finding: It is another project's.
    """
    found = shutil.which(COMMAND)
    if found is None:
        return f"{COMMAND} is not on PATH"
    module = _module_of(Path(found))
    if module is None:
        return f"{COMMAND} is on PATH; what it starts cannot be seen"
    if module != _OURS:
        raise Finding("OTHER_PROGRAM", f"{found} starts {module}: another project's program with the same name.")
    return f"{COMMAND} on PATH is this project's"


def _module_of(program: Path) -> str | None:
    """Return the module whose function an installer's script calls; None where the file is no such script."""
    try:
        if zipfile.is_zipfile(program):  # Windows: a launcher with the script in an archive at its end
            with zipfile.ZipFile(program) as archive:
                text = archive.read("__main__.py").decode(errors="replace")
        else:
            text = program.read_text("utf-8", errors="replace")
    except (OSError, KeyError, zipfile.BadZipFile):
        return None
    entry = _ENTRY_POINT.search(text)
    return entry[1] if entry else None

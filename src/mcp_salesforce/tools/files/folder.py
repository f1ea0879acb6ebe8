"""The folder that the owner of the server allows files in: below it only, and through no link."""

import re
import stat
from collections.abc import Collection
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Final

from mcp_salesforce.salesforce import InvalidArgumentError
from mcp_salesforce.salesforce.errors import refused

_PLAIN_NAME: Final = re.compile(r'[^\x00-\x1f\x7f<>:"|?*\\]+')
_LONGEST_NAME: Final = 200
_RESERVED: Final = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?\Z", re.IGNORECASE)


class FilesFolder:
    """The folder of SALESFORCE_FILES."""

    def __init__(self, root: Path) -> None:
        """Allow what is below `root`, which exists."""
        self._root = root.resolve()

    def place(self, name: str) -> Path:
        """Return where the file `name`, a path from the folder on with `/` between its parts, is or would be.

        Raises:
            InvalidArgumentError: It leads out of the folder, through a link, or has a name that no system takes.
        """
        parts = PurePosixPath(name.strip().replace("\\", "/")).parts
        if not parts or parts[0] == "/" or PureWindowsPath(name).drive or ".." in parts:
            raise _refused(name, "is not below the folder of SALESFORCE_FILES")
        for part in parts:
            if not _PLAIN_NAME.fullmatch(part) or len(part.encode()) > _LONGEST_NAME or _RESERVED.match(part):
                raise _refused(name, f"has a part that cannot be the name of a file: {part[:40]!r}")
            if part.startswith(".") or part.endswith((".", " ")):
                raise _refused(name, "has a part that begins or ends with a dot")
        path = self._root
        for number, part in enumerate(parts, 1):
            path /= part
            try:
                mode = path.lstat().st_mode
            except FileNotFoundError:
                continue
            except OSError as error:
                raise _refused(name, f"cannot be used: {error.strerror}") from None
            if stat.S_ISLNK(mode):
                raise _refused(name, "leads through a link")
            if stat.S_ISDIR(mode) == (number == len(parts)):
                raise _refused(name, "is a folder" if number == len(parts) else "has a file where a folder is needed")
        return path

    def name_of(self, path: Path) -> str:
        """Return the name of a place, as `place` takes it."""
        return path.relative_to(self._root).as_posix()

    def for_new(self, name: str, *, overwrite: bool) -> Path:
        """Return where to write the file `name`; the folders on the way are made.

        Raises:
            InvalidArgumentError: As `place`; or there is a file, and it is not to be overwritten.
        """
        path = self.place(name)
        if path.exists() and not overwrite:
            raise refused(
                f"{name} exists in the folder of SALESFORCE_FILES.",
                code="FILE_EXISTS",
                hint="Choose another name, or set overwrite to true if the user wants to replace the file.",
                fields=["path"],
            )
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise _refused(name, f"cannot be written: {error.strerror}") from None
        return path


def no_folder() -> InvalidArgumentError:
    """Return the error for a server whose settings name no folder for files."""
    return refused(
        "This server has no folder for files.",
        code="NO_FOLDER",
        hint="Tell the user: the person who runs this server can set SALESFORCE_FILES to a folder.",
    )


def folder_of(root: Path | None) -> FilesFolder:
    """Return the folder of the settings.

    Raises:
        InvalidArgumentError: They name none.
    """
    if root is None:
        raise no_folder()
    return FilesFolder(root)


def known_suffix(name: str, known: Collection[str], what: str) -> str:
    """Return the ending of a file's name, in small letters; `what` is how the error calls such a file.

    Raises:
        InvalidArgumentError: It is not one of those that are known.
    """
    suffix = f".{name.rpartition('.')[2]}".casefold()
    if suffix not in known:
        raise refused(
            f"{name[:80]} does not end in a known format.",
            code="UNKNOWN_FORMAT",
            hint=f"Use {what} that ends in {', '.join(known)}.",
            fields=["path"],
        )
    return suffix


def _refused(name: str, why: str) -> InvalidArgumentError:
    return refused(
        f"{name[:80]} {why}.",
        code="PATH_REFUSED",
        hint="Give a name such as contacts.csv or exports/contacts.csv, below the folder of SALESFORCE_FILES.",
        fields=["path"],
    )

"""Keep snapshots of the answers: one in the package, others in the user's cache, each only while it is correct.

The key of a snapshot is a digest of everything that the answers depend on: the code of this package, its version and
those of Python and of the libraries that shape an answer, and the settings that change the answers. It contains no
secret.
"""

import os
import sys

from mcp_salesforce import DISTRIBUTION
from mcp_salesforce.front.told import Told

try:
    from _blake2 import blake2b  # hashlib loads OpenSSL first, which takes longer than the digest
except ImportError:
    from hashlib import blake2b

HERE = os.path.dirname(__file__)
KEPT = os.path.join(HERE, "snapshot.txt")
STAMP = os.path.join(HERE, "stamp.txt")

Answers = dict[tuple[str, str], str]
"""The text after the id in an answer, by revision and method: `"result":{…}}`."""

_PACKAGE = os.path.dirname(HERE)
_LIBRARIES = ("mcp", DISTRIBUTION.replace("-", "_"), "mcp_types", "pydantic", "pydantic_core")
_NOT_OF_THE_SERVER = frozenset({"__pycache__", "cli", "doctor", "http", "localorg", "oauth", "store"})
_SAME_ON = {(3, 11), (3, 12), (3, 13)}
"""The versions of Python with which the package's snapshot was checked."""
_MOST_KEPT = 16
_MARK = "@ "


def find(told: Told) -> Answers | None:
    """Return the answers for these settings, if there is a correct snapshot of them."""
    try:
        code = code_digest()
        is_kept = _is_plain(told) and sys.version_info[:2] in _SAME_ON and _read(STAMP) == f"{code}\n"
        return parse(_read(KEPT if is_kept else _place(told, code)))
    except (OSError, ValueError):
        return None


def keep(told: Told, answers: Answers) -> None:
    """Keep answers in the user's cache: whole or not at all, readable only by the user."""
    place = _place(told, code_digest())
    folder = os.path.dirname(place)
    os.makedirs(folder, mode=0o700, exist_ok=True)
    new = f"{place}.{os.getpid()}.new"
    try:
        with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8", newline="") as file:
            file.write(written(answers))
        os.replace(new, place)
    except BaseException:
        if os.path.exists(new):
            os.unlink(new)
        raise
    with os.scandir(folder) as entries:
        oldest_last = sorted(entries, key=lambda entry: entry.stat().st_mtime, reverse=True)
    for entry in oldest_last[_MOST_KEPT:]:
        os.unlink(entry.path)


def code_digest() -> str:
    """Return a digest of the code that makes the answers: this package's, and the libraries' by their versions.

    Raises:
        ValueError: The installed versions cannot be determined.
    """
    digest = blake2b(digest_size=16)
    for version in _versions():
        digest.update(version.encode() + b"\0")
    _add_folder(digest, _PACKAGE)
    return digest.hexdigest()


def written(answers: Answers) -> str:
    """Return a snapshot as text: a digest of the rest, then for each answer its request and its lines."""
    keys: dict[str, list[str]] = {}
    for (revision, method), answer in answers.items():
        keys.setdefault(answer, []).append(f"{_MARK}{revision} {method}\n")
    # The line breaks only help to compare two versions.
    body = "".join("".join(of) + answer.replace("},{", "},\n{") + "\n" for answer, of in keys.items())
    return f"{blake2b(body.encode(), digest_size=16).hexdigest()}\n{body}"


def parse(text: str) -> Answers:
    """Return the answers of a snapshot."""
    digest, _, body = text.partition("\n")
    if digest != blake2b(body.encode(), digest_size=16).hexdigest():
        raise ValueError("a damaged snapshot")
    answers: Answers = {}
    keys: list[tuple[str, str]] = []
    lines: list[str] = []
    for line in body.split("\n"):
        if not line.startswith(_MARK):
            lines.append(line)
            continue
        if lines:
            answers |= dict.fromkeys(keys, "".join(lines))
            keys, lines = [], []
        _, revision, method = line.split(" ")
        keys.append((revision, method))
    return answers | dict.fromkeys(keys, "".join(lines))


def _is_plain(told: Told) -> bool:
    return told.toolsets == "default" and not told.is_read_only and not told.policy


def _place(told: Told, code: str) -> str:
    """Return the path of the snapshot for these settings."""
    policy = b""
    if told.policy:
        with open(told.policy, "rb") as file:
            policy = os.path.basename(told.policy).encode() + b"\0" + file.read()
    digest = blake2b(digest_size=16)
    python = f"{sys.implementation.name} {sys.version_info[0]}.{sys.version_info[1]}"
    for part in (code, python, told.toolsets, str(told.is_read_only)):
        digest.update(part.encode() + b"\0")
    digest.update(policy)
    return os.path.join(told.cache, "answers", f"{digest.hexdigest()}.txt")


def _versions() -> list[str]:
    """Return name and version of each library that shapes an answer, as installed in the first folder of the path."""
    found: dict[str, str] = {}
    for folder in sys.path:
        try:
            with os.scandir(folder or ".") as entries:
                names = [entry.name for entry in entries if entry.name.endswith(".dist-info")]
        except OSError:
            continue
        for name in names:
            found.setdefault(name.partition("-")[0], name)
    if missing := [name for name in _LIBRARIES if name not in found]:
        raise ValueError(f"no version of {missing[0]}")
    return [found[name] for name in _LIBRARIES]


def _add_folder(digest: "blake2b", folder: str) -> None:
    """Add what the answers depend on of a folder and of those in it, in the order of their names."""
    with os.scandir(folder) as found:
        entries = sorted(found, key=lambda entry: entry.name)
    for entry in entries:
        if entry.name.endswith(".py") or entry.name == "manifest.json":  # the addresses of views
            descriptor = os.open(entry.path, os.O_RDONLY)
            try:
                text = os.read(descriptor, 1 << 24).replace(b"\r\n", b"\n")
            finally:
                os.close(descriptor)
            digest.update(f"{entry.path[len(_PACKAGE) :]}\0{len(text)}\0".replace(os.sep, "/").encode() + text)
        elif entry.name not in _NOT_OF_THE_SERVER and "." not in entry.name and entry.is_dir():
            _add_folder(digest, entry.path)


def _read(path: str) -> str:
    """Return the text of a file; nothing if there is none."""
    if not os.path.exists(path):
        return ""
    with open(path, encoding="utf-8", newline="") as file:
        return file.read()

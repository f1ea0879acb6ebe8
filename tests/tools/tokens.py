"""How many tokens of o200k_base a text has, on a machine without a network too."""

import json
import lzma
from collections.abc import Callable
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
import tiktoken

TABLE = Path(__file__).with_name("o200k_base.tiktoken.xz")
_NAME = "fb374d419588a4632f3f557e76b4b70aebbca790"  # tiktoken looks for it by this name, and checks its SHA-256


def tokens(value: Any) -> int:
    """Return the tokens of a text, or of a value as compact JSON."""
    text = value if isinstance(value, str) else json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    return len(_encoder()(text))


@cache
def _encoder() -> Callable[[str], list[int]]:
    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as environment:
        Path(folder, _NAME).write_bytes(lzma.decompress(TABLE.read_bytes()))
        environment.setenv("TIKTOKEN_CACHE_DIR", folder)
        return tiktoken.get_encoding("o200k_base").encode

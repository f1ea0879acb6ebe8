"""How many tokens a text has (o200k_base), or at most about has where the tokenizer's table is not on this machine."""

import json
import os
from functools import cache
from pathlib import Path
from typing import Any

_TABLE = "fb374d419588a4632f3f557e76b4b70aebbca790"  # the name under which tiktoken keeps o200k_base
_CHARACTERS_PER_TOKEN = {"schema": 3.9, "rows": 2.8, "prose": 3.4}  # a little below what was measured


def tokens(value: Any, kind: str) -> int:
    """Return the tokens of a text, or of a value as compact JSON; `kind` says how to estimate without the table."""
    text = value if isinstance(value, str) else json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    encode = _encoder()
    return len(encode(text)) if encode else int(len(text) / _CHARACTERS_PER_TOKEN[kind])


@cache
def _encoder() -> Any:
    folders = [os.environ.get("TIKTOKEN_CACHE_DIR", ""), str(Path.home() / ".cache/o200k")]
    folder = next((folder for folder in folders if folder and (Path(folder) / _TABLE).exists()), None)
    if folder is None:
        return None
    try:
        import tiktoken
    except ImportError:
        return None
    os.environ["TIKTOKEN_CACHE_DIR"] = folder
    return tiktoken.get_encoding("o200k_base").encode

#!/usr/bin/env bash
# An SVG of rich 15.0.0's `Console.export_svg` is not self-contained: each one has @font-face rules with the addresses of four files of Fira Code
# from cdnjs.cloudflare.com, which a browser loads. No argument leaves them out but a `code_format` of one's own.
set -euo pipefail
work=$(mktemp -d) && trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check rich==15.0.0
"$work/venv/bin/python" - <<'PYTHON'
import io
import re
from importlib.metadata import version

from rich.console import Console

console = Console(record=True, file=io.StringIO(), width=40)
console.print("hello")
loaded = re.findall(r'url\("(https?://[^"]+)"\)', console.export_svg(title="terminal"))
print(version("rich"), *loaded, sep="\n")
raise SystemExit(0 if len(loaded) == 4 and all("//cdnjs.cloudflare.com/" in each for each in loaded) else 1)
PYTHON

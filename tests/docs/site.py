"""Build the documentation site: `python -m tests.docs.site [ADDRESS]` (`make site`), strictly: a broken link ends it.

The pages keep their places, so that one link works on GitHub and on the site.
"""

import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
CONFIG = ROOT / "zensical.toml"
SITE = ROOT / ".site"


def pages_in(nav: Any) -> Iterator[str]:
    """Yield the paths of the pages that a navigation has, in order."""
    if isinstance(nav, str):
        yield nav
    else:
        for each in nav.values() if isinstance(nav, dict) else nav:
            yield from pages_in(each)


def pages() -> list[str]:
    return list(pages_in(tomllib.loads(CONFIG.read_text("utf-8"))["project"]["nav"]))


def links_of(page: str) -> list[tuple[str, str]]:
    """Return the links and pictures of a page inside the project: path ("" is the page itself) and anchor."""
    text = re.sub(r"^```.*?^```|`[^`\n]*`", "", (ROOT / page).read_text("utf-8"), flags=re.DOTALL | re.MULTILINE)
    found = re.findall(r"\]\(([^)\s]+)\)", text) + re.findall(r'\bsrc(?:set)?="([^"]+)"', text)
    targets = [target for target in found if "://" not in target]
    return [(path, anchor) for path, _, anchor in (target.partition("#") for target in targets)]


def collect(folder: Path) -> None:
    """Copy the pages into a folder, and the other files that they link to."""
    wanted = {ROOT / page for page in pages()}
    wanted |= {((ROOT / page).parent / path).resolve() for page in pages() for path, _ in links_of(page) if path}
    for file in sorted(wanted):
        copy = folder / file.relative_to(ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, copy)


def main() -> int:
    shutil.rmtree(SITE, ignore_errors=True)
    collect(SITE / "pages")
    config = CONFIG.read_text("utf-8")
    if len(sys.argv) > 1:
        config = re.sub(r'^site_url = ".*?"', f'site_url = "{sys.argv[1]}"', config, flags=re.MULTILINE)
    (SITE / CONFIG.name).write_text(config, "utf-8")
    return subprocess.run(["zensical", "build", "--strict", "-f", SITE / CONFIG.name], check=False).returncode


if __name__ == "__main__":
    sys.exit(main())

"""The pictures in the pages: light and dark, small, described, and those that the code makes now."""

import re
from pathlib import Path

import pytest

from tests.docs import generate, screens
from tests.docs.pictures import MOST_BYTES
from tests.pictures.drawn import root_of

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "docs" / "pictures"
FILES = sorted(path for path in FOLDER.iterdir() if path.suffix != ".stamp")
PAGES = [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")]
IN_A_PAGE = re.compile(
    r'<picture><source media="\(prefers-color-scheme: dark\)" srcset="([^"]+)-dark\.(\w+)">'
    r'<img alt="([^"]+)" src="([^"]+)-light\.(\w+)"></picture>'
)


@pytest.mark.parametrize("file", FILES, ids=lambda each: each.name)
def test_a_picture_is_small_and_loads_nothing(file: Path) -> None:
    assert file.stat().st_size <= MOST_BYTES
    if file.suffix == ".svg":
        text = file.read_text(encoding="utf-8")
        assert root_of(text).tag.endswith("svg")
        assert re.findall(r"url\((?!#)|href=|<script|https?://(?!www\.w3\.org/2000/svg|127\.0\.0\.1)", text) == []


def test_every_picture_is_in_a_page_in_both_themes_and_described() -> None:
    shown = set()
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        found = IN_A_PAGE.findall(text)
        assert len(found) == text.count("<picture>") == text.count("<img"), page.name
        for dark, dark_kind, told, light, light_kind in found:
            assert (dark, dark_kind) == (light, light_kind), page.name
            assert len(told.split()) > 5
            shown |= {(page.parent / f"{dark}-{theme}.{dark_kind}").resolve() for theme in ("dark", "light")}

    assert shown == set(FILES)


def test_pictures_that_the_code_draws_are_generated() -> None:
    drawn = {(ROOT / name).resolve() for name in generate.PAGES if name.startswith("docs/pictures/")}

    assert {file for file in FILES if file.suffix == ".svg"} == drawn


def test_the_browsers_pictures_show_the_page_as_it_is() -> None:
    assert not screens.are_stale(), "run `make docs UPDATE=1` where chromium and chromedriver are installed"

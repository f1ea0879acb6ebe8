"""Every page has a place on the site, and a link works on the site and on GitHub."""

import re
from pathlib import Path

import pytest

from tests.docs.site import ROOT, collect, links_of, pages

PAGES = pages()


def test_every_page_has_one_place_in_the_navigation() -> None:
    written = {path.relative_to(ROOT).as_posix() for path in ROOT.glob("docs/**/*.md")}

    assert sorted(PAGES) == sorted(set(PAGES))
    assert written - set(PAGES) == set()
    assert [page for page in PAGES if not (ROOT / page).is_file()] == []


def headings_of(page: str) -> set[str]:
    """Return the anchors that GitHub gives to the headings of a page: lower case, without signs, hyphens for spaces."""
    text = re.sub(r"^```.*?^```", "", (ROOT / page).read_text("utf-8"), flags=re.DOTALL | re.MULTILINE)
    titles = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", PAGES)
def test_links_of_a_page_lead_to_a_file_and_a_heading(page: str) -> None:
    here = (ROOT / page).parent
    wrong = []
    for path, anchor in links_of(page):
        target = (here / path).resolve() if path else ROOT / page
        if not target.is_file() or (anchor and anchor not in headings_of(target.relative_to(ROOT).as_posix())):
            wrong.append(f"{path}#{anchor}")

    assert wrong == []


def test_a_page_finds_beside_it_what_it_links_to(tmp_path: Path) -> None:
    collect(tmp_path)

    assert [
        path for page in PAGES for path, _ in links_of(page) if path and not ((tmp_path / page).parent / path).is_file()
    ] == []

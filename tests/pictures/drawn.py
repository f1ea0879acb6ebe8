"""Read a picture back: what is where."""

import xml.etree.ElementTree as ET
from dataclasses import dataclass

SVG = "{http://www.w3.org/2000/svg}"


@dataclass(frozen=True)
class Rectangle:
    """A block of a picture, with the text that a pointer shows."""

    x: float
    y: float
    width: float
    height: float
    title: str
    kind: str

    def overlaps(self, other: "Rectangle") -> bool:
        is_beside = self.x + self.width <= other.x + 0.01 or other.x + other.width <= self.x + 0.01
        return not (is_beside or self.y + self.height <= other.y + 0.01 or other.y + other.height <= self.y + 0.01)


def root_of(picture: str) -> ET.Element:
    return ET.fromstring(picture)  # noqa: S314 - made by this project


def blocks(picture: str, kind: str = "block") -> list[Rectangle]:
    """The blocks (`block`) or offered times (`slot`) of a picture."""
    found = []
    for each in root_of(picture).iter():
        if kind in (each.get("class") or "").split():
            title = each.findtext(f"{SVG}title") or ""
            x, y, width, height = (float(each.get(name) or 0) for name in ("x", "y", "width", "height"))
            found.append(Rectangle(x, y, width, height, title, each.get("class") or ""))
    return found


def texts(picture: str) -> list[str]:
    return [each.text or "" for each in root_of(picture).iter(f"{SVG}text")]


def size(picture: str) -> tuple[float, float]:
    root = root_of(picture)
    return float(root.get("width") or 0), float(root.get("height") or 0)

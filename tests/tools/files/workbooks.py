"""Workbooks as spreadsheets write them, as far as a test needs: one sheet, with texts, numbers, booleans and days."""

import zipfile
from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path
from xml.sax.saxutils import escape

_TYPES = """<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">
<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>
<Override PartName="/xl/workbook.xml"
 ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/>
<Override PartName="/xl/worksheets/sheet1.xml"
 ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/>
<Override PartName="/xl/styles.xml"
 ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.styles+xml"/></Types>"""
_RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_RELS = """<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">
<Relationship Id="r1" Type="{relations}/{kind}" Target="{target}"/>{more}</Relationships>"""
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_BOOK = f"""<?xml version="1.0"?><workbook xmlns="{_MAIN}" xmlns:r="{_RELATIONS}">
<sheets><sheet name="People" sheetId="1" r:id="r1"/></sheets></workbook>"""
_STYLES = f"""<?xml version="1.0"?><styleSheet xmlns="{_MAIN}"><cellXfs count="3"><xf numFmtId="0"/><xf numFmtId="14"/>
<xf numFmtId="22"/></cellXfs></styleSheet>"""
_FIRST_DAY = datetime(1899, 12, 30)  # noqa: DTZ001 - a sheet has no zones


def write_workbook(path: Path, rows: Sequence[Sequence[object]]) -> None:
    """Write a workbook whose one sheet has `rows`."""
    lines = [
        f'<row r="{number}">{"".join(_cell(value, place, number) for place, value in enumerate(row))}</row>'
        for number, row in enumerate(rows, 1)
    ]
    styles = f'<Relationship Id="r2" Type="{_RELATIONS}/styles" Target="styles.xml"/>'
    with zipfile.ZipFile(path, "w") as book:
        book.writestr("[Content_Types].xml", _TYPES)
        book.writestr(
            "_rels/.rels", _RELS.format(relations=_RELATIONS, kind="officeDocument", target="xl/workbook.xml", more="")
        )
        book.writestr(
            "xl/_rels/workbook.xml.rels",
            _RELS.format(relations=_RELATIONS, kind="worksheet", target="worksheets/sheet1.xml", more=styles),
        )
        book.writestr("xl/workbook.xml", _BOOK)
        book.writestr("xl/styles.xml", _STYLES)
        sheet = f'<?xml version="1.0"?><worksheet xmlns="{_MAIN}"><sheetData>{"".join(lines)}</sheetData></worksheet>'
        book.writestr("xl/worksheets/sheet1.xml", sheet)


def _cell(value: object, place: int, row: int) -> str:
    at = f'r="{chr(ord("A") + place)}{row}"'
    match value:
        case None | "":
            return ""
        case bool():
            return f'<c {at} t="b"><v>{int(value)}</v></c>'
        case int() | float():
            return f"<c {at}><v>{value}</v></c>"
        case datetime():
            return f'<c {at} s="2"><v>{(value - _FIRST_DAY).total_seconds() / 86400}</v></c>'
        case date():
            return f'<c {at} s="1"><v>{(value - _FIRST_DAY.date()).days}</v></c>'
        case _:
            return f'<c {at} t="inlineStr"><is><t xml:space="preserve">{escape(str(value))}</t></is></c>'

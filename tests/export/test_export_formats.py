"""Tables as CSV, JSON, Parquet and workbook: exact where the format can be, and harmless in a spreadsheet."""

from __future__ import annotations

import io
import json
import sys
from typing import Any

import pandas as pd
import pytest
from exported_estates import (
    ATTACKS,
    LOOKS_LIKE_FORMULA,
    read_csv,
    read_sheets,
    read_zip,
    without_apostrophes,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from wmiam.errors import InputError
from wmiam.export import parquetform, workbook
from wmiam.export.archive import open_archive
from wmiam.export.csvform import defused, is_formula
from wmiam.export.forms import WRITERS, form_of, write_table
from wmiam.export.jsonform import json_text, write_document
from wmiam.export.table import Column, Kind, Table
from wmiam.export.workbook import CELL, write_workbook
from wmiam.views.text import visible

#: Text with much of what hurts, lone surrogates included.
TEXT = st.one_of(
    st.sampled_from(ATTACKS),
    st.text(st.characters(exclude_categories=()), max_size=12),
    st.text(st.sampled_from("=+-@＝＋ \t\r\n;'\",_x0041<r>/\x00\u202e"), max_size=8),
)
ROWS = st.lists(
    st.tuples(
        TEXT,
        st.one_of(st.none(), st.integers(-(2**53), 2**53)),
        st.one_of(st.none(), st.booleans()),
        st.one_of(st.none(), st.lists(TEXT, max_size=3)),
        st.one_of(st.none(), st.dictionaries(TEXT, TEXT, max_size=2)),
    ),
    max_size=4,
)
COLUMNS = (
    Column("text", Kind.TEXT),
    Column("number", Kind.INTEGER),
    Column("truth", Kind.BOOLEAN),
    Column("list", Kind.LIST),
    Column("object", Kind.OBJECT),
)


def table(rows: list[Any], columns: tuple[Column, ...] = COLUMNS) -> Table:
    return Table("rows", columns, len(rows), lambda: rows)


def written(rows: list[Any], form: str) -> bytes:
    stream = io.BytesIO()
    write_table(table(rows), form, stream)
    assert not stream.closed
    return stream.getvalue()


def as_utf8(text: str) -> str:
    """Return a text as UTF-8 can hold it."""
    return text.encode("utf-8", "backslashreplace").decode()


@given(ROWS)
@settings(deadline=None)
def test_json_and_json_lines_read_back_exactly(rows: list[Any]) -> None:
    names = [column.name for column in COLUMNS]
    want = [dict(zip(names, row, strict=True)) for row in rows]
    assert json.loads(written(rows, "json")) == want
    assert [json.loads(line) for line in written(rows, "jsonl").splitlines()] == want


@given(ROWS)
@settings(deadline=None)
def test_an_array_stands_as_a_person_would_write_it(rows: list[Any]) -> None:
    names = [column.name for column in COLUMNS]
    records = [dict(zip(names, row, strict=True)) for row in rows]
    assert written(rows, "json").decode() == json_text(records, indent=2) + "\n"


@given(ROWS)
@settings(deadline=None)
def test_a_document_reads_back_exactly(rows: list[Any]) -> None:
    stream = io.BytesIO()
    write_document({"made": "today"}, [table(rows), Table.of("none", ["a"], [])], stream)
    got = json.loads(stream.getvalue())
    assert [tuple(record.values()) for record in got["rows"]] == rows
    assert (got["manifest"], got["none"]) == ({"made": "today"}, [])


@given(ROWS)
@settings(deadline=None)
def test_csv_reads_back_by_a_strict_reader_and_holds_no_formula(rows: list[Any]) -> None:
    head, *got = read_csv(written(rows, "csv"))
    assert head == [column.name for column in COLUMNS]
    assert len(got) == len(rows)
    for cells, row in zip(got, rows, strict=True):
        assert not LOOKS_LIKE_FORMULA.match(cells[0])
        for part in cells[3].split(";") if row[3] else ():
            assert not LOOKS_LIKE_FORMULA.match(part) or part == cells[3][1:] or part[0] in "\t\r"
        if "'" not in row[0]:
            assert without_apostrophes(cells[0]) == as_utf8(row[0])
        assert cells[1] == ("" if row[1] is None else str(row[1]))
        assert cells[2] == {None: "", True: "true", False: "false"}[row[2]]


@pytest.mark.parametrize("sign", "=+-@＝＋－＠")
@pytest.mark.parametrize("before", ["", " ", "\t", "\r", "\n", "\u00a0 "])
def test_what_begins_like_a_formula_is_defused(sign: str, before: str) -> None:
    text = f"{before}{sign}1"
    assert is_formula(text)
    assert defused(text) == f"'{text}"
    assert defused(f"x;{before}{sign}1") == f"x;'{before}{sign}1"
    assert defused(f"x{sign}1") == f"x{sign}1"


def test_pandas_reads_csv_back() -> None:
    rows = [("Zoë, the second", -1, True, ["a", "b"], {"k": "v"}), ("two\nlines", None, None, [], None)]
    frame = pd.read_csv(io.BytesIO(written(rows, "csv")))
    assert frame["text"].tolist() == ["Zoë, the second", "two\nlines"]
    assert frame["number"].tolist()[0] == -1
    assert frame["list"].tolist()[0] == "a; b"
    assert json.loads(frame["object"].tolist()[0]) == {"k": "v"}


@given(ROWS)
@settings(max_examples=40, deadline=None)
def test_parquet_reads_back_exactly(rows: list[Any]) -> None:
    from pyarrow.parquet import read_table

    got = read_table(io.BytesIO(written(rows, "parquet"))).to_pylist()
    assert [record["text"] for record in got] == [as_utf8(row[0]) for row in rows]
    assert [(record["number"], record["truth"]) for record in got] == [row[1:3] for row in rows]
    assert [record["list"] for record in got] == [
        None if row[3] is None else [as_utf8(item) for item in row[3]] for row in rows
    ]
    objects = [record["object"] for record in got]
    assert [None if text is None else json.loads(text) for text in objects] == [row[4] for row in rows]


def test_parquet_is_written_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    from pyarrow.parquet import ParquetFile

    monkeypatch.setattr(parquetform, "_ROWS", 2)
    data = written([(str(n), n, None, [], None) for n in range(5)], "parquet")
    file = ParquetFile(io.BytesIO(data))
    assert file.num_row_groups == 3
    assert file.read().column("number").to_pylist() == [0, 1, 2, 3, 4]


@given(ROWS)
@settings(max_examples=60, deadline=None)
def test_a_workbook_holds_text_numbers_and_truths_alone(rows: list[Any]) -> None:
    (cells,) = read_sheets(written(rows, "xlsx")).values()
    assert cells[0] == [column.name for column in COLUMNS]
    got = [line + [None] * (5 - len(line)) for line in cells[1:]]
    got += [[None] * 5] * (len(rows) - len(got))
    for line, row in zip(got, rows, strict=True):
        assert line[0] == (visible(row[0]) or None)
        assert line[1:3] == [row[1], row[2]]
        if row[3]:
            assert line[3] == (visible("; ".join(row[3])) or None)


def test_pandas_reads_a_workbook_back() -> None:
    rows = [(attack, at, True, [attack], None) for at, attack in enumerate(ATTACKS)]
    frame = pd.read_excel(io.BytesIO(written(rows, "xlsx")), engine="calamine", keep_default_na=False)
    # This reader leaves the format's own escapes of what is no character.
    want = [visible(attack).replace("\ufffe\uffff", "_xFFFE__xFFFF_") for attack in ATTACKS]
    assert frame["text"].tolist() == want
    assert frame["number"].tolist() == list(range(len(ATTACKS)))


def test_what_looks_like_a_formula_stays_text_when_its_cell_is_edited() -> None:
    data = written([("=1+1", None, None, None, None), ("plain", None, None, None, None)], "xlsx")
    sheet = read_zip(data)["xl/worksheets/sheet1.xml"].decode()
    formats = read_zip(data)["xl/styles.xml"].decode()
    quoted = formats.partition("<cellXfs")[2].split("<xf ")[1:]
    number = next(at for at, text in enumerate(quoted) if 'quotePrefix="1"' in text)
    assert f'<c r="A2" s="{number}" t="inlineStr"><is><t>=1+1</t></is></c>' in sheet
    assert '<c r="A3" t="inlineStr"><is><t>plain</t></is></c>' in sheet


def test_a_text_that_no_cell_holds_is_cut_and_says_so() -> None:
    (cells,) = read_sheets(written([("x" * (CELL + 1), None, None, None, None)], "xlsx")).values()
    assert len(cells[1][0]) == CELL
    assert cells[1][0].endswith("[cut: 32,768 characters; CSV, JSON and Parquet hold all]")
    (cells,) = read_sheets(written([("x" * CELL, None, None, None, None)], "xlsx")).values()
    assert cells[1][0] == "x" * CELL


@pytest.mark.parametrize(("rows", "sizes"), [(0, [1]), (3, [4]), (4, [4, 2]), (6, [4, 4]), (7, [4, 4, 2])])
def test_a_long_table_goes_on_in_another_sheet(
    monkeypatch: pytest.MonkeyPatch, rows: int, sizes: list[int]
) -> None:
    monkeypatch.setattr(workbook, "SHEET", 3)
    stream = io.BytesIO()
    write_workbook([Table.of("t", ["n"], [[n] for n in range(rows)])], stream)
    sheets = read_sheets(stream.getvalue())
    assert list(sheets) == ["t", "t (2)", "t (3)"][: len(sizes)]
    assert [len(lines) for lines in sheets.values()] == sizes
    assert [line[0] for lines in sheets.values() for line in lines[1:]] == list(range(rows))


@pytest.mark.parametrize("form", WRITERS)
def test_the_same_table_gives_the_same_bytes(form: str) -> None:
    rows = [(attack, at, True, [attack], {"k": attack}) for at, attack in enumerate(ATTACKS)]
    assert written(rows, form) == written(rows, form)


@pytest.mark.parametrize("form", WRITERS)
def test_rows_are_read_one_after_the_other(form: str) -> None:
    """A format that kept all rows would need memory for millions of cells."""
    alive = 0
    most = 0

    class Tracked(str):
        def __new__(cls, text: str) -> Tracked:
            nonlocal alive, most
            alive += 1
            most = max(most, alive)
            return super().__new__(cls, text)

        def __del__(self) -> None:
            nonlocal alive
            alive -= 1

    columns = (Column("a", Kind.TEXT),)
    many = Table("t", columns, 200_000, lambda: ((Tracked("x"),) for _ in range(200_000)))
    write_table(many, form, io.BytesIO())
    assert most <= 140_000


def test_archives_bear_no_date_and_no_permissions_of_this_machine() -> None:
    import zipfile

    stream = io.BytesIO()
    with open_archive(stream) as archive:
        for name, compress in (("a.txt", True), ("b.bin", False)):
            with archive.member(name, compress=compress) as member:
                member.write(b"x" * 1000)
    assert read_zip(stream.getvalue()) == {"a.txt": b"x" * 1000, "b.bin": b"x" * 1000}
    with zipfile.ZipFile(stream) as file:
        assert {info.date_time for info in file.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert {info.external_attr >> 16 for info in file.infolist()} == {0o100644}
        assert [info.compress_type for info in file.infolist()] == [zipfile.ZIP_DEFLATED, zipfile.ZIP_STORED]


@pytest.mark.parametrize(
    ("form", "module", "extra"), [("xlsx", "xlsxwriter", "xlsx"), ("parquet", "pyarrow", "parquet")]
)
def test_a_missing_package_is_named(
    monkeypatch: pytest.MonkeyPatch, form: str, module: str, extra: str
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(InputError, match=rf"pip install 'wmiam\[{extra}\]'"):
        written([], form)


@pytest.mark.parametrize(
    ("path", "form"),
    [("a.csv", "csv"), ("b/A.XLSX", "xlsx"), ("a.txt", None), ("csv", None), ("-", None), (None, None)],
)
def test_a_suffix_is_a_format(path: str | None, form: str | None) -> None:
    assert form_of(path, WRITERS) == form

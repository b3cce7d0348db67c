"""Tables, exact formats, and files that are written whole or not at all."""

from __future__ import annotations

import csv
import io
import json
import sys
from pathlib import Path

import pandas as pd
import pytest

from wmiam.cli.output import Rows, emit, encode, json_text, open_output, print_text
from wmiam.cli.table import clip, render_table, width_of
from wmiam.errors import InputError

# The right-to-left override makes "txt.exe" look like "exe.txt"; the escape moves the cursor.
OVERRIDE, ESCAPE, ZERO_WIDTH = "\u202e", "\x1b[2J", "\u200b"


def test_a_table_without_width_cuts_nothing() -> None:
    text = render_table(["name", "n"], [["a" * 300, 7], ["b", 12]])
    assert text.splitlines()[1] == "a" * 300 + "   7"
    assert "…" not in text


def test_a_table_fits_the_terminal_and_the_widest_column_gives_way() -> None:
    rows = [["ana", "x" * 90], ["a much longer name", "short"]]
    text = render_table(["name", "when"], rows, 40)
    assert max(width_of(line) for line in text.splitlines()) <= 40
    assert "a much longer name" in text
    assert text.splitlines()[1].endswith("x…")


def test_a_narrow_terminal_still_shows_something_of_each_column() -> None:
    text = render_table(["name", "when"], [["abcdefghij", "klmnopqrst"]], 3)
    assert text.splitlines()[1] == "abcde…  klmno…"


def test_wide_and_combining_characters_count_as_the_terminal_shows_them() -> None:
    assert width_of("日本") == 4
    assert width_of("e\u0301") == 1
    assert clip("日本語", 5) == "日本…"


def test_an_arn_keeps_its_end() -> None:
    assert clip("arn:aws:iam::111122223333:role/HelpDesk", 10) == "…/HelpDesk"
    assert clip("HelpDeskResetsPasswords", 10) == "HelpDeskR…"


def test_nothing_in_a_table_can_act_on_the_terminal() -> None:
    text = render_table(["name"], [[f"{ESCAPE}a{OVERRIDE}b{ZERO_WIDTH}c\nd"]])
    assert text.count("\n") == 2
    assert not {"\x1b", OVERRIDE, ZERO_WIDTH} & set(text)
    assert "⟨U+202E⟩" in text


def test_only_a_bold_table_has_escape_sequences() -> None:
    assert "\x1b" not in render_table(["a"], [["b"]])
    assert render_table(["a"], [["b"]], bold=True).startswith("\x1b[1ma\x1b[0m\n")


def test_text_for_reading_keeps_its_lines_only() -> None:
    stream = io.BytesIO()
    print_text(f"one{ESCAPE}\ntwo\n", stream)
    assert stream.getvalue().decode() == "one⟨U+001B⟩[2J\ntwo\n"


def test_json_is_exact_and_safe_to_print() -> None:
    value = {"name": f"Zoë{OVERRIDE}{ESCAPE}\ud800\x9b", "n": 1, "list": ["a"]}
    text = json_text(value)
    assert json.loads(text) == value
    assert "Zoë" in text
    assert not {"\x1b", OVERRIDE, "\x9b", "\ud800"} & set(text)


ROWS = Rows(("name", "n", "many"), [("Zoë, the second", 1, ["a", "b"]), (None, 2, [])])


def test_json_and_json_lines_hold_the_same_records() -> None:
    whole = json.loads(encode(ROWS, "json"))
    lines = [json.loads(line) for line in encode(ROWS, "jsonl").decode().splitlines()]
    assert whole == lines == list(ROWS.records())


def test_csv_reads_back() -> None:
    rows = list(csv.reader(io.StringIO(encode(ROWS, "csv").decode(), newline="")))
    assert rows == [["name", "n", "many"], ["Zoë, the second", "1", "a; b"], ["", "2", ""]]


@pytest.mark.parametrize("first", ["=", "+", "-", "@", "\t", "\r"])
def test_no_csv_cell_is_a_formula(first: str) -> None:
    text = f"{first}cmd|' /C calc'!A0"
    (_, (cell, inner)) = csv.reader(
        io.StringIO(encode(Rows(("a", "b"), [(text, f"x{text}")]), "csv").decode(), newline="")
    )
    assert cell == f"'{text}"
    assert inner == f"x{text}"


def test_csv_of_numbers_and_truths() -> None:
    assert encode(Rows(("n", "t"), [(-1, True)]), "csv") == b"n,t\r\n-1,true\r\n"


def test_parquet_reads_back(tmp_path: Path) -> None:
    path = tmp_path / "rows.parquet"
    emit(ROWS, "parquet", str(path), lambda _width: "")
    frame = pd.read_parquet(path)
    assert list(frame.columns) == ["name", "n", "many"]
    assert frame["n"].tolist() == [1, 2]
    assert list(frame["many"][0]) == ["a", "b"]


def test_parquet_of_no_rows_has_the_columns() -> None:
    frame = pd.read_parquet(io.BytesIO(encode(Rows(("a", "b"), []), "parquet")))
    assert list(frame.columns) == ["a", "b"]
    assert len(frame) == 0


def test_parquet_without_pyarrow_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(InputError, match=r"pip install 'wmiam\[parquet\]'"):
        encode(ROWS, "parquet")


def test_a_frame_becomes_rows_of_plain_values() -> None:
    frame = pd.DataFrame(
        {"a": pd.Categorical(["x", None]), "b": [1, 2], "c": [True, False], "d": [["l"], None]},
        index=["left", "out"],
    )
    rows = Rows.of_frame(frame)
    assert list(rows.records()) == [
        {"a": "x", "b": 1, "c": True, "d": ["l"]},
        {"a": None, "b": 2, "c": False, "d": None},
    ]
    assert type(rows.values[0][1]) is int


def test_an_answer_goes_into_the_file_when_all_is_written(tmp_path: Path) -> None:
    path = tmp_path / "out.txt"
    path.write_text("before")
    with open_output(str(path)) as stream:
        stream.write(b"after")
        stream.flush()
        assert path.read_text() == "before"
    assert path.read_text() == "after"


@pytest.mark.parametrize("name", ["", "missing/out.txt"])
def test_where_no_file_can_be_the_error_names_it(tmp_path: Path, name: str) -> None:
    path = str(tmp_path / name)
    with pytest.raises(InputError) as caught, open_output(path) as stream:
        stream.write(b"x")
    assert caught.value.path == path
    assert caught.value.mend

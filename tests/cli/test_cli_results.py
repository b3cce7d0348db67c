"""``wmiam report`` in formats for other programs, and tables of the other commands as files."""

from __future__ import annotations

import csv
import io
import json
import re
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
import pytest
from jsonschema import Draft202012Validator

from wmiam.export.schema import TABLES, schema

if TYPE_CHECKING:
    from conftest import Run

BEFORE = "data/review/before"


def test_the_report_is_a_document_where_the_suffix_says_so(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    result = run("report", BEFORE, "-o", path)
    assert (result.code, result.out) == (0, f"{path}\n")
    found = json.loads(path.read_text("utf-8"))
    assert Draft202012Validator(schema()).is_valid(found)
    assert found["manifest"]["estate"] == "before"


@pytest.mark.parametrize(
    ("options", "name", "members"),
    [
        (["--format", "csv"], "report.zip", [f"{table}.csv" for table in TABLES]),
        (["--format", "parquet"], "report.zip", [f"{table}.parquet" for table in TABLES]),
        (["--format", "csv", "--table", "actions"], "actions.csv", None),
        (["--format", "xlsx", "--table", "actions", "--table", "access"], "report.xlsx", None),
        (["--format", "sarif"], "report.sarif", None),
        (["--format", "json"], "report.json", None),
    ],
)
def test_a_format_names_the_file_where_the_user_does_not(
    run: Run,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    options: list[str],
    name: str,
    members: list[str] | None,
) -> None:
    source = Path(BEFORE).absolute()
    monkeypatch.chdir(tmp_path)
    result = run("report", source, *options)
    assert (result.code, result.out) == (0, f"{name}\n")
    assert [path.name for path in tmp_path.iterdir()] == [name]
    if members is not None:
        assert zipfile.ZipFile(tmp_path / name).namelist() == ["manifest.json", "schema.json", *members]


def test_one_table_goes_to_standard_output(run: Run) -> None:
    result = run("report", BEFORE, "--format", "csv", "--table", "access", "-o", "-")
    rows = list(csv.DictReader(io.StringIO(result.out, newline=""), strict=True))
    assert {row["decision"] for row in rows} == {"allowed", "conditional"}
    result = run("report", BEFORE, "--format", "json", "--table", "access", "-o", "-")
    assert len(json.loads(result.out)["access"]) == len(rows)


def test_cells_may_be_left_out(run: Run) -> None:
    found = json.loads(run("report", BEFORE, "--format", "json", "--no-cells", "-o", "-").out)
    assert "cells" not in found
    assert found["access"]


def test_given_keys_stand_in_the_manifest(run: Run) -> None:
    given = ["--given", "aws:MultiFactorAuthPresent=false"]
    found = json.loads(run("report", BEFORE, *given, "--format", "json", "--table", "cells", "-o", "-").out)
    assert found["manifest"]["context"] == {"aws:MultiFactorAuthPresent": ["false"]}


def test_what_a_plan_accepts_is_accepted(run: Run, tmp_path: Path) -> None:
    (tmp_path / "accepted.toml").write_text(
        '[[suppress]]\nrule = "retag-around"\nreason = "known"\nexpires = 2099-03-31\nby = "audit"\n'
    )
    (tmp_path / "plan.toml").write_text('suppressions = "accepted.toml"\n')
    options = ["--table", "findings", "--table", "accepted", "--format", "json", "-o", "-"]
    found = json.loads(run("report", "data/acme", "--plan", tmp_path / "plan.toml", *options).out)
    assert [row["rule"] for row in found["accepted"]] == ["retag-around"]
    assert "retag-around" not in {row["rule"] for row in found["findings"]}


def test_the_schema_needs_no_input(run: Run) -> None:
    result = run("report", "--schema")
    assert result.code == 0
    assert json.loads(result.out) == schema()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["-o", "x.csv"], "a file of csv holds one table"),
        (["--table", "access"], "--table does not go with html"),
        (["--cells"], "--cells does not go with html"),
        (["--check"], "--check does not go with html"),
        (["--format", "sarif", "--cells"], "--cells does not go with sarif"),
        (["--format", "json", "--title", "x"], "--title does not go with json"),
        (["--format", "json", "--notebook", "quickstart"], "--notebook does not go with json"),
        (["--format", "json", "--table", "cels"], "no table is called 'cels'; near: cells"),
        (["-o", "missing/x.json"], "no report can be written there"),
    ],
)
def test_what_does_not_go_together_is_said(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: list[str], message: str
) -> None:
    source = Path(BEFORE).absolute()
    monkeypatch.chdir(tmp_path)
    result = run("report", source, *options)
    assert result.code == 2
    assert message in result.err
    assert list(tmp_path.iterdir()) == []


def test_any_other_suffix_is_that_of_a_page(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "report.htm"
    assert run("report", BEFORE, "-o", path).code == 0
    assert path.read_text("utf-8").startswith("<!doctype html>")


def test_the_data_of_a_page_can_be_taken_out_again(run: Run, tmp_path: Path) -> None:
    page, data = tmp_path / "report.html", tmp_path / "data.json"
    assert run("report", "data/acme", "-o", page).code == 0
    assert run("report", "--extract", page, "-o", data).code == 0
    text = page.read_text("utf-8")
    (raw,) = re.findall(r'<script type="application/json" id="data">(.*?)</script>', text, re.DOTALL)
    found = json.loads(data.read_text("utf-8"))
    assert found == json.loads(raw)
    assert "role/AcmeMailTier2" in data.read_text("utf-8")
    assert json.loads(run("report", "--extract", page).out) == found


def test_hostile_data_comes_out_as_it_is(run: Run, tmp_path: Path) -> None:
    from wmiam.views.embedding import embedded

    value = ["</script><script>alert(1)</script>", "<!--<script>", "&amp;", "\u202e\u2028", "\ud800"]
    page = tmp_path / "page.html"
    page.write_text(
        f"<script>let a = '<b id=data>'</script>"
        f'<script type="application/json" id="data">{embedded(value)}</script>'
        '<script type="application/json" id="data">[]</script>',
        "utf-8",
        "backslashreplace",
    )
    assert json.loads(run("report", "--extract", page).out) == value


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"<p>no data</p>", "embeds no data"),
        (b'<script type="application/json" id="data">{</script>', "is no JSON"),
        (b"\xff\xfe", "no text in UTF-8"),
        (None, "cannot be read"),
    ],
)
def test_what_is_no_page_of_ours_is_said(
    run: Run, tmp_path: Path, content: bytes | None, message: str
) -> None:
    page = tmp_path / "page.html"
    if content is not None:
        page.write_bytes(content)
    result = run("report", "--extract", page)
    assert result.code == 2
    assert message in result.err
    assert str(page) in result.err


def test_a_page_is_taken_out_of_by_itself(run: Run, tmp_path: Path) -> None:
    result = run("report", "data/acme", "--extract", tmp_path / "page.html")
    assert result.code == 2
    assert "leave PATH out" in result.err


# -- other commands ---------------------------------------------------------

COMMANDS = [
    ["who-can", "ResetPassword", BEFORE],
    ["what-can", "mateo.jackson", BEFORE],
    ["matrix", BEFORE],
    ["who-reaches", "read-mail", "data/acme"],
    ["reach", "john.stiles", "data/acme"],
    ["paths", "john.stiles", "take-over-mailbox", "data/acme"],
    ["findings", "data/acme", "--rule", "retag-around"],
    ["compare", BEFORE, "data/review/after"],
    ["compare", BEFORE, "data/review/after", "--show", "causes"],
    ["lint", "data/acme"],
    ["catalog"],
]


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_table_can_be_every_kind_of_file(run: Run, tmp_path: Path, command: list[str]) -> None:
    frames = {}
    for suffix in ("json", "csv", "parquet", "xlsx"):
        path = tmp_path / f"out.{suffix}"
        assert run(*command, "-o", path).code == 0
        if suffix == "json":
            frames[suffix] = pd.DataFrame(json.loads(path.read_text("utf-8")))
        elif suffix == "csv":
            frames[suffix] = pd.read_csv(path)
        elif suffix == "parquet":
            frames[suffix] = pd.read_parquet(path)
        else:
            frames[suffix] = pd.read_excel(path, engine="calamine")
    assert len({(len(frame), tuple(frame.columns)) for frame in frames.values()}) == 1
    assert len(frames["json"])
    first = frames["json"].columns[0]
    assert frames["csv"][first].tolist() == frames["xlsx"][first].tolist() == frames["json"][first].tolist()


def test_a_text_file_is_for_reading(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "out.txt"
    assert run("who-can", "ResetPassword", BEFORE, "-o", path).code == 0
    assert path.read_text("utf-8").endswith("3 principals: 1 allowed, 2 conditional\n")


def test_a_format_counts_more_than_a_suffix(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "out.csv"
    assert run("who-can", "ResetPassword", BEFORE, "--format", "jsonl", "-o", path).code == 0
    assert all(json.loads(line) for line in path.read_text("utf-8").splitlines())


def test_findings_are_sarif_where_the_suffix_says_so(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "out.sarif"
    assert run("findings", "data/acme", "--rule", "retag-around", "-o", path).code == 0
    assert json.loads(path.read_text("utf-8"))["version"] == "2.1.0"

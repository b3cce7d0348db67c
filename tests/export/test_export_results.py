"""The results as tables: what they say is what Access says, and what the schema describes."""

from __future__ import annotations

import hashlib
import io
import json
import random
import re
from collections import Counter
from datetime import UTC, datetime
from itertools import product
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from exported_estates import hostile_folder, read_csv, read_sheets, read_zip, without_apostrophes
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator, FormatChecker
from pyarrow.parquet import read_table
from random_estates import mail

import wmiam
from wmiam.access import Access
from wmiam.access.frames import CELL_COLUMNS
from wmiam.export import results as results_module
from wmiam.export import schema as schema_module
from wmiam.export.answers import Answers
from wmiam.export.csvform import flat_text
from wmiam.export.gather import parts
from wmiam.export.results import MOST_CELLS, Results
from wmiam.export.schema import NAME, TABLES, VERSION, columns_of, schema
from wmiam.export.workbook import CELL, SHEET
from wmiam.export.write import write_results
from wmiam.findings.frames import COLUMNS as FINDING_COLUMNS
from wmiam.views.text import visible

ACME = Path(__file__).resolve().parents[2] / "data" / "acme"
MOMENT = datetime(2026, 11, 25, 4, 0, tzinfo=UTC)
SCHEMA_DOC = (Path(schema_module.__file__).parents[1] / "SCHEMA.md").read_text("utf-8")
MFA = {"aws:MultiFactorAuthPresent": False}


@pytest.fixture(scope="module")
def acme() -> Access:
    return wmiam.load(ACME).access()


@pytest.fixture(scope="module")
def results(acme: Access) -> Results:
    return Results(acme, MOMENT)


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Access:
    return wmiam.load(hostile_folder(tmp_path_factory.mktemp("hostile") / "estate")).access()


def document(results: Results, **options: Any) -> dict[str, Any]:
    stream = io.BytesIO()
    write_results(results, "json", stream, **options)
    found: dict[str, Any] = json.loads(stream.getvalue())
    return found


def archive(results: Results, form: str) -> dict[str, bytes]:
    stream = io.BytesIO()
    write_results(results, form, stream)
    return read_zip(stream.getvalue())


def cells_of(access: Access) -> Counter[tuple[str, ...]]:
    """Return the cells as Access has them."""
    return Counter(map(tuple, access.cells().astype("object").itertuples(index=False)))


def taken_apart(access: Access, answers: Answers) -> Counter[tuple[str, ...]]:
    """Return the cells that the rows of the table access stand for."""
    people = {principal.arn: principal for principal in access.principals}
    found: Counter[tuple[str, ...]] = Counter()
    for row in answers.access_table().records():
        told = row["decision"], row["when"], row["through"], row["statements"]
        size = 0
        for arn, action, organization in product(row["principals"], row["actions"], row["organizations"]):
            assert (row["kind"], row["account"]) == (str(people[arn].kind), people[arn].account)
            cell = arn, people[arn].name, row["kind"], row["account"], action, organization
            found[*cell, *told] += 1
            size += 1
        assert row["cells"] == size
    return found


# -- who can do what --------------------------------------------------------


@pytest.mark.parametrize("context", [{}, MFA, {"aws:RequestedRegion": "eu-west-1"}])
def test_access_and_cells_say_what_access_says(acme: Access, context: dict[str, object]) -> None:
    access = acme.given(context)
    answers = Answers(access)
    want = cells_of(access)
    assert sum(want.values()) > 1000
    assert taken_apart(access, answers) == want
    assert Counter(answers.cells_table().make()) == want
    assert answers.cells == answers.cells_table().count == sum(want.values())


@given(st.integers(0, 2**32))
@settings(max_examples=60, deadline=None)
def test_access_and_cells_agree_on_random_estates(seed: int) -> None:
    access = mail.estate(random.Random(seed)).access()
    answers = Answers(access)
    want = cells_of(access)
    assert taken_apart(access, answers) == want
    assert Counter(answers.cells_table().make()) == want


def test_principals_that_are_answered_alike_share_a_row(acme: Access) -> None:
    answers = Answers(acme)
    rows = list(answers.access_table().records())
    assert len(rows) * 20 < answers.cells
    assert any(len(row["principals"]) > 1 for row in rows)


def test_cells_of_a_principal_stand_in_the_order_of_access(acme: Access) -> None:
    arn = "arn:aws:iam::444455556666:role/AcmeMailTier2"
    own = [row[4:6] for row in Answers(acme).cells_table().make() if row[0] == arn]
    frame = acme.what_can(arn)
    assert own == list(zip(frame["action"], frame["organization"], strict=True))


def test_lists_fit_into_a_cell_of_a_spreadsheet_and_lose_nothing() -> None:
    names = [f"arn:aws:iam::111122223333:user/{'x' * (at % 500)}{at}" for at in range(1000)]
    found = list(parts(names))
    assert [name for part in found for name in part] == names
    assert 1 < len(found) < 20
    assert all(len("; ".join(part)) <= 32_000 for part in found)
    assert list(parts(["x" * 40_000])) == [["x" * 40_000]]


# -- the other tables -------------------------------------------------------


def test_capabilities_are_those_of_access(acme: Access, results: Results) -> None:
    found: dict[tuple[str, str], dict[str, set[str]]] = {}
    for row in results.table("capabilities").records():
        for organization in row["organizations"]:
            held = found.setdefault(
                (row["capability"], organization), {"allowed": set(), "conditional": set()}
            )
            held[row["decision"]].update(row["principals"])
    for _, row in acme.capabilities().iterrows():
        if row["organization"]:
            held = found.get(
                (row["capability"], row["organization"]), {"allowed": set(), "conditional": set()}
            )
            assert sorted(held["allowed"]) == row["principals"]
            assert sorted(held["conditional"]) == row["conditional_principals"]


def test_chains_are_those_of_who_reaches(acme: Access, results: Results) -> None:
    rows = [row for row in results.table("chains").records() if row["capability"] == "read-mail"]
    frame = acme.who_reaches("read-mail")
    frame = frame[frame["way"] != "direct"]
    got = {
        (principal, row["way"], row["when"], row["steps"], tuple(row["organizations"]))
        for row in rows
        for principal in row["principals"]
    }
    columns = ["principal", "way", "when", "steps", "organizations"]
    assert got == set(map(tuple, frame[columns].astype("object").itertuples(index=False)))
    assert len(got) == len(frame) > 5


def test_assumptions_are_the_edges(acme: Access, results: Results) -> None:
    from wmiam.graph import assumption_edges

    edges = assumption_edges(acme.estate)
    rows = list(results.table("assumptions").records())
    assert [(row["source"], row["target"], row["action"]) for row in rows] == [
        (edge.source, edge.target, edge.action) for edge in edges
    ]
    assert any(row["trust"] and ".json:" in row["trust"][0] for row in rows)


def test_accepted_findings_are_named_with_who_accepts_them(acme: Access, tmp_path: Path) -> None:
    from wmiam.findings import read_suppressions

    path = tmp_path / "accepted.toml"
    path.write_text(
        '[[suppress]]\nrule = "wildcard-capability"\nreason = "reviewed"\nexpires = 2027-03-31\nby = "audit"\n'
    )
    results = Results(acme, MOMENT, suppress=read_suppressions(path))
    accepted = list(results.table("accepted").records())
    assert accepted
    assert {(row["rule"], row["reason"], row["by"], row["expires"]) for row in accepted} == {
        ("wildcard-capability", "reviewed", "audit", "2027-03-31")
    }
    left = [row["rule"] for row in results.table("findings").records()]
    assert left
    assert "wildcard-capability" not in left


def test_mends_are_tried_where_that_is_asked_for(acme: Access) -> None:
    tried = Results(acme, MOMENT, check=True)
    tried.findings = acme.findings(rules=["retag-around"])
    (row,) = tried.table("findings").records()
    assert (row["adds"], row["takes_away"]) == (0, 4)
    untried = Results(acme, MOMENT)
    untried.findings = tried.findings
    assert [row["adds"] for row in untried.table("findings").records()] == [None]


# -- the schema -------------------------------------------------------------


def test_the_schema_is_one_and_describes_everything() -> None:
    Draft202012Validator.check_schema(schema())
    tables = schema()["$defs"]
    assert list(schema()["properties"]) == ["manifest", *TABLES]
    for name in TABLES:
        assert tables[name]["required"] == list(tables[name]["properties"])
        assert all(about["description"] for about in tables[name]["properties"].values())


def test_columns_are_called_as_elsewhere(acme: Access) -> None:
    from wmiam.catalog.show import rows

    names = {name: [column.name for column in columns_of(name)] for name in TABLES}
    assert names["cells"] == list(CELL_COLUMNS)
    assert names["findings"] == list(FINDING_COLUMNS)
    assert names["actions"] == list(rows(acme.catalog)[0])
    assert set(names["chains"]) - {"capability", "principals"} <= set(acme.who_reaches("read-mail").columns)


@pytest.mark.parametrize("which", ["acme", "hostile", "given", "nothing"])
def test_documents_follow_the_schema(acme: Access, hostile: Access, which: str) -> None:
    access = {
        "acme": acme,
        "hostile": hostile,
        "given": acme.given({**MFA, "aws:SourceIp": ["203.0.113.7", None]}),
        "nothing": wmiam.Estate().access(),
    }[which]
    found = document(Results(access, MOMENT))
    validator = Draft202012Validator(schema(), format_checker=FormatChecker())
    assert [f"{error.json_path}: {error.message}" for error in validator.iter_errors(found)] == []
    assert {table["name"]: table["rows"] for table in found["manifest"]["tables"]} == {
        name: len(found[name]) for name in TABLES
    }


def test_the_schema_tells_other_documents(results: Results) -> None:
    found = document(results, names=["actions"])
    validator = Draft202012Validator(schema())
    assert validator.is_valid(found)
    assert not validator.is_valid({**found, "more": []})
    assert not validator.is_valid({**found, "actions": [{**found["actions"][0], "more": 1}]})
    assert not validator.is_valid({**found, "manifest": {**found["manifest"], "schema_version": "2.0"}})
    assert not validator.is_valid({})


def test_the_manifest_names_what_was_read(acme: Access) -> None:
    access = acme.given({**MFA, "aws:SourceIp": ["203.0.113.7", None]})
    manifest = Results(access, MOMENT).manifest([])
    assert manifest["generated"] == "2026-11-25T04:00:00Z"
    assert manifest["context"] == {
        "aws:MultiFactorAuthPresent": ["false"],
        "aws:SourceIp": ["203.0.113.7", None],
    }
    assert manifest["complete"] is True
    files = {source["name"]: source for source in manifest["sources"]}
    assert list(files) == sorted(files)
    assert len(files) == len(acme.estate.sources)
    for name, source in files.items():
        data = (ACME / name).read_bytes()
        assert (source["sha256"], source["size"]) == (hashlib.sha256(data).hexdigest(), len(data))


def test_many_cells_are_left_out_and_the_manifest_says_so(
    acme: Access, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(results_module, "MOST_CELLS", 10)
    results = Results(acme, MOMENT)
    found = document(results)
    told = {table["name"]: table for table in found["manifest"]["tables"]}
    assert "cells" not in found
    assert told["cells"] == {"name": "cells", "rows": len(acme.cells()), "included": False}
    assert told["access"]["included"]
    assert Draft202012Validator(schema()).is_valid(found)
    assert len(document(results, cells=True)["cells"]) == len(acme.cells())
    assert len(document(results, names=["cells"])["cells"]) == len(acme.cells())
    monkeypatch.setattr(results_module, "MOST_CELLS", 10**6)
    assert "cells" not in document(results, cells=False)


def test_a_table_that_is_not_written_is_not_counted(acme: Access) -> None:
    found = document(Results(acme, MOMENT), names=["actions", "principals"])
    assert list(found) == ["manifest", "principals", "actions"]
    told = {table["name"]: table["rows"] for table in found["manifest"]["tables"]}
    assert told["principals"] == len(acme.principals)
    assert told["chains"] is None


# -- every format -----------------------------------------------------------


@pytest.mark.parametrize("which", ["acme", "hostile"])
def test_every_format_holds_the_same(acme: Access, hostile: Access, which: str) -> None:
    results = Results({"acme": acme, "hostile": hostile}[which], MOMENT)
    want = document(results)
    csv, parquet = archive(results, "csv"), archive(results, "parquet")
    stream = io.BytesIO()
    write_results(results, "xlsx", stream)
    sheets = read_sheets(stream.getvalue())
    assert list(csv) == ["manifest.json", "schema.json", *(f"{name}.csv" for name in TABLES)]
    assert list(sheets) == ["manifest", *TABLES]
    assert json.loads(csv["manifest.json"]) == json.loads(parquet["manifest.json"]) == want["manifest"]
    assert json.loads(csv["schema.json"]) == schema()
    for name in TABLES:
        columns = [column.name for column in columns_of(name)]
        flat = [[flat_text(record[column]) for column in columns] for record in want[name]]
        head, *lines = read_csv(csv[f"{name}.csv"])
        assert head == sheets[name][0] == columns
        assert [[without_apostrophes(cell) for cell in line] for line in lines] == [
            [_in_csv(value) for value in row] for row in flat
        ]
        assert [line + [None] * (len(columns) - len(line)) for line in sheets[name][1:]] == [
            [_in_sheet(value) for value in row] for row in flat
        ]
        for got, record in zip(
            read_table(io.BytesIO(parquet[f"{name}.parquet"])).to_pylist(), want[name], strict=True
        ):
            assert list(got.values()) == [_in_parquet(value) for value in record.values()]


def _as_utf8(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode()


def _in_csv(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else _as_utf8(str(value))


def _in_sheet(value: object) -> object:
    if not isinstance(value, str):
        return value
    return visible(value) or None


def _in_parquet(value: object) -> object:
    if isinstance(value, list):
        return [_as_utf8(item) for item in value]
    flat = flat_text(value)
    return _as_utf8(flat) if isinstance(flat, str) else flat


def test_pandas_reads_the_cells_back_as_access_has_them(acme: Access, tmp_path: Path) -> None:
    want = acme.cells().astype("object")
    order = ["principal", "organization", "action"]
    want = want.sort_values(order, ignore_index=True)
    for name in ("cells.parquet", "cells.csv"):
        path = wmiam.export(acme, tmp_path / name, tables=["cells"])
        read = pd.read_parquet if name.endswith("parquet") else pd.read_csv
        options = {} if name.endswith("parquet") else {"keep_default_na": False, "dtype": "str"}
        got = read(path, **options).astype("object").sort_values(order, ignore_index=True)
        pd.testing.assert_frame_equal(got, want)


def test_pandas_takes_the_groups_apart(acme: Access, tmp_path: Path) -> None:
    """The recipe of the documentation."""
    path = wmiam.export(acme, tmp_path / "access.parquet", tables=["access"])
    frame = pd.read_parquet(path)
    for column in ("principals", "actions", "organizations"):
        frame = frame.explode(column)
    cells = acme.cells()
    got = set(zip(frame["principals"], frame["actions"], frame["organizations"], strict=True))
    assert got == set(zip(cells["principal"], cells["action"], cells["organization"], strict=True))
    assert len(frame) == len(cells)


def test_sarif_is_that_of_the_findings(acme: Access) -> None:
    from wmiam.findings import sarif

    results = Results(acme, MOMENT)
    stream = io.BytesIO()
    write_results(results, "sarif", stream)
    assert json.loads(stream.getvalue()) == sarif(acme.findings(today=MOMENT.date()))


# -- the documentation ------------------------------------------------------


def test_the_documentation_names_every_table_and_version() -> None:
    assert re.findall(r"^\| `(\w+)` \| [a-z]", SCHEMA_DOC.partition("## Tables")[2], re.MULTILINE) == list(
        TABLES
    )
    assert f'"schema_version": "{VERSION}"' in SCHEMA_DOC
    assert f'"schema": "{NAME}"' in SCHEMA_DOC
    assert f"{MOST_CELLS:,} rows" in SCHEMA_DOC
    assert f"{CELL:,} characters" in SCHEMA_DOC
    assert f"{SHEET:,} rows" in SCHEMA_DOC


def test_the_python_of_the_documentation_runs(
    acme: Access, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (code,) = re.findall(r"^```python\n(.*?)^```$", SCHEMA_DOC, re.MULTILINE | re.DOTALL)
    (tmp_path / "data").symlink_to(ACME.parent)
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    exec(compile(code, "SCHEMA.md", "exec"), names)  # noqa: S102
    assert len(names["cells"]) == len(acme.cells())

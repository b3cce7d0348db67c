"""Files of results: whole or not at all, the same bytes each time, and named as the user wants."""

from __future__ import annotations

import errno
import json
import os
import re
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO

import pytest
from exported_estates import hostile_folder, read_csv, read_sheets, read_zip

import wmiam
from wmiam.access import Access
from wmiam.errors import InputError, UnknownNameError
from wmiam.export import forms, write
from wmiam.export.schema import TABLES
from wmiam.export.table import Table
from wmiam.moment import moment_of

ROOT = Path(__file__).resolve().parents[2]
MOMENT = datetime(2026, 11, 25, 4, 0, tzinfo=UTC)
FILES = ("all.json", "all.zip", "all.xlsx", "all.sarif", "cells.csv", "cells.parquet")


@pytest.fixture(scope="module")
def access() -> Access:
    return wmiam.load(ROOT / "data" / "review" / "before").access()


def options(name: str) -> dict[str, Any]:
    return {"tables": ["cells"]} if name.startswith("cells") else {}


@pytest.mark.parametrize("name", FILES)
def test_the_suffix_chooses_the_format(access: Access, tmp_path: Path, name: str) -> None:
    path = wmiam.export(access, tmp_path / name, generated=MOMENT, **options(name))
    assert path == tmp_path / name
    data = path.read_bytes()
    if name == "all.json":
        assert list(json.loads(data)) == ["manifest", *TABLES]
    elif name == "all.zip":
        assert set(read_zip(data)) == {"manifest.json", "schema.json", *(f"{table}.csv" for table in TABLES)}
    elif name == "all.xlsx":
        assert list(read_sheets(data)) == ["manifest", *TABLES]
    elif name == "all.sarif":
        assert json.loads(data)["version"] == "2.1.0"
    elif name == "cells.csv":
        assert len(read_csv(data)) == len(access.cells()) + 1
    else:
        assert data[:4] == data[-4:] == b"PAR1"


def test_a_format_may_be_named(access: Access, tmp_path: Path) -> None:
    path = wmiam.export(access, tmp_path / "some.zip", "parquet", tables=["actions", "access"])
    assert list(read_zip(path.read_bytes())) == [
        "manifest.json",
        "schema.json",
        "actions.parquet",
        "access.parquet",
    ]
    path = wmiam.export(access, tmp_path / "results.txt", "json", tables=["actions"])
    assert list(json.loads(path.read_text("utf-8"))) == ["manifest", "actions"]


@pytest.mark.parametrize(
    ("name", "form", "tables", "message"),
    [
        ("a.txt", None, None, "no format follows from the name"),
        ("a", None, None, "json, csv, parquet, xlsx or sarif"),
        ("a.html", None, None, "no format follows"),
        ("a.json", "yaml", None, "there is no format 'yaml'"),
        ("a.csv", None, None, "holds one table"),
        ("a.parquet", None, ["cells", "access"], "holds one table"),
        ("a.json", None, ["cels"], "no table is called 'cels'; near: cells"),
    ],
)
def test_what_cannot_be_is_said_before_anything_is_evaluated(
    access: Access,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    form: str | None,
    tables: list[str] | None,
    message: str,
) -> None:
    monkeypatch.setattr(Access, "who_reaches", None)
    monkeypatch.setattr(Access, "findings", None)
    with pytest.raises((InputError, UnknownNameError), match=re.escape(message)):
        wmiam.export(access, tmp_path / name, form, tables=tables)
    assert list(tmp_path.iterdir()) == []


# -- whole or not at all ----------------------------------------------------


@pytest.mark.parametrize("before", [None, b"what was there"])
@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("failure", [OSError(errno.ENOSPC, "No space left on device"), KeyboardInterrupt()])
def test_a_failure_leaves_things_as_they_were(
    access: Access,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    failure: BaseException,
    before: bytes | None,
) -> None:
    """The disk is full, or the user interrupts, when most has been written."""
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))
    target = tmp_path / "out" / name
    target.parent.mkdir()
    if before is not None:
        target.write_bytes(before)
    whole = target.with_name(f"whole{target.suffix}")
    size = len(wmiam.export(access, whole, **options(name)).read_bytes())
    whole.unlink()

    class Full:
        """A stream that takes some of the bytes, and then no more."""

        def __init__(self, stream: BinaryIO) -> None:
            self._stream = stream
            self._left = size * 3 // 4

        def write(self, data: bytes) -> int:
            self._left -= len(data)
            if self._left < 0:
                raise failure
            return self._stream.write(data)

        def __getattr__(self, attribute: str) -> Any:
            return getattr(self._stream, attribute)

    real = write.write_results

    def write_some(results: Any, form: str, stream: BinaryIO, *more: Any, **options: Any) -> None:
        real(results, form, Full(stream), *more, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(write, "write_results", write_some)
    with pytest.raises((OSError, KeyboardInterrupt)):
        wmiam.export(access, target, **options(name))
    left = {path.name: path.read_bytes() for path in target.parent.iterdir()}
    assert left == ({} if before is None else {name: before})
    assert list(scratch.iterdir()) == []


@pytest.mark.parametrize("form", forms.WRITERS)
def test_a_failure_between_rows_reaches_the_caller(form: str, tmp_path: Path) -> None:
    def rows() -> Any:
        yield ["a"]
        raise KeyboardInterrupt

    table = Table("t", Table.of("t", ["a"], []).columns, 2, rows)
    with pytest.raises(KeyboardInterrupt), (tmp_path / "out").open("wb") as stream:
        forms.write_table(table, form, stream)


# -- the same bytes ---------------------------------------------------------


@pytest.mark.parametrize("estate", ["review", "hostile"])
def test_two_runs_give_identical_bytes(tmp_path: Path, estate: str) -> None:
    """Two processes, with other hashes of text, other folders, zones and masks."""
    source = ROOT / "data" / "review" / "before"
    if estate == "hostile":
        source = hostile_folder(tmp_path / "estate")
    code = """
import os, sys, wmiam
os.umask(int(sys.argv[3], 8))
access = wmiam.load(sys.argv[1]).access()
for name in sys.argv[4:]:
    wmiam.export(access, os.path.join(sys.argv[2], name), tables=["cells"] if "cells" in name else None)
wmiam.export(access, os.path.join(sys.argv[2], "parquet.zip"), "parquet")
"""
    for run, (seed, zone, mask) in enumerate((("1", "UTC", "022"), ("2", "Asia/Tokyo", "077"))):
        (tmp_path / str(run)).mkdir()
        subprocess.run(
            [sys.executable, "-c", code, str(source), str(tmp_path / str(run)), mask, *FILES],
            check=True,
            cwd=tmp_path / str(run),
            env={
                **os.environ,
                "PYTHONHASHSEED": seed,
                "TZ": zone,
                "SOURCE_DATE_EPOCH": "1795579200",
                "PYTHONPATH": str(ROOT),
            },
        )
    for name in (*FILES, "parquet.zip"):
        first, second = ((tmp_path / run / name).read_bytes() for run in "01")
        assert first == second, name


def test_only_the_moment_differs_between_two_days(access: Access, tmp_path: Path) -> None:
    texts = [
        wmiam.export(access, tmp_path / "all.json", generated=moment).read_text("utf-8")
        for moment in (MOMENT, MOMENT.replace(minute=1))
    ]
    lines = [set(text.splitlines()) for text in texts]
    assert lines[0] ^ lines[1] == {
        '  "generated": "2026-11-25T04:00:00Z",',
        '  "generated": "2026-11-25T04:01:00Z",',
    }


def test_the_moment_of_a_workbook_is_that_of_the_manifest(access: Access, tmp_path: Path) -> None:
    path = wmiam.export(access, tmp_path / "all.xlsx", generated=MOMENT, tables=["actions"])
    members = read_zip(path.read_bytes())
    assert members["docProps/core.xml"].count(b"2026-11-25T04:00:00Z") == 2
    assert ["/generated", "2026-11-25T04:00:00Z"] in read_sheets(path.read_bytes())["manifest"]


def test_the_moment_may_be_fixed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "86400")
    assert moment_of() == datetime(1970, 1, 2, tzinfo=UTC)
    assert moment_of(datetime(2026, 1, 1)) == datetime(2026, 1, 1, tzinfo=UTC)
    for wrong in ("yesterday", "9" * 30):
        monkeypatch.setenv("SOURCE_DATE_EPOCH", wrong)
        with pytest.raises(InputError, match="which is no moment"):
            moment_of()
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "")
    assert moment_of().tzinfo is UTC


# -- what it costs ----------------------------------------------------------


def test_the_public_function_stays_one_whatever_is_loaded_first() -> None:
    code = (
        "import wmiam.export.write, wmiam.export, wmiam; "
        "from wmiam.export.schema import schema; print(wmiam.export.__name__, callable(wmiam.export))"
    )
    result = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert result.stdout.strip() == "export True"


def test_writing_tables_loads_none_of_the_packages_of_other_formats() -> None:
    code = (
        "import sys, wmiam.export.forms, wmiam.export.schema; "
        "print(*({'pandas', 'numpy', 'pyarrow', 'xlsxwriter', 'networkx'} & set(sys.modules)))"
    )
    result = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert result.stdout.strip() == ""

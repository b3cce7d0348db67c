"""Reports from notebooks: parameters, what is run where, failures, and what is left behind."""

from __future__ import annotations

import os
import signal
import struct
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import nbformat
import pytest

from wmiam.errors import UnknownNameError
from wmiam.lab.notebooks import bundled_notebooks, default_parameters, find_notebook, with_parameters

if TYPE_CHECKING:
    from conftest import Run

ROOT = Path(__file__).resolve().parents[2]
PARAMETERS = """
# What it is about.
DATA = "../data/acme"
NAME: str = "ana"
LIMIT = 3
SHARE = 0.5
STRICT = False
ACTIONS = ["a", "b"]
WHO = None
MADE = DATA.upper()
first, second = 1, 2
"""


def write(path: Path, *cells: str, parameters: str = PARAMETERS, language: str = "python") -> Path:
    """Write a notebook whose first cell holds its parameters."""
    made = nbformat.v4.new_notebook(
        cells=[
            nbformat.v4.new_markdown_cell("# Notes"),
            nbformat.v4.new_code_cell(parameters, metadata={"tags": ["parameters"]}),
            *map(nbformat.v4.new_code_cell, cells),
        ],
        metadata={"kernelspec": {"name": "gone", "display_name": "gone", "language": language}},
    )
    nbformat.write(made, path)
    return path


SHOW = "print(repr((DATA, NAME, LIMIT, SHARE, STRICT, ACTIONS, WHO)))"


def report(run: Run, *arguments: str | Path) -> str:
    """Run a notebook; what its page says."""
    target = Path(arguments[-1])
    result = run("report", "--notebook", *arguments[:-1], "-o", target)
    assert (result.code, result.err) == (0, ""), result.err
    assert result.out.splitlines() == [str(target), target.as_uri()]
    return target.read_text("utf-8")


def test_the_defaults_are_what_the_tagged_cell_assigns(tmp_path: Path) -> None:
    made: Any = nbformat.read(write(tmp_path / "a.ipynb"), as_version=4)
    assert default_parameters(made) == {
        "DATA": "../data/acme",
        "NAME": "ana",
        "LIMIT": 3,
        "SHARE": 0.5,
        "STRICT": False,
        "ACTIONS": ["a", "b"],
        "WHO": None,
    }
    assert default_parameters(nbformat.v4.new_notebook()) == {}
    broken = nbformat.v4.new_code_cell("DATA = (", metadata={"tags": ["parameters"]})
    assert default_parameters(nbformat.v4.new_notebook(cells=[broken])) == {}


def test_values_stand_behind_the_defaults_once(tmp_path: Path) -> None:
    made: Any = nbformat.read(write(tmp_path / "a.ipynb", SHOW), as_version=4)
    made.cells[2].outputs = [nbformat.v4.new_output("stream", text="old")]
    once = with_parameters(made, {"DATA": "it's", "LIMIT": 4})
    again = with_parameters(once, {"DATA": "other"})
    assert once.cells[2].source == 'DATA = "it\'s"\nLIMIT = 4'
    assert [cell.source for cell in again.cells[2:]] == ["DATA = 'other'", SHOW]
    assert once.cells[3].outputs == []
    assert made.cells[2].outputs  # the given one stays
    assert len(with_parameters(made, {}).cells) == len(made.cells)


def test_notebooks_are_found_by_name_and_by_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    quickstart = bundled_notebooks()["quickstart"]
    for name in ("quickstart", "01-quickstart", "01-quickstart.ipynb"):
        assert find_notebook(name) == (quickstart, True)
    assert find_notebook(str(quickstart)) == (quickstart, False)
    (tmp_path / "quickstart").write_text("mine")
    assert find_notebook("quickstart") == (Path("quickstart"), False)
    with pytest.raises(UnknownNameError, match="near: quickstart"):
        find_notebook("quickstrat")


def test_a_bundled_notebook_on_given_data(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    files = ROOT / "data" / "acme" / "iam" / "123456789012" / "authorization-details.json"
    (tmp_path / "mine.json").write_bytes(files.read_bytes())
    text = report(run, "quickstart", "mine.json", tmp_path / "out.html")
    assert "<title>Quickstart: who can do what to our WorkMail organizations?</title>" in text
    assert f"{tmp_path / 'mine.json'}" in text
    assert "123456789012" in text
    assert "16 principals in" in text
    # The notebook writes a report of its own, which nobody asked for here.
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mine.json", "out.html"]


def test_without_data_it_runs_on_what_it_names(run: Run, tmp_path: Path) -> None:
    text = report(run, "quickstart", "--title", "Mail <of> ACME", "--no-code", tmp_path / "out.html")
    assert "<title>Mail &lt;of&gt; ACME</title>" in text
    assert "63 principals in 5 accounts" in text
    assert '<details class="code"' not in text


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("NAME=3", "'../data/acme', '3', 3, 0.5, False, ['a', 'b'], None"),
        ("LIMIT=7", "'../data/acme', 'ana', 7, 0.5, False, ['a', 'b'], None"),
        ("SHARE=1", "'../data/acme', 'ana', 3, 1, False, ['a', 'b'], None"),
        ("STRICT=True", "'../data/acme', 'ana', 3, 0.5, True, ['a', 'b'], None"),
        ("ACTIONS=['c=d']", "'../data/acme', 'ana', 3, 0.5, False, ['c=d'], None"),
        ("WHO=444455556666", "'../data/acme', 'ana', 3, 0.5, False, ['a', 'b'], '444455556666'"),
        ("WHO=2026-11-24", "'../data/acme', 'ana', 3, 0.5, False, ['a', 'b'], '2026-11-24'"),
        ("WHO=None", "'../data/acme', 'ana', 3, 0.5, False, ['a', 'b'], None"),
    ],
)
def test_values_have_the_type_of_the_default(run: Run, tmp_path: Path, given: str, shown: str) -> None:
    path = write(tmp_path / "a.ipynb", SHOW)
    text = report(run, path, "-p", given, tmp_path / "out.html")
    assert f"({shown})" in text


def test_paths_count_from_the_user_and_the_rest_from_the_notebook(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "far").mkdir()
    (tmp_path / "far" / "beside.txt").write_text("beside the notebook")
    path = write(tmp_path / "far" / "a.ipynb", "print(DATA)", "print(open('beside.txt').read())")
    monkeypatch.chdir(tmp_path)
    text = report(run, path, "-p", "DATA=some/where", tmp_path / "out.html")
    assert f"{tmp_path / 'some' / 'where'}" in text
    assert "beside the notebook" in text


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["-p", "DATEN=x"], "near: DATA, "),
        (["-p", "LIMIT"], "write NAME=VALUE"),
        (["-p", "LIMIT=many"], "the parameter LIMIT takes a value such as 3, not 'many'"),
        (["-p", "LIMIT=True"], "the parameter LIMIT takes a value such as 3, not 'True'"),
        (["-p", "ACTIONS=a"], "the parameter ACTIONS takes a value such as ['a', 'b'], not 'a'"),
        (["-p", "DATA=x", "y"], "the parameter DATA has two values"),
        (["x", "y"], "a notebook reads one PATH"),
        (["--given", "aws:SecureTransport=true"], "--given is not for notebooks"),
    ],
)
def test_wrong_parameters(run: Run, tmp_path: Path, arguments: list[str], told: str) -> None:
    path = write(tmp_path / "a.ipynb", "raise SystemError('it was run')")
    result = run("report", "--notebook", path, *arguments, "-o", tmp_path / "out.html")
    assert (result.code, result.out) == (2, "")
    assert len(result.err.splitlines()) == 1
    assert told in result.err
    assert not (tmp_path / "out.html").exists()


@pytest.mark.parametrize("option", [["-p", "A=1"], ["--no-code"], ["--allow-errors"]])
def test_options_of_notebooks_need_one(run: Run, tmp_path: Path, option: list[str]) -> None:
    result = run("report", "data/acme", *option, "-o", tmp_path / "out.html")
    assert (result.code, result.out) == (2, "")
    assert "about a notebook, and none is named (add --notebook NOTEBOOK)" in result.err


@pytest.mark.parametrize("text", ["", "no JSON", "[]", '{"cells": 3}', '{"nbformat": 4, "cells": [{}]}'])
def test_what_is_no_notebook(run: Run, tmp_path: Path, text: str) -> None:
    path = tmp_path / "a.ipynb"
    path.write_text(text)
    result = run("report", "--notebook", path, "-o", tmp_path / "out.html")
    assert (result.code, len(result.err.splitlines())) == (2, 1)
    assert f"{path}: this is no Jupyter notebook" in result.err


def test_a_notebook_in_another_language(run: Run, tmp_path: Path) -> None:
    result = run(
        "report", "--notebook", write(tmp_path / "a.ipynb", language="R"), "-o", tmp_path / "out.html"
    )
    assert (result.code, "this notebook is in R, not in Python" in result.err) == (2, True)


def test_a_failing_cell_is_one_line(run: Run, tmp_path: Path) -> None:
    path = write(
        tmp_path / "a.ipynb", "1 + 1", "# Reads it.\nimport wmiam\nwmiam.load('missing')", "print('on')"
    )
    command = ("report", "--notebook", path, "-p", "LIMIT=4", "-o", tmp_path / "out.html")
    result = run(*command)
    assert (result.code, result.out) == (2, "")
    # The author counts three cells of code up to it: the one with the values is not the author's.
    assert result.err == (
        f"wmiam: {path}: code cell 3 (import wmiam) failed: InputError: missing: there is no such file or folder "
        "(mend the cell or a parameter, or see the failure in its place with --allow-errors)\n"
    )
    assert not (tmp_path / "out.html").exists()
    allowed = run(*command, "--allow-errors")
    assert (allowed.code, allowed.err) == (0, "wmiam: 1 cell failed; the page shows how\n")
    text = (tmp_path / "out.html").read_text("utf-8")
    assert "InputError: missing: there is no such file or folder" in text
    assert "on" in text


def test_a_kernel_that_ends_by_itself(run: Run, tmp_path: Path) -> None:
    path = write(tmp_path / "a.ipynb", "import os; os._exit(3)")
    result = run("report", "--notebook", path, "-o", tmp_path / "out.html")
    assert (result.code, len(result.err.splitlines())) == (2, 1)
    assert "code cell 2 (import os; os._exit(3)): Python ended while it ran" in result.err


@pytest.mark.skipif(os.name != "posix", reason="needs a terminal of its own")
def test_it_shows_how_far_it_is_and_can_be_interrupted(tmp_path: Path) -> None:
    import fcntl
    import pty
    import termios

    path = write(
        tmp_path / "a.ipynb",
        "import os; print(os.getpid(), file=open('pid', 'w'))",
        "import time; time.sleep(90)",
    )
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    command = [
        sys.executable,
        "-m",
        "wmiam",
        "report",
        "--notebook",
        str(path),
        "-o",
        str(tmp_path / "out.html"),
    ]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(tmp_path)}
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=theirs)
    os.close(theirs)
    told = b""
    try:
        while b"2/3" not in told:
            told += os.read(ours, 10_000)
        asked = time.monotonic()
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 130
        assert time.monotonic() - asked < 20
    finally:
        process.kill()
        process.wait()
        os.close(ours)
        process.stdout.close()  # type: ignore[union-attr]
    assert b"Running" in told
    kernel = int((tmp_path / "pid").read_text())
    with pytest.raises(ProcessLookupError):
        os.kill(kernel, 0)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.ipynb", "pid"]

"""The command line as a process: help, errors, signals, and what it loads."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from wmiam import __version__

if TYPE_CHECKING:
    from conftest import Run

ROOT = Path(__file__).resolve().parents[2]
WMIAM = [sys.executable, "-m", "wmiam"]
COMMANDS = ["report", "who-can", "what-can", "explain", "matrix", "simulate", "lint", "catalog", "lab"]
REQUEST = json.dumps(
    {
        "id": "1",
        "request": {"principal": "arn:aws:iam::111122223333:user/ana", "action": "workmail:ListUsers"},
    }
)


def popen(*arguments: str, **options: int) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [*WMIAM, *arguments], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options
    )


@pytest.mark.parametrize("command", COMMANDS)
def test_help_teaches(run: Run, command: str) -> None:
    result = run(command, "--help")
    assert (result.code, result.err) == (0, "")
    summary, _, rest = result.out.partition("\n\n")
    assert summary.startswith(f"usage: wmiam {command}")
    assert "\nexamples:\n" in rest
    assert f"  wmiam {command}" in rest
    assert "\nexit codes:\n  0  " in rest
    assert "\n  2  " in rest


@pytest.mark.parametrize("command", COMMANDS)
def test_the_examples_of_the_help_run(
    run: Run, command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = run(command, "--help").out.partition("\nexamples:\n")[2].partition("\n\n")[0]
    shutil.copytree(ROOT / "data", tmp_path / "data")
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "notebooks" / "1.ipynb").write_text("{}")
    (tmp_path / "requests.jsonl").write_text(f"{REQUEST}\n")
    monkeypatch.chdir(tmp_path)
    for line in text.splitlines():
        program, *arguments = shlex.split(line.partition("<")[0])
        assert program == "wmiam"
        if command == "lab":
            # JupyterLab itself is not started here.
            arguments = [*dict.fromkeys([*arguments, "--print-only"])]
        assert run(*arguments).code == 0, line


def test_help_lists_every_command(run: Run) -> None:
    out = run("--help").out
    assert [command for command in COMMANDS if f"\n    {command}" not in out] == []


def test_the_version(run: Run) -> None:
    assert run("--version").out == f"wmiam {__version__}\n"


@pytest.mark.parametrize(
    "arguments",
    [(), ("nonsense",), ("who-can",), ("lint", "data", "--format", "xml"), ("report", "data", "--nonsense")],
)
def test_wrong_usage_ends_with_2(run: Run, arguments: tuple[str, ...]) -> None:
    result = run(*arguments)
    assert (result.code, result.out) == (2, "")
    assert result.err.startswith("usage: wmiam")


def test_an_error_is_one_line_and_debug_shows_where_it_arose(run: Run, tmp_path: Path) -> None:
    command = ("who-can", "ResetPassword", tmp_path / "missing")
    result = run(*command)
    assert result.code == 2
    assert len(result.err.splitlines()) == 1
    with pytest.raises(Exception, match="missing"):
        run(*command, "--debug")


def test_a_reader_that_goes_away_is_no_error() -> None:
    process = popen("catalog", "--format", "jsonl")
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    errors = process.stderr.read()
    process.stderr.close()
    assert process.wait(30) == 141
    assert errors == b""


def test_an_interrupt_is_quiet() -> None:
    process = popen("simulate", stdin=subprocess.PIPE)
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(REQUEST.encode() + b"\n")
    process.stdin.flush()
    assert process.stdout.readline()  # it waits for the next line by now
    process.send_signal(signal.SIGINT)
    out, errors = process.communicate(timeout=30)
    assert (process.returncode, out, errors) == (130, b"", b"")


def test_simulate_answers_before_the_next_line_comes() -> None:
    process = popen("simulate", stdin=subprocess.PIPE)
    assert process.stdin is not None
    assert process.stdout is not None
    for _ in range(3):
        process.stdin.write(REQUEST.encode() + b"\n")
        process.stdin.flush()
        assert json.loads(process.stdout.readline())["decision"] == "ImplicitlyDenied"
    process.communicate(timeout=30)
    assert process.returncode == 0


def test_an_interrupted_write_leaves_no_file(tmp_path: Path) -> None:
    target = tmp_path / "out.jsonl"
    process = popen("simulate", "-o", str(target), stdin=subprocess.PIPE)
    assert process.stdin is not None
    process.stdin.write(REQUEST.encode() + b"\n")
    process.stdin.flush()
    until = time.monotonic() + 30
    while not os.listdir(tmp_path) and time.monotonic() < until:
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=30)
    assert process.returncode == 130
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(
    "arguments", [("simulate", os.devnull), ("lint", "data/review"), ("catalog",), ("--help",)]
)
def test_light_commands_load_no_heavy_package(arguments: tuple[str, ...]) -> None:
    code = (
        "import sys; from wmiam.cli import main; main(sys.argv[1:]); "
        "print(*({'pandas', 'numpy', 'networkx', 'jinja2', 'IPython'} & set(sys.modules)), file=sys.stderr)"
    )
    result = subprocess.run(
        [sys.executable, "-c", code, *arguments], cwd=ROOT, check=True, capture_output=True, text=True
    )
    assert result.stderr.split("\n")[-2] == ""


def test_no_escape_sequence_goes_to_a_pipe() -> None:
    process = popen("who-can", "ResetPassword", "data/acme", "--org", "acme-europe")
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    assert b"mateo.jackson" in out
    assert b"\x1b" not in out


def test_output_is_utf_8_whatever_the_locale_says() -> None:
    environment = {**os.environ, "LC_ALL": "C", "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    result = subprocess.run(
        [*WMIAM, "who-can", "ResetPassword", "data/acme", "--org", "acme-europe"],
        cwd=ROOT,
        env=environment,
        check=True,
        capture_output=True,
    )
    assert "group HelpDesk › policy" in result.stdout.decode("utf-8")

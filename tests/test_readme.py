"""What README.md says holds: its commands, its Python, and its script that collects."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest

import wmiam
from wmiam.cli import main

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text("utf-8")
AWS = Path(__file__).with_name("replay_aws.py")
#: The account whose files the script collects in the test.
ACCOUNT = "444455556666"


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


@pytest.fixture
def clone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the sample data, to run commands in."""
    shutil.copytree(ROOT / "data", tmp_path / "data")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_ci_runs_the_test_command_as_it_stands() -> None:
    command = blocks("bash")[1].strip()
    assert command.endswith("tests/check.py")
    assert (ROOT / ".ci" / "run").read_text().splitlines()[-1] == command
    assert (ROOT / ".ci" / "run").stat().st_mode & stat.S_IXUSR


def test_the_first_three_commands_are_single_lines_that_begin_from_nothing() -> None:
    for block in blocks("bash")[:3]:
        assert block.count("\n") == 1
        assert block.startswith("python3 -m venv .venv && .venv/bin/pip install -q -c constraints.txt ")


def test_the_report_command_writes_the_report(clone: Path, capsys: pytest.CaptureFixture[str]) -> None:
    *_, command = blocks("bash")[0].split("&&")
    program, *arguments = shlex.split(command)
    assert program == ".venv/bin/wmiam"
    assert main(arguments) == 0
    assert (clone / "report.html").stat().st_size > 10_000
    assert (clone / "report.html").as_uri() in capsys.readouterr().out


def test_the_questions_are_answered(clone: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = [line.removeprefix("$ ") for block in blocks("console") for line in block.splitlines()]
    assert len(lines) >= 5
    for line in lines:
        program, *arguments = shlex.split(line)
        assert program == ".venv/bin/wmiam"
        assert main(arguments) == 0
        assert capsys.readouterr().out


def test_commands_say_what_is_printed_here(clone: Path, capsys: pytest.CaptureFixture[str]) -> None:
    commands = [
        line.removeprefix("$ ")
        for language in ("console", "bash")
        for block in blocks(language)
        for line in block.splitlines()
        if line.removeprefix("$ ").startswith(
            (".venv/bin/wmiam compare", ".venv/bin/wmiam findings", ".venv/bin/wmiam paths")
        )
    ]
    said = []
    for command in commands:
        _, *arguments = shlex.split(command)
        said.append((main(arguments), capsys.readouterr().out))
    assert [code for code, _ in said] == [0, 0, 1, 0, 1]
    printed = blocks("text")
    assert len(printed) == 4
    for text in printed:
        assert any(text in out for _, out in said), text


@pytest.mark.parametrize("code", blocks("python"))
def test_the_python_runs(clone: Path, code: str, capsys: pytest.CaptureFixture[str]) -> None:
    exec(compile(code, "README.md", "exec"), {})  # noqa: S102
    printed = capsys.readouterr().out
    for line, said in re.findall(r"^print\((.*)\)  # (.*)$", code, re.MULTILINE):
        assert said in printed, line


def test_every_command_is_in_the_table(capsys: pytest.CaptureFixture[str]) -> None:
    main(["--help"])
    known = set(re.findall(r"^    ([a-z-]+)(?: |$)", capsys.readouterr().out, re.MULTILINE))
    told = set(re.findall(r"^\| `wmiam ([a-z-]+)", README, re.MULTILINE))
    assert told == known


def test_the_script_collects_what_the_sample_estate_holds(tmp_path: Path) -> None:
    """The script of README.md, with a stand-in for the AWS CLI that answers from data/acme."""
    (script,) = (block for block in blocks("bash") if "mkdir -p mine" in block)
    command = tmp_path / "bin" / "aws"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} {shlex.quote(str(AWS))} "$@"\n')
    command.chmod(0o755)
    environment = {
        **os.environ,
        "PATH": f"{command.parent}:{os.environ['PATH']}",
        "REPLAY_ACCOUNT": ACCOUNT,
        "REPLAY_DATA": str(ROOT / "data" / "acme"),
    }
    subprocess.run(["bash", "-c", script], cwd=tmp_path, env=environment, check=True)
    collected, sample = wmiam.load(tmp_path / "mine"), wmiam.load(ROOT / "data" / "acme")
    assert {d.code for d in collected.diagnostics} <= {d.code for d in sample.diagnostics}

    def organizations(estate: wmiam.Estate) -> list[tuple[object, ...]]:
        return [
            (o.arn, o.alias, o.tags, tuple(r.id for r in o.impersonation_roles or ()))
            for o in estate.organizations
            if o.account == ACCOUNT and not o.stand_in
        ]

    def principals(estate: wmiam.Estate) -> list[str]:
        return [p.arn for p in estate.principals if p.account == ACCOUNT]

    def tree(estate: wmiam.Estate) -> set[tuple[object, ...]]:
        organization = estate.aws_organization
        assert organization is not None
        return {
            (t.id, t.parent, tuple(sorted(p.name for p in (*t.scps, *t.rcps))))
            for t in organization.targets.values()
        }

    assert organizations(collected) == organizations(sample)
    assert principals(collected) == principals(sample)
    assert tree(collected) == tree(sample)

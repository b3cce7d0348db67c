"""Loading as a whole: the sample estate, progress, interruption, time and memory."""

from __future__ import annotations

import gc
import io
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from estate_shapes import codes, details, read, user

from wmiam.sources import load

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "tests" / "benchmarks" / "read_authorization_details.py"
ACME = ROOT / "data" / "acme"


def test_the_sample_estate_is_understood_completely() -> None:
    estate = load(ACME)
    assert estate.complete, [str(d) for d in estate.diagnostics]
    assert estate.name == "acme"
    assert len(estate.organizations) == 5
    assert not any(o.stand_in for o in estate.organizations)
    assert all(o.tags and o.impersonation_roles is not None for o in estate.organizations)
    assert {a.id for a in estate.accounts.values() if a.has_iam} == {
        "111122223333",
        "444455556666",
        "123456789012",
        "777788889999",
        "555566667777",
    }
    tree = estate.aws_organization
    assert tree is not None
    assert [node.name for node in tree.path("444455556666")] == [
        "Root",
        "Workloads",
        "Messaging",
        "ACME Mail",
    ]
    assert all(
        p.document is not None for principal in estate.principals for p, _ in principal.identity_policies
    )
    assert all(p.trust is not None for p in estate.principals if p.is_role)


def test_every_statement_of_the_sample_estate_has_a_place() -> None:
    estate = load(ACME)
    policies = {p for principal in estate.principals for p, _ in principal.identity_policies}
    policies |= {p.trust for p in estate.principals if p.trust is not None}
    assert len(policies) > 50
    for policy in policies:
        assert policy.document is not None
        assert policy.origin is not None
        text = policy.origin.source.text()
        assert text is not None
        for statement in policy.document.statements:
            found = policy.origin.below(statement.pointer).offset(text)
            assert found is not None
            assert text[found] in '{"'
            if text[found] == "{" and statement.sid:
                assert statement.sid in text[found : found + 3000]


@pytest.mark.parametrize("folder", ["before", "after"])
def test_the_sample_review_is_understood_completely(folder: str) -> None:
    estate = load(ROOT / "data" / "review" / folder)
    assert codes(estate) == []
    assert len(estate.organizations) == 2


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("size", "terminal", "progress", "expected"),
    [
        (100, True, None, False),
        (6_000_000, True, None, True),
        (6_000_000, False, None, False),
        (6_000_000, True, False, False),
        (100, False, True, True),
    ],
)
def test_when_progress_is_shown(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    size: int,
    terminal: bool,
    progress: bool | None,
    expected: bool,
) -> None:
    stream = Terminal() if terminal else io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    (tmp_path / "iam.json").write_text(json.dumps(details(user(), Padding="x" * size)))
    load(tmp_path, progress=progress)
    assert ("reading" in stream.getvalue()) is expected
    if expected:
        assert "100%" in stream.getvalue()


def test_an_interruption_passes_through(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("wmiam.sources.iam.read_record", interrupt)
    with pytest.raises(KeyboardInterrupt):
        read(tmp_path, {"iam.json": details(user())})
    assert gc.isenabled()


def test_ten_thousand_users_with_one_document_are_read_quickly(tmp_path: Path) -> None:
    document = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "workmail:*", "Resource": "*"}],
    }
    users = [
        user(f"u{n}", UserPolicyList=[{"PolicyName": "p", "PolicyDocument": document}]) for n in range(10_000)
    ]
    (tmp_path / "iam.json").write_text(json.dumps(details(*users)))
    started = time.process_time()
    estate = load(tmp_path)
    assert time.process_time() - started < 3
    assert len({id(p.inline[0].document) for p in estate.principals if p.inline}) == 1
    last = next(p for p in estate.principals if p.name == "u9999")
    assert last.origin is not None
    assert last.origin.pointer == "/UserDetailList/9999"


def test_memory_and_time_of_a_large_file() -> None:
    command = [sys.executable, str(SCRIPT), "--megabytes", "20", "--runs", "1", "--distinct"]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=environment)
    figures = json.loads(done.stdout)
    assert 19 < figures["megabytes"] < 22
    assert figures["peak_times_size"] < 8
    assert figures["times_json_loads"] < 25

"""effective-policy on the sample estate."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from conftest import Run

ACME = "data/acme"


def test_json_is_the_document_alone(run: Run) -> None:
    result = run("effective-policy", "saanvi.sarkar", ACME, "--format", "json")
    assert result.code == 0
    assert json.loads(result.out)["Version"] == "2012-10-17"
    assert "wmiam: Exact: it allows what all policies together allow on WorkMail" in result.err


def test_text_says_what_there_is_to_know(run: Run) -> None:
    result = run("effective-policy", "mateo.jackson", ACME)
    head, brace, document = result.out.partition("\n{")
    assert head.splitlines()[0] == "arn:aws:iam::444455556666:user/mateo.jackson"
    assert "  Exact: it allows what all policies together allow on WorkMail, and nothing else." in head
    assert "characters without white space." in head
    assert json.loads(brace + document)["Statement"]


def test_given_keys_count(run: Run) -> None:
    result = run("effective-policy", "mateo.jackson", ACME, "--given", "aws:MultiFactorAuthPresent=true")
    assert "Given aws:MultiFactorAuthPresent = true." in result.out
    assert '"aws:MultiFactorAuthPresent"' not in result.out


def test_the_document_is_written_to_a_file(run: Run, tmp_path: Path) -> None:
    target = tmp_path / "policy.json"
    result = run("effective-policy", "mateo.jackson", ACME, "--format", "json", "-o", target)
    assert (result.code, result.out) == (0, "")
    assert json.loads(target.read_text("utf-8"))["Statement"]


def test_a_root_user_has_none(run: Run) -> None:
    result = run("effective-policy", "arn:aws:iam::444455556666:root", ACME)
    assert (result.code, result.out) == (2, "")
    assert "is a root user, and no policy can be attached to one" in result.err


def test_an_unknown_name_is_told(run: Run) -> None:
    result = run("effective-policy", "mateo.jacksn", ACME)
    assert result.code == 2
    assert "near: " in result.err

"""Linting a whole estate: every policy once, with the place of each finding."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import wmiam
from wmiam.catalog import load as load_catalog
from wmiam.estate.lint import lint_estate, policies_of
from wmiam.policy.lint import lint_document
from wmiam.policy.model import PolicyType

DATA = Path(__file__).resolve().parents[2] / "data"
ACME = wmiam.load(DATA / "acme")
BAD = {"Effect": "Allow", "Action": "workmail:ResetPasword", "Resource": "*"}


def lint(path: Path) -> list[tuple[str, str, int | None]]:
    estate = wmiam.load(path)
    return [
        (d.code, d.origin.source.name, d.origin.line)
        for d in lint_estate(estate)
        if d.origin is not None and d.severity == "warning"
    ]


def write(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value, indent=1), "utf-8")


def test_findings_name_file_and_line_and_come_in_their_order(tmp_path: Path) -> None:
    write(tmp_path / "b.json", {"Version": "2012-10-17", "Statement": [BAD]})
    write(tmp_path / "a.json", {"Version": "2012-10-17", "Statement": [BAD, BAD]})
    assert lint(tmp_path) == [
        ("unknown-action", "a.json", 6),
        ("unknown-action", "a.json", 11),
        ("unknown-action", "b.json", 6),
    ]


def test_a_document_that_two_files_hold_is_reported_for_both(tmp_path: Path) -> None:
    for name in ("a.json", "b.json"):
        write(tmp_path / name, {"Version": "2012-10-17", "Id": name, "Statement": BAD})
    assert [file for _, file, _ in lint(tmp_path)] == ["a.json", "b.json"]


def test_what_the_reader_found_is_part_of_the_answer(tmp_path: Path) -> None:
    write(tmp_path / "a.json", {"Version": "2012-10-17", "Statement": [{**BAD, "Efect": "Allow"}]})
    estate = wmiam.load(tmp_path)
    assert estate.diagnostics
    assert set(estate.diagnostics) <= set(lint_estate(estate))


def test_what_an_estate_lacks_is_told_of_estates_alone(tmp_path: Path) -> None:
    org = "arn:aws:workmail:eu-west-1:999999999999:organization/m-n1pq2345678r901st2u3vx45x6789yza"
    write(tmp_path / "a.json", {"Version": "2012-10-17", "Statement": {**BAD, "Resource": org}})
    policies = wmiam.load(tmp_path)
    assert any(d.code == "account-without-iam" for d in policies.diagnostics)
    assert not [d for d in lint_estate(policies) if d.code == "account-without-iam"]
    both = wmiam.load(tmp_path, DATA / "acme" / "iam" / "111122223333")
    assert [d.code for d in lint_estate(both) if d.code == "account-without-iam"]


def test_nothing_read_is_an_error_even_without_estate(tmp_path: Path) -> None:
    write(tmp_path / "a.json", {"no": "policy"})
    assert "nothing-read" in {d.code for d in lint_estate(wmiam.load(tmp_path))}


def test_every_policy_of_the_sample_estate_is_met_once() -> None:
    policies = list(policies_of(ACME))
    keys = [policy.key for policy in policies]
    assert len(keys) == len(set(keys))
    kinds = {str(policy.kind) for policy in policies}
    assert kinds == {
        "AWS managed",
        "customer managed",
        "inline",
        "trust",
        "service control",
        "resource control",
    }


def test_policies_that_aws_manages_are_left_out() -> None:
    managed = [policy for policy in policies_of(ACME) if policy.kind == "AWS managed"]
    itself = [
        problem
        for policy in managed
        if policy.document is not None
        for problem in lint_document(policy.document, load_catalog(), PolicyType.IDENTITY)
    ]
    assert itself, "nothing to leave out"
    places = {(p.origin.source.name, p.origin.pointer) for p in managed if p.origin is not None}
    found = [(d.origin.source.name, d.origin.pointer) for d in lint_estate(ACME) if d.origin is not None]
    assert not [
        place
        for place in found
        if any(place[0] == file and place[1].startswith(f"{pointer}/") for file, pointer in places)
    ]


def test_the_mistakes_of_the_sample_estate_are_found() -> None:
    """Those of data/README.md that a policy document shows by itself, by their numbers there."""
    mistakes = {
        1: ("action-without-resource", "workmail:ListOrganizations"),
        2: ("caller-chosen-key", "aws:UserAgent"),
        3: ("mfa-deny-passes-access-keys", "aws:MultiFactorAuthPresent"),
        4: ("unknown-condition-key", "workmail:ImpersonationRole"),
        5: ("condition-never-carried", "workmail:ImpersonationRoleId"),
        6: ("allow-not-action", "NotAction"),
        7: ("variable-in-old-version", "MailOrganization"),
        8: ("action-without-resource", "workmail:CreateOrganization"),
        9: ("unknown-action", "workmail:ResetPasword"),
        11: ("condition-partly-carried", "workmail:PutMailboxPermissions"),
        15: ("resource-never-matches", "acme-executives"),
        16: ("wildcard-without-like", "work*"),
        19: ("private-source-ip", "10.0.0.0/8"),
    }
    found = lint_estate(ACME)
    missed = [
        number
        for number, (code, text) in mistakes.items()
        if not any(d.code == code and text in d.message for d in found)
    ]
    assert missed == []

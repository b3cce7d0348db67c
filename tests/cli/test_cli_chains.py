"""paths, reach and who-reaches on the sample estate, whose answers data/README.md gives."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Run

ACME = "data/acme"


def test_paths_tell_each_step_with_its_condition(run: Run) -> None:
    result = run("paths", "john.stiles", "take-over-mailbox", ACME, "--org", "acme-europe")
    assert result.code == 0
    assert result.out.splitlines() == [
        "john.stiles (123456789012)",
        "  assumes ServiceDeskTier2 (123456789012), with MFA",
        "  assumes AcmeMailTier2 (444455556666)",
        "  has take-over-mailbox",
        "  role chaining: the session lasts an hour at most, carries no MFA, and keeps transitive session tags",
        "1 path",
    ]


def test_a_key_that_is_given_closes_a_path(run: Run) -> None:
    result = run(
        *("paths", "john.stiles", "AcmeMailTier2", ACME, "--given", "aws:MultiFactorAuthPresent=false")
    )
    assert result.code == 0
    assert result.out == "no path: from john.stiles (123456789012) to AcmeMailTier2 (444455556666)\n"


def test_paths_in_an_exact_format(run: Run) -> None:
    result = run("paths", "999999999999", "acme-europe", ACME, "--format", "json")
    (row,) = json.loads(result.out)
    assert (row["length"], row["way"], row["decision"]) == (1, "chain", "conditional")
    assert row["nodes"][0] == "999999999999"


def test_reach_counts_what_is_gained(run: Run) -> None:
    result = run("reach", "john.stiles", ACME, "--format", "json")
    rows = {row["name"]: row for row in json.loads(result.out)}
    assert list(rows) == ["john.stiles", "ServiceDeskTier2", "AcmeMailTier2"]
    assert [row["gained"] for row in rows.values()] == [0, 1, 6]
    assert "2 principals within reach" in run("reach", "john.stiles", ACME).out


def test_who_reaches_tells_who_and_how(run: Run) -> None:
    result = run("who-reaches", "export-mail", ACME, "--org", "acme-americas", "--format", "csv")
    rows = {row["name"]: row for row in csv.DictReader(io.StringIO(result.out))}
    assert rows["paulo.santos"]["when"].startswith("with MFA (to become AcmeMailExportOperator")
    assert rows["AcmeMailExportOperator"]["way"] == "direct"
    assert "mary.major" not in rows
    read = run("who-reaches", "export-mail", ACME, "--org", "acme-factory")
    assert read.out == "nobody\n"


def test_an_unknown_capability_is_told_with_the_near_ones(run: Run) -> None:
    result = run("who-reaches", "read-mial", ACME)
    assert result.code == 2
    assert "read-mail" in result.err


def test_an_unread_policy_is_named(run: Run, tmp_path: Path) -> None:
    policy = "arn:aws:iam::111122223333:policy/Lost"
    user = {
        "Path": "/",
        "UserName": "ana",
        "UserId": "AIDAEXAMPLEANA",
        "Arn": "arn:aws:iam::111122223333:user/ana",
        "AttachedManagedPolicies": [{"PolicyName": "Lost", "PolicyArn": policy}],
    }
    reader = {
        "Path": "/",
        "RoleName": "reader",
        "RoleId": "AROAEXAMPLEREADER",
        "Arn": "arn:aws:iam::444455556666:role/reader",
        "AssumeRolePolicyDocument": {
            "Version": "2012-10-17",
            "Statement": [
                {"Effect": "Allow", "Principal": {"AWS": "111122223333"}, "Action": "sts:AssumeRole"}
            ],
        },
        "RolePolicyList": [
            {
                "PolicyName": "mail",
                "PolicyDocument": {
                    "Version": "2012-10-17",
                    "Statement": [{"Effect": "Allow", "Action": "workmail:*", "Resource": "*"}],
                },
            }
        ],
    }
    (tmp_path / "mail.json").write_text(json.dumps({"UserDetailList": [user], "RoleDetailList": [reader]}))
    result = run("who-reaches", "read-mail", str(tmp_path), "--format", "json")
    rows = {row["name"]: row for row in json.loads(result.out)}
    assert rows["ana"]["decision"] == "conditional"
    assert "if policy Lost, which cannot be read, allows it" in rows["ana"]["when"]
    told = run("paths", "ana", "read-mail", str(tmp_path)).out
    assert "if policy Lost, which cannot be read, allows it" in told
    assert "reader" in run("reach", "ana", str(tmp_path)).out

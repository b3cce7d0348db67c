"""Value classes of ordered keys: every value lies in the class that its tests say, also around zero."""

from __future__ import annotations

import pytest

from wmiam.access import Access
from wmiam.engine.domains import Test as Question
from wmiam.engine.domains import build_groups
from wmiam.estate.estate import Estate
from wmiam.estate.model import Account, Organization, Policy, PolicyKind, Principal, PrincipalKind
from wmiam.policy.model import PolicyType
from wmiam.policy.parse import parse_document

ACCOUNT = "111122223333"


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
    condition = {operator: {"aws:MultiFactorAuthAge": bound}}
    statement = {"Effect": "Allow", "Action": "workmail:*", "Resource": "*", "Condition": condition}
    document = parse_document({"Version": "2012-10-17", "Statement": [statement]}, PolicyType.IDENTITY)
    arn = f"arn:aws:iam::{ACCOUNT}:user/ana"
    user = Principal(
        arn, "ana", ACCOUNT, PrincipalKind.USER, inline=(Policy("p", PolicyKind.INLINE, document),)
    )
    org = f"arn:aws:workmail:eu-west-1:{ACCOUNT}:organization/m-aaaa"
    estate = Estate(
        (user,),
        (Organization(org, "m-aaaa", "eu-west-1", ACCOUNT, tags=()),),
        {ACCOUNT: Account(ACCOUNT, has_iam=True)},
    )
    access = Access.of(estate, progress=False)
    for age in (0.0, 0.25, 1.0, 3600.0):
        context = {"aws:MultiFactorAuthPresent": "true", "aws:MultiFactorAuthAge": str(age)}
        holds = age > float(bound) if operator == "NumericGreaterThan" else age <= float(bound)
        assert access.allows(arn, "workmail:ResetPassword", org, context) is holds

"""The Condition object: what it says of itself, and how conditions combine."""

from __future__ import annotations

from pathlib import Path

import pytest
from contexts import access_of, allow, condition_of, deny

import wmiam
from wmiam.errors import OtherSpaceError, RequestError

MFA = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}
OFFICE = {"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}}
ACME = Path(__file__).resolve().parents[2] / "data" / "acme"


@pytest.fixture(scope="module")
def access() -> wmiam.Access:
    return access_of(
        allow({**MFA, **OFFICE}, "workmail:ResetPassword"),
        allow(MFA, "workmail:DescribeUser"),
        allow(OFFICE, "workmail:ListUsers"),
        allow(MFA, "workmail:ListGroups"),
        allow(OFFICE, "workmail:ListGroups"),
        allow(None, "workmail:DescribeGroup"),
    )


def test_a_condition_describes_itself(access: wmiam.Access) -> None:
    both = access.condition("ana", "ResetPassword")
    assert (both.always, both.never) == (False, False)
    assert both.keys == ("aws:MultiFactorAuthPresent", "aws:SourceIp")
    assert both.unknowns == ()
    assert both.sentence == "with MFA, from 203.0.113.0/24"
    assert both.witness() == {"aws:MultiFactorAuthPresent": "true", "aws:SourceIp": "203.0.113.0"}
    assert both.cases() == [{"aws:MultiFactorAuthPresent": "with MFA", "aws:SourceIp": "from 203.0.113.0/24"}]
    assert repr(both) == "<Condition: with MFA, from 203.0.113.0/24>"


def test_always_and_never(access: wmiam.Access) -> None:
    always, never = access.condition("ana", "DescribeGroup"), access.condition("ana", "DeleteGroup")
    assert (always.always, always.never, always.sentence) == (True, False, "always")
    assert (always.to_policy(), always.cases(), always.keys) == ({}, [{}], ())
    assert (never.always, never.never, never.sentence) == (False, True, "never")
    assert (never.to_statements(), never.cases(), never.witness()) == ([], [], None)


def test_conditions_combine_and_compare(access: wmiam.Access) -> None:
    both = access.condition("ana", "ResetPassword")
    mfa, office = access.condition("ana", "DescribeUser"), access.condition("ana", "ListUsers")
    assert mfa & office == both
    assert hash(mfa & office) == hash(both)
    assert mfa | office == access.condition("ana", "ListGroups")
    assert mfa != office
    assert ~(~mfa | ~office) == both
    assert (mfa | ~mfa).always
    assert (mfa & ~mfa).never
    assert both.implies(mfa)
    assert not mfa.implies(both)
    assert mfa != "with MFA"


def test_conditions_of_two_evaluations_do_not_mix(access: wmiam.Access) -> None:
    here = access.condition("ana", "ResetPassword")
    there = condition_of(allow(MFA))
    for ask in (
        lambda: here & there,
        lambda: here | there,
        lambda: here == there,
        lambda: here.implies(there),
    ):
        with pytest.raises(OtherSpaceError, match="different evaluations"):
            ask()


def test_holds_leaves_open_what_every_request_has() -> None:
    condition = condition_of(
        allow({**MFA, "DateLessThan": {"aws:CurrentTime": "2027-01-01T00:00:00Z"}}),
        deny({"NumericGreaterThan": {"aws:MultiFactorAuthAge": "900"}}),
    )
    full = {
        "aws:MultiFactorAuthPresent": True,
        "aws:MultiFactorAuthAge": 60,
        "aws:CurrentTime": "2026-12-01T00:00:00Z",
    }
    assert condition.holds(full)
    assert not condition.holds({**full, "aws:MultiFactorAuthAge": 901})
    assert not condition.holds({})
    with pytest.raises(RequestError, match="give aws:CurrentTime as well"):
        condition.holds({"aws:MultiFactorAuthPresent": True, "aws:MultiFactorAuthAge": 60})
    with pytest.raises(RequestError, match="no request"):
        condition.holds({**full, "aws:MultiFactorAuthPresent": False})


def test_holds_says_on_which_unknown_it_depends() -> None:
    condition = condition_of(allow({"StringEquals": {"aws:UserAgent": "${aws:SourceIdentity}"}}))
    assert condition.unknowns == ("StringEquals holds for aws:UserAgent and ${aws:SourceIdentity}",)
    with pytest.raises(RequestError, match="nothing says whether StringEquals holds"):
        condition.holds({"aws:UserAgent": "x"})


def test_fixed_keys_count(access: wmiam.Access) -> None:
    given = access.given({"aws:MultiFactorAuthPresent": True})
    assert given.condition("ana", "DescribeUser").always
    assert given.condition("ana", "ResetPassword").to_policy() == {
        "IpAddress": {"aws:SourceIp": ["203.0.113.0/24"]}
    }


def test_html_escapes_what_policies_say() -> None:
    condition = condition_of(allow({"StringEquals": {"aws:UserAgent": "<script>alert(1)</script>"}}))
    html = condition._repr_html_()
    assert "<script>" not in html
    assert "&lt;script&gt;" in html
    several = condition_of(allow(MFA), allow(OFFICE))._repr_html_()
    assert "There is no Condition block for it: it takes 2 statements" in several


def test_in_the_sample_estate() -> None:
    access = wmiam.load(ACME).access()
    assert access.condition("mateo.jackson", "ResetPassword", "acme-europe").to_policy() == {
        "Bool": {"aws:MultiFactorAuthPresent": ["true"]}
    }
    assert access.condition("mateo.jackson", "ResetPassword", "acme-executives").never
    elsewhere = access.condition("mateo.jackson", "ResetPassword", "acme-factory")
    assert elsewhere.never
    with pytest.raises(wmiam.AmbiguousNameError, match="choose one of"):
        access.condition("mateo.jackson", "ResetPassword")
    with pytest.raises(wmiam.AmbiguousNameError, match="more than one action"):
        access.condition("mateo.jackson", "List*", "acme-europe")

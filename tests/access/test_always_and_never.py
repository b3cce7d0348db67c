"""Conditions that always hold, or never can, are decided, and the explanation says why."""

from __future__ import annotations

from typing import Any

import pytest

from tests.access.test_access import allow, small

MFA_AGE, MFA = "aws:MultiFactorAuthAge", "aws:MultiFactorAuthPresent"


@pytest.mark.parametrize(
    ("condition", "why"),
    [
        (
            {"StringEquals": {"aws:RequestedRegion": "us-east-1"}},
            "StringEquals on aws:RequestedRegion does not hold",
        ),
        (
            {"NumericLessThan": {MFA_AGE: "100"}, "Bool": {MFA: "false"}},
            "its conditions exclude each other",
        ),
        (
            {
                "DateLessThan": {"aws:CurrentTime": "2026-01-01T00:00:00Z"},
                "NumericGreaterThan": {"aws:EpochTime": "1798761600"},
            },
            "its conditions exclude each other",
        ),
        (
            {"StringEquals": {"aws:RequestTag/Team": "mail"}},
            "aws:RequestTag/Team is never in a request for workmail:ResetPassword",
        ),
    ],
)
def test_a_condition_that_can_never_hold_is_denied(condition: dict[str, Any], why: str) -> None:
    explanation = small(allow(**condition)).explain("ana", "ResetPassword", "acme")
    assert explanation.decision == "denied"
    assert explanation.witness is None
    (statement,) = explanation.layers[0].statements
    assert (statement.applies, statement.why) == ("no", why)
    assert why in str(explanation)


@pytest.mark.parametrize(
    "condition",
    [
        {"Null": {"aws:SecureTransport": "false"}},
        {"StringLikeIfExists": {"aws:UserAgent": "*"}},
        {"StringEquals": {"aws:RequestedRegion": ["eu-west-1", "us-east-1"]}},
        {"ForAllValues:StringEquals": {"aws:TagKeys": "Team"}},
        {"NumericGreaterThanEqualsIfExists": {MFA_AGE: "0"}},
    ],
)
def test_a_condition_that_always_holds_is_allowed(condition: dict[str, Any]) -> None:
    explanation = small(allow(**condition)).explain("ana", "ResetPassword", "acme")
    assert (explanation.decision, explanation.when) == ("allowed", "")
    (statement,) = explanation.layers[0].statements
    assert (statement.applies, statement.why) == ("applies", "its conditions hold in every such request")


def test_an_unconditional_statement_needs_no_reason() -> None:
    explanation = small(allow()).explain("ana", "ResetPassword", "acme")
    assert explanation.layers[0].statements[0].why == ""


def test_an_example_is_not_empty_text_where_other_text_will_do() -> None:
    explanation = small(allow(StringLike={"aws:UserAgent": "*"})).explain("ana", "ResetPassword", "acme")
    assert explanation.witness is not None
    assert explanation.witness["aws:UserAgent"]

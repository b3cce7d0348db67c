"""Rows that ask for an ARN are decided by one expression, and must say what the reference says."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from wmiam.engine.compile import compile_row
from wmiam.engine.conditions import evaluate_condition
from wmiam.engine.quick import arn_test
from wmiam.engine.request import Context
from wmiam.policy.model import Condition
from wmiam.policy.operators import parse_operator

KEY = "aws:PrincipalArn"
FIELDS = (
    "arn",
    "aws",
    "iam",
    "",
    "111122223333",
    "role/Mail",
    "user/ana",
    "role/a:b",
    "*",
    "ar?",
    "r*l",
    "?",
)
arns = st.builds(
    "arn:{}:iam::{}:{}".format,
    st.sampled_from(["aws", "aws-cn"]),
    st.sampled_from(["111122223333", "444455556666"]),
    st.sampled_from(["role/Mail", "role/a:b", "user/ana", "root", "role/team/Mail"]),
)
patterns = st.one_of(
    arns,
    st.sampled_from(["*", "arn:*", "arn:aws:iam::*:role/*", "arn:aws:iam::111122223333:*", "${*}", "no arn"]),
    st.lists(st.sampled_from(FIELDS), min_size=5, max_size=7).map(":".join),
)
operators = st.sampled_from(
    [
        f"{base}{end}"
        for base in (
            "ArnEquals",
            "ArnLike",
            "ArnNotEquals",
            "ArnNotLike",
            "StringEquals",
            "StringNotEquals",
            "StringLike",
            "StringNotLike",
            "StringEqualsIgnoreCase",
        )
        for end in ("", "IfExists")
    ]
)


@given(operators, st.lists(patterns, min_size=1, max_size=3), arns, st.booleans())
def test_one_expression_says_what_the_reference_says(
    written: str, values: Sequence[str], arn: str, variables: bool
) -> None:
    operator = parse_operator(written)
    assert operator is not None
    condition = Condition(operator, KEY, tuple(values), written)
    quick = arn_test(compile_row(condition, variables))
    if quick is not None:
        reference = evaluate_condition(condition, Context.of({KEY: arn}), variables=variables)
        assert quick(arn) is reference.holds


def test_ordinary_exemptions_are_quick() -> None:
    operator = parse_operator("ArnNotLike")
    assert operator is not None
    condition = Condition(operator, KEY, ("arn:aws:iam::*:role/Admin*",), "ArnNotLike")
    quick = arn_test(compile_row(condition, variables=True))
    assert quick is not None
    assert quick("arn:aws:iam::111122223333:role/Mail")
    assert not quick("arn:aws:iam::111122223333:role/AdminMail")

"""Rows of a Condition block that ask for one known text, decided without building a request.

An SCP that spares some roles by ``aws:PrincipalArn`` asks every principal of an
organization; this makes of such a row one regular expression.  Must agree with
:func:`wmiam.engine.conditions.evaluate_condition`.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from wmiam.engine.compile import Row
from wmiam.policy.operators import COMPARISONS
from wmiam.policy.patterns import arn_regex, glob, parse_template

__all__ = ["arn_test"]


def arn_test(row: Row) -> Callable[[str], bool] | None:
    """Return a function that decides a row for a key whose one value is an ARN.

    Parameters
    ----------
    row : Row
        A row on a key that is always present with one value, an ARN of six fields.

    Returns
    -------
    callable or None
        None for a row that compares otherwise: the reference decides it.
    """
    operator = row.condition.operator
    comparison = COMPARISONS.get(operator.base)
    if comparison is None or operator.qualifier is not None or len(row.reads) != 1:
        return None
    expressions: list[str] = []
    for value in row.condition.values:
        template = parse_template(
            value, variables=row.variables and comparison.variables, wildcards=comparison.wildcards
        )
        pieces = template.resolve(lambda _key: None)
        if pieces is None:
            return None
        if operator.base in ("StringLike", "StringNotLike", "StringEquals", "StringNotEquals"):
            expressions.append(glob(pieces).pattern)
        elif comparison.family == "arn":
            regex = arn_regex(pieces)
            if regex is None:
                return None
            expressions.append(regex.pattern)
        else:
            return None
    if not expressions:
        return None
    matches = re.compile("|".join(f"(?:{text})" for text in expressions), re.DOTALL).fullmatch
    if comparison.negated:
        return lambda value: matches(value) is None
    return lambda value: matches(value) is not None

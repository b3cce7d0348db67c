"""The reference evaluation of one row of a Condition block against a request context.

Written to be read beside the IAM User Guide, "Condition operators" and "Set
operators for multivalued context keys"; rules C1 to C9.
"""

from __future__ import annotations

from dataclasses import dataclass

from wmiam.engine.request import Context
from wmiam.policy.model import Condition, Qualifier
from wmiam.policy.operators import COMPARISONS, NULL, Comparison
from wmiam.policy.patterns import Piece, parse_template
from wmiam.policy.values import parse_bool

__all__ = ["ConditionResult", "evaluate_condition"]


@dataclass(frozen=True, slots=True)
class ConditionResult:
    """Whether one row of a Condition block holds, and why.

    Parameters
    ----------
    condition : Condition
        The row.
    holds : bool
        Its truth for the request.
    reason : str
        A short sentence that names the request's value.
    """

    condition: Condition
    holds: bool
    reason: str


def evaluate_condition(condition: Condition, context: Context, *, variables: bool) -> ConditionResult:
    """Decide one row of a Condition block.

    Parameters
    ----------
    condition : Condition
        Operator, key and values.
    context : Context
        The request's context, complete.
    variables : bool
        Whether the document's version has policy variables (M7).
    """
    operator = condition.operator
    entry = context.get(condition.key)
    given = f"{condition.key} is absent" if entry is None else f"{condition.key} is {_show(entry.values)}"

    if operator.base == NULL:
        is_null = entry is None or entry.is_null
        holds = any(parse_bool(value) is is_null for value in condition.values)
        return ConditionResult(condition, holds, given)

    comparison = COMPARISONS[operator.base]
    wanted = _wanted(condition, comparison, context, variables)

    if operator.qualifier is not None:
        # An absent key satisfies ForAllValues and fails ForAnyValue, unless IfExists
        # was written; an empty data set does likewise.
        if entry is None:
            holds = operator.if_exists or operator.qualifier is Qualifier.FOR_ALL_VALUES
            return ConditionResult(condition, holds, given)
        if entry.values in ((), ("",)):
            return ConditionResult(
                condition, operator.qualifier is Qualifier.FOR_ALL_VALUES, f"{condition.key} is empty"
            )
        matches = [_value_matches(value, wanted, comparison) for value in entry.values]
        combine = all if operator.qualifier is Qualifier.FOR_ALL_VALUES else any
        return ConditionResult(condition, combine(matches), given)

    if entry is None or entry.is_null:
        return ConditionResult(condition, operator.if_exists or comparison.negated, given)
    if len(set(entry.values)) > 1:
        # C5: without a set operator there is no way to compare several values.
        return ConditionResult(condition, False, f"{given}, and {condition.written} takes one value")
    return ConditionResult(condition, _value_matches(entry.values[0], wanted, comparison), given)


def _wanted(
    condition: Condition, comparison: Comparison, context: Context, variables: bool
) -> list[tuple[Piece, ...] | None]:
    """Return the policy's values with variables replaced; None for one whose variable has no value."""
    return [
        parse_template(
            value, variables=variables and comparison.variables, wildcards=comparison.wildcards
        ).resolve(context.single)
        for value in condition.values
    ]


def _value_matches(value: str, wanted: list[tuple[Piece, ...] | None], comparison: Comparison) -> bool:
    """Whether one value of the request satisfies an operator and its values (C1).

    A value whose variable has no value equals nothing.  A malformed value equals
    nothing either, and keeps a negated operator from holding (C9).
    """
    outcomes = [comparison.test(value, pieces) for pieces in wanted if pieces is not None]
    if not comparison.negated:
        return any(outcomes)
    return all(outcome is False for outcome in outcomes)


def _show(values: tuple[str, ...]) -> str:
    if len(values) == 1:
        return repr(values[0])
    return "[" + ", ".join(repr(value) for value in values) + "]"

"""What is readable in a policy document and yet cannot work: malformed values, impossible patterns.

These need no catalog of actions; :mod:`wmiam.policy.lint` adds what does.
"""

from __future__ import annotations

from collections.abc import Callable

from wmiam.policy import values
from wmiam.policy.model import Condition, Problem, Statement
from wmiam.policy.operators import COMPARISONS, NULL
from wmiam.policy.patterns import Variable, Wild, parse_template

__all__ = ["check_condition", "check_patterns"]

_PARSERS: dict[str, tuple[Callable[[str], object], str, str]] = {
    "number": (values.parse_number, "a number", "write digits, such as 3600"),
    "date": (values.parse_date, "a date", "write 2027-03-31T00:00:00Z or seconds since 1970"),
    "bool": (values.parse_bool, "true or false", 'write "true" or "false"'),
    "binary": (values.parse_binary, "Base64", "write the bytes in Base64"),
    "address": (values.parse_network, "an IP address or CIDR range", "write 203.0.113.0/24"),
}


def check_condition(condition: Condition, pointer: str, problems: list[Problem]) -> None:
    """Add the problems of one row of a Condition block.

    Parameters
    ----------
    condition : Condition
        The row.
    pointer : str
        Its JSON pointer relative to the document.
    problems : list of Problem
        Receives what is found.

    Notes
    -----
    Source: IAM User Guide, "Condition operators": each operator's values; rule C9.
    """
    base, qualifier = condition.operator.base, condition.operator.qualifier
    if not condition.values:
        problems.append(
            Problem("warning", "no-values", f"{condition.written} on {condition.key} has no value", pointer)
        )
    if base == NULL and qualifier is not None:
        problems.append(
            Problem(
                "warning",
                "qualified-null",
                "Null asks for presence only: ForAllValues and ForAnyValue change nothing",
                pointer,
                "write Null",
            )
        )
    family = "bool" if base == NULL else COMPARISONS[base].family
    if family == "arn":
        _check_arns(condition, pointer, problems)
    elif family in _PARSERS:
        parse, what, mend = _PARSERS[family]
        for value in condition.values:
            if parse(value) is None:
                problems.append(
                    Problem(
                        "warning",
                        "malformed-value",
                        f"{condition.written} on {condition.key}: {value!r} is not {what}, "
                        "so it never matches",
                        pointer,
                        mend,
                    )
                )


def _check_arns(condition: Condition, pointer: str, problems: list[Problem]) -> None:
    for value in condition.values:
        if value != "*" and not value.startswith("${") and value.count(":") < 5:
            problems.append(
                Problem(
                    "warning",
                    "malformed-value",
                    f"{condition.written} on {condition.key}: {value!r} has fewer than "
                    "the six fields of an ARN, so it never matches",
                    pointer,
                    "write all six fields, or use a String operator",
                )
            )


def check_patterns(statement: Statement, has_variables: bool, problems: list[Problem]) -> None:
    """Add the problems of a statement's action and resource patterns.

    Parameters
    ----------
    statement : Statement
        The statement.
    has_variables : bool
        Whether the document's version has policy variables.
    problems : list of Problem
        Receives what is found.

    Notes
    -----
    Source: IAM User Guide, "IAM JSON policy elements: Action" and "Resource";
    "Variables and tags", where variables can be used.
    """
    for name in ("Action", "NotAction"):
        patterns = statement.actions if name == "Action" else statement.not_actions
        for index, pattern in enumerate(patterns or ()):
            if pattern != "*" and ":" not in pattern:
                problems.append(
                    Problem(
                        "warning",
                        "action-without-service",
                        f"{name} {pattern!r} names no service, so it matches nothing",
                        f"{statement.pointer}/{name}/{index}",
                        f"write service:{pattern}",
                    )
                )
    for name in ("Resource", "NotResource"):
        resources = statement.resources if name == "Resource" else statement.not_resources
        for index, pattern in enumerate(resources or ()):
            _check_resource(pattern, f"{statement.pointer}/{name}/{index}", name, has_variables, problems)


def _check_resource(
    pattern: str, pointer: str, name: str, has_variables: bool, problems: list[Problem]
) -> None:
    template = parse_template(pattern, variables=True, wildcards=True)
    if template.variables and not has_variables:
        problems.append(
            Problem(
                "warning",
                "variable-in-old-version",
                f"{name} {pattern!r} is plain text: policy variables need Version 2012-10-17",
                pointer,
                'write "Version": "2012-10-17"',
            )
        )
    if pattern.startswith("arn:") and pattern.count(":") < 5 and not pattern.endswith("*"):
        problems.append(
            Problem(
                "warning",
                "short-arn",
                f"{name} {pattern!r} has fewer than six fields: AWS completes it with wildcards",
                pointer,
                "write all six fields",
            )
        )
    elif not pattern.startswith("arn:") and template.parts[:1] != (Wild.STAR,):
        problems.append(
            Problem(
                "warning",
                "not-an-arn",
                f"{name} {pattern!r} is neither * nor an ARN, so it matches nothing",
                pointer,
                "write an ARN, or *",
            )
        )
    if has_variables and _variable_before_resource(template.parts):
        problems.append(
            Problem(
                "warning",
                "variable-outside-resource-part",
                f"{name} {pattern!r} has a policy variable before the fifth colon, where AWS replaces none",
                pointer,
                "move the variable behind the fifth colon, or use a condition key",
            )
        )


def _variable_before_resource(parts: tuple[str | Wild | Variable, ...]) -> bool:
    colons = 0
    for part in parts:
        if isinstance(part, Variable):
            if colons < 5:
                return True
        elif isinstance(part, str):
            colons += part.count(":")
    return False

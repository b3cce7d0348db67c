"""Condition operators: their names, and how each compares one value of a request with one of a policy.

Source: IAM User Guide, "IAM JSON policy elements: Condition operators".
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from wmiam.policy import values
from wmiam.policy.model import Operator, Qualifier
from wmiam.policy.patterns import Piece, arn_regex, ascii_lower, glob

__all__ = ["COMPARISONS", "NULL", "Comparison", "parse_operator"]

#: What a comparison says of one value of the request and one of the policy:
#: they match, they do not, or one of them is malformed (C9).
Outcome = bool | None


@dataclass(frozen=True, slots=True)
class Comparison:
    """A base operator, without qualifier and ``IfExists``.

    Parameters
    ----------
    name : str
        Canonical spelling, e.g. ``"StringNotLike"``.
    family : str
        ``"string"``, ``"number"``, ``"date"``, ``"bool"``, ``"binary"``, ``"address"`` or ``"arn"``.
    negated : bool
        Whether the operator is true where ``test`` matches none of the policy's values.
    variables : bool
        Whether policy variables are replaced in its values (strings and ARNs only).
    wildcards : bool
        Whether ``*`` and ``?`` are wildcards in its values.
    test : callable
        Takes the request's value and the policy's (resolved); True, False, or None for malformed.
    """

    name: str
    family: str
    negated: bool
    variables: bool
    wildcards: bool
    test: Callable[[str, tuple[Piece, ...]], Outcome]


def _text(pieces: tuple[Piece, ...]) -> str:
    return "".join(str(piece.value) if not isinstance(piece, str) else piece for piece in pieces)


def _equals(actual: str, wanted: tuple[Piece, ...]) -> Outcome:
    return actual == _text(wanted)


def _equals_ignore_case(actual: str, wanted: tuple[Piece, ...]) -> Outcome:
    return actual.lower() == _text(wanted).lower()


def _like(actual: str, wanted: tuple[Piece, ...]) -> Outcome:
    return glob(wanted).fullmatch(actual) is not None


def _arn(actual: str, wanted: tuple[Piece, ...]) -> Outcome:
    regex = arn_regex(wanted)
    if regex is None or values.parse_arn(actual) is None:
        return None
    return regex.fullmatch(actual) is not None


def _bool(actual: str, wanted: tuple[Piece, ...]) -> Outcome:
    left, right = values.parse_bool(actual), values.parse_bool(_text(wanted))
    return None if left is None or right is None else left == right


def _binary(actual: str, wanted: tuple[Piece, ...]) -> Outcome:
    left, right = values.parse_binary(actual), values.parse_binary(_text(wanted))
    return None if left is None or right is None else left == right


def _address(actual: str, wanted: tuple[Piece, ...]) -> Outcome:
    address, network = values.parse_network(actual), values.parse_network(_text(wanted))
    if address is None or network is None:
        return None
    # An IPv4 address is in no IPv6 range, and the reverse.
    return address.version == network.version and address.subnet_of(network)  # type: ignore[arg-type]


def _ordered(
    parse: Callable[[str], Decimal | None], compare: Callable[[Decimal, Decimal], bool]
) -> Callable[[str, tuple[Piece, ...]], Outcome]:
    def test(actual: str, wanted: tuple[Piece, ...]) -> Outcome:
        left, right = parse(actual), parse(_text(wanted))
        return None if left is None or right is None else compare(left, right)

    return test


_ORDER: Final[dict[str, tuple[bool, Callable[[Decimal, Decimal], bool]]]] = {
    "Equals": (False, lambda a, b: a == b),
    "NotEquals": (True, lambda a, b: a == b),
    "LessThan": (False, lambda a, b: a < b),
    "LessThanEquals": (False, lambda a, b: a <= b),
    "GreaterThan": (False, lambda a, b: a > b),
    "GreaterThanEquals": (False, lambda a, b: a >= b),
}


def _comparisons() -> dict[str, Comparison]:
    table = [
        Comparison("StringEquals", "string", False, True, False, _equals),
        Comparison("StringNotEquals", "string", True, True, False, _equals),
        Comparison("StringEqualsIgnoreCase", "string", False, True, False, _equals_ignore_case),
        Comparison("StringNotEqualsIgnoreCase", "string", True, True, False, _equals_ignore_case),
        Comparison("StringLike", "string", False, True, True, _like),
        Comparison("StringNotLike", "string", True, True, True, _like),
        Comparison("Bool", "bool", False, False, False, _bool),
        Comparison("BinaryEquals", "binary", False, False, False, _binary),
        Comparison("IpAddress", "address", False, False, False, _address),
        Comparison("NotIpAddress", "address", True, False, False, _address),
        Comparison("ArnEquals", "arn", False, True, True, _arn),
        Comparison("ArnLike", "arn", False, True, True, _arn),
        Comparison("ArnNotEquals", "arn", True, True, True, _arn),
        Comparison("ArnNotLike", "arn", True, True, True, _arn),
    ]
    for name, (negated, compare) in _ORDER.items():
        number = _ordered(values.parse_number, compare)
        date = _ordered(values.parse_date, compare)
        table.append(Comparison(f"Numeric{name}", "number", negated, False, False, number))
        table.append(Comparison(f"Date{name}", "date", negated, False, False, date))
    return {row.name: row for row in table}


#: Every base operator but ``Null``, by canonical name.
COMPARISONS: Final[dict[str, Comparison]] = _comparisons()
#: The operator that asks for a key's absence or presence.
NULL: Final = "Null"

_CANONICAL: Final = {ascii_lower(name): name for name in (*COMPARISONS, NULL)}
_QUALIFIERS: Final = {ascii_lower(q): q for q in Qualifier}


def parse_operator(text: str) -> Operator | None:
    """Return a condition operator taken apart, or None where there is none of that name.

    Parameters
    ----------
    text : str
        As written, e.g. ``"ForAnyValue:StringLikeIfExists"``; read without regard to case.

    Notes
    -----
    Source: IAM User Guide, "Condition operators": ``IfExists`` goes with every
    operator but ``Null``.
    """
    head, colon, tail = text.rpartition(":")
    qualifier = None
    if colon:
        qualifier = _QUALIFIERS.get(ascii_lower(head))
        if qualifier is None:
            return None
    name = ascii_lower(tail)
    if name in _CANONICAL:
        return Operator(_CANONICAL[name], qualifier)
    if name.endswith("ifexists"):
        base = _CANONICAL.get(name.removesuffix("ifexists"))
        if base is not None and base != NULL:
            return Operator(base, qualifier, if_exists=True)
    return None

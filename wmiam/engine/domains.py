"""The values of one context key, split into the finitely many classes that no condition tells apart.

Source: Backes et al., "Stratified Abstraction of Access Control Policies" (CAV
2020), for the idea; the classes here are exact, by automata and intervals.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from ipaddress import ip_address

from wmiam.engine.automata import TextPattern, arn_pattern, combinations, glob_pattern
from wmiam.policy import values
from wmiam.policy.operators import COMPARISONS
from wmiam.policy.patterns import Piece, Wild

__all__ = ["ABSENT", "Group", "Test", "build_groups", "positive_base"]

#: Index of the class "the key is absent" in every group.
ABSENT = 0

_TEXT_BASES = ("StringEquals", "StringEqualsIgnoreCase", "StringLike", "ArnLike", "BinaryEquals")


@dataclass(frozen=True, slots=True)
class Test:
    """The question whether one value matches what a policy says.

    Parameters
    ----------
    base : str
        A positive base operator, e.g. ``"StringLike"``.
    wanted : tuple of str or Wild
        The policy's value, variables replaced.
    """

    base: str
    wanted: tuple[Piece, ...]

    @property
    def text(self) -> str:
        """The policy's value as text."""
        return "".join(piece if isinstance(piece, str) else str(piece.value) for piece in self.wanted)

    @property
    def is_constant(self) -> bool:
        """Whether just one text matches."""
        plain = not any(isinstance(piece, Wild) for piece in self.wanted)
        return self.base in ("StringEquals", "BinaryEquals") or (
            self.base in ("StringLike", "ArnLike") and plain
        )


_POSITIVE = {
    "StringNotEquals": "StringEquals",
    "StringNotEqualsIgnoreCase": "StringEqualsIgnoreCase",
    "StringNotLike": "StringLike",
    "NumericNotEquals": "NumericEquals",
    "DateNotEquals": "DateEquals",
    "NotIpAddress": "IpAddress",
    "ArnEquals": "ArnLike",
    "ArnNotEquals": "ArnLike",
    "ArnNotLike": "ArnLike",
}


def positive_base(base: str) -> str:
    """Return the positive operator that asks the same question as a base operator."""
    return _POSITIVE.get(base, base)


@dataclass(slots=True)
class Group:
    """The value classes of a key for one family of operators.

    Parameters
    ----------
    family : str
        ``"text"``, ``"number"``, ``"date"``, ``"bool"`` or ``"address"``.
    witnesses : list of str or None
        An example value of each class; the first class, None, is "absent".
    true, malformed : dict of Test to int
        For each test the mask of classes that match it, and of those for which one
        of the two values is malformed (C9).
    exact : bool
        False where the classes allow combinations that no value reaches.
    """

    family: str
    witnesses: list[str | None] = field(default_factory=lambda: [None])
    true: dict[Test, int] = field(default_factory=dict)
    malformed: dict[Test, int] = field(default_factory=dict)
    exact: bool = True

    @property
    def present(self) -> int:
        """Mask of the classes in which the key is present."""
        return ((1 << len(self.witnesses)) - 1) ^ 1

    def class_of(self, value: str) -> int:
        """Return the class of a concrete value.

        Parameters
        ----------
        value : str
            A value of the key.
        """
        example = value.lower() if self.family == "bool" else value
        if example in self.witnesses:
            return self.witnesses.index(example)
        if self.family in _PARSE:
            return self._place(value)
        outcome = {test: COMPARISONS[test.base].test(value, test.wanted) for test in self.true}
        for index in range(1, len(self.witnesses)):
            bit = 1 << index
            if all(
                (bool(self.true[t] & bit), bool(self.malformed[t] & bit)) == (o is True, o is None)
                for t, o in outcome.items()
            ):
                return index
        raise LookupError(value)

    def _place(self, value: str) -> int:
        """Return the point or interval that a number lies in: tests alone may not tell -1 from 0."""
        number = _PARSE[self.family](value)
        if number is None:
            raise LookupError(value)
        points = [Decimal(example or 0) for example in self.witnesses[2::2]]
        at = bisect_left(points, number)
        return 2 * at + (2 if at < len(points) and points[at] == number else 1)


#: How values of an ordered family are read.
_PARSE: dict[str, Callable[[str], Decimal | None]] = {
    "number": values.parse_number,
    "date": values.parse_date,
}


def build_groups(tests: Iterable[Test], *, kind: str = "String", needs_empty: bool = False) -> list[Group]:
    """Return the value classes of a key, one group for each family of operators.

    Parameters
    ----------
    tests : iterable of Test
        Every question that the estate asks of the key.
    kind : str
        The key's type in the catalog; a ``Bool`` has two values and no more.
    needs_empty : bool
        Whether empty text must be a class of its own (set operators ask for it).
    """
    if needs_empty:
        tests = [*tests, Test("StringEquals", ("",))]
    every = sorted(set(tests), key=lambda t: (t.base, t.text))
    if kind == "Bool":
        return [_evaluated("bool", ["true", "false"], every)]
    families: dict[str, list[Test]] = {}
    for test in every:
        families.setdefault(_family(test.base), []).append(test)
    groups = []
    for family, members in families.items():
        if family == "text":
            groups += _text_groups(members)
        elif family == "address":
            groups.append(_address_group(members))
        elif family == "bool":
            groups.append(_evaluated("bool", ["true", "false", "other"], members))
        else:
            groups.append(_ordered_group(family, members))
    return groups or [_evaluated("text", ["any"], [])]


def _family(base: str) -> str:
    return "text" if base in _TEXT_BASES else COMPARISONS[base].family


def _evaluated(family: str, witnesses: list[str], tests: Iterable[Test]) -> Group:
    """Return a group whose classes are given by examples, each test held against each."""
    group = Group(family, [None, *witnesses])
    for test in tests:
        compare = COMPARISONS[test.base].test
        outcomes = [compare(witness, test.wanted) for witness in witnesses]
        group.true[test] = sum(2 << i for i, outcome in enumerate(outcomes) if outcome)
        group.malformed[test] = sum(2 << i for i, outcome in enumerate(outcomes) if outcome is None)
    return group


def _pattern(test: Test) -> TextPattern | None:
    if test.base == "ArnLike":
        return arn_pattern(test.wanted)
    return glob_pattern(test.wanted, fold=test.base == "StringEqualsIgnoreCase")


def _text_groups(tests: list[Test]) -> list[Group]:
    constants = sorted({t.text for t in tests if t.is_constant})
    patterns = {t: p for t in tests if not t.is_constant and (p := _pattern(t)) is not None}
    automata = list(patterns.values())
    if any(t.base == "ArnLike" for t in tests):
        # Whether a value is an ARN at all decides between "no match" and "malformed".
        any_arn = arn_pattern((Wild.STAR,))
        automata += [any_arn] if any_arn is not None else []
    if not automata:
        return [_constants_group(constants, tests)]
    reached = combinations(automata, constants)
    if reached is not None:
        if all(t.base in ("StringEquals", "StringLike") for t in tests):
            return [_like_group(constants, list(reached.items()), list(patterns.items()), tests)]
        return [_evaluated("text", [*constants, *reached.values()], tests)]
    groups = [_constants_group(constants, [t for t in tests if t.is_constant])]
    for test, pattern in patterns.items():
        alone = combinations([pattern]) or {frozenset([0]): "", frozenset(): "x"}
        groups.append(_evaluated("text", list(alone.values()), [test]))
    for group in groups:
        group.exact = False
    return groups


def _like_group(
    constants: list[str],
    reached: list[tuple[frozenset[int], str]],
    patterns: list[tuple[Test, TextPattern]],
    tests: list[Test],
) -> Group:
    """Return the classes that ``StringEquals`` and ``StringLike`` make, as the automata tell them."""
    group = Group("text", [None, *constants, *(text for _, text in reached)])
    place = {text: at for at, text in enumerate(constants, 1)}
    for test in tests:
        if test.is_constant:
            group.true[test], group.malformed[test] = 1 << place[test.text], 0
    like = COMPARISONS["StringLike"].test
    masks = [sum(2 << at for at, text in enumerate(constants) if like(text, t.wanted)) for t, _ in patterns]
    for at, (outcome, _) in enumerate(reached, len(constants) + 1):
        for index in outcome:
            masks[index] |= 1 << at
    for (test, _), mask in zip(patterns, masks, strict=True):
        group.true[test], group.malformed[test] = mask, 0
    return group


def _constants_group(constants: list[str], tests: list[Test]) -> Group:
    """Return the classes of plain texts: each its own, and any other; linear in their number."""
    other = "other"
    while other in constants:
        other += "~"
    group = Group("text", [None, *constants, other])
    index = {text: at for at, text in enumerate(constants, 1)}
    for test in tests:
        group.true[test] = 1 << index[test.text] if test.base != "BinaryEquals" else 0
        group.malformed[test] = 0
    for test in tests:
        if test.base == "BinaryEquals":
            single = _evaluated("text", [*constants, other], [test])
            group.true[test], group.malformed[test] = single.true[test], single.malformed[test]
    return group


def _ordered_group(family: str, tests: list[Test]) -> Group:
    """Return the points and intervals between the numbers, or moments, that tests name."""
    bounds = {test: _PARSE[family](test.text) for test in tests}
    points = sorted({bound for bound in bounds.values() if bound is not None})
    samples = [_between(None, points[0] if points else None)]
    for at, point in enumerate(points, 1):
        samples += [point, _between(point, points[at] if at < len(points) else None)]
    group = Group(family, [None, *(f"{sample.normalize():f}" for sample in samples)])
    for test, bound in bounds.items():
        if bound is None:
            group.true[test], group.malformed[test] = 0, group.present
            continue
        at = 2 + 2 * bisect_left(points, bound)  # class of the point itself
        below, here = (1 << at) - 2, 1 << at
        relation = test.base.removeprefix("Numeric").removeprefix("Date")
        group.true[test] = {
            "Equals": here,
            "LessThan": below,
            "LessThanEquals": below | here,
            "GreaterThan": group.present ^ below ^ here,
            "GreaterThanEquals": group.present ^ below,
        }[relation]
        group.malformed[test] = 0
    return group


def _between(low: Decimal | None, high: Decimal | None) -> Decimal:
    """Return a number between two, or on the open side of one; zero rather than a negative one."""
    if low is None:
        found = high - 1 if high is not None else Decimal(0)
    else:
        found = low + 1 if high is None else (low + high) / 2
    has_zero = (low is None or low < 0) and (high is None or high > 0)
    # A time span is not negative, so its example must not be where zero would do.
    return Decimal(0) if has_zero and found < 0 else found


def _address_group(tests: list[Test]) -> Group:
    """Return the stretches of addresses between the borders of the ranges that tests name."""
    spans: dict[Test, tuple[int, int, int] | None] = {}
    borders: dict[int, set[int]] = {4: {0}, 6: {0}}
    for test in tests:
        network = values.parse_network(test.text)
        if network is None:
            spans[test] = None
            continue
        first, end = int(network.network_address), int(network.broadcast_address) + 1
        spans[test] = (network.version, first, end)
        borders[network.version] |= {first, end}
    starts: dict[int, list[int]] = {
        version: sorted(b for b in found if b < 1 << (32 if version == 4 else 128))
        for version, found in borders.items()
    }
    group = Group("address", [None])
    base: dict[int, int] = {}
    for version, found in starts.items():
        base[version] = len(group.witnesses)
        group.witnesses += [
            str(ip_address(start.to_bytes(4 if version == 4 else 16, "big"))) for start in found
        ]
    for test, span in spans.items():
        group.malformed[test] = group.present if span is None else 0
        group.true[test] = 0
        if span is not None:
            version, first, end = span
            low = base[version] + bisect_left(starts[version], first)
            high = base[version] + bisect_left(starts[version], end)
            group.true[test] = (1 << high) - (1 << low)
    return group

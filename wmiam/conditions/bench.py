"""A place to try rows of a Condition block in: an estate's contexts, with more questions than it asks."""

from __future__ import annotations

import copy
from collections.abc import Collection, Sequence
from decimal import Decimal
from ipaddress import ip_address

from wmiam.conditions.spelling import joined
from wmiam.engine.compile import Binding, Row, row_contexts, usage_of
from wmiam.engine.domains import Group, Test
from wmiam.engine.space import Dimension, Space
from wmiam.policy.model import Operator
from wmiam.policy.operators import COMPARISONS
from wmiam.policy.values import parse_date, parse_network, parse_number

__all__ = ["Bench", "address_classes", "stretches"]


class Bench:
    """The contexts of a :class:`~wmiam.engine.space.Space`, in which other rows may be evaluated.

    A space knows the questions that its estate asks.  A row may ask another one, such as
    for a range of addresses that is what two ranges of the estate leave: it is evaluated
    by the same engine where its matches are whole value classes, and refused elsewhere.
    The space itself stays as it is.

    Parameters
    ----------
    space : Space
        The estate's contexts.
    avoid : collection of str
        Canonical keys that rows cannot be about, since the request never carries them.
    """

    def __init__(self, space: Space, avoid: Collection[str] = ()) -> None:
        self.space = space
        self.avoid = avoid
        self._shadow = copy.copy(space)
        self._shadow.dimensions = dict(space.dimensions)
        self._own: set[str] = set()

    def contexts(self, key: str, operator: Operator, tests: Sequence[Test], texts: Sequence[str] = ()) -> int:
        """Return the contexts in which a row of a Condition block holds.

        Parameters
        ----------
        key : str
            Canonical context key, one of the space.
        operator : Operator
            The row's operator.
        tests : sequence of Test
            Its values, each of which :meth:`knows` accepted.
        texts : sequence of str
            The values as written, for ``Null``.
        """
        return self._shadow.condition(key, operator, tests, texts)

    def row(self, row: Row, bound: Binding) -> int | None:
        """Return the contexts in which a row holds as it is written; None where that cannot be told exactly.

        Parameters
        ----------
        row : Row
            A compiled row of a Condition block.
        bound : tuple
            What is known of the keys that it reads.
        """
        usage = usage_of(row, bound)
        if usage is not None:
            if row.key not in self._shadow.dimensions:
                return None
            if not all(self.knows(row.key, test) for test in usage.tests):
                return None
        return row_contexts(row, bound, self._shadow)

    def knows(self, key: str, test: Test) -> bool:
        """Whether a test tells apart no two contexts that the space takes for one.

        Parameters
        ----------
        key : str
            Canonical context key, one of the space.
        test : Test
            A question about its value.
        """
        if any(test in group.true for group in self._shadow.dimensions[key].groups):
            return True
        for index, group in enumerate(self.space.dimensions[key].groups):
            same = next((known for known in group.true if _is_same(known, test)), None)
            mask = _whole_classes(group, test) if same is None else group.true[same]
            if mask is not None:
                own = self._copy(key).groups[index]
                own.true[test] = mask
                own.malformed[test] = 0 if same is None else group.malformed[same]
                return True
        return False

    def _copy(self, key: str) -> Dimension:
        if key not in self._own:
            theirs = self.space.dimensions[key]
            groups = [
                Group(g.family, g.witnesses, dict(g.true), dict(g.malformed), g.exact) for g in theirs.groups
            ]
            self._shadow.dimensions[key] = Dimension(
                theirs.key, theirs.name, groups, theirs.variables, theirs.single
            )
            self._own.add(key)
        return self._shadow.dimensions[key]


def _is_same(left: Test, right: Test) -> bool:
    """Whether two tests ask the same, though escaped characters cut their texts differently."""
    return left.base == right.base and left.text == right.text and joined(left) == joined(right)


def _whole_classes(group: Group, test: Test) -> int | None:
    """Return the classes whose values a test matches; None where it splits one, or is of another family."""
    if group.family == "bool":
        return _held(group, test) if test.base == "Bool" else None
    if group.family == "text":
        # A text that the estate names is a class of its own; any other is one of many in its class.
        constants = {known.text for known in group.true if known.is_constant}
        fits = test.base in ("StringEquals", "StringLike") and test.is_constant and test.text in constants
        return _held(group, test) if fits else None
    if group.family == "address":
        return address_classes(group, test) if test.base == "IpAddress" else None
    return _ordered(group, test) if COMPARISONS[test.base].family == group.family else None


def _ordered(group: Group, test: Test) -> int | None:
    """Return the classes of numbers, or moments, that a test matches: its own must be one they name."""
    bound = (parse_date if group.family == "date" else parse_number)(test.text)
    samples = [None if text is None else Decimal(text) for text in group.witnesses]
    if bound is None or bound not in samples[2::2]:
        return None
    at = samples.index(bound)
    relation = test.base.removeprefix("Numeric").removeprefix("Date")
    low, high = {
        "Equals": (at, at),
        "LessThan": (1, at - 1),
        "LessThanEquals": (1, at),
        "GreaterThan": (at + 1, len(samples) - 1),
        "GreaterThanEquals": (at, len(samples) - 1),
    }[relation]
    return (1 << high + 1) - (1 << low)


def _held(group: Group, test: Test) -> int:
    """Return the classes whose example a test matches."""
    compare = COMPARISONS[test.base].test
    return sum(
        1 << index
        for index, example in enumerate(group.witnesses)
        if example is not None and compare(example, test.wanted)
    )


def stretches(group: Group) -> list[tuple[int, int, int] | None]:
    """Return the addresses of each class of an address group: version, first, end (exclusive).

    Parameters
    ----------
    group : Group
        A group of the family ``"address"``.
    """
    found: list[tuple[int, int, int] | None] = [None]
    starts = [ip_address(text) for text in group.witnesses if text is not None]
    for index, start in enumerate(starts):
        following = starts[index + 1] if index + 1 < len(starts) else None
        end = 1 << start.max_prefixlen
        if following is not None and following.version == start.version:
            end = int(following)
        found.append((start.version, int(start), end))
    return found


def address_classes(group: Group, test: Test) -> int | None:
    """Return the stretches of addresses that a range holds; None where it splits one, or is no range.

    Parameters
    ----------
    group : Group
        A group of the family ``"address"``.
    test : Test
        Of the operator ``IpAddress``.
    """
    network = parse_network(test.text)
    if network is None:
        return None
    first, end = int(network.network_address), int(network.broadcast_address) + 1
    mask = covered = 0
    for index, stretch in enumerate(stretches(group)):
        if stretch is None or stretch[0] != network.version or stretch[2] <= first or stretch[1] >= end:
            continue
        if stretch[1] < first or stretch[2] > end:
            return None
        mask |= 1 << index
        covered += stretch[2] - stretch[1]
    return mask if covered == end - first else None

"""Which values of an operator cover a set of value classes, or leave it alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_address, summarize_address_range

from wmiam.conditions.bench import address_classes, stretches
from wmiam.conditions.spelling import NEGATED
from wmiam.conditions.words import moment
from wmiam.engine.domains import Group, Test
from wmiam.policy.values import parse_network

__all__ = ["Choice", "choices"]

#: Most ranges of addresses, or single values beyond those of a cover, that are tried.
_MOST_RANGES, _MOST_SINGLE = 40, 24


@dataclass(frozen=True, slots=True)
class Choice:
    """Values for one operator.

    Parameters
    ----------
    base : str
        A positive base operator.
    tests : tuple of Test
        The values.
    negated : bool
        Whether its negated form is meant.
    """

    base: str
    tests: tuple[Test, ...]
    negated: bool = False


def choices(group: Group, wanted: int, possible: int, *, whole: bool = False) -> Iterator[Choice]:
    """Yield values whose matches hold all wanted classes, and negated ones that match none of them.

    Parameters
    ----------
    group : Group
        The value classes of a key.
    wanted : int
        Set of classes in which the key is present.
    possible : int
        The classes that can be: what matches of others does not matter.
    whole : bool
        Whether negated values must leave nothing but the wanted classes: where one such value
        is enough, more of them only count together.
    """
    wanted &= possible
    if not wanted:
        return
    if group.family in ("number", "date"):
        yield from _ordered(group, wanted, possible)
    elif group.family == "bool":
        yield from _bool(group, wanted)
    else:
        yield from _covering(group, wanted, possible)
        yield from _leaving(group, wanted, possible, whole)


# -- texts and addresses ----------------------------------------------------


def _covering(group: Group, wanted: int, possible: int) -> Iterator[Choice]:
    for base, tests in _by_operator(group, wanted).items():
        found: set[tuple[Test, ...]] = set()
        inside = [(test, mask) for test, mask in tests if not mask & possible & ~wanted]
        exact = _cover(wanted, inside)
        if exact is not None:
            found.add(exact)
        loose = _cover(wanted, tests, possible & ~wanted)
        if loose is not None:
            found.add(loose)
        single = [(test, mask) for test, mask in tests if wanted & ~mask == 0]
        single.sort(key=lambda pair: ((pair[1] & possible).bit_count(), len(pair[0].text), pair[0].text))
        found.update((test,) for test, _ in single[:_MOST_SINGLE])
        for chosen in sorted(found, key=lambda row: (len(row), [test.text for test in row])):
            yield Choice(base, chosen)


def _leaving(group: Group, wanted: int, possible: int, whole: bool) -> Iterator[Choice]:
    rest = possible & ~wanted
    for base, tests in _by_operator(group, rest).items():
        if base not in NEGATED:
            continue
        # A negated operator does not hold for a malformed value either.
        outside = [
            (test, mask | group.malformed.get(test, 0))
            for test, mask in tests
            if not (mask | group.malformed.get(test, 0)) & wanted and mask & rest
        ]
        exact = _cover(rest, outside)
        most = exact or _cover(_union(mask for _, mask in outside) & rest, outside)
        if most:
            yield Choice(base, most, negated=True)
        if whole:
            continue
        outside.sort(key=lambda pair: (-(pair[1] & possible).bit_count(), len(pair[0].text), pair[0].text))
        for test, _ in outside[:_MOST_SINGLE]:
            yield Choice(base, (test,), negated=True)


def _by_operator(group: Group, wanted: int) -> dict[str, list[tuple[Test, int]]]:
    """Return for each operator the values that it can have, each with the classes that it matches."""
    found: dict[str, list[tuple[Test, int]]] = {}
    for test, mask in group.true.items():
        if mask:
            found.setdefault(test.base, []).append((test, mask))
    if group.family == "address":
        known: dict[object, str] = {
            parse_network(test.text): test.text for test, _ in found.get("IpAddress", ())
        }
        for test, mask in _ranges(group, wanted, known):
            found.setdefault("IpAddress", []).append((test, mask))
        return found
    constants = {test.text: 1 << group.witnesses.index(test.text) for test in group.true if test.is_constant}
    for base in ("StringEquals", "StringLike"):
        known_texts = {test.text for test, _ in found.get(base, ())}
        found.setdefault(base, []).extend(
            (Test(base, (text,)), mask) for text, mask in constants.items() if text not in known_texts
        )
    return {base: pairs for base, pairs in found.items() if pairs}


def _ranges(group: Group, wanted: int, known: Mapping[object, str]) -> Iterator[tuple[Test, int]]:
    """Yield the ranges that make up a set of stretches of addresses, as far as they split no stretch."""
    spans: list[tuple[int, int, int]] = []
    for index, stretch in enumerate(stretches(group)):
        if stretch is None or not wanted >> index & 1:
            continue
        version, first, end = stretch
        if spans and spans[-1][::2] == (version, first):
            spans[-1] = (version, spans[-1][1], end)
        else:
            spans.append(stretch)
    networks: list[IPv4Network | IPv6Network] = []
    for version, first, end in spans:
        size = 4 if version == 4 else 16
        low, high = (ip_address(n.to_bytes(size, "big")) for n in (first, end - 1))
        networks.extend(summarize_address_range(low, high))
        if len(networks) > _MOST_RANGES:
            return
    for network in networks:
        test = Test("IpAddress", (known.get(network) or str(network),))
        mask = address_classes(group, test)
        if mask:
            yield test, mask


def _cover(wanted: int, tests: Iterable[tuple[Test, int]], spare: int = 0) -> tuple[Test, ...] | None:
    """Return few tests that together match all wanted classes, and little of some others; None if none do."""
    pairs = sorted(tests, key=lambda pair: (len(pair[0].text), pair[0].text))
    chosen: list[tuple[Test, int]] = []
    left = wanted

    def worth(pair: tuple[Test, int]) -> tuple[float, int]:
        gain = (pair[1] & left).bit_count()
        return (pair[1] & spare).bit_count() / gain, -gain

    while left:
        best = min((pair for pair in pairs if pair[1] & left), key=worth, default=None)
        if best is None:
            return None
        chosen.append(best)
        left &= ~best[1]
    for pair in list(chosen):
        others = [other for other in chosen if other is not pair]
        if not wanted & ~_union(mask for _, mask in others):
            chosen = others
    return tuple(sorted((test for test, _ in chosen), key=lambda test: test.text))


def _union(masks: Iterable[int]) -> int:
    result = 0
    for mask in masks:
        result |= mask
    return result


# -- Booleans, numbers, moments ---------------------------------------------


def _bool(group: Group, wanted: int) -> Iterator[Choice]:
    taken = [text for i, text in enumerate(group.witnesses) if text is not None and wanted >> i & 1]
    if set(taken) <= {"true", "false"}:
        yield Choice("Bool", tuple(Test("Bool", (text,)) for text in taken))


def _ordered(group: Group, wanted: int, possible: int) -> Iterator[Choice]:
    """Yield bounds, single values, and values that are left out; gaps (odd) and points (even) alternate."""
    family = "Date" if group.family == "date" else "Numeric"

    def test(relation: str, index: int) -> Test:
        text = group.witnesses[index] or ""
        return Test(family + relation, (moment(text) if family == "Date" else text,))

    taken = [index for index in range(1, len(group.witnesses)) if wanted >> index & 1]
    low, high, last = taken[0], taken[-1], len(group.witnesses) - 1
    if low > 1:
        bound = test("GreaterThanEquals", low) if low % 2 == 0 else test("GreaterThan", low - 1)
        yield Choice(bound.base, (bound,))
    if high < last:
        bound = test("LessThanEquals", high) if high % 2 == 0 else test("LessThan", high + 1)
        yield Choice(bound.base, (bound,))
    if all(index % 2 == 0 for index in taken):
        yield Choice(f"{family}Equals", tuple(test("Equals", index) for index in taken))
    for index in range(2, last, 2):
        if possible >> index & 1 and not wanted >> index & 1 and low < index < high:
            yield Choice(f"{family}Equals", (test("Equals", index),), negated=True)

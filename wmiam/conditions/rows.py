"""Rows of a Condition block that hold in every context of a set: what a block for it may be made of."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from wmiam.conditions.bench import Bench
from wmiam.conditions.choices import Choice, choices
from wmiam.conditions.spelling import NEGATED, spelled_key, spelled_value
from wmiam.engine.diagrams import FALSE
from wmiam.engine.space import MFA_AGE, MFA_PRESENT, Dimension
from wmiam.policy.model import Operator, Qualifier
from wmiam.policy.operators import NULL

__all__ = ["BlockRow", "candidate_rows"]

#: What a row costs besides its characters, so that the plain way to say something is preferred.
_NULL_COST, _QUALIFIER_COST, _IF_EXISTS_COST, _LIKE_COST = 12, 20, 2, 10


@dataclass(frozen=True, slots=True)
class BlockRow:
    """One operator, one context key and some values, as they may stand in a Condition block.

    Parameters
    ----------
    operator, key : str
        As AWS spells them.
    values : tuple of str
        The values, escaped where they must be.
    contexts : int
        The contexts in which the row holds.
    extends : bool
        Whether values of another row of the same operator and key may join it, so that the
        contexts are those of both: so it is with negated operators.
    cost : int
        What it takes in a policy.
    """

    operator: str
    key: str
    values: tuple[str, ...]
    contexts: int
    extends: bool = False
    cost: int = 0

    @property
    def slot(self) -> tuple[str, str]:
        """Operator and key: a block has just one row for both."""
        return self.operator, self.key.lower()


def candidate_rows(bench: Bench, lower: int, within: int, variables: Iterable[int]) -> Iterator[BlockRow]:
    """Yield rows that hold in every context of a set, and not in all contexts that can be.

    Parameters
    ----------
    bench : Bench
        Where to evaluate them.
    lower : int
        The set.
    within : int
        The contexts that can be.
    variables : iterable of int
        What the rows may be about; keys that are tied to one of these are added.
    """
    d = bench.space.diagrams
    for dimension in _dimensions(bench, variables):
        for row in _rows(bench, dimension, lower, within):
            if d.implies(lower, row.contexts) and not d.implies(within, row.contexts):
                yield row


def _dimensions(bench: Bench, variables: Iterable[int]) -> list[Dimension]:
    """Return the keys of some variables, with those that are tied to them."""
    keys: dict[str, None] = {}
    for variable in variables:
        owner = bench.space.owner(variable)
        if not isinstance(owner, str):
            keys[owner[0].key] = None
    tied = {MFA_AGE: (MFA_PRESENT,), MFA_PRESENT: (MFA_AGE,)}
    for key in list(keys):
        keys.update(dict.fromkeys(tied.get(key, ())))
        if key.startswith("aws:requesttag/"):
            keys["aws:tagkeys"] = None
        elif key == "aws:tagkeys":
            keys.update((k, None) for k in bench.space.dimensions if k.startswith("aws:requesttag/"))
    usable = (key for key in keys if key in bench.space.dimensions and key not in bench.avoid)
    return [bench.space.dimensions[key] for key in usable]


def _rows(bench: Bench, dimension: Dimension, lower: int, within: int) -> Iterator[BlockRow]:
    d = bench.space.diagrams
    present = bench.space.presence(dimension)
    for null, contexts in (("false", present), ("true", d.neither(present))):
        if d.implies(lower, contexts):
            yield _made(dimension, Operator(NULL), (null,), contexts)
    if dimension.multivalued:
        yield from _many_rows(bench, dimension, lower, within)
        return
    absent = not d.implies(lower, present)
    for group, variable in zip(dimension.groups, dimension.variables, strict=True):
        taken = d.values(lower, variable)
        for choice in choices(group, taken & group.present, d.values(within, variable) & group.present):
            yield from _evaluated(bench, dimension, choice, None, absent)


def _many_rows(bench: Bench, dimension: Dimension, lower: int, within: int) -> Iterator[BlockRow]:
    """Yield rows about a key with several values: on all of them, on some of them, on the only one."""
    d, group = bench.space.diagrams, dimension.groups[0]
    present = bench.space.presence(dimension)
    absent = not d.implies(lower, present)
    members = list(enumerate(dimension.variables, 1))

    def occurring(contexts: int) -> int:
        return sum(1 << index for index, variable in members if d.values(contexts, variable) & 2)

    possible = occurring(within)
    for choice in choices(group, occurring(lower), possible):
        yield from _evaluated(bench, dimension, choice, Qualifier.FOR_ALL_VALUES, absent)
    for wanted in _clauses(bench, dimension, d.both(lower, present)):
        for choice in choices(group, wanted, possible, whole=True):
            yield from _evaluated(bench, dimension, choice, Qualifier.FOR_ANY_VALUE, absent)
    single = d.literal(dimension.single or 0, 2)
    if d.implies(d.both(lower, present), single):
        for choice in choices(group, occurring(lower), possible):
            yield from _evaluated(bench, dimension, choice, None, absent)


def _clauses(bench: Bench, dimension: Dimension, lower: int) -> Iterator[int]:
    """Yield sets of member classes, as small as they can be, of which one occurs in every context."""
    d = bench.space.diagrams
    literals = {index: d.literal(variable, 2) for index, variable in enumerate(dimension.variables, 1)}
    single = [index for index, node in literals.items() if d.implies(lower, node)]
    yield from (1 << index for index in single)
    rest = {index: node for index, node in literals.items() if index not in single}
    found: set[int] = set()
    for first in rest:
        # Leave out the first class, then whatever else can be left out.
        left = dict(rest)
        for index in (first, *(index for index in rest if index != first)):
            without = {i: node for i, node in left.items() if i != index}
            if d.implies(lower, d.any_of(without.values())):
                left = without
        if left and d.implies(lower, d.any_of(left.values())):
            found.add(sum(1 << index for index in left))
    yield from sorted(found)


def _evaluated(
    bench: Bench, dimension: Dimension, choice: Choice, qualifier: Qualifier | None, absent: bool
) -> Iterator[BlockRow]:
    """Yield the rows of a choice of values that the bench can evaluate, with and without ``IfExists``."""
    if not all(bench.knows(dimension.key, test) for test in choice.tests):
        return
    base = NEGATED[choice.base] if choice.negated else choice.base
    # A negated operator holds anyway where the key is absent, and ForAllValues too.
    always_if_exists = (choice.negated and qualifier is None) or qualifier is Qualifier.FOR_ALL_VALUES
    forms = [False] if always_if_exists else [True] if absent else [False, True]
    extends = choice.negated and qualifier is not Qualifier.FOR_ANY_VALUE
    for if_exists in forms:
        operator = Operator(base, qualifier, if_exists)
        contexts = bench.contexts(dimension.key, operator, choice.tests)
        values = tuple(dict.fromkeys(spelled_value(test) for test in choice.tests))
        yield _made(dimension, operator, values, contexts, extends=extends)


def _made(
    dimension: Dimension, operator: Operator, values: tuple[str, ...], contexts: int, *, extends: bool = False
) -> BlockRow:
    key = spelled_key(dimension)
    cost = len(json.dumps({str(operator): {key: values}}, separators=(",", ":")))
    cost += _NULL_COST * (operator.base == NULL) + _QUALIFIER_COST * (operator.qualifier is not None)
    cost += _IF_EXISTS_COST * operator.if_exists + _LIKE_COST * ("Like" in operator.base)
    return BlockRow(str(operator), key, values, contexts, extends and contexts != FALSE, cost)

"""Sets of request contexts as Condition blocks of policies: the shortest found, exact, or none.

A block is a conjunction of rows, so a set has one where the rows that hold in all of
it shut out everything else that can be.  Which rows to take is a search for the
cheapest that do.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from wmiam.conditions.bench import Bench
from wmiam.conditions.rows import BlockRow, candidate_rows
from wmiam.conditions.words import describe, phrase, widen
from wmiam.engine.compile import compile_row
from wmiam.engine.diagrams import FALSE, TRUE
from wmiam.engine.resources import INCOMING
from wmiam.engine.space import Space
from wmiam.errors import NoConditionBlock
from wmiam.policy.model import Condition
from wmiam.policy.operators import parse_operator

__all__ = ["Block", "Point", "blocks_of", "essential", "find_block", "to_policy", "to_statements"]

#: How many steps the search for the cheapest rows takes, and how many blocks a set may need.
_MOST_STEPS, _MOST_BLOCKS = 4000, 40
#: A Condition element: operator → context key → values.
ConditionElement = dict[str, dict[str, list[str]]]


@dataclass(frozen=True, slots=True)
class Block:
    """A Condition block and what it means.

    Parameters
    ----------
    rows : tuple of BlockRow
        Its rows, in the order in which they are written.
    contexts : int
        The contexts in which all of them hold.
    """

    rows: tuple[BlockRow, ...]
    contexts: int

    @property
    def condition(self) -> ConditionElement:
        """The block as a policy has it; empty where it holds always."""
        found: ConditionElement = {}
        for row in self.rows:
            found.setdefault(row.operator, {})[row.key] = list(row.values)
        return found


def essential(contexts: int, within: int, space: Space) -> int:
    """Return a set that depends on as few variables as found and is the same where it matters.

    Parameters
    ----------
    contexts : int
        The set, a part of ``within``.
    within : int
        The contexts that can be.
    space : Space
        Where both come from.
    """
    d = space.diagrams
    result = contexts
    for variable in reversed(d.support(contexts)):
        without = d.without(result, variable)
        if d.both(without, within) == contexts:
            result = without
    return result


def find_block(
    bench: Bench, lower: int, upper: int, within: int, extra: Sequence[BlockRow] = ()
) -> Block | None:
    """Return a cheap block that holds in all of one set and nowhere outside of another, or None.

    Parameters
    ----------
    bench : Bench
        Where rows are evaluated.
    lower, upper : int
        The sets, both part of ``within``.
    within : int
        The contexts that can be.
    extra : sequence of BlockRow
        More rows that may be used.
    """
    space, d = bench.space, bench.space.diagrams
    variables = d.support(essential(upper, within, space))
    rows = [row for row in extra if d.implies(lower, row.contexts)]
    rows += candidate_rows(bench, lower, within, variables)
    rows = sorted({(row.slot, row.values): row for row in rows}.values(), key=_order)
    chosen = _Search(space, rows).run(d.minus(within, upper))
    if chosen is None:
        return None
    merged: dict[tuple[str, str], BlockRow] = {}
    for row in chosen:
        known = merged.get(row.slot)
        merged[row.slot] = row if known is None else _joined(known, row, d.both(known.contexts, row.contexts))
    found = tuple(sorted(merged.values(), key=lambda row: row.slot))
    contexts = _as_written(bench, found, {row.slot for row in extra})
    if contexts is None or not d.implies(lower, contexts) or not d.implies(d.both(contexts, within), upper):
        return None
    return Block(found, contexts)


def _as_written(bench: Bench, rows: Sequence[BlockRow], taken: set[tuple[str, str]]) -> int | None:
    """Return the contexts in which rows hold, read and compiled again from their text.

    Rows that were taken from elsewhere may read keys that are known there: they are what they were.
    """
    result = TRUE
    for row in rows:
        operator = parse_operator(row.operator)
        if row.slot in taken or operator is None:
            contexts: int | None = row.contexts
        else:
            compiled = compile_row(Condition(operator, row.key, row.values), variables=True)
            contexts = bench.row(compiled, (None,) * len(compiled.reads))
        if contexts is None:
            return None
        result = bench.space.diagrams.both(result, contexts)
    return result


def _order(row: BlockRow) -> tuple[int, tuple[str, str], tuple[str, ...]]:
    return row.cost, row.slot, row.values


def _joined(left: BlockRow, right: BlockRow, contexts: int) -> BlockRow:
    values = tuple(sorted({*left.values, *right.values}))
    return BlockRow(left.operator, left.key, values, contexts, left.extends, left.cost + right.cost)


class Point(dict[int, int]):
    """One context, in which variables that were not chosen have their first value."""

    def __missing__(self, _: int) -> int:
        return 0


class _Search:
    """Finds the cheapest rows that together shut out a set of contexts.

    Some context that is still let in is picked, and each row that shuts it out is tried.
    """

    def __init__(self, space: Space, rows: Sequence[BlockRow]) -> None:
        self._d = space.diagrams
        self._rows = rows
        self._steps = 0
        self._best: tuple[BlockRow, ...] | None = None
        self._cost = 1 << 30

    def run(self, outside: int) -> tuple[BlockRow, ...] | None:
        """Return rows, or None where there are none."""
        if self._d.all_of((outside, *(row.contexts for row in self._rows))) != FALSE:
            return None  # not even all of them are enough
        self._go(outside, (), 0, frozenset())
        return self._best

    def _go(self, left: int, chosen: tuple[BlockRow, ...], cost: int, tried: frozenset[int]) -> None:
        if left == FALSE:
            if cost < self._cost:
                self._best, self._cost = chosen, cost
            return
        self._steps += 1
        if self._steps > _MOST_STEPS * (1 if self._best is not None else 5):
            return
        point = Point(self._d.pick(left) or {})
        taken = {row.slot: row for row in chosen}
        for index, row in enumerate(self._rows):
            if index in tried or self._d.holds(row.contexts, point):
                continue
            known = taken.get(row.slot)
            if known is not None and not (known.extends and row.extends):
                continue
            more = row.cost if known is None else sum(len(value) + 3 for value in row.values)
            if cost + more < self._cost:
                self._go(self._d.both(left, row.contexts), (*chosen, row), cost + more, tried)
                tried |= {index}


def blocks_of(
    bench: Bench,
    contexts: int,
    within: int,
    extra: Sequence[BlockRow] = (),
    *,
    upper: int | None = None,
    misses: int = 1,
) -> tuple[list[Block], int]:
    """Return blocks that together hold in a set of contexts and nowhere else, and what they leave out.

    Parameters
    ----------
    bench : Bench
        Where rows are evaluated.
    contexts : int
        The set, a part of ``within``.
    within : int
        The contexts that can be.
    extra : sequence of BlockRow
        More rows that may be used.
    upper : int, optional
        Where they may hold besides; a part of ``within`` that has all of ``contexts``.
    misses : int
        After how many contexts that no block can reach the search ends.

    Returns
    -------
    (list of Block, int)
        The blocks, and the contexts of the set that they do not reach.
    """
    d = bench.space.diagrams
    if contexts == FALSE:
        return [], FALSE
    upper = contexts if upper is None else upper
    whole = find_block(bench, contexts, upper, within, extra)
    if whole is not None:
        return [whole], FALSE
    found: list[Block] = []
    left, out = contexts, FALSE
    while left != FALSE and len(found) < _MOST_BLOCKS and misses:
        block = _next_block(bench, left, upper, within, extra)
        if isinstance(block, Block):
            found.append(block)
            left = d.minus(left, block.contexts)
        else:
            out, left, misses = d.either(out, block), d.minus(left, block), misses - 1
    out = d.either(out, left)
    for block in list(found):
        others = [other.contexts for other in found if other is not block]
        if d.implies(d.minus(contexts, out), d.any_of(others)):
            found.remove(block)
    return found, out


def _next_block(bench: Bench, left: int, upper: int, within: int, extra: Sequence[BlockRow]) -> Block | int:
    """Return a block for some of the contexts that are left; or contexts for which there is none."""
    d, space = bench.space.diagrams, bench.space
    cube = next(d.cubes(left))
    wide = d.both(d.cube(widen(cube, upper, within, space)), within)
    values = d.pick(left) or {}
    point = d.both(d.cube({variable: 1 << value for variable, value in values.items()}), left)
    narrow = d.both(d.cube(cube), left)
    for lower in (wide, narrow, point):
        block = find_block(bench, lower, upper, within, extra)
        if block is not None:
            return block
    return point


def to_policy(contexts: int, within: int, space: Space, avoid: Collection[str] = ()) -> ConditionElement:
    """Return the Condition block that holds in a set of contexts, and in no others that can be.

    Parameters
    ----------
    contexts : int
        The set, a part of ``within``.
    within : int
        The contexts that can be.
    space : Space
        Where both come from.
    avoid : collection of str
        Canonical keys that the requests never carry.

    Raises
    ------
    NoConditionBlock
        If there is none.
    """
    bench = Bench(space, avoid)
    _need_no_unknown(contexts, within, space)
    if contexts == FALSE:
        raise NoConditionBlock("it never holds, and a block that cannot hold is better left out")
    block = find_block(bench, contexts, contexts, within)
    if block is None:
        blocks, out = blocks_of(bench, contexts, within)
        if out != FALSE:
            raise NoConditionBlock(_unnamed(out, contexts, within, space))
        ways = "; or ".join(describe(space.diagrams.both(b.contexts, within), within, space) for b in blocks)
        raise NoConditionBlock(f"it takes {len(blocks)} statements, because there are several ways: {ways}")
    return block.condition


def to_statements(
    contexts: int, within: int, space: Space, avoid: Collection[str] = ()
) -> list[ConditionElement]:
    """Return Condition blocks, one for each of several Allow statements that together are exact.

    Parameters
    ----------
    contexts : int
        The set, a part of ``within``.
    within : int
        The contexts that can be.
    space : Space
        Where both come from.
    avoid : collection of str
        Canonical keys that the requests never carry.

    Returns
    -------
    list of dict
        Empty for the empty set; one empty block for all contexts.

    Raises
    ------
    NoConditionBlock
        If no statements can say it.
    """
    _need_no_unknown(contexts, within, space)
    blocks, out = blocks_of(Bench(space, avoid), contexts, within)
    if out != FALSE:
        raise NoConditionBlock(_unnamed(out, contexts, within, space))
    return [block.condition for block in blocks]


def _need_no_unknown(contexts: int, within: int, space: Space) -> None:
    for variable in space.diagrams.support(essential(contexts, within, space)):
        owner = space.owner(variable)
        if owner == INCOMING:
            raise NoConditionBlock(
                "it depends on the direction of the message, which a Resource element names, not a Condition"
            )
        if isinstance(owner, str):
            raise NoConditionBlock(f"it depends on whether {owner}, which no context key says")


def _unnamed(out: int, contexts: int, within: int, space: Space) -> str:
    """Return the sentence that names the values that no operator can tell from others."""
    d = space.diagrams
    case = widen(next(d.cubes(out)), contexts, within, space)
    texts = [
        phrase(owner[0], owner[0].groups[owner[1]], mask)
        for variable, mask in sorted(case.items())
        if not isinstance(owner := space.owner(variable), str) and not owner[0].multivalued
    ]
    what = " and ".join(texts) or describe(out, within, space) or "all contexts"
    return f"no operator can name just these values: {what}"

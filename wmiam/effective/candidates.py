"""The statements that a policy could be made of: each within what may be said, and as wide as that allows."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

from wmiam.conditions.bench import Bench
from wmiam.conditions.block import blocks_of
from wmiam.effective.target import Alike, Target
from wmiam.engine.diagrams import FALSE, TRUE
from wmiam.engine.resources import Resource

__all__ = ["Candidate", "Cell", "Rows", "candidates", "needed_blocks", "pool"]

Cell = tuple[Alike, Resource]
#: Rows of a Condition block: operator, key, values.
Rows = tuple[tuple[str, str, tuple[str, ...]], ...]
#: What a statement costs beside its resources and conditions, and a NotResource more: where both
#: say the same, what is granted is easier to review than what is not.
_STATEMENT_COST, _NEGATED_COST = 100, 120


@dataclass(frozen=True, slots=True, eq=False)
class Candidate:
    """A statement but for its actions.

    Parameters
    ----------
    rows : tuple
        Its Condition block.
    patterns : tuple of str
        Its Resource, or NotResource.
    negated : bool
        Whether they are a NotResource.
    contexts : dict
        For actions and resources that it may be about, where it applies; cells without any
        context are left out.
    fits : tuple of Alike
        The actions that it may be about.
    cost : int
        What it takes in a policy.
    """

    rows: Rows
    patterns: tuple[str, ...]
    negated: bool
    contexts: dict[Cell, int]
    fits: tuple[Alike, ...]
    cost: int


def pool(target: Target) -> list[str]:
    """Return the Resource patterns that statements may use, shortest first.

    Those are ``*``, each organization and its messages, wildcards over a region and over
    the account, and the patterns of the principal's own policies.

    Parameters
    ----------
    target : Target
        What must come out.
    """
    found: dict[str, None] = {"*": None}
    for resource in target.resources:
        organization = resource.organization
        if organization is None:
            continue
        partition = organization.arn.split(":")[1]
        for region in dict.fromkeys((organization.region, "*")):
            for identity in dict.fromkeys((organization.id, "*")):
                where = f"{region}:{organization.account}"
                if region == organization.region or identity == "*":
                    found[f"arn:{partition}:workmail:{where}:organization/{identity}"] = None
                    head = f"arn:{partition}:workmailmessageflow:{where}:message/{identity}"
                    found.update(dict.fromkeys((f"{head}/*", f"{head}/incoming/*", f"{head}/outgoing/*")))
    found.update(dict.fromkeys(target.own_patterns(target.resources)))
    return sorted(found, key=lambda text: (len(text), text))


def needed_blocks(
    target: Target, names: Iterable[str], goal: Mapping[Cell, int], upper: Mapping[Cell, int]
) -> list[Rows]:
    """Return the Condition blocks that some actions and resources need.

    Parameters
    ----------
    target : Target
        What must come out.
    names : iterable of str
        Unknowns that Resource patterns decide.
    goal : mapping
        For each cell the contexts that must be reached.
    upper : mapping
        For each cell those that may be.
    """
    found: dict[Rows, None] = {(): None}
    done: set[object] = set()
    benches: dict[frozenset[str], Bench] = {}
    for cell in target.cells(real=False):
        avoided = target.avoided(*cell)
        extra = target.written_rows(*cell)
        key = (goal[cell], upper[cell], target.within[cell[1]], avoided, tuple(row.contexts for row in extra))
        if key in done:
            continue
        done.add(key)
        bench = benches.setdefault(avoided, Bench(target.space, avoided))
        for lower, most, within in sorted(target.cases(names, goal[cell], upper[cell], key[2])):
            blocks, _ = blocks_of(bench, lower, within, extra, upper=most, misses=4)
            for block in blocks:
                found[tuple((row.operator, row.key, row.values) for row in block.rows)] = None
    return list(found)


def candidates(
    target: Target, blocks: Iterable[Rows], patterns: Sequence[str], may: Mapping[Cell, int]
) -> list[Candidate]:
    """Return the statements that apply nowhere but where they may, and somewhere.

    Parameters
    ----------
    target : Target
        What must come out.
    blocks : iterable of Rows
        Condition blocks.
    patterns : sequence of str
        Resource patterns, shortest first.
    may : mapping
        For each cell the contexts in which a statement may apply.
    """
    builder = _Builder(target, patterns, may)
    found = [candidate for rows in dict.fromkeys(blocks) for candidate in builder.of_block(rows)]
    return sorted(found, key=lambda c: (c.cost, c.negated, c.patterns, c.rows))


class _Builder:
    """Makes statements of Condition blocks and resource patterns."""

    def __init__(self, target: Target, patterns: Sequence[str], may: Mapping[Cell, int]) -> None:
        self.target = target
        self.d = target.diagrams
        self.patterns = patterns
        self.may = may
        self.real = set(target.cells())
        self.covered = {(p, r): target.covered(p, r) for p in patterns for r in target.resources}

    def of_block(self, rows: Rows) -> Iterator[Candidate]:
        """Yield the statements with one Condition block."""
        holds: dict[Cell, int] = {}
        groups = []
        for group in self.target.alike:
            found = {(group, r): self.target.block(rows, group, r) for r in self.target.of_kind(group.kind)}
            if None not in found.values():
                holds.update((cell, contexts) for cell, contexts in found.items() if contexts is not None)
                groups.append(group)
        choices: dict[tuple[tuple[str, ...], bool], None] = {}
        by_kind: dict[str, dict[tuple[str, ...], None]] = {}
        for group in groups:
            fitting = tuple(p for p in self.patterns if self._is_useful(group, holds, (p,), negated=False))
            if "*" in fitting:
                choices[("*",), False] = None
            elif fitting:
                by_kind.setdefault(group.kind, {})[fitting] = None
            left_out = self._left_out(group, holds)
            if left_out:
                choices[left_out, True] = None
        for options in by_kind.values():
            choices.update(((option, False), None) for option in options)
        if len(by_kind) > 1:
            for several in product(*by_kind.values()):
                choices[tuple(dict.fromkeys(p for option in several for p in option)), False] = None
        for patterns, negated in choices:
            candidate = self._candidate(rows, groups, holds, patterns, negated)
            if candidate is not None:
                yield candidate

    def _contexts(self, cell: Cell, holds: Mapping[Cell, int], patterns: Iterable[str], negated: bool) -> int:
        covered = self.d.any_of(self.covered[p, cell[1]] for p in patterns)
        return self.d.both(self.d.neither(covered) if negated else covered, holds[cell])

    def _fits(self, group: Alike, holds: Mapping[Cell, int], patterns: Iterable[str], negated: bool) -> bool:
        cells = [(group, r) for r in self.target.of_kind(group.kind)]
        return all(
            self.d.implies(self._contexts(cell, holds, patterns, negated), self.may[cell]) for cell in cells
        )

    def _is_useful(
        self, group: Alike, holds: Mapping[Cell, int], patterns: Sequence[str], negated: bool
    ) -> bool:
        cells = [(group, r) for r in self.target.of_kind(group.kind)]
        applies = any(self._contexts(cell, holds, patterns, negated) != FALSE for cell in cells)
        return applies and self._fits(group, holds, patterns, negated)

    def _left_out(self, group: Alike, holds: Mapping[Cell, int]) -> tuple[str, ...]:
        """Return what a NotResource for some actions must name, as little as it can be."""
        kept = [p for p in self.patterns if p != "*"]
        if not self._is_useful(group, holds, (), negated=True) and self._fits(group, holds, kept, True):
            # What covers most goes first, so that what is left out in the end is little.
            kept.sort(key=lambda p: (self._extent(p), len(p), p), reverse=True)
            kept = _without(kept, lambda rest: self._fits(group, holds, rest, True))
            if self._is_useful(group, holds, kept, negated=True):
                return tuple(kept)
        return ()

    def _extent(self, pattern: str) -> tuple[int, int]:
        """Return how many resources a pattern covers, and how many in some cases."""
        found = [self.covered[pattern, r] for r in self.target.resources]
        return found.count(TRUE), len(found) - found.count(FALSE)

    def _candidate(
        self,
        rows: Rows,
        groups: Sequence[Alike],
        holds: Mapping[Cell, int],
        patterns: tuple[str, ...],
        negated: bool,
    ) -> Candidate | None:
        fits = tuple(g for g in groups if self._is_useful(g, holds, patterns, negated))
        cells = [(g, r) for g in fits for r in self.target.of_kind(g.kind)]
        contexts = {cell: self._contexts(cell, holds, patterns, negated) for cell in cells}

        def says_the_same(rest: Sequence[str]) -> bool:
            own = (cell for cell in cells if cell in self.real)
            return all(self._contexts(cell, holds, rest, negated) == contexts[cell] for cell in own)

        if not fits:
            return None
        if not negated:
            longest_first = sorted(patterns, key=lambda text: (-len(text), text))
            patterns = tuple(_without(longest_first, says_the_same)) or patterns
            contexts = {cell: self._contexts(cell, holds, patterns, negated) for cell in cells}
        cost = (
            _STATEMENT_COST + _NEGATED_COST * negated + len(json.dumps([self.target.expand(patterns), rows]))
        )
        reached = {cell: found for cell, found in contexts.items() if found != FALSE}
        return Candidate(rows, patterns, negated, reached, fits, cost)


def _without(patterns: list[str], is_fine: Callable[[Sequence[str]], bool]) -> list[str]:
    """Return patterns with those left out that are not needed, tried in order."""
    for pattern in list(patterns):
        rest = [p for p in patterns if p != pattern]
        if is_fine(rest):
            patterns = rest
    return patterns

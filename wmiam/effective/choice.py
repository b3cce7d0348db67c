"""Which statements to take: the cheapest found that together reach everything that must be reached."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from wmiam.conditions.block import Point
from wmiam.effective.candidates import Candidate, Cell
from wmiam.effective.target import Alike
from wmiam.engine.diagrams import FALSE, Diagrams

__all__ = ["Chosen", "choose", "reached"]

_MOST_STEPS = 3000


@dataclass(frozen=True, slots=True, eq=False)
class Chosen:
    """A statement that is taken.

    Parameters
    ----------
    candidate : Candidate
        All of it but its actions.
    needed : tuple of Alike
        The actions for which it is needed; it may be about others that it fits.
    """

    candidate: Candidate
    needed: tuple[Alike, ...]

    def contexts(self) -> Iterator[tuple[Cell, int]]:
        """Yield where the statement applies to the actions that it is needed for."""
        for cell, contexts in self.candidate.contexts.items():
            if cell[0] in self.needed:
                yield cell, contexts


def reached(d: Diagrams, candidates: Sequence[Candidate]) -> dict[Cell, int]:
    """Return for each cell the contexts in which one of some statements applies.

    Parameters
    ----------
    d : Diagrams
        Where sets of contexts are.
    candidates : sequence of Candidate
        The statements, about everything that they fit.
    """
    found: dict[Cell, int] = {}
    for candidate in candidates:
        for cell, contexts in candidate.contexts.items():
            found[cell] = d.either(found.get(cell, FALSE), contexts)
    return found


def choose(d: Diagrams, candidates: Sequence[Candidate], goal: Mapping[Cell, int]) -> list[Chosen]:
    """Return cheap statements that together reach a goal, each with the actions that it is needed for.

    Parameters
    ----------
    d : Diagrams
        Where sets of contexts are.
    candidates : sequence of Candidate
        What there is to choose from, cheapest first; together they must reach the goal.
    goal : mapping
        For each cell the contexts that must be reached.
    """
    search = _Search(d, candidates)
    search.go({cell: contexts for cell, contexts in goal.items() if contexts != FALSE}, (), 0)
    chosen = list(search.best)
    for candidate in sorted(chosen, key=lambda c: -c.cost):
        rest = [other for other in chosen if other is not candidate]
        if _is_reached(d, goal, [(other, other.fits) for other in rest]):
            chosen = rest
    return _needed(d, chosen, goal)


class _Search:
    """Takes the most useful statement for some cell that is not reached, and looks for cheaper ways."""

    def __init__(self, d: Diagrams, candidates: Sequence[Candidate]) -> None:
        self.best: tuple[Candidate, ...] = ()
        self._d = d
        self._candidates = candidates
        self._cost = 1 << 60
        self._steps = 0

    def go(self, left: Mapping[Cell, int], chosen: tuple[Candidate, ...], cost: int) -> None:
        """Search on from statements that are taken."""
        if not left:
            if cost < self._cost:
                self.best, self._cost = chosen, cost
            return
        self._steps += 1
        if self._steps > _MOST_STEPS and self.best:
            return
        cell = next(iter(left))
        point = Point(self._d.pick(left[cell]) or {})
        options = [
            (self._worth(candidate, left), candidate)
            for candidate in self._candidates
            if cell in candidate.contexts and self._d.holds(candidate.contexts[cell], point)
        ]
        for _, candidate in sorted(options, key=lambda option: option[0]):
            if cost + candidate.cost < self._cost:
                self.go(self._after(candidate, left), (*chosen, candidate), cost + candidate.cost)

    def _after(self, candidate: Candidate, left: Mapping[Cell, int]) -> dict[Cell, int]:
        rest = {
            cell: self._d.minus(contexts, candidate.contexts.get(cell, FALSE))
            for cell, contexts in left.items()
        }
        return {cell: contexts for cell, contexts in rest.items() if contexts != FALSE}

    def _worth(self, candidate: Candidate, left: Mapping[Cell, int]) -> float:
        """Return the cost for each cell that is done, those that are done in part counting less."""
        gain = 0.0
        for cell, contexts in candidate.contexts.items():
            if cell in left:
                rest = self._d.minus(left[cell], contexts)
                gain += 1 if rest == FALSE else 0.2 if rest != left[cell] else 0
        return candidate.cost / gain if gain else float("inf")


def _is_reached(
    d: Diagrams, goal: Mapping[Cell, int], statements: Sequence[tuple[Candidate, Sequence[Alike]]]
) -> bool:
    for cell, contexts in goal.items():
        found = d.any_of(c.contexts.get(cell, FALSE) for c, groups in statements if cell[0] in groups)
        if not d.implies(contexts, found):
            return False
    return True


def _needed(d: Diagrams, chosen: Sequence[Candidate], goal: Mapping[Cell, int]) -> list[Chosen]:
    """Return statements with the actions that others do not already allow: first come those without rows."""
    order = sorted(chosen, key=lambda c: (len(c.rows), len(c.patterns), c.cost, c.patterns, c.rows))
    groups = {id(candidate): list(candidate.fits) for candidate in order}
    for candidate in reversed(order):
        for group in candidate.fits:
            own = {cell: contexts for cell, contexts in goal.items() if cell[0] is group}
            rest = [
                (other, [g for g in groups[id(other)] if other is not candidate or g is not group])
                for other in order
            ]
            if _is_reached(d, own, rest):
                groups[id(candidate)].remove(group)
    return [Chosen(c, tuple(groups[id(c)])) for c in order if groups[id(c)]]

"""From the target to the statements: Allow alone where that is exact, with Deny where it is not."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from wmiam.conditions.bench import Bench
from wmiam.conditions.block import blocks_of
from wmiam.conditions.words import describe
from wmiam.effective.candidates import Candidate, Cell, Rows, candidates, pool, positive_blocks
from wmiam.effective.choice import Chosen, choose, reached
from wmiam.effective.target import Target
from wmiam.engine.compile import ACTIONS
from wmiam.engine.diagrams import FALSE
from wmiam.policy.model import Effect

__all__ = ["Composition", "compose"]

#: What it costs that a statement needs a Deny beside it.
_DENY_COST = 400


@dataclass(slots=True)
class Composition:
    """The statements of an effective policy.

    Parameters
    ----------
    allows, denies : list of Chosen
        The statements.
    needs_deny : list of str
        Where a Deny is needed, and why.
    notes : list of str
        What is left out.
    """

    allows: list[Chosen] = field(default_factory=list)
    denies: list[Chosen] = field(default_factory=list)
    needs_deny: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def compose(target: Target) -> Composition:
    """Return statements that allow what a principal is allowed, and never more.

    Parameters
    ----------
    target : Target
        What must come out; where it depends on unknowns that no statement can name, only what is
        sure comes out, and the notes say so.
    """
    result = Composition()
    patterns = pool(target)
    goal = _sure_goal(target, patterns, result)
    allows = candidates(target, positive_blocks(target, goal, goal), patterns, goal)
    missing = _missing(target, goal, allows)
    if not missing:
        result.allows = choose(target.diagrams, allows, _within_reach(target, goal, allows))
        return result
    denies = candidates(target, _deny_blocks(target, goal), patterns, _outside(target, goal))
    denied = reached(target.diagrams, denies)
    upper = {c: target.diagrams.either(goal[c], denied.get(c, FALSE)) for c in goal}
    wide = candidates(target, positive_blocks(target, goal, upper), patterns, upper)
    wanted = _within_reach(target, goal, [*allows, *wide])
    lacking = _missing(target, goal, [*allows, *wide])
    for cell, contexts in lacking.items():
        result.notes.append(
            f"{_cell_words(cell)} is left out {_words(target, cell, contexts)}: "
            "no statements can say just that"
        )
    # Statements that need a Deny cost what it costs: they are for what nothing else reaches.
    more = [replace(c, cost=c.cost + _DENY_COST) for c in wide if not _is_inside(target, c, goal)]
    result.allows = choose(target.diagrams, [*allows, *more], wanted)
    given = reached_by(target, result.allows)
    excess = {c: target.diagrams.minus(found, goal[c]) for c, found in given.items()}
    excess = {c: found for c, found in excess.items() if found != FALSE}
    if excess:
        result.denies = choose(target.diagrams, denies, excess)
        for cell, contexts in missing.items():
            if cell not in lacking:
                result.needs_deny.append(
                    f"{_cell_words(cell)} {_words(target, cell, contexts)} can be allowed "
                    "only together with a Deny: no Condition block ends where it ends"
                )
    return result


def reached_by(target: Target, chosen: Iterable[Chosen]) -> dict[Cell, int]:
    """Return where statements apply to the actions that they name or may name."""
    return reached(target.diagrams, [one.candidate for one in chosen])


def _is_inside(target: Target, candidate: Candidate, goal: Mapping[Cell, int]) -> bool:
    return all(target.diagrams.implies(found, goal[cell]) for cell, found in candidate.contexts.items())


def _within_reach(target: Target, goal: Mapping[Cell, int], allows: list[Candidate]) -> dict[Cell, int]:
    """Return what of the goal statements reach, on the organizations of the estate."""
    found = reached(target.diagrams, allows)
    return {cell: target.diagrams.both(goal[cell], found.get(cell, FALSE)) for cell in target.cells()}


def _missing(target: Target, goal: Mapping[Cell, int], allows: list[Candidate]) -> dict[Cell, int]:
    d, found = target.diagrams, reached(target.diagrams, allows)
    missing = {cell: d.minus(goal[cell], found.get(cell, FALSE)) for cell in target.cells()}
    return {cell: contexts for cell, contexts in missing.items() if contexts != FALSE}


def _outside(target: Target, goal: Mapping[Cell, int]) -> dict[Cell, int]:
    return {cell: target.diagrams.minus(target.within[cell[1]], contexts) for cell, contexts in goal.items()}


def _sure_goal(target: Target, patterns: list[str], result: Composition) -> dict[Cell, int]:
    """Return the goal without what depends on unknowns that no statement can name."""
    sayable: set[str] = set()
    for resource in target.resources:
        for pattern in patterns:
            sayable |= target.unknown(target.covered(pattern, resource))
    goal, lost = dict(target.goal), dict[str, None]()
    for cell in target.cells(real=False):
        named = set(sayable)
        for row in target.written_rows(*cell):
            named |= target.unknown(row.contexts)
        beyond = target.unknown(goal[cell]) - named
        if beyond:
            goal[cell] = target.sure(goal[cell], beyond)
            if cell in set(target.cells()):
                lost.update(dict.fromkeys(sorted(beyond)))
    result.notes.extend(f"What depends on whether {name} is left out." for name in lost)
    return goal


def _deny_blocks(target: Target, goal: Mapping[Cell, int]) -> list[Rows]:
    """Return blocks for Deny statements: those of the principal's own, and what is outside of the goal."""
    found: dict[Rows, None] = {(): None}
    for source in target.sources():
        if source.compiled.effect is Effect.DENY:
            rows = source.compiled.rows
            if all(row.variables or not any("${" in v for v in row.condition.values) for row in rows):
                found[
                    tuple((str(r.condition.operator), r.condition.key, r.condition.values) for r in rows)
                ] = None
    for cell in target.cells():
        bench = Bench(target.space, target.avoided(*cell))
        within = target.within[cell[1]]
        blocks, _ = blocks_of(bench, target.diagrams.minus(within, goal[cell]), within, misses=4)
        for block in blocks:
            found[tuple((row.operator, row.key, row.values) for row in block.rows)] = None
    return list(found)


def _cell_words(cell: Cell) -> str:
    group, resource = cell
    names = [name for bit, name in enumerate(ACTIONS.names) if group.actions >> bit & 1]
    what = names[0] if len(names) == 1 else f"{names[0]} and {len(names) - 1} more"
    where = "" if resource.organization is None else f" on {resource.organization.label}"
    return what + where


def _words(target: Target, cell: Cell, contexts: int) -> str:
    role = target.principal.is_role
    return describe(contexts, target.within[cell[1]], target.space, role=role)

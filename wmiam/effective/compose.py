"""From the target to the statements: Allow alone where that is exact, with Deny where it is not."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace

from wmiam.conditions.words import describe
from wmiam.effective.candidates import Candidate, Cell, Rows, candidates, needed_blocks, pool
from wmiam.effective.choice import Chosen, choose, reached
from wmiam.effective.target import Target
from wmiam.engine.compile import ACTIONS, Row
from wmiam.engine.diagrams import FALSE
from wmiam.policy.model import Effect
from wmiam.policy.operators import COMPARISONS
from wmiam.policy.values import parse_binary, parse_bool, parse_date, parse_network, parse_number

__all__ = ["Composition", "compose"]

#: What it costs that a statement needs a Deny beside it: more than any statements that need none.
_DENY_COST = 1_000_000
#: What reads the values of each family of operators; texts and ARNs are none that could be malformed.
_PARSERS: dict[str, Callable[[str], object | None]] = {
    "number": parse_number,
    "date": parse_date,
    "bool": parse_bool,
    "address": parse_network,
    "binary": parse_binary,
}


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
    target.settle(patterns)
    sayable: set[str] = set()
    for resource in target.resources:
        for pattern in patterns:
            sayable |= target.unknown(target.covered(pattern, resource))
    goal = _sure_goal(target, sayable, result)
    allows = candidates(target, needed_blocks(target, sayable, goal, goal), patterns, goal)
    missing = _missing(target, goal, allows)
    if not missing:
        result.allows = choose(target.diagrams, allows, _within_reach(target, goal, allows))
        return result
    outside = {c: target.diagrams.minus(target.within[c[1]], contexts) for c, contexts in goal.items()}
    blocks = [*_own_denies(target), *needed_blocks(target, sayable, outside, outside)]
    denies = candidates(target, blocks, patterns, outside)
    denied = reached(target.diagrams, denies)
    upper = {c: target.diagrams.either(goal[c], denied.get(c, FALSE)) for c in goal}
    wide = candidates(target, needed_blocks(target, sayable, goal, upper), patterns, upper)
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
            needed = target.diagrams.minus(contexts, lacking.get(cell, FALSE))
            if needed != FALSE:
                result.needs_deny.append(
                    f"{_cell_words(cell)} {_words(target, cell, needed)} can be allowed "
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


def _sure_goal(target: Target, sayable: set[str], result: Composition) -> dict[Cell, int]:
    """Return the goal without what depends on unknowns that no statement can name."""
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


def _own_denies(target: Target) -> list[Rows]:
    """Return the Condition blocks of the Deny statements that count for the principal."""
    found: dict[Rows, None] = {(): None}
    for source in target.sources():
        if source.compiled.effect is Effect.DENY:
            rows = [_written(row) for row in source.compiled.rows]
            if None not in rows:
                found[tuple(row for row in rows if row is not None)] = None
    return list(found)


def _written(row: Row) -> tuple[str, str, tuple[str, ...]] | None:
    """Return a row for a document of today's Version, without malformed values; None if that changes it."""
    condition = row.condition
    values = condition.values
    comparison = COMPARISONS.get(condition.operator.base)
    if comparison is not None and comparison.family in _PARSERS:
        # A malformed value matches nothing, and keeps a negated operator from holding at all (C9).
        values = tuple(v for v in values if _PARSERS[comparison.family](v) is not None)
        if not values or (comparison.negated and values != condition.values):
            return None
    if not row.variables and any("${" in value for value in values):
        return None
    return str(condition.operator), condition.key, values


def _cell_words(cell: Cell) -> str:
    group, resource = cell
    names = [name for bit, name in enumerate(ACTIONS.names) if group.actions >> bit & 1]
    what = names[0] if len(names) == 1 else f"{names[0]} and {len(names) - 1} more"
    where = "" if resource.organization is None else f" on {resource.organization.label}"
    return what + where


def _words(target: Target, cell: Cell, contexts: int) -> str:
    role = target.principal.is_role
    return describe(contexts, target.within[cell[1]], target.space, role=role)

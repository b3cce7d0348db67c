"""A comparison as text for a terminal: what made the change first, then the gates."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Final

from wmiam.compare.causes import UNREAD
from wmiam.compare.failures import Failure, root_note
from wmiam.compare.gates import Gate
from wmiam.compare.requests import Witness
from wmiam.compare.summary import Cause
from wmiam.views.text import count

if TYPE_CHECKING:
    from wmiam.compare.comparison import Comparison

__all__ = [
    "MOST",
    "comparison_text",
    "example",
    "failure_groups",
    "failure_line",
    "headline",
    "listed",
    "remarks",
]

#: Most causes, failures of one gate, and diagnostics that are told one by one.
MOST: Final = 20
#: Most names of principals and organizations in one line, and of actions.
_NAMES: Final = 6
_ACTIONS: Final = 30
#: Most failures of one gate that are looked at to tell those together that are alike.
_LOOKED_AT: Final = 500
#: How a gate fails: verb, example, statements, and on what it depends.
_How = tuple[str, str, tuple[str, ...], tuple[str, ...]]


def comparison_text(comparison: Comparison) -> str:
    """Return a comparison as text; see :meth:`wmiam.compare.Comparison.to_text`."""
    return "\n".join(_lines(comparison))


def _lines(comparison: Comparison) -> Iterator[str]:
    yield f"{comparison.before.name} → {comparison.after.name}"
    yield headline(comparison)
    yield from _incomplete(comparison)
    yield from remarks(comparison)
    causes = comparison.causes()
    for cause in causes[:MOST]:
        yield ""
        yield from _cause(comparison, cause)
    if len(causes) > MOST:
        yield f"\n… and {count(len(causes) - MOST, 'more cause')}"
    for gate in comparison.gates:
        yield ""
        yield from _gate(comparison, gate)


def headline(comparison: Comparison) -> str:
    """Return in a sentence how many principals gain and lose access."""
    if comparison.empty:
        return "Nobody gains or loses access."
    gaining, losing, open_ = comparison.people()
    parts = [f"{count(len(gaining), 'principal')} gain{'s' if len(gaining) == 1 else ''} access"] * bool(
        gaining
    )
    parts += [f"{count(len(losing), 'principal')} lose{'s' if len(losing) == 1 else ''} access"] * bool(
        losing
    )
    parts += [f"for {count(len(open_), 'principal')} nobody can tell"] * bool(open_)
    cells = ", ".join(f"{number:,} {change}" for change, number in comparison.counts().items())
    return f"{'; '.join(parts)}. Of principal, action and organization: {cells}."


def _incomplete(comparison: Comparison) -> Iterator[str]:
    found = comparison.incomplete
    if not found:
        return
    yield f"The comparison is incomplete: {count(len(found), 'part')} of the input could not be understood."
    for side, diagnostic in found[:MOST]:
        yield f"  {side}: {diagnostic}"
    if len(found) > MOST:
        yield f"  … and {len(found) - MOST} more"


def remarks(comparison: Comparison) -> Iterator[str]:
    """Yield what else to know: what was taken from the other side, and what is there on one side only."""
    for note in (*comparison.notes, root_note(comparison)):
        if note:
            yield f"Note: {note}"
    for title, principals in (
        ("New principals", comparison.new_principals),
        ("Gone principals", comparison.gone_principals),
    ):
        if principals:
            yield f"{title}: {listed([p.arn for p in principals])}"
    for title, organizations in (
        ("New WorkMail organizations", comparison.new_organizations),
        ("Gone WorkMail organizations", comparison.gone_organizations),
    ):
        if organizations:
            labels = listed([o.label for o in organizations])
            yield f"{title}, answered on both sides: {labels}"


def _cause(comparison: Comparison, cause: Cause) -> Iterator[str]:
    yield str(cause)
    if cause.side == UNREAD:
        names = listed([comparison.names.short(arn) for arn in cause.principals])
        yield f"  cannot tell what {count(len(cause.principals), 'principal')} gain or lose: {names}"
    for arns, verb in ((cause.gaining, "gain"), (cause.losing, "lose")) if cause.side != UNREAD else ():
        if arns:
            names = listed([comparison.names.short(arn) for arn in arns])
            yield f"  {count(len(arns), 'principal')} {verb}{'s' if len(arns) == 1 else ''}: {names}"
    yield f"  {count(len(cause.actions), 'action')}: {listed(cause.actions, _ACTIONS)}"
    organizations = [arn for arn in cause.organizations if arn != "*"]
    if organizations:
        labels = listed([comparison.names.short(arn) for arn in organizations])
        yield f"  {count(len(organizations), 'organization')}: {labels}"
    for witness, word in ((cause.witness_gained, "gained"), (cause.witness_lost, "lost")):
        if witness is not None and cause.side != UNREAD:
            doubt = "cannot tell whether " if witness.unknowns else ""
            yield f"  {doubt}{word}, for example: {example(comparison, witness)}"


def example(comparison: Comparison, witness: Witness) -> str:
    """Return who, what, where, and the context keys that matter."""
    target = "" if witness.resource == "*" else f" on {comparison.names.short(witness.organization)}"
    return f"{comparison.names.short(witness.principal)} {witness.action}{target} {witness.when}"


def _gate(comparison: Comparison, gate: Gate) -> Iterator[str]:
    failures = comparison.failures.of(gate)
    reason = f" ({gate.reason})" if gate.reason else ""
    if not failures:
        yield f"Gate {gate.title}: holds{reason}"
        return
    yield f"Gate {gate.title}: FAILS, {count(len(failures), 'time')}{reason}"
    groups = failure_groups(comparison, failures[:_LOOKED_AT])
    for lines in groups[:MOST]:
        yield from (f"  {line}" for line in lines)
    if len(groups) > MOST or len(failures) > _LOOKED_AT:
        yield "  … and more: --show failures lists each"


def failure_groups(comparison: Comparison, failures: Sequence[Failure]) -> list[list[str]]:
    """Return failures of one gate as lines, those together that differ in who, where and what alone.

    Parameters
    ----------
    comparison : Comparison
        What the gate was asked about.
    failures : sequence of Failure
        Some of what fails it.

    Returns
    -------
    list of list of str
        Of each group: who is allowed what and where, how it fails, and by which statements.  Every
        principal of a group fails with every action on every organization of it.
    """
    cells: dict[tuple[_How, str, str], list[str]] = {}
    for failure in failures:
        witness = failure.witness
        how = (failure.verb, witness.keys, failure.statements, tuple(witness.unknowns))
        cells.setdefault((how, failure.principal.arn, failure.organization), []).append(failure.action)
    people: dict[tuple[_How, str, tuple[str, ...]], list[str]] = {}
    for (how, arn, organization), actions in cells.items():
        people.setdefault((how, organization, tuple(actions)), []).append(arn)
    places: dict[tuple[_How, tuple[str, ...], tuple[str, ...]], list[str]] = {}
    for (how, organization, actions_), arns in people.items():
        places.setdefault((how, tuple(arns), actions_), []).append(organization)
    short = comparison.names.short
    groups = []
    for ((verb, when, statements, unknowns), arns_, actions_), organizations in places.items():
        who = listed([short(arn) for arn in arns_])
        where = listed([short(arn) for arn in organizations if arn != "*"])
        verb = verb.replace("gains", "gain").replace("is allowed", "are allowed") if len(arns_) > 1 else verb
        lines = [
            f"{who} {verb} {listed(actions_, _ACTIONS)}{f' on {where}' if where else ''}, for example {when}",
            *(f"  by {statement}" for statement in statements),
            *(f"  cannot tell: it depends on whether {name}" for name in unknowns),
        ]
        groups.append(lines)
    return groups


def failure_line(comparison: Comparison, failure: Failure) -> str:
    """Return who gains or is allowed what, where, and an example."""
    target = "" if failure.organization == "*" else f" on {comparison.names.short(failure.organization)}"
    when = failure.witness.when
    who = comparison.names.short(failure.principal.arn)
    return f"{who} {failure.verb} {failure.action}{target}, for example {when}"


def listed(names: Iterable[str], most: int = _NAMES) -> str:
    """Return names in a line: all of them, or where they are more than most the first few."""
    every = list(names)
    if len(every) <= most:
        return ", ".join(every)
    return f"{', '.join(every[:_NAMES])} and {len(every) - _NAMES} more"

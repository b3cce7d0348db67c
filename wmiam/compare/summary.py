"""Causes gathered over all principals: how many each concerns, and a smallest example each way."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from wmiam.access.labels import place_of
from wmiam.bits import bits_of
from wmiam.compare.causes import ATTRIBUTE, REMOVED, UNREAD, Attribution, Attributor, CauseKey
from wmiam.compare.pairs import Pair
from wmiam.compare.requests import Witness
from wmiam.engine.compile import ACTIONS
from wmiam.engine.diagrams import FALSE
from wmiam.engine.resources import Resource
from wmiam.estate.model import Policy, Principal

if TYPE_CHECKING:
    from wmiam.compare.comparison import Comparison

__all__ = ["Cause", "gather"]

#: Most examples that are worked out to find a smallest one.
_TRIED = 32


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Cause:
    """A statement, or a limit as a whole, that made a change.

    Parameters
    ----------
    key : CauseKey
        What tells it from others.
    layer : str
        ``"identity"``, ``"permissions boundary"``, the title of a level of SCPs, or ``"requests"``.
    policy : str
        Name of the policy; ``""`` where no statement is meant.
    statement : str
        Sid, or index; ``""`` where no statement is meant.
    place : str
        ``file:line``, after the change where the statement is there; ``""`` where unknown.
    effect : str
        ``"Allow"``, ``"Deny"``, or ``""`` where no statement is meant or it could not be read.
    side : str
        ``"added"``, ``"removed"``, ``"changed"``, ``"newly held"``, ``"no longer held"``,
        ``"attribute changed"``, ``"cannot be read"``, ``"set"``, ``"lifted"``, ``"root user"`` or
        ``"requests changed"``.
    through : str
        How the principals have it, where they newly hold it or no longer do: a group, a policy, a
        level of SCPs.
    detail : str
        Which attribute, limit or requests changed; else ``""``.
    gaining, losing : tuple of str
        ARNs of the principals that gained, and that lost, by it; where it cannot be read, that may have.
    actions, organizations : tuple of str
        The actions and organizations concerned: full names, ARNs (``"*"`` for none).
    witness_gained, witness_lost : Witness or None
        A smallest request of what was gained, and lost, by it.
    """

    key: CauseKey
    layer: str
    policy: str
    statement: str
    place: str
    effect: str
    side: str
    through: str
    detail: str
    gaining: tuple[str, ...]
    losing: tuple[str, ...]
    actions: tuple[str, ...]
    organizations: tuple[str, ...]
    witness_gained: Witness | None
    witness_lost: Witness | None

    @property
    def principals(self) -> tuple[str, ...]:
        """ARNs of all principals concerned."""
        return tuple(sorted({*self.gaining, *self.losing}))

    @property
    def label(self) -> str:
        """``policy#Sid (file:line)``, with "before" where it is there alone; or what changed as a whole."""
        if not self.policy:
            return self.detail or self.layer
        statement = f"#{self.statement}" if self.statement else ""
        # Both sides may have a file of that name, and this line is in the one of before.
        gone = "before: " if self.key.statement[0] == "before" else ""
        return f"{self.policy}{statement}" + (f" ({gone}{self.place})" if self.place else "")

    @property
    def what(self) -> str:
        """What happened, in a clause, such as ``"Allow statement added"``."""
        if not self.policy:
            return {
                "set": "now limits",
                "lifted": "no longer limits",
                "root user": "account root user",
            }.get(self.side, self.side)
        if self.side == UNREAD:
            return self.side
        where = "" if self.layer in ("identity", self.through) else f" in {self.layer}"
        if self.side == ATTRIBUTE:
            return f"{self.effect} statement{where} applies differently, by {self.detail or 'what is known'}"
        through = f" through {self.through}" if self.through else ""
        return f"{self.effect} statement {self.side}{where}{through}"

    def __str__(self) -> str:
        """Return the cause in a line."""
        return f"{self.label}: {self.what}"

    def __repr__(self) -> str:
        return f"<Cause {self}: {len(self.gaining)} principals gain, {len(self.losing)} lose>"


@dataclass(slots=True)
class _Gathering:
    """What is known of a cause so far."""

    gaining: set[str] = field(default_factory=set)
    losing: set[str] = field(default_factory=set)
    actions: int = 0
    organizations: set[str] = field(default_factory=set)
    examples: tuple[dict[int, _Example], dict[int, _Example]] = field(default_factory=lambda: ({}, {}))


@dataclass(frozen=True, slots=True)
class _Example:
    pair: Pair
    principal: Principal
    resource: Resource
    action: int
    contexts: int
    within: int


def gather(comparison: Comparison, attributor: Attributor) -> tuple[Cause, ...]:
    """Return the causes of everything that changed, those that concern most principals first.

    Parameters
    ----------
    comparison : Comparison
        What changed.
    attributor : Attributor
        Finds the causes of one principal's changes.
    """
    found: dict[CauseKey, _Gathering] = {}
    for pair in comparison.pairs:
        if not pair.deltas:
            continue
        for old, new in pair.people:
            subject = new or old
            if subject is not None:
                for part in attributor.of(pair, old, new):
                    _add(found.setdefault(part.key, _Gathering()), pair, subject, part)
    causes = [_cause(comparison, attributor, key, gathering) for key, gathering in found.items()]
    return tuple(sorted(causes, key=lambda c: (-len(c.principals), c.label, c.what)))


def _add(gathering: _Gathering, pair: Pair, subject: Principal, part: Attribution) -> None:
    resources = pair.resources
    gathering.actions |= part.actions
    gathering.organizations.update(resources[position].arn for position in bits_of(part.resources))
    people = gathering.gaining, gathering.losing
    for contexts, arns, examples in zip((part.gained, part.lost), people, gathering.examples, strict=True):
        if contexts == FALSE:
            continue
        arns.add(subject.arn)
        if contexts not in examples and len(examples) < _TRIED:
            resource = resources[next(bits_of(part.resources))]
            action = next(bits_of(part.actions))
            examples[contexts] = _Example(pair, subject, resource, action, contexts, part.possible)


def _cause(comparison: Comparison, attributor: Attributor, key: CauseKey, gathering: _Gathering) -> Cause:
    policy = _policy(attributor, key)
    label, place = _statement(policy, key)
    gained, lost = (_smallest(comparison, found.values()) for found in gathering.examples)
    return Cause(
        key,
        key.layer,
        policy.name if policy is not None else "",
        label,
        place,
        key.effect,
        key.side,
        key.through,
        key.detail,
        tuple(sorted(gathering.gaining)),
        tuple(sorted(gathering.losing)),
        tuple(ACTIONS.names[bit] for bit in bits_of(gathering.actions)),
        tuple(sorted(gathering.organizations)),
        gained,
        lost,
    )


def _policy(attributor: Attributor, key: CauseKey) -> Policy | None:
    side = key.statement[0]
    if not side:
        return None
    first = 0 if side == "before" or key.side == REMOVED else 1
    return attributor.policies[first].get(key.policy) or attributor.policies[1 - first].get(key.policy)


def _statement(policy: Policy | None, key: CauseKey) -> tuple[str, str]:
    """Return a statement's label and place."""
    if policy is None:
        return "", ""
    index = key.statement[1]
    document = policy.document
    for statement in document.statements if document is not None else ():
        if statement.index == index:
            return statement.label, place_of(policy, statement.pointer)
    for unread in document.unread if document is not None else ():
        if unread.index == index:
            return str(index), place_of(policy, unread.pointer)
    return "", place_of(policy, "")


def _smallest(comparison: Comparison, examples: Iterable[_Example]) -> Witness | None:
    found = [
        comparison.example(e.pair, e.principal, e.resource, e.action, e.contexts, e.within) for e in examples
    ]
    return min(
        (witness for witness in found if witness is not None),
        key=lambda w: (len(w.unknowns), len(w.needed) + len(w.absent), len(w.context), str(w)),
        default=None,
    )

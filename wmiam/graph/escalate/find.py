"""Finds escalations: which callers hold the permissions of which method, for which targets.

A caller is told from its class only where a method is about itself, its groups or its policies.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property

from wmiam.catalog.escalations import Effect, Method
from wmiam.engine.layers import PrincipalClass
from wmiam.estate.model import Principal, PrincipalKind
from wmiam.graph.assume import Assumptions
from wmiam.graph.escalate.changes import Callers, Changes
from wmiam.graph.escalate.entities import Entities
from wmiam.graph.escalate.evaluation import Grants
from wmiam.graph.escalate.ground import Finding, Ground
from wmiam.graph.escalate.unread import Unread
from wmiam.progress import watched

__all__ = ["Finder", "Finding"]

_CHANGING = (Effect.EDIT, Effect.JOIN, Effect.UNBOUND)


class Finder(Ground):
    """Finds the escalations of an estate.

    Parameters
    ----------
    assumptions : Assumptions
        Who can assume which role.
    """

    def __init__(self, assumptions: Assumptions) -> None:
        super().__init__(assumptions)
        self._changes = Changes(self)
        #: Methods that depend on more of a caller than what it is allowed to do to others.
        self._apart = frozenset(
            method
            for method in self.methods
            if method.effect in _CHANGING
            or any(p.limits_only for p in method.permissions)
            or (method.target != "user" and any("user" in p.on for p in method.permissions))
        )

    @cached_property
    def _classes(self) -> list[tuple[PrincipalClass, list[Principal]]]:
        """Classes with the principals of each.

        Root users hold everything anyway (D8), and with a service-linked role only its service acts (S4).
        """
        left_out = (PrincipalKind.ROOT, PrincipalKind.SERVICE_LINKED_ROLE)
        found: dict[int, list[Principal]] = {}
        for principal in self.estate.principals:
            if principal.kind not in left_out:
                found.setdefault(id(self.evaluation.class_of[principal.arn]), []).append(principal)
        return [(m, found[id(m)]) for m in self.evaluation.classes if id(m) in found]

    @cached_property
    def callers(self) -> list[Callers]:
        """Callers by what they are allowed for certain."""
        alike: dict[object, tuple[PrincipalClass, Grants | None, list[Principal]]] = {}
        for members, principals in self._classes:
            if members.allowed:
                grants: Grants | None = None
                key: object = id(members)
                if not self._apart.intersection(self.possible(self.held(members))):
                    grants = _on_others(members, principals, self.evaluation.entities)
                    key = (members.principal.account, members.universe, grants)
                alike.setdefault(key, (members, grants, []))[2].extend(principals)
        return [
            Callers(members, tuple(principals), self.held(members, grants))
            for members, grants, principals in alike.values()
        ]

    def findings(self) -> Iterator[Finding]:
        """Yield every escalation: by what could be read, then what unread policies may give besides."""
        known: dict[str, list[Finding]] = {}
        for callers in watched(self.callers, "Working out escalations", unit=" kinds of callers"):
            for finding in self._search(callers):
                yield finding
                for principal in finding.sources if self.evaluation.possibly else ():
                    known.setdefault(principal.arn, []).append(finding)
        unread = Unread(self, self._changes, self._search)
        for members, principals in self._classes:
            grants = self.evaluation.possibly.get(id(members))
            if grants is not None:
                own = {id(f): f for principal in principals for f in known.get(principal.arn, ())}
                callers = Callers(members, tuple(principals), self.held(members, grants))
                yield from unread.findings(callers, tuple(own.values()))

    def _search(self, callers: Callers) -> Iterator[Finding]:
        """Yield every escalation of some callers by what they hold."""
        changing, found = [], list[Finding]()
        for method in self.possible(callers.held):
            pieces = self.pieces(callers.held, method)
            if pieces and method.effect in _CHANGING:
                changing.append((method, pieces))
            elif pieces:
                found += self._direct(method, callers, pieces)
        changed = self._changes.findings(callers, changing)
        sure = {p for f in changed if f.is_sure for p in f.sources}
        yield from changed
        for finding in found:
            if sure and finding.method.effect in (Effect.BECOME, Effect.WEAKEN):
                # Who administers the account becomes everybody in it: one edge says so.
                finding = replace(finding, sources=tuple(p for p in finding.sources if p not in sure))
            if finding.sources:
                yield finding

    def _direct(self, method: Method, callers: Callers, pieces: list[tuple[int, int]]) -> Iterator[Finding]:
        """Yield what callers become, or gain of a capability, by a method."""
        gains = "principal" if method.effect is Effect.BECOME else "capability"
        for mask, contexts in pieces:
            taken = self.taken(callers.held, method, mask)
            for capability in method.capabilities or ("",):
                yield Finding(
                    method,
                    gains,
                    capability,
                    callers.members,
                    callers.held.scope,
                    callers.principals,
                    mask,
                    taken,
                    contexts,
                    callers.held.within,
                )


def _on_others(
    members: PrincipalClass, principals: Sequence[Principal], entities: Mapping[str, Entities]
) -> Grants:
    """Return what a class is allowed, as far as it is about others than its only member.

    Whoever may do something to itself, such as to rotate its own keys, gains nothing by it, and is
    alone in its class for it.  So it is taken for one of the users on whom the class is allowed the
    same, whichever are most.
    """
    (only, *more) = principals
    if more or only.is_role:
        return members.allowed
    scope = entities[only.account]
    own, rest = 1 << scope.index[only.arn], scope.kind("user")
    rest &= ~own
    most, place = 0, -1
    for at, (mask, _) in enumerate(members.allowed):
        number = (mask & rest).bit_count()
        rest &= ~mask
        if number > most:
            most, place = number, at
    if rest.bit_count() > most:
        place = -1
    rows = []
    for at, (mask, cells) in enumerate(members.allowed):
        others = mask | own if at == place else mask & ~own
        if others:
            rows.append((others, cells))
    return tuple(sorted(rows))

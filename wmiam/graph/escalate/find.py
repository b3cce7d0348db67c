"""Finds escalations: which callers hold the permissions of which method, for which targets.

A caller is told from its class only where a method is about itself, its groups or its policies.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import cached_property

from wmiam.catalog.escalations import Effect, Method
from wmiam.engine.layers import PrincipalClass
from wmiam.estate.model import Principal, PrincipalKind
from wmiam.graph.assume import Assumptions
from wmiam.graph.escalate.changes import Callers, Changes
from wmiam.graph.escalate.ground import Finding, Ground

__all__ = ["Finder", "Finding"]


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

    @cached_property
    def callers(self) -> list[tuple[PrincipalClass, tuple[Principal, ...]]]:
        """Classes with the principals of each.

        Root users hold everything anyway (D8), and with a service-linked role only its service acts (S4).
        """
        left_out = (PrincipalKind.ROOT, PrincipalKind.SERVICE_LINKED_ROLE)
        found: dict[int, list[Principal]] = {}
        for principal in self.estate.principals:
            if principal.kind not in left_out:
                found.setdefault(id(self.evaluation.class_of[principal.arn]), []).append(principal)
        return [(m, tuple(found[id(m)])) for m in self.evaluation.classes if m.allowed and id(m) in found]

    def findings(self) -> Iterator[Finding]:
        """Yield every escalation, class by class."""
        for members, principals in self.callers:
            callers = Callers(members, principals, self.held(members))
            changing, found = [], list[Finding]()
            for method in self.possible(callers.held):
                pieces = self.pieces(callers.held, method)
                if pieces and method.effect in (Effect.EDIT, Effect.JOIN, Effect.UNBOUND):
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

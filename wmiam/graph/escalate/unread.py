"""What unread identity-based policies may give, told once for each principal and not method by method.

Nobody knows what such a policy allows, so that it could be everything: every method of the data,
on every target that boundaries, SCPs and explicit denies leave.  Where nothing limits its holder,
all that is one escalation: to administrator of the account, if the policy allows it.  Where something
does, each gain is told by one of the methods that lead to it, as an example.  The condition names the
policy, in the words of direct answers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace

from wmiam.catalog.escalations import Effect, Method
from wmiam.engine.diagrams import FALSE
from wmiam.estate.model import Principal
from wmiam.graph.escalate.changes import Callers, Changes, Kept
from wmiam.graph.escalate.ground import Finding, Ground

__all__ = ["Unread"]

#: What is known of a gain: sets of targets with contexts; an account counts as target 1.
_Known = list[tuple[int, int]]


class Unread:
    """Finds what unread identity-based policies may give.

    Parameters
    ----------
    ground : Ground
        The estate, evaluated.
    changes : Changes
        Tells who could administer its account.
    search : callable
        Finds every escalation of some callers.
    """

    def __init__(
        self, ground: Ground, changes: Changes, search: Callable[[Callers], Iterable[Finding]]
    ) -> None:
        self._ground = ground
        self._changes = changes
        self._search = search
        self._d = ground.d
        # Who changes itself is the plainest example.
        self._edits = sorted(
            (method for method in ground.methods if method.effect is Effect.EDIT and not method.unknown),
            key=lambda method: method.target not in ("user", "role"),
        )

    def findings(self, callers: Callers, known: Sequence[Finding]) -> Iterator[Finding]:
        """Yield what callers gain besides, if their unread policies allow it.

        Parameters
        ----------
        callers : Callers
            Those of one class, with what they hold if the policies allow everything.
        known : sequence of Finding
            Their escalations by what could be read.
        """
        alike: dict[tuple[Kept, frozenset[int]], list[Principal]] = {}
        for principal in callers.principals:
            own = tuple(finding for finding in known if principal in finding.sources)
            if not any(finding.is_sure for finding in own):
                kept = self._changes.kept(principal, callers.held.scope)
                alike.setdefault((kept, frozenset(map(id, own))), []).append(principal)
        for (kept, told), principals in alike.items():
            own = tuple(finding for finding in known if id(finding) in told)
            yield from self._of(replace(callers, principals=tuple(principals)), kept, own)

    def _of(self, callers: Callers, kept: Kept, known: Sequence[Finding]) -> Iterator[Finding]:
        allow = self._d.any_of(
            self._d.literal(unknown, 2) for unknown in self._ground.evaluation.may_allow(callers.members)
        )
        told: dict[object, _Known] = {}
        for finding in known:
            told.setdefault(_gain(finding), []).append((finding.targets or 1, finding.contexts))
        said = FALSE
        for finding in self._administering(callers, kept, allow):
            said = self._d.either(said, finding.contexts)
            yield from self._new(finding, finding.contexts, told)
        if said == FALSE or not self._d.implies(self._most(callers, allow), said):
            for finding in self._search(callers):
                yield from self._new(
                    finding, self._d.minus(self._d.both(finding.contexts, allow), said), told, callers
                )

    def _most(self, callers: Callers, allow: int) -> int:
        """Return the contexts in which callers are allowed anything at all, if their policies allow it."""
        shared = self._ground.shared
        every = {contexts for _, cells in callers.held.grants for _, contexts in cells}
        return self._d.both(allow, self._d.any_of(shared.anywhere(shared.request(c)) for c in every))

    def _administering(self, callers: Callers, kept: Kept, allow: int) -> Iterator[Finding]:
        """Yield how callers administer their account, with the method that is the plainest example."""
        ground, held, d = self._ground, callers.held, self._d
        left = d.both(self._changes.administers(callers.members, held, kept), allow)
        own = held.scope.affecting(callers.members.principal)
        for method in self._edits if left != FALSE else ():
            pieces = [(mask & own, contexts) for mask, contexts in ground.pieces(held, method) if mask & own]
            contexts = d.both(left, d.any_of(contexts for _, contexts in pieces))
            if contexts != FALSE:
                left = d.minus(left, contexts)
                yield self._administrator(callers, method, sum(mask for mask, _ in pieces), contexts)

    def _administrator(self, callers: Callers, method: Method, own: int, contexts: int) -> Finding:
        held = callers.held
        return Finding(
            method,
            "administrator",
            "",
            callers.members,
            held.scope,
            callers.principals,
            0,
            self._ground.taken(held, method, own),
            contexts,
            held.within,
            held=held,
        )

    def _new(
        self, finding: Finding, contexts: int, told: dict[object, _Known], callers: Callers | None = None
    ) -> Iterator[Finding]:
        """Yield a finding with the targets that nothing told before leads to in all of its contexts."""
        known = told.setdefault(_gain(finding), [])
        targets = finding.targets or 1
        for mask, before in known if contexts != FALSE else ():
            if targets & mask and self._d.implies(contexts, before):
                targets &= ~mask
        if contexts != FALSE and targets:
            known.append((targets, contexts))
            held = finding.held if callers is None else callers.held
            left = targets if finding.targets else 0
            yield replace(finding, targets=left, contexts=contexts, held=held)


def _gain(finding: Finding) -> object:
    """Return what tells gains apart, targets aside: those by permissions on mail alone are told directly."""
    return finding.gains, finding.capability, finding.is_about_mail

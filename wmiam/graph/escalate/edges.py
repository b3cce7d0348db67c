"""Escalations as edges: made when asked for, from findings that hold for many callers and targets."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from wmiam.bits import bits_of
from wmiam.catalog.escalations import Effect
from wmiam.conditions.decision import decision_of
from wmiam.engine.space import Space
from wmiam.engine.whole import Whole
from wmiam.estate.model import Principal
from wmiam.graph.assume import Assumptions, conjuncts
from wmiam.graph.clauses import Cause
from wmiam.graph.escalate.find import Finder
from wmiam.graph.escalate.ground import Finding
from wmiam.graph.escalate.witness import Step, causes_of, steps_of
from wmiam.memory import without_cycles

if TYPE_CHECKING:
    import pandas as pd

    from wmiam.access.access import Access

__all__ = ["EscalationEdge", "EscalationOutcome", "Escalations", "escalations"]


@dataclass(frozen=True, slots=True)
class EscalationOutcome:
    """When an escalation is possible.

    Parameters
    ----------
    space : Space
        Where the contexts live.
    contexts, within : int
        The contexts in which every permission is allowed, and those that the caller can have.
        Context keys of single requests, and the region, are left out: the caller chooses them.
    """

    space: Space
    contexts: int
    within: int


@dataclass(frozen=True, eq=False)
class EscalationEdge:
    """A way in which a principal turns its permissions into more.

    Parameters
    ----------
    source : str
        ARN of the principal.
    target : str
        What it gains: the ARN of the principal that it becomes; the id of the account that it
        administers from then on; for a capability the ARN of the (first) WorkMail organization, or of
        the user whose sign-in is weakened.
    method, title : str
        Stable id of the method, e.g. ``"iam-put-user-policy"``, and its heading.
    gains : str
        ``"principal"`` (it acts as the target), ``"administrator"`` (its own policies allow
        everything in the account, as far as SCPs let them, so that it becomes every principal
        of the account but service-linked roles), or ``"capability"``.
    capability : str
        Name of the capability; ``""`` for none.
    organizations : tuple of str
        ARNs of the WorkMail organizations on which a capability is gained.
    permissions : tuple of str
        The actions that it takes, all under one request context.
    decision : str
        ``"allowed"`` (in every context), or ``"conditional"``.
    guide : str
        Title of the public page that describes the method.
    """

    source: str
    target: str
    method: str
    title: str
    gains: str
    capability: str
    organizations: tuple[str, ...]
    permissions: tuple[str, ...]
    decision: str
    guide: str
    _telling: _Telling = field(repr=False)

    @property
    def conditions(self) -> tuple[str, ...]:
        """What must hold, in words: all of it; none where it is always possible."""
        return self._telling.conditions

    @cached_property
    def witnesses(self) -> tuple[Step, ...]:
        """A request for each permission that is allowed, all in one context of the caller."""
        return self._telling.steps(self)

    @cached_property
    def statements(self) -> tuple[Cause, ...]:
        """The statements of the caller's policies that allow it, each once."""
        return self._telling.statements(self)

    @property
    def reason(self) -> str:
        """Why it is possible, in a sentence."""
        return self._telling.reason(self)


class _Telling:
    """What the edges of one finding have in common."""

    def __init__(self, finder: Finder, finding: Finding) -> None:
        self.finder = finder
        self.finding = finding

    @cached_property
    def conditions(self) -> tuple[str, ...]:
        """The conditions in words."""
        finding = self.finding
        return tuple(conjuncts(self.finder.space, finding.contexts, finding.within))

    def steps(self, edge: EscalationEdge) -> tuple[Step, ...]:
        """The requests."""
        return steps_of(self.finder, self.finding, self._source(edge), edge.target)

    def statements(self, edge: EscalationEdge) -> tuple[Cause, ...]:
        """The statements."""
        return causes_of(self.finder, self.finding, self._source(edge), edge.target)

    def reason(self, edge: EscalationEdge) -> str:
        """The sentence."""
        name = self._source(edge).name
        actions, why = " and ".join(edge.permissions), self.finding.method.why
        if self.finding.held is not None:
            return f"Policies of {name} that cannot be read may allow {actions}: {why}."
        return f"{name} may perform {actions}: {why}."

    def _source(self, edge: EscalationEdge) -> Principal:
        return next(p for p in self.finding.sources if p.arn == edge.source)


class Escalations:
    """Every escalation of an estate.

    Parameters
    ----------
    assumptions : Assumptions
        Who can assume which role.

    Attributes
    ----------
    assumptions : Assumptions
        The same.
    findings : tuple of Finding
        The escalations, for sets of callers and targets that are alike; of those who can be
        administrators of their account in every context there are no edges to its principals.
    """

    def __init__(self, assumptions: Assumptions) -> None:
        self.assumptions = assumptions
        with without_cycles():
            self.finder = Finder(assumptions)
            self.findings: tuple[Finding, ...] = tuple(self.finder.findings())
        self._tellings = {id(finding): _Telling(self.finder, finding) for finding in self.findings}

    @cached_property
    def edges(self) -> tuple[EscalationEdge, ...]:
        """Every edge; many, where many can escalate."""
        return tuple(edge for finding in self.findings for edge in self._edges(finding, finding.sources))

    @cached_property
    def _by_source(self) -> dict[str, list[Finding]]:
        found: dict[str, list[Finding]] = {}
        for finding in self.findings:
            for principal in finding.sources:
                found.setdefault(principal.arn, []).append(finding)
        return found

    def of(self, source: str) -> tuple[EscalationEdge, ...]:
        """Return the edges from a principal.

        Parameters
        ----------
        source : str
            ARN.
        """
        return tuple(
            edge
            for finding in self._by_source.get(source, ())
            for edge in self._edges(finding, [p for p in finding.sources if p.arn == source])
        )

    def from_finding(
        self, finding: Finding, source: Principal, target: str | None = None
    ) -> Iterator[EscalationEdge]:
        """Yield the edges of one of :attr:`findings` from one of its callers.

        Parameters
        ----------
        finding : Finding
            The escalation.
        source : Principal
            One of its sources.
        target : str, optional
            Only to this principal, of those that are gained.
        """
        return self._edges(finding, [source], target)

    def into(self, target: str) -> tuple[EscalationEdge, ...]:
        """Return the edges to a principal, an account, or an organization.

        Parameters
        ----------
        target : str
            ARN, or 12-digit id of an account.
        """
        found: list[EscalationEdge] = []
        for finding in self.findings:
            account = finding.members.principal.account
            if finding.gains == "administrator":
                wanted = target == account
            else:
                bit = finding.scope.bit_of(target)
                wanted = bit >= 0 and bool(finding.targets >> bit & 1)
            if wanted:
                edges = self._edges(finding, finding.sources)
                found += [edge for edge in edges if target in (edge.target, *edge.organizations)]
        return tuple(found)

    def outcome(self, edge: EscalationEdge) -> EscalationOutcome:
        """Return when an edge is possible.

        Parameters
        ----------
        edge : EscalationEdge
            One of :attr:`edges`.
        """
        finding = edge._telling.finding
        return EscalationOutcome(self.finder.space, finding.contexts, finding.within)

    def frame(self) -> pd.DataFrame:
        """Return a row for each edge.

        Returns
        -------
        pandas.DataFrame
            Columns ``principal`` (ARN), ``name``, ``account``, ``method``, ``title``, ``gains``, ``target``,
            ``capability``, ``organizations`` (tuple of ARNs), ``permissions`` (tuple of actions),
            ``decision``, ``when``; see :class:`EscalationEdge`.
        """
        import pandas as pd

        people = {p.arn: p for finding in self.findings for p in finding.sources}
        columns: dict[str, list[Any]] = {
            "principal": [edge.source for edge in self.edges],
            "name": [people[edge.source].name for edge in self.edges],
            "account": [people[edge.source].account for edge in self.edges],
            **{
                name: [getattr(edge, name) for edge in self.edges]
                for name in ("method", "title", "gains", "target", "capability", "organizations")
            },
            "permissions": [edge.permissions for edge in self.edges],
            "decision": [edge.decision for edge in self.edges],
            "when": ["; ".join(edge.conditions) for edge in self.edges],
        }
        return pd.DataFrame(columns)

    def __repr__(self) -> str:
        methods = len({finding.id for finding in self.findings})
        return f"<Escalations of {len(self._by_source)} principals by {methods} methods>"

    def _edges(
        self, finding: Finding, sources: Iterable[Principal], only: str | None = None
    ) -> Iterator[EscalationEdge]:
        method, resources = finding.method, finding.scope.resources
        organizations: tuple[str, ...] = ()
        if finding.gains == "principal" and only is not None:
            targets = [only]
        else:
            targets = [resources[bit].arn for bit in bits_of(finding.targets)]
        if finding.gains == "administrator":
            targets = [finding.members.principal.account]
        elif finding.gains == "capability" and method.effect is not Effect.WEAKEN:
            organizations = tuple(targets)
            targets = targets[:1]
        permissions = tuple(dict.fromkeys(permission.action for permission, _ in finding.permissions))
        for principal in sources:
            for target in targets:
                if target != principal.arn:
                    yield EscalationEdge(
                        principal.arn,
                        target,
                        finding.id,
                        finding.title,
                        finding.gains,
                        finding.capability,
                        organizations,
                        permissions,
                        decision_of(finding.contexts, finding.within),
                        method.source,
                        self._tellings[id(finding)],
                    )


#: Keys fixed later leave the edges as they are.
_FOUND: WeakKeyDictionary[Whole, Escalations] = WeakKeyDictionary()


def escalations(access: Access) -> Escalations:
    """Return every escalation of an estate: ways to turn permissions into more.

    Parameters
    ----------
    access : Access
        The access; what :meth:`~wmiam.Access.given` fixes does not count.  It is remembered.

    Notes
    -----
    What a policy may allow that cannot be read is an edge of the method ``"unread-policy"``, under the
    condition that it does.  Source: the page that each method names.
    """
    found = _FOUND.get(access.whole)
    if found is None:
        with without_cycles():
            found = _FOUND[access.whole] = Escalations(Assumptions.of(access))
    return found

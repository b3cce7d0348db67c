"""Effective access of every principal, WorkMail action and organization of an estate."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from wmiam.access.core import DECISIONS, AccessCore

if TYPE_CHECKING:
    from datetime import date
    from os import PathLike

    import networkx as nx
    import pandas as pd

    from wmiam.access.effective import EffectivePolicy
    from wmiam.access.explain import Explanation
    from wmiam.access.summary import Summary
    from wmiam.conditions.condition import Condition
    from wmiam.findings import Findings, Suppression
    from wmiam.graph.reached import BlastRadius, Reach
    from wmiam.graph.routes import Paths

__all__ = ["DECISIONS", "Access"]


class Access(AccessCore):
    """Effective access of an estate: what :meth:`wmiam.Estate.access` returns.

    Made from an estate and its evaluation; see :class:`~wmiam.access.core.AccessCore`
    for rows, contexts and words.
    """

    def cells(
        self,
        principal: str | Iterable[str] | None = None,
        action: str | Iterable[str] | None = None,
        org: str | Iterable[str] | None = None,
        *,
        denied: bool = False,
        decision: str | None = None,
    ) -> pd.DataFrame:
        """Return the answers for some principals, actions and organizations.

        Parameters
        ----------
        principal, action, org : str or iterable of str, optional
            ARN, unambiguous short name or glob, or several of them; None for all.
        denied : bool
            Whether denied cells are rows, too.
        decision : str, optional
            Only rows of this decision.

        Returns
        -------
        pandas.DataFrame
            Columns ``principal`` (ARN), ``name``, ``kind``, ``account``, ``action``,
            ``organization`` (ARN; ``"*"`` for actions without resource), ``decision``
            (ordered categorical), ``when``, ``through``, ``statements``.

        Raises
        ------
        NameLookupError
            If a name selects nothing, or is ambiguous.
        """
        from wmiam.access.frames import cells_frame

        return cells_frame(
            self,
            self._principals(principal),
            self._bits(action),
            self._arns(org),
            denied=denied or decision == "denied",
            decision=decision,
        )

    def who_can(
        self, action: str, org: str | None = None, *, decision: str | None = None, denied: bool = False
    ) -> pd.DataFrame:
        """Return who is allowed an action; columns as :meth:`cells`.

        Parameters
        ----------
        action : str
            ``workmail:ResetPassword``, ``ResetPassword`` or a glob.
        org : str, optional
            ARN, id, alias or glob of organizations; None for all.
        decision : str, optional
            Only rows of this decision.
        denied : bool
            Whether denied cells are rows, too.
        """
        return self.cells(None, action, org, decision=decision, denied=denied)

    def what_can(
        self,
        principal: str,
        org: str | None = None,
        *,
        action: str | None = None,
        decision: str | None = None,
        denied: bool = False,
    ) -> pd.DataFrame:
        """Return what a principal is allowed; columns as :meth:`cells`.

        Parameters
        ----------
        principal : str
            ARN, short name or glob.
        org, action : str, optional
            Only these organizations and actions.
        decision : str, optional
            Only rows of this decision.
        denied : bool
            Whether denied cells are rows, too.
        """
        return self.cells(principal, action, org, decision=decision, denied=denied)

    def matrix(self, org: str | None = None) -> pd.DataFrame:
        """Return principals × actions with the decision of each cell.

        Parameters
        ----------
        org : str, optional
            An organization; None for the most that is allowed on any organization of the
            principal's account.

        Returns
        -------
        pandas.DataFrame
            Index ``principal`` (ARN), one ordered categorical column for each action.
        """
        from wmiam.access.frames import matrix_frame

        return matrix_frame(self, org)

    def capabilities(self, org: str | None = None) -> pd.DataFrame:
        """Return how many principals have each capability on each organization.

        Parameters
        ----------
        org : str, optional
            Only these organizations.

        Returns
        -------
        pandas.DataFrame
            Columns ``capability``, ``title``, ``besides`` (tuple of the actions of other services that it
            takes as well and that are not counted here; :meth:`who_reaches` asks for them),
            ``organization`` (ARN; ``""`` for any), ``allowed`` and ``conditional`` (numbers of
            principals), ``principals`` and ``conditional_principals`` (lists of ARNs).
        """
        from wmiam.access.frames import capabilities_frame

        return capabilities_frame(self, org)

    def capability_of(self, principal: str) -> pd.DataFrame:
        """Return the capabilities of a principal: ``capability``, ``organization``, ``decision``, ``when``.

        Parameters
        ----------
        principal : str
            ARN or short name.
        """
        from wmiam.access.frames import capability_of_frame

        return capability_of_frame(self, self.find_principal(principal))

    def explain(
        self,
        principal: str,
        action: str,
        org: str | None = None,
        context: Mapping[str, object] | None = None,
    ) -> Explanation:
        """Explain one cell: which statements decide, when, and what would have to change.

        Parameters
        ----------
        principal, action : str
            One principal and one action.
        org : str, optional
            One organization; may be left out where the principal's account has just one, or
            for actions without resource.
        context : mapping, optional
            Context keys to fix, as for :meth:`given`.

        Raises
        ------
        NameLookupError
            If a name selects nothing, or several.
        """
        from wmiam.access.explain import explain

        return explain(self.given(context) if context else self, principal, action, org)

    def condition(self, principal: str, action: str, org: str | None = None) -> Condition:
        """Return when one cell is allowed: an exact set of request contexts.

        Parameters
        ----------
        principal, action, org : str
            As for :meth:`explain`; fixed context keys count.
        """
        from wmiam.access.condition import cell_condition

        return cell_condition(self, principal, action, org)

    def effective_policy(self, principal: str) -> EffectivePolicy:
        """Return one policy document that allows what all policies of a principal allow it on WorkMail.

        Parameters
        ----------
        principal : str
            ARN or short name; fixed context keys count.

        Raises
        ------
        NameLookupError
            If the name selects no principal, or several.
        NoEffectivePolicy
            If the principal is a root user.
        """
        from wmiam.access.effective import effective_policy

        return effective_policy(self, principal)

    def findings(
        self,
        *,
        rules: Iterable[str] | None = None,
        suppress: str | PathLike[str] | Iterable[Suppression] | None = None,
        today: date | None = None,
        progress: bool | None = None,
    ) -> Findings:
        """Return what is remarkable, the gravest first; see :func:`wmiam.findings.find`.

        Parameters
        ----------
        rules : iterable of str, optional
            Ids of the rules to apply; by default all.
        suppress : path or iterable of Suppression, optional
            Findings that are accepted.
        today : date, optional
            The day that counts for dates in policies and suppressions.
        progress : bool, optional
            Whether to show a progress bar; by default where it takes long and a person watches.
        """
        from wmiam.findings import find

        return find(self, rules=rules, suppress=suppress, today=today, progress=progress)

    # -- chains -------------------------------------------------------------

    def paths(
        self,
        source: str,
        target: str | tuple[str, str | None],
        *,
        cutoff: int | None = None,
        all: bool = False,  # noqa: A002 - the word of the question
    ) -> Paths:
        """Return the chains from somebody to a principal, an organization or a capability.

        Parameters
        ----------
        source : str
            Principal as elsewhere; or the id of an account outside the estate, a service principal, an
            identity provider.
        target : str or tuple of str
            Principal, organization or capability by name, or a pair of capability and organization.
        cutoff : int, optional
            Most steps from principal to principal.
        all : bool
            Whether to return longer chains than the shortest, too.

        Returns
        -------
        Paths
            Shortest first; each with its steps, conditions in words, and requests that show it.
        """
        from wmiam.graph.asked import paths

        return paths(self, source, target, cutoff=cutoff, all=all)

    def reach(self, principal: str) -> Reach:
        """Return everything that somebody reaches, directly and by chains.

        Parameters
        ----------
        principal : str
            As ``source`` of :meth:`paths`.
        """
        from wmiam.graph.reached import reach

        return reach(self, principal)

    def who_reaches(self, capability: str, org: str | None = None) -> pd.DataFrame:
        """Return everybody who has a capability, or comes to it by chains.

        Parameters
        ----------
        capability : str
            E.g. ``"read-mail"``.
        org : str, optional
            Only on these organizations.

        Returns
        -------
        pandas.DataFrame
            Columns ``principal``, ``name``, ``kind``, ``account``, ``way`` (``"direct"``, ``"chain"``,
            ``"escalation"``), ``length``, ``decision``, ``when``, ``steps``, ``organizations``; see
            :func:`wmiam.graph.asked.who_reaches`.
        """
        from wmiam.graph.asked import who_reaches

        return who_reaches(self, capability, org)

    def blast_radius(self, principal: str, *, leaked: bool = False) -> BlastRadius:
        """Return what is at stake when somebody's credentials leak, in numbers.

        Parameters
        ----------
        principal : str
            As ``source`` of :meth:`paths`.
        leaked : bool
            Whether what leaks is a role's session, which carries no MFA.
        """
        from wmiam.graph.reached import blast_radius

        return blast_radius(self, principal, leaked=leaked)

    def choke_points(
        self,
        capability: str,
        org: str | None = None,
        *,
        most: int = 10,
        statements: bool | None = None,
    ) -> pd.DataFrame:
        """Return the steps, roles and statements of which each, taken away, cuts most access.

        Parameters
        ----------
        capability : str
            E.g. ``"read-mail"``.
        org : str, optional
            Only on these organizations.
        most : int
            Most rows of each kind.
        statements : bool, optional
            Whether to look at statements, too, which takes longer; by default for estates of up to
            1,000 principals.

        Returns
        -------
        pandas.DataFrame
            Columns ``kind``, ``name``, ``cuts``, ``left``, ``place``; see
            :func:`wmiam.graph.choke.choke_points`.
        """
        from wmiam.graph.choke import choke_points

        return choke_points(self, capability, org, most=most, statements=statements)

    def redundant(self, principal: str) -> pd.DataFrame:
        """Return what a principal could lose without losing anything that it has otherwise.

        Parameters
        ----------
        principal : str
            ARN or short name.

        Returns
        -------
        pandas.DataFrame
            Columns ``kind``, ``name``, ``through``, ``holders``, ``together``, ``place``; see
            :func:`wmiam.graph.redundant.redundant`.
        """
        from wmiam.graph.redundant import redundant

        return redundant(self, principal)

    def summary(self) -> Summary:
        """Return the numbers of the first screen."""
        from wmiam.access.summary import summarize

        return summarize(self)

    def graph(self, *, escalations: bool = False, **options: Any) -> nx.MultiDiGraph[str]:
        """Return the estate as a graph; see :func:`wmiam.graph.build` for its attributes.

        Parameters
        ----------
        escalations : bool
            Whether to add the ways in which principals turn their permissions into more.
        **options
            What to build: ``principals``, ``organizations``, ``actions``, ``statements``.
        """
        from wmiam import graph

        if escalations:
            options["escalations"] = graph.escalations(self)
        return graph.build(self.estate, access=self, **options)

    def __repr__(self) -> str:
        fixed = f", given {self.context}" if self.context else ""
        return (
            f"<Access of {len(self.principals)} principals, {len(self.organizations)} organizations{fixed}>"
        )

    def _repr_html_(self) -> str:
        from wmiam.views.html import summary_html

        return summary_html(self.summary())

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
            Columns ``capability``, ``title``, ``organization`` (ARN; ``""`` for any), ``allowed``
            and ``conditional`` (numbers of principals), ``principals`` and
            ``conditional_principals`` (lists of ARNs).
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
        """
        from wmiam.findings import find

        return find(self, rules=rules, suppress=suppress, today=today)

    def summary(self) -> Summary:
        """Return the numbers of the first screen."""
        from wmiam.access.summary import summarize

        return summarize(self)

    def graph(self, **options: Any) -> nx.MultiDiGraph[str]:
        """Return the estate as a graph; see :func:`wmiam.graph.build` for its attributes.

        Parameters
        ----------
        **options
            What to build: ``principals``, ``organizations``, ``actions``, ``statements``.
        """
        from wmiam.graph import build

        return build(self.estate, access=self, **options)

    def __repr__(self) -> str:
        fixed = f", given {self.context}" if self.context else ""
        return (
            f"<Access of {len(self.principals)} principals, {len(self.organizations)} organizations{fixed}>"
        )

    def _repr_html_(self) -> str:
        from wmiam.views.html import summary_html

        return summary_html(self.summary())

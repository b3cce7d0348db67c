"""The graph of an estate: what is in it, what holds, limits and allows what, and who can become whom."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any, Protocol

import networkx as nx

from wmiam.catalog import load
from wmiam.estate.estate import Estate
from wmiam.estate.model import Organization, Principal
from wmiam.estate.names import find_actions, find_organizations, find_principals
from wmiam.graph.assume import AssumeEdge, assumption_edges
from wmiam.graph.escalate import Escalations
from wmiam.graph.nodes import Draft
from wmiam.graph.statements import Statements

__all__ = ["build"]

#: One name or several: ARNs, short names, globs.
Names = str | Iterable[str]


class AnswersCells(Protocol):
    """What the graph needs of an :class:`wmiam.access.Access`: its cells."""

    def rows(self, principal: Any = ..., action: Any = ..., org: Any = ...) -> Iterator[Any]:
        """Yield rows with ``principal``, ``action``, ``organization`` and ``decision``."""
        ...


def build(
    estate: Estate,
    *,
    access: AnswersCells | None = None,
    principals: Names | None = None,
    organizations: Names | None = None,
    actions: Names | None = None,
    statements: bool = False,
    becomes: Sequence[AssumeEdge] | None = None,
    escalations: Escalations | None = None,
) -> nx.MultiDiGraph[str]:
    """Return the graph of an estate, or of the part that has to do with some principals.

    Parameters
    ----------
    estate : Estate
        What was read.
    access : Access, optional
        Its answers; with ``actions`` or ``organizations`` they add ``can`` edges.
    principals : str or iterable of str, optional
        ARNs, short names or globs: these, what they hold, and every role that they can
        become, directly or by chains; by default all.
    organizations, actions : str or iterable of str, optional
        Names or globs of the WorkMail organizations and actions to draw edges to; where one
        of the two is given, the other stands for all that the edges are about.  By default
        neither is in the graph.
    statements : bool
        Whether each policy's statements are nodes, with edges to the actions asked for, or
        else to those of the catalog that they name with their service prefix.
    becomes : sequence of AssumeEdge, optional
        The estate's :func:`~wmiam.graph.assume.assumption_edges`, where they are at hand: of a
        large estate they take longer than all else.
    escalations : Escalations, optional
        The estate's :func:`~wmiam.graph.escalate.escalations`: of the principals asked for they
        are ``escalates`` edges, to principals, to accounts, and to organizations in the graph.

    Returns
    -------
    networkx.MultiDiGraph
        Node and edge attributes as the docstring of :mod:`wmiam.graph` lists them.

    Raises
    ------
    NameLookupError
        If a name selects nothing, or is ambiguous.
    """
    draft = Draft(estate)
    becomes = assumption_edges(estate) if becomes is None else becomes
    members = list(estate.principals)
    if principals is not None:
        asked = [p for name in _each(principals) for p in find_principals(name, estate.principals)]
        chosen = _with_roles({p.arn for p in asked}, becomes)
        members = [p for p in members if p.arn in chosen]
        becomes = [edge for edge in becomes if _between(edge, chosen, draft)]
    for principal in members:
        draft.principal(principal)
    for edge in becomes:
        draft.assumption(edge)
    draft.places({principal.account for principal in members})

    named = None
    if actions is not None:
        named = list(dict.fromkeys(a for name in _each(actions) for a in find_actions(name, load())))
    where = _organizations(estate, members, organizations, drawn=named is not None)
    if statements:
        Statements(draft, where).add(draft.policies, named)
    if named is not None or organizations is not None:
        if access is not None:
            for principal in members:
                _effective(draft, access, principal, named or [None], where)
        draft.organizations(where, acted_on=organizations is None)
    if escalations is not None:
        for principal in members:
            draft.escalations(escalations.of(principal.arn))
    return draft.graph


def _each(names: Names) -> Iterable[str]:
    return [names] if isinstance(names, str) else names


def _organizations(
    estate: Estate, members: Collection[Principal], names: Names | None, *, drawn: bool
) -> list[Organization]:
    """Return the organizations that are asked for; else those of the members' accounts (D10)."""
    if names is not None:
        found = (o for name in _each(names) for o in find_organizations(name, estate.organizations))
        return list({organization.arn: organization for organization in found}.values())
    accounts = {principal.account for principal in members}
    return [o for o in estate.organizations if drawn and o.account in accounts]


def _with_roles(chosen: set[str], becomes: Iterable[AssumeEdge]) -> set[str]:
    """Return principals with every role that they can become, directly or by chains (S1)."""
    onwards: dict[str, list[str]] = {}
    for edge in becomes:
        onwards.setdefault(edge.source, []).append(edge.target)
    found, todo = set(chosen), list(chosen)
    while todo:
        for role in onwards.get(todo.pop(), ()):
            if role not in found:
                found.add(role)
                todo.append(role)
    return found


def _between(edge: AssumeEdge, chosen: set[str], draft: Draft) -> bool:
    """Whether an edge leads to a chosen role, from a chosen principal or from outside the estate."""
    return edge.target in chosen and (edge.source in chosen or edge.source not in draft.principals)


def _effective(
    draft: Draft,
    access: AnswersCells,
    principal: Principal,
    actions: Iterable[str | None],
    where: list[Organization],
) -> None:
    """Add the actions that a principal may perform, as :class:`Access` answers."""
    wanted = {organization.arn for organization in where} | {"*"}
    found: dict[str, dict[str, str]] = {}
    for name in actions:
        for row in access.rows(principal, name):
            if row.organization in wanted:
                found.setdefault(row.action, {})[row.organization] = row.decision
    for action, decisions in found.items():
        draft.can(principal, action, decisions)

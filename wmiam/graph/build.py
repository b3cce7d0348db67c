"""The graph of an estate: what is in it, what holds, limits and allows what, and who can become whom."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any, Protocol

import networkx as nx

from wmiam.catalog import load
from wmiam.estate.estate import Estate
from wmiam.estate.model import Group, Policy, Principal
from wmiam.graph.assume import assumption_edges
from wmiam.graph.query import nodes_of, reach

__all__ = ["LAYERS", "build"]

#: Column of each kind of node in drawings, from left to right.
LAYERS = {
    "external": 0,
    "user": 1,
    "root": 1,
    "group": 2,
    "role": 3,
    "service-linked role": 3,
    "policy": 4,
    "statement": 5,
    "action": 6,
    "organization": 7,
    "account": 8,
    "target": 9,
}


class AnswersCells(Protocol):
    """What the graph needs of an :class:`wmiam.access.Access`: its cells."""

    def rows(self, principal: Any = ..., action: Any = ..., org: Any = ...) -> Iterator[Any]:
        """Yield rows with ``principal``, ``action``, ``organization`` and ``decision``."""
        ...


def build(
    estate: Estate,
    *,
    access: AnswersCells | None = None,
    principals: str | None = None,
    actions: str | None = None,
    organizations: str | None = None,
    statements: bool = False,
) -> nx.MultiDiGraph[str]:
    """Return the graph of an estate, or of the part that has to do with some principals.

    Parameters
    ----------
    estate : Estate
        What was read.
    access : Access, optional
        Its answers; with ``actions`` or ``organizations`` they add ``can`` and ``on`` edges.
    principals : str, optional
        ARN, short name or glob (needs ``access``): these, what they hold, and the roles they
        reach by assumption; None for all.
    actions, organizations : str, optional
        Names or globs of the actions and organizations to draw edges to.
    statements : bool
        Whether each policy's statements are nodes, with the actions that they name in the
        catalog.

    Returns
    -------
    networkx.MultiDiGraph
        Node and edge attributes as the docstring of :mod:`wmiam.graph` lists them.

    Raises
    ------
    NameLookupError
        If a name selects nothing, or is ambiguous.
    """
    graph: nx.MultiDiGraph[str] = nx.MultiDiGraph(name=estate.name)
    chosen = None
    if principals is not None and access is not None:
        found = access.find_principals(principals)  # type: ignore[attr-defined]
        roles: nx.MultiDiGraph[str] = nx.MultiDiGraph()
        _assumptions(roles, estate, None)
        chosen = {p.arn for p in found}.union(*(reach(roles, p.arn) for p in found if p.arn in roles))
    members = [p for p in estate.principals if chosen is None or p.arn in chosen]
    for principal in members:
        _principal(graph, principal, statements)
    _assumptions(graph, estate, chosen)
    _places(graph, estate, {p.account for p in members})
    if access is not None and (actions is not None or organizations is not None):
        labels = {organization.arn: organization.label for organization in estate.organizations}
        for principal in members:
            _cells(graph, access, principal, actions, organizations, labels)
    return graph


def _node(graph: nx.MultiDiGraph[str], identity: str, kind: str, label: str, **attributes: object) -> None:
    if identity not in graph:
        graph.add_node(identity, kind=kind, label=label, layer=LAYERS[kind], **attributes)


def _edge(
    graph: nx.MultiDiGraph[str], source: str, target: str, kind: str, reason: str, **attributes: object
) -> None:
    if not graph.has_edge(source, target, kind):
        graph.add_edge(source, target, key=kind, kind=kind, reason=reason, **attributes)


def _principal(graph: nx.MultiDiGraph[str], principal: Principal, statements: bool) -> None:
    kind = str(principal.kind)
    _node(graph, principal.arn, kind, principal.name, account=principal.account, path=principal.path)
    for policy in (*principal.inline, *principal.attached):
        _holds(graph, principal.arn, principal.name, policy, statements)
    for group in principal.groups:
        _group(graph, group, statements)
        _edge(graph, principal.arn, group.arn, "member-of", f"{principal.name} is a member of {group.name}.")
    if principal.boundary is not None:
        _policy(graph, principal.boundary, statements)
        reason = f"{principal.boundary.name} is the permissions boundary of {principal.name}."
        _edge(graph, principal.arn, principal.boundary.key, "bounded-by", reason)


def _group(graph: nx.MultiDiGraph[str], group: Group, statements: bool) -> None:
    if group.arn not in graph:
        _node(graph, group.arn, "group", group.name, account=group.account)
        for policy in (*group.inline, *group.attached):
            _holds(graph, group.arn, group.name, policy, statements)


def _holds(graph: nx.MultiDiGraph[str], holder: str, name: str, policy: Policy, statements: bool) -> None:
    _policy(graph, policy, statements)
    _edge(graph, holder, policy.key, "holds", f"{name} has the {policy.kind} policy {policy.name}.")


def _policy(graph: nx.MultiDiGraph[str], policy: Policy, statements: bool) -> None:
    if policy.key in graph:
        return
    _node(graph, policy.key, "policy", policy.name, policy_kind=str(policy.kind))
    if not statements or policy.document is None:
        return
    catalog = load()
    for statement in policy.document.statements:
        identity = f"{policy.key}#{statement.index}"
        origin = policy.origin.below(statement.pointer) if policy.origin is not None else None
        place = "" if origin is None else f"{origin.source.name}:{origin.line}"
        _node(
            graph,
            identity,
            "statement",
            statement.label,
            effect=str(statement.effect),
            sid=statement.sid or "",
            place=place,
        )
        _edge(graph, policy.key, identity, "has", f"Statement {statement.label} of {policy.name}.")
        verb = "allows" if statement.effect == "Allow" else "denies"
        for pattern in statement.actions or ():
            if pattern == "*":
                continue
            for action in catalog.expand(pattern):
                _action(graph, action.full_name)
                _edge(graph, identity, action.full_name, verb, f"It {verb} {action.full_name} by {pattern}.")


def _action(graph: nx.MultiDiGraph[str], name: str) -> None:
    action = load().get(name)
    if action is not None:
        _node(
            graph,
            name,
            "action",
            action.name,
            access_level=action.access_level,
            capabilities=action.capabilities,
        )


def _assumptions(graph: nx.MultiDiGraph[str], estate: Estate, chosen: set[str] | None) -> None:
    known = {p.arn: p for p in estate.principals}
    for edge in assumption_edges(estate):
        if chosen is not None and edge.target not in chosen:
            continue
        if chosen is not None and edge.source in known and edge.source not in chosen:
            continue
        for arn in (edge.source, edge.target):
            principal = known.get(arn)
            if principal is not None:
                _node(
                    graph,
                    arn,
                    str(principal.kind),
                    principal.name,
                    account=principal.account,
                    path=principal.path,
                )
            else:
                _node(graph, arn, "external", _outsider(arn), what=_what(arn))
        _edge(
            graph,
            edge.source,
            edge.target,
            "can-assume",
            edge.reason,
            decision=edge.decision,
            conditions=edge.conditions,
            same_account=edge.same_account,
            guide=edge.guide,
        )


def _what(identity: str) -> str:
    if identity == "*":
        return "everyone"
    if identity.isdigit():
        return "account"
    return (
        "service"
        if identity.endswith(".amazonaws.com")
        else "identity provider"
        if "provider" in identity
        else "principal"
    )


def _outsider(identity: str) -> str:
    if identity == "*":
        return "anybody"
    return f"account {identity}" if identity.isdigit() else identity.rpartition("/")[2]


def _places(graph: nx.MultiDiGraph[str], estate: Estate, accounts: set[str]) -> None:
    for node, data in nodes_of(graph):
        account = data.get("account")
        if account in accounts and data["kind"] in ("user", "role", "root", "service-linked role"):
            known = estate.accounts.get(account)
            _node(graph, account, "account", (known.name if known else "") or account)
            _edge(graph, node, account, "in", f"{data['label']} is a principal of account {account}.")
    tree = estate.aws_organization
    for account in sorted(accounts) if tree is not None else ():
        path = tree.path(account) if tree is not None else ()
        for upper, lower in pairwise(path):
            _node(graph, upper.id, "target", upper.name or upper.id, target_kind=str(upper.kind))
            if lower.id != account:
                _node(graph, lower.id, "target", lower.name or lower.id, target_kind=str(lower.kind))
            _edge(
                graph, lower.id, upper.id, "in", f"{lower.name or lower.id} is in {upper.name or upper.id}."
            )
        for target in path:
            for policy in target.scps:
                _policy(graph, policy, statements=False)
                reason = (
                    f"The service control policy {policy.name} is attached to {target.name or target.id}."
                )
                _edge(graph, target.id, policy.key, "limited-by", reason)


def _cells(
    graph: nx.MultiDiGraph[str],
    access: AnswersCells,
    principal: Principal,
    actions: str | None,
    organizations: str | None,
    labels: dict[str, str],
) -> None:
    found: dict[str, dict[str, str]] = {}
    for row in access.rows(principal, actions, organizations):
        found.setdefault(row.action, {})[row.organization] = row.decision
    for action, where in found.items():
        _action(graph, action)
        decision = "allowed" if "allowed" in where.values() else "conditional"
        _edge(
            graph,
            principal.arn,
            action,
            "can",
            f"{principal.name} may perform {action}.",
            decision=decision,
            organizations=tuple(sorted(where)),
        )
        for arn in where:
            if arn != "*":
                _, _, _, region, account, _ = arn.split(":", 5)
                _node(graph, arn, "organization", labels.get(arn, arn), account=account, region=region)
                _edge(graph, action, arn, "on", f"{action} acts on this organization.")

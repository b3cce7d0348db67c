"""The graph while it is made: one method for each kind of thing, ids and attributes in one place."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from itertools import pairwise
from typing import Final

import networkx as nx

from wmiam.catalog import load
from wmiam.estate.estate import Estate
from wmiam.estate.model import Group, Organization, OrganizationsTarget, Policy, Principal
from wmiam.graph.assume import AssumeEdge
from wmiam.graph.callers import ANY_ACCOUNT
from wmiam.graph.escalate import EscalationEdge
from wmiam.policy.values import parse_arn

__all__ = ["LAYERS", "Draft"]

#: Column of each kind of node in drawings, from left to right.
LAYERS: Final = {
    "external account": 0,
    "service principal": 0,
    "identity provider": 0,
    "user": 1,
    "root": 1,
    "permission set": 1,
    "group": 2,
    "role": 3,
    "service-linked role": 3,
    "policy": 4,
    "statement": 5,
    "action": 6,
    "organization": 7,
    "impersonation role": 8,
    "account": 9,
    "target": 10,
    "control policy": 11,
}
#: Roles that IAM Identity Center makes for a permission set: its name, and a suffix.
_PERMISSION_SET: Final = re.compile(r"AWSReservedSSO_(.+)_[0-9a-f]{16}")
_RESERVED_PATH: Final = "/aws-reserved/sso.amazonaws.com/"


class Draft:
    """A graph under construction.

    Parameters
    ----------
    estate : Estate
        What was read.
    """

    def __init__(self, estate: Estate) -> None:
        self.estate = estate
        self.graph: nx.MultiDiGraph[str] = nx.MultiDiGraph(name=estate.name)
        self.principals = {principal.arn: principal for principal in estate.principals}
        #: Identity-based policies and boundaries that are in the graph, by node id.
        self.policies: dict[str, Policy] = {}
        #: Which action acts on which organization, by some ``allows``, ``denies`` or ``can`` edge.
        self._acts: dict[tuple[str, str], None] = {}

    def node(self, identity: str, kind: str, label: str, **attributes: object) -> None:
        """Add a node, unless it is there."""
        if identity not in self.graph:
            self.graph.add_node(identity, kind=kind, label=label, layer=LAYERS[kind], **attributes)

    def edge(self, source: str, target: str, kind: str, reason: str, **attributes: object) -> None:
        """Add an edge of a kind, unless it is there."""
        if not self.graph.has_edge(source, target, kind):
            self.graph.add_edge(source, target, key=kind, kind=kind, reason=reason, **attributes)

    # -- principals and policies --------------------------------------------

    def principal(self, principal: Principal) -> None:
        """Add a principal with its groups, policies, boundary and permission set."""
        self._principal_node(principal)
        for policy in (*principal.inline, *principal.attached):
            self._holds(principal.arn, principal.name, policy)
        for group in principal.groups:
            self._group(group)
            reason = f"{principal.name} is a member of {group.name}."
            self.edge(principal.arn, group.arn, "member-of", reason)
        if principal.boundary is not None:
            reason = f"{principal.boundary.name} is the permissions boundary of {principal.name}."
            self.edge(principal.arn, self.policy(principal.boundary), "bounded-by", reason)
        permission_set = _PERMISSION_SET.fullmatch(principal.name)
        if permission_set is not None and principal.path.startswith(_RESERVED_PATH):
            name = permission_set[1]
            identity = f"permission-set/{name}"
            self.node(identity, "permission set", name)
            reason = f"IAM Identity Center made {principal.name} for the permission set {name}."
            self.edge(identity, principal.arn, "provisions", reason)

    def _principal_node(self, principal: Principal) -> None:
        unread = principal.is_role and (principal.trust is None or principal.trust.document is None)
        self.node(
            principal.arn,
            str(principal.kind),
            principal.name,
            account=principal.account,
            path=principal.path,
            **({"trust_unread": True} if unread else {}),
        )

    def _group(self, group: Group) -> None:
        if group.arn not in self.graph:
            self.node(group.arn, "group", group.name, account=group.account)
            for policy in (*group.inline, *group.attached):
                self._holds(group.arn, group.name, policy)

    def _holds(self, holder: str, name: str, policy: Policy) -> None:
        reason = f"{name} has the {policy.kind} policy {policy.name}."
        self.edge(holder, self.policy(policy), "holds", reason)

    def policy(self, policy: Policy) -> str:
        """Add an identity-based policy or boundary and return its node id."""
        if policy.key not in self.policies:
            self.policies[policy.key] = policy
            unread = {} if policy.document is not None else {"unread": policy.problem or "no document"}
            self.node(policy.key, "policy", policy.name, policy_kind=str(policy.kind), **unread)
        return policy.key

    # -- role assumption ----------------------------------------------------

    def assumption(self, edge: AssumeEdge) -> None:
        """Add a way to assume a role."""
        for arn in (edge.source, edge.target):
            principal = self.principals.get(arn)
            if principal is not None:
                self._principal_node(principal)
            else:
                self._outsider(arn)
        self.edge(
            edge.source,
            edge.target,
            "can-assume",
            edge.reason,
            decision=edge.decision,
            conditions=edge.conditions,
            chained=edge.chained,
            same_account=edge.same_account,
            action=edge.action,
            statement=f"{edge.target}/trust#{edge.statement}",
            guide=edge.guide,
        )

    # -- escalations --------------------------------------------------------

    def escalations(self, edges: Iterable[EscalationEdge]) -> None:
        """Add the ways in which one principal turns its permissions into more, one edge for each target.

        Parameters
        ----------
        edges : iterable of EscalationEdge
            Those to organizations that are not in the graph are left out.
        """
        ways: dict[tuple[str, str], list[EscalationEdge]] = {}
        for edge in edges:
            for target in edge.organizations or (edge.target,):
                if target in self.principals:
                    self._principal_node(self.principals[target])
                if target in self.graph:
                    ways.setdefault((edge.source, target), []).append(edge)
        for (source, target), found in ways.items():
            best = min(found, key=lambda edge: edge.decision != "allowed")
            self.edge(
                source,
                target,
                "escalates",
                best.reason,
                gains=tuple(dict.fromkeys(edge.gains for edge in found)),
                methods=tuple(dict.fromkeys(edge.method for edge in found)),
                capabilities=tuple(dict.fromkeys(edge.capability for edge in found if edge.capability)),
                decision=best.decision,
                conditions=best.conditions,
                permissions=best.permissions,
                guide=best.guide,
            )

    def _outsider(self, name: str) -> None:
        """Add somebody who is no principal of the estate: an account, a service, a provider."""
        if name == ANY_ACCOUNT:
            self.node(name, "external account", "any other AWS account")
        elif name.isdigit():
            account = self.estate.accounts.get(name)
            known = account.name if account is not None and account.name != name else ""
            self.node(name, "external account", f"{known} ({name})" if known else f"account {name}")
        elif parse_arn(name) is None and name.endswith(
            (".amazonaws.com", ".amazonaws.com.cn", ".amazon.com")
        ):
            kind = "identity provider" if name == "cognito-identity.amazonaws.com" else "service principal"
            self.node(name, kind, name)
        else:
            self.node(name, "identity provider", name.rpartition("-provider/")[2])

    # -- accounts and AWS Organizations -------------------------------------

    def places(self, accounts: Iterable[str]) -> None:
        """Add accounts with their principals' place in them, and the tree above with its policies."""
        wanted = sorted(accounts)
        for account in wanted:
            known = self.estate.accounts.get(account)
            self.node(account, "account", (known.name if known else "") or account)
        for identity in [n for n in self.graph if n in self.principals]:
            principal = self.principals[identity]
            if principal.account in self.graph:
                reason = f"{principal.name} is a principal of account {principal.account}."
                self.edge(identity, principal.account, "in", reason)
        tree = self.estate.aws_organization
        for account in wanted if tree is not None else ():
            path = tree.path(account) if tree is not None else ()
            for target in path:
                self._target(target, account)
            for upper, lower in pairwise(path):
                reason = f"{lower.name or lower.id} is in {upper.name or upper.id}."
                self.edge(lower.id, upper.id, "in", reason)

    def _target(self, target: OrganizationsTarget, account: str) -> None:
        if target.id != account:
            self.node(target.id, "target", target.name or target.id, target_kind=str(target.kind))
        for kind, attached in (("service", target.scps), ("resource", target.rcps)):
            for policy in attached:
                self.node(policy.key, "control policy", policy.name, policy_kind=str(policy.kind))
                reason = f"The {kind} control policy {policy.name} is attached to {target.name or target.id}."
                self.edge(target.id, policy.key, "limited-by", reason)

    # -- actions and organizations ------------------------------------------

    def action(self, name: str) -> None:
        """Add an action of the catalog."""
        action = load().get(name)
        if action is not None:
            level, worth = action.access_level, action.capabilities
            self.node(name, "action", action.name, access_level=level, capabilities=worth)

    def acts(self, action: str, organizations: Iterable[str]) -> None:
        """Note that an action acts on organizations, for :meth:`organizations`."""
        self._acts.update(dict.fromkeys((action, arn) for arn in organizations))

    def can(self, principal: Principal, action: str, decisions: Mapping[str, str]) -> None:
        """Add that a principal may perform an action.

        Parameters
        ----------
        principal : Principal
            Who.
        action : str
            Full action name.
        decisions : mapping of str to str
            ``"allowed"`` or ``"conditional"`` by organization; ``"*"`` for actions without resource.
        """
        self.action(action)
        decision = "allowed" if "allowed" in decisions.values() else "conditional"
        where = tuple(sorted(decisions))
        reason = f"{principal.name} may perform {action}{'' if decision == 'allowed' else ' in some cases'}."
        self.edge(principal.arn, action, "can", reason, decision=decision, organizations=where)
        self.acts(action, where)

    def organizations(self, chosen: Iterable[Organization], *, acted_on: bool) -> None:
        """Add WorkMail organizations, the actions that act on them, and their impersonation roles.

        Parameters
        ----------
        chosen : iterable of Organization
            Which.
        acted_on : bool
            Whether to leave out those that no action of the graph acts on.
        """
        for organization in chosen:
            arn = organization.arn
            acting = [action for action, where in self._acts if where == arn]
            if acted_on and not acting:
                continue
            attributes = {"account": organization.account, "region": organization.region}
            self.node(arn, "organization", organization.label, **attributes, stand_in=organization.stand_in)
            for action in acting:
                self.edge(action, arn, "on", f"{action} acts on {organization.label}.")
            if organization.account in self.graph:
                reason = f"{organization.label} belongs to account {organization.account}."
                self.edge(arn, organization.account, "in", reason)
            for role in organization.impersonation_roles or ():
                identity = f"{arn}/impersonation-role/{role.id}"
                self.node(identity, "impersonation role", role.name, type=role.type)
                reason = f"{organization.label} has the {role.type} impersonation role {role.name}."
                self.edge(arn, identity, "has", reason)

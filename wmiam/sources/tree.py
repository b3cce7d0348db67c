"""The AWS Organizations tree as it was read: its nodes, policies, and what is attached where.

Source: AWS Organizations User Guide, "Service control policies" and "Resource
control policies"; AWS Organizations API Reference for the forms of the ids.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from wmiam.estate.model import AwsOrganization, OrganizationsTarget, Policy, PolicyKind, TargetKind
from wmiam.origin import Origin
from wmiam.policy.model import PolicyType
from wmiam.policy.parse import parse_document

if TYPE_CHECKING:
    from wmiam.sources.draft import Draft

__all__ = ["POLICY_KINDS", "Node", "Tree", "assemble", "target_kind"]

#: The policy types of AWS Organizations that decide on requests.
POLICY_KINDS: Final = {
    "SERVICE_CONTROL_POLICY": PolicyKind.SCP,
    "RESOURCE_CONTROL_POLICY": PolicyKind.RCP,
}
_TARGET_IDS: Final = (
    (re.compile(r"r-[0-9a-z]{4,32}"), TargetKind.ROOT),
    (re.compile(r"ou-[0-9a-z]{4,32}-[0-9a-z]{8,32}"), TargetKind.OU),
    (re.compile(r"\d{12}"), TargetKind.ACCOUNT),
)
_FULL_ACCESS_STATEMENT: Final = {"Effect": "Allow", "Action": "*", "Resource": "*"}


def target_kind(target: str) -> TargetKind | None:
    """Return what an id of AWS Organizations names: a root, an organizational unit or an account; or None."""
    return next((kind for pattern, kind in _TARGET_IDS if pattern.fullmatch(target)), None)


def _full_access() -> dict[str, Policy]:
    """Return the two AWS managed policies that AWS attaches by itself.

    Notes
    -----
    Source: AWS Organizations User Guide, "SCP evaluation" and "RCP evaluation": the
    documents of ``FullAWSAccess`` and ``RCPFullAWSAccess``.
    """
    scp = {"Version": "2012-10-17", "Statement": [_FULL_ACCESS_STATEMENT]}
    rcp = {"Version": "2012-10-17", "Statement": [{**_FULL_ACCESS_STATEMENT, "Principal": "*"}]}
    return {
        "p-FullAWSAccess": Policy(
            "FullAWSAccess", PolicyKind.SCP, parse_document(scp, PolicyType.SCP), "p-FullAWSAccess"
        ),
        "p-RCPFullAWSAccess": Policy(
            "RCPFullAWSAccess", PolicyKind.RCP, parse_document(rcp, PolicyType.RCP), "p-RCPFullAWSAccess"
        ),
    }


@dataclass(slots=True, eq=False)
class Node:
    """A root, organizational unit or account of the tree.

    Parameters
    ----------
    kind : TargetKind
        Which of them.
    name : str
        Its name; ``""`` where no file says it.
    parent : str
        Id of its parent; ``""`` where no file says it, and for the root.
    origin : Origin or None
        Where it was read.
    """

    kind: TargetKind
    name: str = ""
    parent: str = ""
    origin: Origin | None = None


@dataclass(slots=True, eq=False)
class Tree:
    """What the ``aws organizations`` calls said.

    Parameters
    ----------
    id, management_account : str
        Of the AWS organization; ``""`` where unknown.
    origin : Origin or None
        Where they were read.
    in_use : dict of PolicyKind to bool
        Whether a policy type is enabled, where a file says so.
    nodes : dict of str to Node
        By id.
    names : dict of str to str
        Names of SCPs and RCPs by id, of those listed without their documents too.
    kinds : dict of str to PolicyKind
        SCP or RCP, by policy id.
    others : set of str
        Ids of policies of other types, which decide on no request.
    policies : dict of str to Policy
        Those whose documents were read, by id.
    attached : dict of str to dict of str to Origin
        Policy ids by target id, each with the place that says so.
    known_targets : set of (PolicyKind, str)
        Targets of which all attached policies of that kind were listed.
    known_policies : set of str
        Policies of which all targets were listed.
    """

    id: str = ""
    management_account: str = ""
    origin: Origin | None = None
    in_use: dict[PolicyKind, bool] = field(default_factory=dict)
    nodes: dict[str, Node] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    kinds: dict[str, PolicyKind] = field(default_factory=dict)
    others: set[str] = field(default_factory=set)
    policies: dict[str, Policy] = field(default_factory=_full_access)
    attached: dict[str, dict[str, Origin]] = field(default_factory=dict)
    known_targets: set[tuple[PolicyKind, str]] = field(default_factory=set)
    known_policies: set[str] = field(default_factory=set)

    def node(self, target: str, origin: Origin, *, name: str = "", parent: str = "") -> Node | None:
        """Note a node; return it, or None where the id is not one of AWS Organizations.

        Parameters
        ----------
        target : str
            Its id.
        origin : Origin
            Where it is met.
        name, parent : str
            Where they are known.
        """
        node = self.nodes.get(target)
        if node is None:
            kind = target_kind(target)
            if kind is None:
                return None
            node = self.nodes[target] = Node(kind, origin=origin)
        if name:
            node.name, node.origin = name, origin
        node.parent = parent or node.parent
        return node

    def attach(self, policy: str, target: str, origin: Origin) -> None:
        """Note that a policy is attached to a target."""
        self.attached.setdefault(target, {}).setdefault(policy, origin)

    @property
    def is_described(self) -> bool:
        """Whether more is known of the tree than the names of accounts."""
        return any(node.kind is not TargetKind.ACCOUNT or node.parent for node in self.nodes.values())


def assemble(draft: Draft) -> AwsOrganization | None:
    """Return the AWS organization of a draft, None where no file describes one, and report what is missing.

    A part of the tree that no file tells is kept as a policy without a document, so
    that answers that depend on it say that they are not known.

    Parameters
    ----------
    draft : Draft
        What was read.
    """
    tree = draft.tree
    if not tree.is_described:
        if not tree.id:
            return None
        if tree.in_use.get(PolicyKind.SCP) is not False:
            draft.warning(
                "organizations-tree-missing",
                f"the AWS organization {tree.id} is described, and its tree is not: its SCPs are not known",
                tree.origin,
                "add the output of list-roots, list-organizational-units-for-parent, "
                "list-accounts-for-parent, describe-policy and list-targets-for-policy",
            )
        return AwsOrganization(tree.id, tree.management_account, {}, *_in_use(tree))
    return _Assembly(draft).organization()


def _in_use(tree: Tree) -> tuple[bool | None, bool | None]:
    return tree.in_use.get(PolicyKind.SCP), tree.in_use.get(PolicyKind.RCP)


class _Assembly:
    """Makes the tree of one draft."""

    def __init__(self, draft: Draft) -> None:
        self.draft = draft
        self.tree = draft.tree
        self.unread: dict[tuple[str, PolicyKind], Policy] = {}

    def organization(self) -> AwsOrganization:
        tree = self.tree
        self._find_parents()
        targets: dict[str, OrganizationsTarget] = {}
        for target, node in sorted(tree.nodes.items()):
            scps, rcps = (self._policies(target, node, kind) for kind in (PolicyKind.SCP, PolicyKind.RCP))
            parent = node.parent or None
            name = node.name or target
            targets[target] = OrganizationsTarget(target, name, node.kind, parent, scps, rcps, node.origin)
        self._report_unknown_attachments()
        self._report_outsiders(targets)
        if PolicyKind.SCP not in tree.in_use:
            self.draft.warning(
                "scps-in-use-unknown",
                "no file says whether SCPs are in use in the AWS organization",
                tree.origin,
                "add the output of list-roots",
            )
        return AwsOrganization(tree.id, tree.management_account, targets, *_in_use(tree))

    def _find_parents(self) -> None:
        """Put each node under its parent, as far as the input tells; a unit's id names its root."""
        tree = self.tree
        for node in list(tree.nodes.values()):
            if node.parent and node.parent not in tree.nodes and node.origin is not None:
                tree.node(node.parent, node.origin)
        if not any(node.kind is TargetKind.ROOT for node in tree.nodes.values()):
            for target, node in sorted(tree.nodes.items()):
                if node.kind is TargetKind.OU and node.origin is not None:
                    tree.node(f"r-{target.split('-')[1]}", node.origin)
        for target, node in sorted(tree.nodes.items()):
            if node.kind is not TargetKind.ROOT and not node.parent:
                self.draft.error(
                    "organizations-parent-unknown",
                    f"the input does not say where in the AWS Organizations tree {node.kind} "
                    f"{node.name or target} is: the SCPs above it are not known",
                    node.origin,
                    "add list-accounts-for-parent and list-organizational-units-for-parent of each parent "
                    "with the call around the output, or list-parents",
                )

    def _policies(self, target: str, node: Node, kind: PolicyKind) -> tuple[Policy, ...]:
        tree = self.tree
        policies = [
            self._policy(policy, kind, origin)
            for policy, origin in sorted(tree.attached.get(target, {}).items())
            # Of which kind an attached policy is that no file describes, nobody knows: it may be either.
            if policy not in tree.others and (self._kind(policy) or kind) is kind
        ]
        if tree.in_use.get(kind) is False:
            return tuple(policies)
        if node.kind is not TargetKind.ROOT and not node.parent:
            reason = f"the place of {target} in the AWS Organizations tree is not known"
            policies.append(
                Policy(f"{kind} policies above {target}", kind, None, problem=reason, owner=target)
            )
        if self._may_have_more(target, kind):
            reason = f"which {kind} policies are attached to {target} is not known"
            policies.append(Policy(f"{kind} policies of {target}", kind, None, problem=reason, owner=target))
        elif not policies and tree.in_use.get(kind):
            self.draft.warning(
                "target-without-policy",
                f"no {kind} policy is attached to {node.kind} {node.name or target}, "
                "so nothing is allowed there",
                node.origin,
                "AWS keeps at least one attached: check that the policies of all targets were fetched",
            )
        return tuple(policies)

    def _kind(self, policy: str) -> PolicyKind | None:
        known = self.tree.policies.get(policy)
        return known.kind if known is not None else self.tree.kinds.get(policy)

    def _may_have_more(self, target: str, kind: PolicyKind) -> bool:
        """Return whether a policy that no file names may be attached to a target."""
        tree = self.tree
        if (kind, target) in tree.known_targets:
            return False
        of_kind = {policy for policy in (*tree.policies, *tree.kinds) if self._kind(policy) is kind}
        # What AWS attaches by itself is known without a file, and need not be attached anywhere.
        read = {policy for policy in of_kind if policy in tree.names or policy in tree.known_policies}
        return not read or not read <= tree.known_policies

    def _report_unknown_attachments(self) -> None:
        tree = self.tree
        for kind in (PolicyKind.SCP, PolicyKind.RCP):
            if tree.in_use.get(kind) is False:
                continue
            unknown = [target for target in sorted(tree.nodes) if self._may_have_more(target, kind)]
            if unknown:
                shown = ", ".join(unknown[:3]) + (f" and {len(unknown) - 3} more" if len(unknown) > 3 else "")
                self.draft.error(
                    "attachments-unknown",
                    f"the input does not say which {kind} policies are attached to {shown}",
                    tree.nodes[unknown[0]].origin,
                    "add list-targets-for-policy of each policy, or list-policies-for-target of each target, "
                    "with the call around the output",
                )

    def _policy(self, policy: str, kind: PolicyKind, origin: Origin) -> Policy:
        known = self.tree.policies.get(policy) or self.unread.get((policy, kind))
        if known is not None:
            return known
        name = self.tree.names.get(policy) or policy
        reason = f"the document of the {kind} policy {name} ({policy}) is not in the input"
        self.draft.error(
            "policy-not-in-input",
            reason,
            origin,
            f"add the output of `aws organizations describe-policy --policy-id {policy}`",
        )
        self.unread[policy, kind] = Policy(name, kind, None, policy, origin, problem=reason)
        return self.unread[policy, kind]

    def _report_outsiders(self, targets: dict[str, OrganizationsTarget]) -> None:
        listed = self.draft.is_finished(("organizations list-accounts", "", "", ""))
        for account, notes in sorted(self.draft.accounts.items()):
            if not notes.has_iam or account in targets:
                continue
            report = self.draft.warning if listed else self.draft.error
            report(
                "account-not-in-tree",
                f"account {account} is not in the AWS Organizations tree that was read: "
                "no SCP is taken to limit it",
                notes.origin,
                "if it is a member, add list-accounts-for-parent of its parent",
            )

"""What a customer has: accounts, principals, policies, the AWS Organizations tree, WorkMail organizations.

Plain immutable types.  An ``Organization`` here is always a *WorkMail*
organization; the AWS Organizations tree is :class:`AwsOrganization`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from wmiam.origin import Origin
from wmiam.policy.model import PolicyDocument, PolicyType

__all__ = [
    "Account",
    "AwsOrganization",
    "Group",
    "ImpersonationRole",
    "ImpersonationRule",
    "Organization",
    "OrganizationsTarget",
    "Policy",
    "PolicyKind",
    "Principal",
    "PrincipalKind",
    "Tags",
    "TargetKind",
]

#: Tags in order: pairs of key and value.  Keys are compared without case in conditions.
Tags = tuple[tuple[str, str], ...]


class PolicyKind(StrEnum):
    """Where a policy document lives."""

    AWS_MANAGED = "AWS managed"
    MANAGED = "customer managed"
    INLINE = "inline"
    TRUST = "trust"
    SCP = "service control"
    RCP = "resource control"


@dataclass(frozen=True, slots=True, eq=False)
class Policy:
    """A policy and its document.

    Parameters
    ----------
    name : str
        Policy name.
    kind : PolicyKind
        Where it lives.
    document : PolicyDocument or None
        None where the estate names the policy but no file holds its document, or
        where the document cannot be read at all: what it allows is then unknown.
    arn : str or None
        ARN (or the ``p-…`` id of an SCP or RCP); None for inline and trust policies.
    origin : Origin or None
        Where the *document* begins; statement pointers are relative to it.
    version : str
        Version id of a managed policy, e.g. ``"v3"``; else ``""``.
    problem : str
        Why ``document`` is None; else ``""``.
    owner : str
        ARN of the user, group or role that an inline or trust policy is embedded in; else ``""``.
    """

    name: str
    kind: PolicyKind
    document: PolicyDocument | None
    arn: str | None = None
    origin: Origin | None = None
    version: str = ""
    problem: str = ""
    owner: str = ""

    @property
    def key(self) -> str:
        """A stable id: the ARN, or owner and name of an inline or trust policy."""
        return self.arn or f"{self.owner}/{self.kind}/{self.name}"


class PrincipalKind(StrEnum):
    """What sort of identity a principal is."""

    USER = "user"
    ROLE = "role"
    ROOT = "root"
    SERVICE_LINKED_ROLE = "service-linked role"


@dataclass(frozen=True, slots=True, eq=False)
class Group:
    """An IAM group: its policies count as those of its members (D4).

    Parameters
    ----------
    arn, name, path, account : str
        Identity; ``path`` begins and ends with ``/``; ``account`` is the 12-digit id.
    inline : tuple of Policy
        Inline policies.
    attached : tuple of Policy
        Managed policies.
    unique_id : str
        ``AGPA…``.
    origin : Origin or None
        Where it was read.
    """

    arn: str
    name: str
    account: str
    path: str = "/"
    inline: tuple[Policy, ...] = ()
    attached: tuple[Policy, ...] = ()
    unique_id: str = ""
    origin: Origin | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Principal:
    """An IAM user, an IAM role or an account's root user.

    Parameters
    ----------
    arn, name, path, account : str
        Identity; ``path`` begins and ends with ``/``; ``account`` is the 12-digit id.
    kind : PrincipalKind
        User, role, root or service-linked role (path ``/aws-service-role/``).
    inline : tuple of Policy
        Inline policies of the principal itself.
    attached : tuple of Policy
        Managed policies attached to the principal itself.
    groups : tuple of Group
        Groups of a user.
    boundary : Policy or None
        Permissions boundary.
    trust : Policy or None
        Trust policy of a role.
    tags : Tags
        Principal tags (``aws:PrincipalTag/…``).
    unique_id : str
        ``AIDA…`` or ``AROA…``.
    max_session_seconds : int or None
        Longest session of a role, in seconds.
    instance_profiles : tuple of str
        ARNs of instance profiles that hold a role.
    origin : Origin or None
        Where it was read.
    """

    arn: str
    name: str
    account: str
    kind: PrincipalKind
    path: str = "/"
    inline: tuple[Policy, ...] = ()
    attached: tuple[Policy, ...] = ()
    groups: tuple[Group, ...] = ()
    boundary: Policy | None = None
    trust: Policy | None = None
    tags: Tags = ()
    unique_id: str = ""
    max_session_seconds: int | None = None
    instance_profiles: tuple[str, ...] = ()
    origin: Origin | None = None

    @property
    def is_role(self) -> bool:
        """Whether this is a role (service-linked ones included)."""
        return self.kind in (PrincipalKind.ROLE, PrincipalKind.SERVICE_LINKED_ROLE)

    @property
    def identity_policies(self) -> tuple[tuple[Policy, Group | None], ...]:
        """Identity-based policies in force, each with the group it comes through, if any (D4)."""
        own: list[tuple[Policy, Group | None]] = [(p, None) for p in (*self.inline, *self.attached)]
        for group in self.groups:
            own.extend((p, group) for p in (*group.inline, *group.attached))
        return tuple(own)


class TargetKind(StrEnum):
    """Level of the AWS Organizations tree."""

    ROOT = "root"
    OU = "organizational unit"
    ACCOUNT = "account"


@dataclass(frozen=True, slots=True, eq=False)
class OrganizationsTarget:
    """A node of the AWS Organizations tree with the policies attached to it.

    Parameters
    ----------
    id : str
        ``r-…``, ``ou-…`` or the 12-digit account id.
    name : str
        Its name.
    kind : TargetKind
        Root, organizational unit or account.
    parent : str or None
        Id of the parent; None for the root.
    scps, rcps : tuple of Policy
        Policies attached directly.
    origin : Origin or None
        Where it was read.
    """

    id: str
    name: str
    kind: TargetKind
    parent: str | None
    scps: tuple[Policy, ...] = ()
    rcps: tuple[Policy, ...] = ()
    origin: Origin | None = None


@dataclass(frozen=True, slots=True, eq=False)
class AwsOrganization:
    """The AWS Organizations organization (not a WorkMail organization).

    Parameters
    ----------
    id : str
        ``o-…``; the value of ``aws:PrincipalOrgID``.  ``""`` where unknown.
    management_account : str
        12-digit id; ``""`` where unknown.
    targets : dict of str to OrganizationsTarget
        Root, organizational units and accounts by id.
    scps_in_use, rcps_in_use : bool or None
        Whether the policy type is enabled; None where no file says so.
    """

    id: str = ""
    management_account: str = ""
    targets: dict[str, OrganizationsTarget] = field(default_factory=dict)
    scps_in_use: bool | None = None
    rcps_in_use: bool | None = None

    def path(self, account: str) -> tuple[OrganizationsTarget, ...]:
        """Return the nodes from the root down to an account; empty where the account is not in the tree.

        Parameters
        ----------
        account : str
            12-digit account id.
        """
        nodes: list[OrganizationsTarget] = []
        node = self.targets.get(account)
        while node is not None and node not in nodes:
            nodes.append(node)
            node = self.targets.get(node.parent) if node.parent else None
        return tuple(reversed(nodes))


@dataclass(frozen=True, slots=True, eq=False)
class Account:
    """An AWS account.

    Parameters
    ----------
    id : str
        12-digit id.
    name : str
        Name or alias; the id where unknown.
    has_iam : bool
        Whether its IAM principals were read (authorization details present).
    origin : Origin or None
        Where it was read.
    """

    id: str
    name: str = ""
    has_iam: bool = False
    origin: Origin | None = None


@dataclass(frozen=True, slots=True)
class ImpersonationRule:
    """A rule of a WorkMail impersonation role.

    Parameters
    ----------
    id, name, effect : str
        As WorkMail gives them; effect is ``"ALLOW"`` or ``"DENY"``.
    target_users, not_target_users : tuple of str
        User ids that the rule names, or excepts.
    """

    id: str
    name: str
    effect: str
    target_users: tuple[str, ...] = ()
    not_target_users: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class ImpersonationRole:
    """A WorkMail impersonation role (a WorkMail object, not an IAM role).

    Parameters
    ----------
    id, name, type, description : str
        ``type`` is ``"FULL_ACCESS"`` or ``"READ_ONLY"``.
    rules : tuple of ImpersonationRule
        Whose mailboxes it opens.
    origin : Origin or None
        Where it was read.

    Notes
    -----
    Source: Amazon WorkMail Administrator Guide, "Managing impersonation roles".
    """

    id: str
    name: str
    type: str
    description: str = ""
    rules: tuple[ImpersonationRule, ...] = ()
    origin: Origin | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Organization:
    """A WorkMail organization.

    Parameters
    ----------
    arn : str
        ``arn:PARTITION:workmail:REGION:ACCOUNT:organization/ID``.
    id, alias, region, account, state : str
        Its parts; ``alias`` is ``""`` where unknown, ``state`` (``"Active"``, ``"Deleted"``, …) as
        WorkMail prints it, ``""`` where no file says it.
    tags : Tags or None
        Tags; None where no file says which it has: conditions on ``aws:ResourceTag`` then stay open.
    impersonation_roles : tuple of ImpersonationRole or None
        None where no file lists them.
    stand_in : bool
        True for "any other organization of this account in this region": it keeps in
        sight what wildcards grant where there is no complete inventory.
    origin : Origin or None
        Where it was read.
    """

    arn: str
    id: str
    region: str
    account: str
    alias: str = ""
    state: str = ""
    tags: Tags | None = None
    impersonation_roles: tuple[ImpersonationRole, ...] | None = None
    stand_in: bool = False
    origin: Origin | None = None

    @property
    def label(self) -> str:
        """A short name to show: alias, or id, with the state of one that is gone or going."""
        if self.stand_in:
            region = "any region" if self.region in ("", "*") else self.region
            return f"any other organization in {region} of {self.account}"
        name = self.alias or self.id
        return f"{name} ({self.state.lower()})" if self.is_deleted else name

    @property
    def is_deleted(self) -> bool:
        """Whether WorkMail has deleted it, or is about to.

        Notes
        -----
        Access to it is answered like that to any other: policies still grant it, and the state is
        only as fresh as the file.  Whoever shows an answer says :attr:`state_note` beside it.
        Source: Amazon WorkMail Administrator Guide, "Deleting an organization".
        """
        return self.state.lower() in ("deleted", "deleting")

    @property
    def state_note(self) -> str:
        """What its state means for permissions on it, in a sentence; ``""`` where nothing."""
        if not self.is_deleted:
            return ""
        name = self.alias or self.id
        if self.state.lower() == "deleting":
            return f"WorkMail is deleting the organization {name}: permissions on it end with it."
        return f"WorkMail has deleted the organization {name}: permissions on it have no effect."


#: Which policy type each kind of policy is parsed as.
POLICY_TYPE: dict[PolicyKind, PolicyType] = {
    PolicyKind.AWS_MANAGED: PolicyType.IDENTITY,
    PolicyKind.MANAGED: PolicyType.IDENTITY,
    PolicyKind.INLINE: PolicyType.IDENTITY,
    PolicyKind.TRUST: PolicyType.TRUST,
    PolicyKind.SCP: PolicyType.SCP,
    PolicyKind.RCP: PolicyType.RCP,
}

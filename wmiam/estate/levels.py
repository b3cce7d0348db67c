"""The levels of the AWS Organizations tree at which SCPs or RCPs limit an account."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from wmiam.estate.model import (
    AwsOrganization,
    OrganizationsTarget,
    Policy,
    PolicyKind,
    Principal,
    PrincipalKind,
)

__all__ = ["ControlLevel", "control_levels", "is_limited"]

#: The two kinds of policy that an AWS organization lays over its accounts.
ControlKind = Literal[PolicyKind.SCP, PolicyKind.RCP]


@dataclass(frozen=True, slots=True, eq=False)
class ControlLevel:
    """One level of SCPs or RCPs: at least one of its policies must allow, and none may deny.

    Parameters
    ----------
    target : OrganizationsTarget
        The root, organizational unit or account that the policies are attached to.
    policies : tuple of Policy
        Those attached directly; never empty in AWS, empty where no file lists them.
    title : str
        Heading, e.g. ``"SCPs of root Root"``.
    """

    target: OrganizationsTarget
    policies: tuple[Policy, ...]
    title: str

    @property
    def unlisted(self) -> str:
        """Why nothing is known of the level; ``""`` where its policies are known.

        Notes
        -----
        AWS lets nobody detach the last policy of a level while the kind is in use, so a level
        without policies means that a file is missing.
        Source: Organizations User Guide, "Attaching and detaching service control policies".
        """
        return "" if self.policies else f"no file lists the {self.title}"


def control_levels(
    tree: AwsOrganization | None, account: str, kind: ControlKind = PolicyKind.SCP
) -> tuple[ControlLevel, ...]:
    """Return the levels of SCPs or RCPs in force for an account, from the root down (D5, D6).

    Parameters
    ----------
    tree : AwsOrganization or None
        The AWS Organizations tree, if any file describes one.
    account : str
        12-digit id: the caller's for SCPs, the resource's for RCPs.
    kind : PolicyKind
        ``PolicyKind.SCP`` or ``PolicyKind.RCP``.

    Returns
    -------
    tuple of ControlLevel
        Every one must allow.  Empty where nothing limits the account: it is the management
        account or lies outside the tree, or the kind is not in use.  Where no file says whether
        it is in use, one attached policy anywhere in the tree is taken to mean that it is.

    Notes
    -----
    Whether they concern a principal at all is :func:`is_limited`.
    Source: Organizations User Guide, "SCP evaluation" and "Resource control policies (RCPs)":
    neither limits the management account.
    """
    if tree is None or account == tree.management_account:
        return ()
    scps = kind is PolicyKind.SCP
    in_use = tree.scps_in_use if scps else tree.rcps_in_use
    if in_use is None:
        in_use = any(target.scps if scps else target.rcps for target in tree.targets.values())
    if not in_use:
        return ()
    return tuple(
        ControlLevel(
            target,
            target.scps if scps else target.rcps,
            f"{'SCPs' if scps else 'RCPs'} of {target.kind} {target.name or target.id}",
        )
        for target in tree.path(account)
    )


def is_limited(principal: Principal) -> bool:
    """Whether the levels over its account limit a principal: all do but service-linked roles (D5).

    Parameters
    ----------
    principal : Principal
        User, role or root user of an account that :func:`control_levels` knows levels for.

    Notes
    -----
    Source: Organizations User Guide, "Service control policies (SCPs)", tasks and entities not
    restricted by SCPs.
    """
    return principal.kind is not PrincipalKind.SERVICE_LINKED_ROLE

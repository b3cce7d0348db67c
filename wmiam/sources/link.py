"""From what was read to the estate: references become objects, and what is missing is reported."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from wmiam.catalog import managed_policy
from wmiam.estate.estate import Estate
from wmiam.estate.model import (
    Account,
    Group,
    Organization,
    Policy,
    PolicyKind,
    Principal,
    PrincipalKind,
    TargetKind,
)
from wmiam.origin import Origin
from wmiam.policy.model import PolicyType
from wmiam.policy.parse import parse_document
from wmiam.sources import inventory, standins
from wmiam.sources.draft import Draft, Identity, Reference, parse_iam_arn
from wmiam.sources.tree import assemble

__all__ = ["link"]

_ACCOUNT_IN_PRINCIPAL: Final = re.compile(r"(?:arn:aws[a-z0-9-]*:(?:iam|sts)::)?(\d{12})(?::.*)?", re.DOTALL)
_AWS_MANAGED: Final = re.compile(r"arn:aws[a-z0-9-]*:iam::aws:policy/.+")


def link(draft: Draft, name: str) -> Estate:
    """Return the estate of a draft.

    Parameters
    ----------
    draft : Draft
        Everything that was read.
    name : str
        Name of the estate.
    """
    linking = _Linking(draft)
    groups = {
        (identity.parts.account, identity.parts.name): linking.group(identity)
        for identity in draft.identities.values()
        if identity.kind is None
    }
    principals = [
        linking.principal(identity, groups)
        for identity in draft.identities.values()
        if identity.kind is not None
    ]
    linking.report()
    principals += _root_users(draft)
    organizations = _organizations(draft)
    aws_organization = assemble(draft)
    draft.report_listings()
    draft.report_twice()
    _note_named_accounts(draft)
    return Estate(
        principals=tuple(sorted(principals, key=lambda principal: principal.arn)),
        organizations=organizations,
        accounts={
            account: Account(account, notes.name or account, notes.has_iam, notes.origin)
            for account, notes in sorted(draft.accounts.items())
        },
        groups=tuple(sorted(groups.values(), key=lambda group: group.arn)),
        policies=tuple(sorted(draft.managed.values(), key=lambda policy: policy.key)),
        aws_organization=aws_organization,
        sources=tuple(draft.sources),
        diagnostics=tuple(draft.diagnostics),
        name=name,
    )


def _organizations(draft: Draft) -> tuple[Organization, ...]:
    inventory.locate(draft)
    standins.add_named(draft)
    regions = standins.named_regions(draft)
    listed = inventory.organizations(draft)
    _report_without_iam(draft, listed)
    known = listed + standins.possible(draft, regions)
    open_ones = standins.stand_ins(draft, regions)
    return (*sorted(known, key=_by_arn), *sorted(open_ones, key=_by_arn))


def _report_without_iam(draft: Draft, organizations: list[Organization]) -> None:
    """Report the accounts that have organizations and whose principals are not in the input."""
    places: dict[str, list[Organization]] = {}
    for organization in organizations:
        notes = draft.accounts.get(organization.account)
        if notes is None or not notes.has_iam:
            places.setdefault(organization.account, []).append(organization)
    for account, there in sorted(places.items()):
        origin = next((one.origin for one in there if one.origin is not None), None)
        # One that only a policy names may be someone else's, or mistyped.
        report = draft.warning if origin is None else draft.error
        report(
            "account-without-iam",
            f"the principals of account {account} are not in the input: who has access to "
            f"{', '.join(one.label for one in there[:3])}{', …' if len(there) > 3 else ''} is not known",
            origin,
            "add the output of `aws iam get-account-authorization-details` of that account",
        )


def _by_arn(organization: Organization) -> str:
    return organization.arn


def _root_users(draft: Draft) -> list[Principal]:
    """Return the root user of each account whose principals were read, where no file has it (D8)."""
    roots: list[Principal] = []
    for account, notes in draft.accounts.items():
        arn = f"arn:{notes.partition}:iam::{account}:root"
        if notes.has_iam and arn not in draft.identities:
            roots.append(Principal(arn, "root", account, PrincipalKind.ROOT, origin=notes.origin))
    return roots


def _note_named_accounts(draft: Draft) -> None:
    """Note the accounts that trust policies and the AWS Organizations tree name."""
    for target, node in draft.tree.nodes.items():
        if node.kind is TargetKind.ACCOUNT:
            draft.account(target, node.origin)
    if draft.tree.management_account:
        draft.account(draft.tree.management_account, draft.tree.origin)
    for document, _ in draft.documents:
        for statement in document.statements:
            for element in (statement.principal, statement.not_principal):
                for value in element.aws if element is not None else ():
                    match = _ACCOUNT_IN_PRINCIPAL.fullmatch(value)
                    if match is not None:
                        draft.account(match[1], None)


@dataclass(slots=True, eq=False)
class _Missing:
    """A policy or group that the input names and does not hold, with those who name it."""

    policy: Policy
    holders: list[tuple[str, Origin]] = field(default_factory=list)


class _Linking:
    """Resolves references and remembers those that lead nowhere."""

    def __init__(self, draft: Draft) -> None:
        self.draft = draft
        self.missing: dict[str, _Missing] = {}
        self.missing_groups: dict[tuple[str, str], tuple[Group, list[tuple[str, Origin]]]] = {}

    def group(self, identity: Identity) -> Group:
        """Return a group with its policies."""
        return Group(
            identity.arn,
            identity.parts.name,
            identity.parts.account,
            identity.parts.path,
            identity.inline,
            self.policies(identity, identity.attached),
            identity.unique_id,
            identity.origin,
        )

    def principal(self, identity: Identity, groups: dict[tuple[str, str], Group]) -> Principal:
        """Return a principal with its policies and groups."""
        account = identity.parts.account
        boundary = identity.boundary
        return Principal(
            identity.arn,
            identity.parts.name,
            account,
            identity.kind or PrincipalKind.USER,
            identity.parts.path,
            identity.inline,
            self.policies(identity, identity.attached),
            tuple(
                groups.get((account, name)) or self.missing_group(identity, name, index)
                for index, name in enumerate(identity.groups)
            ),
            None if boundary is None else self.policy(identity, boundary),
            identity.trust,
            identity.tags,
            identity.unique_id,
            identity.max_session_seconds,
            identity.instance_profiles,
            identity.origin,
        )

    def policies(self, identity: Identity, references: Iterable[Reference]) -> tuple[Policy, ...]:
        """Return the policies that references name."""
        return tuple([self.policy(identity, reference) for reference in references])

    def policy(self, identity: Identity, reference: Reference) -> Policy:
        """Return the policy that a reference names; one without a document where nothing holds it."""
        known = self.draft.managed.get(reference.arn)
        if known is not None:
            return known
        missing = self.missing.get(reference.arn)
        if missing is None:
            shipped = self.shipped(reference.arn, identity.origin.below(reference.pointer))
            if shipped is not None:
                return shipped
            missing = self.missing[reference.arn] = _Missing(self.absent(reference.arn))
        missing.holders.append((identity.arn, identity.origin.below(reference.pointer)))
        return missing.policy

    def absent(self, arn: str) -> Policy:
        """Return a policy without a document."""
        parts = parse_iam_arn(arn)
        name = parts.name if parts is not None else arn
        kind = PolicyKind.AWS_MANAGED if _AWS_MANAGED.fullmatch(arn) else PolicyKind.MANAGED
        return Policy(name, kind, None, arn, problem=f"the document of {arn} is not in the input")

    def shipped(self, arn: str, origin: Origin) -> Policy | None:
        """Return an AWS managed policy from the catalog, None where it is not one of those shipped."""
        if not _AWS_MANAGED.fullmatch(arn):
            return None
        found = managed_policy(arn)
        if found is None:
            return None
        version = found["PolicyVersion"]
        document = parse_document(version["Document"], PolicyType.IDENTITY)
        policy = Policy(
            arn.rpartition("/")[2], PolicyKind.AWS_MANAGED, document, arn, version=version["VersionId"]
        )
        self.draft.managed[arn] = policy
        self.draft.info(
            "aws-managed-policy-shipped",
            f"the document of {arn} is not in the input; version {policy.version}, which comes with wmiam, "
            "stands in for it",
            origin,
            "fetch the authorization details without a filter to have the version in force",
        )
        return policy

    def missing_group(self, identity: Identity, name: str, index: int) -> Group:
        """Return a group of which nothing is known but its name."""
        parts = identity.parts
        found = self.missing_groups.get((parts.account, name))
        if found is None:
            arn = f"arn:{parts.partition}:iam::{parts.account}:group/{name}"
            reason = f"the group {name} of account {parts.account} is not in the input"
            unknown = Policy(f"policies of group {name}", PolicyKind.INLINE, None, problem=reason, owner=arn)
            found = (Group(arn, name, parts.account, inline=(unknown,)), [])
            self.missing_groups[parts.account, name] = found
        found[1].append((identity.arn, identity.origin.child("GroupList", index)))
        return found[0]

    def report(self) -> None:
        """Report what is missing, with those who have it."""
        for arn, missing in sorted(self.missing.items()):
            self.draft.error(
                "policy-not-in-input",
                f"{missing.policy.problem}, so what it allows is not known; {_shown(missing.holders)}",
                missing.holders[0][1],
                "fetch the authorization details without --filter, or with LocalManagedPolicy and "
                f"AWSManagedPolicy, so that they hold {arn}",
            )
        for (account, name), (_, members) in sorted(self.missing_groups.items()):
            self.draft.error(
                "group-not-in-input",
                f"the group {name} of account {account} is not in the input, so what it allows is not known; "
                f"{_shown(members, 'are in it', 'is in it')}",
                members[0][1],
                "fetch the authorization details without --filter, or with Group",
            )


def _shown(holders: list[tuple[str, Origin]], many: str = "have it", one: str = "has it") -> str:
    names = [arn for arn, _ in holders]
    if len(names) == 1:
        return f"{names[0]} {one}"
    shown = ", ".join(names[:3])
    return f"{shown}{f' and {len(names) - 3} more' if len(names) > 3 else ''} {many}"

"""The WorkMail organizations as they were read, and what can be concluded about where they are."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NamedTuple

from wmiam.estate.model import ImpersonationRole, Organization, Tags
from wmiam.origin import Origin

if TYPE_CHECKING:
    from wmiam.sources.draft import Draft

__all__ = [
    "Inventory",
    "Listing",
    "MailOrganization",
    "OrganizationArn",
    "locate",
    "organization_arn",
    "organizations",
    "parse_organization_arn",
]

_ARN: Final = re.compile(
    r"arn:(aws[a-z0-9-]*):workmail:([a-z]{2}(?:-[a-z]+)+-\d+):(\d{12}):organization/([A-Za-z0-9-]+)"
)


class OrganizationArn(NamedTuple):
    """The parts of a WorkMail organization's ARN."""

    partition: str
    region: str
    account: str
    id: str


def parse_organization_arn(arn: str) -> OrganizationArn | None:
    """Return the parts of a WorkMail organization's ARN; None where it is none, or holds a wildcard.

    Notes
    -----
    Source: Service Authorization Reference, "Actions, resources, and condition keys for
    Amazon WorkMail", resource types.
    """
    match = _ARN.fullmatch(arn)
    return OrganizationArn(*match.groups()) if match else None


def organization_arn(partition: str, region: str, account: str, organization: str) -> str:
    """Return the ARN of a WorkMail organization."""
    return f"arn:{partition}:workmail:{region}:{account}:organization/{organization}"


@dataclass(slots=True, eq=False)
class MailOrganization:
    """What is known of one WorkMail organization.

    Parameters
    ----------
    arn : OrganizationArn or None
        Its place, once it is known.
    alias, state : str
        As listed.
    tags : Tags or None
        None where no file says which it has.
    roles : dict of str to ImpersonationRole or None
        By id; None where no file lists them.
    roles_listed : bool
        Whether they were listed, so that there are no others.
    origin : Origin or None
        Where it was first met; of a description, if there is one.
    """

    arn: OrganizationArn | None = None
    alias: str = ""
    state: str = ""
    tags: Tags | None = None
    roles: dict[str, ImpersonationRole] | None = None
    roles_listed: bool = False
    origin: Origin | None = None


class Listing(NamedTuple):
    """A page of ``list-organizations``: whose it is, where known, and which ids it lists."""

    account: str
    region: str
    ids: tuple[str, ...]
    key: tuple[str, ...]
    origin: Origin


@dataclass(slots=True, eq=False)
class Inventory:
    """What the ``aws workmail`` calls said.

    Parameters
    ----------
    organizations : dict of str to MailOrganization
        By id.
    listings : list of Listing
        The pages of ``list-organizations``.
    complete : set of (str, str)
        Accounts and regions of which all organizations are known; filled by :func:`locate`.
    """

    organizations: dict[str, MailOrganization] = field(default_factory=dict)
    listings: list[Listing] = field(default_factory=list)
    complete: set[tuple[str, str]] = field(default_factory=set)

    def organization(self, organization: str, origin: Origin | None) -> MailOrganization:
        """Return the notes of an organization, new ones where it was not met before."""
        known = self.organizations.get(organization)
        if known is None:
            known = self.organizations[organization] = MailOrganization(origin=origin)
        return known

    def place(self, arn: OrganizationArn, origin: Origin | None) -> MailOrganization:
        """Return the notes of an organization, and note where it is."""
        known = self.organization(arn.id, origin)
        known.arn = known.arn or arn
        return known


def locate(draft: Draft) -> None:
    """Find account and region of the organizations that were only listed, and report where that fails.

    One call of ``list-organizations`` answers for one account in one region, so
    one organization whose ARN is known places all that are listed with it.

    Parameters
    ----------
    draft : Draft
        What was read.
    """
    inventory = draft.inventory
    for listing in inventory.listings:
        known = [arn for name in listing.ids if (arn := inventory.organizations[name].arn) is not None]
        account = listing.account or (known[0].account if known else "")
        region = listing.region or (known[0].region if known else "")
        if not account or not region:
            draft.error(
                "organizations-without-place",
                "this list of WorkMail organizations does not say which account and region it is of, "
                "and no other file does",
                listing.origin,
                'write {"Call": "list-organizations", "Parameters": {"Account": …, "Region": …}, '
                '"Output": …} around it, or add the output of describe-organization',
            )
            continue
        notes = draft.accounts.get(account)
        for name in listing.ids:
            organization = inventory.organizations[name]
            if organization.arn is None:
                organization.arn = OrganizationArn(notes.partition if notes else "aws", region, account, name)
        if draft.is_finished(listing.key):
            inventory.complete.add((account, region))


def organizations(draft: Draft) -> list[Organization]:
    """Return the organizations whose account and region are known.

    Parameters
    ----------
    draft : Draft
        What was read, located.
    """
    found: list[Organization] = []
    for name, notes in draft.inventory.organizations.items():
        if notes.arn is None:
            continue
        partition, region, account, _ = notes.arn
        if notes.roles is not None and not notes.roles_listed:
            draft.warning(
                "impersonation-roles-not-listed",
                f"impersonation roles of {notes.alias or name} were read one by one; whether there are more "
                "is not known, and they are taken to be all",
                notes.origin,
                "add the output of list-impersonation-roles",
            )
        roles = None if notes.roles is None else tuple(role for _, role in sorted(notes.roles.items()))
        found.append(
            Organization(
                organization_arn(partition, region, account, name),
                name,
                region,
                account,
                notes.alias,
                notes.state,
                notes.tags,
                roles,
                origin=notes.origin,
            )
        )
    return found

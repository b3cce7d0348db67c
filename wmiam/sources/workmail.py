"""What the ``aws workmail`` calls print: organizations, their tags and their impersonation roles.

Source: Amazon WorkMail API Reference, the calls named in :data:`READINGS`;
Amazon WorkMail Administrator Guide, "Managing impersonation roles".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from wmiam.estate.model import ImpersonationRole, ImpersonationRule
from wmiam.sources.entry import Entry
from wmiam.sources.inventory import Listing, MailOrganization, OrganizationArn, parse_organization_arn
from wmiam.sources.page import Page, Reading, holds_list

__all__ = ["READINGS", "read_role"]

_SUMMARY_FIELDS: Final = {"OrganizationId", "Alias", "DefaultMailDomain", "ErrorMessage", "State"}
_ORGANIZATION_FIELDS: Final = (
    "OrganizationId",
    "Alias",
    "State",
    "DirectoryId",
    "DirectoryType",
    "DefaultMailDomain",
    "CompletedDate",
    "ErrorMessage",
    "ARN",
    "MigrationAdmin",
    "InteroperabilityEnabled",
)
_ROLE_FIELDS: Final = (
    "ImpersonationRoleId",
    "Name",
    "Type",
    "Description",
    "Rules",
    "DateCreated",
    "DateModified",
)
_RULE_FIELDS: Final = (
    "ImpersonationRuleId",
    "Name",
    "Description",
    "Effect",
    "TargetUsers",
    "NotTargetUsers",
)


def _read_organizations(page: Page) -> None:
    inventory = page.draft.inventory
    ids: list[str] = []
    for entry in page.output.entries("OrganizationSummaries", "WorkMail organization"):
        entry.known(_SUMMARY_FIELDS)
        name = entry.need("OrganizationId")
        if name:
            ids.append(name)
            organization = inventory.organization(name, entry.origin())
            organization.alias = entry.text("Alias", organization.alias)
            organization.state = entry.text("State", organization.state)
    page.listing()
    account, region = page.parameter("Account"), page.parameter("Region")
    key = (page.kind, account, region)
    inventory.listings.append(Listing(account, region, tuple(ids), key, page.output.origin()))


def _read_organization(page: Page) -> None:
    entry = page.output
    name = entry.need("OrganizationId")
    if not name:
        return
    organization = page.draft.inventory.organization(name, entry.origin())
    organization.origin = entry.origin()
    organization.alias = entry.text("Alias", organization.alias)
    organization.state = entry.text("State", organization.state)
    written = entry.text("ARN")
    if written:
        arn = parse_organization_arn(written)
        if arn is None or arn.id != name:
            page.draft.error(
                "bad-arn",
                f"{written!r} is not the ARN of the WorkMail organization {name}",
                entry.origin("ARN"),
                "keep the records as AWS prints them",
            )
        else:
            organization.arn = arn
            page.draft.account(arn.account, entry.origin(), partition=arn.partition)
    else:
        _place(page, name, organization)


def _place(page: Page, name: str, organization: MailOrganization) -> None:
    """Note where an organization is, as far as the call's parameters tell."""
    account, region = page.parameter("Account"), page.parameter("Region")
    if organization.arn is None and account and region:
        notes = page.draft.accounts.get(account)
        organization.arn = OrganizationArn(notes.partition if notes else "aws", region, account, name)


def _organization_of(page: Page) -> MailOrganization | None:
    """Return the organization that a call was asked about; report where the file does not say."""
    name = page.need_parameter("OrganizationId")
    if not name:
        return None
    organization = page.draft.inventory.organization(name, page.output.origin())
    _place(page, name, organization)
    return organization


def _read_roles(page: Page) -> None:
    organization = _organization_of(page)
    roles = [read_role(entry) for entry in page.output.entries("Roles", "impersonation role")]
    if organization is None:
        return
    organization.roles = organization.roles or {}
    organization.roles_listed = True
    for role in roles:
        # A role that was read with its rules says more than the list.
        if role is not None:
            organization.roles.setdefault(role.id, role)
    page.listing("OrganizationId")


def _read_one_role(page: Page) -> None:
    organization = _organization_of(page)
    role = read_role(page.output)
    if organization is not None and role is not None:
        organization.roles = {**(organization.roles or {}), role.id: role}


def read_role(entry: Entry) -> ImpersonationRole | None:
    """Return an impersonation role, None where it has no id.

    Parameters
    ----------
    entry : Entry
        A record as ``get-impersonation-role`` prints it, or ``list-impersonation-roles`` in its list.
    """
    name = entry.need("ImpersonationRoleId")
    if not name:
        return None
    if entry.what == "impersonation role":
        entry.known(_ROLE_FIELDS)
    rules: list[ImpersonationRule] = []
    for item in entry.entries("Rules", "impersonation rule"):
        item.known(_RULE_FIELDS)
        effect = item.need("Effect")
        if effect not in ("", "ALLOW", "DENY"):
            entry.draft.error(
                "bad-effect",
                f"the effect of an impersonation rule is ALLOW or DENY, and this is {effect!r}",
                item.origin("Effect"),
            )
        rules.append(
            ImpersonationRule(
                item.text("ImpersonationRuleId"),
                item.text("Name"),
                effect,
                item.texts("TargetUsers"),
                item.texts("NotTargetUsers"),
            )
        )
    return ImpersonationRole(
        name, entry.text("Name"), entry.need("Type"), entry.text("Description"), tuple(rules), entry.origin()
    )


def _read_tags(page: Page) -> None:
    written = page.need_parameter("ResourceARN")
    tags = page.output.tags()
    if not written:
        return
    arn = parse_organization_arn(written)
    if arn is None:
        page.draft.info(
            "tags-of-other-resource",
            f"{written!r} is not a WorkMail organization; its tags were not used",
            page.output.origin(),
        )
        return
    organization = page.draft.inventory.place(arn, page.output.origin())
    organization.tags = tags


def _is_organization(output: Mapping[str, object]) -> bool:
    return isinstance(output.get("OrganizationId"), str) and any(
        key in output for key in ("ARN", "DirectoryId", "Alias")
    )


def _is_role_list(output: Mapping[str, object]) -> bool:
    roles = output.get("Roles")
    if not isinstance(roles, list):
        return False
    return all(isinstance(role, Mapping) and "ImpersonationRoleId" in role for role in roles)


def _is_role(output: Mapping[str, object]) -> bool:
    return isinstance(output.get("ImpersonationRoleId"), str) and "Type" in output


def _is_tag_list(output: Mapping[str, object]) -> bool:
    tags = output.get("Tags")
    return isinstance(tags, list) and all(
        isinstance(tag, Mapping) and tag.keys() == {"Key", "Value"} for tag in tags
    )


#: The calls read here.
READINGS: Final = (
    Reading(
        "workmail list-organizations",
        holds_list("OrganizationSummaries"),
        _read_organizations,
        ("OrganizationSummaries",),
    ),
    Reading("workmail get-impersonation-role", _is_role, _read_one_role, _ROLE_FIELDS),
    Reading("workmail describe-organization", _is_organization, _read_organization, _ORGANIZATION_FIELDS),
    Reading("workmail list-impersonation-roles", _is_role_list, _read_roles, ("Roles",)),
    Reading("workmail list-tags-for-resource", _is_tag_list, _read_tags, ("Tags",)),
)

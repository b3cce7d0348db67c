"""Organizations that no inventory lists: those that policies name, and stand-ins for any other.

Without a complete inventory of an account and region, a wildcard may grant
access to organizations that nobody listed.  One stand-in for each such account
and region keeps that in sight.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from wmiam.estate.model import Organization
from wmiam.policy.model import PolicyDocument
from wmiam.policy.operators import COMPARISONS
from wmiam.policy.patterns import ascii_lower, glob, parse_template
from wmiam.sources.draft import Draft
from wmiam.sources.inventory import organization_arn, parse_organization_arn

__all__ = ["ANY", "WORKMAIL_REGIONS", "add_named", "named_regions", "possible", "stand_ins"]

#: Id of a stand-in, and region of one where nothing names a region.
ANY: Final = "*"
#: Regions that have WorkMail.  Source: AWS General Reference, "Amazon WorkMail endpoints and quotas".
WORKMAIL_REGIONS: Final = ("eu-west-1", "us-east-1", "us-west-2")
_is_region = re.compile(r"[a-z]{2}(?:-[a-z]+)+-\d+").fullmatch
# ``organization/ID`` of WorkMail, ``message/ID/…`` of the message flow.
_names_organization = re.compile(r"(?:organization|message)/(m-[A-Za-z0-9]+)(?:/.*)?", re.DOTALL).fullmatch


_variable = re.compile(r"\$\{[^}]*\}")
# Unlike ``*``, a variable stands for one text at a time: a region that it stands for is one of WorkMail's.
_ANY_VALUE: Final = "?*"


@lru_cache(maxsize=4096)
def _matches(pattern: str, text: str) -> bool:
    """Return whether a pattern may match a text."""
    pieces = parse_template(pattern, variables=False, wildcards=True).resolve(lambda _key: None)
    return pieces is None or glob(pieces).fullmatch(text) is not None


def _mail_arns(document: PolicyDocument) -> Iterator[list[str]]:
    """Yield the six fields of each ARN pattern of a document that may name WorkMail resources.

    A policy variable may stand for any text, and is given as a pattern.
    """
    for statement in document.statements:
        texts = [*(statement.resources or ()), *(statement.not_resources or ())]
        texts += [value for condition in statement.conditions for value in condition.values]
        for text in texts:
            if not text.startswith("arn:"):
                continue
            fields = _variable.sub(_ANY_VALUE, text).split(":", 5)
            if len(fields) == 6:
                services = ("workmail", "workmailmessageflow")
                if any(_matches(fields[2], service) for service in services):
                    yield fields


def add_named(draft: Draft) -> None:
    """Add the organizations that policies name by their whole ARN to the inventory.

    One that a complete inventory of its account and region does not list is
    reported and left out: it does not exist.

    Parameters
    ----------
    draft : Draft
        What was read, with the inventory located.
    """
    inventory = draft.inventory
    gone: set[str] = set()
    for document, _ in draft.documents:
        for fields in _mail_arns(document):
            named = _names_organization(fields[5])
            if named is None:
                continue
            organization = organization_arn(fields[1], fields[3], fields[4], named[1])
            arn = parse_organization_arn(organization)
            if arn is None:
                continue
            known = inventory.organizations.get(arn.id)
            if known is not None and known.arn is not None:
                continue
            if (arn.account, arn.region) in inventory.complete:
                gone.add(organization)
                continue
            inventory.place(arn, None)
            draft.account(arn.account, None, partition=arn.partition)
    for organization in sorted(gone):
        draft.info(
            "organization-not-listed",
            f"policies name {organization}, which the inventory of its account and region does not list",
            mend="if it was deleted, remove it from the policies; if not, collect the inventory again",
        )


def named_regions(draft: Draft) -> list[str]:
    """Return the regions that the organizations, ARNs and region conditions of an estate name.

    A pattern, or a condition that excludes regions, names the regions of
    WorkMail that it tells apart.

    Parameters
    ----------
    draft : Draft
        What was read, with the inventory located.
    """
    inventory = draft.inventory
    regions = {notes.arn.region for notes in inventory.organizations.values() if notes.arn is not None}
    regions |= {region for _, region in inventory.complete}
    for document, _ in draft.documents:
        for fields in _mail_arns(document):
            if _is_region(fields[3]):
                regions.add(fields[3])
            elif fields[3] not in ("", ANY):
                regions |= {region for region in WORKMAIL_REGIONS if _matches(fields[3], region)}
        for statement in document.statements:
            for condition in statement.conditions:
                comparison = COMPARISONS.get(condition.operator.base)
                if ascii_lower(condition.key) == "aws:requestedregion" and comparison is not None:
                    regions |= {
                        region
                        for region in WORKMAIL_REGIONS
                        if comparison.negated
                        or any(
                            _matches(_variable.sub(_ANY_VALUE, value), region) for value in condition.values
                        )
                    }
    return sorted(regions)


def possible(draft: Draft, regions: list[str]) -> list[Organization]:
    """Return the organizations that policies name by id, without saying in which region or account.

    Such an organization may be in each region that the ARN allows, of those
    named, and in each account that holds the policy.

    Parameters
    ----------
    draft : Draft
        What was read, with the organizations that are named by their whole ARN.
    regions : list of str
        Its :func:`named_regions`.
    """
    found: dict[str, Organization] = {}
    for document, holders in draft.documents:
        for fields in _mail_arns(document):
            named = _names_organization(fields[5])
            if named is None or named[1] in draft.inventory.organizations:
                continue
            accounts = {a for a in (*holders, *draft.accounts) if a and _matches(fields[4], a)}
            for account in sorted(accounts & holders or accounts):
                for region in [r for r in regions if _matches(fields[3], r)] or [ANY]:
                    if (account, region) not in draft.inventory.complete:
                        arn = organization_arn(_partition(draft, account), region, account, named[1])
                        found[arn] = Organization(arn, named[1], region, account)
    return list(found.values())


def stand_ins(draft: Draft, regions: list[str]) -> list[Organization]:
    """Return one stand-in for each account and region whose inventory is not complete.

    Only accounts whose principals were read have any: WorkMail has no access
    across accounts but by a role in the organization's account (rule D10).

    Parameters
    ----------
    draft : Draft
        What was read.
    regions : list of str
        Its :func:`named_regions`; where there is none, the stand-in's region is :data:`ANY`.
    """
    return [
        Organization(
            organization_arn(notes.partition, region, account, ANY), ANY, region, account, stand_in=True
        )
        for account, notes in sorted(draft.accounts.items())
        if notes.has_iam
        for region in regions or [ANY]
        if (account, region) not in draft.inventory.complete
    ]


def _partition(draft: Draft, account: str) -> str:
    notes = draft.accounts.get(account)
    return notes.partition if notes is not None else "aws"

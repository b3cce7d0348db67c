"""What the report's page shows, gathered from an access before any HTML is made."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from wmiam import __version__
from wmiam.access import Access
from wmiam.access.people import (
    CapabilityList,
    Count,
    OrganizationList,
    PrincipalGroup,
    capability_lists,
    organization_lists,
    principal_groups,
)
from wmiam.diagnostics import Diagnostic, Severity
from wmiam.origin import SourceFile
from wmiam.report.assumption import Assumption, assumptions
from wmiam.report.chains import ChainSurvey, survey_chains
from wmiam.report.findings import FindingList, finding_list
from wmiam.report.paths import WayRow, way_rows
from wmiam.report.pins import PinCard, pin_cards
from wmiam.report.plan import Plan
from wmiam.stored.matrix import organization_order
from wmiam.views.text import context_value, count

__all__ = ["Content", "DiagnosticRow", "heading"]

#: Organizations that the first screen shows as columns of their own.
_COLUMNS = 6
#: Rows of a list that stand in the page itself; the matrix holds everything.
_MOST = 300
#: Organizations up to which each has a list of its own, and rows of all these lists together.
_LISTED, _MOST_HERE = 40, 600
#: Organizations that a row names.
_CHIPS = 10
#: Principals up to which a row names many of those who share it, and how many then, and else.
_SMALL, _NAMED_IF_SMALL, _NAMED = 1000, 40, 3


@dataclass(frozen=True, slots=True)
class DiagnosticRow:
    """One diagnostic with its place in words."""

    severity: str
    code: str
    message: str
    place: str
    pointer: str
    mend: str


@dataclass(frozen=True)
class Content:
    """Everything that the templates show; each list is made when a section asks for it.

    Parameters
    ----------
    access : Access
        What is reported.
    title : str
        Heading.
    moment : datetime
        When the report was made, in UTC.
    sections : tuple of str
        Ids of the sections that the page has, in order.
    plan : Plan
        Its notes, pinned views and accepted findings.
    """

    access: Access
    title: str
    moment: datetime
    sections: tuple[str, ...]
    plan: Plan
    version: str = __version__
    most: int = _MOST
    chips: int = _CHIPS

    @property
    def most_here(self) -> int:
        """Rows of one organization's list that stand in the page itself."""
        return min(_MOST, _MOST_HERE // max(1, len(self.access.organizations)))

    @property
    def organizations_listed(self) -> tuple[OrganizationList, ...] | None:
        """The list of each organization; None where there are so many that they share a table of numbers."""
        return self.organizations if len(self.access.organizations) <= _LISTED else None

    @property
    def spelled(self) -> int:
        """How many of the principals that share a row are named in it."""
        return _NAMED_IF_SMALL if self.principals <= _SMALL else _NAMED

    def has(self, section: str) -> bool:
        """Whether the page has a section, so that links may lead there.

        Parameters
        ----------
        section : str
            Its id.
        """
        return section in self.sections

    @property
    def generated(self) -> str:
        """The moment in words."""
        return f"{self.moment.day} {self.moment:%B %Y, %H:%M} UTC"

    @cached_property
    def groups(self) -> tuple[PrincipalGroup, ...]:
        """The principals, those together that are alike."""
        return principal_groups(self.access)

    @cached_property
    def capabilities(self) -> tuple[CapabilityList, ...]:
        """Who holds each capability."""
        return capability_lists(self.access, self.groups)

    @cached_property
    def organizations(self) -> tuple[OrganizationList, ...]:
        """Who can do anything to each organization, in the order of ``access.organizations``."""
        return organization_lists(self.access, self.groups, self.capabilities)

    @cached_property
    def assumptions(self) -> tuple[tuple[Assumption, ...], int]:
        """The first ways to become a role, and how many there are."""
        return assumptions(self.access, self.capabilities, _MOST)

    @cached_property
    def diagnostics(self) -> tuple[DiagnosticRow, ...]:
        """What was not understood, or looks wrong, the gravest first."""
        order = list(Severity)
        found = sorted(self.access.estate.diagnostics, key=lambda d: order.index(d.severity))
        return tuple(_row(diagnostic) for diagnostic in found)

    @cached_property
    def chains(self) -> ChainSurvey:
        """What principals come to by chains."""
        return survey_chains(self.access, self.capabilities)

    def ways(self, capability: int) -> tuple[tuple[WayRow, ...], int]:
        """Return the gravest ways by chains to a capability, and how many there are.

        Parameters
        ----------
        capability : int
            Its position in the catalog.
        """
        return way_rows(self.chains, capability)

    @cached_property
    def findings(self) -> FindingList:
        """What is remarkable, the gravest first."""
        return finding_list(self.access, today=self.moment.date(), suppress=self.plan.suppressions)

    @cached_property
    def pinned(self) -> tuple[PinCard, ...]:
        """The views that an analyst pinned."""
        return pin_cards(self.access, self.plan.pins, lambda: self.findings.findings)

    def lists(self, finding: str) -> bool:
        """Whether a finding stands on the page, so that links may lead there.

        Parameters
        ----------
        finding : str
            Its id.
        """
        return self.has("findings") and finding in self.findings.ids

    @property
    def principals(self) -> int:
        """How many principals there are."""
        return len(self.access.principals)

    @cached_property
    def number(self) -> dict[str, int]:
        """The place of each principal, by ARN, among all."""
        return {principal.arn: index for index, principal in enumerate(self.access.principals)}

    @property
    def accounts(self) -> int:
        """How many accounts have principals."""
        return len({principal.account for principal in self.access.principals})

    @property
    def unread_accounts(self) -> tuple[str, ...]:
        """Accounts that the files name without their principals."""
        known = self.access.estate.accounts.values()
        return tuple(sorted(self.account_name(a.id) for a in known if not a.has_iam))

    @property
    def named(self) -> int:
        """How many organizations the files name."""
        return sum(1 for organization in self.access.organizations if not organization.stand_in)

    @property
    def actions(self) -> int:
        """How many actions the catalog has."""
        return len(self.access.catalog.actions)

    @property
    def catalog_date(self) -> str:
        """The catalog's date."""
        return self.access.catalog.as_of

    @property
    def wildcard_only(self) -> tuple[str, ...]:
        """Actions that take no resource."""
        return tuple(action.name for action in self.access.catalog.actions if action.wildcard_only)

    @property
    def wide(self) -> bool:
        """Whether there are too many organizations for a column each."""
        return len(self.access.organizations) > _COLUMNS

    @property
    def order(self) -> tuple[int, ...]:
        """Indexes of the organizations as the page shows them: by account, stand-ins last."""
        return organization_order(self.access)

    def in_order(self, places: Collection[int]) -> list[int]:
        """Return indexes of organizations in the order of the page.

        Parameters
        ----------
        places : collection of int
            The indexes.
        """
        return sorted(places, key=self._rank.__getitem__)

    @cached_property
    def _rank(self) -> dict[int, int]:
        return {index: rank for rank, index in enumerate(self.order)}

    def is_whole_account(self, places: Collection[int]) -> bool:
        """Whether some organizations are just those of one account.

        Parameters
        ----------
        places : collection of int
            Their indexes.
        """
        organizations = self.access.organizations
        accounts = {organizations[place].account for place in places}
        whole = sum(1 for organization in organizations if organization.account in accounts)
        return len(accounts) == 1 and len(places) == whole

    @property
    def sources(self) -> tuple[SourceFile, ...]:
        """The input files, by name."""
        return tuple(sorted(self.access.estate.sources, key=lambda source: source.name))

    @property
    def errors(self) -> int:
        """How many diagnostics leave the answer open."""
        return sum(1 for row in self.diagnostics if row.severity == Severity.ERROR)

    @property
    def chained(self) -> bool:
        """Whether somebody comes to anything by chains alone."""
        return any(
            count.anywhere != Count() or any(c != Count() for c in count.by_organization)
            for count in self.chains.counts
        )

    @property
    def context(self) -> tuple[tuple[str, str], ...]:
        """Context keys that are fixed, with their values in words."""
        return tuple((key, context_value(value)) for key, value in self.access.context.items())

    @property
    def headline(self) -> str:
        """The answer in one sentence."""
        if not self.principals:
            return "The files hold no principals, so there is nothing to answer yet."
        gravest = [item for item in self.capabilities[:3] if item.holders]
        whole = f"Of {count(self.principals, 'principal')}"
        if not gravest:
            return f"{whole}, none can read mail, take over a mailbox or export mail."
        parts = [f"{item.anywhere.allowed:,} can {_verb(item)}" for item in gravest]
        if len(parts) > 1:
            parts[-1] = f"and {parts[-1]}"
        joined = (", " if len(parts) > 2 else " ").join(parts)
        more = ["only under a condition"] if any(item.anywhere.conditional for item in gravest) else []
        more += ["by chains"] if self.chained else []
        return f"{whole}, {joined} in every case" + (f"; others {' or '.join(more)}." if more else ".")

    def account_name(self, account: str) -> str:
        """Return an account's name, or its id where it has none."""
        known = self.access.estate.accounts.get(account)
        return known.name if known is not None and known.name else account


def heading(access: Access) -> str:
    """Return the title of a report that has none of its own.

    Parameters
    ----------
    access : Access
        What is reported.
    """
    name = access.estate.name
    return "Who can do what to Amazon WorkMail" + (f" in {name}" if name else "")


def _row(diagnostic: Diagnostic) -> DiagnosticRow:
    place, pointer = "", ""
    if diagnostic.origin is not None:
        position = diagnostic.origin.position
        place, pointer = diagnostic.origin.source.name, diagnostic.origin.pointer
        if position is not None:
            place += f":{position.line}:{position.column}"
    return DiagnosticRow(
        str(diagnostic.severity), diagnostic.code, diagnostic.message, place, pointer, diagnostic.mend
    )


def _verb(item: CapabilityList) -> str:
    """Return a capability's title inside a sentence."""
    title = item.capability.title
    return title[:1].lower() + title[1:]

"""Tables of who holds and who reaches what: capabilities, chains, and roles that can be assumed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any, Final

from wmiam.access import Access
from wmiam.access.labels import place_of
from wmiam.access.people import capability_lists, principal_groups
from wmiam.export.gather import parts, table_of
from wmiam.export.table import Table
from wmiam.findings import Findings
from wmiam.findings.frames import finding_row
from wmiam.graph.assume import Assumptions, Cause
from wmiam.progress import watched

__all__ = [
    "accepted_table",
    "assumptions_table",
    "capabilities_table",
    "chains_table",
    "findings_table",
]

#: Columns of :meth:`wmiam.access.Access.who_reaches` that are the same for sources in one row.
_ALIKE: Final = ("kind", "account", "way", "length", "decision", "when", "steps", "organizations")


def capabilities_table(access: Access) -> Table:
    """Return who holds each capability by own permissions, principals that hold it alike in one row.

    Parameters
    ----------
    access : Access
        The effective access.
    """
    rows = []
    for item in capability_lists(access, principal_groups(access)):
        about = item.capability.name, item.capability.title
        for holders in item.holders:
            arns = [access.organizations[place].arn for place in holders.organizations]
            told = holders.decision, holders.when, holders.through
            for principals in parts([principal.arn for principal in holders.principals]):
                for organizations in parts(arns):
                    rows.append((*about, principals, holders.principals[0].account, organizations, *told))
    return table_of("capabilities", rows)


def chains_table(access: Access, *, progress: bool | None = None) -> Table:
    """Return who comes to each capability by becoming others, those that do so in the same way in one row.

    Parameters
    ----------
    access : Access
        The effective access.
    progress : bool, optional
        Whether to show a progress bar; by default where it takes long and a person watches.
    """
    rows = []
    capabilities = access.catalog.capabilities
    for capability in watched(capabilities, "Following chains", unit=" capabilities", progress=progress):
        alike: dict[tuple[Any, ...], list[str]] = defaultdict(list)
        frame = access.who_reaches(capability.name)
        for row in frame[frame["way"] != "direct"].to_dict("records"):
            alike[tuple(row[name] for name in _ALIKE)].append(row["principal"])
        for (*way, arns), sources in alike.items():
            for principals in parts(sources):
                for organizations in parts(arns):
                    rows.append((capability.name, principals, *way, organizations))
    return table_of("chains", rows)


def findings_table(found: Findings, *, check: bool) -> Table:
    """Return findings, the gravest first.

    Parameters
    ----------
    found : Findings
        What was found.
    check : bool
        Whether mends are tried.
    """
    return table_of("findings", [tuple(finding_row(finding, check=check).values()) for finding in found])


def accepted_table(found: Findings) -> Table:
    """Return findings that are set aside, with who accepts them and until when.

    Parameters
    ----------
    found : Findings
        What was found.
    """
    rows = []
    for aside in found.suppressed:
        finding, by = aside.finding, aside.suppression
        about = finding.id, finding.rule, finding.title, str(finding.severity), finding.summary
        rows.append((*about, by.reason, by.by, by.expires.isoformat()))
    return table_of("accepted", rows)


def assumptions_table(access: Access) -> Table:
    """Return who can assume which role, by role and caller.

    Parameters
    ----------
    access : Access
        The effective access.
    """
    rows = []
    for edge in Assumptions.of(access).edges:
        place = (None, None) if edge.origin is None else (edge.origin.source.name, edge.origin.pointer)
        rows.append(
            (
                edge.source,
                edge.target,
                edge.action,
                edge.decision,
                list(edge.conditions),
                None if edge.chained is None else list(edge.chained),
                edge.same_account,
                edge.grant,
                edge.reason,
                _causes(edge.trust),
                _causes(edge.identity),
                *place,
            )
        )
    return table_of("assumptions", rows)


def _causes(causes: Iterable[Cause]) -> list[str]:
    """Return ``policy#Sid (file:line)`` of statements."""
    told = [(cause.label, place_of(cause.policy, cause.statement.pointer)) for cause in causes]
    return [f"{label} ({place})" if place else label for label, place in told]

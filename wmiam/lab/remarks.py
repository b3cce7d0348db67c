"""Findings as the page's script reads them: those about what is shown, and one with evidence and mend."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from wmiam.access import Access
from wmiam.findings.text import check_text
from wmiam.lab.found import findings_of
from wmiam.lab.view import View
from wmiam.views.statements import statement_lines
from wmiam.views.text import visible

if TYPE_CHECKING:
    from wmiam.findings import Finding, Findings, Mend, StatementEvidence

__all__ = ["finding_list", "finding_model", "findings_model", "shown_findings"]

#: The most findings, statements, sentences and names that the page is told of.
_MOST: Final = 200
_EVIDENCE: Final = 12


def shown_findings(view: View) -> Findings:
    """Return the findings that are about something that a view shows, of those so grave as it asks for.

    Parameters
    ----------
    view : View
        What is shown; a selected finding leaves out no other.
    """
    filters, selection = view.filters, view.selection
    some = filters.principals or filters.account or selection.principal
    people = {principal.arn for principal in view.principals} if some else None
    actions = set(view.actions)
    known = {action.full_name for action in view.access.catalog.actions}
    found = view.grave
    return found.where(
        lambda finding: (
            (people is None or not finding.principals or not people.isdisjoint(finding.principals))
            and (known.isdisjoint(finding.actions) or not actions.isdisjoint(finding.actions))
            and (
                not filters.organization
                or not finding.organizations
                or filters.organization in finding.organizations
            )
        )
    )


def finding_list(view: View) -> dict[str, Any]:
    """Return the findings about what a view shows as JSON values.

    Parameters
    ----------
    view : View
        What is shown.

    Returns
    -------
    dict
        ``total``; ``of`` (all in the estate); ``rows``: id, severity, title, summary, and number of
        principals of the gravest ones.
    """
    found = shown_findings(view)
    return {
        "total": len(found),
        "of": len(findings_of(view.access)),
        "rows": [_row(finding) for finding in found[:_MOST]],
    }


def _row(finding: Finding) -> list[Any]:
    about = len(finding.principals)
    return [finding.id, str(finding.severity), visible(finding.title), visible(finding.summary), about]


def finding_model(
    finding: Finding, access: Access | None = None, *, tried: bool = False, name: str = ""
) -> dict[str, Any]:
    """Return a finding with its evidence and mend as JSON values.

    Parameters
    ----------
    finding : Finding
        The finding.
    access : Access, optional
        Where it was found, for the labels of organizations.
    tried : bool
        Whether its mend is tried on a copy; else that is left for later.
    name : str
        What the user calls the access, for the Python of it.

    Notes
    -----
    ARNs of principals are as they are, because they are sent back; whoever shows one uses ``visible``
    of the page's script.
    """
    evidence, mend = finding.evidence, finding.mend
    witness = evidence.witness
    labels = {o.arn: o.label for o in access.organizations} if access is not None else {}
    named = finding.principals
    return {
        "kind": "finding",
        "id": finding.id,
        "severity": str(finding.severity),
        "title": visible(finding.title),
        "summary": visible(finding.summary),
        "reason": visible(finding.reason),
        "principals": named[:_EVIDENCE],
        "morePrincipals": max(0, len(named) - _EVIDENCE),
        "organizations": [visible(labels.get(arn, arn)) for arn in finding.organizations],
        "actions": [*finding.actions[:_EVIDENCE]],
        "moreActions": max(0, len(finding.actions) - _EVIDENCE),
        "statements": [_statement(statement) for statement in evidence.statements[:_EVIDENCE]],
        "moreStatements": max(0, len(evidence.statements) - _EVIDENCE),
        "details": [visible(text) for text in evidence.details[:_EVIDENCE]],
        "moreDetails": max(0, len(evidence.details) - _EVIDENCE),
        "witness": []
        if witness is None
        else [
            [key, visible(str(value))]
            for key, value in (
                ("principal", witness.principal),
                ("action", witness.action),
                ("resource", witness.resource),
                *witness.context.items(),
            )
        ],
        "depends": [] if witness is None else [visible(text) for text in witness.depends],
        "mend": _mend(mend, tried=tried),
        "python": f"{name}.findings()[{finding.id!r}]" if name else "",
    }


def findings_model(findings: Sequence[Finding], access: Access | None = None) -> dict[str, Any]:
    """Return findings, each with its evidence and mend, for a page that asks no kernel.

    Parameters
    ----------
    findings : sequence of Finding
        What :meth:`wmiam.Access.findings` returned; the gravest two hundred are told.
    access : Access, optional
        As for :func:`finding_model`.
    """
    shown = findings[:_MOST]
    return {
        "total": len(findings),
        "of": len(findings),
        "rows": [_row(finding) for finding in shown],
        "told": {finding.id: finding_model(finding, access) for finding in shown},
    }


def _mend(mend: Mend, *, tried: bool) -> dict[str, Any]:
    check = mend.check if tried else None
    return {
        "what": visible(mend.what),
        "why_not": visible(mend.why_not),
        "instead": visible(mend.instead),
        "can": bool(mend.what and mend.changes),
        "tried": "" if check is None else visible(check_text(check)),
        "rows": [] if check is None else [visible(row) for row in check.rows],
    }


def _statement(evidence: StatementEvidence) -> dict[str, Any]:
    first, *others = evidence.pointers
    # Pointers are relative to the document; a line's to the statement that is laid out.
    parts = [pointer.removeprefix(first) for pointer in others]
    lines = statement_lines(evidence.policy, first, keep=parts) if evidence.label else ()
    return {
        "name": visible(evidence.name),
        "place": visible(evidence.place),
        "pointer": visible(evidence.pointer),
        "label": visible(evidence.label),
        "lines": [[visible(line.text), line.decides(parts)] for line in lines],
    }

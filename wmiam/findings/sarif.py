"""Findings as SARIF 2.1.0, so that code hosts show them at the line.

Source: OASIS, "Static Analysis Results Interchange Format (SARIF) Version 2.1.0".
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from wmiam.findings.collection import Findings
from wmiam.findings.model import Finding, FindingSeverity, StatementEvidence
from wmiam.findings.suppress import Suppression
from wmiam.findings.table import RULES
from wmiam.origin import Origin, SourceFile

__all__ = ["FINGERPRINT", "sarif"]

#: Name of the fingerprint that holds a finding's id; another meaning would get another number.
FINGERPRINT: Final = "wmiamFindingId/v1"
_SCHEMA: Final = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_LEVEL: Final = {
    FindingSeverity.CRITICAL: "error",
    FindingSeverity.HIGH: "error",
    FindingSeverity.MEDIUM: "warning",
    FindingSeverity.LOW: "note",
    FindingSeverity.INFO: "note",
}
#: Scores as code hosts read them: over 9 critical, from 7 high, from 4 medium, above 0 low.
_SCORE: Final = {
    FindingSeverity.CRITICAL: "9.5",
    FindingSeverity.HIGH: "8.0",
    FindingSeverity.MEDIUM: "5.5",
    FindingSeverity.LOW: "2.0",
    FindingSeverity.INFO: "0.0",
}


def sarif(findings: Findings, *, root: Path | None = None, check: bool = False) -> dict[str, Any]:
    """Return findings as one SARIF log with one run.

    Parameters
    ----------
    findings : Findings
        What was found; what is suppressed is in the log, too, marked as such.
    root : pathlib.Path, optional
        Folder that file names are relative to, e.g. the top of a repository; by default the working
        folder.  Files outside it keep the name that they were read by.
    check : bool
        Whether mends are tried, and told with what they take away.
    """
    from wmiam import __version__

    root = (root or Path.cwd()).absolute()
    every: list[tuple[Finding, Suppression | None]] = [(finding, None) for finding in findings]
    every += [(aside.finding, aside.suppression) for aside in findings.suppressed]
    return {
        "$schema": _SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "wmiam",
                        "semanticVersion": __version__,
                        "version": __version__,
                        "rules": _rules([finding for finding, _ in every]),
                    }
                },
                "columnKind": "unicodeCodePoints",
                "results": [
                    _result(finding, suppression, findings, root, check) for finding, suppression in every
                ],
            }
        ],
    }


def _rules(found: list[Finding]) -> list[dict[str, Any]]:
    """Return every rule; its score is that of its gravest finding, which code hosts show for all."""
    gravest: dict[str, FindingSeverity] = {}
    for finding in found:
        known = gravest.get(finding.rule)
        if known is None or finding.severity.rank < known.rank:
            gravest[finding.rule] = finding.severity
    return [
        {
            "id": rule.id,
            "name": "".join(part.capitalize() for part in rule.id.split("-")),
            "shortDescription": {"text": rule.title},
            "fullDescription": {"text": f"{rule.what} {rule.why}"},
            "help": {"text": f"{rule.why}\n\nSource: {rule.source}"},
            "defaultConfiguration": {"level": _LEVEL[gravest.get(rule.id, FindingSeverity.MEDIUM)]},
            "properties": {
                "tags": ["security", "iam", "workmail"],
                "security-severity": _SCORE[gravest.get(rule.id, FindingSeverity.MEDIUM)],
            },
        }
        for rule in RULES
    ]


def _result(
    finding: Finding, suppression: Suppression | None, findings: Findings, root: Path, check: bool
) -> dict[str, Any]:
    result: dict[str, Any] = {
        "ruleId": finding.rule,
        "ruleIndex": next(index for index, rule in enumerate(RULES) if rule.id == finding.rule),
        "level": _LEVEL[finding.severity],
        "message": {"text": _message(finding, check)},
        "partialFingerprints": {FINGERPRINT: finding.id},
        "properties": {
            "id": finding.id,
            "severity": str(finding.severity),
            "security-severity": _SCORE[finding.severity],
            "principals": list(finding.principals),
            "organizations": list(finding.organizations),
            "actions": list(finding.actions),
            "mend": finding.mend.patches(),
        },
    }
    places = _places(finding, findings)
    if places:
        result["locations"] = [_location(places[0], root)]
    if len(places) > 1:
        result["relatedLocations"] = [
            {"id": index, **_location(place, root)} for index, place in enumerate(places[1:20], 1)
        ]
    if suppression is not None:
        result["suppressions"] = [
            {
                "kind": "external",
                "status": "accepted",
                "justification": f"{suppression.reason} ({suppression.by}, until {suppression.expires})",
            }
        ]
    return result


def _message(finding: Finding, check: bool) -> str:
    from wmiam.findings.text import check_text

    parts = [finding.summary, finding.reason]
    if finding.mend.what:
        found = finding.mend.check if check else None
        parts.append(f"Mend: {finding.mend.what}{f' ({check_text(found)})' if found is not None else ''}.")
    elif finding.mend.instead:
        parts.append(f"Consider: {finding.mend.instead}.")
    return " ".join(parts)


#: A place with what it is called.
_Place = tuple[Origin, str]


def _places(finding: Finding, findings: Findings) -> list[_Place]:
    """Return the places of a finding: its statements, else its organizations, else its principals."""
    places = [
        (origin, _logical(statement))
        for statement in finding.evidence.statements
        if (origin := statement.origin) is not None
    ]
    if places:
        return places
    estate = findings.estate
    things = [(o.origin, o.arn) for o in estate.organizations if o.arn in finding.organizations]
    things += [(p.origin, p.arn) for p in estate.principals if p.arn in finding.principals]
    return [(origin, arn) for origin, arn in things if origin is not None]


def _logical(statement: StatementEvidence) -> str:
    return f"{statement.policy.key}#{statement.label}" if statement.label else statement.policy.key


def _location(place: _Place, root: Path) -> dict[str, Any]:
    origin, name = place
    physical: dict[str, Any] = {"artifactLocation": {"uri": _uri(origin.source, root)}}
    position = origin.position
    if position is not None:
        physical["region"] = {"startLine": position.line, "startColumn": position.column}
    return {"physicalLocation": physical, "logicalLocations": [{"fullyQualifiedName": name}]}


def _uri(source: SourceFile, root: Path) -> str:
    """Return a file's name as a relative reference (RFC 3986): no scheme, no leading slash."""
    name = source.name
    if source.path is not None:
        path = source.path.absolute()
        if path.is_relative_to(root):
            name = path.relative_to(root).as_posix()
    # A colon in the first segment would be read as a scheme; quote() escapes it with the rest.
    return quote(name.lstrip("/").encode("utf-8", "surrogatepass"), safe="/")

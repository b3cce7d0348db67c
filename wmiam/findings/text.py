"""Findings as text for a terminal."""

from __future__ import annotations

from collections.abc import Iterator

from wmiam.findings.collection import Findings
from wmiam.findings.mend import Mend, MendCheck
from wmiam.findings.model import Finding
from wmiam.views.text import count

__all__ = ["check_text", "finding_text", "findings_text", "headline"]

#: Statements and details of a finding that are listed.
_MOST = 4


def headline(findings: Findings) -> str:
    """Return how many findings there are of each severity, in a sentence.

    Parameters
    ----------
    findings : Findings
        All of them.
    """
    told = ", ".join(f"{number} {name}" for name, number in findings.counts().items() if number)
    aside = f"; {len(findings.suppressed)} suppressed" if findings.suppressed else ""
    return f"{count(len(findings), 'finding')}{f': {told}' if told else ''}{aside}"


def findings_text(findings: Findings, *, check: bool) -> str:
    """Return findings as text; see :meth:`wmiam.findings.Findings.to_text`."""
    parts = [headline(findings)]
    parts += ["\n".join(_lines(finding, check)) for finding in findings]
    parts += ["\n".join(f"Note: {note}" for note in findings.notes)] if findings.notes else []
    return "\n\n".join(parts)


def finding_text(finding: Finding) -> str:
    """Return one finding as text, its mend not tried.

    Parameters
    ----------
    finding : Finding
        The finding.
    """
    return "\n".join(_lines(finding, check=False))


def _lines(finding: Finding, check: bool) -> Iterator[str]:
    evidence = finding.evidence
    yield f"{finding.severity.upper()}  {finding.title}  [{finding.id}]"
    yield f"  {finding.summary}"
    yield f"  Why {finding.severity}: {finding.reason}"
    yield from _some("  by ", [str(statement) for statement in evidence.statements])
    yield from _some("  - ", list(evidence.details))
    if evidence.witness is not None:
        yield f"  for example: {evidence.witness}"
    yield from _mend(finding.mend, check)


def _some(head: str, lines: list[str]) -> Iterator[str]:
    for line in lines[:_MOST]:
        yield f"{head}{line}"
    if len(lines) > _MOST:
        yield f"{head}… {len(lines) - _MOST:,} more"


def _mend(mend: Mend, check: bool) -> Iterator[str]:
    if mend.what:
        yield f"  Mend: {mend.what}"
        found = mend.check if check else None
        if found is not None:
            yield f"    {check_text(found)}"
            for row in found.rows[:2]:
                yield f"    - {row}"
    else:
        yield f"  No mend that is safe to name: {mend.why_not}"
    if mend.instead:
        yield f"  Consider: {mend.instead}"


def check_text(check: MendCheck) -> str:
    """Return what a mend does, in a sentence.

    Parameters
    ----------
    check : MendCheck
        What was found by trying it.
    """
    if check.cannot_tell:
        return "tried on a copy: what could not be read leaves open what it does"
    added = "adds nothing" if not check.adds else f"adds {count(check.adds, 'permission')}"
    if not check.takes_away:
        return f"tried on a copy: {added}, and takes nothing away"
    lost = count(check.takes_away, "permission")
    return f"tried on a copy: {added}; takes {lost} from {count(len(check.losing), 'principal')}"

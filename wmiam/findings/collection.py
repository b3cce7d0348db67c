"""Findings together: ranked, by severity, as frame, text and HTML."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, overload

from wmiam.errors import UnknownNameError
from wmiam.estate.estate import Estate
from wmiam.findings.model import Finding, FindingSeverity

if TYPE_CHECKING:
    import pandas as pd

    from wmiam.findings.suppress import Suppressed

__all__ = ["Findings"]


class Findings(Sequence[Finding]):
    """The findings of an estate, the gravest first.

    Parameters
    ----------
    found : iterable of Finding
        In order.
    suppressed : iterable of Suppressed
        What was set aside, each with what sets it aside.
    notes : iterable of str
        What is to be said of the suppressions: expired, or matching nothing.
    estate : Estate
        What they are about.
    """

    def __init__(
        self,
        found: Iterable[Finding],
        *,
        suppressed: Iterable[Suppressed] = (),
        notes: Iterable[str] = (),
        estate: Estate,
    ) -> None:
        self._found = tuple(found)
        self.suppressed = tuple(suppressed)
        self.notes = tuple(notes)
        self.estate = estate

    def __len__(self) -> int:
        return len(self._found)

    def __iter__(self) -> Iterator[Finding]:
        return iter(self._found)

    @overload
    def __getitem__(self, index: int | str) -> Finding: ...
    @overload
    def __getitem__(self, index: slice) -> Findings: ...
    def __getitem__(self, index: int | str | slice) -> Finding | Findings:
        """Return a finding by its position or id, or some by a slice.

        Raises
        ------
        UnknownNameError
            If there is no such id.
        """
        if isinstance(index, str):
            for finding in self._found:
                if finding.id == index:
                    return finding
            raise UnknownNameError("finding", index, [f.id for f in self._found if f.rule in index])
        if isinstance(index, slice):
            return self._some(self._found[index])
        return self._found[index]

    def _some(self, found: Iterable[Finding]) -> Findings:
        return Findings(found, suppressed=self.suppressed, notes=self.notes, estate=self.estate)

    def of(
        self,
        rule: str | None = None,
        *,
        severity: str | None = None,
        principal: str | None = None,
    ) -> Findings:
        """Return some of the findings.

        Parameters
        ----------
        rule : str, optional
            Only those of this rule.
        severity : str, optional
            Only those at least as grave.
        principal : str, optional
            Only those that concern this principal, by ARN.

        Raises
        ------
        UnknownNameError
            If there is no such severity.
        """
        known = [str(name) for name in FindingSeverity]
        if severity is not None and severity not in known:
            raise UnknownNameError("severity", severity, known)
        least = FindingSeverity(severity) if severity is not None else FindingSeverity.INFO
        return self._some(
            f
            for f in self._found
            if (rule is None or f.rule == rule)
            and f.severity.at_least(least)
            and (principal is None or principal in f.principals)
        )

    def where(self, wanted: Callable[[Finding], bool]) -> Findings:
        """Return the findings of which something is true.

        Parameters
        ----------
        wanted : callable
            Takes a finding, and says whether it stays.
        """
        return self._some(finding for finding in self._found if wanted(finding))

    def about(self, cells: pd.DataFrame) -> pd.DataFrame:
        """Return those rows of a frame of cells that some of the findings are about.

        Parameters
        ----------
        cells : pandas.DataFrame
            As :meth:`wmiam.Access.cells` returns it.  A finding about principals is about all that
            they can do, unless it names actions of WorkMail or organizations.
        """
        from wmiam.findings.about import cells_about

        return cells_about(self._found, cells)

    def by_severity(self) -> dict[FindingSeverity, tuple[Finding, ...]]:
        """Return the findings of each severity, the gravest first; severities without any are left out."""
        return {
            severity: found
            for severity in FindingSeverity
            if (found := tuple(f for f in self._found if f.severity is severity))
        }

    def counts(self) -> dict[str, int]:
        """Return how many findings there are of each severity, none included."""
        by = self.by_severity()
        return {str(severity): len(by.get(severity, ())) for severity in FindingSeverity}

    def frame(self, *, check: bool = False) -> pd.DataFrame:
        """Return the findings as a frame, a row each.

        Parameters
        ----------
        check : bool
            Whether every mend is tried, so that ``adds`` and ``takes_away`` are filled; it takes a
            comparison for each.

        Returns
        -------
        pandas.DataFrame
            Columns ``id``, ``rule``, ``title``, ``severity`` (ordered categorical), ``reason``,
            ``summary``, ``principals``, ``organizations``, ``actions`` (lists), ``statements``
            (list of ``policy#Sid (file:line)``), ``details`` (list), ``witness`` (request, or None),
            ``mend``, ``why_not``, ``instead``, ``adds`` and ``takes_away`` (numbers, or None where
            nothing was tried).
        """
        from wmiam.findings.frames import findings_frame

        return findings_frame(self, check=check)

    def to_text(self, *, check: bool = True) -> str:
        """Return the findings as text for a terminal.

        Parameters
        ----------
        check : bool
            Whether the mends are tried, and told with what they take away.
        """
        from wmiam.findings.text import findings_text

        return findings_text(self, check=check)

    def __str__(self) -> str:
        """Return the findings as text for a terminal, mends not tried."""
        return self.to_text(check=False)

    def __repr__(self) -> str:
        told = ", ".join(f"{number} {name}" for name, number in self.counts().items() if number)
        return f"<Findings: {told or 'none'}>"

    def _repr_html_(self) -> str:
        from wmiam.views.findings import findings_html

        return findings_html(self)

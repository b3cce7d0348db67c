"""Findings in the explorer: looked for once, and as sets of cells that are counted without making rows.

The rules are imported when somebody asks for them, so that the first screen does not wait for them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from wmiam.access import Access
from wmiam.engine.compile import ACTIONS
from wmiam.engine.resources import ResourceKind
from wmiam.engine.scope import Scope

if TYPE_CHECKING:
    from wmiam.findings import Finding, Findings
    from wmiam.findings.about import Subject

__all__ = ["About", "SubjectKey", "findings_of"]

#: Which subjects a principal is one of; those with equal ones are alike.
SubjectKey = tuple[int, ...]


def findings_of(access: Access) -> Findings:
    """Return the findings of an access, looked for once.

    Parameters
    ----------
    access : Access
        The access; what is fixed of contexts does not count.
    """
    found: Findings | None = access.memo.get("findings")
    if found is None:
        found = access.memo["findings"] = access.findings()
    return found


class About:
    """The cells that some findings are about, in the sets that an evaluation has.

    Parameters
    ----------
    findings : iterable of Finding
        The findings.
    """

    def __init__(self, findings: Iterable[Finding]) -> None:
        from wmiam.findings.about import Subject

        found = (Subject.of(finding) for finding in findings)
        self._subjects: Sequence[Subject] = list(dict.fromkeys(s for s in found if s is not None))
        self._bits = [_bits(subject) for subject in self._subjects]
        self._everybody = tuple(at for at, s in enumerate(self._subjects) if s.principals is None)
        of: dict[str, list[int]] = {}
        for at, subject in enumerate(self._subjects):
            for arn in subject.principals or ():
                of.setdefault(arn, [*self._everybody]).append(at)
        self._of = {arn: tuple(numbers) for arn, numbers in of.items()}
        self._parts: dict[tuple[Scope, SubjectKey], tuple[tuple[int, int], ...]] = {}

    def key(self, arn: str) -> SubjectKey:
        """Return which subjects a principal is one of.

        Parameters
        ----------
        arn : str
            ARN of the principal.
        """
        return self._of.get(arn, self._everybody)

    def parts(self, scope: Scope, key: SubjectKey) -> tuple[tuple[int, int], ...]:
        """Return disjoint sets of an account's resources, each with the actions that are shown there.

        Parameters
        ----------
        scope : Scope
            The account's resources.
        key : tuple of int
            What :meth:`key` returned.
        """
        found = self._parts.get((scope, key))
        if found is None:
            found = self._parts[scope, key] = tuple(self._disjoint(scope, key))
        return found

    def _disjoint(self, scope: Scope, key: SubjectKey) -> list[tuple[int, int]]:
        found: list[tuple[int, int]] = []
        for at in key:
            subject, actions = self._subjects[at], self._bits[at]
            rest = scope.chosen(subject.organizations)
            if subject.organizations is not None and subject.actions is None:
                rest &= ~scope.kind(ResourceKind.NONE)
            parted: list[tuple[int, int]] = []
            for resources, known in found:
                shared = resources & rest
                parted += [(resources & ~shared, known)] if resources & ~shared else []
                parted += [(shared, known | actions)] if shared else []
                rest &= ~shared
            found = [*parted, (rest, actions)] if rest else parted
        return found

    def elsewhere(self, key: SubjectKey, organization: str) -> int:
        """Return the actions that are shown on an organization of whichever account.

        Parameters
        ----------
        key : tuple of int
            What :meth:`key` returned.
        organization : str
            ARN, or ``"*"`` for actions that take none.
        """
        found = 0
        for at in key:
            if self._subjects[at].is_about(organization):
                found |= self._bits[at]
        return found


def _bits(subject: Subject) -> int:
    if subject.actions is None:
        return ACTIONS.all
    return sum(1 << ACTIONS.index[name] for name in subject.actions)

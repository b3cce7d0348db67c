"""What would mend a finding: a change of policies, tried on a copy of the estate and compared.

The copy holds only the principals whose access the change can touch, so that the
check costs what they cost, however large the estate is.  It is made when somebody
looks at it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Final

from wmiam.errors import PolicyError
from wmiam.estate.change import with_policy
from wmiam.estate.estate import Estate
from wmiam.estate.model import Policy, Principal
from wmiam.findings.documents import WHOLE, Operation, document_json, patched
from wmiam.policy.model import CURRENT_VERSION, PolicyDocument

__all__ = ["Mend", "MendCheck", "PolicyChange"]

#: Rows of what a mend takes away that are listed in full.
SHOWN: Final = 5
#: Principals up to which a change is compared cell by cell to write such rows.
_MOST_ROWS: Final = 2000


@dataclass(frozen=True, slots=True)
class PolicyChange:
    """A change of one policy document.

    Parameters
    ----------
    policy : Policy
        The policy as it is.
    patch : tuple of dict
        JSON Patch (RFC 6902), relative to the document.
    """

    policy: Policy
    patch: tuple[Operation, ...]

    @property
    def deletes(self) -> bool:
        """Whether nothing is left of the policy."""
        return self.patch == WHOLE

    def document(self) -> dict[str, Any]:
        """Return the changed document; for a policy that is deleted one that allows nothing.

        Raises
        ------
        PolicyError
            If the document could not be read, or has no such place.
        """
        before = document_json(self.policy)
        if before is None:
            raise PolicyError(f"{self.policy.name} could not be read in full")
        if self.deletes:
            return {"Version": before.get("Version", CURRENT_VERSION), "Statement": []}
        try:
            return patched(before, self.patch)
        except (LookupError, ValueError, TypeError) as error:
            raise PolicyError(f"{self.policy.name} has no place {error}") from error


@dataclass(frozen=True, slots=True)
class MendCheck:
    """What a mend would do, found by comparing the estate with a changed copy.

    Parameters
    ----------
    adds, takes_away : int
        Numbers of principals, actions and organizations that gain and lose requests.
    cannot_tell : int
        Number of those of which what could not be read leaves it open.
    losing : tuple of str
        ARNs of the principals that lose something.
    rows : tuple of str
        A few of what is lost, in words.
    """

    adds: int
    takes_away: int
    cannot_tell: int
    losing: tuple[str, ...]
    rows: tuple[str, ...]

    @property
    def adds_nothing(self) -> bool:
        """Whether nobody gains anything."""
        return not self.adds and not self.cannot_tell


#: Checks a change of something that is no access to WorkMail: who can assume a role, or change IAM.
Checker = Callable[[Estate, Estate], MendCheck]


class Mend:
    """What would mend a finding.

    Parameters
    ----------
    what : str
        The change in a sentence; ``""`` where none can be named.
    changes : sequence of PolicyChange
        The change exactly; several policies where they are copies of one another.
    why_not : str
        Why no safe change can be named; ``""`` where one is.
    instead : str
        What the author may have meant, and what to consider.
    estate : Estate, optional
        What the change is tried on.
    people : sequence of Principal
        Those whose access it can touch.
    check : callable, optional
        Compares a copy before and after; by default by access to WorkMail.
    """

    def __init__(
        self,
        what: str = "",
        changes: Sequence[PolicyChange] = (),
        *,
        why_not: str = "",
        instead: str = "",
        estate: Estate | None = None,
        people: Sequence[Principal] = (),
        check: Checker | None = None,
    ) -> None:
        self._what = what
        self.changes = tuple(changes)
        self._why_not = why_not
        self.instead = instead
        self._estate = estate
        self._people = tuple(people)
        self._checker = check or compared

    @property
    def what(self) -> str:
        """The change in a sentence; ``""`` where none can be named."""
        return "" if self.why_not else self._what

    @property
    def is_local(self) -> bool:
        """Whether trying it costs what the people concerned cost, however large the estate is."""
        return self._checker is compared

    @cached_property
    def why_not(self) -> str:
        """Why no safe change can be named; ``""`` where one is."""
        if self._why_not:
            return self._why_not
        for change in self.changes:
            try:
                change.document()
            except PolicyError as error:
                return f"{error.message}, so that it cannot be written anew"
        return ""

    def apply(self, estate: Estate) -> Estate:
        """Return a copy of an estate with the change made.

        Parameters
        ----------
        estate : Estate
            The estate that the finding is about, or a part of it.

        Raises
        ------
        PolicyError
            If there is no change to make.
        """
        if self.why_not:
            raise PolicyError(self.why_not)
        for change in self.changes:
            if change.deletes:
                nothing = PolicyDocument(CURRENT_VERSION)
                estate = with_policy(estate, change.policy, nothing)
            else:
                estate = with_policy(estate, change.policy, change.document())
        return estate

    @cached_property
    def check(self) -> MendCheck | None:
        """What the change would do; None where there is none.  Worked out when first asked for."""
        if self.why_not or not self.changes or self._estate is None:
            return None
        part = replace(self._estate, principals=self._people, diagnostics=())
        return self._checker(part, self.apply(part))

    def patches(self) -> list[dict[str, Any]]:
        """Return the change of each policy: its key and the JSON Patch of its document."""
        if self.why_not:
            return []
        return [{"policy": c.policy.key, "patch": [dict(o) for o in c.patch]} for c in self.changes]

    def __repr__(self) -> str:
        return f"<Mend: {self.what or 'none: ' + self.why_not}>"


def compared(before: Estate, after: Estate) -> MendCheck:
    """Return what a change does to access, by comparison of the two estates.

    Parameters
    ----------
    before, after : Estate
        The principals concerned, as they are and as they would be.
    """
    from wmiam.compare import compare
    from wmiam.views.text import short_arn

    comparison = compare(before, after, progress=False)
    counts = comparison.counts()
    moved = counts.get("moved", 0)
    _, losing, _ = comparison.people()
    rows: list[str] = []
    if len(before.principals) <= _MOST_ROWS:
        for change in comparison.rows():
            if change.change in ("revoked", "narrowed", "moved"):
                where = (
                    "" if change.organization == "*" else f" on {comparison.names.short(change.organization)}"
                )
                lost = comparison.lost(change)
                when = "" if lost in ("", "always") else f", {lost}"
                rows.append(f"{short_arn(change.principal.arn)} {change.action}{where}{when}")
                if len(rows) == SHOWN:
                    break
    return MendCheck(
        counts.get("granted", 0) + counts.get("widened", 0) + moved,
        counts.get("revoked", 0) + counts.get("narrowed", 0) + moved,
        counts.get("cannot tell", 0),
        losing,
        tuple(rows),
    )

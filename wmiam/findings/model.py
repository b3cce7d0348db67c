"""What a finding is: who may do what because of which statements, why it matters, and what would mend it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from wmiam.access.labels import place_of
from wmiam.estate.model import Policy
from wmiam.origin import Origin

if TYPE_CHECKING:
    import pandas as pd

    from wmiam.findings.mend import Mend

__all__ = ["Evidence", "Finding", "FindingSeverity", "StatementEvidence", "WitnessRequest", "finding_id"]


class FindingSeverity(StrEnum):
    """How much a finding matters.

    ``CRITICAL``: somebody outside the estate, or everybody in it, reaches mail.
    ``HIGH``: mail can be read, taken over or exported in a way that its owners hardly meant.
    ``MEDIUM``: such access is wider than it need be, or other abuse is possible.
    ``LOW``: somebody gains or loses a little, or less than meant.
    ``INFO``: worth knowing; nobody gains or loses anything by it.
    """

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"
    INFO = "info"

    @property
    def rank(self) -> int:
        """Position from the gravest, 0, on."""
        return list(FindingSeverity).index(self)

    def at_least(self, other: FindingSeverity) -> bool:
        """Whether it is as grave as another, or graver."""
        return self.rank <= other.rank


@dataclass(frozen=True, slots=True)
class StatementEvidence:
    """A statement, or a whole policy, that a finding rests on.

    Parameters
    ----------
    policy : Policy
        The policy.
    label : str
        Sid or index of the statement; ``""`` for the whole policy.
    pointers : tuple of str
        JSON pointers, relative to the policy's document, of what matters: the statement first.
    """

    policy: Policy
    label: str = ""
    pointers: tuple[str, ...] = ("",)

    @property
    def origin(self) -> Origin | None:
        """The place of what matters most; None where the policy comes from no file."""
        if self.policy.origin is None:
            return None
        return self.policy.origin.below(self.pointers[-1])

    @property
    def name(self) -> str:
        """``policy#Sid``."""
        return f"{self.policy.name}#{self.label}" if self.label else self.policy.name

    @property
    def place(self) -> str:
        """``file:line``; ``""`` where the policy comes from no file."""
        return place_of(self.policy, self.pointers[-1])

    @property
    def pointer(self) -> str:
        """JSON pointer from the top of the file; relative to the document where there is no file."""
        return self.pointers[-1] if self.origin is None else self.origin.pointer

    def __str__(self) -> str:
        """Return ``policy#Sid (file:line)``."""
        place = self.place
        return f"{self.name} ({place})" if place else self.name


@dataclass(frozen=True, slots=True)
class WitnessRequest:
    """A request that the reference evaluator allows, and that shows the finding.

    Parameters
    ----------
    principal, action, resource : str
        Who asks for what.
    context : dict of str to str or list of str
        Context keys of the request, those apart that follow from principal and resource.
    when : str
        What of the context matters, in words.
    depends : tuple of str
        What could not be read and is taken to hold: with any, the request alone is no proof.
    """

    principal: str
    action: str
    resource: str
    context: dict[str, str | list[str]] = field(default_factory=dict)
    when: str = ""
    depends: tuple[str, ...] = ()

    def request(self) -> dict[str, Any]:
        """Return the request as a line of ``wmiam simulate`` holds it."""
        return {
            "principal": self.principal,
            "action": self.action,
            "resource": self.resource,
            "context": dict(self.context),
        }

    def __str__(self) -> str:
        """Return who, what and when."""
        target = "" if self.resource == "*" else f" on {self.resource}"
        return f"{self.principal} {self.action}{target} {self.when}".rstrip()


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a finding rests on.

    Parameters
    ----------
    statements : tuple of StatementEvidence
        The statements, the deciding one first.
    details : tuple of str
        What else shows it, in sentences: lists of what a pattern includes, a path.
    witness : WitnessRequest or None
        A request that the reference evaluator allows; None where the finding is about what is
        not allowed, or about no request.
    """

    statements: tuple[StatementEvidence, ...] = ()
    details: tuple[str, ...] = ()
    witness: WitnessRequest | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Finding:
    """One observation about an estate.

    Parameters
    ----------
    id : str
        Rule and a short hash of what identifies the finding; stays the same when files are
        reordered or lines move.
    rule, title : str
        The rule that found it, and its heading.
    severity : FindingSeverity
        How much it matters.
    reason : str
        Why so much, in a sentence.
    summary : str
        What was found, in plain words.
    evidence : Evidence
        Statements, paths and a request that show it.
    mend : Mend
        What to change, checked on a copy of the estate; or why no safe change can be named.
    principals, organizations : tuple of str
        ARNs of those concerned.
    actions : tuple of str
        Full names of the actions concerned.
    """

    id: str
    rule: str
    title: str
    severity: FindingSeverity
    reason: str
    summary: str
    evidence: Evidence
    mend: Mend
    principals: tuple[str, ...] = ()
    organizations: tuple[str, ...] = ()
    actions: tuple[str, ...] = ()

    @property
    def policies(self) -> tuple[str, ...]:
        """Keys of the policies that it rests on: ARNs, or owner and name."""
        return tuple(dict.fromkeys(s.policy.key for s in self.evidence.statements))

    @property
    def place(self) -> str:
        """``file:line`` of the deciding statement; ``""`` where there is none."""
        return self.evidence.statements[0].place if self.evidence.statements else ""

    def about(self, cells: pd.DataFrame) -> pd.DataFrame:
        """Return those rows of a frame of cells that it is about; as :meth:`Findings.about`.

        Parameters
        ----------
        cells : pandas.DataFrame
            As :meth:`wmiam.Access.cells` returns it.
        """
        from wmiam.findings.about import cells_about

        return cells_about([self], cells)

    def __str__(self) -> str:
        """Return the finding as text for a terminal, without checking its mend."""
        from wmiam.findings.text import finding_text

        return finding_text(self)

    def __repr__(self) -> str:
        return f"<Finding {self.id} ({self.severity}): {self.summary}>"

    def _repr_html_(self) -> str:
        from wmiam.views.findings import finding_html

        return finding_html(self)


def finding_id(rule: str, *identity: Iterable[str] | str) -> str:
    """Return a stable id: the rule, and ten hexadecimal digits of what identifies a finding.

    Parameters
    ----------
    rule : str
        The rule's id.
    *identity : str or iterable of str
        What tells the finding from others of its rule: no line, no position in a file.
    """
    parts = [part if isinstance(part, str) else sorted(part) for part in identity]
    text = json.dumps(parts, ensure_ascii=True)
    return f"{rule}-{hashlib.sha256(text.encode()).hexdigest()[:10]}"

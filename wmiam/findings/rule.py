"""A rule, and what it takes to write its findings."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from wmiam.findings.mend import Mend
from wmiam.findings.model import (
    Evidence,
    Finding,
    FindingSeverity,
    StatementEvidence,
    WitnessRequest,
    finding_id,
)
from wmiam.findings.survey import Survey
from wmiam.views.text import short_arn

__all__ = ["Rule", "Weight", "listed", "named", "short_actions"]

#: Most names in a sentence; the finding itself holds all of them.
_MOST = 6


@dataclass(frozen=True, slots=True)
class Weight:
    """A severity with its reason.

    Parameters
    ----------
    severity : FindingSeverity
        How much a finding matters.
    reason : str
        Why, in a sentence.
    """

    severity: FindingSeverity
    reason: str


@dataclass(frozen=True, slots=True, eq=False)
class Rule:
    """What is looked for.

    Parameters
    ----------
    id : str
        Stable kebab-case identifier.
    title : str
        Heading of its findings.
    what, why : str
        What is found, and why it matters: a sentence each or a few.
    source : str
        Page of AWS's guides that it rests on.
    find : callable
        Yields the findings of a survey.
    """

    id: str
    title: str
    what: str
    why: str
    source: str
    find: Callable[[Rule, Survey], Iterator[Finding]]

    def finding(
        self,
        *identity: Iterable[str] | str,
        weight: Weight,
        summary: str,
        mend: Mend,
        statements: Iterable[StatementEvidence] = (),
        details: Iterable[str] = (),
        witness: WitnessRequest | None = None,
        principals: Iterable[str] = (),
        organizations: Iterable[str] = (),
        actions: Iterable[str] = (),
    ) -> Finding:
        """Return a finding of this rule; arguments as for :class:`~wmiam.findings.model.Finding`.

        Parameters
        ----------
        *identity : str or iterable of str
            What tells it from others of the rule; see :func:`~wmiam.findings.model.finding_id`.
        """
        return Finding(
            finding_id(self.id, *identity),
            self.id,
            self.title,
            weight.severity,
            weight.reason,
            summary,
            Evidence(tuple(statements), tuple(details), witness),
            mend,
            tuple(sorted(dict.fromkeys(principals))),
            tuple(sorted(dict.fromkeys(organizations))),
            tuple(sorted(dict.fromkeys(actions))),
        )


def listed(names: Iterable[str], most: int = _MOST) -> str:
    """Return names in a sentence: ``a, b and c``, or the first few and how many more.

    Parameters
    ----------
    names : iterable of str
        What to name.
    most : int
        Most that are named.
    """
    every = list(dict.fromkeys(names))
    if len(every) > most:
        return f"{', '.join(every[:most])} and {len(every) - most:,} more"
    return " and ".join([", ".join(every[:-1]), every[-1]]) if len(every) > 1 else "".join(every)


def named(arns: Iterable[str], most: int = _MOST) -> str:
    """Return principals in a sentence, each by what its ARN names without path.

    Parameters
    ----------
    arns : iterable of str
        ARNs.
    most : int
        Most that are named.
    """
    return listed((_name(arn) for arn in arns), most)


def _name(arn: str) -> str:
    name = short_arn(arn).rpartition("/")[2]
    return f"the root user of {arn.split(':')[4]}" if name == "root" and arn.endswith(":root") else name


def short_actions(actions: Iterable[str]) -> list[str]:
    """Return names of actions without the prefix ``workmail:``.

    Parameters
    ----------
    actions : iterable of str
        Full names.
    """
    return [action.removeprefix("workmail:") for action in actions]

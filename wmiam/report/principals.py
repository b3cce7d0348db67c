"""Each principal with what it can, itself and by chains; those of whom that is the same stand together."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from wmiam.estate.model import Principal
from wmiam.report.chains import ChainSurvey, Held

__all__ = ["PrincipalList", "PrincipalRow", "Standing", "principal_list"]

_WEIGHT = {"allowed": 8, "conditional": 4, "denied": 0}
_CHAINED = {"allowed": 2, "conditional": 1, "denied": 0}


@dataclass(frozen=True, slots=True)
class Standing:
    """What a principal has of one capability, on whichever organization it has most.

    Parameters
    ----------
    itself, chained : str
        Decision of what it holds itself, and of what it comes to by chains alone.
    places, further : int
        On how many organizations it holds it, and comes to it by chains alone.
    """

    itself: str
    chained: str
    places: int
    further: int

    @property
    def words(self) -> str:
        """The same in words."""
        parts = []
        if self.places:
            parts.append(f"itself: {self.itself} on {self.places}")
        if self.further:
            parts.append(f"by chains: {self.chained} on {self.further}{' more' if self.places else ''}")
        return "; ".join(parts) or "denied"


@dataclass(frozen=True, slots=True)
class PrincipalRow:
    """Principals of one account that can the same.

    Parameters
    ----------
    principals : tuple of Principal
        Who, sorted by name.
    standings : tuple of Standing
        One for each capability of the catalog.
    """

    principals: tuple[Principal, ...]
    standings: tuple[Standing, ...]


@dataclass(frozen=True, slots=True)
class PrincipalList:
    """The rows of those who have any capability, and how many principals have none."""

    rows: tuple[PrincipalRow, ...]
    without: int


def principal_list(survey: ChainSurvey) -> PrincipalList:
    """Return who has which capabilities, those with most first.

    Parameters
    ----------
    survey : ChainSurvey
        What is held, and come to by chains.
    """
    alike: dict[tuple[str, tuple[Held, ...]], list[Principal]] = defaultdict(list)
    for principal in survey.access.principals:
        held = survey.held.get(principal.arn)
        if held is not None:
            alike[principal.account, held].append(principal)
    rows = [
        PrincipalRow(
            tuple(sorted(who, key=lambda p: (p.name.lower(), p.arn))), tuple(_standing(h) for h in held)
        )
        for (_, held), who in alike.items()
    ]
    rows.sort(key=_gravest)
    return PrincipalList(tuple(rows), len(survey.access.principals) - len(survey.held))


def _standing(held: Held) -> Standing:
    return Standing(
        _decision(held.allowed, held.conditional),
        _decision(held.chained, held.chained_conditional),
        (held.allowed | held.conditional).bit_count(),
        (held.chained | held.chained_conditional).bit_count(),
    )


def _decision(allowed: int, conditional: int) -> str:
    return "allowed" if allowed else "conditional" if conditional else "denied"


def _gravest(row: PrincipalRow) -> tuple[object, ...]:
    """Return a sorting key that puts those first who can most."""
    return (-_weight(row.standings), row.principals[0].account, row.principals[0].name.lower())


def _weight(standings: Sequence[Standing]) -> int:
    return sum(_WEIGHT[standing.itself] + _CHAINED[standing.chained] for standing in standings)

"""Which cells findings are about: principals, actions and organizations."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from wmiam.catalog import load

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from wmiam.findings.model import Finding

__all__ = ["Subject", "cells_about"]


@dataclass(frozen=True, slots=True)
class Subject:
    """The cells that a finding is about: all that these have in common.

    Parameters
    ----------
    principals : frozenset of str or None
        ARNs; None for everybody.
    actions : frozenset of str or None
        Full names of WorkMail actions; None for all.
    organizations : frozenset of str or None
        ARNs; None for all.
    """

    principals: frozenset[str] | None
    actions: frozenset[str] | None
    organizations: frozenset[str] | None

    @classmethod
    def of(cls, finding: Finding) -> Self | None:
        """Return what a finding is about; None where that is nothing that somebody can do.

        Parameters
        ----------
        finding : Finding
            A finding about principals is about all that they can do, unless it names actions of
            WorkMail or organizations; one that names no principal is about everybody there.
        """
        known = load()
        actions = frozenset(name for name in finding.actions if known.get(name) is not None)
        organizations = frozenset(finding.organizations)
        if not (finding.principals or actions or organizations):
            return None
        return cls(frozenset(finding.principals) or None, actions or None, organizations or None)

    def is_about(self, organization: str) -> bool:
        """Whether it is about an organization, or, for ``"*"``, about actions that take none.

        Parameters
        ----------
        organization : str
            ARN, or ``"*"``.
        """
        if self.organizations is None:
            return True
        # An action without resource is on no organization; it counts where it is named.
        return organization in self.organizations or (organization == "*" and self.actions is not None)


def cells_about(findings: Iterable[Finding], frame: pd.DataFrame) -> pd.DataFrame:
    """Return those rows of a frame of cells that some finding is about.

    Parameters
    ----------
    findings : iterable of Finding
        The findings.
    frame : pandas.DataFrame
        With the columns ``principal``, ``action`` and ``organization``, as :meth:`wmiam.Access.cells`
        returns it.
    """
    import numpy as np
    import pandas as pd

    subjects = {subject for finding in findings if (subject := Subject.of(finding)) is not None}
    columns = [pd.factorize(frame[name]) for name in ("principal", "action", "organization")]
    keep = np.zeros(len(frame), dtype=bool)
    for subject in subjects:
        every = np.ones(len(frame), dtype=bool)
        places = [name for name in columns[2][1] if subject.is_about(name)]
        for (codes, names), wanted in zip(
            columns, (subject.principals, subject.actions, places), strict=True
        ):
            if wanted is not None:
                every &= _among(names, wanted)[codes]
        keep |= every
    return frame[keep].reset_index(drop=True)


def _among(names: Any, wanted: Collection[str]) -> NDArray[np.bool_]:
    import numpy as np

    return np.fromiter((name in wanted for name in names), dtype=bool, count=len(names))

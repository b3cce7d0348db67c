"""Pages of the table: rows of a frame of cells that may have millions, made where somebody looks."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from wmiam.access.cells import CellRow
from wmiam.access.core import DECISIONS
from wmiam.engine.compile import ACTIONS
from wmiam.estate.model import Principal
from wmiam.lab.tally import Key, Tally
from wmiam.lab.view import SHOWN, View
from wmiam.views.text import visible

__all__ = ["RowPages"]

#: The most rows of a page.
_MOST: Final = 400


class RowPages:
    """The rows of a view's frame, by their number.

    Parameters
    ----------
    view : View
        What is shown.
    tally : Tally
        Of the view's access, organization and findings.
    """

    def __init__(self, view: View, tally: Tally) -> None:
        self._access = view.given
        self._tally = tally
        self._bits = 0
        for name in view.actions:
            self._bits |= 1 << ACTIONS.index[name]
        self._decisions = SHOWN[view.filters.decision]
        self._labels = {o.arn: visible(o.label) for o in view.access.organizations}
        self._position = {p.arn: index for index, p in enumerate(view.access.principals)}
        self._principals = view.principals
        counts = tally.counts(self._bits, self._decisions)
        own = counts[np.array([self._position[p.arn] for p in self._principals], dtype=np.intp)]
        #: The number of the row after each principal's last.
        self._ends = np.cumsum(own)
        self._of_key: dict[Key, list[CellRow]] = {}

    @property
    def total(self) -> int:
        """How many rows there are."""
        return int(self._ends[-1]) if len(self._ends) else 0

    def rows(self, first: int, count: int) -> list[list[Any]]:
        """Return some rows.

        Parameters
        ----------
        first : int
            Number of the first, from 0.
        count : int
            How many; at most four hundred are returned.

        Returns
        -------
        list of list
            Positions of principal, action and decision, label of the organization, ``when`` and
            ``through``; fewer at the end.
        """
        first = max(0, first)
        last = min(first + min(count, _MOST), self.total)
        found: list[list[Any]] = []
        at = int(np.searchsorted(self._ends, first, side="right"))
        while first < last:
            principal = self._principals[at]
            before = int(self._ends[at - 1]) if at else 0
            own = self._rows_of(principal)[first - before : last - before]
            found.extend(self._row(principal, row) for row in own)
            first += len(own)
            at += 1
        return found

    def _rows_of(self, principal: Principal) -> list[CellRow]:
        key = self._tally.key(principal.arn)
        rows = self._of_key.get(key)
        if rows is None:
            while len(self._of_key) > 64:
                del self._of_key[next(iter(self._of_key))]
            denied = "denied" in self._decisions
            every = self._access.class_rows(principal, key[0], self._bits, self._tally.arns, denied=denied)
            rows = self._of_key[key] = [
                row
                for row in every
                if row.decision in self._decisions and self._tally.shows(key, row.action, row.organization)
            ]
        return rows

    def _row(self, principal: Principal, row: CellRow) -> list[Any]:
        return [
            self._position[principal.arn],
            ACTIONS.index[row.action],
            DECISIONS.index(row.decision),
            self._labels.get(row.organization, ""),
            visible(self._access.when(row)),
            visible(self._access.ways_of(principal, row)[0]),
        ]

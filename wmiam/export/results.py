"""The results of an estate as tables, each made when it is asked for, and the manifest that names them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from difflib import get_close_matches
from functools import cached_property
from typing import Any, Final

from wmiam.access import Access
from wmiam.access.cells import fixed_values
from wmiam.errors import UnknownNameError
from wmiam.export import gather, holders
from wmiam.export.answers import Answers
from wmiam.export.schema import NAME, TABLES, VERSION
from wmiam.export.table import Table
from wmiam.findings import Findings, Suppression
from wmiam.findings.sarif import sarif

__all__ = ["MOST_CELLS", "Results", "chosen_tables"]

#: Most cells that are written one by one where nobody asks for them: the table ``access`` holds them all.
MOST_CELLS: Final = 100_000


def chosen_tables(names: Iterable[str] | None) -> tuple[str, ...]:
    """Return tables by their names, in the order of the schema; by default all.

    Parameters
    ----------
    names : iterable of str, optional
        Their names.

    Raises
    ------
    UnknownNameError
        If there is no such table; with the near ones.
    """
    if names is None:
        return TABLES
    chosen = set(names)
    for name in sorted(chosen.difference(TABLES)):
        raise UnknownNameError("table", name, get_close_matches(name, TABLES, 8, 0.5) or TABLES)
    return tuple(name for name in TABLES if name in chosen)


class Results:
    """The results of an estate.

    Parameters
    ----------
    access : Access
        The effective access.
    moment : datetime
        When they were made, in UTC.
    suppress : iterable of Suppression, optional
        Findings that are accepted.
    check : bool
        Whether mends of findings are tried, which takes a comparison for each.
    progress : bool, optional
        Whether to show progress bars; by default where it takes long and a person watches.
    """

    def __init__(
        self,
        access: Access,
        moment: datetime,
        *,
        suppress: Iterable[Suppression] | None = None,
        check: bool = False,
        progress: bool | None = None,
    ) -> None:
        self.access = access
        self.moment = moment
        self._suppress = suppress
        self._check = check
        self._progress = progress
        self._made: dict[str, Table] = {}
        self._makers: dict[str, Callable[[], Table]] = {
            "principals": lambda: gather.principals_table(access),
            "organizations": lambda: gather.organizations_table(access),
            "actions": lambda: gather.actions_table(access),
            "capabilities": lambda: holders.capabilities_table(access),
            "findings": lambda: holders.findings_table(self.findings, check=check),
            "accepted": lambda: holders.accepted_table(self.findings),
            "access": lambda: self._answers.access_table(),
            "cells": lambda: self._answers.cells_table(),
            "chains": lambda: holders.chains_table(access, progress=progress),
            "assumptions": lambda: holders.assumptions_table(access),
            "diagnostics": lambda: gather.diagnostics_table(access),
        }

    @cached_property
    def findings(self) -> Findings:
        """What is remarkable, as of the day of the moment."""
        return self.access.findings(
            suppress=self._suppress, today=self.moment.date(), progress=self._progress
        )

    @cached_property
    def _answers(self) -> Answers:
        return Answers(self.access, progress=self._progress)

    def table(self, name: str) -> Table:
        """Return a table.

        Parameters
        ----------
        name : str
            One of :data:`wmiam.export.schema.TABLES`.
        """
        if name not in self._made:
            self._made[name] = self._makers[name]()
        return self._made[name]

    def tables(self, names: Iterable[str] | None = None, *, cells: bool | None = None) -> list[Table]:
        """Return several tables.

        Parameters
        ----------
        names : iterable of str, optional
            Which; by default all.
        cells : bool, optional
            Whether ``cells`` is among them: by default where it is named, and else where it has at
            most :data:`MOST_CELLS` rows.

        Raises
        ------
        UnknownNameError
            If there is no such table.
        """
        chosen = chosen_tables(names)
        if names is None and "cells" in chosen:
            wanted = self.table("cells").count <= MOST_CELLS if cells is None else cells
            chosen = tuple(name for name in chosen if wanted or name != "cells")
        return [self.table(name) for name in chosen]

    def manifest(self, tables: Iterable[Table]) -> dict[str, Any]:
        """Return what a document of some tables is, and what it was made from.

        Parameters
        ----------
        tables : iterable of Table
            The tables of the document.
        """
        from wmiam import __version__

        access, included = self.access, {table.name for table in tables}
        sources = sorted(access.estate.sources, key=lambda source: source.name)
        return {
            "schema": NAME,
            "schema_version": VERSION,
            "wmiam": __version__,
            "catalog": access.catalog.as_of,
            "estate": access.estate.name,
            "generated": f"{self.moment:%Y-%m-%dT%H:%M:%SZ}",
            "complete": access.estate.complete,
            "context": {key: list(fixed_values(key, value)) for key, value in access.context.items()},
            "sources": [
                {"name": source.name, "sha256": source.sha256, "size": source.size, "kind": source.kind}
                for source in sources
            ],
            "tables": [
                {
                    "name": name,
                    "rows": self._made[name].count if name in self._made else None,
                    "included": name in included,
                }
                for name in TABLES
            ],
        }

    def sarif(self) -> dict[str, Any]:
        """Return the findings as one SARIF log."""
        return sarif(self.findings, check=self._check)

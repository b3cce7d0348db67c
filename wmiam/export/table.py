"""A table on its way into a file: named columns, and rows that are made when somebody reads them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

__all__ = ["Column", "Kind", "Row", "Table"]

#: A row of plain values: text, numbers, true or false, None, lists of text, objects.
Row = Sequence[Any]


class Kind(StrEnum):
    """What the cells of a column hold; each may be None besides.

    ``ANY`` is told by the values themselves.
    """

    TEXT = "text"
    INTEGER = "integer"
    BOOLEAN = "boolean"
    LIST = "list"
    OBJECT = "object"
    ANY = "any"


@dataclass(frozen=True, slots=True)
class Column:
    """A column.

    Parameters
    ----------
    name : str
        Its name.
    kind : Kind
        What its cells hold.
    """

    name: str
    kind: Kind = Kind.ANY


@dataclass(frozen=True, slots=True)
class Table:
    """A table.

    Parameters
    ----------
    name : str
        What it is called in a document, a workbook or an archive.
    columns : tuple of Column
        Its columns.
    count : int
        How many rows it has.
    make : callable
        Returns its rows, from the first, each time that it is called.
    """

    name: str
    columns: tuple[Column, ...]
    count: int
    make: Callable[[], Iterable[Row]]

    @classmethod
    def of(cls, name: str, columns: Iterable[str], rows: Sequence[Row]) -> Table:
        """Return a table of rows at hand, whose columns are what their values are.

        Parameters
        ----------
        name : str
            Its name.
        columns : iterable of str
            Names of its columns.
        rows : sequence of sequence
            Its rows.
        """
        return cls(name, tuple(Column(column) for column in columns), len(rows), lambda: rows)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the columns."""
        return tuple(column.name for column in self.columns)

    def records(self) -> Iterator[dict[str, Any]]:
        """Yield each row as a dict."""
        names = self.names
        for row in self.make():
            yield dict(zip(names, row, strict=True))

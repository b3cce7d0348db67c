"""Frames that read well: text to the left, numbers to the right, ARNs by their names, nothing cut off."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from wmiam.conditions.decision import DECISIONS
from wmiam.views.templating import environment, read_asset

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Table"]

#: Rows that are shown; the frame itself holds all of them.
_SHOWN = 200
#: Up to so many characters a column is kept on one line, or breaks early.
_SHORT, _MEDIUM = 16, 40


class Table:
    """A frame as a table for reading.

    Parameters
    ----------
    frame : pandas.DataFrame
        What is shown: its index too, where that has a name.
    labels : mapping of str to str
        What to write in place of values, such as :attr:`wmiam.Access.labels` for ARNs.
    empty : str
        What to say where there is no row.

    Attributes
    ----------
    frame : pandas.DataFrame
        The same.
    """

    def __init__(
        self, frame: pd.DataFrame, labels: Mapping[str, str] | None = None, *, empty: str = "No rows."
    ) -> None:
        self.frame = frame
        self._labels = labels or {}
        self._empty = empty

    def rows(self) -> tuple[list[str], list[list[Any]]]:
        """Return the heads, and of each row that is shown the numbers as they are and the rest as text."""
        named = [name for name in self.frame.index.names if name is not None]
        shown = self.frame.reset_index() if named else self.frame
        cells = shown.head(_SHOWN).itertuples(index=False, name=None)
        return [str(name) for name in shown.columns], [[self._told(value) for value in row] for row in cells]

    def _told(self, value: Any) -> Any:
        if isinstance(value, str):
            return self._labels.get(value, value)
        if isinstance(value, tuple | list | set | frozenset):
            return ", ".join(str(self._told(item)) for item in value)
        if isinstance(value, bool):
            return "yes" if value else "no"
        # What is missing equals nothing, itself included.
        if value is None or value != value:
            return ""
        return value if isinstance(value, int | float) else str(value)

    def __repr__(self) -> str:
        heads, rows = self.rows()
        if not rows:
            return self._empty
        texts = [heads, *([str(value) for value in row] for row in rows)]
        widths = [max(len(row[at]) for row in texts) for at in range(len(heads))]
        lines = [
            "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip()
            for row in texts
        ]
        return "\n".join([*lines, *([f"… {self._more} more"] if self._more else [])])

    @property
    def _more(self) -> int:
        return max(0, len(self.frame) - _SHOWN)

    def _repr_html_(self) -> str:
        heads, rows = self.rows()
        looks = [_look(head, [row[at] for row in rows]) for at, head in enumerate(heads)]
        css = Markup(read_asset("wmiam.views", "templates/fragment.css"))  # noqa: S704 - our own file
        return (
            environment("wmiam.views")
            .get_template("table.html.j2")
            .render(
                css=css,
                heads=list(zip(heads, looks, strict=True)),
                rows=[list(zip(row, looks, strict=True)) for row in rows],
                decisions=DECISIONS,
                empty=self._empty,
                more=self._more,
            )
        )


def _look(head: str, values: list[Any]) -> str:
    """Return the class of a column: of numbers, or of texts by the longest."""
    if values and not any(isinstance(value, str) for value in values):
        return "w-n"
    longest = max(len(str(value)) for value in (head, *values))
    return "w-short" if longest <= _SHORT else "w-medium" if longest <= _MEDIUM else "w-long"

"""The data that a report's page embeds, taken out of it again."""

from __future__ import annotations

import json
import os
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from wmiam.errors import InputError

__all__ = ["extract"]

_MEND = "name a page that wmiam report wrote with its matrix; data for other programs is --format json"


class _Finder(HTMLParser):
    """Finds the text of the element that holds the data; runs nothing and follows nothing."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[str] | None = None
        self._inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Begin to collect where the first element of data begins."""
        about = dict(attrs)
        if (
            self.found is None
            and tag == "script"
            and about.get("id") == "data"
            and about.get("type") == "application/json"
        ):
            self.found, self._inside = [], True

    def handle_endtag(self, tag: str) -> None:
        """End collecting; nothing inside such an element is an element."""
        if tag == "script":
            self._inside = False

    def handle_data(self, data: str) -> None:
        """Collect."""
        if self._inside and self.found is not None:
            self.found.append(data)


def extract(path: str | os.PathLike[str]) -> Any:
    """Return the data that a report's page embeds for its scripts.

    Parameters
    ----------
    path : str or path
        A page that ``wmiam report`` wrote.

    Returns
    -------
    object
        The JSON value.

    Raises
    ------
    InputError
        If the file cannot be read, or is no such page.
    """
    try:
        text = Path(path).read_bytes().decode("utf-8")
    except OSError as error:
        raise InputError(
            f"cannot be read: {error.strerror}", path=os.fspath(path), mend="name a report"
        ) from error
    except UnicodeDecodeError:
        raise InputError("this is no text in UTF-8", path=os.fspath(path), mend=_MEND) from None
    finder = _Finder()
    finder.feed(text)
    finder.close()
    if finder.found is None:
        raise InputError("the page embeds no data", path=os.fspath(path), mend=_MEND)
    try:
        return json.loads("".join(finder.found))
    except ValueError:
        raise InputError("the data of the page is no JSON", path=os.fspath(path), mend=_MEND) from None

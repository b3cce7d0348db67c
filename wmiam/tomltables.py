"""TOML files that are a list of tables of one name, each error with its line.

Gates and suppressions are written so: ``[[gate]]``, ``[[suppress]]``.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Sequence
from os import PathLike
from pathlib import Path
from typing import Any, Final

from wmiam.errors import InputError

__all__ = ["TomlTables"]

_AT: Final = re.compile(r"\s*\(at (?:line (\d+), column \d+|end of document)\)$")


class TomlTables:
    """The tables of one file; its text tells on which line something stands.

    Parameters
    ----------
    path : str or path
        The file.
    name : str
        Name of its tables, e.g. ``"gate"``.
    one, many : str
        What one is called with its article, and several: ``"a gate"``, ``"gates"``.
    mend : str
        How a file of them is written.

    Raises
    ------
    InputError
        If it cannot be read, or is no TOML; with file, line and mend.
    """

    def __init__(self, path: str | PathLike[str], name: str, *, one: str, many: str, mend: str) -> None:
        self.path, self.name, self.one, self.many, self.mend = str(path), name, one, many, mend
        try:
            text = Path(path).read_bytes().decode("utf-8-sig")
        except OSError as error:
            raise InputError(f"cannot be read: {error.strerror}", path=self.path) from error
        except UnicodeDecodeError as error:
            raise InputError("this is not UTF-8 text", path=self.path, mend="save it as UTF-8") from error
        self._lines = text.splitlines()
        header = re.compile(rf"\s*\[\[\s*(?:{name}|\"{name}\"|'{name}')\s*\]\]")
        self._headers = [number for number, line in enumerate(self._lines, 1) if header.match(line)]
        try:
            self._found = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            at = _AT.search(str(error))
            line = int(at[1]) if at and at[1] else text.count("\n") + 1
            raise self.error(f"this is no TOML: {_AT.sub('', str(error))}", line, mend) from error

    @property
    def top(self) -> dict[str, Any]:
        """What stands above the tables."""
        return {key: value for key, value in self._found.items() if key != self.name}

    def tables(
        self, keys: Sequence[str], *, needed: bool, beside: Sequence[str] = ()
    ) -> Iterator[tuple[dict[str, Any], int]]:
        """Yield each table with the line on which it begins.

        Parameters
        ----------
        keys : sequence of str
            The keys that a table may have.
        needed : bool
            Whether a file without any is an error.
        beside : sequence of str
            The keys that may stand above them.

        Raises
        ------
        InputError
            If something in the file is none of them.
        """
        for key in self._found:
            if key != self.name and key not in beside:
                raise self.error(f"a file of {self.many} has no {key!r}", self.line(key, 0), self.mend)
        found = self._found.get(self.name, None if needed else [])
        if not isinstance(found, list) or not all(isinstance(table, dict) for table in found):
            raise self.error(f"there is no [[{self.name}]] in this file", 1, self.mend)
        for index, table in enumerate(found):
            start = self._headers[index] if index < len(self._headers) else 1
            for key in table:
                if key not in keys:
                    mend = f"it has {', '.join(keys)}"
                    raise self.error(f"{self.one} has no {key!r}", self.line(key, start), mend)
            yield table, start

    def text(self, table: dict[str, Any], key: str, start: int) -> str:
        """Return the text of a key; ``""`` where it is not there.

        Parameters
        ----------
        table : dict
            One of :meth:`tables`.
        key : str
            The key.
        start : int
            Line on which the table begins.

        Raises
        ------
        InputError
            If it is no text.
        """
        value = table.get(key, "")
        if not isinstance(value, str):
            raise self.error(f"{key} is text", self.line(key, start), "write it in quotation marks")
        return value

    def texts(self, table: dict[str, Any], key: str, start: int) -> tuple[str, ...]:
        """Return the texts of a key; none where it is not there.

        Parameters
        ----------
        table, key, start
            As for :meth:`text`.

        Raises
        ------
        InputError
            If it is no list of texts.
        """
        value = table.get(key, [])
        if not isinstance(value, list) or not all(isinstance(text, str) and text for text in value):
            mend = f'write {key} = ["…", "…"]'
            raise self.error(f"{key} is a list of texts", self.line(key, start), mend)
        return tuple(value)

    def line(self, key: str, start: int) -> int:
        """Return the line on which a key of the table that begins at a line stands; else that line.

        Parameters
        ----------
        key : str
            The key.
        start : int
            Line on which the table begins; 0 for the top of the file.
        """
        written = re.compile(rf"\s*[\"']?{re.escape(key)}[\"']?\s*=|\s*\[+\s*[\"']?{re.escape(key)}")
        end = next((header for header in self._headers if header > start), len(self._lines) + 1)
        for number in range(start + 1, end):
            if written.match(self._lines[number - 1]):
                return number
        return max(start, 1)

    def error(self, message: str, line: int, mend: str) -> InputError:
        """Return an error that names the file.

        Parameters
        ----------
        message : str
            What is wrong.
        line : int
            Where.
        mend : str
            What to do about it.
        """
        return InputError(message, path=self.path, line=line, mend=mend)

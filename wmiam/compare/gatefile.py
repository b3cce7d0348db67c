"""Gates in a small TOML file.

.. code-block:: toml

    [[gate]]
    gate = "never-allow"
    actions = ["workmail:DeleteOrganization"]
    reason = "organizations are retired by hand"

    [[gate]]
    gate = "only-principals"
    actions = ["workmail:ResetPassword", "workmail:PutMailboxPermissions"]
    principals = ["*/AcmeMailAdmin", "*:role/HelpDesk*"]
    organizations = ["acme-executives"]
    root = true
"""

from __future__ import annotations

import re
import tomllib
from os import PathLike
from pathlib import Path
from typing import Any, Final

from wmiam.compare.gates import Gate
from wmiam.errors import InputError

__all__ = ["read_gates"]

_LISTS: Final = ("actions", "principals", "organizations")
_KEYS: Final = ("gate", *_LISTS, "root", "reason")
_HEADER = re.compile(r"\s*\[\[\s*(?:gate|\"gate\"|'gate')\s*\]\]")
_AT = re.compile(r"\s*\(at (?:line (\d+), column \d+|end of document)\)$")
_MEND: Final = 'write [[gate]], then gate = "no-new-access" below it'


def read_gates(path: str | PathLike[str]) -> tuple[Gate, ...]:
    """Return the gates of a TOML file.

    Parameters
    ----------
    path : str or path
        The file.

    Raises
    ------
    InputError
        If it cannot be read, or something in it is no gate; with file, line and mend.
    """
    shown = str(path)
    try:
        text = Path(path).read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", path=shown) from error
    except UnicodeDecodeError as error:
        raise InputError("this is not UTF-8 text", path=shown, mend="save it as UTF-8") from error
    try:
        found = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise _syntax(shown, text, str(error)) from error
    return _Reading(shown, text).gates(found)


def _syntax(path: str, text: str, message: str) -> InputError:
    at = _AT.search(message)
    line = int(at[1]) if at and at[1] else text.count("\n") + 1
    said = _AT.sub("", message)
    return InputError(f"this is no TOML: {said}", path=path, line=line, mend=_MEND)


class _Reading:
    """The reading of one file; the text tells on which line something stands."""

    def __init__(self, path: str, text: str) -> None:
        self.path = path
        self.lines = text.splitlines()
        self.headers = [number for number, line in enumerate(self.lines, 1) if _HEADER.match(line)]

    def gates(self, found: dict[str, Any]) -> tuple[Gate, ...]:
        """Return the gates."""
        for key in found:
            if key != "gate":
                raise self._error(f"a file of gates has no {key!r}", self._line(key, 0), _MEND)
        tables = found.get("gate")
        if not isinstance(tables, list) or not all(isinstance(t, dict) for t in tables):
            raise self._error("there is no [[gate]] in this file", 1, _MEND)
        return tuple(self._gate(table, index) for index, table in enumerate(tables))

    def _gate(self, table: dict[str, Any], index: int) -> Gate:
        start = self.headers[index] if index < len(self.headers) else 1
        for key in table:
            if key not in _KEYS:
                known = ", ".join(_KEYS)
                raise self._error(f"a gate has no {key!r}", self._line(key, start), f"it has {known}")
        lists = {key: self._texts(table, key, start) for key in _LISTS}
        root, reason = table.get("root", False), table.get("reason", "")
        if not isinstance(root, bool):
            raise self._error("root is true or false", self._line("root", start), "write root = true")
        if not isinstance(reason, str) or not isinstance(table.get("gate", ""), str):
            key = "gate" if isinstance(reason, str) else "reason"
            raise self._error(f"{key} is text", self._line(key, start), "write it in quotation marks")
        if "gate" not in table:
            raise self._error("this gate does not say which it is", start, 'add gate = "never-allow"')
        place = f"{self.path}:{start}"
        try:
            return Gate(table["gate"], **lists, root=root, reason=reason, place=place)
        except InputError as error:
            raise self._error(error.message, self._line("gate", start), self._mend(error)) from error

    @staticmethod
    def _mend(error: InputError) -> str:
        if error.mend and error.mend.startswith("the gates are"):
            return error.mend
        return 'add actions = ["workmail:…"], and for only-principals principals = ["…"]'

    def _texts(self, table: dict[str, Any], key: str, start: int) -> tuple[str, ...]:
        value = table.get(key, [])
        if not isinstance(value, list) or not all(isinstance(text, str) and text for text in value):
            mend = f'write {key} = ["…", "…"]'
            raise self._error(f"{key} is a list of texts", self._line(key, start), mend)
        return tuple(value)

    def _line(self, key: str, start: int) -> int:
        """Return the line on which a key of the gate that begins at a line stands; else that line."""
        written = re.compile(rf"\s*[\"']?{re.escape(key)}[\"']?\s*=|\s*\[+\s*[\"']?{re.escape(key)}")
        end = next((header for header in self.headers if header > start), len(self.lines) + 1)
        for number in range(start + 1, end):
            if written.match(self.lines[number - 1]):
                return number
        return max(start, 1)

    def _error(self, message: str, line: int, mend: str) -> InputError:
        return InputError(message, path=self.path, line=line, mend=mend)

"""Pinned views in a file: what an analyst kept in the explorer, for the next session and for the report.

.. code-block:: json

    {
      "format": "wmiam-pins",
      "version": 1,
      "pins": [
        {
          "title": "Exports with MFA",
          "note": "Agreed with **mail security**: two people, no more.",
          "kind": "table",
          "filters": {"capability": "export-mail", "organization": "acme-europe"},
          "selection": {},
          "context": {"aws:MultiFactorAuthPresent": true}
        }
      ]
    }

``filters`` and ``selection`` have the names of :class:`wmiam.lab.view.Filters` and
:class:`wmiam.lab.view.Selection`; what is left out filters and selects nothing.  ``context`` is
what :meth:`wmiam.Access.given` takes.  ``kind`` is one of :data:`KINDS`.  Only ``title`` is needed.
A file of another version is refused, and so is a name that is none of these.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields
from difflib import get_close_matches
from os import PathLike
from pathlib import Path
from typing import Any, Final

from wmiam import jsontext
from wmiam.access import Access
from wmiam.errors import InputError, NameLookupError, RequestError
from wmiam.lab.view import Filters, Selection, View
from wmiam.wholefile import open_whole

__all__ = ["KINDS", "Pin", "load_pins", "save_pins"]

#: What a pin shows of its view: its cells as rows, as principals × actions, the explanation of what is
#: selected, the graph around the selected principal, or the findings about it.
KINDS: Final = ("table", "matrix", "explanation", "graph", "findings")
_FORMAT: Final = "wmiam-pins"
_VERSION: Final = 1
_MEND: Final = 'write {"format": "wmiam-pins", "version": 1, "pins": [{"title": "…"}]}'


@dataclass(frozen=True, slots=True)
class Pin:
    """A view that was kept; whether its names are those of an estate is asked by :meth:`view`.

    Parameters
    ----------
    title : str
        What it is called.
    note : str
        What the analyst says of it, as Markdown.
    kind : str
        One of :data:`KINDS`.
    filters, selection : dict of str to str
        By the names of :class:`~wmiam.lab.view.Filters` and :class:`~wmiam.lab.view.Selection`.
    context : dict
        Context keys to fix, as for :meth:`wmiam.Access.given`.
    place : str
        ``file:line``; ``""`` where it comes from no file.
    """

    title: str
    note: str = ""
    kind: str = "table"
    filters: dict[str, str] = field(default_factory=dict)
    selection: dict[str, str] = field(default_factory=dict)
    context: dict[str, Any] = field(default_factory=dict)
    place: str = field(default="", compare=False)

    def view(self, access: Access, *, name: str = "access") -> View:
        """Return what is shown of an access: ``given``, ``principals``, ``actions``, ``frame()``, ``code()``.

        Parameters
        ----------
        access : Access
            Of what; without the context keys that the pin fixes.
        name : str
            What the user calls the access, for the code.

        Raises
        ------
        InputError
            If the estate has no such account, organization, principal, …; with the place of the pin.
        """
        try:
            access.given(self.context)
            filters, selection = Filters.of(self.filters, access), Selection.of(self.selection, access)
        except (NameLookupError, RequestError) as error:
            path, _, line = self.place.rpartition(":")
            raise InputError(
                f"the pin {self.title!r} is not of this estate: {error}",
                path=path or None,
                line=int(line) if line else None,
                mend="pin the view anew, or take it out",
            ) from error
        return View(access, filters, selection, dict(self.context), name)

    def record(self) -> dict[str, Any]:
        """Return it as it stands in a file; what filters and selects nothing is left out."""
        values = asdict(self)
        del values["place"]
        for part in ("filters", "selection"):
            values[part] = {name: text for name, text in values[part].items() if text}
        return values


def save_pins(pins: Iterable[Pin | Mapping[str, Any]], path: str | PathLike[str]) -> None:
    """Write pins to a file, whole or not at all.

    Parameters
    ----------
    pins : iterable of Pin or mapping
        What to keep, for example :attr:`wmiam.lab.Explorer.pins`.
    path : str or path
        The file.

    Raises
    ------
    InputError
        If one of them is no pin, or the file cannot be written.
    """
    records = [_pin(pin, f"/pins/{at}", _Text(str(path))).record() for at, pin in enumerate(pins)]
    value = {"format": _FORMAT, "version": _VERSION, "pins": records}
    text = json.dumps(value, ensure_ascii=False, indent=2) + "\n"
    try:
        with open_whole(path) as file:
            file.write(text.encode("utf-8", "backslashreplace"))
    except OSError as error:
        raise InputError(f"cannot be written: {error.strerror}", path=str(path)) from error


def load_pins(path: str | PathLike[str]) -> tuple[Pin, ...]:
    """Return the pins of a file, in order.

    Parameters
    ----------
    path : str or path
        The file; see this module for its form.

    Raises
    ------
    InputError
        If it cannot be read, or something in it is no pin; with file, line, JSON pointer and mend.
    """
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", path=str(path)) from error
    text, problem = jsontext.decode(data)
    where = _Text(str(path), text)
    if problem is not None:
        raise where.error(problem, "", "save it as UTF-8")
    try:
        value = json.loads(text)
    except json.JSONDecodeError as error:
        raise InputError(
            f"this is no JSON: {error.msg}", path=str(path), line=error.lineno, mend=_MEND
        ) from error
    except RecursionError as error:
        raise where.error("this is nested too deeply", "", _MEND) from error
    if not isinstance(value, dict) or value.get("format") != _FORMAT:
        raise where.error("this is no file of pins", "", _MEND)
    if value.get("version") != _VERSION:
        raise where.error(
            f"version {json.dumps(value.get('version'))} of pins is not known here",
            "/version",
            "pin the views anew with this version of wmiam, or update it",
        )
    for key in value:
        if key not in ("format", "version", "pins"):
            raise where.error(f"a file of pins has no {key!r}", f"/{jsontext.escape(key)}", _MEND)
    found = value.get("pins")
    if not isinstance(found, list):
        raise where.error("pins is a list", "/pins", _MEND)
    return tuple(_pin(pin, f"/pins/{at}", where) for at, pin in enumerate(found))


@dataclass(frozen=True, slots=True)
class _Text:
    """Where something stands in a file."""

    path: str
    text: str | None = None

    def line(self, pointer: str) -> int | None:
        if self.text is None:
            return None
        at = jsontext.find(self.text, pointer)
        return jsontext.line_and_column(self.text, jsontext.line_index(self.text), at)[0]

    def error(self, message: str, pointer: str, mend: str) -> InputError:
        return InputError(message, path=self.path, pointer=pointer, line=self.line(pointer), mend=mend)


def _pin(value: object, pointer: str, where: _Text) -> Pin:
    """Return a pin of what a file or the explorer holds."""
    if isinstance(value, Pin):
        return value
    if not isinstance(value, Mapping):
        raise where.error("a pin is an object with a title", pointer, _MEND)
    # The explorer says with each pin which Python makes it; that follows from the rest.
    given = {key: part for key, part in value.items() if key != "code"}
    known = [item.name for item in fields(Pin) if item.name != "place"]
    for key in given:
        if key not in known:
            mend = f"it has {', '.join(known)}"
            raise where.error(f"a pin has no {key!r}", f"{pointer}/{jsontext.escape(str(key))}", mend)
    for key in ("title", "note", "kind"):
        if not isinstance(given.get(key, ""), str):
            raise where.error(f"{key} is text", f"{pointer}/{key}", "write it in quotation marks")
    if not given.get("title", "").strip():
        raise where.error("this pin has no title", pointer, 'add "title": "…"')
    kind = given.get("kind", KINDS[0])
    if kind not in KINDS:
        near = get_close_matches(kind, KINDS, 1) or KINDS
        raise where.error(f"there is no kind {kind!r} of pin", f"{pointer}/kind", f"write {', '.join(near)}")
    for key, part in (("filters", Filters), ("selection", Selection)):
        _texts(given.get(key, {}), [item.name for item in fields(part)], f"{pointer}/{key}", where)
    context = given.get("context", {})
    if not isinstance(context, Mapping) or not all(_is_plain(part) for part in context.values()):
        mend = 'write {"aws:MultiFactorAuthPresent": true}'
        raise where.error("context is an object of values or lists of values", f"{pointer}/context", mend)
    line = where.line(pointer)
    return Pin(
        given["title"],
        given.get("note", ""),
        kind,
        dict(given.get("filters", {})),
        dict(given.get("selection", {})),
        dict(context),
        f"{where.path}:{line}" if line is not None else "",
    )


def _texts(value: object, known: list[str], pointer: str, where: _Text) -> None:
    if not isinstance(value, Mapping):
        raise where.error(f"{pointer.rpartition('/')[2]} is an object", pointer, 'write {"…": "…"}')
    for key, text in value.items():
        place = f"{pointer}/{jsontext.escape(str(key))}"
        if key not in known:
            raise where.error(f"there is no {key!r} here", place, f"there are {', '.join(known)}")
        if not isinstance(text, str):
            raise where.error(f"{key} is text", place, "write it in quotation marks")


def _is_plain(value: object) -> bool:
    """Whether JSON has a value, and a context key can be fixed to it."""
    if isinstance(value, list | tuple):
        return all(not isinstance(part, list | tuple) and _is_plain(part) for part in value)
    return value is None or isinstance(value, str | bool | int | float)

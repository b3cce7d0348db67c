"""One record of an input file: reads fields by name and type, and reports what does not fit."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import TYPE_CHECKING

from wmiam import jsontext
from wmiam.estate.model import Tags
from wmiam.origin import Origin, SourceFile

if TYPE_CHECKING:
    from wmiam.sources.draft import Draft

__all__ = ["Entry", "json_entry"]

_KINDS: dict[type, str] = {
    dict: "an object",
    list: "a list",
    str: "a text",
    bool: "true or false",
    int: "a number",
    float: "a number",
    type(None): "null",
}


class Entry:
    """A record with its place.

    Origins are made only when they are asked for: most fields of most records are as they should be.

    Parameters
    ----------
    value : mapping
        Fields by name.
    what : str
        What the record is, for messages, e.g. ``"role"``.
    pointer : str
        JSON pointer of the record in its document.
    place : callable
        Gives the origin of a JSON pointer of the same document.
    draft : Draft
        Receives the diagnostics.
    """

    __slots__ = ("draft", "place", "pointer", "value", "what")

    def __init__(
        self,
        value: Mapping[str, object],
        what: str,
        pointer: str,
        place: Callable[[str], Origin],
        draft: Draft,
    ) -> None:
        self.value = value
        self.what = what
        self.pointer = pointer
        self.place = place
        self.draft = draft

    def origin(self, *keys: str | int) -> Origin:
        """Return the place of the record, or of what some keys lead to inside it."""
        return self.place(self.pointer + "".join(f"/{jsontext.escape(str(key))}" for key in keys))

    def text(self, key: str, default: str = "") -> str:
        """Return a text field, or a default where it is absent, null or no text."""
        value = self.value.get(key)
        if isinstance(value, str):
            return value
        if value is not None:
            self._misfit(key, value, "a text")
        return default

    def need(self, key: str) -> str:
        """Return a text field; report where it is absent or empty, and return ``""``."""
        value = self.text(key)
        if not value and (key not in self.value or self.value[key] in (None, "")):
            self.draft.error(
                "missing-field",
                f"this {self.what} has no {key}",
                self.origin(),
                "keep the records as AWS prints them",
            )
        return value

    def flag(self, key: str) -> bool | None:
        """Return a true-or-false field, None where it is absent."""
        value = self.value.get(key)
        if value is None or isinstance(value, bool):
            return value
        self._misfit(key, value, "true or false")
        return None

    def number(self, key: str) -> int | None:
        """Return a whole-number field, None where it is absent."""
        value = self.value.get(key)
        if value is None or (isinstance(value, int) and not isinstance(value, bool)):
            return value
        self._misfit(key, value, "a number")
        return None

    def texts(self, key: str) -> tuple[str, ...]:
        """Return a field that is a list of texts; empty where it is absent."""
        values = self._list(key)
        for index, value in enumerate(values):
            if not isinstance(value, str):
                self._misfit(f"{key}/{index}", value, "a text", self.origin(key, index))
        return tuple(value for value in values if isinstance(value, str))

    def entry(self, key: str, what: str) -> Entry | None:
        """Return a field that is an object, None where it is absent."""
        value = self.value.get(key)
        if isinstance(value, Mapping):
            return self._child(value, what, f"/{jsontext.escape(key)}")
        if value is not None:
            self._misfit(key, value, "an object")
        return None

    def entries(self, key: str, what: str) -> list[Entry]:
        """Return a field that is a list of objects; empty where it is absent."""
        found: list[Entry] = []
        name = jsontext.escape(key)
        for index, value in enumerate(self._list(key)):
            if isinstance(value, Mapping):
                found.append(self._child(value, what, f"/{name}/{index}"))
            else:
                self._misfit(f"{key}/{index}", value, "an object", self.origin(key, index))
        return found

    def tags(self, key: str = "Tags") -> Tags:
        """Return a field that is a list of ``{"Key": …, "Value": …}``."""
        tags: list[tuple[str, str]] = []
        for index, value in enumerate(self._list(key)):
            name, text = (value.get("Key"), value.get("Value")) if isinstance(value, dict) else (None, None)
            if isinstance(name, str) and isinstance(text, str):
                tags.append((name, text))
            else:
                self._misfit(f"{key}/{index}", value, "a Key and a Value", self.origin(key, index))
        return tuple(tags)

    def known(self, fields: Collection[str]) -> None:
        """Report the fields that are not among those known, one warning for each kind of record and field."""
        for key in self.value:
            if key not in fields:
                self.draft.unknown_field(self.what, key, self)

    def _child(self, value: Mapping[str, object], what: str, pointer: str) -> Entry:
        return Entry(value, what, self.pointer + pointer, self.place, self.draft)

    def _list(self, key: str) -> list[object]:
        value = self.value.get(key)
        if isinstance(value, list):
            return value
        if value is not None:
            self._misfit(key, value, "a list")
        return []

    def _misfit(self, key: str, value: object, wanted: str, origin: Origin | None = None) -> None:
        kind = _KINDS.get(type(value), "something else")
        self.draft.error(
            "bad-field",
            f"{key} of a {self.what} is {wanted}, and this is {kind}",
            origin or self.origin(key),
            "keep the records as AWS prints them",
        )


def json_entry(
    value: Mapping[str, object],
    what: str,
    draft: Draft,
    source: SourceFile,
    pointer: str,
    offset: int,
) -> Entry:
    """Return the entry of a record of a JSON file.

    Parameters
    ----------
    value : mapping
        Its fields.
    what : str
        What it is.
    draft : Draft
        Receives the diagnostics.
    source : SourceFile
        The file.
    pointer : str
        JSON pointer of the record in its document.
    offset : int
        Where it begins, in characters.
    """

    def place(inner: str) -> Origin:
        return Origin(source, inner, offset, pointer)

    return Entry(value, what, pointer, place, draft)

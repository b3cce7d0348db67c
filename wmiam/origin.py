"""Where in which file a thing was read: files, JSON pointers, and their line and column on demand.

Reading must stay as fast as the JSON parser, so nothing counts lines while it
reads.  An :class:`Origin` keeps the file and the JSON pointer (RFC 6901), and
a start offset of the record that the pointer lies in; line and column are
found when somebody asks, by the tolerant scanner in :mod:`wmiam.jsontext`.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar, NamedTuple

from wmiam import jsontext

__all__ = ["Origin", "Position", "SourceFile"]


class Position(NamedTuple):
    """A place in a text file: line and column, both from 1."""

    line: int
    column: int


@dataclass(eq=False, slots=True)
class SourceFile:
    """One input file.

    Parameters
    ----------
    name : str
        The name to show: the path relative to the input folder, with ``/``.
    path : pathlib.Path or None
        Where its bytes are; None for text that came from memory.
    sha256 : str
        Hexadecimal digest of the bytes as they were read.
    size : int
        Length in bytes.
    kind : str
        What the reader took it for, e.g. ``"account-authorization-details"``.
    """

    name: str
    path: Path | None = None
    sha256: str = ""
    size: int = 0
    kind: str = ""
    _text: str | None = field(default=None, repr=False)
    _lines: list[int] | None = field(default=None, repr=False)

    #: Texts up to this length (characters) stay in memory once they were asked for.
    KEEP: ClassVar[int] = 4_000_000
    #: Longer texts asked for last, newest first: places in a few files read each once.
    _recent: ClassVar[tuple[tuple[SourceFile, str], ...]] = ()
    #: Characters that these may have together, unless one has more by itself.
    _RECENT: ClassVar[int] = 48_000_000

    @classmethod
    def from_text(cls, name: str, text: str, kind: str = "") -> SourceFile:
        """Return a source for text that is in memory already.

        Parameters
        ----------
        name : str
            The name to show.
        text : str
            The whole text.
        kind : str
            What it is taken for.
        """
        data = text.encode("utf-8", "surrogatepass")
        return cls(name, None, hashlib.sha256(data).hexdigest(), len(data), kind, text)

    def text(self) -> str | None:
        """Return the file's text, or None where it is gone or no longer what was read."""
        if self._text is not None:
            return self._text
        for source, known in SourceFile._recent:
            if source is self:
                return known
        if self.path is None:
            return None
        try:
            data = self.path.read_bytes()
        except OSError:
            return None
        if self.sha256 and hashlib.sha256(data).hexdigest() != self.sha256:
            return None
        text = jsontext.decode(data)[0]
        if len(text) <= self.KEEP:
            self._text = text
        else:
            kept, left = [(self, text)], self._RECENT - len(text)
            for entry in SourceFile._recent:
                left -= len(entry[1])
                if left >= 0:
                    kept.append(entry)
            SourceFile._recent = tuple(kept)
        return text

    def position(self, offset: int, text: str | None = None) -> Position | None:
        """Return line and column of a character offset, or None where the text is gone.

        Parameters
        ----------
        offset : int
            Offset in characters of the decoded text.
        text : str, optional
            The text, where the caller has it already.
        """
        if text is None:
            text = self.text()
        if text is None:
            return None
        if self._lines is None:
            self._lines = jsontext.line_index(text)
        return Position(*jsontext.line_and_column(text, self._lines, offset))


@dataclass(frozen=True, slots=True)
class Origin:
    """A place in an input file.

    Parameters
    ----------
    source : SourceFile
        The file.
    pointer : str
        JSON pointer (RFC 6901) from the top of the file; ``""`` is the whole file.
        A pointer may go on into a policy document that the file holds as text
        (URL-encoded); its position is then that of the text.
    anchor : int
        Offset in characters at which ``anchor_pointer``'s value begins, so that
        a look-up in a large file need not scan it from the top.
    anchor_pointer : str
        The prefix of ``pointer`` that ``anchor`` belongs to.
    """

    source: SourceFile
    pointer: str = ""
    anchor: int = 0
    anchor_pointer: str = ""

    def child(self, *keys: str | int) -> Origin:
        """Return the place of a member or element below this one.

        Parameters
        ----------
        *keys : str or int
            Object keys and array indexes, outermost first.
        """
        pointer = self.pointer + "".join(f"/{jsontext.escape(str(key))}" for key in keys)
        return Origin(self.source, pointer, self.anchor, self.anchor_pointer)

    def below(self, pointer: str) -> Origin:
        """Return the place that a relative JSON pointer names below this one.

        Parameters
        ----------
        pointer : str
            ``""`` or a pointer that begins with ``/``.
        """
        return Origin(self.source, self.pointer + pointer, self.anchor, self.anchor_pointer)

    def offset(self, text: str | None = None) -> int | None:
        """Return the character offset of this place, or None where the text is gone."""
        if text is None:
            text = self.source.text()
        if text is None:
            return None
        if self.pointer.startswith(self.anchor_pointer):
            return jsontext.find(text, self.pointer[len(self.anchor_pointer) :], self.anchor)
        return jsontext.find(text, self.pointer, 0)

    @property
    def position(self) -> Position | None:
        """Line and column of this place, or None where the file is gone or has changed."""
        text = self.source.text()
        if text is None:
            return None
        offset = self.offset(text)
        return None if offset is None else self.source.position(offset, text)

    @property
    def line(self) -> int | None:
        """Line of this place from 1, or None where the file is gone or has changed."""
        position = self.position
        return None if position is None else position.line

    def __str__(self) -> str:
        """Return ``file:line:column (pointer)``, as far as it is known."""
        position = self.position
        place = self.source.name
        if position is not None:
            place += f":{position.line}:{position.column}"
        return f"{place} ({self.pointer})" if self.pointer else place

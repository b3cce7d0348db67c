"""Reading JSON record by record: large files in little memory, broken files as far as they go.

The C decoder of :mod:`json` reads each record; a small hand scanner walks only
the containers that the caller opens, such as the lists of account
authorization details.  A record that is broken becomes a :class:`Fault`, and
reading goes on after it where the text shows where that is.
"""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Callable, Generator, Iterator
from typing import Final, NamedTuple

from wmiam import jsontext

__all__ = ["MAX_FAULTS", "WALKED", "Fault", "Opens", "Path", "Record", "loads", "pointer_of", "read"]

#: Where a value stands in its document: object keys and array indexes, outermost first.
Path = tuple[str | int, ...]
#: Says whether the container at a path, which begins with ``{`` or ``[``, is to be walked.
Opens = Callable[[Path, str], bool]

#: After so many faults a file is left: it is not what it claims to be.
MAX_FAULTS: Final = 100
_FETCH_ANEW: Final = "fetch the file anew"
_FETCH_REST: Final = "fetch the file anew; what stands before the end was read"


class _Walked:
    """Stands in an object for a member that was walked."""

    def __repr__(self) -> str:
        return "WALKED"


#: Value, in an opened object, of a member that was itself opened and whose parts came before.
WALKED: Final = _Walked()


class Record(NamedTuple):
    """A value that was read.

    Parameters
    ----------
    document : int
        Which of the JSON documents that follow each other in the text, from 0.
    path : Path
        Its place in that document.
    value : object
        What :mod:`json` makes of it.  An opened object comes after its opened
        members, each of which it holds as :data:`WALKED`.
    offset : int
        Where it begins, in characters.
    """

    document: int
    path: Path
    value: object
    offset: int


class Fault(NamedTuple):
    """Something wrong in JSON text.

    Parameters
    ----------
    code : str
        ``json-truncated``, ``json-syntax``, ``json-too-deep``, ``json-duplicate-key``,
        ``json-constant``, ``json-number``, ``json-surrogate`` or ``json-too-many-errors``.
    message : str
        What is wrong.
    pointer : str
        JSON pointer of the value, or of the record that it broke.
    offset : int
        Where in the text.
    mend : str
        What to do.
    harmless : bool
        Whether everything was read in spite of it.  After the first hundred, faults
        of this sort are no longer reported.
    """

    code: str
    message: str
    pointer: str
    offset: int
    mend: str = ""
    harmless: bool = False


class _TooManyFaultsError(Exception):
    """Ends the reading of a text with too many faults."""


def pointer_of(path: Path) -> str:
    """Return a path as a JSON pointer (RFC 6901)."""
    return "".join(f"/{jsontext.escape(str(key))}" for key in path)


def read(text: str, opens: Opens, report: Callable[[Fault], None]) -> Iterator[Record]:
    """Yield the records of JSON text: one document, or several that follow each other.

    Parameters
    ----------
    text : str
        JSON, JSON Lines, or concatenated JSON documents.
    opens : Opens
        Which containers to walk.  What is not walked is one record.
    report : callable
        Receives every fault.

    Yields
    ------
    Record
        Records in the order of the text.
    """
    mended, places = jsontext.mend_surrogates(text)
    reader = _Reader(mended, opens, report)
    for place in places:
        message = "a \\u escape holds half a character; it is read as U+FFFD"
        reader.warn("json-surrogate", message, (), place, "write both halves, or the character itself")
    with contextlib.suppress(_TooManyFaultsError):
        yield from reader.documents()


def loads(text: str) -> tuple[object, list[Fault]]:
    """Return the value of one JSON document, None where it cannot be read, and what is wrong with it.

    Parameters
    ----------
    text : str
        One JSON document.
    """
    faults: list[Fault] = []
    records = list(read(text, lambda _path, _first: False, faults.append))
    if not records and not faults:
        faults.append(Fault("json-syntax", "there is no JSON value in this text", "", 0))
    if len(records) > 1:
        at = records[1].offset
        faults.append(Fault("json-syntax", "a second JSON value follows the first", "", at, "remove it"))
    return (records[0].value if records else None), faults


class _Reader:
    """One reading of one text."""

    def __init__(self, text: str, opens: Opens, report: Callable[[Fault], None]) -> None:
        self.text = text
        self.opens = opens
        self.report = report
        self.document = 0
        self.faults = 0
        self.warnings = 0
        #: Where reading went on after the last fault: what is amiss there follows from that fault.
        self.resumed = -1
        self.repeated = False
        self.constants = False
        self.decode = json.JSONDecoder(
            object_pairs_hook=self._object_of, parse_constant=self._constant
        ).raw_decode

    def _object_of(self, pairs: list[tuple[str, object]]) -> dict[str, object]:
        value = dict(pairs)
        if len(value) != len(pairs):
            self.repeated = True
        return value

    def _constant(self, name: str) -> str:
        # As text the value can neither be compared with a number by mistake nor be lost.
        self.constants = True
        return name

    # Faults

    def fault(self, code: str, message: str, path: Path, offset: int, mend: str = "") -> None:
        """Report a fault; give up where there are too many."""
        self.report(Fault(code, message, pointer_of(path), offset, mend))
        self.faults += 1
        if self.faults == MAX_FAULTS:
            message = f"there are {MAX_FAULTS} errors: the rest of the file is not read"
            self.report(Fault("json-too-many-errors", message, "", offset, _FETCH_ANEW))
            raise _TooManyFaultsError

    def warn(self, code: str, message: str, path: Path, offset: int, mend: str) -> None:
        """Report a fault that loses nothing, as long as there are not too many."""
        self.warnings += 1
        if self.warnings <= MAX_FAULTS:
            self.report(Fault(code, message, pointer_of(path), offset, mend, harmless=True))

    def structure(self, message: str, path: Path, at: int) -> None:
        """Report a fault between values, unless it follows from the one before."""
        if at != self.resumed:
            self.fault("json-syntax", message, path, at)
            self.resumed = at

    def truncated(self, message: str, path: Path) -> None:
        """Report that the text ends in a container; the containers around that one follow from it."""
        if self.resumed != len(self.text):
            self.resumed = len(self.text)
            self.fault(
                "json-truncated", f"the text ends too early: {message}", path, self.resumed, _FETCH_REST
            )

    def repeats(self, path: Path, at: int) -> None:
        """Report a duplicate key."""
        message = f"the key {str(path[-1])!r} stands twice in one object; the later one counts"
        self.warn("json-duplicate-key", message, path, at, "remove one of them")

    # Containers

    def documents(self) -> Iterator[Record]:
        """Yield the records of every document."""
        at = jsontext.skip_space(self.text, 0)
        while at < len(self.text):
            if self.text[at] in ",:]}":
                self.structure(f"there is a {self.text[at]!r} outside of any value", (), at)
                end = self.text.find("\n", at)
                after = len(self.text) if end < 0 else end
                self.resumed = jsontext.skip_space(self.text, after)
            else:
                after = yield from self.value((), at)
                self.document += 1
            at = jsontext.skip_space(self.text, after)

    def value(self, path: Path, at: int) -> Generator[Record, None, int]:
        """Yield the records of the value at an offset; return the offset after it."""
        first = self.text[at]
        if first in "{[" and self.opens(path, first):
            after = yield from (self.in_object(path, at) if first == "{" else self.in_array(path, at))
            return after
        value, after, read = self.decoded(path, at)
        if read:
            yield Record(self.document, path, value, at)
        return after

    def in_array(self, path: Path, start: int) -> Generator[Record, None, int]:
        """Yield the records of an opened array."""
        text = self.text
        at = jsontext.skip_space(text, start + 1)
        margin = _margin(text, at)
        index, comma = 0, False
        while at < len(text):
            if text[at] == "]":
                if comma:
                    self.structure("the comma before ] has no value after it", path, at)
                return at + 1
            if text[at] in "}:," or self.outside(at, start, margin):
                self.structure("this list is not closed with ]", path, at)
                return at
            if index and not comma:
                self.structure("there is no comma between two values", (*path, index), at)
            after = yield from self.value((*path, index), at)
            index += 1
            at, comma = self.comma(after)
        self.truncated("a list is not closed with ]", path)
        return len(text)

    def in_object(self, path: Path, start: int) -> Generator[Record, None, int]:
        """Yield the records of an opened object: those of its opened members, then itself."""
        text = self.text
        members: dict[str, object] = {}
        at = jsontext.skip_space(text, start + 1)
        margin = _margin(text, at)
        comma = True
        while at < len(text):
            if text[at] == "}":
                if comma and members:
                    self.structure("the comma before } has no member after it", path, at)
                yield Record(self.document, path, members, start)
                return at + 1
            if text[at] != '"' or self.outside(at, start, margin):
                self.structure("here a key in double quotes, or }, is missing", path, at)
                yield Record(self.document, path, members, start)
                return at if text[at] in "]{[" or self.outside(at, start, margin) else self.after(start, at)
            if not comma:
                self.structure("there is no comma between two members", path, at)
            key_at = at
            key, after, read = self.decoded(path, at)
            at = jsontext.skip_space(text, after)
            if not read or text[at : at + 1] != ":":
                if at < len(text):
                    self.structure("here a colon after the key is missing", path, at)
                    at = self.after(start, at)
                else:
                    self.truncated("an object is not closed with }", path)
                yield Record(self.document, path, members, start)
                return at
            at = jsontext.skip_space(text, at + 1)
            if at == len(text):
                break
            name = str(key)
            place = (*path, name)
            if name in members:
                self.repeats(place, key_at)
            if text[at] in "{[" and self.opens(place, text[at]):
                members[name] = WALKED
                after = yield from self.value(place, at)
            else:
                value, after, read = self.decoded(place, at)
                if read:
                    members[name] = value
            at, comma = self.comma(after)
        self.truncated("an object is not closed with }", path)
        yield Record(self.document, path, members, start)
        return len(text)

    def outside(self, at: int, start: int, margin: int | None) -> bool:
        """Return whether the line that begins at an offset lies outside of the container at ``start``.

        It does where it is indented less than the container's first value, ``margin``.
        Where no line begins with that value, a new line is judged only after damage,
        against the line that the container begins on.
        """
        own = _margin(self.text, at)
        if own is None:
            return False
        if margin is not None:
            return own < margin
        line = self.text.rfind("\n", 0, start) + 1
        return at == self.resumed and own <= _indentation(self.text, line)

    def comma(self, at: int) -> tuple[int, bool]:
        """Return where the next value or bracket begins, and whether a comma stands before it."""
        at = jsontext.skip_space(self.text, at)
        if self.text[at : at + 1] != ",":
            return at, False
        return jsontext.skip_space(self.text, at + 1), True

    # Values

    def decoded(self, path: Path, at: int) -> tuple[object, int, bool]:
        """Return value, offset after it and True; or None, where to go on, and False."""
        self.repeated = self.constants = False
        try:
            value, after = self.decode(self.text, at)
        except RecursionError:
            after = self.after(at, at)
            self.fault("json-too-deep", "values are nested too deeply to be read", path, at, _FETCH_ANEW)
        except json.JSONDecodeError as error:
            after = self.after(at, at)
            reason = error.msg.removesuffix(" at").removesuffix(" starting").lower()
            if after == len(self.text) and _is_cut(self.text, at):
                message = f"the text ends too early: {reason}"
                self.fault("json-truncated", message, path, max(error.pos, at), _FETCH_REST)
            else:
                self.fault("json-syntax", f"this is not JSON: {reason}", path, error.pos)
        except ValueError as error:
            # The interpreter refuses whole numbers of thousands of digits.
            after = self.after(at, at)
            self.fault("json-number", f"a number cannot be read: {error}", path, at)
        else:
            if self.repeated or self.constants:
                self.inspect(path, at)
            return value, after, True
        return None, after, False

    def inspect(self, path: Path, start: int) -> None:
        """Report the duplicate keys and the constants in a value that has some."""
        for pointer, at, repeated in jsontext.walk(self.text, start):
            place = (*path, *(jsontext.unescape(token) for token in pointer.split("/")[1:]))
            if repeated:
                self.repeats(place, at)
            word = _constant(self.text, jsontext.after_key(self.text, at) if pointer else at)
            if word is not None:
                message = f"{word.group()} is not a JSON value; it is read as text"
                self.fault("json-constant", message, place, word.start(), "write a number or a string")

    def after(self, start: int, at: int) -> int:
        """Return where to go on after the value at ``start``, which is broken at ``at`` or further on."""
        text = self.text
        after = None if _is_laid_out(text, start) else jsontext.skip(text, start)
        if after is None or after <= at:
            after = _resume(text, start, at)
        self.resumed = jsontext.skip_space(text, after)
        return self.resumed


_indent = re.compile(r"[ \t]*+").match
_constant = re.compile(r"-?Infinity|NaN").match


def _margin(text: str, at: int) -> int | None:
    """Return how far the value at an offset is indented, or None where other text stands before it."""
    # Step by step: in a file of one long line, a search for its start would cost as much as reading it.
    start = at
    while start and text[start - 1] in " \t":
        start -= 1
    return at - start if not start or text[start - 1] == "\n" else None


def _indentation(text: str, line: int) -> int:
    """Return the width of the white space at the start of the line that begins at an offset."""
    match = _indent(text, line)
    return match.end() - line if match else 0


def _is_laid_out(text: str, at: int) -> bool:
    """Return whether indentation tells where the value at an offset ends."""
    start = text.rfind("\n", 0, at) + 1
    end = text.find("\n", at)
    if end < 0:
        return False
    if _indentation(text, end + 1) > _indentation(text, start):
        return True
    # JSON Lines: the value begins its line, and the line does not end in the middle of a container.
    return _margin(text, at) is not None and text[at:end].rstrip(" \t\r")[-1:] not in ("{", "[", ",", ":")


def _resume(text: str, start: int, at: int) -> int:
    """Return the end of the value at ``start``: the first line beyond ``at`` that lies no further in."""
    margin = _indentation(text, text.rfind("\n", 0, start) + 1)
    end = text.find("\n", at)
    while end >= 0:
        own = _indentation(text, end + 1)
        first = end + 1 + own
        if own <= margin and text[first : first + 1] not in ("", "\n", "\r"):
            return first + 1 if own == margin and text[first] in "]}" else first
        end = text.find("\n", first)
    return len(text)


def _is_cut(text: str, at: int) -> bool:
    """Return whether the value at an offset, which reaches the end of the text, goes on beyond it."""
    if text[at] in "{[":
        return jsontext.skip(text, at) is None
    word = text[at:]
    return text[at] in '"-' or any(literal.startswith(word) for literal in ("true", "false", "null"))

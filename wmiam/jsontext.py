"""JSON as text: decoding bytes, JSON pointers, and the place of a pointer's value.

Everything here is tolerant: it works on broken JSON as far as the text goes,
and it neither recurses nor builds values, so that depth and size do not matter.
Reading values is in :mod:`wmiam.jsonrecords`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Final

__all__ = [
    "after_key",
    "decode",
    "escape",
    "find",
    "line_and_column",
    "line_index",
    "mend_surrogates",
    "skip",
    "skip_space",
    "unescape",
    "walk",
]

# A JSON string holds no raw line break, so one that is never closed ends with its line:
# the damage of a missing quote then stays on that line.
_STRING: Final = r'"[^"\\\n]*+(?:\\.[^"\\\n]*+)*+"?'
_string = re.compile(_STRING).match
_space = re.compile(r"[ \t\r\n]*+").match
#: Everything up to the next bracket that is not inside a string.
_to_bracket = re.compile(rf'[^"\[\]{{}}]*+(?:{_STRING}[^"\[\]{{}}]*+)*+').match
#: A number, a literal, or whatever stands in the place of one.
_word = re.compile(r'[^ \t\r\n,:"\[\]{}]*+').match
_token = re.compile(rf'{_STRING}|[\[\]{{}},]|[^ \t\r\n,:"\[\]{{}}]++').search
# A whole pair of halves, a half alone (the group), or any other escape.
_escapes = re.compile(
    r"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(u[dD][89a-fA-F][0-9a-fA-F]{2})|.)",
    re.DOTALL,
)
_surrogate = re.compile(r"\\u[dD][89a-fA-F]")
_LINE_BLOCK: Final = 1 << 16


def escape(key: str) -> str:
    """Return a key as a JSON pointer token (RFC 6901 section 3)."""
    return key.replace("~", "~0").replace("/", "~1")


def unescape(token: str) -> str:
    """Return the key that a JSON pointer token stands for (RFC 6901 section 4)."""
    return token.replace("~1", "/").replace("~0", "~")


def decode(data: bytes) -> tuple[str, str | None]:
    """Return the text of bytes and what was wrong with their encoding, if anything.

    Parameters
    ----------
    data : bytes
        A file's content: UTF-8, UTF-16 or UTF-32, with or without byte order mark.

    Returns
    -------
    tuple of str and (str or None)
        The text, with U+FFFD in place of what could not be decoded, and the problem.

    Notes
    -----
    Source: RFC 4627 section 3, how the first bytes of JSON tell its encoding.
    """
    encoding = json.detect_encoding(data)
    try:
        return data.decode(encoding), None
    except UnicodeDecodeError as error:
        name = encoding.removesuffix("-sig").upper()
        return data.decode(encoding, "replace"), f"byte {error.start} is not {name}"


def line_index(text: str) -> list[int]:
    """Return the number of line breaks before each block of 65,536 characters.

    A list of every line's start would take longer than a whole look-up in a
    large file and as much memory as the file.
    """
    counts = [0]
    for start in range(0, len(text) - _LINE_BLOCK, _LINE_BLOCK):
        counts.append(counts[-1] + text.count("\n", start, start + _LINE_BLOCK))
    return counts


def line_and_column(text: str, index: list[int], offset: int) -> tuple[int, int]:
    """Return line and column (from 1) of an offset, given :func:`line_index`.

    Parameters
    ----------
    text : str
        The whole text.
    index : list of int
        Its :func:`line_index`.
    offset : int
        Offset in characters; beyond the end counts as the end.
    """
    offset = min(offset, len(text))
    block = min(offset // _LINE_BLOCK, len(index) - 1)
    line = index[block] + text.count("\n", block * _LINE_BLOCK, offset) + 1
    return line, offset - text.rfind("\n", 0, offset)


def skip_space(text: str, at: int) -> int:
    """Return the offset of the first character at or after ``at`` that is not JSON white space."""
    match = _space(text, at)
    return match.end() if match else at


def skip(text: str, at: int) -> int | None:
    """Return the offset just after the value at ``at``, or None where the text ends before the value.

    Brackets are counted, not matched: on broken JSON the answer is a good guess.

    Parameters
    ----------
    text : str
        JSON text, maybe broken.
    at : int
        Offset of the value's first character.
    """
    first = text[at : at + 1]
    if first == '"':
        match = _string(text, at)
        return match.end() if match else None
    if first not in ("{", "["):
        match = _word(text, at)
        return match.end() if match else None
    depth, size = 0, len(text)
    while at < size:
        if text[at] in "[{":
            depth += 1
        else:
            depth -= 1
            if depth <= 0:
                return at + 1
        match = _to_bracket(text, at + 1)
        at = match.end() if match else size
    return None


def find(text: str, pointer: str, start: int = 0) -> int:
    """Return the offset of the value that a JSON pointer names, or of the deepest one on its way.

    Parameters
    ----------
    text : str
        JSON text, maybe broken; what can be followed is followed.
    pointer : str
        JSON pointer (RFC 6901), relative to the value at ``start``.  Where it goes
        on into a policy document that the JSON holds as a string, the string's
        offset is returned.
    start : int
        Offset of the value that the pointer starts from; returned as it is for
        an empty pointer.

    Notes
    -----
    Of several members with the same key the last counts, as for :mod:`json`.
    """
    at = start
    for token in pointer.split("/")[1:]:
        at = skip_space(text, at)
        first = text[at : at + 1]
        if first == "{":
            found = _member(text, at, unescape(token))
        elif first == "[" and token.isdecimal():
            found = _element(text, at, int(token))
        else:
            return at
        if found is None:
            return at
        at = found
    return at


def _member(text: str, at: int, key: str) -> int | None:
    """Return the offset of the last member value under a key of the object at ``at``."""
    found: int | None = None
    for name, value in _members(text, at):
        if name == key:
            found = value
    return found


def _members(text: str, at: int) -> Iterator[tuple[str, int]]:
    """Yield key and value offset of each member of the object at ``at``, as far as it can be read."""
    at = skip_space(text, at + 1)
    while text[at : at + 1] == '"':
        match = _string(text, at)
        end = match.end() if match else at + 1
        name = _unquote(text[at:end])
        at = skip_space(text, end)
        if text[at : at + 1] != ":":
            return
        at = skip_space(text, at + 1)
        yield name, at
        after = skip(text, at)
        if after is None:
            return
        at = skip_space(text, after)
        if text[at : at + 1] == ",":
            at = skip_space(text, at + 1)


def _element(text: str, at: int, index: int) -> int | None:
    """Return the offset of an element of the array at ``at``."""
    at = skip_space(text, at + 1)
    for _ in range(index):
        after = skip(text, at)
        if after is None:
            return None
        at = skip_space(text, after)
        if text[at : at + 1] != ",":
            return None
        at = skip_space(text, at + 1)
    return None if text[at : at + 1] in ("]", "") else at


def _unquote(literal: str) -> str:
    """Return the value of a JSON string literal; of a broken one, what stands between its quotes."""
    if "\\" in literal:
        try:
            return str(json.loads(literal))
        except ValueError:
            pass
    return literal[1:].removesuffix('"')


def walk(text: str, start: int = 0) -> Iterator[tuple[str, int, bool]]:
    """Yield every value inside the one at ``start``, in order, without recursion.

    Parameters
    ----------
    text : str
        Well-formed JSON (``NaN`` and ``Infinity`` may stand for values).
    start : int
        Offset of a value.

    Yields
    ------
    tuple of str, int and bool
        JSON pointer relative to the value at ``start``, offset of the value (of its
        key, where it is a member), and whether the same object had that key before.
    """
    # One frame a container: its pointer, the keys seen (None for an array), the index of the next element.
    frames: list[tuple[str, set[str] | None, int]] = []
    pointer, key_at, repeated, at = "", -1, False, start
    while True:
        match = _token(text, at)
        if match is None:
            return
        piece, at = match.group(), match.end()
        if piece == ",":
            continue
        if piece in ("]", "}"):
            frames.pop()
        else:
            container, keys, index = frames[-1] if frames else ("", None, 0)
            if keys is not None and key_at < 0:
                name = _unquote(piece)
                pointer, key_at, repeated = f"{container}/{escape(name)}", match.start(), name in keys
                keys.add(name)
                continue
            if keys is None and frames:
                frames[-1] = (container, None, index + 1)
                pointer = f"{container}/{index}"
            yield pointer, match.start() if key_at < 0 else key_at, repeated
            key_at, repeated = -1, False
            if piece in ("[", "{"):
                frames.append((pointer, set() if piece == "{" else None, 0))
        if not frames:
            return


def after_key(text: str, at: int) -> int:
    """Return the offset of the value of the member whose key begins at ``at``; ``at`` where none does."""
    if text[at : at + 1] != '"':
        return at
    end = skip(text, at)
    colon = len(text) if end is None else skip_space(text, end)
    return skip_space(text, colon + 1) if text[colon : colon + 1] == ":" else at


def mend_surrogates(text: str) -> tuple[str, list[int]]:
    r"""Return text with escapes of half a character (``\ud83d`` alone) replaced, and where they stood.

    Such a half cannot be written to any file again, so one of them would break
    every report.  The replacement, U+FFFD as an escape, is as long as the
    original: offsets stay as they are.

    Parameters
    ----------
    text : str
        JSON text.
    """
    if _surrogate.search(text) is None:
        return text, []
    places = [match.start() for match in _escapes.finditer(text) if match.group(1)]
    pieces, done = [], 0
    for place in places:
        pieces += [text[done:place], "\\ufffd"]
        done = place + 6
    return ("".join([*pieces, text[done:]]) if places else text), places

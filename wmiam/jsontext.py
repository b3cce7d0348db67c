"""JSON as text: decoding bytes, finding the place of a JSON pointer, reading large files record by record."""

from __future__ import annotations

from bisect import bisect_right

__all__ = ["decode", "escape", "find", "line_and_column", "line_starts", "unescape"]


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
        A file's content: UTF-8 with or without byte order mark, or UTF-16 with one.
    """
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", "replace"), None
    try:
        return data.decode("utf-8-sig"), None
    except UnicodeDecodeError as error:
        return data.decode("utf-8-sig", "replace"), f"byte {error.start} is not UTF-8"


def line_starts(text: str) -> list[int]:
    """Return the offset of each line's first character."""
    starts = [0]
    at = text.find("\n")
    while at >= 0:
        starts.append(at + 1)
        at = text.find("\n", at + 1)
    return starts


def line_and_column(starts: list[int], offset: int) -> tuple[int, int]:
    """Return line and column (from 1) of an offset, given :func:`line_starts`."""
    line = bisect_right(starts, offset)
    return line, offset - starts[line - 1] + 1


def find(text: str, pointer: str, start: int = 0) -> int:
    """Return the offset of the value that a JSON pointer names, or of the deepest one on its way."""
    raise NotImplementedError

"""JSON that is safe to print, of single values, of tables, and of several tables as one document."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any, BinaryIO, Final

from wmiam.export.table import Table

__all__ = ["json_text", "write_document", "write_json", "write_json_lines"]

# Characters that JSON may hold as they are and that a terminal or an editor would act upon:
# controls beyond ASCII, bidirectional and zero-width characters, line separators, lone surrogates.
_UNSAFE: Final = re.compile("[\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff]")


def json_text(value: object, *, indent: int | None = None) -> str:
    """Return a value as JSON that is safe to print: what a terminal would act upon is escaped.

    Parameters
    ----------
    value : object
        Anything that JSON holds.
    indent : int, optional
        Spaces a level; None for one line.
    """
    text = json.dumps(value, ensure_ascii=False, indent=indent)
    if text.isascii() and "\x7f" not in text:
        return text
    return _UNSAFE.sub(lambda match: f"\\u{ord(match.group()):04x}", text)


def write_json(table: Table, stream: BinaryIO) -> None:
    """Write a table as one array of objects.

    Parameters
    ----------
    table : Table
        The table.
    stream : binary stream
        Where to write.
    """
    separator = "[\n  "
    for record in table.records():
        # No text of JSON has a line break of its own.
        inner = json_text(record, indent=2).replace("\n", "\n  ")
        stream.write(f"{separator}{inner}".encode())
        separator = ",\n  "
    stream.write(b"[]\n" if separator.startswith("[") else b"\n]\n")


def write_json_lines(table: Table, stream: BinaryIO) -> None:
    """Write a table as objects, one a line.

    Parameters
    ----------
    table : Table
        The table.
    stream : binary stream
        Where to write.
    """
    for record in table.records():
        stream.write(f"{json_text(record)}\n".encode())


def write_document(manifest: dict[str, Any], tables: Iterable[Table], stream: BinaryIO) -> None:
    """Write several tables as one document: an object with the manifest and an array for each table.

    Parameters
    ----------
    manifest : dict
        What the document is.
    tables : iterable of Table
        The tables; each of their rows stands on a line of its own, so that two documents can be
        compared line by line.
    stream : binary stream
        Where to write.
    """
    stream.write(b'{\n"manifest": ' + json_text(manifest, indent=2).encode())
    for table in tables:
        stream.write(f",\n{json_text(table.name)}: [".encode())
        separator = "\n"
        for record in table.records():
            stream.write(f"{separator}{json_text(record)}".encode())
            separator = ",\n"
        stream.write(b"]" if separator == "\n" else b"\n]")
    stream.write(b"\n}\n")

"""Apache Parquet, written in parts so that a table need not fit into memory."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any, BinaryIO, Final

from wmiam.errors import InputError
from wmiam.export.jsonform import json_text
from wmiam.export.table import Kind, Row, Table

__all__ = ["write_parquet"]

#: Rows that are held in memory at once, and form a row group of the file.
_ROWS: Final = 65_536


def write_parquet(table: Table, stream: BinaryIO) -> None:
    """Write a table as Parquet.

    Parameters
    ----------
    table : Table
        The table; objects become JSON text, as each may have keys of its own.
    stream : binary stream
        Where to write.

    Raises
    ------
    InputError
        If pyarrow is not installed.
    """
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError:
        raise InputError(
            "Parquet needs the package pyarrow, which is not installed",
            mend="pip install 'wmiam[parquet]', or choose --format csv",
        ) from None
    types = {
        Kind.TEXT: pa.string(),
        Kind.INTEGER: pa.int64(),
        Kind.BOOLEAN: pa.bool_(),
        Kind.LIST: pa.list_(pa.string()),
        Kind.OBJECT: pa.string(),
    }
    # What its values tell is told by all of them, and by none where there is none.
    untyped = any(column.kind is Kind.ANY for column in table.columns)
    size = max(table.count, 1) if untyped else _ROWS

    def arrays(rows: list[Row]) -> list[Any]:
        columns: list[Any] = [list(values) for values in zip(*rows, strict=True)] or [
            [] for _ in table.columns
        ]
        return [
            pa.array(
                [_plain(value) for value in values],
                types.get(column.kind, None if rows else pa.string()),
            )
            for column, values in zip(table.columns, columns, strict=True)
        ]

    parts = _parts(table, size)
    first = pa.Table.from_arrays(arrays(next(parts)), names=list(table.names))
    with pq.ParquetWriter(_Sink(stream), first.schema, compression="zstd") as writer:
        writer.write_table(first)
        for rows in parts:
            writer.write_table(pa.Table.from_arrays(arrays(rows), schema=first.schema))


def _parts(table: Table, size: int) -> Iterator[list[Row]]:
    """Yield the rows in lists of a size; the first may be empty."""
    rows = iter(table.make())
    part = list(islice(rows, size))
    yield part
    while part:
        part = list(islice(rows, size))
        if part:
            yield part


def _plain(value: Any) -> Any:
    """Return a value that Arrow holds: no object, and no lone surrogate, which has no UTF-8 form."""
    if isinstance(value, str):
        return value if value.isascii() else value.encode("utf-8", "backslashreplace").decode()
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return json_text(value) if isinstance(value, dict) else value


class _Sink:
    """A binary stream for pyarrow, which asks how far it is: a member of an archive does not say."""

    closed = False

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._written = 0

    def write(self, data: Any) -> int:
        """Write bytes and return how many."""
        self._written += len(data)
        self._stream.write(data)
        return len(data)

    def tell(self) -> int:
        """Return how many bytes were written."""
        return self._written

    def flush(self) -> None:
        """Leave flushing to the owner of the stream."""

    def close(self) -> None:
        """Leave closing to the owner of the stream."""
        self.closed = True

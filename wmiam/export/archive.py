"""Zip archives whose bytes depend on what is in them alone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO, Final, cast
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

__all__ = ["Archive", "open_archive"]

#: The first date that an archive can hold: members have none of their own.
_DATE: Final = (1980, 1, 1, 0, 0, 0)
_UNIX: Final = 3
_READABLE: Final = 0o100644 << 16


class Archive:
    """An archive that is written member by member.

    Parameters
    ----------
    file : zipfile.ZipFile
        Open for writing.
    """

    def __init__(self, file: ZipFile) -> None:
        self._file = file

    @contextmanager
    def member(self, name: str, *, compress: bool = True) -> Iterator[BinaryIO]:
        """Open the next member.

        Parameters
        ----------
        name : str
            Its name.
        compress : bool
            Whether to compress it; of no use where it is compressed in itself.

        Yields
        ------
        binary stream
            Where to write; one member at a time.
        """
        about = ZipInfo(name, _DATE)
        about.compress_type = ZIP_DEFLATED if compress else ZIP_STORED
        # As on Unix, wherever it is written.
        about.create_system, about.external_attr = _UNIX, _READABLE
        # Its size is not known before, and may be more than a plain archive can say.
        with self._file.open(about, "w", force_zip64=True) as stream:
            yield cast("BinaryIO", stream)


@contextmanager
def open_archive(stream: BinaryIO) -> Iterator[Archive]:
    """Write an archive.

    Parameters
    ----------
    stream : binary stream
        Where to write.

    Yields
    ------
    Archive
        Receives the members.
    """
    with ZipFile(stream, "w") as file:
        yield Archive(file)

"""Files that are written whole or not at all."""

from __future__ import annotations

import os
import stat
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

__all__ = ["is_standard_stream", "open_whole"]


@contextmanager
def open_whole(path: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    """Open a file that appears, or changes, only when all of it is written.

    Parameters
    ----------
    path : str or path
        The file.  Where it is a link, the link stays and what it points to is written.  A device, a
        pipe and whatever standard output or standard error goes to are written through as they
        stand: to put a file in their place would take them away from others.

    Yields
    ------
    binary stream
        Where to write.

    Raises
    ------
    OSError
        If it cannot be written; a file that was there then stays as it was.
    """
    number = _standard_stream(path)
    if number is not None:
        # A second opening would begin at the start of the file again and lose what others wrote to it.
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        with os.fdopen(os.dup(number), "wb") as shared:
            yield shared
        return
    target = Path(os.path.realpath(path))
    if target.exists() and not target.is_file():
        with target.open("wb") as device:
            yield device
        return
    # In the same folder, so that the last step is a rename and no half-written file is ever seen.
    handle, name = tempfile.mkstemp(prefix=f".{target.name}.", suffix=".part", dir=target.parent)
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        # mkstemp makes files that only their owner may read; a result is an ordinary file.
        temporary.chmod(stat.S_IMODE(target.stat().st_mode) if target.exists() else 0o666 & ~_umask())
        temporary.replace(target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def is_standard_stream(path: str | os.PathLike[str]) -> bool:
    """Whether a path leads to where standard output or standard error goes, e.g. ``/dev/stdout``.

    Parameters
    ----------
    path : str or path
        A file that need not exist.
    """
    return _standard_stream(path) is not None


def _standard_stream(path: str | os.PathLike[str]) -> int | None:
    """Return the number of the standard stream that a path leads to, or None."""
    for number in (1, 2):
        try:
            # Not by its name: /dev/stdout of a pipe has no path that could be followed.
            if os.path.samestat(os.stat(path), os.fstat(number)):
                return number
        except OSError:
            continue
    return None


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask

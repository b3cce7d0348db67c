"""Sets of small numbers as the bits of one number."""

from __future__ import annotations

from collections.abc import Iterator

__all__ = ["bits_of"]


def bits_of(mask: int) -> Iterator[int]:
    """Yield the positions of the bits of a set, from the lowest.

    Parameters
    ----------
    mask : int
        The set; not negative.
    """
    while mask:
        low = mask & -mask
        yield low.bit_length() - 1
        mask ^= low

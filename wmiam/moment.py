"""The moment that a result names: the one thing in it that does not follow from the input."""

from __future__ import annotations

import os
from datetime import UTC, datetime

from wmiam.errors import InputError

__all__ = ["moment_of"]


def moment_of(generated: datetime | None = None) -> datetime:
    """Return the moment that a result is made at, in UTC.

    Parameters
    ----------
    generated : datetime, optional
        The moment, without time zone taken as UTC.  By default that of the environment variable
        ``SOURCE_DATE_EPOCH``, else now.

    Raises
    ------
    InputError
        If ``SOURCE_DATE_EPOCH`` is set and no number of seconds that a date can have.

    Notes
    -----
    Source: https://reproducible-builds.org/specs/source-date-epoch.
    """
    if generated is not None:
        return generated.replace(tzinfo=UTC) if generated.tzinfo is None else generated.astimezone(UTC)
    epoch = os.environ.get("SOURCE_DATE_EPOCH", "")
    if not epoch:
        return datetime.now(UTC)
    try:
        return datetime.fromtimestamp(int(epoch), UTC)
    except (ValueError, OverflowError, OSError):
        raise InputError(
            f"SOURCE_DATE_EPOCH is {epoch!r}, which is no moment",
            mend="set it to seconds since 1970-01-01, such as 1767225600, or unset it",
        ) from None

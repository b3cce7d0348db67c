"""Text from an estate, made fit to be shown: nothing in it is hidden, nothing reorders its neighbours."""

from __future__ import annotations

import unicodedata
from typing import Final

from wmiam.estate.model import Principal, PrincipalKind

__all__ = [
    "DECISION_SYMBOLS",
    "capitalized",
    "context_value",
    "count",
    "principal_name",
    "short_arn",
    "visible",
]

#: One sign a decision, so that colour is never the only carrier of meaning.
DECISION_SYMBOLS: Final = {"allowed": "●", "conditional": "◐", "denied": "·"}

# Controls, format characters (bidirectional ones, zero-width ones), halves of surrogate pairs,
# private use, and the two separators that end a line unseen.
_HIDDEN: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})


def visible(text: str) -> str:
    """Return text with every character that does not show, or that reorders others, spelled out.

    Names, tags and descriptions are written by anybody: a right-to-left override
    can make one name read as another, a zero-width character can hide one.

    Parameters
    ----------
    text : str
        Text of unknown origin.

    Returns
    -------
    str
        The same text with such characters as ``⟨U+202E⟩``.

    Notes
    -----
    Source: Unicode Technical Report 36, "Unicode Security Considerations",
    bidirectional text spoofing; the general categories of the Unicode Standard.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(f"⟨U+{ord(char):04X}⟩" if unicodedata.category(char) in _HIDDEN else char for char in text)


def context_value(value: object) -> str:
    """Return what a context key is fixed to, in words.

    Parameters
    ----------
    value : object
        A value, several of which any may be the request's, or None for a key that is absent.
    """
    if isinstance(value, (list, tuple, set, frozenset)):
        return " or ".join(context_value(member) for member in value)
    if value is None:
        return "absent"
    return str(value).lower() if isinstance(value, bool) else str(value)


def count(number: int, one: str, many: str = "") -> str:
    """Return a number with its noun: ``1 policy``, ``1,204 policies``.

    Parameters
    ----------
    number : int
        How many.
    one, many : str
        The noun for one and for several; by default the plural takes an ``s``.
    """
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def capitalized(text: str) -> str:
    """Return text with its first character as a capital, and all else as it is.

    Parameters
    ----------
    text : str
        A sentence, or a part of one.
    """
    return text[:1].upper() + text[1:]


def principal_name(principal: Principal) -> str:
    """Return a principal's name, and "root user" for an account's root user.

    Parameters
    ----------
    principal : Principal
        Whose name.
    """
    return "root user" if principal.kind is PrincipalKind.ROOT else principal.name


def short_arn(arn: str) -> str:
    """Return what an ARN names, without partition, service and account: ``role/mail/HelpDesk``.

    Parameters
    ----------
    arn : str
        An ARN, or any other text, which is returned as it is.
    """
    fields = arn.split(":", 5)
    return fields[5] if len(fields) == 6 and fields[0] == "arn" else arn

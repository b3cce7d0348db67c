"""Patterns with ``*`` and ``?``, and the policy variables inside them.

A policy value is parsed once into a :class:`Template` (literals, wildcards,
variables); with a request's context it becomes a regular expression.  Values
that a variable brings in are literal text: a user called ``*`` does not match
everybody.

Source: IAM User Guide, "IAM JSON policy elements: Resource" (wildcards, ARN
segments), "IAM policy elements: Variables and tags".
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache

__all__ = [
    "Piece",
    "Template",
    "Variable",
    "Wild",
    "action_matches",
    "ascii_lower",
    "glob",
    "parse_template",
    "resource_regex",
    "resource_template",
]

_UPPER = {code: code + 32 for code in range(ord("A"), ord("Z") + 1)}


def ascii_lower(text: str) -> str:
    """Return text with the letters A to Z in lower case and nothing else changed.

    ``str.lower`` would also fold the Kelvin sign to ``k`` and so make names equal
    that AWS keeps apart.
    """
    return text.lower() if text.isascii() else text.translate(_UPPER)


class Wild(Enum):
    """A wildcard of a pattern."""

    STAR = "*"
    ONE = "?"


@dataclass(frozen=True, slots=True)
class Variable:
    """A policy variable, ``${key}`` or ``${key, 'default'}``.

    Parameters
    ----------
    key : str
        Context key as written; compared without case.
    default : str or None
        Text for requests without that key.
    """

    key: str
    default: str | None = None


#: What a resolved pattern is made of.
Piece = str | Wild
#: Finds the text of a context key, or None where the request has none (or several).
Lookup = Callable[[str], str | None]


@dataclass(frozen=True, slots=True)
class Template:
    """A policy value, parsed.

    Parameters
    ----------
    parts : tuple of str, Wild or Variable
        Literal text, wildcards and variables in order.
    """

    parts: tuple[str | Wild | Variable, ...]

    @property
    def variables(self) -> tuple[Variable, ...]:
        """The policy variables in it."""
        return tuple(part for part in self.parts if isinstance(part, Variable))

    def resolve(self, lookup: Lookup) -> tuple[Piece, ...] | None:
        """Return the pattern for one request, or None where a variable has no value (M7).

        Parameters
        ----------
        lookup : callable
            Gives the single value of a context key, or None.
        """
        pieces: list[Piece] = []
        for part in self.parts:
            if isinstance(part, Variable):
                value = lookup(part.key)
                if value is None:
                    value = part.default
                if value is None:
                    return None
                pieces.append(value)
            else:
                pieces.append(part)
        return tuple(pieces)


_VARIABLE = re.compile(r"\$\{([^{}]*)\}")
_DEFAULT = re.compile(r"\s*([^,]+?)\s*,\s*'(.*)'\s*", re.DOTALL)
_SPECIAL = {"*": "*", "?": "?", "$": "$"}
_WILD: dict[str, Wild] = {wild.value: wild for wild in Wild}


@lru_cache(maxsize=65536)
def parse_template(text: str, *, variables: bool, wildcards: bool) -> Template:
    """Return a policy value taken apart.

    Parameters
    ----------
    text : str
        The value as written.
    variables : bool
        Whether ``${…}`` is a variable (Version 2012-10-17), or plain text.
    wildcards : bool
        Whether ``*`` and ``?`` are wildcards, or plain text.
    """
    parts: list[str | Wild | Variable] = []

    def plain(piece: str) -> None:
        if not wildcards:
            if piece:
                parts.append(piece)
            return
        for text in re.split(r"([*?])", piece):
            if text:
                parts.append(_WILD.get(text, text))

    at = 0
    for match in _VARIABLE.finditer(text) if variables else ():
        plain(text[at : match.start()])
        inner = match.group(1)
        if inner in _SPECIAL:
            parts.append(_SPECIAL[inner])
        elif default := _DEFAULT.fullmatch(inner):
            parts.append(Variable(default.group(1), default.group(2)))
        else:
            parts.append(Variable(inner.strip()))
        at = match.end()
    plain(text[at:])
    return Template(tuple(parts))


def resource_template(text: str, *, variables: bool) -> Template:
    """Return a Resource or NotResource value taken apart.

    Variables are replaced only behind the fifth colon of an ARN; before it, ``${``
    is plain text.

    Parameters
    ----------
    text : str
        The value as written.
    variables : bool
        Whether the document's version has policy variables.

    Notes
    -----
    Source: IAM User Guide, "Variables and tags", where you can use policy variables.
    """
    at = -1
    if text.startswith("arn:"):
        for _ in range(5):
            at = text.find(":", at + 1)
            if at < 0:
                return parse_template(text, variables=False, wildcards=True)
    head = parse_template(text[: at + 1], variables=False, wildcards=True)
    tail = parse_template(text[at + 1 :], variables=variables, wildcards=True)
    return Template((*head.parts, *tail.parts))


def _chunks(pieces: tuple[Piece, ...], one: str) -> list[str]:
    """Return the regular expressions between the stars of a pattern."""
    chunks = [""]
    for piece in pieces:
        if piece is Wild.STAR:
            chunks.append("")
        elif piece is Wild.ONE:
            chunks[-1] += one
        else:
            chunks[-1] += re.escape(str(piece))
    return chunks


def _star_pattern(chunks: list[str], anything: str, last: str) -> str:
    """Join chunks with stars so that matching takes linear time.

    The leftmost match of an inner chunk is always good enough, so it is taken
    and kept (an atomic group): a pattern of many stars cannot be made slow.
    """
    if len(chunks) == 1:
        return chunks[0]
    inner = "".join(f"(?>{anything}?{chunk})" for chunk in chunks[1:-1] if chunk)
    return f"{chunks[0]}{inner}{last}{chunks[-1]}"


@lru_cache(maxsize=65536)
def glob(pieces: tuple[Piece, ...]) -> re.Pattern[str]:
    """Return the regular expression of a pattern in which ``*`` crosses everything.

    Parameters
    ----------
    pieces : tuple of str or Wild
        A resolved pattern; use ``fullmatch``.
    """
    return re.compile(_star_pattern(_chunks(pieces, "."), ".*", ".*"), re.DOTALL)


def split_fields(pieces: tuple[Piece, ...], count: int = 6) -> list[tuple[Piece, ...]]:
    """Return the colon-separated fields of a pattern, the last one with all remaining colons.

    Parameters
    ----------
    pieces : tuple of str or Wild
        A resolved pattern.
    count : int
        The most fields to make.
    """
    fields: list[list[Piece]] = [[]]
    for piece in pieces:
        if isinstance(piece, Wild):
            fields[-1].append(piece)
            continue
        while len(fields) < count and ":" in piece:
            head, piece = piece.split(":", 1)
            if head:
                fields[-1].append(head)
            fields.append([])
        if piece:
            fields[-1].append(piece)
    return [tuple(field) for field in fields]


@lru_cache(maxsize=65536)
def resource_regex(pieces: tuple[Piece, ...]) -> re.Pattern[str]:
    """Return the regular expression of a Resource or NotResource pattern (M3).

    An ARN has six fields; missing ones are completed with ``*``.  Wildcards stay
    in their field, save that a ``*`` at the end of a field may reach beyond the
    colon, and that the sixth field holds whatever follows.

    Parameters
    ----------
    pieces : tuple of str or Wild
        A resolved pattern; use ``fullmatch``.

    Notes
    -----
    Source: IAM User Guide, "IAM JSON policy elements: Resource", using wildcards
    in resource ARNs, and incomplete ARNs.
    """
    fields = split_fields(pieces)
    if fields[0] != ("arn",):
        return glob(pieces)
    fields += [(Wild.STAR,)] * (6 - len(fields))
    texts = []
    for field in fields[:5]:
        chunks = _chunks(field, "[^:]")
        texts.append(_star_pattern(chunks, "[^:]*", ".*" if chunks[-1] == "" else "[^:]*"))
    texts.append(_star_pattern(_chunks(fields[5], "."), ".*", ".*"))
    return re.compile(":".join(texts), re.DOTALL)


@lru_cache(maxsize=65536)
def arn_regex(pieces: tuple[Piece, ...]) -> re.Pattern[str] | None:
    """Return the regular expression of a pattern of the ARN condition operators (C7).

    Parameters
    ----------
    pieces : tuple of str or Wild
        A resolved pattern.

    Returns
    -------
    re.Pattern or None
        For ARNs of six fields, of which each is matched alone; use ``fullmatch``.  A lone ``*``
        stands for any ARN; None where the pattern is not an ARN of six fields.
    """
    fields = [(Wild.STAR,)] * 6 if pieces == (Wild.STAR,) else split_fields(pieces)
    if len(fields) != 6:
        return None
    texts = [_star_pattern(_chunks(field, "[^:]"), "[^:]*", "[^:]*") for field in fields[:5]]
    texts.append(_star_pattern(_chunks(fields[5], "."), ".*", ".*"))
    return re.compile(":".join(texts), re.DOTALL)


@lru_cache(maxsize=65536)
def _action_regex(pattern: str) -> re.Pattern[str]:
    template = parse_template(ascii_lower(pattern), variables=False, wildcards=True)
    pieces = template.resolve(lambda _key: None)
    return glob(pieces or ())


def action_matches(pattern: str, action: str) -> bool:
    """Whether an Action or NotAction pattern covers an action (M1).

    Parameters
    ----------
    pattern : str
        As written, e.g. ``"workmail:Get*"`` or ``"*"``.
    action : str
        A full action name, e.g. ``"workmail:GetMailUserDetails"``.

    Notes
    -----
    Source: IAM User Guide, "IAM JSON policy elements: Action": prefix and name are
    compared without case.
    """
    return _action_regex(pattern).fullmatch(ascii_lower(action)) is not None

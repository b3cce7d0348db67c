"""Sets of actions written with wildcards, as short as found, that cover no action too many."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from wmiam.engine.compile import ACTIONS

__all__ = ["action_patterns"]

#: ``Describe*`` is easier to review than ``*Alias``, which reads and writes.
_OPEN_COST, _LEAST_OPEN = 10, 4
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z][a-z0-9]*|[a-z0-9]+")


def action_patterns(needed: int, allowed: int) -> list[str]:
    """Return patterns that cover all of one set of actions and none outside of another.

    Parameters
    ----------
    needed, allowed : int
        Sets of actions, the first a part of the second.

    Returns
    -------
    list of str
        Sorted.  A wildcard stands where it covers several actions, and between words.
    """
    left = needed
    options = [(p, mask) for p, mask in _patterns() if mask & needed and not mask & ~allowed]
    chosen: list[tuple[str, int]] = []
    while left:
        best = min(
            (option for option in options if option[1] & left),
            key=lambda option: (_cost(option[0]) / (option[1] & left).bit_count(), option[0]),
        )
        chosen.append(best)
        left &= ~best[1]
    for option in sorted(chosen, key=lambda option: (-len(option[0]), option[0])):
        rest = [other for other in chosen if other is not option]
        covered = 0
        for _, mask in rest:
            covered |= mask
        if not needed & ~covered:
            chosen = rest
    return sorted(pattern for pattern, _ in chosen)


def _cost(pattern: str) -> int:
    """Return what a pattern costs: its characters, and more where it leaves open what is done."""
    return len(pattern) + 3 + (_OPEN_COST if ":*" in pattern[:-1] else 0)


@cache
def _patterns() -> tuple[tuple[str, int], ...]:
    """Return every pattern that may be used, with the actions of the catalog that it covers."""
    found: dict[str, int] = {name: 1 << bit for bit, name in enumerate(ACTIONS.names)}
    # Action names compare without case (M1): *Mail* covers what has Email in it, too.
    lowered = [name.lower() for name in ACTIONS.names]
    for name in ACTIONS.names:
        for pattern in _wildcards(name):
            if pattern not in found:
                parts = pattern.lower().split("*")
                mask = sum(1 << bit for bit, known in enumerate(lowered) if _covers(parts, known))
                if mask.bit_count() > 1:
                    found[pattern] = mask
    return tuple(sorted(found.items()))


def _covers(parts: list[str], name: str) -> bool:
    """Whether a name is made of some parts in their order, with anything between them."""
    if not (name.startswith(parts[0]) and name.endswith(parts[-1])):
        return False
    at, end = len(parts[0]), len(name) - len(parts[-1])
    for part in parts[1:-1]:
        found = name.find(part, at, end)
        if found < 0:
            return False
        at = found + len(part)
    return at <= end


def _wildcards(full_name: str) -> Iterator[str]:
    """Yield the patterns that an action's name gives: its first words, its last, some in the middle."""
    service, _, name = full_name.partition(":")
    words = _WORD.findall(name)
    yield f"{service}:*"
    for first in range(len(words)):
        for end in range(first + 1, len(words) + 1):
            part = "".join(words[first:end])
            if first and len(part) < _LEAST_OPEN:
                continue
            yield f"{service}:{'*' if first else ''}{part}{'*' if end < len(words) else ''}"
            if first == 0:
                yield f"{service}:{part}*"
                for tail in range(end + 1, len(words)):
                    yield f"{service}:{part}*{''.join(words[tail:])}"

"""How statements and the ways to them are named."""

from __future__ import annotations

from wmiam.engine.layers import Source
from wmiam.estate.model import Policy, PolicyKind
from wmiam.policy.model import UnreadStatement

__all__ = ["place_of", "statement_label", "way"]


def way(source: Source) -> str:
    """Return how a statement reaches a principal, in words."""
    policy = source.policy
    text = ("inline policy " if policy.kind is PolicyKind.INLINE else "policy ") + policy.name
    return f"group {source.group.name} › {text}" if source.group is not None else text


def statement_label(source: Source) -> str:
    """Return ``policy#Sid (file:line)`` of a statement."""
    statement, policy = source.compiled.statement, source.policy
    unread = isinstance(statement, UnreadStatement)
    label = f"{policy.name}#{statement.index if isinstance(statement, UnreadStatement) else statement.label}"
    place = place_of(policy, statement.pointer)
    return f"{label}{' (unread)' if unread else ''}" + (f" ({place})" if place else "")


def place_of(policy: Policy, pointer: str) -> str:
    """Return ``file:line`` of a place in a policy's document; the file alone where it is very large."""
    if policy.origin is None:
        return ""
    origin = policy.origin.below(pointer)
    line = origin.line if origin.source.size <= origin.source.KEEP else None
    return origin.source.name if line is None else f"{origin.source.name}:{line}"

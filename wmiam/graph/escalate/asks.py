"""The requests that escalations take, as bits: an action with the context keys that a method fixes.

``iam:PassRole`` to Lambda and ``iam:PassRole`` to EC2 are two of them: a condition on
``iam:PassedToService`` lets through one and not the other.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from wmiam.catalog.escalations import Method, Permission, escalation_action, removal_permissions
from wmiam.engine.compile import ActionSets
from wmiam.engine.knowledge import ABSENT_KEY, Known
from wmiam.engine.request import ContextEntry
from wmiam.policy.patterns import action_matches, ascii_lower

__all__ = ["Ask", "Asks"]

#: An action, and the keys that are fixed.
Ask = tuple[str, tuple[tuple[str, str], ...]]

#: Where IAM has its one endpoint in each partition, so that every call names this region.
#: Source: IAM User Guide, "AWS global condition context keys", aws:RequestedRegion.
_IAM_REGION = {"aws": "us-east-1", "aws-cn": "cn-north-1", "aws-us-gov": "us-gov-west-1"}
_REGION = "aws:requestedregion"


class Asks(ActionSets):
    """Every request that some method takes, and those that take policies off a principal.

    Parameters
    ----------
    methods : iterable of Method
        The methods.
    partition : str
        Partition of the estate, for the region of calls to IAM.
    """

    def __init__(self, methods: Iterable[Method], partition: str) -> None:
        asks: dict[Ask, int] = {}
        permissions = [*removal_permissions().values()]
        for method in methods:
            permissions += [*method.permissions, *method.role_permissions]
        for permission in permissions:
            asks.setdefault((permission.action, permission.fixed), len(asks))
        super().__init__([escalation_action(name) for name, _ in asks])
        self.asks: tuple[Ask, ...] = tuple(asks)
        self._bit = asks
        region = _IAM_REGION.get(partition)
        self.fixed: tuple[dict[str, ContextEntry], ...] = tuple(
            {ascii_lower(key): ContextEntry(key, (value,)) for key, value in fixed}
            | (
                {_REGION: ContextEntry("aws:RequestedRegion", (region,))}
                # Whether a role may be passed is asked by the service that it is passed to.
                if region is not None and name.startswith("iam:") and name != "iam:PassRole"
                else {}
            )
            for name, fixed in asks
        )
        self._known: dict[tuple[int, frozenset[str]], Sequence[tuple[int, Known]]] = {}

    def bit(self, permission: Permission) -> int:
        """Return the position of a permission's request."""
        return self._bit[permission.action, permission.fixed]

    def of(self, pattern: str) -> int:
        """Return the requests whose action a pattern covers (M1)."""
        found = self._patterns.get(pattern)
        if found is None:
            found = self._patterns[pattern] = sum(
                1 << bit for bit, name in enumerate(self.names) if action_matches(pattern, name)
            )
        return found

    def parted(self, every: int, keys: frozenset[str]) -> Sequence[tuple[int, Known]]:
        """Return a set of requests by what they decide of some keys: fixed, or never carried (C11).

        Parameters
        ----------
        every : int
            The set.
        keys : frozenset of str
            Canonical keys.
        """
        found = self._known.get((every, keys))
        if found is None:
            merged: dict[tuple[tuple[str, ContextEntry], ...], int] = {}
            for bit in range(every.bit_length()):
                if every >> bit & 1:
                    known = tuple(self._decided(bit, keys))
                    merged[known] = merged.get(known, 0) | 1 << bit
            found = [(mask, Known(dict(known))) for known, mask in merged.items()]
            self._known[every, keys] = found
        return found

    def _decided(self, bit: int, keys: frozenset[str]) -> Iterable[tuple[str, ContextEntry]]:
        fixed, action = self.fixed[bit], self.actions[bit]
        for key in sorted(keys):
            if key in fixed:
                yield key, fixed[key]
            elif not action.carries(key):
                yield key, ABSENT_KEY

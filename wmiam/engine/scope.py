"""The resources of one account as bits of a number, and what statements cover of them.

Everything that is asked of a hundred organizations is asked once for a whole
set of them: which of them a pattern covers, and which of them agree on a key.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import cached_property

from wmiam.bits import bits_of
from wmiam.engine.compile import Binding, Compiled
from wmiam.engine.diagrams import FALSE, TRUE, Diagrams
from wmiam.engine.knowledge import Known
from wmiam.engine.resources import Resource, ResourceKind, pattern_contexts
from wmiam.engine.space import Space

__all__ = ["Pieces", "Scope", "decided_by_resource"]

#: A function of resources: disjoint sets of them, each with the contexts; elsewhere no context.
Pieces = tuple[tuple[int, int], ...]

_WILDCARDS = frozenset("*?")


def decided_by_resource(key: str) -> bool:
    """Whether a resource may decide a canonical key; see ``organization_knowledge``, ``role_knowledge``."""
    return key.startswith(("aws:resource", "iam:resourcetag/")) or key in (
        "aws:requestedregion",
        "iam:permissionsboundary",
    )


class Scope:
    """The resources of one account.

    Parameters
    ----------
    resources : sequence of Resource
        The resources.
    kinds : mapping of str to int
        The kinds of resource, each with the set of the actions that are about it.
    known_of : callable
        What a resource decides of a request's context.
    """

    def __init__(
        self, resources: Sequence[Resource], kinds: Mapping[str, int], known_of: Callable[[Resource], Known]
    ) -> None:
        self.resources: tuple[Resource, ...] = tuple(resources)
        self.all = (1 << len(self.resources)) - 1
        self._known_of = known_of
        self._kind: dict[str, int] = dict.fromkeys(kinds, 0)
        self._organization: dict[str, int] = {}
        self._of_arn: dict[str, int] = {}
        for index, resource in enumerate(self.resources):
            self._kind[resource.kind] |= 1 << index
            self._of_arn[resource.arn] = self._of_arn.get(resource.arn, 0) | 1 << index
            if resource.kind is ResourceKind.ORGANIZATION:
                organization = resource.organization
                if organization is not None and not organization.stand_in:
                    self._organization[resource.arn] = 1 << index
        self.kinds = tuple((self._kind[kind], actions) for kind, actions in kinds.items())
        self._parted: dict[tuple[str, ...], tuple[tuple[int, Binding], ...]] = {}
        self._covered: dict[tuple[str, bool, Binding], Pieces] = {}

    def kind(self, kind: str) -> int:
        """Return the resources of a kind."""
        return self._kind[kind]

    def members(self, mask: int) -> list[Resource]:
        """Return the resources of a set, in order."""
        return [self.resources[index] for index in bits_of(mask)]

    def chosen(self, arns: Collection[str] | None) -> int:
        """Return the resources of some organizations, and what is about no organization.

        Parameters
        ----------
        arns : collection of str or None
            ARNs of organizations; None for all.
        """
        if arns is None:
            return self.all
        found = self._kind[ResourceKind.NONE]
        for arn in arns:
            found |= self._of_arn.get(arn, 0)
        return found

    def actions(self, mask: int) -> int:
        """Return the actions that are about some resource of a set."""
        found = 0
        for kind, covered in self.kinds:
            if mask & kind:
                found |= covered
        return found

    def relevant(self, actions: int) -> int:
        """Return the resources that some action of a set is about."""
        mask = 0
        for kind, covered in self.kinds:
            if covered & actions:
                mask |= kind
        return mask

    @cached_property
    def _by_known(self) -> list[tuple[int, Known]]:
        """The resources by what they know: of many that are alike it is one object."""
        found: dict[int, tuple[Known, list[int]]] = {}
        for index, resource in enumerate(self.resources):
            known = self._known_of(resource)
            found.setdefault(id(known), (known, []))[1].append(index)
        return [(sum(1 << index for index in indexes), known) for known, indexes in found.values()]

    def parted(self, keys: tuple[str, ...]) -> tuple[tuple[int, Binding], ...]:
        """Return the resources by what they decide of some keys.

        Parameters
        ----------
        keys : tuple of str
            Canonical keys.

        Returns
        -------
        tuple of (int, tuple)
            Disjoint sets of resources that together are all, each with what it knows of each
            key; None where the key stays open.
        """
        found = self._parted.get(keys)
        if found is None:
            open_keys: Binding = (None,) * len(keys)
            merged: dict[Binding, int] = {}
            if any(decided_by_resource(key) for key in keys):
                for mask, known in self._by_known:
                    bound = tuple(known.get(key) for key in keys)
                    merged[bound] = merged.get(bound, 0) | mask
            else:
                merged[open_keys] = self.all
            found = self._parted[keys] = tuple((mask, bound) for bound, mask in merged.items())
        return found

    def covered(self, compiled: Compiled, known: Known, space: Space) -> Pieces:
        """Return the resources that a statement's resource elements cover, and in which contexts.

        Parameters
        ----------
        compiled : Compiled
            The statement.
        known : Known
            What is known of the principal, for policy variables.
        space : Space
            The estate's contexts.
        """
        relevant = self.relevant(compiled.actions)
        if compiled.resources is None:
            return ((relevant, TRUE),)
        whole = 0
        partly: list[tuple[int, int]] = []
        bound = tuple(known.get(key) for key in compiled.resource_reads)
        for text in compiled.resources:
            for mask, contexts in self._pattern(text, compiled.variables, bound, known, space):
                if contexts == TRUE:
                    whole |= mask
                else:
                    partly.append((mask, contexts))
        pieces = _overlaid(partly, whole, space.diagrams) if partly else ((whole, TRUE),)
        if compiled.negated:
            pieces = _complement(pieces, self.all, space.diagrams)
        return tuple((mask & relevant, contexts) for mask, contexts in pieces if mask & relevant)

    def _pattern(self, text: str, variables: bool, bound: Binding, known: Known, space: Space) -> Pieces:
        if text == "*":
            return ((self.all, TRUE),)
        exact = self._organization.get(text)
        if exact is not None and not _WILDCARDS & set(text):
            return ((exact, TRUE),)
        key = (text, variables, bound)
        found = self._covered.get(key)
        if found is None:
            found = self._covered[key] = pattern_contexts(text, variables, self.resources, known, space)
        return found


def _overlaid(partly: Iterable[tuple[int, int]], whole: int, d: Diagrams) -> Pieces:
    """Return the union of functions of resources: some sets, each with contexts, and one with all."""
    pieces: list[tuple[int, int]] = []
    for mask, contexts in partly:
        rest = mask & ~whole
        after: list[tuple[int, int]] = []
        for old, before in pieces:
            shared = old & rest
            if shared:
                after.append((shared, d.either(before, contexts)))
                rest &= ~shared
            if old & ~shared:
                after.append((old & ~shared, before))
        if rest:
            after.append((rest, contexts))
        pieces = after
    if whole:
        pieces.append((whole, TRUE))
    return tuple(pieces)


def _complement(pieces: Pieces, every: int, d: Diagrams) -> Pieces:
    result: list[tuple[int, int]] = []
    for mask, contexts in pieces:
        every &= ~mask
        if contexts != TRUE:
            result.append((mask, d.neither(contexts)))
    if every:
        result.append((every, TRUE))
    return tuple((mask, contexts) for mask, contexts in result if contexts != FALSE)

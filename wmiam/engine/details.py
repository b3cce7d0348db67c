"""What single statements, layers and cells of an evaluated estate say: for explanations."""

from __future__ import annotations

from collections.abc import Iterable

from wmiam.engine.compile import ActionSets, Binding, Compiled, Question, Row, binding, row_contexts
from wmiam.engine.diagrams import FALSE, TRUE
from wmiam.engine.knowledge import NOTHING_KNOWN, Known
from wmiam.engine.layers import Layer, PrincipalClass, Source
from wmiam.engine.policies import Policies
from wmiam.engine.resources import Resource, resource_contexts
from wmiam.engine.space import Space
from wmiam.engine.tables import Allowed
from wmiam.engine.unknowns import unread_policy
from wmiam.estate.model import Principal, PrincipalKind
from wmiam.policy.model import Effect, UnreadStatement

__all__ = ["Details", "Granted"]

#: What is allowed: disjoint sets of resources, each with sets of actions and their contexts.
Granted = tuple[tuple[int, Allowed], ...]


class Details:
    """The contexts of single statements, layers and cells; part of :class:`~wmiam.engine.whole.Whole`.

    Attributes
    ----------
    actions : ActionSets
        What is evaluated.
    policies : Policies
        The estate's policies, compiled.
    space : Space
        The estate's contexts.
    """

    actions: ActionSets
    policies: Policies
    space: Space
    _known_of: dict[str, Known]
    _contexts: dict[tuple[Question, Binding], int]
    _covered: dict[tuple[int, Resource, Binding], int]
    _unread_of: dict[int, frozenset[int]]

    def layers_of(self, principal: Principal) -> tuple[Layer, ...]:
        """Return what must allow a principal's requests, with the policies as it has them itself.

        Parameters
        ----------
        principal : Principal
            Who; others of its class may hold the same statements by other policies and groups.
        """
        return self.policies.layers_of(principal)

    def statement_contexts(
        self, source: Source, members: PrincipalClass, resource: Resource, absent: Known
    ) -> int:
        """Return the contexts in which a statement applies (its actions apart).

        Parameters
        ----------
        source : Source
            The statement.
        members : PrincipalClass
            Whose request.
        resource : Resource
            About what.
        absent : Known
            Keys that the action never carries.
        """
        d = self.space.diagrams
        result = self.resource_contexts(source.compiled, members, resource)
        for row in source.compiled.rows:
            if result == FALSE:
                break
            result = d.both(result, self.row(row, members, resource, absent))
        return result

    def known_of(self, resource: Resource) -> Known:
        """Return the keys that a resource decides."""
        return NOTHING_KNOWN if resource.organization is None else self._known_of[resource.arn]

    def row(self, row: Row, members: PrincipalClass, resource: Resource, absent: Known) -> int:
        """Return the contexts in which one row of a Condition block holds; see :meth:`statement_contexts`."""
        organization = self.known_of(resource)
        bound = binding(row, absent, members.known, organization)
        return self._row_contexts(row, bound)

    def resource_contexts(self, compiled: Compiled, members: PrincipalClass, resource: Resource) -> int:
        """Return the contexts in which a statement's resource elements cover a resource."""
        key = (id(compiled), resource, tuple(members.known.get(k) for k in compiled.resource_reads))
        if key not in self._covered:
            self._covered[key] = resource_contexts(compiled, resource, members.known, self.space)
        return self._covered[key]

    def _row_contexts(self, row: Row, bound: Binding) -> int:
        key = (row.question, bound)
        found = self._contexts.get(key)
        if found is None:
            found = self._contexts[key] = row_contexts(row, bound, self.space)
        return found

    def _unlisted(self, layer: Layer) -> int:
        return self.space.unknown(f"{layer.title} allow it ({layer.unlisted})")

    def absent_keys(self, members: PrincipalClass, actions: int) -> Known:
        """Return the keys that a set of actions (all alike) never carries.

        Parameters
        ----------
        members : PrincipalClass
            Whose statements ask.
        actions : int
            Set of actions.
        """
        return self.actions.absent_keys(self._reads(members), actions)

    def _reads(self, members: PrincipalClass) -> frozenset[str]:
        """Return every canonical key that the policies of a class depend on."""
        layers = self.layers_of(members.principal)
        return frozenset(key for layer in layers for part in layer.parts for key in part.reads)

    def cell_contexts(self, members: PrincipalClass, resource: Resource, actions: int) -> int:
        """Return the contexts in which a set of actions (all alike) is allowed on a resource.

        Parameters
        ----------
        members : PrincipalClass
            Who asks.
        resource : Resource
            About what.
        actions : int
            Set of actions that no statement tells apart.
        """
        d = self.space.diagrams
        absent = self.absent_keys(members, actions)
        result = members.universe
        denied = FALSE
        for layer in self.layers_of(members.principal):
            allows, denies = self.layer_contexts(layer, members, resource, actions, absent)
            result = d.both(result, allows)
            denied = d.either(denied, denies)
            if result == FALSE:
                return FALSE
        return d.minus(result, denied)

    def layer_contexts(
        self, layer: Layer, members: PrincipalClass, resource: Resource, actions: int, absent: Known
    ) -> tuple[int, int]:
        """Return the contexts in which a layer allows, and those in which it denies explicitly."""
        d = self.space.diagrams
        start = TRUE if layer.unconditional else FALSE
        if layer.unlisted:
            start = self._unlisted(layer)
        allows, denies = self._effects(layer.sources, members, resource, actions, absent)
        return d.either(start, allows), denies

    def _effects(
        self,
        sources: Iterable[Source],
        members: PrincipalClass,
        resource: Resource,
        actions: int,
        absent: Known,
    ) -> tuple[int, int]:
        """Return the contexts in which some statement allows, and those in which one denies."""
        d = self.space.diagrams
        allows = denies = FALSE
        for source in sources:
            if not source.compiled.actions & actions:
                continue
            if isinstance(source.compiled.statement, UnreadStatement):
                may_allow, may_deny = self.unread(source)
                allows, denies = d.either(allows, may_allow), d.either(denies, may_deny)
                continue
            contexts = self.statement_contexts(source, members, resource, absent)
            if source.compiled.effect is Effect.ALLOW:
                allows = d.either(allows, contexts)
            else:
                denies = d.either(denies, contexts)
        return allows, denies

    def unread(self, source: Source) -> tuple[int, int]:
        """Return the contexts in which an unread statement may allow, and may deny: named unknowns."""
        effect = source.compiled.effect
        names = unread_policy(source.policy.name, source.compiled.statement.index)
        may_allow, may_deny = map(self.space.unknown, names)
        return (FALSE if effect is Effect.DENY else may_allow, FALSE if effect is Effect.ALLOW else may_deny)

    def may_allow(self, members: PrincipalClass) -> frozenset[int]:
        """Return the unknowns that stand for what unread identity-based policies of a class allow.

        Parameters
        ----------
        members : PrincipalClass
            The class.
        """
        if members.principal.kind is PrincipalKind.ROOT:
            return frozenset()
        return frozenset(unknown for number in members.identity for unknown in self._allowing(number))

    def _allowing(self, number: int) -> frozenset[int]:
        found = self._unread_of.get(number)
        if found is None:
            found = self._unread_of[number] = frozenset(
                variable
                for source in self.policies.parts[number].sources
                if isinstance(source.compiled.statement, UnreadStatement)
                for variable in self.space.diagrams.support(self.unread(source)[0])
            )
        return found

    def for_certain(self, members: PrincipalClass, grants: Granted) -> Granted:
        """Return what is left of grants where the unread identity-based policies of a class allow nothing.

        Parameters
        ----------
        members : PrincipalClass
            The class.
        grants : tuple
            What it is, or would be, allowed.
        """
        unknowns = self.may_allow(members)
        if not unknowns:
            return grants
        every = {contexts for _, cells in grants for _, contexts in cells}
        left = {contexts: self.space.where_none(contexts, unknowns) for contexts in every}
        merged: dict[Allowed, int] = {}
        for mask, cells in grants:
            certain: dict[int, int] = {}
            for actions, contexts in cells:
                certain[left[contexts]] = certain.get(left[contexts], 0) | actions
            allowed = tuple((actions, contexts) for contexts, actions in certain.items() if contexts != FALSE)
            if allowed:
                merged[allowed] = merged.get(allowed, 0) | mask
        return tuple((mask, allowed) for allowed, mask in merged.items())

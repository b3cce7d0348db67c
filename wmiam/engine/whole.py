"""Whole estates: every principal, action and organization, with the exact contexts of each.

Principals whose policies, limits and relevant attributes are the same form one
class, which is evaluated once; so do organizations that no statement tells
apart, and actions.  Must agree with :mod:`wmiam.engine.decide`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from wmiam.engine.compile import (
    ACTIONS,
    Binding,
    Compiled,
    Row,
    binding,
    closed_row,
    compile_document,
    row_contexts,
    usage_of,
)
from wmiam.engine.diagrams import FALSE, TRUE
from wmiam.engine.knowledge import ABSENT_KEY, Known, organization_knowledge, principal_knowledge
from wmiam.engine.layers import Cell, Layer, Part, PrincipalClass, Source, credentials, used_parts
from wmiam.engine.resources import Resource, ResourceKind, account_resources
from wmiam.engine.resources import resource_contexts as covered_contexts
from wmiam.engine.space import Space, Usage
from wmiam.estate.estate import Estate
from wmiam.estate.model import Group, OrganizationsTarget, Policy, Principal, PrincipalKind
from wmiam.policy.model import Effect, PolicyDocument, UnreadStatement

__all__ = ["Cell", "Layer", "Part", "PrincipalClass", "Source", "Whole"]

_NOTHING = Known()
#: A partition of actions: each set with the contexts in which it is allowed, and denied explicitly.
Cells = list[tuple[int, int, int]]


class Whole:
    """The evaluation of a whole estate.

    Parameters
    ----------
    estate : Estate
        What was read.
    progress : bool, optional
        Whether to show a progress bar; by default for large estates in a terminal or notebook.
    """

    def __init__(self, estate: Estate, *, progress: bool | None = None) -> None:
        self._prepare(estate)
        self._fill(Space(self._usages()), progress)

    @classmethod
    def together(cls, estates: Iterable[Estate], *, progress: bool | None = None) -> list[Whole]:
        """Evaluate several estates over the same request contexts, so that their answers can be compared.

        Parameters
        ----------
        estates : iterable of Estate
            E.g. an estate before and after a change.
        progress : bool, optional
            Whether to show a progress bar.

        Returns
        -------
        list of Whole
            In the order given; all with one :class:`~wmiam.engine.space.Space`, in which equal
            sets of contexts are the same number.
        """
        wholes = []
        for estate in estates:
            whole = cls.__new__(cls)
            whole._prepare(estate)
            wholes.append(whole)
        space = Space(usage for whole in wholes for usage in whole._usages())
        for whole in wholes:
            whole._fill(space, progress)
        return wholes

    def _prepare(self, estate: Estate) -> None:
        """Compile statements and class principals: what needs no contexts yet."""
        self.estate = estate
        self._compiled: dict[int, tuple[Compiled, ...]] = {}
        self._scp_layers: dict[str, tuple[Layer, ...]] = {}
        self._contexts: dict[tuple[int, Binding], int] = {}
        self._covered: dict[tuple[int, Resource, Binding], int] = {}
        self._parts: dict[tuple[int, int], Part] = {}
        self._part_vectors: dict[object, tuple[int, ...]] = {}
        self._cells: dict[object, Cells] = {}
        self._vectors: dict[tuple[int, str, Binding], tuple[int, ...]] = {}
        self._known_of: dict[str, Known] = {
            o.arn: organization_knowledge(o, estate) for o in estate.organizations
        }
        self.resources: dict[str, list[Resource]] = {}
        for account in {p.account for p in estate.principals}:
            owned = [o for o in estate.organizations if o.account == account]
            self.resources[account] = account_resources(owned)
        self.classes: list[PrincipalClass] = []
        self.class_of: dict[str, PrincipalClass] = {}
        self._classify()

    def _fill(self, space: Space, progress: bool | None) -> None:
        self.space = space
        for members in _watched(self.classes, progress):
            self._evaluate(members)

    # -- principals to classes ----------------------------------------------

    def _part(self, policy: Policy, group: Group | None = None) -> Part:
        key = (id(policy), id(group))
        if key not in self._parts:
            document = policy.document
            if document is None:
                unread = UnreadStatement(-1, None, "", policy.problem or "no file holds its document")
                document = PolicyDocument(unread=(unread,))
                compiled = self._compiled.setdefault(id(policy), compile_document(document))
            else:
                if id(document) not in self._compiled:
                    self._compiled[id(document)] = compile_document(document)
                compiled = self._compiled[id(document)]
            self._parts[key] = Part.of(tuple(Source(policy, statement, group) for statement in compiled))
        return self._parts[key]

    def layers_of(self, principal: Principal) -> tuple[Layer, ...]:
        """Return what must allow a principal's requests, with the policies as it has them itself.

        Parameters
        ----------
        principal : Principal
            Who; others of its class may hold the same statements by other policies and groups.
        """
        identity = [self._part(policy, group) for policy, group in principal.identity_policies]
        root = principal.kind is PrincipalKind.ROOT
        layers = [Layer("identity", "identity-based policies", used_parts(identity), unconditional=root)]
        if principal.boundary is not None:
            title = f"permissions boundary {principal.boundary.name}"
            layers.append(Layer("permissions boundary", title, used_parts([self._part(principal.boundary)])))
        if principal.kind is not PrincipalKind.SERVICE_LINKED_ROLE:
            layers.extend(self._scps(principal.account))
        return tuple(layers)

    def _scps(self, account: str) -> tuple[Layer, ...]:
        if account not in self._scp_layers:
            self._scp_layers[account] = tuple(self._scp_levels(account))
        return self._scp_layers[account]

    def _scp_levels(self, account: str) -> Iterator[Layer]:
        tree = self.estate.aws_organization
        if tree is None or account == tree.management_account or tree.scps_in_use is False:
            return
        if tree.scps_in_use is None and not any(target.scps for target in tree.targets.values()):
            return
        for target in tree.path(account):
            parts = used_parts(self._part(policy) for policy in target.scps)
            unlisted = "" if target.scps else f"no file lists the SCPs of {_target(target)}"
            yield Layer("service control policy", f"SCPs of {_target(target)}", parts, unlisted=unlisted)

    def _classify(self) -> None:
        found: dict[object, PrincipalClass] = {}
        for principal in self.estate.principals:
            layers = self.layers_of(principal)
            known = principal_knowledge(principal, self.estate)
            key = (
                principal.account,
                credentials(principal),
                tuple(
                    (
                        layer.title,
                        layer.unlisted,
                        layer.unconditional,
                        tuple(dict.fromkeys(part.key for part in layer.parts)),
                    )
                    for layer in layers
                ),
                self._attributes(layers, known),
            )
            members = found.get(key)
            if members is None:
                members = found[key] = PrincipalClass(principal, layers, known)
                self.classes.append(members)
            self.class_of[principal.arn] = members

    def _attributes(self, layers: tuple[Layer, ...], known: Known) -> tuple[object, ...]:
        """Return what the principal's attributes make of the statements that read them."""
        outcome: list[object] = []
        for layer in layers:
            for source in (s for part in layer.parts if part.reads for s in part.sources):
                for row in source.compiled.rows:
                    bound = binding(row, known)
                    if any(entry is not None for entry in bound):
                        closed = all(entry is not None for entry in bound)
                        outcome.append(closed_row(row, bound) if closed else bound)
                outcome.extend(known.get(key) for key in source.compiled.resource_reads)
        return tuple(outcome)

    # -- contexts -----------------------------------------------------------

    def _usages(self) -> Iterator[Usage]:
        seen: set[tuple[int, Binding]] = set()
        for members in self.classes:
            for layer in members.layers:
                for source in layer.sources:
                    for row in source.compiled.rows:
                        for bound in self._bindings(row, members):
                            if (id(row), bound) not in seen:
                                seen.add((id(row), bound))
                                usage = usage_of(row, bound)
                                if usage is not None:
                                    yield usage

    def _bindings(self, row: Row, members: PrincipalClass) -> Iterable[Binding]:
        first = binding(row, members.known)
        if len(row.reads) == 1 or None not in first[1:]:
            return [first]
        owned = (r.organization for r in self.resources[members.principal.account] if r.organization)
        return {first, *(binding(row, members.known, self._known_of[o.arn]) for o in owned)}

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
        return _NOTHING if resource.organization is None else self._known_of[resource.arn]

    def row(self, row: Row, members: PrincipalClass, resource: Resource, absent: Known) -> int:
        """Return the contexts in which one row of a Condition block holds; see :meth:`statement_contexts`."""
        organization = self.known_of(resource)
        bound = binding(row, absent, members.known, organization)
        key = (id(row), bound)
        if key not in self._contexts:
            self._contexts[key] = row_contexts(row, bound, self.space)
        return self._contexts[key]

    def resource_contexts(self, compiled: Compiled, members: PrincipalClass, resource: Resource) -> int:
        """Return the contexts in which a statement's resource elements cover a resource."""
        key = (id(compiled), resource, tuple(members.known.get(k) for k in compiled.resource_reads))
        if key not in self._covered:
            self._covered[key] = covered_contexts(compiled, resource, members.known, self.space)
        return self._covered[key]

    # -- cells --------------------------------------------------------------

    def _evaluate(self, members: PrincipalClass) -> None:
        principal = members.principal
        temporary, long_term = credentials(principal)
        members.universe = self.space.universe(temporary=temporary, long_term=long_term)
        parts = {part.key: part for layer in members.layers for part in layer.parts}
        members.reads = frozenset().union(*(part.reads for part in parts.values()))
        resources = self.resources[principal.account]
        vectors = [self._part_vector(part, members) for part in parts.values()]
        alike: dict[tuple[ResourceKind, tuple[int, ...]], list[int]] = {}
        signatures = zip(*vectors, strict=True) if vectors else [()] * len(resources)
        for index, (resource, signature) in enumerate(zip(resources, signatures, strict=True)):
            alike.setdefault((resource.kind, signature), []).append(index)
        for (_, signature), indexes in alike.items():
            numbers = dict(zip(parts, signature, strict=True))
            allowed = tuple(self._resource_cells(members, resources[indexes[0]], numbers))
            if allowed:
                members.groups.append((tuple(resources[index] for index in indexes), allowed))

    def _part_vector(self, part: Part, members: PrincipalClass) -> tuple[int, ...]:
        """Return a number for each resource of the account: equal where a policy sees no difference."""
        account = members.principal.account
        key = (part.key, account, self._attributes_of(part, members))
        if key not in self._part_vectors:
            vectors = [self._vector(source.compiled, members) for source in part.sources]
            numbers: dict[object, int] = {}
            self._part_vectors[key] = tuple(
                numbers.setdefault(seen, len(numbers)) for seen in zip(*vectors, strict=True)
            )
        return self._part_vectors[key]

    @staticmethod
    def _attributes_of(part: Part, members: PrincipalClass) -> Binding:
        return tuple(members.known.get(key) for key in part.reads)

    def _vector(self, compiled: Compiled, members: PrincipalClass) -> tuple[int, ...]:
        """Return a number for each resource of the account: equal where a statement sees no difference."""
        account = members.principal.account
        key = (id(compiled), account, tuple(members.known.get(name) for name in compiled.resource_reads))
        if key not in self._vectors:
            numbers: dict[object, int] = {}
            vector = []
            for resource in self.resources[account]:
                seen: object = FALSE
                if compiled.actions & resource.actions:
                    seen = self.resource_contexts(compiled, members, resource)
                    if seen != FALSE:
                        known = self.known_of(resource)
                        seen = (seen, *(binding(row, known) for row in compiled.rows))
                vector.append(numbers.setdefault(seen, len(numbers)))
            self._vectors[key] = tuple(vector)
        return self._vectors[key]

    def _resource_cells(
        self, members: PrincipalClass, resource: Resource, numbers: dict[tuple[int, ...], int]
    ) -> Iterator[tuple[int, int]]:
        """Yield sets of actions with the contexts in which they are allowed on a resource."""
        d = self.space.diagrams
        result: Cells = [(resource.actions, members.universe, FALSE)]
        for layer in members.layers:
            start = TRUE if layer.unconditional else FALSE
            if layer.unlisted:
                start = self.space.unknown(f"{layer.title} allow it ({layer.unlisted})")
            cells: Cells = [(resource.actions, start, FALSE)]
            for part in {part.key: part for part in layer.parts}.values():
                found = self._part_cells(part, members, resource, numbers[part.key])
                cells = _combine(cells, found, d.either, d.either)
            result = [cell for cell in _combine(result, cells, d.both, d.either) if cell[1] != FALSE]
        merged: dict[int, int] = {}
        for actions, allows, denies in result:
            contexts = d.minus(allows, denies)
            if contexts != FALSE:
                merged[contexts] = merged.get(contexts, 0) | actions
        for contexts, actions in merged.items():
            yield actions, contexts

    def _part_cells(self, part: Part, members: PrincipalClass, resource: Resource, number: int) -> Cells:
        """Return what a policy allows and denies on a resource, by sets of actions."""
        attributes = self._attributes_of(part, members)
        key = (part.key, members.principal.account, resource.kind, number, attributes)
        found = self._cells.get(key)
        if found is None:
            found = self._cells[key] = self._make_part_cells(part, members, resource)
        return found

    def _make_part_cells(self, part: Part, members: PrincipalClass, resource: Resource) -> Cells:
        touched = 0
        for source in part.sources:
            touched |= source.compiled.actions
        cells = [touched & resource.actions] if touched & resource.actions else []
        splits = {source.compiled.actions for source in part.sources}
        splits |= {ACTIONS.carriers(key) for key in part.reads}
        for split in splits:
            cells = [piece for cell in cells for piece in (cell & split, cell & ~split) if piece]
        found: Cells = []
        for actions in cells:
            absent = Known({key: ABSENT_KEY for key in part.reads if not ACTIONS.carriers(key) & actions})
            allows, denies = self._effects(part.sources, members, resource, actions, absent)
            if allows != FALSE or denies != FALSE:
                found.append((actions, allows, denies))
        return found

    def absent_keys(self, members: PrincipalClass, actions: int) -> Known:
        """Return the keys that a set of actions (all alike) never carries.

        Parameters
        ----------
        members : PrincipalClass
            Whose statements ask.
        actions : int
            Set of actions.
        """
        return Known({key: ABSENT_KEY for key in members.reads if not ACTIONS.carriers(key) & actions})

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
        for layer in members.layers:
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
        d, space = self.space.diagrams, self.space
        start = TRUE if layer.unconditional else FALSE
        if layer.unlisted:
            start = space.unknown(f"{layer.title} allow it ({layer.unlisted})")
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
        statement = source.compiled.statement
        place = f"policy {source.policy.name}"
        if statement.index >= 0:
            place = f"statement {statement.index} of {place}"
        effect = source.compiled.effect
        may_allow = self.space.unknown(f"{place}, which cannot be read, allows it")
        may_deny = self.space.unknown(f"{place}, which cannot be read, denies it")
        return (FALSE if effect is Effect.DENY else may_allow, FALSE if effect is Effect.ALLOW else may_deny)


def _combine(
    left: Cells, right: Cells, allow: Callable[[int, int], int], deny: Callable[[int, int], int]
) -> Cells:
    """Return the common refinement of two partitions of actions.

    Where the second does not reach, the first stays as it is: the caller sees to it that
    both cover the same actions where that would be wrong.
    """
    merged: dict[tuple[int, int], int] = {}
    for actions, allows, denies in left:
        rest = actions
        for other, more_allows, more_denies in right:
            shared = rest & other
            if shared:
                key = (allow(allows, more_allows), deny(denies, more_denies))
                merged[key] = merged.get(key, 0) | shared
                rest &= ~other
        if rest:
            merged[allows, denies] = merged.get((allows, denies), 0) | rest
    return [(actions, allows, denies) for (allows, denies), actions in merged.items()]


def _watched(classes: list[PrincipalClass], progress: bool | None) -> Iterable[PrincipalClass]:
    """Return the classes, with a progress bar where it is wanted or takes long."""
    if progress is False or (progress is None and len(classes) < 5000):
        return classes
    from tqdm.auto import tqdm

    hidden = None if progress is None else not progress
    return tqdm(classes, desc="Evaluating", unit=" classes", disable=hidden, leave=False)


def _target(target: OrganizationsTarget) -> str:
    return f"{target.kind} {target.name or target.id}"

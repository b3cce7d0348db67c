"""Whole estates: every principal, action and organization, with the exact contexts of each.

Principals whose policies, limits and relevant attributes are the same form one
class, which is evaluated once; so do organizations that no statement tells
apart, and actions.  Must agree with :mod:`wmiam.engine.decide`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from wmiam.engine.compile import (
    ACTIONS,
    ActionSets,
    Binding,
    Compiled,
    Question,
    Row,
    binding,
    usage_of,
)
from wmiam.engine.details import Details
from wmiam.engine.diagrams import FALSE, TRUE
from wmiam.engine.knowledge import NOTHING_KNOWN, Known, organization_knowledge, takes_session_tags
from wmiam.engine.layers import Cell, Layer, Part, PrincipalClass, Source, credentials
from wmiam.engine.policies import IDLE, Policies
from wmiam.engine.resources import WORKMAIL_KINDS, Resource, account_resources
from wmiam.engine.scope import Scope
from wmiam.engine.space import Space, Usage
from wmiam.engine.tables import Allowed, Cells, Piece, Table, Tables
from wmiam.estate.estate import Estate
from wmiam.estate.levels import is_limited
from wmiam.estate.model import Principal, PrincipalKind
from wmiam.memory import without_cycles
from wmiam.policy.model import Effect, UnreadStatement

__all__ = ["Cell", "Layer", "Part", "PrincipalClass", "Source", "Whole"]


class Whole(Details):
    """The evaluation of a whole estate.

    Parameters
    ----------
    estate : Estate
        What was read.
    progress : bool, optional
        Whether to show a progress bar; by default for large estates in a terminal or notebook.

    Attributes
    ----------
    actions : ActionSets
        What is evaluated: WorkMail's actions.
    """

    actions: ActionSets = ACTIONS

    def __init__(self, estate: Estate, *, progress: bool | None = None) -> None:
        with without_cycles():
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
        with without_cycles():
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
        self.policies = Policies(estate, self.actions)
        self._known_of: dict[str, Known] = {
            o.arn: organization_knowledge(o, estate) for o in estate.organizations
        }
        self.scopes: dict[str, Scope] = {
            account: self._scope(account) for account in {p.account for p in estate.principals}
        }
        self.resources = {account: list(scope.resources) for account, scope in self.scopes.items()}
        self._contexts: dict[tuple[Question, Binding], int] = {}
        self._covered: dict[tuple[int, Resource, Binding], int] = {}
        self._unread_of: dict[int, frozenset[int]] = {}
        self.classes: list[PrincipalClass] = []
        self.class_of: dict[str, PrincipalClass] = {}
        #: Every policy as some class has it, with one of these classes.
        self._held: dict[tuple[int, int, str], PrincipalClass] = {}
        self._classify()

    def _fill(self, space: Space, progress: bool | None) -> None:
        """Evaluate each class over a space of contexts."""
        self.space = space
        self._start()
        for members in _watched(self.classes, progress):
            self._evaluate(members)
        self._forget()

    def _start(self) -> None:
        """Make what the evaluation alone needs."""
        self._tables = Tables(self.space.diagrams, self.actions.all)
        self._table_of: dict[tuple[int, int, str], Table] = {}
        self._levels_of: dict[tuple[object, ...], Table] = {}

    def _forget(self) -> None:
        """Drop what the evaluation alone needs."""
        del self._levels_of, self._table_of, self._tables

    def _scope(self, account: str) -> Scope:
        """Return what the principals of an account can act on."""
        organizations = [o for o in self.estate.organizations if o.account == account]
        return Scope(account_resources(organizations), WORKMAIL_KINDS, self.known_of)

    # -- principals to classes ----------------------------------------------

    def _classify(self) -> None:
        found: dict[object, PrincipalClass] = {}
        kinds: dict[object, object] = {}
        policies = self.policies
        for principal in self.estate.principals:
            role = principal.trust if principal.is_role else None
            key: object = (
                principal.account,
                principal.kind,
                None if role is None else id(role if role.document is None else role.document),
            )
            kind = kinds.get(key)
            if kind is None:
                kind = kinds[key] = (
                    principal.account,
                    principal.kind,
                    credentials(principal),
                    principal.is_role and takes_session_tags(principal),
                )
            identity = frozenset(policies.identity(principal))
            boundary = None if principal.boundary is None else policies.number(principal.boundary)
            variants = self._variants(principal, kind, identity, boundary)
            key = (kind, identity, boundary, tuple(variants.items()))
            members = found.get(key)
            if members is None:
                members = found[key] = PrincipalClass(
                    principal,
                    self.scopes[principal.account],
                    self.estate,
                    tuple(sorted(identity)),
                    variants,
                )
                self.classes.append(members)
                self._note(members, boundary)
            self.class_of[principal.arn] = members

    def _variants(
        self, principal: Principal, kind: object, identity: frozenset[int], boundary: int | None
    ) -> dict[int, int]:
        """Return how a principal's attributes settle the policies that read them."""
        policies = self.policies
        readers = identity & policies.readers
        if boundary in policies.readers:
            readers |= {boundary}
        if is_limited(principal):
            for layer in policies.levels(principal.account):
                readers |= policies.readers.intersection(layer.numbers)
        return {number: policies.variant(number, principal, kind) for number in sorted(readers)}

    def _note(self, members: PrincipalClass, boundary: int | None) -> None:
        account = members.principal.account
        numbers = set(members.identity)
        if boundary is not None and boundary != IDLE:
            numbers.add(boundary)
        if is_limited(members.principal):
            for layer in self.policies.levels(account):
                numbers.update(layer.numbers)
        for number in numbers:
            self._held.setdefault((number, members.variants.get(number, 0), account), members)

    # -- contexts -----------------------------------------------------------

    def _usages(self) -> Iterator[Usage]:
        seen: set[tuple[Question, Binding]] = set()
        for (number, _, account), members in self._held.items():
            known = self._known(number, members)
            for source in self.policies.parts[number].sources:
                for row in source.compiled.rows:
                    for bound in self._bindings(row, known, self.scopes[account]):
                        if (row.question, bound) not in seen:
                            seen.add((row.question, bound))
                            usage = usage_of(row, bound)
                            if usage is not None:
                                yield usage

    def _known(self, number: int, members: PrincipalClass) -> Known:
        """Return what is known of a class, as far as a policy asks for it."""
        return members.known if self.policies.own_keys[number] else NOTHING_KNOWN

    @staticmethod
    def _bindings(row: Row, known: Known, scope: Scope) -> Iterable[Binding]:
        first = binding(row, known)
        if len(first) == 1 or None not in first[1:]:
            return (first,)
        return {first, *(_completed(first, bound) for _, bound in scope.parted(row.reads))}

    # -- cells --------------------------------------------------------------

    def _evaluate(self, members: PrincipalClass) -> None:
        principal, tables = members.principal, self._tables
        temporary, long_term = credentials(principal)
        members.universe = self.space.universe(temporary=temporary, long_term=long_term)
        root = principal.kind is PrincipalKind.ROOT
        result = self._united(members.identity, members, TRUE if root else FALSE)
        if principal.boundary is not None:
            number = self.policies.number(principal.boundary)
            limit = self._united(() if number == IDLE else (number,), members)
            result = tables.limit(result, limit)
        if is_limited(principal):
            levels = self.policies.levels(principal.account)
            if levels:
                result = tables.limit(result, self._levels(levels, members))
        members.allowed = self._finished(result, members.universe)

    def _united(self, numbers: Iterable[int], members: PrincipalClass, start: int = FALSE) -> Table:
        """Return what policies of one kind allow and deny, beside what is allowed beforehand."""
        table = self._tables.same(members.scope.all, start)
        for number in numbers:
            table = self._tables.union(table, self._table(number, members))
        return table

    def _finished(self, table: Table, universe: int) -> tuple[tuple[int, Allowed], ...]:
        """Return what a table allows in the end."""
        merged: dict[Allowed, int] = {}
        for mask, cells in table:
            allowed = self._tables.allowed(cells, universe)
            if allowed:
                merged[allowed] = merged.get(allowed, 0) | mask
        return tuple((mask, allowed) for allowed, mask in merged.items())

    def unlimited(self, classes: Iterable[PrincipalClass]) -> list[PrincipalClass]:
        """Return classes as they would be if their own policies allowed everything.

        Parameters
        ----------
        classes : iterable of PrincipalClass
            Of this evaluation.

        Returns
        -------
        list of PrincipalClass
            What SCPs leave to each, without boundary and with any credentials; those to which they
            leave the same stand once.
        """
        self._start()
        universe = self.space.universe(temporary=True, long_term=True)
        found: dict[object, PrincipalClass] = {}
        for members in classes:
            principal, scope = members.principal, members.scope
            levels = self.policies.levels(principal.account) if is_limited(principal) else ()
            table = self._levels(levels, members) if levels else self._tables.same(scope.all, TRUE)
            other = PrincipalClass(principal, scope, self.estate, (), members.variants)
            other.universe, other.allowed = universe, self._finished(table, universe)
            found.setdefault((principal.account, frozenset(other.allowed)), other)
        self._forget()
        return list(found.values())

    def layer_tables(
        self, asked: Iterable[tuple[PrincipalClass, Layer]]
    ) -> list[tuple[tuple[int, Cells], ...]]:
        """Return what single layers allow and deny, each as far as it goes by itself.

        Parameters
        ----------
        asked : iterable of (PrincipalClass, Layer)
            Classes of this evaluation, each with one of its layers.

        Returns
        -------
        list of tuple
            For each, disjoint sets of resources with a partition of all actions: each set with the
            contexts that allow it, and those that deny it.
        """
        self._start()
        cells = self._tables.cells
        found = [
            tuple((mask, cells(number)) for mask, number in self._layer(layer, members))
            for members, layer in asked
        ]
        self._forget()
        return found

    def _layer(self, layer: Layer, members: PrincipalClass) -> Table:
        start = FALSE
        if layer.unconditional:
            start = TRUE
        elif layer.unlisted:
            start = self._unlisted(layer)
        return self._united(layer.numbers, members, start)

    def _levels(self, levels: tuple[Layer, ...], members: PrincipalClass) -> Table:
        """Return what every level of SCPs over an account allows to those whom they treat alike."""
        numbers = [number for layer in levels for number in layer.numbers]
        key = (members.principal.account, *(members.variants.get(number, 0) for number in numbers))
        found = self._levels_of.get(key)
        if found is None:
            found = self._tables.same(members.scope.all, TRUE)
            for layer in levels:
                found = self._tables.limit(found, self._layer(layer, members))
            self._levels_of[key] = found
        return found

    def _table(self, number: int, members: PrincipalClass) -> Table:
        """Return what one policy allows and denies to those that it treats like a class."""
        key = (number, members.variants.get(number, 0), members.principal.account)
        found = self._table_of.get(key)
        if found is None:
            known = self._known(number, members)
            pieces: list[Piece] = []
            for source in self.policies.parts[number].sources:
                if isinstance(source.compiled.statement, UnreadStatement):
                    pieces.append((self.actions.all, members.scope.all, *self.unread(source)))
                else:
                    pieces.extend(self._pieces(source.compiled, members.scope, known))
            found = self._table_of[key] = self._tables.of(pieces, members.scope.all)
        return found

    def pieces(self, number: int, compiled: Compiled, members: PrincipalClass) -> list[Piece]:
        """Return what one statement of a policy does to a class, limits and other statements apart.

        Parameters
        ----------
        number : int
            Number of the policy.
        compiled : Compiled
            The statement; what an unread one does is :meth:`unread`.
        members : PrincipalClass
            Whose requests.

        Returns
        -------
        list of tuple
            Sets of actions and resources, with the contexts that allow and those that deny.
        """
        known = self._known(number, members)
        return list(self._pieces(compiled, members.scope, known))

    def _pieces(self, compiled: Compiled, scope: Scope, known: Known) -> Iterator[Piece]:
        """Yield what a statement allows or denies, by sets of actions and of resources."""
        covered = scope.covered(compiled, known, self.space)
        if not covered:
            return
        both = self.space.diagrams.both
        allow = compiled.effect is Effect.ALLOW
        for actions, absent in self.actions.parted(compiled.actions, compiled.reads):
            parts = list(covered)
            for row in compiled.rows:
                after: list[tuple[int, int]] = []
                first = binding(row, absent, known)
                for mask, bound in scope.parted(row.reads):
                    contexts = self._row_contexts(row, _completed(first, bound))
                    if contexts != FALSE:
                        for other, before in parts:
                            if mask & other:
                                narrowed = both(before, contexts)
                                if narrowed != FALSE:
                                    after.append((mask & other, narrowed))
                parts = after
            for mask, contexts in parts:
                yield (actions, mask, contexts, FALSE) if allow else (actions, mask, FALSE, contexts)


def _completed(first: Binding, second: Binding) -> Binding:
    """Return what is known of some keys by the first that knows."""
    return tuple(one if one is not None else other for one, other in zip(first, second, strict=True))


def _watched(classes: list[PrincipalClass], progress: bool | None) -> Iterable[PrincipalClass]:
    """Return the classes, with a progress bar where it is wanted or takes long."""
    if progress is False or (progress is None and len(classes) < 5000):
        return classes
    from tqdm.auto import tqdm

    hidden = None if progress is None else not progress
    return tqdm(classes, desc="Evaluating", unit=" classes", disable=hidden, leave=False)

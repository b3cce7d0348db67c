"""The parts of which the page composes the explanation of any cell, each stored once.

An explanation follows from what the principal's statements do to the cell and
from what each layer makes of it.  Both are the same for many cells, so they are
stored by sets of actions and resources; the cells of a large estate would be
too many to explain beforehand.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Final

from wmiam.access.applied import layer_outcome
from wmiam.access.labels import place_of, way
from wmiam.engine.diagrams import FALSE
from wmiam.engine.policies import IDLE, boundary_title
from wmiam.engine.whole import PrincipalClass, Source
from wmiam.estate.levels import is_limited
from wmiam.estate.model import Policy, Principal
from wmiam.policy.model import UnreadStatement
from wmiam.stored.effects import Effects
from wmiam.stored.tables import Interner, Store
from wmiam.views.statements import statement_lines
from wmiam.views.text import visible

if TYPE_CHECKING:
    from wmiam.access import Access

__all__ = ["LAYER_DECISIONS", "ExplanationParts"]

#: What a layer may make of a cell, by the numbers that the page has for it.
LAYER_DECISIONS: Final = ("does not allow", "conditional", "allows", "denies")


class ExplanationParts:
    """All that explanations of an access are composed of.

    Parameters
    ----------
    access : Access
        The effective access.
    store : Store
        Receives texts, sets and answers.

    Notes
    -----
    A class is shared by principals that hold the same statements by policies of their own;
    what the page says of policies it therefore takes from the principal's holding.
    """

    def __init__(self, access: Access, store: Store) -> None:
        self._access = access
        self._store = store
        self._effects = Effects(access, store)
        self._policies = access.whole.policies
        self._holdings = Interner()
        self._held: dict[object, int] = {}
        self._policy_rows: dict[int, int] = {}
        self._shown: list[Policy] = []
        self._effect_sets = Interner()
        self._layer_tables = Interner()
        self._outcomes: dict[tuple[bool, int, int, int], tuple[int, int]] = {}

    # -- principals ---------------------------------------------------------

    def holding(self, principal: Principal) -> int:
        """Return the place of a principal's policies: identity-based ones with their way, and boundary."""
        boundary = principal.boundary
        key = (
            tuple(map(id, principal.inline)),
            tuple(map(id, principal.attached)),
            tuple(map(id, principal.groups)),
            id(boundary),
        )
        found = self._held.get(key)
        if found is None:
            rows = []
            for policy, group in principal.identity_policies:
                place = self._policy(policy)
                if place is not None:
                    through = way(self._policies.part(policy, group).sources[0])
                    rows.append((place, self._store.text(through)))
            limit = None if boundary is None else self._boundary(boundary)
            found = self._held[key] = self._holdings((tuple(rows), limit))
        return found

    def _boundary(self, boundary: Policy) -> tuple[int, tuple[tuple[int, int], ...]]:
        """Return the title of a boundary's layer, and the boundary with its way unless it is idle."""
        title, place = self._store.text(boundary_title(boundary)), self._policy(boundary)
        if place is None:
            return title, ()
        return title, ((place, self._store.text(way(self._policies.part(boundary).sources[0]))),)

    def _policy(self, policy: Policy) -> int | None:
        """Return the place of a policy; None for one that says nothing of WorkMail."""
        if self._policies.number(policy) == IDLE:
            return None
        place = self._policy_rows.get(id(policy))
        if place is None:
            place = self._policy_rows[id(policy)] = len(self._shown)
            self._shown.append(policy)
        return place

    # -- accounts -----------------------------------------------------------

    def levels(self, account: str) -> list[Any]:
        """Return the levels of SCPs over an account: title, and policies as (place, way)."""
        rows = []
        for layer in self._policies.levels(account):
            policies = [part.sources[0] for part in layer.parts]
            held = [(self._policy(first.policy), self._store.text(way(first))) for first in policies]
            rows.append([self._store.text(layer.title), held])
        return rows

    # -- classes ------------------------------------------------------------

    def classes(self, classes: Iterable[PrincipalClass]) -> list[list[Any]]:
        """Return what is known of each class.

        Parameters
        ----------
        classes : iterable of PrincipalClass
            Of the access.

        Returns
        -------
        list of list
            For each: the account; the resources that no request can be about as keys are fixed;
            what is allowed, as sets of resources with sets of actions and the place of their answer;
            the tables of its layers (identity, boundary if any, levels of SCPs if any), each like what is
            allowed with the place of an outcome; the place of its statements' effects; its kind.
        """
        found = [(members, self._policies.layers_of(members.principal)) for members in classes]
        asked = [(members, layer) for members, layers in found for layer in layers]
        tables = iter(self._access.whole.layer_tables(asked))
        rows = []
        for members, layers in found:
            within = self._access.fixed.within(members)
            dead = sum(mask for mask, contexts in within if contexts == FALSE)
            rows.append(
                [
                    members.principal.account,
                    self._store.mask(dead),
                    self._allowed(members, within),
                    [self._layer(members, within, next(tables)) for _ in layers],
                    self._effect_set(members),
                ]
            )
        return rows

    def _allowed(self, members: PrincipalClass, within: Sequence[tuple[int, int]]) -> list[Any]:
        d, store, role = self._access.whole.space.diagrams, self._store, members.principal.is_role
        rows = []
        for mask, contexts in within:
            for other, cells in members.allowed:
                if not mask & other or contexts == FALSE:
                    continue
                answers = [
                    (store.mask(actions), store.answer(narrowed, contexts, role=role))
                    for actions, allowed in cells
                    if (narrowed := d.both(allowed, contexts)) != FALSE
                ]
                if answers:
                    rows.append((store.mask(mask & other), answers))
        return rows

    def _layer(
        self,
        members: PrincipalClass,
        within: Sequence[tuple[int, int]],
        table: tuple[tuple[int, tuple[tuple[int, int, int], ...]], ...],
    ) -> int:
        store, role, rows = self._store, members.principal.is_role, []
        for mask, contexts in within:
            for other, cells in table:
                if mask & other:
                    outcomes: dict[tuple[int, int], int] = {}
                    for actions, allows, denies in cells:
                        outcome = self._outcome(role, contexts, allows, denies)
                        outcomes[outcome] = outcomes.get(outcome, 0) | actions
                    rows.append(
                        (
                            store.mask(mask & other),
                            tuple((store.mask(actions), *outcome) for outcome, actions in outcomes.items()),
                        )
                    )
        return self._layer_tables(tuple(rows))

    def _outcome(self, role: bool, within: int, allows: int, denies: int) -> tuple[int, int]:
        key = (role, within, allows, denies)
        found = self._outcomes.get(key)
        if found is None:
            decision, when = layer_outcome(self._access, allows, denies, within, role=role)
            found = self._outcomes[key] = LAYER_DECISIONS.index(decision), self._store.text(when)
        return found

    def _effect_set(self, members: PrincipalClass) -> int:
        principal = members.principal
        numbers = set(members.identity)
        if principal.boundary is not None:
            numbers.add(self._policies.number(principal.boundary))
        if is_limited(principal):
            for layer in self._policies.levels(principal.account):
                numbers.update(layer.numbers)
        numbers.discard(IDLE)
        return self._effect_sets(tuple((n, self._effects.of(n, members)) for n in sorted(numbers)))

    # -- all ----------------------------------------------------------------

    def payload(self) -> dict[str, Any]:
        """Return the tables as JSON values; whatever they refer to must have been asked for before."""
        documents: dict[int, list[Any]] = {}
        policies = []
        for policy in self._shown:
            number = self._policies.number(policy)
            sources = self._policies.part(policy).sources
            if number not in documents:
                documents[number] = [
                    self._statement(source, self._effects.parts.get((number, place), set()))
                    for place, source in enumerate(sources)
                ]
            text = self._store.text
            names = [text(t) for t in (policy.name, str(policy.kind), policy.arn or "", policy.version)]
            policies.append([*names, number, [self._place(source) for source in sources]])
        return {
            "policies": policies,
            "documents": documents,
            "effects": self._effects.payload(),
            "effectSets": [dict(found) for found in self._effect_sets.values],
            "layerTables": self._layer_tables.values,
            "holdings": self._holdings.values,
        }

    def _place(self, source: Source) -> list[int]:
        policy, pointer = source.policy, source.compiled.statement.pointer
        if policy.origin is None:
            return [self._store.text(""), self._store.text("")]
        place = "" if isinstance(source.compiled.statement, UnreadStatement) else place_of(policy, pointer)
        return [self._store.text(place), self._store.text(policy.origin.below(pointer).pointer)]

    def _statement(self, source: Source, parts: set[str]) -> list[Any]:
        statement = source.compiled.statement
        text = self._store.text
        if isinstance(statement, UnreadStatement):
            return [text(str(statement.index)), text(str(statement.effect or "unknown")), []]
        lines = statement_lines(source.policy, statement.pointer, statement, keep=parts)
        return [
            text(statement.label),
            text(str(statement.effect)),
            [
                [visible(line.text), [part for part in sorted(parts) if line.decides((part,))]]
                for line in lines
            ],
        ]

"""A condition: the request contexts in which something holds, among those that can be."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import cached_property

from wmiam.conditions import block
from wmiam.conditions.words import case_words, cases_of, describe, witness
from wmiam.engine.diagrams import FALSE
from wmiam.engine.request import Context
from wmiam.engine.space import Space, canonical_key
from wmiam.errors import OtherSpaceError, RequestError

__all__ = ["Condition"]


class Condition:
    """The exact set of request contexts in which something is allowed; immutable.

    Parameters
    ----------
    contexts : int
        The set, as a node of the space's decision diagrams.
    within : int
        The contexts that can be: those that the principal's credentials allow.
    space : Space
        Where both come from.
    role : bool
        Whether it is about a role's sessions (for the words).
    avoid : collection of str
        Canonical context keys that its requests never carry, so that no policy can ask for them.

    Notes
    -----
    Conditions of one evaluation combine by ``&``, ``|`` and ``~`` and compare by ``==``:
    equal sets are equal, however the policies say them.
    """

    __slots__ = ("__dict__", "_avoid", "_contexts", "_role", "_space", "_within")

    def __init__(
        self,
        contexts: int,
        within: int,
        space: Space,
        *,
        role: bool = False,
        avoid: Collection[str] = (),
    ) -> None:
        self._space = space
        self._within = within
        self._contexts = space.diagrams.both(contexts, within)
        self._role = role
        self._avoid = frozenset(avoid)

    @property
    def contexts(self) -> int:
        """The set, as a node of the space's decision diagrams."""
        return self._contexts

    @property
    def within(self) -> int:
        """The contexts that can be."""
        return self._within

    @property
    def space(self) -> Space:
        """The contexts of the evaluation that it comes from."""
        return self._space

    @property
    def always(self) -> bool:
        """Whether it holds in every request that can be made."""
        return self._contexts == self._within and not self.never

    @property
    def never(self) -> bool:
        """Whether it holds in no request."""
        return self._contexts == FALSE

    @cached_property
    def _owners(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        found = block.essential(self._contexts, self._within, self._space)
        owners = [self._space.owner(variable) for variable in self._space.diagrams.support(found)]
        keys = sorted({owner[0].name for owner in owners if not isinstance(owner, str)})
        return tuple(keys), tuple(sorted({owner for owner in owners if isinstance(owner, str)}))

    @property
    def keys(self) -> tuple[str, ...]:
        """The context keys that it depends on, sorted."""
        return self._owners[0]

    @property
    def unknowns(self) -> tuple[str, ...]:
        """What it depends on besides context keys, as clauses that follow "it depends on whether"."""
        return self._owners[1]

    @cached_property
    def sentence(self) -> str:
        """When it holds, in plain words: ``"with MFA, from 203.0.113.0/24"``, ``"always"``, ``"never"``."""
        if self.never:
            return "never"
        return describe(self._contexts, self._within, self._space, role=self._role) or "always"

    def witness(self) -> dict[str, str] | None:
        """Return a small request context in which it holds: the keys that matter; None if it never does."""
        return witness(self._contexts, self._within, self._space)

    def cases(self) -> list[dict[str, str]] | None:
        """Return the cases that together are the condition.

        Returns
        -------
        list of dict, or None
            For each case what each context key must be, in words; keys that do not matter are
            not there.  An empty list where it never holds, one empty case where it always
            does; None where there are too many cases to list.
        """
        found = cases_of(self._contexts, self._within, self._space)
        return None if found is None else [case_words(case, self._space) for case in found]

    def holds(self, context: Mapping[str, object]) -> bool:
        """Whether it holds in a request.

        Parameters
        ----------
        context : mapping of str to value
            The request's context keys, e.g. ``{"aws:MultiFactorAuthPresent": True}``.  A key
            that is not there is absent from the request; one that every such request has,
            such as the time, is left open.

        Raises
        ------
        RequestError
            If no request has these keys together, or if the answer depends on a key that is
            left open, or on a named unknown.
        """
        space, d = self._space, self._space.diagrams
        entries = Context.of(context)
        point = space.point(entries)
        given = {canonical_key(key) for key in entries}
        request = self._within
        for stage in (True, False):
            for dimension in space.dimensions.values():
                if (dimension.key in given) is not stage:
                    continue
                variables = [*dimension.variables, *([dimension.single] if dimension.multivalued else [])]
                fixed = d.cube({v: 1 << point[v] for v in variables if v is not None})
                narrowed = d.both(request, fixed)
                # What cannot be absent beside the keys that are given is left open.
                if stage or narrowed != FALSE:
                    request = narrowed
        if request == FALSE:
            raise RequestError("no request of this principal has just these context keys")
        if d.implies(request, self._contexts):
            return True
        if d.both(request, self._contexts) == FALSE:
            return False
        rest = Condition(self._contexts, request, space)
        parts = [f"give {key} as well" for key in rest.keys]
        parts += [f"nothing says whether {unknown}" for unknown in rest.unknowns]
        raise RequestError(f"the context does not decide it: {'; '.join(parts)}")

    def implies(self, other: Condition) -> bool:
        """Whether the other condition holds wherever this one does.

        Parameters
        ----------
        other : Condition
            One of the same evaluation.

        Raises
        ------
        OtherSpaceError
            If it comes from another evaluation.
        """
        return self._space.diagrams.implies(self._contexts, self._same_space(other)._contexts)

    def to_policy(self) -> dict[str, dict[str, list[str]]]:
        """Return the Condition element of a policy that says exactly this, the shortest found.

        Returns
        -------
        dict
            Operator → context key → values, for a document of Version 2012-10-17; empty where
            it always holds.

        Raises
        ------
        NoConditionBlock
            If no single block says it; the error says why.

        Notes
        -----
        Exact among the contexts that can be: what no request of the principal can carry is not
        ruled out again.  Source: IAM User Guide, "IAM JSON policy elements: Condition".
        """
        return block.to_policy(self._contexts, self._within, self._space, self._avoid)

    def to_statements(self) -> list[dict[str, dict[str, list[str]]]]:
        """Return Condition elements, one for each of several Allow statements, that together are exact.

        Returns
        -------
        list of dict
            Empty where it never holds.

        Raises
        ------
        NoConditionBlock
            If no Allow statements can say it; the error says why.
        """
        return block.to_statements(self._contexts, self._within, self._space, self._avoid)

    def _same_space(self, other: Condition) -> Condition:
        if other._space is not self._space:
            raise OtherSpaceError
        return other

    def _combined(self, other: Condition, contexts: int) -> Condition:
        # Each stays inside its own ``within``, so nothing is added by taking both together.
        within = self._space.diagrams.either(self._within, other._within)
        role, avoid = self._role and other._role, self._avoid | other._avoid
        return Condition(contexts, within, self._space, role=role, avoid=avoid)

    def __and__(self, other: object) -> Condition:
        """Return where both hold."""
        if not isinstance(other, Condition):
            return NotImplemented
        self._same_space(other)
        return self._combined(other, self._space.diagrams.both(self._contexts, other._contexts))

    def __or__(self, other: object) -> Condition:
        """Return where one of both holds."""
        if not isinstance(other, Condition):
            return NotImplemented
        self._same_space(other)
        return self._combined(other, self._space.diagrams.either(self._contexts, other._contexts))

    def __invert__(self) -> Condition:
        """Return where it does not hold, among the contexts that can be."""
        rest = self._space.diagrams.minus(self._within, self._contexts)
        return Condition(rest, self._within, self._space, role=self._role, avoid=self._avoid)

    def __eq__(self, other: object) -> bool:
        """Whether both hold in the same contexts; an error for conditions of different evaluations."""
        if not isinstance(other, Condition):
            return NotImplemented
        return self._contexts == self._same_space(other)._contexts

    def __hash__(self) -> int:
        return hash((id(self._space), self._contexts))

    def __repr__(self) -> str:
        return f"<Condition: {self.sentence}>"

    def _repr_html_(self) -> str:
        from wmiam.views.html import condition_html

        return condition_html(self)

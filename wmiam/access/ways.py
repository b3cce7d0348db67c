"""How permissions arrive: through which group and policy, by which statements."""

from __future__ import annotations

from wmiam.access.labels import statement_label, way
from wmiam.engine.compile import ACTIONS
from wmiam.engine.diagrams import FALSE
from wmiam.engine.layers import Source
from wmiam.engine.policies import IDLE
from wmiam.engine.resources import Resource
from wmiam.engine.whole import PrincipalClass, Whole
from wmiam.estate.model import Group, Policy, Principal, PrincipalKind
from wmiam.policy.model import Effect

__all__ = ["Ways"]

_Statements = tuple[str, tuple[str, ...]]


class Ways:
    """The ways of every permission of an estate, each worked out once.

    Parameters
    ----------
    whole : Whole
        The evaluation.
    """

    def __init__(self, whole: Whole) -> None:
        self._whole = whole
        self._of_policy: dict[object, _Statements | None] = {}
        self._of_holding: dict[object, tuple[str, str]] = {}
        self._labels: dict[tuple[Policy, str], str] = {}

    def of(
        self, principal: Principal, members: PrincipalClass, resource: Resource, bit: int
    ) -> tuple[str, str]:
        """Return how a permission arrives, and the statements that give it.

        Parameters
        ----------
        principal : Principal
            Who has it.
        members : PrincipalClass
            The principal's class.
        resource : Resource
            On what.
        bit : int
            The action, as a set of one.

        Returns
        -------
        tuple of str
            ``"group HelpDesk › policy help-desk"`` and ``"help-desk#Reset (file:line)"``; several
            joined by ``"; "``.
        """
        if principal.kind is PrincipalKind.ROOT:
            return "account root user", ""
        key = (id(members), principal.inline, principal.attached, principal.groups, resource, bit)
        found = self._of_holding.get(key)
        if found is None:
            through: dict[str, None] = {}
            statements: dict[str, None] = {}
            for policy, group in principal.identity_policies:
                number = self._whole.policies.number(policy)
                if number == IDLE:
                    continue
                given = self._given(policy, group, number, members, resource, bit)
                if given is not None:
                    through[given[0]] = None
                    statements.update(dict.fromkeys(given[1]))
            found = self._of_holding[key] = "; ".join(through), "; ".join(statements)
        return found

    def _given(
        self,
        policy: Policy,
        group: Group | None,
        number: int,
        members: PrincipalClass,
        resource: Resource,
        bit: int,
    ) -> _Statements | None:
        """Return how one policy gives a permission, None where it does not."""
        variant = members.variants.get(number, 0)
        key = (policy, group, variant, members.universe, resource, bit)
        if key not in self._of_policy:
            self._of_policy[key] = self._find(policy, group, members, resource, bit)
        return self._of_policy[key]

    def _find(
        self, policy: Policy, group: Group | None, members: PrincipalClass, resource: Resource, bit: int
    ) -> _Statements | None:
        whole = self._whole
        part = whole.policies.part(policy, group)
        absent = ACTIONS.absent_keys(part.reads, bit)
        labels: list[str] = []
        for source in part.sources:
            if source.compiled.actions & bit and source.compiled.effect is not Effect.DENY:
                contexts = whole.statement_contexts(source, members, resource, absent)
                if whole.space.diagrams.both(contexts, members.universe) != FALSE:
                    labels.append(self._label(source))
        return (way(part.sources[0]), tuple(labels)) if labels else None

    def _label(self, source: Source) -> str:
        """Return a statement's label; its line in the file is looked up once."""
        key = (source.policy, source.compiled.statement.pointer)
        found = self._labels.get(key)
        if found is None:
            found = self._labels[key] = statement_label(source)
        return found

"""Statements as nodes: what each allows and denies, on which organizations."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from wmiam.catalog import load
from wmiam.engine.compile import ACTIONS, Compiled, compile_document
from wmiam.engine.diagrams import FALSE
from wmiam.engine.knowledge import NOTHING_KNOWN
from wmiam.engine.resources import Resource, account_resources, resource_contexts
from wmiam.engine.space import Space
from wmiam.estate.model import Organization, Policy
from wmiam.graph.nodes import Draft
from wmiam.policy.model import Effect, Statement, UnreadStatement

__all__ = ["Statements"]


class Statements:
    """Adds the statements of policies to a graph.

    Parameters
    ----------
    draft : Draft
        The graph.
    organizations : sequence of Organization
        Those that ``allows`` and ``denies`` edges name.
    """

    def __init__(self, draft: Draft, organizations: Sequence[Organization]) -> None:
        self.draft = draft
        self._resources = account_resources(list(organizations))
        # Whether a pattern may cover an organization is asked without a request.
        self._space = Space(())

    def add(self, policies: Mapping[str, Policy], actions: Sequence[str] | None) -> None:
        """Add the statements of policies.

        Parameters
        ----------
        policies : mapping of str to Policy
            By node id.
        actions : sequence of str or None
            The actions to draw edges to; None for those that a statement names with their
            service prefix.
        """
        for identity, policy in policies.items():
            if policy.document is None:
                continue
            compiled = {id(c.statement): c for c in compile_document(policy.document)}
            for statement in policy.document.statements:
                node = self._statement(identity, policy, statement)
                touching = compiled.get(id(statement))
                if touching is not None:
                    self._act(node, touching, actions)

    def _statement(self, identity: str, policy: Policy, statement: Statement) -> str:
        node = f"{identity}#{statement.index}"
        self.draft.node(
            node,
            "statement",
            statement.sid or f"statement {statement.index}",
            effect=str(statement.effect),
            sid=statement.sid or "",
            conditional=bool(statement.conditions),
            origin=None if policy.origin is None else policy.origin.below(statement.pointer),
        )
        self.draft.edge(identity, node, "has", f"{policy.name} has the statement {statement.label}.")
        return node

    def _act(self, node: str, compiled: Compiled, actions: Sequence[str] | None) -> None:
        statement = compiled.statement
        if isinstance(statement, UnreadStatement):
            return
        wanted = 0
        for pattern in actions if actions is not None else statement.actions or ():
            wanted |= ACTIONS.of(pattern) if ":" in pattern else 0
        verb = "allows" if statement.effect is Effect.ALLOW else "denies"
        for name, where in self._covered(compiled, compiled.actions & wanted):
            action = load().get(name)
            if not where and self._resources[1:] and action is not None and not action.wildcard_only:
                continue  # it names other organizations
            self.draft.action(name)
            unless = ", under conditions" if statement.conditions else ""
            reason = f"The statement {statement.label} {verb} {name}{unless}."
            self.draft.edge(
                node, name, verb, reason, organizations=where, conditional=bool(statement.conditions)
            )
            self.draft.acts(name, where)

    def _covered(self, compiled: Compiled, wanted: int) -> Iterator[tuple[str, tuple[str, ...]]]:
        """Yield each action with the organizations that the statement may cover for it (D11)."""
        covering: list[Resource] = [
            resource
            for resource in self._resources
            if resource_contexts(compiled, resource, NOTHING_KNOWN, self._space) != FALSE
        ]
        for bit, name in enumerate(ACTIONS.names):
            if not wanted >> bit & 1:
                continue
            on = [resource for resource in covering if resource.actions >> bit & 1]
            if ACTIONS.wildcard_only >> bit & 1 and not on:
                continue  # only "*" covers it
            yield name, tuple(resource.arn for resource in on if resource.organization is not None)

"""Explanations for every cell of the matrix, each text, statement and layer stored once.

Most explanations repeat: actions that no statement tells apart have the same
one but for the action's name.  Names of principal, action and organization are
therefore taken out of the texts and put back by the page.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Hashable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, Final

from wmiam.access.labels import place_of
from wmiam.estate.model import Organization, Policy, Principal
from wmiam.policy.patterns import action_matches
from wmiam.views.statements import statement_lines
from wmiam.views.text import visible

if TYPE_CHECKING:
    from wmiam.access import Access, Explanation, LayerView, StatementView

__all__ = ["ExplanationTable", "Interner", "action_classes"]

# Private-use characters never occur in visible text, so each can stand for a name.
_ARN: Final = "\ue000"
_ACTION: Final = "\ue001"
_ORGANIZATION: Final = "\ue002"

#: What is looked for in texts, and what stands for it.
Masks = Sequence[tuple[re.Pattern[str], str]]


class Interner:
    """Values in order of first use, each once."""

    def __init__(self) -> None:
        self.values: list[Any] = []
        self._index: dict[Hashable, int] = {}

    def __call__(self, value: Hashable) -> int:
        """Return the index of a value, which is added where it is new."""
        index = self._index.get(value)
        if index is None:
            index = self._index[value] = len(self.values)
            self.values.append(value)
        return index


def action_classes(access: Access) -> list[list[str]]:
    """Return the catalog's actions in classes that no statement of the estate tells apart.

    Two actions are in one class where every ``Action`` and ``NotAction`` pattern
    covers both or neither, and where the catalog says the same of both but for the name.

    Parameters
    ----------
    access : Access
        The effective access.
    """
    patterns = sorted({pattern for policy in _policies(access) for pattern in _patterns(policy)})
    classes: dict[Hashable, list[str]] = defaultdict(list)
    for action in access.catalog.actions:
        covered = tuple(action_matches(pattern, action.full_name) for pattern in patterns)
        nature = (
            action.service,
            action.access_level,
            action.resource_types,
            action.condition_keys,
            action.resource_condition_keys,
            action.dependent_actions,
            action.api_operation,
            action.permission_only,
            action.capabilities,
        )
        classes[(covered, nature)].append(action.full_name)
    return list(classes.values())


def _policies(access: Access) -> Iterable[Policy]:
    """Yield the policies that can decide about WorkMail actions; some more than once."""
    for principal in access.principals:
        yield from (policy for policy, _ in principal.identity_policies)
        if principal.boundary is not None:
            yield principal.boundary
    if access.estate.aws_organization is not None:
        for target in access.estate.aws_organization.targets.values():
            yield from (*target.scps, *target.rcps)


def _patterns(policy: Policy) -> Iterable[str]:
    for statement in policy.document.statements if policy.document is not None else ():
        yield from statement.actions or statement.not_actions or ()


class ExplanationTable:
    """All explanations of a report, without repetition.

    Parameters
    ----------
    access : Access
        The effective access.
    """

    def __init__(self, access: Access) -> None:
        self._access = access
        self.classes = action_classes(access)
        self._texts = Interner()
        self._views = Interner()
        self._layers = Interner()
        self._explanations = Interner()
        self._policies: dict[int, int] = {}
        self._policy_rows: list[Policy] = []
        self._statements: dict[tuple[int, str], int] = {}
        self._statement_views: list[StatementView] = []
        self._parts: list[set[str]] = []

    def explain(self, principal: Principal, organization: Organization | None) -> list[int]:
        """Return the indexes of a principal's explanations: one for each action of the catalog.

        Parameters
        ----------
        principal : Principal
            Who.
        organization : Organization or None
            On what; None for the actions that take no resource.

        Returns
        -------
        list of int
            In the order of ``catalog.actions``; -1 for actions of the other sort.
        """
        found: dict[str, int] = {}
        for members in self.classes:
            action = self._access.catalog.get(members[0])
            if action is None or action.wildcard_only is not (organization is None):
                continue
            first = self._explained(principal, members[0], organization)
            # A name may stand in a text for another reason, as a Sid does: two members show it.
            same = len(members) < 2 or self._explained(principal, members[1], organization) == first
            for member in members:
                found[member] = first if same else self._explained(principal, member, organization)
        return [found.get(action.full_name, -1) for action in self._access.catalog.actions]

    def decision(self, index: int) -> str:
        """Return the decision that an explanation explains."""
        return str(self._explanations.values[index][0])

    def payload(self) -> dict[str, Any]:
        """Return the tables as JSON values."""
        return {
            "texts": self._texts.values,
            "policies": [self._policy_row(policy) for policy in self._policy_rows],
            "statements": [
                self._statement_row(view, parts)
                for view, parts in zip(self._statement_views, self._parts, strict=True)
            ],
            "views": self._views.values,
            "layers": self._layers.values,
            "explanations": self._explanations.values,
        }

    def _explained(self, principal: Principal, action: str, organization: Organization | None) -> int:
        where = organization.arn if organization is not None else None
        explanation = self._access.explain(principal.arn, action, where)
        masks = _masks(principal, action, where)
        return self._add(explanation, masks)

    def _add(self, explanation: Explanation, masks: Masks) -> int:
        def text(value: str) -> int:
            return self._texts(_masked(value, masks))

        return self._explanations(
            (
                explanation.decision,
                text(explanation.when),
                tuple(self._layer(layer, masks) for layer in explanation.layers),
                tuple(text(reason) for reason in explanation.reasons),
                tuple(text(change) for change in explanation.changes),
                tuple(text(note) for note in explanation.notes),
                tuple((text(key), text(value)) for key, value in (explanation.witness or {}).items()),
            )
        )

    def _layer(self, layer: LayerView, masks: Masks) -> int:
        title, when = (self._texts(_masked(text, masks)) for text in (layer.title, layer.when))
        views = tuple(self._view(view, masks) for view in layer.statements)
        return self._layers((title, layer.decision, when, views))

    def _view(self, view: StatementView, masks: Masks) -> int:
        def text(value: str) -> int:
            return self._texts(_masked(value, masks))

        statement = self._statement(view)
        self._parts[statement].update(view.parts)
        return self._views(
            (statement, text(view.through), view.applies, text(view.why), text(view.when), view.parts)
        )

    def _statement(self, view: StatementView) -> int:
        policy = self._policies.get(id(view.policy))
        if policy is None:
            policy = self._policies[id(view.policy)] = len(self._policy_rows)
            self._policy_rows.append(view.policy)
        pointer = view.statement.pointer if view.statement is not None else f"unread {view.label}"
        statement = self._statements.get((policy, pointer))
        if statement is None:
            statement = self._statements[(policy, pointer)] = len(self._statement_views)
            self._statement_views.append(view)
            self._parts.append(set())
        return statement

    def _policy_row(self, policy: Policy) -> list[str]:
        return [visible(text) for text in (policy.name, str(policy.kind), policy.arn or "", policy.version)]

    def _statement_row(self, view: StatementView, parts: set[str]) -> list[Any]:
        lines = (
            statement_lines(view.policy, view.statement.pointer, view.statement, keep=parts)
            if view.statement is not None
            else ()
        )
        place = place_of(view.policy, view.statement.pointer) if view.statement is not None else ""
        return [
            self._policies[id(view.policy)],
            visible(view.label),
            view.effect,
            visible(place),
            visible(view.origin.pointer) if view.origin is not None else "",
            [
                [visible(line.text), [part for part in sorted(parts) if line.decides((part,))]]
                for line in lines
            ],
        ]


def _masks(principal: Principal, action: str, organization: str | None) -> Masks:
    names = [(principal.arn, _ARN), (organization or "", _ORGANIZATION), (action, _ACTION)]
    # Not inside a longer word or a pattern: "workmail:ListGroups*" does not name ListGroups.
    return [
        (re.compile(rf"(?<![\w*?]){re.escape(visible(name))}(?![\w*?])"), mark)
        for name, mark in names
        if name
    ]


def _masked(text: str, masks: Masks) -> str:
    shown = visible(text)
    for pattern, mark in masks:
        shown = pattern.sub(mark, shown)
    return shown

"""Whether somebody may perform an action of another service, in at least one request.

Answers by the policies alone, on the cautious side: whatever cannot be told without
the request is taken to be possible, so that "may not" is certain.
"""

from __future__ import annotations

from collections.abc import Mapping

from wmiam.engine.conditions import evaluate_condition
from wmiam.engine.request import Context
from wmiam.estate.estate import Estate
from wmiam.estate.levels import control_levels, is_limited
from wmiam.estate.model import Policy, Principal, PrincipalKind
from wmiam.policy.model import Condition, Effect, PolicyDocument, Statement
from wmiam.policy.patterns import action_matches, ascii_lower, resource_regex, resource_template

__all__ = ["may"]


def may(
    principal: Principal,
    action: str,
    resource: str,
    estate: Estate,
    context: Mapping[str, object] | None = None,
) -> bool:
    """Whether some request of a principal for an action may be allowed.

    Parameters
    ----------
    principal : Principal
        Who.
    action : str
        Full action name, or a pattern of which one action is enough.
    resource : str
        ARN; ``"*"`` where any resource is enough.
    estate : Estate
        For the SCPs.
    context : mapping, optional
        Context keys that the request has; others may have any value.
    """
    known = Context.of(dict(context or {}))
    layers: list[list[Policy]] = []
    if principal.kind is not PrincipalKind.ROOT:
        layers.append([policy for policy, _ in principal.identity_policies])
    if principal.boundary is not None:
        layers.append([principal.boundary])
    if is_limited(principal):
        levels = control_levels(estate.aws_organization, principal.account)
        layers.extend(list(level.policies) for level in levels if level.policies)
    return all(_allowed(layer, action, resource, known) for layer in layers) and not any(
        _denied(policy, action, resource, known) for layer in layers for policy in layer
    )


def _allowed(policies: list[Policy], action: str, resource: str, context: Context) -> bool:
    return any(
        policy.document is None
        or policy.document.unread
        or any(
            statement.effect is Effect.ALLOW
            and _covers(statement, policy.document, action, resource, certainly=False)
            and all(_row(row, policy.document, context) is not False for row in statement.conditions)
            for statement in policy.document.statements
        )
        for policy in policies
    )


def _denied(policy: Policy, action: str, resource: str, context: Context) -> bool:
    """Whether every such request is denied."""
    document = policy.document
    return document is not None and any(
        statement.effect is Effect.DENY
        and _covers(statement, document, action, resource, certainly=True)
        and all(_row(row, document, context) is True for row in statement.conditions)
        for statement in document.statements
    )


def _row(row: Condition, document: PolicyDocument, context: Context) -> bool | None:
    """Whether a row of a Condition block holds; None where the request decides."""
    if context.get(row.key) is None or any("${" in value for value in row.values):
        return None
    return evaluate_condition(row, context, variables=document.has_variables).holds


def _covers(
    statement: Statement, document: PolicyDocument, action: str, resource: str, *, certainly: bool
) -> bool:
    return _covers_action(statement, action, certainly) and _covers_resource(
        statement, document, resource, certainly
    )


def _covers_action(statement: Statement, action: str, certainly: bool) -> bool:
    wide = "*" in action
    if statement.actions is not None:
        if any(action_matches(pattern, action) for pattern in statement.actions):
            return True
        # One action that the pattern covers is enough to be allowed, and not to be denied.
        return wide and not certainly and any(action_matches(action, p) for p in statement.actions)
    return not any(action_matches(pattern, action) for pattern in statement.not_actions or ())


def _covers_resource(statement: Statement, document: PolicyDocument, resource: str, certainly: bool) -> bool:
    patterns = statement.resources if statement.resources is not None else statement.not_resources
    if patterns is None:
        return True
    if any("${" in pattern for pattern in patterns) and document.has_variables:
        return not certainly
    hit = any(_matches(pattern, resource) for pattern in patterns)
    if statement.resources is not None:
        return hit or (resource == "*" and not certainly)
    return not hit


def _matches(pattern: str, resource: str) -> bool:
    pieces = resource_template(pattern, variables=False).resolve(lambda _key: None)
    return ascii_lower(pattern) == "*" or (
        pieces is not None and resource_regex(pieces).fullmatch(resource) is not None
    )

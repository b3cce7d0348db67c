"""Whether a statement applies to a request: action, resource, principal and conditions.

Rules M1 to M7, D9, D11.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from wmiam.engine.caller import Caller, CallerKind
from wmiam.engine.conditions import ConditionResult, evaluate_condition
from wmiam.engine.request import Context, Request
from wmiam.policy.model import PolicyDocument, PrincipalElement, Statement
from wmiam.policy.patterns import action_matches, resource_regex, resource_template
from wmiam.policy.values import parse_arn

__all__ = ["Grant", "StatementTrace", "principal_match", "trace_statement"]


class Grant(StrEnum):
    """How a Principal element names the caller: it decides what else must allow (D9).

    Source: IAM User Guide, "Policy evaluation logic" (resource-based policies) and
    "Permissions boundaries for IAM entities".
    """

    NONE = "none"
    #: The account (its root ARN or number): delegates, the identity side must allow too.
    ACCOUNT = "account"
    #: The role's ARN: grants, limited by boundary and session policies.
    ROLE = "role"
    #: The user, the session, a service or a provider itself: grants directly.
    DIRECT = "direct"
    #: ``*``: grants everybody in the account directly.
    EVERYONE = "everyone"


@dataclass(frozen=True, slots=True)
class StatementTrace:
    """What one statement made of a request.

    Parameters
    ----------
    statement : Statement
        The statement.
    action, resource, principal : bool
        Whether each element covers the request.
    grant : Grant
        How the principal element names the caller; ``DIRECT`` where the policy type has none.
    conditions : tuple of ConditionResult
        Each row of the Condition block.
    """

    statement: Statement
    action: bool
    resource: bool
    principal: bool
    grant: Grant
    conditions: tuple[ConditionResult, ...]

    @property
    def applies(self) -> bool:
        """Whether the statement counts for the request."""
        return self.action and self.resource and self.principal and all(c.holds for c in self.conditions)

    @property
    def reason(self) -> str:
        """Why the statement does not apply; ``""`` where it does."""
        if not self.action:
            return "covers other actions"
        if not self.resource:
            return "covers other resources"
        if not self.principal:
            return "names other principals"
        failed = [c for c in self.conditions if not c.holds]
        return "; ".join(f"{c.condition.operator} does not hold: {c.reason}" for c in failed)


def trace_statement(
    statement: Statement, document: PolicyDocument, request: Request, *, bounded: bool = False
) -> StatementTrace:
    """Hold one statement against a request.

    Parameters
    ----------
    statement : Statement
        The statement.
    document : PolicyDocument
        Its document (for the version).
    request : Request
        The request.
    bounded : bool
        Whether the caller has a permissions boundary (for NotPrincipal).
    """
    context = request.full_context
    grant = _grant(statement, request.caller, context, bounded)
    return StatementTrace(
        statement,
        _covers_action(statement, request.action),
        _covers_resource(statement, document, request.matched_resource, context),
        grant is not Grant.NONE,
        grant,
        tuple(
            evaluate_condition(row, context, variables=document.has_variables) for row in statement.conditions
        ),
    )


def _covers_action(statement: Statement, action: str) -> bool:
    if statement.actions is not None:
        return any(action_matches(pattern, action) for pattern in statement.actions)
    return not any(action_matches(pattern, action) for pattern in statement.not_actions or ())


def _covers_resource(statement: Statement, document: PolicyDocument, resource: str, context: Context) -> bool:
    def matches(pattern: str) -> bool:
        pieces = resource_template(pattern, variables=document.has_variables).resolve(context.single)
        # A pattern whose variable has no value matches no resource.
        return pieces is not None and resource_regex(pieces).fullmatch(resource) is not None

    if statement.resources is not None:
        return any(matches(pattern) for pattern in statement.resources)
    if statement.not_resources is not None:
        return not any(matches(pattern) for pattern in statement.not_resources)
    return True


def _grant(statement: Statement, caller: Caller, context: Context, bounded: bool) -> Grant:
    if statement.principal is not None:
        return principal_match(statement.principal, caller, context)
    if statement.not_principal is not None:
        if statement.effect == "Deny" and bounded:
            # IAM User Guide, "Permissions boundaries": NotPrincipal with Deny always
            # denies a principal that has a boundary.
            return Grant.EVERYONE
        # Only who is named itself is excepted: its account, or its session's role, is not enough.
        named = principal_match(statement.not_principal, caller, context)
        itself = {Grant.DIRECT, Grant.EVERYONE} | ({Grant.ROLE} if caller.kind is CallerKind.ROLE else set())
        return Grant.NONE if named in itself else Grant.EVERYONE
    return Grant.DIRECT


def principal_match(element: PrincipalElement, caller: Caller, context: Context) -> Grant:
    """Return how a Principal element names a caller; the strongest way counts.

    Parameters
    ----------
    element : PrincipalElement
        The element's value.
    caller : Caller
        Who asks.
    context : Context
        The request's context (``aws:PrincipalArn`` gives a session's role with its path).

    Notes
    -----
    Source: IAM User Guide, "AWS JSON policy elements: Principal".  A wildcard
    inside an ARN is not a wildcard there.
    """
    if caller.account is None:
        named = element.service if caller.kind is CallerKind.SERVICE else element.federated
        if {caller.arn, "*"} & set(named):
            return Grant.DIRECT
        return Grant.EVERYONE if "*" in element.aws else Grant.NONE
    ways = {_aws_match(name, caller, context) for name in element.aws}
    for way in (Grant.DIRECT, Grant.EVERYONE, Grant.ROLE, Grant.ACCOUNT):
        if way in ways:
            return way
    return Grant.NONE


def _aws_match(name: str, caller: Caller, context: Context) -> Grant:
    if name == "*":
        return Grant.EVERYONE
    if name == caller.account:
        return Grant.ACCOUNT
    arn = parse_arn(name)
    if arn is None:
        # The unique id of a principal, which stays when its name is gone.
        entry = context.get("aws:userid")
        if entry is not None and name in (entry.values[0], entry.values[0].partition(":")[0]):
            return Grant.ROLE if caller.is_role else Grant.DIRECT
        return Grant.NONE
    if arn.account != caller.account or arn.partition != caller.partition:
        return Grant.NONE
    if arn.service == "iam" and arn.resource == "root":
        return Grant.DIRECT if caller.kind is CallerKind.ROOT else Grant.ACCOUNT
    if name == caller.arn and caller.kind is not CallerKind.ROLE:
        return Grant.DIRECT
    if caller.is_role and name in _role_arns(caller, context):
        return Grant.ROLE
    return Grant.NONE


def _role_arns(caller: Caller, context: Context) -> set[str | None]:
    entry = context.get("aws:PrincipalArn")
    return {caller.role_arn, entry.values[0] if entry is not None and entry.values else None}

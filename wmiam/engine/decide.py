"""The reference evaluator: one request and its policies in, one decision with its whole trace out.

Written to be read beside the IAM User Guide, "Policy evaluation logic", and the
Organizations User Guide, "SCP evaluation" and "RCP evaluation"; rules D1 to D11.
The compiled evaluator must agree with it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from wmiam.engine.caller import CallerKind
from wmiam.engine.request import Request
from wmiam.engine.statements import Grant, StatementTrace, trace_statement
from wmiam.errors import PolicyError
from wmiam.policy.model import Effect, PolicyDocument
from wmiam.policy.values import parse_arn

__all__ = ["Decision", "Outcome", "PolicySet", "PolicyTrace", "StatementRef", "decide"]

#: Services whose resources RCPs protect (Organizations User Guide, "List of AWS
#: services that support RCPs"); WorkMail is none of them (D6).
RCP_SERVICES = frozenset(
    {"aoss", "cognito-identity", "cognito-idp", "dynamodb", "ecr", "kms", "logs", "s3", "secretsmanager"}
    | {"sqs", "sts"}
)
#: Services without resource-based policies, so that one given for them does not count (D10).
NO_RESOURCE_POLICY = frozenset({"workmail", "workmailmessageflow"})


class Outcome(StrEnum):
    """What becomes of a request."""

    ALLOWED = "Allowed"
    IMPLICITLY_DENIED = "ImplicitlyDenied"
    EXPLICITLY_DENIED = "ExplicitlyDenied"


@dataclass(frozen=True, slots=True)
class PolicySet:
    """The policies that count for a request.

    Parameters
    ----------
    identity : sequence of PolicyDocument
        Identity-based policies of the user (its groups' too) or role.
    boundary : PolicyDocument or None
        Permissions boundary.
    session : sequence of PolicyDocument or None
        Session policies; None where the session was made without any.
    scps, rcps : sequence of sequence of PolicyDocument
        Levels from the root down to the account; empty where the type is not in use.
    resource : PolicyDocument or None
        Resource-based policy; a role's trust policy for ``sts:AssumeRole``.
    """

    identity: Sequence[PolicyDocument] = ()
    boundary: PolicyDocument | None = None
    session: Sequence[PolicyDocument] | None = None
    scps: Sequence[Sequence[PolicyDocument]] = ()
    rcps: Sequence[Sequence[PolicyDocument]] = ()
    resource: PolicyDocument | None = None


@dataclass(frozen=True, slots=True)
class StatementRef:
    """A statement that had a part in a decision.

    Parameters
    ----------
    policy : str
        Which policy, e.g. ``"identity_policies[0]"``.
    statement : str
        Sid, or index as text.
    effect : Effect
        Allow or Deny.
    index : int
        Index in the document.
    """

    policy: str
    statement: str
    effect: Effect
    index: int


@dataclass(frozen=True, slots=True)
class PolicyTrace:
    """What each statement of one policy made of the request.

    Parameters
    ----------
    policy : str
        Which policy, e.g. ``"service_control_policies[1][0]"``.
    statements : tuple of StatementTrace
        In the document's order.
    """

    policy: str
    statements: tuple[StatementTrace, ...]

    def applying(self, effect: Effect) -> tuple[StatementRef, ...]:
        """Return the statements of one effect that apply to the request."""
        return tuple(
            StatementRef(self.policy, t.statement.label, effect, t.statement.index)
            for t in self.statements
            if t.statement.effect is effect and t.applies
        )


@dataclass(frozen=True, slots=True)
class Decision:
    """The answer to one request.

    Parameters
    ----------
    outcome : Outcome
        Allowed, implicitly denied or explicitly denied.
    decided_by : tuple of StatementRef
        The Deny statements that decided; else the Allow statements that apply.
    blocked_by : tuple of str
        Kinds of policy that keep the request from being allowed.
    trace : tuple of PolicyTrace
        Every policy that counted, with every statement.
    notes : tuple of str
        What else bears on the answer, in sentences.
    """

    outcome: Outcome
    decided_by: tuple[StatementRef, ...]
    blocked_by: tuple[str, ...]
    trace: tuple[PolicyTrace, ...]
    notes: tuple[str, ...] = ()

    @property
    def allowed(self) -> bool:
        """Whether the request is allowed."""
        return self.outcome is Outcome.ALLOWED


def decide(request: Request, policies: PolicySet) -> Decision:
    """Decide one request.

    Parameters
    ----------
    request : Request
        Who asks for what, and the context.
    policies : PolicySet
        The policies that count.

    Returns
    -------
    Decision
        Outcome, deciding statements, what blocks, and the trace.

    Raises
    ------
    PolicyError
        If a policy that counts has a statement that cannot be read.
    RequestError
        If the request cannot be evaluated.
    """
    return _Evaluation(request, policies).decide()


class _Evaluation:
    """The evaluation of one request, step by step."""

    def __init__(self, request: Request, policies: PolicySet) -> None:
        self.request = request
        self.caller = request.caller
        self.policies = policies
        self.notes: list[str] = []
        bounded = policies.boundary is not None

        def trace(name: str, document: PolicyDocument) -> PolicyTrace:
            if document.unread:
                first = document.unread[0]
                raise PolicyError(first.reason, pointer=f"/{_pointer(name)}{first.pointer}")
            return PolicyTrace(
                name,
                tuple(trace_statement(s, document, request, bounded=bounded) for s in document.statements),
            )

        # The root user has no identity-based policies, boundary or session policies.
        own = self.caller.kind is not CallerKind.ROOT
        self.identity = [trace(f"identity_policies[{i}]", d) for i, d in enumerate(policies.identity) if own]
        self.boundary = (
            trace("permissions_boundary", policies.boundary)
            if own and policies.boundary is not None
            else None
        )
        self.session = (
            [trace(f"session_policies[{i}]", d) for i, d in enumerate(policies.session)]
            if own and policies.session
            else None
        )

        def levels(name: str, levels: Sequence[Sequence[PolicyDocument]]) -> list[list[PolicyTrace]]:
            return [
                [trace(f"{name}[{level}][{i}]", document) for i, document in enumerate(documents)]
                for level, documents in enumerate(levels)
            ]

        self.scps = levels("service_control_policies", policies.scps if self._scps_count() else ())
        self.rcps = levels("resource_control_policies", policies.rcps if self._rcps_count() else ())
        self.resource = None
        if policies.resource is not None:
            if request.service in NO_RESOURCE_POLICY:
                self.notes.append("WorkMail has no resource-based policies: the one given does not count")
            else:
                self.resource = trace("resource_policy", policies.resource)
        self.grants = {
            t.grant
            for t in (self.resource.statements if self.resource else ())
            if t.statement.effect is Effect.ALLOW and t.applies
        }
        if request.ignored_keys:
            self.notes.append(f"{request.action} never carries {', '.join(request.ignored_keys)}")

    def _scps_count(self) -> bool:
        """Whether SCPs limit the caller: not service-linked roles, services or providers (D5)."""
        return self.caller.account is not None and not self._service_linked()

    def _rcps_count(self) -> bool:
        """Whether RCPs protect the resource: for services that support them (D6)."""
        if self.request.action.lower() == "kms:retiregrant":
            return False
        return self.request.service in RCP_SERVICES and not self._service_linked()

    def _service_linked(self) -> bool:
        entry = self.request.full_context.get("aws:PrincipalArn")
        arn = parse_arn(entry.values[0]) if entry is not None and len(entry.values) == 1 else None
        by_context = arn is not None and arn.resource.startswith("role/aws-service-role/")
        return self.caller.is_service_linked_role or (self.caller.is_role and by_context)

    @property
    def _all(self) -> list[PolicyTrace]:
        traces = list(self.identity)
        traces += [self.boundary] if self.boundary else []
        traces += self.session or []
        traces += [t for level in self.scps for t in level]
        traces += [t for level in self.rcps for t in level]
        traces += [self.resource] if self.resource else []
        return traces

    def decide(self) -> Decision:
        """Return the decision."""
        always = _needs_no_permission(self.request)
        if always:
            return self._decision(Outcome.ALLOWED, (), (), always)
        denies = tuple(ref for t in self._all for ref in t.applying(Effect.DENY))
        if denies:  # D2
            kinds = dict.fromkeys(ref.policy.partition("[")[0] for ref in denies)
            return self._decision(Outcome.EXPLICITLY_DENIED, denies, tuple(kinds))
        allows = tuple(ref for t in self._all for ref in t.applying(Effect.ALLOW))
        blocked = self._limits() + self._core()
        outcome = Outcome.IMPLICITLY_DENIED if blocked else Outcome.ALLOWED
        return self._decision(outcome, allows, tuple(dict.fromkeys(blocked)))

    def _decision(
        self, outcome: Outcome, refs: tuple[StatementRef, ...], blocked: tuple[str, ...], note: str = ""
    ) -> Decision:
        notes = (*self.notes, note) if note else tuple(self.notes)
        return Decision(outcome, refs, blocked, tuple(self._all), notes)

    def _limits(self) -> list[str]:
        """Return the kinds of organization policy with a level that does not allow (D5, D6)."""
        blocked = []
        if not all(_allows(level) for level in self.scps):
            blocked.append("service_control_policies")
        if not all(_allows(level) for level in self.rcps):
            blocked.append("resource_control_policies")
        return blocked

    def _core(self) -> list[str]:
        """Return what is missing for identity and resource side to allow; empty where they do."""
        caller, grants = self.caller, self.grants
        if caller.account is None:  # D9: services and identity providers need the resource side alone
            return [] if grants else ["resource_policy"]
        same_account = caller.account == self.request.owner_account
        arn = parse_arn(self.request.resource)
        if arn is not None and arn.partition != caller.partition:  # M6
            self.notes.append("nothing is shared across partitions")
            return ["resource_policy"]
        if caller.kind is CallerKind.ROOT:  # D8
            if self.request.service == "sts" and _is_role_assumption(self.request.action):
                self.notes.append("the root user cannot assume a role")
                return ["identity_policies"]
            return [] if same_account or grants else ["resource_policy"]

        identity = [] if _allows(self.identity) else ["identity_policies"]
        limits = []
        if self.boundary is not None and not _allows([self.boundary]):
            limits.append("permissions_boundary")
        if self.session is not None:
            if not _allows(self.session):
                limits.append("session_policies")
        elif caller.kind is CallerKind.FEDERATED_USER:  # D7
            limits.append("session_policies")
            self.notes.append("a federated user without session policy has no permission of its own")

        if not same_account:  # D9, D10: both sides
            if self.request.service in NO_RESOURCE_POLICY:
                self.notes.append(
                    "the resource is in another account, and WorkMail has no resource-based policies: "
                    "access needs a role in that account"
                )
            return identity + limits + ([] if grants else ["resource_policy"])
        if Grant.DIRECT in grants or Grant.EVERYONE in grants:
            # Granted to the user or session itself: implicit denies elsewhere do not matter.
            return []
        if Grant.ROLE in grants:
            return limits
        if self._needs_resource_policy() and Grant.ACCOUNT not in grants:
            return [*limits, "resource_policy"]
        return identity + limits

    def _needs_resource_policy(self) -> bool:
        """Whether the service lets identity policies count only where the resource's policy says so."""
        service = self.request.service
        if service == "sts" and _is_role_assumption(self.request.action):
            if self.resource is None:
                self.notes.append("no trust policy was given: the identity side alone was decided")
            return self.resource is not None
        return service == "kms" and self.resource is not None


def _allows(traces: Sequence[PolicyTrace]) -> bool:
    """Whether any policy of a level, or of a kind, allows."""
    return any(t.applying(Effect.ALLOW) for t in traces)


def _is_role_assumption(action: str) -> bool:
    name = action.partition(":")[2].lower()
    return name.startswith("assumerole") or name in ("tagsession", "setsourceidentity")


def _needs_no_permission(request: Request) -> str:
    """Return a note for operations that no policy can grant or deny; ``""`` for all others.

    Notes
    -----
    Source: AWS STS API Reference, GetCallerIdentity and GetSessionToken, Permissions.
    """
    if request.service != "sts":
        return ""
    name = request.action.partition(":")[2].lower()
    if name == "getcalleridentity" and request.caller.account is not None:
        return "sts:GetCallerIdentity needs no permission and cannot be denied"
    if name == "getsessiontoken" and request.caller.kind is CallerKind.USER:
        return "sts:GetSessionToken needs no permission and cannot be denied to a user"
    return ""


def _pointer(name: str) -> str:
    """Return a policy's name as a JSON pointer: ``identity_policies[0]`` is ``identity_policies/0``."""
    return name.replace("][", "/").replace("[", "/").replace("]", "")

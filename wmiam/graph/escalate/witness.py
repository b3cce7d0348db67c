"""Requests that show an escalation, one for each permission, and the statements that allow them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from weakref import WeakKeyDictionary

from wmiam.bits import bits_of
from wmiam.catalog.escalations import Permission
from wmiam.conditions.points import pick_request
from wmiam.engine.diagrams import FALSE
from wmiam.engine.knowledge import ABSENT_KEY, Known, principal_knowledge, role_knowledge
from wmiam.engine.resources import INCOMING, Resource, example_arn
from wmiam.engine.space import Space, canonical_key
from wmiam.estate.model import Principal
from wmiam.graph.clauses import ASSUME_ROLE, Cause
from wmiam.graph.escalate.entities import region_of
from wmiam.graph.escalate.ground import Finding, Ground
from wmiam.graph.escalate.held import Held, Pieces, kind_of
from wmiam.policy.model import Effect, Statement

__all__ = ["Step", "causes_of", "steps_of"]

#: Name of the role session that a step is taken with where the session must be named.
_SESSION = "session"


@dataclass(frozen=True, slots=True)
class Step:
    """One request of an escalation, complete, as the reference evaluator takes it.

    Parameters
    ----------
    principal, action, resource : str
        Who asks for what: ARN, full action name, ARN or ``"*"``.
    context : dict of str to str or list of str
        Every context key of the request.
    resource_policy : dict or None
        The trust policy that an earlier step has written; None where none counts.
    """

    principal: str
    action: str
    resource: str
    context: dict[str, str | list[str]] = field(default_factory=dict)
    resource_policy: dict[str, Any] | None = None

    def request(self) -> dict[str, Any]:
        """Return the request as a line of ``wmiam simulate`` holds it."""
        return {
            "principal": self.principal,
            "action": self.action,
            "resource": self.resource,
            "context": dict(self.context),
        }

    def __str__(self) -> str:
        """Return who asks for what."""
        target = "" if self.resource == "*" else f" on {self.resource}"
        return f"{self.principal} {self.action}{target}"


#: Requests by the space and the set of contexts that they were picked from; many edges share them.
_PICKED: WeakKeyDictionary[Space, dict[int, tuple[dict[int, int], dict[str, str | list[str]]]]] = (
    WeakKeyDictionary()
)


def _picked(space: Space, contexts: int) -> tuple[dict[int, int], dict[str, str | list[str]]]:
    """Return what :func:`pick_request` does, which is not to be changed."""
    known = _PICKED.setdefault(space, {})
    if contexts not in known:
        known[contexts] = pick_request(space, contexts)
    return known[contexts]


class _Requests:
    """The requests of one edge: one resource for each type, one context for what they share."""

    def __init__(self, ground: Ground, finding: Finding, source: Principal, target: str) -> None:
        self.ground = ground
        self.source = source
        self.held: Held = finding.held or ground.held(ground.evaluation.class_of[source.arn])
        self.method = finding.method
        self.scope = finding.scope
        self.d = ground.space.diagrams
        self.assumes = finding.assumes
        self.rows = [(p, self._options(p, mask, target)) for p, mask in finding.permissions]
        point, _ = _picked(ground.space, finding.contexts)
        cube = self.d.cube({v: 1 << at for v, at in point.items() if ground.shared.is_shared(v)})
        # The region, too, is one for all of them.
        joint = self.d.both(cube, self.d.all_of(self._possible(kind) for kind in self._kinds()))
        place, _ = _picked(ground.space, joint)
        region = {v: 1 << place[v] for v in ground.shared.region_variables}
        self.cube = self.d.both(cube, self.d.cube(region))
        self.chosen = {kind: self._choose(kind) for kind in self._kinds()}

    def _kinds(self) -> list[str]:
        return list(dict.fromkeys(kind_of(permission.on[0]) for permission, _ in self.rows))

    def _options(self, permission: Permission, mask: int, target: str) -> int:
        """Return the resources that a permission may be used on, for one target."""
        bit = self.scope.bit_of(target)
        if bit >= 0 and permission.on == ("message",):
            return 2 << bit
        return 1 << bit if bit >= 0 and mask >> bit & 1 else mask

    def raw(self, permission: Permission) -> Pieces:
        """Return where and when a permission is allowed, with the keys of its own request."""
        if self.assumes is not None and permission.action == ASSUME_ROLE:
            return [(1 << self.scope.index[self.assumes.target], self.ground.assumed(self.assumes))]
        return self.held.allowed(self.ground.asks.bit(permission), limits_only=permission.limits_only)

    def _of_kind(self, kind: str) -> Pieces:
        found: Pieces = [(self.scope.all, self.held.within)]
        if kind == "role":
            found = self.held.meet(found, self.ground.fitting(self.scope, self.method))
        for permission, options in self.rows:
            if kind_of(permission.on[0]) == kind:
                shared = self.ground.shared
                held = [(m & options, shared.request(c)) for m, c in self.raw(permission) if m & options]
                found = self.held.meet(found, held)
        return found

    def _possible(self, kind: str) -> int:
        return self.held.somewhere(self._of_kind(kind))

    def _choose(self, kind: str) -> int:
        for mask, contexts in self._of_kind(kind):
            if self.d.both(contexts, self.cube) != FALSE:
                for bit in bits_of(mask):
                    region = region_of(self.scope.resources[bit])
                    place = self.ground.shared.region(region) if region else self.cube
                    if self.d.both(place, self.cube) != FALSE:
                        return bit
        raise LookupError(kind)

    def contexts(self, permission: Permission) -> int:
        """Return the contexts in which a permission's request is allowed, within those chosen."""
        bit = self.chosen[kind_of(permission.on[0])]
        allowed = next(contexts for mask, contexts in self.raw(permission) if mask >> bit & 1)
        return self.d.both(allowed, self.cube)


def steps_of(ground: Ground, finding: Finding, source: Principal, target: str) -> tuple[Step, ...]:
    """Return a request for each permission of an escalation, all in one context of the caller.

    Parameters
    ----------
    ground : Ground
        Where it was found.
    finding : Finding
        What was found.
    source : Principal
        The caller.
    target : str
        What it gains.
    """
    requests = _Requests(ground, finding, source, target)
    return tuple(_step(ground, requests, permission, source) for permission, _ in finding.permissions)


def _step(ground: Ground, requests: _Requests, permission: Permission, source: Principal) -> Step:
    bit = ground.asks.bit(permission)
    action = ground.asks.actions[bit]
    # Which keys a request to assume a role can carry is for its trust policy to say.
    assumed = requests.assumes is not None and permission.action == ASSUME_ROLE
    resource = requests.scope.resources[requests.chosen[kind_of(permission.on[0])]]
    point, texts = _picked(ground.space, requests.contexts(permission))
    context = {
        ground.space.dimensions[key].name: text
        for key, text in texts.items()
        if text != [] and (assumed or action.carries(key))
    }
    region = context.get("aws:RequestedRegion")
    incoming = bool(point.get(ground.space.opaque.get(INCOMING, -1), 1))
    at = {"region": region} if isinstance(region, str) else {}
    arn = example_arn(resource, incoming=incoming, **at)
    known = (
        Known(ground.asks.fixed[bit]),
        principal_knowledge(source, ground.estate),
        _assumed_knowledge(ground, resource) if assumed else ground.evaluation.known_of(resource),
    )
    context = {k: v for k, v in context.items() if all(of.get(canonical_key(k)) is None for of in known)}
    for of in reversed(known):
        for entry in of.entries.values():
            if entry is not ABSENT_KEY and action.carries(entry.key):
                context[entry.key] = list(entry.values) if entry.multivalued else entry.values[0]
    if not permission.limits_only:
        return Step(source.arn, permission.action, arn, context)
    caller = source.arn
    if source.is_role:
        partition = source.arn.split(":")[1]
        caller = f"arn:{partition}:sts::{source.account}:assumed-role/{source.name}/{_SESSION}"
    statement = {"Effect": "Allow", "Principal": {"AWS": caller}, "Action": permission.action}
    trust = {"Version": "2012-10-17", "Statement": [statement]}
    return Step(caller, permission.action, arn, context, trust)


def _assumed_knowledge(ground: Ground, resource: Resource) -> Known:
    role = next(p for p in ground.estate.principals if p.arn == resource.arn)
    return role_knowledge(role, ground.estate)


def causes_of(ground: Ground, finding: Finding, source: Principal, target: str) -> tuple[Cause, ...]:
    """Return the statements of a caller's identity-based policies that allow an escalation, each once.

    Parameters
    ----------
    ground, finding, source, target
        As for :func:`steps_of`.
    """
    requests = _Requests(ground, finding, source, target)
    found: dict[tuple[int, int], Cause] = {}
    for permission, _ in finding.permissions:
        if not permission.limits_only:
            for cause in _allowing(ground, requests, permission, source):
                found.setdefault((id(cause.policy), cause.statement.index), cause)
    return tuple(found.values())


def _allowing(
    ground: Ground, requests: _Requests, permission: Permission, source: Principal
) -> Iterator[Cause]:
    evaluation, d = ground.evaluation, ground.space.diagrams
    members = evaluation.class_of[source.arn]
    bit = ground.asks.bit(permission)
    resource: Resource = requests.scope.resources[requests.chosen[kind_of(permission.on[0])]]
    contexts = requests.contexts(permission)
    for item in evaluation.layers_of(source)[0].sources:
        compiled = item.compiled
        if not compiled.actions >> bit & 1 or compiled.effect is not Effect.ALLOW:
            continue
        if not isinstance(compiled.statement, Statement):
            continue
        ((_, known),) = ground.asks.parted(1 << bit, compiled.reads)
        applies = evaluation.statement_contexts(item, members, resource, known)
        if d.both(applies, contexts) != FALSE:
            yield Cause(item.policy, compiled.statement, item.group)

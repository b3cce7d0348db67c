"""Examples of what changed, as whole requests that the reference evaluator can decide.

An example is chosen so that as few context keys as possible are in the request;
keys that every request carries get a value.  What follows from the principal
and the organization is not in it: each side adds what it knows.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from wmiam.compare.sides import Side
from wmiam.conditions.points import needed_variables, pick_request, variables_of
from wmiam.engine.compile import ACTIONS
from wmiam.engine.decide import Decision, PolicySet, decide
from wmiam.engine.diagrams import FALSE
from wmiam.engine.knowledge import ABSENT_KEY
from wmiam.engine.request import Request
from wmiam.engine.resources import INCOMING, Resource, example_arn
from wmiam.engine.space import Space, canonical_key
from wmiam.errors import PolicyError
from wmiam.estate.levels import control_levels, is_limited
from wmiam.estate.model import Policy, Principal
from wmiam.policy.model import PolicyDocument

__all__ = ["Witness", "decide_on", "find_witness"]


@dataclass(frozen=True, slots=True)
class Witness:
    """One request that shows a change, with as few context keys as possible.

    Parameters
    ----------
    principal, action, resource : str
        Who asks for what: ARN, full action name, ARN or ``"*"``.
    organization : str
        ARN of the organization that it is about, as the estates name it; ``"*"`` for none.
    context : dict of str to str or list of str
        Every context key of the request but those that follow from principal, resource and
        organization.
    needed : tuple of str
        The keys of ``context`` on whose value the answer depends.
    absent : tuple of str
        Keys on whose absence it depends.
    unknowns : dict of str to bool
        What is taken to hold, or not, of what no request decides: clauses that complete
        "it depends on whether …".  Where there are any, the request alone is no proof.
    """

    principal: str
    action: str
    resource: str
    organization: str
    context: dict[str, str | list[str]] = field(default_factory=dict)
    needed: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()
    unknowns: dict[str, bool] = field(default_factory=dict)

    @property
    def when(self) -> str:
        """The context keys that matter and what is taken to hold; ``"in any request"`` where none do."""
        unknowns = (f"{'if' if holds else 'unless'} {name}" for name, holds in self.unknowns.items())
        return ", ".join([self.keys, *unknowns])

    @property
    def keys(self) -> str:
        """The context keys that matter; ``"in any request"`` where none do."""
        parts = []
        if self.needed:
            parts.append("with " + ", ".join(f"{key} = {_shown(self.context[key])}" for key in self.needed))
        if self.absent:
            parts.append(f"without {', '.join(self.absent)}")
        return ", ".join(parts) or "in any request"

    def request(self) -> dict[str, Any]:
        """Return the request as a line of ``wmiam simulate`` holds it."""
        return {
            "principal": self.principal,
            "action": self.action,
            "resource": self.resource,
            "context": dict(self.context),
        }

    def __str__(self) -> str:
        """Return who, what, and the context keys that matter."""
        target = "" if self.resource == "*" else f" on {self.resource}"
        return f"{self.principal} {self.action}{target} {self.when}"


def _shown(value: str | list[str]) -> str:
    return value if isinstance(value, str) else "[" + ", ".join(value) + "]"


def find_witness(
    space: Space,
    contexts: int,
    within: int,
    *,
    principal: str,
    action: int,
    resource: Resource,
    settled: Callable[[str], bool],
    prefer: int = FALSE,
) -> Witness | None:
    """Return a small request of a set of contexts.

    Parameters
    ----------
    space : Space
        The request contexts.
    contexts, within : int
        The set, and what can be: keys matter as far as they tell the two apart.
    principal : str
        ARN of who asks.
    action : int
        Position of the action.
    resource : Resource
        About what.
    settled : callable
        Whether a canonical key need not be in the request, since each side knows it.
    prefer : int
        Contexts to choose from where there are any in the set: those that both sides can have.

    Returns
    -------
    Witness or None
        None for the empty set.
    """
    d = space.diagrams
    if contexts == FALSE:
        return None
    chosen = d.both(contexts, prefer)
    point, texts = pick_request(space, chosen if chosen != FALSE else contexts)
    needed = needed_variables(space, point, contexts, within)
    context: dict[str, str | list[str]] = {}
    matters: list[str] = []
    absent: list[str] = []
    for key, dimension in space.dimensions.items():
        if settled(key):
            continue
        counts = not needed.isdisjoint(variables_of(dimension))
        value = texts.get(key)
        # aws:EpochTime is the same moment as a number: whoever decides the request derives it.
        name = "aws:CurrentTime" if key == "aws:currenttime" else dimension.name
        if value is not None and value != []:
            context[name] = value
            matters += [name] if counts else []
        elif counts:
            absent.append(name)
    unknowns = {
        name: bool(point[variable])
        for name, variable in space.opaque.items()
        if variable in needed and name != INCOMING
    }
    incoming = bool(point.get(space.opaque.get(INCOMING, -1), 1))
    region = context.get("aws:RequestedRegion")
    at = {"region": region} if isinstance(region, str) else {}
    arn = example_arn(resource, incoming=incoming, **at)
    return Witness(
        principal, ACTIONS.names[action], arn, resource.arn, context, tuple(matters), tuple(absent), unknowns
    )


# -- the reference ----------------------------------------------------------


def decide_on(side: Side, principal: Principal, witness: Witness) -> Decision:
    """Decide the request of a witness by the reference evaluator, with the policies of one side.

    Parameters
    ----------
    side : Side
        Whose policies count.
    principal : Principal
        The principal, as it is on that side.
    witness : Witness
        The request.

    Raises
    ------
    PolicyError
        If a policy that counts could not be read.
    """
    known = [side.known(principal)]
    if witness.organization != "*":
        organization = next(o for o in side.estate.organizations if o.arn == witness.organization)
        known.append(side.known_of(organization))
    context: dict[str, object] = {
        key: value
        for key, value in witness.context.items()
        if all(source.get(canonical_key(key)) is None for source in known)
    }
    for source in reversed(known):
        for entry in source.entries.values():
            if entry is not ABSENT_KEY:
                context[entry.key] = list(entry.values) if entry.multivalued else entry.values[0]
    request = Request(principal.arn, witness.action, witness.resource, context)
    levels = control_levels(side.estate.aws_organization, principal.account) if is_limited(principal) else ()
    policies = PolicySet(
        identity=[_document(policy) for policy, _ in principal.identity_policies],
        boundary=_document(principal.boundary) if principal.boundary is not None else None,
        scps=[[_document(policy) for policy in level.policies] for level in levels],
    )
    return decide(request, policies)


def _document(policy: Policy) -> PolicyDocument:
    if policy.document is None:
        raise PolicyError(policy.problem or f"policy {policy.name} was not read")
    return policy.document

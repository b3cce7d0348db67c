"""Effective policies: one document that says what a principal may do, and is checked to say just that."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

from wmiam.access.core import AccessCore
from wmiam.effective.compose import compose
from wmiam.effective.document import statements_of
from wmiam.effective.target import Target, alone, not_another
from wmiam.engine.compile import ACTIONS
from wmiam.engine.diagrams import FALSE
from wmiam.engine.resources import Resource
from wmiam.engine.whole import Whole
from wmiam.errors import NoEffectivePolicy, WmiamError
from wmiam.estate.estate import Estate
from wmiam.estate.model import Policy, PolicyKind, Principal, PrincipalKind
from wmiam.policy.model import CURRENT_VERSION, Effect, PolicyType
from wmiam.policy.parse import parse_document

if TYPE_CHECKING:
    from wmiam.access.access import Access

__all__ = ["POLICY_LIMITS", "EffectivePolicy", "effective_policy"]

#: Most characters of a policy, white space apart.
#: Source: IAM User Guide, "IAM and AWS STS quotas", IAM and STS character limits.
POLICY_LIMITS: Final[Mapping[str, int]] = {
    "a managed policy": 6144,
    "the inline policies of a user": 2048,
    "the inline policies of a role": 10240,
    "the inline policies of a group": 5120,
}


@dataclass(frozen=True, slots=True, repr=False)
class EffectivePolicy:
    """One policy that allows a principal what all its policies together allow it on WorkMail.

    Parameters
    ----------
    principal : Principal
        Whose.
    document : dict
        The policy document.  It has Deny statements only where :attr:`needs_deny` says so,
        and no statement where nothing is allowed.
    exact : bool
        Whether it allows neither more nor less.  Where it is not, it allows less.
    needs_deny : tuple of str
        Where a Deny is needed to be exact, in sentences.
    notes : tuple of str
        What could not be said, and what else to know.
    context : mapping
        Context keys that were fixed: the document is exact for requests that carry these.

    Notes
    -----
    Exact means: for each WorkMail action and each organization of the estate it is allowed in
    the same request contexts, where the principal has this policy and no other, no permissions
    boundary, and no service control policy but those that allow everything.  Organizations that
    the estate does not have get nothing by it that the original policies would not give them,
    so ``*`` stands only where any other organization is granted as well.  A condition on
    organization tags stays one where that is shorter, and becomes a list of organizations
    elsewhere; what is granted only on tags that no organization has is left out.  What is known
    of the principal itself is not asked again.
    Other services' permissions are no part of it.
    """

    principal: Principal
    document: dict[str, Any]
    exact: bool
    needs_deny: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    context: Mapping[str, object] = field(default_factory=dict)

    @property
    def size(self) -> int:
        """Characters of the document as IAM counts them: without white space."""
        return len(json.dumps(self.document, ensure_ascii=False, separators=(",", ":")))

    @property
    def exceeds(self) -> tuple[str, ...]:
        """The kinds of policy that it is too long for, of :data:`POLICY_LIMITS`."""
        return tuple(kind for kind, most in POLICY_LIMITS.items() if self.size > most)

    def to_json(self, *, indent: int | None = 2) -> str:
        """Return the document as JSON.

        Parameters
        ----------
        indent : int, optional
            Spaces a level; None for one line.
        """
        return json.dumps(self.document, ensure_ascii=False, indent=indent)

    def remarks(self) -> Iterator[str]:
        """Yield what there is to say beside the document, in sentences."""
        if self.context:
            given = ", ".join(f"{key} = {value}" for key, value in self.context.items())
            yield f"Given {given}."
        if not self.document["Statement"]:
            yield "Nothing is allowed on WorkMail, so there is no policy to attach."
        elif self.exact:
            yield "Exact: it allows what all policies together allow on WorkMail, and nothing else."
        else:
            yield "Not exact: it allows nothing that is not allowed, and leaves out what the notes say."
        yield from self.needs_deny
        yield from self.notes
        if self.document["Statement"]:
            yield f"{self.size:,} characters without white space."
            for kind in self.exceeds:
                yield f"That is more than AWS takes as {kind}: {POLICY_LIMITS[kind]:,}."

    def __repr__(self) -> str:
        number = len(self.document["Statement"])
        exact = "exact" if self.exact else "not exact"
        return f"<EffectivePolicy: {self.principal.arn}, statements: {number}, {exact}>"

    def __str__(self) -> str:
        """Return the remarks and the document as text for a terminal."""
        return "\n".join([self.principal.arn, *(f"  {text}" for text in self.remarks()), self.to_json()])

    def _repr_html_(self) -> str:
        from wmiam.views.html import effective_html

        return effective_html(self)


def effective_policy(access: Access, principal: str) -> EffectivePolicy:
    """Return the one policy that says what a principal may do on WorkMail, and nothing else.

    Parameters
    ----------
    access : Access
        Where to look; fixed context keys count.
    principal : str
        ARN or short name.

    Raises
    ------
    NameLookupError
        If the name selects no principal, or several.
    NoEffectivePolicy
        If no policy can be attached to the principal: it is a root user.
    """
    subject = access.find_principal(principal)
    if subject.kind is PrincipalKind.ROOT:
        raise NoEffectivePolicy(subject.arn)
    own = alone(access.estate, subject)
    whole = Whole(own, progress=False)
    target = Target(whole, access.estate, AccessCore(own, whole, access.context).within)
    found = compose(target)
    known = [o for o in access.estate.organizations if o.account == subject.account]
    document = {
        "Version": CURRENT_VERSION,
        "Statement": [
            *statements_of(target, found.allows, Effect.ALLOW, known),
            *statements_of(target, found.denies, Effect.DENY, known),
        ],
    }
    exact = _verified(access, own, document)
    if exact != (not found.notes):
        raise WmiamError(f"internal error: the effective policy of {subject.arn} is not what it should be")
    return EffectivePolicy(
        subject, document, exact, tuple(found.needs_deny), tuple(found.notes), dict(access.context)
    )


def _verified(access: Access, own: Estate, document: dict[str, Any]) -> bool:
    """Whether a document is exact, by evaluating it beside the principal's own policies over one space.

    Raises
    ------
    WmiamError
        If it allows anything that is not allowed: an internal error.
    """
    (principal,) = own.principals
    policy = Policy("effective", PolicyKind.INLINE, parse_document(document, PolicyType.IDENTITY))
    only = replace(principal, inline=(policy,), attached=(), groups=(), boundary=None)
    tree = own.aws_organization
    free = None if tree is None else replace(tree, scps_in_use=False)
    theirs, ours = Whole.together(
        [own, replace(own, principals=(only,), aws_organization=free)], progress=False
    )
    listed = {o.arn for o in access.estate.organizations}
    d, exact = theirs.space.diagrams, True
    before, after = _cells(access, theirs, principal), _cells(access, ours, principal)
    for (resource, bit), contexts in after.items():
        if not d.implies(contexts, before.get((resource, bit), FALSE)):
            raise WmiamError(
                f"internal error: the effective policy of {principal.arn} would allow "
                f"{ACTIONS.names[bit.bit_length() - 1]} on {resource[1]} where it is not allowed"
            )
    for cell, contexts in before.items():
        if cell[0][1] in listed or cell[0][1] == "*":
            exact = exact and after.get(cell, FALSE) == contexts
    return exact


def _cells(access: Access, whole: Whole, principal: Principal) -> dict[tuple[tuple[str, str], int], int]:
    """Return for each resource, by kind and ARN, and each action the contexts in which it is allowed."""
    members = whole.class_of[principal.arn]
    within = AccessCore(whole.estate, whole, access.context).within
    named = [o.id for o in whole.estate.organizations if not o.stand_in]
    possible, d = not_another(whole.space, named), whole.space.diagrams
    found = {}
    for resource, cells in members.table().items():
        known = within(members, resource)
        if resource.organization is not None and resource.organization.stand_in:
            known = d.both(known, possible)
        for actions, contexts in cells:
            narrowed = d.both(contexts, known)
            for bit in _single(actions):
                if narrowed != FALSE:
                    found[_name(resource), bit] = narrowed
    return found


def _name(resource: Resource) -> tuple[str, str]:
    return str(resource.kind), resource.arn


def _single(actions: int) -> Iterator[int]:
    while actions:
        low = actions & -actions
        yield low
        actions ^= low

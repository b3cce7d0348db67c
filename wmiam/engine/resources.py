"""The resources of an account that WorkMail actions are about, and which of them a pattern covers.

An organization is one resource.  The messages in flow of an organization are too
many to list: a pattern covers all, none, those of one direction, or some that
only the request tells.  "Any other organization" (a stand-in) likewise.

Source: Service Authorization Reference, Amazon WorkMail and WorkMail Message
Flow, resource types; rules M3, M4, D11.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from wmiam.engine.automata import glob_pattern
from wmiam.engine.compile import ACTIONS, Compiled
from wmiam.engine.diagrams import FALSE, TRUE
from wmiam.engine.knowledge import ABSENT_KEY, Known
from wmiam.engine.request import Context
from wmiam.engine.space import Space, canonical_key
from wmiam.estate.model import Organization
from wmiam.policy.patterns import Piece, resource_regex, resource_template

__all__ = [
    "INCOMING",
    "WORKMAIL_KINDS",
    "Resource",
    "ResourceKind",
    "account_resources",
    "example_arn",
    "pattern_contexts",
    "resource_contexts",
]

#: The named unknown that tells incoming messages from outgoing ones.
INCOMING = "the message is incoming"
#: An id that no policy names; stands for "any other".
_ANY_ID = "m-" + "0" * 31 + "x"
_ANY_MESSAGE = "00000000-any-message"
#: Region of a stand-in where nothing tells it.
_ANY_REGION = "us-east-1"


class ResourceKind(StrEnum):
    """What a resource is."""

    ORGANIZATION = "organization"
    MESSAGES = "messages"
    NONE = "none"


#: The kinds of resource that WorkMail's actions are about, each with the set of its actions.
WORKMAIL_KINDS: dict[str, int] = {
    ResourceKind.NONE: ACTIONS.wildcard_only,
    ResourceKind.ORGANIZATION: ACTIONS.organization,
    ResourceKind.MESSAGES: ACTIONS.message,
}


@dataclass(frozen=True, slots=True, eq=False)
class Resource:
    """Something that actions are answered for.

    Parameters
    ----------
    kind : str
        A :class:`ResourceKind`: an organization, its messages in flow, or no resource (``*``);
        for resources of other services the name of their type.
    organization : Organization or None
        The organization; None for actions without resource.
    actions : int
        The set of actions that are about this kind of resource.
    """

    kind: str
    organization: Organization | None
    actions: int

    @property
    def arn(self) -> str:
        """The organization's ARN, or ``*``."""
        return "*" if self.organization is None else self.organization.arn


def account_resources(organizations: list[Organization]) -> list[Resource]:
    """Return the resources of one account.

    Parameters
    ----------
    organizations : list of Organization
        Its WorkMail organizations, stand-ins included.
    """
    found = [Resource(ResourceKind.NONE, None, ACTIONS.wildcard_only)]
    for organization in organizations:
        found.append(Resource(ResourceKind.ORGANIZATION, organization, ACTIONS.organization))
        found.append(Resource(ResourceKind.MESSAGES, organization, ACTIONS.message))
    return found


def example_arn(resource: Resource, *, incoming: bool = True, region: str = _ANY_REGION) -> str:
    """Return the ARN of one resource: a stand-in becomes an organization that no policy names.

    Parameters
    ----------
    resource : Resource
        The resource.
    incoming : bool
        Which way a message goes.
    region : str
        The region of a stand-in for every region.
    """
    organization = resource.organization
    if organization is None:
        return resource.arn
    head, _, identity = organization.arn.rpartition("/")
    identity = _ANY_ID if organization.stand_in else identity
    arn = f"{head}/{identity}"
    if organization.region in ("", "*"):
        fields = arn.split(":")
        fields[3] = region
        arn = ":".join(fields)
    if resource.kind != ResourceKind.MESSAGES:
        return arn
    way = "incoming" if incoming else "outgoing"
    arn = arn.replace(":workmail:", ":workmailmessageflow:", 1)
    return f"{arn.partition(':organization/')[0]}:message/{identity}/{way}/{_ANY_MESSAGE}"


def resource_contexts(compiled: Compiled, resource: Resource, known: Known, space: Space) -> int:
    """Return the contexts in which a statement's resource elements cover a resource.

    Parameters
    ----------
    compiled : Compiled
        The statement.
    resource : Resource
        What is asked about.
    known : Known
        What is known of the principal (for policy variables).
    space : Space
        The estate's contexts.
    """
    if compiled.resources is None:
        return TRUE
    d = space.diagrams
    covered = d.any_of(
        contexts
        for text in compiled.resources
        for _, contexts in pattern_contexts(text, compiled.variables, (resource,), known, space)
    )
    return d.neither(covered) if compiled.negated else covered


def pattern_contexts(
    text: str, variables: bool, resources: Sequence[Resource], known: Known, space: Space
) -> tuple[tuple[int, int], ...]:
    """Return the resources that a Resource pattern covers, and in which contexts.

    Parameters
    ----------
    text : str
        The pattern as written.
    variables : bool
        Whether its document has policy variables (M7).
    resources : sequence of Resource
        What is asked about.
    known : Known
        What is known of the principal.
    space : Space
        The estate's contexts.

    Returns
    -------
    tuple of (int, int)
        Disjoint sets of positions in ``resources``, each with its contexts; never without any.
    """
    if text in ("*", "**"):
        return (((1 << len(resources)) - 1, TRUE),)
    template = resource_template(text, variables=variables)
    entries = {}
    pieces: tuple[Piece, ...] | None = ()
    unknown = FALSE
    for variable in template.variables:
        entry = known.get(canonical_key(variable.key))
        if entry is None:
            unknown = space.unknown(f"the resource is one that {text} names")
        elif entry is not ABSENT_KEY:
            entries[canonical_key(variable.key)] = entry
    if unknown == FALSE:
        pieces = template.resolve(Context(entries).single)
        if pieces is None:
            return ()
    # A pattern that fixes the service says nothing of the other service's resources.
    head = pieces[0] if pieces and isinstance(pieces[0], str) else ""
    fixed = head.split(":")[2] if head.count(":") > 2 else ""
    if unknown == FALSE and fixed not in ("", "workmail", "workmailmessageflow"):
        return ()
    merged: dict[int, int] = {}
    for index, resource in enumerate(resources):
        organization = resource.organization
        if organization is None:
            continue
        contexts = unknown
        if contexts == FALSE and pieces is not None:
            messages = resource.kind is ResourceKind.MESSAGES
            if fixed and fixed != ("workmailmessageflow" if messages else "workmail"):
                continue
            if messages:
                contexts = _messages(pieces, text, organization, space)
            elif organization.stand_in:
                contexts = _any_other(pieces, text, organization, space)
            elif resource_regex(pieces).fullmatch(organization.arn):
                contexts = TRUE
        if contexts != FALSE:
            merged[contexts] = merged.get(contexts, 0) | 1 << index
    return tuple((mask, contexts) for contexts, mask in merged.items())


def _any_other(pieces: tuple[Piece, ...], text: str, organization: Organization, space: Space) -> int:
    """A pattern against "any other organization": all of them, none, or those with certain ids."""
    prefix = organization.arn.rpartition("/")[0] + "/"
    if resource_regex(pieces).fullmatch(prefix + _ANY_ID):
        return TRUE
    plain = all(isinstance(piece, str) for piece in pieces)
    if plain or not _may_match(pieces, prefix, organization):
        return FALSE
    return space.unknown(f"the organization is one that {text} names")


def _messages(pieces: tuple[Piece, ...], text: str, organization: Organization, space: Space) -> int:
    d = space.diagrams
    arn = organization.arn.replace(":workmail:", ":workmailmessageflow:", 1)
    head, _, identity = arn.partition(":organization/")
    identity = _ANY_ID if organization.stand_in else identity
    regex = resource_regex(pieces)
    covered = [
        regex.fullmatch(f"{head}:message/{identity}/{way}/{_ANY_MESSAGE}") is not None
        for way in ("incoming", "outgoing")
    ]
    if all(covered):
        return TRUE
    incoming = space.unknown(INCOMING) if any(covered) else FALSE
    result = incoming if covered[0] else d.neither(incoming) if covered[1] else FALSE
    if not any(covered):
        prefixes = (
            [f"{head}:message/"]
            if organization.stand_in
            else [f"{head}:message/{identity}/{way}/" for way in ("incoming", "outgoing")]
        )
        if any(_may_match(pieces, prefix, organization) for prefix in prefixes):
            return space.unknown(f"the message is one that {text} names")
    return result


def _may_match(pieces: tuple[Piece, ...], prefix: str, organization: Organization) -> bool:
    """Whether a pattern matches some resource that begins with a prefix, but not any."""
    pattern = glob_pattern(pieces)
    if organization.region == "*":
        # Where even the region is open, only what stands before it is sure.
        return bool(pattern.read(prefix[: prefix.index(":", 8) + 1]))
    if organization.stand_in and "message/" in prefix:
        return pattern.can_end(pattern.read(prefix), ":")
    return pattern.can_end(pattern.read(prefix), ":/")

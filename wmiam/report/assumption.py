"""Who can become which role, and what that role can do, as the report lists it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from wmiam.access import Access
from wmiam.access.labels import place_of
from wmiam.access.people import CapabilityList
from wmiam.estate.model import Principal
from wmiam.graph import AssumeEdge
from wmiam.graph.assume import Assumptions
from wmiam.views.text import principal_name, short_arn

__all__ = ["Assumption", "assumptions"]


@dataclass(frozen=True, slots=True)
class Assumption:
    """One way to become a role.

    Parameters
    ----------
    source, about : str
        Who, and what that is: kind and account.
    principal : Principal or None
        The same where it is in the estate.
    role : Principal
        The role.
    decision, when, reason : str
        Whether always, else when, and why.
    place : str
        File and line of the trust statement.
    gains : tuple of (str, str)
        Capabilities of the role: title, and the most that it is allowed on any organization.
    """

    source: str
    about: str
    principal: Principal | None
    role: Principal
    decision: str
    when: str
    reason: str
    place: str
    gains: tuple[tuple[str, str], ...]


def assumptions(
    access: Access, capabilities: Sequence[CapabilityList], most: int
) -> tuple[tuple[Assumption, ...], int]:
    """Return the ways to become a role, those first whose role can do most, and how many there are.

    Parameters
    ----------
    access : Access
        The effective access.
    capabilities : sequence of CapabilityList
        :func:`wmiam.access.people.capability_lists` of the same access.
    most : int
        How many to return: a large estate has hundreds of thousands.
    """
    known = {principal.arn: principal for principal in access.principals}
    gains = _gains(capabilities)
    # Sorting keeps the order of equals, which is that of the edges: by role and source.
    edges = sorted(Assumptions.of(access).edges, key=lambda edge: -len(gains.get(edge.target, {})))
    return tuple(_row(edge, known, gains.get(edge.target, {})) for edge in edges[:most]), len(edges)


def _gains(capabilities: Iterable[CapabilityList]) -> dict[str, dict[str, str]]:
    """Return for each principal, by ARN, the capabilities that it has, with the most permissive decision."""
    found: dict[str, dict[str, str]] = {}
    for item in capabilities:
        # Those allowed in every case come first.
        for holders in item.holders:
            for principal in holders.principals:
                found.setdefault(principal.arn, {}).setdefault(item.capability.title, holders.decision)
    return found


def _row(edge: AssumeEdge, known: dict[str, Principal], gains: dict[str, str]) -> Assumption:
    principal, role = known.get(edge.source), known[edge.target]
    name, about = (
        (principal_name(principal), f"{principal.kind}, {principal.account}")
        if principal is not None
        else _outsider(edge.source)
    )
    place = ""
    if role.trust is not None and role.trust.origin is not None and edge.origin is not None:
        place = place_of(role.trust, edge.origin.pointer.removeprefix(role.trust.origin.pointer))
    return Assumption(
        name,
        about,
        principal,
        role,
        edge.decision,
        " and ".join(edge.conditions),
        edge.reason,
        place,
        tuple(gains.items()),
    )


def _outsider(source: str) -> tuple[str, str]:
    """Return a name for who is no principal of the estate, and what that is."""
    if source == "*":
        return "anybody", "any AWS account"
    if source.isdecimal():
        return source, "an account that is not among the files"
    if source.endswith((".amazonaws.com", ".amazonaws.com.cn")):
        return source, "AWS service"
    return short_arn(source), "identity provider"

"""Who holds each capability, on which organizations, when and through what: for lists that people read.

Principals whose rows would read the same share one row, so that an estate of
thousands of principals keeps lists that a person can read.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from wmiam.access.access import Access
from wmiam.access.capability import holdings
from wmiam.access.grants import Grants
from wmiam.catalog import Capability
from wmiam.conditions.decision import decision_of
from wmiam.engine.compile import ACTIONS
from wmiam.engine.policies import IDLE
from wmiam.engine.whole import PrincipalClass
from wmiam.estate.model import Organization, Principal

__all__ = [
    "CapabilityList",
    "Count",
    "Holders",
    "OrganizationList",
    "PeopleRow",
    "PrincipalGroup",
    "capability_lists",
    "organization_lists",
    "principal_groups",
]

_RANK = {"allowed": 2, "conditional": 1, "denied": 0}


@dataclass(frozen=True, slots=True)
class Count:
    """Numbers of principals: in every request context, and only under a condition."""

    allowed: int = 0
    conditional: int = 0

    def plus(self, decision: str, number: int) -> Count:
        """Return the numbers with so many more principals of a decision."""
        if decision == "allowed":
            return Count(self.allowed + number, self.conditional)
        return Count(self.allowed, self.conditional + number)


@dataclass(frozen=True, slots=True)
class Holders:
    """Principals of one account that hold a capability in the same way.

    Parameters
    ----------
    principals : tuple of Principal
        Who, sorted by name.
    decision, when, through : str
        As in the frames of :class:`wmiam.access.Access`.
    organizations : tuple of int
        On which organizations: indexes into ``access.organizations``.
    """

    principals: tuple[Principal, ...]
    decision: str
    organizations: tuple[int, ...]
    when: str
    through: str


@dataclass(frozen=True, slots=True)
class CapabilityList:
    """One capability: how many hold it, and who.

    Parameters
    ----------
    capability : Capability
        As the catalog describes it.
    anywhere : Count
        Principals that hold it on at least one organization.
    by_organization : tuple of Count
        In the order of ``access.organizations``.
    holders : tuple of Holders
        Those allowed in every request context first.
    decisions : dict of (int, int) to str
        By ``id`` of the class and place of the organization; what is missing is denied.
    """

    capability: Capability
    anywhere: Count
    by_organization: tuple[Count, ...]
    holders: tuple[Holders, ...]
    decisions: dict[tuple[int, int], str]

    @property
    def reached(self) -> int:
        """How many organizations someone holds it on."""
        return sum(1 for count in self.by_organization if count.allowed or count.conditional)

    @property
    def besides(self) -> tuple[str, ...]:
        """Permissions of other services that ways to it take besides, and that are not evaluated."""
        ways = self.capability.alternatives
        return tuple(dict.fromkeys(action for way in ways for action, _ in way.also))

    @property
    def always_besides(self) -> bool:
        """Whether every way to it takes such permissions."""
        return all(way.also for way in self.capability.alternatives)


@dataclass(frozen=True, slots=True)
class PeopleRow:
    """Principals that can do the same to one organization.

    Parameters
    ----------
    principals : tuple of Principal
        Who, sorted by name.
    decisions : tuple of str
        One for each capability of the catalog.
    actions : Count
        How many actions they are allowed.
    """

    principals: tuple[Principal, ...]
    decisions: tuple[str, ...]
    actions: Count


@dataclass(frozen=True, slots=True)
class OrganizationList:
    """One organization: who can do anything to it."""

    organization: Organization
    rows: tuple[PeopleRow, ...]

    @property
    def size(self) -> int:
        """How many principals can do anything to it."""
        return sum(len(row.principals) for row in self.rows)


@dataclass(frozen=True, slots=True, eq=False)
class PrincipalGroup:
    """The principals of one class, of which none can do more than another.

    Parameters
    ----------
    members : PrincipalClass
        The class.
    principals : tuple of Principal
        All of it, sorted by name.
    """

    members: PrincipalClass
    principals: tuple[Principal, ...]


def principal_groups(access: Access) -> tuple[PrincipalGroup, ...]:
    """Return the principals of an access, those together of whom everything reads the same.

    They are of one class, and have the same policies by the same ways.

    Parameters
    ----------
    access : Access
        The effective access.
    """
    found: dict[object, list[Principal]] = defaultdict(list)
    class_of, number = access.whole.class_of, access.whole.policies.number
    idle: dict[int, bool] = {}
    for principal in access.principals:
        held = []
        for policy, group in principal.identity_policies:
            if id(policy) not in idle:
                idle[id(policy)] = number(policy) == IDLE
            if not idle[id(policy)]:
                held.append((id(policy), id(group)))
        found[id(class_of[principal.arn]), tuple(held)].append(principal)
    return tuple(
        PrincipalGroup(class_of[principals[0].arn], _sorted(principals)) for principals in found.values()
    )


def capability_lists(access: Access, groups: Sequence[PrincipalGroup]) -> tuple[CapabilityList, ...]:
    """Return who holds each capability.

    Parameters
    ----------
    access : Access
        The effective access.
    groups : sequence of PrincipalGroup
        :func:`principal_groups` of the same access.
    """
    grants = Grants(access.whole)
    return tuple(_capability_list(access, groups, item, grants) for item in access.catalog.capabilities)


def organization_lists(
    access: Access, groups: Sequence[PrincipalGroup], capabilities: Sequence[CapabilityList]
) -> tuple[OrganizationList, ...]:
    """Return who can do anything to each organization.

    Parameters
    ----------
    access : Access
        The effective access.
    groups : sequence of PrincipalGroup
        :func:`principal_groups` of the same access.
    capabilities : sequence of CapabilityList
        :func:`capability_lists` of the same access.
    """
    places = {organization.arn: place for place, organization in enumerate(access.organizations)}
    alike: list[dict[tuple[str, tuple[str, ...], Count], list[Principal]]] = [
        defaultdict(list) for _ in places
    ]
    counts: dict[int, dict[int, Count]] = {}
    for group in groups:
        members = group.members
        if id(members) not in counts:
            counts[id(members)] = _action_counts(access, members, places)
        for place, actions in counts[id(members)].items():
            held = tuple(item.decisions.get((id(members), place), "denied") for item in capabilities)
            alike[place][group.principals[0].account, held, actions] += group.principals
    lists = []
    for place, organization in enumerate(access.organizations):
        rows = [PeopleRow(_sorted(who), held, actions) for (_, held, actions), who in alike[place].items()]
        lists.append(OrganizationList(organization, tuple(sorted(rows, key=_gravest))))
    return tuple(lists)


def _action_counts(access: Access, members: PrincipalClass, places: dict[str, int]) -> dict[int, Count]:
    """Return how many actions a class is allowed, by place of the organization."""
    counts: dict[int, Count] = {}
    for answer in access.answers(members, ACTIONS.all, None, denied=False):
        if answer.resource.organization is not None:
            place = places[answer.resource.arn]
            number = answer.actions.bit_count()
            counts[place] = counts.get(place, Count()).plus(answer.decision, number)
    return counts


def _capability_list(
    access: Access, groups: Sequence[PrincipalGroup], capability: Capability, grants: Grants
) -> CapabilityList:
    """Return who holds one capability: principals whose rows read the same together, gravest first."""
    places = {organization.arn: index for index, organization in enumerate(access.organizations)}
    groups_of: dict[int, list[PrincipalGroup]] = defaultdict(list)
    for group in groups:
        groups_of[id(group.members)].append(group)
    actions = sum(1 << ACTIONS.index[name] for name in set(capability.actions))
    decisions: dict[tuple[int, int], str] = {}
    best: dict[int, str] = {}
    # By group, decision, when and through: organizations.
    found: dict[tuple[int, str, str, str], list[int]] = defaultdict(list)
    for members, organizations, contexts, within in holdings(access, capability):
        decision = decision_of(contexts, within)
        when = ""
        if decision == "conditional":
            when = access.words(contexts, within, role=members.principal.is_role)
        where = [places[resource.arn] for resource in members.scope.members(organizations)]
        decisions.update(((id(members), place), decision) for place in where)
        best[id(members)] = max(decision, best.get(id(members), "denied"), key=_RANK.__getitem__)
        for group in groups_of[id(members)]:
            for mask, through in grants.ways(group.principals[0], members, actions, organizations):
                here = [places[resource.arn] for resource in members.scope.members(mask)]
                found[id(group), decision, when, through] += here
    group_by_id = {id(group): group for group in groups}
    alike: dict[tuple[str, str, tuple[int, ...], str, str], list[Principal]] = defaultdict(list)
    for (key, decision, when, through), where in found.items():
        group = group_by_id[key]
        account = group.principals[0].account
        alike[account, decision, tuple(sorted(where)), when, through] += group.principals
    anywhere, numbers = Count(), [Count() for _ in places]
    for key, decision in best.items():
        anywhere = anywhere.plus(decision, sum(len(group.principals) for group in groups_of[key]))
    for (key, place), decision in decisions.items():
        size = sum(len(group.principals) for group in groups_of[key])
        numbers[place] = numbers[place].plus(decision, size)
    holders = [
        Holders(_sorted(who), decision, where, when, through)
        for (_, decision, where, when, through), who in alike.items()
    ]
    holders.sort(key=lambda row: (-_RANK[row.decision], row.principals[0].account, _name(row.principals[0])))
    return CapabilityList(capability, anywhere, tuple(numbers), tuple(holders), decisions)


def _gravest(row: PeopleRow) -> tuple[object, ...]:
    """Return a sorting key that puts rows with most access first."""
    ranks = [-_RANK[decision] for decision in row.decisions]
    return (sum(ranks), ranks, -row.actions.allowed, -row.actions.conditional, _name(row.principals[0]))


def _sorted(principals: Iterable[Principal]) -> tuple[Principal, ...]:
    return tuple(sorted(principals, key=_name))


def _name(principal: Principal) -> tuple[str, str]:
    return principal.name.lower(), principal.arn

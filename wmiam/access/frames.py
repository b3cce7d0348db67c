"""Answers as pandas frames; the only place of this package that needs pandas."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import pandas as pd

from wmiam.catalog import Capability
from wmiam.engine.compile import ACTIONS
from wmiam.engine.diagrams import FALSE, Diagrams
from wmiam.engine.resources import Resource, ResourceKind
from wmiam.engine.whole import PrincipalClass
from wmiam.estate.model import Organization, Principal

if TYPE_CHECKING:
    from wmiam.access.access import Access
    from wmiam.access.cells import CellRow

__all__ = [
    "CELL_COLUMNS",
    "capabilities_frame",
    "capability_of_frame",
    "capability_rows",
    "cells_frame",
    "matrix_frame",
]

CELL_COLUMNS = (
    "principal",
    "name",
    "kind",
    "account",
    "action",
    "organization",
    "decision",
    "when",
    "through",
    "statements",
)
_DECISION = pd.CategoricalDtype(["denied", "conditional", "allowed"], ordered=True)


def cells_frame(access: Access, rows: Sequence[CellRow]) -> pd.DataFrame:
    """Return rows as a frame; see :meth:`wmiam.access.Access.cells`."""
    ways = [access.ways(row) for row in rows]
    frame = pd.DataFrame(
        {
            "principal": [row.principal.arn for row in rows],
            "name": [row.principal.name for row in rows],
            "kind": [str(row.principal.kind) for row in rows],
            "account": [row.principal.account for row in rows],
            "action": [row.action for row in rows],
            "organization": [row.organization for row in rows],
            "decision": pd.Categorical([row.decision for row in rows], dtype=_DECISION),
            "when": [access.when(row) for row in rows],
            "through": [through for through, _ in ways],
            "statements": [statements for _, statements in ways],
        },
        columns=list(CELL_COLUMNS),
    )
    for column in ("kind", "account", "action", "organization"):
        frame[column] = frame[column].astype("category")
    return frame


def matrix_frame(access: Access, org: str | None) -> pd.DataFrame:
    """Return principals × actions; see :meth:`wmiam.access.Access.matrix`."""
    arns = None if org is None or org == "*" else {o.arn for o in access.find_organizations(org)}
    rows: dict[int, list[int]] = {}
    for members in access.whole.classes:
        allowed, some = _most(access, members, arns)
        rows[id(members)] = [
            2 if allowed >> bit & 1 else 1 if some >> bit & 1 else 0 for bit in range(len(ACTIONS.names))
        ]
    by_action = zip(*(rows[id(access.whole.class_of[p.arn])] for p in access.principals), strict=True)
    codes = list(by_action) or [()] * len(ACTIONS.names)
    data = {
        name: pd.Categorical.from_codes(codes[bit], dtype=_DECISION) for bit, name in enumerate(ACTIONS.names)
    }
    return pd.DataFrame(data, index=pd.Index([p.arn for p in access.principals], name="principal"))


def _most(access: Access, members: PrincipalClass, arns: set[str] | None) -> tuple[int, int]:
    """Return the actions that are allowed on some resource, and those that are under a condition."""
    d = access.whole.space.diagrams
    allowed = some = 0
    for resources, cells in members.groups:
        chosen = [r for r in resources if arns is None or r.kind is ResourceKind.NONE or r.arn in arns]
        for within in {access.within(members, resource) for resource in chosen}:
            for actions, contexts in cells:
                narrowed = d.both(contexts, within)
                if narrowed != FALSE:
                    some |= actions
                    if narrowed == within:
                        allowed |= actions
    return allowed, some


def capability_rows(
    access: Access, capability: Capability
) -> Iterator[tuple[PrincipalClass, Organization, int, int]]:
    """Yield the contexts in which classes of principals have a capability on an organization.

    Parameters
    ----------
    access : Access
        Where to look.
    capability : Capability
        An alternative counts where all its actions are allowed in one context.

    Yields
    ------
    tuple
        Class, organization, contexts (never empty), contexts that can be.
    """
    alternatives = [
        [ACTIONS.index[a] for a in alternative.actions] for alternative in capability.alternatives
    ]
    d = access.whole.space.diagrams
    for members in access.whole.classes:
        table = members.table()
        none = next((cells for r, cells in table.items() if r.kind is ResourceKind.NONE), ())
        by_organization: dict[str, list[Resource]] = {}
        for resource in table:
            if resource.organization is not None:
                by_organization.setdefault(resource.arn, []).append(resource)
        known: dict[object, int] = {}
        for resources in by_organization.values():
            cells = tuple(table[resource] for resource in resources)
            key = tuple(id(part) for part in cells)
            if key not in known:
                known[key] = _capability_contexts(d, alternatives, (*cells, none))
            if known[key] == FALSE:
                continue
            organization = resources[0].organization
            within = access.within(members, resources[0])
            contexts = d.both(known[key], within)
            if contexts != FALSE and organization is not None:
                yield members, organization, contexts, within


def _capability_contexts(
    d: Diagrams, alternatives: Sequence[Sequence[int]], cells: Sequence[tuple[tuple[int, int], ...]]
) -> int:
    """Return the contexts in which all actions of some alternative are allowed."""

    def contexts_of(bit: int) -> int:
        return next((contexts for part in cells for actions, contexts in part if actions >> bit & 1), FALSE)

    return d.any_of(d.all_of(contexts_of(bit) for bit in bits) for bits in alternatives)


def capabilities_frame(access: Access, org: str | None) -> pd.DataFrame:
    """Return capabilities × organizations; see :meth:`wmiam.access.Access.capabilities`."""
    wanted = access.organizations if org is None else access.find_organizations(org)
    people: dict[int, list[str]] = {}
    for principal in access.principals:
        people.setdefault(id(access.whole.class_of[principal.arn]), []).append(principal.arn)
    records = []
    for capability in access.catalog.capabilities:
        best: dict[str, dict[str, str]] = {"": {}, **{o.arn: {} for o in wanted}}
        for members, organization, contexts, within in capability_rows(access, capability):
            if organization.arn not in best:
                continue
            decision = "allowed" if contexts == within else "conditional"
            for arn in people[id(members)]:
                best[organization.arn][arn] = decision
                if best[""].get(arn) != "allowed":
                    best[""][arn] = decision
        for organization_arn, found in best.items():
            allowed = sorted(arn for arn, decision in found.items() if decision == "allowed")
            conditional = sorted(arn for arn, decision in found.items() if decision == "conditional")
            records.append(
                {
                    "capability": capability.name,
                    "title": capability.title,
                    "organization": organization_arn,
                    "allowed": len(allowed),
                    "conditional": len(conditional),
                    "principals": allowed,
                    "conditional_principals": conditional,
                }
            )
    return pd.DataFrame.from_records(records)


def capability_of_frame(access: Access, principal: Principal) -> pd.DataFrame:
    """Return a principal's capabilities; see :meth:`wmiam.access.Access.capability_of`."""
    from wmiam.conditions.words import describe

    own = access.whole.class_of[principal.arn]
    records = []
    for capability in access.catalog.capabilities:
        for members, organization, contexts, within in capability_rows(access, capability):
            if members is own:
                allowed = contexts == within
                records.append(
                    {
                        "capability": capability.name,
                        "organization": organization.arn,
                        "decision": "allowed" if allowed else "conditional",
                        "when": ""
                        if allowed
                        else describe(contexts, within, access.whole.space, role=principal.is_role),
                    }
                )
    frame = pd.DataFrame.from_records(records, columns=["capability", "organization", "decision", "when"])
    frame["decision"] = pd.Categorical(frame["decision"], dtype=_DECISION)
    return frame

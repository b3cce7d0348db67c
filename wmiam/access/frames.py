"""Answers as pandas frames; the only place of this package that needs pandas."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from wmiam.access.capability import capability_rows, holdings
from wmiam.access.cells import CellRow
from wmiam.access.core import DECISIONS
from wmiam.conditions.decision import decision_of
from wmiam.engine.compile import ACTIONS
from wmiam.engine.diagrams import FALSE
from wmiam.engine.whole import PrincipalClass
from wmiam.estate.model import Principal

if TYPE_CHECKING:
    from wmiam.access.access import Access

__all__ = [
    "CELL_COLUMNS",
    "DECISION_TYPE",
    "capabilities_frame",
    "capability_of_frame",
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
#: The answers as a pandas type, in order.
DECISION_TYPE = pd.CategoricalDtype(list(DECISIONS), ordered=True)


def cells_frame(
    access: Access,
    principals: Sequence[Principal],
    bits: int,
    arns: Collection[str] | None,
    *,
    denied: bool,
    decision: str | None,
) -> pd.DataFrame:
    """Return the answers for some principals, actions and organizations.

    See :meth:`wmiam.access.Access.cells`.  The answers of a class are worked out once, and
    repeated for each of its principals.

    Parameters
    ----------
    access : Access
        Where to look.
    principals : sequence of Principal
        For whom.
    bits : int
        Set of actions.
    arns : collection of str or None
        ARNs of organizations; None for all.
    denied : bool
        Whether denied cells are rows, too.
    decision : str or None
        Only rows of this decision.
    """
    of_class: dict[int, list[CellRow]] = {}
    of_holding: dict[object, tuple[list[str], list[str]]] = {}
    counts: list[int] = []
    cells: list[CellRow] = []
    through: list[str] = []
    statements: list[str] = []
    class_of = access.whole.class_of
    for principal in principals:
        members = class_of[principal.arn]
        own = of_class.get(id(members))
        if own is None:
            own = of_class[id(members)] = [
                row
                for row in access.class_rows(principal, members, bits, arns, denied=denied)
                if decision in (None, row.decision)
            ]
        counts.append(len(own))
        if not own:
            continue
        cells += own
        key = (id(members), principal.inline, principal.attached, principal.groups)
        ways = of_holding.get(key)
        if ways is None:
            found = [access.ways_of(principal, row) for row in own]
            ways = of_holding[key] = [one for one, _ in found], [other for _, other in found]
        through += ways[0]
        statements += ways[1]
    repeats = np.repeat(np.arange(len(principals)), np.array(counts, dtype=np.intp))

    def of_principal(values: list[str]) -> Any:
        return np.array(values, dtype=object)[repeats]

    return pd.DataFrame(
        {
            "principal": pd.array(of_principal([p.arn for p in principals]), dtype="str"),
            "name": pd.array(of_principal([p.name for p in principals]), dtype="str"),
            "kind": _categories(of_principal([str(p.kind) for p in principals])),
            "account": _categories(of_principal([p.account for p in principals])),
            "action": _categories([row.action for row in cells]),
            "organization": _categories([row.organization for row in cells]),
            "decision": pd.Categorical.from_codes(
                [DECISIONS.index(row.decision) for row in cells], dtype=DECISION_TYPE
            ),
            "when": pd.array([access.when(row) for row in cells], dtype="str"),
            "through": pd.array(through, dtype="str"),
            "statements": pd.array(statements, dtype="str"),
        },
        columns=list(CELL_COLUMNS),
    )


def _categories(values: Sequence[str]) -> pd.Categorical[str]:
    """Return texts as a categorical whose categories are those that occur, sorted."""
    categories = sorted(set(values))
    code = {value: index for index, value in enumerate(categories)}
    return pd.Categorical.from_codes([code[value] for value in values], categories=pd.Index(categories))


def matrix_frame(access: Access, org: str | None) -> pd.DataFrame:
    """Return principals × actions; see :meth:`wmiam.access.Access.matrix`."""
    arns = None if org is None or org == "*" else {o.arn for o in access.find_organizations(org)}
    row_of: dict[int, int] = {}
    rows: list[bytes] = []
    width = len(ACTIONS.names)
    for index, members in enumerate(access.whole.classes):
        row_of[id(members)] = index
        allowed, some = _most(access, members, arns)
        rows.append(_bits(allowed, width) + _bits(some, width))
    packed = np.frombuffer(b"".join(rows), dtype=np.uint8).reshape(len(rows), 2, (width + 7) // 8)
    # Some and always counts twice, so the sum of both is the code of the decision.
    codes = np.unpackbits(packed, axis=2, count=width, bitorder="little").sum(axis=1, dtype=np.int8)
    order = np.array([row_of[id(access.whole.class_of[p.arn])] for p in access.principals], dtype=np.intp)
    by_action = np.ascontiguousarray(codes[order].T)
    data = {
        name: pd.Categorical.from_codes(by_action[bit], dtype=DECISION_TYPE)
        for bit, name in enumerate(ACTIONS.names)
    }
    return pd.DataFrame(data, index=pd.Index([p.arn for p in access.principals], name="principal"))


def _bits(mask: int, width: int) -> bytes:
    return mask.to_bytes((width + 7) // 8, "little")


def _most(access: Access, members: PrincipalClass, arns: Collection[str] | None) -> tuple[int, int]:
    """Return the actions that are allowed on some resource, and those that are allowed in some context."""
    d = access.whole.space.diagrams
    chosen = members.scope.chosen(arns)
    allowed = some = 0
    for mask, within in access.fixed.within(members):
        for resources, cells in members.allowed:
            shared = mask & resources & chosen
            if not shared:
                continue
            about = members.scope.actions(shared)
            for actions, contexts in cells:
                narrowed = d.both(contexts, within)
                if narrowed != FALSE:
                    some |= actions & about
                    if narrowed == within:
                        allowed |= actions & about
    return allowed, some


def capabilities_frame(access: Access, org: str | None) -> pd.DataFrame:
    """Return capabilities × organizations; see :meth:`wmiam.access.Access.capabilities`."""
    wanted = access.organizations if org is None else access.find_organizations(org)
    people: dict[int, list[str]] = {}
    for principal in access.principals:
        people.setdefault(id(access.whole.class_of[principal.arn]), []).append(principal.arn)
    records = []
    for capability in access.catalog.capabilities:
        best: dict[str, dict[str, str]] = {"": {}, **{o.arn: {} for o in wanted}}
        for members, organizations, contexts, within in holdings(access, capability):
            decision = decision_of(contexts, within)
            arns = [r.arn for r in members.scope.members(organizations) if r.arn in best]
            for arn in people[id(members)] if arns else ():
                for organization in arns:
                    best[organization][arn] = decision
                if best[""].get(arn) != "allowed":
                    best[""][arn] = decision
        for organization_arn, found in best.items():
            allowed = sorted(arn for arn, decision in found.items() if decision == "allowed")
            conditional = sorted(arn for arn, decision in found.items() if decision == "conditional")
            records.append(
                {
                    "capability": capability.name,
                    "title": capability.title,
                    "besides": capability.besides,
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
    frame["decision"] = pd.Categorical(frame["decision"], dtype=DECISION_TYPE)
    return frame

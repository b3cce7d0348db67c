"""The numbers of the first screen."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from wmiam.diagnostics import Severity
from wmiam.engine.scope import Scope

if TYPE_CHECKING:
    from wmiam.access.access import Access

__all__ = ["CapabilityCount", "Summary", "summarize"]


@dataclass(frozen=True, slots=True)
class CapabilityCount:
    """How many principals have a capability on any organization.

    Parameters
    ----------
    name, title, why : str
        The capability.
    allowed, conditional : int
        Numbers of principals: in every context, and under a condition only.
    organizations : tuple of str
        ARNs of the organizations that someone has it on.
    """

    name: str
    title: str
    why: str
    allowed: int
    conditional: int
    organizations: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Summary:
    """What was read, and what it amounts to.

    Parameters
    ----------
    name : str
        The estate's name.
    accounts, principals, organizations, policies, statements : int
        Numbers of each; policies and statements are distinct documents' ones.
    errors, warnings : int
        Numbers of diagnostics; with errors, answers are incomplete.
    capabilities : tuple of CapabilityCount
        In the catalog's order.
    context : dict
        Context keys that are fixed.
    """

    name: str
    accounts: int
    principals: int
    organizations: int
    policies: int
    statements: int
    errors: int
    warnings: int
    capabilities: tuple[CapabilityCount, ...]
    context: dict[str, object]

    @property
    def complete(self) -> bool:
        """Whether everything was understood."""
        return self.errors == 0

    def _repr_html_(self) -> str:
        from wmiam.views.html import summary_html

        return summary_html(self)


def summarize(access: Access) -> Summary:
    """Return the summary of an access.

    Parameters
    ----------
    access : Access
        Where to count.
    """
    # Here, because it is about Access itself.
    from wmiam.access.capability import holdings

    estate = access.estate
    size = Counter(id(members) for members in access.whole.class_of.values())
    counts = []
    for capability in access.catalog.capabilities:
        best: dict[int, bool] = {}
        places: dict[Scope, int] = {}
        for members, where, contexts, within in holdings(access, capability):
            places[members.scope] = places.get(members.scope, 0) | where
            best[id(members)] = best.get(id(members), False) or contexts == within
        counts.append(
            CapabilityCount(
                capability.name,
                capability.title,
                capability.why,
                sum(size[key] for key, always in best.items() if always),
                sum(size[key] for key, always in best.items() if not always),
                tuple(sorted({r.arn for scope, where in places.items() for r in scope.members(where)})),
            )
        )
    policies = {
        id(policy.document): policy.document
        for principal in estate.principals
        for policy in (*(p for p, _ in principal.identity_policies), principal.boundary, principal.trust)
        if policy is not None and policy.document is not None
    }
    severities = Counter(diagnostic.severity for diagnostic in estate.diagnostics)
    return Summary(
        estate.name,
        len(estate.accounts),
        len(estate.principals),
        len(estate.organizations),
        len(policies),
        sum(len(document.statements) for document in policies.values()),
        severities[Severity.ERROR],
        severities[Severity.WARNING],
        tuple(counts),
        access.context,
    )

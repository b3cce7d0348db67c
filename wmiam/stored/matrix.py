"""The data of the matrix, and of the explanation of each of its cells, as the page's script reads them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from wmiam.access.applied import ROOT_TITLE
from wmiam.conditions.words import FOLLOWS
from wmiam.engine.policies import IDENTITY_TITLE
from wmiam.estate.model import Principal, PrincipalKind
from wmiam.stored.explanations import ExplanationParts
from wmiam.stored.tables import Interner, Store
from wmiam.views.text import principal_name, visible

if TYPE_CHECKING:
    from wmiam.access import Access

__all__ = ["FORMAT", "matrix_payload", "organization_order"]

#: Version of what :func:`matrix_payload` returns.
FORMAT: Final = 2


def matrix_payload(access: Access) -> dict[str, Any]:
    """Return every principal's decision on every action and organization, with explanations.

    Parameters
    ----------
    access : Access
        The effective access.

    Returns
    -------
    dict
        JSON values, all text in them visible.  Sets are numbers, whose bits stand for actions or for
        the resources of an account; ``masks``, ``texts`` and ``answers`` are named by their place.

        ``principals``: place of the ARN's beginning in ``prefixes``, the rest of the ARN, kind (place
        in ``kinds``), class, holding, and the name where the ARN does not end in it.
        ``classes``: account, dead resources, what is allowed, layers, effects; see
        :meth:`wmiam.stored.explanations.ExplanationParts.classes`.
        ``resources``: by account, what each resource is about (place of an organization, or -1) and
        the set of its actions.  ``levels``: by account, its levels of SCPs.
        ``accounts``, ``organizations``, ``actions`` and ``capabilities`` name what the matrix is made
        of; ``python`` is how the access is had; the rest is
        :meth:`wmiam.stored.explanations.ExplanationParts.payload`.
    """
    store = Store(access)
    parts = ExplanationParts(access, store)
    whole = access.whole
    class_of = {id(members): number for number, members in enumerate(whole.classes)}
    prefixes = Interner()
    kinds = [str(kind) for kind in PrincipalKind]
    kind_of = {kind: place for place, kind in enumerate(kinds)}

    def row(principal: Principal) -> list[Any]:
        arn, name = visible(principal.arn), visible(principal_name(principal))
        begin, colon, rest = arn.rpartition(":")
        own = class_of[id(whole.class_of[principal.arn])]
        fields = [prefixes(begin + colon), rest, kind_of[str(principal.kind)], own, parts.holding(principal)]
        return [*fields, *([name] if name != rest.rpartition("/")[2] else [])]

    place_of = {organization.arn: place for place, organization in enumerate(access.organizations)}
    capabilities = access.catalog.capabilities
    worth = {capability.name: index for index, capability in enumerate(capabilities)}
    payload: dict[str, Any] = {
        "format": FORMAT,
        "kinds": kinds,
        "principals": [row(principal) for principal in access.principals],
        "prefixes": prefixes.values,
        "classes": parts.classes(whole.classes),
        "resources": {
            account: [
                [place_of[r.arn] if r.organization is not None else -1, store.mask(r.actions)]
                for r in scope.resources
            ]
            for account, scope in sorted(whole.scopes.items())
        },
        "levels": {account: parts.levels(account) for account in sorted(whole.scopes)},
        "titles": [IDENTITY_TITLE, ROOT_TITLE],
        "follows": FOLLOWS,
        "accounts": {
            visible(account.id): visible(account.name)
            for account in access.estate.accounts.values()
            if account.name != account.id
        },
        "organizations": [
            [
                *(visible(t) for t in (o.arn, o.label, o.account, o.region)),
                store.text(o.state_note),
                int(o.tags is None),
            ]
            for o in access.organizations
        ],
        "order": organization_order(access),
        "actions": [
            [action.full_name, action.access_level, [worth[name] for name in action.capabilities]]
            for action in access.catalog.actions
        ],
        "capabilities": [capability.title for capability in capabilities],
        "python": visible(f"access.given({access.context!r})" if access.context else "access"),
    }
    payload |= parts.payload()
    return payload | store.payload()


def organization_order(access: Access) -> tuple[int, ...]:
    """Return the indexes of the organizations in the order to show them: by account, stand-ins last.

    Parameters
    ----------
    access : Access
        The effective access.
    """

    def key(index: int) -> tuple[object, ...]:
        organization = access.organizations[index]
        return organization.stand_in, organization.account, organization.region, organization.label

    return tuple(sorted(range(len(access.organizations)), key=key))

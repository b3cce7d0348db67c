"""What is known of a request context before any request: from principal, organization and AWS organization.

Source: IAM User Guide, "AWS global condition context keys", availability of each
key; rules C10 and C11.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache

from wmiam.engine.request import ContextEntry
from wmiam.estate.estate import Estate
from wmiam.estate.model import AwsOrganization, Organization, Principal, PrincipalKind, Tags
from wmiam.policy.model import Effect
from wmiam.policy.patterns import action_matches, ascii_lower

__all__ = [
    "ABSENT_KEY",
    "NOTHING_KNOWN",
    "Known",
    "decided_by_principal",
    "organization_knowledge",
    "own_values",
    "principal_knowledge",
    "role_knowledge",
    "takes_session_tags",
]

#: Marks a key that is known not to be in the request.
ABSENT_KEY = ContextEntry("", (), multivalued=True)


@dataclass(frozen=True, slots=True)
class Known:
    """Keys whose values are known.

    Parameters
    ----------
    entries : dict of str to ContextEntry
        By canonical key; :data:`ABSENT_KEY` for one that is known to be absent.
    families : tuple of str
        Prefixes such as ``"aws:principaltag/"`` of which every key that is not in
        ``entries`` is known to be absent.
    """

    entries: dict[str, ContextEntry] = field(default_factory=dict)
    families: tuple[str, ...] = ()

    def get(self, key: str) -> ContextEntry | None:
        """Return what is known of a canonical key: its entry, or None where it is open."""
        found = self.entries.get(key)
        if found is None and key.startswith(self.families):
            return ABSENT_KEY
        return found


#: What is known where nothing is.
NOTHING_KNOWN = Known()


def _entry(key: str, *values: str, many: bool = False) -> tuple[str, ContextEntry]:
    return ascii_lower(key), ContextEntry(key, values, multivalued=many)


def _tags(prefix: str, tags: Tags) -> dict[str, ContextEntry]:
    return dict(_entry(f"{prefix}{key}", value) for key, value in tags)


def _organization_keys(tree: AwsOrganization | None, account: str, who: str) -> dict[str, ContextEntry]:
    """Return the AWS Organizations keys of an account; none where it is not known to be a member."""
    if tree is None or not tree.id or account not in tree.targets:
        return {}
    found = dict([_entry(f"aws:{who}OrgID", tree.id)])
    path = tree.path(account)
    if len(path) > 1 and path[0].parent is None:
        text = "/".join([tree.id, *(node.id for node in path[:-1])]) + "/"
        found.update([_entry(f"aws:{who}OrgPaths", text, many=True)])
    return found


def takes_session_tags(principal: Principal) -> bool:
    """Whether a role's trust policy lets callers set session tags, which override the role's own."""
    if principal.trust is None or principal.trust.document is None:
        return True
    document = principal.trust.document
    if document.unread:
        return True
    return any(
        statement.effect is Effect.ALLOW
        and (
            statement.not_actions is not None
            or any(action_matches(pattern, "sts:TagSession") for pattern in statement.actions or ())
        )
        for statement in document.statements
    )


def decided_by_principal(key: str) -> bool:
    """Whether a principal may decide a canonical key; see :func:`principal_knowledge`."""
    return key.startswith("aws:principal") or key in ("aws:username", "aws:userid")


def own_values(principal: Principal, keys: tuple[str, ...]) -> tuple[str | None, ...]:
    """Return what tells a principal from others of its account and kind, as far as some keys go.

    Two principals of one account and kind for which this is equal know the same of these keys.

    Parameters
    ----------
    principal : Principal
        The principal.
    keys : tuple of str
        Canonical keys.
    """
    found: list[str | None] = []
    for key in keys:
        if key.startswith("aws:principaltag/"):
            name = key[len("aws:principaltag/") :]
            # The last one counts where tags differ by case alone.
            values = [value for tag, value in principal.tags if ascii_lower(tag) == name]
            found.append(values[-1] if values else None)
        elif key == "aws:principalarn":
            found.append(principal.arn)
        elif key == "aws:username":
            found.append(principal.name)
        elif key == "aws:userid":
            found.append(principal.unique_id)
    return tuple(found)


_NO_SERVICE = ContextEntry("aws:PrincipalIsAWSService", ("false",))
_SESSION_TYPE = ContextEntry("aws:PrincipalType", ("AssumedRole",))
_PRINCIPAL_TYPE = {
    PrincipalKind.USER: ContextEntry("aws:PrincipalType", ("User",)),
    PrincipalKind.ROOT: ContextEntry("aws:PrincipalType", ("Account",)),
}


def principal_knowledge(principal: Principal, estate: Estate) -> Known:
    """Return the keys that a principal decides.

    Parameters
    ----------
    principal : Principal
        User, role or root user.
    estate : Estate
        For the AWS Organizations tree.
    """
    kind = principal.kind
    # Written out: an estate has thousands of principals.
    entries = {
        "aws:principalarn": ContextEntry("aws:PrincipalArn", (principal.arn,)),
        "aws:principalaccount": ContextEntry("aws:PrincipalAccount", (principal.account,)),
        "aws:principalisawsservice": _NO_SERVICE,
        "aws:principaltype": _PRINCIPAL_TYPE.get(kind, _SESSION_TYPE),
        **_organization_keys(estate.aws_organization, principal.account, "Principal"),
        "aws:principalservicename": ABSENT_KEY,
        "aws:principalservicenameslist": ABSENT_KEY,
        "aws:username": ABSENT_KEY,
    }
    families: tuple[str, ...] = ("aws:principaltag/",)
    user_id = ""
    if kind is PrincipalKind.USER:
        entries["aws:username"] = ContextEntry("aws:username", (principal.name,))
        user_id = principal.unique_id
    elif kind is PrincipalKind.ROOT:
        user_id = principal.account
    if user_id:
        entries["aws:userid"] = ContextEntry("aws:userid", (user_id,))
    if principal.is_role and takes_session_tags(principal):
        families = ()
    else:
        entries.update(_tags("aws:PrincipalTag/", principal.tags))
    return Known(entries, families)


def organization_knowledge(organization: Organization, estate: Estate) -> Known:
    """Return the keys that a WorkMail organization decides.

    Parameters
    ----------
    organization : Organization
        The organization; one without known tags leaves ``aws:ResourceTag`` open.
    estate : Estate
        For the AWS Organizations tree.
    """
    return _organization_knowledge(organization, estate.aws_organization)


@lru_cache(maxsize=8192)
def _organization_knowledge(organization: Organization, tree: AwsOrganization | None) -> Known:
    # Estates that are changed to try something share most of their organizations.
    entries = dict([_entry("aws:ResourceAccount", organization.account)])
    if organization.region not in ("", "*"):
        entries.update([_entry("aws:RequestedRegion", organization.region)])
    entries.update(_organization_keys(tree, organization.account, "Resource"))
    if organization.tags is None:
        return Known(entries)
    entries.update(_tags("aws:ResourceTag/", organization.tags))
    return Known(entries, ("aws:resourcetag/",))


def role_knowledge(role: Principal, estate: Estate) -> Known:
    """Return the keys that a role decides where it is the resource: in requests to assume it.

    Parameters
    ----------
    role : Principal
        The role.
    estate : Estate
        For the AWS Organizations tree.

    Notes
    -----
    Source: Service Authorization Reference, AWS Security Token Service, resource type role.
    """
    entries = dict([_entry("aws:ResourceAccount", role.account)])
    entries.update(_organization_keys(estate.aws_organization, role.account, "Resource"))
    for prefix in ("aws:ResourceTag/", "iam:ResourceTag/"):
        entries.update(_tags(prefix, role.tags))
    return Known(entries, ("aws:resourcetag/", "iam:resourcetag/"))

"""``aws iam get-account-authorization-details``: users, groups, roles and managed policies.

Source: IAM API Reference, ``GetAccountAuthorizationDetails`` and its data types
``UserDetail``, ``GroupDetail``, ``RoleDetail`` and ``ManagedPolicyDetail``.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Final

from wmiam.estate.model import Policy, PolicyKind
from wmiam.sources.draft import MISSING, IamArn, Identity, Reference, parse_iam_arn
from wmiam.sources.entry import Entry

__all__ = ["DETAIL_LISTS", "is_managed_policy", "read_page", "read_record"]

_COMMON: Final = {"Arn", "Path", "CreateDate", "AttachedManagedPolicies", "Tags", "PermissionsBoundary"}
_USER_FIELDS: Final = _COMMON | {"UserName", "UserId", "UserPolicyList", "GroupList", "PasswordLastUsed"}
_GROUP_FIELDS: Final = _COMMON - {"Tags", "PermissionsBoundary"} | {"GroupName", "GroupId", "GroupPolicyList"}
_ROLE_FIELDS: Final = _COMMON | {
    "RoleName",
    "RoleId",
    "RolePolicyList",
    "AssumeRolePolicyDocument",
    "InstanceProfileList",
    "RoleLastUsed",
    "Description",
    "MaxSessionDuration",
    "MaxSigninSessionDuration",
    "SourceRoleTemplate",
}
_POLICY_FIELDS: Final = {
    "PolicyName",
    "PolicyId",
    "Arn",
    "Path",
    "DefaultVersionId",
    "AttachmentCount",
    "PermissionsBoundaryUsageCount",
    "IsAttachable",
    "Description",
    "CreateDate",
    "UpdateDate",
    "PolicyVersionList",
    "Tags",
}
_PAGE_FIELDS: Final = {
    "UserDetailList",
    "GroupDetailList",
    "RoleDetailList",
    "Policies",
    "IsTruncated",
    "Marker",
    "NextToken",
    "ResponseMetadata",
}


def is_managed_policy(value: object) -> bool:
    """Return whether an element of a list ``Policies`` is an IAM policy, not one of AWS Organizations.

    Parameters
    ----------
    value : object
        The element.
    """
    return isinstance(value, Mapping) and "PolicyVersionList" in value


def read_record(list_name: str, entry: Entry) -> str:
    """Read one element of a detail list; return the 12-digit account it belongs to, or ``""``.

    Parameters
    ----------
    list_name : str
        One of :data:`DETAIL_LISTS`.
    entry : Entry
        The element.
    """
    return _READERS[list_name](entry)


def read_page(entry: Entry, account: str) -> None:
    """Read what stands around the detail lists of one page.

    Parameters
    ----------
    entry : Entry
        The page.
    account : str
        The account of its records, or of the page before where it has none.
    """
    entry.known(_PAGE_FIELDS)
    if not account:
        entry.draft.warning(
            "nothing-in-file",
            "these authorization details hold no user, group or role, so their account is not known",
            entry.origin(),
            "fetch them anew",
        )
    more = bool(entry.flag("IsTruncated")) or entry.value.get("NextToken") is not None
    what = f"the authorization details of account {account or '(unknown)'}"
    entry.draft.listing(what, ("get-account-authorization-details", account), more, entry.origin())


def _arn_of(entry: Entry, kind: str) -> tuple[str, IamArn] | None:
    arn = entry.need("Arn")
    if not arn:
        return None
    parts = parse_iam_arn(arn)
    if parts is None or parts.kind != kind:
        entry.draft.error(
            "bad-arn",
            f"{arn!r} is not the ARN of a {kind}; the record was not read",
            entry.origin("Arn"),
            f"an ARN of a {kind} looks like arn:aws:iam::111122223333:{kind}/NAME",
        )
        return None
    return arn, parts


def _identity(entry: Entry, kind: str, fields: Collection[str]) -> Identity | None:
    """Return what users, groups and roles have in common, None where the record's ARN cannot be read."""
    entry.known(fields)
    found = _arn_of(entry, kind)
    if found is None:
        return None
    arn, parts = found
    noun = kind.capitalize()
    return Identity(
        arn,
        parts,
        parts.principal_kind,
        entry.origin(),
        inline=_inline(entry, f"{noun}PolicyList", arn, parts.account),
        attached=_attached(entry),
        unique_id=entry.text(f"{noun}Id"),
    )


def _read_user(entry: Entry) -> str:
    user = _identity(entry, "user", _USER_FIELDS)
    if user is None:
        return ""
    user.groups = entry.texts("GroupList")
    user.boundary = _boundary(entry)
    user.tags = entry.tags()
    entry.draft.add_identity(user)
    return user.parts.account


def _read_group(entry: Entry) -> str:
    group = _identity(entry, "group", _GROUP_FIELDS)
    if group is None:
        return ""
    entry.draft.add_identity(group)
    return group.parts.account


def _read_role(entry: Entry) -> str:
    role = _identity(entry, "role", _ROLE_FIELDS)
    if role is None:
        return ""
    role.trust = entry.draft.policy(
        entry.value.get("AssumeRolePolicyDocument", MISSING),
        "trust policy",
        PolicyKind.TRUST,
        entry.origin("AssumeRolePolicyDocument"),
        account=role.parts.account,
        owner=role.arn,
    )
    role.boundary = _boundary(entry)
    role.tags = entry.tags()
    role.max_session_seconds = entry.number("MaxSessionDuration")
    profiles = entry.entries("InstanceProfileList", "instance profile")
    role.instance_profiles = tuple(arn for profile in profiles if (arn := profile.need("Arn")))
    entry.draft.add_identity(role)
    return role.parts.account


def _inline(entry: Entry, key: str, owner: str, account: str) -> tuple[Policy, ...]:
    policies: list[Policy] = []
    for item in entry.entries(key, "inline policy"):
        item.known(("PolicyName", "PolicyDocument"))
        policies.append(
            entry.draft.policy(
                item.value.get("PolicyDocument", MISSING),
                item.need("PolicyName"),
                PolicyKind.INLINE,
                item.origin("PolicyDocument"),
                account=account,
                owner=owner,
            )
        )
    return tuple(policies)


def _attached(entry: Entry) -> tuple[Reference, ...]:
    references: list[Reference] = []
    for item in entry.entries("AttachedManagedPolicies", "attached policy"):
        item.known(("PolicyName", "PolicyArn"))
        arn = item.need("PolicyArn")
        if arn:
            references.append(Reference(arn, f"{item.pointer[len(entry.pointer) :]}/PolicyArn"))
    return tuple(references)


def _boundary(entry: Entry) -> Reference | None:
    boundary = entry.entry("PermissionsBoundary", "permissions boundary")
    if boundary is None:
        return None
    boundary.known(("PermissionsBoundaryType", "PermissionsBoundaryArn"))
    arn = boundary.need("PermissionsBoundaryArn")
    return Reference(arn, "/PermissionsBoundary/PermissionsBoundaryArn") if arn else None


def _read_policy(entry: Entry) -> str:
    entry.known(_POLICY_FIELDS)
    found = _arn_of(entry, "policy")
    if found is None:
        return ""
    arn, parts = found
    aws = parts.account == "aws"
    kind = PolicyKind.AWS_MANAGED if aws else PolicyKind.MANAGED
    account = "" if aws else parts.account
    version = _default_version(entry)
    if version is None:
        reason = f"no version of {arn} in this record is the default one"
        mend = "fetch the authorization details anew, with PolicyVersionList"
        entry.draft.error("policy-version-missing", reason, entry.origin(), mend)
        policy = Policy(parts.name, kind, None, arn, entry.origin(), problem=reason)
    else:
        policy = entry.draft.policy(
            version.value.get("Document", MISSING),
            parts.name,
            kind,
            version.origin("Document"),
            account=account,
            arn=arn,
            version=version.text("VersionId"),
        )
    entry.draft.add_managed(policy)
    return account


def _default_version(entry: Entry) -> Entry | None:
    versions = entry.entries("PolicyVersionList", "policy version")
    for version in versions:
        version.known(("Document", "VersionId", "IsDefaultVersion", "CreateDate"))
    marked = [version for version in versions if version.flag("IsDefaultVersion")]
    named = [v for v in versions if v.text("VersionId") == entry.text("DefaultVersionId", "-")]
    if len(marked) > 1:
        entry.draft.warning(
            "policy-version-ambiguous",
            f"{len(marked)} versions of this policy are marked as the default one",
            entry.origin("PolicyVersionList"),
            "fetch the authorization details anew",
        )
    both = [version for version in marked if version.text("VersionId") == entry.text("DefaultVersionId", "-")]
    return next(iter(both or marked or named), None)


_READERS: Final[dict[str, Callable[[Entry], str]]] = {
    "UserDetailList": _read_user,
    "GroupDetailList": _read_group,
    "RoleDetailList": _read_role,
    "Policies": _read_policy,
}
#: The lists of authorization details, whose elements are read one by one.
DETAIL_LISTS: Final = frozenset(_READERS)

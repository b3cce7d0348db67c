"""The manifest: who has which of the policy documents in a folder.

For policies that are written before they are deployed.  YAML or JSON::

    wmiam-manifest: 1
    accounts:
      - {id: "111122223333", name: Mail}
    groups:
      - arn: arn:aws:iam::111122223333:group/HelpDesk
        policies: [policies/help-desk.json]
    principals:
      - arn: arn:aws:iam::111122223333:user/ana
        groups: [HelpDesk]
        tags: {Team: Mail}
      - arn: arn:aws:iam::111122223333:role/Export
        policies: [policies/export.json, "arn:aws:iam::aws:policy/AmazonWorkMailReadOnlyAccess"]
        boundary: policies/boundary.json
        trust: trust/export.json
        max-session-seconds: 3600
    aws-organization:
      id: o-a1b2c3d4e5
      management-account: "999999999999"
      targets:
        - {id: r-ab12, name: Root, scps: [p-FullAWSAccess, scps/regions.json]}
        - {id: "111122223333", parent: r-ab12}
    organizations:
      - arn: arn:aws:workmail:eu-west-1:111122223333:organization/m-n1pq2345678r901st2u3vx45x6789yza
        alias: acme-europe
        tags: {Environment: production}
        impersonation-roles:
          - id: 5a2c8f14-3b7d-4e69-9f01-2d4c6b8a0e13
            name: Migration
            type: FULL_ACCESS
            rules: [{effect: ALLOW, target-users: [S-1-1-12-1]}]
    complete-for:
      - {account: "111122223333", region: eu-west-1}

Policies are paths relative to the manifest, or ARNs of managed policies (ids of
SCPs and RCPs where those are asked for).  A target without ``scps`` or ``rcps``
has the policy that AWS attaches by itself, ``p-FullAWSAccess`` or
``p-RCPFullAWSAccess``; with an empty list it has none.  ``complete-for`` names
the accounts and regions of which every WorkMail organization is listed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Final

from wmiam.estate.model import (
    POLICY_TYPE,
    ImpersonationRole,
    ImpersonationRule,
    Policy,
    PolicyKind,
    Tags,
)
from wmiam.origin import Origin
from wmiam.policy.model import PolicyType
from wmiam.sources.draft import Draft, Identity, LooseDocument, ManifestFile, Reference, parse_iam_arn
from wmiam.sources.entry import Entry
from wmiam.sources.inventory import parse_organization_arn
from wmiam.sources.tree import target_kind

__all__ = ["read_manifest"]

_FIELDS: Final = (
    "wmiam-manifest",
    "accounts",
    "groups",
    "principals",
    "aws-organization",
    "organizations",
    "complete-for",
)
_PRINCIPAL_FIELDS: Final = (
    "arn",
    "policies",
    "boundary",
    "trust",
    "groups",
    "tags",
    "max-session-seconds",
)
_ARN_MEND: Final = "an ARN looks like arn:aws:iam::111122223333:role/NAME"
_policy_id = re.compile(r"p-[0-9A-Za-z_]{8,128}").fullmatch


def read_manifest(manifest: ManifestFile, draft: Draft, read_file: Callable[[Path], None]) -> None:
    """Read a manifest, and the policy documents that it names, into a draft.

    Parameters
    ----------
    manifest : ManifestFile
        The manifest.
    draft : Draft
        Holds the policy documents of the input, and receives what the manifest says.
    read_file : callable
        Reads a file that was not part of the input so far into the draft.
    """
    _Reading(manifest, draft, read_file).read()


class _Reading:
    """The reading of one manifest."""

    def __init__(self, manifest: ManifestFile, draft: Draft, read_file: Callable[[Path], None]) -> None:
        self.entry = manifest.entry
        self.folder = manifest.path.parent
        self.root = manifest.root
        self.draft = draft
        self.read_file = read_file
        self.policies: dict[tuple[Path, PolicyType], Policy] = {}

    def read(self) -> None:
        entry = self.entry
        version = entry.value.get("wmiam-manifest")
        if str(version) != "1":
            self.draft.error(
                "manifest-version",
                f"there is no manifest version {version!r}; the manifest was not read",
                entry.origin("wmiam-manifest"),
                "write wmiam-manifest: 1",
            )
            return
        entry.known(_FIELDS)
        for account in entry.entries("accounts", "account of a manifest"):
            account.known(("id", "name"))
            name = account.need("id")
            if name:
                self.draft.account(name, account.origin(), name=account.text("name"))
        for group in entry.entries("groups", "group of a manifest"):
            self._group(group)
        for principal in entry.entries("principals", "principal of a manifest"):
            self._principal(principal)
        organization = entry.entry("aws-organization", "AWS organization of a manifest")
        if organization is not None:
            self._aws_organization(organization)
        for item in entry.entries("organizations", "WorkMail organization of a manifest"):
            self._organization(item)
        for item in entry.entries("complete-for", "complete account and region"):
            item.known(("account", "region"))
            account_id, region = item.need("account"), item.need("region")
            if account_id and region:
                self.draft.inventory.complete.add((account_id, region))

    # Identities

    def _group(self, entry: Entry) -> None:
        entry.known(("arn", "policies"))
        arn = entry.need("arn")
        parts = parse_iam_arn(arn)
        if parts is not None and parts.kind == "group":
            attached = self._attached(entry, parts.account)
            self.draft.add_identity(Identity(arn, parts, None, entry.origin(), attached=attached))
        elif arn:
            self.draft.error("bad-arn", f"{arn!r} is not the ARN of a group", entry.origin("arn"), _ARN_MEND)

    def _principal(self, entry: Entry) -> None:
        entry.known(_PRINCIPAL_FIELDS)
        arn = entry.need("arn")
        parts = parse_iam_arn(arn)
        kind = parts.principal_kind if parts is not None else None
        if parts is None or kind is None:
            if arn:
                message = f"{arn!r} is not the ARN of a user, a role or a root user"
                self.draft.error("bad-arn", message, entry.origin("arn"), _ARN_MEND)
            return
        boundary = entry.text("boundary")
        self.draft.add_identity(
            Identity(
                arn,
                parts,
                kind,
                entry.origin(),
                attached=self._attached(entry, parts.account),
                groups=entry.texts("groups"),
                boundary=self._reference(entry, boundary, ("boundary",), parts.account) if boundary else None,
                trust=self._trust(entry, arn, parts.account),
                tags=self._tags(entry),
                max_session_seconds=self._seconds(entry),
            )
        )

    def _attached(self, entry: Entry, account: str) -> tuple[Reference, ...]:
        written = enumerate(entry.texts("policies"))
        return tuple(self._reference(entry, text, ("policies", index), account) for index, text in written)

    def _reference(self, entry: Entry, written: str, keys: tuple[str | int, ...], account: str) -> Reference:
        """Return a reference to a managed policy: to the ARN written, or to the document in a file."""
        pointer = "".join(f"/{key}" for key in keys)
        if written.startswith("arn:"):
            return Reference(written, pointer)
        policy = self._document(written, entry.origin(*keys), PolicyKind.MANAGED)
        if policy.document is not None:
            self.draft.documents.hold(policy.document, account)
        self.draft.managed[policy.key] = policy
        return Reference(policy.key, pointer)

    def _trust(self, entry: Entry, arn: str, account: str) -> Policy | None:
        written = entry.text("trust")
        if not written:
            return None
        policy = self._document(written, entry.origin("trust"), PolicyKind.TRUST)
        if policy.document is not None:
            self.draft.documents.hold(policy.document, account)
        return Policy(
            "trust policy",
            PolicyKind.TRUST,
            policy.document,
            origin=policy.origin,
            problem=policy.problem,
            owner=arn,
        )

    def _tags(self, entry: Entry) -> Tags:
        tags = entry.entry("tags", "set of tags")
        return () if tags is None else tuple((key, tags.text(key)) for key in tags.value)

    def _seconds(self, entry: Entry) -> int | None:
        value = entry.value.get("max-session-seconds")
        if value is None:
            return None
        if isinstance(value, str) and value.isascii() and value.isdigit():
            return int(value)
        return entry.number("max-session-seconds")

    # The AWS Organizations tree

    def _aws_organization(self, entry: Entry) -> None:
        entry.known(("id", "management-account", "targets"))
        tree = self.draft.tree
        tree.id = entry.text("id") or tree.id
        tree.management_account = entry.text("management-account") or tree.management_account
        tree.origin = entry.origin()
        tree.in_use.update({PolicyKind.SCP: True, PolicyKind.RCP: True})
        for item in entry.entries("targets", "target of a manifest"):
            item.known(("id", "name", "parent", "scps", "rcps"))
            target = item.need("id")
            if not target:
                continue
            if target_kind(target) is None:
                message = f"{target!r} is not the id of a root, an organizational unit or an account"
                self.draft.error("bad-target-id", message, item.origin("id"), "write r-…, ou-… or 12 digits")
                continue
            tree.node(target, item.origin(), name=item.text("name"), parent=item.text("parent"))
            self._attach(item, target, "scps", PolicyKind.SCP, "p-FullAWSAccess")
            self._attach(item, target, "rcps", PolicyKind.RCP, "p-RCPFullAWSAccess")

    def _attach(self, entry: Entry, target: str, field: str, kind: PolicyKind, default: str) -> None:
        tree = self.draft.tree
        tree.known_targets.add((kind, target))
        if field not in entry.value:
            tree.kinds[default] = kind
            tree.attach(default, target, entry.origin())
        for index, written in enumerate(entry.texts(field)):
            origin = entry.origin(field, index)
            if _policy_id(written):
                tree.kinds.setdefault(written, kind)
                tree.attach(written, target, origin)
            else:
                policy = self._document(written, origin, kind)
                tree.policies[policy.key] = policy
                tree.attach(policy.key, target, origin)

    # WorkMail

    def _organization(self, entry: Entry) -> None:
        entry.known(("arn", "alias", "state", "tags", "impersonation-roles"))
        written = entry.need("arn")
        arn = parse_organization_arn(written)
        if arn is None:
            if written:
                message = f"{written!r} is not the ARN of a WorkMail organization"
                mend = "one looks like arn:aws:workmail:eu-west-1:111122223333:organization/m-…"
                self.draft.error("bad-arn", message, entry.origin("arn"), mend)
            return
        organization = self.draft.inventory.place(arn, entry.origin())
        organization.origin = entry.origin()
        organization.alias = entry.text("alias") or organization.alias
        organization.state = entry.text("state") or organization.state
        if "tags" in entry.value:
            organization.tags = self._tags(entry)
        if "impersonation-roles" in entry.value:
            roles = list(self._impersonation_roles(entry))
            organization.roles = {role.id: role for role in roles}
            organization.roles_listed = True

    def _impersonation_roles(self, entry: Entry) -> Iterator[ImpersonationRole]:
        for item in entry.entries("impersonation-roles", "impersonation role of a manifest"):
            item.known(("id", "name", "type", "description", "rules"))
            name = item.need("id")
            rules: list[ImpersonationRule] = []
            for rule in item.entries("rules", "impersonation rule of a manifest"):
                rule.known(("id", "name", "effect", "target-users", "not-target-users"))
                users, others = rule.texts("target-users"), rule.texts("not-target-users")
                effect = rule.need("effect")
                rules.append(ImpersonationRule(rule.text("id"), rule.text("name"), effect, users, others))
            if name:
                yield ImpersonationRole(
                    name,
                    item.text("name"),
                    item.need("type"),
                    item.text("description"),
                    tuple(rules),
                    item.origin(),
                )

    # Files

    def _document(self, written: str, origin: Origin, kind: PolicyKind) -> Policy:
        """Return the policy whose document a path names; one without a document where it cannot be read."""
        found = self._find(written, origin)
        if isinstance(found, str):
            return Policy(written, kind, None, origin=origin, problem=found)
        key = (found.path, POLICY_TYPE[kind])
        known = self.policies.get(key)
        if known is None:
            name = found.path.relative_to(self.root).as_posix()
            known = self.draft.policy(found.raw, name, kind, found.origin, account="")
            self.policies[key] = known
        return known

    def _find(self, written: str, origin: Origin) -> LooseDocument | str:
        """Return the document that a path names, or why there is none, which is reported."""
        path = PurePosixPath(written)
        windows = "\\" in written or bool(PureWindowsPath(written).drive)
        outside = windows or path.is_absolute() or ".." in path.parts
        if not outside:
            try:
                target = (self.folder / path).resolve()
            except (OSError, RuntimeError, ValueError):
                return self._fault("policy-file-missing", f"there is no file {written!r}", origin)
            outside = not target.is_relative_to(self.root)
        if outside:
            return self._fault(
                "path-leaves-input",
                f"the path {written!r} leads out of the input folder, and was not read",
                origin,
                "name files by paths inside the folder, without ..",
            )
        if target not in self.draft.loose:
            if not target.is_file():
                return self._fault("policy-file-missing", f"there is no file {written!r}", origin)
            self.read_file(target)
        found = self.draft.loose.get(target)
        if found is None:
            return self._fault(
                "not-a-policy-document", f"{written!r} holds no policy document that can be read", origin
            )
        found.used = True
        return found

    def _fault(self, code: str, message: str, origin: Origin, mend: str = "name a policy document") -> str:
        self.draft.error(code, message, origin, mend)
        return message

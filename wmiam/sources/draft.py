"""What the readers have found so far: the parts of an estate before they are linked.

Files come in any order, and a user's record names groups and policies that
another page or file holds.  The readers therefore only note what they read
here; :mod:`wmiam.sources.link` makes the :class:`~wmiam.estate.estate.Estate`
of it when everything was read.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from wmiam.diagnostics import Diagnostic, Severity
from wmiam.estate.model import POLICY_TYPE, Policy, PolicyKind, PrincipalKind, Tags
from wmiam.jsonrecords import Fault
from wmiam.origin import Origin, SourceFile
from wmiam.policy.model import PolicyType
from wmiam.sources.documents import Documents
from wmiam.sources.inventory import Inventory
from wmiam.sources.tree import Tree

if TYPE_CHECKING:
    from wmiam.sources.entry import Entry

__all__ = [
    "MISSING",
    "AccountNotes",
    "Draft",
    "Identity",
    "LooseDocument",
    "ManifestFile",
    "Reference",
    "parse_iam_arn",
]

#: Stands for a policy document that a record should hold and does not.
MISSING: Final = object()

_IAM_ARN: Final = re.compile(
    r"arn:(?P<partition>aws[a-z0-9-]*):iam::(?P<account>\d{12}|aws):"
    r"(?:(?P<root>root)|(?P<kind>user|group|role|policy)(?P<path>/(?:[!-~]*/)?)(?P<name>[^/:*?\s]+))"
)


_PRINCIPAL_KINDS: Final = {
    "user": PrincipalKind.USER,
    "role": PrincipalKind.ROLE,
    "root": PrincipalKind.ROOT,
}


class IamArn(NamedTuple):
    """The parts of an IAM ARN; ``account`` is ``"aws"`` for AWS managed policies."""

    partition: str
    account: str
    kind: str
    path: str
    name: str

    @property
    def principal_kind(self) -> PrincipalKind | None:
        """What sort of principal it names; None for a group or a policy.

        Notes
        -----
        Source: IAM User Guide, "Using service-linked roles": their path.
        """
        if self.kind == "role" and self.path.startswith("/aws-service-role/"):
            return PrincipalKind.SERVICE_LINKED_ROLE
        return _PRINCIPAL_KINDS.get(self.kind)


def parse_iam_arn(arn: str) -> IamArn | None:
    """Return the parts of an IAM user's, group's, role's, root user's or policy's ARN, or None.

    Notes
    -----
    Source: IAM User Guide, "IAM identifiers", IAM ARNs.
    """
    match = _IAM_ARN.fullmatch(arn)
    if match is None:
        return None
    kind, name = (match["kind"], match["name"]) if match["root"] is None else ("root", "root")
    return IamArn(match["partition"], match["account"], kind, match["path"] or "/", name)


class Reference(NamedTuple):
    """A managed policy that an identity has attached, or as its boundary.

    Parameters
    ----------
    arn : str
        ARN of the policy, or the key of a loose document (see :class:`LooseDocument`).
    pointer : str
        JSON pointer of the reference relative to the identity's record.
    """

    arn: str
    pointer: str


@dataclass(slots=True, eq=False)
class Identity:
    """A user, role or group as it was read.

    Parameters
    ----------
    arn : str
        Its ARN.
    parts : IamArn
        The parts of the ARN.
    kind : PrincipalKind or None
        What sort of principal it is; None for a group.
    origin : Origin
        Its record.
    inline : tuple of Policy
        Inline policies.
    attached : tuple of Reference
        Managed policies.
    groups : tuple of str
        Names of a user's groups.
    boundary : Reference or None
        Permissions boundary.
    trust : Policy or None
        Trust policy of a role.
    tags, unique_id, max_session_seconds, instance_profiles
        As in :class:`~wmiam.estate.model.Principal`.
    """

    arn: str
    parts: IamArn
    kind: PrincipalKind | None
    origin: Origin
    inline: tuple[Policy, ...] = ()
    attached: tuple[Reference, ...] = ()
    groups: tuple[str, ...] = ()
    boundary: Reference | None = None
    trust: Policy | None = None
    tags: Tags = ()
    unique_id: str = ""
    max_session_seconds: int | None = None
    instance_profiles: tuple[str, ...] = ()


@dataclass(slots=True, eq=False)
class AccountNotes:
    """What is known of an account.

    Parameters
    ----------
    name : str
        Its name; ``""`` where no file says it.
    partition : str
        ``"aws"``, ``"aws-cn"`` or ``"aws-us-gov"``.
    has_iam : bool
        Whether principals of it were read.
    origin : Origin or None
        Where it was first met.
    """

    name: str = ""
    partition: str = "aws"
    has_iam: bool = False
    origin: Origin | None = None


@dataclass(slots=True, eq=False)
class LooseDocument:
    """A file that holds one policy document and does not say whose it is.

    Parameters
    ----------
    path : pathlib.Path
        The file, resolved.
    raw : object
        The document as the file holds it.
    origin : Origin
        Where the document begins.
    used : bool
        Whether a manifest names it.
    """

    path: Path
    raw: object
    origin: Origin
    used: bool = False


class ManifestFile(NamedTuple):
    """A manifest that was read: its fields, its file, and the input folder that its paths must not leave."""

    entry: Entry
    path: Path
    root: Path


class _Listing(NamedTuple):
    """A paginated listing: where its last page is, and whether one of its pages was the final one."""

    what: str
    origin: Origin
    finished: bool


@dataclass(slots=True, eq=False)
class Draft:
    """Everything read so far."""

    diagnostics: list[Diagnostic] = field(default_factory=list)
    sources: list[SourceFile] = field(default_factory=list)
    identities: dict[str, Identity] = field(default_factory=dict)
    #: Managed policies by their key: the ARN, or the name of a file that holds one.
    managed: dict[str, Policy] = field(default_factory=dict)
    accounts: dict[str, AccountNotes] = field(default_factory=dict)
    loose: dict[Path, LooseDocument] = field(default_factory=dict)
    manifests: list[ManifestFile] = field(default_factory=list)
    tree: Tree = field(default_factory=Tree)
    inventory: Inventory = field(default_factory=Inventory)
    documents: Documents = field(init=False)
    #: Account of the last detail record: what a page without records belongs to, also in a file of its own.
    account_read: str = ""
    _met: set[tuple[str, ...]] = field(default_factory=set)
    _listings: dict[tuple[str, ...], _Listing] = field(default_factory=dict)
    _twice: dict[tuple[str, str], list[tuple[str, Origin]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.documents = Documents(self.diagnostics.append)

    # Diagnostics

    def error(self, code: str, message: str, origin: Origin | None = None, mend: str = "") -> None:
        """Report what was not understood, so that answers are incomplete."""
        self.diagnostics.append(Diagnostic(Severity.ERROR, code, message, origin, mend))

    def warning(self, code: str, message: str, origin: Origin | None = None, mend: str = "") -> None:
        """Report what was understood and is probably not meant."""
        self.diagnostics.append(Diagnostic(Severity.WARNING, code, message, origin, mend))

    def info(self, code: str, message: str, origin: Origin | None = None, mend: str = "") -> None:
        """Report what is worth knowing."""
        self.diagnostics.append(Diagnostic(Severity.INFO, code, message, origin, mend))

    def fault(self, source: SourceFile, fault: Fault) -> None:
        """Report a fault of JSON text."""
        severity = Severity.WARNING if fault.harmless else Severity.ERROR
        origin = Origin(source, fault.pointer, fault.offset, fault.pointer)
        self.diagnostics.append(Diagnostic(severity, fault.code, fault.message, origin, fault.mend))

    def is_first(self, *key: str) -> bool:
        """Return whether this is the first time that something is met; for what is reported once."""
        new = key not in self._met
        self._met.add(key)
        return new

    def unknown_field(self, what: str, key: str, entry: Entry) -> None:
        """Report a field that no reader knows, once for each kind of record."""
        if self.is_first("unknown-field", what, key):
            self.warning(
                "unknown-field",
                f"the field {key!r} of a {what} is not known and was not read",
                entry.origin(key),
                "if it matters for permissions, report it to wmiam's maintainers",
            )

    def listing(self, what: str, key: tuple[str, ...], more: bool, origin: Origin) -> None:
        """Note a page of a paginated listing.

        Parameters
        ----------
        what : str
            What is listed, for the message.
        key : tuple of str
            The call and its parameters: pages with the same key belong together.
        more : bool
            Whether the page says that another one follows.
        origin : Origin
            The page.
        """
        before = self._listings.get(key)
        finished = not more or (before is not None and before.finished)
        self._listings[key] = _Listing(what, origin, finished)

    def is_finished(self, key: tuple[str, ...]) -> bool:
        """Return whether the final page of a listing was read."""
        listing = self._listings.get(key)
        return listing is not None and listing.finished

    def report_listings(self) -> None:
        """Report the listings whose final page is missing."""
        for listing in self._listings.values():
            if not listing.finished:
                self.error(
                    "incomplete-listing",
                    f"{listing.what}: the last page read says that more follow, and none is here",
                    listing.origin,
                    "fetch the remaining pages, or let the AWS CLI paginate by itself",
                )

    # Parts

    def account(
        self,
        account: str,
        origin: Origin | None,
        *,
        partition: str = "",
        name: str = "",
        has_iam: bool = False,
    ) -> None:
        """Note an account.

        Parameters
        ----------
        account : str
            12-digit id.
        origin : Origin or None
            Where it is met.
        partition, name : str
            Where they are known.
        has_iam : bool
            Whether this is a principal of it.
        """
        notes = self.accounts.get(account)
        if notes is None:
            notes = self.accounts[account] = AccountNotes(origin=origin)
        if has_iam and not notes.has_iam:
            notes.has_iam, notes.origin = True, origin
        notes.name = name or notes.name
        notes.partition = partition or notes.partition

    def add_identity(self, identity: Identity) -> None:
        """Add a user, role or group; the later record of the same ARN wins."""
        before = self.identities.get(identity.arn)
        if before is not None:
            self._meet_again(identity.arn, before.origin, identity.origin)
        self.identities[identity.arn] = identity
        parts = identity.parts
        self.account(parts.account, identity.origin, partition=parts.partition, has_iam=True)

    def add_managed(self, policy: Policy) -> None:
        """Add a managed policy.

        Of several records of one ARN the last wins; of an AWS managed policy, the highest version.
        """
        before = self.managed.get(policy.key)
        if before is not None:
            if policy.kind is PolicyKind.AWS_MANAGED:
                if _version_number(before) >= _version_number(policy):
                    return
            elif before.origin is not None and policy.origin is not None:
                self._meet_again(policy.key, before.origin, policy.origin)
        self.managed[policy.key] = policy

    def policy(
        self,
        raw: object,
        name: str,
        kind: PolicyKind,
        origin: Origin,
        *,
        account: str,
        arn: str | None = None,
        version: str = "",
        owner: str = "",
        policy_type: PolicyType | None = None,
    ) -> Policy:
        """Return a policy with its document parsed and its problems reported.

        Parameters
        ----------
        raw : object
            The document as the file holds it; :data:`MISSING` where it holds none.
        name, kind, arn, version, owner
            As in :class:`~wmiam.estate.model.Policy`.
        origin : Origin
            Where the document begins.
        account : str
            The account that holds it; ``""`` where it belongs to none.
        policy_type : PolicyType, optional
            What to parse it as; by default what ``kind`` is parsed as.
        """
        if raw is MISSING or raw is None:
            reason = f"no document of the {kind} policy {name!r} is in this record"
            self.error("policy-document-missing", reason, origin, "keep the records as AWS prints them")
            return Policy(name, kind, None, arn, origin, version, reason, owner)
        document, reason = self.documents.read(raw, policy_type or POLICY_TYPE[kind], origin, account)
        return Policy(name, kind, document, arn, origin, version, reason, owner)

    def _meet_again(self, arn: str, before: Origin, now: Origin) -> None:
        self._twice.setdefault((before.source.name, now.source.name), []).append((arn, now))

    def report_twice(self) -> None:
        """Report what was read more than once, one diagnostic for each pair of files."""
        for (before, now), met in self._twice.items():
            arn, origin = met[0]
            others = f" and {len(met) - 1} more" if len(met) > 1 else ""
            self.warning(
                "duplicate-record",
                f"{arn}{others}, read from {before}, is read again from {now}; the later record counts",
                origin,
                "keep one collection of each account in the input",
            )


def _version_number(policy: Policy) -> int:
    digits = policy.version.removeprefix("v")
    return int(digits) if digits.isascii() and digits.isdigit() else -1

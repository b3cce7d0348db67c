"""The parts of an IAM policy document, immutable and as the author wrote them.

Source: IAM User Guide, "IAM JSON policy elements reference" and "Grammar of the
IAM JSON policy language".
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

__all__ = [
    "Condition",
    "Effect",
    "Operator",
    "PolicyDocument",
    "PolicyType",
    "PrincipalElement",
    "Problem",
    "Qualifier",
    "Statement",
]


class Effect(StrEnum):
    """What a statement does to the requests that it matches."""

    ALLOW = "Allow"
    DENY = "Deny"


class PolicyType(StrEnum):
    """The role a policy document plays; decides which elements it may and must have.

    Source: IAM User Guide, "Policies and permissions in IAM", policy types.
    """

    IDENTITY = "identity"
    BOUNDARY = "permissions_boundary"
    SESSION = "session"
    SCP = "service_control"
    RCP = "resource_control"
    RESOURCE = "resource"
    TRUST = "trust"

    @property
    def names_principals(self) -> bool:
        """Whether statements of this type carry ``Principal`` or ``NotPrincipal``."""
        return self in (PolicyType.RCP, PolicyType.RESOURCE, PolicyType.TRUST)


class Qualifier(StrEnum):
    """Set operator before a condition operator, for multivalued context keys."""

    FOR_ALL_VALUES = "ForAllValues"
    FOR_ANY_VALUE = "ForAnyValue"


@dataclass(frozen=True, slots=True)
class Operator:
    """A condition operator, taken apart.

    Parameters
    ----------
    base : str
        Canonical spelling without the rest, e.g. ``"StringNotEquals"`` or ``"Null"``.
    qualifier : Qualifier or None
        ``ForAllValues`` or ``ForAnyValue``, where written.
    if_exists : bool
        Whether ``IfExists`` was written at the end.
    """

    base: str
    qualifier: Qualifier | None = None
    if_exists: bool = False

    def __str__(self) -> str:
        """Return the operator in AWS's canonical spelling."""
        prefix = f"{self.qualifier}:" if self.qualifier else ""
        return f"{prefix}{self.base}{'IfExists' if self.if_exists else ''}"


@dataclass(frozen=True, slots=True)
class Condition:
    """One operator, one context key and its values: a row of a statement's Condition block.

    Parameters
    ----------
    operator : Operator
        What compares.
    key : str
        Context key as written, e.g. ``"aws:ResourceTag/Team"``; compared without case.
    values : tuple of str
        The values, as text (JSON ``true`` is ``"true"``, ``3600`` is ``"3600"``).
    written : str
        The operator as the author spelled it (part of the JSON pointer).
    """

    operator: Operator
    key: str
    values: tuple[str, ...]
    written: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class PrincipalElement:
    """The value of a ``Principal`` or ``NotPrincipal`` element.

    Parameters
    ----------
    aws, service, federated, canonical : tuple of str
        Values of each kind, as written; ``"*"`` may stand in any of the first three.
        ``"Principal": "*"`` is the same as ``{"AWS": "*"}`` and read so.

    Notes
    -----
    Source: IAM User Guide, "AWS JSON policy elements: Principal".
    """

    aws: tuple[str, ...] = ()
    service: tuple[str, ...] = ()
    federated: tuple[str, ...] = ()
    canonical: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong in a policy document, with its place relative to the document.

    Parameters
    ----------
    severity : str
        ``"error"``: the part named cannot be evaluated; ``"warning"``: it can.
    code : str
        Stable kebab-case identifier.
    message, mend : str
        What is wrong, and what to do.
    pointer : str
        JSON pointer relative to the document.
    """

    severity: str
    code: str
    message: str
    pointer: str
    mend: str = ""


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement of a policy document.

    Exactly one of ``actions``/``not_actions`` is set; at most one of
    ``resources``/``not_resources`` (neither in a role's trust policy); at most
    one of ``principal``/``not_principal`` (one of them where the policy type
    asks for it).

    Parameters
    ----------
    index : int
        Position in the document, from 0.
    sid : str or None
        Statement id.
    effect : Effect
        Allow or Deny.
    actions, not_actions, resources, not_resources : tuple of str or None
        Patterns as written.
    conditions : tuple of Condition
        Rows of the Condition block; all must hold.
    principal, not_principal : PrincipalElement or None
        Whom the statement is about.
    pointer : str
        JSON pointer of the statement relative to the document (``/Statement``
        where the document has a single statement that is not in a list).
    """

    index: int
    effect: Effect
    sid: str | None = None
    actions: tuple[str, ...] | None = None
    not_actions: tuple[str, ...] | None = None
    resources: tuple[str, ...] | None = None
    not_resources: tuple[str, ...] | None = None
    conditions: tuple[Condition, ...] = ()
    principal: PrincipalElement | None = None
    not_principal: PrincipalElement | None = None
    pointer: str = ""

    @property
    def label(self) -> str:
        """The Sid, or the index as text where there is none."""
        return self.sid if self.sid else str(self.index)


#: Version that has policy variables.
CURRENT_VERSION: Final = "2012-10-17"
#: What a document without Version is read as.
DEFAULT_VERSION: Final = "2008-10-17"


@dataclass(frozen=True, slots=True)
class PolicyDocument:
    """A policy document.

    Parameters
    ----------
    version : str
        ``"2012-10-17"`` or ``"2008-10-17"`` (also where the element is missing).
    statements : tuple of Statement
        Those that could be read, in order.
    id : str or None
        The ``Id`` element.
    unread : tuple of UnreadStatement
        Statements that could not be read: what they allow or deny is unknown.
    problems : tuple of Problem
        Everything wrong with the document.
    """

    version: str = CURRENT_VERSION
    statements: tuple[Statement, ...] = ()
    id: str | None = None
    unread: tuple[UnreadStatement, ...] = ()
    problems: tuple[Problem, ...] = ()

    @property
    def has_variables(self) -> bool:
        """Whether ``${…}`` is a policy variable in this document (M7)."""
        return self.version == CURRENT_VERSION


@dataclass(frozen=True, slots=True)
class UnreadStatement:
    """A statement that could not be read, so that its effect is unknown.

    Parameters
    ----------
    index : int
        Position in the document, from 0; -1 where the document as a whole could not be read.
    effect : Effect or None
        Its effect, where at least that was readable.
    pointer : str
        JSON pointer relative to the document.
    reason : str
        Why it could not be read.
    """

    index: int
    effect: Effect | None
    pointer: str
    reason: str

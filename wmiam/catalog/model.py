"""The rows of the catalog."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Action", "Alternative", "Capability", "ConditionKey", "key_matches"]

#: Keys that belong to single actions or resource types although they begin with ``aws:``.
_SCOPED = ("aws:requesttag/", "aws:tagkeys", "aws:resourcetag/")
#: Keys of other services that come with the caller's credentials, so that every service sees them.
_OF_CREDENTIALS = frozenset(
    {
        "codebuild:buildarn",
        "codebuild:projectarn",
        "ec2:roledelivery",
        "ec2:sourceinstancearn",
        "glue:credentialissuingservice",
        "glue:roleassumedby",
        "identitystore:userid",
        "lambda:sourcefunctionarn",
        "saml:namequalifier",
        "saml:sub",
        "saml:sub_type",
        "ssm:sourceinstancearn",
    }
)
#: Claims of a web identity that stay with its session; the key is the provider's name and one of them.
_CLAIMS = ("amr", "aud", "id", "sub")


def key_matches(template: str, key: str) -> bool:
    """Whether a context key is the one that a template such as ``aws:RequestTag/${TagKey}`` describes.

    Parameters
    ----------
    template : str
        A key of the catalog.
    key : str
        A key as a policy or request writes it; compared without case.
    """
    head, brace, _ = template.lower().partition("${")
    lowered = key.lower()
    return lowered.startswith(head) and len(lowered) > len(head) if brace else lowered == head


@dataclass(frozen=True, slots=True)
class Action:
    """One IAM action.

    Parameters
    ----------
    service, name : str
        Prefix and name, e.g. ``"workmail"`` and ``"ResetPassword"``.
    access_level : str
        As published: Read, List, Write, Tagging, Permissions management.
    resource_types : tuple of str
        Types that a Resource element can name; none for actions that take only ``*``.
    condition_keys : tuple of str
        Keys particular to the action.
    resource_condition_keys : tuple of str
        Keys that its resource types bring.
    dependent_actions : tuple of str
        What a call needs besides.
    api_operation, permission_only : bool or None
        Whether an API operation has its name, or none; None for actions of other
        services, of which it is not known.
    capabilities : tuple of str
        Names of the capabilities that it is part of.

    Notes
    -----
    Source: Service Authorization Reference, Amazon WorkMail and WorkMail Message Flow.
    """

    service: str
    name: str
    access_level: str
    resource_types: tuple[str, ...] = ()
    condition_keys: tuple[str, ...] = ()
    resource_condition_keys: tuple[str, ...] = ()
    dependent_actions: tuple[str, ...] = ()
    api_operation: bool | None = True
    permission_only: bool | None = False
    capabilities: tuple[str, ...] = ()

    @property
    def full_name(self) -> str:
        """Prefix and name, e.g. ``"workmail:ResetPassword"``."""
        return f"{self.service}:{self.name}"

    @property
    def wildcard_only(self) -> bool:
        """Whether only ``"Resource": "*"`` covers it (D11)."""
        return not self.resource_types

    def carries(self, key: str) -> bool:
        """Whether a request for this action can ever have a context key (C10, C11).

        Parameters
        ----------
        key : str
            Context key, in any case.

        Notes
        -----
        Source: IAM User Guide, "AWS global condition context keys", other cross-service
        condition keys; "IAM and AWS STS condition context keys", cross-service keys of
        web identity and SAML federation.
        """
        lowered = key.lower()
        if any(
            key_matches(known, lowered) for known in (*self.condition_keys, *self.resource_condition_keys)
        ):
            return True
        provider, _, claim = lowered.rpartition(":")
        if lowered in _OF_CREDENTIALS or ("." in provider and claim in _CLAIMS):
            return True
        return lowered.startswith("aws:") and not lowered.startswith(_SCOPED)


@dataclass(frozen=True, slots=True)
class ConditionKey:
    """One context key.

    Parameters
    ----------
    name : str
        Key, or a template with ``${TagKey}``.
    type : str
        ``String``, ``Bool``, ``Numeric``, ``Date``, ``ARN`` or ``IPAddress``.
    multivalued : bool
        Whether a request can have several values.
    when : str
        When a request has it.
    workmail_supported : bool
        Whether the WorkMail guide lists it.

    Notes
    -----
    Source: IAM User Guide, "AWS global condition context keys".
    """

    name: str
    type: str
    multivalued: bool = False
    when: str = ""
    workmail_supported: bool = False


@dataclass(frozen=True, slots=True)
class Alternative:
    """One way to a capability: permissions that must hold together in one request context.

    Parameters
    ----------
    actions : tuple of str
        Full action names.
    note : str
        What it gives.
    also : tuple of (str, str)
        Permissions of other services that it takes besides, each with what they are for.
    """

    actions: tuple[str, ...]
    note: str = ""
    also: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Capability:
    """What a permission can be turned into.

    Parameters
    ----------
    name, title, why : str
        Identifier, heading, and one line of reason.
    alternatives : tuple of Alternative
        Ways to it.
    source : str
        The pages of AWS's guides that say what its actions do.
    """

    name: str
    title: str
    why: str
    alternatives: tuple[Alternative, ...]
    source: str = ""

    @property
    def actions(self) -> tuple[str, ...]:
        """Every action that some alternative takes, without repetition."""
        return tuple(dict.fromkeys(a for alternative in self.alternatives for a in alternative.actions))

    @property
    def besides(self) -> tuple[str, ...]:
        """Actions of other services that every alternative takes besides; none where one does without."""
        if not all(alternative.also for alternative in self.alternatives):
            return ()
        return tuple(dict.fromkeys(action for a in self.alternatives for action, _ in a.also))

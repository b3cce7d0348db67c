"""What nobody can tell of policies that could not be read, by name: the same in every answer.

A name is a clause that completes "it depends on whether …".
"""

from __future__ import annotations

__all__ = ["is_granted_unread", "trusts_service", "unread_policy", "unread_trust"]

_UNREAD = ", which cannot be read, "
_DENIES = "denies it"


def unread_policy(name: str, index: int = -1) -> tuple[str, str]:
    """Return the unknowns of an unread policy: that it allows something, that it denies it.

    Parameters
    ----------
    name : str
        Name of the policy.
    index : int
        Position of the statement that could not be read; -1 for the whole policy.
    """
    place = f"policy {name}" if index < 0 else f"statement {index} of policy {name}"
    return f"{place}{_UNREAD}allows it", f"{place}{_UNREAD}{_DENIES}"


def unread_trust(role: str) -> tuple[str, str]:
    """Return the unknowns of an unread trust policy: that it names the caller, that it denies it.

    Parameters
    ----------
    role : str
        Name of the role.
    """
    place = f"the trust policy of {role}"
    return f"{place}{_UNREAD}names it", f"{place}{_UNREAD}{_DENIES}"


def trusts_service(service: str) -> str:
    """Return the unknown that the unread trust policy of a role that is passed names a service.

    Which role it is, the answer says: one unknown for all of them keeps them together.

    Parameters
    ----------
    service : str
        Service principal.
    """
    return f"the trust policy of the role{_UNREAD}names {service}"


def is_granted_unread(unknown: str) -> bool:
    """Whether an unknown is that an unread policy grants something.

    Parameters
    ----------
    unknown : str
        Its name.
    """
    return _UNREAD in unknown and not unknown.endswith(_DENIES)

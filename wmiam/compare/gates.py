"""What must hold before a change ships.

Four gates.  ``no-new-access`` looks at the change: nothing may be allowed that was
not.  The others look at the estate after it: ``never-allow`` (nobody may do this),
``only-principals`` (nobody but these) and ``only-with-mfa`` (nobody without MFA).

A gate fails where it may fail: an answer that depends on something that could
not be read, or that no file lists, fails it, and the failure says on what it
depends.

The account root user is allowed everything but what service control policies
deny, and nothing else in IAM can change that, so the last three gates leave root
users out unless they are told to include them.

Source: IAM User Guide, "AWS account root user".
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from wmiam.errors import InputError

__all__ = ["Gate", "GateKind"]


class GateKind(StrEnum):
    """What a gate asks for."""

    NO_NEW_ACCESS = "no-new-access"
    NEVER_ALLOW = "never-allow"
    ONLY_PRINCIPALS = "only-principals"
    ONLY_WITH_MFA = "only-with-mfa"


#: How a gate is written on the command line, for messages.
_FORM: Final = (
    "write no-new-access, never-allow=ACTION,…, only-with-mfa=ACTION,… or "
    "'only-principals=ACTION,…;principals=NAME,…'"
)
_FIELDS: Final = ("actions", "principals", "organizations", "root")
#: Most actions that a title names.
_TITLED: Final = 4
_TRUE: Final = {"true": True, "false": False}


@dataclass(frozen=True, slots=True)
class Gate:
    """Something that must hold.

    Parameters
    ----------
    kind : GateKind or str
        Which gate.
    actions : tuple of str
        Full action names or globs that it is about.  ``no-new-access`` without any is about all
        actions; the others need some.
    organizations : tuple of str
        ARNs, ids, aliases or globs of the WorkMail organizations that it is about; empty for all.
        Actions without resource are always among what it is about.
    principals : tuple of str
        ARNs, names or globs.  For ``only-principals`` those who may; for the others those whom it is
        about, empty for all.
    root : bool
        Whether account root users count for ``never-allow``, ``only-principals`` and
        ``only-with-mfa``.  They always count for ``no-new-access``.
    reason : str
        Why it must hold; shown with each failure.
    place : str
        ``file:line`` where it was written; ``""`` where it comes from no file.

    Raises
    ------
    InputError
        If there is no such gate, or actions or principals that it needs are missing.
    """

    kind: GateKind | str
    actions: tuple[str, ...] = ()
    organizations: tuple[str, ...] = ()
    principals: tuple[str, ...] = ()
    root: bool = False
    reason: str = ""
    place: str = field(default="", compare=False)

    def __post_init__(self) -> None:
        if self.kind not in {str(kind) for kind in GateKind}:
            known = ", ".join(GateKind)
            raise InputError(f"there is no gate {str(self.kind)!r}", mend=f"the gates are {known}")
        object.__setattr__(self, "kind", GateKind(self.kind))
        if self.kind is not GateKind.NO_NEW_ACCESS and not self.actions:
            raise InputError(f"the gate {self.kind} needs the actions that it is about", mend=_FORM)
        if self.kind is GateKind.ONLY_PRINCIPALS and not self.principals:
            raise InputError("the gate only-principals needs the principals who may", mend=_FORM)

    @classmethod
    def parse(cls, text: str) -> Gate:
        """Return a gate as it is written on the command line.

        Parameters
        ----------
        text : str
            ``NAME``, ``NAME=ACTION,…``, and more after semicolons: ``principals=…``,
            ``organizations=…``, ``root=true``.

        Raises
        ------
        InputError
            If it is none.
        """
        head, *rest = text.split(";")
        kind, _, actions = head.partition("=")
        found: dict[str, str] = {"actions": actions}
        for part in rest:
            name, sign, value = part.partition("=")
            name = name.strip()
            if not sign or name not in _FIELDS:
                raise InputError(f"in the gate {text!r}, {part!r} is no part of a gate", mend=_FORM)
            found[name] = f"{found['actions']},{value}" if name == "actions" else value
        root = found.get("root", "false").strip().lower()
        if root not in _TRUE:
            raise InputError(f"in the gate {text!r}, root is {root!r}", mend="write root=true or root=false")
        return cls(
            kind.strip(),
            _listed(found["actions"]),
            _listed(found.get("organizations", "")),
            _listed(found.get("principals", "")),
            _TRUE[root],
        )

    def __str__(self) -> str:
        """Return the gate as :meth:`parse` reads it."""
        return self._written(self.actions)

    @property
    def title(self) -> str:
        """The gate to be read: of many actions only the first few are named."""
        first, more = self.actions[:_TITLED], len(self.actions) - _TITLED
        return self._written((*first, f"… {more} more") if more > 0 else first)

    def _written(self, actions: tuple[str, ...]) -> str:
        text = str(self.kind) + (f"={','.join(actions)}" if actions else "")
        for name in ("principals", "organizations"):
            values = getattr(self, name)
            text += f";{name}={','.join(values)}" if values else ""
        return text + (";root=true" if self.root else "")

    @property
    def leaves_out_root(self) -> bool:
        """Whether account root users do not count for it."""
        return self.kind is not GateKind.NO_NEW_ACCESS and not self.root


def _listed(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())

"""The errors that wmiam raises, all derived from :class:`WmiamError`.

A mistake in an *input file* is normally not raised: it becomes a
:class:`wmiam.diagnostics.Diagnostic` on the estate, so that the rest is still
read.  What is raised is what leaves nothing to answer: a path that does not
exist, a name that no principal has, a request that cannot be evaluated.
"""

from __future__ import annotations

import sys
import traceback
from collections.abc import Sequence

__all__ = [
    "AmbiguousNameError",
    "InputError",
    "NameLookupError",
    "NoConditionBlock",
    "NoEffectivePolicy",
    "OtherSpaceError",
    "PolicyError",
    "RequestError",
    "UnknownNameError",
    "WmiamError",
]


class WmiamError(Exception):
    """Base of every error that wmiam raises on purpose.

    Notes
    -----
    IPython and Jupyter show one in a line; ``%tb`` in the next cell shows the whole traceback.
    """

    def _render_traceback_(self) -> list[str]:
        """Return what IPython prints: the message while a cell fails, all of it when it is asked for."""
        # A failing cell is shown while the error is handled; %tb asks when that is over.
        if sys.exc_info()[1] is self:
            return [f"{type(self).__name__}: {self}"]
        return "".join(traceback.format_exception(self)).splitlines()


class InputError(WmiamError):
    """An input file or folder that cannot be used at all.

    Parameters
    ----------
    message : str
        What is wrong, in a sentence.
    path : str, optional
        The file, as the user named it.
    pointer : str, optional
        JSON pointer (RFC 6901) of the place in the file.
    line : int, optional
        Line of that place, from 1.
    mend : str, optional
        What the user can do about it.
    """

    def __init__(
        self,
        message: str,
        *,
        path: str | None = None,
        pointer: str | None = None,
        line: int | None = None,
        mend: str | None = None,
    ) -> None:
        self.message = message
        self.path = path
        self.pointer = pointer
        self.line = line
        self.mend = mend
        place = "" if path is None else path
        if line is not None:
            place += f":{line}"
        if pointer:
            place += f" at {pointer}"
        text = f"{place}: {message}" if place else message
        if mend:
            text += f" ({mend})"
        super().__init__(text)


class PolicyError(WmiamError):
    """A policy document, or a part of one, that does not follow the policy grammar.

    Parameters
    ----------
    message : str
        What is wrong, in a sentence.
    pointer : str
        JSON pointer of the place, relative to the document.
    mend : str
        What the author can do about it.
    """

    def __init__(self, message: str, *, pointer: str = "", mend: str = "") -> None:
        self.message = message
        self.pointer = pointer
        self.mend = mend
        super().__init__(f"{pointer or '/'}: {message}" + (f" ({mend})" if mend else ""))


class RequestError(WmiamError):
    """A request that cannot be evaluated (no action, a context value of the wrong kind, …).

    Parameters
    ----------
    message : str
        What is wrong, in a sentence.
    pointer : str
        JSON pointer of the place, relative to the request line.
    """

    def __init__(self, message: str, *, pointer: str = "") -> None:
        self.message = message
        self.pointer = pointer
        super().__init__(f"{pointer}: {message}" if pointer else message)


class NameLookupError(WmiamError, LookupError):
    """A name of a principal, action or organization that selects nothing, or too much.

    Parameters
    ----------
    kind : str
        ``"principal"``, ``"action"``, ``"organization"``, ``"capability"``, ``"policy"`` or
        ``"statement"``.
    name : str
        What was asked for; ``""`` where a name was left out that is needed.
    candidates : sequence of str
        The near matches, best first, in words that a person can choose by.
    """

    _what = "no {kind} is called {name!r}"
    _unnamed = "no {kind} is named"
    _listed = "near"

    def __init__(self, kind: str, name: str, candidates: Sequence[str] = ()) -> None:
        self.kind = kind
        self.name = name
        self.candidates = tuple(candidates)
        text = (self._what if name else self._unnamed).format(kind=kind, name=name)
        if self.candidates:
            text += f"; {self._listed}: " + ", ".join(self.candidates[:8])
            if len(self.candidates) > 8:
                text += f" and {len(self.candidates) - 8} more"
        super().__init__(text)


class UnknownNameError(NameLookupError):
    """No principal, action or organization has that name."""


class AmbiguousNameError(NameLookupError):
    """A short name that several principals, actions or organizations share."""

    _what = "{name!r} names more than one {kind}"
    _unnamed = "no {kind} is named, and there is more than one"
    _listed = "choose one of"


class NoConditionBlock(WmiamError):  # noqa: N818 - it says what there is not, which is no mistake
    """A set of request contexts that no single ``Condition`` block of a policy describes.

    Parameters
    ----------
    reason : str
        Why there is none, in a clause that follows "there is no Condition block for it:".
    """

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(f"there is no Condition block for it: {reason}")


class OtherSpaceError(WmiamError):
    """Two conditions of different evaluations, whose request contexts cannot be compared."""

    def __init__(self) -> None:
        super().__init__(
            "the conditions come from different evaluations, whose request contexts are not the same: "
            "evaluate both estates together, as wmiam.compare does"
        )


class NoEffectivePolicy(WmiamError):  # noqa: N818 - it says what there is not, which is no mistake
    """A principal that no policy can be attached to.

    Parameters
    ----------
    principal : str
        ARN of the root user.

    Notes
    -----
    Source: IAM User Guide, "AWS account root user".
    """

    def __init__(self, principal: str) -> None:
        super().__init__(
            f"{principal} is a root user, and no policy can be attached to one: "
            "wmiam what-can says what it may do"
        )

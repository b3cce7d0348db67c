"""Two sides, as users name them, to a comparison."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from os import PathLike

from wmiam.access import Access
from wmiam.compare.comparison import Comparison
from wmiam.compare.failures import apply
from wmiam.compare.gates import Gate
from wmiam.errors import RequestError
from wmiam.estate.estate import Estate

__all__ = ["compare"]

#: What :func:`compare` takes for one side.
Input = Estate | Access | str | PathLike[str] | Sequence[str | PathLike[str]]


def compare(
    before: Input,
    after: Input,
    *,
    gate: str | Gate | Iterable[str | Gate] | None = None,
    given: Mapping[str, object] | None = None,
    progress: bool | None = None,
) -> Comparison:
    """Compare two estates: what a change grants and takes away, with an example of each.

    Parameters
    ----------
    before, after : Estate, Access, path or list of paths
        The two sides; paths are read as :func:`wmiam.load` reads them.  Of an ``Access`` the
        context keys given to it count; they must be the same on both sides.
    gate : str, Gate or list of these, optional
        What must hold, e.g. ``"no-new-access"`` or ``"never-allow=workmail:ResetPassword"``; see
        :class:`wmiam.compare.Gate`.  What fails is in ``failures``.
    given : mapping, optional
        Context keys to fix on both sides, as for :meth:`wmiam.access.Access.given`.
    progress : bool, optional
        Whether to show a progress bar; by default where it takes long and a person watches.

    Returns
    -------
    Comparison
        Every principal, action and organization whose set of allowing contexts grew, shrank or
        moved.

    Raises
    ------
    InputError
        If a path does not exist, or a gate is none.
    NameLookupError
        If a gate names an action, organization or principal that there is not.
    RequestError
        If different context keys are given on the two sides.
    """
    old, old_context = _side(before, progress)
    new, new_context = _side(after, progress)
    if old_context != new_context:
        raise RequestError("the same context keys must be given on both sides of a comparison")
    comparison = Comparison(old, new, context={**new_context, **(given or {})}, progress=progress)
    apply(comparison, gate)
    return comparison


def _side(given: Input, progress: bool | None) -> tuple[Estate, Mapping[str, object]]:
    if isinstance(given, Access):
        return given.estate, given.context
    if isinstance(given, Estate):
        return given, {}
    from wmiam.sources.load import load

    paths = [given] if isinstance(given, (str, PathLike)) else list(given)
    return load(*paths, progress=progress), {}

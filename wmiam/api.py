"""Functions of the public face that belong to no one module: decide a request, write a report."""

from __future__ import annotations

from collections.abc import Mapping
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

from wmiam.engine.decide import Decision, PolicySet
from wmiam.engine.decide import decide as decide_request
from wmiam.engine.request import Request
from wmiam.engine.simulate import decide_line

if TYPE_CHECKING:
    from datetime import datetime

    from wmiam.access import Access
    from wmiam.compare import Comparison

__all__ = ["decide", "report"]


@overload
def decide(request: Request, policies: PolicySet) -> Decision: ...
@overload
def decide(request: Mapping[str, Any]) -> Decision: ...
def decide(request: Request | Mapping[str, Any], policies: PolicySet | None = None) -> Decision:
    """Decide one request under the policies given with it.

    Parameters
    ----------
    request : Request or mapping
        The request; or request and policies together, as a line of ``wmiam simulate``
        holds them: ``request``, ``identity_policies``, ``permissions_boundary``, …
    policies : PolicySet, optional
        The policies that count, where ``request`` is a :class:`Request`.

    Returns
    -------
    Decision
        Outcome, deciding statements, what blocks, and the trace.

    Raises
    ------
    PolicyError, RequestError
        If the request or a policy cannot be read.

    Examples
    --------
    >>> decide(
    ...     {
    ...         "request": {
    ...             "principal": "arn:aws:iam::111122223333:user/ana",
    ...             "action": "workmail:ListOrganizations",
    ...         },
    ...         "identity_policies": [
    ...             {"Statement": {"Effect": "Allow", "Action": "workmail:List*", "Resource": "*"}}
    ...         ],
    ...     }
    ... ).allowed
    True
    """
    if isinstance(request, Request):
        return decide_request(request, policies or PolicySet())
    if policies is not None:
        raise TypeError("a mapping holds its policies itself: give policies with a Request only")
    return decide_line(request)


def report(
    subject: Access | Comparison,
    path: str | PathLike[str] = "report.html",
    *,
    title: str | None = None,
    generated: datetime | None = None,
    plan: str | PathLike[str] | None = None,
) -> Path:
    """Write the report on who can do what, or on a change: one HTML file that needs no network.

    Parameters
    ----------
    subject : Access or Comparison
        What is reported.
    path : str or path
        The file to write.
    title : str, optional
        Title of the report; by default made from the names of what is reported.
    generated : datetime, optional
        The moment that the report names; by default now.
    plan : path, optional
        A TOML file that chooses sections, title and logo and adds notes and pinned views; see
        :mod:`wmiam.report.plan`.  Not for changes.

    Returns
    -------
    pathlib.Path
        The file.

    Raises
    ------
    InputError
        If the plan cannot be read.
    TypeError
        If a plan is given for a change.
    """
    from wmiam.compare import Comparison

    if isinstance(subject, Comparison):
        from wmiam.report.changes import write_changes

        if plan is not None:
            raise TypeError("a plan is for the report on an estate, not for that on a change")
        return write_changes(subject, Path(path), title=title, generated=generated)
    from wmiam.report import write_report

    return write_report(subject, Path(path), title=title, generated=generated, plan=plan)

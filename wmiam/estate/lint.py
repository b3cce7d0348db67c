"""Linting a whole estate: what was wrong with its files, and what is wrong with its policies."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

from wmiam.catalog import Catalog
from wmiam.catalog import load as load_catalog
from wmiam.diagnostics import Diagnostic, Severity
from wmiam.estate.estate import Estate
from wmiam.estate.model import POLICY_TYPE, Policy, PolicyKind
from wmiam.policy.lint import lint_document
from wmiam.policy.model import PolicyDocument, PolicyType, Problem

__all__ = ["lint_estate", "policies_of"]

_RANK = {severity: rank for rank, severity in enumerate(Severity)}


def lint_estate(estate: Estate, catalog: Catalog | None = None) -> tuple[Diagnostic, ...]:
    """Return everything found wrong in an estate's files and policies, by place.

    Policies that AWS manages are left out: nobody but AWS can mend them.  So is what
    an estate lacks, where the input is no estate, but policy documents alone.

    Parameters
    ----------
    estate : Estate
        What was read; its diagnostics are part of the answer.
    catalog : Catalog, optional
        WorkMail's actions and keys; by default the one of this package.

    Returns
    -------
    tuple of Diagnostic
        Sorted by file, line and column.
    """
    catalog = catalog or load_catalog()
    # An estate's principals share documents: each is linted once for each use that is made of it.
    problems: dict[tuple[int, PolicyType], tuple[Problem, ...]] = {}

    def of(document: PolicyDocument, policy_type: PolicyType) -> tuple[Problem, ...]:
        key = (id(document), policy_type)
        if key not in problems:
            problems[key] = tuple(lint_document(document, catalog, policy_type))
        return problems[key]

    found = [
        Diagnostic(
            Severity(problem.severity),
            problem.code,
            problem.message,
            policy.origin.below(problem.pointer) if policy.origin is not None else None,
            problem.mend,
        )
        for policy in policies_of(estate)
        if policy.document is not None and policy.kind is not PolicyKind.AWS_MANAGED
        for problem in of(policy.document, POLICY_TYPE[policy.kind])
    ]
    is_estate = any(account.has_iam for account in estate.accounts.values())
    read = [d for d in estate.diagnostics if d.origin or is_estate or d.severity is Severity.ERROR]
    return tuple(sorted((*read, *found), key=_place))


def policies_of(estate: Estate) -> Iterator[Policy]:
    """Yield every policy of an estate once: managed, inline, trust, boundaries, SCPs and RCPs.

    Parameters
    ----------
    estate : Estate
        What was read.
    """
    everything = chain(
        estate.policies,
        chain.from_iterable((*group.inline, *group.attached) for group in estate.groups),
        chain.from_iterable(
            (*principal.inline, *principal.attached, principal.boundary, principal.trust)
            for principal in estate.principals
        ),
        chain.from_iterable(
            (*target.scps, *target.rcps)
            for target in (estate.aws_organization.targets.values() if estate.aws_organization else ())
        ),
    )
    seen: set[str] = set()
    for policy in everything:
        if policy is not None and policy.key not in seen:
            seen.add(policy.key)
            yield policy


def _place(diagnostic: Diagnostic) -> tuple[str, int, int, int, str, str]:
    origin = diagnostic.origin
    if origin is None:
        return ("", 0, 0, _RANK[diagnostic.severity], diagnostic.code, diagnostic.message)
    line, column = origin.position or (0, 0)
    return (origin.source.name, line, column, _RANK[diagnostic.severity], diagnostic.code, diagnostic.message)

"""Linting a policy document against the catalog: what is well-formed and yet not what its author meant.

:func:`wmiam.policy.parse.parse_document` reports what breaks the grammar and
:mod:`wmiam.policy.checks` what can never match; this module and its two
companions, :mod:`wmiam.policy.lint_patterns` and
:mod:`wmiam.policy.lint_conditions`, add what takes knowledge of WorkMail's
actions, resources and condition keys.
"""

from __future__ import annotations

from wmiam import jsontext
from wmiam.catalog import Catalog
from wmiam.policy.lint_conditions import lint_conditions
from wmiam.policy.lint_patterns import covered, lint_actions, lint_resources
from wmiam.policy.model import CURRENT_VERSION, Effect, PolicyDocument, PolicyType, Problem, Statement
from wmiam.policy.operators import COMPARISONS
from wmiam.policy.patterns import parse_template

__all__ = ["lint_document"]

#: Policy types that only limit: what they leave open is not yet granted.
_LIMITS = (PolicyType.SCP, PolicyType.RCP, PolicyType.BOUNDARY, PolicyType.SESSION)


def lint_document(document: PolicyDocument, catalog: Catalog, policy_type: PolicyType) -> list[Problem]:
    """Return what is well-formed in a policy document and probably not meant so.

    Parameters
    ----------
    document : PolicyDocument
        The document; its own ``problems`` are not repeated.
    catalog : Catalog
        WorkMail's actions and condition keys.
    policy_type : PolicyType
        What the document is used as.

    Returns
    -------
    list of Problem
        Warnings and infos, statement by statement, with pointers relative to the document.

    Notes
    -----
    Source: IAM User Guide, "Access Analyzer policy check reference" for most of
    what is looked for; rules D11, M4, M7 and C1 to C11.
    """
    problems: list[Problem] = []
    if not document.has_variables:
        _lint_version(document, problems)
    for statement in document.statements:
        cover = covered(statement, catalog)
        lint_actions(statement, catalog, problems)
        lint_resources(statement, cover, document.has_variables, problems)
        lint_conditions(document, statement, catalog, cover, problems)
        if policy_type not in _LIMITS:
            _lint_exceptions(statement, problems)
    return problems


def _lint_version(document: PolicyDocument, problems: list[Problem]) -> None:
    """Add what an old version, or none, means for the document (M7)."""
    mend = f'write "Version": "{CURRENT_VERSION}"'
    variables = False
    for statement in document.statements:
        for row in statement.conditions:
            comparison = COMPARISONS.get(row.operator.base)
            if comparison is None or not comparison.variables:
                continue
            for value in row.values:
                if parse_template(value, variables=True, wildcards=False).variables:
                    variables = True
                    problems.append(
                        Problem(
                            "warning",
                            "variable-in-old-version",
                            f"{row.key}: {value!r} is plain text, as policy variables need Version "
                            f"{CURRENT_VERSION}",
                            f"{statement.pointer}/Condition/{jsontext.escape(row.written)}"
                            f"/{jsontext.escape(row.key)}",
                            mend,
                        )
                    )
    if not variables and not any(p.code == "variable-in-old-version" for p in document.problems):
        problems.append(
            Problem(
                "info",
                "old-version",
                "the document has no Version, or 2008-10-17: it has no policy variables",
                "",
                mend,
            )
        )


def _lint_exceptions(statement: Statement, problems: list[Problem]) -> None:
    """Add what Allow grants by naming only what it leaves out (M2, M4).

    Notes
    -----
    Source: IAM User Guide, "IAM JSON policy elements: NotAction" and "NotResource".
    """
    if statement.effect is not Effect.ALLOW:
        return
    if statement.not_actions is not None:
        problems.append(
            Problem(
                "warning",
                "allow-not-action",
                "Allow with NotAction grants every other action of every service, those to come included",
                f"{statement.pointer}/NotAction",
                "list what is allowed in Action; to keep something back, deny it",
            )
        )
    if statement.not_resources is not None:
        problems.append(
            Problem(
                "warning",
                "allow-not-resource",
                "Allow with NotResource grants the actions on everything that it does not name, "
                "those without resource included",
                f"{statement.pointer}/NotResource",
                "list what is allowed in Resource; to keep something back, deny it",
            )
        )

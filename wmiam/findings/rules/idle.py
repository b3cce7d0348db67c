"""Statements that do nothing: that others make needless, that are always denied, or that match nothing.

Exact: a statement is needless where every request that it allows is allowed by others as
well, for everybody who holds it.  A Deny that takes nothing away now is a guard, not idle,
and is left alone; one that can never apply is found by the rules on mistakes.
"""

from __future__ import annotations

from collections.abc import Iterator

from wmiam.engine.diagrams import FALSE, TRUE
from wmiam.engine.layers import PrincipalClass
from wmiam.engine.tables import Piece
from wmiam.findings.documents import statement_identity, without_statement
from wmiam.findings.mend import PolicyChange
from wmiam.findings.model import Finding, FindingSeverity
from wmiam.findings.rule import Rule, Weight, listed, named
from wmiam.findings.rules.mistakes import mistakes
from wmiam.findings.survey import Given, Grant, Survey
from wmiam.policy.model import Effect

__all__ = ["RULES"]


def _shadowed(rule: Rule, survey: Survey) -> Iterator[Finding]:
    for grant in survey.grants:
        if grant.is_managed_by_aws or not grant.given or not _is_only_workmail(survey, grant):
            continue
        if all(_is_covered(survey, grant, given) for given in grant.given):
            people = [p.arn for p in grant.people]
            others = _others(survey, grant)
            yield rule.finding(
                statement_identity(grant.policies, grant.statement),
                weight=Weight(FindingSeverity.INFO, "Nobody loses anything without it."),
                summary=f"{grant.policy.name}#{grant.statement.label} allows {named(people, 4)} nothing that "
                f"{listed(others, 3)} do not allow as well.",
                mend=survey.mend(
                    f"take statement {grant.statement.label} out",
                    [PolicyChange(p, without_statement(p, grant.statement)) for p in grant.policies],
                    people=grant.people,
                ),
                statements=grant.evidence(),
                principals=people,
            )


def _is_only_workmail(survey: Survey, grant: Grant) -> bool:
    """Whether a statement is about WorkMail alone: what it gives elsewhere is not known here."""
    services = {pattern.partition(":")[0].lower() for pattern in grant.statement.actions or ("*",)}
    return all(survey.catalog.service_known(service) for service in services)


def _pieces(survey: Survey, members: PrincipalClass, grant: Grant) -> Iterator[tuple[str, Piece]]:
    """Yield what the other Allow statements of a class give, each with its name."""
    index = grant.statement.index
    for number in members.identity:
        sources = survey.whole.policies.parts[number].sources
        for source, pieces in zip(sources, survey.pieces(number, members), strict=True):
            statement = source.compiled.statement
            if source.compiled.effect is Effect.ALLOW and (number, statement.index) != (grant.number, index):
                label = getattr(statement, "label", str(statement.index))
                for piece in pieces:
                    yield f"{source.policy.name}#{label}", piece


def _is_covered(survey: Survey, grant: Grant, given: Given) -> bool:
    """Whether others allow everything of what a statement gives to a class."""
    d = survey.space.diagrams
    left = [(given.resources, given.actions, given.contexts)]
    for _, (actions, resources, allows, _) in _pieces(survey, given.members, grant):
        if not (resources & given.resources and actions & given.actions):
            continue
        rest: list[tuple[int, int, int]] = []
        for mask, names, contexts in left:
            shared, common = mask & resources, names & actions
            if not shared or not common:
                rest.append((mask, names, contexts))
                continue
            if mask & ~resources:
                rest.append((mask & ~resources, names, contexts))
            if names & ~actions:
                rest.append((shared, names & ~actions, contexts))
            after = FALSE if allows == TRUE else d.minus(contexts, allows)
            if after != FALSE:
                rest.append((shared, common, after))
        left = rest
    # A kind of resource and an action of another kind are no cell.
    scope = given.members.scope
    return not any(scope.relevant(names) & mask for mask, names, _ in left)


def _others(survey: Survey, grant: Grant) -> list[str]:
    found: dict[str, None] = {}
    for given in grant.given:
        for name, (actions, resources, _, _) in _pieces(survey, given.members, grant):
            if actions & given.actions and resources & given.resources:
                found[name] = None
    return list(found)


def _idle(rule: Rule, survey: Survey) -> Iterator[Finding]:
    mistaken = {
        id(mistake.statement) for mistake in survey.shared("mistakes", lambda: list(mistakes(survey)))
    }
    for grant in survey.grants:
        if grant.given or grant.is_managed_by_aws or id(grant.statement) in mistaken:
            continue
        if not _is_only_workmail(survey, grant) or not grant.holders:
            continue
        index = next(
            i
            for i, source in enumerate(survey.whole.policies.parts[grant.number].sources)
            if source.compiled.statement.index == grant.statement.index
        )
        reaches = [m for m in grant.holders if survey.pieces(grant.number, m)[index]]
        people = [p.arn for p in grant.people]
        why = (
            "everything that it allows is denied or not let through by other policies"
            if reaches
            else _why_nothing(survey, grant)
        )
        yield rule.finding(
            statement_identity(grant.policies, grant.statement),
            weight=Weight(
                FindingSeverity.LOW, "Somebody has less than was meant, or the statement is left over."
            ),
            summary=f"{grant.policy.name}#{grant.statement.label} allows {named(people, 4)} nothing: {why}.",
            mend=survey.mend(
                f"take statement {grant.statement.label} out, which does nothing",
                [PolicyChange(p, without_statement(p, grant.statement)) for p in grant.policies],
                instead="name the organization and region that were meant"
                if not reaches
                else "if it is meant, the limit that stands against it must change",
                people=grant.people,
            ),
            statements=grant.evidence(),
            details=_limits(survey, grant, reaches),
            principals=people,
        )


def _why_nothing(survey: Survey, grant: Grant) -> str:
    account = grant.people[0].account
    if not any(o.account == account for o in survey.estate.organizations):
        return f"account {account} has no WorkMail organization"
    compiled = grant.source.compiled
    covers = any(
        survey.whole.resource_contexts(compiled, members, resource) != FALSE
        for members in grant.holders
        for resource in members.scope.resources
        if resource.actions & compiled.actions
    )
    if covers:
        return "its conditions hold on none of the organizations that it names"
    return f"no organization of account {account} is {listed(grant.statement.resources or (), 3)}"


def _limits(survey: Survey, grant: Grant, reaches: list[PrincipalClass]) -> list[str]:
    """Return what stands against a statement: boundary, levels of SCPs, or explicit denials."""
    found: dict[str, None] = {}
    for members in reaches:
        absent = survey.whole.absent_keys(members, grant.source.compiled.actions)
        for layer in survey.whole.layers_of(members.principal):
            for resource in members.scope.resources:
                wanted = grant.source.compiled.actions & resource.actions
                if not wanted:
                    continue
                allows, denies = survey.whole.layer_contexts(
                    layer, members, resource, wanted & -wanted, absent
                )
                if denies != FALSE:
                    found[f"denied by the {layer.title}"] = None
                elif allows == FALSE and layer.kind != "identity":
                    found[f"not let through by the {layer.title}"] = None
    return list(found)


RULES = (
    Rule(
        "idle-statement",
        "A statement allows nothing",
        "An Allow statement of which nothing comes to anybody who holds it: it names no organization "
        "that there "
        "is in the account, or all of it is denied or not let through.",
        "Low: somebody has less than was meant, or it is left over. What the linter explains is left to "
        "the rules "
        "on mistakes; statements that are also about other services are left out.",
        "IAM User Guide, Policy evaluation logic",
        _idle,
    ),
    Rule(
        "shadowed-statement",
        "Other statements allow all of it as well",
        "An Allow statement that gives nobody who holds it anything that other statements do not give.",
        "Info: nobody gains or loses by it, and less to read is easier to review. Statements that are "
        "also about "
        "other services, and policies that AWS manages, are left out.",
        "IAM User Guide, Grant least privilege",
        _shadowed,
    ),
)

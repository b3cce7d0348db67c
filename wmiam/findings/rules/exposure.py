"""Who can read, take over, export, forge, redirect or destroy mail: directly, and by chains."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from wmiam.access.capability import holdings
from wmiam.catalog import Capability
from wmiam.engine.diagrams import FALSE
from wmiam.engine.layers import PrincipalClass
from wmiam.estate.model import Principal, PrincipalKind
from wmiam.findings.mend import Mend
from wmiam.findings.model import Finding, FindingSeverity, StatementEvidence, WitnessRequest
from wmiam.findings.rule import Rule, Weight, listed, named
from wmiam.findings.rules.dependents import may_pass_export_role
from wmiam.findings.survey import Survey
from wmiam.findings.weights import GRAVE, HARMFUL
from wmiam.graph.asked import arrivals_at
from wmiam.graph.goals import Goals
from wmiam.graph.routes import Path, Telling
from wmiam.views.text import count

__all__ = ["RULES"]

#: Principals of one account that may have a grave capability without being remarkable.
FEW = 3
#: Principals of one account that may have another harmful capability without being remarkable.
MANY = 10

#: Chains that are told one by one.
_TOLD = 8

_WHO = "who has it is a decision: look through the list and take the permission from those who need it not"


def _exposed(rule: Rule, survey: Survey) -> Iterator[Finding]:
    for capability in survey.catalog.capabilities:
        if capability.name not in (*GRAVE, *HARMFUL):
            continue
        accounts: dict[str, _Exposure] = {}
        for members, resources, contexts, within in holdings(survey.access, capability):
            resources = survey.living(members, resources)
            if resources:
                account = members.principal.account
                accounts.setdefault(account, _Exposure(survey, capability)).add(
                    members, resources, contexts, within
                )
        chains = _chains(survey, capability) if capability.name in GRAVE else {}
        for account in sorted({*accounts, *chains}):
            exposure = accounts.get(account) or _Exposure(survey, capability)
            yield from exposure.findings(rule, account, chains.get(account, []))


@dataclass(frozen=True, slots=True)
class _Chain:
    """Somebody who comes to a capability in an account by becoming others."""

    principal: str
    steps: str
    conditional: bool
    organizations: tuple[str, ...]


def _chains(survey: Survey, capability: Capability) -> dict[str, list[_Chain]]:
    """Return the users and roles that come to a capability by chains, by account of the organizations."""
    goals = Goals.of(survey.access)
    telling = Telling(goals, capability)
    paths: list[tuple[int, str, Path]] = []
    for node, arrival, organizations in arrivals_at(goals, capability, goals.places.all):
        if node in survey.whole.class_of:
            path = Path.of(telling, arrival, organizations)
            if path.way != "direct":
                paths.append((path.length, node, path))
    found: dict[str, list[_Chain]] = {}
    for _, node, path in sorted(paths, key=lambda item: item[:2]):
        by_account: dict[str, list[str]] = {}
        for organization in goals.places.members(path.places):
            if not organization.is_deleted:
                by_account.setdefault(organization.account, []).append(organization.arn)
        for account, arns in by_account.items():
            chain = _Chain(node, path.text, path.decision != "allowed", tuple(arns))
            found.setdefault(account, []).append(chain)
    return found


def _by_steps(chains: dict[str, _Chain]) -> dict[str, list[str]]:
    """Return those who come to it in the same steps, by these."""
    found: dict[str, list[str]] = {}
    for arn, chain in chains.items():
        found.setdefault(chain.steps, []).append(arn)
    return found


class _Exposure:
    """Who has one capability in one account."""

    def __init__(self, survey: Survey, capability: Capability) -> None:
        self.survey, self.capability = survey, capability
        self.always: set[str] = set()
        self.sometimes: set[str] = set()
        self.organizations: dict[str, None] = {}
        self.stuck: set[str] = set()
        self.found: list[tuple[Principal, int, int]] = []

    def add(self, members: PrincipalClass, resources: int, contexts: int, within: int) -> None:
        people = [p for p in self.survey.people[members] if p.kind is not PrincipalKind.ROOT]
        if self.capability.name == "export-mail":
            # An export is written by a role that whoever starts it passes.
            stuck = [p for p in people if not may_pass_export_role(self.survey, p)]
            self.stuck.update(p.arn for p in stuck)
            people = [p for p in people if p not in stuck]
        if people:
            (self.always if contexts == within else self.sometimes).update(p.arn for p in people)
            self.organizations.update(dict.fromkeys(self.survey.organizations_in(members, resources)))
            self.found.append((people[0], resources, contexts))

    def findings(self, rule: Rule, account: str, chains: list[_Chain]) -> Iterator[Finding]:
        direct = sorted(self.always | self.sometimes)
        others: dict[str, _Chain] = {}
        for chain in sorted(chains, key=lambda chain: chain.conditional):
            if chain.principal not in self.always | self.sometimes:
                others.setdefault(chain.principal, chain)
                self.organizations.update(dict.fromkeys(chain.organizations))
        if not direct and not others:
            return
        if self.capability.name not in GRAVE and len(self.always) <= MANY:
            return
        conditional = self.sometimes - self.always
        title = self.capability.title.lower()
        where = listed(self.survey.label(arn) for arn in self.organizations)
        summary = f"{count(len(direct), 'principal')} of account {account} can {title} on {where}"
        summary += f", {len(conditional)} of them only under a condition" if conditional else ""
        summary += f"; {count(len(others), 'more principal')} by becoming others" if others else ""
        details = [
            f"without condition: {named(sorted(self.always), 12)}" if self.always else "",
            f"under a condition: {named(sorted(conditional), 12)}" if conditional else "",
            f"may start an export, but pass no role to it: {named(sorted(self.stuck), 12)}"
            if self.stuck
            else "",
            *(f"{named(arns)}: {steps}" for steps, arns in list(_by_steps(others).items())[:_TOLD]),
        ]
        yield rule.finding(
            self.capability.name,
            account,
            weight=self._weight(len(self.always), sum(not chain.conditional for chain in others.values())),
            summary=f"{summary}.",
            mend=Mend(why_not=_WHO),
            statements=self._statements(),
            details=[text for text in details if text],
            witness=self._witness(),
            principals=[*direct, *others],
            organizations=self.organizations,
            actions=self.capability.actions,
        )

    def _weight(self, always: int, chained: int) -> Weight:
        name = self.capability.title
        if self.capability.name in GRAVE:
            if chained:
                return Weight(
                    FindingSeverity.MEDIUM, f"{name}: {chained} principals come to it by becoming others."
                )
            if always > FEW:
                return Weight(
                    FindingSeverity.MEDIUM, f"{name}: {always} principals need no condition for it."
                )
            return Weight(FindingSeverity.LOW, f"{name}: at most {FEW} principals need no condition for it.")
        return Weight(FindingSeverity.LOW, f"{name}: {always} principals need no condition for it.")

    def _statements(self) -> Iterator[StatementEvidence]:
        """Yield the statements that give it to most principals."""
        members_found = {id(self.survey.whole.class_of[p.arn]) for p, _, _ in self.found}
        bits = self.survey.bits(*self.capability.actions)
        giving = [
            (len(grant.of(m for m in grant.holders if id(m) in members_found)), index, grant)
            for index, grant in enumerate(self.survey.grants)
            if any(given.actions & bits and id(given.members) in members_found for given in grant.given)
        ]
        for _, _, grant in sorted(giving, key=lambda item: (-item[0], item[1]))[:12]:
            yield from grant.evidence()[:1]

    def _witness(self) -> WitnessRequest | None:
        bits = self.survey.bits(*(a.actions[0] for a in self.capability.alternatives if len(a.actions) == 1))
        for principal, resources, contexts in self.found:
            for cell_mask, cells in self.survey.whole.class_of[principal.arn].allowed:
                for actions, allowed in cells:
                    both = self.survey.space.diagrams.both(allowed, contexts)
                    if cell_mask & resources and actions & bits and both != FALSE:
                        found = self.survey.witness(principal, actions & bits, cell_mask & resources, both)
                        if found is not None:
                            return found
        return None


RULES = (
    Rule(
        "capability-exposure",
        "Who has a capability that opens or harms mail",
        "Who can read mail, take over mailboxes, export, forge, redirect or destroy in an account, by "
        "permissions that hold in one request; for the grave ones also who comes to it by becoming others.",
        "A short list that somebody has looked through is the strongest control. Grave capabilities "
        f"(read, take over, export) are medium from {FEW + 1} unconditional principals of an account on, or "
        "where somebody comes to one by chains without condition, else low; others are low, and found from "
        f"{MANY + 1} on only. Account root users are left out: only service control policies limit them.",
        "Amazon WorkMail Administrator Guide; IAM User Guide, Grant least privilege",
        _exposed,
    ),
)

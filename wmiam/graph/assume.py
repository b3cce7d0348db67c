"""Who can assume which role: trust policy, identity side, boundaries and SCPs, in three values.

Source: IAM User Guide, "Policy evaluation logic", "Cross-account policy evaluation
logic" and "AWS JSON policy elements: Principal"; rules D9, S1 to S4.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from wmiam.engine.caller import WEB_IDENTITY_PROVIDERS, parse_caller
from wmiam.engine.conditions import evaluate_condition
from wmiam.engine.knowledge import ABSENT_KEY, Known, principal_knowledge
from wmiam.engine.request import Context
from wmiam.engine.space import canonical_key
from wmiam.engine.statements import Grant, principal_match
from wmiam.estate.estate import Estate
from wmiam.estate.model import Policy, Principal, PrincipalKind
from wmiam.origin import Origin
from wmiam.policy.model import Condition, Effect, PolicyDocument, PrincipalElement, Statement
from wmiam.policy.operators import COMPARISONS, NULL
from wmiam.policy.patterns import action_matches, parse_template, resource_regex, resource_template
from wmiam.policy.values import parse_arn

__all__ = ["AssumeEdge", "assumption_edges"]

SOURCE = "IAM User Guide, Policy evaluation logic"
_ACTIONS = ("sts:AssumeRole", "sts:AssumeRoleWithSAML", "sts:AssumeRoleWithWebIdentity")

#: Alternatives, each a set of conditions in words that must hold together: no alternative is
#: "never", an empty one is "always".
Ways = frozenset[frozenset[str]]
NEVER: Ways = frozenset()
ALWAYS: Ways = frozenset([frozenset()])


@dataclass(frozen=True, slots=True)
class AssumeEdge:
    """A principal that can assume a role.

    Parameters
    ----------
    source : str
        ARN of a principal of the estate; else an account id, a service principal, an
        identity provider, or ``"*"`` for anybody.
    target : str
        ARN of the role.
    decision : str
        ``"allowed"``, or ``"conditional"``.
    conditions : tuple of str
        What must hold, in words; several alternatives are joined by "or".
    same_account : bool
        Whether both are in one account.
    reason : str
        Why, in a sentence.
    statement : str
        Sid or index of the trust statement.
    origin : Origin or None
        Its place.
    """

    source: str
    target: str
    decision: str
    conditions: tuple[str, ...]
    same_account: bool
    reason: str
    statement: str
    origin: Origin | None


def _either(left: Ways, right: Ways) -> Ways:
    every = left | right
    return frozenset(way for way in every if not any(other < way for other in every))


def _both(left: Ways, right: Ways) -> Ways:
    every = frozenset(a | b for a in left for b in right)
    return frozenset(way for way in every if not any(other < way for other in every))


def assumption_edges(estate: Estate) -> list[AssumeEdge]:
    """Return every way to assume a role of the estate, one edge for each source and role.

    Parameters
    ----------
    estate : Estate
        What was read.

    Returns
    -------
    list of AssumeEdge
        Sorted by role and source.  Nothing that the reference evaluator denies in every
        context is listed, and nothing that it may allow is missing.
    """
    return sorted(_Assumption(estate).edges(), key=lambda edge: (edge.target, edge.source))


class _Assumption:
    """The evaluation of all trust policies of an estate."""

    def __init__(self, estate: Estate) -> None:
        self.estate = estate
        self.by_arn = {p.arn: p for p in estate.principals}
        self.known = {p.arn: principal_knowledge(p, estate) for p in estate.principals}
        # Only principals with some statement on sts can use a trust that names their account.
        self.callers: dict[str, list[Principal]] = {}
        for principal in estate.principals:
            if principal.kind is not PrincipalKind.ROOT and any(
                _touches_sts(policy.document) for policy, _ in principal.identity_policies
            ):
                self.callers.setdefault(principal.account, []).append(principal)

    def edges(self) -> Iterator[AssumeEdge]:
        """Yield the edges of every role."""
        for role in self.estate.principals:
            if role.is_role and role.trust is not None:
                yield from self._role(role, role.trust)

    def _role(self, role: Principal, trust: Policy) -> Iterator[AssumeEdge]:
        if trust.document is None or trust.document.unread:
            text = f"if the trust policy of {role.name}, which cannot be read, names it"
            yield self._edge("*", role, frozenset([frozenset([text])]), trust, None, "cannot be excluded")
        if trust.document is None:
            return
        sources: dict[str, None] = {}
        for statement in trust.document.statements:
            if statement.effect is Effect.ALLOW and _assumes(statement):
                sources.update(dict.fromkeys(self._candidates(statement, role)))
        for source in sources:
            principal = self.by_arn.get(source)
            if principal is not None:
                yield from self._principal(principal, role, trust, trust.document)
            else:
                yield from self._outsider(source, role, trust, trust.document)

    def _candidates(self, statement: Statement, role: Principal) -> Iterator[str]:
        """Yield whom an Allow statement may admit."""
        element = statement.principal
        if element is None:  # NotPrincipal: everybody but those named
            yield "*"
            yield from (p.arn for p in self.estate.principals if p.kind is not PrincipalKind.ROOT)
            return
        yield from element.service
        yield from element.federated
        for name in element.aws:
            arn = parse_arn(name)
            account = name if name.isdigit() else arn.account if arn is not None else ""
            if name == "*":
                yield "*"
                # In its own account "*" admits everybody; elsewhere only who may ask.
                for principal in self.estate.principals:
                    if principal.account == role.account and principal.kind is not PrincipalKind.ROOT:
                        yield principal.arn
                for other, callers in self.callers.items():
                    if other != role.account:
                        yield from (p.arn for p in callers)
            elif name.isdigit() or (arn is not None and arn.resource == "root"):
                known = self.estate.accounts.get(account)
                if known is not None and known.has_iam:
                    yield from (p.arn for p in self.callers.get(account, ()))
                else:
                    yield account
            elif name in self.by_arn:
                yield name
            elif arn is not None and arn.resource.startswith("assumed-role/"):
                role_name = arn.resource.split("/")[1]
                yield from (
                    p.arn
                    for p in self.by_arn.values()
                    if p.is_role and p.name == role_name and p.account == account
                )
            else:
                yield name

    def _principal(
        self, caller: Principal, role: Principal, trust: Policy, document: PolicyDocument
    ) -> Iterator[AssumeEdge]:
        """Yield the edge of a principal of the estate, if there is one."""
        if caller.kind in (PrincipalKind.SERVICE_LINKED_ROLE, PrincipalKind.ROOT):
            return
        known = self.known[caller.arn]
        who = parse_caller(caller.arn)
        context = Context({k: v for k, v in known.entries.items() if v is not ABSENT_KEY})
        bounded = caller.boundary is not None
        direct = as_role = delegated = denied = NEVER
        named: Statement | None = None
        for statement in document.statements:
            if not _assumes(statement, ("sts:AssumeRole",)):
                continue
            grant = _grant(statement, lambda e: principal_match(e, who, context), who.is_role, bounded)
            grant = self._session_named(statement, caller, grant)
            if grant is Grant.NONE:
                continue
            ways = _conditions(statement, document, known)
            if statement.effect is Effect.DENY:
                denied = _either(denied, ways)
                continue
            named = named or statement
            if grant in (Grant.DIRECT, Grant.EVERYONE):
                direct = _either(direct, ways)
            elif grant is Grant.ROLE:
                as_role = _either(as_role, ways)
            else:
                delegated = _either(delegated, ways)
        same = caller.account == role.account
        identity, boundary, scps, deny = self._caller_side(caller, role, known)
        if same:
            ways = _either(
                direct, _either(_both(as_role, boundary), _both(_both(delegated, identity), boundary))
            )
        else:
            trusted = _either(direct, _either(as_role, delegated))
            ways = _both(_both(trusted, identity), boundary)
        ways = _without(_both(ways, scps), _either(denied, deny))
        if ways and named is not None:
            side = "its trust policy names it" if direct or as_role else "its trust policy names the account"
            both = "" if same and (direct or as_role) else ", and the caller's own policies allow it"
            yield self._edge(caller.arn, role, ways, trust, named, f"{side}{both}")

    @staticmethod
    def _session_named(statement: Statement, caller: Principal, grant: Grant) -> Grant:
        """A trust that names one session of a role admits the role's sessions of that name."""
        if grant is not Grant.NONE or not caller.is_role or statement.principal is None:
            return grant
        prefix = f":{caller.account}:assumed-role/{caller.name}/"
        return Grant.DIRECT if any(prefix in name for name in statement.principal.aws) else grant

    def _caller_side(self, caller: Principal, role: Principal, known: Known) -> tuple[Ways, Ways, Ways, Ways]:
        """Return when identity policies, boundary and SCPs of the caller allow, and when any denies."""
        deny = NEVER

        def union(policies: Iterable[Policy]) -> Ways:
            nonlocal deny
            allowed = NEVER
            for policy in policies:
                allows, denies = _policy_ways(policy, role.arn, known)
                allowed, deny = _either(allowed, allows), _either(deny, denies)
            return allowed

        identity = union(policy for policy, _ in caller.identity_policies)
        boundary = union([caller.boundary]) if caller.boundary is not None else ALWAYS
        scps = ALWAYS
        tree = self.estate.aws_organization
        if tree is not None and caller.account != tree.management_account and tree.scps_in_use is not False:
            for target in tree.path(caller.account):
                if target.scps:
                    scps = _both(scps, union(target.scps))
        return identity, boundary, scps, deny

    def _outsider(
        self, source: str, role: Principal, trust: Policy, document: PolicyDocument
    ) -> Iterator[AssumeEdge]:
        """Yield the edge of a service, a provider, or a principal outside the estate."""
        ways = denied = NEVER
        named: Statement | None = None
        for statement in document.statements:
            if not _assumes(statement) or not _names(statement, source):
                continue
            found = _conditions(statement, document, Known())
            if statement.effect is Effect.DENY:
                denied = _either(denied, found)
            else:
                ways, named = _either(ways, found), named or statement
        ways = _without(ways, denied)
        if not ways or named is None:
            return
        if source.endswith(".amazonaws.com") and source not in WEB_IDENTITY_PROVIDERS:
            reason = "its trust policy names the service"
        elif source == "*":
            reason = (
                "its trust policy names everybody; in other accounts their own policies must allow it, too"
            )
        elif (parse_arn(source) is None and not source.isdigit()) or "-provider/" in source:
            reason = "its trust policy names the identity provider"
        else:
            reason = "its trust policy names it; the policies of its account are not in the input"
        yield self._edge(source, role, ways, trust, named, reason)

    def _edge(
        self,
        source: str,
        role: Principal,
        ways: Ways,
        trust: Policy,
        statement: Statement | None,
        reason: str,
    ) -> AssumeEdge:
        texts = sorted(" and ".join(sorted(way)) for way in ways)
        always = "" in texts
        origin = trust.origin.below(statement.pointer) if trust.origin and statement else trust.origin
        caller = self.by_arn.get(source)
        return AssumeEdge(
            source,
            role.arn,
            "allowed" if always else "conditional",
            () if always else tuple(texts),
            caller is not None and caller.account == role.account,
            f"{reason}.",
            statement.label if statement else "",
            origin,
        )


def _touches_sts(document: PolicyDocument | None) -> bool:
    return (
        document is None
        or bool(document.unread)
        or any(s.effect is Effect.ALLOW and _assumes(s, ("sts:AssumeRole",)) for s in document.statements)
    )


def _assumes(statement: Statement, actions: tuple[str, ...] = _ACTIONS) -> bool:
    if statement.actions is not None:
        return any(action_matches(pattern, action) for pattern in statement.actions for action in actions)
    return any(
        not any(action_matches(pattern, action) for pattern in statement.not_actions or ())
        for action in actions
    )


def _grant(
    statement: Statement, match: Callable[[PrincipalElement], Grant], is_role: bool, bounded: bool
) -> Grant:
    """Return how a statement names a caller, by Principal or NotPrincipal."""
    if statement.principal is not None:
        return match(statement.principal)
    if statement.not_principal is None:
        return Grant.NONE
    if statement.effect is Effect.DENY and bounded:
        return Grant.EVERYONE
    itself = {Grant.DIRECT, Grant.EVERYONE} | ({Grant.ROLE} if is_role else set())
    return Grant.NONE if match(statement.not_principal) in itself else Grant.EVERYONE


def _names(statement: Statement, source: str) -> bool:
    """Whether a statement is about somebody outside the estate."""
    element = statement.principal
    if element is None:
        excepted: PrincipalElement | None = statement.not_principal
        return excepted is not None and source not in (*excepted.aws, *excepted.service, *excepted.federated)
    every = (*element.aws, *element.service, *element.federated)
    account = f":{source}:root"
    return (
        source in every or "*" in element.aws or any(source.isdigit() and n.endswith(account) for n in every)
    )


def _policy_ways(policy: Policy, role_arn: str, known: Known) -> tuple[Ways, Ways]:
    """Return when a policy allows and denies ``sts:AssumeRole`` on a role."""
    document = policy.document
    unknown = frozenset([frozenset([f"if policy {policy.name}, which cannot be read, allows it"])])
    if document is None:
        return unknown, NEVER
    allows = unknown if document.unread else NEVER
    denies = NEVER
    for statement in document.statements:
        if not _assumes(statement, ("sts:AssumeRole",)):
            continue
        covered = _covers(statement, document, role_arn, known)
        ways = _both(covered, _conditions(statement, document, known)) if covered else NEVER
        if statement.effect is Effect.ALLOW:
            allows = _either(allows, ways)
        else:
            denies = _either(denies, ways)
    return allows, denies


def _covers(statement: Statement, document: PolicyDocument, arn: str, known: Known) -> Ways:
    """Return when a statement's resource elements cover a role."""
    open_names: list[str] = []

    def matches(pattern: str) -> bool:
        template = resource_template(pattern, variables=document.has_variables)
        entries = {}
        for variable in template.variables:
            key = canonical_key(variable.key)
            entry = known.get(key)
            if entry is None:
                open_names.append(pattern)
                return False
            if entry is not ABSENT_KEY:
                entries[key] = entry
        pieces = template.resolve(Context(entries).single)
        return pieces is not None and resource_regex(pieces).fullmatch(arn) is not None

    if statement.resources is not None:
        covered = [matches(pattern) for pattern in statement.resources]
        if True in covered:
            return ALWAYS
        return frozenset([frozenset([f"if {n} names the role"]) for n in open_names])
    excepted = [matches(pattern) for pattern in statement.not_resources or ()]
    return NEVER if True in excepted else ALWAYS


def _conditions(statement: Statement, document: PolicyDocument, known: Known) -> Ways:
    """Return when a statement's conditions hold: known keys are decided, open ones named."""
    words: set[str] = set()
    for row in statement.conditions:
        keys = [canonical_key(row.key), *_variable_keys(row, document)]
        found = [known.get(key) for key in keys]
        if all(entry is not None for entry in found):
            entries = {
                k: e for k, e in zip(keys, found, strict=True) if e is not None and e is not ABSENT_KEY
            }
            if not evaluate_condition(row, Context(entries), variables=document.has_variables).holds:
                return NEVER
        else:
            words.add(_words(row))
    return frozenset([frozenset(words)])


def _variable_keys(row: Condition, document: PolicyDocument) -> list[str]:
    if (
        not document.has_variables
        or row.operator.base == NULL
        or not COMPARISONS[row.operator.base].variables
    ):
        return []
    return [
        canonical_key(variable.key)
        for value in row.values
        for variable in parse_template(value, variables=True, wildcards=True).variables
    ]


def _words(row: Condition) -> str:
    """Return a row of a Condition block in words."""
    values = " or ".join(repr(value) for value in row.values)
    if row.key.lower() == "aws:multifactorauthpresent" and row.operator.base == "Bool":
        yes = row.values == ("true",)
        if not row.operator.if_exists:
            return "with MFA" if yes else "with temporary credentials without MFA"
        return "with MFA or with long-term access keys" if yes else "without MFA"
    if row.operator.base == NULL:
        return f"{row.key} is {'absent' if row.values == ('true',) else 'present'}"
    plain = {
        "StringEquals": "is",
        "StringNotEquals": "is not",
        "StringLike": "matches",
        "StringNotLike": "does not match",
        "ArnLike": "matches",
        "ArnEquals": "matches",
        "IpAddress": "is in",
        "NotIpAddress": "is not in",
    }
    verb = plain.get(str(row.operator))
    return f"{row.key} {verb} {values}" if verb else f"{row.operator} holds for {row.key} and {values}"


def _without(ways: Ways, denied: Ways) -> Ways:
    """Return the ways that no Deny closes; a conditional Deny adds an "unless"."""
    if frozenset() in denied:
        return NEVER
    unless = frozenset(f"unless {' and '.join(sorted(way))}" for way in denied)
    return frozenset(way | unless for way in ways if not any(d <= way for d in denied))

"""Who may try to assume a role: principals of the estate, services, identity providers, other accounts.

What is known of each caller's requests is folded in; where only the beginning of a
value is known (the role's id in ``aws:userid``, the account in another account's
``aws:PrincipalArn``), the values that cannot be are ruled out.

Source: IAM User Guide, "AWS JSON policy elements: Principal" and "AWS global
condition context keys".
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum

from wmiam.engine.automata import TextPattern, arn_pattern, glob_pattern
from wmiam.engine.caller import Caller, CallerKind, parse_caller
from wmiam.engine.diagrams import TRUE
from wmiam.engine.domains import Test
from wmiam.engine.knowledge import ABSENT_KEY, Known, principal_knowledge
from wmiam.engine.layers import credentials
from wmiam.engine.request import Context, ContextEntry
from wmiam.engine.space import Dimension, Space
from wmiam.engine.statements import Grant, principal_match
from wmiam.errors import RequestError
from wmiam.estate.estate import Estate
from wmiam.estate.levels import is_limited
from wmiam.estate.model import Principal, PrincipalKind, TargetKind
from wmiam.graph.clauses import Level
from wmiam.policy.model import PrincipalElement
from wmiam.policy.patterns import Wild, parse_template
from wmiam.policy.values import Arn, parse_arn

__all__ = [
    "ANY_ACCOUNT",
    "Party",
    "PartyKind",
    "Session",
    "any_account",
    "external_account",
    "outsider",
    "principal_party",
]

#: Node id of "any other AWS account", for trust policies that name ``*``.
ANY_ACCOUNT = "*"
#: A session name that no policy names.
_NO_SESSION = "\x00"
#: What a test makes of every value that a caller can have: always true, never, or it depends.
Judge = Callable[[Test], bool | None]


class PartyKind(StrEnum):
    """What sort of caller tries to assume a role."""

    PRINCIPAL = "principal"
    SERVICE = "service principal"
    PROVIDER = "identity provider"
    EXTERNAL = "external account"


@dataclass(frozen=True, slots=True)
class Session:
    """A condition that the caller is one named session or principal, beyond what is known of it.

    Parameters
    ----------
    key : str
        The context key that tells.
    test : Test
        What it has to match.
    """

    key: str
    test: Test


@dataclass(slots=True, eq=False)
class Party:
    """A caller, or callers that no policy about role assumption tells apart.

    Parameters
    ----------
    source : str
        Node id of one of them.
    kind : PartyKind
        What it is.
    name : str
        What to call it in a sentence.
    caller : Caller or None
        What principal elements are held against; None for other accounts.
    account : str or None
        12-digit account; None for services, providers, and any other account.
    known : Known
        What is known of its requests.
    judges : dict of str to callable
        By canonical key: what a test makes of every value that is possible there.
    principal : Principal or None
        The principal of the estate.
    scps : tuple of Level
        Levels of SCPs that limit it.
    """

    source: str
    kind: PartyKind
    name: str
    caller: Caller | None
    account: str | None
    known: Known
    judges: dict[str, Judge] = field(default_factory=dict)
    principal: Principal | None = None
    scps: tuple[Level, ...] = ()

    @property
    def is_role(self) -> bool:
        """Whether it calls with a role's session."""
        return self.principal is not None and self.principal.is_role

    @property
    def is_service_linked(self) -> bool:
        """Whether it is a service-linked role: SCPs and RCPs do not limit it (D5)."""
        return self.principal is not None and self.principal.kind is PrincipalKind.SERVICE_LINKED_ROLE

    def universe(self, space: Space) -> int:
        """Return the contexts that its requests can have.

        Parameters
        ----------
        space : Space
            Where the contexts live.
        """
        principal = self.principal
        if principal is not None:
            temporary, long_term = credentials(principal)
            contexts = space.universe(temporary=temporary, long_term=long_term)
        else:
            # Neither a service nor a federated login has credentials of AWS, so that no MFA
            # key is there (C10); of another account's principals nothing is known.
            outside = self.kind is PartyKind.EXTERNAL
            contexts = space.universe(temporary=outside, long_term=True)
        for key, judge in self.judges.items():
            contexts = space.diagrams.both(contexts, _possible(space, key, judge))
        # A key that is known is decided in every condition; as an open question it is another caller's.
        for key in self.decides(space):
            for variable in _variables(space.dimensions[key]):
                contexts = space.diagrams.without(contexts, variable)
        return contexts

    def decides(self, space: Space) -> tuple[str, ...]:
        """Return the keys of a space that are known of this caller.

        Parameters
        ----------
        space : Space
            Made for several callers.
        """
        return tuple(key for key in space.dimensions if self.known.get(key) is not None)

    def grants(self, element: PrincipalElement) -> list[tuple[Grant, Session | str | None]]:
        """Return the ways in which a Principal element names this caller (D9).

        Parameters
        ----------
        element : PrincipalElement
            The element's value.

        Returns
        -------
        list of (Grant, Session or str or None)
            Each way with what it takes besides: a named session, a clause in words, or nothing.
        """
        found: list[tuple[Grant, Session | str | None]] = []
        if self.caller is not None:
            grant = principal_match(element, self.caller, _context(self))
            if grant is not Grant.NONE:
                found.append((grant, None))
            if self.principal is not None:
                found += [(Grant.DIRECT, s) for s in named_sessions(element, self.principal)]
            return found
        if "*" in element.aws:
            found.append((Grant.EVERYONE, None))
        for name in element.aws if self.account is not None else ():
            arn = parse_arn(name)
            if name == self.account or (arn and arn.account == self.account and arn.resource == "root"):
                found.append((Grant.ACCOUNT, None))
            elif arn is not None and arn.account == self.account:
                found.append(_outside_name(name, arn))
        return found


def _context(party: Party) -> Context:
    """Return what principal elements ask of a caller's context."""
    entries = {}
    for key in ("aws:principalarn", "aws:userid"):
        entry = party.known.get(key)
        if entry is not None and entry is not ABSENT_KEY:
            entries[key] = entry
    principal = party.principal
    if principal is not None and principal.is_role and principal.unique_id:
        entries["aws:userid"] = ContextEntry("aws:userid", (f"{principal.unique_id}:{_NO_SESSION}",))
    return Context(entries)


def named_sessions(element: PrincipalElement, role: Principal) -> list[Session]:
    """Return the sessions of a role that a principal element names by ARN.

    Parameters
    ----------
    element : PrincipalElement
        The element's value.
    role : Principal
        The role; a user has no sessions.
    """
    found = []
    for name in element.aws if role.is_role else ():
        arn = parse_arn(name)
        if arn is None or arn.service != "sts" or arn.account != role.account:
            continue
        head, _, session = arn.resource.rpartition("/")
        if head == f"assumed-role/{role.name}" and session:
            found.append(_user_id(role.unique_id, f":{session}"))
    return found


def _user_id(unique_id: str, rest: str) -> Session:
    """Return the condition that ``aws:userid`` is an id (or any, where it is not known) and a session."""
    template = glob_pieces("*" + rest) if not unique_id else (unique_id + rest,)
    return Session("aws:userid", Test("StringLike" if not unique_id else "StringEquals", template))


def _outside_name(name: str, arn: Arn) -> tuple[Grant, Session | str | None]:
    """Return the way of one principal of another account: the caller must be just that one."""
    if arn.service == "iam":
        grant = Grant.ROLE if arn.resource.startswith("role/") else Grant.DIRECT
        return grant, Session("aws:PrincipalArn", Test("StringEquals", (name,)))
    return Grant.DIRECT, f"the caller is {name}"


def glob_pieces(text: str) -> tuple[str | Wild, ...]:
    """Return a pattern with wildcards, taken apart."""
    return parse_template(text, variables=False, wildcards=True).resolve(lambda _key: None) or ()


# -- values that cannot be --------------------------------------------------


def _possible(space: Space, key: str, judge: Judge) -> int:
    """Return the contexts in which a key's value is one that the caller can have."""
    dimension, d = space.dimensions.get(key), space.diagrams
    if dimension is None:
        return TRUE
    result = TRUE
    for index, group in enumerate(dimension.groups):
        fits = (1 << len(group.witnesses)) - 1
        for test, true in group.true.items():
            verdict = judge(test)
            if verdict is not None:
                fits &= 1 | (true if verdict else ~true)
        if dimension.multivalued:
            for at, variable in enumerate(dimension.variables, 1):
                if not fits >> at & 1:
                    result = d.both(result, d.literal(variable, 1))
        else:
            result = d.both(result, d.literal(dimension.variables[index], fits))
    return result


def _variables(dimension: Dimension) -> list[int]:
    return dimension.variables if dimension.single is None else [*dimension.variables, dimension.single]


def _pattern(test: Test) -> TextPattern | None:
    if test.base == "ArnLike":
        return arn_pattern(test.wanted)
    if test.base in ("StringEquals", "StringEqualsIgnoreCase", "StringLike"):
        wanted = test.wanted if test.base == "StringLike" else (test.text,)
        return glob_pattern(wanted, fold=test.base == "StringEqualsIgnoreCase")
    return None


def _begins_with(prefix: str) -> Judge:
    """Return the judge of a key of which the beginning of the value is known."""

    def judge(test: Test) -> bool | None:
        pattern = _pattern(test)
        if pattern is None:
            return None
        states = pattern.read(prefix)
        if not states:
            return False
        rest = [pattern.steps[state:] for state in states]
        return True if any(steps and all(loop for _, loop, _ in steps) for steps in rest) else None

    return judge


# -- the callers ------------------------------------------------------------


def principal_party(principal: Principal, known: Known, scps: tuple[Level, ...]) -> Party:
    """Return a user or role of the estate as a caller.

    Parameters
    ----------
    principal : Principal
        The user or role.
    known : Known
        What is known of its requests.
    scps : tuple of Level
        The SCPs of its account.

    Notes
    -----
    A role calls with a session, whose name nobody knows beforehand: ``NotPrincipal``
    and session ARNs are decided for the session, as AWS does.
    """
    judges: dict[str, Judge] = {}
    arn = principal.arn
    if principal.is_role:
        partition = arn.split(":", 2)[1]
        arn = f"arn:{partition}:sts::{principal.account}:assumed-role/{principal.name}/{_NO_SESSION}"
        if principal.unique_id:
            judges["aws:userid"] = _begins_with(f"{principal.unique_id}:")
    return Party(
        principal.arn,
        PartyKind.PRINCIPAL,
        f"{principal.kind} {principal.name}",
        parse_caller(arn),
        principal.account,
        known,
        judges,
        principal,
        scps if is_limited(principal) else (),
    )


#: Keys of AWS principals that neither services nor federated logins have.
_OF_PRINCIPALS = (
    "aws:principalarn",
    "aws:principalaccount",
    "aws:principaltype",
    "aws:principalorgid",
    "aws:principalorgpaths",
    "aws:userid",
    "aws:username",
)


def outsider(name: str) -> Party:
    """Return an AWS service or an identity provider (whoever it vouches for) as a caller.

    Parameters
    ----------
    name : str
        Service principal such as ``"lambda.amazonaws.com"``; ARN of a SAML or OIDC
        provider, or the name of a public one.

    Raises
    ------
    RequestError
        If it is neither.
    """
    caller = parse_caller(name)
    if caller.account is not None:
        raise RequestError(f"{name!r} is neither a service nor an identity provider")
    entries = dict.fromkeys(_OF_PRINCIPALS, ABSENT_KEY)
    kind = PartyKind.SERVICE if caller.kind is CallerKind.SERVICE else PartyKind.PROVIDER
    if kind is PartyKind.SERVICE:
        entries["aws:principalisawsservice"] = ContextEntry("aws:PrincipalIsAWSService", ("true",))
        entries["aws:principalservicename"] = ContextEntry("aws:PrincipalServiceName", (name,))
    else:  # a login with an assertion or a token is not signed with credentials of AWS
        entries["aws:principalisawsservice"] = entries["aws:principalservicename"] = ABSENT_KEY
    short = name.rpartition("-provider/")[2]
    return Party(name, kind, f"{kind} {short}", caller, None, Known(entries, ("aws:principaltag/",)))


#: What is known of a principal by its account alone.
_BY_ACCOUNT = (
    "aws:principalaccount",
    "aws:principalorgid",
    "aws:principalorgpaths",
    "aws:principalisawsservice",
    "aws:principalservicename",
    "aws:principalservicenameslist",
)


def external_account(account: str, partition: str, estate: Estate, scps: tuple[Level, ...]) -> Party:
    """Return an account whose principals are not in the estate as a caller.

    Parameters
    ----------
    account : str
        12-digit id.
    partition : str
        Partition of its ARNs.
    estate : Estate
        With the AWS Organizations tree.
    scps : tuple of Level
        The SCPs over it, where it is in the tree.
    """
    root = Principal(f"arn:{partition}:iam::{account}:root", "root", account, PrincipalKind.ROOT)
    entries = principal_knowledge(root, estate).entries
    judges: dict[str, Judge] = {"aws:principalarn": _begins_with(f"arn:{partition}:iam::{account}:")}
    tree = estate.aws_organization
    if tree is not None and tree.id and account not in tree.targets:
        judges["aws:principalorgid"] = _is_not({tree.id})
        judges["aws:principalorgpaths"] = _is_not_below(tree.id)
    return Party(
        account,
        PartyKind.EXTERNAL,
        f"account {account}",
        None,
        account,
        Known({key: entries[key] for key in _BY_ACCOUNT if key in entries}),
        judges,
        scps=scps,
    )


def any_account(estate: Estate) -> Party:
    """Return "any other AWS account" as a caller, for ``*`` in trust policies.

    Parameters
    ----------
    estate : Estate
        Accounts whose principals were read, and members of its AWS organization, are
        callers of their own.
    """
    tree = estate.aws_organization
    inside = {principal.account for principal in estate.principals}
    if tree is not None:
        inside |= {target.id for target in tree.targets.values() if target.kind is TargetKind.ACCOUNT}
    judges: dict[str, Judge] = {
        "aws:principalaccount": _is_not(inside),
        "aws:principalarn": _is_not_arn_of(inside),
    }
    if tree is not None and tree.id:
        judges["aws:principalorgid"] = _is_not({tree.id})
        judges["aws:principalorgpaths"] = _is_not_below(tree.id)
    known = Known(
        {
            "aws:principalisawsservice": ContextEntry("aws:PrincipalIsAWSService", ("false",)),
            "aws:principalservicename": ABSENT_KEY,
            "aws:principalservicenameslist": ABSENT_KEY,
        }
    )
    return Party(ANY_ACCOUNT, PartyKind.EXTERNAL, "any AWS account", None, None, known, judges)


def _is_not(values: set[str]) -> Judge:
    """Return the judge of a key that has none of some values."""
    return lambda test: False if test.is_constant and test.text in values else None


def _is_not_below(organization: str) -> Judge:
    """Return the judge of an organization path that leads through another organization."""
    return lambda test: False if test.text.startswith(f"{organization}/") else None


def _is_not_arn_of(accounts: set[str]) -> Judge:
    """Return the judge of an ARN that is of none of some accounts."""

    def judge(test: Test) -> bool | None:
        fields = test.text.split(":", 5)
        return False if len(fields) == 6 and fields[4] in accounts else None

    return judge

"""What escalations act on: an account's users, roles, groups and policies, and things with chosen names.

IAM entities and WorkMail organizations are those of the estate.  Functions, instances,
projects and the like are not in the input: for each type stand a few examples, one for each
pattern that policies name and one that none names, in each region that matters.  Whatever is
found on an example holds for a resource that exists or that the caller can make.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import takewhile

from wmiam.bits import bits_of
from wmiam.catalog.escalations import resource_template as type_template
from wmiam.engine.compile import Binding
from wmiam.engine.diagrams import FALSE, TRUE
from wmiam.engine.knowledge import ABSENT_KEY, Known
from wmiam.engine.request import Context, ContextEntry
from wmiam.engine.resources import Resource, ResourceKind, pattern_contexts
from wmiam.engine.scope import Pieces, Scope
from wmiam.engine.space import Space, canonical_key
from wmiam.estate.model import Group, Policy, Principal
from wmiam.policy.patterns import Variable, Wild, resource_regex, resource_template, split_fields

__all__ = ["LISTED", "Entities", "Entity", "examples", "region_of"]

#: Kinds of resource that the estate lists, as methods name them.
LISTED = ("user", "role", "group", "policy")
_NAME = "any-other"
#: How patterns begin that name entities of IAM alone.
_OF_IAM = ("arn:aws:iam:", "arn:*:iam:")
_FIELD = re.compile(r"\$\{\w+\}")


@dataclass(frozen=True, slots=True, eq=False)
class Entity(Resource):
    """A resource that is no WorkMail organization.

    Parameters
    ----------
    name : str
        Its ARN.
    region : str
        Region; ``""`` for what has none.
    thing : Principal, Group, Policy or None
        What it is in the estate; None for an example.
    """

    name: str = ""
    region: str = ""
    thing: Principal | Group | Policy | None = None

    @property
    def arn(self) -> str:
        """The resource's ARN."""
        return self.name


def examples(
    kinds: Iterable[str], partition: str, account: str, regions: Sequence[str], patterns: Iterable[str]
) -> Iterator[Entity]:
    """Yield resources of other services that stand for all that policies tell apart.

    Parameters
    ----------
    kinds : iterable of str
        Types such as ``"lambda:function"``.
    partition, account : str
        Where they are.
    regions : sequence of str
        Regions that matter.
    patterns : iterable of str
        Every Resource pattern of the estate.
    """
    by_service: dict[str, list[list[str]]] = {}
    for pattern in patterns:
        fields = pattern.split(":", 5)
        if len(fields) == 6 and "${" not in pattern:
            by_service.setdefault(fields[2], []).append(fields)
    for kind in kinds:
        fields = type_template(kind).split(":", 5)
        fits = re.compile(".+".join(re.escape(part) for part in _FIELD.split(fields[5])))
        own_account = account if fields[4] else ""
        own_regions = regions if fields[3] else ("",)
        found: dict[str, str] = {}
        for region in own_regions:
            name = _FIELD.sub(_NAME, fields[5])
            found.setdefault(":".join(["arn", partition, fields[2], region, own_account, name]), region)
        for _, of_partition, _, region, of_account, name in by_service.get(fields[2], ()):
            made = re.sub(r"[*?]+", "x", name)
            if not (
                fits.fullmatch(made) and _may_be(of_account, own_account) and _may_be(of_partition, partition)
            ):
                continue
            for place in own_regions:
                if _may_be(region, place):
                    found.setdefault(":".join(["arn", partition, fields[2], place, own_account, made]), place)
        for arn, region in found.items():
            yield Entity(kind, None, 0, arn, region)


def _may_be(field: str, value: str) -> bool:
    """Whether a field of a pattern covers a value."""
    return re.fullmatch(re.escape(field).replace(r"\*", ".*").replace(r"\?", "."), value) is not None


class Entities(Scope):
    """The resources of one account: WorkMail's first, then IAM's, then examples of others.

    Parameters
    ----------
    account : str
        12-digit id.
    resources : sequence of Resource
        The resources, WorkMail's first.
    kinds : mapping of str to int
        The kinds of resource, each with the set of requests that are about it.
    known_of : callable
        What a resource decides of a request's context.
    """

    def __init__(
        self,
        account: str,
        resources: Sequence[Resource],
        kinds: Mapping[str, int],
        known_of: Callable[[Resource], Known],
    ) -> None:
        super().__init__(resources, kinds, known_of)
        self.account = account
        self._workmail = tuple(r for r in self.resources if not isinstance(r, Entity))
        self.index = {r.arn: bit for bit, r in enumerate(self.resources) if isinstance(r, Entity)}
        self._sorted = sorted(self.index)
        self._regions: dict[str, int] = {}
        for bit, resource in enumerate(self.resources):
            region = region_of(resource)
            if region:
                self._regions[region] = self._regions.get(region, 0) | 1 << bit

        self._affecting: dict[str, int] = {}
        self._organization_bit = {
            r.arn: bit for bit, r in enumerate(self.resources) if r.kind == ResourceKind.ORGANIZATION
        }

    def bit_of(self, arn: str) -> int:
        """Return the position of a user, role, group, policy or organization; -1 where it is not here."""
        found = self.index.get(arn, -1)
        return self._organization_bit.get(arn, -1) if found < 0 else found

    def thing(self, bit: int) -> Principal | Group | Policy | None:
        """Return what a resource is in the estate."""
        resource = self.resources[bit]
        return resource.thing if isinstance(resource, Entity) else None

    def affecting(self, principal: Principal) -> int:
        """Return what decides the policies of a principal: itself, its groups, its managed policies."""
        found = self._affecting.get(principal.arn)
        if found is None:
            holders: tuple[Principal | Group, ...] = (principal, *principal.groups)
            arns = [holder.arn for holder in holders]
            arns += [policy.arn or "" for holder in holders for policy in holder.attached]
            found = self._affecting[principal.arn] = self.bits(arns)
        return found

    @cached_property
    def bounded(self) -> int:
        """The principals that have a permissions boundary."""
        things = ((bit, self.thing(bit)) for bit in range(len(self.resources)))
        return sum(1 << bit for bit, t in things if isinstance(t, Principal) and t.boundary is not None)

    def affected(self, mask: int) -> int:
        """Return the principals whose policies some of a set of resources decide."""
        listed = self.kind("user") | self.kind("role")
        found = mask & listed
        for bit in bits_of(mask & (self.kind("group") | self.kind("policy"))):
            found |= self._holders.get(bit, 0)
        return found

    @cached_property
    def _holders(self) -> dict[int, int]:
        """The principals that each group and managed policy decides for."""
        found: dict[int, int] = {}
        for bit, resource in enumerate(self.resources):
            thing = resource.thing if isinstance(resource, Entity) else None
            if isinstance(thing, Principal):
                for other in bits_of(self.affecting(thing) & ~(1 << bit)):
                    found[other] = found.get(other, 0) | 1 << bit
        return found

    def bits(self, arns: Iterable[str]) -> int:
        """Return the resources of some ARNs."""
        return sum(1 << bit for bit in {self.index[arn] for arn in arns if arn in self.index})

    @property
    def regions(self) -> Mapping[str, int]:
        """The resources of each region."""
        return self._regions

    def _pattern(self, text: str, variables: bool, bound: Binding, known: Known, space: Space) -> Pieces:
        if text in ("*", "**"):
            return ((self.all, TRUE),)
        key = (text, variables, bound)
        found = self._covered.get(key)
        if found is None:
            merged: dict[int, int] = {}
            if not text.startswith(_OF_IAM):
                pieces = pattern_contexts(text, variables, self._workmail, known, space)
                merged = {contexts: mask for mask, contexts in pieces}
            mask, contexts = self._entities(text, variables, known, space)
            if mask:
                merged[contexts] = merged.get(contexts, 0) | mask
            found = self._covered[key] = tuple((mask, contexts) for contexts, mask in merged.items())
        return found

    def _entities(self, text: str, variables: bool, known: Known, space: Space) -> tuple[int, int]:
        """Return the entities that a pattern covers, or may cover, and in which contexts."""
        template = resource_template(text, variables=variables)
        entries: dict[str, ContextEntry] = {}
        is_open = False
        for variable in template.variables:
            entry = known.get(canonical_key(variable.key))
            if entry is None:
                is_open = True
            elif entry is not ABSENT_KEY:
                entries[canonical_key(variable.key)] = entry
        if is_open:
            widest = tuple(Wild.STAR if isinstance(part, Variable) else part for part in template.parts)
            mask = self._match(widest)
            return mask, space.unknown(f"the resource is one that {text} names") if mask else FALSE
        pieces = template.resolve(Context(entries).single)
        return (0, FALSE) if pieces is None else (self._match(pieces), TRUE)

    def _match(self, pieces: tuple[str | Wild, ...]) -> int:
        fields = split_fields(pieces)
        if len(fields) == 6 and fields[2] == ("iam",) and fields[4] == (Wild.STAR,):
            # Every entity of IAM here is of this account.
            fields[4] = (self.account,)
            joined = [piece for part in fields for piece in (":", *part)][1:]
            pieces = tuple(joined)
        prefix = "".join(takewhile(lambda piece: isinstance(piece, str), pieces))  # type: ignore[arg-type]
        if prefix.count(":") >= 5 and all(isinstance(piece, str) for piece in pieces):
            bit = self.index.get(prefix)
            return 0 if bit is None else 1 << bit
        matches = resource_regex(pieces).fullmatch
        found = 0
        for arn in self._sorted[bisect_left(self._sorted, prefix) :]:
            if not arn.startswith(prefix):
                break
            if matches(arn):
                found |= 1 << self.index[arn]
        return found


def region_of(resource: Resource) -> str:
    """Return the region that a resource is in; ``""`` where it is in none, or in any."""
    if isinstance(resource, Entity):
        return resource.region
    if resource.organization is None or resource.kind == ResourceKind.NONE:
        return ""
    return "" if resource.organization.region == "*" else resource.organization.region

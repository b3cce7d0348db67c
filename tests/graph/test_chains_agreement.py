"""No path may be reported that the reference evaluator does not allow, and none may be missing."""

from __future__ import annotations

import random
from dataclasses import replace
from itertools import islice
from typing import Any

import pytest
from random_estates import drawing, roles
from random_estates.chains import ADDRESSES, ORGANIZATIONS, TIMES, estate
from random_estates.unread import allowing, spoiled

from wmiam.access import Access
from wmiam.catalog.escalations import Effect
from wmiam.engine.request import Request
from wmiam.estate.estate import Estate
from wmiam.estate.model import Principal, PrincipalKind
from wmiam.graph.evidence import Evidence
from wmiam.graph.goals import Goals
from wmiam.graph.routes import Path

#: What a sitting decides.
SHARED = ("aws:SourceIp", "aws:CurrentTime")
SHOWN = 12


def _caller(found: Estate, name: str) -> Principal | str | None:
    """Return who makes a request, as the reference evaluator takes it."""
    fields = name.split(":")
    if len(fields) != 6:
        return None
    kind, _, rest = fields[5].partition("/")
    own = [p for p in found.principals if p.account == fields[4]]
    if kind == "assumed-role":
        named = [p for p in own if p.is_role and p.name == rest.partition("/")[0]]
    else:
        named = [p for p in own if p.arn == name]
    if named:
        return named[0]
    return fields[4] if kind in ("user", "role", "assumed-role") else None


def _allowed(found: Estate, request: dict[str, Any]) -> bool:
    role = next((p for p in found.principals if p.is_role and p.arn == request["resource"]), None)
    assumes = request["action"].startswith("sts:Assume")
    asked = Request(request["principal"], request["action"], request["resource"], request["context"])
    return drawing.reference(found, _caller(found, request["principal"]), asked, role if assumes else None)


def _check(found: Estate, path: Path) -> int:
    """Check the requests of a path; return the number of those that prove something."""
    proven = 0
    shared: dict[str, Any] = {}
    for at, (step, shown) in enumerate(zip(path.steps, path.evidence, strict=True)):
        combined = path.final.edge
        changes = step.kind == "escalate" or (
            step.kind == "use" and combined is not None and combined.method.effect is not Effect.MAIL
        )
        proven += _check_step(found, path, at, step.kind, shown, changes=changes)
        if step.kind in ("escalate", "administer"):
            shared = {}
        elif step.kind != "assume" or ":" in step.source:
            for request in shown.requests:
                for key in SHARED:
                    value = request["context"].get(key)
                    if value is not None:
                        assert shared.setdefault(key, value) == value, (str(path), shown)
    return proven


def _is_unread(unknown: str) -> bool:
    return ", which cannot be read, " in unknown


def _check_step(found: Estate, path: Path, at: int, kind: str, shown: Evidence, *, changes: bool) -> int:
    """Check the requests of a step; those of escalations count on what the first of them changes."""
    for request in shown.requests:
        if at and kind != "administer":
            assert request["context"].get("aws:MultiFactorAuthPresent") != "true", (str(path), request)
        if all(map(_is_unread, shown.unknowns)) and not changes:
            assert _allowed(found, request), (str(path), request)
    return len(shown.requests)


def check(seed: int) -> int:
    """Check the paths of one random estate; return how many of its requests were decided."""
    found = estate(random.Random(seed))
    return check_paths(found, found)


def check_paths(asked: Estate, found: Estate) -> int:
    """Check the paths of an estate by what the reference evaluator says of it, or of another like it."""
    access = asked.access(progress=False)
    proven = 0
    outside = [node for node in Goals.of(access).chains.outward if node not in access.whole.class_of]
    sources = [p.arn for p in found.principals if p.kind is not PrincipalKind.ROOT]
    for source in (*sources, *outside):
        for capability in ("take-over-mailbox", "read-mail"):
            paths = access.paths(source, capability, all=True, cutoff=3)
            for path in islice((p for p in paths if p.links), SHOWN):
                proven += _check(found, path)
    return proven


@pytest.mark.parametrize("seed", range(25))
def test_every_step_of_every_path_is_allowed(seed: int) -> None:
    check(seed)


def test_the_random_estates_have_paths_to_check() -> None:
    assert sum(check(seed) for seed in range(25, 35)) > 100


@pytest.mark.parametrize("seed", range(10))
def test_every_step_is_allowed_if_unread_policies_allow_everything(seed: int) -> None:
    rng = random.Random(f"unread {seed}")
    found = spoiled(rng, estate(rng))
    check_paths(found, allowing(found))


# -- and the other way round ------------------------------------------------


def _session(role: Principal) -> str:
    return f"arn:aws:sts::{role.account}:assumed-role/{role.name}/mail"


def _keys(rng: random.Random, found: Estate, caller: Principal, sitting: dict[str, Any], first: bool) -> Any:
    """Return the context of a request: drawn anew, but for the sitting and the MFA of a session."""
    keys = {**roles.inside(rng, found, caller)[1], **sitting}
    if not first:
        keys.pop("aws:MultiFactorAuthAge", None)
        keys["aws:MultiFactorAuthPresent"] = "false"
    if caller.is_role:
        keys["aws:userid"] = f"{caller.unique_id}:mail"
    return keys


def _goes(rng: random.Random, found: Estate, access: Access) -> bool:
    """Draw a chain of two requests; where the reference evaluator allows both, it must be found."""
    callers = [p for p in found.principals if p.kind is not PrincipalKind.ROOT]
    caller = rng.choice(callers)
    role = rng.choice([p for p in callers if p.kind is PrincipalKind.ROLE])
    organization = rng.choice([o for o in ORGANIZATIONS if o.account == role.account])
    sitting = {"aws:SourceIp": rng.choice(ADDRESSES), "aws:CurrentTime": rng.choice(TIMES)}
    name = _session(caller) if caller.is_role else caller.arn
    request = (name, _keys(rng, found, caller, sitting, first=True))
    if caller is role or not roles.reference(found, caller, role, request, "sts:AssumeRole"):
        return False
    keys = _keys(rng, found, role, sitting, first=False)
    then = Request(_session(role), "workmail:ResetPassword", organization.arn, keys)
    if not drawing.reference(found, role, then):
        return False
    paths = access.paths(caller.arn, ("take-over-mailbox", organization.id), all=True, cutoff=2)
    assert any(path.end == role.arn for path in paths), (caller.arn, role.arn, sitting)
    frame = access.who_reaches("take-over-mailbox", organization.id)
    assert caller.arn in frame["principal"].tolist()
    assert role.arn in access.reach(caller.arn).principals
    return True


@pytest.mark.parametrize("seed", range(20))
def test_no_chain_that_the_reference_allows_is_missing(seed: int) -> None:
    rng = random.Random(f"chains {seed}")
    found = estate(rng)
    access = found.access(progress=False)
    for _ in range(60):
        _goes(rng, found, access)


def test_the_drawn_chains_are_allowed_often_enough() -> None:
    rng = random.Random(5)
    gone = 0
    for _ in range(25):
        found = estate(rng)
        access = found.access(progress=False)
        gone += sum(_goes(rng, found, access) for _ in range(80))
    assert gone > 20


# -- what is left without a role ---------------------------------------------


def _pairs(access: Access, but: str = "") -> int:
    """Return the number of pairs of somebody, but for one, and an organization."""
    frame = access.who_reaches("take-over-mailbox")
    rows = zip(frame["principal"], frame["organizations"], strict=True)
    return len({(node, arn) for node, arns in rows if node != but for arn in arns})


@pytest.mark.parametrize("seed", range(12))
def test_what_a_role_cuts_is_what_is_lost_in_an_estate_without_it(seed: int) -> None:
    found = estate(random.Random(f"choke {seed}"))
    access = found.access(progress=False)
    cuts = access.choke_points("take-over-mailbox", most=3, statements=False)
    for name, cut, left in cuts.loc[cuts["kind"] == "role", ["name", "cuts", "left"]].itertuples(index=False):
        assert cut + left == _pairs(access)
        role = next(p for p in found.principals if p.is_role and f"{p.name} ({p.account})" == name)
        if role.name == "base":
            continue  # it names the services that "*" stands for in the other trust policies
        # Other policies still name it, so that it stays, without any permission of its own.
        nothing = replace(role, inline=(), attached=(), trust=None)
        without = replace(found, principals=tuple(nothing if p is role else p for p in found.principals))
        gone = without.access(progress=False)
        assert _pairs(gone, but=role.arn) == left, name


# -- the queries agree with each other ----------------------------------------


@pytest.mark.parametrize("unread", [False, True])
@pytest.mark.parametrize("seed", range(8))
def test_paths_reach_and_who_reaches_say_the_same(seed: int, unread: bool) -> None:
    rng = random.Random(f"same {seed}")
    found = spoiled(rng, estate(rng)) if unread else estate(rng)
    access = found.access(progress=False)
    name = "read-mail"
    lengths: dict[tuple[str, str], int] = {}
    decisions: dict[tuple[str, str], set[str]] = {}
    for row in access.who_reaches(name).to_dict("records"):
        for arn in row["organizations"]:
            key = (row["principal"], arn)
            lengths[key] = min(lengths.get(key, 99), row["length"])
            decisions.setdefault(key, set()).add(row["decision"])
    for person in found.principals:
        reached = access.reach(person.arn).capabilities.get(name, ())
        assert set(reached) == {arn for node, arn in lengths if node == person.arn}
        for organization in ORGANIZATIONS:
            paths = access.paths(person.arn, (name, organization.id))
            key = (person.arn, organization.arn)
            assert (paths[0].length if len(paths) else None) == lengths.get(key)
            if any(path.decision == "allowed" for path in paths):
                assert "allowed" in decisions[key]

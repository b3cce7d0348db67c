"""What is asked of the graph: paths, reach, role chains (S1), neighbourhoods."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from small_estates import ASSUME, MFA, A, estate, inline, role, trust, user

from wmiam.access import Access
from wmiam.estate.model import Organization
from wmiam.graph import build, chain, neighbourhood, paths, reach, steps
from wmiam.sources import load

DATA = Path(__file__).resolve().parents[2] / "data" / "acme"
ANA = f"arn:aws:iam::{A}:user/ana"
EXTERNAL = {"StringEquals": {"sts:ExternalId": "x"}}


def arn(name: str) -> str:
    return f"arn:aws:iam::{A}:role/{name}"


@pytest.fixture(scope="module")
def acme() -> Access:
    return load(DATA).access(progress=False)


def links(*pairs: tuple[str, list[dict[str, Any]]]) -> Any:
    """Return a graph of user ana and roles with their trust statements."""
    return build(estate(user("ana"), *(role(name, statements) for name, statements in pairs)))


def test_s1_chains_conjoin_conditions_and_lose_mfa() -> None:
    graph = links(
        ("first", [trust(ANA, **MFA)]),
        ("second", [trust(arn("first"), **EXTERNAL)]),
        ("third", [trust(arn("second"), **MFA)]),
    )
    found = {each.role: each for each in chain(graph, ANA)}
    assert set(found) == {arn("first"), arn("second")}  # a chained session has no MFA
    assert found[arn("first")].conditions == ("with MFA",)
    assert found[arn("first")].notes == ()
    second = found[arn("second")]
    assert second.path == (ANA, arn("first"), arn("second"))
    assert second.conditions == (
        "with MFA (to become first)",
        "sts:ExternalId is 'x' (to become second)",
    )
    assert "no MFA" in second.notes[0]
    assert reach(graph, ANA, kind="role") == {arn("first"), arn("second")}
    # A session of the second role itself may have been started with MFA.
    assert arn("third") in {each.role for each in chain(graph, arn("second"))}


def test_a_longer_chain_without_conditions_is_told_too() -> None:
    graph = links(
        ("first", [trust(ANA)]),
        ("second", [trust(arn("first")), trust(ANA, **EXTERNAL)]),
    )
    ways = [each for each in chain(graph, ANA) if each.role == arn("second")]
    assert [each.path for each in ways] == [(ANA, arn("second")), (ANA, arn("first"), arn("second"))]
    assert [each.conditions for each in ways] == [("sts:ExternalId is 'x'",), ()]


def test_roles_in_a_circle_end() -> None:
    graph = links(("first", [trust([ANA, arn("second")])]), ("second", [trust(arn("first"))]))
    assert {each.role for each in chain(graph, ANA)} == {arn("first"), arn("second")}
    assert chain(graph, "nobody") == []


def test_paths_are_simple_shortest_first_and_possible() -> None:
    graph = links(
        ("first", [trust(ANA)]),
        ("second", [trust([ANA, arn("first")])]),
        ("third", [trust(arn("second")), trust(arn("first"), **MFA)]),
    )
    found = paths(graph, ANA, arn("third"))
    assert found == [
        [ANA, arn("second"), arn("third")],
        [ANA, arn("first"), arn("second"), arn("third")],
    ]
    assert paths(graph, ANA, arn("third"), cutoff=2) == found[:1]
    assert paths(graph, ANA, arn("third"), most=1) == found[:1]
    assert paths(graph, arn("third"), ANA) == []
    assert paths(graph, ANA, "nobody") == []
    assert [step.kind for step in steps(graph, found[0])] == ["can-assume", "can-assume"]
    # From the role itself the step with MFA is open.
    assert [arn("first"), arn("third")] in paths(graph, arn("first"), arn("third"))


def test_a_path_leads_to_the_organizations_that_its_statement_covers() -> None:
    names = ("m-aaaa", "m-bbbb")
    organizations = tuple(
        Organization(f"arn:aws:workmail:eu-west-1:{A}:organization/{n}", n, "eu-west-1", A) for n in names
    )
    allow = {"Effect": "Allow", "Action": "workmail:ResetPassword"}
    people = [
        user(name, A, inline({**allow, "Resource": where.arn}))
        for name, where in zip(("ana", "bo"), organizations, strict=True)
    ]
    graph = build(estate(*people, organizations=organizations), actions="ResetPassword", statements=True)
    assert len(paths(graph, ANA, organizations[0].arn)) == 1
    assert paths(graph, ANA, organizations[1].arn) == []
    assert organizations[0].arn in reach(graph, ANA)
    assert organizations[1].arn not in reach(graph, ANA)


def test_denies_are_not_reached() -> None:
    deny = {"Effect": "Deny", "Action": "workmail:ResetPassword", "Resource": "*"}
    ana = user("ana", A, inline(ASSUME, deny))
    graph = build(estate(ana), actions="ResetPassword", statements=True)
    assert f"{ana.inline[0].key}#0" in reach(graph, ANA)
    assert f"{ana.inline[0].key}#1" not in reach(graph, ANA)
    assert paths(graph, ANA, "workmail:ResetPassword") == []


def test_the_service_desk_of_acme_reaches_the_mail_account(acme: Access) -> None:
    graph = acme.graph(principals="john.stiles", actions="ResetPassword", statements=True)
    start, tier2 = acme.find_principal("john.stiles").arn, acme.find_principal("AcmeMailTier2").arn
    assert tier2 in reach(graph, start)
    way = next(each for each in chain(graph, start) if each.role == tier2)
    assert way.conditions == ("with MFA (to become ServiceDeskTier2)",)
    europe = acme.find_organizations("acme-europe")[0].arn
    shortest = paths(graph, start, europe)[0]
    assert shortest[:3] == [start, acme.find_principal("ServiceDeskTier2").arn, tier2]
    assert steps(graph, shortest)[0].conditions == ("with MFA",)
    near = neighbourhood(acme.graph(), tier2)
    assert start not in near
    assert set(neighbourhood(acme.graph(), tier2, 2)) > set(near)

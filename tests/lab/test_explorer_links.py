"""Findings and chains in the explorer: what it tells of them is what the access answers."""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Iterator
from typing import Any

import pandas as pd
import pytest
from explorer_views import CONTEXTS, MFA, NO_MFA, NOBODY, RETAG

import wmiam
from wmiam.access import Access
from wmiam.engine.compile import ACTIONS
from wmiam.findings import RULES, entry
from wmiam.lab import Explorer
from wmiam.lab import explorer as explorer_module
from wmiam.lab.bundle import MIME
from wmiam.lab.chained import chain_numbers

STILES = "arn:aws:iam::123456789012:user/john.stiles"
POWER = "AWSReservedSSO_PowerUserAccess_7d02e8b94c1f5a63"


@pytest.fixture
def explorer(acme: Access) -> Iterator[Explorer]:
    made = wmiam.explore(acme.given({}))
    yield made
    made.close()


def ask(explorer: Explorer, **content: str) -> None:
    explorer._asked(None, content, [])


# -- findings --------------------------------------------------------------------


def test_findings_are_looked_for_when_somebody_asks(explorer: Explorer) -> None:
    explorer.filters = {"capability": "read-mail"}
    explorer.selection = {"principal": "mateo.jackson"}
    assert "findings" not in explorer.access.memo
    assert explorer._findings == {}
    explorer.show({})
    told: list[str] = []
    explorer.observe(lambda change: told.append(change["new"]), "_working")
    ask(explorer, ask="findings")
    every = explorer.access.findings()
    assert told[0] == f"Looking for findings: 0 of {len(RULES)}"
    assert told[-1] == ""
    assert explorer._findings["total"] == explorer._findings["of"] == len(every)
    assert [row[0] for row in explorer._findings["rows"]] == [finding.id for finding in every]


@pytest.mark.parametrize(
    ("filters", "selection"),
    [
        ({"severity": "high"}, {}),
        ({"account": "444455556666"}, {}),
        ({"principals": "martha"}, {}),
        ({"organization": "acme-executives"}, {}),
        ({"capability": "export-mail"}, {}),
        ({"actions": "resetpassword", "severity": "medium"}, {}),
        ({}, {"principal": "nikki.wolf"}),
        ({}, {"principal": "nikki.wolf", "finding": NOBODY}),
        ({"principals": "nobody has this name"}, {}),
    ],
)
def test_the_findings_are_those_about_what_is_shown(
    explorer: Explorer, filters: dict[str, str], selection: dict[str, str]
) -> None:
    explorer.show({"filters": filters, "selection": selection})
    access, view = explorer.access, explorer.view
    ours = {action.full_name for action in access.catalog.actions}
    people = {principal.arn for principal in view.principals}
    wanted = []
    for finding in access.findings().of(severity=filters.get("severity")):
        actions = set(finding.actions) & ours
        if finding.principals and not people & set(finding.principals):
            continue
        if actions and not actions & set(view.actions):
            continue
        where = view.filters.organization
        if where and finding.organizations and where not in finding.organizations:
            continue
        if not people and not finding.principals:
            assert filters.get("principals")
        wanted.append(finding.id)
    assert [finding.id for finding in explorer.findings] == wanted
    ask(explorer, ask="findings")
    assert [row[0] for row in explorer._findings["rows"]] == wanted


def test_a_finding_is_told_with_evidence_and_its_mend_is_tried_when_asked(explorer: Explorer) -> None:
    explorer.selection = {"finding": RETAG}
    told = explorer._explanation
    finding = explorer.access.findings()[RETAG]
    assert (told["kind"], told["severity"], told["summary"]) == ("finding", "high", finding.summary)
    assert told["statements"][0]["place"].endswith("authorization-details-1.json:236")
    assert dict(told["witness"])["action"] == "workmail:UntagResource"
    assert told["mend"]["what"] == finding.mend.what
    assert told["mend"]["tried"] == ""
    ask(explorer, ask="mend")
    assert explorer._explanation["mend"]["tried"] == (
        "tried on a copy: adds nothing; takes 4 permissions from 1 principal"
    )
    said = eval(told["python"], {"access": explorer.access})  # noqa: S307 - the line that the explorer prints
    assert said.id == RETAG


def test_what_of_a_statement_matters_is_marked(explorer: Explorer) -> None:
    several = 0
    for finding in explorer.access.findings():
        explorer.selection = {"finding": finding.id}
        for evidence, told in zip(
            finding.evidence.statements, explorer._explanation["statements"], strict=False
        ):
            marked = [text for text, mark in told["lines"] if mark]
            assert bool(marked) == (bool(evidence.label) and len(evidence.pointers) > 1)
            several += bool(marked)
    assert several > 10


def test_the_cells_of_a_finding_are_marked(explorer: Explorer) -> None:
    names = [principal.arn for principal in explorer.access.principals]
    explorer.selection = {"finding": RETAG}
    finding = explorer.access.findings()[RETAG]
    assert [names[at] for at in explorer._marked["principals"]] == list(finding.principals)
    assert [ACTIONS.names[at] for at in explorer._marked["actions"]] == list(finding.actions)
    explorer.selection = {"finding": NOBODY}
    assert explorer._marked["principals"] is None
    explorer.selection = {}
    assert explorer._marked == {}


def test_an_interrupt_leaves_what_was_shown(explorer: Explorer, monkeypatch: pytest.MonkeyPatch) -> None:
    explorer.filters = {"capability": "export-mail"}
    before = [explorer.filters, explorer.view, explorer.code, explorer._table["total"]]

    def interrupted(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(entry, "watched", interrupted)
    with pytest.raises(KeyboardInterrupt):
        explorer.filters = {"severity": "high"}
    assert [explorer.filters, explorer.view, explorer.code, explorer._table["total"]] == before
    assert explorer._working == ""
    monkeypatch.undo()
    explorer.filters = {"severity": "high"}
    assert explorer._table["total"] == len(explorer.frame) > 0


# -- chains ----------------------------------------------------------------------


@pytest.mark.parametrize("context", CONTEXTS)
@pytest.mark.parametrize("org", ["", "acme-europe"])
def test_who_comes_by_chains_alone_is_who_reaches_without_having(
    acme: Access, context: dict[str, Any], org: str
) -> None:
    access = acme.given(context)
    people = {principal.arn for principal in access.principals}
    arn = access.find_organizations(org)[0].arn if org else ""
    capabilities = access.capabilities(org or None).set_index(["capability", "organization"])
    for item in chain_numbers(access, arn):
        row = capabilities.loc[(item.name, arn)]
        direct = {*row.principals, *row.conditional_principals}
        reaching = access.who_reaches(item.name, org or None)
        others = reaching[reaching["principal"].isin(people - direct)]
        free = others.loc[others["decision"] == "allowed", "principal"].nunique()
        assert (item.allowed, item.allowed + item.conditional) == (free, others["principal"].nunique())


def test_the_counts_are_worked_out_when_the_page_asks_and_go_when_they_change(explorer: Explorer) -> None:
    assert explorer._by_chains == []
    ask(explorer, ask="chains")
    numbers = [[item.allowed, item.conditional] for item in chain_numbers(explorer.access, "")]
    assert explorer._by_chains == numbers
    explorer.filters = {"capability": "export-mail", "severity": "high"}
    explorer.context = NO_MFA
    assert explorer._by_chains == []
    ask(explorer, ask="chains")
    fewer = chain_numbers(explorer.access.given(NO_MFA), "")
    assert explorer._by_chains == [[item.allowed, item.conditional] for item in fewer] != numbers


def test_whom_the_selected_principal_can_become_is_its_reach(explorer: Explorer) -> None:
    explorer.selection = {"principal": "john.stiles"}
    frame = explorer.access.reach("john.stiles").frame()
    told = explorer._chains
    assert (told["about"], told["title"], told["total"]) == ("principal", "john.stiles", len(frame) - 1)
    others = frame[frame["principal"] != STILES]
    assert [row["node"] for row in told["rows"]] == list(others["principal"])
    assert [row["steps"] for row in told["rows"]] == list(others["steps"])
    assert [row["when"] for row in told["rows"]] == list(others["when"])
    pd.testing.assert_frame_equal(explorer.chains, frame)


@pytest.mark.parametrize(
    "view",
    [
        {"selection": {"principal": "john.stiles"}, "context": MFA},
        {"filters": {"capability": "export-mail"}},
        {"filters": {"capability": "read-mail", "organization": "acme-europe"}, "context": NO_MFA},
        {"selection": {"principal": "john.stiles", "target": "take-over-mailbox"}},
    ],
)
def test_the_code_of_chains_gives_their_frame(explorer: Explorer, view: dict[str, Any]) -> None:
    explorer.show(view)
    space: dict[str, Any] = {"access": explorer.access}
    exec(explorer._code, space)  # noqa: S102 - the code that the explorer prints
    pd.testing.assert_frame_equal(space["chains"], explorer.chains)
    pd.testing.assert_frame_equal(space["frame"], explorer.frame)
    assert not explorer.chains.empty


def test_without_principal_and_capability_there_are_no_chains(explorer: Explorer) -> None:
    assert explorer._chains == {"about": ""}
    assert explorer.chains.empty
    assert "chains" not in explorer._code


def test_who_comes_to_a_capability_is_listed_nearest_first(explorer: Explorer) -> None:
    explorer.filters = {"capability": "read-mail", "account": "111122223333"}
    told = explorer._chains
    frame = explorer.access.who_reaches("read-mail")
    inside = frame["kind"].isin(["user", "role", "root"])
    coming = frame[inside & (frame["account"] == "111122223333") & (frame["way"] != "direct")]
    direct = frame.loc[frame["way"] == "direct", "principal"]
    assert {row["node"] for row in told["rows"]} == {*coming["principal"]} - {*direct}
    assert told["total"] == len(told["rows"]) == 3
    explorer.selection = {"principal": told["rows"][0]["node"], "target": "read-mail"}
    assert explorer._chains == told  # the list stays, so that the next can be chosen


def test_a_chain_is_told_step_by_step(explorer: Explorer) -> None:
    explorer.selection = {"principal": "john.stiles", "target": "AcmeMailTier2"}
    told = explorer._explanation
    (path,) = told["paths"]
    (wanted,) = explorer.access.paths("john.stiles", "AcmeMailTier2")
    assert [step["title"] for step in path["steps"]] == [step.title for step in wanted.steps]
    assert [step["conditions"] for step in path["steps"]] == [["with MFA"], []]
    assert path["notes"] == list(wanted.notes)
    lines = [text for step in path["steps"] for s in step["statements"] for text, _ in s["lines"]]
    assert any("sts:AssumeRole" in text for text in lines)
    said = eval(told["python"], {"access": explorer.access})  # noqa: S307 - the line that the explorer prints
    assert str(said) == str(explorer.access.paths("john.stiles", "AcmeMailTier2"))


def test_an_account_that_somebody_administers_is_a_target(explorer: Explorer) -> None:
    explorer.selection = {"principal": "kwaku.mensah", "target": "444455556666"}
    told = explorer._explanation
    assert told["target"] == "administrator of 444455556666"
    assert "by iam-put-user-policy" in told["paths"][0]["steps"][0]["title"]
    (said,) = eval(told["python"], {"access": explorer.access})  # noqa: S307 - what the explorer prints
    assert said.principal == "444455556666"


def test_there_may_be_no_chain(explorer: Explorer) -> None:
    explorer.selection = {"principal": "john.stiles", "target": "AcmeBreakGlass"}
    assert explorer._explanation["paths"] == []


def test_the_graph_of_a_selection_shows_escalations(explorer: Explorer) -> None:
    explorer.selection = {"principal": POWER}
    lines = explorer._graph["lines"]
    escalating = [line for line in lines if line["kind"] == "escalates"]
    assert [line["label"] for line in escalating] == ["if a Lambda function runs…"]
    assert {line["kind"] for line in lines} >= {"can-assume", "escalates", "holds"}


def test_very_many_who_are_gained_are_one_node(explorer: Explorer, monkeypatch: pytest.MonkeyPatch) -> None:
    explorer.selection = {"principal": "AcmeDeployMail"}
    before = {box["node"] for box in explorer._graph["boxes"]}
    monkeypatch.setattr("wmiam.lab.pictures._GATHERED", 1)
    explorer.selection = {}
    explorer.selection = {"principal": "AcmeDeployMail"}
    boxes = {box["node"]: box for box in explorer._graph["boxes"]}
    (gathered,) = (box for box in boxes.values() if box["kind"] == "others")
    assert gathered["label"] == f"{len(before - set(boxes))} principals"
    assert len(before - set(boxes)) > 1


def test_of_a_large_estate_chains_are_followed_when_asked(
    acme: Access, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(explorer_module, "_FEW", 10)
    explorer = wmiam.explore(acme.given({}))
    explorer.selection = {"principal": POWER}
    assert (explorer._follows, explorer._chains) == (False, {})
    assert "escalates" not in {line["kind"] for line in explorer._graph["lines"]}
    assert "chains" not in explorer._code
    ask(explorer, ask="chains")
    assert explorer._follows
    assert explorer._chains["total"] == len(explorer.chains) - 1
    assert "escalates" in {line["kind"] for line in explorer._graph["lines"]}
    assert explorer._code.endswith(".reach(" + repr(explorer.selection["principal"]) + ").frame()")
    explorer.close()


def test_without_kernel_the_cells_are_those_that_findings_are_about(explorer: Explorer) -> None:
    explorer.filters = {"severity": "high"}
    bundle = explorer._repr_mimebundle_()[0][MIME]
    assert (bundle["kind"], bundle["options"]) == ("matrix", {"partial": True})
    value = json.loads(gzip.decompress(base64.b64decode(bundle["data"])))
    assert base64.b64decode(value["rows"]) == explorer._rows


def test_no_text_of_findings_and_chains_is_hidden(hostile: Access) -> None:
    explorer = wmiam.explore(hostile)
    told: list[Any] = []
    for finding in hostile.findings():
        explorer.selection = {"finding": finding.id}
        told.append({**explorer._explanation, "principals": []})
    for principal in hostile.principals:
        explorer.selection = {"principal": principal.arn}
        told += [explorer._chains, explorer._graph]
        for row in explorer._chains["rows"][:2]:
            explorer.selection = {"principal": principal.arn, "target": row["node"]}
            told.append(explorer._explanation)
    assert "\u202e" not in json.dumps(told, ensure_ascii=False)
    explorer.close()

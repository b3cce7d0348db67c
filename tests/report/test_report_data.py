"""What the report says is what the access says."""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from typing import Any

import pytest

import wmiam
from wmiam.graph import assumption_edges
from wmiam.report import render_report
from wmiam.report.assumption import assumptions
from wmiam.report.explanations import action_classes
from wmiam.report.matrix import matrix_payload
from wmiam.report.people import capability_lists, organization_lists, principal_groups
from wmiam.views.text import visible

CODE = {"denied": "0", "conditional": "1", "allowed": "2"}


@pytest.fixture(scope="module")
def payload(acme: wmiam.Access) -> dict[str, Any]:
    return matrix_payload(acme, principal_groups(acme))


def explanation_at(payload: dict[str, Any], row: int, action: int) -> int:
    """The explanation of one action in a row: what the page's script reads from the runs."""
    flat = [index for index, run in payload["rows"][row][1] for _ in range(run)]
    return int(flat[action])


def test_the_matrix_holds_every_decision(acme: wmiam.Access, payload: dict[str, Any]) -> None:
    number = {name: index for index, (name, _, _) in enumerate(payload["actions"])}
    places = {arn: index for index, (arn, *_) in enumerate(payload["organizations"])} | {"*": -1}
    groups = {arn: group for arn, _, group, *_ in payload["principals"]}
    cells = acme.cells(denied=True)
    seen = 0
    for cell in cells.itertuples():
        rows = dict(payload["groups"][groups[cell.principal]])
        codes = payload["rows"][rows[places[cell.organization]]][0]
        assert codes[number[cell.action]] == CODE[str(cell.decision)]
        seen += 1
    held = sum(
        len(payload["rows"][row][0].replace(" ", ""))
        for group in groups.values()
        for _, row in payload["groups"][group]
    )
    assert seen == held


def test_an_explanation_reads_as_access_gives_it(acme: wmiam.Access, payload: dict[str, Any]) -> None:
    """The names that were taken out of the texts come back: every tenth cell, word for word."""
    compared = 0
    for who, (arn, _, group, *_) in enumerate(payload["principals"]):
        for place, row in payload["groups"][group]:
            for number, (action, _, _) in enumerate(payload["actions"]):
                index = explanation_at(payload, row, number)
                if index < 0 or (who + row + number) % 10:
                    continue
                where = None if place < 0 else payload["organizations"][place][0]
                expected = acme.explain(arn, action, where)
                names = {"\ue000": arn, "\ue001": action, "\ue002": where or ""}

                def said(text: int, names: dict[str, str] = names) -> str:
                    found = str(payload["texts"][text])
                    for mark, name in names.items():
                        found = found.replace(mark, name)
                    return found

                decision, when, layers, reasons, changes, notes, witness = payload["explanations"][index]
                assert decision == expected.decision
                assert said(when) == visible(expected.when)
                assert [said(text) for text in reasons] == [visible(text) for text in expected.reasons]
                assert [said(text) for text in changes] == [visible(text) for text in expected.changes]
                assert [said(text) for text in notes] == [visible(text) for text in expected.notes]
                assert {said(key): said(value) for key, value in witness} == (expected.witness or {})
                titles = [said(payload["layers"][layer][0]) for layer in layers]
                assert titles == [layer.title for layer in expected.layers]
                views = [payload["views"][view] for layer in layers for view in payload["layers"][layer][3]]
                shown = [view for layer in expected.layers for view in layer.statements]
                assert [view[2] for view in views] == [view.applies for view in shown]
                assert [tuple(view[5]) for view in views] == [view.parts for view in shown]
                assert [payload["statements"][view[0]][1] for view in views] == [view.label for view in shown]
                compared += 1
    assert compared > 1000


def test_deciding_lines_are_in_the_statement(payload: dict[str, Any]) -> None:
    """Every element that an explanation points to has a line to mark."""
    pointed: dict[int, set[str]] = defaultdict(set)
    for statement, _, _, _, _, parts in payload["views"]:
        pointed[statement].update(parts)
    assert pointed
    for statement, parts in pointed.items():
        marked = {part for _, deciding in payload["statements"][statement][5] for part in deciding}
        assert parts <= marked


def test_actions_of_one_class_have_the_same_answers(acme: wmiam.Access) -> None:
    classes = action_classes(acme)
    assert sorted(name for members in classes for name in members) == [
        action.full_name for action in acme.catalog.actions
    ]
    matrix = acme.matrix()
    for members in classes:
        for name in members[1:]:
            assert (matrix[members[0]] == matrix[name]).all()


def test_capability_lists_are_those_of_the_frame(acme: wmiam.Access) -> None:
    frame = acme.capabilities().set_index(["capability", "organization"])
    for item in capability_lists(acme, principal_groups(acme)):
        for place, organization in [(None, ""), *enumerate(o.arn for o in acme.organizations)]:
            row = frame.loc[(item.capability.name, organization)]
            count = item.anywhere if place is None else item.by_organization[place]
            assert (count.allowed, count.conditional) == (row.allowed, row.conditional)
            if place is not None:
                for decision, column in (
                    ("allowed", "principals"),
                    ("conditional", "conditional_principals"),
                ):
                    named = sorted(
                        principal.arn
                        for holders in item.holders
                        if holders.decision == decision and place in holders.organizations
                        for principal in holders.principals
                    )
                    assert named == row[column]


def test_conditions_stand_beside_those_they_bind(acme: wmiam.Access) -> None:
    lists = {item.capability.name: item for item in capability_lists(acme, principal_groups(acme))}
    rows = {p.name: row for row in lists["take-over-mailbox"].holders for p in row.principals}
    assert rows["mateo.jackson"].when == "with MFA"
    assert rows["mateo.jackson"].through == "group HelpDesk › policy AcmeHelpDeskResetPassword"
    assert [acme.organizations[place].alias for place in rows["mateo.jackson"].organizations] == [
        "acme-europe"
    ]
    assert rows["xiulan.wang"].decision == "allowed"
    assert rows["xiulan.wang"].when == ""


def test_organization_lists_count_actions(acme: wmiam.Access) -> None:
    groups = principal_groups(acme)
    cells = acme.cells()
    counts = cells.groupby(["organization", "principal", "decision"], observed=True).size()
    for item in organization_lists(acme, groups, capability_lists(acme, groups)):
        people = {p.arn: row for row in item.rows for p in row.principals}
        here = cells[cells["organization"] == item.organization.arn]
        assert set(people) == set(here["principal"])
        for arn, row in people.items():
            found = counts[item.organization.arn][arn]
            assert row.actions.allowed == found.get("allowed", 0)
            assert row.actions.conditional == found.get("conditional", 0)


def test_roles_that_can_be_assumed_are_listed_with_what_they_bring(acme: wmiam.Access) -> None:
    lists = capability_lists(acme, principal_groups(acme))
    rows, number = assumptions(acme, lists, 400)
    assert number == len(rows)
    assert assumptions(acme, lists, 3) == (rows[:3], number)
    by_names = {(row.source, row.role.name): row for row in rows}
    assert len(rows) == len(assumption_edges(acme.estate)) > len(by_names) > 20
    operator = by_names[("paulo.santos", "AcmeMailExportOperator")]
    assert (operator.decision, operator.when) == ("conditional", "with MFA")
    assert operator.gains == (("Export mail", "allowed"),)
    assert operator.place.startswith("iam/444455556666/authorization-details-")
    contractor = by_names[("999999999999", "AcmeContractorMigration")]
    assert contractor.principal is None
    assert contractor.about == "an account that is not among the files"
    assert by_names[("cloudformation.amazonaws.com", "AcmeCloudFormationExecution")].about == "AWS service"
    assert (
        by_names[("oidc-provider/token.actions.githubusercontent.com", "AcmeDeployMail")].about
        == "identity provider"
    )
    sizes = [len(row.gains) for row in rows]
    assert sizes == sorted(sizes, reverse=True)


def test_many_principals_that_are_alike_make_a_small_report(acme: wmiam.Access) -> None:
    estate = acme.estate
    pattern = next(p for p in estate.principals if p.name == "mateo.jackson")
    copies = [
        dataclasses.replace(pattern, arn=f"{pattern.arn}-{i:05}", name=f"{pattern.name}-{i:05}")
        for i in range(5000)
    ]
    principals = tuple(sorted((*estate.principals, *copies), key=lambda p: p.arn))
    large = dataclasses.replace(estate, principals=principals).access()
    groups = principal_groups(large)
    assert len(groups) == len(principal_groups(acme))
    lists = {item.capability.name: item for item in capability_lists(large, groups)}
    assert lists["take-over-mailbox"].anywhere.conditional == 4 + 5000
    assert len(render_report(large)) - len(render_report(acme)) < 100 * 5000

"""What the report says is what the access says."""

from __future__ import annotations

import dataclasses
import re

import wmiam
from wmiam.access.people import capability_lists, organization_lists, principal_groups
from wmiam.graph import assumption_edges
from wmiam.report import render_report
from wmiam.report.assumption import assumptions


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


def test_very_many_organizations_share_a_table_of_numbers(acme: wmiam.Access) -> None:
    estate = acme.estate
    pattern = estate.organizations[0]
    copies = [
        dataclasses.replace(pattern, id=f"m-{i:032x}", alias=f"copy-{i}", arn=f"{pattern.arn[:-32]}{i:032x}")
        for i in range(60)
    ]
    many = dataclasses.replace(estate, organizations=(*estate.organizations, *copies)).access()
    page = render_report(many, sections=["organizations"])
    frame = many.capabilities().set_index(["capability", "organization"])
    for place, organization in enumerate(many.organizations):
        row = page[page.index(f'<tr id="org-{place}">') :].split("</tr>", 1)[0]
        assert organization.label in row
        numbers = re.findall(r"<td>(?:(\d+)(?: <span[^>]*>\+(\d+))?)?", row)
        for item, (allowed, conditional) in zip(many.catalog.capabilities, numbers, strict=True):
            held = frame.loc[(item.name, organization.arn)]
            assert (int(allowed or 0), int(conditional or 0)) == (held.allowed, held.conditional)

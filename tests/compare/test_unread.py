"""What could not be read, or is described on one side only, is never silently taken for unchanged."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from compared_estates import ACCOUNT, ANA, EUROPE, allow, document, estate, policy

import wmiam
from wmiam.compare import Comparison, compare
from wmiam.estate.model import Organization, Policy, PolicyKind

RESET = "workmail:ResetPassword"
HELP = policy("Help", allow(RESET, sid="Reset"))
ODD = {"Effect": "Allow", "Action": RESET, "Resource": "*", "Condition": {"StringSortOf": {"aws:Foo": "x"}}}


def missing(version: str = "", **more: str) -> Policy:
    """Return a managed policy whose document no file holds."""
    arn = f"arn:aws:iam::{ACCOUNT}:policy/Lost"
    return Policy("Lost", PolicyKind.MANAGED, None, arn, version=version, problem="not in the input", **more)


def of(before: wmiam.Estate, after: wmiam.Estate, **more: object) -> Comparison:
    return compare(before, after, progress=False, **more)  # type: ignore[arg-type]


def test_a_document_that_neither_side_has() -> None:
    comparison = of(estate(attached=(missing(),)), estate(attached=(missing(),)), gate="no-new-access")
    assert not comparison.empty
    rows = list(comparison.rows())
    assert {row.change for row in rows} == {"cannot tell"}
    assert {row.principal.arn for row in rows} == {ANA}
    (name,) = {part for row in rows for part in row.depends if part.startswith("after") and "allows" in part}
    assert name == "after the change, policy Lost, which cannot be read, allows it"
    assert {c.side for c in comparison.causes()} == {"cannot be read"}
    assert len(comparison.failures) == len(rows)
    assert comparison.failures[0].verb == "may gain"
    assert "cannot tell" in str(comparison)
    assert "after the change, policy Lost" in str(comparison)


def test_the_same_version_of_a_managed_policy_is_the_same() -> None:
    assert of(estate(attached=(missing("v3"),)), estate(attached=(missing("v3"),))).empty
    assert not of(estate(attached=(missing("v3"),)), estate(attached=(missing("v4"),))).empty


def test_the_same_policy_object_is_the_same() -> None:
    before = estate(attached=(missing(), HELP))
    after = before.with_policy("Help", document(allow("workmail:DeleteUser", sid="Reset")))
    comparison = of(before, after)
    assert {row.action for row in comparison.rows()} == {RESET, "workmail:DeleteUser"}
    # What the unread policy may allow anyway is not surely gained or lost.
    assert {row.change for row in comparison.rows()} == {"cannot tell"}
    assert all("Lost" in "; ".join(row.depends) for row in comparison.rows())


def test_what_became_unreadable() -> None:
    comparison = of(estate(attached=(HELP,)), estate(attached=(HELP, missing())))
    assert {row.change for row in comparison.rows()} == {"cannot tell"}
    assert {c.label for c in comparison.causes()} == {"Lost"}


def folder(path: Path, *statements: object, tags: str = "{}") -> Path:
    path.mkdir()
    (path / "help.json").write_text(json.dumps(document(*statements)))
    (path / "wmiam.yaml").write_text(
        "wmiam-manifest: 1\n"
        f'accounts: [{{id: "{ACCOUNT}"}}]\n'
        f"principals: [{{arn: '{ANA}', policies: [help.json]}}]\n"
        f"organizations: [{{arn: '{EUROPE}', tags: {tags}}}]\n"
        f'complete-for: [{{account: "{ACCOUNT}", region: eu-west-1}}]\n'
    )
    return path


def test_a_statement_that_cannot_be_read_and_is_the_same(tmp_path: Path) -> None:
    before = folder(tmp_path / "before", ODD, allow(RESET))
    after = folder(tmp_path / "after", ODD, allow(RESET), allow("workmail:DeleteUser"))
    comparison = compare(before, after, gate="no-new-access", progress=False)
    assert {row.action for row in comparison.rows()} == {"workmail:DeleteUser"}
    assert not comparison.complete
    assert {side for side, _ in comparison.incomplete} == {"before", "after"}
    assert "The comparison is incomplete: 2 parts of the input could not be understood." in str(comparison)


def test_a_statement_that_cannot_be_read_and_changed(tmp_path: Path) -> None:
    other = {**ODD, "Resource": EUROPE}
    before, after = folder(tmp_path / "before", ODD), folder(tmp_path / "after", other)
    comparison = compare(before, after, progress=False)
    assert {row.change for row in comparison.rows()} == {"cannot tell"}
    assert all("statement 0 of policy help.json" in "; ".join(row.depends) for row in comparison.rows())


@pytest.mark.parametrize("effect", ["Allow", "Deny"])
def test_a_file_that_is_broken_on_both_sides(tmp_path: Path, effect: str) -> None:
    before, after = folder(tmp_path / "before", allow(RESET)), folder(tmp_path / "after", allow(RESET))
    for side, word in ((before, "Allow"), (after, effect)):
        (side / "help.json").write_text(
            f'{{"Version": "2012-10-17", "Statement": [{{"Effect": "{word}",,}}]}}'
        )
    comparison = compare(before, after, progress=False)
    assert {row.change for row in comparison.rows()} == {"cannot tell"}
    assert not comparison.complete


def test_an_organization_that_one_side_names_is_answered_on_both() -> None:
    before = estate(attached=(HELP,))
    new = Organization(
        f"arn:aws:workmail:eu-west-1:{ACCOUNT}:organization/m-new", "m-new", "eu-west-1", ACCOUNT
    )
    comparison = of(before, replace(before, organizations=(*before.organizations, new)))
    assert comparison.empty
    assert [o.id for o in comparison.new_organizations] == ["m-new"]
    assert "New WorkMail organizations, answered on both sides: m-new" in str(comparison)
    comparison = of(replace(before, organizations=(*before.organizations, new)), before)
    assert comparison.empty
    assert [o.id for o in comparison.gone_organizations] == ["m-new"]


def test_a_stand_in_is_no_change() -> None:
    before = estate(attached=(HELP,))
    arn = f"arn:aws:workmail:eu-west-1:{ACCOUNT}:organization/*"
    other = Organization(arn, "*", "eu-west-1", ACCOUNT, stand_in=True)
    comparison = of(replace(before, organizations=(*before.organizations, other)), before)
    assert comparison.empty
    assert comparison.gone_organizations == ()


def test_a_change_about_any_other_organization_has_a_witness() -> None:
    before = estate(attached=(HELP,))
    arn = f"arn:aws:workmail:eu-west-1:{ACCOUNT}:organization/*"
    other = Organization(arn, "*", "eu-west-1", ACCOUNT, stand_in=True)
    before = replace(before, organizations=(*before.organizations, other))
    comparison = of(before, before.with_policy("Help", document(allow("workmail:DeleteUser"))))
    (row,) = comparison.rows(action="DeleteUser", org=arn)
    witness = comparison.witness(row)
    assert witness is not None
    assert "*" not in witness.resource
    was, now = comparison.decide(witness)
    assert was is not None
    assert now is not None
    assert (was.allowed, now.allowed) == (False, True)


def test_tags_that_one_side_does_not_list_are_taken_from_the_other() -> None:
    tagged = policy("Tagged", allow(RESET, StringEquals={"aws:ResourceTag/Team": "red"}))
    known = estate(attached=(tagged,))
    unknown = replace(known, organizations=tuple(replace(o, tags=None) for o in known.organizations))
    comparison = of(unknown, known)
    assert comparison.empty
    assert any("does not list the tags of americas, europe" in note for note in comparison.notes)


@pytest.mark.parametrize("swapped", [False, True])
def test_an_aws_organization_that_one_side_describes(swapped: bool) -> None:
    full = policy("Full", allow("*"), kind=PolicyKind.SCP)
    inside = policy("Inside", allow(RESET, StringEquals={"aws:PrincipalOrgID": "o-abc1234567"}))
    bare, member = estate(attached=(inside,)), estate(attached=(inside,), scps=(full,))
    comparison = of(member, bare) if swapped else of(bare, member)
    assert comparison.empty
    assert any("describes no AWS organization" in note for note in comparison.notes)

"""Changed copies of an estate: everything that holds a policy follows, and nothing else."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

import wmiam
from wmiam.errors import AmbiguousNameError, PolicyError, UnknownNameError
from wmiam.estate.change import (
    find_policy,
    policies_by_key,
    with_policy,
    without_attachment,
    without_membership,
    without_statement,
)
from wmiam.estate.model import PolicyKind

sys.path.insert(0, str(Path(__file__).parents[1] / "compare"))

from compared_estates import ACCOUNT, ANA, FULL, OPS, allow, deny, document, estate, policy

RESET = "workmail:ResetPassword"
HELP = policy("Help", allow(RESET, sid="Reset"), deny("workmail:DeleteUser"))
OWN = policy("Own", allow(RESET), kind=PolicyKind.INLINE, owner=ANA)
DATA = Path(__file__).parents[2] / "data"
EMPTY = document()


def test_everything_that_holds_a_policy_follows() -> None:
    before = estate(attached=(HELP, OWN), grouped=(HELP,), role=(HELP,), boundary=HELP)
    after = before.with_policy("Help", EMPTY)
    (new,) = [p for p in after.policies if p.name == "Help"]
    ops, root, ana = after.principals
    assert new.document is not None
    assert new.document.statements == ()
    assert ops.attached == (new,)
    assert ana.attached == (new, OWN)
    assert ana.boundary is new
    assert after.groups[0].attached == (new,)
    assert ana.groups == after.groups
    # The estate given stays as it is, and so does what does not hold the policy.
    assert before.principals[2].attached == (HELP, OWN)
    assert root is before.principals[1]


def test_a_service_control_policy_follows_at_every_level() -> None:
    before = estate(scps=(FULL,))
    after = with_policy(before, "Full", EMPTY)
    assert after.aws_organization is not None
    found = {p for t in after.aws_organization.targets.values() for p in t.scps}
    assert len(found) == 1
    assert FULL not in found


@pytest.mark.parametrize("name", [f"{ANA}/Own", "Own", "own", OWN.key])
def test_an_inline_policy_by_owner_and_name(name: str) -> None:
    after = with_policy(estate(attached=(OWN,)), name, EMPTY)
    (new,) = after.principals[2].attached
    assert new.document is not None
    assert (new.document.statements, new.owner, new.kind) == ((), ANA, PolicyKind.INLINE)


def test_a_trust_policy() -> None:
    principal = {"AWS": f"arn:aws:iam::{ACCOUNT}:user/ana"}
    statement = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}
    after = with_policy(estate(), f"{OPS}/trust policy", document(statement))
    assert after.principals[0].trust is not None
    assert after.principals[0].trust.document is not None
    (read,) = after.principals[0].trust.document.statements
    assert read.principal is not None


def test_names_that_name_nothing_or_too_much() -> None:
    twice = estate(attached=(OWN,), role=(policy("Own", kind=PolicyKind.INLINE, owner=OPS),), grouped=(HELP,))
    with pytest.raises(AmbiguousNameError) as several:
        find_policy(twice, "Own")
    assert set(several.value.candidates) == {f"{ANA}/inline/Own", f"{OPS}/inline/Own"}
    for candidate in several.value.candidates:
        assert find_policy(twice, candidate).name == "Own"
    with pytest.raises(UnknownNameError) as none:
        find_policy(twice, "Hellp")
    assert none.value.candidates[0] == "Help"


@pytest.mark.parametrize(
    ("bad", "pointer"),
    [
        ({"Version": "2012-10-17"}, ""),
        (document({"Effect": "Allow", "Action": RESET, "Resourse": "*"}), "/Statement/0"),
        (document(allow(RESET, StringSortOf={"aws:Foo": "x"})), "/Statement/0/Condition/StringSortOf"),
    ],
)
def test_a_document_that_cannot_be_read_is_an_error(bad: dict[str, object], pointer: str) -> None:
    with pytest.raises(PolicyError) as caught:
        estate(grouped=(HELP,)).with_policy("Help", bad)
    assert caught.value.pointer.startswith(pointer)


def test_a_statement_by_sid_and_by_index() -> None:
    before = estate(grouped=(HELP,))
    for which in ("Reset", 0, "0"):
        after = without_statement(before, "Help", which)
        (new,) = after.policies
        assert new.document is not None
        assert [s.index for s in new.document.statements] == [1]
    with pytest.raises(UnknownNameError) as caught:
        without_statement(before, "Help", "Rest")
    assert caught.value.candidates == ("Reset", "1")
    with pytest.raises(UnknownNameError):
        without_statement(before, "Help", 2)


def test_what_was_reported_of_the_old_document_is_settled(tmp_path: Path) -> None:
    (tmp_path / "help.json").write_text('{"Statement": [{"Effect": "Alow", "Action": "*", "Resource": "*"}]}')
    (tmp_path / "wmiam.yaml").write_text(
        f"wmiam-manifest: 1\nprincipals: [{{arn: '{ANA}', policies: [help.json]}}]\n"
    )
    before = wmiam.load(tmp_path)
    assert not before.complete
    assert before.with_policy("help", document(allow(RESET))).complete
    assert without_statement(before, "help", 0).complete


def test_a_document_is_read_changed_and_given_back(tmp_path: Path) -> None:
    (tmp_path / "help.json").write_text(json.dumps(document(allow(RESET), allow("s3:ListAllMyBuckets"))))
    (tmp_path / "wmiam.yaml").write_text(
        f"wmiam-manifest: 1\nprincipals: [{{arn: '{ANA}', policies: [help.json]}}]\n"
    )
    before = wmiam.load(tmp_path)
    changed = before.policy_document("help")
    assert changed == document(allow(RESET), allow("s3:ListAllMyBuckets"))
    changed["Statement"].pop(0)
    assert before.with_policy("help", changed).policy_document("help") == document(
        allow("s3:ListAllMyBuckets")
    )
    assert len(before.policy_document("help")["Statement"]) == 2
    # Of a policy that comes from no file it is what was understood.
    assert estate(grouped=(HELP,)).policy_document(HELP)["Statement"][0]["Sid"] == "Reset"


def test_a_document_that_was_not_read_cannot_be_changed(tmp_path: Path) -> None:
    (tmp_path / "help.json").write_text('{"Statement": [{"Effect": "Alow", "Action": "*", "Resource": "*"}]}')
    (tmp_path / "wmiam.yaml").write_text(
        f"wmiam-manifest: 1\nprincipals: [{{arn: '{ANA}', policies: [help.json]}}]\n"
    )
    with pytest.raises(PolicyError, match=r"help\.json could not be read in full"):
        wmiam.load(tmp_path).policy_document("help")


def test_keys_of_the_sample_estate_are_unambiguous() -> None:
    acme = wmiam.load(DATA / "acme")
    found = policies_by_key(acme)
    held = {p.key for principal in acme.principals for p, _ in principal.identity_policies}
    assert held <= found.keys()
    for key in found:
        assert find_policy(acme, key).key == key


def test_one_holder_loses_a_policy_and_the_others_keep_it() -> None:
    before = estate(attached=(HELP, OWN), grouped=(HELP,), role=(HELP,), boundary=HELP)
    after = without_attachment(before, ANA, "Help")
    ops, _, ana = after.principals
    assert ana.attached == (OWN,)
    assert ana.boundary is HELP
    assert ops.attached == (HELP,)
    assert after.groups == before.groups
    group = before.groups[0]
    less = without_attachment(before, group.arn, HELP)
    assert less.groups[0].attached == ()
    assert less.principals[2].groups == less.groups
    assert less.principals[2].attached == (HELP, OWN)
    with pytest.raises(UnknownNameError, match="Ops"):
        without_attachment(before, f"arn:aws:iam::{ACCOUNT}:role/Opz", HELP)


def test_a_user_leaves_a_group() -> None:
    before = estate(grouped=(HELP,))
    group = before.groups[0]
    after = without_membership(before, ANA, group.name)
    assert after.principals[2].groups == ()
    assert after.groups == before.groups
    with pytest.raises(UnknownNameError):
        without_membership(after, ANA, group.arn)
    with pytest.raises(UnknownNameError):
        without_membership(before, f"{ANA}a", group.arn)

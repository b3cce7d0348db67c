"""What could not be read is told once, and hides nothing that is known."""

from __future__ import annotations

from dataclasses import replace

from mail_estate import allow, deny, estate, findings, names, only, policy, role, trusts, user

from wmiam.estate.model import Policy

RESET = "workmail:ResetPassword"


def unread(name: str = "Lost") -> Policy:
    """Return a managed policy whose document is missing."""
    return replace(policy(name), document=None, problem="no file holds its document")


def test_what_an_unread_policy_may_give_is_one_finding() -> None:
    people = [user(name, unread()) for name in ("ana", "bob", "carla")]
    found = estate(*people, user("mail", policy("Mail", allow(RESET))))
    assert not findings(found, "escalation")
    assert names(only(found, "unread-policy")) == ["ana", "bob", "carla"]


def test_an_unread_policy_does_not_hide_an_escalation() -> None:
    keys = policy("Keys", allow("iam:CreateAccessKey"))
    found = estate(user("ana", keys, unread()), user("mail", policy("Mail", allow(RESET))))
    finding = only(found, "escalation")
    assert names(finding) == ["ana"]
    assert finding.severity == "medium"  # the unread policy may deny it
    assert "ana may become mail (iam-create-access-key)" in finding.summary


def test_whom_an_unread_policy_may_let_do_harm_is_no_reason_to_become_it() -> None:
    keys = policy("Keys", allow("iam:CreateAccessKey"))
    found = estate(user("ana", keys), user("other", unread()))
    assert not findings(found, "escalation")


def test_an_unread_boundary_makes_an_escalation_conditional() -> None:
    keys = policy("Keys", allow("iam:CreateAccessKey"), deny("iam:CreateAccessKey", resource="*/ana"))
    found = estate(user("ana", keys, boundary=unread()), user("mail", policy("Mail", allow(RESET))))
    finding = only(found, "escalation")
    assert finding.severity == "medium"
    assert "if policy Lost, which cannot be read, allows it" in finding.evidence.details[0]


def test_a_mend_is_not_held_against_what_may_be() -> None:
    keys = policy("Keys", allow("iam:PutUserPolicy"))
    worker = role("worker", policy("Mail", allow(RESET)), trust=trusts({"Service": "lambda.amazonaws.com"}))
    finding = only(estate(user("ana", keys, unread()), worker), "escalation")
    assert finding.mend.check is not None
    assert finding.mend.check.adds_nothing

"""Reviewing a change, leaving WorkMail, the whole AWS organization: prose against what the cells find."""

from __future__ import annotations

import pytest
from notebook_runs import FOLDER, Run, run_on_sample

REVIEW = FOLDER / "06-review-a-change.ipynb"


@pytest.fixture(scope="module")
def review(tmp_path_factory: pytest.TempPathFactory) -> Run:
    facts = {
        "changes-intro": "[len(comparison.people()[0]), sum(comparison.counts().values())]",
        "losing": "len(comparison.people()[1])",
        "causes": "len(comparison.causes())",
        "meant-intro": "[(by_action['meant'] == word).sum() for word in ('yes', 'no')]",
        "organizations": "sorted(set(changes['organization']))",
        "new": "sorted(counts.index[counts['after'] > counts['before']])",
        "worst": "[worst.action, labels[worst.organization], request.keys, *decisions]",
        "gates-intro": "[len(gated.failures.of(gates[0]))]",
        "with-mfa": "[len(gates), len(gated.failures.of(gates[1]))]",
        "draft-intro": "[sum(passing.counts().values())]",
        "granted": "sorted(set(passing.frame()['action'])) == sorted(meant)",
        "still": "len(passing.failures)",
        "pattern": "draft.policy_document('help-desk')['Statement'][3]['Action']",
    }
    return run_on_sample(REVIEW, tmp_path_factory.mktemp("review"), facts)


def test_the_review_says_what_the_change_does(review: Run) -> None:
    facts = review.facts
    for cell_id in ("changes-intro", "meant-intro", "gates-intro", "draft-intro"):
        assert review.numbers(cell_id) == facts[cell_id]
    assert (facts["losing"], facts["causes"]) == (0, 1)
    assert facts["organizations"] == ["acme-europe", "acme-executives"]
    # What the prose about the capabilities lists.
    assert facts["new"] == ["Blind the monitoring", "Read mail", "Send as others", "Weaken controls"]


def test_the_review_proves_it_by_a_request(review: Run) -> None:
    assert review.facts["worst"] == [
        "workmail:PutMailboxPermissions",
        "acme-executives",
        "with aws:MultiFactorAuthPresent = true",
        "ImplicitlyDenied",
        "Allowed",
    ]
    assert "workmail:Put*" in review.shown("diff")
    assert "LostPhones" in review.shown("why")


def test_the_review_offers_a_draft_that_passes(review: Run) -> None:
    facts = review.facts
    assert facts["with-mfa"] == [2, 0]
    assert (facts["granted"], facts["still"]) == (True, 0)
    assert facts["pattern"] == [
        "workmail:DeleteMobileDeviceAccessOverride",
        "workmail:GetMobileDeviceAccessOverride",
        "workmail:ListMobileDeviceAccessOverrides",
        "workmail:PutMobileDeviceAccessOverride",
    ]
    answer = review.cell("answer").outputs[0]["data"]["text/markdown"]
    assert answer.startswith("Changes requested. Beside what was asked for, mateo.jackson, nikki.wolf")
    assert answer.count("\n- ") == facts["meant-intro"][1]
    assert answer.endswith("nothing but what was asked for is granted.")

"""Reviewing a change, leaving WorkMail, the whole AWS organization: prose against what the cells find."""

from __future__ import annotations

import pytest
from notebook_runs import FOLDER, Run, run_on_sample

REVIEW = FOLDER / "06-review-a-change.ipynb"
LEAVING = FOLDER / "07-leaving-workmail.ipynb"


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


@pytest.fixture(scope="module")
def leaving(tmp_path_factory: pytest.TempPathFactory) -> Run:
    facts = {
        "exporters-intro": "[len(starters), (starters['passes a role'] == 'yes').sum()]",
        "paulo.santos": "ways.loc[ways['name'] == 'paulo.santos', ['way', 'when']].values.tolist()",
        "stuck": "[o.label for o in stuck]",
        "missing": "pd.DataFrame(rows_by_account).set_index('account').loc['123456789012'].tolist()",
        "needs": "sorted({a for row in writes for a in row.get('allows', '').split(', ')})",
        "keys": "[row['when'] for row in writes if 'kms' in row['allows']]",
        "steps": "steps",
        "destroyers": "[sorted(set(cells.loc[~cells['action'].str.endswith('ExportJob'), 'name']))]",
        "destroy-intro": "[((cells['action'] == 'workmail:CancelMailboxExportJob') & (cells['organization'] =="
        " access.find_organizations('acme-europe')[0].arn)).sum()]",
        "guards": "{row['policy']: row['keeps back'] for row in guards}",
        "roots": "sum(arn.endswith(':root') for arn in wmiam.compare(estate,"
        " estate.with_policy('AcmeProtectWorkMail', EVERYTHING)).people()[0])",
        "after-intro": "[len(held), len(left)]",
        "ended": "sorted(people[arn].name for arn in held - left)",
        "policies-intro": "[(retiring['then'] == 'delete it').sum()]",
        "roles": "sorted(set(retired['role']))",
        "findings": "[f.rule for f in found]",
        "days": "(END - today).days",
    }
    # The sample is of this day; the notebook takes the day on which it is run.
    parameters = {"TODAY": "2026-11-24"}
    return run_on_sample(LEAVING, tmp_path_factory.mktemp("leaving"), facts, parameters=parameters)


def test_leaving_counts_who_can_export(leaving: Run) -> None:
    facts = leaving.facts
    assert leaving.numbers("exporters-intro") == facts["exporters-intro"]
    assert facts["paulo.santos"] == [["chain", "with MFA (to become AcmeMailExportOperator (444455556666))"]]
    assert facts["stuck"] == ["acme-factory", "acme-staging"]
    assert facts["missing"] == [2, 0, "", 0]
    assert "AcmeNoMailboxExport" in leaving.shown("stuck")
    assert facts["days"] == 127


def test_leaving_says_what_the_export_role_may_do(leaving: Run) -> None:
    assert leaving.facts["needs"] == [
        *("kms:Decrypt", "kms:GenerateDataKey"),
        *("s3:AbortMultipartUpload", "s3:GetBucketPolicyStatus", "s3:PutObject"),
    ]
    assert "s3.eu-west-1.amazonaws.com" in leaving.facts["keys"][0]
    steps = {step.split("**")[1]: step for step in leaving.facts["steps"]}
    assert list(steps)[:2] == leaving.facts["stuck"]
    assert "by AcmeMailExportOperator;" in steps["acme-europe"]
    assert "by AcmeMailExportOperator;" in steps["acme-americas"]
    assert steps["acme-executives"].endswith("by OrganizationAccountAccessRole; else AcmeBreakGlass")
    assert "nobody can export it" in leaving.facts["steps"][0]


def test_leaving_says_what_must_stay(leaving: Run) -> None:
    facts = leaving.facts
    assert facts["destroyers"] == [["AcmeBreakGlass"]]
    assert leaving.numbers("destroy-intro") == facts["destroy-intro"]
    assert leaving.numbers("guards-intro") == [facts["guards"]["AcmeProtectWorkMail"]]
    assert facts["roots"] == 1


def test_leaving_lists_what_can_go(leaving: Run) -> None:
    facts = leaving.facts
    for cell_id in ("after-intro", "policies-intro"):
        assert leaving.numbers(cell_id) == facts[cell_id]
    assert facts["ended"] == ["AcmeContractorMigration", "martha.rivera"]
    assert {"WorkMailMailboxExportRole", "AcmeMailTier2"} <= set(facts["roles"])
    # They also become others, run functions, or administer everything.
    assert not {"ServiceDeskTier2", "WorkMailMessageFlowLambda", "AcmeBreakGlass"} & set(facts["roles"])
    assert facts["findings"] == ["no-way-out", "left-after-end", "left-after-end"]

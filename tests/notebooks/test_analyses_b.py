"""Reviewing a change, leaving WorkMail, the whole AWS organization: prose against what the cells find."""

from __future__ import annotations

import pytest
from notebook_runs import FOLDER, Run, run_on_sample

REVIEW = FOLDER / "06-review-a-change.ipynb"
LEAVING = FOLDER / "07-leaving-workmail.ipynb"
WHOLE = FOLDER / "08-whole-organization.ipynb"


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
        "policies-intro": "[(retiring['then'] == 'delete').sum()]",
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


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Run:
    facts = {
        "load": "[(accounts['place'] != '').sum()]",
        "with-mail": "(accounts['WorkMail organizations'] > 0).sum()",
        "gaps": "gaps",
        "tree": "[graph.nodes[target]['label'] for _, target, _ in drawn]",
        "sandbox": "sorted(p.name for t in tree.targets.values() if t.name == 'Sandbox' for p in t.scps)",
        "stops": "dict(zip(stops['policy'], stops['would gain']))",
        "regions": "(lambda f: [sorted(set(f['change'])), sorted(set(f['organization']))])(wmiam.compare(estate,"
        " estate.with_policy('AcmeAllowedRegions', EVERYTHING)).frame())",
        "organizations-intro": "[len(held)]",
        "places": "[len({o.account for o in held}), len({o.region for o in held})]",
        "mail-accounts": "list(by_account.columns.get_level_values(0).unique())",
        "across-intro": "[len(across)]",
        "automation": "sorted(across.loc[across['role'] == 'AcmeMailAutomation', 'principal'])",
        "reach-intro": "[pd.crosstab(into['account'], into['mail in']).loc[a, '444455556666']"
        " for a in ('111122223333', '555566667777')]",
        "contractor": "'999999999999' in set(into['account'])",
        "between": "len(into[into['account'].isin(['123456789012', '444455556666'])"
        " & (into['account'] != into['mail in'])])",
        "service-desk": "[row.steps for row in access.who_reaches('take-over-mailbox').itertuples()"
        " if row.name == 'john.stiles' and any('444455556666' in o for o in row.organizations)]",
        "high": "{a: int((once.loc[once['account'] == a, 'severity'] == 'high').sum()) for a in set(once['account'])}",
        "joining": "[f.rule for f in findings.of(severity='high')"
        " if len({arn.split(':')[4] for arn in f.principals}) > 1]",
    }
    return run_on_sample(WHOLE, tmp_path_factory.mktemp("whole"), facts)


def test_the_whole_organization_knows_its_accounts(whole: Run) -> None:
    facts = whole.facts
    assert whole.numbers("load") == facts["load"]
    assert facts["with-mail"] == 2
    # The one account that the prose names is the one gap.
    assert [str(number) for number in whole.numbers("unknown-intro")] == ["999999999999"]
    assert facts["gaps"] == ["Account 999999999999 was not read."]
    assert {"AcmeProtectWorkMail", "AcmeSandboxServices"} <= set(facts["tree"])
    assert facts["sandbox"] == ["AcmeSandboxServices"]
    assert whole.numbers("organizations-intro") == facts["organizations-intro"]
    assert facts["places"] == [2, 3]


def test_the_whole_organization_says_what_each_control_policy_stops(whole: Run) -> None:
    stops = whole.facts["stops"]
    assert whole.numbers("stops-intro") == [stops["AcmeProtectWorkMail"], stops["AcmeAllowedRegions"]]
    assert stops["AcmeDenyRootUser"] == 1
    assert "FullAWSAccess" not in stops
    assert whole.facts["regions"] == [["widened"], ["*"]]


def test_the_whole_organization_shows_who_reaches_across(whole: Run) -> None:
    facts = whole.facts
    assert facts["mail-accounts"] == ["123456789012", "444455556666"]
    assert whole.numbers("across-intro") == facts["across-intro"]
    assert {"SandboxPipeline", "liu.jie"} <= set(facts["automation"])
    assert "AcmeMailAutomation" in whole.shown("across-picture")
    assert whole.numbers("reach-intro") == facts["reach-intro"]
    assert facts["contractor"] is True
    assert facts["between"] == 0
    assert any(steps.count("assumes ") == 2 for steps in facts["service-desk"])


def test_the_whole_organization_counts_findings(whole: Run) -> None:
    high = whole.facts["high"]
    assert high["444455556666"] > sum(high.values()) / 2
    assert high["111122223333"] == 0
    assert whole.facts["joining"] == ["trusts-other-account", "role-without-mfa"]

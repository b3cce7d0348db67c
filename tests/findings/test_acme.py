"""The mistakes that are planted in the sample estate, as its README tells them, are found, and little else."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest
from mail_estate import TODAY

import wmiam
from wmiam.findings import Findings

ACME = Path(__file__).resolve().parents[2] / "data" / "acme"

#: Number of the mistake: rule, principal, statement.
MISTAKES = {
    1: ("action-without-resource", "svc-mail-monitor", "AcmeMailMonitoring#WatchTheEuropeanOrganization"),
    2: ("open-condition", "svc-mail-sync", "SyncClientOnly#OnlyFromSyncClient"),
    3: ("open-condition", "jane.roe", "AcmeDenyWithoutMfa#DenyAllExceptMfaSetup"),
    4: ("dead-condition", "efua.owusu", "AcmeImpersonationExceptExecutives#NotExecutives"),
    5: ("dead-condition", "zhang.wei", "ResetInFactory#ResetPasswords"),
    6: ("not-action", "svc-mail-backup", "EverythingButDeletion#BackupWithoutDeletion"),
    7: ("dead-resource", "terry.whitlock", "OwnOrganization#QuotasInOwnOrganization"),
    8: ("action-without-resource", "svc-provisioning", "Provisioning#NoNewOrganizations"),
    9: ("unknown-action", "li.juan", "OnboardingPasswords#FirstPassword"),
    10: ("idle-statement", "richard.roe", "AcmeMailboxSupport#SupportStaging"),
    11: ("open-condition", "AcmeTeamOnboarding", "OnlyTeamTagged#OnlyWithTeamTag"),
    12: ("boundary-without-effect", "arnav.desai", "AcmeContractorBoundary#AllServices"),
    13: ("retag-around", "nikki.wolf", "TidyTags#KeepTagsTidy"),
    14: ("escalation", "AcmeDeployMail", "DeployMailFlow#PassTheRoles"),
    15: ("dead-resource", "xiulan.wang", "AllButExecutives#EverythingButExecutives"),
    16: ("dead-condition", "maria.garcia", "WorkTeams#TeamsThatBeginWithWork"),
    17: ("trusts-other-account", "liu.jie", "trust policy#SandboxPipeline"),
    18: ("escalation", "kwaku.mensah", "EditPoliciesOnly#EditPolicies"),
    19: ("dead-condition", "AcmeExecAssistantTool", "FromOurNetwork#AssistantsFromOurNetwork"),
}


@cache
def found() -> Findings:
    return wmiam.load(ACME).access().findings(today=TODAY)


@pytest.mark.parametrize("number", MISTAKES)
def test_mistake_is_found(number: int) -> None:
    rule, person, statement = MISTAKES[number]
    matching = [
        finding
        for finding in found().of(rule)
        if person in {arn.rpartition("/")[2] for arn in finding.principals}
        and statement in {s.name for s in finding.evidence.statements}
    ]
    assert len(matching) == 1
    assert matching[0].place


def test_nobody_exports_from_the_workplace_account() -> None:
    (finding,) = found().of("no-way-out")
    assert "acme-factory and acme-staging" in finding.summary


def test_who_exports_as_the_readme_says() -> None:
    (finding,) = (f for f in found().of("capability-exposure") if "can export mail" in f.summary)
    assert finding.evidence.details[0] == (
        "without condition: AcmeBreakGlass, AcmeCloudFormationExecution, AcmeMailExportOperator and "
        "OrganizationAccountAccessRole"
    )
    told = " ".join(finding.evidence.details)
    assert "paulo.santos: assumes AcmeMailExportOperator" in told
    assert "breakglass-1 and breakglass-2: assumes AcmeBreakGlass" in told
    assert "pass no role to it: AWSReservedSSO_MailAdministrator_3f9c1a7be5d24860, arnav.desai" in told


def test_every_mend_adds_nothing_and_is_rid_of_its_finding() -> None:
    estate = wmiam.load(ACME)
    for finding in found():
        check = finding.mend.check
        assert check is None or check.adds_nothing, finding
        assert (check is None) == bool(finding.mend.why_not), finding
        if check is not None:
            after = finding.mend.apply(estate).access().findings(rules=[finding.rule], today=TODAY)
            assert finding.summary not in {f.summary for f in after}
            assert finding.id not in {f.id for f in after}


def test_every_witness_is_allowed() -> None:
    access = wmiam.load(ACME).access()
    for finding in found():
        witness = finding.evidence.witness
        if witness is not None and witness.action.startswith("workmail:"):
            org = None if witness.resource == "*" else witness.resource
            assert not witness.depends
            assert access.cells(witness.principal, witness.action, org).shape[0] == 1


def test_few_and_each_with_a_reason_a_place_and_people() -> None:
    assert len(found()) < 70
    for finding in found():
        assert finding.reason.endswith(".")
        assert finding.summary.endswith(".")
        assert finding.principals or finding.rule == "no-way-out"
        assert finding.evidence.statements or finding.rule == "no-way-out"

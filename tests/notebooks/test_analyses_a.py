"""Executives' mail, one principal, conditions, chains: prose against what the cells find."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from notebook_runs import FOLDER, ROOT, Kernel, Run, kernel, run_on_sample

EXECUTIVES = FOLDER / "02-executives-mail.ipynb"
PRINCIPAL = FOLDER / "03-one-principal.ipynb"
CONDITIONS = FOLDER / "04-conditions.ipynb"
CHAINS = FOLDER / "05-chains.ipynb"


def check_numbers(run: Run, *cells: str) -> None:
    """Compare the numbers that prose prints in bold with the facts of the same name."""
    assert {cell: run.numbers(cell) for cell in cells} == {cell: run.facts[cell] for cell in cells}
    bold = {c.id for c in run.notebook.cells if c.cell_type == "markdown" and run.numbers(c.id)}
    assert bold == set(cells)


@pytest.fixture(scope="module")
def executives(tmp_path_factory: pytest.TempPathFactory) -> Run:
    by_door = "shortest[shortest['capability'] == {!r}]"
    reading, exporting = by_door.format("read-mail"), by_door.format("export-mail")
    facts = {
        "where-intro": "[readers[org]]",
        "ways-intro": f"[({reading}['way'] == 'direct').sum(), len({reading})]",
        "impersonation-intro": "[sum((row == '●').all() for _, row in assumed.iterrows())]",
        "reset-intro": "[resets['principal'].nunique()]",
        "export-intro": "[(exports['way'] == 'direct').sum()]",
        "mfa-intro": "[len(by_case['session without MFA'])]",
        "after-intro": f"[len({reading}), len(remaining)]",
        "organization": "access.labels[org]",
        "doors": "doors.rename(index=access.labels, columns=DOORS).T.to_dict()",
        "either": "[name for name, when in assumed.index[(assumed == '●').all(axis=1)]]",
        "one": "[list(index) for index in assumed.index[(assumed != '●').any(axis=1)]]",
        "resets": "sorted(resets['name'])",
        "exporters": f"sorted({exporting}.loc[exports['way'] == 'direct', 'name'])",
        "steps": "chained.set_index('name')['steps'].groupby('name').first().to_dict()",
        "alone": "alone['name'].tolist()",
        "taggers": "taggers['name'].tolist()",
        "gaining": "len(comparison.people()[0])",
        "left": "remaining.set_index('name')[['way', 'when']].groupby('name').first().T.to_dict('list')",
        "numbers": "[list(row) for row in numbers]",
    }
    return run_on_sample(EXECUTIVES, tmp_path_factory.mktemp("executives"), facts)


def test_executives_numbers_are_what_the_cells_find(executives: Run) -> None:
    check_numbers(
        executives,
        "where-intro",
        "ways-intro",
        "impersonation-intro",
        "reset-intro",
        "export-intro",
        "mfa-intro",
        "after-intro",
    )
    assert executives.facts["organization"] == "acme-executives"


def test_executives_names_are_where_the_prose_sees_them(executives: Run) -> None:
    facts = executives.facts
    assert facts["doors"]["efua.owusu"]["impersonate"] == "●"
    assert list(facts["doors"]["efua.owusu"].values()).count("·") == 5
    for name in ("arnav.desai", "svc-mail-backup", "xiulan.wang"):
        assert list(facts["doors"][name].values()).count("●") >= 5
    assert len(set(facts["either"]) & set(facts["resets"])) > len(facts["either"]) / 2
    assert facts["one"] == [["AcmeExecAssistantTool", "from 10.0.0.0/8"]]
    assert not {"mateo.jackson", "nikki.wolf"} & set(facts["resets"])
    assert facts["exporters"] == [
        "AcmeBreakGlass",
        "AcmeCloudFormationExecution",
        "OrganizationAccountAccessRole",
    ]
    assert facts["steps"]["liu.jie"].startswith("assumes AcmeMailAutomation")
    assert "iam-put-user-policy" in facts["steps"]["kwaku.mensah"]
    assert facts["alone"] == ["jane.roe"]
    assert "nikki.wolf" in facts["taggers"]
    assert "AcmeTagSteward" not in facts["taggers"]


def test_the_proposed_changes_add_nothing_and_leave_what_the_prose_says(executives: Run) -> None:
    facts = executives.facts
    assert facts["gaining"] == 0
    assert all(today > later for _, today, later in facts["numbers"])
    assert facts["left"]["efua.owusu"][1].startswith("workmail:ImpersonationRoleId is not one of")
    way, when = facts["left"]["svc-mail-backup"]
    assert (way, when.partition(" (")[0]) == ("escalation", "if a CloudFormation stack has the role")
    assert "xiulan.wang" not in facts["left"]
    shown = executives.shown("changes")
    assert "AllButExecutives#EverythingButExecutives" in shown
    assert "TidyTags#KeepTagsTidy" in shown
    assert "6 principals lose access" in executives.shown("check")
    assert "Who becomes somebody that reads this mail" in executives.shown("picture")


@pytest.fixture(scope="module")
def principal(tmp_path_factory: pytest.TempPathFactory) -> Run:
    facts = {
        "holds-intro": "[len(subject.identity_policies), held['by'].str.startswith('SCP').groupby(held['by']).any().sum()]",
        "into-intro": "[admitted['who'].nunique()]",
        "subject": "subject.name",
        "boundary": "subject.boundary is None",
        "groups": "[group.name for group in subject.groups]",
        "effects": "held.loc[held['by'] == 'group EDiscovery', 'effect'].tolist()",
        "write": "by_level.loc['Write'].replace('', float('nan')).dropna().to_dict()",
        "offices": "bool(whens['when'].str.contains('203.0.113.0/24').all())",
        "grave": "[action, access.labels[where]]",
        "elsewhere": "access.labels[others['organization'].iloc[0]]",
        "becomes": "[[access.labels[r.principal], r.path.when, len(r.gained)] for r in reach[1:]]",
        "operator": "access.condition('AcmeMailExportOperator', 'StartMailboxExportJob', 'acme-europe').always",
        "into": "sorted({access.labels[who] for who in admitted['who']})",
        "spare": "len(spare)",
        "richard": "access.redundant('richard.roe')['kind'].value_counts().to_dict()",
    }
    return run_on_sample(PRINCIPAL, tmp_path_factory.mktemp("principal"), facts)


def test_the_principal_is_as_the_prose_says(principal: Run) -> None:
    check_numbers(principal, "holds-intro", "into-intro")
    facts = principal.facts
    assert (facts["subject"], facts["boundary"], facts["groups"]) == ("paulo.santos", True, ["EDiscovery"])
    assert sorted(facts["effects"]) == ["Allow", "Allow", "Deny"]
    assert facts["write"] == {"acme-europe": "1 ◐"}
    assert facts["offices"] is True
    assert facts["grave"] == ["workmail:AssumeImpersonationRole", "acme-europe"]
    assert facts["elsewhere"] == "acme-executives"
    assert facts["becomes"] == [["AcmeMailExportOperator", "with MFA", 2]]
    assert facts["operator"] is True
    assert [name for name in facts["into"] if "." in name] == ["kwaku.mensah"]
    assert facts["spare"] == 0
    assert facts["richard"]["statement"] == 2


def test_the_principal_is_shown_from_all_sides(principal: Run) -> None:
    assert "OfficeNetworksOnly" in principal.shown("holds")
    assert {"paulo.santos", "EDiscovery", "AcmeDenyRootUser"} <= set(
        principal.shown("picture").replace("<", " ").replace(">", " ").split()
    )
    why = principal.shown("why")
    assert all(
        word in why for word in ("acme-europe", "DenyOutsideOffices", "8e4b1d72-6c05-4a93-b2f7-0c9d3e5a7b61")
    )
    assert "its resources are others" in principal.shown("why-not")
    assert "assumes AcmeMailExportOperator (444455556666)" in principal.shown("steps")
    assert "2 of them by chains alone" in principal.shown("radius")
    assert "Everything that it holds makes a difference." in principal.shown("spare")
    assert "Exact: it allows what all policies together allow" in principal.shown("policy")


@pytest.fixture(scope="module")
def conditions(tmp_path_factory: pytest.TempPathFactory) -> Run:
    facts = {
        "which-intro": "[here['when'].nunique()]",
        "given-intro": "[len(now), tried.loc[(tried['key'] == 'MFA') & (tried['value'] == 'no'), 'no longer'].nunique()]",
        "region-intro": "[sum(text.startswith('in ') for text in listing)]",
        "tags-intro": "[moved['name'].nunique()]",
        "never-intro": "[len(suspicious)]",
        "which": "[action, access.labels[where], len(here)]",
        "name": "name",
        "statements": "len(conditions[name].to_statements())",
        "jane": "conditions['jane.roe'].to_policy()",
        "gaps": "gaps.values.tolist()",
        "gone": "[[key, value, gone] for key, value, gone in tried[['key', 'value', 'no longer']].values.tolist()]",
        "bound": "sorted(set(missing['in us-east-1']))",
        "elsewhere": "[access.labels[arn] for text, who in listing.items() if text.startswith('not') for arn in who]",
        "tags": "sorted(set(moved['name']))",
        "dead": "[cell['name'], access.labels[cell['organization']]]",
        "left": "sorted(left['name'])",
    }
    return run_on_sample(CONDITIONS, tmp_path_factory.mktemp("conditions"), facts)


def test_the_conditions_are_as_the_prose_says(conditions: Run) -> None:
    check_numbers(conditions, "which-intro", "given-intro", "region-intro", "tags-intro", "never-intro")
    facts = conditions.facts
    assert facts["which"] == ["workmail:AssumeImpersonationRole", "acme-europe", 5]
    assert (facts["name"], facts["statements"]) == ("paulo.santos", 2)
    assert facts["jane"] == {"BoolIfExists": {"aws:MultiFactorAuthPresent": ["true"]}}
    assert [gap[:2] for gap in facts["gaps"]] == [["mary.major", "jane.roe"]]
    assert "without TLS" in facts["gaps"][0][2]
    assert facts["dead"] == ["efua.owusu", "acme-executives"]
    assert facts["tags"] == ["kwesi.manu", "maria.garcia", "mateo.jackson", "nikki.wolf", "shirley.rodriguez"]


def test_what_if_stops_those_whom_the_prose_names(conditions: Run) -> None:
    facts = conditions.facts
    gone = {(key, value): names for key, value, names in facts["gone"]}
    assert gone["MFA", "no"] == gone["TLS", "no"] == "mary.major"
    late = next(names for (key, value), names in gone.items() if "after 2027-01-31" in value)
    assert late == "AcmeContractorMigration, martha.rivera"
    assert not [key for key, _ in gone if key in ("Source address", "Region")]
    assert facts["bound"] == ["john.stiles", "jorge.souza"]
    assert "AcmeBreakGlass" in facts["elsewhere"]
    assert len(facts["elsewhere"]) == 3
    assert "mary.major" not in facts["left"]


def test_conditions_show_what_is_dead_and_what_is_unknown(conditions: Run) -> None:
    assert "no request is known to carry such a key" in conditions.shown("never")
    assert "never carry workmail:ImpersonationRole" in conditions.shown("dead")
    unknown = conditions.shown("unknown")
    assert "policy-not-in-input" in unknown
    assert "which cannot be read" in unknown
    assert "aws:MultiFactorAuthPresent" in conditions.shown("explore")


@pytest.fixture(scope="module")
def chains(tmp_path_factory: pytest.TempPathFactory) -> Run:
    facts = {
        "roles-intro": "[len(edges), (edges['when'] != '').sum()]",
        "reach-intro": "[len(reaches), (reaches['way'] == 'direct').sum()]",
        "escalations-intro": "[len(more), len(odd)]",
        "choke-intro": "points.loc[points['name'].str.contains('AcmeMailAutomation.*#SandboxPipeline'), 'cuts'].tolist()",
        "organization": "access.labels[org]",
        "source": "access.labels[source]",
        "steps": "[[step.title, len(step.conditions)] for step in paths[0].steps]",
        "left": "len(left)",
        "odd": "sorted(odd)",
        "edge": "[access.labels[edge.source], edge.method]",
        "most": "points['name'].iloc[0]",
        "deploy": "outside.set_index('name').loc['token.actions.githubusercontent.com', 'when']",
        "through": "sorted(reaches.loc[reaches['steps'].str.contains('AcmeMailAutomation'), 'name'])",
        "worth": "worth.set_index(worth['role'].map(access.labels)).loc['ServiceDeskTier2'].tolist()[1:]",
    }
    # Those who were not given everything: by no policy of their own and by none of their groups.
    odd = (
        "{access.labels[arn] for arn in more if not any(policy.name == 'AdministratorAccess'"
        " for policy, _ in access.find_principal(arn).identity_policies)}"
    )
    facts = {name: text.replace("odd", odd) for name, text in facts.items()}
    return run_on_sample(CHAINS, tmp_path_factory.mktemp("chains"), facts)


def test_the_chains_are_as_the_prose_says(chains: Run) -> None:
    check_numbers(chains, "roles-intro", "reach-intro", "escalations-intro", "choke-intro")
    facts = chains.facts
    assert (facts["organization"], facts["source"]) == ("acme-europe", "jorge.souza")
    assert facts["steps"] == [
        ["assumes ServiceDeskTier2 (123456789012)", 1],
        ["assumes AcmeMailTier2 (444455556666)", 0],
        ["has take-over-mailbox", 0],
    ]
    assert facts["left"] == 0
    assert facts["odd"] == [
        "AWSReservedSSO_PowerUserAccess_7d02e8b94c1f5a63",
        "AcmeDeployMail",
        "kwaku.mensah",
        "svc-mail-backup",
    ]
    assert facts["edge"] == ["kwaku.mensah", "iam-put-user-policy"]
    assert facts["most"] == "AdministratorAccess#0"
    assert "ref:refs/heads/main" in facts["deploy"]
    assert facts["through"] == [
        "OrganizationAccountAccessRole",
        "SandboxPipeline",
        "codebuild.amazonaws.com",
        "liu.jie",
    ]
    assert facts["worth"] == [9, 6, 1, 0]


def test_the_chains_are_shown(chains: Run) -> None:
    assert "assumes AcmeMailTier2 (444455556666)" in chains.shown("one")
    assert "aws:MultiFactorAuthPresent = true" in chains.shown("evidence")
    assert "Without MFA there is no such chain." in chains.shown("mfa")
    assert "EditPoliciesOnly#EditPolicies (iam/444455556666/" in chains.shown("escalation")
    assert "How somebody comes to take-over-mailbox" in chains.shown("picture")


@pytest.fixture(scope="module")
def shared() -> Iterator[Kernel]:
    with kernel() as running:
        yield running


ONE_ACCOUNT = str(ROOT / "data" / "acme" / "iam" / "123456789012" / "authorization-details.json")
REVIEWED = str(ROOT / "data" / "review" / "before")
SAMPLE = str(ROOT / "data" / "acme")


@pytest.mark.parametrize(
    ("path", "parameters", "cell", "says"),
    [
        (EXECUTIVES, {"DATA": ONE_ACCOUNT}, "where", "any other organization in"),
        (EXECUTIVES, {"DATA": REVIEWED}, "impersonation", "No file lists an impersonation role"),
        (EXECUTIVES, {"DATA": SAMPLE, "ORGANIZATION": "acme-factory"}, "reset", "svc-provisioning"),
        (PRINCIPAL, {"DATA": SAMPLE, "PRINCIPAL": "zhang.wei"}, "may", "It is allowed nothing on WorkMail"),
        (PRINCIPAL, {"DATA": SAMPLE, "PRINCIPAL": "richard.roe"}, "spare", "SupportStaging"),
        (PRINCIPAL, {"DATA": SAMPLE, "PRINCIPAL": "AcmeMailAutomation"}, "into", "SandboxPipeline"),
        (PRINCIPAL, {"DATA": SAMPLE, "PRINCIPAL": "diego.ramirez"}, "holds", "permissions boundary"),
        (CONDITIONS, {"DATA": ONE_ACCOUNT}, "tags", "No policy here asks for a tag"),
        (CONDITIONS, {"DATA": SAMPLE, "ACTION": "ResetPassword"}, "compare", "mateo.jackson"),
        (CHAINS, {"DATA": REVIEWED}, "one", "There is no chain to take apart."),
        (
            CHAINS,
            {"DATA": SAMPLE, "SOURCE": "kwaku.mensah", "CAPABILITY": "read-mail"},
            "one",
            "iam-put-user-policy",
        ),
    ],
)
def test_other_data_and_parameters_are_answered(
    shared: Kernel, path: Path, parameters: Mapping[str, str], cell: str, says: str, tmp_path: Path
) -> None:
    run = shared.run(path, tmp_path, parameters)
    assert run.stopped is None, "\n".join(run.stopped or [])
    assert says in run.shown(cell)

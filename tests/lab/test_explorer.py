"""The explorer as an object: what it shows is what the access answers, and its code gives the same."""

from __future__ import annotations

import base64
import gzip
import itertools
import json
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from explorer_views import CONTEXTS, MFA, VIEWS, one_user
from IPython.core.interactiveshell import InteractiveShell

import wmiam
from wmiam.access import Access
from wmiam.access.core import DECISIONS
from wmiam.engine.compile import ACTIONS
from wmiam.engine.diagrams import FALSE
from wmiam.errors import UnknownNameError, WmiamError
from wmiam.findings import Finding
from wmiam.lab import Explorer
from wmiam.lab.controls import context_controls
from wmiam.lab.module import module_script, module_style
from wmiam.lab.tally import Tally, capability_numbers
from wmiam.stored.matrix import matrix_payload

MATEO = "arn:aws:iam::444455556666:user/mateo.jackson"


@pytest.fixture
def explorer(acme: Access) -> Iterator[Explorer]:
    made = wmiam.explore(acme)
    yield made
    made.close()


def expected(
    access: Access, filters: dict[str, str], selection: dict[str, str], context: Any
) -> pd.DataFrame:
    """The frame that a view should have, by the plainest means: every cell, and masks."""
    decision = filters.get("decision", "")
    frame = access.given(context).cells(org=filters.get("organization"), denied=decision in ("all", "denied"))
    keep = pd.Series(True, index=frame.index)
    if decision in DECISIONS:
        keep &= frame["decision"] == decision
    if "account" in filters:
        keep &= frame["account"] == filters["account"]
    for word in filters.get("principals", "").lower().split():
        keep &= frame["principal"].str.lower().str.contains(word, regex=False)
    for word in filters.get("actions", "").lower().split():
        keep &= frame["action"].astype(str).str.lower().str.contains(word, regex=False)
    by_name = {action.full_name: action for action in access.catalog.actions}
    if "capability" in filters:
        keep &= (
            frame["action"].map(lambda name: filters["capability"] in by_name[name].capabilities).astype(bool)
        )
    if "level" in filters:
        keep &= frame["action"].map(lambda name: by_name[name].access_level == filters["level"]).astype(bool)
    if "principal" in selection:
        keep &= frame["name"] == selection["principal"]
    if "action" in selection:
        keep &= frame["action"] == f"workmail:{selection['action']}"
    if "severity" in filters:
        keep &= concerned(access, frame, access.findings().of(severity=filters["severity"]))
    if "finding" in selection:
        keep &= concerned(access, frame, [access.findings()[selection["finding"]]])
    return frame[keep].reset_index(drop=True)


def concerned(access: Access, frame: pd.DataFrame, findings: Iterable[Finding]) -> pd.Series[bool]:
    """Which rows findings are about, one box of cells after the other."""
    ours = {action.full_name for action in access.catalog.actions}
    found = pd.Series(False, index=frame.index)
    for finding in findings:
        own = pd.Series(True, index=frame.index)
        actions = [name for name in finding.actions if name in ours]
        if not (finding.principals or actions or finding.organizations):
            continue
        if finding.principals:
            own &= frame["principal"].isin(finding.principals)
        if actions:
            own &= frame["action"].isin(actions)
        if finding.organizations:
            own &= frame["organization"].isin([*finding.organizations, *(["*"] if actions else [])])
        found |= own
    return found


def plain(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.astype(str)


@pytest.mark.parametrize(("filters", "selection", "context"), VIEWS)
def test_the_frame_is_what_the_access_answers(
    acme: Access, explorer: Explorer, filters: dict[str, str], selection: dict[str, str], context: Any
) -> None:
    explorer.show({"filters": filters, "selection": selection, "context": context})
    pd.testing.assert_frame_equal(plain(explorer.frame), plain(expected(acme, filters, selection, context)))


@pytest.mark.parametrize(("filters", "selection", "context"), VIEWS)
def test_the_code_gives_the_frame(
    acme: Access, explorer: Explorer, filters: dict[str, str], selection: dict[str, str], context: Any
) -> None:
    explorer.show({"filters": filters, "selection": selection, "context": context})
    space: dict[str, Any] = {"access": acme}
    exec(explorer.code, space)  # noqa: S102 - the code that the explorer prints
    pd.testing.assert_frame_equal(space["frame"], explorer.frame)


@pytest.mark.parametrize(("filters", "selection", "context"), VIEWS)
def test_the_pages_of_the_table_are_the_frame(
    explorer: Explorer, filters: dict[str, str], selection: dict[str, str], context: Any
) -> None:
    explorer.show({"filters": filters, "selection": selection, "context": context})
    frame = explorer.frame
    sent: list[Any] = []
    explorer.send = sent.append  # type: ignore[method-assign]
    total = explorer._table["total"]
    for first in range(0, total, 333):
        explorer._asked(None, {"ask": "rows", "first": first, "count": 333, "number": 1}, [])
    rows = [row for message in sent for row in message["rows"]]
    assert len(rows) == total == len(frame)
    arns = [principal.arn for principal in explorer.access.principals]
    assert [arns[row[0]] for row in rows] == list(frame["principal"])
    assert [ACTIONS.names[row[1]] for row in rows] == list(frame["action"])
    assert [DECISIONS[row[2]] for row in rows] == list(frame["decision"])
    assert [row[4] for row in rows] == list(frame["when"])
    assert [row[5] for row in rows] == list(frame["through"])
    labels = {o.arn: o.label for o in explorer.access.organizations} | {"*": ""}
    assert [row[3] for row in rows] == [labels[arn] for arn in frame["organization"]]


@pytest.mark.parametrize("context", CONTEXTS)
@pytest.mark.parametrize("org", ["", "acme-europe"])
def test_a_cell_holds_the_decisions_of_its_rows(acme: Access, context: dict[str, Any], org: str) -> None:
    access = acme.given(context)
    arn = access.find_organizations(org)[0].arn if org else ""
    tally = Tally(access, arn)
    frame = access.cells(org=org or None, denied=True)
    wanted = np.zeros((len(access.principals), len(ACTIONS.names)), dtype=np.uint8)
    position = {p.arn: index for index, p in enumerate(access.principals)}
    for principal, action, decision in zip(
        frame["principal"], frame["action"], frame["decision"], strict=True
    ):
        wanted[position[principal], ACTIONS.index[action]] |= 1 << DECISIONS.index(decision)
    assert (tally.rows[tally.row_of] == wanted).all()


@pytest.mark.parametrize("context", CONTEXTS)
@pytest.mark.parametrize("org", ["", "acme-europe"])
def test_capabilities_are_counted_as_the_access_counts_them(
    acme: Access, context: dict[str, Any], org: str
) -> None:
    access = acme.given(context)
    arn = access.find_organizations(org)[0].arn if org else ""
    frame = access.capabilities().set_index(["capability", "organization"])
    for item in capability_numbers(access, arn):
        row = frame.loc[(item.name, arn)]
        assert (item.allowed, item.conditional) == (row.allowed, row.conditional)


def test_traits_can_be_observed_and_set_by_short_names(acme: Access, explorer: Explorer) -> None:
    seen: list[Any] = []
    explorer.observe(lambda change: seen.append((change["name"], change["new"])), ["selection", "context"])
    explorer.selection = {
        "principal": "mateo.jackson",
        "action": "resetpassword",
        "organization": "acme-europe",
    }
    europe = acme.find_organizations("acme-europe")[0].arn
    chosen = {"principal": MATEO, "action": "workmail:ResetPassword", "organization": europe}
    chosen |= {"finding": "", "target": ""}
    assert explorer.selection == chosen
    explorer.context = MFA
    assert seen == [("selection", chosen), ("context", MFA)]
    assert explorer._explanation["decision"] == "allowed"
    explorer.context = {"aws:MultiFactorAuthPresent": False}
    assert explorer._explanation["decision"] == "denied"
    assert explorer._explanation["place"] == europe


def test_the_explanation_is_of_the_most_permissive_organization(acme: Access, explorer: Explorer) -> None:
    explorer.selection = {"principal": "mateo.jackson", "action": "ResetPassword"}
    shown = explorer._explanation
    assert (shown["decision"], shown["when"], shown["where"]) == ("conditional", "with MFA", "acme-europe")
    assert [place["decision"] for place in shown["places"]] == ["conditional", "denied", "denied"]
    said = eval(shown["python"], {"access": acme})  # noqa: S307 - the line that the explorer prints
    assert (said.decision, said.when) == ("conditional", "with MFA")
    marked = [
        text for layer in shown["layers"] for s in layer["statements"] for text, mark in s["lines"] if mark
    ]
    assert any("MultiFactorAuthPresent" in text for text in marked)


def test_an_organization_of_another_account_is_explained_as_such(explorer: Explorer) -> None:
    explorer.filters = {"organization": "acme-europe", "decision": "denied"}
    explorer.selection = {"principal": "john.stiles", "action": "ResetPassword"}
    shown = explorer._explanation
    assert (shown["decision"], shown["where"]) == ("denied", "acme-europe")
    assert "in account 444455556666, the principal in 123456789012" in shown["reasons"][0]
    assert len(explorer.frame) == explorer._table["total"] == 1


def test_where_an_account_has_no_organization_nothing_is_explained(acme: Access, explorer: Explorer) -> None:
    alone = {p.account for p in acme.principals} - {o.account for o in acme.organizations}
    principal = next(p for p in acme.principals if p.account in alone)
    explorer.selection = {"principal": principal.arn, "action": "ResetPassword"}
    assert explorer._explanation == {
        "kind": "cell",
        "name": principal.name if not principal.arn.endswith(":root") else "root user",
        "arn": principal.arn,
        "action": "workmail:ResetPassword",
    }
    assert explorer.frame.empty


def test_the_graph_is_of_the_selected_principal(explorer: Explorer) -> None:
    assert explorer._graph == {}
    explorer.selection = {"principal": "john.stiles"}
    assert {"john.stiles", "ServiceDeskTier2", "AcmeMailTier2"} <= {
        b["label"] for b in explorer._graph["boxes"]
    }
    explorer.selection = {}
    assert explorer._graph == {}


@pytest.mark.parametrize(
    ("trait", "value"),
    [
        ("filters", {"acount": "444455556666"}),
        ("filters", {"capability": "export-mails"}),
        ("filters", {"decision": "maybe"}),
        ("filters", {"organization": "acme-nowhere"}),
        ("filters", {"severity": "grave"}),
        ("selection", {"finding": "retag-around-0000000000"}),
        ("selection", {"principal": "mateo.jackson", "target": "nobody.at.all"}),
        ("selection", {"principal": "mateo.jacksen"}),
        ("selection", {"who": "mateo.jackson"}),
        ("context", {"aws:MultiFactorAuthPresent": []}),
    ],
)
def test_what_is_not_known_is_refused_and_changes_nothing(explorer: Explorer, trait: str, value: Any) -> None:
    before = getattr(explorer, trait)
    with pytest.raises(WmiamError):
        setattr(explorer, trait, value)
    assert getattr(explorer, trait) == before


def test_a_misspelt_filter_is_told_what_there_is(explorer: Explorer) -> None:
    with pytest.raises(UnknownNameError, match="'acount'; near: principals, actions, account, "):
        explorer.filters = {"acount": ""}


def test_pins_bring_a_view_back(explorer: Explorer) -> None:
    explorer.show({"filters": {"capability": "export-mail"}, "context": MFA})
    frame = explorer.frame
    kept = explorer.pin("Exports with MFA")
    explorer.show({})
    explorer._asked(None, {"ask": "pin"}, [])
    assert [pinned["title"] for pinned in explorer.pins] == ["Exports with MFA", "View 2"]
    assert explorer.pins[1]["context"] == {}
    explorer.show(kept)
    pd.testing.assert_frame_equal(explorer.frame, frame)
    assert explorer.code == kept["code"]
    assert json.loads(json.dumps(explorer.pins)) == explorer.pins


def test_the_access_may_have_another_name_and_fixed_keys(acme: Access) -> None:
    with_mfa = acme.given(MFA)
    explorer = wmiam.explore(with_mfa, name="with_mfa")
    assert explorer.code == "frame = with_mfa.cells()"
    assert "aws:MultiFactorAuthPresent" not in [control["key"] for control in explorer._controls]
    explorer.context = {"aws:RequestedRegion": "eu-west-1"}
    space: dict[str, Any] = {"with_mfa": with_mfa}
    exec(explorer.code, space)  # noqa: S102 - the code that the explorer prints
    assert set(space["frame"]["decision"]) <= {"allowed", "conditional"}
    pd.testing.assert_frame_equal(space["frame"], explorer.frame)
    explorer.close()


def test_the_choices_of_a_key_are_all_that_can_be(acme: Access) -> None:
    """Together the choices leave no context out, and no two are the same."""
    space = acme.whole.space
    d, universe = space.diagrams, space.universe(temporary=True, long_term=True)
    controls = context_controls(acme)
    assert [control["key"] for control in controls[:2]] == [
        "aws:MultiFactorAuthPresent",
        "aws:SecureTransport",
    ]
    assert {control["key"].lower() for control in controls} == set(space.dimensions)
    for control in controls:
        sets = [
            d.both(universe, acme.given({control["key"]: value}).fixed.contexts)
            for value, _ in control["options"]
        ]
        assert d.any_of(sets) == universe, control["key"]
        assert FALSE not in sets, control["key"]
        if not space.dimensions[control["key"].lower()].multivalued:
            assert all(d.both(a, b) == FALSE for a, b in itertools.combinations(sets, 2)), control["key"]
        texts = [text for _, text in control["options"]]
        assert len(set(texts)) == len(texts)


def test_its_output_reads_without_kernel(explorer: Explorer) -> None:
    data, _ = explorer._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in data
    assert "Take over a mailbox" in data["text/html"]
    bundle = data["application/vnd.wmiam+json"]
    assert (bundle["version"], bundle["kind"]) == (1, "access")
    assert bundle["options"]["filters"] == explorer.filters
    value = json.loads(gzip.decompress(base64.b64decode(bundle["data"])))
    assert len(value["access"]["principals"]) == len(explorer.access.principals)
    assert json.dumps(value["access"]) == json.dumps(matrix_payload(explorer.access))


def test_no_text_from_an_estate_is_hidden_or_markup(hostile: Access) -> None:
    explorer = wmiam.explore(hostile)
    explorer.selection = {"principal": MATEO, "action": "ResetPassword"}
    told = json.dumps([explorer._explanation, explorer._graph, explorer._controls], ensure_ascii=False)
    names = gzip.decompress(explorer._names).decode()
    assert "\u202e" not in told + names
    assert "⟨U+202E⟩" in names
    html = explorer._repr_mimebundle_()[0]["text/html"]
    assert "<script>window" not in html
    assert "<img" not in html
    explorer.close()


def test_the_script_sets_text_as_text_and_asks_no_network() -> None:
    script = module_script()
    for word in (
        "innerHTML",
        "outerHTML",
        "insertAdjacentHTML",
        "eval(",
        "fetch(",
        "import(",
        "document.write",
    ):
        assert word not in script
    assert [line for line in script.splitlines() if "http" in line] == [
        'const SVG = "http://www.w3.org/2000/svg";'
    ]
    assert "url(" not in module_style()


def test_the_module_can_be_written_in_one_piece(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "wmiam.lab", str(tmp_path)]
    result = subprocess.run(command, capture_output=True, text=True, check=True)
    assert result.stderr == ""
    assert (tmp_path / "wmiam-lab.mjs").read_text(encoding="utf-8") == module_script()
    assert (tmp_path / "wmiam-lab.css").read_text(encoding="utf-8") == module_style()


def test_an_error_in_a_notebook_is_one_line_and_its_traceback_is_kept(
    capsys: pytest.CaptureFixture[str],
) -> None:
    shell = InteractiveShell.instance()
    try:
        shell.run_cell("import wmiam\nwmiam.load('no/such/folder')")
        assert capsys.readouterr().out == "InputError: no/such/folder: there is no such file or folder\n"
        shell.run_cell("%tb")
        told = capsys.readouterr().out
        assert told.startswith("Traceback (most recent call last):")
        assert "wmiam.load('no/such/folder')" in told
    finally:
        InteractiveShell.clear_instance()


ERRORS = {
    "access.findings(rules=['retag-arround'])": "UnknownNameError: no rule is called 'retag-arround'",
    "access.findings().of(severity='grave')": "UnknownNameError: no severity is called 'grave'",
    "access.findings()['retag-around-0']": "UnknownNameError: no finding is called 'retag-around-0'",
    "access.findings(suppress='no/such.toml')": "InputError: no/such.toml: ",
    "access.paths('john.stilles', 'read-mail')": "UnknownNameError: no principal is called 'john.stilles'",
    "access.paths('john.stiles', 'reed-mail')": "UnknownNameError: no principal is called 'reed-mail'",
    "access.reach('john.stilles')": "UnknownNameError: no principal is called 'john.stilles'",
    "access.who_reaches('reed-mail')": "UnknownNameError: no capability is called 'reed-mail'",
    "access.choke_points('read-mail', 'acme-nowhere')": "UnknownNameError: no organization is called 'acme-nowhere'",
    "access.blast_radius('john.stiles', leaked=True)": "RequestError: ",
    "wmiam.compare('no/such', 'folder')": "InputError: no/such: there is no such file or folder",
    "wmiam.view(7)": "WmiamError: there is no view of int",
    "explorer.filters = {'severity': 'grave'}": "UnknownNameError: no severity is called 'grave'",
    "explorer.selection = {'finding': 'retag'}": "UnknownNameError: no finding is called 'retag'",
    "explorer.load_pins('no/such.json')": "InputError: no/such.json: cannot be read",
}


def test_errors_of_findings_paths_and_comparisons_are_one_line(
    acme: Access, capsys: pytest.CaptureFixture[str]
) -> None:
    shell = InteractiveShell.instance()
    try:
        explorer = wmiam.explore(acme)
        shell.push({"access": acme, "wmiam": wmiam, "explorer": explorer})
        for code, words in ERRORS.items():
            shell.run_cell(code)
            told = capsys.readouterr().out
            assert told.startswith(words), (code, told)
            assert told.count("\n") == 1, (code, told)
        explorer.close()
    finally:
        InteractiveShell.clear_instance()


def test_of_very_many_values_some_are_offered() -> None:
    addresses = [f"198.51.100.{number}/32" for number in range(0, 200, 2)]
    access = one_user({"IpAddress": {"aws:SourceIp": addresses}})
    (control,) = context_controls(access)
    assert control["key"] == "aws:SourceIp"
    assert len(control["options"]) == 61
    assert control["options"][-1] == [None, "absent"]
    explorer = wmiam.explore(access)
    explorer.context = {"aws:SourceIp": "198.51.100.198"}  # offered or not, a value can be named
    assert set(explorer.frame["decision"]) == {"allowed"}
    explorer.context = {"aws:SourceIp": "198.51.100.199"}
    assert explorer.frame.empty
    explorer.close()

"""Every notebook: how it is stored, and that it runs on other people's data; and the quickstart's answers."""

from __future__ import annotations

import re
from pathlib import Path

import nbformat
import pytest
from notebook_runs import (
    FOLDER,
    NOTEBOOKS,
    ROOT,
    Run,
    defaults,
    estate_parameters,
    kernel,
    read,
    run_on_sample,
    tagged,
)

import wmiam

QUICKSTART = FOLDER / "01-quickstart.ipynb"

#: What the quickstart's cells found, for comparison with what its prose says.
FACTS = {
    "names-intro": "[len(anywhere.loc['read-mail', n]) for n in ('principals', 'conditional_principals')]",
    "who-intro": "[len(here), (here['decision'] == 'allowed').sum(), (here['decision'] == 'conditional').sum()]",
    "given-intro": "[len(cases['with MFA'].who_can('ResetPassword', organization, decision='allowed')),"
    " len(cases['without MFA'].who_can('ResetPassword', organization))]",
    "organization": "[o.label for o in access.find_organizations(organization)]",
    "subject": "subject",
    "reached": "sorted(set(here['name']) & {graph.nodes[role]['label'] for role in"
    " wmiam.graph.reach(graph, access.find_principal('john.stiles').arn)})",
    "john.stiles": "'john.stiles' in set(here['name'])",
    "errors": "sum(d.severity == 'error' for d in estate.diagnostics)",
    "others": "sorted({*here['name']} - {*access.given({'aws:MultiFactorAuthPresent': True,"
    " 'aws:SecureTransport': True}).who_can('ResetPassword', organization, decision='allowed')['name']})",
}


@pytest.fixture(scope="module")
def quickstart(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return run_on_sample(QUICKSTART, tmp_path_factory.mktemp("quickstart"), FACTS)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_is_stored_without_outputs_and_diffable(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    notebook = read(path)
    nbformat.validate(notebook)
    assert text == nbformat.writes(notebook, indent=1) + "\n"
    for cell in notebook.cells:
        assert not cell.get("outputs")
        assert cell.get("execution_count") is None
        assert re.fullmatch(r"[a-z]+(-[a-z]+)*", cell.id)
    assert len({cell.id for cell in notebook.cells}) == len(notebook.cells)
    assert notebook.cells[0].source.startswith("# ")
    assert notebook.metadata["kernelspec"]["name"] == "python3"


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_its_parameters_are_those_that_papermill_finds(path: Path) -> None:
    notebook = read(path)
    assert len(tagged(notebook)) == 1
    found = {name: value for name, value in defaults(notebook).items() if name in ("DATA", "BEFORE", "AFTER")}
    assert set(found) in ({"DATA"}, {"BEFORE", "AFTER"})
    for value in found.values():
        assert (path.parent / value).resolve().is_relative_to(ROOT / "data")
        assert (path.parent / value).exists()


def test_the_answers_of_every_notebook_are_tested() -> None:
    modules = "".join(path.read_text(encoding="utf-8") for path in Path(__file__).parent.glob("test_*.py"))
    assert [path.name for path in NOTEBOOKS if f'"{path.name}"' not in modules] == []


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_runs_on_other_data(path: Path, tmp_path: Path) -> None:
    # From the poorest estate to the richest, so that no name is left over that a later run misses.
    with kernel() as shared:
        for name in ("nothing", "bare", "small"):
            run = shared.run(path, tmp_path, estate_parameters(tmp_path, name))
            shown = run.everything()
            assert "Traceback" not in shown
            if name == "small":
                assert run.stopped is None, "\n".join(run.stopped or [])
            elif run.stopped:
                # An error of wmiam in one line, which says what there is not.
                assert len(run.stopped) == 1
                assert run.stopped[0].partition(":")[0] in wmiam.__all__
    if "REPORT" in defaults(read(path)):
        assert (tmp_path / "report.html").exists()


def test_the_prose_says_what_the_cells_find(quickstart: Run) -> None:
    facts = quickstart.facts
    for cell_id in ("names-intro", "who-intro", "given-intro"):
        assert quickstart.numbers(cell_id) == facts[cell_id]
    assert facts["organization"] == ["acme-europe"]
    assert facts["subject"].endswith("user/mateo.jackson")
    assert facts["errors"] == 0
    assert (facts["reached"], facts["john.stiles"]) == (["AcmeMailTier2"], False)
    assert facts["others"] == []


def test_the_outputs_show_it(quickstart: Run) -> None:
    assert "63 principals in 5 accounts" in quickstart.shown("estate")
    assert "variable-in-old-version" in quickstart.shown("diagnostics")
    assert "Take over a mailbox" in quickstart.shown("access")
    assert "svc-mail-backup" in quickstart.shown("names")
    assert "AcmeDeployMail" in quickstart.shown("names")
    assert "AcmeTeamOnboarding" in quickstart.shown("names")
    assert "mateo.jackson" in quickstart.shown("who")
    assert quickstart.shown("what").count("workmail:ResetPassword") == 1
    why = quickstart.shown("why")
    assert "ResetPasswordsWithMfa" in why
    assert "NotExecutives" in why
    assert "mateo.jackson" not in quickstart.shown("without-mfa")
    assert "xiulan.wang" in quickstart.shown("without-mfa")
    assert {"●", "◐", "·"} <= set(quickstart.shown("matrix"))
    assert quickstart.shown("graph").startswith("<svg")
    assert {"john.stiles", "ServiceDeskTier2", "AcmeMailTier2"} <= set(
        re.findall(r"[\w.]+", quickstart.shown("graph"))
    )
    assert "Take over a mailbox" in quickstart.shown("explore")
    report = Path(quickstart.shown("report").strip())
    assert "Who can do what to Amazon WorkMail in acme" in report.read_text(encoding="utf-8")

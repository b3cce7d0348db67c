"""What the page says of cells is what the access says: decisions and explanations, word for word.

The page composes both in its script, so they are asked of the script, in a browser.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser

import wmiam
from wmiam.stored.matrix import matrix_payload
from wmiam.views.templating import read_asset
from wmiam.views.text import visible

pytestmark = pytest.mark.browser

CODE = {"denied": 0, "conditional": 1, "allowed": 2}

#: Answers with the decisions of every principal, and with the explanations of some cells.
ASK = """(step) => {
  const decided = principals.map((principal) => Object.fromEntries(actions.map((action) => [
    action.name, placesOf(principal, action.index).map(({ place, code }) => [place, code])])));
  const best = principals.map((principal) => actions.map((action) => decisionOf(principal, action.index, null)));
  const explained = [];
  principals.forEach((principal, who) => actions.forEach((action, number) => placesOf(principal, number).forEach(
    ({ place, resource }) => {
      if ((who * 7 + number + resource) % step) return;
      explained.push([who, action.name, place, composeCell({ principal, action: number, place, resource })]);
    })));
  return { decided, best, explained, principals: principals.map(({ arn, name, account, kind }) => [arn, name, account, kind]) };
}"""

Ask = Callable[[wmiam.Access, int], dict[str, Any]]


@pytest.fixture(scope="module")
def ask(browser: Browser) -> Iterator[Ask]:
    """Asks the page's script about a payload."""
    context = browser.new_context(offline=True)
    page = context.new_page()
    names = [
        ("wmiam.views", "elements.js"),
        ("wmiam.report", "stored.js"),
        *(("wmiam.stored", name) for name in ("core.js", "compose.js")),
    ]
    script = "".join(read_asset(package, f"assets/{name}") for package, name in names)

    def answer(access: wmiam.Access, step: int) -> dict[str, Any]:
        page.set_content('<script type="application/json" id="data"></script>')
        text = json.dumps(matrix_payload(access))
        page.evaluate("(text) => { document.getElementById('data').textContent = text; }", text)
        found: dict[str, Any] = page.evaluate(f"(step) => {{ {script} return ({ASK})(step); }}", step)
        return found

    yield answer
    context.close()


def assert_same(access: wmiam.Access, found: dict[str, Any]) -> None:
    """Assert that decisions and explanations are those of the access."""
    places = {arn: index for index, arn in enumerate(o.arn for o in access.organizations)} | {"*": -1}
    who = {principal.arn: number for number, principal in enumerate(access.principals)}
    seen = 0
    for cell in access.cells(denied=True).itertuples():
        decided = dict(found["decided"][who[cell.principal]][cell.action])
        assert decided[places[cell.organization]] == CODE[str(cell.decision)]
        seen += 1
    assert seen == sum(len(decided) for row in found["decided"] for decided in row.values())
    matrix = access.matrix()
    columns = [action.full_name for action in access.catalog.actions]
    for number, principal in enumerate(access.principals):
        row = matrix.loc[principal.arn]
        assert found["best"][number] == [CODE[str(row[name])] for name in columns]
    for number, action, place, composed in found["explained"]:
        where = None if place < 0 else access.organizations[place].arn
        expected = access.explain(access.principals[number].arn, action, where)
        assert composed["decision"] == expected.decision
        assert composed["when"] == visible(expected.when)
        assert composed["reasons"] == [visible(text) for text in expected.reasons]
        assert composed["changes"] == [visible(text) for text in expected.changes]
        assert composed["notes"] == [visible(text) for text in expected.notes]
        assert dict(composed["witness"]) == {
            visible(key): visible(value) for key, value in (expected.witness or {}).items()
        }
        assert [(layer["title"], layer["decision"], layer["when"]) for layer in composed["layers"]] == [
            (visible(layer.title), layer.decision, visible(layer.when)) for layer in expected.layers
        ]
        views = [view for layer in expected.layers for view in layer.statements]
        shown = [view for layer in composed["layers"] for view in layer["statements"]]
        for view, said in zip(views, shown, strict=True):
            assert (said["policy"], said["label"], said["effect"], said["applies"]) == (
                visible(view.policy.name), visible(view.label), view.effect, view.applies,
            )  # fmt: skip
            assert (said["why"], said["when"], said["through"]) == (
                visible(view.why), visible(view.when), visible(view.through),
            )  # fmt: skip
            assert said["pointer"] == (visible(view.origin.pointer) if view.origin is not None else "")
            if view.applies != "no" and view.parts:
                assert any(deciding for _, deciding in said["lines"])


def test_the_sample_estate(acme: wmiam.Access, ask: Ask) -> None:
    found = ask(acme, 11)
    assert len(found["explained"]) > 1000
    assert [arn for arn, *_ in found["principals"]] == [principal.arn for principal in acme.principals]
    assert_same(acme, found)


@pytest.mark.parametrize(
    "context",
    [
        {"aws:MultiFactorAuthPresent": False},
        {"aws:RequestedRegion": "us-east-1"},
        {"aws:PrincipalArn": "arn:aws:iam::111122223333:user/nobody"},
    ],
    ids=["no MFA", "a region", "another principal"],
)
def test_what_if(acme: wmiam.Access, ask: Ask, context: dict[str, Any]) -> None:
    access = acme.given(context)
    assert_same(access, ask(access, 97))


def test_an_estate_with_hostile_names(hostile: wmiam.Access, ask: Ask) -> None:
    found = ask(hostile, 13)
    assert found["explained"]
    assert_same(hostile, found)

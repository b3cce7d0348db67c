"""Views of one thing each: one spelling for all, and each reads without kernel and without script."""

from __future__ import annotations

import base64
import gzip
import json
import re
from typing import Any

import numpy as np
import pandas as pd
import pytest
from explorer_views import RETAG

import wmiam
from wmiam.access import Access
from wmiam.engine.compile import ACTIONS
from wmiam.errors import UnknownNameError, WmiamError
from wmiam.lab import views
from wmiam.lab.tally import Tally
from wmiam.lab.views import SingleView
from wmiam.views.table import Table

CELL = ("mateo.jackson", "ResetPassword", "acme-europe")
#: What there is a view of, by the Python that gives it, and words of its HTML.
THINGS = {
    "access": ("matrix", "Who can do what"),
    "access.matrix()": ("matrix", "Actions allowed"),
    "access.matrix('acme-europe')": ("matrix", "Actions allowed"),
    "access.graph(principals='john.stiles')": ("graph", "ServiceDeskTier2"),
    f"access.explain{CELL}": ("explanation", "MultiFactorAuthPresent"),
    f"access.condition{CELL}": ("condition", "MultiFactorAuthPresent"),
    "access.findings()": ("findings", "Control by tags of an organization"),
    f"access.findings()['{RETAG}']": ("findings", "Control by tags of an organization"),
    "access.paths('john.stiles', 'AcmeMailTier2')": ("chains", "assumes AcmeMailTier2"),
    "access.paths('john.stiles', 'AcmeMailTier2')[0]": ("chains", "assumes AcmeMailTier2"),
    "access.reach('john.stiles')": ("chains", "AcmeMailTier2"),
}


def shown(view: SingleView) -> Any:
    """What a page without kernel is told."""
    bundle = view._repr_mimebundle_()[0]["application/vnd.wmiam+json"]
    assert bundle["version"] == 1
    return json.loads(gzip.decompress(base64.b64decode(bundle["data"])))


def cells(value: dict[str, Any]) -> dict[tuple[str, str], int]:
    width = len(value["names"]["actions"])
    rows = np.frombuffer(base64.b64decode(value["rows"]), np.uint8).reshape(-1, width)
    row_of = np.frombuffer(base64.b64decode(value["rowOf"]), np.uint32)
    actions = [action[0] for action in value["names"]["actions"]]
    return {
        (principal[0], action): int(code)
        for principal, number in zip(value["names"]["principals"], row_of, strict=True)
        for action, code in zip(actions, rows[number], strict=True)
    }


@pytest.mark.parametrize("thing", THINGS)
def test_one_spelling_gives_the_view_of_anything(acme: Access, thing: str) -> None:
    view = wmiam.view(eval(thing, {"access": acme}))  # noqa: S307 - written above
    kind, words = THINGS[thing]
    assert isinstance(view, SingleView)
    data, _ = view._repr_mimebundle_()
    assert data["application/vnd.wmiam+json"]["kind"] == kind
    assert "application/vnd.jupyter.widget-view+json" in data
    assert words in re.sub(r"<wbr/?>", "", data["text/html"])
    assert "<script" not in view.fallback()
    assert shown(view)
    assert repr(view) == f"<View: {kind}>"


@pytest.mark.parametrize("org", [None, "acme-europe"])
def test_the_view_of_a_matrix_frame_has_its_cells(acme: Access, org: str | None) -> None:
    frame = acme.matrix(org)
    code = {"denied": 1, "conditional": 2, "allowed": 4}
    wanted = {
        (principal, action): code[decision]
        for action in frame.columns
        for principal, decision in frame[action].items()
    }
    value = shown(wmiam.view(frame))  # type: ignore[arg-type]
    assert cells(value) == wanted
    # Best of what the access itself has, which knows names and accounts besides.
    every = Tally(acme, acme.find_organizations(org)[0].arn if org else "")
    index = [p.arn for p in acme.principals]
    for (principal, action), bit in wanted.items():
        own = int(every.rows[every.row_of[index.index(principal)], ACTIONS.index[action]])
        assert bit == (1 << (own.bit_length() - 1) if own else 1)
    accounts = [row[0].split(":")[4] for row in value["names"]["principals"]]
    assert accounts == sorted(accounts)


def test_a_part_of_a_matrix_is_one_too(acme: Access) -> None:
    frame = acme.matrix()
    part = frame.loc[frame["workmail:ResetPassword"] != "denied", ["workmail:ResetPassword"]]
    value = shown(wmiam.view(part))  # type: ignore[arg-type]
    assert len(cells(value)) == len(part) > 0
    assert [action[0] for action in value["names"]["actions"]] == ["workmail:ResetPassword"]
    kinds = value["names"]["kinds"]
    named = {row[0]: kinds[row[1]] for row in value["names"]["principals"]}
    assert named == {p.arn: str(p.kind) for p in acme.principals if p.arn in named}


def test_any_other_frame_is_a_table(acme: Access) -> None:
    frame = acme.who_can("ResetPassword", "acme-europe")
    view = wmiam.view(frame, acme)
    assert isinstance(view, Table)
    assert "mateo.jackson" in view._repr_html_()
    assert isinstance(wmiam.view(pd.DataFrame({"principal": []})), Table)


def test_an_organization_and_a_title_may_be_given(acme: Access) -> None:
    assert "acme-europe" in wmiam.view(acme, org="acme-europe")._repr_mimebundle_()[0]["text/html"]  # type: ignore[union-attr]
    with pytest.raises(UnknownNameError):
        wmiam.view(acme, org="acme-nowhere")
    graph = wmiam.view(acme.graph(principals="john.stiles"), title="Around John")
    assert isinstance(graph, SingleView)
    assert "Around John" in graph.fallback()


@pytest.mark.parametrize("thing", [7, "access", None, [], ("a",)])
def test_of_anything_else_there_is_none(thing: object) -> None:
    with pytest.raises(WmiamError, match=r"there is no view of .* \(there are views of an access, a frame"):
        wmiam.view(thing)


def test_a_finding_of_the_view_is_told_as_in_the_explorer(acme: Access) -> None:
    value = shown(views.findings(acme.findings(), acme))
    assert [row[0] for row in value["rows"]] == [finding.id for finding in acme.findings()]
    explorer = wmiam.explore(acme)
    for finding in acme.findings()[:8]:
        explorer.selection = {"finding": finding.id}
        # JSON has no tuples; the explorer's line of Python needs the name of the access.
        told = json.loads(json.dumps(explorer._explanation))
        assert value["told"][finding.id] == {**told, "python": ""}
    explorer.close()


def test_no_text_of_a_view_is_hidden_or_markup(hostile: Access) -> None:
    names = [p for p in hostile.principals if p.account == "444455556666"][:3]
    things = [
        *(hostile, hostile.findings(), hostile.graph()),
        *(hostile.explain(p.arn, "ResetPassword", hostile.organizations[0].arn) for p in names),
        *(path for p in names for path in hostile.paths(p.arn, "read-mail")),
        *(hostile.reach(p.arn) for p in names),
    ]
    for thing in things:
        view = wmiam.view(thing)
        assert isinstance(view, SingleView)
        told = json.dumps(shown(view), ensure_ascii=False)
        assert "\u202e" not in told
        assert "<script>window" not in view.fallback()
        assert "<img" not in view.fallback()

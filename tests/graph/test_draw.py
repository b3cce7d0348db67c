"""The picture: where things stand, and that it is safe, still and readable without colour or mouse."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from small_estates import MFA, A, estate, role, trust, user

from wmiam.access import Access
from wmiam.graph import build, layout, to_svg
from wmiam.graph.draw import _HEADS, _SIGNS, Line, drawing
from wmiam.graph.layout import arrange
from wmiam.graph.nodes import LAYERS
from wmiam.sources import load

DATA = Path(__file__).resolve().parents[2] / "data" / "acme"
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def acme() -> Access:
    return load(DATA).access(progress=False)


def drawn(graph: Any, **options: Any) -> ElementTree.Element:
    return ElementTree.fromstring(to_svg(graph, **options))  # noqa: S314


def test_nodes_stand_in_their_columns_and_apart(acme: Access) -> None:
    graph = acme.graph(actions="ResetPassword", statements=True)
    places = layout(graph)
    assert {node: data["pos"] for node, data in graph.nodes(data=True)} == places
    assert places == layout(graph.copy())
    columns: dict[int, list[float]] = {}
    for node, (column, row) in places.items():
        columns.setdefault(column, []).append(row)
        others = [other for other in graph if places[other][0] > column]
        assert all(graph.nodes[other]["layer"] >= graph.nodes[node]["layer"] for other in others)
    for rows in columns.values():
        assert all(below - above >= 0.999 for above, below in pairwise(sorted(rows)))
    assert min(row for rows in columns.values() for row in rows) >= 0


def test_a_chain_of_roles_reads_from_left_to_right() -> None:
    ana = f"arn:aws:iam::{A}:user/ana"
    names = ["first", "second", "third"]
    before = [ana, *(f"arn:aws:iam::{A}:role/{name}" for name in names)]
    graph = build(estate(user("ana"), *(role(n, [trust(b)]) for n, b in zip(names, before, strict=False))))
    columns = [layout(graph)[node][0] for node in before]
    assert columns == sorted(set(columns))
    circle = build(
        estate(role("a", [trust(f"arn:aws:iam::{A}:role/b")]), role("b", [trust(f"arn:aws:iam::{A}:role/a")]))
    )
    assert len(layout(circle)) == circle.number_of_nodes()


def test_long_lines_keep_clear_of_boxes(acme: Access) -> None:
    graph = acme.graph(principals="john.stiles", actions="ResetPassword", statements=True)
    found = arrange(graph)
    assert found.bends
    for places in found.bends.values():
        for column, row in places:
            rows = [r for c, r in found.places.values() if c == column]
            assert all(abs(row - other) >= 0.699 for other in rows)


def test_names_cannot_become_markup_or_hide() -> None:
    hostile = "<script>alert(1)</script>&\"'\u202egnirts"
    graph = build(estate(user(hostile), role("target", [trust("*")])))
    svg = to_svg(graph, title=hostile)
    assert "<script" not in svg
    assert "\u202e" not in svg
    texts = [element.text or "" for element in ElementTree.fromstring(svg).iter()]  # noqa: S314
    assert any("<script>alert(1)</script>&\"'⟨U+202E⟩gnirts" in text for text in texts)
    assert svg == to_svg(graph, title=hostile)


def test_it_needs_neither_colour_nor_mouse() -> None:
    # One sign more: of drawings that show one node in the place of very many.
    assert set(_SIGNS) == set(_HEADS) == {*LAYERS, "others"}
    assert len(set(_SIGNS.values())) == len(_SIGNS)
    ana = f"arn:aws:iam::{A}:user/ana"
    target = role("target", [trust(ana, **MFA), trust({"Service": "lambda.amazonaws.com"})])
    root = drawn(build(estate(user("ana"), target)), title="Who can become target")
    assert root.findtext(f"{SVG}title") == "Who can become target"
    assert "only under a condition" in (root.findtext(f"{SVG}desc") or "")
    labels = (root.get("aria-labelledby") or "").split()
    assert labels == [root.find(f"{SVG}{tag}").get("id") for tag in ("title", "desc")]  # type: ignore[union-attr]
    nodes = root.findall(f"{SVG}g[@tabindex='0']")
    assert len(nodes) == 4
    assert all(node.findtext(f"{SVG}title") for node in nodes)
    lines = {
        line.findtext(f"{SVG}title"): line.find(f"{SVG}path").get("class")  # type: ignore[union-attr]
        for line in root.findall(f"{SVG}g")
        if line.get("tabindex") is None
    }
    conditional = next(text for text, style in lines.items() if style == "e c")
    assert conditional is not None
    assert conditional.endswith("Only: with MFA.")
    assert "e d" in lines.values()
    assert [text.text for text in root.iter(f"{SVG}text") if text.get("class") == "said"] == ["with MFA"]


def test_an_escalation_has_two_heads_and_stands_beside_the_role_that_is_assumed(acme: Access) -> None:
    shown = drawing(acme.graph(principals="AWSReservedSSO_PowerUserAccess*", escalations=True))
    by_kind: dict[str, list[Line]] = {}
    for line in shown.lines:
        by_kind.setdefault(line.kind, []).append(line)
    assert all(line.arrow.count("Z") == 2 for line in by_kind["escalates"])
    assert all(line.arrow.count("Z") == 1 for line in by_kind["can-assume"])
    said = [line for line in shown.lines if line.label]
    assert said
    assert all(line.style == "conditional" for line in said)
    assert all(len(line.label) <= 26 for line in said)
    assert all(0 < line.x < shown.width and 0 < line.y < shown.height for line in said)


def test_equal_names_tell_their_account(acme: Access) -> None:
    texts = ["".join(text.itertext()) for text in drawn(acme.graph()).iter(f"{SVG}text")]
    assert "OrganizationAccountAccessRole 444455556666" in texts
    assert "AcmeMailTier2" in texts


def test_it_shrinks_to_a_width_and_says_when_there_is_too_much(acme: Access) -> None:
    graph = acme.graph()
    assert drawn(graph, width=600).get("width") == "600"
    assert drawn(graph, width=600).get("viewBox") == drawn(graph).get("viewBox")
    few = drawn(graph, most=10)
    assert "too many to read" in "".join(few.itertext())
    assert not few.findall(f"{SVG}g")
    assert drawn(graph.subgraph([])).findall(f"{SVG}g") == []

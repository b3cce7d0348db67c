"""Pinned views in a file: what is written is read again, and what is none is refused with its place."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from explorer_views import MFA, VIEWS

import wmiam
from wmiam.access import Access
from wmiam.errors import InputError, UnknownNameError
from wmiam.lab.pins import KINDS, Pin, load_pins, save_pins

HEAD = '{"format": "wmiam-pins", "version": 1, "pins": ['


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "pins.json"


def test_pins_of_the_explorer_are_read_again(acme: Access, place: Path) -> None:
    explorer = wmiam.explore(acme)
    for number, (filters, selection, context) in enumerate(VIEWS):
        explorer.show({"filters": filters, "selection": selection, "context": context})
        explorer.pin(f"View {number}", note="**Looked at**, ok", kind=KINDS[number % len(KINDS)])
    pins = explorer.pins
    explorer.save_pins(place)
    explorer.pins = []
    explorer.load_pins(place)
    assert explorer.pins == pins
    explorer.close()
    for pin, (filters, selection, context), kept in zip(load_pins(place), VIEWS, pins, strict=True):
        view = pin.view(acme)
        assert view.code() == kept["code"]
        explorer = wmiam.explore(acme)
        explorer.show({"filters": filters, "selection": selection, "context": context})
        pd.testing.assert_frame_equal(view.frame(), explorer.frame)
        explorer.close()


def test_what_is_written_is_as_documented(place: Path) -> None:
    save_pins([Pin("Exports", filters={"capability": "export-mail", "level": ""}, context=MFA)], place)
    assert json.loads(place.read_text(encoding="utf-8")) == {
        "format": "wmiam-pins",
        "version": 1,
        "pins": [
            {
                "title": "Exports",
                "note": "",
                "kind": "table",
                "filters": {"capability": "export-mail"},
                "selection": {},
                "context": MFA,
            }
        ],
    }
    (pin,) = load_pins(place)
    assert pin == Pin("Exports", filters={"capability": "export-mail"}, context=MFA)
    assert pin.place == f"{place}:5"


def test_without_kind_a_selected_cell_is_explained(acme: Access) -> None:
    explorer = wmiam.explore(acme)
    assert explorer.pin()["kind"] == "table"
    explorer.selection = {"principal": "mateo.jackson", "action": "ResetPassword"}
    assert explorer.pin()["kind"] == "explanation"
    with pytest.raises(UnknownNameError, match="'pie'; near: table, "):
        explorer.pin(kind="pie")
    assert len(explorer.pins) == 2
    explorer.close()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[", ":1: this is no JSON: "),
        ("[]", ":1: this is no file of pins"),
        ('{"format": "wmiam-pins",\n"version": 2}', ":2 at /version: version 2 of pins is not known here"),
        ('{"format": "wmiam-pins", "version": 1,\n"pin": [], "pins": []}', ":2 at /pin: a file of pins has no 'pin'"),
        ('{"format": "wmiam-pins", "version": 1, "pins": {}}', ":1 at /pins: pins is a list"),
        (f"{HEAD}\n7]}}", ":2 at /pins/0: a pin is an object with a title"),
        (f'{HEAD}\n{{"note": "x"}}]}}', ":2 at /pins/0: this pin has no title"),
        (f'{HEAD}\n{{"title": "x", "kinds": "table"}}]}}', ":2 at /pins/0/kinds: a pin has no 'kinds'"),
        (f'{HEAD}\n{{"title": "x",\n"kind": "tabel"}}]}}', ":3 at /pins/0/kind: there is no kind 'tabel' of pin"),
        (f'{HEAD}{{"title": "x",\n"filters": {{"acount": ""}}}}]}}', ":2 at /pins/0/filters/acount: there is no"),
        (f'{HEAD}{{"title": "x", "selection": []}}]}}', " at /pins/0/selection: selection is an object"),
        (f'{HEAD}{{"title": "x", "context": {{"k": {{}}}}}}]}}', " at /pins/0/context: context is an object of"),
        (f'{HEAD}{{"title": "x", "filters": {{"level": 7}}}}]}}', " at /pins/0/filters/level: level is text"),
        ("[" * 100_000, "this is nested too deeply"),
    ],
)  # fmt: skip
def test_what_is_no_pin_is_refused_with_its_place(place: Path, text: str, told: str) -> None:
    place.write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as raised:
        load_pins(place)
    assert told in str(raised.value)
    assert raised.value.mend


def test_a_pin_of_another_estate_says_so_with_its_place(acme: Access, place: Path) -> None:
    save_pins([Pin("All"), Pin("One", selection={"principal": "nobody.known"})], place)
    every, one = load_pins(place)
    assert len(every.view(acme).frame()) == len(acme.cells())
    with pytest.raises(InputError, match=rf"{place.name}:\d+: the pin 'One' is not of this estate: .*nobody"):
        one.view(acme)
    with pytest.raises(InputError, match="cannot be read"):
        load_pins(place.parent / "none.json")


def test_what_cannot_be_written_is_told(tmp_path: Path, place: Path) -> None:
    with pytest.raises(InputError, match="cannot be written"):
        save_pins([Pin("All")], tmp_path / "no" / "folder.json")
    wrong: list[Any] = [{"title": "x", "kind": "pie"}]
    with pytest.raises(InputError, match="there is no kind 'pie' of pin"):
        save_pins(wrong, place)
    assert not place.exists()


def test_pins_are_read_without_widgets() -> None:
    code = "import sys, wmiam.lab.pins; print('anywidget' in sys.modules, 'ipywidgets' in sys.modules)"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.split() == ["False", "False"]

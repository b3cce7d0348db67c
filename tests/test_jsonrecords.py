"""Reading JSON record by record, whole and broken."""

from __future__ import annotations

import json

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from wmiam import jsontext
from wmiam.jsonrecords import MAX_FAULTS, WALKED, Fault, Path, Record, loads, pointer_of, read

LISTS = ("Users", "Roles")


def opens(path: Path, first: str) -> bool:
    """Open documents, objects in a top-level list, and the lists of records."""
    return not path or (len(path) == 1 and first == "{") or path[-1] in LISTS


def read_all(text: str) -> tuple[list[Record], list[Fault]]:
    faults: list[Fault] = []
    return list(read(text, opens, faults.append)), faults


def names(text: str) -> tuple[list[str], list[Fault]]:
    """Return what was read as ``pointer=value`` (only records of the lists), and the faults."""
    records, faults = read_all(text)
    return [
        f"{pointer_of(r.path)}={r.value['N']}"
        for r in records
        if isinstance(r.value, dict) and "N" in r.value
    ], faults


def place(text: str, fault: Fault) -> tuple[int, int]:
    return jsontext.line_and_column(text, jsontext.line_index(text), fault.offset)


PAGE = {
    "Users": [{"N": i, "Tags": [{"Key": "k"}]} for i in range(4)],
    "Roles": [{"N": 9}],
    "IsTruncated": False,
}
LAID_OUT = json.dumps(PAGE, indent=4)
MINIFIED = json.dumps(PAGE)
WHOLE = ["/Users/0=0", "/Users/1=1", "/Users/2=2", "/Users/3=3", "/Roles/0=9"]


@pytest.mark.parametrize("text", [LAID_OUT, MINIFIED])
def test_records_come_with_path_offset_and_then_their_object(text: str) -> None:
    records, faults = read_all(text)
    assert not faults
    assert [pointer_of(r.path) for r in records] == [
        "/Users/0",
        "/Users/1",
        "/Users/2",
        "/Users/3",
        "/Roles/0",
        "",
    ]
    for record in records:
        assert record.offset == jsontext.find(text, pointer_of(record.path))
    assert records[-1].value == {"Users": WALKED, "Roles": WALKED, "IsTruncated": False}


@pytest.mark.parametrize("between", ["", "\n", "\n\n", " "])
def test_documents_may_follow_each_other(between: str) -> None:
    read_names, faults = names(between.join([LAID_OUT, MINIFIED, LAID_OUT]))
    assert read_names == WHOLE * 3
    assert not faults
    documents = {record.document for record in read_all(between.join([MINIFIED, MINIFIED]))[0]}
    assert documents == {0, 1}


def test_a_list_of_pages() -> None:
    records, faults = read_all(json.dumps([PAGE, PAGE]))
    assert not faults
    assert [r.path for r in records if r.path[-1] == 9 or len(r.path) == 1] == [(0,), (1,)]
    assert (1, "Users", 3) in [r.path for r in records]


BROKEN = {
    "missing colon": LAID_OUT.replace('"N": 1', '"N" 1'),
    "missing quote": LAID_OUT.replace('"N": 1', '"N: 1'),
    "missing value": LAID_OUT.replace('"N": 1', '"N": '),
    "bad literal": LAID_OUT.replace('"N": 1', '"N": nil'),
    "missing brace": LAID_OUT.replace(
        '"N": 1,\n            "Tags": [\n                {', '"N": 1,\n            "Tags": [\n'
    ),
    "minified, missing colon": MINIFIED.replace('"N": 1', '"N" 1'),
    "minified, bad literal": MINIFIED.replace('"N": 1', '"N": nil'),
}


@pytest.mark.parametrize("text", BROKEN.values(), ids=BROKEN)
def test_one_broken_record_costs_one_record_and_one_fault(text: str) -> None:
    read_names, faults = names(text)
    assert read_names == [name for name in WHOLE if name != "/Users/1=1"]
    assert [(fault.code, fault.pointer) for fault in faults] == [("json-syntax", "/Users/1")]
    if "\n" in text:
        line, _ = place(text, faults[0])
        first = text[: text.index('"N')].count("\n")
        assert first < line <= text.count("\n", 0, text.index('"N": 2')) + 1


def test_fault_is_at_the_line_and_column_of_the_mistake() -> None:
    text = LAID_OUT.replace('"N": 1', '"N" 1')
    _, faults = names(text)
    line = next(number for number, line in enumerate(text.split("\n"), 1) if '"N" 1' in line)
    assert place(text, faults[0]) == (line, text.split("\n")[line - 1].index("1") + 1)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (LAID_OUT.replace('    ],\n    "Roles"', '    "Roles"'), "not closed with ]"),
        (
            LAID_OUT.replace('},\n        {\n            "N": 1', '}\n        {\n            "N": 1'),
            "no comma between two values",
        ),
        (MINIFIED.replace(']}, {"N": 1', ']} {"N": 1'), "no comma between two values"),
        (
            LAID_OUT.replace('        }\n    ],\n    "Roles"', '        },\n    ],\n    "Roles"'),
            "comma before ]",
        ),
        (LAID_OUT.replace("false\n}", "false,\n}"), "comma before }"),
        (LAID_OUT.replace('],\n    "Roles"', ']\n    "Roles"'), "no comma between two members"),
        (LAID_OUT.replace('"IsTruncated"', "IsTruncated"), "key in double quotes"),
        (LAID_OUT.replace('"IsTruncated":', '"IsTruncated"'), "colon after the key"),
        (LAID_OUT + "\n]\n", "outside of any value"),
    ],
)
def test_damage_between_records_costs_none(text: str, message: str) -> None:
    read_names, faults = names(text)
    assert read_names == WHOLE
    assert len(faults) == 1
    assert faults[0].code == "json-syntax"
    assert message in faults[0].message


@given(st.integers(1, len(LAID_OUT) - 1), st.sampled_from([LAID_OUT, MINIFIED]))
@settings(deadline=None)
def test_a_truncated_text_yields_every_whole_record_and_one_fault(cut: int, text: str) -> None:
    cut = min(cut, len(text) - 1)
    whole, _ = read_all(text)
    ends = [jsontext.skip(text, record.offset) or 0 for record in whole]
    records, faults = read_all(text[:cut])
    expected = [r.path for r, end in zip(whole, ends, strict=True) if end <= cut and r.path]
    assert [record.path for record in records if record.path] == expected
    assert [fault.code for fault in faults] == ["json-truncated"]
    assert not faults[0].harmless


@pytest.mark.parametrize("text", [LAID_OUT, MINIFIED + "\n"])
def test_a_truncated_page_does_not_swallow_the_next(text: str) -> None:
    cut = text[: text.index('"N": 2') + 3]
    read_names, faults = names(cut + "\n" + text)
    assert read_names == WHOLE[:2] + WHOLE
    assert [fault.pointer for fault in faults] == ["/Users/2"]


def test_a_broken_line_of_json_lines_costs_that_line() -> None:
    text = '{"N": 1}\n{"N": 2, "x": {"y": ]}\n{"N": 3}\n{"N" 4}\n{"N": 5}\n'
    faults: list[Fault] = []
    records = list(read(text, lambda _path, _first: False, faults.append))
    assert [record.value for record in records] == [{"N": 1}, {"N": 3}, {"N": 5}]
    assert [place(text, fault)[0] for fault in faults] == [2, 4]


def test_deep_nesting_is_a_fault_and_reading_goes_on() -> None:
    deep = "[" * 10_000 + "]" * 10_000
    read_names, faults = names(f'{{"Users": [{{"N": 0}}, {deep}, {{"N": 2}}]}}')
    assert read_names == ["/Users/0=0", "/Users/2=2"]
    assert [(fault.code, fault.pointer) for fault in faults] == [("json-too-deep", "/Users/1")]
    assert [fault.code for fault in read_all(deep)[1]] == ["json-too-deep"]


def test_duplicate_keys_are_placed_at_the_later_key() -> None:
    text = '{"Users": [\n {"N": 0,\n "T": {"a": 1,\n "a": 2}}],\n "x": 1,\n "x": 2}'
    records, faults = read_all(text)
    assert records[0].value == {"N": 0, "T": {"a": 2}}
    assert records[-1].value == {"Users": WALKED, "x": 2}
    assert [(fault.code, fault.pointer, place(text, fault)) for fault in faults] == [
        ("json-duplicate-key", "/Users/0/T/a", (4, 2)),
        ("json-duplicate-key", "/x", (6, 2)),
    ]
    assert all(fault.harmless for fault in faults)


def test_constants_huge_numbers_and_half_characters() -> None:
    text = '{"a": NaN, "b": [1, -Infinity], "c": "\\ud83d", "d": ' + "1" * 5000 + ', "e": "NaN"}'
    records, faults = read_all(text)
    assert records[-1].value == {"a": "NaN", "b": [1, "-Infinity"], "c": "\ufffd", "e": "NaN"}
    assert [(fault.code, fault.pointer) for fault in faults] == [
        ("json-surrogate", ""),
        ("json-constant", "/a"),
        ("json-constant", "/b/1"),
        ("json-number", "/d"),
    ]
    assert text[faults[2].offset :].startswith("-Infinity")


def test_reading_stops_after_too_many_errors() -> None:
    records, faults = read_all("[" + ", ".join(['{"a": nil}'] * (MAX_FAULTS + 50)) + "]")
    assert len(faults) == MAX_FAULTS + 1
    assert faults[-1].code == "json-too-many-errors"
    assert all(record.value == {} for record in records)


def test_harmless_faults_do_not_stop_the_reading() -> None:
    text = json.dumps({"Users": [{"N": i} for i in range(300)]}).replace('"N"', '"N": 0, "N"')
    read_names, faults = names(text)
    assert len(read_names) == 300
    assert len(faults) == MAX_FAULTS
    assert all(fault.harmless for fault in faults)


@pytest.mark.parametrize(
    ("text", "value", "codes"),
    [
        ('{"a": 1}', {"a": 1}, []),
        ("  3 ", 3, []),
        ("", None, ["json-syntax"]),
        ("{", None, ["json-truncated"]),
        ("{} {}", {}, ["json-syntax"]),
        ('{"a": 1, "a": 2}', {"a": 2}, ["json-duplicate-key"]),
        ("not json", None, ["json-syntax", "json-syntax"]),
    ],
)
def test_loads(text: str, value: object, codes: list[str]) -> None:
    found, faults = loads(text)
    assert found == value
    assert [fault.code for fault in faults] == codes


def several_documents(text: str) -> bool:
    """Whether a text is more than one JSON document, one behind the other."""
    decoder, at, count = json.JSONDecoder(), 0, 0
    while text[at:].strip(" \n\r\t"):
        at = len(text) - len(text[at:].lstrip(" \n\r\t"))
        try:
            _, at = decoder.raw_decode(text, at)
        except ValueError:
            return False
        count += 1
    return count > 1


@given(st.text(alphabet='{}[]",:\\ \nu0a1-tN', max_size=60))
@example("0[]")
@settings(max_examples=500, deadline=None)
def test_any_text_ends_and_is_read_as_json_reads_it(text: str) -> None:
    records, faults = read_all(text)
    try:
        json.loads(text)
    except ValueError:
        several = len({record.document for record in records}) > 1 or several_documents(text)
        assert faults or not text.strip() or several
    else:
        assert all(fault.harmless or fault.code == "json-constant" for fault in faults)

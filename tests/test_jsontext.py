"""Places in JSON text: decoding, pointers, look-up."""

from __future__ import annotations

import json
import random
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wmiam import jsontext

# A writer that notes where it puts each value: the model that `find` must agree with.


class Writer:
    """Writes JSON with random white space and notes the offset of every value."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self.pieces: list[str] = []
        self.length = 0
        self.places: dict[str, int] = {}

    def put(self, text: str) -> None:
        self.pieces.append(text)
        self.length += len(text)

    def space(self) -> None:
        self.put(self.rng.choice(["", "", " ", "\n", "\r\n  ", "\t"]))

    def string(self, value: str) -> None:
        self.put(json.dumps(value, ensure_ascii=self.rng.random() < 0.5))

    def write(self, value: object, pointer: str = "") -> None:
        self.places[pointer] = self.length
        if isinstance(value, dict):
            self.put("{")
            for index, (key, member) in enumerate(value.items()):
                if index:
                    self.put(",")
                self.space()
                self.string(key)
                self.space()
                self.put(":")
                self.space()
                self.write(member, f"{pointer}/{jsontext.escape(key)}")
                self.space()
            self.put("}")
        elif isinstance(value, list):
            self.put("[")
            for index, element in enumerate(value):
                if index:
                    self.put(",")
                self.space()
                self.write(element, f"{pointer}/{index}")
                self.space()
            self.put("]")
        elif isinstance(value, str):
            self.string(value)
        else:
            self.put(json.dumps(value))


characters = st.characters(exclude_categories=["Cs"])
texts = st.text(characters, max_size=8) | st.sampled_from(
    ["a/b", "~", '"', "\\", "{", "]", "{[,:", "\n", "0"]
)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=25,
)


@given(values, st.integers(0, 2**32))
@settings(max_examples=300, deadline=None)
def test_find_agrees_with_a_writer_that_notes_places(value: object, seed: int) -> None:
    writer = Writer(seed)
    writer.space()
    start = writer.length
    writer.write(value)
    text = "".join(writer.pieces)
    for pointer, place in writer.places.items():
        assert jsontext.find(text, pointer, start) == place
        assert jsontext.find(text, pointer + "/nowhere") == (place if pointer else start)
        assert text[place : jsontext.skip(text, place)].strip() == _dumped(text, place)
    assert jsontext.skip(text, start) == len(text.rstrip(" \t\r\n")) or not text.strip()


def _dumped(text: str, place: int) -> str:
    _, end = json.JSONDecoder().raw_decode(text, place)
    return text[place:end]


@given(values, st.integers(0, 2**32))
@settings(max_examples=100, deadline=None)
def test_walk_yields_every_value_once_and_in_order(value: object, seed: int) -> None:
    writer = Writer(seed)
    writer.write(value)
    text = "".join(writer.pieces)
    walked = list(jsontext.walk(text))
    assert [pointer for pointer, _, _ in walked] == list(writer.places)
    places = [jsontext.after_key(text, at) if pointer else at for pointer, at, _ in walked]
    assert places == list(writer.places.values())
    assert not any(repeated for _, _, repeated in walked)


@given(values, st.data())
@settings(max_examples=200, deadline=None)
def test_find_survives_any_cut(value: object, data: st.DataObject) -> None:
    writer = Writer(1)
    writer.write(value)
    text = "".join(writer.pieces)
    cut = data.draw(st.integers(0, len(text)))
    pointer = data.draw(st.sampled_from(list(writer.places)))
    found = jsontext.find(text[:cut], pointer)
    assert 0 <= found <= cut
    if cut > writer.places[pointer] + 1:
        assert found == writer.places[pointer]


def test_find_takes_the_last_of_duplicate_keys_as_json_does() -> None:
    text = '{"a": {"b": 1}, "c": 0, "a": {"b": 2, "b": 3}}'
    found = jsontext.find(text, "/a/b")
    assert text[found] == str(json.loads(text)["a"]["b"]) == "3"


def test_find_stops_at_text_that_the_pointer_goes_into() -> None:
    text = '{"Policies": [{"Document": "%7B%22Version%22%7D"}]}'
    assert jsontext.find(text, "/Policies/0/Document/Statement/2/Effect") == text.index('"%7B')


def test_find_reads_escaped_keys() -> None:
    text = r'{"a\u002fb": {"~\"": 7}}'
    assert text[jsontext.find(text, '/a~1b/~0"')] == "7"


def test_find_is_quick_and_flat_in_deep_and_in_wide_text() -> None:
    deep = "[" * 10_000 + "7" + "]" * 10_000
    assert jsontext.find(deep, "/0" * 10_000) == 10_000
    assert jsontext.skip(deep, 0) == len(deep)
    wide = json.dumps(
        {"Users": [{"Name": f"u{i}", "Tags": [{"Key": "k", "Value": "v"}]} for i in range(50_000)]}
    )
    started = time.perf_counter()
    found = jsontext.find(wide, "/Users/49999/Name")
    assert time.perf_counter() - started < 1.5
    assert wide[found:].startswith('"u49999"')


@pytest.mark.parametrize(
    ("text", "pointer", "expected"),
    [
        ('{"a": [1, 2', "/a/1", "2"),
        ('{"a": [1, {"b": "x', "/a/1/b", '"x'),
        ('{"a: 1,\n"b": 2}', "/b", "{"),
        ('{"a": "unclosed,\n "b": [3]}', "/a", '"unclosed'),
        ("[1, 2]", "/7", "["),
        ("[1, 2]", "/x", "["),
        ("", "/a", ""),
    ],
)
def test_find_follows_broken_text_as_far_as_it_goes(text: str, pointer: str, expected: str) -> None:
    assert text[jsontext.find(text, pointer) :].startswith(expected)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_decode_knows_the_encodings_of_json(encoding: str) -> None:
    text = '{"name": "Größe ✉"}'
    assert jsontext.decode(text.encode(encoding)) == (text, None)


def test_decode_says_which_byte_is_wrong() -> None:
    text, problem = jsontext.decode('{"name": "Größe"}'.encode("latin-1"))
    assert problem == "byte 12 is not UTF-8"
    assert text.count("\ufffd") == 2
    assert jsontext.decode('{"a": 1}'.encode("utf-16")[:-1])[1] is not None


@given(st.text(alphabet="ab\n", max_size=300), st.integers(0, 320))
def test_line_and_column_agree_with_splitting(text: str, offset: int) -> None:
    before = text[:offset].split("\n")
    place = jsontext.line_and_column(text, jsontext.line_index(text), offset)
    assert place == (len(before), len(before[-1]) + 1)


@pytest.mark.parametrize("offset", [0, 65_535, 65_536, 65_537, 131_072, 199_999, 200_000])
def test_line_and_column_across_blocks(offset: int) -> None:
    text = ("x" * 9 + "\n") * 20_000
    place = jsontext.line_and_column(text, jsontext.line_index(text), offset)
    assert place == (offset // 10 + 1, offset % 10 + 1)


def test_mend_surrogates_keeps_whole_characters_and_offsets() -> None:
    text = r'["\ud83d\ude00", "\ud83d", "\\ud83d", "\udc00\ud83d"]'
    mended, places = jsontext.mend_surrogates(text)
    assert len(mended) == len(text)
    assert [text[place : place + 6] for place in places] == [r"\ud83d", r"\udc00", r"\ud83d"]
    assert json.loads(mended) == ["😀", "\ufffd", "\\ud83d", "\ufffd\ufffd"]
    assert jsontext.mend_surrogates(r'"\ud83d\ude00"') == (r'"\ud83d\ude00"', [])


@given(texts)
def test_escape_and_unescape_are_inverse(key: str) -> None:
    assert jsontext.unescape(jsontext.escape(key)) == key
    assert "/" not in jsontext.escape(key)

"""A JSON document read in pieces is what the standard library reads of it whole, or refused as it would be."""

from __future__ import annotations

import json
from io import BytesIO
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from archiver.formats.long_json import PIECE, PLAIN, WHOLE, JsonText, LongString, NotJson, TooManyValues

LETTERS = st.text(
    st.sampled_from(["a", "漢", "😀", '"', "\\", "\n", "\x7f", "\ud83d", "\ude00", "/", " "]), max_size=80
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | LETTERS,
    lambda inner: st.lists(inner, max_size=6) | st.dictionaries(LETTERS, inner, max_size=6),
    max_leaves=40,
)
NOISE = st.tuples(
    st.integers(0, 400), st.sampled_from([b"", b"]", b"}", b",", b'"', b"\\", b"\\u12", b"\x00", b"\xff", b"1"])
)


LONG = b"a" * 3 * PIECE


def is_json(document: bytes) -> bool:
    """Whether the standard library reads a document."""
    try:
        json.loads(document.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        return False
    return True


def is_read(document: bytes, piece: int) -> bool:
    """Whether we do."""
    text = JsonText(BytesIO(document), piece)
    try:
        text.value()
        text.end()
    except NotJson:
        return False
    return True


@settings(deadline=None)
@given(VALUES, st.booleans(), st.sampled_from([None, 1]), st.integers(50, 120), st.lists(NOISE, max_size=2))
def test_a_document_is_json_in_pieces_as_it_is_whole(
    value: Any, ascii_only: bool, indent: int | None, piece: int, noise: list[tuple[int, bytes]]
) -> None:
    document = json.dumps(value, ensure_ascii=ascii_only, indent=indent).encode("utf-8", "replace")
    for at, put in noise:
        document = document[: at % (len(document) + 1)] + put + document[at % (len(document) + 1) :]

    assert is_read(document, piece) == is_json(document)


@settings(deadline=None)
@given(LETTERS, st.booleans(), st.integers(13, 40))
@example("😀" * 20, True, 14)
def test_a_string_in_pieces_says_what_it_says_whole(letters: str, ascii_only: bool, piece: int) -> None:
    written = json.dumps(letters, ensure_ascii=ascii_only).encode("utf-8", "replace")

    assert "".join(JsonText(BytesIO(written), piece).string()) == json.loads(written)


def test_a_string_longer_than_a_piece_stays_in_the_file() -> None:
    long = "漢😀" * PIECE
    raw = BytesIO(b"\xef\xbb\xbf" + json.dumps({"a": {"b": long, "c": 1}, "d": long}, ensure_ascii=False).encode())
    found = JsonText(raw).value({"a": {"b": PLAIN, "c": PLAIN}})

    assert found["a"]["c"] == 1
    assert isinstance(found["a"]["b"], LongString)
    assert "".join(found["a"]["b"].pieces(raw)) == long


def test_of_a_value_only_what_is_wanted_is_kept() -> None:
    document = {"a": [1, {"x": 2}], "b": {"c": "d", "e": [0]}, "f": [3]}
    shape = {"a": WHOLE, "b": {"c": PLAIN, "e": PLAIN, "none": PLAIN}, "f": {"g": PLAIN}}

    assert JsonText(BytesIO(json.dumps(document).encode())).value(shape) == {
        "a": [1, {"x": 2}], "b": {"c": "d", "e": None}, "f": None,
    }  # fmt: skip


@pytest.mark.parametrize(
    "document",
    [
        b"", b"  ", b"{", b'{"a"', b'{"a":1,}', b"[1,]", b"[1 2]", b'"a', b"1 2", b'"\\ud83d\\', b"tru",
        b"[" * 99_999, b"9" * 5_000, b"\xff\xfe[\x00]\x00", b"[]\x00", b"'a'", b"{1: 2}", b'"\n"', b'"' + LONG,
        b"9" * 3 * PIECE, b"[" + b" " * 3 * PIECE, b'"' + LONG + b'\\x"', b'"' + LONG + b'\\u12 "',
        b'"' + LONG + b'\xff"',
    ],
)  # fmt: skip
def test_what_is_no_json_is_refused(document: bytes) -> None:
    assert not is_json(document)
    assert not is_read(document, PIECE)


def test_a_document_of_too_many_values_is_refused_before_it_takes_minutes() -> None:
    with pytest.raises(TooManyValues):
        JsonText(BytesIO(b"[" + b"0," * 300 + b"0]"), 50, 200).value()
    assert JsonText(BytesIO(b"[" + b"0," * 300 + b"0]"), 50, 400).value() is None

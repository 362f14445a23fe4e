"""Cursors come back as they were written; everything else is refused by name."""

import re
from base64 import urlsafe_b64encode

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from core.errors import Invalid
from core.paging import cut_page, decode_cursor, encode_cursor

INT64 = st.integers(-(2**63), 2**63 - 1)
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=200)


def cursor_of(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


@given(st.tuples(INT64, TEXT, INT64))
def test_a_key_comes_back(key):
    text = encode_cursor(key)
    assert re.fullmatch(r"[A-Za-z0-9_-]+", text)
    assert decode_cursor(text, (int, str, int)) == key


@given(st.one_of(st.text(max_size=100), st.binary(max_size=60).map(cursor_of)))
@example("")
@example("=")
@example("a" * 100_000)
def test_anything_else_is_refused(text):
    try:
        key = decode_cursor(text, (int, str))
    except Invalid:
        return
    assert encode_cursor(key) == text


@pytest.mark.parametrize(
    "raw",
    [
        b"[1]",
        b"[1,2]",
        b'["1","a"]',
        b'[1,"a",2]',
        b'[true,"a"]',
        b'[1.0,"a"]',
        b'[null,"a"]',
        b'[1,"a"] ',
        b'[1,"\\u0000"]',
        b'[1,"\\ud800"]',
        b'[9223372036854775808,"a"]',
        b'{"0":1,"1":"a"}',
        b"[" * 1000,
        b"\xff\xfe",
    ],
)
def test_other_shapes_are_refused(raw):
    with pytest.raises(Invalid):
        decode_cursor(cursor_of(raw), (int, str))


def test_one_cursor_has_one_spelling():
    text = encode_cursor((7, "b"))
    for other in (text + "=", text + "\n", " " + text, text.replace("_", "/") + "A"):
        with pytest.raises(Invalid):
            decode_cursor(other, (int, str))


def test_pages_follow_each_other_without_gap_or_repeat():
    rows, seen, after = list(range(10)), [], -1
    while True:
        page = cut_page([row for row in rows if row > after][:4], 3, lambda row: (row,))
        seen += page.items
        if page.next is None:
            break
        (after,) = decode_cursor(page.next, (int,))
    assert seen == rows

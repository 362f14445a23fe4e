"""Where the older letters begin in HTML: by the signs of mail programs, with whole markup on both sides."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from mailhub.letters.html import make_harmless, split_older
from mailhub.letters.quotes import find_older

HEADERS = "<b>From:</b> A &lt;a@b.example&gt;<br><b>Sent:</b> Monday<br><b>To:</b> c@d.example<br><b>Subject:</b> Hi"
FOLDED = (
    (
        "<p>Yes.</p><p>On Mon, 2 Nov 2026 at 10:20, Tom &lt;t@x.example&gt; wrote:</p><blockquote>old</blockquote>",
        "Yes.",
    ),
    (f"<p>Yes.</p><p>-- <br>Tom</p><div>{HEADERS}</div><p>old</p>", "Yes.-- Tom"),
    (f"<table><tr><td><p>Yes.</p><hr><p>{HEADERS}</p><p>old</p></td></tr></table>", "Yes."),
    ("<div>Yes.</div><div>-----Original Message-----<br>old</div>", "Yes."),
    ("<p>one</p><blockquote>a</blockquote><p>two</p><blockquote>old</blockquote>", "oneatwo"),
)
WHOLE = (
    "",
    "<p>Only this.</p>",
    "<blockquote>Nothing of my own.</blockquote>",
    "<blockquote>theirs</blockquote><p>answered below</p>",
    f"<div>{HEADERS}</div><p>A letter handed on without a word.</p>",
)


def words(html: str) -> str:
    return re.sub(r"<[^>]*>", "", html)


@pytest.mark.parametrize(("html", "own"), FOLDED)
def test_older_letters_are_split_off(html: str, own: str) -> None:
    clean = make_harmless(html, cid_links={}).html
    halves = split_older(clean)
    assert halves is not None
    assert words(halves[0]) == own
    assert words(halves[0]) + words(halves[1]) == words(clean)
    for half in halves:
        opened = Counter(re.findall(r"<([a-z]+)", half)) - Counter({"br": 99, "hr": 99})
        assert opened == Counter(re.findall(r"</([a-z]+)", half))
        assert make_harmless(half, cid_links={}).html == half


@pytest.mark.parametrize("html", WHOLE)
def test_what_cannot_be_told_apart_is_shown_whole(html: str) -> None:
    assert split_older(make_harmless(html, cid_links={}).html) is None


def test_own_words_below_a_quote_keep_it_in_view() -> None:
    assert find_older(["Hello,", "> old", "", "Yes."]) is None
    assert find_older(["Hello,", "", "> old", "> older"]) == 2

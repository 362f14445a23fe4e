import json
import time
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailhub.letters.linkify import text_to_html

TABLE = Path(__file__).parents[3] / "shared" / "corpora" / "attacks" / "text_linkify.json"
CASES = json.loads(TABLE.read_text())["cases"] if TABLE.exists() else []


class Reader(HTMLParser):
    """What a browser would make of it, as far as our few elements go."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.shown, self.links, self.tags, self.attributes = "", [], Counter(), set()
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags[tag] += 1
        self.links += [value for name, value in attrs if name == "href"]
        self.attributes |= {(tag, name, value) for name, value in attrs if name != "href"}

    def handle_data(self, data):
        self.shown += data


ALLOWED = {
    ("a", "rel", "noopener noreferrer nofollow"),
    ("a", "target", "_blank"),
    ("span", "class", "mark"),
}


def read(text: str) -> Reader:
    seen = Reader(text_to_html(text))
    assert set(seen.tags) <= {"a", "span", "blockquote"}
    assert seen.attributes <= ALLOWED
    return seen


def made(case: dict) -> str:
    if "text" in case:
        return case["text"]
    return "".join(part if isinstance(part, str) else part["repeat"] * part["times"] for part in case["make"])


@pytest.mark.skipif(not CASES, reason="not run: ../shared/corpora is absent")
def test_cases_per_class():
    print(dict(Counter(case["class"] for case in CASES)))
    assert len(CASES) >= 22


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_the_table(case):
    text, expect = made(case), case["expect"]
    started = time.process_time()
    seen = read(text)
    assert time.process_time() - started < expect.get("cpu_s", 0.5)
    assert seen.shown == (text if expect["shown"] == "same as text" else expect["shown"])
    if expect.get("any_links"):
        return
    if expect.get("links_prefix"):
        assert all(any(link.startswith(begin) for begin in expect["links"]) for link in seen.links)
    else:
        assert set(seen.links) <= set(expect["links"])
    assert set(expect["must_link"]) <= set(seen.links)


@pytest.mark.parametrize(
    ("text", "links"),
    [
        ("Рахунок: https://firm.example/a_(1).pdf, дякую", ["https://firm.example/a_(1).pdf"]),
        ("xem www.vidu.vn.", ["http://www.vidu.vn"]),
        ("http://10.0.0.7:8080/x", ["http://10.0.0.7:8080/x"]),
        ("обадете се на +359 2 123 45 67", ["tel:+35921234567"]),
        ("1+1234567890123456789012", []),
        ("https://user@firm.example/", []),
        ("https://firm.example:99999/", []),
        ("https://[::1/", []),
        ('<a href="https://a.example/x">', []),
        ("„https://a.example/“ і «https://b.example/»", ["https://a.example/", "https://b.example/"]),
        ("a.b+c@mail.firm.example;d@e", ["mailto:a.b+c@mail.firm.example"]),
        ("https://firm.exаmple/ (Cyrillic а)", []),
    ],
)
def test_links(text, links):
    seen = read(text)
    assert seen.links == links
    assert seen.shown == text


def test_quoted_levels_nest_and_close():
    html = text_to_html("hi\n> one\n> > two\n>> two\n> one\nbye\n")
    assert html.count("<blockquote>") == html.count("</blockquote>") == 2
    assert html.index("two") < html.index("</blockquote>") < html.rindex("one") < html.rindex("</blockquote>")
    assert Reader(html).shown == "hi\n> one\n> > two\n>> two\n> one\nbye\n"
    assert text_to_html(">" * 5000 + "x").count("<blockquote>") == 8


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet=st.sampled_from("ab<>&\"'@.:/+()1 2\n\rwm\\\u2028й=-"), max_size=80))
def test_every_character_is_shown_and_nothing_else_is_made(text):
    assert read(text).shown == text


@pytest.mark.parametrize(
    "part", ["https://a.example/", "a.", "www.a.b ", "+1 ", "mailto:", ">", "a@b.c", "(", "://", "1 ("]
)
def test_time_is_linear(part):
    started = time.process_time()
    text_to_html(part * (400_000 // len(part)))
    assert time.process_time() - started < 1.5

"""MJML and HTML become letters, and nothing that somebody writes stops the house."""

from __future__ import annotations

import contextlib
import time
from typing import Any

import pytest

from core.errors import Invalid
from mailhub.campaigns.compiled import Source, Texts
from mailhub.campaigns.making import make_letter
from tests.campaigns.house import FOOT

LETTER = """<mjml><mj-head><mj-preview>Short</mj-preview><mj-style>.x { color: #123456 }</mj-style></mj-head><mj-body>
<mj-section><mj-column><mj-text css-class="x">Dear {{ contact.name|default("colleagues") }} &amp; all</mj-text>
<mj-raw>{% if client.city %}</mj-raw><mj-text>In {{ client.city }}</mj-text><mj-raw>{% endif %}</mj-raw>
<mj-button href="https://firm.example/?to={{ contact.email }}">Look</mj-button>
<mj-image src="https://firm.example/a.png" alt="A garden" />
<mj-text><a href="{{ unsubscribe }}">Leave</a></mj-text></mj-column></mj-section></mj-body></mjml>"""


def test_mjml_becomes_a_letter_that_is_filled_like_every_other() -> None:
    made = make_letter("mjml", "News", LETTER, FOOT, "uk")
    assert (made.can_leave, made.bare) == (True, 0)
    assert made.links == ("https://firm.example/?to={{ contact.email }}", "{{ unsubscribe }}")
    assert "<mj-" not in made.html
    assert "@media" in made.html, "columns stand below each other on a telephone"
    assert "color: #123456" in made.html.partition("<body")[2], "styles are written into the tags"
    assert "fonts.googleapis" not in made.html
    texts = Texts(Source(made.subject, made.plain, made.html))
    fields = {"contact": {"name": "Анна <b>", "email": "a@client.example"}, "unsubscribe": "https://firm.example/u/1"}
    bare = texts.fill(fields)
    assert "Dear Анна &lt;b&gt; &amp; all" in bare.html
    assert "In " not in bare.text
    full = texts.fill({**fields, "client": {"city": "Odesa"}})
    assert ("In Odesa" in full.html, "In Odesa" in full.text, full.missing) == (True, True, ())
    assert "Look (https://firm.example/?to=a@client.example)" in full.text


@pytest.mark.parametrize(
    "source",
    [
        '<mjml><mj-body><mj-include path="/etc/passwd" /></mj-body></mjml>',
        "<mjml><mj-body><mj-text>1 < 2</mj-text></mj-body></mjml>",
        "<mjml><mj-body><mj-section></mj-body></mjml>",
        "<mjml><mj-body><mj-raw><script>1</script></mj-raw></mj-body></mjml>",
        "<mjml><mj-body><mj-raw><![CDATA[</mj-raw>]]></mj-raw></mj-body></mjml>",
    ],
)
def test_mjml_that_cannot_be_read_is_refused_in_words(source: str) -> None:
    with pytest.raises(Invalid):
        make_letter("mjml", "News", source, FOOT)


def test_the_line_of_the_mistake_is_told() -> None:
    with pytest.raises(Invalid) as refused:
        make_letter("mjml", "News", "<mjml>\n<mj-body>\n<mj-include path='a' />\n</mj-body></mjml>", FOOT)
    assert refused.value.fields["line"] == 3


HEAVY = {
    "deep": "<div>" * 39_000, "bold": "<b>" * 60_000, "tables": "<table><tr><td>" * 13_000,
    "raw text": "<div><title></div></title>" * 6_000, "stray ends": "<div></b>" * 20_000, "many": "<br>" * 49_000,
    "references": "&" * 190_000, "comments": "<!--" * 40_000, "signs": "<" * 190_000, "quotes": '<a b="' * 30_000,
    "formatting": "".join(f"<font a=b{one}>" for one in range(40)) + "<p>x" * 2_900,
}  # fmt: skip
"""Each of these took seconds, or the whole process, where nothing bounded it."""


@pytest.mark.parametrize("name", HEAVY)
def test_no_letter_is_too_heavy_for_the_house(name: str) -> None:
    began = time.process_time()
    with contextlib.suppress(Invalid):
        make_letter("html", "News", HEAVY[name] + "{{ unsubscribe }}", FOOT)
    assert time.process_time() - began < 1


@pytest.mark.parametrize(
    "inside",
    [
        "<div>" * 16_000, "<div><!--></div>-->" * 9_000, "<div a='/>'>" * 9_000, '<div a="/>">' * 9_000,
        "<div / >" * 9_000, "<p>" * 20_000, "<hr>" * 20_000, "<div></b>" * 9_000, "<mj-wrapper>" * 9_000,
        "<mj-section><mj-column><mj-text>a</mj-text></mj-column></mj-section>" * 370,
    ],
)  # fmt: skip
def test_no_mjml_is_too_heavy_for_the_house(inside: str) -> None:
    began = time.process_time()
    with contextlib.suppress(Invalid):
        make_letter("mjml", "News", f"<mjml><mj-body>{inside}</mj-body></mjml>", FOOT)
    assert time.process_time() - began < 1


@pytest.mark.parametrize("form", ["markdown", "html", "mjml", "plain"])
def test_words_that_look_like_our_own_places_are_words(form: Any) -> None:
    """``zqmh7hmqz`` in somebody's text was a fault of the server."""
    source = "zqmh7hmqz <!--mh7--> zqmh99999999999hmqz {{ contact.name }}"
    wrapped = (
        f"<mjml><mj-body><mj-section><mj-column><mj-text>{source}</mj-text></mj-column></mj-section></mj-body></mjml>"
    )
    made = make_letter(form, "News", wrapped if form == "mjml" else source, None)
    assert "zqmh7hmqz" in made.plain
    assert "{{ contact.name }}" in made.plain

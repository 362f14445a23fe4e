"""A compiled letter reads exactly as the plain rendering composed by the ordinary way, for any template and values."""

from __future__ import annotations

import email
import hashlib
import re
from email.header import decode_header
from email.policy import default
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jinja2.sandbox import SandboxedEnvironment

from core.errors import Invalid
from mailhub.campaigns.compiled import Frame, Personal, Source, Texts, UnfilledError, compile_letter
from mailhub.campaigns.compiled.contexts import escape_html, escape_plain
from mailhub.campaigns.compiled.language import clean_values, make_sandbox, parse, render
from mailhub.campaigns.compiled.phases import Base64Text, encode
from mailhub.campaigns.compiled.words import subject_field, to_field
from mailhub.letters.clean import one_line
from mailhub.letters.values import Address
from mailhub.outbound.compose import Fields, compose
from mailhub.outbound.headers import address_field, text_field
from mailhub.outbound.parts import File

FRAME = Frame(Address("Фірма", "news@firm.example"), "b7k2", list_id="m7.firm.example")
TO = Personal(
    Address("Анна Ткаченко", "anna@client.example"),
    "p.abc@firm.example",
    "Sun, 22 Nov 2026 15:00:00 +0000",
    ("https://mail.firm.example/leave/abc", "mailto:leave@firm.example"),
)
HTML = """<!doctype html><html><head><title>{{ subject }}</title><style>p { color: red }</style></head><body>
<!--[if mso]><v:rect href="https://firm.example/{{ contact.id }}"><![endif]-->
<p class="{% if client.big %}big{% else %}small{% endif %}">Dear {{ contact.name|default('friend') }},</p>
{% for item in client.items %}<li title='{{ item }}'>{{ item|upper }}</li>
{% endfor %}<a href="{{ client.site|default('https://firm.example') }}">site</a>
<a href="https://firm.example/go?who={{ contact.name|default('') }}&amp;at={{ contact.id }}">go</a>
<a href="https://firm.example/go?who={{ contact.name|default('')|urlencode }}">go</a>
<td style="color: {{ client.color|default('red') }}">x</td>{% if contact.id > 3 %}<b>{{ contact.id }}</b>{% endif %}
</body></html>"""
TEXT = """Dear {{ contact.name|default('friend') }},
{% for item in client.items %}* {{ item }}
{% endfor %}{% if client.big %}thank you{% endif %} {{ client.city|default('') }}"""
SUBJECT = "Новини для {{ contact.name|default('друга') }}"

words = st.one_of(
    st.none(),
    st.text(max_size=80),
    st.text(alphabet="аяїщ'\"<>&\r\n\t=?.%:/ javscript", max_size=90),
    st.sampled_from(
        ["javascript:alert(1)", "https://x.example/?a=1&b=2", "\r\n.\r\n", "=?utf-8?B?eA==?=", "a\nFrom x"]
    ),
)
values = st.fixed_dictionaries({
    "subject": st.text(min_size=1, max_size=30).filter(lambda one: bool(clean_values({"a": one}))),
    "contact": st.fixed_dictionaries({"name": words, "id": st.integers(0, 10**9)}),
    "client": st.fixed_dictionaries({
        "big": st.booleans(), "city": words, "site": words, "color": words, "items": st.lists(words, max_size=6),
    }),
})  # fmt: skip


def read(raw: bytes) -> tuple[dict[str, str], list[tuple[str, bytes]]]:
    """The letter as another program reads it, without mercy."""
    assert max(map(len, raw.split(b"\r\n"))) <= 998
    assert raw.isascii()
    assert b"\n" not in raw.replace(b"\r\n", b"")
    found = email.message_from_bytes(raw, policy=default)
    assert not found.defects
    parts = []
    for part in found.walk():
        assert not part.defects
        if not part.is_multipart():
            if part["Content-Transfer-Encoding"] == "base64":
                coded = str(email.message_from_bytes(part.as_bytes()).get_payload())
                assert all(len(line) <= 76 for line in coded.splitlines())
                assert "=" not in coded.strip().rstrip("=")
            parts.append((part.get_content_type(), part.get_payload(decode=True)))
    plain = email.message_from_bytes(raw)
    heads = {
        name.lower(): "".join(
            piece if isinstance(piece, str) else piece.decode(charset or "ascii")
            for piece, charset in decode_header(value)
        )
        for name, value in plain.items()
    }
    return heads, parts


def rendered(source: Source, known: dict[str, Any]) -> tuple[str, str, str]:
    """The whole templates at once, as Jinja renders them."""
    sandbox, known = make_sandbox(), clean_values(known)
    subject, text, html = parse(source.subject.strip()), parse(source.text), parse(source.html)
    escape_plain(subject)
    escape_plain(text)
    escape_html(html)
    return (
        one_line(render(sandbox, subject, known)[:-1]),
        render(sandbox, text, known),
        render(sandbox, html, known),
    )


def composed(source: Source, known: dict[str, Any]) -> bytes:
    subject, text, html = rendered(source, known)
    return compose(Fields("p.abc@firm.example", 0, FRAME.sender, (TO.to,), subject, text, html))


LETTER = Source(SUBJECT, TEXT, HTML)
COMPILED = compile_letter(LETTER, FRAME)


@settings(max_examples=60, deadline=None)
@given(values)
def test_it_reads_as_the_plain_rendering_composed_by_the_ordinary_way(known: dict[str, Any]) -> None:
    raw = COMPILED.fill(known, TO).raw()
    assert b"\r\n." not in raw
    heads, parts = read(raw)
    plain_heads, plain_parts = read(composed(LETTER, known))
    assert parts == plain_parts
    assert heads["subject"] == plain_heads["subject"]
    assert heads["to"] == plain_heads["to"] == "Анна Ткаченко <anna@client.example>"
    assert heads["message-id"] == "<p.abc@firm.example>"
    assert heads["list-unsubscribe-post"] == "List-Unsubscribe=One-Click"
    assert "https://mail.firm.example/leave/abc" in heads["list-unsubscribe"]


pieces = st.sampled_from([
    "{{ a }}", "{{ b|default('ні') }}", "{{ c.d|upper }}",
    "{% if a %}{{ c.d }}{% elif b %}x{% else %}<b>–</b>{% endif %}",
    "&amp;", "{% for x in l %}[{{ x }}]{% else %}none{% endfor %}", "<a href='/{{ a }}'>", "</a>", "<p>",
    "\n", "  \t\n", "–",
    "words " * 30, "Слово " * 40, "<td {% if b %}class=\"{{ b }}\"{% endif %}>", "<!-- {{ a }} -->", "{{ c|e }}",
])  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(st.lists(pieces, max_size=12), words, words, st.lists(words, max_size=3))
def test_so_does_any_template(made: list[str], a: str | None, b: str | None, items: list[str | None]) -> None:
    source = Source("S {{ a|default('-') }}", "".join(made).replace("<", ""), "".join(made) or "x")
    known = {"a": a, "b": b, "c": {"d": a}, "l": items}
    try:
        wanted = composed(source, known)
    except UnfilledError as missing:
        with pytest.raises(UnfilledError) as found:
            compile_letter(source, FRAME).fill(known, TO)
        fields = {found.value.field, missing.field}
        assert "" not in fields or len(fields) == 1
        return
    heads, parts = read(compile_letter(source, FRAME).fill(known, TO).raw())
    plain_heads, plain_parts = read(wanted)
    assert (heads["subject"], parts) == (plain_heads["subject"], plain_parts)


@given(words)
def test_between_tags_and_in_attributes_it_is_what_jinja_escapes(value: str | None) -> None:
    source = "<p title=\"{{ a|default('') }}\">{{ a|default('-') }}</p>{% for x in l %}<i>{{ x }}</i>{% endfor %}\n"
    ours = rendered(Source("x", "", source), {"a": value, "l": [value, value]})[2]
    known = clean_values({"a": value, "l": [value, value]})
    environment = SandboxedEnvironment(autoescape=True, keep_trailing_newline=True)
    assert ours == environment.from_string(source).render(known)


@pytest.mark.parametrize(
    ("value", "link"),
    [
        ("javascript:alert(1)", "#"),
        (" jAvA\nscript:alert(1)", "#"),
        ("data:text/html,x", "#"),
        ("vbscript:x", "#"),
        ("https://x.example/a?b=c&d=1#e", "https://x.example/a?b=c&amp;d=1#e"),
        ('https://x.example/"onclick="x', "https://x.example/%22onclick=%22x"),
        ("mailto:a@x.example", "mailto:a@x.example"),
        ("/there:x", "/there:x"),
    ],
)
def test_a_link_leads_to_web_mail_or_telephone(value: str, link: str) -> None:
    assert rendered(Source("x", "", '<a href="{{ a }}">'), {"a": value})[2] == f'<a href="{link}">\n'
    inside = rendered(Source("x", "", '<a href="https://f/{{ a }}">'), {"a": value})[2]
    assert re.fullmatch(r"https://f/[A-Za-z0-9%._~@-]*", inside[9:-3])


@pytest.mark.parametrize(
    "html",
    [
        "<script>{{ a }}</script>", "<style>{{ a }}</style>", "<a href={{ a }}>", "<{{ a }}>", "<a {{ a }}>",
        "<a x={{ a }}>", "</{{ a }}>",
        '<a onclick="{{ a }}">', "<a href='{% if b %}x'>{% endif %}", "{% for x in l %}<a href=\"{% endfor %}",
        '<body onload="x({{ a }})">', "<!doctype {{ a }}>",
    ],
)  # fmt: skip
def test_where_nothing_is_safe_nothing_may_stand(html: str) -> None:
    with pytest.raises(Invalid):
        compile_letter(Source("x", "", html), FRAME)


@pytest.mark.parametrize(
    "source",
    ["{{ ''.__class__ }}", "{{ a.__init__ }}", "{{ range(9) }}", "{% for i in range(10**9) %}{% endfor %}",
     "{{ 9**9**9 }}", "{{ a()|default }}", "{% set x = 1 %}", "{% include 'x' %}",
     "{{ a|map('x') }}", "{{ cycler }}{{ self }}"],
)  # fmt: skip
def test_tricks_are_refused(source: str) -> None:
    with pytest.raises(Invalid):
        compile_letter(Source("x", source), FRAME)


@pytest.mark.parametrize("comment", ["<!-->", "<!--->", "<!---->", "<!--x-->", "<!--x--!>", "<!----!>", "<!-->-->"])
def test_behind_a_comment_a_link_is_escaped_as_one(comment: str) -> None:
    """HTML 13.2.5.43: one that begins with ``>`` or ``->`` is empty, however it is meant."""
    said = Texts(Source("x", "", f'{comment}<a href="{{{{ a }}}}">x</a>')).fill({"a": "javascript:alert(1)"})
    assert said.html == f'{comment}<a href="#">x</a>\n'


@pytest.mark.parametrize("comment", ["<!--!>", "<!---!>", "<!-- >", "<!--<!--x", "<!-- {{ a }}>", "<!--{{ a }}>"])
def test_what_does_not_end_a_comment_leaves_it_open(comment: str) -> None:
    """Whatever stands there, no value ends it, nor begins a link."""
    for value in ("", "--", "-", "--!", "x"):
        said = Texts(Source("x", "", f'{comment}<a href="{{{{ b }}}}"> -->')).fill({"a": f"{value} ", "b": "--> & x"})
        assert "--" not in said.html[4:].removesuffix(" -->\n").replace("<!--", "")
        assert '<a href="   &gt; &amp; x"> -->' in said.html


def test_a_field_that_nobody_knows_holds_the_letter() -> None:
    letter = compile_letter(
        Source("x", "", "<p>{% if client.big %}{{ client.city }}{% endif %}{{ contact.name }}</p>"), FRAME
    )
    for known, field in (
        ({}, "contact.name"),
        ({"contact": {"name": ""}}, "contact.name"),
        ({"contact": {"name": "A"}, "client": {"big": True}}, "client.city"),
    ):
        with pytest.raises(UnfilledError) as found:
            letter.fill(known, TO)
        assert found.value.field == field
    assert letter.fill({"contact": {"name": "A"}}, TO).raw()


@settings(max_examples=60, deadline=None)
@given(values)
def test_what_is_shown_and_checked_is_what_is_sent(known: dict[str, Any]) -> None:
    source = Source(SUBJECT, TEXT, HTML)
    said = Texts(source).fill(known)
    assert not said.missing
    sent = email.message_from_bytes(compile_letter(source, FRAME).fill(known, TO).raw(), policy=default)
    for subtype, text in (("plain", said.text), ("html", said.html)):
        part = sent.get_body((subtype,))
        assert part is not None
        assert part.get_payload(decode=True).decode() == text.replace("\n", "\r\n")


def test_what_is_missing_is_told_where_it_stands() -> None:
    said = Texts(Source("", "Dear {{ contact.name }}, {{ client.city }}", "<p>{{ contact.name }}</p>")).fill({})
    assert (said.subject, said.missing) == ("", ("contact.name", "client.city"))
    assert said.html == "<p>[contact.name]</p>\n"


def test_equal_holes_are_one() -> None:
    html = "".join(f'<a href="https://f/{number}/{{{{ token }}}}">' for number in range(20)) + "{{ token }}"
    assert compile_letter(Source("x", "{{ token }}", html), FRAME).holes == 3  # in a link, between tags, in plain text


def test_files_and_pictures_stand_in_it_once() -> None:
    frame = Frame(
        FRAME.sender,
        "b",
        files=(File("p.png", "image/png", b"\x89PNG" * 99, "pic"), File("a.pdf", "application/pdf", b"%PDF")),
    )
    raw = compile_letter(Source("x", "{{ a }}", '<img src="cid:pic">{{ a }}'), frame).fill({"a": "я"}, TO).raw()
    assert [kind for kind, _ in read(raw)[1]] == ["text/plain", "text/html", "image/png", "application/pdf"]


@given(
    st.lists(st.one_of(st.binary(max_size=400), st.integers(0, 2)), max_size=8),
    st.lists(st.binary(max_size=90), min_size=3, max_size=3),
)
def test_three_phases_are_base64(pieces: list[bytes | int], filled: list[bytes]) -> None:
    out: list[bytes] = []
    Base64Text(pieces).fill(filled, out)
    coded = b"".join(out)
    whole = b"".join(one if isinstance(one, bytes) else filled[one] for one in pieces)
    assert coded.replace(b"\r\n", b"") == encode(whole).replace(b"\r\n", b"")
    assert all(0 < len(line) <= 76 for line in coded.split(b"\r\n")[:-1])


@given(st.text(max_size=200))
def test_subject_and_to_read_as_the_ordinary_ones(text: str) -> None:
    def decoded(field: bytes) -> str:
        assert all(len(line) <= 78 for line in field.split(b"\r\n"))
        value = field.partition(b": ")[2].decode("ascii").replace("\r\n", "")
        return "".join(p if isinstance(p, str) else p.decode(c or "ascii") for p, c in decode_header(value))

    assert decoded(subject_field(text)) == one_line(text)
    if one_line(text).strip(" "):
        assert decoded(subject_field(text)).strip() == decoded(text_field("Subject", text)).strip()
    to = Address(text, "anna@client.example")
    assert decoded(to_field(to)).replace('"', "").replace("\\", "") == decoded(address_field("To", [to])).replace(
        '"', ""
    ).replace("\\", "")


def test_a_letter_is_the_same_each_time() -> None:
    known = {"subject": "s", "contact": {"name": "Анна", "id": 7}, "client": {"items": ["a", "b"]}}
    assert len({hashlib.sha256(COMPILED.fill(known, TO).raw()).digest() for _ in range(3)}) == 1

"""Single values out of headers: words, addresses, parameters, ids, dates, subjects, names."""

from __future__ import annotations

import time

import pytest

from core.clock import iso
from mailhub.letters.addresses import parse_addr_spec, parse_addresses, parse_single_address
from mailhub.letters.date import parse_date
from mailhub.letters.encoded_words import decode_header
from mailhub.letters.filenames import safe_file_name
from mailhub.letters.headers import read_headers
from mailhub.letters.params import param_text, parse_content_type, parse_disposition
from mailhub.letters.references import parse_ids, parse_message_id
from mailhub.letters.subject import has_answer_prefix, parse_base_subject
from mailhub.letters.values import Address


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (b"plain words", "plain words"),
        (b"=?utf-8?Q?caf=C3=A9_au_lait?=", "café au lait"),
        (b"=?utf-8?q?a?= =?utf-8?q?b?=", "ab"),
        (b"=?utf-8?q?a?= b =?utf-8?q?c?=", "a b c"),
        (b"=?utf-8?q?a_?= =?koi8-r?B?z8s=?=", "a ок"),
        (b"=?utf-8*uk?B?0Y8=?=", "я"),
        (b"=?utf-8?B?0Y", "=?utf-8?B?0Y"),
        (b"=?utf-8?Q?what?_now?=", "what? now"),
        (b"=?utf-8?Q?with blank?=", "with blank"),
        (b"=?nonsense?Q?=D1=8F?=", "я"),
        (b"\xd1\x8f =?utf-8?q?=D1=8F?=", "я я"),
        (b"=?utf-8?B?0Y/RjQ?=", "яэ"),
        (b"=?utf-8?Q?a=00b=0D=0Ac=E2=80=A8d?=", "ab c d"),
        (b"a=?utf-8?q?b?=c", "abc"),
    ],
)
def test_decode_header(raw: bytes, text: str) -> None:
    assert decode_header(raw) == text


@pytest.mark.parametrize(
    ("raw", "address"),
    [
        (b"ann@client.example", "ann@client.example"),
        (b"Ann <ann@Client.Example>", "ann@client.example"),
        (b'"Ann, B." <ann@client.example>', "ann@client.example"),
        (b"=?utf-8?Q?=D0=9E?= <ann@client.example> (work)", "ann@client.example"),
        ("Олена <olena@пекарня.example>".encode(), "olena@xn--80ajpngj0i.example"),
        (b'"odd local"@client.example', '"odd local"@client.example'),
        (b"a@[192.0.2.1]", "a@[192.0.2.1]"),
        (b"<ann@client.example>", "ann@client.example"),
    ],
)
def test_single_address(raw: bytes, address: str) -> None:
    assert parse_single_address(raw) == address


@pytest.mark.parametrize(
    "raw",
    [
        b"alice@example.org)<bob@example.com>",
        b"alice@example.org, bob@example.com",
        b"alice@example.org <bob@example.com>",
        b"Team: alice@example.org;",
        b"<a@x.example><b@x.example>",
        b"<@relay.example:a@x.example>",
        b"Ann",
        b"",
        b"a@b@c.example",
        b"a@-x.example",
        b"a..b@x.example",
        b"\xff <a@x.example>",
        b"a\0@x.example",
        b'"a <a@x.example>',
        b"a@x.example (open",
        b"a@x.example.",
    ],
)
def test_no_single_address(raw: bytes) -> None:
    assert parse_single_address(raw) is None


@pytest.mark.parametrize(
    ("raw", "found"),
    [
        (b"ann@client.example", [("", "ann@client.example")]),
        (b"Ann <ann@client.example>, b@x.example (Bob)", [("Ann", "ann@client.example"), ("Bob", "b@x.example")]),
        (b'"Petrenko, Ivan \\"V\\"" <i@x.example>', [('Petrenko, Ivan "V"', "i@x.example")]),
        (b"undisclosed-recipients:;", []),
        (
            b"Team: a@x.example, b@x.example; c@x.example",
            [("", "a@x.example"), ("", "b@x.example"), ("", "c@x.example")],
        ),
        (b"Ann Lee", [("Ann Lee", "")]),
        (b"a @ x.example", [("", "a@x.example")]),
        (b"Ann ann@x.example", [("Ann", "ann@x.example")]),
        (b"=?utf-8?Q?Ann=2C_=3Cx=40y=3E?= <a@x.example>", [("Ann, <x@y>", "a@x.example")]),
        (b"'Ann' <a@x.example>", [("Ann", "a@x.example")]),
        (b"<a@x.example", [("", "a@x.example")]),
        (b"", []),
    ],
)
def test_addresses(raw: bytes, found: list[tuple[str, str]]) -> None:
    assert parse_addresses(raw) == [Address(*one) for one in found]


def test_addresses_are_cut_and_named() -> None:
    defects: list[str] = []
    assert len(parse_addresses(b"a@x.example, " * 2_000, defects)) == 1_000
    assert defects == ["more than 1000 addresses; the rest was left out"]


def test_addr_spec_has_one_form() -> None:
    assert parse_addr_spec("Ann@CLIENT.example") == "Ann@client.example"
    assert parse_addr_spec("x" * 65 + "@client.example") is None


def test_params() -> None:
    kind = parse_content_type(b'Text/HTML; Charset="UTF-8"; name=a; broken; boundary="b \\"q\\" "; x')
    assert (kind.type, kind.charset, kind.raw_boundary) == ("text/html", "UTF-8", b'b "q"')
    assert parse_content_type(b"text; charset=koi8-r").type == "text/plain"
    assert parse_content_type(b"nonsense words").type == "application/octet-stream"


@pytest.mark.parametrize(
    ("raw", "name"),
    [
        (b"attachment; filename=a.pdf", "a.pdf"),
        (b'attachment; filename="a;b.pdf"', "a;b.pdf"),
        (b"attachment; filename*=utf-8''%D1%8F.pdf; filename=other.pdf", "я.pdf"),
        (b'attachment; filename*0="in"; filename*2="ce.pdf"; filename*1="voi"', "invoice.pdf"),
        (b"attachment; filename*0*=koi8-r''%D1; filename*1*=%D2.pdf", "яр.pdf"),
        (b"attachment; filename*0*=utf-8''%D1; filename*1*=%8F.pdf", "я.pdf"),
        (b'attachment; filename="=?utf-8?Q?=D1=8F.pdf?="', "я.pdf"),
        ('attachment; filename="я.pdf"'.encode(), "я.pdf"),
        (b"attachment", None),
    ],
)
def test_file_name_param(raw: bytes, name: str | None) -> None:
    disposition, params = parse_disposition(raw)
    assert disposition == "attachment"
    assert param_text(params, "filename") == name


def test_many_params_are_quick() -> None:
    started = time.process_time()
    parse_content_type(b"a/b" + b"; name*1*=a" * 9_000 + b";" * 10_000)
    assert time.process_time() - started < 0.2


@pytest.mark.parametrize(
    ("raw", "found"),
    [
        (b"<a@x.example>", "a@x.example"),
        (b"garbage <a@x.example> <b@x.example>", "a@x.example"),
        (b"<a b> <c@x.example>", "c@x.example"),
        (b"bare@x.example", "bare@x.example"),
        ("привіт".encode(), None),
        (b"<<<<", None),
        (None, None),
    ],
)
def test_message_id(raw: bytes | None, found: str | None) -> None:
    assert parse_message_id(raw) == found


def test_ids() -> None:
    assert parse_ids([b"<a@x> <b@x>\t<a@x>", b"words <c@x>"]) == ("a@x", "b@x", "c@x")
    many = parse_ids([b" ".join(b"<%d@x>" % at for at in range(3_000))])
    assert (len(many), many[0], many[-1]) == (1_000, "0@x", "2999@x")


@pytest.mark.parametrize(
    ("raw", "moment"),
    [
        (b"Tue, 14 Jan 2025 10:00:00 +0200", "2025-01-14T08:00:00Z"),
        (b"14 Jan 25 10:00 EST", "2025-01-14T15:00:00Z"),
        (b"Tue, 14 Jan 2025 10:00:00 GMT (comment)", "2025-01-14T10:00:00Z"),
        (b"Tue Jan 14 10:00:00 2025", "2025-01-14T10:00:00Z"),
        (b"2025-01-14 10:00:00+02:00", "2025-01-14T08:00:00Z"),
        (b"Sat, 31 Dec 2016 23:59:60 +0000", "2016-12-31T23:59:59Z"),
        (b"Tue, 14 Jan 99999 10:00:00 +0200", None),
        (b"Tue, 14 Jan 0000 10:00:00 +0200", None),
        (b"Tue, 14 Jan 2025 10:00:00 +9999", None),
        (b"Tue, 99 Jan 2025 10:00:00 +0000", None),
        (b"yesterday", None),
        (None, None),
    ],
)
def test_date(raw: bytes | None, moment: str | None) -> None:
    found = parse_date(raw)
    assert (None if found is None else iso(found)) == moment


@pytest.mark.parametrize(
    "subject",
    ["Ціна чаю", "Re: Ціна чаю", "RE[2]: ціна  чаю", "Відп: Ціна чаю", "Отг: Fwd: Ціна чаю",
    "HA: Ціна чаю".replace("HA", "На"),
     "Re: [list] Re: Ціна чаю", "Trả lời: ціна чаю", "AW: WG: Ціна чаю (fwd)", "Ответ: Пересл: Ціна чаю"],
)  # fmt: skip
def test_base_subject(subject: str) -> None:
    assert parse_base_subject(subject) == "ціна чаю"


def test_base_subject_keeps_what_is_no_prefix() -> None:
    assert parse_base_subject("[offer] Tea: green") == "[offer] tea: green"
    assert parse_base_subject("Rest: a word") == "rest: a word"
    assert has_answer_prefix("Відп: так")
    assert not has_answer_prefix("Відпустка: так")


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("a.pdf", "a.pdf"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\x\\a.doc", "a.doc"),
        ("con.txt", "_con.txt"),
        ("a\u202efdp.exe", "afdp.exe"),
        ("a.txt. . ", "a.txt"),
        ("...", None),
        ("", None),
        (None, None),
        ("e\u0301.txt", "é.txt"),
    ],
)
def test_safe_file_name(name: str | None, safe: str | None) -> None:
    assert safe_file_name(name) == safe


def test_long_file_name_keeps_its_extension() -> None:
    found = safe_file_name("я" * 1_000 + ".docx")
    assert found is not None
    assert len(found.encode()) <= 255
    assert found.endswith("я.docx")


def test_headers() -> None:
    defects: list[str] = []
    raw = b"From mbox line\r\nSubject: a\r\n b\r\nTo : x\r\nX:\r\n\r\nbody"
    headers, body = read_headers(raw, 0, len(raw), defects)
    assert (headers.find("subject"), headers.find("to"), headers.find("x"), headers.find("cc")) == (
        b"a b",
        b"x",
        b"",
        None,
    )
    assert (raw[body:], defects) == (b"body", [])

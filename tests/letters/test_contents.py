"""Bytes to words: charsets, transfer encodings, HTML, flowed text, quotes, excerpts, languages."""

from __future__ import annotations

import pytest

from mailhub.letters.charsets import decode, find_codec, find_meta_charset
from mailhub.letters.excerpt import find_excerpt
from mailhub.letters.flowed import unflow
from mailhub.letters.language import guess_language
from mailhub.letters.letter import parse_letter
from mailhub.letters.plain import html_to_text
from mailhub.letters.quotes import reply_text
from mailhub.letters.scanner import scan
from mailhub.letters.transfer import decode_transfer, find_encoding

UK = "Добрий день! Ґрунтуємось на вашій пропозиції: їдемо у п'ятницю, рахунок надішліть до четверга."
RU = "Здравствуйте! Просим прислать счёт на оплату цемента, объём прежний, подъезд со двора."
BG = "Здравейте! Моля, изпратете ни оферта за строителни материали, доставка до София."
VI = "Kính gửi quý công ty, chúng tôi cần báo giá cho một trăm thùng trà, giao hàng tại Đà Nẵng."


@pytest.mark.parametrize("codec", ["cp1251", "koi8-u", "mac-cyrillic", "utf-8"])
@pytest.mark.parametrize("label", [None, "x-unknown", "us-ascii", "iso-8859-1", "utf-8", "right"])
def test_cyrillic_whatever_the_label(codec: str, label: str | None) -> None:
    text = UK.replace("Ґ", "Г") if codec == "mac-cyrillic" else UK
    assert decode(text.encode(codec), codec if label == "right" else label).text == text


@pytest.mark.parametrize(
    ("text", "codec"), [(RU, "koi8-r"), (RU, "cp866"), (RU, "iso8859-5"), (BG, "cp1251"), (BG, "cp866")]
)
def test_cyrillic_without_label(text: str, codec: str) -> None:
    assert decode(text.encode(codec), None).text == text


def test_western_stays_western() -> None:
    text = "Les écoles françaises sont fermées à Noël, déjà."
    assert decode(text.encode("cp1252"), "iso-8859-1").text == text
    assert decode(text.encode("cp1252"), None).text == text


def test_right_labels_are_believed_for_short_words() -> None:
    assert decode("ґ".encode("cp1251"), "windows-1251").text == "ґ"
    assert decode("Ö".encode("cp1252"), "iso-8859-1").text == "Ö"


def test_vietnamese_tables_hold_the_whole_alphabet() -> None:
    viscii = decode(bytes(range(0x80, 0x100)), "viscii").text
    assert len(set(viscii)) == 128
    assert decode(b"Vi\xd6t Nam", "tcvn").text == "Việt Nam"
    assert decode(b"Vi\xaet", "viscii").text == "Việt"


@pytest.mark.parametrize(
    "label", ["utf-7", "rot13", "zlib", "base64", "idna", "unicode_escape", "punycode", "undefined", "x" * 10_000]
)
def test_what_is_no_charset(label: str) -> None:
    assert find_codec(label) is None
    assert decode(b"plain \\u0041 +AD4-", label).text == "plain \\u0041 +AD4-"


def test_east_asian() -> None:
    assert decode("こんにちは、世界".encode("iso2022_jp"), "iso-2022-jp").text == "こんにちは、世界"
    assert decode("会议纪要".encode("gb18030"), "gb2312").text == "会议纪要"
    assert decode("こんにちは、お元気ですか".encode("cp932"), None).text == "こんにちは、お元気ですか"


def test_meta_charset() -> None:
    assert find_meta_charset(b'<meta http-equiv="Content-Type" content="text/html; charset=koi8-r">') == "koi8-r"
    assert find_meta_charset(b"<p>charset=koi8-r") is None


@pytest.mark.parametrize(
    ("data", "encoding", "plain"),
    [
        (b"QUJD\r\nREVG", "base64", b"ABCDEF"),
        (b"QUI", "base64", b"AB"),
        (b"QUI=QUI=", "base64", b"ABAB"),
        (b"QUI=\r\nQUI=", "base64", b"ABAB"),
        (b"QU!!JD", "base64", b"ABC"),
        (b"QUJDR", "base64", b"ABC"),
        (b"", "base64", b""),
        (b"a=3Db=\r\nc  \r\nd=ZZ=", "quoted-printable", b"a=bc\r\nd=ZZ"),
        (b"a=  \r\nb", "quoted-printable", b"ab"),
        (b"begin 644 a\r\n#0V%T\r\n`\r\nend\r\nmore", "uuencode", b"Cat"),
        (b"as it is", "7bit", b"as it is"),
    ],
)
def test_transfer(data: bytes, encoding: str, plain: bytes) -> None:
    assert decode_transfer(data, encoding).data == plain


def test_encodings_that_contradict() -> None:
    defects: list[str] = []
    assert find_encoding([b"Base64"], defects) == "base64"
    assert find_encoding([b"base64", b"7bit"], defects) == "7bit"
    assert find_encoding([b"x-gzip64"], defects) == "7bit"
    assert defects == ["there are several transfer encodings", "the transfer encoding is unknown"]


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>One</p><p>Two</p>", "One\n\nTwo"),
        ("<div>One</div><div>Two</div>", "One\nTwo"),
        ("a<br>b<br><br>c", "a\nb\n\nc"),
        ("<style>p{}</style><script>x('<p>')</script><title>t</title>words", "words"),
        ("<blockquote>old<br>lines</blockquote>new", "> old\n> lines\n\nnew"),
        ("a &lt;b&gt; &amp;amp; &#1110;", "a <b> &amp; і"),
        ("<!-- <p>no</p> -->yes<!-- open", "yes"),
        ("<!-->a<!--->b<!-- no --!>c<!--!> no -->d", "abcd"),
        ("<!--[if mso]><p>no</p><![endif]-->yes", "yes"),
        ('<div style="display:none">hidden <div>in</div></div>seen', "seen"),
        ("<a href='x>y' title=\"a>b\">link</a>", "link"),
        ('<a href=x"y>link</a> after', "link after"),
        ("<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>", "a b\nc"),
        ("<pre>a\n  b</pre>", "a\n  b"),
        ("<pre>a\tb\n\n  <b>c</b></pre>d", "a\tb\n\n  c\n\nd"),
        ("<p class=MsoNormal>One</p><p class=MsoNormal>Two</p><p>Three</p>", "One\nTwo\n\nThree"),
        ('<SPAN STYLE="DISPLAY: none">hidden</SPAN>seen', "seen"),
        ("<blockquote><blockquote>a</blockquote>b</blockquote><hr>c", f"> > a\n>\n> b\n\n{'_' * 32}\nc"),
        ("&#" + "1" * 5000, "\ufffd" + "1" * 4980),
        ("a < b and c > d", "a < b and c > d"),
        ("<p>unclosed <b>bold", "unclosed bold"),
        ("", ""),
    ],
)
def test_html_to_text(html: str, text: str) -> None:
    assert html_to_text(html) == text


def test_unflow() -> None:
    assert unflow("one \ntwo\n> q \n> r\n-- \nme") == "one two\n> q r\n-- \nme"
    assert unflow("gra \nph", delsp=True) == "graph"
    assert unflow(" >not quoted\nhard\nlines") == ">not quoted\nhard\nlines"


@pytest.mark.parametrize(
    ("text", "reply"),
    [
        ("Так.\n\n> old", "Так."),
        ("> Скільки?\n40\n\n> Куди?\nЛьвів", "40\n\nЛьвів"),
        ("Yes.\n\nOn Tue, Jan 14, 2025 at 12:30 PM Ann\n<ann@x.example> wrote:\n> old", "Yes."),
        ("Да.\n\n-----Исходное сообщение-----\nОт: x", "Да."),
        ("Line\n-- \nsignature", "Line"),
        ("Line\n\nSent from my iPhone", "Line"),
        ("From: here to there, it is far.\nYours", "From: here to there, it is far.\nYours"),
        ("We wrote:\nnothing", "We wrote:\nnothing"),
        ("", ""),
        ("> all quoted", "> all quoted"),
    ],
)
def test_reply_text(text: str, reply: str) -> None:
    assert reply_text(text) == reply


@pytest.mark.parametrize(
    ("text", "excerpt"),
    [
        ("Добрий день!\n\nНадішліть рахунок.", "Надішліть рахунок."),
        ("Здравствуйте! Пришлите счёт.", "Пришлите счёт."),
        ("Здравейте,\nмоля за оферта.", "моля за оферта."),
        ("Xin chào,\nxin báo giá.", "xin báo giá."),
        ("Dear Ann,\n\nplease call\nme.", "please call me."),
        ("Hello", ""),
        ("----\n> q\nwords", "words"),
    ],
)
def test_excerpt(text: str, excerpt: str) -> None:
    assert find_excerpt(text, "") == excerpt


def test_excerpt_is_short_and_falls_back() -> None:
    assert len(find_excerpt("слово " * 200, "")) <= 200
    assert find_excerpt("", "the whole text") == "the whole text"


@pytest.mark.parametrize(("text", "language"), [
    (UK, "uk"), (RU, "ru"), (BG, "bg"), (VI, "vi"), ("Please send us the invoice for the tea.", "en"), ("12345",
    None), ("", None),
])  # fmt: skip
def test_language(text: str, language: str | None) -> None:
    assert guess_language(text) == language


def test_scanner_finds_the_tree() -> None:
    raw = (
        b"Content-Type: multipart/mixed; boundary=a\r\n\r\npreamble\r\n--a\r\n"
        b"Content-Type: multipart/alternative; boundary=aa\r\n\r\n"
        b"--aa\r\n\r\nplain\r\n--aa\r\nContent-Type: text/html\r\n\r\n<p>\r\n--aa--\r\nepilogue\r\n--a\r\n"
        b"Content-Type: image/png\r\n\r\nx\r\n--a--\r\nend"
    )
    found = scan(raw)
    shape = [(part.content_type.type, part.depth, part.parent) for part in found.parts]
    assert shape == [
        ("multipart/mixed", 0, -1), ("multipart/alternative", 1, 0), ("text/plain", 2, 1), ("text/html", 2, 1),
        ("image/png", 1, 0),
    ]  # fmt: skip
    assert [raw[part.body : part.end] for part in found.parts if not part.is_multipart] == [b"plain", b"<p>", b"x"]
    assert found.defects == []


def test_alternatives_are_one_text() -> None:
    raw = (
        b"From: a@b.example\r\nContent-Type: multipart/mixed; boundary=m\r\n\r\n--m\r\n"
        b"Content-Type: multipart/alternative; boundary=a\r\n\r\n"
        b"--a\r\nContent-Type: text/plain\r\n\r\nwords\r\n--a\r\nContent-Type: multipart/related; boundary=r\r\n\r\n"
        b"--r\r\nContent-Type: text/html\r\n\r\n<p>words <img src=cid:i>\r\n--r\r\nContent-Type: image/png\r\n"
        b"Content-ID: <i>\r\n\r\nx\r\n--r--\r\n--a--\r\n"
        b"--m\r\nContent-Type: text/plain\r\n\r\nfooter of a list\r\n--m--\r\n"
    )
    letter = parse_letter(raw)
    assert letter.text == "words\n\nfooter of a list"
    assert letter.html is not None
    assert letter.html.startswith("<p>words")
    assert [(one.inline, one.content_id) for one in letter.attachments] == [(True, "i")]

"""What files say: read where it can be read, bounded whatever they are."""

from __future__ import annotations

import io
import random
import time
import zipfile
import zlib
from functools import cache

import pytest

from mailhub.demo.attachments import make_pdf
from mailhub.demo.sheet import make_sheet
from mailhub.letters.filekinds import has_text, kind_of
from mailhub.letters.filetext import MOST_TEXT, text_of

WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
SECONDS = 10.0


def packed(**parts: str | bytes) -> bytes:
    """A zip of these parts; ``__`` in a name is a slash."""
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name.replace("__", "/") + ".xml", content)
    return held.getvalue()


def document(body: str, before: str = "") -> bytes:
    """A docx."""
    return packed(word__document=f'<?xml version="1.0"?>{before}<w:document xmlns:w="{WORD}">{body}</w:document>')


def paragraph(*runs: str) -> str:
    return "<w:p>" + "".join(f"<w:r><w:t>{run}</w:t></w:r>" for run in runs) + "</w:p>"


def test_a_document_is_read_across_its_runs() -> None:
    data = document(paragraph("раху", "нок") + paragraph("на сплату"))
    assert text_of("a.docx", "application/octet-stream", data).split() == ["рахунок", "на", "сплату"]


def test_sheets_slides_and_open_documents_are_read() -> None:
    assert "Насос" in text_of("a.xlsx", "", make_sheet([("Насос", "12"), ("Фільтр", "3")]))
    slide = packed(ppt__slides__slide1='<p:sld xmlns:p="p" xmlns:a="a"><a:p><a:r><a:t>Pumps</a:t></a:r></a:p></p:sld>')
    assert text_of("a.pptx", "", slide).split() == ["Pumps"]
    text = packed(content='<o xmlns:t="t"><t:h>Head</t:h><t:p>Bo<t:span>dy</t:span></t:p></o>')
    assert text_of("a.odt", "", text).split() == ["Head", "Body"]
    strings = packed(
        xl__sharedStrings='<sst xmlns="x"><si><t>Насос</t></si></sst>',
        xl__worksheets__sheet1='<w xmlns="x"><row><c t="s"><v>0</v></c><c><v>450</v></c></row></w>',
    )
    assert text_of("a.xlsx", "", strings).split() == ["Насос", "450"]


def test_a_pdf_is_read() -> None:
    assert "pumps" in text_of("a.pdf", "application/pdf", make_pdf("We need pumps", "Order 1187"))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "windows-1251"])
def test_plain_text_is_read_in_its_encoding(encoding: str) -> None:
    assert "Рахунок на насоси;12" in text_of("a.csv", "text/csv", "Рахунок на насоси;12\r\n".encode(encoding) * 9)


def test_a_page_is_read_without_scripts() -> None:
    data = "<style>p{}</style><p>Ціна &amp; <b>умови</b><script>alert(1)</script>".encode()
    assert text_of("a.html", "text/html", data).split() == ["Ціна", "&", "умови"]


def test_the_name_says_more_than_the_type_and_the_bytes_more_than_both() -> None:
    assert text_of("a.txt", "text/plain", document(paragraph("inside"))).split() == ["inside"]
    assert text_of("a.pdf", "application/pdf", b"no pdf") == text_of("a.docx", "", b"no zip") == ""
    assert text_of("a.exe", "application/octet-stream", b"MZ text") == ""
    assert has_text("a.PDF", "")
    assert has_text(None, "text/csv")
    assert not has_text("a.png", "image/png")
    assert kind_of("a.xlsx", "") == "sheet"
    assert kind_of(None, "image/png") == "picture"
    assert kind_of("x", "y") == "any"


@cache
def _bombs() -> dict[str, bytes]:
    entities = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    laughs = f'<!DOCTYPE x [<!ENTITY l0 "ha">{entities}]>'
    outside = '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>'
    page = zlib.compress(b"BT (" + b"a" * 50_000_000 + b") Tj ET", 9)
    pdf = (
        b"%%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
        b"3 0 obj<</Type/Page/Parent 2 0 R/Contents 4 0 R>>endobj\n4 0 obj<</Length %d/Filter/FlateDecode>>stream\n%b"
        b"\nendstream endobj\ntrailer<</Root 1 0 R>>"
    ) % (len(page), page)
    loop = (
        b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[2 0 R 2 0 R]/Count 9>>"
        b"endobj\ntrailer<</Root 1 0 R/Prev 0>>"
    )
    return {
        "a zip of zeros": document(f"<w:p><w:t>{' ' * 60_000_000}</w:t></w:p>"),
        "billion laughs": document(paragraph("&l9;"), laughs),
        "entity from outside": document(paragraph("&e;"), outside),
        "endless nesting": document("<w:p>" * 2_000_000),
        "many parts": packed(**{f"ppt__slides__slide{n}": f"<p>{'a' * 5000}</p>" for n in range(3000)}),
        "cut zip": document(paragraph(random.Random(1).randbytes(50_000).hex()))[:-4000],
        "pdf bomb": pdf,
        "pdf in a circle": loop,
        "much text": "слово ".encode() * 2_000_000,
        "html of tags": b"<a " * 2_000_000,
        "html of styles": b"<style><" * 1_000_000,
        "html entities": b"&#" * 2_000_000,
    }


@pytest.mark.parametrize("name", list(_bombs()))
def test_hostile_files_cost_little(name: str) -> None:
    data = _bombs()[name]
    kind = (
        "a.pdf" if name.startswith("pdf") else "a.html" if "html" in name else "a.txt" if "text" in name else "a.docx"
    )
    began = time.process_time()
    text = text_of(kind, "", data)
    took = time.process_time() - began
    print(f"{name}: {len(data):,} bytes, {took:.2f} s, {len(text):,} characters")
    assert took < SECONDS
    assert len(text) <= MOST_TEXT
    assert "root:" not in text
    assert "haha" not in text


def test_broken_files_raise_nothing() -> None:
    chance = random.Random(7)
    whole = [make_pdf("We need pumps"), make_sheet([("a", "b")]), document(paragraph("a", "b"))]
    for number in range(300):
        data = bytearray(whole[number % 3])
        for _ in range(chance.randint(1, 20)):
            data[chance.randrange(len(data))] = chance.randrange(256)
        if chance.random() < 0.3:
            del data[chance.randrange(len(data)) :]
        assert len(text_of(("a.pdf", "a.xlsx", "a.docx")[number % 3], "", bytes(data))) <= MOST_TEXT

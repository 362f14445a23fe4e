"""Charsets that are labelled wrongly or not at all, in the words of our languages."""

from __future__ import annotations

import pytest

from mailhub.letters.charsets import decode

_CARELESS = (None, "us-ascii", "iso-8859-1", "utf-8", "unknown-8bit")
_WESTERN = (
    "Grüße",
    "Größe",
    "créée",
    "größere Bestellung für die Straße: äöü",
    "Voilà, à l'hôtel « été »",
    "¿Mañana, señor?",
)
_POLISH = (
    "Zażółć gęślą jaźń. Proszę o przesłanie oferty, był już u nas.",
    "Dzień dobry, potwierdzam płatność za usługę; załączam fakturę",
)
_CYRILLIC = ("Доброго дня, надішліть рахунок за п'ять насосів", "Здравейте, моля изпратете офертата", "Пришлите счёт")


@pytest.mark.parametrize("label", _CARELESS)
@pytest.mark.parametrize(
    ("text", "codec"),
    [
        *((text, "cp1252") for text in _WESTERN),
        *((text, codec) for text in _POLISH for codec in ("cp1250", "iso8859-2")),
        *((text, codec) for text in _CYRILLIC for codec in ("cp1251", "koi8-u" if "і" in text else "koi8-r")),
    ],
)
def test_careless_labels(text: str, codec: str, label: str | None) -> None:
    assert decode(text.encode(codec), label).text == text


@pytest.mark.parametrize("label", ["gb2312", "big5", "euc-kr", "shift_jis"])
def test_utf_8_under_an_east_asian_label(label: str) -> None:
    text = "你好！我公司可代开各类发票，电话：136"
    assert decode(text.encode(), label).text == text
    assert decode(text.encode(), label).defect is not None


def test_east_asian_labels_that_are_true() -> None:
    for codec, label, text in (
        ("gb18030", "gb2312", "传阅文件，请查收附件。谢谢"),
        ("big5", "big5", "請查收附件，謝謝您的來信"),
        ("euc_kr", "ks_c_5601-1987", "안녕하세요, 견적서를 보내 주십시오"),
        ("cp932", "shift_jis", "お世話になっております。カタログ"),
        ("euc_jp", "euc-jp", "お世話になっております。カタログ"),
    ):
        found = decode(text.encode(codec), label)
        assert (found.text, found.defect) == (text, None)


def test_the_charset_of_windows_under_the_label_of_iso() -> None:
    assert decode("„Zażółć” – gęślą…".encode("cp1250"), "iso-8859-2").text == "„Zażółć” – gęślą…"
    assert decode("Zażółć gęślą".encode("iso8859-2"), "iso-8859-2").text == "Zażółć gęślą"


def test_a_few_signs_say_nothing_against_a_label() -> None:
    assert decode("Anhang-äüö.txt".encode("cp1252"), "windows-1252").text == "Anhang-äüö.txt"
    assert decode("Счёт".encode("cp1251"), "iso-8859-1").text == "Счёт"


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b'\x1b$B$"\x1b(I12\x1b(B', "あｱｲ"),
        (b'\x1b$B-!-"\x1b(B', "①②"),
        (b'\x1b$B$"$$\x1b(B x', "あい x"),
    ],
)
def test_iso_2022_jp_as_it_is_written(data: bytes, text: str) -> None:
    assert decode(data, "iso-2022-jp").text == text


@pytest.mark.parametrize("codec", ["utf-16", "utf-16-le", "utf-16-be"])
def test_utf_16_with_its_mark_and_without(codec: str) -> None:
    assert decode("Привіт, світе\n".encode(codec), "utf-16").text.removeprefix("\ufeff") == "Привіт, світе\n"


def test_broken_utf_8_is_still_utf_8() -> None:
    assert decode("Grüße".encode() + b" x\xe2\x82", "utf-8").text == "Grüße x\ufffd"

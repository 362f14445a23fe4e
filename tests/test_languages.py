"""Every sentence that people read is translated, whole and fitting, and no page speaks two languages."""

from __future__ import annotations

import gettext
import re
from functools import cache
from html import unescape
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po
from jinja2 import Environment

from core.language import Catalogs
from core.resources import asset
from frontend.preview import environment
from tests.browser.sample import pages
from tests.support import translations
from tests.support.translations import LANGUAGES, compile_into, gather, read

READ = re.compile(r'>([^<>]+)<|(?:title|aria-label|placeholder)="([^"]+)"')
HOLE = re.compile(r"%(?:\((\w+)\))?([sd%])")
# Words that are the same in another language, names of things, and what a page holds that nobody reads aloud.
SAME = {"SMTP", "JSON", "mailhub", "Email", "%(field)s: %(reason)s", "cc %(names)s"}


@pytest.fixture(scope="module")
def locale(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("locale")
    compile_into(folder)
    return folder


@cache
def gathered() -> Catalog:
    """Once for all: it reads every source."""
    return gather()


def texts(string: object) -> list[str]:
    return list(string) if isinstance(string, tuple | list) else [str(string)]


def test_the_files_hold_what_the_sources_say() -> None:
    said = {message.id for message in gathered() if message.id}
    with translations.TEMPLATE.open("rb") as file:
        template = {message.id for message in read_po(file) if message.id}
    hint = "run: python -m tests.support.translations"
    assert said == template, hint
    for code in LANGUAGES:
        assert said == {message.id for message in read(code) if message.id}, (code, hint)


@pytest.mark.parametrize("code", LANGUAGES)
def test_nothing_is_missing_or_doubtful(code: str) -> None:
    catalog = read(code)
    for message in catalog:
        if message.id:
            assert not message.fuzzy, message.id
            assert all(text.strip() for text in texts(message.string)), message.id
            if message.pluralizable:
                assert len(texts(message.string)) == catalog.num_plurals, message.id


@pytest.mark.parametrize("code", LANGUAGES)
def test_the_holes_are_those_of_the_original(code: str) -> None:
    for message in read(code):
        if not message.id:
            continue
        asked = sorted(HOLE.findall(texts(message.id)[-1]))
        for text in texts(message.string):
            assert sorted(HOLE.findall(text)) == asked, (message.id, text)
            leftover = HOLE.sub("", text)
            assert "%" not in leftover, text


@pytest.mark.parametrize("code", LANGUAGES)
def test_a_translation_is_no_copy(code: str) -> None:
    copied = [
        message.id
        for message in read(code)
        if message.id and message.id not in SAME and texts(message.string) == texts(message.id)
    ]
    assert copied == []


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("en", ["1 letter is", "2 letters are", "5 letters are", "21 letters are"]),
        ("uk", ["Затримано 1 лист.", "Затримано 2 листи.", "Затримано 5 листів.", "Затримано 21 лист."]),
        ("ru", ["Задержано 1 письмо.", "Задержано 2 письма.", "Задержано 5 писем.", "Задержано 21 письмо."]),
        ("bg", ["Задържано е 1 писмо.", "Задържани са 2 писма.", "Задържани са 5 писма.", "Задържани са 21 писма."]),
        ("vi", ["Đang giữ 1 thư.", "Đang giữ 2 thư.", "Đang giữ 5 thư.", "Đang giữ 21 thư."]),
    ],
)
def test_counts_are_said_right(locale: Path, code: str, said: list[str]) -> None:
    language = Catalogs(locale).language(code, "UTC")
    one, many = "%(n)s letter is held back.", "%(n)s letters are held back."
    for count, expected in zip((1, 2, 5, 21), said, strict=True):
        assert language.ngettext(one, many, count).startswith(expected)


@pytest.mark.parametrize("code", LANGUAGES)
def test_no_english_is_left_on_a_page(locale: Path, code: str) -> None:
    """The texts of the sample are in many languages; what the templates themselves say must not be in English."""
    own = {
        text
        for message in gathered()
        if any(path.startswith("templates/") for path, _ in message.locations)
        for text in texts(message.id)
        if text and "%" not in text and text not in SAME and len(text) > 3
    }
    spoken = {text for message in read(code) if message.id for text in texts(message.string)}
    speaking = _environment(locale, code)
    for name, (template, data) in pages().items():
        page = speaking.get_template(template).render(dict(data))
        words = {" ".join(unescape(text).split()) for pair in READ.findall(page) for text in pair if text.strip()}
        left = (words & own) - _of_sample(data) - spoken
        assert not left, (name, left)


def _environment(locale: Path, code: str) -> Environment:
    made = environment(code)
    made.install_gettext_translations(gettext.translation("mailhub", locale, [code]), newstyle=True)  # type: ignore[attr-defined]
    made.globals["asset"] = asset
    return made


def _of_sample(thing: object) -> set[str]:
    """Every text inside the sample data."""
    if isinstance(thing, str):
        return {" ".join(thing.split())}
    if isinstance(thing, dict):
        return set().union(*map(_of_sample, thing.values())) if thing else set()
    if isinstance(thing, list | tuple):
        return set().union(*map(_of_sample, thing)) if thing else set()
    return _of_sample(vars(thing)) if hasattr(thing, "__dict__") else set()


def test_what_gathers_sentences_knows_the_verb_by_its_name() -> None:
    """A verb under another name says sentences that nobody gathers, and so nobody translates."""
    renamed = re.compile(r"^\s*(\w+) = [\w.()]+\.(gettext|ngettext|say)$", re.MULTILINE)
    sources = (path for folder in translations.FOLDERS for path in (translations.ROOT / folder).rglob("*.py"))
    found = {(path.name, name, verb) for path in sources for name, verb in renamed.findall(path.read_text())}
    assert not {one for one in found if one[1] not in ("say", one[2])}, "call it by its own name"

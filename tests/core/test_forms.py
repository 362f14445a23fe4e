"""Forms of words in five languages: tables of our own, and the rules that hold for any word."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.fulltext import words
from core.fulltext.forms import forms_of

TABLES = Path(__file__).parent / "words"
LANGUAGES = ("en", "uk", "ru", "bg", "vi")


def read(language: str) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """Pairs of what is looked for and what stands in the letter: those that must meet, those that must not."""
    meet, apart = [], []
    for line in (TABLES / f"{language}.txt").read_text().splitlines():
        head, colon, others = line.partition(": ")
        if not colon or line.startswith("#"):
            continue
        if head.startswith("! "):
            apart += [(head[2:], other) for other in others.split()]
        elif language == "vi":
            meet.append((head, others))
        else:
            forms = [head, *others.split()]
            meet += [(head, other) for other in forms[1:]] + [(other, head) for other in forms[1:]]
    return meet, apart


def finds(query: str, text: str) -> bool:
    """Whether each word of the query has a form among the words of the text."""
    there = set(words(text))
    return all(not there.isdisjoint(forms_of(word)) for word in words(query))


@pytest.mark.parametrize("language", LANGUAGES)
def test_forms_meet_and_other_words_do_not(language: str) -> None:
    meet, apart = read(language)
    missed = [pair for pair in meet if not finds(*pair)]
    wrong = [pair for pair in apart if finds(*pair)]
    print(f"{language}: {len(meet) - len(missed)} of {len(meet)} found, {len(wrong)} of {len(apart)} wrong")
    assert len(meet) >= 60
    assert len(apart) >= 40
    assert wrong == []
    assert len(missed) <= len(meet) // 20, missed


def test_a_word_is_a_form_of_itself_and_of_few_others() -> None:
    for language in LANGUAGES:
        for query, _ in itertools.chain(*read(language)):
            for word in words(query):
                assert word in forms_of(word)
                assert len(forms_of(word)) <= 350, word


@given(st.text(alphabet="абвгдеєжзийіклмнопрстуфхцчшщьюяыэъabcdefghijklmnopqrstuvwxyz0123456789é", max_size=70))
def test_any_run_of_letters_has_forms_that_are_folded_words(word: str) -> None:
    found = forms_of(word)
    assert word in found
    assert len(found) <= 500
    assert all(words(form) == [form] for form in found - {word})


def test_numbers_have_no_forms() -> None:
    for number in ("1187", "2025", "a4", "ab1187", "bg123456789"):
        assert forms_of(number) == {number}


def test_short_i_is_no_i() -> None:
    """й stays й: мій is no form of мии, край none of краи."""
    assert "краи" not in forms_of("краіни")
    assert "йод" in forms_of("йод")
    assert forms_of("йод").isdisjoint({"иод", "иода"})

"""Words: one spelling for all the ways people write them, in five languages."""

import json
import time
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.fulltext import fold, query_phrases, query_words, words

CORPUS = Path(__file__).parents[3] / "shared" / "corpora" / "attacks" / "search_words.json"


def is_found(query, text):
    """As the index finds: every phrase of the query stands somewhere in the words of the text."""
    indexed = words(text)
    return bool(query_phrases(query)) and all(
        any(tuple(indexed[at : at + len(phrase)]) == phrase for at in range(len(indexed)))
        for phrase in query_phrases(query)
    )


def test_the_table_of_searches():
    if not CORPUS.exists():
        pytest.skip("not run: the shared corpora are not here")
    right, every, wrong = Counter(), Counter(), []
    for case in json.loads(CORPUS.read_text(encoding="utf-8"))["cases"]:
        if "text" in case:  # the others are about the order of what was found
            kind = (case["expect"]["level"], case["class"])
            every[kind] += 1
            is_right = is_found(case["query"], case["text"]) == case["expect"]["match"]
            right[kind] += is_right
            if not is_right and case["expect"]["level"] == "must":
                wrong.append((case["id"], case["query"], case["text"]))
    for kind in sorted(every):
        print(*kind, f"{right[kind]} of {every[kind]}")
    assert not wrong
    assert sum(count for (level, _), count in every.items() if level == "must") > 100


@pytest.mark.parametrize(
    ("written", "folded"),
    [
        ("РАХУНОК", "рахунок"),
        ("йод Й и\u0306 І і Ї ї Ґ ґ", "йод й й і і і і г г"),
        ("Ёлка ѝ ў", "елка и у"),
        ("за\u0301мок", "замок"),
        ("п'ять п’ять пʼять п`ять п′ять п´ять", "пять пять пять пять пять пять"),
        ("раху\u00adнок зе\u200bро", "рахунок зеро"),
        ("Đường Ðà Nẵng ướp", "duong da nang uop"),
        ("Straße Łódź Øre Æsop ﬁle Müller İI", "strasse lodz ore aesop file muller ii"),
        ("ＡＢＣ１２３ ② м²", "abc123 2 м2"),
        ("한국어", "한국어"),
    ],
)
def test_folding(written, folded):
    assert fold(written) == folded


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        (" \t—!?_", []),
        ("наказ №55 ТМ™ 10½", ["наказ", "55", "тм", "10", "1", "2"]),
        ("olena.k@pekarnia.example", ["olena", "k", "pekarnia", "example"]),
        ("snake_case-word", ["snake", "case", "word"]),
        ("разом 4 412,00 грн", ["разом", "4", "412", "00", "грн", "4412"]),
        ("1.500.000 đ", ["1", "500", "000", "d", "1500000"]),
        ("+380 44 123-45-67", ["380", "44", "123", "45", "67", "380441234567"]),
        ("(555) 123-4567", ["555", "123", "4567", "5551234567"]),
        ("page 3 of 12", ["page", "3", "of", "12"]),
        ("a" * 100, ["a" * 64]),
    ],
)
def test_words(text, expected):
    assert words(text) == expected


@pytest.mark.parametrize(
    ("query", "phrases"),
    [
        ("", []),
        ('" "', []),
        ("договір  ціна договір", [("договір",), ("ціна",)]),
        ('"hợp đồng" mới', [("hop", "dong"), ("moi",)]),
        ("АБ-1187", [("аб", "1187")]),
        ("olena@pekarnia.example", [("olena", "pekarnia", "example")]),
        ("„Ромашка ООД“ «дім мій» “a b”", [("ромашка", "оод"), ("дім", "мій"), ("a", "b")]),
        ('"open', [("open",)]),
        ("№ 55", [("55",)]),
    ],
)
def test_questions(query, phrases):
    assert query_phrases(query) == phrases
    assert query_words(query) == [word for phrase in phrases for word in phrase]


@given(st.text())
def test_words_are_words_and_folded(text):
    for word in words(text):
        assert 1 <= len(word) <= 64
        assert word.isalnum()
        assert words(word)[0] == word


@given(st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=20))
def test_every_word_finds_itself_in_any_case(word):
    if words(word):
        assert is_found(word, f"x {word} y")


PIECES = ["1 ", "111 ", "1.1-", "1(", "a", "'", "№", "\U0001f600", '"', "«", "„", "“", "и\u0306", "\u0301"]


@pytest.mark.parametrize("piece", PIECES)
def test_time_grows_with_the_length_only(piece):
    def spent(length):
        text = piece * (length // len(piece))
        began = time.perf_counter()
        words(text)
        query_phrases(text)
        return time.perf_counter() - began

    spent(1000)
    short, long = min(spent(20_000) for _ in range(3)), min(spent(200_000) for _ in range(3))
    assert long < 40 * short + 0.05


@given(
    st.lists(
        st.one_of(
            st.text("абвґіїєёйъь'’ʼАЁЙҐ«»№… \xa0\xad1234567890.,()/-_", max_size=12),
            st.text("aăâđêôơưạảấầẩẫĐẤ'́-0123 ", max_size=12),
            st.text("aąćęłńśźżçğışœÀÉßÆ½²™\t\n5 ", max_size=12),
            st.text(max_size=4),
        ),
        max_size=6,
    ).map("".join)
)
def test_the_tables_of_the_alphabets_change_nothing(text):
    """A word more, of an alphabet that no table holds, sends the same text character by character."""
    apart = " 한국어"
    numbers = [word for word in words(text) if word.isdigit()]
    assert sorted(words(text + apart)) == sorted([*words(text), "한국어"])
    assert [word for word in words(text + apart) if word.isdigit()] == numbers

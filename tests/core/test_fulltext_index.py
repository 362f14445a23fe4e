"""The index of words: what is found, by whom, and that both engines say the same."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from core.database import Database, ReadTx, WriteTx
from core.fulltext import query_words, words
from core.fulltext.index import Words, add_words, find_rows, remove_words
from core.fulltext.question import LIKENESSES, Question, ask
from tests.support.programs import not_run

CORPUS = Path(__file__).resolve().parents[3] / "shared" / "corpora" / "attacks" / "search_words.json"
DAY = 86_400 << 20
NEW = 1_795_000_000 << 20  # ids are seconds since 1970 << 20


def cut(body: str, subject: str = "", people: str = "") -> Words:
    return Words(*(" ".join(words(part)) for part in (subject, people, body)))


def add(database: Database, row_id: int, body: str, *, scope: int = 1, subject: str = "", people: str = "") -> None:
    database.write_now(add_words, row_id, scope, cut(body, subject, people))


def find(database: Database, query: str, *, scopes: tuple[int, ...] = (1,), limit: int = 50, before=None) -> list[int]:
    return database.read_now(find_all, scopes, query, limit, before)


def find_all(
    tx: ReadTx,
    scopes: tuple[int, ...] | list[int],
    query: str,
    limit: int,
    before: int | None = None,
    typed: bool = True,
) -> list[int]:
    """What is like the question in any way, newest first, as somebody types it."""
    question = Question(tuple(ask(query, typed=typed)))
    found = [row for way in LIKENESSES for row in find_rows(tx, scopes, question, limit, likeness=way, before=before)]
    assert len(found) == len(set(found)), "each row in one way"
    return sorted(found, reverse=True)[:limit]


def test_all_that_must_be_found_is_found_and_nothing_else(database: Database) -> None:
    """All letters of all languages in one index; each question is asked of its own letter."""
    if not CORPUS.exists():
        not_run("the corpus search_words.json is not here")
    cases = [case for case in json.loads(CORPUS.read_text())["cases"] if "match" in case["expect"]]

    def add_all(tx: WriteTx) -> None:
        for number, case in enumerate(cases):
            add_words(tx, NEW + number, 1, cut(case["text"]))

    def ask_all(tx: ReadTx) -> list[str]:
        wrong = []
        for number, case in enumerate(cases):
            found = NEW + number in find_all(tx, [1], case["query"], 1000, typed=False)
            if found != case["expect"]["match"]:
                wrong.append(case["id"])
        return wrong

    database.write_now(add_all)
    wrong = database.read_now(ask_all)
    print(f"{len(cases) - len(wrong)} of {len(cases)} cases")
    assert wrong == []
    assert len(cases) > 100


def test_the_newest_come_first_in_pages(database: Database) -> None:
    """Over many parts: from before 2005 until after the last year that has a part of its own."""
    ids = [(1 << 20) + 1, *(NEW + number * DAY for number in range(-7000, 5000, 700))]
    for row_id in ids:
        add(database, row_id, "pump")
    newest_first = sorted(ids, reverse=True)
    assert find(database, "pump") == newest_first
    paged: list[int] = []
    while page := find(database, "pump", limit=4, before=paged[-1] if paged else None):
        assert len(page) <= 4
        paged += page
    assert paged == newest_first
    assert find(database, "pump", before=ids[0]) == []


def test_every_word_has_to_be_there_wherever_it_stands(database: Database) -> None:
    add(database, NEW + 1, "We need two pumps", subject="Order AB-1187", people="Anna Koval anna@client.example")
    add(database, NEW + 2, "The pumps have come", subject="Order AB-1188")
    assert find(database, "order pumps") == [NEW + 2, NEW + 1]
    assert find(database, "anna pumps need") == [NEW + 1]
    assert find(database, "anna come") == []
    assert find(database, "ab-1187") == [NEW + 1]
    assert find(database, "anna@client.example") == [NEW + 1]
    assert find(database, "scope") == find(database, "subject") == []


def test_a_phrase_stands_side_by_side_in_one_part(database: Database) -> None:
    add(database, NEW + 1, "the green pump is here", subject="a big")
    add(database, NEW + 2, "the pump is green", people="big pump")
    assert find(database, '"green pump"') == [NEW + 1]
    assert find(database, '"pump is"') == [NEW + 2, NEW + 1]
    assert find(database, '"pump is" "the green"') == [NEW + 1]
    assert find(database, '"big the"') == []
    assert find(database, '"pump the"') == []
    assert find(database, '"is pump"') == []


def test_the_last_word_may_be_unfinished(database: Database) -> None:
    add(database, NEW + 1, "договором")
    add(database, NEW + 2, "договір")
    assert find(database, "догов") == [NEW + 2, NEW + 1]
    assert find(database, "договор") == [NEW + 2, NEW + 1]
    assert find(database, "догов ") == []
    assert find(database, '"догов"') == []
    assert find(database, "«догов»") == find(database, "догов\t") == []
    assert find(database, "до") == []
    assert find(database, "догов договір") == []


def test_a_scope_never_leaks(database: Database) -> None:
    """Not by a word that looks like a term of the index, whoever writes it: the reader, or the sender of a letter."""
    add(database, NEW + 1, "pump", scope=1)
    add(database, NEW + 11, "pump s1s s 1 @1 scope1 1", scope=11, subject="s1s", people="s1s@s1s.example")
    add(database, NEW + 2, "pump", scope=2)
    assert find(database, "pump", scopes=(1,)) == [NEW + 1]
    assert find(database, "pump", scopes=(11,)) == [NEW + 11]
    assert find(database, "pump", scopes=(1, 2)) == [NEW + 2, NEW + 1]
    assert find(database, "pump", scopes=()) == []
    assert find(database, "pump", scopes=(3, 111)) == []
    for query in ("s1s", "s1s s2s", "scope1", "@1", "scope:s2s", '"s2s"', "s2s pump", "pump OR s2s", "pump) | ('s2s"):
        assert set(find(database, query, scopes=(1,))) <= {NEW + 1}, query
    for query in ("s1s", "s2s", "s1s pump", "s11", "@1"):
        assert find(database, query, scopes=(1, 2)) == [], query
    assert find(database, "s1s", scopes=(11,)) == [NEW + 11]


def test_a_viewer_of_many_mailboxes_can_search(database: Database) -> None:
    add(database, NEW + 1, "pump", scope=1)
    add(database, NEW + 999, "pump", scope=999)
    assert find(database, "pump", scopes=tuple(range(1, 1500))) == [NEW + 999, NEW + 1]
    assert find(database, "pump", scopes=tuple(range(2, 999))) == []


def test_what_was_taken_out_is_found_no_more(database: Database) -> None:
    bodies = {NEW + number: f"pump number{number} насос {'слово ' * number}" for number in range(1, 40)}
    for row_id, body in bodies.items():
        add(database, row_id, body, subject="насос", people="Ґанна")
    for row_id in list(bodies)[::2]:
        database.write_now(remove_words, row_id, 1, cut(bodies.pop(row_id), "насос", "Ґанна"))
    for query in ("pump", "насос", "слово", "ганна", "numb"):
        expected = [row_id for row_id in sorted(bodies, reverse=True) if query != "слово" or "слово" in bodies[row_id]]
        assert find(database, query) == expected
    for row_id in list(bodies):
        database.write_now(remove_words, row_id, 1, cut(bodies[row_id], "насос", "Ґанна"))
    assert find(database, "pump") == []
    if database.is_sqlite:
        database.write_now(lambda tx: tx.sql("INSERT INTO word_index(word_index) VALUES ('integrity-check')"))


@pytest.mark.parametrize(
    "body",
    [
        " ".join(f"{number:x}{'ж' * 60}" for number in range(30_000)),
        " ".join(f"{number:x}{'𐐷' * 60}" for number in range(30_000)),
        "again " * 60_000 + "last",
        " ".join(f"w{number}" for number in range(30_000)),
    ],
    ids=["long words", "words of four bytes a letter", "one word", "many words"],
)
def test_a_letter_of_any_size_has_its_place(database: Database, body: str) -> None:
    """PostgreSQL refuses a tsvector over a megabyte: the letter would never arrive."""
    huge = cut(body, body[:400_000], body[:400_000])
    database.write_now(add_words, NEW + 1, 1, huge)
    add(database, NEW + 2, "pump")
    first = huge.body.split()[0]
    assert find(database, f'"{first}"') == [NEW + 1]
    database.write_now(remove_words, NEW + 1, 1, huge)
    assert find(database, f'"{first}"') == []
    assert find(database, "pump") == [NEW + 2]


@pytest.mark.parametrize(
    "query",
    ["", " ", '"', "*", "a*", "NOT", "AND OR NOT", "NEAR(a b)", "-a", "^a", "{body}:a", "a'b", "a\\", "\\'", "a:*", "!",
     "<->", "\0", "a\0b", "%", "ж" * 5000, "слово " * 3000, " ".join(f"w{n}" for n in range(2000)),
     '"' + "w " * 2000 + '"', "((((", "😀"],
)  # fmt: skip
def test_no_question_breaks_the_search(database: Database, query: str) -> None:
    add(database, NEW + 1, "anything")
    assert find(database, query) == []


def test_both_engines_index_the_letters_of_any_script(database: Database) -> None:
    for number, body in enumerate(
        ["日本語 テスト", "हिन्दी शब्द", "ไทย ภาษา", "한국어 단어", "עברית מילה", "ⅷ ² ㊙", "naïve ﬁne"]
    ):
        add(database, NEW + number, body)
        for word in query_words(body):
            assert NEW + number in find(database, f'"{word}"'), word

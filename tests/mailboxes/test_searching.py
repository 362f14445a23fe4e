"""Searches as people type them: operators, forms, order, pages, and never what the reader may not see."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from core import clock
from core.database import Database
from core.errors import Invalid
from mailhub.mailboxes.finding import Found, find_known, find_threads, parse_search
from mailhub.mailboxes.handling import assign_thread
from tests.support.programs import not_run
from tests.support.world import World, letter

CORPUS = Path(__file__).resolve().parents[3] / "shared" / "corpora" / "attacks" / "search_words.json"
MIXED = "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n"
WITH_PDF = """--b
Content-Type: text/plain

See the file.
--b
Content-Type: application/pdf; name=price-list.pdf
Content-Disposition: attachment; filename=price-list.pdf

%PDF
--b--"""


@pytest.fixture
def world(database: Database) -> World:
    world = World(database)
    world.grant("olena", "sales", "answer", "assign")
    world.grant("olena", "support", "answer", "assign")
    world.grant("petro", "sales", "answer", only_assigned=True)
    return world


def find(world: World, query: str, person: str = "olena", **options: object) -> Found:
    search = parse_search(query, typed=bool(options.pop("typed", False)))
    return world.database.read_now(find_threads, world.viewer(person), search, **options)


def subjects(world: World, query: str, person: str = "olena", **options: object) -> list[str]:
    return [hit.row.subject for hit in find(world, query, person, **options).hits]


def test_exact_words_come_before_other_forms(world: World) -> None:
    world.arrive(letter("old", "1@c", body="договір"), "sales")
    world.arrive(letter("forms", "2@c", body="договорами"), "sales")
    found = find(world, "договір")
    assert [(hit.row.subject, hit.likeness) for hit in found.hits] == [("old", "exact"), ("forms", "forms")]
    assert subjects(world, '"договір"') == ["old"]
    assert subjects(world, "дог", typed=True) == ["forms", "old"]
    assert subjects(world, "дог") == []
    assert subjects(world, "догов*") == ["forms", "old"]


def test_the_ranking_of_the_table(world: World) -> None:
    if not CORPUS.exists():
        not_run("the corpus search_words.json is not here")
    cases = [case for case in json.loads(CORPUS.read_text())["cases"] if "texts" in case]
    wrong = []
    for number, case in enumerate(cases):
        box = f"box{number}"
        world.grant("olena", box, "answer")
        for at, text in enumerate(case["texts"]):
            headers = "Content-Type: text/plain; charset=utf-8\r\n"
            world.arrive(letter(str(at), f"{number}.{at}@c", body=text, headers=headers), box)
        if subjects(world, case["query"], scope_id=world.box(box).scope_id)[:1] != [str(case["expect"]["first"])]:
            wrong.append(case["id"])
    print(f"{len(cases) - len(wrong)} of {len(cases)} in order")
    assert wrong == []


def test_operators_about_people_and_files(world: World) -> None:
    world.arrive(letter("anna", "1@c"), "sales")
    world.arrive(letter("boris", "2@c", sender="Boris <boris@client.example>", body="anna asked"), "sales")
    world.arrive(letter("pdf", "3@c", headers=MIXED, body=WITH_PDF), "sales")
    assert subjects(world, "from:boris") == ["boris"]
    assert subjects(world, "from:anna") == ["pdf", "anna"]
    assert subjects(world, "anna -from:anna") == ["boris"]
    assert subjects(world, "to:sales from:boris@client.example") == ["boris"]
    assert subjects(world, "to:anna") == []
    assert subjects(world, "від:boris") == subjects(world, "от:boris") == subjects(world, "tu:boris") == ["boris"]
    assert (
        subjects(world, "has:pdf") == subjects(world, "has:attachment") == subjects(world, "має:вкладення") == ["pdf"]
    )
    assert subjects(world, "file:price") == subjects(world, "file:price-list.pdf") == ["pdf"]
    assert subjects(world, "file:asked") == subjects(world, "has:xlsx") == []
    assert subjects(world, "subject:anna") == ["anna"]
    assert subjects(world, 'subject:"boris" asked') == ["boris"]
    assert subjects(world, "from:anna -has:attachment") == ["anna"]


def test_operators_about_threads_and_time(world: World) -> None:
    first = letter("first", "1@c").replace(b"18 Nov 2026", b"3 Mar 2026")
    world.arrive(first, "sales", quiet=True)
    world.arrive(letter("second", "2@c"), "support")
    assert subjects(world, "pumps is:closed") == subjects(world, "is:closed") == ["first"]
    assert subjects(world, "pumps is:open") == subjects(world, "-is:closed pumps") == ["second"]
    assert subjects(world, "is:waiting") == ["second"]
    assert subjects(world, "is:mine") == []
    assert subjects(world, "mailbox:support") == subjects(world, "скринька:sup pumps") == ["second"]
    assert subjects(world, "before:2026-04 pumps") == subjects(world, "before:2026-03-04") == ["first"]
    assert subjects(world, "after:2026-03 pumps") == subjects(world, "after:03.03.2026 pumps") == ["second"]
    assert subjects(world, "after:2026 pumps") == []
    assert subjects(world, "after:2025 before:2027 pumps") == ["second", "first"]


@pytest.mark.parametrize(
    "query", ["is:funny", "has:wings", "before:yesterday", "after:2026-13", "mailbox:nowhere", "client:nobody", "tag:x",
              "-pumps", "-client:a pumps", "after:2026-02-30"],
)  # fmt: skip
def test_what_cannot_be_read_says_what_to_write(world: World, query: str) -> None:
    world.arrive(letter("first", "1@c"), "sales")
    with pytest.raises(Invalid) as problem:
        find(world, query)
    assert problem.value.fields["field"] == "q"


@pytest.mark.parametrize(
    "query", ["re: pumps", "10:30", "http://a.example", "a:b", ":", "from:", "is:", "«»", '"', "-", "*", "-*"]
)
def test_what_only_looks_like_an_operator_is_words(world: World, query: str) -> None:
    assert find(world, query).hits == []


def test_pages_go_on_and_show_each_thread_once(world: World) -> None:
    for number in range(9):
        body = "договір" if number % 3 else "договори"
        world.arrive(letter(f"s{number}", f"{number}@c", sender=f"p{number}@x.example", body=body), "sales")
    world.arrive(letter("Re: s4", "4b@c", sender="p4@x.example", references="4@c", body="договори"), "sales")
    shown: list[str] = []
    after = None
    for _ in range(10):
        found = find(world, "договір", limit=2, after=after)
        shown += [hit.row.subject for hit in found.hits]
        after = found.next
        if after is None:
            break
    assert shown == ["s8", "s7", "s5", "s4", "s2", "s1", "s6", "s3", "s0"]
    with pytest.raises(Invalid):
        find(world, "договір", after="nonsense")


def test_who_sees_only_their_own_finds_all_of_it_and_nothing_else(world: World) -> None:
    world.arrive(letter("mine", "0@c", sender="z@z.example"), "sales")
    (row,) = world.threads("olena")
    world.database.write_now(assign_thread, world.viewer("olena"), row.id, world.person("petro"))
    for number in range(30):
        world.arrive(letter(f"other {number}", f"{number}@d", sender=f"p{number}@x.example"), "sales")
    found = find(world, "pumps", "petro", limit=2)
    assert [hit.row.subject for hit in found.hits] == ["mine"]
    assert not found.older
    assert found.next is None
    assert subjects(world, "other", "petro") == subjects(world, "is:open -other", "petro")[1:] == []


def test_hits_are_marked_in_subject_and_text(world: World) -> None:
    headers = "Content-Type: text/plain; charset=utf-8\r\n"
    body = "So much before it. " * 20 + "Надішліть <b>рахунки</b> за п’ятницю."
    world.arrive(letter("=?utf-8?b?0KDQsNGF0YPQvdC+0Lo=?=", "1@c", body=body, headers=headers), "sales")
    (hit,) = find(world, "рахунок").hits
    assert [(piece.text, piece.hit) for piece in hit.subject] == [("Рахунок", True)]
    assert [piece.text for piece in hit.excerpt if piece.hit] == ["рахунки"]
    assert "".join(piece.text for piece in hit.excerpt).startswith("…")
    (hit,) = find(world, "п'ятниця").hits
    assert [piece.text for piece in hit.excerpt if piece.hit] == ["п’ятницю"]


def test_people_and_clients_are_found_by_name(world: World) -> None:
    known = world.database.read_now(find_known, parse_search("nobody"))
    assert not known.clients
    assert not known.people


def test_a_search_of_only_time_goes_through_the_mailboxes(world: World) -> None:
    world.arrive(letter("first", "1@c"), "sales")
    year = clock.to_datetime(clock.now()).year
    assert subjects(world, f"before:{year + 2}") == ["first"]
    assert subjects(world, f"before:{year + 2}", "petro") == []

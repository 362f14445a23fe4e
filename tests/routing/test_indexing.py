"""Files are read behind the letter, and letters of older words are brought up to date without anybody waiting."""

from __future__ import annotations

import asyncio
import base64
from pathlib import Path

import pytest
from sqlalchemy import select, update

from core.blobs import BlobFiles
from core.database import Database
from core.fulltext import FOLDING_VERSION
from core.fulltext.index import Words, remove_words
from mailhub.demo.attachments import make_pdf
from mailhub.mailboxes.finding import find_threads, parse_search
from mailhub.mailboxes.letters import get_words
from mailhub.mailboxes.reindexing import count_unread, index_again
from mailhub.mailboxes.tables import letter_words, message
from mailhub.routing.indexing import Indexing
from mailhub.routing.workers import Workers
from tests.support.world import World, letter


@pytest.fixture
def world(database: Database) -> World:
    world = World(database)
    world.grant("olena", "sales", "answer", "assign")
    world.grant("olena", "support", "answer", "assign")
    return world


def with_file(name: str, content: bytes, message_id: str) -> bytes:
    coded = base64.encodebytes(content).decode().replace("\n", "\r\n")
    body = (
        "--b\r\nContent-Type: text/plain\r\n\r\nSee the file.\r\n--b\r\nContent-Type: application/octet-stream\r\n"
        f"Content-Disposition: attachment; filename={name}\r\nContent-Transfer-Encoding: base64\r\n\r\n{coded}\r\n--b--"
    )
    headers = "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n"
    return letter("The file", message_id, headers=headers, body=body)


def index(world: World, tmp_path: Path, *, seconds: float = 20.0) -> None:
    """Let the loop do all that waits."""

    async def run() -> None:
        async with Workers(1) as workers:
            indexing = Indexing(world.database, BlobFiles(tmp_path), workers, seconds=seconds)
            while await indexing.once():
                pass
            await indexing._reader.stop()

    asyncio.run(run())


def find(world: World, query: str) -> list[str]:
    found = world.database.read_now(find_threads, world.viewer("olena"), parse_search(query))
    return ["".join(piece.text for piece in hit.excerpt) for hit in found.hits]


def test_the_words_of_a_file_are_found_soon_after_its_letter(world: World, tmp_path: Path) -> None:
    raw = with_file("list.pdf", make_pdf("Galvanized flanges"), "1@c")
    world.arrive(raw, "sales")
    assert len(find(world, "file:list")) == 1
    assert find(world, "flanges") == []
    assert world.database.read_now(count_unread) == 1
    index(world, tmp_path)
    assert world.database.read_now(count_unread) == 0
    assert find(world, "flange") == ["galvanized flanges"]
    assert find(world, '"file flanges"') == []
    world.arrive(raw, "support")  # the same letter in another mailbox is found by its file too
    assert len(find(world, "flanges mailbox:support")) == 1
    for row in world.database.read_now(lambda tx: tx.rows(select(message))):
        words = world.database.read_now(get_words, row.letter_id)
        world.database.write_now(remove_words, row.id, row.scope_id, words)
    assert find(world, "flanges") == find(world, "see") == []


def test_a_file_that_kills_its_reader_costs_only_its_words(world: World, tmp_path: Path) -> None:
    world.arrive(with_file("slow.pdf", make_pdf("Galvanized flanges"), "1@c"), "sales")
    index(world, tmp_path, seconds=0.001)
    assert world.database.read_now(count_unread) == 0
    assert find(world, "flanges") == []
    assert len(find(world, "see file")) == 1


def test_words_of_older_rules_are_found_and_brought_up_to_date(world: World, tmp_path: Path) -> None:
    world.arrive(letter("Old", "1@c", sender="Boris <boris@client.example>"), "sales")

    def age(tx: object) -> None:
        row = tx.row(select(letter_words))  # type: ignore[attr-defined]
        words = Words(row.subject, "boris boris client example", row.body)
        index_again_as_old(tx, row.letter_id, words)

    def index_again_as_old(tx, letter_id, words) -> None:  # type: ignore[no-untyped-def]
        tx.execute(update(letter_words).values(version=0))
        assert index_again(tx, letter_id, words)
        tx.execute(update(letter_words).values(version=1))

    world.database.write_now(age)
    assert len(find(world, "boris pumps")) == 1
    assert find(world, "from:boris") == []
    index(world, tmp_path)
    assert len(find(world, "boris pumps")) == len(find(world, "from:boris")) == 1
    versions = world.database.read_now(lambda tx: list(tx.values(select(letter_words.c.version))))
    assert versions == [FOLDING_VERSION]


def test_who_comes_second_changes_nothing(world: World) -> None:
    world.arrive(letter("New", "1@c"), "sales")
    (letter_id,) = world.database.read_now(lambda tx: list(tx.values(select(letter_words.c.letter_id))))
    assert not world.database.write_now(index_again, int(letter_id), Words("a", "b", "c"))
    assert len(find(world, "pumps")) == 1

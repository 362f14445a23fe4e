"""Many letters in one transaction come out as one by one would; a bad one among them stops nobody."""

from __future__ import annotations

import asyncio
import random
import time
from typing import Any

import pytest
from sqlalchemy import select

from core import clock, jobs
from core.blobs import BlobFiles
from core.database import Database, ReadTx
from core.fulltext.index import find_rows
from core.fulltext.question import Question, ask
from crm.interactions import interaction, letter_facts
from crm.parties import add_contact, add_counterparty
from mailhub.ingest.archive import Piece
from mailhub.ingest.intake import Arrival, accept
from mailhub.letters.worker import Understood, understand
from mailhub.mailboxes.boxes import Mailbox
from mailhub.mailboxes.tables import incoming, letter, message, thread, thread_participant
from mailhub.routing import journey
from mailhub.routing.bringing import FRESH_SECONDS, Bringing
from mailhub.routing.processing import Processing
from mailhub.routing.workers import WorkerFailed, Workers
from tests.support.world import START, World
from tests.support.world import letter as compose


class Here(Workers):
    """Understands in this process; letters with the word DEADLY kill their reader."""

    def __init__(self) -> None:
        super().__init__(1)

    async def understand(self, letters: Any) -> list[Understood | WorkerFailed]:
        return [WorkerFailed("It died.") if b"DEADLY" in raw else understand(raw) for raw in letters]


def make_letters(seed: int, count: int = 60) -> list[bytes]:
    """Conversations of known and unknown people, with answers to what may not be there, doubles and same subjects."""
    rng = random.Random(seed)
    made: list[bytes] = []
    for number in range(count):
        person = rng.randrange(8)
        sender = f"Person {person} <p{person}@client{person % 4}.example>"
        about = f"Order {rng.randrange(6)}"
        named = f"{rng.randrange(count)}@client" if rng.random() < 0.6 else ""
        subject = f"Re: {about}" if rng.random() < 0.5 else about
        body = f"Word{number} and word{number % 7}, about {about}."
        made.append(compose(subject, f"{number}@client", sender=sender, references=named, body=body))
    return [*made, *rng.sample(made, 5)]


def pieces(letters: list[bytes]) -> list[Piece]:
    return [Piece(f"{place}", f"{place}", place, raw) for place, raw in enumerate(letters)]


def bring(database: Database, box: Mailbox, letters: list[bytes], files: BlobFiles, batch: int) -> int:
    """Through ``Bringing``, in batches."""

    async def go() -> int:
        bringing = Bringing(database, files, Here(), box.id)
        new = 0
        for start in range(0, len(letters), batch):
            new += (await bringing.store(await bringing.prepare(pieces(letters[start : start + batch])))).new
        return new

    return asyncio.run(go())


def look(tx: ReadTx, box: Mailbox) -> dict[str, Any]:
    """All that a mailbox shows, named by what does not depend on the order of numbers."""
    names = {row.id: row.message_id for row in tx.rows(select(letter))}
    letters = {row.id: names[row.letter_id] for row in tx.rows(select(message).where(message.c.mailbox_id == box.id))}
    threads = tx.rows(select(thread).where(thread.c.mailbox_id == box.id))
    told: dict[int, list[str]] = {}
    for row in tx.rows(select(message.c.id, message.c.thread_id).where(message.c.mailbox_id == box.id)):
        told.setdefault(row.thread_id, []).append(letters[row.id])
    people: dict[int, list[Any]] = {}
    for row in tx.rows(select(thread_participant)):
        people.setdefault(row.thread_id, []).append((row.address, row.how, row.sure))
    shown = ("subject", "subject_base", "who", "who_address", "snippet", "language", "counterparty_id", "contact_id")
    shown += ("state", "waiting_for", "message_count", "attachment_count", "match")
    lines = tx.rows(select(interaction).where(interaction.c.scope_id == box.scope_id))
    facts = tx.rows(select(letter_facts).where(letter_facts.c.scope_id == box.scope_id))
    words = ["word1", "word3", "order 2", '"about order"', "word55", "nothing"]
    return {
        "threads": sorted(
            (sorted(told.get(row.id, [])), sorted(people.get(row.id, [])), [str(getattr(row, name)) for name in shown])
            for row in threads
            if row.merged_into is None
        ),
        "lines": sorted((row.counterparty_id, letters[row.message_id], str(row.contact_id)) for row in lines),
        "facts": sorted((row.counterparty_id, row.letters, str(row.waiting_since)) for row in facts),
        "found": {
            word: sorted(letters[row] for row in find_rows(tx, [box.scope_id], Question(tuple(ask(word))), 100))
            for word in words
        },
    }


def clients(database: Database) -> None:
    for number in range(3):
        client = database.write_now(add_counterparty, f"Client {number}", domains=[f"client{number}.example"])
        database.write_now(add_contact, "One", emails=[f"p{number}@client{number}.example"], counterparty_id=client)


@pytest.mark.parametrize("seed", range(4))
def test_a_batch_comes_out_as_one_by_one(database: Database, tmp_path: Any, seed: int) -> None:
    world = World(database)
    clients(database)
    letters = make_letters(seed)
    random.Random(seed + 100).shuffle(letters)
    files = BlobFiles(tmp_path / "blobs")
    files.folder.mkdir()
    alone, together, live = world.box("alone"), world.box("together"), world.box("live")
    new = bring(database, together, letters, files, 17)
    assert new == len(letters) - 5
    assert bring(database, together, letters, files, 64) == 0
    assert bring(database, alone, letters, files, 1) == new
    for raw in letters:
        database.write_now(accept, Arrival(raw, "import", START, [live.id], {}, quiet=True))
    processed(database, files)
    seen = [database.read_now(look, box) for box in (alone, together, live)]
    assert seen[0]["found"]["word1"]
    assert len(seen[0]["threads"]) > 5
    assert seen[0]["facts"]
    assert seen[1] == seen[0]
    assert seen[2] == seen[0]


def processed(database: Database, files: BlobFiles) -> None:
    """What waits, by the loop of the server."""

    async def go() -> None:
        boot = await database.write(jobs.start_boot)
        processing = Processing(database, files, Here(), boot)
        while await processing.once():
            pass
        await database.write(jobs.stop_boot, boot)

    asyncio.run(go())


def states(database: Database) -> list[tuple[str, str]]:
    return sorted((row.state, row.step) for row in database.read_now(lambda tx: tx.rows(select(incoming))))


@pytest.mark.parametrize("way", ["archive", "server"])
def test_bad_letters_stop_nobody(database: Database, tmp_path: Any, monkeypatch: pytest.MonkeyPatch, way: str) -> None:
    world = World(database)
    box = world.box("sales")
    letters = [compose("Fine", f"{number}@client", body=f"Number {number}") for number in range(9)]
    letters += [compose("Kills", "k@client", body="DEADLY"), compose("Breaks", "b@client")]
    files = BlobFiles(tmp_path / "blobs")
    files.folder.mkdir()
    real = journey.STEPS[2]

    def breaks(tx: Any, passage: Any) -> None:
        if passage.parsed.subject == "Breaks":
            raise ValueError("unforeseen")
        real(tx, passage)

    breaks.__name__ = "thread"
    monkeypatch.setattr(journey, "STEPS", (*journey.STEPS[:2], breaks, *journey.STEPS[3:]))
    if way == "archive":
        assert bring(database, box, letters, files, 64) == 11
        assert bring(database, box, letters, files, 64) == 0
    else:
        for raw in letters:
            database.write_now(accept, Arrival(raw, "smtp", clock.now(), [box.id], {}))
        processed(database, files)
    assert states(database) == [("done", "")] * 9 + [("quarantined", "parse"), ("quarantined", "thread")]
    assert database.read_now(jobs.count_waiting) == {}
    assert database.read_now(lambda tx: len(tx.rows(select(message)))) == 9


def test_what_we_wrote_ourselves_is_ours(database: Database, tmp_path: Any) -> None:
    """Archives mix what came with what was sent; letters from ourselves to ourselves are what forgers write."""
    world = World(database)
    clients(database)
    box = world.box("sales")
    files = BlobFiles(tmp_path / "blobs")
    files.folder.mkdir()
    ours = compose("Re: Pumps", "2@firm", sender="sales@firm.example", references="1@client").replace(
        b"To: sales@firm.example", b"To: p0@client0.example"
    )
    came = compose("Pumps", "1@client", sender="p0@client0.example")
    again = compose("Re: Pumps", "3@client", sender="p0@client0.example", references="2@firm")
    forged = compose("You won", "4@spam", sender="sales@firm.example")
    assert bring(database, box, [ours, came, forged, again], files, 64) == 4
    rows = database.read_now(lambda tx: tx.rows(select(message, letter.c.subject).join(letter)))
    assert {(row.subject, row.direction) for row in rows} == {
        ("Pumps", "in"),
        ("Re: Pumps", "out"),
        ("Re: Pumps", "in"),
        ("You won", "in"),
    }
    assert len({row.thread_id for row in rows}) == 2
    lines = database.read_now(lambda tx: tx.rows(select(interaction)))
    assert sorted((row.direction, row.counterparty_id) for row in lines) == [("in", 1), ("in", 1), ("out", 1)]
    assert database.read_now(lambda tx: tx.values(select(thread.c.waiting_for))) == [None, None]


def test_a_batch_that_waited_long_has_its_files_when_it_is_stored(
    database: Database, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While the database was away nothing referred to them, and whoever lets go of files may have come by."""
    files, world = BlobFiles(tmp_path), World(database)
    box = world.box("sales")
    bringing = Bringing(database, files, Here(), box.id)

    async def go() -> None:
        prepared = await bringing.prepare(pieces([compose("Pumps", "one@client")]))
        settled = prepared.letters[0][0].settled
        assert settled is not None
        files.path(settled).unlink()
        later = time.monotonic() + FRESH_SECONDS + 1
        monkeypatch.setattr(time, "monotonic", lambda: later)
        await bringing.store(prepared)
        assert b"Subject: Pumps" in files.read(settled)

    asyncio.run(go())

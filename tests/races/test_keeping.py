"""What goes for good while others add to it: no letter without its words, no words without their letter, none left."""

from __future__ import annotations

from functools import partial

import pytest
from sqlalchemy import select

from core import jobs
from core.database import Database
from core.fulltext.index import Words
from mailhub.ingest.intake import accept
from mailhub.keeping.purging import purge_thread
from mailhub.keeping.striking import strike_letter
from mailhub.mailboxes.boxes import add_mailbox
from mailhub.mailboxes.reindexing import index_again
from mailhub.mailboxes.tables import letter_words
from tests.races.conftest import Race
from tests.support.engines import count, look
from tests.support.mail import add_office, arrive, claim_letters, deliver, write_letter


@pytest.fixture
def boot(database: Database) -> str:
    return database.write_now(jobs.start_boot)


def test_a_letter_of_two_mailboxes_goes_with_the_last_of_them(database: Database, race: Race, boot: str) -> None:
    box, _ = add_office(database)
    other = database.write_now(add_mailbox, "support@firm.example", "Support", "public")
    for number in range(6):
        for one in (box, other):
            deliver(database, boot, write_letter(number), one.id)
    pairs = look(database, "SELECT min(thread_id), max(thread_id) FROM message GROUP BY letter_id")
    for one, two in pairs:
        assert race((purge_thread, one), (purge_thread, two)) == [True, True]
    assert [count(database, name) for name in ("message", "letter", "letter_words", "thread")] == [0, 0, 0, 0]


def test_a_letter_that_comes_again_while_it_goes_is_whole(database: Database, race: Race, boot: str) -> None:
    box, _ = add_office(database)
    other = database.write_now(add_mailbox, "support@firm.example", "Support", "public")
    for number in range(6):
        deliver(database, boot, write_letter(number), box.id)
        (thread_id,) = look(database, f"SELECT thread_id FROM message WHERE mailbox_id = {box.id}")[0]
        database.write_now(accept, arrive(write_letter(number), other.id))
        told = race((purge_thread, thread_id), *claim_letters(database, boot))
        assert told == [True, None], told
    assert look(database, f"SELECT count(*) FROM message WHERE mailbox_id = {other.id}") == [(6,)]
    assert count(database, "letter") == count(database, "letter_words") == 6
    whole = "SELECT count(*) FROM message JOIN letter ON letter.id = letter_id JOIN letter_words USING (letter_id)"
    assert look(database, whole) == [(6,)]


def test_a_name_that_is_struck_does_not_come_back_by_the_files(database: Database, race: Race, boot: str) -> None:
    box, _ = add_office(database)
    for number in range(6):
        deliver(database, boot, write_letter(number), box.id)
        (letter_id,) = look(database, "SELECT max(id) FROM letter")[0]
        database.write_now(lambda tx: tx.sql("UPDATE letter_words SET version = 0"))
        words = database.read_now(lambda tx: tx.row(select(letter_words).order_by(letter_words.c.letter_id.desc())))
        assert words is not None
        fuller = Words(words.subject, words.people, f"{words.body} file")
        race((index_again, letter_id, fuller), (partial(strike_letter, names=["anna@client.example"]), letter_id))
        assert "anna" not in look(database, f"SELECT people FROM letter_words WHERE letter_id = {letter_id}")[0][0]
        assert "anna@" not in str(look(database, f"SELECT parsed FROM letter WHERE id = {letter_id}"))

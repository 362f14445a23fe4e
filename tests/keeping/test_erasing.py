"""A person is forgotten wherever their address stands, and nobody whose address is only like theirs."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from functools import partial
from typing import Any

import pytest
from sqlalchemy import select

from core.columns import metadata
from core.database import Database, WriteTx
from core.errors import Unavailable
from crm.documents import add_document, get_document
from crm.parties import Phone, update_contact
from crm.parties.tables import counterparty
from crm.transfer.imports import Looked, start_import
from crm.transfer.tables import import_row, party_import
from mailhub.keeping import persons
from mailhub.keeping.erasing import erase_rest
from mailhub.keeping.requests import ask_erase, ask_export, list_requests
from mailhub.mailboxes.finding import search_threads
from mailhub.mailboxes.junk import change_state
from mailhub.mailboxes.tables import incoming
from mailhub.mailboxes.tables import letter as stored
from mailhub.mailboxes.threads import tell
from mailhub.mailboxes.trash import throw_away
from mailhub.outbound.drafts import Text, add_draft, change_draft, get_draft
from mailhub.outbound.tables import draft
from mailhub.routing.quarantine import hold
from tests.keeping.conftest import Kept
from tests.support.engines import look
from tests.support.world import letter

ANNA = "anna@client.example"
BORIS = "Boris <boris@other.example>"


def erase(kept: Kept, address: str = ANNA) -> None:
    kept.world.database.write_now(partial(ask_erase, address=address), kept.world.viewer("chief"), address)
    kept.turn()


def says(database: Database, word: str) -> list[str]:
    """The tables in which a word stands."""
    tables = [one.name for one in metadata.sorted_tables if one.name not in ("blob", "user", "job")]
    return [name for name in tables if word in repr(look(database, f'SELECT * FROM "{name}"')).lower()]


def test_drafts_to_others_whose_address_ends_alike_stay(kept: Kept) -> None:
    database, olena = kept.world.database, kept.viewer

    def write(to: str, cc: str = "") -> int:
        made = database.write_now(partial(add_draft, mailbox_id=kept.world.boxes["sales"].id), olena, "new")
        return database.write_now(change_draft, olena, made.id, made.version, Text(to=to, cc=cc)).id

    alike = write("joanna@client.example; anna@client.example.org", "x-anna@client.example")
    alone = write('"Anna" <Anna@Client.Example>')
    both = write(f"{BORIS}, Anna <{ANNA}>")
    erase(kept)
    assert database.read_now(lambda tx: tx.values(select(draft.c.id).order_by(draft.c.id))) == [alike, both]
    assert alone not in (alike, both)
    left = database.read_now(get_draft, olena, alike)
    assert (left.to, left.cc) == ("joanna@client.example; anna@client.example.org", "x-anna@client.example")
    struck = database.read_now(get_draft, olena, both)
    assert (struck.to, struck.version) == (BORIS, 3)
    assert says(database, f"<{ANNA}") == []


def test_an_address_is_the_same_however_its_domain_is_written(kept: Kept) -> None:
    sender = "Anna <anna@xn--e1aybc.xn--j1amh>"
    kept.world.arrive(letter("Pumps", "one@x", sender=sender), "sales")
    kept.world.arrive(letter("Valves", "two@x", sender=BORIS), "sales")
    erase(kept, "anna@тест.укр")
    assert kept.threads() == ["Valves"]


def test_what_threads_of_others_told_of_them_goes_too(kept: Kept) -> None:
    database = kept.world.database
    kept.world.arrive(letter("Valves", "two@x", sender=BORIS, headers=f"Cc: Anna <{ANNA}>\r\n"), "sales")
    (row,) = kept.world.threads("olena")
    sentence = "The letter to %(address)s was not taken: %(said)s"
    database.write_now(tell, row.id, sentence, address="Anna@client.example", said=f"550 <{ANNA}>: no")
    database.write_now(tell, row.id, sentence, address="joanna@client.example", said="550 no")
    erase(kept)
    assert says(database, f"'{ANNA}") == says(database, f"<{ANNA}") == []
    assert "joanna@client.example" in repr(look(database, "SELECT fields FROM thread_event"))


INVITES = (
    "BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nBEGIN:VEVENT\r\nUID:1\r\nSUMMARY:Valves\r\nORGANIZER:mailto:%s\r\n"
    "ATTENDEE;CN=B:mailto:boris@other.example\r\nATTENDEE:mailto:%s\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
)


@pytest.mark.parametrize(
    "who", [("boris@other.example", "Anna@Client.example"), ("anna@client.example", "c@c.example")]
)
def test_a_calendar_object_of_others_does_not_name_them(kept: Kept, who: tuple[str, str]) -> None:
    """Somebody invited by a letter that did not go to them stood on its card for ever."""
    database = kept.world.database
    kind = "Content-Type: text/calendar; charset=utf-8; method=REQUEST\r\n"
    kept.world.arrive(letter("Valves", "two@x", sender=BORIS, headers=kind, body=INVITES % who), "sales")
    alike = INVITES % ("boris@other.example", "joanna@client.example")
    kept.world.arrive(letter("Pumps", "three@x", sender=BORIS, headers=kind, body=alike), "sales")
    erase(kept)
    assert kept.threads() == ["Pumps", "Valves"]
    parsed = database.read_now(lambda tx: tx.values(select(stored.c.parsed).order_by(stored.c.id)))
    assert [bool(one.get("invitation")) for one in parsed] == [False, True]
    (request,) = database.read_now(list_requests, kept.world.viewer("chief"))
    assert (request.found["letters"], request.found["struck"]) == (0, 1)


def test_documents_of_a_client_stay_without_the_person(kept: Kept) -> None:
    """An invoice is the company's: it went with the person whom it named, and sums still counted it."""
    database, chief = kept.world.database, kept.world.viewer("chief")
    client = database.read_now(lambda tx: tx.values(select(counterparty.c.id)))[0]
    told: Any = {"kind": "invoice", "date": "2026-11-20", "currency": "EUR", "amount": 100}
    made = database.write_now(
        lambda tx: add_document(tx, chief, client, contact_id=kept.contact_id, **told)
    )  # fmt: skip
    database.write_now(erase_rest, kept.contact_id, [ANNA])
    left = database.read_now(get_document, made)
    assert (left.contact_id, left.amount) == (None, 100)


def test_what_never_became_a_letter_of_theirs_goes_with_its_bytes(kept: Kept) -> None:
    database = kept.world.database
    (first,) = kept.world.arrive(letter("Pumps", "one@x", sender=BORIS), "sales")

    def doubt_it(tx: WriteTx, sender: str) -> None:
        tx.change(incoming, first, state="waiting", message_id=None, trace={"mail_from": sender, "rcpt_to": []})
        hold(tx, first, "parse", "Because.")

    database.write_now(doubt_it, "joanna@client.example")
    erase(kept)
    assert look(database, "SELECT state FROM incoming") == [("quarantined",)]
    database.write_now(doubt_it, ANNA.upper())
    erase(kept)
    assert look(database, "SELECT state FROM incoming") == []
    assert len(look(database, "SELECT 1 FROM blob_doubt")) == 1


def test_a_copy_with_other_bytes_goes_with_the_letter(kept: Kept) -> None:
    database, raw = kept.world.database, letter("Pumps", "one@x")
    kept.world.arrive(raw, "sales")
    kept.world.arrive(b"Received: from elsewhere\r\n" + raw, "sales")
    assert len(look(database, "SELECT 1 FROM incoming")) == 2
    assert len(look(database, "SELECT 1 FROM message")) == 1
    erase(kept)
    assert look(database, "SELECT 1 FROM incoming") == []
    assert len(look(database, "SELECT 1 FROM blob_doubt")) == 2


def test_an_old_letter_that_is_imported_meanwhile_goes_too(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    """An archive lays letters behind the place up to which the erasure has come."""
    database = kept.world.database
    kept.world.arrive(letter("Valves", "two@x", sender=BORIS), "sales")
    real = persons.erase_range

    def and_then_one_comes(tx: WriteTx, after: int, names: list[str]) -> tuple[int, Counter[str]]:
        told = real(tx, after, names)
        coming.append(True)
        return told

    coming: list[bool] = []
    monkeypatch.setattr(persons, "erase_range", and_then_one_comes)
    real_work = type(database).work

    async def work(self: Database, verb: object, *args: object) -> object:
        told = await real_work(self, verb, *args)  # type: ignore[arg-type]
        if coming:
            coming.clear()
            monkeypatch.setattr(persons, "erase_range", real)
            old = letter("Pumps", "one@x").replace(b"18 Nov 2026", b"18 Nov 2019")
            await asyncio.to_thread(partial(kept.world.arrive, old, "sales", quiet=True))
        return told

    monkeypatch.setattr(type(database), "work", work)
    erase(kept)
    assert kept.threads() == ["Valves"]


def test_an_erasure_goes_on_when_the_database_was_away(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    database, chief = kept.world.database, kept.world.viewer("chief")
    kept.world.arrive(letter("Pumps", "one@x"), "sales")
    with monkeypatch.context() as patch:

        def fail(*_args: object) -> None:
            raise Unavailable("The database cannot be reached now. Try again in a minute.")

        patch.setattr(persons, "erase_range", fail)
        erase(kept)
    assert [one.state for one in database.read_now(list_requests, chief)] == ["running"]
    kept.turn()
    assert [one.state for one in database.read_now(list_requests, chief)] == ["done"]
    assert kept.threads() == []


def test_an_earlier_request_names_them_no_more_and_others_keep_theirs(kept: Kept) -> None:
    database, chief = kept.world.database, kept.world.viewer("chief")
    database.write_now(partial(ask_export, address=ANNA), chief)
    database.write_now(partial(ask_export, address="joanna@client.example"), chief)
    erase(kept)
    rows = look(database, "SELECT names FROM person_request ORDER BY id")
    names = [json.loads(one) if isinstance(one, str) else one for (one,) in rows]
    assert names[1] == ["joanna@client.example"]
    assert says(database, f"'{ANNA}") == []
    assert ANNA not in (*names[0], *names[2])
    kept.turn()
    assert len(list(kept.exports.iterdir())) == 2


def test_words_of_a_struck_letter_do_not_come_back_with_its_files(kept: Kept) -> None:
    database = kept.world.database
    kept.world.arrive(letter("Valves", "two@x", sender=BORIS, headers=f"Cc: Quailsecret <{ANNA}>\r\n"), "sales")
    (row,) = kept.world.threads("olena")
    database.write_now(change_state, kept.viewer, row.id, "closed")
    erase(kept)
    assert database.read_now(search_threads, kept.viewer, "quailsecret ") == []
    assert database.read_now(search_threads, kept.viewer, "boris ") != []


def test_another_letter_under_the_same_message_id_stays(kept: Kept) -> None:
    """It was taken for a copy of one that goes; its words are nobody's but its writer's."""
    database = kept.world.database
    (first,) = kept.world.arrive(letter("Pumps", "one@x"), "sales")
    (other,) = kept.world.arrive(letter("Valves", "two@x", sender=BORIS), "sales")
    gone = database.read_now(lambda tx: tx.get(incoming, first).message_id)
    database.write_now(
        lambda tx: tx.change(incoming, other, message_id=gone, trace={"mail_from": "boris@other.example"})
    )
    (row,) = [one for one in kept.world.threads("olena") if one.subject == "Pumps"]
    database.write_now(throw_away, kept.viewer, row.id)
    kept.later(31)
    kept.turn()
    assert look(database, "SELECT id FROM incoming") == [(other,)]
    erase(kept)
    assert look(database, "SELECT id FROM incoming") == [(other,)]


def test_an_erasure_says_how_many_letters_of_others_still_name_them(kept: Kept) -> None:
    """What others wrote, and to others, is theirs and stays as it came: whoever answers for the data is told."""
    kept.world.arrive(letter("Pumps", "one@x", sender=ANNA), "sales")
    kept.world.arrive(letter("Copy", "two@x", sender=BORIS, headers=f"Cc: {ANNA}\r\n"), "sales")
    kept.world.arrive(letter("Quoted", "three@x", sender=BORIS, body=f"> Anna <{ANNA.title()}> wrote"), "sales")
    kept.world.arrive(letter("Alike", "four@x", sender=BORIS, body=f"Write to jo{ANNA} instead"), "sales")
    erase(kept)
    (request,) = kept.world.database.read_now(list_requests, kept.world.viewer("chief"))
    assert (request.found["letters"], request.found["struck"], request.found["named"]) == (1, 1, 1)
    assert kept.threads() == ["Alike", "Copy", "Quoted"]


def test_rows_of_tables_that_stayed_out_go_with_the_person(kept: Kept) -> None:
    """Nobody knew whose these rows were, and they were kept with their cells for sixty days."""
    database, chief = kept.world.database, kept.world.viewer("chief")
    rows = [
        ["Klient", f"Anna <{ANNA.upper()}>", ""],
        [" anna ", "broken", ""],
        ["Nobody", "", "(067) 123-45-67"],
        ["Joanna", "joanna@client.example", "067 123 45 68"],
    ]
    person = partial(update_contact, phones=[Phone("+380671234567")])
    database.write_now(person, kept.contact_id)

    def bring(tx: WriteTx) -> None:
        for _ in range(2):
            looked = Looked({"format": "csv"}, ["Name", "E-mail", "Phone"], rows, len(rows))
            made = start_import(tx, chief, "people.csv", 100, looked).id
            named: dict[str, Any] = {"import_id": made, "outcome": "refused", "reason": "Because."}
            tx.insert_many(import_row, [named | {"n": n, "cells": cells} for n, cells in enumerate(rows, 2)])

    database.write_now(bring)
    database.write_now(partial(ask_erase, contact_id=kept.contact_id), chief, ANNA)
    kept.turn()
    assert look(database, "SELECT import_id, n FROM import_row ORDER BY import_id") == [(1, 5), (2, 5)]
    samples = database.read_now(lambda tx: tx.values(select(party_import.c.sample)))
    assert samples == [rows[3:], rows[3:]]
    assert says(database, f"<{ANNA}") == says(database, "671234567") == []

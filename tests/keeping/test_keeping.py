"""What is over goes for good, leaves nothing behind, and takes nothing with it that is not its own."""

from __future__ import annotations

import base64
import json
import zipfile
from functools import partial
from typing import Any

import pytest
from sqlalchemy import select

from core.blobs import keep, read_blob
from core.columns import metadata
from core.database import Database
from core.errors import Conflict, Invalid
from crm.documents import add_document
from crm.interactions import count_history, get_letter_facts
from crm.parties import record_consent
from crm.parties.tables import counterparty
from mailhub.keeping.purging import purge_thread
from mailhub.keeping.requests import ask_erase, ask_export, list_requests
from mailhub.keeping.rules import add_hold, find_retention, lift_hold, list_let_go, set_retention
from mailhub.keeping.stripping import strip
from mailhub.letters.worker import understand
from mailhub.mailboxes.finding import search_threads
from mailhub.mailboxes.handling import assign_thread, set_read
from mailhub.mailboxes.junk import change_state
from mailhub.mailboxes.reading import get_message, list_messages
from mailhub.mailboxes.tables import letter as letter_row
from mailhub.mailboxes.tables import message as message_row
from mailhub.mailboxes.tables import thread
from mailhub.mailboxes.trash import bring_back, list_trash, throw_away
from mailhub.outbound.drafts import add_draft
from mailhub.outbound.suppression import find_reasons, suppress
from tests.keeping.conftest import KEYS, Kept
from tests.support.engines import look
from tests.support.plans import find_scans, heard
from tests.support.world import letter


def _rows_about(database: Database, thread_id: int, message_id: int) -> list[str]:
    """Tables in which something still names the thread or the message."""
    found = []
    for table in metadata.sorted_tables:
        for name, value in (("thread_id", thread_id), ("message_id", message_id)):
            column = table.c.get(name)
            if column is None or table.name in ("letter", "letter_reference"):
                continue
            wanted = select(column).where(column == value)
            if database.read_now(lambda tx, wanted=wanted: tx.value(wanted)) is not None:
                found.append(f"{table.name}.{name}")
    return found


def test_the_trash_goes_after_thirty_days_and_leaves_nothing(kept: Kept) -> None:
    database = kept.world.database
    kept.world.arrive(letter("Pumps", "one@x"), "sales")
    kept.world.arrive(letter("Valves", "two@x", sender="Boris <boris@other.example>", body="Valves."), "sales")
    kept.settle()
    (row,) = [one for one in kept.world.threads("olena") if one.subject == "Pumps"]
    database.write_now(throw_away, kept.viewer, row.id)
    kept.later(29)
    kept.turn()
    assert len(database.read_now(list_trash, kept.viewer).items) == 1
    kept.later(31)
    kept.turn()
    assert database.read_now(list_trash, kept.viewer).items == []
    assert _rows_about(database, row.id, row.last_message_id) == []
    assert kept.files_left() == 2  # the doubt is young
    kept.later(32)
    kept.turn()
    assert kept.files_left() == 1
    assert kept.threads() == ["Valves"]
    assert [len(look(database, f"SELECT 1 FROM {name}")) for name in ("letter", "letter_words", "blob")] == [1, 1, 1]
    assert database.read_now(search_threads, kept.viewer, "pumps ") == []
    assert [one.subject for one in database.read_now(search_threads, kept.viewer, "valves ")] == ["Valves"]
    assert database.read_now(list_let_go)["trash"][0] == 1


def test_what_is_held_stays_and_goes_when_the_hold_is_lifted(kept: Kept) -> None:
    database, chief = kept.world.database, kept.world.viewer("chief")
    kept.world.arrive(letter("Pumps", "one@x"), "sales")
    (row,) = kept.world.threads("olena")
    held = database.write_now(add_hold, chief, "A lawsuit", counterparty_id=row.counterparty_id)
    database.write_now(throw_away, kept.viewer, row.id)
    kept.later(40)
    kept.turn()
    assert len(database.read_now(list_trash, kept.viewer).items) == 1
    with pytest.raises(Conflict):
        database.write_now(ask_erase, chief, "anna@client.example", contact_id=kept.contact_id)
    database.write_now(lift_hold, chief, held)
    kept.turn()
    assert database.read_now(list_trash, kept.viewer).items == []


def test_junk_goes_thirty_days_after_somebody_touched_it(kept: Kept) -> None:
    database = kept.world.database
    kept.world.arrive(letter("Casino", "one@x", sender="win@casino.example"), "sales")
    kept.world.arrive(letter("Pumps", "two@x"), "sales")
    row = next(one for one in kept.world.threads("olena") if one.subject == "Casino")
    kept.later(300)
    database.write_now(change_state, kept.viewer, row.id, "spam")
    kept.later(329)
    kept.turn()
    assert kept.threads() == ["Casino", "Pumps"]
    kept.later(331)
    kept.turn()
    assert kept.threads() == ["Pumps"]


def test_letters_come_and_go_past_no_table_that_grows(kept: Kept) -> None:
    """What a scan costs here, everybody pays who waits for the writer."""
    database = kept.world.database
    with heard() as said:
        kept.world.arrive(letter("Casino", "one@x", sender="win@casino.example"), "sales")
        (row,) = kept.world.threads("olena")
        database.write_now(set_read, kept.viewer, row.id, read=True)
        database.write_now(assign_thread, kept.viewer, row.id, kept.viewer.user_id)
        database.write_now(change_state, kept.viewer, row.id, "spam")
        assert database.write_now(purge_thread, row.id)
    assert {text.split()[0] for text in said} >= {"SELECT", "UPDATE", "DELETE"}
    bad = find_scans(database, said)
    assert not bad, "\n\n".join(f"{text}\n-> {plan}" for text, plan in bad.items())


def test_junk_of_an_archive_counts_from_the_day_it_came(kept: Kept) -> None:
    """It may be years old, and nobody has seen it here yet."""
    database = kept.world.database
    kept.world.arrive(letter("Casino", "one@x", sender="win@casino.example"), "sales")
    row = kept.world.threads("olena")[0]
    database.write_now(lambda tx: tx.change(thread, row.id, state="spam", last_message_at=1))
    kept.later(1)
    kept.turn()
    assert kept.threads() == ["Casino"]
    kept.later(31)
    kept.turn()
    assert kept.threads() == []


def test_what_is_put_aside_or_being_written_in_is_not_old(kept: Kept) -> None:
    database, box = kept.world.database, kept.world.boxes["sales"]
    for name in ("Aside", "Written", "Old"):
        kept.world.arrive(letter(name, f"{name}@x", sender=f"{name}@client.example"), "sales")
    ids = {one.subject: one.id for one in kept.world.threads("olena")}
    database.write_now(set_retention, kept.viewer, box.id, "delete", 12)
    quiet = {"waiting_for": None, "waiting_since": None, "due_at": None}
    for thread_id in ids.values():
        database.write_now(lambda tx, thread_id=thread_id: tx.change(thread, thread_id, **quiet))
    aside = {"state": "snoozed", "snoozed_until": 1 << 52}
    database.write_now(lambda tx: tx.change(thread, ids["Aside"], **aside))
    database.write_now(add_draft, kept.viewer, "reply", thread_id=ids["Written"])
    kept.later(500)
    kept.turn()
    assert kept.threads() == ["Aside", "Written"]


def test_a_mailbox_puts_away_what_is_old_where_nobody_waits(kept: Kept) -> None:
    database, box = kept.world.database, kept.world.boxes["sales"]
    for name in ("Pumps", "Valves"):
        kept.world.arrive(letter(name, f"{name}@x", sender=f"{name}@client.example"), "sales")
    with pytest.raises(Invalid):
        database.write_now(set_retention, kept.viewer, box.id, "delete", 0)
    database.write_now(set_retention, kept.viewer, box.id, "delete", 12)
    rule = database.read_now(find_retention, box.id)
    assert rule is not None
    assert (rule.act, rule.months) == ("delete", 12)
    row = next(one for one in kept.world.threads("olena") if one.subject == "Pumps")
    database.write_now(change_state, kept.viewer, row.id, "closed")
    kept.later(300)
    kept.turn()
    assert kept.threads() == ["Pumps", "Valves"]
    kept.later(400)
    kept.turn()
    assert kept.threads() == ["Valves"]
    (thrown,) = database.read_now(list_trash, kept.viewer).items
    assert (thrown.subject, thrown.by) == ("Pumps", None)


def test_files_go_and_letters_stay(kept: Kept) -> None:
    database, box = kept.world.database, kept.world.boxes["sales"]
    content = base64.encodebytes(b"figures " * 1000).decode().replace("\n", "\r\n")
    raw = (
        "From: Anna <anna@client.example>\r\nTo: sales@firm.example\r\nSubject: Offer\r\nMessage-ID: <o@x>\r\n"
        "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nSee the file.\r\n--b\r\n"
        "Content-Type: application/pdf; name=a.pdf\r\nContent-Transfer-Encoding: base64\r\n"
        f"Content-Disposition: attachment; filename=a.pdf\r\n\r\n{content}\r\n--b--\r\n"
    ).encode()
    kept.world.arrive(raw, "sales")
    kept.settle()
    database.write_now(set_retention, kept.viewer, box.id, "strip", 6)
    kept.later(200)
    kept.turn()
    (message,) = database.read_now(list_messages, kept.viewer).items
    (part,) = message.parsed["attachments"]
    assert (part["filename"], part["size"], part["stripped"]) == ("a.pdf", 0, True)
    left = read_blob(database, kept.files, message.blob_id)
    assert len(left) < len(raw) - 8000
    assert understand(left).parsed.text.strip() == "See the file."
    assert database.read_now(list_let_go)["files"][0] == 1
    kept.settle()
    kept.later(201)
    kept.turn()
    kept.later(202)
    kept.turn()
    assert kept.files_left() == 1


def test_everything_we_hold_of_a_person_in_one_file(kept: Kept) -> None:
    database, chief = kept.world.database, kept.world.viewer("chief")
    kept.world.box("mine", owner="olena")
    kept.world.arrive(letter("Pumps", "one@x"), "sales")
    kept.world.arrive(letter("Private", "two@x"), "mine")
    kept.world.arrive(letter("Valves", "three@x", sender="Boris <boris@other.example>"), "sales")
    kept.settle()
    database.write_now(partial(record_consent, given=True, source="A call"), kept.contact_id)
    told: Any = {"kind": "invoice", "number": "7", "date": "2026-11-20", "currency": "EUR", "amount": 100}
    client = database.read_now(lambda tx: tx.values(select(counterparty.c.id)))[0]
    database.write_now(lambda tx: add_document(tx, chief, client, contact_id=kept.contact_id, **told))
    database.write_now(ask_export, chief, contact_id=kept.contact_id)
    kept.turn()
    (done,) = database.read_now(list_requests, chief)
    assert (done.state, done.found["letters"], done.found["elsewhere"], done.has_file) == ("done", 1, 1, True)
    (path,) = kept.exports.iterdir()
    with zipfile.ZipFile(path) as archive:
        about = json.loads(archive.read("person.json"))
        letters = [archive.read(name) for name in archive.namelist() if name.endswith(".eml")]
    assert about["contact"]["name"] == "Anna"
    assert [one["source"] for one in about["contact"]["consents"]] == ["A call"]
    assert [one["number"] for one in about["documents"]] == ["7"]
    assert about["letters_in_personal_mailboxes_of_others"] == 1
    assert [b"Subject: Pumps" in one for one in letters] == [True]
    assert "Private" not in json.dumps(about)
    kept.later(8)
    kept.turn()
    assert list(kept.exports.iterdir()) == []
    assert not database.read_now(list_requests, chief)[0].has_file


def test_a_person_is_forgotten_everywhere(kept: Kept) -> None:
    database, chief = kept.world.database, kept.world.viewer("chief")
    secret = "quailsecret"
    kept.world.box("mine", owner="olena")
    sender = f"{secret} <anna@client.example>"
    kept.world.arrive(letter(f"About {secret}", "one@x", sender=sender, body=f"I am {secret}."), "sales", "mine")
    other = letter("Valves", "two@x", sender="Boris <boris@other.example>", headers=f"Cc: {sender}\r\n", body="Valves.")
    kept.world.arrive(other, "sales")
    kept.settle()
    database.write_now(suppress, KEYS, "anna@client.example", "hand")
    with pytest.raises(Invalid):
        database.write_now(ask_erase, chief, "boris@other.example", contact_id=kept.contact_id)
    database.write_now(ask_erase, chief, "Anna@client.example", contact_id=kept.contact_id)
    kept.turn()
    (done,) = database.read_now(list_requests, chief)
    assert (done.state, done.about, done.found) == ("done", "", {"letters": 2, "struck": 1, "named": 0})
    assert kept.threads() == ["Valves"]
    assert [one.subject for one in database.read_now(search_threads, kept.viewer, "valves ")] == ["Valves"]
    for word in (secret, "anna"):
        assert database.read_now(search_threads, kept.viewer, f"{word} ") == []
    for table in metadata.sorted_tables:
        if table.name in ("blob", "user", "job"):
            continue
        said = repr(look(database, f'SELECT * FROM "{table.name}"')).lower()
        assert "anna@client" not in said, table.name
        assert secret not in said, table.name
    assert database.read_now(find_reasons, KEYS, "anna@client.example") == ["hand"]
    kept.later(1)
    kept.turn()
    kept.later(2)
    kept.turn()
    assert kept.files_left() == 1  # the letter of the other, as it came
    (left,) = database.read_now(list_messages, kept.viewer).items
    assert database.read_now(get_message, kept.viewer, left.id).parsed["cc"] == [{"name": "[erased]", "address": ""}]


def test_a_thread_that_is_half_gone_says_what_is_left(kept: Kept) -> None:
    database = kept.world.database
    for number in range(4):
        sender = f"Anna{number} <anna@client.example>"
        kept.world.arrive(letter("Pumps", f"{number}@x", sender=sender, references="0@x" if number else ""), "sales")
    (row,) = kept.world.threads("olena")
    assert row.message_count == 4
    database.write_now(throw_away, kept.viewer, row.id)
    assert not database.write_now(partial(purge_thread, most=3), row.id)
    database.write_now(bring_back, kept.viewer, row.id)
    (left,) = kept.world.threads("olena")
    assert (left.message_count, left.who) == (1, "Anna3")
    assert row.counterparty_id is not None
    assert database.read_now(count_history, kept.viewer, row.counterparty_id) == 1
    assert database.read_now(get_letter_facts, kept.viewer, row.counterparty_id).letters == 1


def test_files_are_taken_out_of_the_bytes_that_were_read_or_of_none(kept: Kept) -> None:
    """Somebody has put others in their place since."""
    database = kept.world.database
    kept.world.arrive(letter("Pumps", "one@x"), "sales")
    (held,) = database.read_now(lambda tx: tx.rows(select(message_row, letter_row.c.parsed).join(letter_row)))
    other = database.write_now(keep, b"Subject: Pumps\r\n\r\nOther bytes.\r\n")
    database.write_now(lambda tx: tx.change(message_row, held.id, blob_id=other))
    parts = [{"inline": False, "offset": 0, "length": 10, "size": 10}]
    database.write_now(lambda tx: tx.change(letter_row, held.letter_id, parsed={**held.parsed, "attachments": parts}))
    assert not database.write_now(strip, held, b"x" * 100)
    assert look(database, "SELECT blob_id FROM message") == [(other,)]

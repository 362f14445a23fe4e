"""What the door takes for new and for known: nothing is passed over because something like it was there before."""

from __future__ import annotations

import os
from pathlib import Path

from core.database import Database
from mailhub.ingest.archive import arrival_of, open_archive
from mailhub.ingest.intake import accept
from mailhub.mailboxes.boxes import add_mailbox
from tests.support.engines import look
from tests.support.mail import add_office, arrive, write_letter

ENVELOPE = ("relay.example", "sales@firm.example")


def test_the_same_address_in_front_of_another_mailbox_is_no_resend(database: Database) -> None:
    box, _ = add_office(database)
    other = database.write_now(add_mailbox, "other@firm.example", "Other", "public")
    first = database.write_now(accept, arrive(write_letter(1), box.id, envelope=ENVELOPE))
    assert database.write_now(accept, arrive(write_letter(1), box.id, envelope=ENVELOPE)) == first
    moved = database.write_now(accept, arrive(write_letter(1), other.id, envelope=ENVELOPE))
    assert look(database, "SELECT id, mailbox_id FROM incoming ORDER BY id") == [(first, box.id), (moved, other.id)]


def test_files_are_taken_whatever_bytes_their_names_have(database: Database, tmp_path: Path) -> None:
    box, _ = add_office(database)
    folder = tmp_path / "letters"
    folder.mkdir()
    Path(os.fsdecode(os.fsencode(folder) + b"/caf\xe9.eml")).write_bytes(write_letter(1))
    (piece,) = open_archive(folder).read("")
    assert database.write_now(accept, arrival_of(piece, box.id))


def test_a_letter_that_was_read_meanwhile_is_not_passed_over(tmp_path: Path) -> None:
    """Opening a letter renames it, from ``new`` to a place in ``cur`` that an interrupted import had behind it."""
    folder = tmp_path / "Maildir"
    for part in ("cur", "new"):
        (folder / part).mkdir(parents=True)
    (folder / "cur" / "5.a:2,S").write_bytes(write_letter(5))
    (folder / "new" / "1.b").write_bytes(write_letter(1))
    first = next(open_archive(folder).read(""))
    assert [piece.raw for piece in open_archive(folder).read(first.place)] == [write_letter(1)]
    (folder / "new" / "1.b").rename(folder / "cur" / "1.b:2,S")
    assert write_letter(1) in [piece.raw for piece in open_archive(folder).read(first.place)]

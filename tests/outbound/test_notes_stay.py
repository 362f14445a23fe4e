"""What colleagues note for each other is in no letter, no draft, no search and no list of letters."""

from __future__ import annotations

from mailhub.mailboxes.finding.threads import search_threads
from mailhub.mailboxes.lists import list_threads
from mailhub.mailboxes.notes import add_note
from mailhub.mailboxes.reading import get_thread
from mailhub.outbound.drafts import add_draft
from tests.outbound.conftest import Office
from tests.support.engines import look

SECRET = "quailnote"


def test_a_note_never_leaves_the_house(office: Office) -> None:
    database, viewer = office.world.database, office.world.viewer("ivan")
    database.write_now(add_note, viewer, office.thread_id, f"Do not tell them: {SECRET}")
    office.answer("Three weeks.")
    begun = database.write_now(lambda tx: add_draft(tx, viewer, "reply", thread_id=office.thread_id))
    assert SECRET not in repr(begun)
    assert not [
        row for row in look(database, "SELECT content FROM blob") if row[0] and SECRET.encode() in bytes(row[0])
    ]
    opened = database.read_now(get_thread, viewer, office.thread_id)
    assert SECRET not in repr(opened)
    assert SECRET not in repr(database.read_now(list_threads, viewer, "all"))
    assert not database.read_now(search_threads, viewer, SECRET)

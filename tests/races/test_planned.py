"""Planned letters: one person throws the thread away while another plans in it."""

from __future__ import annotations

import pytest

from core import clock, jobs
from core.database import Database
from core.errors import Conflict, NotFound
from crm.staff.readable import get_viewer
from mailhub.letters.html.outgoing import text_as_html
from mailhub.mailboxes.trash import bring_back
from mailhub.outbound.drafts import Text, add_draft, change_draft
from mailhub.outbound.scheduling import schedule_draft
from mailhub.outbound.throwing import throw_away
from tests.races.conftest import Race
from tests.support.engines import look
from tests.support.mail import add_office, deliver, write_letter


@pytest.fixture
def boot(database: Database) -> str:
    return database.write_now(jobs.start_boot)


def test_no_planned_letter_lies_in_the_trash(database: Database, race: Race, boot: str) -> None:
    box, people = add_office(database, "olena", "petro")
    deliver(database, boot, write_letter(1), box.id)
    olena, petro = (database.read_now(get_viewer, one) for one in people)
    for _ in range(6):
        made = database.write_now(add_draft, petro, "reply", thread_id=1)
        text = Text(to="anna@client.example", html=text_as_html("Any news?"))
        saved = database.write_now(change_draft, petro, made.id, made.version, text)
        plan = (schedule_draft, petro, saved.id, saved.version, clock.now() + clock.HOUR)
        thrown, kept = race((throw_away, olena, 1), plan)
        assert isinstance(thrown, Conflict) != isinstance(kept, NotFound), (thrown, kept)
        lost = "SELECT 1 FROM draft JOIN trash ON trash.thread_id = draft.thread_id WHERE send_at IS NOT NULL"
        assert look(database, lost) == []
        if thrown is None:
            database.write_now(bring_back, olena, 1)
        database.write_now(lambda tx: tx.sql("DELETE FROM draft"))

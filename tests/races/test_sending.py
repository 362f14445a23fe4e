"""Two processes at one ledger: a delivery is in one hand, and a state is decided once."""

from __future__ import annotations

from functools import partial

import pytest

from core import clock, jobs
from core.database import Database
from core.errors import Conflict
from core.secrets import Keys
from crm.staff.readable import get_viewer
from mailhub.letters.values import Address
from mailhub.outbound import handing, ledger, suppression
from mailhub.outbound.claiming import claim
from mailhub.outbound.identity import Stamp
from mailhub.outbound.lanes import Load
from mailhub.outbound.replies import Reply
from mailhub.outbound.writing import Answer, answer_thread
from tests.races.conftest import Race
from tests.support.engines import look
from tests.support.mail import add_office, deliver, write_letter

KEYS = Keys([b"k" * 32])


@pytest.fixture
def boot(database: Database) -> str:
    return database.write_now(jobs.start_boot)


@pytest.fixture
def ivan(database: Database, boot: str) -> int:
    """Twelve letters of Ivan's wait."""
    box, (ivan,) = add_office(database, "ivan")
    deliver(database, boot, write_letter(1), box.id)
    viewer = database.read_now(get_viewer, ivan)
    for number in range(12):
        written = Answer("Three weeks.", (Address("", f"reader{number}@client.example"),))
        database.write_now(answer_thread, Stamp(KEYS, 1), viewer, 1, written)
    return ivan


def test_no_delivery_is_claimed_twice(database: Database, race: Race, boot: str, ivan: int) -> None:
    del ivan
    taken = race(*((claim, KEYS, boot, Load(most=4, of_domain=4)) for _ in range(6)))
    ids = [one.id for batch in taken for one in batch]
    assert len(ids) == len(set(ids)) == 12
    assert look(database, "SELECT DISTINCT state, fence, attempts FROM delivery") == [("sending", 1, 1)]


def test_a_letter_is_called_off_or_leaves_never_both(database: Database, race: Race, boot: str, ivan: int) -> None:
    viewer = database.read_now(get_viewer, ivan)
    database.write_now(lambda tx: tx.sql("UPDATE delivery SET next_at = :later", later=clock.now() + clock.DAY))
    for number in range(1, 13):
        database.write_now(
            lambda tx, number=number: tx.sql("UPDATE delivery SET next_at = 0 WHERE id = :id", id=number)
        )
        claimed, called_off = race((claim, KEYS, boot, Load(most=1)), (ledger.cancel, viewer, number))
        state = look(database, f"SELECT state FROM delivery WHERE id = {number}")[0][0]
        if isinstance(called_off, Conflict):
            assert (state, [one.id for one in claimed]) == ("sending", [number])
        else:
            assert (state, claimed, called_off) == ("cancelled", [], None)


def test_an_address_is_suppressed_before_the_mark_or_after_it(
    database: Database, race: Race, boot: str, ivan: int
) -> None:
    del ivan
    for ours in database.write_now(claim, KEYS, boot, Load(most=12, of_domain=12)):
        marked, _ = race((handing.hand, KEYS, ours), (partial(suppression.suppress), KEYS, ours.recipient, "hand"))
        state, handed_at = look(database, f"SELECT state, handed_at FROM delivery WHERE id = {ours.id}")[0]
        assert (state, handed_at is not None) == (("sending", True) if marked else ("cancelled", False))


def test_one_answer_of_the_relay_counts(database: Database, race: Race, boot: str, ivan: int) -> None:
    del ivan
    gone, taken = Reply("rcpt", 550, "5.1.1", "no"), Reply("dot", 250, "2.0.0", "yes")
    for ours in database.write_now(claim, KEYS, boot, Load(most=12, of_domain=12)):
        told = race((handing.record_reply, KEYS, ours, gone), (handing.record_reply, KEYS, ours, taken))
        assert sorted(told) == [False, True]

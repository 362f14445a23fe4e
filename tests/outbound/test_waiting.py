"""How long a letter is tried, what its writer hears of it meanwhile, and when it is given up."""

from __future__ import annotations

import pytest

from core import clock, jobs
from mailhub.mailboxes.reading import get_thread
from mailhub.outbound import handing, ledger
from mailhub.outbound.claiming import claim
from mailhub.outbound.lanes import Load
from mailhub.outbound.replies import GIVE_UP, WAITS, Reply, judge, next_try, read_reply
from tests.outbound.conftest import Office

LATER = Reply("rcpt", 450, "4.2.0", "try again")


def sentences(office: Office) -> list[str]:
    opened = office.world.database.read_now(get_thread, office.world.viewer("ivan"), office.thread_id)
    return [event.sentence for event in opened.events]


def try_at(office: Office, age: int, reply: Reply) -> str:
    """The state after one more try of a letter that was written so long ago, the last try being just due."""
    database = office.world.database
    now = clock.now()
    database.write_now(
        lambda tx: tx.sql("UPDATE delivery SET created_at = :then, next_at = :due", then=now - age, due=now - 1)
    )
    boot = database.write_now(jobs.start_boot)
    (ours,) = database.write_now(claim, office.stamp.keys, boot, Load(most=1))
    database.write_now(handing.record_reply, office.stamp.keys, ours, reply)
    (row,) = database.read_now(ledger.list_deliveries, office.world.viewer("ivan")).items
    return row.state


def test_a_letter_is_given_up_after_days_and_its_writer_hears_why(office: Office) -> None:
    office.answer()
    assert try_at(office, GIVE_UP - clock.HOUR, LATER) == "deferred"
    assert try_at(office, GIVE_UP + clock.HOUR, LATER) == "failed"
    assert sentences(office)[-1] == "The letter to %(address)s was not taken: %(said)s"


def test_its_writer_hears_once_that_it_is_late(office: Office) -> None:
    office.answer()
    warning = "The letter to %(address)s waits: the other server does not take it yet. We go on trying."
    told = []
    # By then the next try, after three quarters of an hour at least, will be too late.
    for age in (0, clock.HOUR, 4 * clock.HOUR - 6 * clock.MINUTE, 7 * clock.HOUR, 11 * clock.HOUR):
        assert try_at(office, age, LATER) == "deferred"
        told.append(sentences(office).count(warning))
    assert told == [0, 0, 1, 1, 1]


def test_tries_grow_apart_and_are_spread() -> None:
    for attempts, wait in enumerate([*WAITS, WAITS[-1], WAITS[-1]], 1):
        earliest, latest = next_try(attempts, 0, chance=0), next_try(attempts, 0, chance=1)
        assert (earliest, latest) == (wait * 3 // 4, wait * 5 // 4)
    assert next_try(1, 0, chance=0) >= 5 * clock.MINUTE  # greylisting: RFC 6647
    assert next_try(99, 0, chance=1) <= 5 * clock.HOUR


@pytest.mark.parametrize(
    ("said", "status", "text"),
    [
        ("5.1.1 <a@b.example>: no such user", "5.1.1", "<a@b.example>: no such user"),
        ("4.7.28 slow\n4.7.28 down", "4.7.28", "slow down"),
        ("no code at all", "", "no code at all"),
        ("5.1", "", "5.1"),
        ("550 5.1.1 in the middle", "", "550 5.1.1 in the middle"),
        ("bell\x07 and\x1b[31m colours", "", "bell and[31m colours"),
    ],
)
def test_what_a_relay_says_is_read(said: str, status: str, text: str) -> None:
    reply = read_reply("rcpt", 550, said)
    assert (reply.status, reply.text) == (status, text)


def test_an_answer_that_makes_no_sense_is_no_refusal() -> None:
    assert [judge(Reply("dot", code, "", "")) for code in (-1, 0, 199, 600)] == ["later"] * 4

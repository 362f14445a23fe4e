"""The fast way against a scripted relay: it passes the tests of the ordinary sender, and what the relay says decides
whether it is spoken to step by step or all at once."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import uvloop

from core import jobs
from core.blobs import BlobFiles
from crm.parties import record_consent
from mailhub.campaigns import starting
from mailhub.campaigns.journal import Journal, read_fates
from mailhub.campaigns.windows import MailingSending, rows
from mailhub.campaigns.windows.letters import Letters
from mailhub.campaigns.windows.rows import Result, Turn
from mailhub.campaigns.windows.window import LARGEST, Window
from mailhub.outbound import suppression
from mailhub.outbound.carriers import HouseCarrier
from mailhub.outbound.dkim_keys import make_keys, record_look
from mailhub.outbound.relay import parse_relay
from mailhub.outbound.replies import Reply
from mailhub.outbound.signing import Signing
from mailhub.outbound.stopping import STOP_FILE
from tests.campaigns import test_sending as ordinary
from tests.campaigns.house import Marketing
from tests.campaigns.test_sending import BASE, states, two_clients
from tests.support.house import eventually
from tests.support.sink import CUT, CUT_AFTER, Script, Sink


@contextmanager
def sending(house: Marketing, sink: Sink, folder: Path) -> Iterator[MailingSending]:
    """The loop of the fast way in a thread of its own."""
    database, ready, made = house.database, threading.Event(), []
    boot = database.write_now(jobs.start_boot)
    relay = parse_relay(f"smtp://127.0.0.1:{sink.port}")
    assert relay is not None

    async def live() -> None:
        loop, end = asyncio.get_running_loop(), asyncio.Event()
        keys = house.stamp.keys
        one = MailingSending(
            database, keys, Letters(database, house.stamp, Signing(database, keys), BASE, BlobFiles(folder / "blobs")),
            lambda _way: HouseCarrier(relay, "mail.firm.example"),
            boot=boot, folder=folder / "handing", connections=2, may_go=lambda: not (folder / STOP_FILE).exists(),
        )  # fmt: skip
        wake = one.wake
        one.wake = lambda: loop.call_soon_threadsafe(wake)
        database.listen(lambda _topics: one.wake() if not end.is_set() else None)
        made.extend([one, lambda: loop.call_soon_threadsafe(end.set)])
        task = asyncio.create_task(one.run())
        ready.set()
        await asyncio.wait([task, asyncio.create_task(end.wait())], return_when=asyncio.FIRST_COMPLETED)
        await one.stop()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    worker = threading.Thread(target=lambda: uvloop.run(live()))
    worker.start()
    assert ready.wait(10)
    try:
        yield made[0]
    finally:
        made[1]()
        worker.join(20)
        database.write_now(jobs.stop_boot, boot)


@pytest.mark.parametrize(
    "test",
    [
        ordinary.test_everybody_gets_a_letter_of_their_own,
        ordinary.test_pictures_go_along_inside,
        ordinary.test_a_letter_whose_fate_is_unknown_is_never_sent_again,
        ordinary.test_who_leaves_gets_nothing_that_still_waits,
        ordinary.test_a_paused_mailing_waits_and_goes_on,
        ordinary.test_a_first_part_goes_ahead,
        ordinary.test_who_says_no_after_the_freeze_gets_nothing,
    ],
)
def test_it_passes_the_tests_of_the_ordinary_sender(
    test: Callable[[Marketing, Path], None], house: Marketing, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ordinary, "sending", sending)
    test(house, tmp_path)


SAID = {
    ("rcpt", "550 5.1.1 no such user"): ("failed", True),
    ("dot", "550 5.1.10 null mx"): ("failed", True),
    ("rcpt", "552 5.2.2 mailbox full"): ("failed", False),
    ("rcpt", "550-5.7.1 we do\r\n550 5.7.1 not like you"): ("failed", False),
    ("dot", "554 spam"): ("failed", False),
    ("rcpt", "450 4.2.0 greylisted"): ("deferred", False),
    ("rcpt", "552 too many recipients"): ("deferred", False),
    ("dot", "421 4.3.2 going down"): ("deferred", False),
    ("dot", "451 4.3.0 later"): ("deferred", False),
    ("dot", CUT): ("unknown", False),
    ("dot", CUT_AFTER): ("unknown", False),
    ("dot", "what?"): ("unknown", False),
}
"""What the relay says where → what becomes of the row, and whether its address is written to no more."""


@pytest.mark.parametrize("pipelining", [True, False])
def test_what_the_relay_says_decides(house: Marketing, tmp_path: Path, pipelining: bool) -> None:
    """All at once: each reader has a row of the table, others in between get theirs."""
    table = dict(enumerate(SAID.items()))
    for number in table:
        house.client(
            f"Client {number}", ("A", [f"r{number}@c{number}.example"]), ("B", [f"ok{number}@c{number}.example"])
        )
    made = house.mailing(people="all")
    house.ready(made)
    house.start(made)

    def script(stage: str) -> Any:
        def said(recipient: str, _tries: int) -> str:
            number = recipient[1:].partition("@")[0]
            where, reply = table[int(number)][0] if number.isdigit() else ("", "")
            return reply if where == stage else ""

        return said

    stale = tmp_path / "handing" / "0123456789abcdef.handing"
    stale.parent.mkdir()
    stale.touch()
    with Sink(Script(rcpt=script("rcpt"), dot=script("dot"), pipelining=pipelining)) as sink:
        with sending(house, sink, tmp_path):
            eventually(lambda: not {"queued", "sending"} & set(states(house, made).values()), 30)
        taken = [one.recipient for one in sink.taken]
        open_most = sink.open_most
    found = states(house, made)
    database, keys = house.database, house.stamp.keys
    for number, (_, (state, suppressed)) in table.items():
        address = f"r{number}@c{number}.example"
        assert (address, found[address]) == (address, state)
        reasons = database.read_now(suppression.find_reasons, keys, address)
        assert reasons == (["bounce"] if suppressed else [])
        assert found[f"ok{number}@c{number}.example"] == "sent"
    assert len(taken) == len(set(taken))
    assert open_most <= 2
    assert not list((tmp_path / "handing").iterdir())


def test_letters_are_signed_by_the_keys_of_their_domain(house: Marketing, tmp_path: Path) -> None:
    two_clients(house)
    database = house.database
    for one in database.write_now(make_keys, house.stamp.keys, None, "firm.example"):
        database.write_now(record_look, None, one.id, "")
    made = house.mailing()
    house.ready(made)
    house.start(made)
    with Sink(Script(pipelining=True)) as sink, sending(house, sink, tmp_path):
        eventually(lambda: set(states(house, made).values()) == {"sent"})
    for taken in sink.taken:
        assert taken.raw.count(b"DKIM-Signature: v=1; a=rsa-sha256;") == taken.raw.count(b"a=ed25519-sha256;") == 1


def test_a_stop_holds_before_the_dot_and_after_it_all_leaves_once(house: Marketing, tmp_path: Path) -> None:
    for number in range(30):
        house.client(f"Client {number}", ("A", [f"r{number}@client.example"]))
    made = house.mailing()
    house.ready(made)
    house.start(made)
    stop = tmp_path / STOP_FILE

    def pull(recipient: str, _tries: int) -> str:
        if recipient.startswith("r5@"):
            stop.touch()
        return ""

    with Sink(Script(rcpt=pull, pipelining=True)) as sink, sending(house, sink, tmp_path):
        eventually(stop.exists)
        eventually(lambda: "sending" not in states(house, made).values())
        before = len(sink.taken)
        stop.unlink()
        eventually(lambda: set(states(house, made).values()) == {"sent"})
        assert before < 30 or before == len(sink.taken)
    assert len({one.recipient for one in sink.taken}) == len(sink.taken) == 30


def claimed(house: Marketing, number: int = 6) -> tuple[int, str, list[rows.Claimed]]:
    """A mailing under way whose rows a process has claimed, with the boot of that."""
    for one in range(number):
        house.client(f"Client {one}", ("A", [f"r{one}@client.example"]))
    made = house.mailing()
    house.ready(made)
    house.start(made)
    boot = house.database.write_now(jobs.start_boot)
    turned = house.database.write_now(rows.take_turn, house.stamp.keys, boot, Turn(claim=100))
    assert len(turned.claimed) == number
    return made, boot, list(turned.claimed)


def test_the_mark_asks_once_more(house: Marketing) -> None:
    database, keys = house.database, house.stamp.keys
    made, boot, ours = claimed(house)
    database.write_now(suppression.suppress, keys, ours[0].address, "hand")
    database.write_now(lambda tx: tx.sql("UPDATE recipient SET left_at = 1 WHERE id = :id", id=ours[1].id))
    persons = {row.address: row.contact_id for row in house.rows(made)}
    for one, given in ((ours[2], True), (ours[3], False)):
        database.write_now(partial(record_consent, given=given, source="a call"), persons[one.address])
    turned = database.write_now(rows.take_turn, keys, boot, Turn(marks=ours[:4]))
    assert turned.marked == {ours[2].id}
    assert [states(house, made)[ours[place].address] for place in (0, 3)] == ["cancelled"] * 2
    database.write_now(starting.pause_mailing, house.world.viewer("ivan"), made)
    assert not database.write_now(rows.take_turn, keys, boot, Turn(marks=ours[4:])).marked
    assert not database.write_now(rows.take_turn, keys, "another", Turn(marks=ours[2:3])).marked
    database.write_now(rows.take_turn, keys, boot, Turn(back=[(one, 0) for one in ours[4:]]))
    assert [states(house, made)[one.address] for one in ours[4:]] == ["queued"] * 2


def test_after_a_kill_the_journal_says_what_had_left(house: Marketing, tmp_path: Path) -> None:
    database, keys = house.database, house.stamp.keys
    made, boot, ours = claimed(house)
    marks = ours[:5]  # the sixth is only claimed
    assert len(database.write_now(rows.take_turn, keys, boot, Turn(marks=marks)).marked) == 5
    journal = Journal(tmp_path, boot)
    for one in marks[1:]:
        journal.hand(one.id)
    journal.answer(marks[2].id, 250)
    journal.answer(marks[3].id, 554)
    journal.answer(marks[4].id, 451)
    assert read_fates(tmp_path, boot) is None  # it lives
    journal.close()
    database.write_now(jobs.stop_boot, boot)

    def fates(name: str) -> Any:
        return read_fates(tmp_path, name)

    assert database.write_now(rows.recover, fates) == {boot}
    assert not database.write_now(rows.recover, fates)
    found = states(house, made)
    wanted = ["queued", "unknown", "sent", "failed", "deferred", "queued"]
    assert [found[one.address] for one in ours] == wanted
    late = Result(ours[1], Reply("dot", 250, "", ""))
    database.write_now(rows.take_turn, keys, boot, Turn(results=[late]))  # it was given up
    assert states(house, made)[ours[1].address] == "unknown"


@pytest.mark.parametrize("spoilt", ["another start of the machine", "cut short", "not there"])
def test_without_a_journal_to_be_believed_what_was_marked_is_unknown(
    house: Marketing, tmp_path: Path, spoilt: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    database, keys = house.database, house.stamp.keys
    made, boot, ours = claimed(house, 3)
    database.write_now(rows.take_turn, keys, boot, Turn(marks=ours[:2]))
    journal = Journal(tmp_path, boot)
    journal.hand(ours[0].id)
    journal.close()
    path = tmp_path / f"{boot}.handing"
    if spoilt == "cut short":
        path.write_bytes(path.read_bytes()[:-9])
    elif spoilt == "not there":
        path.unlink()
    else:
        other = tmp_path / "boot_id"
        other.write_text("00000000-0000-4000-8000-000000000000\n")
        monkeypatch.setattr("mailhub.campaigns.journal.MACHINE", other)
    database.write_now(jobs.stop_boot, boot)
    database.write_now(rows.recover, lambda name: read_fates(tmp_path, name))
    assert [states(house, made)[one.address] for one in ours] == ["unknown", "unknown", "queued"]


def test_a_window_follows_the_rate() -> None:
    window = Window(20, 0.0)
    assert window.size == 20
    for number in range(4000):
        window.answered(number / 1000)
    assert 200 < window.size <= 260
    for number in range(40_000):
        window.answered(4 + number / 10_000)
    assert window.size == LARGEST
    for number in range(200):
        window.answered(8 + number)
    assert window.size == 20


def test_a_letter_put_off_is_tried_again_for_about_a_day(house: Marketing) -> None:
    database, keys = house.database, house.stamp.keys
    made, boot, ours = claimed(house, 1)
    reply, tries = Reply("rcpt", 451, "4.2.0", "later"), 1
    while True:
        database.write_now(rows.take_turn, keys, boot, Turn(results=[Result(ours[0], reply)]))
        (state,) = states(house, made).values()
        if state == "failed":
            break
        database.write_now(lambda tx: tx.sql("UPDATE recipient SET next_at = 0"))
        ours = list(database.write_now(rows.take_turn, keys, boot, Turn(claim=1)).claimed)
        tries += 1
    assert 8 <= tries <= 14

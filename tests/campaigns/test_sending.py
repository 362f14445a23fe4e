"""From a group to the letters that arrive, and what comes back for them."""

from __future__ import annotations

import asyncio
import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from core import jobs
from core.blobs import BlobFiles
from core.errors import Conflict
from crm.parties import record_consent
from mailhub.campaigns import leaving, mailings, results, starting
from mailhub.campaigns.composing import Writing
from mailhub.campaigns.letters import save_letter
from mailhub.campaigns.making import make_letter
from mailhub.campaigns.pictures import add_picture
from mailhub.outbound import relay as relay_rules
from mailhub.outbound import suppression
from mailhub.outbound.relay import parse_relay
from mailhub.outbound.send import Sending
from tests.campaigns.house import FOOT, Marketing
from tests.support.house import eventually
from tests.support.sink import CUT_AFTER, Script, Sink
from tests.support.world import letter

BASE = "https://mail.firm.example"


@contextmanager
def sending(house: Marketing, sink: Sink, folder: Path) -> Iterator[Sending]:
    """The loop of the sender in a thread of its own."""
    database, ready, made = house.database, threading.Event(), []
    boot = database.write_now(jobs.start_boot)

    async def live() -> None:
        loop, end = asyncio.get_running_loop(), asyncio.Event()
        one = Sending(
            database, BlobFiles(folder / "blobs"), house.stamp.keys, parse_relay(f"smtp://127.0.0.1:{sink.port}"),
            boot=boot, folder=folder, hostname="mail.firm.example", connections=2,
            mailings=Writing(database, house.stamp, BASE, BlobFiles(folder / "blobs")),
        )  # fmt: skip
        wake = one.wake
        one.wake = lambda: loop.call_soon_threadsafe(wake)
        database.listen(lambda _topics: one.wake() if not end.is_set() else None)
        made.extend([one, lambda: loop.call_soon_threadsafe(end.set)])
        task = asyncio.create_task(one.run())
        ready.set()
        await end.wait()
        await one.stop()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    worker = threading.Thread(target=lambda: asyncio.run(live()))
    worker.start()
    assert ready.wait(10)
    try:
        yield made[0]
    finally:
        made[1]()
        worker.join(20)
        database.write_now(jobs.stop_boot, boot)


def states(house: Marketing, mailing_id: int) -> dict[str, str]:
    return {row.address: row.state for row in house.rows(mailing_id) if row.state != "excluded"}


def two_clients(house: Marketing) -> None:
    house.client("Romashka", ("Anna", ["anna@client.example"]), ("Petro", ["petro@client.example"]))
    house.client("Delta", ("Ганна Коваль", ["hanna@delta.example"]))


def test_everybody_gets_a_letter_of_their_own(house: Marketing, tmp_path: Path) -> None:
    two_clients(house)
    mailing_id = house.mailing("Hello **{{ contact.name }}** of {{ client.name }}", people="all")
    ready = house.ready(mailing_id)
    assert (ready.recipients_count, ready.faults, ready.check_done) == (3, [], 3)
    house.start(mailing_id)
    with Sink() as sink, sending(house, sink, tmp_path):
        eventually(lambda: set(states(house, mailing_id).values()) == {"sent"})
    letters = {one.recipient: message_from_bytes(one.raw, policy=policy.default) for one in sink.taken}
    assert sorted(letters) == ["anna@client.example", "hanna@delta.example", "petro@client.example"]
    hanna: Any = letters["hanna@delta.example"]
    assert hanna["To"] == "Ганна Коваль <hanna@delta.example>"
    assert "Hello Ганна Коваль of Delta" in hanna.get_body(("plain",)).get_content()
    assert "<strong>Ганна Коваль</strong>" in hanna.get_body(("html",)).get_content()
    assert hanna["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert hanna["List-Unsubscribe"].startswith(f"<{BASE}/u/")
    assert len({one["Message-ID"] for one in letters.values()}) == 3
    assert len({one.sender for one in sink.taken}) == 3
    house.conduct()
    assert house.see(mailing_id).state == "done"
    assert house.see(mailing_id).counts == {"sent": 3}
    ivan, row = house.world.viewer("ivan"), next(one for one in house.rows(mailing_id) if one.name == "Ганна Коваль")
    shown = house.database.read_now(results.show_letter, ivan, BASE, mailing_id, row.id)
    assert shown.proved is True
    assert "Hello Ганна Коваль of Delta" in shown.letter.plain


def test_pictures_go_along_inside(house: Marketing, tmp_path: Path) -> None:
    """The bytes that were brought are parts of the letter, and stand in it; a relay that wants a field gets it."""
    two_clients(house)
    content = b"\x89PNG\r\n\x1a\n" + bytes(range(256))
    sha256 = hashlib.sha256(content).digest()
    BlobFiles(tmp_path / "blobs").write(sha256, content)
    ivan, write = house.world.viewer("ivan"), house.database.write_now
    mailing_id = house.mailing("Nothing yet", pictures="inside", tracking="totals")
    one = write(add_picture, ivan, mailing_id, "магазин.png", "png", (sha256, len(content)))
    source = f"Hello {{{{ contact.name }}}}\n\n![Shop](https://mail.firm.example{one.path})"
    made = make_letter("markdown", "News", source, FOOT)
    write(partial(save_letter, seen=1), ivan, mailing_id, "markdown", source, made)
    assert house.ready(mailing_id).faults == []
    house.start(mailing_id)
    with Sink() as sink, pytest.MonkeyPatch.context() as patch, sending(house, sink, tmp_path):
        patch.setattr(relay_rules, "_POSTMARK", "127.0.0.1")
        eventually(lambda: set(states(house, mailing_id).values()) == {"sent"})
    for taken in sink.taken:
        letter: Any = message_from_bytes(taken.raw, policy=policy.default)
        assert letter["X-PM-KeepID"] == "true"
        picture = next(part for part in letter.walk() if part.get_content_type() == "image/png")
        assert (picture.get_content(), picture.get_filename()) == (content, "магазин.png")
        html = letter.get_body(("html",)).get_content()
        assert f'src="cid:{picture["Content-ID"].strip("<>")}"' in html
        assert one.path not in html
    row = house.rows(mailing_id)[0]
    assert house.database.read_now(results.show_letter, ivan, BASE, mailing_id, row.id).proved is True


def test_a_letter_whose_fate_is_unknown_is_never_sent_again(house: Marketing, tmp_path: Path) -> None:
    two_clients(house)
    mailing_id = house.mailing()
    house.ready(mailing_id)
    house.start(mailing_id)
    with Sink(Script(dot=lambda to, _: CUT_AFTER if "client" in to else "")) as sink, sending(house, sink, tmp_path):
        eventually(lambda: sorted(states(house, mailing_id).values()) == ["sent", "unknown"])
    assert len(sink.taken) == 2


def test_fifty_starts_are_one(house: Marketing) -> None:
    two_clients(house)
    mailing_id = house.mailing()
    with pytest.raises(Conflict):
        house.start(mailing_id)
    count = house.ready(mailing_id).recipients_count
    ivan, write = house.world.viewer("ivan"), house.database.write_now
    with pytest.raises(Conflict) as wrong:
        write(starting.start_mailing, ivan, mailing_id, count + 1)
    assert wrong.value.fields["recipients_count"] == count
    failed: list[Exception] = []

    def start() -> None:
        try:
            write(starting.start_mailing, ivan, mailing_id, count)
        except Exception as problem:
            failed.append(problem)

    threads = [threading.Thread(target=start) for _ in range(50)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert not failed
    told = house.database.read_now(mailings.list_events, mailing_id)
    assert [one.sentence for one in told] == ["Started for %(count)s people."]


def test_who_leaves_gets_nothing_that_still_waits(house: Marketing, tmp_path: Path) -> None:
    two_clients(house)
    mailing_id = house.mailing(people="all")
    house.ready(mailing_id)
    house.start(mailing_id)
    anna = next(one for one in house.rows(mailing_id) if one.name == "Anna")
    keys = house.stamp.keys
    token = leaving.leave_token(keys, anna.id, 1)
    assert house.database.read_now(leaving.see_reader, keys, token).address == "a…a@client.example"
    assert states(house, mailing_id)["anna@client.example"] == "queued", "to look changes nothing"
    house.database.write_now(leaving.leave, keys, token)
    with Sink() as sink, sending(house, sink, tmp_path):
        eventually(lambda: sorted(states(house, mailing_id).values()) == ["cancelled", "sent", "sent"])
    assert "anna@client.example" not in [one.recipient for one in sink.taken]
    again = house.mailing(people="all")
    assert house.ready(again).reasons == {"refused": 1}


def test_a_paused_mailing_waits_and_goes_on(house: Marketing, tmp_path: Path) -> None:
    two_clients(house)
    mailing_id = house.mailing()
    house.ready(mailing_id)
    ivan, write = house.world.viewer("ivan"), house.database.write_now
    house.start(mailing_id)
    write(starting.pause_mailing, ivan, mailing_id)
    with Sink() as sink, sending(house, sink, tmp_path) as one:
        one.wake()
        assert not sink.taken
        assert set(states(house, mailing_id).values()) == {"queued"}
        write(starting.resume_mailing, ivan, mailing_id)
        eventually(lambda: set(states(house, mailing_id).values()) == {"sent"})
    with pytest.raises(Conflict):
        write(starting.cancel_mailing, ivan, house.conduct() or mailing_id)


def test_a_first_part_goes_ahead(house: Marketing, tmp_path: Path) -> None:
    two_clients(house)
    mailing_id = house.mailing(people="all", canary=1)
    house.ready(mailing_id)
    house.start(mailing_id)
    with Sink() as sink, sending(house, sink, tmp_path):
        eventually(lambda: "sent" in states(house, mailing_id).values())
        house.conduct()
        assert house.see(mailing_id).state == "paused"
        assert len(sink.taken) == 1
        house.database.write_now(starting.resume_mailing, house.world.viewer("ivan"), mailing_id)
        eventually(lambda: set(states(house, mailing_id).values()) == {"sent"})


def test_a_first_part_that_was_paused_stays_the_first_part(house: Marketing, tmp_path: Path) -> None:
    """Whoever lets it go on, twice at that, lets nothing go that nobody has seen the first part of."""
    two_clients(house)
    mailing_id = house.mailing(people="all", canary=1)
    house.ready(mailing_id)
    house.start(mailing_id)
    ivan, write = house.world.viewer("ivan"), house.database.write_now
    write(starting.pause_mailing, ivan, mailing_id)
    for _ in range(2):
        write(starting.resume_mailing, ivan, mailing_id)
    told = [one.sentence for one in house.database.read_now(mailings.list_events, mailing_id)]
    assert told.count("Goes on.") == 1
    with Sink() as sink, sending(house, sink, tmp_path):
        eventually(lambda: "sent" in states(house, mailing_id).values())
        house.conduct()
        assert (house.see(mailing_id).state, len(sink.taken)) == ("paused", 1)


def test_who_says_no_after_the_freeze_gets_nothing(house: Marketing, tmp_path: Path) -> None:
    """Said to a colleague, on the telephone: no address is suppressed by it."""
    two_clients(house)
    mailing_id = house.mailing()
    house.ready(mailing_id)
    house.start(mailing_id)
    first, *others = house.rows(mailing_id)
    write = house.database.write_now
    write(partial(record_consent, given=True, source="a form"), others[0].contact_id)
    for given in (True, False):
        write(partial(record_consent, given=given, source="a call"), first.contact_id)
    with Sink() as sink, sending(house, sink, tmp_path):
        eventually(lambda: "queued" not in states(house, mailing_id).values())
        eventually(lambda: set(states(house, mailing_id).values()) == {"cancelled", "sent"})
    assert [one.recipient for one in sink.taken] == [one.address for one in others]
    assert house.rows(mailing_id)[0].reason == "refused"


def bounce(to: str, recipient: str, message_id: str = "") -> bytes:
    return (
        f"From: MAILER-DAEMON@mx.client.example\r\nTo: {to}\r\nSubject: Undelivered\r\nMIME-Version: 1.0\r\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n'
        "--b\r\nContent-Type: text/plain\r\n\r\nNo such user\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\n"
        f"Reporting-MTA: dns; mx.client.example\r\n\r\nFinal-Recipient: rfc822; {recipient}\r\nAction: failed\r\n"
        "Status: 5.1.1\r\nDiagnostic-Code: smtp; 550 5.1.1 User unknown\r\n\r\n--b\r\n"
        f"Content-Type: text/rfc822-headers\r\n\r\nMessage-ID: <{message_id}>\r\nSubject: News\r\n\r\n--b--\r\n"
    ).encode()


def test_what_comes_back_finds_its_row(house: Marketing, tmp_path: Path) -> None:
    two_clients(house)
    mailing_id = house.mailing(people="all")
    house.ready(mailing_id)
    house.start(mailing_id)
    with Sink() as sink, sending(house, sink, tmp_path):
        eventually(lambda: set(states(house, mailing_id).values()) == {"sent"})
    sent = {one.recipient: one for one in sink.taken}
    world = house.world
    path = sent["anna@client.example"].sender
    world.arrive(bounce(path, "anna@client.example"), "news", rcpt=(path,))
    quoted = str(message_from_bytes(sent["petro@client.example"].raw)["Message-ID"]).strip("<>")
    world.arrive(bounce("news@firm.example", "petro@client.example", quoted), "news")
    forged = "p.aaaaaaaaaaaaaaaaaaaaaaaaaaaa@firm.example"
    world.arrive(bounce("news@firm.example", "hanna@delta.example", forged), "news")
    found = states(house, mailing_id)
    assert (found["anna@client.example"], found["petro@client.example"]) == ("bounced", "bounced")
    assert found["hanna@delta.example"] == "sent"
    assert not house.database.read_now(suppression.may_send, house.stamp.keys, "anna@client.example", "personal")
    asked = str(message_from_bytes(sent["hanna@delta.example"].raw)["Message-ID"]).strip("<>")
    other = str(message_from_bytes(sent["petro@client.example"].raw)["Message-ID"]).strip("<>")
    world.arrive(letter("Re: News", "a1@delta.example", sender="hanna@delta.example", references=asked), "news")
    world.arrive(letter("Re: News", "a2@client.example", sender="petro@client.example", references=other), "news")
    waiting = [one for one in world.threads("ivan") if one.waiting_for == "us"]
    assert len(waiting) == 2, "answers to a mailing are never one thread"
    assert [one.name for one in house.rows(mailing_id, view="answered")] == ["Petro", "Ганна Коваль"]
    house.conduct()
    counts = house.see(mailing_id).counts
    assert counts == {"bounced": 2, "sent": 1, "answered": 2}

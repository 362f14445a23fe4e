"""The loop against a scripted relay: what it says decides, an answer is never forgotten, nothing leaves twice without
need."""

from __future__ import annotations

import asyncio
import dataclasses
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from core import clock, jobs
from core.blobs import BlobFiles
from core.database import Database
from core.errors import Unavailable
from core.marks import let_go, record_restored
from mailhub.ingest.smtp import self_signed
from mailhub.mailboxes.reading import get_thread
from mailhub.mailboxes.tables import thread
from mailhub.outbound import handing, ledger, suppression
from mailhub.outbound.claiming import claim
from mailhub.outbound.connection import Connection, RelayError
from mailhub.outbound.lanes import Load
from mailhub.outbound.ledger import Delivery
from mailhub.outbound.relay import Relay, parse_relay
from mailhub.outbound.send import Sending
from mailhub.outbound.stopping import STOP_FILE
from tests.outbound.conftest import Office
from tests.support.engines import look
from tests.support.house import eventually
from tests.support.sink import CUT, CUT_AFTER, Script, Sink


@pytest.fixture(scope="module")
def own_certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return self_signed("localhost", tmp_path_factory.mktemp("certificate"))


def secured(own: tuple[Path, Path], **script: Any) -> Script:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*own)
    return Script(tls=context, password="se/cret@", **script)


def credentials(sink: Sink) -> Relay:
    """As for a relay beyond this machine: loopback alone may be plain."""
    relay = parse_relay(f"smtp://sales:se%2Fcret%40@localhost:{sink.port}")
    assert relay is not None
    return dataclasses.replace(relay, privacy="starttls")


def rows(office: Office) -> list[Delivery]:
    return list(office.world.database.read_now(ledger.list_deliveries, office.world.viewer("ivan")).items)


def states(office: Office) -> dict[str, str]:
    return {row.recipient: row.state for row in rows(office)}


def let_time_pass(database: Database) -> None:
    database.write_now(lambda tx: tx.sql("UPDATE delivery SET next_at = 0"))


@contextmanager
def running(
    office: Office, relay: Relay | None, folder: Path, *, boot: str | None = None, connections: int = 2
) -> Iterator[Sending]:
    """The loop in a thread of its own."""
    database = office.world.database
    ready, made = threading.Event(), []
    named = boot or database.write_now(jobs.start_boot)

    async def live() -> None:
        sending = Sending(
            database, BlobFiles(folder / "blobs"), office.stamp.keys, relay,
            boot=named, folder=folder, hostname="mail.firm.example", connections=connections,
        )  # fmt: skip
        loop, end, wake = asyncio.get_running_loop(), asyncio.Event(), sending.wake
        sending.wake = lambda: loop.call_soon_threadsafe(wake)  # the tests call it from their own thread
        database.listen(lambda _topics: sending.wake() if not end.is_set() else None)
        made.extend([sending, lambda: loop.call_soon_threadsafe(end.set)])
        task = asyncio.create_task(sending.run())
        ready.set()
        await asyncio.wait([task, asyncio.create_task(end.wait())], return_when=asyncio.FIRST_COMPLETED)
        await sending.stop()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    worker = threading.Thread(target=lambda: asyncio.run(live()))
    worker.start()
    ready.wait(10)
    try:
        yield made[0]
    finally:
        made[1]()
        worker.join(20)
        database.write_now(jobs.stop_boot, named)


def to(sink: Sink) -> Relay:
    relay = parse_relay(f"smtp://127.0.0.1:{sink.port}")
    assert relay is not None
    return relay


def is_(office: Office, state: str) -> Callable[[], bool]:
    return lambda: {row.state for row in rows(office)} == {state}


def test_a_letter_leaves_once_under_its_own_return_path(office: Office, tmp_path: Path) -> None:
    office.answer("Hello\n.\n..dots\n")
    with Sink() as sink, running(office, to(sink), tmp_path):
        eventually(is_(office, "sent"))
    (taken,) = sink.taken
    (row,) = rows(office)
    assert taken.recipient == "anna@client.example"
    assert office.stamp.read_return_path(taken.sender) == (row.id, 1)
    assert b"\r\n.\r\n..dots\r\n" in taken.raw
    assert "EHLO mail.firm.example" in sink.said
    assert (row.reply_code, row.reply_status, row.reply_text) == (250, "2.0.0", "taken")


@pytest.mark.parametrize(
    ("where", "reply", "state", "suppressed"),
    [
        ("rcpt", "550 5.1.1 no such user", "failed", True),
        ("dot", "550 5.1.10 null mx", "failed", True),
        ("rcpt", "550 5.2.1 closed", "failed", True),
        ("rcpt", "552 5.2.2 mailbox full", "failed", False),
        ("rcpt", "550 5.7.1 we do not like you", "failed", False),
        ("mail", "550 5.1.1 your sender does not exist", "failed", False),
        ("rcpt", "550 unknown", "failed", False),
        ("dot", "554 spam", "failed", False),
        ("rcpt", "450 4.2.0 greylisted", "deferred", False),
        ("mail", "451 4.3.0 later", "deferred", False),
        ("rcpt", "552 too many recipients", "deferred", False),
        ("dot", "421 4.3.2 going down", "deferred", False),
        ("mail", "530 5.7.0 STARTTLS first", "deferred", False),
        ("rcpt", CUT, "deferred", False),
    ],
)
def test_what_the_relay_says_decides(
    office: Office, tmp_path: Path, where: str, reply: str, state: str, suppressed: bool
) -> None:
    database = office.world.database
    office.answer()
    said: Any = lambda _whom, _tries: reply  # noqa: E731
    with Sink(Script(**{where: said})) as sink, running(office, to(sink), tmp_path):
        eventually(is_(office, state))
    reasons = database.read_now(suppression.find_reasons, office.stamp.keys, "anna@client.example")
    assert reasons == (["bounce"] if suppressed else [])
    assert not sink.taken
    waiting = database.read_now(lambda tx: tx.get(thread, office.thread_id).waiting_for)
    assert waiting == ("us" if state == "failed" else "them")
    (row,) = rows(office)
    if state == "deferred":
        assert 7 * clock.MINUTE < row.next_at - clock.now() < 13 * clock.MINUTE


def test_a_refused_answer_is_in_hand_again_and_the_thread_says_why(office: Office, tmp_path: Path) -> None:
    office.answer()
    with Sink(Script(rcpt=lambda *_: "550 5.1.1 no")) as sink, running(office, to(sink), tmp_path):
        eventually(is_(office, "failed"))
    opened = office.world.database.read_now(get_thread, office.world.viewer("ivan"), office.thread_id)
    assert opened.events[-1].sentence == "The letter to %(address)s was not taken: there is no such address."


def test_greylisting_is_waited_for_and_passes(office: Office, tmp_path: Path) -> None:
    office.answer()
    script = Script(rcpt=lambda _whom, tries: "" if tries else "451 4.7.1 greylisted")
    with Sink(script) as sink, running(office, to(sink), tmp_path) as sending:
        eventually(is_(office, "deferred"))
        let_time_pass(office.world.database)
        sending.wake()
        eventually(is_(office, "sent"))
    assert len(sink.taken) == 1


@pytest.mark.parametrize("kind", ["personal", "mailing"])
@pytest.mark.parametrize("cut", [CUT, CUT_AFTER])
def test_a_cut_after_the_dot_repeats_a_persons_letter_once_and_no_mailing(
    office: Office, tmp_path: Path, kind: str, cut: str
) -> None:
    office.answer()
    office.world.database.write_now(lambda tx: tx.sql("UPDATE delivery SET kind = :kind", kind=kind))
    script = Script(dot=lambda _whom, tries: "" if tries else cut)
    with Sink(script) as sink, running(office, to(sink), tmp_path):
        eventually(is_(office, "sent" if kind == "personal" else "unknown"))
    tries = sum(line.startswith("DATA") for line in sink.said)
    assert tries == (2 if kind == "personal" else 1)
    assert len({taken.raw for taken in sink.taken}) <= 1  # the very same letter, Message-ID and all
    if kind == "mailing":
        viewer, (row,) = office.world.viewer("ivan"), rows(office)
        office.world.database.write_now(ledger.resolve, viewer, row.id, arrived=True)
        assert states(office) == {"anna@client.example": "sent"}


def test_who_slept_through_its_lease_writes_nothing(office: Office) -> None:
    database, keys = office.world.database, office.stamp.keys
    office.answer()
    boot = database.write_now(jobs.start_boot)
    (ours,) = database.write_now(claim, keys, boot, Load(most=5))
    assert database.write_now(claim, keys, boot, Load(most=5)) == []
    database.write_now(jobs.stop_boot, boot)
    assert database.write_now(handing.recover) == 1
    assert not database.write_now(handing.hand, keys, ours)
    assert not database.write_now(handing.record_cut, ours, handed=True, why="")
    assert states(office) == {"anna@client.example": "queued"}
    assert rows(office)[0].attempts == 0


def test_a_suppression_before_the_mark_is_respected(office: Office) -> None:
    database, keys = office.world.database, office.stamp.keys
    office.answer()
    boot = database.write_now(jobs.start_boot)
    (ours,) = database.write_now(claim, keys, boot, Load(most=5))
    database.write_now(suppression.suppress, keys, "anna@client.example", "hand")
    assert not database.write_now(handing.hand, keys, ours)
    assert states(office) == {"anna@client.example": "cancelled"}


def test_nothing_leaves_while_sending_is_stopped(office: Office, tmp_path: Path) -> None:
    (tmp_path / STOP_FILE).touch()
    office.answer()
    with Sink() as sink, running(office, to(sink), tmp_path) as sending:
        eventually(lambda: "STOP-SENDING" in str(sending.trouble))
        sending.wake()
        assert states(office) == {"anna@client.example": "queued"}
        (tmp_path / STOP_FILE).unlink()
        sending.wake()
        eventually(is_(office, "sent"))


def test_a_restored_copy_sends_nothing_until_somebody_says_so(office: Office, tmp_path: Path) -> None:
    database = office.world.database
    database.write_now(record_restored)
    office.answer()
    with Sink() as sink, running(office, to(sink), tmp_path) as sending:
        eventually(lambda: "resume-sending" in str(sending.trouble))
        assert states(office) == {"anna@client.example": "queued"}
        database.write_now(let_go)
        sending.wake()
        eventually(is_(office, "sent"))


def test_without_a_relay_letters_wait_and_it_is_said(office: Office, tmp_path: Path) -> None:
    office.answer()
    with running(office, None, tmp_path) as sending:
        sending.wake()
        assert str(sending.trouble) == "No relay is set, so letters wait. Set send.relay."
    assert states(office) == {"anna@client.example": "queued"}


def test_a_relay_that_is_away_costs_no_try(office: Office, tmp_path: Path) -> None:
    office.answer()
    gone = Relay("127.0.0.1", 1, "", "", "offered")
    with running(office, gone, tmp_path) as sending:
        eventually(lambda: "cannot be used" in str(sending.trouble))
        eventually(is_(office, "queued"))
        assert rows(office)[0].attempts == 0


def test_a_domain_that_slows_us_down_is_left_alone_for_a_while(office: Office, tmp_path: Path) -> None:
    database = office.world.database
    office.answer()
    boot = database.write_now(jobs.start_boot)
    (ours,) = database.write_now(claim, office.stamp.keys, boot, Load(most=5))
    office.answer("second")
    reply = handing.Reply("rcpt", 421, "4.7.28", "slow down")
    database.write_now(handing.record_reply, office.stamp.keys, ours, reply)
    assert all(row.next_at > clock.now() + 6 * clock.MINUTE for row in rows(office))


def test_a_relay_that_asks_us_to_go_is_left_alone(office: Office, tmp_path: Path) -> None:
    for number in range(12):
        office.answer(f"Letter {number}")
    storm = Script(mail=lambda *_: "421 4.3.2 too busy")
    with Sink(storm) as sink, running(office, to(sink), tmp_path, connections=1):
        eventually(lambda: "deferred" in {row.state for row in rows(office)})
        eventually(lambda: "sending" not in {row.state for row in rows(office)})
        tried = [row for row in rows(office) if row.state == "deferred"]
        assert len(tried) == sum(line.startswith("MAIL") for line in sink.said) <= 2
        assert all(row.attempts == 0 for row in rows(office) if row.state == "queued")


def test_many_letters_use_few_connections(office: Office, tmp_path: Path) -> None:
    for number in range(30):
        office.answer(f"Letter {number}")
    with Sink() as sink, running(office, to(sink), tmp_path, connections=3):
        eventually(is_(office, "sent"))
    assert len(sink.taken) == len({taken.raw for taken in sink.taken}) == 30
    assert sink.open_most <= 3
    assert sum(line.startswith("EHLO") for line in sink.said) <= 3


def test_a_password_goes_over_a_verified_connection_only(
    office: Office, tmp_path: Path, own_certificate: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(own_certificate[0]))
    office.answer()
    with Sink(secured(own_certificate)) as sink, running(office, credentials(sink), tmp_path):
        eventually(is_(office, "sent"))
    starts, logins = (
        next(at for at, line in enumerate(sink.said) if line.startswith(word)) for word in ("STARTTLS", "AUTH")
    )
    assert starts < logins


@pytest.mark.parametrize("stripped", [True, False])
def test_no_password_is_said_where_it_could_be_read(
    office: Office, tmp_path: Path, own_certificate: tuple[Path, Path], stripped: bool
) -> None:
    """STARTTLS taken out of the relay's words by somebody on the way; a certificate that nobody trusts."""
    office.answer()
    script = secured(own_certificate, offers_tls=not stripped)
    with Sink(script) as sink, running(office, credentials(sink), tmp_path) as sending:
        eventually(lambda: "cannot be used" in str(sending.trouble))
    assert not any(line.startswith(("AUTH", "MAIL")) for line in sink.said)
    assert states(office) == {"anna@client.example": "queued"}


def test_a_refused_password_is_said_and_costs_no_letter(
    office: Office, tmp_path: Path, own_certificate: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(own_certificate[0]))
    office.answer()
    with Sink(secured(own_certificate)) as sink:
        wrong = dataclasses.replace(credentials(sink), password="other")
        with running(office, wrong, tmp_path) as sending:
            eventually(lambda: "refused the password" in str(sending.trouble))
    assert states(office) == {"anna@client.example": "queued"}


def test_a_password_that_the_relay_repeats_is_not_said_again() -> None:
    async def repeat(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 hi\r\n")
        while line := await reader.readline():
            writer.write(b"250 AUTH PLAIN\r\n" if line.startswith(b"EHLO") else b"What is " + line)
        writer.close()

    async def main() -> str:
        async with await asyncio.start_server(repeat, "127.0.0.1", 0) as server:
            relay = parse_relay(f"smtp://sales:secret@127.0.0.1:{server.sockets[0].getsockname()[1]}")
            assert relay is not None
            with pytest.raises(RelayError) as caught:
                await Connection(relay, "mail.firm.example").open()
            return str(caught.value)

    assert "AHNhbGVz" not in asyncio.run(main())  # the beginning of NUL sales NUL in base64


@pytest.mark.parametrize("way", ["own", "plus"])
def test_a_mailbox_of_a_domain_in_other_letters_is_written_from(office: Office, tmp_path: Path, way: Any) -> None:
    office.world.database.write_now(lambda tx: tx.sql("UPDATE mailbox SET address = 'sales@фірма.example'"))
    dataclasses.replace(office, stamp=dataclasses.replace(office.stamp, way=way)).answer()
    with Sink() as sink, running(office, to(sink), tmp_path):
        eventually(is_(office, "sent"))
    assert sink.taken[0].sender.endswith("@xn--80axlp4g.example")


def test_a_letter_whose_keys_cannot_be_opened_waits_a_minute_and_no_try_counts(office: Office, tmp_path: Path) -> None:
    class Shut:
        asked = 0

        async def sign(self, _raw: bytes) -> bytes:
            self.asked += 1
            raise Unavailable("The keys that sign letters cannot be opened.")

    office.answer()
    shut = Shut()
    with Sink() as sink, running(office, to(sink), tmp_path) as sending:
        sending._signing = shut  # type: ignore[assignment]
        sending.wake()
        eventually(lambda: shut.asked and is_(office, "queued")())
        for _ in range(20):
            sending.wake()
            time.sleep(0.02)
        assert shut.asked == 1
        assert look(office.world.database, "SELECT attempts FROM delivery") == [(0,)]
        (next_at,) = look(office.world.database, "SELECT next_at FROM delivery")[0]
        assert 50 * clock.SECOND < next_at - clock.now() <= clock.MINUTE

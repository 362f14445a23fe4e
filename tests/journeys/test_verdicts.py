"""From the socket to the thread with the question who really wrote it, and nobody waits behind one that is slow."""

from __future__ import annotations

import asyncio
import threading
from functools import partial
from pathlib import Path

import pytest

from core.settings import Settings
from crm.parties import add_contact, add_counterparty
from crm.staff.people import add_user
from crm.staff.readable import Viewer, get_viewer
from crm.staff.rights import add_grant
from mailhub.ingest.smtp import Limits
from mailhub.mailboxes.boxes import add_mailbox
from mailhub.mailboxes.lists import ThreadRow, list_threads
from mailhub.mailboxes.reading import Message, get_thread
from mailhub.routing.verdicts import Examiner, examiner
from mailhub.routing.verdicts.dns import Kind
from mailhub.routing.verdicts.inquiry import inquire
from mailhub.runtime import House
from tests.support.house import eventually, running_house, send, settings_for
from tests.verdicts.signing import KEY_NAME, LETTER, key_record, sign
from tests.verdicts.zones import Dns

PEER = "8.8.4.4"
ZONES = {
    "client.example": [{"TXT": f"v=spf1 ip4:{PEER} -all"}],
    "_dmarc.client.example": [{"TXT": "v=DMARC1; p=reject"}],
    KEY_NAME: [{"TXT": key_record()}],
}
answers = threading.Event()


async def ask(name: str, kind: Kind) -> tuple[bytes, ...]:
    """The zones above; what is below ``slow.example`` is not told before ``answers``."""
    if name.endswith("slow.example"):
        await asyncio.to_thread(answers.wait, 60)
    return await Dns(ZONES).ask(name, kind)


def make(settings: Settings) -> House:
    house = House(settings)
    house.verdicts.examiner = Examiner(house.workers.examine, ask=ask, trusted_peers=Limits().trusted)
    return house


def came_from(peer: str, raw: bytes, message_id: str, subject: str) -> bytes:
    """As our own relay hands it over."""
    received = f"Received: from mx.client.example (unknown [{peer}])\r\n\tby relay.firm.example; now\r\n"
    return received.encode() + raw.replace(b"<1@", f"<{message_id}@".encode()).replace(b"Pumps", subject.encode())


def prepare(house: House) -> Viewer:
    write = house.database.write_now
    olena = write(add_user, "olena@firm.example", "Olena")
    box = write(add_mailbox, "sales@firm.example", "Sales", "public")
    write(add_grant, box.scope_id, "answer", user_id=olena)
    client = write(add_counterparty, "Client Ltd", manager_id=olena)
    write(add_contact, "Anna", emails=["anna@client.example"], counterparty_id=client)
    return house.database.read_now(get_viewer, olena)


def find(house: House, viewer: Viewer, subject: str) -> tuple[ThreadRow, Message]:
    def rows() -> list[ThreadRow]:
        return [row for row in house.database.read_now(list_threads, viewer, "all").items if row.subject == subject]

    eventually(lambda: bool(rows()))
    (row,) = rows()
    (message,) = house.database.read_now(get_thread, viewer, row.id).messages
    return row, message


def test_a_proved_letter_is_its_clients_and_a_denied_one_is_nobodys(database_url: str, tmp_path: Path) -> None:
    with running_house(settings_for(database_url, tmp_path), make) as house:
        viewer = prepare(house)
        signed = sign(LETTER.replace(b"<1@", b"<s@").replace(b"Pumps", b"Signed"))
        send(house, came_from("9.9.9.9", signed, "s", "Signed"), ["sales@firm.example"], sender="x@other.example")
        send(house, came_from(PEER, LETTER, "g", "Good"), ["sales@firm.example"])
        send(house, came_from("9.9.9.9", LETTER, "f", "Forged"), ["sales@firm.example"])
        send(house, LETTER.replace(b"<1@", b"<i@").replace(b"Pumps", b"Inside"), ["sales@firm.example"])

        row, message = find(house, viewer, "Signed")
        assert message.verdicts is not None
        assert (message.verdicts.dkim, message.verdicts.dmarc, row.counterparty_id is None) == ("pass", "pass", False)
        row, message = find(house, viewer, "Good")
        assert message.verdicts is not None
        assert (message.verdicts.spf, message.verdicts.dmarc, row.counterparty_id is None) == ("pass", "pass", False)
        row, message = find(house, viewer, "Forged")
        assert message.verdicts is not None
        assert (message.verdicts.spf, message.verdicts.dmarc, row.counterparty_id) == ("fail", "fail", None)
        _, message = find(house, viewer, "Inside")
        assert message.verdicts is None


def test_a_slow_name_server_keeps_its_own_letters_waiting_only(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(examiner, "inquire", partial(inquire, seconds=120))
    answers.clear()
    with running_house(settings_for(database_url, tmp_path), make) as house:
        viewer = prepare(house)
        slow = LETTER.replace(b"client.example", b"slow.example")
        for number in range(40):
            send(house, came_from(PEER, slow, f"slow{number}", f"Slow {number}"), ["sales@firm.example"])
        for number in range(10):
            send(house, came_from(PEER, LETTER, f"quick{number}", f"Quick {number}"), ["sales@firm.example"])
        for number in range(10):
            find(house, viewer, f"Quick {number}")
        rows = house.database.read_now(list_threads, viewer, "all").items
        assert {row.subject.split()[0] for row in rows} == {"Quick"}, "the quick ones did not stand behind the slow"
        answers.set()
        for number in range(40):
            _, message = find(house, viewer, f"Slow {number}")
            assert message.verdicts is not None
            assert not message.verdicts.denied

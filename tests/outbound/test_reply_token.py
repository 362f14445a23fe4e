"""An answer whose program dropped what it refers to finds its thread by the signed address that it was written to;
forged, foreign and old ones join nothing."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core import clock
from core.blobs import find_content
from core.secrets import Keys
from mailhub.letters.values import Address
from mailhub.mailboxes.recipients import list_recipients
from mailhub.mailboxes.tables import message
from mailhub.outbound.identity import Stamp
from tests.outbound.conftest import Office
from tests.support.world import letter

SUBJECT = "Something else entirely"


@pytest.fixture
def stamp() -> Stamp:
    return Stamp(Keys([b"k" * 32]), 1, tells_reply=True)


def answered(office: Office) -> str:
    """Ivan answers; where answers to that go."""
    message_id = office.answer()
    row = office.world.database.read_now(lambda tx: tx.get(message, message_id))
    content, _ = office.world.database.read_now(find_content, row.blob_id)
    assert content is not None
    head = bytes(content).partition(b"\r\n\r\n")[0].replace(b"\r\n ", b" ").decode()
    (line,) = [one for one in head.split("\r\n") if one.startswith("Reply-To:")]
    address = line.partition("<")[2].rstrip(">")
    assert office.stamp.read_reply_address(address) == (message_id, 1)
    return address


def where(office: Office, to: str, *, sender: str = "Anna <anna@client.example>", box: str = "sales") -> int:
    """The thread of a letter to that address which refers to nothing."""
    office.world.stamp = office.stamp
    name = f"{clock.now()}@client.example"
    raw = letter(SUBJECT, name, sender=sender).replace(b"sales@firm.example", to.encode())
    office.world.arrive(raw, box, rcpt=(to,))
    there = "SELECT m.thread_id FROM message m JOIN letter l ON l.id = m.letter_id WHERE l.message_id = :name"
    return int(office.world.database.read_now(lambda tx: tx.sql(there, name=name).scalar_one()))


def test_an_answer_finds_its_thread(office: Office) -> None:
    to = answered(office)
    assert where(office, to) == office.thread_id
    assert where(office, to.upper().replace("FIRM.EXAMPLE", "firm.example")) == office.thread_id
    people = office.world.database.read_now(list_recipients, office.thread_id)
    everybody = [*people.to, *people.cc, *(one.person for one in people.offered)]
    assert not any("+r-" in one.address for one in everybody), "nobody writes to our own address"


def test_somebody_else_at_the_client_answers_for_them(office: Office) -> None:
    assert where(office, answered(office), sender="Boss <boss@elsewhere.example>") == office.thread_id


def test_forged_foreign_and_old_ones_join_nothing(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    to, stranger = answered(office), "Eve <eve@evil.example>"
    local, _, domain = to.rpartition("@")
    other = replace(office.stamp, keys=Keys([b"x" * 32]))
    forged = [
        f"{local[:-1]}{'b' if local[-1] == 'a' else 'a'}@{domain}",
        f"{local[:-4]}@{domain}",
        f"sales+r-@{domain}",
        other.reply_address(office.stamp.read_reply_address(to).id, "sales@firm.example"),  # type: ignore[union-attr]
        replace(office.stamp, epoch=2).reply_address(
            office.stamp.read_reply_address(to).id,
            "sales@firm.example",  # type: ignore[union-attr]
        ),
        office.stamp.reply_address(1_000_000, "sales@firm.example"),
        to.replace("+r-", "+b-"),
    ]
    for address in forged:
        assert address is not None
        assert where(office, address, sender=stranger) != office.thread_id, address
    office.world.box("other")
    assert where(office, to, sender=stranger, box="other") != office.thread_id, "another mailbox"
    monkeypatch.setattr("mailhub.outbound.returns.REPLY_LASTS", -clock.DAY)
    assert where(office, to, sender=stranger) != office.thread_id, "too old"


def test_only_where_it_is_switched_on_and_fits() -> None:
    stamp = Stamp(Keys([b"k" * 32]), 1)
    assert stamp.reply_address(7, "sales@firm.example") is None
    on = replace(stamp, tells_reply=True)
    found = on.reply_address(7, "sales@firm.example")
    assert found is not None
    assert found.startswith("sales+r-")
    assert on.reply_address(7, f"{'s' * 60}@firm.example") is None
    assert on.read_return_path(found) is None, "one kind of token is no other"
    assert Address("", found).address.isascii()

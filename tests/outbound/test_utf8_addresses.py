"""Addresses with letters other than a to z before the @ (RFC 6531, 6532): written as they are to a server that takes
them, refused in words where it does not."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.errors import Invalid
from mailhub.letters.letter import parse_letter
from mailhub.letters.values import Address
from mailhub.outbound.headers import address_field, wire_address
from tests.outbound.conftest import Office
from tests.outbound.direct_house import Zone, rows, sending, states
from tests.support.engines import only
from tests.support.house import eventually
from tests.support.sink import Script, Sink

ANNA = "анна@приклад.example"
ON_WIRE = "анна@xn--80aikifvh.example"


@only("sqlite")
def test_a_server_that_takes_them_gets_them(office: Office, tmp_path: Path) -> None:
    office.answer(to=(Address("Анна", ANNA), Address("", "ben@client.example")))
    with Sink(Script(takes_utf8=True)) as sink, sending(office, Zone(), tmp_path, relay=sink):
        eventually(lambda: set(states(office).values()) == {"sent"})
    assert sorted(one.recipient for one in sink.taken) == ["ben@client.example", ON_WIRE]
    assert sum(line.endswith("BODY=8BITMIME SMTPUTF8") for line in sink.said) == 2, "the header is the same for both"
    head = sink.taken[0].raw.partition(b"\r\n\r\n")[0]
    assert f"<{ON_WIRE}>".encode() in head
    assert [one.address for one in parse_letter(sink.taken[0].raw).to] == [ON_WIRE, "ben@client.example"]


@only("sqlite")
def test_one_that_does_not_is_not_asked_and_the_person_is_told(office: Office, tmp_path: Path) -> None:
    office.answer(to=(Address("", ANNA),))
    office.answer(to=(Address("", "ben@client.example"),), force=True)
    with Sink() as sink, sending(office, Zone(), tmp_path, relay=sink):
        eventually(lambda: states(office) == {ON_WIRE: "failed", "ben@client.example": "sent"})
    row = rows(office)[ON_WIRE]
    assert (row.reply_code, row.reply_status) == (553, "5.6.7")
    assert "does not take addresses with letters other than a to z" in row.reply_text
    assert [one.recipient for one in sink.taken] == ["ben@client.example"]


@pytest.mark.parametrize(
    "bad", ["а\u202ebc@client.example", "а\u2028b@client.example", "a\u200bb@client.example", "@x.y"]
)
def test_signs_that_nobody_sees_are_no_address(bad: str) -> None:
    with pytest.raises(Invalid):
        wire_address(bad)


def test_they_are_written_in_one_form() -> None:
    assert wire_address("e\u0301va@client.example") == "\u00e9va@client.example"
    assert address_field("To", [Address("", "éva@client.example")]) == "To: éva@client.example\r\n".encode()

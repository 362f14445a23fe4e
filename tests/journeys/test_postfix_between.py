"""Debian's Postfix as our relay: our bytes pass it unchanged, and the report that it writes finds its row."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from crm.staff.people import add_user
from crm.staff.readable import get_viewer
from crm.staff.rights import add_grant
from mailhub.letters.letter import parse_letter
from mailhub.letters.values import Address
from mailhub.mailboxes.boxes import add_mailbox
from mailhub.mailboxes.lists import list_threads
from mailhub.outbound.ledger import list_deliveries
from mailhub.outbound.parts import File
from mailhub.outbound.writing import Answer, answer_thread
from tests.support.engines import only
from tests.support.house import eventually, running_house, send, settings_for
from tests.support.postfix import Postfix
from tests.support.sink import Script, Sink
from tests.support.world import letter

GONE = "gone@client.example"
TEXT = "Три тижні.\n.\n..крапки\nFrom here on\n" + "довгий рядок " * 200 + "\n"


@pytest.mark.parametrize("way", ["verp", "own"])
@only("sqlite")
def test_a_report_of_postfix_finds_its_row(database_url: str, tmp_path: Path, way: str) -> None:
    settings = settings_for(database_url, tmp_path)
    script = Script(rcpt=lambda whom, _tries: "550 5.1.1 there is no such person" if whom == GONE else "")
    with Sink(script) as sink:
        postfix = Postfix(sink.port)
        try:
            out = dataclasses.replace(
                settings.send,
                relay=f"smtp://127.0.0.1:{postfix.port}",
                return_path=way,
                bounce_domain="bounce.firm.example",
            )
            with running_house(dataclasses.replace(settings, send=out), roles=("ingest", "send")) as house:
                write, read = house.database.write_now, house.database.read_now
                olena = write(add_user, "olena@firm.example", "Олена Бойко")
                box = write(add_mailbox, "sales@firm.example", "Sales", "public")
                write(add_grant, box.scope_id, "answer", user_id=olena)
                viewer = read(get_viewer, olena)
                send(house, letter("Насоси", "1@client.example"), ["sales@firm.example"])
                eventually(lambda: bool(read(list_threads, viewer, "all").items))
                (row,) = read(list_threads, viewer, "all").items

                people = (Address("Ганна", "anna@client.example"), Address("", GONE))
                files = (File("Рахунок № 118.pdf", "application/pdf", bytes(range(256)) * 40),)
                write(answer_thread, house.stamp, viewer, row.id, Answer(TEXT, people, files=files))

                def states() -> dict[str, str]:
                    return {one.recipient: one.state for one in read(list_deliveries, viewer).items}

                eventually(lambda: set(states().values()) == {"sent"})
                eventually(lambda: len(sink.taken) == 2)
                to_anna = next(one for one in sink.taken if one.recipient == "anna@client.example")
                read_there = parse_letter(to_anna.raw)
                assert read_there.text == TEXT
                assert [one.filename for one in read_there.attachments] == ["Рахунок № 118.pdf"]
                assert not read_there.defects

                report = next(one for one in sink.taken if one.recipient != "anna@client.example")
                assert report.sender == ""
                send(house, report.raw, [report.recipient], sender="")
                eventually(lambda: states() == {"anna@client.example": "sent", GONE: "bounced"})
        finally:
            postfix.stop()

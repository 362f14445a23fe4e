"""A client's letter, our answer through a relay, and its bounce back over SMTP to an address that only its signature
makes one."""

from __future__ import annotations

import dataclasses
import smtplib
from pathlib import Path

import pytest

from crm.staff.people import add_user
from crm.staff.readable import get_viewer
from crm.staff.rights import add_grant
from mailhub.mailboxes.boxes import add_mailbox
from mailhub.mailboxes.lists import list_threads
from mailhub.mailboxes.reading import get_thread
from mailhub.outbound.ledger import list_deliveries
from mailhub.outbound.writing import Answer, answer_thread, suggest_answer
from tests.outbound.bounces import CASES, standard
from tests.support.house import eventually, running_house, send, settings_for
from tests.support.sink import Sink
from tests.support.world import letter


def test_an_answer_leaves_and_its_bounce_comes_home(database_url: str, tmp_path: Path) -> None:
    settings = settings_for(database_url, tmp_path)
    with Sink() as sink:
        out = dataclasses.replace(
            settings.send,
            relay=f"smtp://127.0.0.1:{sink.port}",
            return_path="verp",
            bounce_domain="bounce.firm.example",
        )
        with running_house(dataclasses.replace(settings, send=out), roles=("ingest", "send")) as house:
            write, read = house.database.write_now, house.database.read_now
            olena = write(add_user, "olena@firm.example", "Олена Бойко")
            box = write(add_mailbox, "sales@firm.example", "Sales", "public")
            write(add_grant, box.scope_id, "answer", user_id=olena)
            viewer = read(get_viewer, olena)

            send(house, letter("Pumps", "1@client.example"), ["sales@firm.example"])
            eventually(lambda: bool(read(list_threads, viewer, "waiting").items))
            (row,) = read(list_threads, viewer, "waiting").items
            asked = read(suggest_answer, viewer, row.id)
            write(answer_thread, house.stamp, viewer, row.id, Answer("Три тижні.", asked.to))
            eventually(lambda: [one.state for one in read(list_deliveries, viewer).items] == ["sent"])
            assert not read(list_threads, viewer, "waiting").items

            (taken,) = sink.taken
            with pytest.raises(smtplib.SMTPRecipientsRefused):
                send(house, b"Subject: x\r\n\r\n", ["b+forged@bounce.firm.example"], sender="")
            report = standard(taken.raw, taken.recipient, CASES[0], taken.sender, 1)
            send(house, report, [taken.sender], sender="")
            eventually(lambda: [one.state for one in read(list_deliveries, viewer).items] == ["bounced"])
            (again,) = read(list_threads, viewer, "waiting").items
            assert again.id == row.id
            kinds = [(one.direction, one.kind) for one in read(get_thread, viewer, row.id).messages]
            assert sorted(kinds) == [("in", "bounce"), ("in", "letter"), ("out", "letter")]

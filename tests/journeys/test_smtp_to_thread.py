"""A letter sent with smtplib lies in its client's thread, bytes and all."""

from __future__ import annotations

import smtplib
from pathlib import Path

import pytest

from core.blobs import read_blob
from crm.parties import add_contact, add_counterparty
from crm.staff.people import add_user
from crm.staff.readable import get_viewer
from crm.staff.rights import add_grant
from mailhub.mailboxes.boxes import add_mailbox
from mailhub.mailboxes.lists import list_threads
from mailhub.mailboxes.reading import get_thread
from tests.support.house import eventually, running_house, send, settings_for

RAW = (
    "From: =?utf-8?B?0IbRgNC40L3QsA==?= <iryna@client.example>\r\nTo: sales@firm.example\r\n"
    "Subject: =?utf-8?B?0KDQsNGF0YPQvdC+0Lo=?=\r\nMessage-ID: <a1@client.example>\r\n"
    "Content-Type: text/plain; charset=utf-8\r\n\r\nДобрий день! Надішліть рахунок за грудень.\r\n"
).encode()


def test_a_letter_over_smtp_lies_in_its_thread(database_url: str, tmp_path: Path) -> None:
    with running_house(settings_for(database_url, tmp_path)) as house:
        write = house.database.write_now
        olena = write(add_user, "olena@firm.example", "Olena")
        box = write(add_mailbox, "sales@firm.example", "Sales", "public", aliases=["info@firm.example"])
        write(add_grant, box.scope_id, "answer", user_id=olena)
        client = write(add_counterparty, "Степ Трейд", manager_id=olena)
        write(add_contact, "Ірина", emails=["iryna@client.example"], counterparty_id=client)
        viewer = house.database.read_now(get_viewer, olena)

        send(house, RAW, ["sales@firm.example", "Info+news@firm.example"])
        eventually(lambda: bool(house.database.read_now(list_threads, viewer, "waiting").items))
        (row,) = house.database.read_now(list_threads, viewer, "waiting").items
        assert (row.subject, row.who, row.counterparty_id, row.executor_id) == ("Рахунок", "Ірина", client, olena)
        assert row.snippet == "Надішліть рахунок за грудень."
        (message,) = house.database.read_now(get_thread, viewer, row.id).messages
        assert read_blob(house.database, house.files, message.blob_id) == RAW
        assert message.trace["rcpt_to"] == ["Info+news@firm.example", "sales@firm.example"]

        send(house, RAW, ["Info+news@firm.example", "sales@firm.example"])
        with pytest.raises(smtplib.SMTPRecipientsRefused) as refusal:
            send(house, RAW, ["nobody@firm.example"])
        assert refusal.value.recipients["nobody@firm.example"][0] == 550
        send(house, RAW.replace(b"<a1@", b"<a2@"), ["sales@firm.example"])
        eventually(lambda: len(house.database.read_now(list_threads, viewer, "all").items) == 2)
        assert sum(row.message_count for row in house.database.read_now(list_threads, viewer, "all").items) == 2

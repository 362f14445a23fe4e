"""What leaves the house of the demo ends on this machine, and some of it comes back."""

from __future__ import annotations

import asyncio
import smtplib
from urllib.parse import urlsplit

import pytest

from mailhub.demo import outbox as demo
from mailhub.demo.outbox import AWAY, CLOSED, FULL, Outbox
from mailhub.demo.talk import Letter
from mailhub.letters.letter import parse_letter

RAW = b"From: sales@delta.example\r\nMessage-ID: <m.x@delta.example>\r\nSubject: Re: Pumps\r\n\r\nMonday.\r\n"
RETURN_PATH = "sales+b-token@delta.example"


def hand_over(outbox: Outbox, recipient: str, sender: str = RETURN_PATH) -> None:
    port = urlsplit(outbox.relay).port
    assert port
    with smtplib.SMTP("127.0.0.1", port, timeout=10) as client:
        client.sendmail(sender, [recipient], RAW)


async def play(recipient: str, sender: str = RETURN_PATH) -> tuple[Outbox, list[Letter]]:
    outbox, back = Outbox(), []

    async def deliver(letters: list[Letter]) -> None:
        back.extend(letters)

    await outbox.open()
    outbox.deliver = deliver
    try:
        await asyncio.to_thread(hand_over, outbox, recipient, sender)
        await asyncio.sleep(0.2)
    finally:
        await outbox.close()
    return outbox, back


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo, "SECONDS", 0.01)


@pytest.mark.parametrize(("domain", "kind"), [(FULL, "bounce"), (AWAY, "auto_reply")])
def test_some_clients_answer_by_machine(domain: str, kind: str) -> None:
    outbox, (answer,) = asyncio.run(play(f"anna@{domain}"))
    assert [one.recipients for one in outbox.letters] == [(f"anna@{domain}",)]
    assert outbox.letters[0].raw == RAW
    assert (answer.sender, answer.recipients) == ("", (RETURN_PATH,))
    parsed = parse_letter(answer.raw)
    assert parsed.kind == kind
    assert "m.x@delta.example" in (parsed.returned_id, *parsed.in_reply_to)
    assert not parsed.defects


def test_who_is_gone_is_refused_at_once() -> None:
    with pytest.raises(smtplib.SMTPRecipientsRefused):
        asyncio.run(play(f"anna@{CLOSED}"))


def test_everybody_else_gets_nothing_and_sends_nothing_back() -> None:
    outbox, back = asyncio.run(play("anna@northmoor-farms.example"))
    assert (len(outbox.letters), back) == (1, [])
    assert asyncio.run(play(f"anna@{FULL}", sender=""))[1] == []

"""Where the outgoing letters of the demo end: a mail server of its own on loopback that keeps them and sends them on to
nobody. At a few clients letters fail or are answered by a machine, so that one sees what the house does then."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from email.utils import format_datetime, make_msgid

from core import clock
from core.log import get_log
from mailhub.demo.mime import header
from mailhub.demo.talk import Letter
from mailhub.ingest.smtp import Listener, Recipient, Transaction
from mailhub.letters.letter import parse_letter
from mailhub.runtime import Gone

FULL = "baltic-pump.example"
AWAY = "yantra-textil.example"
CLOSED = "kinburn-ryba.example"
"""Clients whose mailboxes are full, who are on holiday, and who have no such address any more."""
KEPT = 300
SECONDS = 4.0
log = get_log(__name__)

Deliver = Callable[[list[Letter]], Awaitable[None]]


class Outbox:
    """A post office for every address there is. ``deliver`` hands over what comes back, once somebody has set it."""

    def __init__(self) -> None:
        self.letters: list[Gone] = []
        self.deliver: Deliver | None = None
        self._listener = Listener(self, "relay.demo.example")
        self._answers: set[asyncio.Task[None]] = set()

    @property
    def relay(self) -> str:
        """Its address for ``send.relay``, once it is open."""
        return f"smtp://127.0.0.1:{self._listener.port}"

    async def open(self) -> None:
        """Take letters from now on."""
        await self._listener.start()

    async def close(self) -> None:
        """Take no more, and send nothing back any more."""
        for task in self._answers:
            task.cancel()
        await asyncio.gather(*self._answers, return_exceptions=True)
        await self._listener.stop()

    async def find_recipient(self, address: str, sender: str) -> Recipient | None:  # noqa: ARG002 - a post office is asked so
        """Everybody but those whose address is gone."""
        return None if address.endswith(f"@{CLOSED}") else Recipient(address, 0)

    async def accept(self, transaction: Transaction) -> str:
        """Keep the letter; what comes back for it comes in some seconds."""
        to = tuple(one.address for one in transaction.recipients)
        self.letters.append(Gone(transaction.received_at, transaction.sender, to, transaction.raw))
        del self.letters[:-KEPT]
        task = asyncio.create_task(self._answer(transaction))
        self._answers.add(task)
        task.add_done_callback(self._ended)
        return f"demo-{len(self.letters)}"

    def has_room(self, size: int) -> bool:  # noqa: ARG002 - a post office is asked so
        """Always: the oldest letters give way."""
        return True

    async def _answer(self, transaction: Transaction) -> None:
        if self.deliver is None or not transaction.sender:
            return  # to the null sender nothing is ever answered
        await asyncio.sleep(SECONDS)
        for one in transaction.recipients:
            domain = one.address.rpartition("@")[2]
            if domain in (FULL, AWAY):
                make = make_bounce if domain == FULL else make_absence
                await self.deliver([make(transaction, one.address)])

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._answers.discard(task)
        if not task.cancelled() and task.exception() is not None:
            log.warning("an answer of the demo was not delivered", exc_info=task.exception())


def make_bounce(transaction: Transaction, address: str) -> Letter:
    """The report that the mailbox is full. RFC 3464."""
    domain = address.rpartition("@")[2]
    now, message_id = clock.now(), make_msgid(domain=f"mx.{domain}")
    returned = transaction.raw.partition(b"\r\n\r\n")[0].decode("ascii", "replace")
    raw = (
        f"From: Mail Delivery System <MAILER-DAEMON@mx.{domain}>\r\nTo: {transaction.sender}\r\n"
        f"Subject: Undelivered Mail Returned to Sender\r\nMessage-ID: {message_id}\r\nDate: {_date(now)}\r\n"
        "Auto-Submitted: auto-replied\r\nMIME-Version: 1.0\r\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="report"\r\n\r\n'
        "--report\r\nContent-Type: text/plain\r\n\r\n"
        f"<{address}>: the mailbox is full (552 5.2.2)\r\n\r\n"
        f"--report\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.{domain}\r\n\r\n"
        f"Final-Recipient: rfc822; {address}\r\nAction: failed\r\nStatus: 5.2.2\r\n"
        "Diagnostic-Code: smtp; 552 5.2.2 Mailbox full\r\n\r\n"
        f"--report\r\nContent-Type: text/rfc822-headers\r\n\r\n{returned}\r\n\r\n--report--\r\n"
    )
    return Letter(now, "", (transaction.sender,), message_id.strip("<>"), raw.encode())


def make_absence(transaction: Transaction, address: str) -> Letter:
    """The answer of somebody on holiday, by their machine. RFC 3834."""
    now, message_id = clock.now(), make_msgid(domain=address.rpartition("@")[2])
    asked = parse_letter(transaction.raw)
    raw = (
        f"From: {address}\r\nTo: {transaction.sender}\r\n"
        f"{header('Subject', f'Автоматичен отговор: {asked.subject}')}\r\nMessage-ID: {message_id}\r\n"
        f"Date: {_date(now)}\r\nIn-Reply-To: <{asked.message_id}>\r\n"
        "Auto-Submitted: auto-replied\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"
        "Content-Transfer-Encoding: 8bit\r\n\r\n"
        "Здравейте! В отпуск съм до понеделник и ще отговоря след това.\r\n"
    )
    return Letter(now, "", (transaction.sender,), message_id.strip("<>"), raw.encode())


def _date(now: int) -> str:
    return format_datetime(clock.to_datetime(now).replace(microsecond=0))

"""One letter: read to its end within time, size and memory, and handed to the office."""

from __future__ import annotations

import logging
from typing import ClassVar

from aiosmtpd.smtp import Envelope
from aiosmtpd.smtp import Session as Acquaintance

from core import clock
from core.errors import TooMuch, Unavailable
from mailhub.ingest.smtp.contract import Recipient, Transaction
from mailhub.ingest.smtp.data import DataDecoder, SmuggledError
from mailhub.ingest.smtp.refusal import NO_ROOM, NOT_NOW, TOO_BIG, FarewellError, RefusedError
from mailhub.ingest.smtp.trace import count_received
from mailhub.ingest.smtp.wire import Wire

log = logging.getLogger(__name__)

_CLOSE_SECONDS = 5.0


class Letterhead(Envelope):
    """aiosmtpd's envelope with recipients that are known mailboxes."""

    def __init__(self) -> None:
        super().__init__()
        self.recipients: list[Recipient] = []


class Reception(Wire):
    """What stands between 354 and the answer to the letter, and the eye on the time."""

    envelope: Letterhead
    session: Acquaintance
    junk: int
    """Commands that lead to nothing, since the last letter."""
    kind: ClassVar = "SMTP"
    extended_kind: ClassVar = "ESMTP"
    charged: int
    """Bytes taken from the budget for the letter under way."""

    def _create_envelope(self) -> Letterhead:
        return Letterhead()

    def reset(self) -> None:
        """Forgets the letter under way (RFC 5321 4.1.1.5)."""
        self.envelope = self._create_envelope()

    async def receive_letter(self) -> None:
        """From the 354 on. Raises the errors of ``refusal``; whatever happens, the envelope is empty afterwards."""
        decoder = DataDecoder()
        self.charged = 0
        try:
            if await self._receive(decoder):
                await self._hand_over(decoder)
        except OSError:
            log.exception("no room for a letter's file")
            raise RefusedError(NO_ROOM) from None
        finally:
            decoder.discard()
            self.listener.budget.give(self.charged)
            self.reset()

    async def _receive(self, decoder: DataDecoder) -> bool:
        """Reads to the end of the letter, kept or not; ``False`` when the connection ends before it does."""
        limits = self.listener.limits
        self.phase, self.received = "data", 0
        self.since = self.data_since = self.loop.time()
        refusal: RefusedError | None = None
        rest: bytes | None = None
        while rest is None:
            if block := self.take():
                self.since = self.loop.time()
                self.received += len(block)
                size = decoder.size
                try:
                    rest = decoder.feed(block)
                except SmuggledError:
                    self.listener.counters["smuggled"] += 1
                    raise FarewellError("550 5.6.11 A dot stands alone next to a bare CR or LF") from None
                if refusal is None and (refusal := self._charge(decoder, decoder.size - size)):
                    decoder.discard()
                if decoder.size > 2 * limits.max_size:
                    raise FarewellError(TOO_BIG)
            elif not await self.wait():
                return False
        self.put_back(rest)
        if refusal is not None:
            raise refusal
        return self.phase == "data"

    def _charge(self, decoder: DataDecoder, grown: int) -> RefusedError | None:
        """Pays for so many more bytes of a letter, or says why not."""
        if decoder.size > self.listener.limits.max_size:
            self.listener.counters["too_big"] += 1
            return RefusedError(TOO_BIG)
        if not decoder.keeps or not self.listener.budget.take(grown):
            self.listener.counters["no_room"] += 1
            return RefusedError(NO_ROOM)
        self.charged += grown
        return None

    async def _hand_over(self, decoder: DataDecoder) -> None:
        """Gives the letter to the office and says how that went."""
        self.phase = "busy"
        raw = decoder.raw()
        if count_received(raw) > self.listener.limits.received_headers:
            self.listener.counters["loops"] += 1
            raise RefusedError("554 5.4.6 The letter goes round in a loop")
        await self.file(
            Transaction(
                sender=self.envelope.mail_from or "",
                recipients=tuple(dict.fromkeys(self.envelope.recipients)),
                raw=raw,
                defects=decoder.defects(),
                peer=self.peer,
                helo=self.session.host_name or "",
                tls=self.tls,
                protocol=self._protocol(),
                received_at=clock.now(),
            )
        )

    async def file(self, transaction: Transaction) -> None:
        """Says 250 when the office has made the letter durable. Raises ``RefusedError``."""
        try:
            id_ = await self.listener.office.accept(transaction)
        except Unavailable:
            self.listener.counters["deferred"] += 1
            raise RefusedError(NOT_NOW) from None
        except TooMuch as error:
            self.listener.counters["deferred"] += 1
            later = "retry_after" in error.fields
            raise RefusedError(NO_ROOM if later else "552 5.2.2 The mailbox is full") from None
        except Exception:
            log.exception("a letter could not be accepted")
            self.listener.counters["deferred"] += 1
            raise RefusedError(NOT_NOW) from None
        self.junk = 0
        self.listener.counters["letters"] += 1
        self.listener.counters["bytes"] += len(transaction.raw)
        log.info("accepted %s: %d bytes by %s", id_, len(transaction.raw), transaction.protocol)
        self.say(b"250 2.0.0 The letter is safe, queued as %b" % id_.encode())

    def _protocol(self) -> str:
        """The word for ``with`` (RFC 3848, RFC 6531 4.3)."""
        if not self.session.extended_smtp:
            return self.kind
        name = f"UTF8{self.kind}" if self.envelope.smtp_utf8 else self.extended_kind
        return name if self.tls is None else f"{name}S"

    def watch(self, now: float) -> None:
        """Ends a conversation that takes too long, in whatever it does except waiting for us."""
        limits = self.listener.limits
        idle = now - self.since
        if self.phase == "closing":
            if idle > _CLOSE_SECONDS and self.transport is not None:
                self.transport.abort()
            return
        if self.phase == "busy":
            return
        late = idle > (limits.command_seconds if self.phase == "command" else limits.block_seconds)
        if self.phase == "data":
            spent = now - self.data_since
            late = late or (spent > limits.data_grace and self.received < limits.data_rate * spent)
        if late or now - self.begun > limits.session_seconds:
            self.listener.counters["timeouts"] += 1
            self.hang_up(b"421 4.4.2 %b waited long enough" % self.listener.name)

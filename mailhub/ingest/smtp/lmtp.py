"""LMTP (RFC 2033): SMTP for a mail server in front of ours, with an answer for each recipient."""

# ruff: noqa: N802, ARG002 — names and arguments are aiosmtpd's

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

from mailhub.ingest.smtp.contract import Transaction
from mailhub.ingest.smtp.refusal import FarewellError, RefusedError
from mailhub.ingest.smtp.session import Session


class LmtpSession(Session):
    """Gives the office the letter once for each recipient, so that one may be refused and the others not."""

    kind: ClassVar = "LMTP"
    extended_kind: ClassVar = "LMTP"

    async def smtp_LHLO(self, hostname: str) -> None:
        """RFC 2033 4.1: the EHLO of LMTP."""
        await super().smtp_EHLO(hostname)

    async def smtp_HELO(self, hostname: str) -> None:
        """RFC 2033 4.1: not spoken."""
        raise RefusedError("500 5.5.1 This is LMTP, say LHLO")

    async def smtp_EHLO(self, hostname: str) -> None:
        """RFC 2033 4.1: not spoken."""
        raise RefusedError("500 5.5.1 This is LMTP, say LHLO")

    async def smtp_DATA(self, arg: str) -> None:
        """RFC 2033 4.2: without a recipient it is out of order, whatever RFC 5321 says."""
        if not self.envelope.recipients:
            raise RefusedError("503 5.5.1 There is no recipient")
        await super().smtp_DATA(arg)

    async def receive_letter(self) -> None:
        """RFC 2033 4.2: what is wrong with the letter is wrong for each recipient."""
        recipients = len(self.envelope.recipients)
        try:
            await super().receive_letter()
        except FarewellError:
            raise
        except RefusedError as refusal:
            for _ in range(recipients):
                self.say(refusal.reply)

    async def file(self, transaction: Transaction) -> None:
        """RFC 2033 4.2: an answer for each RCPT in their order, though two may have named one mailbox."""
        for recipient in self.envelope.recipients:
            try:
                await super().file(replace(transaction, recipients=(recipient,)))
            except RefusedError as refusal:
                self.say(refusal.reply)

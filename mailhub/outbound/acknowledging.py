"""The letter that says "yours has come", by itself: once for a new conversation, to its writer alone, in the language
they wrote in, and never where a machine must not answer (RFC 3834). A mailbox without a text of its own sends none."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Column, Text, bindparam, delete, select

from core.changes import record_change
from core.columns import Id, table, text
from core.database import ReadTx, WriteTx
from core.errors import Invalid, NotFound
from core.language import LANGUAGES
from crm.staff.readable import Viewer, demand
from mailhub.letters.automatic import may_auto_answer
from mailhub.letters.values import ParsedLetter
from mailhub.letters.verdicts import Verdicts
from mailhub.mailboxes.automatic import take_auto_answer
from mailhub.mailboxes.boxes import Mailbox, get_mailbox
from mailhub.mailboxes.directory import read_directory
from mailhub.outbound.identity import Stamp
from mailhub.outbound.suppression import may_send
from mailhub.outbound.writing import answer_automatically

LONGEST = 5000

acknowledgement = table(
    "acknowledgement",
    Column("mailbox_id", Id, primary_key=True, nullable=False),
    Column("language", Text, primary_key=True, nullable=False),
    text("body"),
)
_TEXTS = select(acknowledgement.c.language, acknowledgement.c.body).where(
    acknowledgement.c.mailbox_id == bindparam("mailbox_id")
)


def get_acknowledgements(tx: ReadTx, mailbox_id: int) -> dict[str, str]:
    """The texts of a mailbox by language, in the order of ``LANGUAGES``; empty when it acknowledges nothing."""
    found = {row.language: row.body for row in tx.rows(_TEXTS, {"mailbox_id": mailbox_id})}
    return {language: found[language] for language in LANGUAGES if language in found}


def set_acknowledgements(tx: WriteTx, mailbox_id: int, texts: Mapping[str, str]) -> None:
    """Say what a mailbox acknowledges with; an empty text goes, no text at all ends it. Raises NotFound, Invalid."""
    box = get_mailbox(tx, mailbox_id)
    for language, body in texts.items():
        if language not in LANGUAGES:
            raise Invalid("There is no language %(language)s here.", language=language, field="texts")
        if len(body) > LONGEST:
            raise Invalid("An acknowledgement has %(most)s characters at most.", most=LONGEST, field="texts")
    tx.execute(delete(acknowledgement).where(acknowledgement.c.mailbox_id == mailbox_id))
    rows = [
        {"mailbox_id": mailbox_id, "language": language, "body": body.strip()}
        for language, body in texts.items()
        if body.strip()
    ]
    tx.insert_many(acknowledgement, rows)
    record_change(tx, "mailbox.changed", mailbox_id, scope_id=box.scope_id)


def rule_acknowledgements(tx: WriteTx, viewer: Viewer, mailbox_id: int, texts: Mapping[str, str]) -> None:
    """``set_acknowledgements`` by somebody who manages the mailbox. Raises Forbidden, NotFound, Invalid."""
    scope_id = get_mailbox(tx, mailbox_id).scope_id
    if scope_id not in viewer.full:
        raise NotFound("There is no mailbox with the number %(id)s.", id=mailbox_id)
    demand(viewer, "manage", scope_id)
    set_acknowledgements(tx, mailbox_id, texts)


def acknowledge(
    tx: WriteTx,
    stamp: Stamp,
    box: Mailbox,
    message_id: int,
    parsed: ParsedLetter,
    verdicts: Verdicts | None,
    mail_from: str | None,
) -> int | None:
    """Acknowledge the first letter of a conversation, if it may be. Returns our letter, None where none is sent."""
    texts = get_acknowledgements(tx, box.id)
    address = parsed.from_trusted
    if not texts or address is None:
        return None
    directory = read_directory(tx)
    if not may_auto_answer(
        parsed, verdicts, mail_from=mail_from, is_ours=lambda one: directory.find(one) is not None
    ) or not may_send(tx, stamp.keys, address, "automatic"):
        return None
    if not take_auto_answer(tx, box.id, address):
        return None
    text = texts.get(parsed.language or "") or next(iter(texts.values()))
    return answer_automatically(tx, stamp, message_id, text)

"""What a mailing says, as the sender needs it."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import bindparam, select

from core.database import ReadTx
from core.errors import NotFound
from mailhub.campaigns.mailings import Tracking
from mailhub.campaigns.tables import mailing, mailing_letter
from mailhub.letters.values import Address


@dataclass(frozen=True, slots=True)
class Words:
    """One language."""

    id: int
    subject: str
    plain: str
    html: str
    links: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MailingText:
    """``letters`` by language, ``usual`` the one for everybody else; ``box`` what they may say of their mailbox,
    ``tracking`` what is kept of openings and clicks, ``inside`` whether their pictures go along."""

    mailing_id: int
    mailbox_id: int
    sender: Address
    letters: dict[str, Words]
    usual: str
    box: dict[str, str]
    tracking: Tracking
    inside: bool = False


_MAILING = select(mailing).where(mailing.c.id == bindparam("id"))
_LETTERS = (
    select(mailing_letter)
    .where(mailing_letter.c.mailing_id == bindparam("id"), mailing_letter.c.version == bindparam("version"))
    .order_by(mailing_letter.c.language)
)


def read_mailing_text(tx: ReadTx, mailing_id: int) -> MailingText:
    """Raises NotFound for a mailing that is gone or says nothing."""
    row = tx.row(_MAILING, {"id": mailing_id})
    found = tx.rows(_LETTERS, {"id": mailing_id, "version": row.letter_version}) if row is not None else []
    if row is None or not found:
        raise NotFound("There is no mailing with the number %(id)s.", id=mailing_id)
    letters = {one.language: Words(one.id, one.subject, one.plain, one.html, tuple(one.links)) for one in found}
    return MailingText(
        row.id,
        row.mailbox_id,
        Address(row.sender_name, row.sender),
        letters,
        "" if "" in letters else next(iter(letters)),
        {"name": row.sender_name, "address": row.sender},
        row.tracking,
        row.pictures == "inside",
    )

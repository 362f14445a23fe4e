"""A letter, understood once, however many mailboxes it reached.

Two letters are the same when their fingerprints are equal; the same Message-ID with another fingerprint is another
letter, so nobody can make a letter vanish by forging an id.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, select

from core.database import ReadTx, WriteTx
from core.fulltext import FOLDING_VERSION
from core.fulltext.index import Words
from mailhub.letters.as_json import invitation_data
from mailhub.letters.filekinds import has_text
from mailhub.letters.values import Address, ParsedLetter
from mailhub.letters.verdicts import Verdicts
from mailhub.mailboxes.names import named_by
from mailhub.mailboxes.tables import letter, letter_reference, letter_words

UNREAD = 0
"""The version of words that lack those of the letter's files: ``reindexing`` adds them."""
_BY_FINGERPRINTS = select(letter.c.fingerprint, letter.c.id).where(
    letter.c.fingerprint.in_(bindparam("fingerprints", expanding=True))
)
_WORDS = select(letter_words).where(letter_words.c.letter_id == bindparam("letter_id"))


@dataclass(frozen=True, slots=True)
class Understood:
    """A parsed letter with its words, as the worker process hands it over, and what others say of it.

    ``verdicts`` say who really wrote it, None where nobody was asked. ``junk`` is what a filter of our own says, None
    where the letter's own headers are all there is.
    """

    parsed: ParsedLetter
    words: Words
    verdicts: Verdicts | None = None
    junk: bool | None = None


class Known:
    """Which of some letters were written down already, looked up together."""

    def __init__(self, tx: ReadTx, letters: Iterable[ParsedLetter]) -> None:
        fingerprints = [bytes.fromhex(parsed.fingerprint) for parsed in letters]
        rows = tx.rows(_BY_FINGERPRINTS, {"fingerprints": fingerprints}) if fingerprints else ()
        self.ids: dict[bytes, int] = {row.fingerprint: row.id for row in rows}

    def forget(self, parsed: ParsedLetter) -> None:
        """It is not there any more."""
        del self.ids[bytes.fromhex(parsed.fingerprint)]


def record_letter(tx: WriteTx, understood: Understood, known: Known) -> tuple[int, bool]:
    """Write down what was understood, or find that it was already. Returns the letter's id and whether it is new.
    ``known`` is what was found about this letter, maybe among others, in this unit; it learns of the letter."""
    parsed = understood.parsed
    fingerprint = bytes.fromhex(parsed.fingerprint)
    found = known.ids.get(fingerprint)
    if found is not None:
        return found, False
    sender = parsed.from_[0] if parsed.from_ else Address("", "")
    letter_id = tx.insert(
        letter,
        fingerprint=fingerprint,
        message_id=parsed.message_id or "",
        subject=parsed.subject,
        from_name=sender.name,
        from_address=sender.address,
        from_trusted=parsed.from_trusted,
        kind=parsed.kind,
        language=parsed.language,
        sent_at=parsed.date,
        excerpt=parsed.excerpt,
        parsed=as_data(parsed),
    )
    known.ids[fingerprint] = letter_id
    tx.insert_many(
        letter_reference,
        [{"letter_id": letter_id, "place": place, "message_id": name} for place, name in enumerate(named_by(parsed))],
    )
    words = understood.words
    tx.later(
        letter_words,
        letter_id=letter_id,
        version=FOLDING_VERSION if not _may_say_more(parsed) else UNREAD,
        subject=words.subject,
        people=words.people,
        body=words.body,
    )
    return letter_id, True


def _may_say_more(parsed: ParsedLetter) -> bool:
    return any(has_text(part.filename, part.content_type) for part in parsed.attachments)


def get_words(tx: ReadTx, letter_id: int) -> Words:
    """The words of a letter exactly as they were indexed."""
    words = find_words(tx, letter_id)
    assert words is not None, "every letter keeps its words"
    return words


def find_words(tx: ReadTx, letter_id: int) -> Words | None:
    """``get_words``; None for a letter that has gone for good."""
    row = tx.row(_WORDS, {"letter_id": letter_id})
    return None if row is None else Words(row.subject, row.people, row.body)


def hold_words(tx: WriteTx, letter_id: int) -> None:
    """Hold the words of a letter until the end of the unit: whoever adds a message of it, changes what is indexed or
    lets it go does so first, so that the index never has what is not kept."""
    tx.lock_key("words", letter_id)


def as_data(parsed: ParsedLetter) -> dict[str, Any]:
    """What pages and programs show of a letter, as plain data for the ``parsed`` column."""

    def people(addresses: tuple[Address, ...]) -> list[dict[str, str]]:
        return [{"name": person.name, "address": person.address} for person in addresses]

    return {
        "from": people(parsed.from_),
        "sender": people(parsed.sender),
        "reply_to": people(parsed.reply_to),
        "to": people(parsed.to),
        "cc": people(parsed.cc),
        "text": parsed.text,
        "reply_text": parsed.reply_text,
        "has_html": parsed.html is not None,
        "attachments": [
            {
                "filename": part.filename,
                "content_type": part.content_type,
                "size": part.size,
                "sha256": part.sha256,
                "inline": part.inline,
                "content_id": part.content_id,
                "offset": part.offset,
                "length": part.length,
                "encoding": part.encoding,
            }
            for part in parsed.attachments
        ],
        "list_id": parsed.list_id,
        "auto_submitted": parsed.auto_submitted,
        "defects": list(parsed.defects),
        "error": parsed.error,
        **({"invitation": invitation_data(parsed.invitation)} if parsed.invitation is not None else {}),
    }

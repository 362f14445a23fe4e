"""One way out for what a person wrote, wherever they wrote it: in a thread or as a new letter, from a draft or not.

A caller asks ``draw_post`` on a snapshot, makes the bytes with ``planning.write_down`` outside of every transaction,
and plans it with ``post``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from core.blobs import BlobFiles, read_blob
from core.database import Database, ReadTx, WriteTx
from crm.staff.readable import Viewer
from mailhub.letters.html.outgoing import NO_HTML, CleanHtml, has_formats, pictures_of
from mailhub.letters.html.spoken import spoken
from mailhub.outbound.beginning import begin_letter, draw_letter
from mailhub.outbound.compose import Fields
from mailhub.outbound.draft_files import INSIDE
from mailhub.outbound.drafts import Draft, DraftFile, finish_draft, hold_draft
from mailhub.outbound.identity import Stamp
from mailhub.outbound.parts import File
from mailhub.outbound.planning import Written
from mailhub.outbound.quoting import add_quote, find_quote
from mailhub.outbound.recipients import parse_recipients
from mailhub.outbound.writing import Answer, answer_thread, draw_answer


@dataclass(frozen=True, slots=True)
class Post:
    """What is sent, and where: in ``thread_id``, else as a new letter from ``mailbox_id``; ``draft_id`` is the draft
    that it was, of ``version``."""

    answer: Answer
    thread_id: int | None = None
    mailbox_id: int | None = None
    draft_id: int | None = None
    version: int | None = None


def answer_of(one: Draft, quoted: str = "", files: tuple[File, ...] = ()) -> Answer:
    """What sending a draft means, with the text of the letter below it. Raises Invalid for an address that is none."""
    html = one.html if has_formats(one.html) else NO_HTML
    text, html = add_quote(spoken(one.html), html, quoted)
    return Answer(
        text=text,
        html=html,
        to=parse_recipients(one.to, "to"),
        cc=parse_recipients(one.cc, "cc"),
        bcc=parse_recipients(one.bcc, "bcc"),
        subject=one.subject or None,
        sender=one.sender,
        files=files,
        force=True,
        forwards=one.kind == "forward",
    )


def draft_post(tx: ReadTx, viewer: Viewer, zone: ZoneInfo, one: Draft) -> Post:
    """A draft as it would leave, still without its files; the quoted letter is dated in that zone. Raises Invalid,
    NotFound."""
    quoted = find_quote(tx, viewer, zone, one.thread_id, one.quoted_id)
    return Post(answer_of(one, quoted), one.thread_id, one.mailbox_id, one.id, one.version)


def draw_post(tx: ReadTx, viewer: Viewer, stamp: Stamp, wanted: Post) -> Fields:
    """The letter as it would be written now. Raises NotFound, Forbidden, Invalid."""
    if wanted.thread_id is not None:
        return draw_answer(tx, stamp, viewer, wanted.thread_id, wanted.answer)
    return draw_letter(tx, stamp, viewer, wanted.mailbox_id or 0, wanted.answer)


def post(tx: WriteTx, viewer: Viewer, stamp: Stamp, wanted: Post, written: Written | None = None) -> int:
    """Plan it, and let its draft be gone. Returns the message. Raises what ``answer_thread`` and ``begin_letter``
    raise, and Conflict when a colleague has changed the draft."""
    if wanted.draft_id is not None:
        hold_draft(tx, viewer, wanted.draft_id, wanted.version)
    if wanted.thread_id is not None:
        message_id = answer_thread(tx, stamp, viewer, wanted.thread_id, wanted.answer, written)
    else:
        message_id = begin_letter(tx, stamp, viewer, wanted.mailbox_id or 0, wanted.answer, written)
    if wanted.draft_id is not None:
        finish_draft(tx, viewer, wanted.draft_id, message_id)
    return message_id


def read_files(database: Database, blobs: BlobFiles, html: CleanHtml, files: Sequence[DraftFile]) -> tuple[File, ...]:
    """The files of a draft with their bytes, for a caller without an event loop. A picture that stood in the text and
    was taken out of it again stays behind."""
    shown = pictures_of(html)
    return tuple(
        File(one.name, one.content_type, read_blob(database, blobs, one.blob_id), one.content_id)
        for one in files
        if one.content_id in shown or not one.content_id.endswith(INSIDE)
    )

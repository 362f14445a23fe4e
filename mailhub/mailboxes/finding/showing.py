"""What a page of finds needs of the letters: whose they are, which thread was shown before, where the words stand."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, func, select, union_all

from core.database import ReadTx
from core.fulltext.question import Likeness
from core.fulltext.row import END, Words
from crm.staff.readable import Viewer, note_read
from mailhub.mailboxes.finding.asking import Search
from mailhub.mailboxes.finding.excerpts import LONGEST_TEXT, Piece, cut_pieces, find_excerpt
from mailhub.mailboxes.finding.narrowing import closest
from mailhub.mailboxes.lists import ThreadRow
from mailhub.mailboxes.tables import letter, letter_words, mailbox, message

MOST_LOOKED_AT = 3000
_BOXES = select(mailbox.c.id).where(mailbox.c.scope_id.in_(bindparam("scopes", expanding=True)))
_OWNERS = select(message.c.id, message.c.thread_id).where(message.c.id.in_(bindparam("ids", expanding=True)))
_TEXTS = (
    select(
        message.c.id,
        message.c.letter_id,
        letter.c.subject,
        func.substr(letter.c.parsed["text"].as_string(), 1, LONGEST_TEXT).label("text"),
    )
    .join(letter, letter.c.id == message.c.letter_id)
    .where(message.c.id.in_(bindparam("ids", expanding=True)))
)
_WORDS = (
    select(message.c.id, message.c.thread_id, letter_words.c.subject, letter_words.c.people, letter_words.c.body)
    .join(letter_words, letter_words.c.letter_id == message.c.letter_id)
    .where(message.c.thread_id.in_(bindparam("ids", expanding=True)))
    .order_by(message.c.id.desc())
    .limit(MOST_LOOKED_AT)
)
_BODIES = select(letter_words.c.letter_id, letter_words.c.body).where(
    letter_words.c.letter_id.in_(bindparam("ids", expanding=True))
)


@dataclass(frozen=True, slots=True)
class Hit:
    """A thread that was found, by which of its letters, and the words in their places: ``subject`` of that letter and a
    line of its text or of a file's; the line is empty where the words stand in names only."""

    row: ThreadRow
    message_id: int
    likeness: Likeness
    subject: tuple[Piece, ...]
    excerpt: tuple[Piece, ...]
    in_file: bool = False


def owners_of(tx: ReadTx, message_ids: Sequence[int]) -> dict[int, int]:
    """The threads of these messages."""
    rows = tx.rows(_OWNERS, {"ids": list(message_ids)}) if message_ids else ()
    return {int(row.id): int(row.thread_id) for row in rows}


def find_newest(
    tx: ReadTx, viewer: Viewer, scopes: Sequence[int], limit: int, before: int | None, since: int | None
) -> list[int]:
    """Ids of the newest messages of the mailboxes of these scopes, each from the top of its own index. What the viewer
    may not see there is left to ``get_rows``."""
    owners = sorted({viewer.parents.get(scope, scope) for scope in scopes})
    boxes = sorted(int(one) for one in tx.values(_BOXES, {"scopes": owners}))
    if not boxes:
        return []
    tops = []
    for number in range(len(boxes)):
        top = select(message.c.id).where(
            message.c.mailbox_id == bindparam(f"box{number}"),
            message.c.id < bindparam("high"),
            message.c.id >= bindparam("low"),
        )
        tops.append(select(top.order_by(message.c.id.desc()).limit(limit).subquery()))
    every = union_all(*tops).subquery()
    asked: dict[str, Any] = {f"box{number}": box for number, box in enumerate(boxes)}
    asked |= {"high": before if before is not None else 1 << 62, "low": since or 0}
    return [int(one) for one in tx.values(select(every.c.id).order_by(every.c.id.desc()).limit(limit), asked)]


def find_earlier(tx: ReadTx, search: Search, rows: Iterable[ThreadRow], way: Likeness, place: int) -> set[int]:
    """Those of the threads that stand on a page before this place, by another letter of theirs."""
    several = [row.id for row in rows if row.message_count > 1]
    ways = search.question.likenesses() if search.question.wanted else ["exact"]
    shown: set[int] = set()
    for row in tx.rows(_WORDS, {"ids": several}) if several else ():
        if row.thread_id in shown:
            continue
        like = closest(search.question, Words(row.subject, row.people, row.body))
        if like is not None and (ways.index(like) < ways.index(way) or (like == way and row.id >= place)):
            shown.add(int(row.thread_id))
    return shown


def show(tx: ReadTx, viewer: Viewer, search: Search, page: Sequence[tuple[ThreadRow, int, Likeness]]) -> list[Hit]:
    """The page with its hits; among those alike, first what is spelled as it was typed, tones and all. Whose words are
    shown is noted as read."""
    texts = {row.id: row for row in tx.rows(_TEXTS, {"ids": [found[1] for found in page]})} if page else {}
    hits: list[tuple[tuple[int, int], Hit]] = []
    bare: list[int] = []
    for row, message_id, like in page:
        letter_row = texts[message_id]
        text = letter_row.text or ""
        excerpt = find_excerpt(search.question, text)
        if not excerpt:
            bare.append(int(letter_row.letter_id))
        hit = Hit(row, message_id, like, cut_pieces(search.question, letter_row.subject or row.subject), excerpt)
        hits.append(((_rank(like), _spelled(search, f"{letter_row.subject} {text}")), hit))
    files = _in_files(tx, search, bare)
    for at, (rank, hit) in enumerate(hits):
        line = files.get(int(texts[hit.message_id].letter_id))
        if not hit.excerpt and line:
            hits[at] = rank, Hit(hit.row, hit.message_id, hit.likeness, hit.subject, line, in_file=True)
        if hits[at][1].excerpt:
            note_read(viewer, hit.row.scope_id, hit.row.id)
    return [hit for _, hit in sorted(hits, key=lambda one: one[0])]


def _rank(like: Likeness) -> int:
    return ("exact", "forms", "begins").index(like)


def _spelled(search: Search, text: str) -> int:
    """0: all that was typed stands there as one; 1: each word does; 2: other spellings."""
    if not search.spelled:
        return 0
    lower = text.casefold()
    asked = [word.casefold().strip('"«»„“”') for word in search.spelled]
    if " ".join(asked) in " ".join(lower.split()):
        return 0
    return 1 if all(word in lower for word in asked) else 2


def _in_files(tx: ReadTx, search: Search, letter_ids: list[int]) -> dict[int, tuple[Piece, ...]]:
    """Lines out of what the files say, as it is indexed."""
    found: dict[int, tuple[Piece, ...]] = {}
    for row in tx.rows(_BODIES, {"ids": letter_ids}) if letter_ids else ():
        _, end, files = row.body.partition(END)
        if end:
            found[int(row.letter_id)] = find_excerpt(
                search.question, files.replace(END, " ").lstrip()[: LONGEST_TEXT * 5]
            )
    return found

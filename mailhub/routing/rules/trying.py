"""What a rule would have done: the evaluator of the journey over the letters of the last 90 days.

Each letter is looked at as it was when it came. What is not known of that moment any more (who was responsible for a
client then, whose a thread was before somebody filed it otherwise) is said to be unknown, never guessed. A mailbox is
looked through in parts, newest first, so that nobody waits behind it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal
from zoneinfo import ZoneInfo

from sqlalchemy import BindParameter, Row, bindparam, func, select

from core import clock
from core.blobs import blob
from core.database import ReadTx
from core.paging import decode_cursor, encode_cursor
from core.rules import UNKNOWN, At, evaluate, explain
from crm.execution import assignment, is_able
from crm.staff.people import get_user
from crm.staff.readable import Viewer
from mailhub.letters.verdicts import Verdicts
from mailhub.mailboxes.attention import NOT_URGENT, URGENT, URGENT_BY_RULE
from mailhub.mailboxes.boxes import Mailbox, get_mailbox
from mailhub.mailboxes.messages import COUNTER_BITS
from mailhub.mailboxes.tables import letter, message, thread, thread_event
from mailhub.mailboxes.tag_rows import find_tags
from mailhub.mailboxes.tags import TAGGED, TAGGED_BY_RULE, UNTAGGED
from mailhub.routing.rules.facts import LETTERS, Facts, Letter, ask, letter_facts
from mailhub.routing.rules.verbs import Wanted, get_managed

DAYS = 90
OF_TAGS = (TAGGED, UNTAGGED, TAGGED_BY_RULE)
OF_PRIORITY = (URGENT, NOT_URGENT, URGENT_BY_RULE)
PART = 200
Who = Literal["nobody", "same", "other", "kept", "turn", "least_busy", "manager", "no_access"]


@dataclass(frozen=True, slots=True)
class Tried:
    """A letter that the rule would have touched, or perhaps: ``unknown`` are then the fields that decide and cannot be
    told. ``people`` is who had its thread after it came, ``rule`` whom the rule would have given it, by name; ``who``
    how the two compare: ``same``, ``other``, ``nobody`` where the rule assigns nobody, ``kept`` where somebody had the
    thread already, ``turn``, ``least_busy`` and ``manager`` where the person of that day is not known,
    ``no_access``."""

    message_id: int
    thread_id: int
    came_at: int
    sender: str
    subject: str
    excerpt: str
    state: str
    people: str | None
    rule: str | None
    who: Who
    unknown: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Part:
    """What was found in a part of the letters: ``looked_at`` of the ``total`` there were; ``next`` goes on."""

    looked_at: int
    total: int
    items: list[Tried]
    next: str | None


_COLUMNS = (
    message.c.id, message.c.thread_id, message.c.home_id, message.c.received_at, message.c.authentication,
    message.c.trace, letter.c.subject, letter.c.excerpt, letter.c.kind, letter.c.language, letter.c.parsed,
    blob.c.size, thread.c.state, thread.c.urgent, thread.c.counterparty_id,
)  # fmt: skip
_LIVE = (
    message.c.mailbox_id == bindparam("mailbox_id"),
    message.c.id >= bindparam("since"),
    message.c.direction == "in",
    message.c.quiet == 0,
    message.c.spam == 0,
)
_LETTERS = (
    select(*_COLUMNS)
    .join(letter, letter.c.id == message.c.letter_id)
    .join(blob, blob.c.id == message.c.blob_id)
    .join(thread, thread.c.id == message.c.thread_id)
    .where(*_LIVE, message.c.id < bindparam("before"))
    .order_by(message.c.id.desc())
    .limit(PART)
)
_TOTAL = select(func.count()).select_from(message).where(*_LIVE)
_THREADS: BindParameter[int] = bindparam("threads", expanding=True)
_FIRST = (
    select(message.c.home_id, func.min(message.c.id).label("first"))
    .where(message.c.thread_id.in_(_THREADS))
    .group_by(message.c.home_id)
)
_FILED = (
    select(thread_event.c.thread_id, func.max(thread_event.c.at).label("at"))
    .where(thread_event.c.thread_id.in_(_THREADS), thread_event.c.sentence.like("Filed under%"))
    .group_by(thread_event.c.thread_id)
)
_MARKED = (
    select(thread_event.c.thread_id, thread_event.c.sentence, func.max(thread_event.c.at).label("at"))
    .where(thread_event.c.thread_id.in_(_THREADS), thread_event.c.sentence.in_((*OF_TAGS, *OF_PRIORITY)))
    .group_by(thread_event.c.thread_id, thread_event.c.sentence)
)
_HANDS = (
    select(assignment.c.thread_id, assignment.c.executor_id, assignment.c.assigned_at)
    .where(assignment.c.thread_id.in_(_THREADS))
    .order_by(assignment.c.id)
)


def try_rule(tx: ReadTx, viewer: Viewer, mailbox_id: int, wanted: Wanted, after: str | None = None) -> Part:
    """Ask a rule of the next part of the letters that came in the last 90 days, newest first; nothing changes.

    Imports, junk and letters of our own are left out, as on the journey. Raises NotFound, Forbidden, Invalid.
    """
    box = get_managed(tx, viewer, mailbox_id)
    before = 2**63 - 1 if after is None else int(decode_cursor(after, (int,))[0])
    since = (clock.now() - DAYS * clock.DAY) // clock.SECOND << COUNTER_BITS
    asked = {"mailbox_id": box.id, "since": since}
    rows = tx.rows(_LETTERS, asked | {"before": before})
    past = _Past(tx, [row.thread_id for row in rows])
    items = [one for row in rows if (one := _try(tx, box, wanted, row, past)) is not None]
    further = encode_cursor((rows[-1].id,)) if len(rows) == PART else None
    return Part(len(rows), int(tx.value(_TOTAL, asked)), items, further)


class _Past:
    """What is known of the threads of a part at other times."""

    def __init__(self, tx: ReadTx, thread_ids: Sequence[int]) -> None:
        asked = {"threads": sorted(set(thread_ids))}
        self.first = {row.home_id: row.first for row in tx.rows(_FIRST, asked)}
        self.filed = {row.thread_id: row.at for row in tx.rows(_FILED, asked)}
        self.tags = find_tags(tx, sorted(set(thread_ids)))
        self.marked = {(row.thread_id, row.sentence): int(row.at) for row in tx.rows(_MARKED, asked)}
        self.hands: dict[int, list[tuple[int, int]]] = {}
        for row in tx.rows(_HANDS, asked):
            self.hands.setdefault(row.thread_id, []).append((row.assigned_at, row.executor_id))

    def begins(self, row: Row[Any]) -> bool:
        """Whether its conversation began with the letter."""
        return bool(self.first.get(row.home_id) == row.id)

    def marked_since(self, row: Row[Any], sentences: Sequence[str]) -> bool:
        """Whether one of these was said of the thread after the letter came."""
        return any(self.marked.get((row.thread_id, one), 0) >= row.received_at for one in sentences)

    def held(self, row: Row[Any]) -> int | None:
        """Who had the thread when the letter came."""
        before = [who for at, who in self.hands.get(row.thread_id, ()) if at < row.received_at]
        return before[-1] if before else None

    def given(self, row: Row[Any]) -> int | None:
        """Who got it first afterwards."""
        return next((who for at, who in self.hands.get(row.thread_id, ()) if at >= row.received_at), None)


def _try(tx: ReadTx, box: Mailbox, wanted: Wanted, row: Row[Any], past: _Past) -> Tried | None:
    zone = ZoneInfo(wanted.zone)
    facts, at = ask(_facts(row, past, zone)), At(row.received_at, zone)
    answer = evaluate(wanted.condition, LETTERS, facts, at)
    if answer is False:
        return None
    unknown = (
        ()
        if answer
        else tuple(
            dict.fromkeys(
                one.condition.field for one in explain(wanted.condition, LETTERS, facts, at) if one.answer is None
            )
        )
    )
    held, given = past.held(row), past.given(row)
    who, person = _compare(tx, box, wanted, held, given)
    did = given or held
    sender = row.parsed["from"][0] if row.parsed["from"] else {"name": "", "address": ""}
    return Tried(
        message_id=row.id,
        thread_id=row.thread_id,
        came_at=row.received_at,
        sender=sender["name"] or sender["address"],
        subject=row.subject,
        excerpt=row.excerpt,
        state=row.state,
        people=get_user(tx, did).name if did else None,
        rule=get_user(tx, person).name if person else None,
        who=who,
        unknown=unknown,
    )


def _compare(tx: ReadTx, box: Mailbox, wanted: Wanted, held: int | None, given: int | None) -> tuple[Who, int | None]:
    actions = wanted.actions
    if not actions.assigns:
        return "nobody", None
    if held is not None:
        return "kept", held
    if actions.user_id is None:
        return ("turn" if actions.way is None else actions.way), None
    scope_id = box.scope_id if actions.mailbox_id is None else get_mailbox(tx, actions.mailbox_id).scope_id
    if not is_able(tx, scope_id, actions.user_id):
        return "no_access", actions.user_id
    return ("same" if given == actions.user_id else "other"), actions.user_id


def _facts(row: Row[Any], past: _Past, zone: ZoneInfo) -> Facts:
    parsed: Mapping[str, Any] = row.parsed
    verdicts = None if row.authentication is None else Verdicts(**row.authentication)
    found = Letter(
        from_=[(one["name"], one["address"]) for one in parsed["from"]],
        recipients=[*(one["address"] for one in (*parsed["to"], *parsed["cc"])), *row.trace.get("rcpt_to", ())],
        subject=row.subject,
        written=parsed["reply_text"] or parsed["text"] or "",
        attachments=[one["filename"] or "" for one in parsed["attachments"] if not one["inline"]],
        size=lambda: int(row.size),
        kind=row.kind,
        language=row.language,
        list_id=parsed["list_id"],
        came_at=row.received_at,
        verdicts=verdicts,
    )
    filed_later = past.filed.get(row.thread_id, 0) >= row.received_at
    doubtful = verdicts is not None and verdicts.doubtful
    client = UNKNOWN if filed_later else row.counterparty_id is not None and not doubtful
    return {
        **letter_facts(found, zone),
        "begins": lambda: past.begins(row),
        "tags": lambda: _tags(row, past),
        "priority": lambda: _priority(row, past),
        "client.known": lambda: client,
        "client.manager": lambda: None if client is False else UNKNOWN,
    }


def _tags(row: Row[Any], past: _Past) -> Any:
    if past.begins(row):
        return ()
    return UNKNOWN if past.marked_since(row, OF_TAGS) else [one.name for one in past.tags.get(row.thread_id, ())]


def _priority(row: Row[Any], past: _Past) -> Any:
    if past.begins(row):
        return "normal"
    return UNKNOWN if past.marked_since(row, OF_PRIORITY) else "urgent" if row.urgent else "normal"

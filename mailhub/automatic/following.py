"""Rules that wait for something to happen follow the feed of changes: each change is taken once, with a position of
their own, and what happened before a rule was switched on is left alone."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import bindparam, func, select

from core import clock
from core.changes import Change, Position, find_position, list_changes, move_consumer
from core.changes import change as changes_table
from core.database import ReadTx, WriteTx
from core.fulltext import fold
from crm.documents.tables import document
from crm.segments.asking import BY_NEW_RULE
from crm.staff.tables import user
from mailhub.automatic.rules import CONSUMER, list_following
from mailhub.automatic.shapes import Occasion, Rule, shift
from mailhub.automatic.tables import automatic_rule
from mailhub.automatic.taking import lay_letters, only_fresh
from mailhub.automatic.zones import Hours, zones_of
from mailhub.mailboxes.tables import letter, message, thread, thread_tag
from mailhub.mailboxes.threads import ANSWERABLE

MOST_CHANGES = 200
PART, MOST_PARTS = 20_000, 10
"""Of so many changes at a time the database picks those of a kind, and so many times for one trial."""
_EARLIER = (
    select(changes_table)
    .where(
        changes_table.c.id < bindparam("before"),
        changes_table.c.id >= bindparam("before") - bindparam("part"),
        changes_table.c.kind == bindparam("kind"),
        changes_table.c.at >= bindparam("since"),
    )
    .order_by(changes_table.c.id.desc())
    .limit(bindparam("most"))
)
_ENDS = select(func.min(changes_table.c.id).label("first"), func.max(changes_table.c.id).label("last"))
Find = Callable[[ReadTx, Rule, Change], list[Occasion]]


def has_news(tx: ReadTx) -> bool:
    """Whether something happened that a rule follows and was not looked at."""
    return bool(list_following(tx)) and bool(list_changes(tx, find_position(tx, CONSUMER), 1))


def follow_part(tx: WriteTx, zone: ZoneInfo, epoch: int, hold_after: int) -> bool:
    """Write down what follows from the next changes, and move on. Returns whether there may be more."""
    tx.lock_key(CONSUMER)
    changes = list_changes(tx, find_position(tx, CONSUMER), MOST_CHANGES)
    if not changes:
        return False
    for rule in list_following(tx):
        _follow(tx, rule, changes, zone, epoch, hold_after)
    move_consumer(tx, CONSUMER, changes[-1].position)
    return len(changes) == MOST_CHANGES


def _follow(tx: WriteTx, rule: Rule, changes: Iterable[Change], zone: ZoneInfo, epoch: int, hold_after: int) -> None:
    kind, find = _follows(rule)
    found = [
        one
        for change in changes
        if change.kind == kind and change.at >= (rule.since or 0)
        for one in find(tx, rule, change)
    ]
    if not found:
        return
    tx.lock(automatic_rule, rule.id)
    moments = [(one, one.due_at + shift(rule.told), there) for one, there in zones_of(tx, found, zone)]
    if rule.told.hours == "working":
        hours = Hours(tx, rule.scope_id)
        moments = [(one, hours.following(there, at), there) for one, at, there in moments]
    fresh = only_fresh(tx, rule.id, [(one, at) for one, at, _ in moments])
    lay_letters(tx, rule, fresh, epoch, hold_after, off=False)


def list_happened(tx: ReadTx, rule: Rule, since: int, most: int) -> tuple[list[Occasion], bool]:
    """What a rule would have written about since then, as far back as changes are kept, the newest first; of no more
    than ``most`` changes it is asked, and the second value says whether there were more."""
    kind, find = _follows(rule)
    found, asked = dict[tuple[str, int, str], Occasion](), 0
    ends = tx.row(_ENDS)
    first, before = (0, 0) if ends is None or ends.last is None else (ends.first, ends.last + 1)
    for _ in range(MOST_PARTS):
        if before <= first:
            return list(found.values()), False
        said = {"before": before, "part": PART, "kind": kind, "since": since, "most": most - asked + 1}
        for row in tx.rows(_EARLIER, said):
            if asked >= most or len(found) >= most:
                return list(found.values()), True
            asked += 1
            place = Position(row.transaction, row.id)
            told = Change(place, row.kind, row.entity_id, row.scope_id, row.fields, row.cause, row.at)
            found |= {(one.subject_kind, one.subject_id, one.due_key): one for one in find(tx, rule, told)}
        before -= PART
    return list(found.values()), before > first


def _of_field(_tx: ReadTx, rule: Rule, change: Change) -> list[Occasion]:
    """Somebody typed another value: once for each of them and day, however often it is corrected. What an import or a
    merge brings begins nothing."""
    party, _, rest = rule.told.field.partition(".")
    if change.cause == "import" or rest.removeprefix("attributes.") not in change.fields.get("attributes", ()):
        return []
    client, person = (change.entity_id, None) if party == "counterparty" else (None, change.entity_id)
    day = clock.iso(change.at)[:10]
    return [Occasion(party, change.entity_id, day, change.at, client, person, {"field": rule.told.field})]


def _of_segment(_tx: ReadTx, rule: Rule, change: Change) -> list[Occasion]:
    """Who entered or left by what happened to them; a rule of the segment that was written anew writes to nobody."""
    if change.entity_id != rule.told.number or change.cause in (BY_NEW_RULE, "merge"):
        return []
    people = change.fields["of"] == "contacts"
    kind = "contact" if people else "counterparty"
    return [
        Occasion(
            kind, party_id, str(change.position), change.at, None if people else party_id, party_id if people else None
        )
        for party_id in change.fields["party_ids"]
    ]


_LETTER = (
    select(thread.c.counterparty_id, thread.c.contact_id, letter.c.subject, letter.c.kind, message.c.spam)
    .select_from(message)
    .join(thread, thread.c.id == message.c.thread_id)
    .join(letter, letter.c.id == message.c.letter_id)
    .where(message.c.id == bindparam("id"))
)


def _of_letter(tx: ReadTx, rule: Rule, change: Change) -> list[Occasion]:
    """A letter that came from somebody known: once for each conversation, and never for what a machine wrote."""
    if change.fields.get("mailbox_id") != rule.mailbox_id or change.fields.get("quiet"):
        return []
    row = tx.row(_LETTER, {"id": change.entity_id})
    if row is None or row.spam or row.kind not in ANSWERABLE or fold(rule.told.words) not in fold(row.subject):
        return []
    return _of_thread(change.fields["thread_id"], "letter", change.at, row, {"subject": row.subject})


_DOCUMENT = select(document).where(document.c.id == bindparam("id"))


def _of_document(tx: ReadTx, rule: Rule, change: Change) -> list[Occasion]:
    """A document was written, by a person or by another system; what an import brings is of old."""
    row = None if change.cause == "import" else tx.row(_DOCUMENT, {"id": change.entity_id})
    if row is None or rule.told.what not in ("", row.kind):
        return []
    facts = {"kind": row.kind, "number": row.number, "date": row.date}
    return [Occasion("document", row.id, "added", change.at, row.counterparty_id, row.contact_id, facts)]


_THREAD = select(thread.c.counterparty_id, thread.c.contact_id, thread.c.subject, thread.c.mailbox_id).where(
    thread.c.id == bindparam("id")
)
_USER = select(user.c.name, user.c.email).where(user.c.id == bindparam("id"))
_TAGGED = select(thread_tag.c.tag_id).where(
    thread_tag.c.thread_id == bindparam("id"), thread_tag.c.tag_id == bindparam("tag_id")
)


def _of_hands(tx: ReadTx, rule: Rule, change: Change) -> list[Occasion]:
    """A thread was given to somebody: once for each executor of it."""
    executor_id = change.fields.get("executor_id")
    row = tx.row(_THREAD, {"id": change.entity_id})
    person = tx.row(_USER, {"id": executor_id})
    if row is None or person is None or row.mailbox_id != rule.mailbox_id:
        return []
    facts = {"subject": row.subject, "name": person.name, "email": person.email}
    return _of_thread(change.entity_id, f"executor {executor_id}", change.at, row, facts)


def _of_tag(tx: ReadTx, rule: Rule, change: Change) -> list[Occasion]:
    """A tag was put on a thread: once for each thread."""
    row = tx.row(_THREAD, {"id": change.entity_id})
    tagged = tx.value(_TAGGED, {"id": change.entity_id, "tag_id": rule.told.number})
    if row is None or tagged is None or row.mailbox_id != rule.mailbox_id:
        return []
    return _of_thread(change.entity_id, "tag", change.at, row, {"subject": row.subject})


def _of_thread(thread_id: int, key: str, at: int, row: Any, facts: dict[str, Any]) -> list[Occasion]:
    if row.counterparty_id is None and row.contact_id is None:
        return []
    return [Occasion("thread", thread_id, key, at, row.counterparty_id, row.contact_id, facts, thread_id)]


def _follows(rule: Rule) -> tuple[str, Find]:
    """The kind of changes that a rule follows, and what it makes of one."""
    kind, find = _FINDERS[rule.told.kind]
    return kind or f"{rule.told.field.partition('.')[0]}.changed", find


_FINDERS: dict[str, tuple[str, Find]] = {
    "field": ("", _of_field),
    "segment_in": ("segment.entered", _of_segment),
    "segment_out": ("segment.left", _of_segment),
    "letter": ("message.arrived", _of_letter),
    "document": ("document.added", _of_document),
    "assigned": ("thread.assigned", _of_hands),
    "tag": ("thread.tagged", _of_tag),
}

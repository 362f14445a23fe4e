"""What a search asks beside words: mailbox, client, tag, state; and the threads that are few enough to look at each."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, and_, bindparam, exists, select

from core.database import ReadTx
from core.errors import Invalid
from core.fulltext.folding import fold
from core.fulltext.question import Likeness, Question, matches
from core.fulltext.row import Words
from crm.parties import list_counterparties
from crm.staff.readable import Viewer, readable
from mailhub.mailboxes.boxes import list_mailboxes
from mailhub.mailboxes.finding.asking import Search
from mailhub.mailboxes.lists import ThreadRow
from mailhub.mailboxes.tables import letter_words, message, tag, thread, thread_tag, unread

FEW_THREADS = 400
FEW_MESSAGES = 1000
_MOST_CLIENTS = 50
_WORDS = (
    select(message.c.id, letter_words.c.subject, letter_words.c.people, letter_words.c.body)
    .join(letter_words, letter_words.c.letter_id == message.c.letter_id)
    .where(message.c.thread_id.in_(bindparam("ids", expanding=True)))
    .limit(FEW_MESSAGES + 1)
)


@dataclass(frozen=True, slots=True)
class Narrow:
    """Where to look. ``scopes``: the index is asked about these. ``messages``: those of the few threads that were
    looked at each, newest first, by how like they are."""

    search: Search
    user_id: int
    scopes: list[int] = field(default_factory=list)
    messages: dict[Likeness, list[int]] = field(default_factory=dict)
    clients: frozenset[int] = frozenset()
    tag_id: int | None = None


def narrow(tx: ReadTx, viewer: Viewer, search: Search, scope_id: int | None) -> Narrow:
    """Raises Invalid for a mailbox, client or tag that nobody is called."""
    full, assigned = _scopes(tx, viewer, search, scope_id)
    clients = _clients(tx, search.client) if search.client else frozenset()
    tag_id = _tag(tx, search.tag) if search.tag else None
    base = Narrow(search, viewer.user_id, clients=clients, tag_id=tag_id)
    wide = sorted(full | assigned)
    if search.narrow:
        few = _few(tx, viewer, base, full | assigned)
        return base if not wide else _with(base, wide, None) if few is None else _with(base, [], few)
    if not assigned:
        return _with(base, wide, None)
    few = _few(tx, viewer, base, assigned)
    return _with(base, wide, None) if few is None else _with(base, sorted(full), few)


def keep(narrowed: Narrow, row: ThreadRow) -> bool:
    """Whether a thread fits what is asked of it."""
    search = narrowed.search
    if narrowed.clients and row.counterparty_id not in narrowed.clients:
        return False
    if narrowed.tag_id is not None and all(one.id != narrowed.tag_id for one in row.tags):
        return False
    states = _states(row, narrowed.user_id)
    return search.states <= states and states.isdisjoint(search.without_states)


def _states(row: ThreadRow, user_id: int) -> set[str]:
    found = {row.state}
    if row.executor_id == user_id:
        found.add("mine")
    if row.state == "open" and row.waiting_for == "us":
        found.add("waiting")
    if row.unread:
        found.add("unread")
    return found


def _with(base: Narrow, scopes: list[int], messages: dict[Likeness, list[int]] | None) -> Narrow:
    return Narrow(base.search, base.user_id, scopes, messages or {}, base.clients, base.tag_id)


def _scopes(tx: ReadTx, viewer: Viewer, search: Search, scope_id: int | None) -> tuple[frozenset[int], frozenset[int]]:
    if not search.mailbox:
        return viewer.within(scope_id)
    full: frozenset[int] = frozenset()
    assigned: frozenset[int] = frozenset()
    named = [one for one in list_mailboxes(tx, viewer) if _is_called(search.mailbox, one.name, one.address)]
    if not named:
        raise Invalid("You see no mailbox called “%(name)s”.", name=search.mailbox, field="q")
    for box in named:
        if scope_id in (None, box.scope_id):
            here, mine = viewer.within(box.scope_id)
            full, assigned = full | here, assigned | mine
    return full, assigned


def _is_called(wanted: str, name: str, address: str) -> bool:
    return wanted in fold(name) or fold(address).startswith(wanted)


def _clients(tx: ReadTx, name: str) -> frozenset[int]:
    found = list_counterparties(tx, words=name, limit=_MOST_CLIENTS).items
    if not found:
        raise Invalid("No client is called “%(name)s”.", name=name, field="q")
    return frozenset(one.id for one in found)


def _tag(tx: ReadTx, name: str) -> int:
    rows = tx.rows(select(tag.c.id, tag.c.name).where(tag.c.deleted_at.is_(None)).limit(2000))
    for row in rows:
        if fold(row.name) == name:
            return int(row.id)
    raise Invalid("There is no tag “%(name)s”.", name=name, field="q")


def _few(tx: ReadTx, viewer: Viewer, base: Narrow, scopes: frozenset[int]) -> dict[Likeness, list[int]] | None:
    """The messages of the threads that are asked for; None when these are too many to look at each."""
    if not scopes:
        return {}
    statement = readable(select(thread.c.id), viewer, thread).where(
        thread.c.scope_id.in_(sorted(scopes)), thread.c.merged_into.is_(None), *_conditions(base)
    )
    threads = [int(one) for one in tx.values(statement.limit(FEW_THREADS + 1))]
    if len(threads) > FEW_THREADS:
        return None
    rows = tx.rows(_WORDS, {"ids": threads}) if threads else ()
    if len(rows) > FEW_MESSAGES:
        return None
    question = base.search.question
    by_way: dict[Likeness, list[int]] = {}
    for row in rows:
        way = closest(question, Words(row.subject, row.people, row.body))
        if way is not None:
            by_way.setdefault(way, []).append(int(row.id))
    return {way: sorted(ids, reverse=True) for way, ids in by_way.items()}


def closest(question: Question, row: Words) -> Likeness | None:
    """In which way a row is most like the question; exactly, when it asks for no words."""
    if not question.wanted:
        return "exact" if matches(question, "exact", row) else None
    return next((way for way in question.likenesses() if matches(question, way, row)), None)


def _conditions(base: Narrow) -> list[ColumnElement[bool]]:
    """What the thread itself must be. What is *not* wanted is left to ``keep``."""
    found: list[ColumnElement[bool]] = []
    states = base.search.states
    if base.clients:
        found.append(thread.c.counterparty_id.in_(sorted(base.clients)))
    if base.tag_id is not None:
        found.append(_there(thread_tag.c.thread_id, thread_tag.c.tag_id == base.tag_id))
    found += [thread.c.state == state for state in sorted(states & {"open", "closed", "spam", "snoozed"})]
    if "waiting" in states:
        found.append(and_(thread.c.state == "open", thread.c.waiting_for == "us"))
    if "mine" in states:
        found.append(thread.c.executor_id == base.user_id)
    if "unread" in states:
        found.append(_there(unread.c.thread_id, unread.c.user_id == base.user_id))
    return found


def _there(thread_id: Any, condition: ColumnElement[bool]) -> ColumnElement[bool]:
    return exists().where(thread_id == thread.c.id, condition)

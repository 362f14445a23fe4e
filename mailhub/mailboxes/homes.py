"""Where a letter belongs: the joining rule.

A letter joins the thread whose letter it names, if its sender has a say there (``participants.has_say``). A reference
alone is free for anybody to forge, so a letter without a say opens a thread of its own that remembers which one it
claimed to answer. So that the order of arrival does not matter, a letter also finds the threads whose letters named
*it* before it came, and those that name an id it names too; there the same question is asked the other way round.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import BindParameter, ColumnElement, Row, Select, and_, bindparam, case, exists, func, or_, select

from core.database import ReadTx, WriteTx
from mailhub.letters.values import ParsedLetter
from mailhub.mailboxes.names import MOST_NAMED, Names, named_by
from mailhub.mailboxes.participants import Sender, list_name, neighbours, pattern
from mailhub.mailboxes.subjects import find_beside
from mailhub.mailboxes.tables import letter, letter_reference, message, thread, thread_participant

MOST_FOUND = 50
MOST_ASKED = 200
"""Letters that have, or name, the ids of a new one and are asked whether it has a say beside them: ours, then the
oldest. A monitor that names one id ten thousand times makes its next letter no dearer."""


@dataclass(frozen=True, slots=True)
class Home:
    """Where a letter belongs: a thread to join, or None for a new one, and what led there (``reference``, ``subject``,
    ``new``, ``returned``, ``hand``).

    ``claims`` is a thread that the letter names without a say in it: a hint for those who may see it. ``joins`` are
    further threads of the same conversation, which this letter shows to be one; ``followers`` those whose letters named
    this one and that have no say beside it alone, but maybe in the thread it comes to. ``beside`` is the thread that an
    answer without a reference goes on with by its subject: its own thread leans on that one until its question comes.
    """

    thread_id: int | None
    by: str
    claims: int | None = None
    joins: tuple[int, ...] = ()
    followers: tuple[int, ...] = ()
    beside: int | None = None


own_thread = func.coalesce(message.c.split_id, message.c.home_id)
"""The thread that a message belongs to by itself, where ``message.thread_id`` shows it."""

_IDS: BindParameter[str] = bindparam("ids", expanding=True)
_GRANTED: BindParameter[str] = bindparam("granted", expanding=True)
_THERE = thread_participant.c.thread_id == message.c.thread_id


def _among(*conditions: ColumnElement[bool]) -> ColumnElement[bool]:
    return exists(select(1).where(_THERE, *conditions))


_SAME_CLIENT = thread.c.counterparty_id == bindparam("counterparty_id")
_IS_THERE = _among(thread_participant.c.address == bindparam("address"))
_SAME_LIST = _among(thread_participant.c.address == bindparam("list"))
# The sender of the new letter has a say in the thread that was found.
_HAS_SAY = or_(
    _SAME_CLIENT,
    _SAME_LIST,
    _IS_THERE,
    _among(
        thread_participant.c.how.in_(("wrote", "written")),
        thread_participant.c.address.like(pattern("neighbours"), escape="\\"),
    ),
)
# The same without those who were only named there: whoever is proved to be anybody may name anybody.
_WRITES_THERE = or_(
    _SAME_CLIENT,
    _SAME_LIST,
    _among(
        thread_participant.c.how.in_(("wrote", "written")),
        or_(
            thread_participant.c.address == bindparam("address"),
            thread_participant.c.address.like(pattern("neighbours"), escape="\\"),
        ),
    ),
)
# The sender of the letter that was found has a say beside the new one.
_IS_NEIGHBOUR_BESIDE = and_(
    letter.c.from_trusted.like(pattern("followers"), escape="\\"),
    _among(thread_participant.c.address == func.lower(letter.c.from_trusted), thread_participant.c.sure == 1),
)
_HAS_SAY_BESIDE = or_(
    _SAME_CLIENT,
    _SAME_LIST,
    and_(
        func.lower(letter.c.from_trusted).in_(_GRANTED),
        _among(thread_participant.c.address == func.lower(letter.c.from_trusted)),
    ),
    _IS_NEIGHBOUR_BESIDE,
)


def _found(named: ColumnElement[Any], source: Any, may: ColumnElement[bool], *, only: bool = True) -> Select[Any]:
    """The threads in which letters were found, the oldest first: forged copies of an id come after its first owner.
    ``only`` those that may become one with the new letter, else with the column ``may`` that says so."""
    # "+ 0": the ids lead to a few letters; a planner that begins with the mailbox, or with the oldest, walks them all.
    oldest = (
        select(named.label("named"), message.c.id)
        .select_from(source)
        .where(named.in_(_IDS), message.c.mailbox_id + 0 == bindparam("mailbox_id"))
        .order_by(case((message.c.direction == "out", 0), else_=1), message.c.id + 0)
        .limit(MOST_ASKED)
        .subquery()
    )
    columns = (oldest.c.named, own_thread.label("home_id"), message.c.thread_id, thread.c.counterparty_id)
    return (
        select(*columns, func.min(message.c.id).label("first"), func.max(case((may, 1), else_=0)).label("may"))
        .select_from(
            oldest.join(message, message.c.id == oldest.c.id)
            .join(letter, letter.c.id == message.c.letter_id)
            .join(thread, thread.c.id == message.c.thread_id)
        )
        .where(*([may] if only else ()))
        .group_by(*columns)
        .order_by(func.min(message.c.id))
        .limit(MOST_FOUND)
    )


_LETTERS = letter.join(message, message.c.letter_id == letter.c.id)
_NAMING = letter_reference.join(message, message.c.letter_id == letter_reference.c.letter_id)
# What we answer is ours to join; what only names the same letter as one of ours is not.
_CITED = _found(letter.c.message_id, _LETTERS, or_(bindparam("ours") == 1, _HAS_SAY))
# Ours answered it, so that it went to its writer: a Message-ID that we once answered is free for anybody to take.
_ANSWERED = and_(message.c.direction == "out", or_(bindparam("ours") == 1, _IS_THERE))
_FOLLOWERS = _found(letter_reference.c.message_id, _NAMING, or_(_ANSWERED, _HAS_SAY_BESIDE), only=False)
# Nobody answered anybody here: that both name a third letter is no more than a hint, and its id no secret.
_SIBLINGS = _found(letter_reference.c.message_id, _NAMING, or_(_WRITES_THERE, _IS_NEIGHBOUR_BESIDE))
_CLAIMED = (
    select(message.c.thread_id)
    .select_from(_LETTERS)
    .where(letter.c.message_id.in_(_IDS), message.c.mailbox_id + 0 == bindparam("mailbox_id"))
    .order_by(message.c.id)
    .limit(1)
)


def find_home(
    tx: WriteTx,
    mailbox_id: int,
    parsed: ParsedLetter,
    sender: Sender,
    dated_at: int,
    names: Names,
    *,
    ours: bool = False,
) -> Home:
    """Find the thread of a letter: by the ids it names, by the letters that name it, then by subject and client.

    ``names`` are the known ids of the letters of this unit; the letter is added to them. ``ours``: we wrote it, so it
    has a say wherever it answers.
    """
    # A letter and its answer, understood at the same moment by two processes, must see each other.
    own = [parsed.message_id] if parsed.message_id else []
    named = [name for name in named_by(parsed) if name not in own]
    subject = [f"{sender.counterparty_id} {parsed.base_subject}"] if sender.counterparty_id is not None else []
    tx.lock_keys(("thread", mailbox_id, name) for name in (*own, *named, *subject))
    cited = names.here(named)
    ways = ((_CITED, cited), (_FOLLOWERS, names.named(own)), (_SIBLINGS, names.named(named)))
    names.add(parsed)
    rows: list[Row[Any]] = []
    if any(ids for _, ids in ways) and (ours or sender.address is not None):
        rows = _find_rows(tx, mailbox_id, parsed, sender, ways, ours)
    followers = tuple(dict.fromkeys(row.thread_id for row in rows if not row.may))
    rows = [row for row in rows if row.may]
    if rows:
        first, *others = rows
        clients = {first.counterparty_id, sender.counterparty_id} - {None}
        joins = dict.fromkeys(
            row.home_id
            for row in others
            if row.home_id != first.home_id and len(clients | ({row.counterparty_id} - {None})) < 2
        )
        return Home(int(first.home_id), "reference", None, tuple(joins), followers)
    claims = _find_claimed(tx, mailbox_id, cited)
    beside = find_beside(tx, mailbox_id, sender.counterparty_id, parsed, dated_at)
    return Home(None, "new" if beside is None else "subject", claims, (), followers, beside)


def _find_rows(
    tx: ReadTx,
    mailbox_id: int,
    parsed: ParsedLetter,
    sender: Sender,
    ways: Iterable[tuple[Select[Any], list[str]]],
    ours: bool,
) -> list[Row[Any]]:
    """Where the letter has a say by a reference: the letter that it answers first, then those it names, latest first,
    then those that name it, then those that name what it names."""
    address = (sender.address or "").lower()
    granted = [address] if address else []
    if ours or sender.proved:
        granted += [person.address.lower() for person in (*parsed.to, *parsed.cc)][:MOST_NAMED]
    asked: dict[str, Any] = {
        "mailbox_id": mailbox_id,
        "counterparty_id": sender.counterparty_id,
        "ours": int(ours),
        "address": address,
        "list": list_name(parsed.list_id),
        "neighbours": neighbours(address if sender.proved else ""),
        "followers": neighbours(address),
        "granted": granted,
    }
    rows: list[Row[Any]] = []
    for statement, ids in ways:
        if ids:
            rows += _by_place(tx.rows(statement, {**asked, "ids": ids}), ids)
    return rows


def _by_place(rows: Sequence[Row[Any]], ids: list[str]) -> list[Row[Any]]:
    places = {name: place for place, name in enumerate(ids)}
    return sorted(rows, key=lambda row: (places[row.named], row.first))


def _find_claimed(tx: ReadTx, mailbox_id: int, named: list[str]) -> int | None:
    found = tx.value(_CLAIMED, {"ids": named, "mailbox_id": mailbox_id}) if named else None
    return None if found is None else int(found)

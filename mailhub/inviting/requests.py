"""What others invite us to: which letter says so, which of them is the newest, and what an answer would need.

An invitation is moved or called off by who invites alone: by a letter whose certain writer is its organizer, and that
is not older than what is known. RFC 5546 §2.1.5, §3.2.2, §3.2.5.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy import bindparam, select

from core.database import ReadTx
from core.errors import Conflict, HouseError, Invalid
from mailhub.inviting.guests import Reply
from mailhub.inviting.tables import event_request
from mailhub.letters.calendar_times import instant_of
from mailhub.letters.values import Invitation
from mailhub.mailboxes.boxes import Mailbox
from mailhub.mailboxes.directory import read_directory
from mailhub.mailboxes.reading import Message
from mailhub.outbound.ledger import list_of_messages
from mailhub.outbound.suppression import canonical_address

LONGEST_UID = 1000
_SECONDS = 1_000_000
_ROWS = select(event_request).where(
    event_request.c.mailbox_id.in_(bindparam("boxes", expanding=True)),
    event_request.c.series.in_(bindparam("series", expanding=True)),
)


@dataclass(frozen=True, slots=True)
class Request:
    """An invitation as one letter says it. ``organizer`` invites, '' unless it is for certain who wrote the letter;
    ``series`` is the print of its UID, ``recurrence`` the time of a series that is meant; ``order`` says which of two
    is newer."""

    said: Invitation
    organizer: str
    series: str
    recurrence: str
    order: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Standing:
    """How an invitation stands for the readers of a letter. ``invited`` is the address of ours that it names and
    ``sender`` from which an answer goes. ``refused`` says why nobody can answer it, ``newer`` that another letter went
    over it. ``answer`` is ours (``reply_id`` its letter), ``outdated`` when it was about an older letter."""

    request: Request
    row_id: int
    event_id: int | None
    invited: str
    sender: str
    refused: HouseError | None
    newer: bool
    called_off: bool
    answer: Reply
    answered_by_id: int | None
    answered_at: int | None
    reply_id: int | None
    outdated: bool

    @property
    def open(self) -> bool:
        """Whether there is something to say to it or to do with it."""
        return not self.newer and not self.called_off and self.request.said.method != "CANCEL"

    @property
    def asks(self) -> bool:
        """Whether it waits for an answer that somebody can give."""
        return self.open and self.refused is None and self.request.said.method == "REQUEST"


def read_request(said: Invitation, writer: str | None, message_id: int, received_at: int) -> Request | None:
    """What a letter by ``writer`` (None: nobody certain) says; None for an answer and for what is no invitation."""
    if said.method not in ("REQUEST", "CANCEL", "PUBLISH", None):
        return None
    organizer = "" if writer is None or said.method not in ("REQUEST", "CANCEL") else _same(said.organizer, writer)
    mark = said.uid or f"letter {message_id}"
    stamped = instant_of(said.stamp, "UTC")
    # A clock that is ahead must not keep later letters out.
    stamp = received_at if stamped is None else min(stamped, received_at) // _SECONDS * _SECONDS
    print_ = hashlib.sha256(mark.encode()).hexdigest()
    return Request(said, organizer, print_, read_time(said), (said.sequence or 0, stamp))


def read_time(said: Invitation) -> str:
    """Which time of a series is meant, in one form: an instant in microseconds, a day, or as it was written."""
    if said.recurrence is None:
        return ""
    at = instant_of(said.recurrence)
    return said.recurrence if at is None else str(at)


def find_rows(tx: ReadTx, asked: Sequence[tuple[int, Request]]) -> dict[tuple[int, str, str, str], Any]:
    """What is kept of these requests to mailboxes and of their series, by mailbox, organizer, series and time."""
    if not asked:
        return {}
    boxes, series = {one for one, _ in asked}, {one.series for _, one in asked}
    rows = tx.rows(_ROWS, {"boxes": sorted(boxes), "series": sorted(series)})
    return {(row.mailbox_id, row.organizer, row.series, row.recurrence): row for row in rows}


def list_standings(tx: ReadTx, box: Mailbox, messages: Iterable[Message]) -> Mapping[int, Standing]:
    """How the invitations among letters of a thread of ``box`` stand, by letter; none for a letter of ours."""
    found: dict[int, tuple[Message, Request]] = {}
    for one in messages:
        said = one.parsed.get("invitation")
        if said and one.direction == "in" and not one.spam:
            request = read_request(
                msgspec.convert(said, Invitation), _writer(one), one.id, one.received_at
            )  # fmt: skip
            if request is not None:
                found[one.id] = (one, request)
    rows = find_rows(tx, [(one.mailbox_id, request) for one, request in found.values()])
    sent = list_of_messages(tx, [row.reply_id for row in rows.values() if row.reply_id is not None])
    gone = {number for number, those in sent.items() if all(one.state == "cancelled" for one in those)}
    return {number: _stand(tx, box, one, request, rows, gone) for number, (one, request) in found.items()}


def _stand(
    tx: ReadTx, box: Mailbox, letter: Message, request: Request, rows: Mapping[Any, Any], gone: set[int]
) -> Standing:
    key = (letter.mailbox_id, request.organizer, request.series)
    row, whole = rows.get((*key, request.recurrence)), rows.get((*key, ""))
    invited, sender = _find_own(tx, box, request.said)
    ours = row if row is not None and row.answer and row.reply_id not in gone else None
    off = any(one is not None and one.called_off and one.sequence >= request.order[0] for one in (row, whole))
    return Standing(
        request=request,
        row_id=row.id if row else 0,
        event_id=row.event_id if row else None,
        invited=invited,
        sender=sender,
        refused=_refuse(letter, request, invited),
        newer=row is not None and (row.sequence, row.stamped_at) > request.order,
        called_off=off,
        answer=ours.answer if ours else "",
        answered_by_id=ours.answered_by_id if ours else None,
        answered_at=ours.answered_at if ours else None,
        reply_id=ours.reply_id if ours else None,
        outdated=ours is not None and ours.answered < ours.sequence,
    )


def _refuse(letter: Message, request: Request, invited: str) -> HouseError | None:
    said = request.said
    if _writer(letter) is None:
        return Conflict("It is not certain who wrote this: ask them in another way whether they invite you.")
    if not said.uid or len(said.uid) >= LONGEST_UID:
        return Conflict("This invitation bears no mark by which an answer would be known: answer by a letter.")
    if not said.organizer or not _form(said.organizer):
        return Conflict("This invitation does not say who invites: answer by a letter.")
    if not request.organizer:
        return Conflict(
            "%(organizer)s invites, but this letter is by %(writer)s: answer by a letter to whom you know.",
            organizer=said.organizer, writer=letter.from_address,
        )  # fmt: skip
    if not invited:
        return Conflict("No address of this mailbox is among those invited: answer by a letter, or ask to be invited.")
    return None


def _writer(letter: Message) -> str | None:
    """Who wrote it for certain."""
    sure = letter.from_trusted and not (letter.verdicts is not None and letter.verdicts.doubtful)
    return letter.from_address if sure else None


def _find_own(tx: ReadTx, box: Mailbox, said: Invitation) -> tuple[str, str]:
    """The address of the mailbox that is invited, as it was written, and the one that writes for it."""
    directory = read_directory(tx)
    for one in said.attendees:
        if _form(one) and directory.find(one) == box.id:
            own = one.lower() if directory.addresses.get(one.lower()) == box.id else box.address
            return one, own
    return "", ""


def _same(address: str | None, writer: str) -> str:
    """The address in the form in which it is kept if it is the writer's, else ''."""
    form = _form(address or "")
    return form if form and form == _form(writer) else ""


def _form(address: str) -> str:
    try:
        return canonical_address(address)
    except Invalid:
        return ""  # what is no address is nobody's

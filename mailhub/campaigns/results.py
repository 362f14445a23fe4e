"""Who got a mailing, what became of it for each, and what they got."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, bindparam, or_, select
from sqlalchemy import text as sql

from core.database import ReadTx, WriteTx
from core.errors import Invalid, NotFound
from core.paging import Page, cut_page, decode_cursor
from crm.staff.audit import record_audit
from crm.staff.readable import Viewer
from mailhub.campaigns.composing import read_text
from mailhub.campaigns.letters import HOLE, Rendered, hash_of
from mailhub.campaigns.mailings import Mailing, get_mailing
from mailhub.outbound.states import STATES
from mailhub.outbound.tables import recipient

VIEWS = (*STATES, "held", "excluded", "answered", "opened", "clicked", "left")
"""What the recipients of a mailing can be narrowed to: a state, or what they did."""
LAST_CHARACTER = "\U0010ffff"
_DID = {
    "answered": recipient.c.answered_at,
    "opened": recipient.c.opened_at,
    "clicked": recipient.c.clicked_at,
    "left": recipient.c.left_at,
}
_OF = select(recipient).where(recipient.c.mailing_id == bindparam("mailing_id")).order_by(recipient.c.id)
_ONE = select(recipient).where(recipient.c.id == bindparam("id"), recipient.c.mailing_id == bindparam("mailing_id"))


def count_way(one: Mailing) -> list[tuple[str, int]]:
    """How many came so far on the way from sent to answered; what is not kept of openings and clicks is not told."""
    count = one.counts
    sent = sum(count.get(state, 0) for state in ("sent", "bounced", "complained"))
    way = [("sent", sent), ("delivered", sent - count.get("bounced", 0))]
    if one.tracking == "persons":
        way += [(key, count.get(key, 0)) for key in ("opened", "clicked")]
    return [*way, ("answered", count.get("answered", 0))]


def share_of_sent(one: Mailing) -> dict[str, float]:
    """What became of it in hundredths of what was sent, so that mailings can be compared; empty before the first."""
    way = count_way(one)
    sent = way[0][1]
    if not sent:
        return {}
    way += [(key, one.counts.get(key, 0)) for key in ("bounced", "complained", "left")]
    return {key: round(100 * count / sent, 1) for key, count in way}


@dataclass(frozen=True, slots=True)
class Recipient:
    """A row of the list: who it is, and what became of their letter. ``reason`` says why somebody is ``excluded`` or
    ``cancelled``."""

    id: int
    mailing_id: int
    address: str
    name: str
    contact_id: int | None
    counterparty_id: int | None
    language: str
    state: str
    reason: str
    attempts: int
    next_at: int
    reply_code: int
    reply_status: str
    reply_text: str
    sent_at: int | None
    opened_at: int | None
    clicked_at: int | None
    answered_at: int | None
    answer_id: int | None
    left_at: int | None


@dataclass(frozen=True, slots=True)
class Shown:
    """The letter of a recipient. ``proved``: it is what the check rendered before it was sent; None where it was never
    checked."""

    sender: str
    address: str
    letter: Rendered
    proved: bool | None


def list_recipients(
    tx: ReadTx,
    viewer: Viewer,
    mailing_id: int,
    *,
    view: str = "",
    words: str = "",
    after: str | None = None,
    limit: int = 50,
) -> Page[Recipient]:
    """The rows of a list in their order: of one ``view``, or those whose address or domain begins with ``words``.
    Raises NotFound, Invalid."""
    get_mailing(tx, viewer, mailing_id)
    if view and view not in VIEWS:
        raise Invalid("Recipients are shown by one of these: %(views)s.", views=", ".join(VIEWS), field="state")
    statement = _OF
    if view in _DID:
        statement = statement.where(_DID[view].is_not(None))
    elif view:
        statement = statement.where(recipient.c.state == view)
    if words:
        begins = words.lower().strip()
        domain = begins.lstrip("@")
        found = (
            recipient.c.canonical.between(begins, begins + LAST_CHARACTER),
            recipient.c.domain.between(domain, domain + LAST_CHARACTER),
        )
        statement = statement.where(or_(*found))
    if after is not None:
        statement = statement.where(recipient.c.id > decode_cursor(after, (int,))[0])
    page = cut_page(tx.rows(statement.limit(limit + 1), {"mailing_id": mailing_id}), limit, lambda row: (row.id,))
    return Page([_shape(row) for row in page.items], page.next)


_EXPORT = _OF.where(recipient.c.id > bindparam("after")).limit(1000)


def begin_export(tx: WriteTx, viewer: Viewer, mailing_id: int) -> list[Recipient]:
    """Somebody takes the whole list along: a line of the audit log. The first part of it. Raises NotFound."""
    first = export_part(tx, viewer, mailing_id, 0)
    record_audit(tx, viewer.user_id, "mailing-exported", str(mailing_id))
    return first


def export_part(tx: ReadTx, viewer: Viewer, mailing_id: int, after: int) -> list[Recipient]:
    """A thousand rows behind ``after``, for a file. Raises NotFound."""
    get_mailing(tx, viewer, mailing_id)
    return [_shape(row) for row in tx.rows(_EXPORT, {"mailing_id": mailing_id, "after": after})]


def get_recipient(tx: ReadTx, viewer: Viewer, mailing_id: int, recipient_id: int) -> Recipient:
    """One row. Raises NotFound."""
    return _shape(_get(tx, viewer, mailing_id, recipient_id))


_SOME = select(recipient).where(recipient.c.id.in_(bindparam("ids", expanding=True))).order_by(recipient.c.id)


def list_some(tx: ReadTx, ids: Sequence[int]) -> list[Recipient]:
    """Rows by their numbers, of mailings that the reader was allowed to open."""
    return [_shape(row) for row in tx.rows(_SOME, {"ids": list(ids)})] if ids else []


def show_letter(tx: ReadTx, viewer: Viewer, base_url: str, mailing_id: int, recipient_id: int) -> Shown:
    """What a recipient got or will get, rendered again. The address at which they leave is not shown: it is theirs.
    Raises NotFound, Invalid."""
    row = _get(tx, viewer, mailing_id, recipient_id)
    text = read_text(tx, mailing_id)
    kept = row.letter_hash
    proved = None if kept is None else hash_of(text.render(row, HOLE)) == bytes(kept)
    return Shown(text.row.sender, row.address, text.render(row, f"{base_url}/u/…"), proved)


_FIRST = select(recipient.c.id).where(
    recipient.c.mailing_id == bindparam("mailing_id"), sql("recipient.state <> 'excluded'")
)


def find_neighbours(tx: ReadTx, mailing_id: int, recipient_id: int) -> tuple[int | None, int | None]:
    """The recipient before and the one behind, for leafing through letters."""
    asked = {"mailing_id": mailing_id}
    before = tx.value(_FIRST.where(recipient.c.id < recipient_id).order_by(recipient.c.id.desc()).limit(1), asked)
    behind = tx.value(_FIRST.where(recipient.c.id > recipient_id).order_by(recipient.c.id).limit(1), asked)
    return before, behind


def find_first(tx: ReadTx, mailing_id: int) -> int | None:
    """The first who gets it."""
    found = tx.value(_FIRST.order_by(recipient.c.id).limit(1), {"mailing_id": mailing_id})
    return None if found is None else int(found)


def _get(tx: ReadTx, viewer: Viewer, mailing_id: int, recipient_id: int) -> Row[Any]:
    get_mailing(tx, viewer, mailing_id)
    row = tx.row(_ONE, {"id": recipient_id, "mailing_id": mailing_id})
    if row is None:
        raise NotFound("There is no recipient with the number %(id)s.", id=recipient_id)
    return row


def _shape(row: Row[Any]) -> Recipient:
    return Recipient(**{name: getattr(row, name) for name in Recipient.__slots__})

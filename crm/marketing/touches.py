"""Whom marketing events touched: each touch is a line in the history of a client, of the house."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import bindparam, func, select, tuple_

from core import clock
from core.database import ReadTx, WriteTx
from core.errors import Invalid, NotFound
from core.paging import Page, cut_page, decode_cursor
from crm.interactions import HOUSE, TOUCH, interaction, may_write, record_line, remove_line
from crm.marketing.events import get_marketing_event
from crm.marketing.shapes import WAYS, MarketingEvent, Party, Tally, Touch
from crm.parties import find_kept, get_contact, learn_channel, names_of
from crm.parties.tables import counterparty
from crm.staff.readable import Viewer, demand_somewhere

MOST_AT_ONCE = 200
LONGEST_NOTE = 1_000
_OF = interaction.c.marketing_event_id == bindparam("event")


def touch_parties(
    tx: WriteTx,
    viewer: Viewer,
    event_id: int,
    parties: Sequence[Party],
    way: str,
    *,
    at: int | None = None,
    note: str = "",
) -> list[int]:
    """These were touched by a marketing event, ``at`` or now. Whoever was touched by it in this way already is left
    out. Returns the lines that were written. Raises NotFound, Forbidden, Invalid."""
    if not may_write(viewer):
        demand_somewhere(viewer, "comment")
    one, note, at = get_marketing_event(tx, event_id), note.strip(), clock.now() if at is None else at
    if way not in WAYS:
        raise Invalid("There is no way “%(way)s” of being touched.", way=way[:60], field="way")
    if len(note) > LONGEST_NOTE or "\0" in note:
        raise Invalid("This text is longer than %(count)s characters.", count=LONGEST_NOTE, field="note")
    if not 0 <= at <= clock.now():
        raise Invalid("Choose a moment that has been already.", field="at")
    if not parties:
        raise Invalid("Choose whom it touched.", field="parties")
    if len(parties) > MOST_AT_ONCE:
        raise Invalid("Choose %(most)s at most at once.", most=MOST_AT_ONCE, field="parties")
    wanted = list(dict.fromkeys(_kept(tx, party) for party in parties))
    tx.lock_key("touches", event_id)
    there = _known(tx, event_id, way, wanted)
    return [_touch(tx, viewer, one, party, way, at, note) for party in wanted if party not in there]


def drop_touch(tx: WriteTx, viewer: Viewer, event_id: int, touch_id: int) -> None:
    """It did not touch them after all: for who wrote it, and for who answers clients. Raises NotFound, Forbidden."""
    row = tx.row(select(interaction).where(interaction.c.id == touch_id, interaction.c.marketing_event_id == event_id))
    if row is None:
        raise NotFound("Nobody was touched so.")
    if row.author_id != viewer.user_id:
        demand_somewhere(viewer, "answer")
    tx.lock(interaction, touch_id)
    remove_line(tx, row)


def list_touches(tx: ReadTx, event_id: int, *, after: str | None = None, limit: int = 50) -> Page[Touch]:
    """The newest first. Raises Invalid for a bad cursor."""
    place = (interaction.c.happened_at, interaction.c.id)
    statement = select(interaction).where(_OF).order_by(*(one.desc() for one in place)).limit(limit + 1)
    if after is not None:
        statement = statement.where(tuple_(*place) < tuple_(*decode_cursor(after, (int, int))))
    page = cut_page(tx.rows(statement, {"event": event_id}), limit, lambda row: (row.happened_at, row.id))
    return Page([_shape(row) for row in page.items], page.next)


def tally_touches(tx: ReadTx, one: MarketingEvent, since: int) -> Tally:
    """What came of a marketing event. It brought those whom it touched and whose cards were made from ``since`` on, the
    moment at which it began."""
    counted = select(func.count().label("touches"), func.count(interaction.c.counterparty_id.distinct()).label("all"))
    row = tx.rows(counted.where(_OF), {"event": one.id})[0]
    brought = tx.value(select(func.count()).select_from(_brought(since).subquery()), {"event": one.id})
    return Tally(int(row.touches), int(row.all), int(brought))


def list_brought(tx: ReadTx, one: MarketingEvent, since: int, limit: int = 50) -> dict[int, str]:
    """The newest of the clients that it brought, by their ids."""
    ids = tx.values(_brought(since).order_by(counterparty.c.id.desc()).limit(limit), {"event": one.id})
    names = names_of(tx, ids)
    return {client_id: names[client_id] for client_id in ids if client_id in names}


def _brought(since: int) -> Any:
    here = interaction.c.counterparty_id == counterparty.c.id
    return select(counterparty.c.id).join(interaction, here).where(_OF, counterparty.c.created_at >= since).distinct()


def _kept(tx: ReadTx, party: Party) -> Party:
    """As they are now, after merges. Raises NotFound for a person who is not at that client."""
    client_id = find_kept(tx, "counterparty", party.counterparty_id)
    if party.contact_id is None:
        return Party(client_id)
    contact_id = find_kept(tx, "contact", party.contact_id)
    if client_id not in get_contact(tx, contact_id).counterparty_ids:
        raise NotFound("There is no contact with the number %(id)s.", id=party.contact_id)
    return Party(client_id, contact_id)


def _known(tx: ReadTx, event_id: int, way: str, wanted: Sequence[Party]) -> set[Party]:
    clients = sorted({party.counterparty_id for party in wanted})
    here = (interaction.c.counterparty_id.in_(clients), interaction.c.kind == TOUCH, interaction.c.touch == way)
    told = select(interaction.c.counterparty_id, interaction.c.contact_id)
    rows = tx.rows(told.where(*here, interaction.c.marketing_event_id == event_id))
    return {Party(row.counterparty_id, row.contact_id) for row in rows}


def _touch(tx: WriteTx, viewer: Viewer, one: MarketingEvent, party: Party, way: str, at: int, note: str) -> int:
    told = {"contact_id": party.contact_id, "happened_at": at, "subject": one.name, "body": note}
    of = {"marketing_event_id": one.id, "touch": way, "channel_id": one.channel_id}
    by = {"author_id": viewer.user_id, "executor_id": viewer.user_id}
    line_id = record_line(tx, TOUCH, party.counterparty_id, HOUSE, **told, **of, **by)
    if one.channel_id is not None:
        learn_channel(tx, party.counterparty_id, one.channel_id, at)
    return line_id


def _shape(row: Any) -> Touch:
    return Touch(
        row.id, row.marketing_event_id, row.counterparty_id, row.contact_id, row.touch, row.happened_at, row.body,
        row.author_id,
    )  # fmt: skip

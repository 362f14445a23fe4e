"""Marketing events are written, changed, taken away and listed."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from functools import cache
from typing import Any, TypedDict, Unpack

from sqlalchemy import Select, bindparam, delete, select, tuple_

from core import clock
from core.changes import record_change
from core.database import ReadTx, WriteTx
from core.errors import Conflict, Invalid
from core.money import LARGEST, read_currency
from core.paging import Page, cut_page, decode_cursor
from crm.interactions import interaction
from crm.marketing.shapes import KINDS, MarketingEvent
from crm.marketing.tables import marketing_event
from crm.parties import get_channel
from crm.parties.personal import sort_name
from crm.staff.people import get_user
from crm.staff.readable import Viewer, demand_somewhere

LONGEST_NAME = 200
LONGEST_TEXT = 10_000
SORTS = ("", "name", "-name", "date")
"""The newest day first, by name, by name from its end, the oldest day first."""


class Told(TypedDict, total=False):
    """What may be said of a marketing event; ids 0: nobody's."""

    name: str
    kind: str
    channel_id: int
    date_from: str
    date_to: str
    currency: str
    planned: int | None
    spent: int | None
    responsible_id: int
    about: str


def add_marketing_event(tx: WriteTx, viewer: Viewer, **told: Unpack[Told]) -> int:
    """Add one; it needs a name, a kind and the currency of its budget. Raises Forbidden, Invalid, NotFound."""
    demand_somewhere(viewer, "answer")
    for name in ("name", "kind", "currency"):
        if not told.get(name):
            raise Invalid("The field %(name)s has to be filled in.", name=name, field=name)
    values = _read(tx, {"date_from": "", "date_to": ""}, told)
    made = tx.insert(marketing_event, author_id=viewer.user_id, created_at=clock.now(), **values)
    record_change(tx, "marketing.added", made)
    return made


def change_marketing_event(
    tx: WriteTx, viewer: Viewer, event_id: int, *, version: int | None = None, **told: Unpack[Told]
) -> None:
    """Change what is given. Raises NotFound, Forbidden, Invalid; Conflict where ``version`` is not the newest."""
    demand_somewhere(viewer, "answer")
    tx.lock(marketing_event, event_id)
    now = tx.get(marketing_event, event_id)
    if version is not None and version != now.version:
        raise Conflict("Somebody has changed this since you opened it. Look again, then save what you wrote.")
    values = _read(tx, now._asdict(), told)
    tx.change(marketing_event, event_id, **values, version=now.version + 1)
    moved = values.get("channel_id", now.channel_id) != now.channel_id
    record_change(tx, "marketing.rechanneled" if moved else "marketing.changed", event_id)


def drop_marketing_event(tx: WriteTx, viewer: Viewer, event_id: int) -> None:
    """Take one away that touched nobody. Raises NotFound, Forbidden, Conflict."""
    demand_somewhere(viewer, "answer")
    tx.lock(marketing_event, event_id)
    tx.get(marketing_event, event_id)
    touched = select(interaction.c.id).where(interaction.c.marketing_event_id == event_id).limit(1)
    if tx.value(touched) is not None:
        raise Conflict("Clients were touched by it: it stays, with what came of it.")
    tx.execute(delete(marketing_event).where(marketing_event.c.id == event_id))
    record_change(tx, "marketing.removed", event_id)


def get_marketing_event(tx: ReadTx, event_id: int) -> MarketingEvent:
    """Raises NotFound."""
    return _event(tx.get(marketing_event, event_id))


def marketing_events_of(tx: ReadTx, ids: Iterable[int]) -> dict[int, MarketingEvent]:
    """Marketing events by their ids."""
    return {row.id: _event(row) for row in tx.get_all(marketing_event, ids)}


def list_marketing_events(
    tx: ReadTx,
    *,
    kind: str = "",
    channel_id: int | None = None,
    responsible_id: int | None = None,
    sort: str = "",
    after: str | None = None,
    limit: int = 50,
) -> Page[MarketingEvent]:
    """In the order ``sort`` (of ``SORTS``), narrowed by what is told. Raises Invalid for a bad cursor or order."""
    if sort not in SORTS:
        raise Invalid("There is no field “%(name)s” here.", name=sort[:100], field="sort")
    told = {"kind": kind, "channel_id": channel_id, "responsible_id": responsible_id}
    asked: dict[str, Any] = {name: value for name, value in told.items() if value}
    statement = _in_order(sort, frozenset(asked), after is not None)
    if after is not None:
        asked["place"], asked["after"] = decode_cursor(after, (str, int))
    key = "name_folded" if sort.endswith("name") else "date_from"
    page = cut_page(tx.rows(statement, asked | {"most": limit + 1}), limit, lambda row: (getattr(row, key), row.id))
    return Page([_event(row) for row in page.items], page.next)


@cache
def _in_order(sort: str, narrowed: frozenset[str], goes_on: bool) -> Select[Any]:
    column = marketing_event.c.name_folded if sort.endswith("name") else marketing_event.c.date_from
    key, down = (column, marketing_event.c.id), sort in ("", "-name")
    which = [marketing_event.c[name] == bindparam(name) for name in sorted(narrowed)]
    if goes_on:
        place = tuple_(bindparam("place"), bindparam("after"))
        which.append(tuple_(*key) < place if down else tuple_(*key) > place)
    ordered = (one.desc() if down else one for one in key)
    return select(marketing_event).where(*which).order_by(*ordered).limit(bindparam("most"))


def names_of_marketing_events(tx: ReadTx) -> dict[int, str]:
    """What all of them are called: for rules."""
    rows = tx.rows(select(marketing_event.c.id, marketing_event.c.name).order_by(marketing_event.c.date_from.desc()))
    return {row.id: row.name for row in rows}


def _event(row: Any) -> MarketingEvent:
    return MarketingEvent(**{name: getattr(row, name) for name in MarketingEvent.__dataclass_fields__})


def _read(tx: ReadTx, before: dict[str, Any], told: Told) -> dict[str, Any]:
    """The columns among what is said, checked. Raises Invalid, NotFound."""
    values: dict[str, Any] = dict(told)
    if "name" in told:
        name = " ".join(told["name"].split())
        if not 0 < len(name) <= LONGEST_NAME or "\0" in name:
            raise Invalid("A name has 1 to %(most)s characters.", most=LONGEST_NAME, field="name")
        values |= {"name": name, "name_folded": sort_name(name)}
    if told.get("kind", "other") not in KINDS:
        raise Invalid("There is no kind “%(kind)s” of marketing events.", kind=told["kind"][:60], field="kind")
    if "currency" in told:
        values["currency"] = read_currency(told["currency"])
    for name in ("channel_id", "responsible_id"):
        if values.get(name):
            (get_channel if name == "channel_id" else get_user)(tx, values[name])
        elif name in values:
            values[name] = None
    for name in ("planned", "spent"):
        if values.get(name) is not None and not 0 <= values[name] <= LARGEST:
            raise Invalid("A budget is not below zero.", field=name)
    for name in ("date_from", "date_to"):
        values |= {name: _day(values[name], name)} if name in values else {}
    first, last = values.get("date_from", before["date_from"]), values.get("date_to", before["date_to"])
    if last and last < first:
        raise Invalid("The last day is before the first.", field="date_to")
    if len(values.get("about", "")) > LONGEST_TEXT or "\0" in values.get("about", ""):
        raise Invalid("This text is longer than %(count)s characters.", count=LONGEST_TEXT, field="about")
    return values


def _day(text: str, field: str) -> str:
    text = text.strip()
    if not text:
        return ""
    try:
        if len(text) != 10 or not 1970 <= date.fromisoformat(text).year <= 2999:
            raise ValueError(text)
    except ValueError as problem:
        raise Invalid("Write a day as 2026-12-31.", field=field) from problem
    return text

"""The hours in which somebody may be written to, where they live."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from zoneinfo import ZoneInfo

from sqlalchemy import bindparam, select

from core.database import ReadTx
from core.zones import find_zone
from crm.parties.tables import contact, counterparty
from crm.working import HOUSE, find_calendar, find_choice
from mailhub.automatic.shapes import Occasion

_AT_ONCE = 500
_OF_CLIENTS = select(counterparty.c.id, counterparty.c.time_zone).where(
    counterparty.c.id.in_(bindparam("ids", expanding=True)), counterparty.c.time_zone != ""
)
_OF_PEOPLE = select(contact.c.id, contact.c.time_zone).where(
    contact.c.id.in_(bindparam("ids", expanding=True)), contact.c.time_zone != ""
)


def zones_of(tx: ReadTx, occasions: Sequence[Occasion], otherwise: ZoneInfo) -> list[tuple[Occasion, ZoneInfo]]:
    """Each with the zone of its person, else of its client, else that of the house."""
    people, clients = dict[int, str](), dict[int, str]()
    for begin in range(0, len(occasions), _AT_ONCE):
        part = occasions[begin : begin + _AT_ONCE]
        ids = sorted({one.contact_id for one in part if one.contact_id is not None})
        people |= {row.id: row.time_zone for row in tx.rows(_OF_PEOPLE, {"ids": ids})}
        ids = sorted({one.counterparty_id for one in part if one.counterparty_id is not None})
        clients |= {row.id: row.time_zone for row in tx.rows(_OF_CLIENTS, {"ids": ids})}

    def name_of(one: Occasion) -> str:
        return people.get(one.contact_id or 0, "") or clients.get(one.counterparty_id or 0, "")

    return [(one, find_zone(name_of(one)) or otherwise) for one in occasions]


class Hours:
    """When somebody may be written to: the working days and hours of a mailbox, else of the house, read once. Where
    nobody chose any, every hour is one."""

    def __init__(self, tx: ReadTx, scope_id: int) -> None:
        self._calendar = find_calendar(tx, find_choice(tx, scope_id) or find_choice(tx, HOUSE))

    def following(self, zone: ZoneInfo, at: int) -> int:
        """The first moment from this one on, on the clock where the reader lives."""
        return at if self._calendar is None else replace(self._calendar, zone=zone.key).add(at, 0)

    def last(self, zone: ZoneInfo, at: int) -> int:
        """The last one up to this."""
        return at if self._calendar is None else replace(self._calendar, zone=zone.key).back(at)

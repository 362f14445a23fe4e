"""What the pages and the interface do alike with addresses that are not written to, and write down of it
(administrators)."""

from __future__ import annotations

from collections.abc import Sequence

from api.auth import Door
from api.uploads import read_sent_table
from core.database import ReadTx, WriteTx
from core.errors import Conflict, NotFound
from core.paging import Page
from core.secrets import Keys
from crm.staff.audit import record_audit
from crm.staff.readable import Viewer, demand_admin
from mailhub.outbound.suppression import Suppressed, Why, lift_one, list_suppressions, suppress, suppress_all
from mailhub.outbound.suppression_tables import Sheet, Told, read_sheet

ROWS_AT_ONCE = 500


def see_suppressions(
    tx: ReadTx, viewer: Viewer, keys: Keys, address: str | None, after: str | None, limit: int
) -> Page[Suppressed]:
    """A page of the reasons. Raises Forbidden, Invalid."""
    demand_admin(viewer)
    return list_suppressions(tx, keys, address=address, after=after, limit=limit)


def forbid_address(tx: WriteTx, viewer: Viewer, keys: Keys, address: str, reason: Why, detail: str) -> Suppressed:
    """Write to an address no more. Raises Forbidden, Invalid, Conflict when that is so already."""
    demand_admin(viewer)
    if not suppress(tx, keys, address, reason, detail):
        raise Conflict("Nobody writes to this address for that reason already.")
    made = list_suppressions(tx, keys, address=address, limit=1).items[0]
    record_audit(tx, viewer.user_id, "suppression-added", str(made.id), reason=reason)
    return made


def allow_address(tx: WriteTx, viewer: Viewer, suppression_id: int) -> None:
    """Take a reason away. Raises Forbidden, NotFound."""
    demand_admin(viewer)
    if not lift_one(tx, suppression_id):
        raise NotFound("There is no suppression with the number %(id)s.", id=suppression_id)
    record_audit(tx, viewer.user_id, "suppression-lifted", str(suppression_id))


def take_addresses(tx: WriteTx, viewer: Viewer, keys: Keys, told: Sequence[Told], detail: str, said: int | None) -> int:
    """Write to these addresses no more; says for how many that is new. ``said``: of how many in all the audit log
    tells; None when it has told. Raises Forbidden."""
    demand_admin(viewer)
    if said is not None:
        record_audit(tx, viewer.user_id, "suppressions-imported", str(said))
    return suppress_all(tx, keys, [(one.address, one.reason, one.since) for one in told], detail)


async def bring_addresses(door: Door, content: bytes, usual: Why, detail: str) -> tuple[int, Sheet]:
    """A table that another program kept, some hundred rows in a unit, so that nobody waits; the same table again takes
    in what a kill left. Says for how many addresses that is new. Raises Forbidden, Invalid for what is no table,
    TooMuch."""
    await door.read(lambda _tx, viewer: demand_admin(viewer))
    headers, rows = await read_sent_table(door.house, content)
    sheet = read_sheet(headers, rows, usual)
    added = 0
    for at in range(0, len(sheet.told), ROWS_AT_ONCE):
        said = None if at else len(sheet.told)
        some = sheet.told[at : at + ROWS_AT_ONCE]
        added += await door.write(take_addresses, door.house.keys, some, detail, said)
    return added, sheet

"""What is asked about one person: to hand out everything we hold of them, or to forget them.

For administrators alone, and written down. What lies in other people's personal mailboxes is erased too, but handed out
to nobody: an export says how many letters that are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import Row, exists, select

from core import clock
from core.database import ReadTx, WriteTx
from core.errors import Conflict, Invalid, NotFound
from crm.parties import normal_address
from crm.parties.tables import affiliation, contact, party_address
from crm.staff.audit import record_audit
from crm.staff.readable import Viewer, demand_admin
from mailhub.keeping.tables import hold, person_request

TOPIC = "keeping"
What = Literal["export", "erase"]
KEPT = 7 * clock.DAY
"""How long the file of an export can be fetched."""


@dataclass(frozen=True, slots=True)
class PersonRequest:
    """An export or an erasure: ``done`` of ``total`` is how far it is, ``found`` what came of it, by kind."""

    id: int
    kind: What
    about: str
    state: str
    done: int
    total: int
    found: dict[str, int]
    has_file: bool
    error: str
    created_at: int
    finished_at: int | None


def list_requests(tx: ReadTx, viewer: Viewer, most: int = 50) -> list[PersonRequest]:
    """The latest first. Raises Forbidden for who is no administrator."""
    demand_admin(viewer)
    return [_request(row) for row in tx.rows(select(person_request).order_by(person_request.c.id.desc()).limit(most))]


def get_request(tx: ReadTx, viewer: Viewer, request_id: int) -> PersonRequest:
    """Raises Forbidden for who is no administrator, NotFound."""
    demand_admin(viewer)
    return _request(tx.get(person_request, request_id))


def find_file(tx: WriteTx, viewer: Viewer, request_id: int) -> str:
    """The name of the file of an export, which is written down as fetched. Raises Forbidden, NotFound."""
    demand_admin(viewer)
    row = tx.get(person_request, request_id)
    if row.file is None:
        raise NotFound("There is no file: it is not ready, or its time is over.")
    record_audit(tx, viewer.user_id, "person-export-fetched", str(request_id))
    return str(row.file)


def ask_export(tx: WriteTx, viewer: Viewer, *, contact_id: int | None = None, address: str | None = None) -> int:
    """Gather everything we hold of a contact or an address into one file. Raises Forbidden for who is no
    administrator, NotFound, Invalid."""
    return _ask(tx, viewer, "export", contact_id, address)


def ask_erase(
    tx: WriteTx, viewer: Viewer, typed: str, *, contact_id: int | None = None, address: str | None = None
) -> int:
    """Forget a contact or an address; there is no way back. ``typed`` is one of their addresses, typed by whoever asks.
    Raises Forbidden for who is no administrator, NotFound, Invalid where something else was typed, Conflict while
    something of theirs must be kept."""
    demand_admin(viewer)
    names = _names(tx, contact_id, address)
    if typed.strip().lower() not in names:
        raise Invalid("Type the address of the person to erase them; there is no way back.", field="typed")
    if contact_id is not None and tx.value(select(_is_held(contact_id))):
        raise Conflict("Something of this person must be kept. Lift the hold first.")
    return _ask(tx, viewer, "erase", contact_id, address)


def _ask(tx: WriteTx, viewer: Viewer, kind: What, contact_id: int | None, address: str | None) -> int:
    demand_admin(viewer)
    names = _names(tx, contact_id, address)
    about = tx.get(contact, contact_id).name if contact_id is not None else names[0]
    now = clock.now()
    made = tx.insert(
        person_request, kind=kind, contact_id=contact_id, names=names, about=about, user_id=viewer.user_id, found={},
        created_at=now,
    )  # fmt: skip
    action = "person-export" if kind == "export" else "person-erase"
    record_audit(tx, viewer.user_id, action, str(made), contact=contact_id)
    tx.announce(TOPIC)
    return made


def _names(tx: ReadTx, contact_id: int | None, address: str | None) -> list[str]:
    """The addresses, in small letters. Raises NotFound, Invalid."""
    if (contact_id is None) == (address is None):
        raise Invalid("Name a contact or an address.", field="contact_id")
    if address is not None:
        return [normal_address(address).lower()]
    tx.get(contact, contact_id or 0)
    names: Sequence[str] = tx.values(
        select(party_address.c.address).where(party_address.c.contact_id == contact_id).order_by(party_address.c.id)
    )
    if not names:
        raise Invalid("This contact has no address.", field="contact_id")
    return [one.lower() for one in names]


def _is_held(contact_id: int) -> Any:
    return exists().where(
        hold.c.counterparty_id == affiliation.c.counterparty_id, affiliation.c.contact_id == contact_id
    )


def _request(row: Row[Any]) -> PersonRequest:
    return PersonRequest(
        row.id, row.kind, row.about, row.state, row.done, row.total, row.found, row.file is not None, row.error,
        row.created_at, row.finished_at,
    )  # fmt: skip

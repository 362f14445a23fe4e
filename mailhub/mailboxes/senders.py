"""Who wrote this? What people answer for a sender whom nobody knew, in one go with filing the thread."""

from __future__ import annotations

from core.database import WriteTx
from core.errors import Invalid
from crm.parties import add_contact, add_counterparty, get_counterparty, record_not_a_client
from crm.parties.matching import FREE_MAIL, match_address
from crm.staff.readable import Viewer, demand
from mailhub.mailboxes.filing import file_thread, note_refused
from mailhub.mailboxes.handling import get_own

LONGEST_ADDRESS = 320  # RFC 3696, erratum 1690


def introduce_client(
    tx: WriteTx, viewer: Viewer, thread_id: int, name: str, contact_name: str, *, domain: str | None = None
) -> int:
    """A new client with the writer of the thread in it, and the thread filed there. Returns the client's id.

    ``domain`` also names the client from now on. Raises NotFound, Forbidden, Invalid.
    """
    address = _writer_of(tx, viewer, thread_id)
    counterparty_id = add_counterparty(
        tx, name, domains=[domain] if domain and domain not in FREE_MAIL else [], manager_id=None
    )
    contact_id = add_contact(tx, contact_name or address, emails=[address], counterparty_id=counterparty_id)
    file_thread(tx, thread_id, counterparty_id, contact_id, by=viewer)
    return counterparty_id


def introduce_contact(
    tx: WriteTx, viewer: Viewer, thread_id: int, counterparty_id: int, contact_name: str, contact_id: int | None = None
) -> None:
    """The writer belongs to a client we have: remembered as a person there, unless they are one, and the thread filed.

    Raises NotFound, Forbidden, Invalid.
    """
    address = _writer_of(tx, viewer, thread_id)
    get_counterparty(tx, counterparty_id)
    known = match_address(tx, address)
    if contact_id is None and known.by != "address":
        contact_id = add_contact(tx, contact_name or address, emails=[address], counterparty_id=counterparty_id)
    file_thread(tx, thread_id, counterparty_id, contact_id, by=viewer)


def refuse_sender(tx: WriteTx, viewer: Viewer, thread_id: int) -> None:
    """The writer is no client: the letter is kept and nobody is asked again. Raises NotFound, Forbidden."""
    address = _writer_of(tx, viewer, thread_id)
    record_not_a_client(tx, address, viewer.email)
    note_refused(tx, thread_id, by=viewer)


def _writer_of(tx: WriteTx, viewer: Viewer, thread_id: int) -> str:
    row = get_own(tx, viewer, thread_id)
    demand(viewer, "answer", row.scope_id, row.executor_id)
    if not 0 < len(row.who_address) <= LONGEST_ADDRESS:
        raise Invalid("This letter does not say who wrote it. File it under a client by hand.")
    return str(row.who_address)

"""Which way somebody chose for the letters of a mailbox, with the relay of its own, sealed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from sqlalchemy import bindparam, delete, select

from core.database import ReadTx, WriteTx
from core.errors import Invalid, NotFound
from core.secrets import Keys
from crm.staff.audit import record_audit
from crm.staff.readable import Viewer, demand
from mailhub.mailboxes.tables import mailbox
from mailhub.outbound.lane_troubles import end_lane_trouble
from mailhub.outbound.ledger import TOPIC
from mailhub.outbound.relay import Relay, parse_relay
from mailhub.outbound.tables import mailbox_way
from mailhub.outbound.ways import Way

Choice = Literal["usual", "house", "relay", "direct"]
CHOICES: tuple[Choice, ...] = get_args(Choice)
_LONGEST_RELAY = 1000
_SEALED = select(mailbox_way.c.relay).where(mailbox_way.c.mailbox_id == bindparam("mailbox_id"))


@dataclass(frozen=True, slots=True)
class Chosen:
    """How the letters of a mailbox leave; ``server`` is what a relay of its own is called."""

    mailbox_id: int
    way: Choice
    server: str = ""


def get_chosen(tx: ReadTx, viewer: Viewer, mailbox_id: int) -> Chosen:
    """What was chosen for a mailbox that they manage. Raises NotFound, Forbidden."""
    demand(viewer, "manage", _get_seen(tx, viewer, mailbox_id))
    row = tx.row(select(mailbox_way).where(mailbox_way.c.mailbox_id == mailbox_id))
    return Chosen(mailbox_id, "usual") if row is None else Chosen(mailbox_id, row.way, row.server)


def choose_way_of_mailbox(
    tx: WriteTx, keys: Keys, viewer: Viewer, mailbox_id: int, choice: str, relay: str | None = None
) -> Chosen:
    """Let the letters of a mailbox leave so from now on, those too that wait. ``relay`` is written as ``send.relay``
    and kept sealed; None keeps the one that there is. Raises NotFound, Forbidden, Invalid."""
    before = get_chosen(tx, viewer, mailbox_id)
    if choice not in CHOICES:
        raise Invalid("Letters leave by one of these ways: %(ways)s.", ways=", ".join(CHOICES), field="way")
    tx.lock_key("mailbox-way", mailbox_id)
    sealed, server = None, ""
    if choice == "relay" and not relay:
        sealed, server = tx.value(_SEALED, {"mailbox_id": mailbox_id}), before.server
        if sealed is None:
            raise Invalid("Say by which server: smtp://user:password@host:587.", field="relay")
    elif choice == "relay" and relay:
        sealed, server = keys.seal(f"mailbox-relay:{mailbox_id}", relay.strip().encode()), _server(relay)
    tx.execute(delete(mailbox_way).where(mailbox_way.c.mailbox_id == mailbox_id))
    if choice != "usual":
        tx.execute(mailbox_way.insert().values(mailbox_id=mailbox_id, way=choice, relay=sealed, server=server))
    end_lane_trouble(tx, Way("relay", mailbox_id).lane)
    record_audit(tx, viewer.user_id, "mailbox-way-changed", str(mailbox_id), way=choice, server=server)
    tx.announce(TOPIC)
    return get_chosen(tx, viewer, mailbox_id)


def _server(relay: str) -> str:
    """What a relay is called. Raises Invalid."""
    if len(relay) > _LONGEST_RELAY or not relay.strip().isprintable():
        raise Invalid("The relay has to look like smtp://user:password@host:587.", field="relay")
    try:
        return str(parse_relay(relay.strip()))
    except Invalid as problem:
        raise Invalid("The relay has to look like smtp://user:password@host:587.", field="relay") from problem


def open_relay(tx: ReadTx, keys: Keys, mailbox_id: int) -> Relay | None:
    """The relay of a mailbox; None when it has none any more. Raises Unavailable when its seal does not open."""
    sealed = tx.value(_SEALED, {"mailbox_id": mailbox_id})
    if sealed is None:
        return None
    return parse_relay(keys.open(f"mailbox-relay:{mailbox_id}", bytes(sealed)).decode())


def _get_seen(tx: ReadTx, viewer: Viewer, mailbox_id: int) -> int:
    """Its scope. Raises NotFound."""
    seen = sorted(viewer.full | viewer.assigned)
    row = tx.row(select(mailbox.c.scope_id).where(mailbox.c.id == mailbox_id, mailbox.c.scope_id.in_(seen)))
    if row is None:
        raise NotFound("There is no mailbox with the number %(id)s.", id=mailbox_id)
    return int(row.scope_id)

"""Which way somebody chose for the letters of a mailbox, with the relay of its own, sealed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from sqlalchemy import bindparam, delete, select

from core.database import ReadTx, WriteTx
from core.errors import Forbidden, Invalid, NotFound
from core.secrets import Keys
from crm.staff.audit import record_audit
from crm.staff.readable import Viewer, demand
from mailhub.mailboxes.boxes import get_mailbox
from mailhub.mailboxes.tables import mailbox
from mailhub.outbound.lane_troubles import end_lane_trouble
from mailhub.outbound.ledger import TOPIC
from mailhub.outbound.relay import Relay, parse_relay
from mailhub.outbound.tables import mailbox_way
from mailhub.outbound.ways import Way

Choice = Literal["usual", "house", "relay", "direct"]
CHOICES: tuple[Choice, ...] = get_args(Choice)
_LONGEST_RELAY = 1000
_SEALED = select(mailbox_way.c.relay, mailbox_way.c.inside).where(mailbox_way.c.mailbox_id == bindparam("mailbox_id"))


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
    and kept sealed; None keeps the one that there is. One that somebody else than an administrator named is reached on
    the public internet alone. Raises NotFound, Invalid, and Forbidden for who does not manage the mailbox, for a
    personal one for everybody but its owner: its letters go through whatever is named here."""
    before = get_chosen(tx, viewer, mailbox_id)
    box = get_mailbox(tx, mailbox_id)
    if box.kind == "personal" and box.owner_id != viewer.user_id:
        raise Forbidden("Only the owner of a personal mailbox says how its letters leave.")
    if choice not in CHOICES:
        raise Invalid("Letters leave by one of these ways: %(ways)s.", ways=", ".join(CHOICES), field="way")
    tx.lock_key("mailbox-way", mailbox_id)
    sealed, server, inside = None, "", int(viewer.is_admin)
    if choice == "relay" and not relay:
        kept = tx.row(_SEALED, {"mailbox_id": mailbox_id})
        if kept is None or kept.relay is None:
            raise Invalid("Say by which server: smtp://user:password@host:587.", field="relay")
        sealed, server, inside = kept.relay, before.server, kept.inside
    elif choice == "relay" and relay:
        sealed, server = keys.seal(f"mailbox-relay:{mailbox_id}", relay.strip().encode()), _server(relay)
    tx.execute(delete(mailbox_way).where(mailbox_way.c.mailbox_id == mailbox_id))
    if choice != "usual":
        kept_now = {"mailbox_id": mailbox_id, "way": choice, "relay": sealed, "server": server, "inside": inside}
        tx.execute(mailbox_way.insert().values(kept_now))
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


def open_relay(tx: ReadTx, keys: Keys, mailbox_id: int) -> tuple[Relay, bool] | None:
    """The relay of a mailbox, and whether an administrator named it, so that it may lie inside; None when it has none
    any more. Raises Unavailable when its seal does not open."""
    row = tx.row(_SEALED, {"mailbox_id": mailbox_id})
    if row is None or row.relay is None:
        return None
    relay = parse_relay(keys.open(f"mailbox-relay:{mailbox_id}", bytes(row.relay)).decode())
    return None if relay is None else (relay, bool(row.inside))


def _get_seen(tx: ReadTx, viewer: Viewer, mailbox_id: int) -> int:
    """Its scope. Raises NotFound."""
    seen = sorted(viewer.full | viewer.assigned)
    row = tx.row(select(mailbox.c.scope_id).where(mailbox.c.id == mailbox_id, mailbox.c.scope_id.in_(seen)))
    if row is None:
        raise NotFound("There is no mailbox with the number %(id)s.", id=mailbox_id)
    return int(row.scope_id)

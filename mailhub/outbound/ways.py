"""The ways out of a mailbox: the server of its own account where it has one, else the relay of the house; or, where
somebody chose so, a relay of its own, the relay of the house whatever accounts there are, or straight to the servers of
each domain.

Trouble on a way stands in a row of its own: its letters wait until it is tried again, and nobody else's do.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import bindparam, delete, select

from core import clock
from core.changes import record_change
from core.database import ReadTx, WriteTx
from crm.staff.audit import record_audit
from crm.staff.readable import Viewer
from mailhub.mailboxes.account_tables import account
from mailhub.mailboxes.accounts import get_account
from mailhub.mailboxes.connecting import get_own_account
from mailhub.outbound.lane_troubles import LaneTrouble, find_lane_trouble
from mailhub.outbound.tables import mailbox_way, way_trouble

FIRST_PAUSE, LONGEST_PAUSE = 5 * clock.SECOND, 15 * clock.MINUTE
REFUSED_PAUSE = 6 * clock.HOUR  # a wrong password that is tried again and again closes the account there


@dataclass(frozen=True, slots=True)
class Way:
    """How a letter leaves: by the ``house``'s relay, the server of ``account`` number so, the ``relay`` of mailbox
    number so, or ``direct`` to the servers of a domain."""

    kind: Literal["house", "account", "relay", "direct"] = "house"
    number: int = 0
    domain: str = ""

    @property
    def lane(self) -> str:
        """Under which name its trouble is kept, for a relay and a domain."""
        return f"domain {self.domain}" if self.kind == "direct" else f"mailbox {self.number}"


HOUSE = Way()


@dataclass(frozen=True, slots=True)
class WayTrouble:
    """Why letters of an account wait at its own server, since when, and when it is tried again."""

    account_id: int
    sentence: str
    fields: dict[str, Any]
    since: int
    tries: int
    next_at: int


_CHOSEN = select(mailbox_way.c.way).where(mailbox_way.c.mailbox_id == bindparam("mailbox_id"))
_SERVER = select(mailbox_way.c.server).where(mailbox_way.c.mailbox_id == bindparam("mailbox_id"))
_WAY = (
    select(account.c.id)
    .where(account.c.mailbox_id == bindparam("mailbox_id"), account.c.smtp_host.is_not(None), account.c.sends == 1)
    .order_by(account.c.id)
    .limit(1)
)


def find_way(tx: ReadTx, mailbox_id: int, domain: str) -> Way:
    """How a letter of a mailbox leaves for somebody at ``domain``."""
    chosen = tx.value(_CHOSEN, {"mailbox_id": mailbox_id})
    if chosen == "direct":
        return Way("direct", domain=domain)
    if chosen == "relay":
        return Way("relay", mailbox_id)
    found = tx.value(_WAY, {"mailbox_id": mailbox_id}) if chosen is None else None
    return HOUSE if found is None else Way("account", int(found))


def is_resting(tx: ReadTx, way: Way) -> bool:
    """True while the server of an account, or the relay of a mailbox, is left alone."""
    found: WayTrouble | LaneTrouble | None = None
    if way.kind == "account":
        found = find_trouble(tx, way.number)
    elif way.kind == "relay":
        found = find_lane_trouble(tx, way.lane)
    return found is not None and found.next_at > clock.now()


def name_server(tx: ReadTx, way: Way) -> str:
    """What is called that takes the letters on a way other than the house's."""
    if way.kind == "account":
        return find_server(tx, way.number)
    if way.kind == "relay":
        return str(tx.value(_SERVER, {"mailbox_id": way.number}) or "")
    return way.domain


def find_server(tx: ReadTx, account_id: int) -> str:
    """What the server that takes the letters of an account is called. Raises NotFound."""
    one = get_account(tx, account_id)
    return f"{one.smtp_host}:{one.smtp_port}"


def choose_way(tx: WriteTx, viewer: Viewer, account_id: int, *, sends: bool) -> None:
    """Let letters of the mailbox leave by the server of this account, or by the relay of the house. Raises NotFound,
    Forbidden."""
    found = get_own_account(tx, viewer, account_id)
    tx.change(account, found.id, sends=int(sends))
    end_trouble(tx, found.id)
    record_audit(tx, viewer.user_id, "account-changed", str(account_id))


def find_trouble(tx: ReadTx, account_id: int) -> WayTrouble | None:
    """What is the matter with the server of an account; None when nothing is."""
    row = tx.row(select(way_trouble).where(way_trouble.c.account_id == account_id))
    return None if row is None else WayTrouble(**row._mapping)


def record_trouble(
    tx: WriteTx, account_id: int, sentence: str, fields: dict[str, Any], *, refused: bool = False
) -> None:
    """The server of an account cannot be used: leave it alone for a while that doubles, or for long when it ``refused``
    the password. ``since`` stays the first moment."""
    found = find_trouble(tx, account_id)
    now = clock.now()
    tries = 1 if found is None else found.tries + 1
    pause = REFUSED_PAUSE if refused else min(FIRST_PAUSE * 2 ** min(tries - 1, 20), LONGEST_PAUSE)
    values = {"sentence": sentence, "fields": fields, "tries": tries, "next_at": now + pause}
    if found is None:
        tx.insert(way_trouble, account_id=account_id, since=now, **values)
        one = get_account(tx, account_id)
        record_change(tx, "account.changed", account_id, scope_id=one.scope_id, fields={"sends": "no"}, cause="server")
    else:
        tx.execute(way_trouble.update().where(way_trouble.c.account_id == account_id).values(**values))


def end_trouble(tx: WriteTx, account_id: int) -> None:
    """It takes letters again, or has been changed: the next letter is tried at once."""
    if tx.execute(delete(way_trouble).where(way_trouble.c.account_id == account_id)):
        one = get_account(tx, account_id)
        record_change(tx, "account.changed", account_id, scope_id=one.scope_id, fields={"sends": "yes"}, cause="server")

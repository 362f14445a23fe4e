"""The way out of a mailbox: the server of its own account where it has one, else the relay of the house.

Trouble with the server of one account stands in a row of its own: its letters wait until it is tried again, and nobody
else's do.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, delete, select

from core import clock
from core.changes import record_change
from core.database import ReadTx, WriteTx
from crm.staff.audit import record_audit
from crm.staff.readable import Viewer
from mailhub.mailboxes.accounts import account, get_account
from mailhub.mailboxes.connecting import get_own_account
from mailhub.outbound.tables import way_trouble

FIRST_PAUSE, LONGEST_PAUSE = 5 * clock.SECOND, 15 * clock.MINUTE
REFUSED_PAUSE = 6 * clock.HOUR  # a wrong password that is tried again and again closes the account there


@dataclass(frozen=True, slots=True)
class WayTrouble:
    """Why letters of an account wait at its own server, since when, and when it is tried again."""

    account_id: int
    sentence: str
    fields: dict[str, Any]
    since: int
    tries: int
    next_at: int


_WAY = (
    select(account.c.id)
    .where(account.c.mailbox_id == bindparam("mailbox_id"), account.c.smtp_host.is_not(None), account.c.sends == 1)
    .order_by(account.c.id)
    .limit(1)
)


def find_way(tx: ReadTx, mailbox_id: int) -> int | None:
    """The account by whose server letters of a mailbox leave; None for the relay of the house."""
    found = tx.value(_WAY, {"mailbox_id": mailbox_id})
    return None if found is None else int(found)


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

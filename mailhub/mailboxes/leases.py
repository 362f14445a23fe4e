"""Which process holds an account at another server: a lease, so that any number of hosts may run.

The lease names the boot of a process (``core/jobs``) and is free when that boot is silent or gone.
"""

from __future__ import annotations

from sqlalchemy import or_, select, update

from core import jobs
from core.database import ReadTx, WriteTx
from core.errors import Conflict
from mailhub.mailboxes.account_tables import account
from mailhub.mailboxes.accounts import TOPIC


def claim_accounts(tx: WriteTx, boot_name: str) -> list[int]:
    """Take under the lease of this boot every account that no living boot holds; returns all that it holds now and
    that are not paused. Raises Conflict when the boot itself was given up."""
    jobs.demand_boot(tx, boot_name)
    living = [*list_living(tx), boot_name]
    tx.lock_key("accounts")
    free = or_(account.c.boot.is_(None), account.c.boot.not_in(living))
    tx.execute(update(account).where(free, account.c.paused == 0).values(boot=boot_name))
    mine = select(account.c.id).where(account.c.boot == boot_name, account.c.paused == 0)
    return [int(found) for found in tx.values(mine.order_by(account.c.id))]


def release_accounts(tx: WriteTx, boot_name: str) -> None:
    """Let go of every account that this boot holds."""
    tx.execute(update(account).where(account.c.boot == boot_name).values(boot=None))
    tx.announce(TOPIC)


def demand_lease(tx: WriteTx, account_id: int, boot_name: str) -> None:
    """Hold the account for this unit. Raises Conflict when another process has it by now: nothing may be stored."""
    held = select(account.c.id).where(account.c.id == account_id, account.c.boot == boot_name)
    if tx.value(held.with_for_update(key_share=True)) is None:
        raise Conflict("The account was given to another process in the meantime.")


def list_living(tx: ReadTx) -> list[str]:
    """The boots whose heartbeat is young."""
    since = jobs.database_now(tx) - jobs.SILENCE
    return [str(name) for name in tx.values(select(jobs.boot.c.name).where(jobs.boot.c.seen_at > since))]

"""A few facts about the database itself: which one it is, and the *epoch* that every token leaving the house carries.

A restore raises the epoch, so that links and return paths of a lost day reach nobody wrong.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from sqlalchemy import Column, Text, bindparam, select, update

from core.columns import table, text
from core.database import ReadTx, WriteTx

mark = table("mark", Column("name", Text, primary_key=True), text("value"))


@dataclass(frozen=True, slots=True)
class Identity:
    """``instance`` stays for the life of an installation; ``epoch`` grows with every restore; ``held`` is True in a
    restored copy until somebody lets it send."""

    instance: str
    epoch: int
    held: bool


def ensure_identity(tx: WriteTx) -> Identity:
    """The identity of this database, minted at the first start."""
    tx.lock_key("identity")
    if find_mark(tx, "instance") is None:
        set_mark(tx, "instance", secrets.token_hex(8))
        set_mark(tx, "epoch", "1")
    return get_identity(tx)


def get_identity(tx: ReadTx) -> Identity:
    """The identity of a database that was started before."""
    return Identity(find_mark(tx, "instance") or "", int(find_mark(tx, "epoch") or 0), find_mark(tx, "held") == "yes")


def record_restored(tx: WriteTx) -> Identity:
    """Raise the epoch and hold everything that would leave the house."""
    identity = ensure_identity(tx)
    set_mark(tx, "epoch", str(identity.epoch + 1))
    set_mark(tx, "held", "yes")
    return get_identity(tx)


def let_go(tx: WriteTx) -> None:
    """Let a restored copy send."""
    set_mark(tx, "held", "no")


_NOTED = select(mark.c.value).where(mark.c.name == bindparam("name"))


def find_mark(tx: ReadTx, name: str) -> str | None:
    """What was noted last under a name, or None."""
    found = tx.value(_NOTED, {"name": name})
    return None if found is None else str(found)


def set_mark(tx: WriteTx, name: str, value: str) -> None:
    """Note something under a name."""
    if not tx.execute(update(mark).where(mark.c.name == name).values(value=value)):
        tx.insert(mark, name=name, value=value)

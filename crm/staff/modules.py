"""What a company can do without: each part is named here once, and is used until an administrator turns it off.

What is turned off is left out of everything that people and programs reach: routes and entries of menus name their
part (``api/auth/parts``), so do words of rules and lines of histories. What was in it stays as it was and is there
again when it is turned on.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, func, literal_column, select

from core import clock
from core.database import ReadTx, WriteTx
from core.errors import NotFound
from crm.staff.audit import record_audit
from crm.staff.tables import module_off


@dataclass(frozen=True, slots=True)
class Module:
    """A part of the house. ``name`` and ``about`` are message ids; without any of ``needs`` it cannot be used."""

    key: str
    name: str
    about: str
    needs: tuple[str, ...] = ()


class TurnedOff(NotFound):
    """What is asked for belongs to a part that is not used here: missing for everybody, with a word for who may turn it
    on."""


WORDS = {
    "calendar": ("Calendar", "What is planned with clients, tasks, reminders and invitations."),
    "promises": ("Promises", "What was promised, by whom and until when."),
    "documents": ("Documents", "Contracts, offers, orders, invoices, and the items they are about."),
    "suppliers": ("Suppliers", "Terms and price lists of suppliers, and how they keep their word."),
    "fields": ("Own fields", "What else you know of clients, people and documents, in fields of your own."),
    "segments": ("Segments", "Clients and people by rule or by hand."),
    "marketing": ("Marketing", "Advertising channels, exhibitions and campaigns, and the clients that came by them."),
    "mailings": ("Mailings", "Letters to many at once, and what came of them."),
    "automatic": ("Automatic letters", "Letters that go by themselves when something comes due or happens."),
}
NEEDS = {"suppliers": ("documents",), "automatic": ("mailings",)}
MODULES = tuple(Module(key, *words, needs=NEEDS.get(key, ())) for key, words in WORDS.items())
KEYS = frozenset(one.key for one in MODULES)
_ALL = select(module_off.c.key)
_COMMA: Any = literal_column("','")  # a value would be written into the text anew each time the statement is said
JOINED = select(func.coalesce(func.aggregate_strings(module_off.c.key, _COMMA), ""))


def parts_off(keys: Iterable[str]) -> frozenset[str]:
    """The parts that are not used when these were turned off: those that need one of them too."""
    off = set(keys) & KEYS
    for one in MODULES:
        if off.intersection(one.needs):
            off.add(one.key)
    return frozenset(off)


def find_off(tx: ReadTx) -> frozenset[str]:
    """The parts that are not used in this house."""
    return parts_off(tx.values(_ALL))


def turn_off(tx: WriteTx, user_id: int, key: str) -> None:
    """The house does without this part from now on. Raises NotFound."""
    _demand(key)
    tx.lock_key("module", key)
    if tx.value(select(module_off.c.key).where(module_off.c.key == key)) is None:
        tx.insert(module_off, key=key, by_id=user_id, at=clock.now())
        record_audit(tx, user_id, "module-turned-off", key)


def turn_on(tx: WriteTx, user_id: int, key: str) -> None:
    """The house uses this part again, and what it cannot be used without. Raises NotFound."""
    module = _demand(key)
    for one in (*module.needs, key):
        tx.lock_key("module", one)
        if tx.value(select(module_off.c.key).where(module_off.c.key == one)) is not None:
            tx.execute(delete(module_off).where(module_off.c.key == one))
            record_audit(tx, user_id, "module-turned-on", one)


def _demand(key: str) -> Module:
    found = next((one for one in MODULES if one.key == key), None)
    if found is None:
        raise NotFound("There is no part “%(name)s”.", name=key[:50])
    return found

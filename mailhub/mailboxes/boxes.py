"""Mailboxes and the addresses that deliver to them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import Row, bindparam, select, update

from core import clock
from core.changes import record_change
from core.database import ReadTx, WriteTx
from core.errors import Conflict, Invalid, NotFound
from crm.execution import WAYS, Way
from crm.parties import normal_address
from crm.staff.readable import Viewer, demand
from crm.staff.rights import RIGHTS, add_grant, add_scope
from crm.staff.tables import user
from mailhub.mailboxes.tables import mailbox, mailbox_address

Kind = Literal["public", "personal"]
COLOURS = 4


@dataclass(frozen=True, slots=True)
class Mailbox:
    """A mailbox as pages and programs see it. ``rules`` is how many of its rules are switched on; how long answers may
    take is told in ``deadlines``."""

    id: int
    scope_id: int
    address: str
    name: str
    kind: Kind
    owner_id: int | None
    colour: int
    way: Way
    default_executor_id: int | None
    answer_hours: int
    rules: int = 0
    next_hours: int = 0
    client_hours: int = 0
    remind_share: int = 75
    remind_minutes: int = 0
    calendar_key: str = ""
    escalates: bool = True
    escalate_to: tuple[int, ...] | None = None


def add_mailbox(
    tx: WriteTx,
    address: str,
    name: str,
    kind: Kind,
    *,
    owner_id: int | None = None,
    aliases: Iterable[str] = (),
    catch_all: str | None = None,
    way: Way = "manager",
    default_executor_id: int | None = None,
    answer_hours: int = 8,
) -> Mailbox:
    """Add a mailbox with its scope. A personal one belongs to its owner, who gets every right on it.

    Raises Invalid for a bad address, a personal mailbox without an owner, a public one with one; Conflict for an
    address that delivers elsewhere.
    """
    main = normal_address(address)
    if kind not in ("public", "personal"):
        raise Invalid("A mailbox is public or personal.", field="kind")
    if (kind == "personal") != (owner_id is not None):
        raise Invalid("A personal mailbox needs an owner, and a public one has none.", field="owner")
    if way not in WAYS:
        raise Invalid("There is no way of assigning named %(way)s.", way=way, field="way")
    if owner_id is not None:
        tx.get(user, owner_id)
    scope_id = add_scope(tx, kind, owner_id)
    number = len(tx.values(select(mailbox.c.id)))
    mailbox_id = tx.insert(
        mailbox,
        scope_id=scope_id,
        address=main,
        name=name.strip() or main,
        kind=kind,
        owner_id=owner_id,
        colour=number % COLOURS,
        way=way,
        default_executor_id=default_executor_id,
        answer_hours=answer_hours,
        created_at=clock.now(),
    )
    _add_address(tx, mailbox_id, main, "own")
    for alias in aliases:
        _add_address(tx, mailbox_id, normal_address(alias), "alias")
    if catch_all:
        domain = normal_address(f"someone@{catch_all.removeprefix('@')}").partition("@")[2]
        _add_address(tx, mailbox_id, f"@{domain}", "catch-all")
    if owner_id is not None:
        for right in RIGHTS:
            add_grant(tx, scope_id, right, user_id=owner_id)
    record_change(tx, "mailbox.added", mailbox_id, scope_id=scope_id)
    return get_mailbox(tx, mailbox_id)


def set_routing(tx: WriteTx, mailbox_id: int, *, way: Way, default_executor_id: int | None) -> None:
    """How new threads of this mailbox get their executor. Raises NotFound, Invalid."""
    if way not in WAYS:
        raise Invalid("There is no way of assigning named %(way)s.", way=way, field="way")
    tx.lock(mailbox, mailbox_id)
    changed = update(mailbox).where(mailbox.c.id == mailbox_id)
    if not tx.execute(changed.values(way=way, default_executor_id=default_executor_id)):
        raise NotFound("There is no mailbox with the number %(id)s.", id=mailbox_id)


def rule_mailbox(tx: WriteTx, viewer: Viewer, mailbox_id: int, *, way: Way, default_executor_id: int | None) -> None:
    """``set_routing`` by a person: for a mailbox that they see and manage. Raises NotFound, Forbidden, Invalid."""
    row = tx.row(select(mailbox).where(mailbox.c.id == mailbox_id, mailbox.c.scope_id.in_(sorted(viewer.full))))
    if row is None:
        raise NotFound("There is no mailbox with the number %(id)s.", id=mailbox_id)
    demand(viewer, "manage", row.scope_id)
    set_routing(tx, mailbox_id, way=way, default_executor_id=default_executor_id)


def get_mailbox(tx: ReadTx, mailbox_id: int) -> Mailbox:
    """The mailbox. Raises NotFound."""
    return _mailbox(tx.get(mailbox, mailbox_id))


def find_mailbox(tx: ReadTx, address: str) -> Mailbox | None:
    """The mailbox with this address of its own, or None."""
    row = tx.row(select(mailbox).where(mailbox.c.address == address.strip().lower()))
    return None if row is None else _mailbox(row)


_IN_SCOPES = (
    select(mailbox)
    .where(mailbox.c.scope_id.in_(bindparam("scopes", expanding=True)))
    .order_by(mailbox.c.kind.desc(), mailbox.c.name)
)


def list_mailboxes(tx: ReadTx, viewer: Viewer) -> list[Mailbox]:
    """The mailboxes whose letters the viewer may see, public ones first, by name."""
    return [_mailbox(row) for row in tx.rows(_IN_SCOPES, {"scopes": sorted(viewer.full | viewer.assigned)})]


def list_all_mailboxes(tx: ReadTx) -> list[Mailbox]:
    """All mailboxes, for the command line and the administrator's page: that they exist, never what lies in them."""
    return [_mailbox(row) for row in tx.rows(select(mailbox).order_by(mailbox.c.kind.desc(), mailbox.c.name))]


_DELIVERING = select(mailbox_address.c.address, mailbox_address.c.mailbox_id)


def list_addresses(tx: ReadTx) -> dict[str, int]:
    """Every address that delivers → mailbox id; a catch-all stands as ``@domain``."""
    return {row.address: row.mailbox_id for row in tx.rows(_DELIVERING)}


_OWN = select(mailbox_address.c.address).where(mailbox_address.c.mailbox_id == bindparam("mailbox_id"))


def list_addresses_of(tx: ReadTx, mailbox_id: int) -> frozenset[str]:
    """The addresses that deliver to one mailbox."""
    return frozenset(tx.values(_OWN, {"mailbox_id": mailbox_id}))


def _add_address(tx: WriteTx, mailbox_id: int, address: str, kind: str) -> None:
    if tx.value(select(mailbox_address.c.mailbox_id).where(mailbox_address.c.address == address)) is not None:
        raise Conflict("Letters to %(address)s already go to another mailbox.", address=address)
    tx.insert(mailbox_address, address=address, mailbox_id=mailbox_id, kind=kind)


def _mailbox(row: Row[Any]) -> Mailbox:
    return Mailbox(
        id=row.id,
        scope_id=row.scope_id,
        address=row.address,
        name=row.name,
        kind=row.kind,
        owner_id=row.owner_id,
        colour=row.colour,
        way=row.way,
        default_executor_id=row.default_executor_id,
        answer_hours=row.answer_hours,
        rules=row.rules,
        next_hours=row.next_hours,
        client_hours=row.client_hours,
        remind_share=row.remind_share,
        remind_minutes=row.remind_minutes,
        calendar_key=row.calendar_key,
        escalates=bool(row.escalates),
        escalate_to=None if row.escalate_to is None else tuple(row.escalate_to),
    )

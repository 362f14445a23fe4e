"""How clients belong together: the firms behind one, free groups, what one is to another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import bindparam, delete, or_, select

from core import clock
from core.changes import record_change
from core.database import ReadTx, WriteTx
from core.errors import Conflict, Invalid
from core.fulltext import fold
from crm.parties.personal import demand_own
from crm.parties.reading import contacts_named, names_of
from crm.parties.tables import client_group, contact, counterparty, group_member, legal_entity, party_link
from crm.parties.words import Of, lay_words

LINKS = ("partner", "contractor", "dealer", "influencer", "colleague", "relative", "friend", "other")
"""What one may be to the other."""
MOST_FIRMS = 50
LONGEST_NAME = 300
LONGEST_REQUISITES = 4000


@dataclass(frozen=True, slots=True)
class Firm:
    """A legal entity behind a client; ``requisites`` is free text: address, bank, who signs."""

    id: int
    name: str
    tax_number: str
    requisites: str


@dataclass(frozen=True, slots=True)
class Group:
    """A free group of clients."""

    id: int
    name: str


@dataclass(frozen=True, slots=True)
class Link:
    """``other`` is a ``kind`` of this one; the other way round where ``reverse``."""

    id: int
    kind: str
    other_id: int
    name: str
    note: str
    reverse: bool


_FIRMS = (
    select(legal_entity)
    .where(legal_entity.c.counterparty_id.in_(bindparam("ids", expanding=True)))
    .order_by(legal_entity.c.id)
)


def list_firms(tx: ReadTx, counterparty_id: int) -> list[Firm]:
    """The legal entities behind a client, the first one first."""
    return firms_of(tx, [counterparty_id]).get(counterparty_id, [])


def firms_of(tx: ReadTx, counterparty_ids: Sequence[int]) -> dict[int, list[Firm]]:
    """``list_firms`` of several clients; those without one are not there."""
    found: dict[int, list[Firm]] = {}
    for row in tx.rows(_FIRMS, {"ids": list(counterparty_ids)}) if counterparty_ids else ():
        found.setdefault(row.counterparty_id, []).append(Firm(row.id, row.name, row.tax_number, row.requisites))
    return found


def read_tax_number(text: str) -> str:
    """A tax number as tables hold it: letters and digits, upper case; the ways to write it are many. Raises Invalid."""
    number = "".join(filter(str.isalnum, text)).upper()
    if text.strip() and not (4 <= len(number) <= 20 and any(map(str.isdigit, number))):
        raise Invalid("%(number)s is not a tax number.", number=text.strip(), field="tax_number")
    return number


def add_firm(tx: WriteTx, counterparty_id: int, name: str, tax_number: str = "", requisites: str = "") -> int:
    """One more legal entity behind a client. Raises NotFound, Invalid."""
    tx.lock(counterparty, counterparty_id)
    demand_own(tx.get(counterparty, counterparty_id))
    if len(list_firms(tx, counterparty_id)) >= MOST_FIRMS:
        raise Invalid("A client has at most %(count)s legal entities.", count=MOST_FIRMS)
    firm_id = tx.insert(
        legal_entity,
        counterparty_id=counterparty_id,
        created_at=clock.now(),
        **_firm(name, tax_number, requisites),
    )
    _changed(tx, counterparty_id)
    return firm_id


def set_firms(tx: WriteTx, counterparty_id: int, firms: Sequence[Firm]) -> None:
    """The legal entities of a client from now on: those with an ``id`` are kept and written anew, 0 is a new one.
    Raises NotFound, Invalid."""
    tx.lock(counterparty, counterparty_id)
    demand_own(tx.get(counterparty, counterparty_id))
    if len(firms) > MOST_FIRMS:
        raise Invalid("A client has at most %(count)s legal entities.", count=MOST_FIRMS, field="firm")
    there = {one.id: one for one in list_firms(tx, counterparty_id)}
    unknown = [one.id for one in firms if one.id and one.id not in there]
    if unknown:
        tx.get(legal_entity, 0)  # as if there were none
    kept = {one.id for one in firms if one.id}
    for firm_id in there.keys() - kept:
        tx.execute(delete(legal_entity).where(legal_entity.c.id == firm_id))
    for one in firms:
        values = _firm(one.name, one.tax_number, one.requisites)
        if one.id:
            tx.change(legal_entity, one.id, **values)
        else:
            tx.insert(legal_entity, counterparty_id=counterparty_id, created_at=clock.now(), **values)
    _changed(tx, counterparty_id)


def _firm(name: str, tax_number: str, requisites: str) -> dict[str, str]:
    name = " ".join(name.split())
    if not name or len(name) > LONGEST_NAME:
        raise Invalid("A legal entity needs a name of at most %(count)s characters.", count=LONGEST_NAME, field="firm")
    if len(requisites) > LONGEST_REQUISITES:
        raise Invalid("This text is longer than %(count)s characters.", count=LONGEST_REQUISITES, field="requisites")
    return {"name": name, "tax_number": read_tax_number(tax_number), "requisites": requisites.strip()}


def _changed(tx: WriteTx, counterparty_id: int) -> None:
    lay_words(tx, "counterparty", counterparty_id)
    record_change(tx, "counterparty.changed", counterparty_id)


def list_groups(tx: ReadTx) -> list[Group]:
    """All free groups, by name."""
    rows = tx.rows(select(client_group).order_by(client_group.c.name_folded))
    return [Group(row.id, row.name) for row in rows]


_GROUPS_OF = (
    select(group_member.c.counterparty_id, client_group.c.id, client_group.c.name)
    .join(group_member, group_member.c.group_id == client_group.c.id)
    .where(group_member.c.counterparty_id.in_(bindparam("ids", expanding=True)))
    .order_by(client_group.c.name_folded)
)


def list_groups_of(tx: ReadTx, counterparty_id: int) -> list[Group]:
    """The free groups that a client is in, by name."""
    return groups_of(tx, [counterparty_id]).get(counterparty_id, [])


def groups_of(tx: ReadTx, counterparty_ids: Sequence[int]) -> dict[int, list[Group]]:
    """``list_groups_of`` of several clients; those in none are not there."""
    found: dict[int, list[Group]] = {}
    for row in tx.rows(_GROUPS_OF, {"ids": list(counterparty_ids)}) if counterparty_ids else ():
        found.setdefault(row.counterparty_id, []).append(Group(row.id, row.name))
    return found


def set_groups(tx: WriteTx, counterparty_id: int, names: Sequence[str]) -> None:
    """The free groups of a client from now on, by name; one that is new is made. Raises NotFound, Invalid."""
    tx.lock(counterparty, counterparty_id)
    demand_own(tx.get(counterparty, counterparty_id))
    wanted = {_group(tx, " ".join(name.split())) for name in names if name.strip()}
    here = group_member.c.counterparty_id == counterparty_id
    tx.execute(delete(group_member).where(here))
    tx.insert_many(group_member, [{"group_id": one, "counterparty_id": counterparty_id} for one in sorted(wanted)])
    record_change(tx, "counterparty.changed", counterparty_id)


def _group(tx: WriteTx, name: str) -> int:
    if len(name) > 100:
        raise Invalid("The name of a group has at most %(count)s characters.", count=100, field="groups")
    folded = fold(name)
    tx.lock_key("client_group", folded)
    found = tx.value(select(client_group.c.id).where(client_group.c.name_folded == folded))
    return int(found) if found is not None else tx.insert(client_group, name=name, name_folded=folded)


def add_link(tx: WriteTx, of: Of, from_id: int, to_id: int, kind: str, note: str = "") -> int:
    """Say that ``from`` is a ``kind`` of ``to``. Raises NotFound, Invalid, Conflict when it is said already."""
    if kind not in LINKS:
        raise Invalid("There is no kind of link “%(kind)s”.", kind=kind, field="kind")
    if from_id == to_id:
        raise Invalid("Choose somebody else to link with.", field="other_id")
    table = counterparty if of == "counterparty" else contact
    for one in sorted((from_id, to_id)):
        tx.lock(table, one)
        demand_own(tx.get(table, one))
    here = (party_link.c.of == of) & (party_link.c.from_id == from_id) & (party_link.c.to_id == to_id)
    if tx.value(select(party_link.c.id).where(here, party_link.c.kind == kind)) is not None:
        raise Conflict("They are linked in this way already.")
    values = {"of": of, "from_id": from_id, "to_id": to_id, "kind": kind, "note": note.strip()}
    link_id = tx.insert(party_link, created_at=clock.now(), **values)
    record_change(tx, f"{of}.changed", from_id)
    record_change(tx, f"{of}.changed", to_id)
    return link_id


def drop_link(tx: WriteTx, of: Of, party_id: int, link_id: int) -> None:
    """Take back what was said of a party, from either side. Raises NotFound."""
    row = tx.get(party_link, link_id)
    if row.of != of or party_id not in (row.from_id, row.to_id):
        tx.get(party_link, 0)  # as if there were none
    tx.execute(delete(party_link).where(party_link.c.id == link_id))
    record_change(tx, f"{of}.changed", row.from_id)
    record_change(tx, f"{of}.changed", row.to_id)


_LINKS = (
    select(party_link)
    .where(
        party_link.c.of == bindparam("of"),
        or_(party_link.c.from_id == bindparam("id"), party_link.c.to_id == bindparam("id")),
    )
    .order_by(party_link.c.id)
    .limit(bindparam("most"))
)


def list_links(tx: ReadTx, of: Of, party_id: int, most: int = 100) -> list[Link]:
    """What others are to a party, and it to others."""
    rows = tx.rows(_LINKS, {"of": of, "id": party_id, "most": most})
    others = [row.to_id if row.from_id == party_id else row.from_id for row in rows]
    names = (names_of if of == "counterparty" else contacts_named)(tx, others)
    return [
        Link(row.id, row.kind, other, names.get(other, ""), row.note, reverse=row.from_id == party_id)
        for row, other in zip(rows, others, strict=True)
    ]

"""Two clients, or two people, turn out to be one: what is known of one goes to the other, and can come back.

Every row that goes is written into a journal. To take a merge back is to give back what still is as the merge left it;
what somebody has changed since, and what was born since, stays.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, delete, literal, or_, select

from core import clock
from core.changes import record_change
from core.database import ReadTx, WriteTx
from core.errors import Conflict, Invalid
from core.jobs import enqueue
from crm.attributes import lay_values
from crm.parties.journal import Journal, naming, table_of, take_back
from crm.parties.managers import record_manager
from crm.parties.merge_tables import party_merge
from crm.parties.personal import demand_own
from crm.parties.reading import contacts_named, names_of
from crm.parties.tables import affiliation, counterparty, party_address, party_link, party_phone
from crm.parties.verbs import ADDRESSES_MOVED
from crm.parties.words import Of, lay_words

_FILLED = {
    "counterparty": ("manager_id", "channel_id", "city", "city_folded", "language", "time_zone", "birthday", "about"),
    "contact": ("position", "position_folded", "language", "time_zone", "birthday", "about"),
}
_SAME = {"party_address": (party_address, "address"), "party_phone": (party_phone, "number")}


@dataclass(frozen=True, slots=True)
class Merge:
    """``gone_id`` was merged into ``kept_id``; ``name`` is that of the gone one."""

    id: int
    of: Of
    kept_id: int
    gone_id: int
    name: str
    by_id: int | None
    at: int
    undone_at: int | None


def merge_parties(tx: WriteTx, of: Of, kept_id: int, gone_id: int, *, by_id: int | None = None) -> int:
    """Let everything that names ``gone`` name ``kept``, which takes over what it does not know itself. Returns the
    merge. Raises NotFound, Invalid for the same one twice, Conflict where one of them is merged already."""
    table = table_of(of)
    if kept_id == gone_id:
        raise Invalid("Choose another one to merge with.", field="gone_id")
    for one in sorted((kept_id, gone_id)):
        tx.lock(table, one)
    kept, gone = tx.get(table, kept_id), tx.get(table, gone_id)
    for row in (kept, gone):
        demand_own(row)
    values = {"of": of, "kept_id": kept_id, "gone_id": gone_id, "by_id": by_id, "at": clock.now()}
    journal = Journal(tx, tx.insert(party_merge, **values))
    addresses = _addresses(tx, of, gone_id)
    if of == "counterparty":
        _move_parts(journal, kept, gone)
    _fill(journal, of, kept, gone, by_id)
    for place, has_id in naming(of):
        column = place.c[f"{of}_id"]
        if place.name in _SAME:
            _drop_same(journal, of, kept_id, gone_id, *_SAME[place.name])
        if has_id:
            journal.move(column, gone_id, kept_id)
        else:
            _move_rows(journal, place, column.name, kept_id, gone_id)
    _move_links(journal, of, kept_id, gone_id)
    tx.change(table, gone_id, merged_into=kept_id, version=gone.version + 1)
    tx.change(table, kept_id, version=kept.version + 1)
    _tell(tx, of, kept_id, gone_id, "merged", addresses)
    return journal.merge_id


def unmerge_parties(
    tx: WriteTx, merge_id: int, stays: dict[str, Collection[int]], *, by_id: int | None = None
) -> Merge:
    """Take a merge back. ``stays`` are ids, by table, of rows that people have put where they are since. Raises
    NotFound, Conflict where it is taken back already, or the kept one has been merged itself since."""
    tx.lock(party_merge, merge_id)
    merge = get_merge(tx, merge_id)
    table = table_of(merge.of)
    for one in sorted((merge.kept_id, merge.gone_id)):
        tx.lock(table, one)
    kept = tx.get(table, merge.kept_id)
    if merge.undone_at is not None:
        raise Conflict("This merge has been taken back already.")
    demand_own(kept)
    manager_id = getattr(kept, "manager_id", None)
    take_back(tx, merge.of, merge_id, stays)
    gone = tx.get(table, merge.gone_id)
    tx.change(table, merge.gone_id, merged_into=None, version=gone.version + 1)
    tx.change(table, merge.kept_id, version=kept.version + 1)
    if merge.of == "counterparty" and (now := tx.get(table, merge.kept_id).manager_id) != manager_id:
        record_manager(tx, merge.kept_id, manager_id, now, by_id)
    tx.change(party_merge, merge_id, undone_at=clock.now())
    _tell(tx, merge.of, merge.kept_id, merge.gone_id, "parted", _addresses(tx, merge.of, merge.gone_id))
    return get_merge(tx, merge_id)


def get_merge(tx: ReadTx, merge_id: int) -> Merge:
    """Raises NotFound."""
    row = tx.get(party_merge, merge_id)
    return _merges(tx, row.of, [row])[0]


def find_kept(tx: ReadTx, of: Of, party_id: int) -> int:
    """Whom a party was merged into in the end; itself where it was not. Raises NotFound."""
    table = table_of(of)
    while (into := tx.get(table, party_id).merged_into) is not None:
        party_id = into
    return party_id


_OF = (
    select(party_merge)
    .where(party_merge.c.of == bindparam("of"), party_merge.c.kept_id == bindparam("id"))
    .order_by(party_merge.c.id.desc())
    .limit(50)
)


def list_merges(tx: ReadTx, of: Of, party_id: int) -> list[Merge]:
    """What was merged into a party, the newest first, with what was taken back again."""
    return _merges(tx, of, tx.rows(_OF, {"of": of, "id": party_id}))


def forget_merges(tx: WriteTx, of: Of, party_id: int) -> None:
    """Nothing of a party comes back any more: it is forgotten, with those who were merged into it."""
    theirs = or_(party_merge.c.kept_id == party_id, party_merge.c.gone_id == party_id)
    tx.execute(delete(party_merge).where(party_merge.c.of == of, theirs))
    tx.execute(delete(table_of(of)).where(table_of(of).c.merged_into == party_id))


def _merges(tx: ReadTx, of: Of, rows: Any) -> list[Merge]:
    names = (names_of if of == "counterparty" else contacts_named)(tx, (row.gone_id for row in rows))
    return [
        Merge(row.id, row.of, row.kept_id, row.gone_id, names.get(row.gone_id, ""), row.by_id, row.at, row.undone_at)
        for row in rows
    ]


def _addresses(tx: ReadTx, of: Of, party_id: int) -> list[str]:
    """Those of the party, and of the people there: whoever was at both is at one now."""
    theirs = party_address.c[f"{of}_id"] == party_id
    if of == "counterparty":
        people = select(affiliation.c.contact_id).where(affiliation.c.counterparty_id == party_id)
        theirs = theirs | party_address.c.contact_id.in_(people)
    return tx.values(select(party_address.c.address).where(theirs).distinct())


def _tell(tx: WriteTx, of: Of, kept_id: int, gone_id: int, what: str, addresses: list[str]) -> None:
    """The words, the letters of the addresses, and whoever follows."""
    for one in (kept_id, gone_id):
        lay_words(tx, of, one)
    if addresses:
        enqueue(tx, ADDRESSES_MOVED, {"addresses": sorted(addresses)})
    record_change(tx, f"{of}.{what}", kept_id, fields={"gone_id": gone_id})
    record_change(tx, f"{of}.changed", kept_id)
    record_change(tx, f"{of}.changed", gone_id)


def _fill(journal: Journal, of: Of, kept: Any, gone: Any, by_id: int | None) -> None:
    """What the kept one does not know of itself, it takes over."""
    table = table_of(of)
    for name in _FILLED[of]:
        before, value = getattr(kept, name), getattr(gone, name)
        if value and not before:
            journal.set(table, kept.id, name, before, value)
            if name == "manager_id":
                record_manager(journal.tx, kept.id, before, value, by_id)
    known = kept.attributes or {}
    learned = {key: value for key, value in (gone.attributes or {}).items() if key not in known}
    journal.learn(table, kept.id, learned)
    lay_values(journal.tx, of, table, kept.id, known, known | learned)
    if of == "counterparty":
        _fill_first(journal, kept, gone)
        roles = [*kept.roles, *(role for role in gone.roles if role not in kept.roles)]
        if roles != kept.roles:
            journal.set(table, kept.id, "roles", kept.roles, roles)


def _fill_first(journal: Journal, kept: Any, gone: Any) -> None:
    """Of the two first channels the earlier one is that of both."""
    if gone.first_channel_at is None or (kept.first_channel_at or gone.first_channel_at + 1) <= gone.first_channel_at:
        return
    for name in ("first_channel_id", "first_channel_at", "first_channel_said_at"):
        journal.set(counterparty, kept.id, name, getattr(kept, name), getattr(gone, name))


def _move_parts(journal: Journal, kept: Any, gone: Any) -> None:
    """Those below the gone one stand below the kept one; whoever stands above the kept one stays above it."""
    tx = journal.tx
    above, one = {kept.id}, kept.parent_id
    while one is not None and one not in above:
        above.add(one)
        one = tx.get(counterparty, one).parent_id
    for row in tx.rows(select(counterparty.c.id).where(counterparty.c.parent_id == gone.id)):
        below = gone.parent_id if row.id in above else kept.id
        journal.set(counterparty, row.id, "parent_id", gone.id, below)
    if kept.parent_id is None and gone.parent_id is not None and not _stands_below(tx, gone.parent_id, kept.id):
        journal.set(counterparty, kept.id, "parent_id", None, gone.parent_id)
        journal.set(counterparty, kept.id, "parent_as", kept.parent_as, gone.parent_as)


def _stands_below(tx: ReadTx, one: int | None, top: int) -> bool:
    seen: set[int] = set()
    while one is not None and one not in seen:
        if one == top:
            return True
        seen.add(one)
        one = tx.get(counterparty, one).parent_id
    return False


def _drop_same(journal: Journal, of: Of, kept_id: int, gone_id: int, table: Any, key: str) -> None:
    """What both have goes once."""
    owner = table.c[f"{of}_id"]
    known = select(table.c[key]).where(owner == kept_id)
    for row in journal.tx.rows(select(table).where(owner == gone_id, table.c[key].in_(known))):
        journal.replace(table, dict(row._mapping), None)


def _move_rows(journal: Journal, table: Any, column: str, kept_id: int, gone_id: int) -> None:
    """Rows without ids of their own: each is replaced, or only taken away where the kept one has such a row."""
    for row in journal.tx.rows(select(table).where(table.c[column] == gone_id)):
        old = dict(row._mapping)
        new = old | {column: kept_id}
        key = [one.name for one in table.primary_key] or list(new)
        same = select(literal(1)).select_from(table).where(*(table.c[name] == new[name] for name in key))
        journal.replace(table, old, None if journal.tx.value(same) else new)


def _move_links(journal: Journal, of: Of, kept_id: int, gone_id: int) -> None:
    """Links of one to itself, and those that are said twice, go."""
    theirs = or_(party_link.c.from_id == gone_id, party_link.c.to_id == gone_id)
    for row in journal.tx.rows(select(party_link).where(party_link.c.of == of, theirs).order_by(party_link.c.id)):
        old = dict(row._mapping)
        new = old | {name: kept_id for name in ("from_id", "to_id") if old[name] == gone_id}
        key = [party_link.c[name] == new[name] for name in ("of", "from_id", "to_id", "kind")]
        twice = new["from_id"] == new["to_id"] or journal.tx.value(select(party_link.c.id).where(*key)) is not None
        journal.replace(party_link, old, None if twice else new)

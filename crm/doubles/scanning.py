"""Clients of the base who say the same: keys in the order of their index, some thousands at a time, and of those only
what stands there more than once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import combinations
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, bindparam, func, null, select, text

from core.database import ReadTx
from crm.parties.matching import FREE_MAIL
from crm.parties.tables import affiliation, counterparty, legal_entity, party_address, party_phone, party_word

STAGES = ("tax_number", "address", "phone", "domain", "name")
"""By what clients are compared, one after the other. The last is done by a process of its own."""
AT_ONCE = 10_000
MOST_SHARED = 12
"""Clients with one key. What more of them have, an accountant's telephone say, tells nothing."""
_KEYS = 400


class Found(NamedTuple):
    """Two clients, the smaller id first, and by what."""

    one_id: int
    other_id: int
    reason: str


def scan_part(tx: ReadTx, stage: str, after: str) -> tuple[list[Found], str | None]:
    """Pairs among the next keys behind ``after``, and the last of these; None where there are no more."""
    column = _COLUMNS[stage]
    upto = tx.values(_upto(column, stage), {"after": after, "step": AT_ONCE})
    statement, bounds = _twice(column, stage), {"after": after}
    if upto:
        statement, bounds = statement.where(column <= bindparam("upto")), bounds | {"upto": upto[0]}
    keys = [key for key in tx.values(statement, bounds) if stage != "domain" or _is_domain(key)]
    found: dict[Found, None] = {}
    for start in range(0, len(keys), _KEYS):
        for holders in _holders(tx, stage, keys[start : start + _KEYS]):
            for one, other in _pairs(holders):
                found[Found(one, other, stage)] = None
    return list(found), upto[0] if upto else None


def list_names(tx: ReadTx, after: tuple[str, int] | None) -> list[tuple[int, str]]:
    """The next clients with their names as they are sorted, behind a name and id."""
    place = after or ("", 0)
    rows = tx.rows(_NAMES, {"name": place[0], "id": place[1], "most": AT_ONCE})
    return [(row.id, row.name_folded) for row in rows]


_COLUMNS: dict[str, ColumnElement[str]] = {
    "tax_number": legal_entity.c.tax_number,
    "address": party_address.c.address,
    "phone": party_phone.c.number,
    "domain": party_word.c.word,
}
_AMONG: dict[str, list[ColumnElement[bool]]] = {
    "tax_number": [text("legal_entity.tax_number <> ''")],  # type: ignore[list-item]  # as its index says
    "domain": [party_word.c.of == "counterparty"],
}
_NAMES = (
    select(counterparty.c.id, counterparty.c.name_folded)
    .where(
        text("counterparty.merged_into IS NULL"),
        (counterparty.c.name_folded > bindparam("name"))
        | ((counterparty.c.name_folded == bindparam("name")) & (counterparty.c.id > bindparam("id"))),
        counterparty.c.name_folded >= bindparam("name"),
    )
    .order_by(counterparty.c.name_folded, counterparty.c.id)
    .limit(bindparam("most"))
)


def _upto(column: ColumnElement[str], stage: str) -> Select[Any]:
    here = [column > bindparam("after"), *_AMONG.get(stage, ())]
    return select(column).where(*here).order_by(column).limit(1).offset(bindparam("step"))


def _twice(column: ColumnElement[str], stage: str) -> Select[Any]:
    here = [column > bindparam("after"), *_AMONG.get(stage, ())]
    if stage == "domain":
        here.append(column.like("%.%"))
    return select(column).where(*here).group_by(column).having(func.count() > 1)


def _is_domain(word: str) -> bool:
    return "@" not in word and word not in FREE_MAIL


def _holders(tx: ReadTx, stage: str, keys: Sequence[str]) -> Iterator[list[set[int]]]:
    """For each key those who have it: each a row, as the clients that it tells of."""
    holders: dict[tuple[str, int], set[int]] = {}
    for row in tx.rows(_OWNED[stage], {"keys": list(keys)}):
        holders.setdefault((row.key, row.id), set()).update({row.client_id, row.at} - {None})
    found: dict[str, list[set[int]]] = {}
    for (key, _), clients in holders.items():
        found.setdefault(key, []).append(clients)
    yield from found.values()


def _named(*columns: ColumnElement[Any]) -> list[ColumnElement[Any]]:
    return [column.label(name) for column, name in zip(columns, ("key", "id", "client_id", "at"), strict=True)]


def _reached(table: Any, column: ColumnElement[str]) -> Select[Any]:
    """One and the same person at two clients tells nothing of these: each row of an address or a telephone is one."""
    return (
        select(*_named(column, table.c.id, table.c.counterparty_id, affiliation.c.counterparty_id))
        .outerjoin(affiliation, affiliation.c.contact_id == table.c.contact_id)
        .where(column.in_(bindparam("keys", expanding=True)))
    )


def _owned(
    column: ColumnElement[str], holder: ColumnElement[int], client: ColumnElement[int], stage: str
) -> Select[Any]:
    """Rows that are of a client alone."""
    wanted = column.in_(bindparam("keys", expanding=True))
    return select(*_named(column, holder, client, null())).where(wanted, *_AMONG[stage])


_OWNED: dict[str, Select[Any]] = {
    "tax_number": _owned(legal_entity.c.tax_number, legal_entity.c.id, legal_entity.c.counterparty_id, "tax_number"),
    "address": _reached(party_address, party_address.c.address),
    "phone": _reached(party_phone, party_phone.c.number),
    "domain": _owned(party_word.c.word, party_word.c.party_id, party_word.c.party_id, "domain"),
}


def _pairs(holders: Sequence[Iterable[int]]) -> Iterator[tuple[int, int]]:
    clients = {one for holder in holders for one in holder}
    if len(clients) > MOST_SHARED:
        return
    for some, others in combinations(holders, 2):
        for one in some:
            for other in others:
                if one != other:
                    yield min(one, other), max(one, other)

"""Many clients with one person each, laid set by set, of whom a known share can get no mailing: the same address in
another spelling, addresses that must not be written to, addresses that are none, people who said no or have none."""

from __future__ import annotations

from core import clock
from core.database import WriteTx
from core.secrets import Keys
from crm.parties.tables import contact
from mailhub.outbound.suppression import digests_of
from mailhub.outbound.tables import suppression

DOMAINS = 997
_SERIES = "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < :last) "
_LAY = (
    "INSERT INTO counterparty (id, name, name_folded, kind, roles, city, city_folded, language, created_at) "
    + _SERIES
    + "SELECT i + :first, 'Client ' || i, 'client ' || i, 'company', CAST('[]' AS {json}), 'City ' || (i % 50), "
    "'city ' || (i % 50), 'uk', :now FROM n",
    "INSERT INTO contact (id, name, name_folded, position, position_folded, created_at) "
    + _SERIES
    + "SELECT i + :first, 'Reader ' || i, 'reader ' || i, 'Buyer', 'buyer', :now FROM n",
    "INSERT INTO affiliation (contact_id, counterparty_id, position, position_folded) "
    + _SERIES
    + "SELECT i + :first, i + :first, '', '' FROM n",
    "INSERT INTO party_address (address, contact_id, kind) "
    + _SERIES
    + "SELECT CASE WHEN i % 100 = 1 THEN 'READER' || (i - 1) || '@Client' || ((i - 1) % :domains) || '.Example' "
    "WHEN i % 200 = 11 THEN 'not known ' || i "
    "ELSE 'reader' || i || '@client' || (i % :domains) || '.example' END, i + :first, '' FROM n WHERE i % 200 <> 31",
    "INSERT INTO consent (contact_id, given, source, at) "
    + _SERIES
    + "SELECT i + :first, 0, 'A call', :now FROM n WHERE i % 100 = 23",
)


def lay_crowd(tx: WriteTx, keys: Keys, people: int, *, first: int = 1) -> None:
    """So many of them, from number 0; their contacts and clients have the ids from ``first`` on, where nobody
    is yet."""
    told = {"first": first, "last": people - 1, "now": clock.now(), "domains": DOMAINS}
    for statement in _LAY:
        named = {name: value for name, value in told.items() if f":{name}" in statement}
        tx.sql(statement.format(json="TEXT" if tx.is_sqlite else "JSONB"), **named)
    gone = [number for number in range(people) if why_not(number) == "bounce"]
    tx.insert_many(
        suppression,
        [
            {"address_hash": digests_of(keys, address_of(number))[0], "reason": "bounce", "detail": "", "created_at": 1}
            for number in gone
        ],
    )
    if not tx.is_sqlite:
        for one in ("counterparty", contact.name):
            tx.sql(f"SELECT setval(pg_get_serial_sequence('{one}', 'id'), {first + people})")
        tx.sql("ANALYZE")  # as it does by itself; on SQLite nobody ever says it


def address_of(number: int) -> str:
    """The address of one of them, as a letter to them names it."""
    return f"reader{number}@client{number % DOMAINS}.example"


def why_not(number: int) -> str:
    """Why one of them gets nothing; '' for the others."""
    if number % 200 == 31:
        return "no_address"
    if number % 200 == 11:
        return "no_letter_address"
    if number % 100 == 23:
        return "refused"
    if number % 100 == 1:
        return "twice"
    return "bounce" if number % 50 == 7 else ""

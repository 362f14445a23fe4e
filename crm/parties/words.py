"""By what a client or a person is found while somebody types: beginnings of words, in any order.

Words are folded as those of letters are, so case, accents and apostrophes do not matter in any of the languages. A name
is found without its legal form, a telephone with and without its country, an address whole and by its parts, a firm
behind a client by its name and tax number. Every question goes by the index, and begins at its rarest word.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any, Literal

from sqlalchemy import ColumnElement, Select, and_, bindparam, delete, exists, func, or_, select

from core.database import ReadTx, WriteTx
from core.fulltext import fold
from core.fulltext import words as cut
from crm.parties.phones import national
from crm.parties.tables import (
    contact,
    counterparty,
    counterparty_domain,
    legal_entity,
    party_address,
    party_phone,
    party_word,
)

Of = Literal["counterparty", "contact"]
MOST_TERMS = 6
MOST_FOUND = 1000
_LONGEST = 64
_MOST_WORDS = 200  # of one party
_COUNTED = 2000
_LAST = "\U0010ffff"
_NUMBER = re.compile(r"[+()\d\s./-]+")
_FEWEST_DIGITS = 3
_FORMS = """
тов тзов тдв пп фоп прат пат ат дп кп товариство обмеженою відповідальністю приватне підприємство акціонерне
ооо оао зао пао ао ип чп общество ограниченной ответственностью еоод оод ад еад ет сд дзд дружество
llc ltd limited inc incorporated corp corporation co company plc gmbh ag kg ohg sa sarl sas srl spa sro bv nv ab oy
aps as kft zrt sp zoo doo cong ty tnhh cp tmdv jsc mtv
"""
LEGAL_FORMS = frozenset(_FORMS.split())
"""Words of names that say nothing of who it is."""


def name_words(name: str) -> list[str]:
    """The words of a name without its legal form; all of them where nothing else is left."""
    found = cut(name)
    return [word for word in found if word not in LEGAL_FORMS] or found


def words_of(
    names: Iterable[str], addresses: Iterable[str] = (), phones: Iterable[str] = (), tax_numbers: Iterable[str] = ()
) -> frozenset[str]:
    """All words that a party is found by. ``addresses`` may be domains, ``phones`` are E.164."""
    found: dict[str, None] = {}
    for name in names:
        found.update(dict.fromkeys(name_words(name)))
    for address in addresses:
        folded = fold(address)
        found.update(dict.fromkeys([folded, *([folded.partition("@")[2]] if "@" in folded else []), *cut(address)]))
    for phone in phones:
        digits = phone.removeprefix("+")
        found.update(dict.fromkeys([digits, national(phone), digits[-7:]]))
    for number in tax_numbers:
        found.update(dict.fromkeys([fold("".join(filter(str.isalnum, number))), *cut(number)]))
    return frozenset([word[:_LONGEST] for word in found if word][:_MOST_WORDS])


def lay_words(tx: WriteTx, of: Of, party_id: int) -> None:
    """Let the index say what the tables say of this party. Whoever changes one of them calls this afterwards."""
    here = (party_word.c.of == of) & (party_word.c.party_id == party_id)
    before = frozenset(tx.values(select(party_word.c.word).where(here)))
    now = _words_now(tx, of, party_id)
    if gone := before - now:
        tx.execute(delete(party_word).where(here, party_word.c.word.in_(sorted(gone))))
    tx.insert_many(party_word, [{"of": of, "word": word, "party_id": party_id} for word in sorted(now - before)])


def _words_now(tx: ReadTx, of: Of, party_id: int) -> frozenset[str]:
    table, owner = (counterparty, "counterparty_id") if of == "counterparty" else (contact, "contact_id")
    names = tx.values(select(table.c.name).where(table.c.id == party_id, table.c.merged_into.is_(None)))
    addresses = tx.values(select(party_address.c.address).where(party_address.c[owner] == party_id))
    phones = tx.values(select(party_phone.c.number).where(party_phone.c[owner] == party_id))
    firms = []
    if of == "counterparty":
        addresses += tx.values(
            select(counterparty_domain.c.domain).where(counterparty_domain.c.counterparty_id == party_id)
        )
        firms = list(tx.rows(select(legal_entity).where(legal_entity.c.counterparty_id == party_id)))
    numbers = [firm.tax_number for firm in firms]
    return words_of([*names, *(firm.name for firm in firms)], addresses, phones, numbers)


def read_terms(typed: str) -> list[tuple[str, ...]]:
    """What was typed, as terms that must all be found, each with its spellings; none where nothing could be found."""
    text = typed.strip()
    digits = "".join(filter(str.isdigit, text))
    if _NUMBER.fullmatch(text) and len(digits) >= _FEWEST_DIGITS:
        return [tuple(dict.fromkeys([digits, digits.lstrip("0") or digits]))]
    terms: list[tuple[str, ...]] = []
    for part in text.split():
        if "@" in part:
            folded = fold(part.strip("<>,;\"'"))
            terms.append((folded.removeprefix("@")[:_LONGEST],) if folded.strip("@") else ())
        else:
            terms += [(word,) for word in cut(part)]
    kept = [term for term in dict.fromkeys(terms) if term]
    telling = [term for term in kept if term[0] not in LEGAL_FORMS and (len(term[0]) > 1 or len(kept) == 1)]
    return (telling or kept)[:MOST_TERMS]


def find_parties(tx: ReadTx, of: Of, typed: str, most: int = MOST_FOUND) -> list[int]:
    """Ids of those whose words begin with all that was typed, those with the word itself first; at most ``most``."""
    terms = read_terms(typed)
    if not terms:
        return []
    if len(terms) > 1:
        terms = sorted(terms, key=lambda term: _count(tx, of, term))
    shape = tuple(len(term) for term in terms)
    found = tx.values(_finding(shape), {"of": of, "most": 2 * most, **_values(terms)})
    return list(dict.fromkeys(found))[:most]


def _count(tx: ReadTx, of: Of, term: Sequence[str]) -> int:
    return int(tx.value(_counting(len(term)), {"of": of, "most": _COUNTED, **_values([term])}))


def _values(terms: Sequence[Sequence[str]]) -> dict[str, str]:
    return {
        f"{end}_{place}_{way}": word + (_LAST if end == "last" else "")
        for place, term in enumerate(terms)
        for way, word in enumerate(term)
        for end in ("first", "last")
    }


def _begins(word: ColumnElement[str], place: int, ways: int) -> ColumnElement[bool]:
    return or_(
        *(
            and_(word >= bindparam(f"first_{place}_{way}"), word < bindparam(f"last_{place}_{way}"))
            for way in range(ways)
        )
    )


@lru_cache
def _counting(ways: int) -> Select[Any]:
    here = select(party_word.c.party_id).where(party_word.c.of == bindparam("of"), _begins(party_word.c.word, 0, ways))
    return select(func.count()).select_from(here.limit(bindparam("most")).subquery())


@lru_cache
def _finding(shape: tuple[int, ...]) -> Select[Any]:
    statement = (
        select(party_word.c.party_id)
        .where(party_word.c.of == bindparam("of"), _begins(party_word.c.word, 0, shape[0]))
        .order_by(party_word.c.word, party_word.c.party_id)
        .limit(bindparam("most"))
    )
    for place, ways in enumerate(shape[1:], start=1):
        other = party_word.alias(f"word_{place}")
        same = (other.c.of == bindparam("of")) & (other.c.party_id == party_word.c.party_id)
        statement = statement.where(exists().where(same, _begins(other.c.word, place, ways)))
    return statement

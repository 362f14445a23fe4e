"""Whose address is this: a contact's, a counterparty's, or of a counterparty's domain.

Free-mail domains never name a company. Several matches are all told; choosing among them is a person's decision.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from email_validator import SPECIAL_USE_DOMAIN_NAMES, EmailNotValidError, validate_email
from sqlalchemy import bindparam, select

from core import clock
from core.database import ReadTx, WriteTx
from core.errors import Invalid
from core.suffixes import find_registered
from crm.parties.tables import affiliation, counterparty_domain, not_a_client, party_address

FREE_MAIL = frozenset(
    [
        "gmail.com",
        "googlemail.com",
        "outlook.com",
        "hotmail.com",
        "live.com",
        "msn.com",
        "yahoo.com",
        "ymail.com",
        "icloud.com",
        "me.com",
        "mac.com",
        "aol.com",
        "gmx.com",
        "gmx.de",
        "gmx.net",
        "web.de",
        "mail.com",
        "proton.me",
        "protonmail.com",
        "zoho.com",
        "fastmail.com",
        "tutanota.com",
        "tuta.com",
        "hey.com",
        "ukr.net",
        "i.ua",
        "meta.ua",
        "bigmir.net",
        "email.ua",
        "mail.ua",
        "online.ua",
        "mail.ru",
        "bk.ru",
        "inbox.ru",
        "list.ru",
        "internet.ru",
        "yandex.ru",
        "yandex.com",
        "ya.ru",
        "rambler.ru",
        "abv.bg",
        "mail.bg",
        "dir.bg",
        "gbg.bg",
        "gyuvetch.bg",
        "yahoo.com.vn",
        "vnn.vn",
        "fpt.vn",
        "hn.vnn.vn",
        "hcm.vnn.vn",
        "wp.pl",
        "o2.pl",
        "onet.pl",
        "interia.pl",
        "seznam.cz",
        "centrum.cz",
        "freemail.hu",
        "citromail.hu",
        "orange.fr",
        "free.fr",
        "laposte.net",
        "libero.it",
        "qq.com",
        "163.com",
        "126.com",
        "sina.com",
        "naver.com",
        "hotmail.co.uk",
        "yahoo.co.uk",
        "yahoo.fr",
        "yahoo.de",
        "live.co.uk",
        "outlook.fr",
    ]
)
# What is an address beyond doubt: an import asks it for every row, and to look at it letter by letter costs fifty times
# as much. RFC 5321 4.5.3.1 and RFC 1035 2.3.4 bound its parts; labels with "--" may be an IDN.
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_PLAIN = re.compile(
    rf"(?=[^@]{{1,64}}@){_ATOM}(?:\.{_ATOM})*@(?!.*--)(?:[A-Za-z0-9](?:[A-Za-z0-9-]{{0,61}}[A-Za-z0-9])?\.)+[A-Za-z]{{2,63}}"
)
_LONGEST_PLAIN = 250
_RESERVED = tuple(f"{dot}{name}" for name in SPECIAL_USE_DOMAIN_NAMES for dot in "@.")
By = Literal["address", "domain", "nothing"]


@dataclass(frozen=True, slots=True)
class Match:
    """Who may be meant by an address, and by what we know it.

    ``pairs`` are (contact or None, counterparty or None). One pair is an answer, several are a choice for a person,
    none is an unknown sender; ``refused`` marks an address that somebody called "not a client".
    """

    by: By
    pairs: tuple[tuple[int | None, int | None], ...]
    refused: bool = False

    @property
    def only(self) -> tuple[int | None, int | None] | None:
        """The one answer, or None."""
        return self.pairs[0] if len(self.pairs) == 1 else None


def normal_address(address: str) -> str:
    """The address in the one form tables hold: Unicode NFC, IDN domain in letters, lower case. Raises Invalid."""
    plain = address.strip()
    if len(plain) <= _LONGEST_PLAIN and _PLAIN.fullmatch(plain) and not plain.lower().endswith(_RESERVED):
        return plain.lower()
    try:
        checked = validate_email(address.strip(), check_deliverability=False, test_environment=True)
    except EmailNotValidError as problem:
        raise Invalid("%(address)s is not an e-mail address: %(reason)s", address=address, reason=problem) from problem
    return checked.normalized.lower()


def normal_domain(domain: str) -> str:
    """The domain in the one form tables hold. Raises Invalid for free mail, bare suffixes and what is no domain."""
    name = normal_address(f"someone@{domain.strip().removeprefix('@')}").partition("@")[2]
    if name in FREE_MAIL:
        raise Invalid("%(domain)s gives mail to everybody, so it cannot name one client.", domain=name, field="domains")
    if find_registered(name) is None and not name.endswith((".test", ".example", ".invalid", ".localhost")):
        raise Invalid("%(domain)s belongs to many companies.", domain=name, field="domains")
    return name


_BY_ADDRESS = (
    select(party_address.c.contact_id, affiliation.c.counterparty_id, party_address.c.counterparty_id.label("own"))
    .outerjoin(affiliation, affiliation.c.contact_id == party_address.c.contact_id)
    .where(party_address.c.address == bindparam("address"))
    .order_by(party_address.c.id, affiliation.c.counterparty_id)
)
_BY_DOMAIN = (
    select(counterparty_domain.c.counterparty_id)
    .where(counterparty_domain.c.domain.in_(bindparam("domains", expanding=True)))
    .order_by(counterparty_domain.c.counterparty_id)
)
_REFUSED = select(not_a_client.c.address).where(not_a_client.c.address == bindparam("address"))


def match_address(tx: ReadTx, address: str) -> Match:
    """Find whose address this is. ``address`` comes from a letter and is already strict; it is compared folded."""
    folded = address.strip().lower()
    rows = tx.rows(_BY_ADDRESS, {"address": folded})
    if rows:
        pairs = dict.fromkeys((row.contact_id, row.counterparty_id or row.own) for row in rows)
        return Match("address", tuple(pairs))
    domain = folded.rpartition("@")[2]
    if domain and domain not in FREE_MAIL:
        owners = tx.values(_BY_DOMAIN, {"domains": _with_parents(domain)})
        if owners:
            return Match("domain", tuple((None, owner) for owner in dict.fromkeys(owners)))
    return Match("nothing", (), refused=tx.value(_REFUSED, {"address": folded}) is not None)


def registered_domain(domain: str) -> str:
    """The part of a domain that somebody registered: shop.example.com → example.com; itself where that is unknown."""
    return find_registered(domain) or domain


def record_not_a_client(tx: WriteTx, address: str, by: str) -> None:
    """Keep letters of this address without asking again who it is."""
    folded = address.strip().lower()
    if tx.value(_REFUSED, {"address": folded}) is None:
        tx.insert(not_a_client, address=folded, decided_at=clock.now(), by=by)


def _with_parents(domain: str) -> list[str]:
    """The domain and those above it, down to the one that can be registered: mail.shop.example.com → example.com."""
    registered = registered_domain(domain)
    names = [domain]
    while names[-1] != registered and "." in names[-1]:
        names.append(names[-1].partition(".")[2])
    return names

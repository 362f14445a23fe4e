"""Whose word about a sender counts in the letters of one account: what its server wrote on top of them.

Without a choice of the person it follows from the place: a provider that we know signs under known names and removes
what others forge in them; of any other server only what stands where no sender can write is taken, until a person says
that its name is to be trusted.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import bindparam, select

from core.database import ReadTx, WriteTx
from core.errors import Invalid
from core.suffixes import find_registered
from crm.staff.audit import record_audit
from crm.staff.readable import Viewer
from mailhub.mailboxes.account_tables import account, folder, placement
from mailhub.mailboxes.accounts import Account, get_account
from mailhub.mailboxes.connecting import get_own_account
from mailhub.mailboxes.providers import Provider, find_carrier
from mailhub.mailboxes.tables import message

MOST_SERVERS = 20
LOOKED_AT = 30
ENOUGH = 3
NAMELESS = "-"
_SERVER = re.compile(r"-|\.?(?=.{1,253}\Z)[a-z0-9_](?:[a-z0-9_-]{0,62})(?:\.[a-z0-9_-]{1,63})+")


@dataclass(frozen=True, slots=True)
class Trust:
    """``servers`` are names of ``Authentication-Results`` (``letters.results``), ``domains`` the registered domains in
    which the servers of the account lie, ``networks`` what is inside of them. ``strips``: lines that others forged
    under these names are known to be removed, so that they are believed below the border too."""

    servers: tuple[str, ...] = ()
    domains: frozenset[str] = frozenset()
    networks: tuple[str, ...] = ()
    strips: bool = False

    def has(self, host: str) -> bool:
        """Does a host of this name belong to the account's servers, as far as a name says?"""
        return (find_registered(host.lower().rstrip(".")) or "") in self.domains


def find_trust(tx: ReadTx, account_id: int) -> Trust:
    """Whose word counts in letters of this account, by its choice or its place; nobody's for one that is gone."""
    found = tx.row(_WORDS, {"id": account_id})
    return Trust() if found is None else _trust(found.host, found.user, found.trusted_servers)


def trust_of(one: Account) -> Trust:
    """The same for an account at hand."""
    return _trust(one.host, one.user, one.trusted_servers)


def set_trusted_servers(tx: WriteTx, account_id: int, servers: Sequence[str] | None) -> None:
    """Say under which names the server of an account signs: none for nobody, None for what follows from its place.
    Letters that come from now on are judged by it. Raises NotFound, Invalid."""
    get_account(tx, account_id)
    tx.change(account, account_id, trusted_servers=None if servers is None else " ".join(_checked(servers)))


def choose_trusted_servers(tx: WriteTx, viewer: Viewer, account_id: int, servers: Sequence[str] | None) -> None:
    """``set_trusted_servers`` by a person. Raises NotFound, Forbidden, Invalid."""
    found = get_own_account(tx, viewer, account_id)
    set_trusted_servers(tx, found.id, servers)
    record_audit(tx, viewer.user_id, "account-changed", str(account_id))


def propose_server(tx: ReadTx, one: Account) -> str:
    """The name under which the account's server seems to sign, so that a person may say that it is trusted; '' while
    there is none, or once they have chosen. Only a name of the server's own is proposed, seen on several letters."""
    if one.trusted_servers is not None:
        return ""
    told = [row.authentication or {} for row in tx.rows(_NEWEST, {"account_id": one.id})]
    seen = Counter(str(found["offered"]) for found in told if found.get("offered"))
    trust = trust_of(one)
    names = [name for name, count in seen.most_common() if count >= ENOUGH and trust.has(name)]
    return names[0] if names else ""


_WORDS = select(account.c.host, account.c.user, account.c.trusted_servers).where(account.c.id == bindparam("id"))
_NEWEST = (
    select(message.c.authentication)
    .join(placement, placement.c.message_id == message.c.id)
    .join(folder, folder.c.id == placement.c.folder_id)
    .where(folder.c.account_id == bindparam("account_id"), message.c.authentication.is_not(None))
    .order_by(placement.c.id.desc())
    .limit(LOOKED_AT)
)


def _trust(host: str, user: str, chosen: str | None) -> Trust:
    carrier = find_carrier(host)
    near = {host} if carrier is not None else {host, user.rpartition("@")[2]}
    domains = {find_registered(name.lower()) for name in near} - {None}
    servers = tuple(f"{dot}{name}" for name in sorted(filter(None, domains)) for dot in ("", "."))
    if carrier is not None:
        servers = carrier.servers
        domains |= {find_registered(name) for name in _names_of(carrier)} - {None}
    if chosen is not None:
        servers = tuple(chosen.split())
        domains |= {find_registered(name.strip(".")) for name in servers} - {None}
    strips = chosen is not None or carrier is not None
    return Trust(servers, frozenset(filter(None, domains)), carrier.networks if carrier else (), strips)


def _names_of(carrier: Provider) -> list[str]:
    return [name.strip(".") for name in (*carrier.servers, *carrier.exchangers) if name != NAMELESS]


def _checked(servers: Sequence[str]) -> list[str]:
    names = list(dict.fromkeys(name.strip().lower() for name in servers if name.strip()))
    if len(names) > MOST_SERVERS:
        raise Invalid("At most %(most)s servers can be named.", most=MOST_SERVERS, field="trusted_servers")
    for name in names:
        if not _SERVER.fullmatch(name):
            raise Invalid("%(name)s is no name under which a server signs.", name=name[:100], field="trusted_servers")
    return names

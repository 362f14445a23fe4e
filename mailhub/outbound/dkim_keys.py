"""The keys of DKIM: one of each kind for a domain that we write from, made here, their private half sealed.

A key signs from the moment it is *in use*, which it becomes when its record was found in the DNS. Changing it: make new
ones (with a selector of their own), publish and check them, and only then take the old ones away.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import cast

from sqlalchemy import Column, LargeBinary, UniqueConstraint, bindparam, delete, select

from core import clock
from core.columns import id_column, instant, number, optional_instant, table, text
from core.database import ReadTx, WriteTx
from core.errors import Conflict, Forbidden, Invalid, NotFound
from core.secrets import Keys
from crm.staff.audit import record_audit
from crm.staff.readable import Viewer
from mailhub.mailboxes.boxes import list_addresses
from mailhub.outbound.dkim import ALGORITHMS, Algorithm, Signer, make_key

dkim_key = table(
    "dkim_key",
    id_column(),
    text("domain"),
    text("selector"),
    text("algorithm"),
    Column("private", LargeBinary, nullable=False),
    text("record"),
    number("in_use", 0),
    optional_instant("checked_at"),
    text("fault", ""),
    instant("created_at"),
    UniqueConstraint("domain", "selector"),
)
TOPIC = "dkim"
CHANGED, MISSING = "another key stands there", "nothing stands there"
_DOMAIN = re.compile(r"(?=.{1,253}\Z)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,62}")
_IN_USE = select(dkim_key).where(dkim_key.c.domain == bindparam("domain"), dkim_key.c.in_use == 1)


@dataclass(frozen=True, slots=True)
class DkimKey:
    """A key, without its private half. ``name`` and ``record`` are the TXT record to publish; ``fault`` is '' or why
    the last look (``checked_at``) did not find it: MISSING, CHANGED, or what the DNS said."""

    id: int
    domain: str
    selector: str
    algorithm: Algorithm
    record: str
    in_use: bool
    checked_at: int | None
    fault: str
    created_at: int

    @property
    def name(self) -> str:
        """Where the record belongs."""
        return f"{self.selector}._domainkey.{self.domain}"


def list_keys(tx: ReadTx, viewer: Viewer) -> list[DkimKey]:
    """All of them, by domain. Raises Forbidden for who is no administrator."""
    _demand(viewer)
    return list_all_keys(tx)


def list_all_keys(tx: ReadTx) -> list[DkimKey]:
    """All of them, for the terminal."""
    rows = tx.rows(select(dkim_key).order_by(dkim_key.c.domain, dkim_key.c.id))
    return [
        DkimKey(
            row.id, row.domain, row.selector, cast("Algorithm", row.algorithm), row.record,
            bool(row.in_use), row.checked_at, row.fault, row.created_at,
        )
        for row in rows
    ]  # fmt: skip


def list_domains(tx: ReadTx) -> list[str]:
    """The domains that letters of ours are written from."""
    return sorted({one.rpartition("@")[2] for one in list_addresses(tx)})


def make_keys(tx: WriteTx, keys: Keys, viewer: Viewer | None, domain: str) -> list[DkimKey]:
    """New keys for a domain of ours, not in use yet. None is whoever sits at the terminal. Raises Forbidden, Invalid,
    Conflict for the second pair of a day."""
    _demand(viewer)
    domain = domain.strip().lower()
    if not _DOMAIN.fullmatch(domain):
        raise Invalid("“%(domain)s” is no domain in ASCII.", domain=domain[:253], field="domain")
    now = clock.now()
    day = clock.to_datetime(now).strftime("%Y%m%d")
    if tx.value(select(dkim_key.c.id).where(dkim_key.c.domain == domain, dkim_key.c.selector == f"m{day}r")):
        raise Conflict("There are keys of today for %(domain)s. Use them, or take them away first.", domain=domain)
    made = set()
    for algorithm in ALGORITHMS:
        private, record = make_key(algorithm)
        row_id = tx.insert(
            dkim_key, domain=domain, selector=f"m{day}{algorithm[0]}", algorithm=algorithm, private=b"", record=record,
            created_at=now,
        )  # fmt: skip
        tx.change(dkim_key, row_id, private=keys.seal(_purpose(row_id), private))
        made.add(row_id)
    record_audit(tx, viewer.user_id if viewer else None, "dkim-made", domain)
    return [one for one in list_all_keys(tx) if one.id in made]


def remove_key(tx: WriteTx, viewer: Viewer | None, key_id: int) -> None:
    """Sign with it no more. Raises Forbidden, NotFound."""
    _demand(viewer)
    found = _get(tx, key_id)
    tx.execute(delete(dkim_key).where(dkim_key.c.id == key_id))
    tx.announce(TOPIC)
    record_audit(tx, viewer.user_id if viewer else None, "dkim-removed", f"{found.selector}.{found.domain}")


def record_look(tx: WriteTx, viewer: Viewer | None, key_id: int, fault: str) -> DkimKey:
    """What a look into the DNS found: '' puts the key into use; one in use goes on signing whatever was found, since a
    DNS that does not answer for a moment is no reason to change anything. Raises Forbidden, NotFound."""
    _demand(viewer)
    found = _get(tx, key_id)
    tx.change(dkim_key, key_id, fault=fault, checked_at=clock.now(), in_use=int(found.in_use or not fault))
    if not fault and not found.in_use:
        record_audit(tx, viewer.user_id if viewer else None, "dkim-used", f"{found.selector}.{found.domain}")
        tx.announce(TOPIC)
    return _get(tx, key_id)


def find_fault(key: DkimKey, records: Iterable[bytes]) -> str:
    """'' when the TXT records of its name say this key, else MISSING or CHANGED."""
    published = [_public(one.decode("ascii", "replace")) for one in records]
    if not any(published):
        return MISSING
    return "" if _public(key.record) in published else CHANGED


def list_signers(tx: ReadTx, keys: Keys, domain: str) -> list[Signer]:
    """The keys in use of a domain, opened. Raises Unavailable when the key file is another."""
    return [
        Signer(row.domain, row.selector, cast("Algorithm", row.algorithm), keys.open(_purpose(row.id), row.private))
        for row in tx.rows(_IN_USE, {"domain": domain})
    ]


def _public(record: str) -> bytes:
    """The key that a record says; b'' for none."""
    tags = dict(pair.strip().partition("=")[::2] for pair in record.split(";") if "=" in pair)
    tags = {name.strip(): value for name, value in tags.items()}
    try:
        return base64.b64decode("".join(tags.get("p", "").split()))
    except ValueError:
        return b""


def _get(tx: ReadTx, key_id: int) -> DkimKey:
    for one in list_all_keys(tx):
        if one.id == key_id:
            return one
    raise NotFound("There is no key with the number %(id)s.", id=key_id)


def _demand(viewer: Viewer | None) -> None:
    if viewer is not None and not viewer.is_admin:
        raise Forbidden("Only administrators see and change how letters are signed.")


def _purpose(key_id: int) -> str:
    return f"dkim:{key_id}"

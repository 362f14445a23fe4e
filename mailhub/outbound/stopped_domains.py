"""Domains to which no mailing leaves: because somebody pressed the button, or because their servers want less."""

from __future__ import annotations

from sqlalchemy import bindparam, delete, or_, select, update

from core import clock
from core.database import ReadTx, WriteTx
from core.errors import Invalid
from crm.staff.audit import record_audit
from crm.staff.readable import Viewer, demand_somewhere
from mailhub.letters.addresses import parse_addr_spec
from mailhub.outbound.ledger import TOPIC
from mailhub.outbound.tables import stopped_domain

STOPPED = select(stopped_domain.c.domain).where(
    or_(stopped_domain.c.until.is_(None), stopped_domain.c.until > bindparam("now"))
)
_IS_STOPPED = STOPPED.where(stopped_domain.c.domain == bindparam("domain"))


def is_stopped(tx: ReadTx, domain: str) -> bool:
    """Whether no mailing leaves to this domain now."""
    return tx.value(_IS_STOPPED, {"now": clock.now(), "domain": domain}) is not None


def stop_domain(tx: WriteTx, viewer: Viewer, domain: str) -> None:
    """No mailing leaves to this domain any more, until somebody lifts it. Raises Forbidden, Invalid."""
    demand_somewhere(viewer, "answer")
    domain = _domain(domain)
    tx.execute(delete(stopped_domain).where(stopped_domain.c.domain == domain))
    tx.insert(stopped_domain, domain=domain, by_id=viewer.user_id, at=clock.now())
    record_audit(tx, viewer.user_id, "domain-stopped", domain)


def let_domain(tx: WriteTx, viewer: Viewer, domain: str) -> bool:
    """Let mailings leave to this domain again. False when nobody had stopped it. Raises Forbidden."""
    demand_somewhere(viewer, "manage")
    gone = tx.execute(delete(stopped_domain).where(stopped_domain.c.domain == domain.strip().lower())) == 1
    if gone:
        record_audit(tx, viewer.user_id, "domain-let", domain.strip().lower())
        tx.announce(TOPIC)
    return gone


def list_stopped(tx: ReadTx) -> list[tuple[str, int, int | None]]:
    """Domains to which no mailing leaves now: name, since when, until when (None: until somebody lifts it)."""
    until = or_(stopped_domain.c.until.is_(None), stopped_domain.c.until > clock.now())
    rows = tx.rows(select(stopped_domain).where(until).order_by(stopped_domain.c.domain))
    return [(row.domain, row.at, row.until) for row in rows]


def _domain(text: str) -> str:
    domain = text.strip().lower().lstrip("@")
    if parse_addr_spec(f"a@{domain}") is None:
        raise Invalid("%(domain)s is no domain.", domain=domain[:100], field="domain")
    return domain


def rest_domain(tx: WriteTx, domain: str, until: int) -> None:
    """Let no mailing leave to a domain for a while; what somebody stopped stays stopped."""
    found = tx.row(select(stopped_domain).where(stopped_domain.c.domain == domain))
    if found is None:
        tx.insert(stopped_domain, domain=domain, at=clock.now(), until=until)
    elif found.until is not None and found.until < until:
        tx.execute(update(stopped_domain).where(stopped_domain.c.domain == domain).values(until=until))

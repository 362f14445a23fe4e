"""Who somebody is at the single sign-on: the issuer's own name for them (``sub``), which never changes hands, and never
their address, which may. The first time an address that the issuer has verified joins the two; without that word nobody
gets into an account that is there already."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import delete, select

from core import clock
from core.database import ReadTx, WriteTx
from core.errors import Forbidden
from crm.staff.audit import record_audit
from crm.staff.people import add_user, find_user_by_email
from crm.staff.tables import linked_identity, user


@dataclass(frozen=True, slots=True)
class Told:
    """What the issuer says of who signed in there. ``verified``: the address was shown to be theirs."""

    issuer: str
    subject: str
    email: str
    verified: bool
    name: str


@dataclass(frozen=True, slots=True)
class Admission:
    """Who comes in this way: people of these domains (all when there are none); ``add`` those who are not known."""

    domains: tuple[str, ...]
    add: bool


def enter_by_identity(tx: WriteTx, told: Told, rule: Admission) -> int:
    """The person behind an identity, joined or added at the first time. Raises Forbidden with what to do."""
    tx.lock_key("identity", told.issuer, told.subject)
    here = (linked_identity.c.issuer == told.issuer, linked_identity.c.subject == told.subject)
    row = tx.row(
        select(linked_identity.c.user_id, user.c.disabled_at)
        .join(user, user.c.id == linked_identity.c.user_id)
        .where(*here)
    )
    if row is not None:
        if row.disabled_at is not None:
            raise Forbidden("This person is let in no more. Ask an administrator.")
        return int(row.user_id)
    email = told.email.strip().lower()
    if not email or not told.verified:
        raise Forbidden("The single sign-on does not say that this address is verified, so nobody is let in by it.")
    if rule.domains and email.rpartition("@")[2] not in rule.domains:
        raise Forbidden("People with this address are not let in here. Ask an administrator.")
    return _join(tx, told, email, rule)


def _join(tx: WriteTx, told: Told, email: str, rule: Admission) -> int:
    person = find_user_by_email(tx, email)
    if person is None and not rule.add:
        raise Forbidden("Nobody here has the address %(address)s. Ask an administrator to invite you.", address=email)
    if person is not None and person.disabled:
        raise Forbidden("This person is let in no more. Ask an administrator.")
    user_id = add_user(tx, email, told.name) if person is None else person.id
    if tx.value(select(linked_identity.c.id).where(linked_identity.c.user_id == user_id)) is not None:
        raise Forbidden("This person signs in as somebody else there. Ask an administrator.")
    tx.insert(linked_identity, user_id=user_id, issuer=told.issuer, subject=told.subject, created_at=clock.now())
    record_audit(tx, user_id, "identity-linked" if person else "user-added", told.issuer)
    return user_id


def has_identity(tx: ReadTx, user_id: int) -> bool:
    """Does this person sign in by the single sign-on?"""
    return tx.value(select(linked_identity.c.id).where(linked_identity.c.user_id == user_id).limit(1)) is not None


def drop_identity(tx: WriteTx, user_id: int, by_id: int) -> None:
    """Part a person from the single sign-on; a verified address joins them again."""
    if tx.execute(delete(linked_identity).where(linked_identity.c.user_id == user_id)):
        record_audit(tx, by_id, "identity-unlinked", str(user_id))

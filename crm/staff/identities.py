"""Who somebody is at the single sign-on: the issuer's own name for them (``sub``), which never changes hands, and never
their address, which may. The first time an address that the issuer has verified joins the two; without that word nobody
gets into an account that is there already. Nor does that word alone open an account that shows more than a password or
that administers: such people sign in their own way once and join the two themselves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, delete, select

from core import clock
from core.database import ReadTx, WriteTx
from core.errors import Conflict, Forbidden
from crm.staff.audit import record_audit
from crm.staff.factors import get_factors
from crm.staff.people import User, add_user, find_user_by_email
from crm.staff.tables import linked_identity, user

PUBLIC_ISSUERS = frozenset({"https://accounts.google.com", "https://appleid.apple.com"})
"""Issuers at which anybody makes an account: their word that an address is verified is not that of its company."""


@dataclass(frozen=True, slots=True)
class Told:
    """What the issuer says of who signed in there. ``verified``: the address was shown to be theirs. ``signed_in_at``:
    when they last showed who they are there, None where the issuer does not say. ``company``: the domain whose people
    they are among all whom a public issuer knows (``hd``)."""

    issuer: str
    subject: str
    email: str
    verified: bool
    name: str
    signed_in_at: int | None = None
    company: str = ""


@dataclass(frozen=True, slots=True)
class Admission:
    """Who comes in this way: people of these domains (all when there are none); ``add`` those who are not known."""

    domains: tuple[str, ...]
    add: bool


def enter_by_identity(tx: WriteTx, told: Told, rule: Admission) -> int:
    """The person behind an identity, joined or added at the first time. Raises Forbidden with what to do."""
    tx.lock_key("identity", told.issuer, told.subject)
    row = tx.row(_known(told))
    if row is not None:
        if row.disabled_at is not None:
            raise Forbidden("This person is let in no more. Ask an administrator.")
        if rule.domains:
            _read_address(told, rule)
        return int(row.user_id)
    return _join(tx, told, _read_address(told, rule), rule)


def find_identity(tx: ReadTx, told: Told) -> int | None:
    """Whose identity this is, of those who are let in; None when it is joined with nobody."""
    row = tx.row(_known(told))
    return None if row is None or row.disabled_at is not None else int(row.user_id)


def join_identity(tx: WriteTx, user_id: int, told: Told, rule: Admission) -> None:
    """Join a person who is signed in with who they are there, whatever their addresses are. Raises Forbidden for an
    identity that the rule does not let in, Conflict where one of the two is joined already."""
    tx.lock_key("identity", told.issuer, told.subject)
    if rule.domains:
        _read_address(told, rule)
    if tx.row(_known(told)) is not None or has_identity(tx, user_id):
        raise Conflict("This account of the single sign-on, or yours here, is joined with another one already.")
    _link(tx, user_id, told)
    record_audit(tx, user_id, "identity-linked", told.issuer)


def _known(told: Told) -> Select[Any]:
    return (
        select(linked_identity.c.user_id, user.c.disabled_at)
        .join(user, user.c.id == linked_identity.c.user_id)
        .where(linked_identity.c.issuer == told.issuer, linked_identity.c.subject == told.subject)
    )


def _read_address(told: Told, rule: Admission) -> str:
    """The address by which the two are joined. Raises Forbidden."""
    email = told.email.strip().lower()
    if not email or not told.verified:
        raise Forbidden("The single sign-on does not say that this address is verified, so nobody is let in by it.")
    company = told.company.strip().lower()
    outside = email.rpartition("@")[2] not in rule.domains or (company and company not in rule.domains)
    # Where everybody on earth may have an account, an address of the company is no word of the company.
    foreign = told.issuer in PUBLIC_ISSUERS and not company
    if rule.domains and (outside or foreign):
        raise Forbidden("People with this address are not let in here. Ask an administrator.")
    return email


def _join(tx: WriteTx, told: Told, email: str, rule: Admission) -> int:
    person = find_user_by_email(tx, email)
    if person is None and (not rule.add or (told.issuer in PUBLIC_ISSUERS and not rule.domains)):
        raise Forbidden("Nobody here has the address %(address)s. Ask an administrator to invite you.", address=email)
    if person is not None and person.disabled:
        raise Forbidden("This person is let in no more. Ask an administrator.")
    if person is not None and _shows_more(tx, person):
        raise Forbidden(
            "Your account here is guarded by more than an address. Sign in your own way once, then join it with the "
            "single sign-on under Settings, How you sign in."
        )
    user_id = add_user(tx, email, told.name) if person is None else person.id
    if has_identity(tx, user_id):
        raise Forbidden("This person signs in as somebody else there. Ask an administrator.")
    _link(tx, user_id, told)
    record_audit(tx, user_id, "identity-linked" if person else "user-added", told.issuer)
    return user_id


def _shows_more(tx: WriteTx, person: User) -> bool:
    """Whether it takes more than a password to come in as this person, or more is theirs than a colleague's."""
    tx.lock(user, person.id)
    mine = get_factors(tx, person.id)
    is_admin = tx.value(select(user.c.is_admin).where(user.c.id == person.id))
    return bool(is_admin) or mine.codes_since is not None or mine.passkeys > 0


def _link(tx: WriteTx, user_id: int, told: Told) -> None:
    tx.insert(linked_identity, user_id=user_id, issuer=told.issuer, subject=told.subject, created_at=clock.now())


def has_identity(tx: ReadTx, user_id: int) -> bool:
    """Does this person sign in by the single sign-on?"""
    return tx.value(select(linked_identity.c.id).where(linked_identity.c.user_id == user_id).limit(1)) is not None


def drop_identity(tx: WriteTx, user_id: int, by_id: int) -> None:
    """Part a person from the single sign-on; what joined them may join them again."""
    if tx.execute(delete(linked_identity).where(linked_identity.c.user_id == user_id)):
        record_audit(tx, by_id, "identity-unlinked", str(user_id))

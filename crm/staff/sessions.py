"""Sessions of the browser and tokens of programs: minted by us, kept only as hashes, ended at once.

The id of a session is made at sign-in and never taken from the visitor (an id chosen by an attacker and planted before
sign-in would be theirs afterwards too).
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import ColumnElement, bindparam, delete, select, update

from core import clock
from core.database import ReadTx, WriteTx
from core.errors import Forbidden, Invalid, NotFound
from core.secrets import hash_secret, new_secret
from crm.staff.audit import record_audit
from crm.staff.tables import entry_link, session, token, user

IDLE = 14 * clock.DAY
"""Longer than a holiday's gap between two days of work, shorter than the life of a laptop that nobody misses."""
LONGEST = 60 * clock.DAY
"""A cookie that was copied is good for two months at most, however busy its owner is."""
WAITING = 10 * clock.MINUTE
"""Time to fetch the telephone from another room."""
PROOF = 15 * clock.MINUTE
"""Enough to change several things after one another, too little for a stranger at a desk that was left."""
TOUCH = 5 * clock.MINUTE
"""How exact ``seen_at`` is: a write for each request would cost more than it says."""
TOUCH_TOKEN = clock.MINUTE
TOKEN_SCOPES = ("all", "read", "transactional")


class ProofNeeded(Forbidden):
    """The person has to show again that it is them before they do this."""

    code = "proof-needed"


@dataclass(frozen=True, slots=True)
class Session:
    """Where a person is signed in; ``name`` tells it from their other sessions and opens nothing."""

    user_id: int
    created_at: int
    seen_at: int
    peer: str
    agent: str
    current: bool
    name: str


@dataclass(frozen=True, slots=True)
class ApiToken:
    """A program's key, without the key."""

    id: int
    user_id: int
    name: str
    scopes: tuple[str, ...]
    created_at: int
    used_at: int | None
    revoked: bool


@dataclass(frozen=True, slots=True)
class Waiting:
    """A session that opens nothing yet: its person still owes a ``code``, or has to set up a second ``factor``."""

    user_id: int
    waits_for: str


def start_session(
    tx: WriteTx,
    user_id: int,
    *,
    peer: str,
    agent: str,
    replaces: str | None = None,
    shown: str = "password",
    waits_for: str = "",
    proved_at: int | None = None,
) -> str:
    """Sign a person in who showed ``shown``; returns the secret for the cookie. ``replaces`` ends the session that the
    browser had. One that ``waits_for`` something opens nothing and is over in ten minutes. ``proved_at``: when they
    showed that it is them, where that was not now; 0 for who was let in on somebody else's word."""
    if replaces:
        end_session(tx, replaces)
    secret = new_secret()
    now = clock.now()
    tx.insert(
        session,
        key=hash_secret(secret),
        user_id=user_id,
        created_at=now,
        seen_at=now,
        expires_at=now + (WAITING if waits_for else LONGEST),
        peer=peer,
        agent=agent[:200],
        waits_for=waits_for,
        shown=shown,
        proved_at=now if proved_at is None else min(proved_at, now),
    )
    if not waits_for:
        record_audit(tx, user_id, "signed-in", shown, peer=peer)
    return secret


_SESSION = (
    select(session.c.user_id, session.c.seen_at)
    .join(user, user.c.id == session.c.user_id)
    .where(
        session.c.key == bindparam("key"),
        session.c.expires_at > bindparam("now"),
        session.c.seen_at > bindparam("idle"),
        session.c.waits_for == "",
        user.c.disabled_at.is_(None),
    )
)


def find_waiting(tx: ReadTx, secret: str) -> Waiting | None:
    """Who is half signed in by this cookie and what is missing, or None."""
    row = tx.row(
        select(session.c.user_id, session.c.waits_for)
        .join(user, user.c.id == session.c.user_id)
        .where(
            session.c.key == hash_secret(secret),
            session.c.expires_at > clock.now(),
            session.c.waits_for != "",
            user.c.disabled_at.is_(None),
        )
    )
    return None if row is None else Waiting(row.user_id, row.waits_for)


def hold_waiting(tx: WriteTx, secret: str) -> Waiting | None:
    """``find_waiting``, and nobody sets a password, changes factors or ends sessions of that person until the end of
    the unit."""
    found = find_waiting(tx, secret)
    if found is None:
        return None
    tx.lock(user, found.user_id)
    return find_waiting(tx, secret)


def is_proved(tx: ReadTx, secret: str) -> bool:
    """Did the person behind this cookie show a moment ago that it is them?"""
    proved = tx.value(select(session.c.proved_at).where(session.c.key == hash_secret(secret)))
    return proved is not None and clock.now() - PROOF < proved <= clock.now()


def prove_session(tx: WriteTx, secret: str) -> str:
    """The person showed again that it is them: the same session under a new secret. Raises NotFound when it is over."""
    fresh = new_secret()
    here = update(session).where(session.c.key == hash_secret(secret), session.c.waits_for == "")
    if not tx.execute(here.values(key=hash_secret(fresh), proved_at=clock.now())):
        raise NotFound("This session is over already.")
    return fresh


def find_shown(tx: ReadTx, secret: str) -> str:
    """With what the session behind a cookie began; empty for none."""
    return tx.value(select(session.c.shown).where(session.c.key == hash_secret(secret))) or ""


def is_known_place(tx: ReadTx, user_id: int, peer: str) -> bool:
    """Is the person signed in from there by now?"""
    here = (session.c.user_id == user_id, session.c.peer == peer, session.c.waits_for == "")
    return bool(peer) and tx.value(select(session.c.user_id).where(*here).limit(1)) is not None


def end_sessions(tx: WriteTx, user_id: int) -> int:
    """Sign a person out everywhere, and forget the links that were sent to them. Returns how many sessions ended."""
    tx.execute(delete(entry_link).where(entry_link.c.user_id == user_id))
    return tx.execute(delete(session).where(session.c.user_id == user_id))


def find_session(tx: ReadTx, secret: str) -> tuple[int, bool] | None:
    """The signed-in person behind a cookie and whether ``touch_session`` is due, or None."""
    now = clock.now()
    row = tx.row(_SESSION, {"key": hash_secret(secret), "now": now, "idle": now - IDLE})
    return None if row is None else (row.user_id, row.seen_at < now - TOUCH)


def touch_session(tx: WriteTx, secret: str) -> None:
    """Note that the session is in use."""
    tx.execute(update(session).where(session.c.key == hash_secret(secret)).values(seen_at=clock.now()))


def end_session(tx: WriteTx, secret: str) -> None:
    """Sign out; the cookie is worth nothing from now on."""
    tx.execute(delete(session).where(session.c.key == hash_secret(secret)))


def end_other_sessions(tx: WriteTx, user_id: int, secret: str) -> int:
    """Sign the person out everywhere else. Returns how many sessions ended."""
    return tx.execute(delete(session).where(session.c.user_id == user_id, session.c.key != hash_secret(secret)))


def sweep(tx: WriteTx) -> int:
    """Delete the sessions that are over. Returns how many."""
    now = clock.now()
    return tx.execute(delete(session).where((session.c.expires_at <= now) | (session.c.seen_at <= now - IDLE)))


def alive(now: int) -> tuple[ColumnElement[bool], ...]:
    """What is true of the sessions that open something."""
    return (session.c.expires_at > now, session.c.seen_at > now - IDLE, session.c.waits_for == "")


def list_sessions(tx: ReadTx, user_id: int, secret: str | None) -> list[Session]:
    """Where the person is signed in, the latest used first."""
    mine = hash_secret(secret) if secret else b""
    here = (session.c.user_id == user_id, *alive(clock.now()))
    rows = tx.rows(select(session).where(*here).order_by(session.c.seen_at.desc()))
    return [
        Session(row.user_id, row.created_at, row.seen_at, row.peer, row.agent, row.key == mine, _name(row.key))
        for row in rows
    ]


def end_named_session(tx: WriteTx, user_id: int, name: str, *, by_id: int | None = None) -> None:
    """Sign the person out in one place, themselves or ``by_id``. Raises NotFound, alike for what is over and what is
    not theirs."""
    keys = tx.values(select(session.c.key).where(session.c.user_id == user_id))
    found = [key for key in keys if _name(key) == name]
    if not found:
        raise NotFound("This session is over already.")
    tx.execute(delete(session).where(session.c.key.in_(found)))
    record_audit(tx, user_id if by_id is None else by_id, "session-ended", str(user_id))


def _name(key: bytes) -> str:
    return bytes(key).hex()[:16]


def add_token(tx: WriteTx, user_id: int, name: str, scopes: list[str]) -> tuple[int, str]:
    """A key for a program: its id and the secret, shown once. Raises Invalid for an unknown scope."""
    unknown = [scope for scope in scopes if scope not in TOKEN_SCOPES]
    if unknown or not scopes:
        raise Invalid("A token has one or more of these scopes: %(scopes)s.", scopes=", ".join(TOKEN_SCOPES))
    secret = new_secret()
    token_id = tx.insert(
        token, key=hash_secret(secret), user_id=user_id, name=name, scopes=scopes, created_at=clock.now()
    )
    record_audit(tx, user_id, "token-added", name, scopes=scopes)
    return token_id, secret


_TOKEN = (
    select(token.c.user_id, token.c.scopes, token.c.used_at)
    .join(user, user.c.id == token.c.user_id)
    .where(token.c.key == bindparam("key"), token.c.revoked_at.is_(None), user.c.disabled_at.is_(None))
)


def find_token(tx: ReadTx, secret: str) -> tuple[int, tuple[str, ...], bool] | None:
    """The person a program speaks for, what it may do, and whether ``touch_token`` is due; or None."""
    row = tx.row(_TOKEN, {"key": hash_secret(secret)})
    return None if row is None else (row.user_id, tuple(row.scopes), (row.used_at or 0) < clock.now() - TOUCH_TOKEN)


def touch_token(tx: WriteTx, secret: str) -> None:
    """Note that the token is in use."""
    tx.execute(update(token).where(token.c.key == hash_secret(secret)).values(used_at=clock.now()))


def list_tokens(tx: ReadTx, user_id: int) -> list[ApiToken]:
    """The person's tokens, newest first."""
    rows = tx.rows(select(token).where(token.c.user_id == user_id).order_by(token.c.id.desc()))
    return [
        ApiToken(
            row.id, row.user_id, row.name, tuple(row.scopes), row.created_at, row.used_at, row.revoked_at is not None
        )
        for row in rows
    ]


def revoke_token(tx: WriteTx, user_id: int, token_id: int) -> None:
    """End one of the person's own tokens. Raises Forbidden when it is not theirs or not there."""
    mine = update(token).where(token.c.id == token_id, token.c.user_id == user_id)
    if not tx.execute(mine.values(revoked_at=clock.now())):
        raise Forbidden("This is not one of your tokens.")
    record_audit(tx, user_id, "token-revoked", str(token_id))

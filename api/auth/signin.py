"""Signing in and out. Guessing is slowed down and no door is ever locked: a stranger cannot lock anybody out."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from ipaddress import ip_network
from typing import ParamSpec, TypeVar

from litestar.datastructures import Cookie

from api.auth.credentials import SignInRefused, cookie_name, is_secure
from core import clock
from core.database import ReadTx, WriteTx
from core.errors import Invalid
from core.limits import Rate, forget, take
from core.settings import Settings
from crm.staff.audit import record_audit
from crm.staff.factors import what_is_missing
from crm.staff.people import find_password, hash_password, password_fits, set_password
from crm.staff.readable import Viewer
from crm.staff.sessions import LONGEST, end_session, find_waiting, prove_session, start_session
from crm.staff.tables import user
from mailhub.runtime import House

PERIOD = 5 * clock.MINUTE
PER_PLACE = Rate(10, PERIOD)
PER_ACCOUNT = Rate(100, PERIOD)
PER_PEER = Rate(100, PERIOD)
LONGEST_PASSWORD = 1000
P = ParamSpec("P")
T = TypeVar("T")
# Threads of their own: a flood of guesses waits for itself, and pages are rendered in other threads meanwhile.
_HASHING = ThreadPoolExecutor(2, thread_name_prefix="password")


async def hashing(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Hash or compare a password out of the way of everything else."""
    return await asyncio.get_running_loop().run_in_executor(_HASHING, lambda: work(*args, **kwargs))


async def sign_in(house: House, email: str, password: str, *, peer: str, agent: str, replaces: str | None) -> str:
    """The secret of a new session, for ``session_cookie``; the one that the browser had (``replaces``) ends. When a
    second factor is due it opens nothing yet (``find_step``).

    Raises TooMuch after ten tries for one account from one place, a hundred for one account or a hundred from one place
    in five minutes (then one at a time, ever so often), before the password is looked at; SignInRefused when it is
    wrong, after the same time for people who do not exist. The id of the session is always ours.
    """
    if len(password) > LONGEST_PASSWORD:
        raise Invalid("This password is too long.", field="password")
    account = hashlib.sha256(email.strip().lower().encode()).hexdigest()[:32]
    place = f"sign-in:{account}:{peer}"
    await house.database.write(_count_try, place, f"sign-in:{account}", peer)
    known = await house.database.read(find_password, email)
    fits = await hashing(password_fits, known[1] if known else None, password)
    if not fits or known is None:
        await house.database.write(_note_refused, known and known[0], peer)
        raise SignInRefused("The address or the password is not right.")
    rule = house.settings.sign_in.second_factor
    return await house.database.write(_enter, email, known, place, peer, agent, replaces, rule)


async def sign_out(house: House, secret: str | None) -> None:
    """End the session behind a cookie; the cookie is worth nothing from now on."""
    if secret:
        await house.database.write(end_session, secret)


async def find_step(house: House, secret: str | None) -> str:
    """What a half session still waits for (``what_is_missing``); empty for every other cookie."""
    waiting = await house.database.read(find_waiting, secret) if secret else None
    return waiting.waits_for if waiting else ""


async def prove_by_password(house: House, viewer: Viewer, secret: str, password: str, *, peer: str) -> str:
    """Show again that it is you: the secret under which the session goes on. Raises SignInRefused, TooMuch."""
    await check_password(house, viewer, password, peer=peer)
    return await house.database.write(prove_session, secret)


async def check_password(house: House, viewer: Viewer, password: str, *, peer: str) -> tuple[int, str]:
    """What it was compared with (``find_password``). Raises SignInRefused for a wrong password, TooMuch as
    ``sign_in``."""
    account = hashlib.sha256(viewer.email.encode()).hexdigest()[:32]
    await house.database.write(_count_try, f"sign-in:{account}:{peer}", f"sign-in:{account}", peer)
    known = await house.database.read(find_password, viewer.email)
    if known is None or not await hashing(password_fits, known[1], password[:LONGEST_PASSWORD]):
        await house.database.write(_note_refused, viewer.user_id, peer)
        raise SignInRefused("The password is not right.")
    return known


async def change_password(house: House, viewer: Viewer, old: str, new: str, *, peer: str) -> None:
    """Set a new password; every session and token of the person ends, this session too. Raises SignInRefused for a
    wrong old one, Invalid for a new one that is too short, TooMuch as ``sign_in``."""
    known = await check_password(house, viewer, old, peer=peer)
    if len(new) > LONGEST_PASSWORD:
        raise Invalid("This password is too long.", field="new")
    await house.database.write(_replace_password, viewer.email, known, await hashing(hash_password, new))


def session_cookie(settings: Settings, secret: str) -> Cookie:
    """The cookie of a session: for this host alone, out of reach of scripts and of other sites' forms."""
    return _cookie(settings, secret, LONGEST // clock.SECOND)


def ended_cookie(settings: Settings) -> Cookie:
    """What makes a browser forget its session."""
    return _cookie(settings, "", 0)


def _cookie(settings: Settings, value: str, seconds: int) -> Cookie:
    return Cookie(
        key=cookie_name(settings),
        value=value,
        max_age=seconds,
        path="/",
        secure=is_secure(settings),
        httponly=True,
        samesite="lax",
    )


def _count_try(tx: WriteTx, place: str, account: str, peer: str) -> None:
    take(tx, place, PER_PLACE)
    take(tx, account, PER_ACCOUNT)
    if peer and not ip_network(peer).is_loopback:
        # One password tried on many accounts. A proxy here that does not say for whom it asks is everybody at once.
        take(tx, f"sign-in-from:{peer}", PER_PEER)


def _note_refused(tx: WriteTx, user_id: int | None, peer: str) -> None:
    record_audit(tx, user_id, "sign-in-refused", "password", peer=peer)


def _replace_password(tx: WriteTx, email: str, known: tuple[int, str], hashed: str) -> None:
    tx.lock(user, known[0])
    if _password_changed(tx, email, known):
        raise SignInRefused("The password is not right.")
    set_password(tx, known[0], hashed)
    record_audit(tx, known[0], "password-changed")


def _enter(
    tx: WriteTx, email: str, known: tuple[int, str], place: str, peer: str, agent: str, replaces: str | None, rule: str
) -> str:
    tx.lock(user, known[0])  # whoever sets a new password at this moment waits, or has set it and is seen here
    if _password_changed(tx, email, known):
        raise SignInRefused("The address or the password is not right.")
    forget(tx, place)
    missing = what_is_missing(tx, known[0], rule)
    return start_session(tx, known[0], peer=peer, agent=agent, replaces=replaces, waits_for=missing)


def _password_changed(tx: ReadTx, email: str, known: tuple[int, str]) -> bool:
    """True when the password was changed or the person disabled while we compared."""
    return find_password(tx, email) != known

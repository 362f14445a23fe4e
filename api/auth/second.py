"""The second step of signing in: a code of the telephone, a recovery code or a passkey. Guessing is slowed down where
it comes from; who is signed in somewhere already is not kept out by it there."""

from __future__ import annotations

from ipaddress import ip_network
from typing import Any

from api.auth.credentials import SignInNeeded, SignInRefused
from core import clock
from core.database import WriteTx
from core.limits import Rate, forget, take
from core.secrets import Keys
from crm.staff.audit import record_audit
from crm.staff.factors import read_setup, set_up_codes, take_code
from crm.staff.passkeys import Site, begin_passkey_sign_in, make_site, take_passkey
from crm.staff.sessions import Waiting, find_waiting, hold_waiting, is_known_place, prove_session, start_session
from mailhub.runtime import House

PERIOD = 10 * clock.MINUTE
PER_PLACE = Rate(5, PERIOD)
PER_PERSON = Rate(50, PERIOD)
PER_PLACE_A_DAY = Rate(50, clock.DAY)
PER_PERSON_A_DAY = Rate(200, clock.DAY)
"""Three codes of a million are good at any moment: by this many tries one is met in years, not in a month."""
PER_PEER = Rate(100, PERIOD)


def site_of(house: House) -> Site:
    """Whom passkeys of this house are bound to."""
    return make_site(house.settings.web.base_url, house.settings.company.name)


async def show_code(house: House, half: str, typed: str, *, peer: str, agent: str) -> str:
    """The secret of the whole session; the half one ends. Raises SignInNeeded when that is over, SignInRefused for a
    wrong or used code, TooMuch after five from one place in ten minutes."""
    waiting = await _get_waiting(house, half, "code")
    place = f"code:{waiting.user_id}:{peer}"
    await house.database.write(_count_code, waiting.user_id, place, peer)
    secret = await house.database.write(_enter_by_code, house.keys, half, typed, place, peer, agent)
    if secret is None:
        raise SignInRefused("This code is not right, or it was used already.")
    return secret


async def set_up_first(
    house: House, half: str, sealed: str, typed: str, *, peer: str, agent: str
) -> tuple[str, list[str]]:
    """The secret of the whole session and the recovery codes of somebody who had to set up codes to come in. Raises
    SignInNeeded, Invalid, TooMuch."""
    waiting = await _get_waiting(house, half, "factor")
    await house.database.write(_count_code, waiting.user_id, f"code:{waiting.user_id}:{peer}", peer)
    secret = read_setup(house.keys, waiting.user_id, sealed)
    return await house.database.write(_enter_set_up, house.keys, half, waiting, secret, typed, peer, agent)


async def begin_passkey(house: House, peer: str) -> str:
    """What a browser needs to ask for a passkey, as JSON. Raises TooMuch, Invalid."""
    return await house.database.write(_begin, site_of(house), peer)


async def enter_by_passkey(
    house: House, answer: dict[str, Any], *, peer: str, agent: str, replaces: str | None
) -> str:  # fmt: skip
    """The secret of a new session for whoever's passkey answered; no password is asked. Raises SignInRefused, Invalid,
    Forbidden."""
    secret = await house.database.write(_enter_by_passkey, site_of(house), answer, peer, agent, replaces)
    if secret is None:
        raise SignInRefused("This passkey is not known here, or it may have been copied. Sign in another way.")
    return secret


async def prove_by_passkey(house: House, user_id: int, secret: str, answer: dict[str, Any]) -> str:
    """Show again that it is you: the secret under which the session goes on. Raises as ``enter_by_passkey``."""
    fresh = await house.database.write(_prove_by_passkey, site_of(house), user_id, secret, answer)
    if fresh is None:
        raise SignInRefused("This passkey is not yours, or it may have been copied. Sign in another way.")
    return fresh


async def _get_waiting(house: House, half: str, waits_for: str) -> Waiting:
    waiting = await house.database.read(find_waiting, half)
    if waiting is None or waiting.waits_for != waits_for:
        raise SignInNeeded("Sign in to go on.")
    return waiting


def _count_code(tx: WriteTx, user_id: int, place: str, peer: str) -> None:
    take(tx, place, PER_PLACE)
    take(tx, f"day:{place}", PER_PLACE_A_DAY)
    if not is_known_place(tx, user_id, peer):
        take(tx, f"code:{user_id}", PER_PERSON)
        take(tx, f"day:code:{user_id}", PER_PERSON_A_DAY)


def _enter_by_code(
    tx: WriteTx, keys: Keys, half: str, typed: str, place: str, peer: str, agent: str
) -> str | None:  # fmt: skip
    waiting = hold_waiting(tx, half)
    if waiting is None or waiting.waits_for != "code":
        raise SignInNeeded("Sign in to go on.")
    shown = take_code(tx, keys, waiting.user_id, typed)
    if not shown:
        record_audit(tx, waiting.user_id, "sign-in-refused", "code", peer=peer)
        return None
    forget(tx, place)
    return start_session(tx, waiting.user_id, peer=peer, agent=agent, replaces=half, shown=f"password, {shown}")


def _enter_set_up(
    tx: WriteTx, keys: Keys, half: str, waiting: Waiting, secret: bytes, typed: str, peer: str, agent: str
) -> tuple[str, list[str]]:
    if hold_waiting(tx, half) != waiting:
        raise SignInNeeded("Sign in to go on.")
    codes = set_up_codes(tx, keys, waiting.user_id, secret, typed)
    return start_session(tx, waiting.user_id, peer=peer, agent=agent, replaces=half, shown="password, code"), codes


def _begin(tx: WriteTx, site: Site, peer: str) -> str:
    if peer and not ip_network(peer).is_loopback:
        take(tx, f"passkey-from:{peer}", PER_PEER)
    return begin_passkey_sign_in(tx, site)


def _enter_by_passkey(
    tx: WriteTx, site: Site, answer: dict[str, Any], peer: str, agent: str, replaces: str | None
) -> str | None:
    user_id = take_passkey(tx, site, answer)
    if user_id is None:
        record_audit(tx, None, "sign-in-refused", "passkey", peer=peer)
        return None
    return start_session(tx, user_id, peer=peer, agent=agent, replaces=replaces, shown="passkey")


def _prove_by_passkey(tx: WriteTx, site: Site, user_id: int, secret: str, answer: dict[str, Any]) -> str | None:
    found = take_passkey(tx, site, answer)
    return prove_session(tx, secret) if found == user_id else None

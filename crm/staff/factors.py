"""What a person shows beside a password: codes of a telephone, and recovery codes for the day it is lost.

A code is taken once: the row remembers the step of the last one. Recovery codes are kept as hashes and used up.
"""

from __future__ import annotations

import secrets
from base64 import b32decode, b32encode
from dataclasses import dataclass

from sqlalchemy import delete, func, select, update

from core import clock
from core.database import ReadTx, WriteTx
from core.errors import Conflict, Forbidden, HouseError, Invalid
from core.secrets import Keys, hash_secret
from crm.staff.audit import record_audit
from crm.staff.tables import passkey, recovery_code, totp, user
from crm.staff.totp import find_step, new_totp_secret

RECOVERY_CODES = 10
SETUP_LIFE = 15 * clock.MINUTE
EVERYBODY, ADMINISTRATORS = "everybody", "administrators"


@dataclass(frozen=True, slots=True)
class Factors:
    """What a person has set up: since when codes are asked for, how many recovery codes are left, how many passkeys."""

    codes_since: int | None
    recovery_left: int
    passkeys: int


def get_factors(tx: ReadTx, user_id: int) -> Factors:
    """What this person has set up."""
    left = select(func.count()).where(recovery_code.c.user_id == user_id, recovery_code.c.used_at.is_(None))
    keys = select(func.count()).where(passkey.c.user_id == user_id)
    since = tx.value(select(totp.c.created_at).where(totp.c.user_id == user_id))
    return Factors(since, int(tx.value(left) or 0), int(tx.value(keys) or 0))


def what_is_missing(tx: ReadTx, user_id: int, rule: str) -> str:
    """What a person owes after the right password: ``code`` when codes are set up; where the rule of the house
    (``sign_in.second_factor``) wants more than a password, ``passkey`` of who has one, and ``factor`` of who has none
    and sets one up now; else nothing."""
    mine = get_factors(tx, user_id)
    if mine.codes_since is not None:
        return "code"
    if not _is_demanded(tx, user_id, rule):
        return ""
    return "passkey" if mine.passkeys else "factor"


def begin_codes(keys: Keys, user_id: int) -> tuple[bytes, str]:
    """A new secret, and the same sealed for the form that brings it back: nothing is kept until a code was shown."""
    secret = new_totp_secret()
    sealed = keys.seal(f"totp-setup:{user_id}", clock.now().to_bytes(8, "big") + secret)
    return secret, b32encode(sealed).decode()


def read_setup(keys: Keys, user_id: int, sealed: str) -> bytes:
    """The secret of ``begin_codes``. Raises Invalid for what is not this person's or older than a quarter of an
    hour."""
    try:
        opened = keys.open(f"totp-setup:{user_id}", b32decode(sealed))
    except (HouseError, ValueError) as problem:
        raise Invalid("This form is out of date. Begin again.") from problem
    if not 0 <= clock.now() - int.from_bytes(opened[:8], "big") < SETUP_LIFE:
        raise Invalid("This form is out of date. Begin again.")
    return opened[8:]


def set_up_codes(tx: WriteTx, keys: Keys, user_id: int, secret: bytes, code: str) -> list[str]:
    """Ask this person for codes from now on; they showed the first. Returns the recovery codes, shown this once.
    Raises Invalid for a wrong code, Conflict when codes are asked for already."""
    tx.lock(user, user_id)
    if tx.value(select(totp.c.user_id).where(totp.c.user_id == user_id)) is not None:
        raise Conflict("Codes are asked for already. Remove them first.")
    step = find_step(secret, code, clock.now(), 0)
    if step is None:
        raise Invalid("This is not the code that is shown just now. Is the clock of the telephone right?", field="code")
    sealed = keys.seal(f"totp:{user_id}", secret)
    tx.insert(totp, user_id=user_id, secret=sealed, last_step=step, created_at=clock.now())
    record_audit(tx, user_id, "codes-set-up")
    return renew_recovery_codes(tx, user_id)


def take_code(tx: WriteTx, keys: Keys, user_id: int, typed: str) -> str:
    """What the person showed: ``code`` for that of the telephone, ``recovery code``; empty when it is neither or was
    taken before."""
    tx.lock(user, user_id)
    row = tx.row(select(totp).where(totp.c.user_id == user_id))
    if row is None:
        return ""
    step = find_step(keys.open(f"totp:{user_id}", row.secret), typed, clock.now(), row.last_step)
    if step is not None:
        tx.execute(update(totp).where(totp.c.user_id == user_id).values(last_step=step))
        return "code"
    hashed = hash_secret(_plain(typed))
    unused = (
        recovery_code.c.user_id == user_id,
        recovery_code.c.code_hash == hashed,
        recovery_code.c.used_at.is_(None),
    )
    if tx.execute(update(recovery_code).where(*unused).values(used_at=clock.now())):
        record_audit(tx, user_id, "recovery-code-used")
        return "recovery code"
    return ""


def renew_recovery_codes(tx: WriteTx, user_id: int) -> list[str]:
    """Ten new codes; the old ones are worth nothing. Raises Invalid for who is not asked for codes."""
    if tx.value(select(totp.c.user_id).where(totp.c.user_id == user_id)) is None:
        raise Invalid("Recovery codes belong to the codes of a telephone. Set those up first.")
    tx.execute(delete(recovery_code).where(recovery_code.c.user_id == user_id))
    codes = [_new_code() for _ in range(RECOVERY_CODES)]
    tx.insert_many(recovery_code, [{"user_id": user_id, "code_hash": hash_secret(_plain(code))} for code in codes])
    record_audit(tx, user_id, "recovery-codes-made")
    return codes


def drop_codes(tx: WriteTx, user_id: int, rule: str, *, by_id: int | None = None) -> None:
    """Ask for codes no more. Raises Forbidden when the house wants a second factor and this is the only one; an
    administrator (``by_id``) may: the person sets one up anew at the next sign-in."""
    mine = get_factors(tx, user_id)
    if mine.codes_since is None:
        return
    if by_id is None and not mine.passkeys:
        refuse_last(tx, user_id, rule)
    tx.execute(delete(totp).where(totp.c.user_id == user_id))
    tx.execute(delete(recovery_code).where(recovery_code.c.user_id == user_id))
    record_audit(tx, user_id if by_id is None else by_id, "codes-removed", str(user_id))


def refuse_last(tx: ReadTx, user_id: int, rule: str) -> None:
    """Raise Forbidden when the house wants this person to have a second factor."""
    if _is_demanded(tx, user_id, rule):
        raise Forbidden("This server wants a second factor from you. Set up another one before you remove this.")


def _is_demanded(tx: ReadTx, user_id: int, rule: str) -> bool:
    is_admin = bool(tx.value(select(user.c.is_admin).where(user.c.id == user_id)))
    return rule == EVERYBODY or (rule == ADMINISTRATORS and is_admin)


def _new_code() -> str:
    """80 random bits, so a plain hash of them tells nothing."""
    text = b32encode(secrets.token_bytes(10)).decode().lower()
    return "-".join(text[at : at + 4] for at in range(0, 16, 4))


def _plain(typed: str) -> str:
    return "".join(sign for sign in typed.lower() if sign.isalnum())

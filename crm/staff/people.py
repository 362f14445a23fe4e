"""Users and teams."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError
from email_validator import EmailNotValidError, validate_email
from sqlalchemy import Row, bindparam, delete, select, update

from core import clock
from core.changes import record_change
from core.database import ReadTx, WriteTx
from core.errors import Conflict, Invalid, NotFound
from crm.staff.tables import entry_link, membership, session, team, token, user

SHORTEST_PASSWORD = 8
_hasher = PasswordHasher(time_cost=2, memory_cost=19456, parallelism=1)
# Verified when nobody has the name, so that a stranger cannot tell by the time whether an account exists.
_NOBODY = _hasher.hash("nobody has this password")


@dataclass(frozen=True, slots=True)
class User:
    """A person of the staff."""

    id: int
    email: str
    name: str
    is_admin: bool
    language: str
    theme: str
    disabled: bool


@dataclass(frozen=True, slots=True)
class Team:
    """A group of users that rights are given to."""

    id: int
    name: str
    member_ids: tuple[int, ...]


def normal_email(address: str) -> str:
    """The address in the one form that tables hold: checked, lower case. Raises Invalid."""
    try:
        checked = validate_email(address.strip(), check_deliverability=False, test_environment=True)
    except EmailNotValidError as problem:
        raise Invalid("%(address)s is not an e-mail address: %(reason)s", address=address, reason=problem) from problem
    return checked.normalized.lower()


def hash_password(password: str) -> str:
    """Argon2id. Slow on purpose (tens of milliseconds): call it outside a transaction. Raises Invalid when short."""
    if len(password) < SHORTEST_PASSWORD:
        raise Invalid("A password needs at least %(count)s characters.", count=SHORTEST_PASSWORD, field="password")
    return _hasher.hash(password)


def password_fits(stored: str | None, password: str) -> bool:
    """True when the password is right. Takes the same time for a person who does not exist (``stored`` None)."""
    try:
        _hasher.verify(stored or _NOBODY, password)
    except (VerifyMismatchError, InvalidHashError):
        return False
    return stored is not None


def add_user(
    tx: WriteTx, email: str, name: str, *, password_hash: str | None = None, is_admin: bool = False, language: str = ""
) -> int:
    """Add a person. Raises Invalid for a bad address, Conflict when it is taken."""
    address = normal_email(email)
    if find_user_by_email(tx, address) is not None:
        raise Conflict("There is already a user with the address %(address)s.", address=address)
    user_id = tx.insert(
        user,
        email=address,
        name=name.strip() or address,
        password=password_hash,
        is_admin=int(is_admin),
        language=language,
        created_at=clock.now(),
    )
    record_change(tx, "user.added", user_id)
    return user_id


def find_user_by_email(tx: ReadTx, email: str) -> User | None:
    """The person with this address, or None."""
    row = tx.row(select(user).where(user.c.email == email.strip().lower()))
    return None if row is None else _user(row)


def get_user(tx: ReadTx, user_id: int) -> User:
    """The person. Raises NotFound."""
    return _user(tx.get(user, user_id))


_ALL = select(user).order_by(user.c.name, user.c.id)


def list_users(tx: ReadTx) -> list[User]:
    """All people, also the disabled, by name."""
    return [_user(row) for row in tx.rows(_ALL)]


_NAMES = select(user.c.id, user.c.name).where(user.c.id.in_(bindparam("ids", expanding=True)))


def list_names(tx: ReadTx, user_ids: Sequence[int]) -> dict[int, str]:
    """The names of these people, by their ids."""
    return {row.id: row.name for row in tx.rows(_NAMES, {"ids": list(user_ids)})} if user_ids else {}


def find_password(tx: ReadTx, email: str) -> tuple[int, str] | None:
    """Id and stored hash of an enabled person who signs in by password, or None."""
    row = tx.row(
        select(user.c.id, user.c.password).where(user.c.email == email.strip().lower(), user.c.disabled_at.is_(None))
    )
    return None if row is None or row.password is None else (row.id, row.password)


def set_password(tx: WriteTx, user_id: int, password_hash: str) -> None:
    """Store a new hash and end every way in that the person had (``end_ways_in``)."""
    tx.lock(user, user_id)  # a sign-in with the old password waits here, and is refused afterwards
    tx.execute(update(user).where(user.c.id == user_id).values(password=password_hash))
    end_ways_in(tx, user_id)


def end_ways_in(tx: WriteTx, user_id: int) -> None:
    """End a person's sessions, tokens and the links that were sent to them: nothing that somebody copied outlives what
    was changed about the account."""
    tx.execute(delete(session).where(session.c.user_id == user_id))
    tx.execute(delete(entry_link).where(entry_link.c.user_id == user_id))
    mine = (token.c.user_id == user_id) & token.c.revoked_at.is_(None)
    tx.execute(update(token).where(mine).values(revoked_at=clock.now()))


def set_admin(tx: WriteTx, user_id: int, is_admin: bool) -> bool:
    """Make a person an administrator, or one no more; every way in that they had ends, so that no copy of a cookie or
    a token grows by it. Raises NotFound, and Conflict for the last administrator. False when they were that before."""
    tx.lock_key("administrators")
    tx.lock(user, user_id)
    if get_user(tx, user_id).is_admin == is_admin:
        return False
    if not is_admin:
        _refuse_last_administrator(tx, user_id)
    tx.execute(update(user).where(user.c.id == user_id).values(is_admin=int(is_admin)))
    end_ways_in(tx, user_id)
    record_change(tx, "user.changed", user_id)
    return True


def _refuse_last_administrator(tx: WriteTx, user_id: int) -> None:
    """Raise Conflict when nobody else is one; the caller holds the lock of the administrators."""
    there = select(user.c.id).where(user.c.is_admin == 1, user.c.disabled_at.is_(None))
    if tx.values(there.limit(2)) == [user_id]:
        raise Conflict("This is the last administrator. Make somebody else one first.")


def set_preferences(tx: WriteTx, user_id: int, *, language: str | None = None, theme: str | None = None) -> None:
    """Remember how the person wants pages to speak and look; None leaves a preference as it is."""
    chosen = {key: value for key, value in {"language": language, "theme": theme}.items() if value is not None}
    if chosen:
        tx.execute(update(user).where(user.c.id == user_id).values(chosen))


def disable_user(tx: WriteTx, user_id: int) -> None:
    """Let a person in no more; every way in that they had ends at once, their name stays on what they did. Raises
    NotFound, and Conflict for the last administrator."""
    tx.lock_key("administrators")
    tx.lock(user, user_id)
    _refuse_last_administrator(tx, user_id)
    if not tx.execute(update(user).where(user.c.id == user_id).values(disabled_at=clock.now())):
        raise NotFound("There is no user with the number %(id)s.", id=user_id)
    end_ways_in(tx, user_id)
    record_change(tx, "user.disabled", user_id)


def add_team(tx: WriteTx, name: str) -> int:
    """Add a team. Raises Invalid without a name, Conflict when it is taken."""
    if not name.strip():
        raise Invalid("A team needs a name.", field="name")
    if find_team(tx, name) is not None:
        raise Conflict("There is already a team named %(name)s.", name=name.strip())
    return tx.insert(team, name=name.strip())


def find_team(tx: ReadTx, name: str) -> int | None:
    """The id of the team with this name, or None."""
    found = tx.value(select(team.c.id).where(team.c.name == name.strip()))
    return None if found is None else int(found)


_MEMBERSHIPS = select(membership).order_by(membership.c.user_id)
_TEAMS = select(team).order_by(team.c.name)


def list_teams(tx: ReadTx) -> list[Team]:
    """All teams with their members, by name."""
    members: dict[int, list[int]] = {}
    for row in tx.rows(_MEMBERSHIPS):
        members.setdefault(row.team_id, []).append(row.user_id)
    return [Team(row.id, row.name, tuple(members.get(row.id, ()))) for row in tx.rows(_TEAMS)]


def join_team(tx: WriteTx, team_id: int, user_id: int) -> None:
    """Make a person a member; nothing happens when they are one."""
    tx.lock(team, team_id)
    both = (membership.c.team_id == team_id) & (membership.c.user_id == user_id)
    if tx.value(select(membership.c.user_id).where(both)) is None:
        tx.insert(membership, team_id=team_id, user_id=user_id)
        record_change(tx, "team.joined", team_id, fields={"user_id": user_id})


def leave_team(tx: WriteTx, team_id: int, user_id: int) -> None:
    """End a membership; the rights that came with it are gone in the next request."""
    both = (membership.c.team_id == team_id) & (membership.c.user_id == user_id)
    if tx.execute(delete(membership).where(both)):
        record_change(tx, "team.left", team_id, fields={"user_id": user_id})


def _user(row: Row[Any]) -> User:
    return User(
        id=row.id,
        email=row.email,
        name=row.name,
        is_admin=bool(row.is_admin),
        language=row.language,
        theme=row.theme,
        disabled=row.disabled_at is not None,
    )

"""Scopes and grants: who may do what with whose letters.

A scope is an identity, one per mailbox, for ever. Rows carry ``scope_id``; a grant gives a user or a team one right on
a scope. Rights change by changing grants alone, in one transaction, at once: no row is ever rewritten for it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import ColumnElement, Select, and_, bindparam, delete, or_, select

from core import clock
from core.changes import record_change
from core.database import ReadTx, WriteTx
from core.errors import Invalid
from crm.staff.tables import grant, membership, scope, user

Right = Literal["see", "comment", "answer", "assign", "manage"]
RIGHTS: tuple[Right, ...] = ("see", "comment", "answer", "assign", "manage")
ScopeKind = Literal["public", "personal", "shared", "trash"]
KNOW = "know"
"""No right on anything: on a shared scope it lets a history say that there was a letter."""


@dataclass(frozen=True, slots=True)
class Grant:
    """One right of a user or a team on a scope; ``only_assigned`` narrows it to what the person executes. It holds
    from ``from_at`` until ``until_at`` (instants), where they are set."""

    id: int
    scope_id: int
    user_id: int | None
    team_id: int | None
    right: Right
    only_assigned: bool
    from_at: int | None = None
    until_at: int | None = None


def add_scope(tx: WriteTx, kind: ScopeKind, owner_id: int | None = None) -> int:
    """A new identity that rows can carry; a personal one is its owner's."""
    return tx.insert(scope, kind=kind, owner_id=owner_id)


def get_scope_below(tx: WriteTx, parent_id: int, kind: ScopeKind, audience: str = "") -> tuple[int, bool]:
    """The scope of this kind and audience below another, made where there is none yet; and whether it is new. Whoever
    may do something in the parent may do it there too, but nobody sees what lies in the trash by it."""
    here = (scope.c.parent_id == parent_id) & (scope.c.kind == kind) & (scope.c.audience == audience)
    tx.lock(scope, parent_id)
    found = tx.value(select(scope.c.id).where(here))
    if found is not None:
        return int(found), False
    owner_id = tx.get(scope, parent_id).owner_id
    return tx.insert(scope, kind=kind, parent_id=parent_id, audience=audience, owner_id=owner_id), True


def add_knowledge(tx: WriteTx, scope_id: int, *, user_id: int | None = None, team_id: int | None = None) -> None:
    """Let people know of the letters of a shared scope that they exist, and nothing else of them."""
    tx.insert(grant, scope_id=scope_id, user_id=user_id, team_id=team_id, right=KNOW, only_assigned=0)


def add_grant(
    tx: WriteTx,
    scope_id: int,
    right: Right,
    *,
    user_id: int | None = None,
    team_id: int | None = None,
    only_assigned: bool = False,
    from_at: int | None = None,
    until_at: int | None = None,
) -> None:
    """Give a right to exactly one of a user and a team, maybe for a while. Giving it again changes how it is given.
    Raises Invalid."""
    if (user_id is None) == (team_id is None):
        raise Invalid("A right is given either to a user or to a team.")
    if right not in RIGHTS:
        raise Invalid(
            "There is no right named %(right)s; there are: %(rights)s.", right=right, rights=", ".join(RIGHTS)
        )
    if from_at is not None and until_at is not None and until_at <= from_at:
        raise Invalid("A right that is given for a while ends after it begins.", field="until")
    tx.lock(scope, scope_id)
    remove_grant(tx, scope_id, right, user_id=user_id, team_id=team_id)
    tx.insert(
        grant,
        scope_id=scope_id,
        user_id=user_id,
        team_id=team_id,
        right=right,
        only_assigned=int(only_assigned),
        from_at=from_at,
        until_at=until_at,
    )
    record_change(
        tx, "grant.added", scope_id, scope_id=scope_id, fields={"user_id": user_id, "team_id": team_id, "right": right}
    )


def remove_grant(
    tx: WriteTx, scope_id: int, right: Right, *, user_id: int | None = None, team_id: int | None = None
) -> bool:
    """Take a right away. It is gone in the next request of whoever had it. False when there was none."""
    gone = tx.execute(
        delete(grant).where(
            grant.c.scope_id == scope_id,
            grant.c.right == right,
            grant.c.user_id.is_not_distinct_from(user_id),
            grant.c.team_id.is_not_distinct_from(team_id),
        )
    )
    if gone:
        record_change(
            tx,
            "grant.removed",
            scope_id,
            scope_id=scope_id,
            fields={"user_id": user_id, "team_id": team_id, "right": right},
        )
    return bool(gone)


def list_grants(tx: ReadTx, scope_id: int) -> list[Grant]:
    """The grants on a scope, those too whose time has not come yet or is over."""
    rows = tx.rows(select(grant).where(grant.c.scope_id == scope_id).order_by(grant.c.id))
    return [
        Grant(
            row.id,
            row.scope_id,
            row.user_id,
            row.team_id,
            row.right,
            bool(row.only_assigned),
            row.from_at,
            row.until_at,
        )
        for row in rows
    ]


def in_time() -> ColumnElement[bool]:
    """The condition under which a grant holds at the parameter ``now``."""
    begun = or_(grant.c.from_at.is_(None), grant.c.from_at <= bindparam("now"))
    return and_(begun, or_(grant.c.until_at.is_(None), grant.c.until_at > bindparam("now")))


def _granted(*which: ColumnElement[bool]) -> Select[Any]:
    by_team = select(membership.c.user_id).join(grant, grant.c.team_id == membership.c.team_id).where(*which)
    by_name = select(grant.c.user_id).where(*which)
    return (
        select(user.c.id)
        .where(user.c.disabled_at.is_(None), or_(user.c.id.in_(by_name), user.c.id.in_(by_team)))
        .order_by(user.c.id)
    )


_PARENT = select(scope.c.parent_id).where(scope.c.id == bindparam("scope_id")).scalar_subquery()
_HERE = and_(
    or_(grant.c.scope_id == bindparam("scope_id"), grant.c.scope_id == _PARENT), grant.c.right != KNOW, in_time()
)
_VIEWERS = _granted(_HERE)
_PEOPLE_WITH = _granted(_HERE, grant.c.right == bindparam("right"))


def list_viewers_of(tx: ReadTx, scope_id: int) -> list[int]:
    """Ids of the enabled people with any right on the scope by a grant: those to whom something there is news."""
    return [int(found) for found in tx.values(_VIEWERS, {"scope_id": scope_id, "now": clock.now()})]


def list_people_with(tx: ReadTx, scope_id: int, right: Right) -> list[int]:
    """Ids of the enabled people who have the right by a grant of their own or of a team, in the order of their ids.

    Administrators are not in this list by their office: work is given to those who were chosen for it.
    """
    asked = {"scope_id": scope_id, "right": right, "now": clock.now()}
    return [int(found) for found in tx.values(_PEOPLE_WITH, asked)]

"""Scopes and grants: who may do what with whose letters.

A scope is an identity, one per mailbox, for ever. Rows carry ``scope_id``; a grant gives a user or a team one right on
a scope. Rights change by changing grants alone, in one transaction, at once: no row is ever rewritten for it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import ColumnElement, Select, bindparam, delete, or_, select

from core.changes import record_change
from core.database import ReadTx, WriteTx
from core.errors import Invalid
from crm.staff.tables import grant, membership, scope, user

Right = Literal["see", "comment", "answer", "assign", "manage"]
RIGHTS: tuple[Right, ...] = ("see", "comment", "answer", "assign", "manage")
ScopeKind = Literal["public", "personal"]


@dataclass(frozen=True, slots=True)
class Grant:
    """One right of a user or a team on a scope; ``only_assigned`` narrows it to what the person executes."""

    id: int
    scope_id: int
    user_id: int | None
    team_id: int | None
    right: Right
    only_assigned: bool


def add_scope(tx: WriteTx, kind: ScopeKind) -> int:
    """A new identity that rows can carry."""
    return tx.insert(scope, kind=kind)


def add_grant(
    tx: WriteTx,
    scope_id: int,
    right: Right,
    *,
    user_id: int | None = None,
    team_id: int | None = None,
    only_assigned: bool = False,
) -> None:
    """Give a right to exactly one of a user and a team. Giving it again changes ``only_assigned``. Raises Invalid."""
    if (user_id is None) == (team_id is None):
        raise Invalid("A right is given either to a user or to a team.")
    if right not in RIGHTS:
        raise Invalid(
            "There is no right named %(right)s; there are: %(rights)s.", right=right, rights=", ".join(RIGHTS)
        )
    tx.lock(scope, scope_id)
    remove_grant(tx, scope_id, right, user_id=user_id, team_id=team_id)
    tx.insert(grant, scope_id=scope_id, user_id=user_id, team_id=team_id, right=right, only_assigned=int(only_assigned))
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
    """The grants on a scope."""
    rows = tx.rows(select(grant).where(grant.c.scope_id == scope_id).order_by(grant.c.id))
    return [Grant(row.id, row.scope_id, row.user_id, row.team_id, row.right, bool(row.only_assigned)) for row in rows]


def _granted(*which: ColumnElement[bool]) -> Select[Any]:
    by_team = select(membership.c.user_id).join(grant, grant.c.team_id == membership.c.team_id).where(*which)
    by_name = select(grant.c.user_id).where(*which)
    return (
        select(user.c.id)
        .where(user.c.disabled_at.is_(None), or_(user.c.id.in_(by_name), user.c.id.in_(by_team)))
        .order_by(user.c.id)
    )


_HERE = grant.c.scope_id == bindparam("scope_id")
_VIEWERS = _granted(_HERE)
_PEOPLE_WITH = _granted(_HERE, grant.c.right == bindparam("right"))


def list_viewers_of(tx: ReadTx, scope_id: int) -> list[int]:
    """Ids of the enabled people with any right on the scope by a grant: those to whom something there is news."""
    return [int(found) for found in tx.values(_VIEWERS, {"scope_id": scope_id})]


def list_people_with(tx: ReadTx, scope_id: int, right: Right) -> list[int]:
    """Ids of the enabled people who have the right by a grant of their own or of a team, in the order of their ids.

    Administrators are not in this list by their office: work is given to those who were chosen for it.
    """
    return [int(found) for found in tx.values(_PEOPLE_WITH, {"scope_id": scope_id, "right": right})]

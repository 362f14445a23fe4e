"""The one door to rows that belong to somebody.

Whatever carries a ``scope_id`` is read through ``readable`` (a set) or after ``may`` (one thing). Visibility is part of
the query, never an ``if`` around its result: a counter, a search and a page cannot disagree about what a person sees.
Rights are read inside the transaction of the request itself, so a right taken away is gone in the next request.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, FromClause, Select, and_, bindparam, false, or_, select

from core.database import ReadTx
from core.errors import Forbidden, NotFound
from crm.staff.rights import RIGHTS, Right
from crm.staff.tables import grant, membership, scope, user


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who asks, and what they may see at this moment.

    ``full`` are the scopes in which they see everything, ``assigned`` those in which they see only what they execute.
    ``rights`` hold for whatever they see in a scope, ``narrowed`` only for what they execute among it.
    """

    user_id: int
    name: str
    email: str
    is_admin: bool
    language: str
    theme: str
    full: frozenset[int]
    assigned: frozenset[int]
    rights: frozenset[tuple[int, Right]]
    narrowed: frozenset[tuple[int, Right]] = frozenset()

    def may(self, right: Right, scope_id: int, executor_id: int | None = None) -> bool:
        """True when the viewer has the right on a row that they can see: of this scope, with this executor."""
        mine = executor_id == self.user_id and (scope_id, right) in self.narrowed
        return mine or (scope_id, right) in self.rights

    def may_somewhere(self, right: Right) -> bool:
        """True for administrators and for who has the right on everything in some scope: a say in what is no
        scope's."""
        return self.is_admin or any(one == right and scope_id in self.full for scope_id, one in self.rights)


_GRANTS = select(grant.c.scope_id, grant.c.right, grant.c.only_assigned).where(
    or_(
        grant.c.user_id == bindparam("me"),
        grant.c.team_id.in_(select(membership.c.team_id).where(membership.c.user_id == bindparam("me"))),
    )
)
_PERSON = select(user).where(user.c.id == bindparam("me"), user.c.disabled_at.is_(None))
_PUBLIC = select(scope.c.id).where(scope.c.kind == "public")


def get_viewer(tx: ReadTx, user_id: int) -> Viewer:
    """The person and their rights as of this transaction. Raises NotFound for the disabled and the unknown.

    An administrator has every right on every public scope and none by office on a personal one.
    """
    person = tx.row(_PERSON, {"me": user_id})
    if person is None:
        raise NotFound("There is no user with the number %(id)s.", id=user_id)
    full: set[int] = set()
    assigned: set[int] = set()
    rights: set[tuple[int, Right]] = set()
    narrowed: set[tuple[int, Right]] = set()
    for row in tx.rows(_GRANTS, {"me": user_id}):
        (narrowed if row.only_assigned else rights).update({(row.scope_id, row.right), (row.scope_id, "see")})
        (assigned if row.only_assigned else full).add(row.scope_id)
    if person.is_admin:
        for scope_id in tx.values(_PUBLIC):
            full.add(scope_id)
            rights.update((scope_id, right) for right in RIGHTS)
    # A mailbox is managed as a whole; anything else holds for whatever is seen where only what is theirs is seen.
    narrowed = {(scope_id, right) for scope_id, right in narrowed if right != "manage"}
    rights |= {(scope_id, right) for scope_id, right in narrowed if scope_id not in full}
    return Viewer(
        user_id=person.id,
        name=person.name,
        email=person.email,
        is_admin=bool(person.is_admin),
        language=person.language,
        theme=person.theme,
        full=frozenset(full),
        assigned=frozenset(assigned - full),
        rights=frozenset(rights),
        narrowed=frozenset(narrowed),
    )


def visible(viewer: Viewer, scope_column: ColumnElement[Any], executor_column: ColumnElement[Any] | None) -> Any:
    """The condition under which a row may be seen: its scope is open to the viewer, or it is theirs to execute.

    Rows without an executor of their own (None) are seen in fully open scopes only.
    """
    open_to = scope_column.in_(sorted(viewer.full)) if viewer.full else false()
    if executor_column is None or not viewer.assigned:
        return open_to
    return or_(open_to, and_(scope_column.in_(sorted(viewer.assigned)), executor_column == viewer.user_id))


def readable(statement: Select[Any], viewer: Viewer, source: FromClause) -> Select[Any]:
    """Narrow a query over ``source`` (a table with ``scope_id`` and maybe ``executor_id``) to what the viewer sees."""
    return statement.where(visible(viewer, source.c.scope_id, source.c.get("executor_id")))


def demand(viewer: Viewer, right: Right, scope_id: int, executor_id: int | None = None) -> None:
    """Raise Forbidden unless the viewer has the right on a thing that they were shown: its scope, its executor."""
    if not viewer.may(right, scope_id, executor_id):
        raise Forbidden("You may see this, but you need the right “%(right)s” to do that.", right=right)


def demand_somewhere(viewer: Viewer, right: Right) -> None:
    """Raise Forbidden unless the viewer has the right on some mailbox: for what belongs to no mailbox, clients say."""
    if not viewer.may_somewhere(right):
        raise Forbidden("You may see this, but you need the right “%(right)s” to do that.", right=right)


def demand_admin(viewer: Viewer) -> None:
    """Raise Forbidden unless the viewer is an administrator."""
    if not viewer.is_admin:
        raise Forbidden("Only an administrator may do this.")

"""The one door to rows that belong to somebody.

Whatever carries a ``scope_id`` is read through ``readable`` (a set) or after ``may`` (one thing). Visibility is part of
the query, never an ``if`` around its result: a counter, a search and a page cannot disagree about what a person sees.
Rights are read inside the transaction of the request itself, so a right taken away is gone in the next request.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, FromClause, Select, and_, bindparam, false, or_, select, union_all

from core import clock
from core.database import ReadTx
from core.errors import Forbidden, NotFound
from crm.staff.modules import JOINED, parts_off
from crm.staff.rights import KNOW, RIGHTS, Right, in_time
from crm.staff.tables import grant, membership, scope, user


@dataclass(slots=True)
class _Below:
    """What the rights of a person say of scopes below others."""

    parents: dict[int, int] = field(default_factory=dict)
    known: set[int] = field(default_factory=set)
    own: set[int] = field(default_factory=set)
    others: set[int] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who asks, and what they may see at this moment.

    ``full`` are the scopes in which they see everything, ``assigned`` those in which they see only what they execute.
    ``rights`` hold for whatever they see in a scope, ``narrowed`` only for what they execute among it. ``parents`` are
    the mailboxes' scopes of those that lie below one: what a mailbox shares. ``known`` are scopes of whose letters a
    history says that they exist. ``own`` are the personal scopes that are
    the viewer's, ``others`` those of other people; ``read`` gathers what of these was opened: pairs of scope and
    thread. ``off`` are the parts of the house that nobody uses here.
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
    parents: Mapping[int, int] = field(default_factory=dict)
    known: frozenset[int] = frozenset()
    own: frozenset[int] = frozenset()
    others: frozenset[int] = frozenset()
    read: set[tuple[int, int]] = field(default_factory=set, compare=False)
    off: frozenset[str] = frozenset()

    def uses(self, part: str) -> bool:
        """True for a part of the house (``crm/staff/modules``) that is not turned off, and for what is no part."""
        return part not in self.off

    def within(self, scope_id: int | None) -> tuple[frozenset[int], frozenset[int]]:
        """``full`` and ``assigned`` of one mailbox alone, with what it shares; of all for None."""
        if scope_id is None:
            return self.full, self.assigned
        here = {scope_id, *(below for below, parent in self.parents.items() if parent == scope_id)}
        return self.full & here, self.assigned & here

    def may(self, right: Right, scope_id: int, executor_id: int | None = None) -> bool:
        """True when the viewer has the right on a row that they can see: of this scope, with this executor."""
        mine = executor_id == self.user_id and (scope_id, right) in self.narrowed
        return mine or (scope_id, right) in self.rights

    def may_somewhere(self, right: Right) -> bool:
        """True for administrators and for who has the right on everything in some scope: a say in what is no
        scope's."""
        return self.is_admin or any(one == right and scope_id in self.full for scope_id, one in self.rights)


_mine = and_(
    or_(
        grant.c.user_id == bindparam("me"),
        grant.c.team_id.in_(select(membership.c.team_id).where(membership.c.user_id == bindparam("me"))),
    ),
    in_time(),
)
_below = scope.alias("below")
_GRANTS = union_all(
    select(
        scope.c.id.label("scope_id"),
        scope.c.kind,
        scope.c.parent_id,
        scope.c.owner_id,
        grant.c.right,
        grant.c.only_assigned,
    )
    .join(scope, scope.c.id == grant.c.scope_id)
    .where(_mine),
    select(_below.c.id, _below.c.kind, _below.c.parent_id, _below.c.owner_id, grant.c.right, grant.c.only_assigned)
    .join(_below, _below.c.parent_id == grant.c.scope_id)
    .where(_mine),
)
_PERSON = select(user, JOINED.scalar_subquery().label("parts_off")).where(
    user.c.id == bindparam("me"), user.c.disabled_at.is_(None)
)
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
    found = _Below()
    for row in tx.rows(_GRANTS, {"me": user_id, "now": clock.now()}):
        if row.kind == "trash":
            continue  # nobody sees what lies there, but for its own page
        if row.right == KNOW:
            found.known.add(row.scope_id)
            continue
        if row.parent_id is not None:
            found.parents[row.scope_id] = row.parent_id
        if row.owner_id is not None:
            (found.own if row.owner_id == user_id else found.others).add(row.scope_id)
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
        parents=found.parents,
        known=frozenset(found.known - full),
        own=frozenset(found.own),
        others=frozenset(found.others),
        off=parts_off(person.parts_off.split(",")) if person.parts_off else frozenset(),
    )


def note_read(viewer: Viewer, scope_id: int, thread_id: int | None) -> None:
    """Note that words of somebody's personal mail are shown, of a thread or of what has none yet: who opens the door
    for it writes that down."""
    if scope_id in viewer.others:
        viewer.read.add((scope_id, thread_id or 0))


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


Shape = tuple[bool, bool]


def shape_of(viewer: Viewer) -> Shape:
    """Whether the viewer has scopes of either kind: all that the text of a statement depends on."""
    return bool(viewer.full), bool(viewer.assigned)


def readable_by(shape: Shape, statement: Select[Any], source: FromClause, *, by_id: bool = False) -> Select[Any]:
    """As ``readable`` for everybody of a shape, with holes that ``sight_of`` fills: made once and kept, a statement of
    a page costs a fifth of one that is made for each viewer.

    ``by_id``: the statement names the rows by a list of ids. SQLite would rather walk all rows of the viewer's scopes
    than look up two hundred; the "+ 0" keeps it from the index that lets it.
    """
    scope_column = source.c.scope_id + 0 if by_id else source.c.scope_id
    return statement.where(visible_by(shape, scope_column, source.c.get("executor_id")))


def visible_by(
    shape: Shape, scope_column: ColumnElement[Any], executor_column: ColumnElement[Any] | None
) -> ColumnElement[bool]:
    """As ``visible``, with the holes of ``readable_by``."""
    full, assigned = shape
    open_to: ColumnElement[bool] = scope_column.in_(bindparam("full", expanding=True)) if full else false()
    if executor_column is None or not assigned:
        return open_to
    mine = and_(scope_column.in_(bindparam("assigned", expanding=True)), executor_column == bindparam("me"))
    return or_(open_to, mine)


def sight_of(viewer: Viewer) -> dict[str, Any]:
    """What fills the holes of ``readable_by``; ``me`` is the viewer's id."""
    return {"me": viewer.user_id, "full": sorted(viewer.full), "assigned": sorted(viewer.assigned)}


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

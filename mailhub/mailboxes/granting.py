"""Who may do what in a mailbox: its manager says so for a public one, its owner for a personal one.

Somebody's rights there are given as a whole: all at once, from when until when. What is taken is gone in the next
request of whoever had it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import select

from core.database import ReadTx, WriteTx
from core.errors import Forbidden, Invalid, NotFound
from crm.staff.audit import record_audit
from crm.staff.people import get_user
from crm.staff.readable import Viewer, demand
from crm.staff.rights import RIGHTS, Grant, Right, add_grant, list_grants, remove_grant
from crm.staff.tables import team, user
from mailhub.mailboxes.boxes import Mailbox, list_mailboxes


@dataclass(frozen=True, slots=True)
class Holder:
    """Somebody with rights in a mailbox, a user or a team. ``only_assigned``: of what they execute there alone."""

    user_id: int | None
    team_id: int | None
    name: str
    rights: tuple[Right, ...]
    only_assigned: bool
    from_at: int | None
    until_at: int | None
    owner: bool = False


@dataclass(frozen=True, slots=True)
class Given:
    """What somebody may do from now on; without rights they may do nothing any more."""

    rights: tuple[Right, ...]
    only_assigned: bool = False
    from_at: int | None = None
    until_at: int | None = None


def get_ruled(tx: ReadTx, viewer: Viewer, mailbox_id: int) -> Mailbox:
    """A mailbox whose rights the viewer gives. Raises NotFound for one that they do not see, Forbidden."""
    for box in list_mailboxes(tx, viewer):
        if box.id == mailbox_id:
            demand(viewer, "manage", box.scope_id)
            if box.kind == "personal" and box.scope_id not in viewer.own:
                raise Forbidden("Only the owner of a personal mailbox says who may read it.")
            return box
    raise NotFound("There is no mailbox with the number %(id)s.", id=mailbox_id)


def list_holders(tx: ReadTx, viewer: Viewer, mailbox_id: int) -> list[Holder]:
    """Who may do what in a mailbox, people before teams, by name. Raises NotFound, Forbidden."""
    box = get_ruled(tx, viewer, mailbox_id)
    users = {row.id: row.name for row in tx.rows(select(user.c.id, user.c.name).where(user.c.disabled_at.is_(None)))}
    teams = {row.id: row.name for row in tx.rows(select(team.c.id, team.c.name))}
    held: dict[tuple[int | None, int | None], list[Grant]] = {}
    for one in list_grants(tx, box.scope_id):
        if one.user_id is None or one.user_id in users:
            held.setdefault((one.user_id, one.team_id), []).append(one)
    found = [
        Holder(
            user_id,
            team_id,
            users[user_id] if user_id is not None else teams[team_id or 0],
            tuple(right for right in RIGHTS if right == "see" or any(one.right == right for one in grants)),
            all(one.only_assigned for one in grants),
            min((one.from_at for one in grants if one.from_at is not None), default=None),
            max((one.until_at for one in grants if one.until_at is not None), default=None),
            owner=user_id is not None and user_id == box.owner_id,
        )
        for (user_id, team_id), grants in held.items()
    ]
    return sorted(found, key=lambda one: (not one.owner, one.team_id is not None, one.name.lower()))


def set_rights(
    tx: WriteTx,
    viewer: Viewer,
    mailbox_id: int,
    given: Given,
    *,
    user_id: int | None = None,
    team_id: int | None = None,
) -> None:
    """Let a person or a team have exactly these rights in a mailbox. Raises NotFound, Forbidden, Invalid for a right
    that does not exist, a team in a personal mailbox, and the owner's own rights."""
    box = get_ruled(tx, viewer, mailbox_id)
    check_holder(tx, box, user_id, team_id)
    unknown = [right for right in given.rights if right not in RIGHTS]
    if unknown:
        raise Invalid("There is no right named %(right)s.", right=unknown[0], field="rights")
    if given.only_assigned and "manage" in given.rights:
        raise Invalid("A mailbox is managed as a whole, not what is assigned to somebody.", field="rights")
    before = {one.right for one in list_grants(tx, box.scope_id) if (one.user_id, one.team_id) == (user_id, team_id)}
    wanted: Iterable[Right] = dict.fromkeys(given.rights)
    for right in sorted(before - set(wanted)):
        remove_grant(tx, box.scope_id, right, user_id=user_id, team_id=team_id)
    for right in wanted:
        add_grant(
            tx, box.scope_id, right, user_id=user_id, team_id=team_id, only_assigned=given.only_assigned,
            from_at=given.from_at, until_at=given.until_at,
        )  # fmt: skip
    record_audit(
        tx, viewer.user_id, "rights-set" if given.rights else "rights-taken", str(box.id),
        user=user_id, team=team_id, rights=list(given.rights), only_assigned=given.only_assigned,
        from_at=given.from_at, until_at=given.until_at,
    )  # fmt: skip


def check_holder(tx: ReadTx, box: Mailbox, user_id: int | None, team_id: int | None) -> None:
    """Raise Invalid unless this person or team may be given rights in the mailbox, NotFound for nobody."""
    if (user_id is None) == (team_id is None):
        raise Invalid("A right is given either to a user or to a team.")
    if user_id is not None:
        get_user(tx, user_id)
    if team_id is not None and tx.value(select(team.c.id).where(team.c.id == team_id)) is None:
        raise Invalid("There is no team with the number %(id)s.", id=team_id, field="group_id")
    if box.kind == "personal" and team_id is not None:
        raise Invalid("A personal mailbox has deputies by name, no teams.", field="group_id")
    if box.kind == "personal" and user_id == box.owner_id:
        raise Invalid("A personal mailbox stays its owner's.", field="user_id")

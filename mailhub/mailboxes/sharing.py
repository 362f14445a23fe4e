"""Showing a thread of a personal mailbox to others: by its owner's choice, thread by thread, and undone at once.

A shared thread lies in a scope below its mailbox's, one for each set of people it is shared with. People of the set may
see its letters, or only know (``trace``) that there was a letter: a line in the client's history without any words.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import select

from core.database import ReadTx, WriteTx
from core.errors import Forbidden, Invalid, NotFound
from crm.staff.audit import record_audit
from crm.staff.readable import Viewer, get_viewer, readable
from crm.staff.rights import KNOW, add_grant, add_knowledge, get_scope_below, list_grants
from crm.staff.tables import team, user
from mailhub.mailboxes.rescoping import set_scope
from mailhub.mailboxes.tables import mailbox, thread
from mailhub.mailboxes.threads import find_root, tell

What = Literal["letters", "trace"]
WHATS: tuple[What, ...] = ("letters", "trace")


@dataclass(frozen=True, slots=True, order=True)
class Share:
    """Somebody who is shown a thread, a user or a team, and what: its letters, or that there was a letter."""

    user_id: int | None
    team_id: int | None
    what: What


@dataclass(frozen=True, slots=True)
class Sharing:
    """How a thread is shared; ``mine`` when the viewer may change that."""

    thread_id: int
    mine: bool
    shares: tuple[Share, ...]


def get_sharing(tx: ReadTx, viewer: Viewer, thread_id: int) -> Sharing:
    """With whom a thread is shared, as its owner is told. Raises NotFound, Forbidden for a thread that is not out of a
    personal mailbox of the viewer's own."""
    row = _get_own(tx, viewer, thread_id)
    return Sharing(row.id, mine=True, shares=_list_shares(tx, row))


def share_thread(tx: WriteTx, viewer: Viewer, thread_id: int, shares: Iterable[Share]) -> Sharing:
    """Share a thread with exactly these from now on; with nobody it is private again, in the next request of whoever
    saw it. Raises NotFound, Forbidden for everybody but the owner of its mailbox, Invalid."""
    wanted = sorted(set(shares), key=lambda one: (one.user_id or 0, one.team_id or 0))
    viewer = _hold(tx, viewer, thread_id)
    row = _get_own(tx, viewer, thread_id)
    _check(tx, viewer, wanted)
    home = int(tx.get(mailbox, row.mailbox_id).scope_id)
    scope_id = _get_shared_scope(tx, home, wanted) if wanted else home
    if scope_id != row.scope_id:
        set_scope(tx, row.id, scope_id)
        sentence = "Shared with others." if wanted else "Not shared any more."
        tell(tx, row.id, sentence, user_id=viewer.user_id)
        record_audit(
            tx, viewer.user_id, "thread-shared" if wanted else "thread-unshared", str(row.id),
            users=[one.user_id for one in wanted if one.user_id], teams=[one.team_id for one in wanted if one.team_id],
        )  # fmt: skip
    return Sharing(row.id, mine=True, shares=tuple(wanted))


def share_with(
    tx: WriteTx, viewer: Viewer, thread_id: int, *, user_id: int | None, team_id: int | None, what: What | None
) -> Sharing:
    """Show a thread to one more, show them something else, or nothing any more (``what`` None); who else sees it stays
    as it is at this moment. Raises as ``share_thread``."""
    viewer = _hold(tx, viewer, thread_id)
    shares = get_sharing(tx, viewer, thread_id).shares
    kept = [one for one in shares if (one.user_id, one.team_id) != (user_id, team_id)]
    return share_thread(tx, viewer, thread_id, kept if what is None else [*kept, Share(user_id, team_id, what)])


def may_share(viewer: Viewer, scope_id: int) -> bool:
    """Whether a thread of this scope is the viewer's to share."""
    return scope_id in viewer.own


def _hold(tx: WriteTx, viewer: Viewer, thread_id: int) -> Viewer:
    """Hold the thread until the end of the unit. The viewer as of then: it may lie in a scope by now that was made
    while we waited."""
    tx.lock(thread, find_root(tx, thread_id))
    return get_viewer(tx, viewer.user_id)


def _get_own(tx: ReadTx, viewer: Viewer, thread_id: int) -> Any:
    here = select(thread).where(thread.c.id == find_root(tx, thread_id), thread.c.merged_into.is_(None))
    row = tx.row(readable(here, viewer, thread))
    if row is None:
        raise NotFound("There is no thread with the number %(id)s.", id=thread_id)
    if not may_share(viewer, row.scope_id):
        raise Forbidden("Only the owner of a personal mailbox shares its threads.")
    return row


def _list_shares(tx: ReadTx, row: Any) -> tuple[Share, ...]:
    """Without those who are let in no more: they see nothing, and the next change leaves them out."""
    if tx.get(mailbox, row.mailbox_id).scope_id == row.scope_id:
        return ()
    gone = {int(one) for one in tx.values(select(user.c.id).where(user.c.disabled_at.is_not(None)))}
    return tuple(
        Share(one.user_id, one.team_id, "trace" if one.right == KNOW else "letters")
        for one in list_grants(tx, row.scope_id)
        if one.user_id not in gone
    )


def _check(tx: ReadTx, viewer: Viewer, wanted: Sequence[Share]) -> None:
    """Raise Invalid for what cannot be shared so."""
    who = [(one.user_id, one.team_id) for one in wanted]
    if len(set(who)) < len(who):
        raise Invalid("Somebody is named twice.", field="with")
    for one in wanted:
        if (one.user_id is None) == (one.team_id is None) or one.what not in WHATS:
            raise Invalid("A thread is shared with a person or a team: its letters, or a trace of them.", field="with")
        known = select(user.c.id).where(user.c.id == one.user_id, user.c.disabled_at.is_(None))
        if one.team_id is not None:
            known = select(team.c.id).where(team.c.id == one.team_id)
        if tx.value(known) is None:
            raise Invalid("There is no such person or team.", field="with")
        if one.user_id == viewer.user_id:
            raise Invalid("It is yours already.", field="with")


def _get_shared_scope(tx: WriteTx, home: int, wanted: Sequence[Share]) -> int:
    """The scope of those who are shown the same, made with their grants where it is new."""
    audience = ",".join(f"{'u' if one.user_id else 't'}{one.user_id or one.team_id}:{one.what}" for one in wanted)
    scope_id, new = get_scope_below(tx, home, "shared", audience)
    for one in wanted if new else ():
        if one.what == "letters":
            add_grant(tx, scope_id, "see", user_id=one.user_id, team_id=one.team_id)
        else:
            add_knowledge(tx, scope_id, user_id=one.user_id, team_id=one.team_id)
    return scope_id

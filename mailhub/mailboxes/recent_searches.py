"""What somebody has searched for of late, for their own eyes: the newest first, a few, gone when they say so."""

from __future__ import annotations

from sqlalchemy import Column, Index, Text, bindparam, delete, select

from core import clock
from core.columns import Id, instant, table
from core.database import ReadTx, WriteTx
from core.errors import Invalid
from crm.staff.readable import Viewer
from crm.staff.tables import user

MOST_KEPT = 20
SHOWN = 8
LONGEST = 500
recent_search = table(
    "recent_search",
    Column("user_id", Id, primary_key=True, nullable=False),
    Column("words", Text, primary_key=True, nullable=False),
    instant("at"),
)
Index(None, recent_search.c.user_id, recent_search.c.at)
_MINE = recent_search.c.user_id == bindparam("me")
_NEWEST = select(recent_search.c.words).where(_MINE).order_by(recent_search.c.at.desc(), recent_search.c.words)


def list_searches(tx: ReadTx, viewer: Viewer, limit: int = SHOWN) -> list[str]:
    """What the viewer searched for, the newest first."""
    return [str(one) for one in tx.values(_NEWEST.limit(limit), {"me": viewer.user_id})]


def remember_search(tx: WriteTx, viewer: Viewer, words: str) -> None:
    """Keep what the viewer searches for; the oldest goes where there are many. Raises Invalid for no words."""
    words = " ".join(words.split())
    if not words or len(words) > LONGEST or not words.isprintable():
        raise Invalid("A search has 1 to %(most)s characters.", most=LONGEST, field="words")
    tx.lock(user, viewer.user_id)
    forget_searches(tx, viewer, words)
    tx.insert(recent_search, user_id=viewer.user_id, words=words, at=clock.now())
    for one in tx.values(_NEWEST.offset(MOST_KEPT), {"me": viewer.user_id}):
        forget_searches(tx, viewer, str(one))


def forget_searches(tx: WriteTx, viewer: Viewer, words: str | None = None) -> None:
    """Let one go, or all of the viewer's. Nothing happens where there is none."""
    gone = delete(recent_search).where(recent_search.c.user_id == viewer.user_id)
    tx.execute(gone if words is None else gone.where(recent_search.c.words == words))

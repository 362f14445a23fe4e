"""What mailings are about, so that a reader leaves one subject and keeps the others.

What a reader does not want to hear of stands among the suppressions as ``topic 7``, by the keyed hash of the address:
the one rule that is asked when a list is frozen and again at the mark, and it outlives the person's erasure.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, bindparam, select

from core import clock
from core.database import ReadTx, WriteTx
from core.errors import Conflict, Invalid
from core.fulltext import fold
from core.secrets import Keys
from crm.staff.audit import record_audit
from crm.staff.readable import Viewer, demand_admin
from mailhub.campaigns.tables import topic
from mailhub.outbound.suppression import find_reasons, lift, suppress, topic_reason

MOST = 50
LONGEST_NAME, LONGEST_ABOUT = 80, 300


@dataclass(frozen=True, slots=True)
class Topic:
    """A subject of mailings as its readers see it; ``ended`` ones are offered no more."""

    id: int
    name: str
    about: str
    ended: bool


_ALL = select(topic).order_by(topic.c.name_folded)
_ONE = select(topic).where(topic.c.id == bindparam("id"))


def list_topics(tx: ReadTx) -> list[Topic]:
    """All of them, by name, those that ended too."""
    return [_shape(row) for row in tx.rows(_ALL)]


def find_topic(tx: ReadTx, topic_id: int) -> Topic | None:
    """One, or None."""
    row = tx.row(_ONE, {"id": topic_id})
    return None if row is None else _shape(row)


def add_topic(tx: WriteTx, viewer: Viewer, name: str, about: str = "") -> int:
    """A new one. Raises Forbidden for who is no administrator, Invalid, Conflict for a name that is taken."""
    demand_admin(viewer)
    if len(list_topics(tx)) >= MOST:
        raise Invalid("There are %(most)s topics already. Nobody reads a longer list.", most=MOST, field="name")
    made = tx.insert(topic, **_said(tx, name, about, 0), created_at=clock.now())
    record_audit(tx, viewer.user_id, "topic-added", str(made))
    return made


def change_topic(
    tx: WriteTx, viewer: Viewer, topic_id: int, name: str | None, about: str | None, *, ended: bool | None
) -> None:
    """What it is called and what it is about; ``ended``: it is offered no more, and who left it stays away from it.
    What is None stays. Raises Forbidden, NotFound, Invalid, Conflict."""
    demand_admin(viewer)
    tx.lock(topic, topic_id)
    was = tx.get(topic, topic_id)
    said = _said(tx, was.name if name is None else name, was.about if about is None else about, topic_id)
    tx.change(topic, topic_id, **said, ended_at=end_at(was.ended_at, ended))
    record_audit(tx, viewer.user_id, "topic-changed", str(topic_id))


def end_at(was: int | None, ended: bool | None) -> int | None:
    """When something that is offered to readers ended: as it ``was`` where nothing is said of it."""
    return was if ended is None or ended is (was is not None) else (clock.now() if ended else None)


def list_unwanted(tx: ReadTx, keys: Keys, address: str) -> set[int]:
    """The topics that the reader at this address does not want to hear of. Raises Invalid for no address."""
    reasons = set(find_reasons(tx, keys, address))
    return {one.id for one in list_topics(tx) if topic_reason(one.id) in reasons}


def choose_topics(tx: WriteTx, keys: Keys, address: str, wanted: Collection[int], source: str) -> None:
    """What a reader wants to hear of from now on, and of nothing else that is offered; letters that wait included.
    Raises Invalid for no address."""
    for one in list_topics(tx):
        if one.ended:
            continue
        if one.id in wanted:
            lift(tx, keys, address, topic_reason(one.id))
        else:
            suppress(tx, keys, address, topic_reason(one.id), source)


def _said(tx: WriteTx, name: str, about: str, topic_id: int) -> dict[str, Any]:
    name, about = " ".join(name.split()), " ".join(about.split())
    if not 0 < len(name) <= LONGEST_NAME:
        raise Invalid("A name has 1 to %(most)s characters.", most=LONGEST_NAME, field="name")
    if len(about) > LONGEST_ABOUT:
        raise Invalid("At most %(most)s characters.", most=LONGEST_ABOUT, field="about")
    folded = fold(name)
    tx.lock_key("topic", folded)
    if any(fold(one.name) == folded and one.id != topic_id for one in list_topics(tx)):
        raise Conflict("There is a topic of this name already.")
    return {"name": name, "name_folded": folded, "about": about}


def _shape(row: Row[Any]) -> Topic:
    return Topic(row.id, row.name, row.about, row.ended_at is not None)

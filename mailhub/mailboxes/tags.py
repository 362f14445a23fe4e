"""Tags: words of the house for threads, made as one types.

A tag is known to everybody on the staff; on which threads it stands is told of those only that one may see. Who may
answer a thread may tag it; who may answer somewhere may make one; who manages a mailbox may rename, merge and delete.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import bindparam, delete, select

from core import clock
from core.database import ReadTx, WriteTx
from core.errors import Conflict, Invalid, NotFound
from crm.staff.readable import Viewer, demand, demand_somewhere
from mailhub.mailboxes.handling import ByRule, get_own, note_change
from mailhub.mailboxes.tables import tag, thread, thread_tag
from mailhub.mailboxes.tag_rows import Tag, list_on, put_tags, take_tags
from mailhub.mailboxes.threads import tell

LONGEST = 40
MOST_ON_A_THREAD = 20
MOST_TAGS = 1000
COLOURS = range(5)
TAGGED = "Tagged “%(tag)s”."
UNTAGGED = "No longer tagged “%(tag)s”."
TAGGED_BY_RULE = "Tagged “%(tag)s” by the rule “%(rule)s”, version %(version)s."
_ALL = select(tag).where(tag.c.deleted_at.is_(None)).order_by(tag.c.key).limit(MOST_TAGS)
_BY_KEY = select(tag).where(tag.c.key == bindparam("key"))
_BY_IDS = select(tag).where(tag.c.id.in_(bindparam("ids", expanding=True)), tag.c.deleted_at.is_(None))
_THREADS = select(thread_tag.c.thread_id).where(thread_tag.c.tag_id == bindparam("tag_id"))


def list_tags(tx: ReadTx) -> list[Tag]:
    """All tags, by name."""
    return [_tag(row) for row in tx.rows(_ALL)]


def get_tag(tx: ReadTx, tag_id: int) -> Tag:
    """A tag. Raises NotFound."""
    row = tx.row(_BY_IDS, {"ids": [tag_id]})
    if row is None:
        raise NotFound("There is no tag with the number %(id)s.", id=tag_id)
    return _tag(row)


def make_tag(tx: WriteTx, viewer: Viewer, name: str, colour: int = 0) -> Tag:
    """The tag of this name, made if there is none yet. Raises Invalid, Forbidden."""
    demand_somewhere(viewer, "answer")
    name, key = _read_name(name)
    _check_colour(colour)
    tx.lock_key("tag", key)
    row = tx.row(_BY_KEY, {"key": key})
    if row is None:
        values: dict[str, Any] = {"name": name, "key": key, "colour": colour}
        return Tag(tx.insert(tag, **values, created_at=clock.now()), name, colour)
    if row.deleted_at is not None:  # a word of long ago begins anew
        _strip(tx, row.id)
        tx.change(tag, row.id, deleted_at=None, name=name, colour=colour)
        return Tag(row.id, name, colour)
    return _tag(row)


def change_tag(tx: WriteTx, viewer: Viewer, tag_id: int, *, name: str | None = None, colour: int | None = None) -> Tag:
    """Rename or colour a tag. Raises Invalid, NotFound, Forbidden, Conflict for a name that another has."""
    demand_somewhere(viewer, "manage")
    found = get_tag(tx, tag_id)
    if name is not None:
        name, key = _read_name(name)
        tx.lock_key("tag", key)
        other = tx.row(_BY_KEY, {"key": key})
        if other is not None and other.id != tag_id:
            if other.deleted_at is None:
                raise Conflict("There is a tag “%(name)s” already. Merge this one into it instead.", name=other.name)
            _strip(tx, other.id)
            tx.execute(delete(tag).where(tag.c.id == other.id))
        tx.change(tag, tag_id, name=name, key=key)
        found = replace(found, name=name)
    if colour is not None:
        _check_colour(colour)
        tx.change(tag, tag_id, colour=colour)
        found = replace(found, colour=colour)
    return found


def merge_tags(tx: WriteTx, viewer: Viewer, tag_id: int, into_id: int) -> Tag:
    """Put another tag on every thread that has this one, and delete this one. Returns the other. Raises NotFound,
    Forbidden, Invalid."""
    demand_somewhere(viewer, "manage")
    get_tag(tx, tag_id)
    into = get_tag(tx, into_id)
    if tag_id == into_id:
        raise Invalid("Choose another tag.", field="into_id")
    for thread_id in sorted(int(one) for one in tx.values(_THREADS, {"tag_id": tag_id})):
        tx.lock(thread, thread_id)
        put_tags(tx, tx.get(thread, thread_id), [into_id])
        take_tags(tx, thread_id, [tag_id])
    tx.execute(delete(tag).where(tag.c.id == tag_id))
    return into


def delete_tag(tx: WriteTx, viewer: Viewer, tag_id: int) -> None:
    """Let nobody see a tag any more. Raises NotFound, Forbidden."""
    demand_somewhere(viewer, "manage")
    get_tag(tx, tag_id)
    tx.change(tag, tag_id, deleted_at=clock.now())


def restore_tag(tx: WriteTx, viewer: Viewer, tag_id: int) -> Tag:
    """Bring a deleted tag back, with its threads. Raises NotFound once its name was used again, Forbidden."""
    demand_somewhere(viewer, "manage")
    tx.execute(tag.update().where(tag.c.id == tag_id).values(deleted_at=None))
    return get_tag(tx, tag_id)


def tag_thread(
    tx: WriteTx, viewer: Viewer, thread_id: int, add: Sequence[int] = (), remove: Sequence[int] = ()
) -> None:
    """Put tags on a thread and take others off. Raises NotFound, Forbidden, Invalid for too many."""
    row = get_own(tx, viewer, thread_id)
    demand(viewer, "answer", row.scope_id, row.executor_id)
    names = {one: get_tag(tx, one).name for one in (*add, *remove)}
    gone, new = take_tags(tx, thread_id, set(remove) - set(add)), put_tags(tx, row, add)
    if len(list_on(tx, thread_id)) > MOST_ON_A_THREAD:
        raise Invalid("A thread has %(most)s tags at most.", most=MOST_ON_A_THREAD, field="tags")
    if not gone and not new:
        return
    for ids, sentence in ((gone, UNTAGGED), (new, TAGGED)):
        for one in ids:
            tell(tx, thread_id, sentence, user_id=viewer.user_id, tag=names[one])
    tx.change(thread, thread_id, version=row.version + 1)
    note_change(tx, row, "thread.tagged", viewer)


def set_tags(tx: WriteTx, viewer: Viewer, thread_id: int, tag_ids: Sequence[int]) -> None:
    """Let a thread have exactly these tags. Raises as ``tag_thread``."""
    get_own(tx, viewer, thread_id)
    known = {row.id for row in tx.rows(_BY_IDS, {"ids": list_on(tx, thread_id)})}
    tag_thread(tx, viewer, thread_id, tag_ids, sorted(known - set(tag_ids)))


def tag_by_rule(tx: WriteTx, thread_id: int, tag_ids: Sequence[int], rule: ByRule) -> None:
    """Let a rule tag a thread; tags that are no more are left out."""
    tx.lock(thread, thread_id)
    row = tx.get(thread, thread_id)
    names = {one.id: one.name for one in tx.rows(_BY_IDS, {"ids": list(tag_ids)})}
    for one in put_tags(tx, row, names):
        tell(tx, thread_id, TAGGED_BY_RULE, tag=names[one], **rule.fields)
        note_change(tx, row, "thread.tagged", rule)


def _strip(tx: WriteTx, tag_id: int) -> None:
    for thread_id in tx.values(_THREADS, {"tag_id": tag_id}):
        take_tags(tx, int(thread_id), [tag_id])


def _read_name(text: str) -> tuple[str, str]:
    """A name as people wrote it, and as it is compared. Raises Invalid."""
    name = " ".join(unicodedata.normalize("NFC", text).split())
    if not name or len(name) > LONGEST or not name.isprintable():
        raise Invalid("A tag is a word or a few, of %(most)s letters at most.", most=LONGEST, field="name")
    return name, name.casefold()


def _check_colour(colour: int) -> None:
    if colour not in COLOURS:
        raise Invalid("A colour is a number from 0 to 4.", field="colour")


def _tag(row: Any) -> Tag:
    return Tag(row.id, row.name, row.colour)

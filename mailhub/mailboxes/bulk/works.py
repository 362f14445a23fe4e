"""Acts on many threads that belong to the work on one: put aside, tag, move to another mailbox."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core import clock
from core.database import ReadTx, WriteTx
from core.errors import Conflict, Invalid
from crm.staff.readable import Viewer, demand
from mailhub.mailboxes.bulk.act import Act
from mailhub.mailboxes.moving import check_move, move_thread
from mailhub.mailboxes.snoozing import LONGEST, snooze, take_up
from mailhub.mailboxes.tag_rows import list_on
from mailhub.mailboxes.tags import MOST_ON_A_THREAD, get_tag, tag_thread


def read_number(value: object) -> int:
    """The number of a tag or a mailbox, or an instant. Raises Invalid."""
    if isinstance(value, int) and not isinstance(value, bool) and 0 < value < 2**63:
        return value
    raise Invalid("Here stands a number.", field="value")


def _check_answer(viewer: Viewer, row: Any) -> None:
    demand(viewer, "answer", row.scope_id, row.executor_id)


def _check_snooze(_tx: ReadTx, viewer: Viewer, row: Any, until: int) -> None:
    _check_answer(viewer, row)
    if not clock.now() < until <= clock.now() + LONGEST:
        raise Invalid("Choose a moment that is still to come, within two years.", field="value")
    if row.state not in ("open", "snoozed"):
        raise Conflict("Only an open thread can be put aside. Open it again first.")


def snooze_again(tx: WriteTx, viewer: Viewer, row: Any, before: Mapping[str, Any]) -> None:
    """Let a thread that is open be put aside as it was, where that moment is still to come."""
    if before["state"] == "snoozed" and before["snoozed_until"] > clock.now():
        snooze(tx, viewer, row.id, before["snoozed_until"])


def _snooze_back(tx: WriteTx, viewer: Viewer, row: Any, before: Mapping[str, Any]) -> None:
    if before["state"] == "snoozed":
        snooze_again(tx, viewer, row, before)
    else:
        take_up(tx, viewer, row.id)


def _check_tag(tx: ReadTx, viewer: Viewer, row: Any, tag_id: int) -> None:
    _check_answer(viewer, row)
    get_tag(tx, tag_id)
    if len({*list_on(tx, row.id), tag_id}) > MOST_ON_A_THREAD:
        raise Invalid("A thread has %(most)s tags at most.", most=MOST_ON_A_THREAD, field="value")


def _check_move(tx: ReadTx, viewer: Viewer, row: Any, mailbox_id: int) -> None:
    check_move(tx, viewer, row, mailbox_id)


def _tags_back(tx: WriteTx, viewer: Viewer, row: Any, before: Mapping[str, Any]) -> None:
    now, then = set(list_on(tx, row.id)), set(before["tags"])
    tag_thread(tx, viewer, row.id, sorted(then - now), sorted(now - then))


WORKS: dict[str, Act] = {
    "snooze": Act(
        check=_check_snooze,
        do=lambda tx, viewer, row, until: snooze(tx, viewer, row.id, until),
        stands=lambda _tx, _viewer, row, until: row.state == "snoozed" and row.snoozed_until == until,
        back=_snooze_back,
        read=read_number,
    ),
    "tag": Act(
        check=_check_tag,
        do=lambda tx, viewer, row, tag_id: tag_thread(tx, viewer, row.id, [tag_id]),
        stands=lambda tx, _viewer, row, tag_id: tag_id in list_on(tx, row.id),
        back=_tags_back,
        read=read_number,
    ),
    "untag": Act(
        check=_check_tag,
        do=lambda tx, viewer, row, tag_id: tag_thread(tx, viewer, row.id, (), [tag_id]),
        stands=lambda tx, _viewer, row, tag_id: tag_id not in list_on(tx, row.id),
        back=_tags_back,
        read=read_number,
    ),
    "move": Act(
        check=_check_move,
        do=lambda tx, viewer, row, mailbox_id: move_thread(tx, viewer, row.id, mailbox_id),
        stands=lambda _tx, _viewer, row, mailbox_id: row.mailbox_id == mailbox_id,
        back=lambda tx, viewer, row, before: move_thread(tx, viewer, row.id, before["mailbox_id"]),
        read=read_number,
    ),
}

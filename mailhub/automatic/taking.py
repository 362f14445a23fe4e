"""What has come due becomes a row, once for each rule, subject and moment: whichever way the clock jumps and however
many processes look. What came while the house was off for long is *held* until a person lets it go."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import bindparam, select

from core import clock
from core.database import ReadTx, WriteTx
from mailhub.automatic.occasions import LONGEST_WINDOW, MOST, list_occasions
from mailhub.automatic.rules import are_stopped, get_version
from mailhub.automatic.shapes import TIMED, Occasion, Rule
from mailhub.automatic.tables import automatic_letter, automatic_rule

OVERLAP = 5 * clock.MINUTE
"""Looked at once more: what was written down a moment ago may be about a moment before that."""
MARKED_EVERY = clock.HOUR
MOST_AT_ONCE = 300
_AT_ONCE = 500
_THERE = select(automatic_letter.c.subject_kind, automatic_letter.c.subject_id, automatic_letter.c.due_key).where(
    automatic_letter.c.rule_id == bindparam("rule_id"),
    automatic_letter.c.subject_kind == bindparam("kind"),
    automatic_letter.c.subject_id.in_(bindparam("ids", expanding=True)),
)


def was_off(rule: Rule, hold_after: int) -> bool:
    """Whether nobody has looked at this rule for longer than that: the house was off, or its clock jumped."""
    return rule.looked_at is not None and clock.now() - rule.looked_at > hold_after


def has_due(tx: ReadTx, rule_id: int, zone: ZoneInfo) -> bool:
    """Whether ``take_part`` would write something down, or has not said for long that it looked."""
    row = tx.get(automatic_rule, rule_id)
    now = clock.now()
    looked = row.looked_at or now
    if not 0 <= now - looked < MARKED_EVERY:
        return True
    rule = get_version(tx, rule_id, row.version)
    found = list_occasions(tx, rule, zone, max(looked - OVERLAP, row.since or 0), now)
    return bool(only_fresh(tx, rule_id, found))


def take_part(
    tx: WriteTx, rule_id: int, zone: ZoneInfo, epoch: int, hold_after: int, *, off: bool = False
) -> tuple[int, bool]:
    """Write down what has come due by a rule of the clock. Returns how many, and whether there may be more. ``off`` as
    ``was_off`` said when this look began: then all of it is held."""
    tx.lock(automatic_rule, rule_id)
    row = tx.get(automatic_rule, rule_id)
    if row.state != "on" or row.ended_at is not None or are_stopped(tx):
        return 0, False
    rule = get_version(tx, rule_id, row.version)
    if rule.told.kind not in TIMED:
        return 0, False
    now = clock.now()
    looked = min(row.looked_at or now, now)
    begin = max(looked - OVERLAP, row.since or 0)
    until = min(now, begin + LONGEST_WINDOW)
    found = list_occasions(tx, rule, zone, begin, until) if begin < until else []
    fresh = only_fresh(tx, rule_id, found)
    if len(found) >= MOST and (reached := max(one.due_at for one, _ in found)) > looked:
        until = min(until, reached)  # there may be more behind the last of them
    lay_letters(tx, rule, fresh[:MOST_AT_ONCE], epoch, hold_after, off=off)
    if len(fresh) > MOST_AT_ONCE:
        return MOST_AT_ONCE, True
    if fresh or not 0 <= until - (row.looked_at or 0) < MARKED_EVERY or until < now:
        tx.change(automatic_rule, rule_id, looked_at=until)
    return len(fresh), until < now


def lay_letters(
    tx: WriteTx, rule: Rule, found: Sequence[tuple[Occasion, int]], epoch: int, hold_after: int, *, off: bool
) -> None:
    """Write down letters of a rule (its row is held) that are not there yet, each with the moment at which it goes;
    those whose moment is longer ago than ``hold_after`` wait for a person."""
    now = clock.now()
    rows = [_row(rule, one, send_at, epoch, off or send_at < now - hold_after) for one, send_at in found]
    if rows:
        tx.insert_many(automatic_letter, rows)


def only_fresh(tx: ReadTx, rule_id: int, found: Sequence[tuple[Occasion, int]]) -> list[tuple[Occasion, int]]:
    """Those that this rule (its row is held) has no letter for yet, each once."""
    there: set[tuple[str, int, str]] = set()
    for kind in sorted({one.subject_kind for one, _ in found}):
        ids = sorted({one.subject_id for one, _ in found if one.subject_kind == kind})
        for begin in range(0, len(ids), _AT_ONCE):
            asked = {"rule_id": rule_id, "kind": kind, "ids": ids[begin : begin + _AT_ONCE]}
            there |= {tuple(row) for row in tx.rows(_THERE, asked)}
    fresh: dict[tuple[str, int, str], tuple[Occasion, int]] = {}
    for one, send_at in found:
        key = (one.subject_kind, one.subject_id, one.due_key)
        if key not in there:
            fresh.setdefault(key, (one, send_at))
    return list(fresh.values())


def _row(rule: Rule, one: Occasion, send_at: int, epoch: int, held: bool) -> dict[str, Any]:
    return {
        "epoch": epoch,
        "rule_id": rule.id,
        "version": rule.version,
        "scope_id": rule.scope_id,
        "subject_kind": one.subject_kind,
        "subject_id": one.subject_id,
        "due_key": one.due_key,
        "counterparty_id": one.counterparty_id,
        "contact_id": one.contact_id,
        "thread_id": one.thread_id,
        "state": "held" if held else "waiting",
        "reason": "off" if held else "",
        "facts": one.facts,
        "due_at": one.due_at,
        "send_at": send_at,
        "changed_at": clock.now(),
    }

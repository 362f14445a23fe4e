"""The letters of rules: what waits, what is held, what went and why; calling back and letting go."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, Select, bindparam, func, select

from core import clock
from core.changes import record_change
from core.database import ReadTx, WriteTx
from core.errors import Conflict, Invalid, NotFound
from core.paging import Page, cut_page, decode_cursor
from crm.staff.audit import record_audit
from crm.staff.readable import Viewer, demand
from mailhub.automatic.rules import TOPIC, get_rule, get_version, list_rules
from mailhub.automatic.sending import end_letter
from mailhub.automatic.shapes import STATES, State
from mailhub.automatic.tables import automatic_letter, automatic_rule

MOST_LET_GO = 500


@dataclass(frozen=True, slots=True)
class Automatic:
    """A letter of a rule. ``due_at`` is the moment that the rule named, ``send_at`` when it goes or was to go;
    ``facts`` are what is known of the occasion, ``reason`` why it did not go."""

    id: int
    rule_id: int
    rule: str
    version: int
    state: State
    reason: str
    subject_kind: str
    subject_id: int
    counterparty_id: int | None
    contact_id: int | None
    address: str
    facts: dict[str, Any]
    due_at: int
    send_at: int
    sent_at: int | None
    thread_id: int | None
    message_id: int | None
    by_id: int | None


_ROWS: Select[Any] = select(automatic_letter, automatic_rule.c.name.label("rule")).join(
    automatic_rule, automatic_rule.c.id == automatic_letter.c.rule_id
)
_ONE = _ROWS.where(automatic_letter.c.id == bindparam("id"))
_OF_MESSAGE = _ROWS.where(automatic_letter.c.message_id == bindparam("message_id"))


def list_letters(
    tx: ReadTx,
    viewer: Viewer,
    *,
    rule_id: int | None = None,
    state: str | None = None,
    after: str | None = None,
    limit: int = 50,
) -> Page[Automatic]:
    """Those of the viewer's rules, or of one, the newest first. Raises NotFound, Forbidden, Invalid."""
    if state is not None and state not in STATES:
        raise Invalid("A letter is %(states)s.", states=", ".join(STATES), field="state")
    ids = [one.id for one in list_rules(tx, viewer)] if rule_id is None else [get_rule(tx, viewer, rule_id).id]
    asked = _ROWS.where(automatic_letter.c.rule_id.in_(ids)).order_by(automatic_letter.c.id.desc())
    if state is not None:
        asked = asked.where(automatic_letter.c.state == state)
    if after is not None:
        asked = asked.where(automatic_letter.c.id < decode_cursor(after, (int,))[0])
    page = cut_page(tx.rows(asked.limit(limit + 1)), limit, lambda row: (row.id,))
    return Page([_shape(row) for row in page.items], page.next)


def get_letter(tx: ReadTx, viewer: Viewer, letter_id: int) -> Automatic:
    """One of them. Raises NotFound, alike for what is not there and what is not theirs."""
    row = tx.row(_ONE, {"id": letter_id})
    if row is None or row.scope_id not in viewer.full or not viewer.may("answer", row.scope_id):
        raise NotFound("There is no automatic letter with the number %(id)s.", id=letter_id)
    return _shape(row)


def find_why(tx: ReadTx, message_id: int) -> Automatic | None:
    """The letter of a rule that this message is, for who was let see the message; None for every other."""
    row = tx.row(_OF_MESSAGE, {"message_id": message_id})
    return None if row is None else _shape(row)


_COUNTS = (
    select(automatic_letter.c.rule_id, automatic_letter.c.state, func.count().label("many"))
    .where(automatic_letter.c.rule_id.in_(bindparam("ids", expanding=True)))
    .group_by(automatic_letter.c.rule_id, automatic_letter.c.state)
)


def count_letters(tx: ReadTx, rule_ids: list[int]) -> dict[int, dict[str, int]]:
    """How many letters of these rules are in each state."""
    found: dict[int, dict[str, int]] = {}
    for row in tx.rows(_COUNTS, {"ids": rule_ids}) if rule_ids else ():
        found.setdefault(row.rule_id, {})[row.state] = int(row.many)
    return found


def withdraw_letter(tx: WriteTx, viewer: Viewer, letter_id: int) -> None:
    """Call back a letter that waits or is held. Raises NotFound, Forbidden, Conflict for one that has gone."""
    row = _hold(tx, viewer, letter_id)
    if row.state == "withdrawn":
        return
    end_letter(tx, row, "withdrawn", "", by_id=viewer.user_id)


def release_letter(tx: WriteTx, viewer: Viewer, letter_id: int) -> None:
    """Let a letter that is held go now, if it still may, as its rule says it now. Raises NotFound, Forbidden,
    Conflict."""
    row = _hold(tx, viewer, letter_id, "manage")
    if row.state != "held":
        raise Conflict("Only a letter that is held back can be let go.")
    _release(tx, viewer, row)


_OF_RULE = (
    select(automatic_letter)
    .where(automatic_letter.c.rule_id == bindparam("rule_id"), automatic_letter.c.state == "held")
    .order_by(automatic_letter.c.id)
    .limit(MOST_LET_GO)
)
_WAITING = (
    select(automatic_letter)
    .where(automatic_letter.c.rule_id == bindparam("rule_id"), automatic_letter.c.state.in_(("waiting", "held")))
    .order_by(automatic_letter.c.id)
    .limit(MOST_LET_GO)
)


def release_held(tx: WriteTx, viewer: Viewer, rule_id: int) -> int:
    """Let go what a rule holds back, ``MOST_LET_GO`` at a time. Returns how many. Raises NotFound, Forbidden."""
    demand(viewer, "manage", get_rule(tx, viewer, rule_id).scope_id)
    rows = tx.rows(_OF_RULE, {"rule_id": rule_id})
    for row in rows:
        tx.lock(automatic_letter, row.id)
        if tx.get(automatic_letter, row.id).state == "held":
            _release(tx, viewer, row)
    record_audit(tx, viewer.user_id, "automatic-letters-released", str(rule_id), count=len(rows))
    return len(rows)


def withdraw_waiting(tx: WriteTx, viewer: Viewer, rule_id: int) -> int:
    """Call back all that a rule still has to send, ``MOST_LET_GO`` at a time. Returns how many. Raises NotFound,
    Forbidden."""
    demand(viewer, "answer", get_rule(tx, viewer, rule_id).scope_id)
    rows = tx.rows(_WAITING, {"rule_id": rule_id})
    for row in rows:
        tx.lock(automatic_letter, row.id)
        if tx.get(automatic_letter, row.id).state in ("waiting", "held"):
            end_letter(tx, row, "withdrawn", "", by_id=viewer.user_id)
    record_audit(tx, viewer.user_id, "automatic-letters-withdrawn", str(rule_id), count=len(rows))
    return len(rows)


def hold_fault(tx: WriteTx, letter_id: int) -> bool:
    """A letter could not be written: a person has to look. Whether it still waited."""
    tx.lock(automatic_letter, letter_id)
    row = tx.get(automatic_letter, letter_id)
    return row.state == "waiting" and end_letter(tx, row, "held", "fault")


def _release(tx: WriteTx, viewer: Viewer, row: Any) -> None:
    now = clock.now()
    version = _version_for(tx, row)
    values = {
        "version": version,
        "state": "waiting",
        "reason": "",
        "send_at": now,
        "by_id": viewer.user_id,
        "changed_at": now,
    }
    tx.change(automatic_letter, row.id, **values)
    record_change(tx, "automatic_letter.released", row.id, scope_id=row.scope_id, fields={"rule_id": row.rule_id})
    tx.announce(TOPIC)


def _version_for(tx: ReadTx, row: Any) -> int:
    """By what a letter goes that was held: by the rule as it was mended since, unless that waits for something else
    now and says nothing of what this one is about."""
    was = get_version(tx, row.rule_id, row.version)
    newest = tx.get(automatic_rule, row.rule_id).version
    return newest if get_version(tx, row.rule_id, newest).told.kind == was.told.kind else was.version


def _hold(tx: WriteTx, viewer: Viewer, letter_id: int, right: Any = "answer") -> Row[Any]:
    get_letter(tx, viewer, letter_id)
    tx.lock(automatic_letter, letter_id)
    row = tx.get(automatic_letter, letter_id)
    demand(viewer, right, row.scope_id)
    if row.state not in ("waiting", "held", "withdrawn"):
        raise Conflict("This letter has moved on in the meantime.", now=row.state)
    return row


def _shape(row: Any) -> Automatic:
    return Automatic(**{name: getattr(row, name) for name in Automatic.__slots__})

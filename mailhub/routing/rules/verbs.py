"""Keeping the rules of a mailbox: for whoever manages it, an administrator for a public one, its owner for a personal
one. Every change makes a new version; the old ones stay for what they did."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Row, bindparam, func, select, update

from core import clock
from core.changes import record_change
from core.database import ReadTx, WriteTx
from core.errors import Conflict, Invalid, NotFound
from core.rules import Rule, list_conditions, parse_rule, to_data
from crm.staff.audit import record_audit
from crm.staff.people import get_user, list_teams
from crm.staff.readable import Viewer, demand
from mailhub.mailboxes.boxes import Mailbox, get_mailbox, list_mailboxes
from mailhub.mailboxes.moving import get_target
from mailhub.mailboxes.tables import mailbox
from mailhub.mailboxes.tags import get_tag
from mailhub.routing.rules.actions import Actions, actions_data, parse_actions
from mailhub.routing.rules.facts import LETTERS
from mailhub.routing.rules.tables import rule, rule_version

MOST_RULES = 100
LONGEST_NAME = 100


@dataclass(frozen=True, slots=True)
class RoutingRule:
    """A rule as it stands."""

    id: int
    mailbox_id: int
    place: int
    active: bool
    version: int
    name: str
    condition: Rule
    actions: Actions
    zone: str
    by_id: int
    """Who wrote this version."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a person wants of a rule, read and checked. ``zone`` is the time zone whose hours and days it means."""

    name: str
    condition: Rule
    actions: Actions
    zone: str


def parse_wanted(name: str, condition: object, actions: object, zone: str) -> Wanted:
    """Read what was sent. Raises Invalid."""
    name = name.strip()
    if not name or len(name) > LONGEST_NAME or not name.isprintable():
        raise Invalid("A rule needs a name of %(most)s characters at most.", most=LONGEST_NAME, field="name")
    ZoneInfo(zone)
    return Wanted(name, parse_rule(condition, LETTERS), parse_actions(actions), zone)


def get_managed(tx: ReadTx, viewer: Viewer, mailbox_id: int) -> Mailbox:
    """A mailbox whose rules the viewer keeps. Raises NotFound, Forbidden."""
    found = tx.row(select(mailbox.c.scope_id).where(mailbox.c.id == mailbox_id))
    if found is None or found.scope_id not in viewer.full | viewer.assigned:
        raise NotFound("There is no mailbox with the number %(id)s.", id=mailbox_id)
    demand(viewer, "manage", found.scope_id)
    return get_mailbox(tx, mailbox_id)


_STANDING = (
    select(
        rule.c.id, rule.c.mailbox_id, rule.c.place, rule.c.active, rule.c.version,
        rule_version.c.name, rule_version.c.condition, rule_version.c.actions, rule_version.c.zone,
        rule_version.c.user_id,
    )
    .join(rule_version, (rule_version.c.rule_id == rule.c.id) & (rule_version.c.version == rule.c.version))
    .where(rule.c.deleted_at.is_(None))
)  # fmt: skip
_OF_BOX = _STANDING.where(rule.c.mailbox_id == bindparam("mailbox_id")).order_by(rule.c.place, rule.c.id)
_ACTIVE = _OF_BOX.where(rule.c.active == 1)
_ONE = _STANDING.where(rule.c.id == bindparam("id"))


def list_rules(tx: ReadTx, viewer: Viewer, mailbox_id: int) -> list[RoutingRule]:
    """The rules of a mailbox in their order. Raises NotFound, Forbidden."""
    get_managed(tx, viewer, mailbox_id)
    return [_rule(row) for row in tx.rows(_OF_BOX, {"mailbox_id": mailbox_id})]


def list_all_rules(tx: ReadTx, viewer: Viewer) -> list[RoutingRule]:
    """The rules of every mailbox that the viewer manages, mailbox by mailbox in their order."""
    managed = [box.id for box in list_mailboxes(tx, viewer) if viewer.may("manage", box.scope_id)]
    return [_rule(row) for mailbox_id in managed for row in tx.rows(_OF_BOX, {"mailbox_id": mailbox_id})]


def list_active(tx: ReadTx, mailbox_id: int) -> list[RoutingRule]:
    """The rules that are asked when a letter comes, in their order."""
    return [_rule(row) for row in tx.rows(_ACTIVE, {"mailbox_id": mailbox_id})]


def get_rule(tx: ReadTx, viewer: Viewer, rule_id: int) -> RoutingRule:
    """A rule of a mailbox that the viewer manages. Raises NotFound, Forbidden."""
    row = tx.row(_ONE, {"id": rule_id})
    missing = NotFound("There is no rule with the number %(id)s.", id=rule_id)
    if row is None:
        raise missing
    try:
        get_managed(tx, viewer, row.mailbox_id)
    except NotFound:
        raise missing from None
    return _rule(row)


def add_rule(tx: WriteTx, viewer: Viewer, mailbox_id: int, wanted: Wanted, *, active: bool = False) -> RoutingRule:
    """A new rule behind the others, switched off unless asked otherwise. Raises NotFound, Forbidden, Invalid."""
    box = _hold(tx, viewer, mailbox_id)
    _check(tx, viewer, box, wanted)
    count = tx.value(select(func.count()).where(rule.c.mailbox_id == mailbox_id, rule.c.deleted_at.is_(None)))
    if count >= MOST_RULES:
        raise Conflict("A mailbox has %(most)s rules at most.", most=MOST_RULES)
    last = tx.value(select(func.max(rule.c.place)).where(rule.c.mailbox_id == mailbox_id))
    values = {"mailbox_id": mailbox_id, "place": (last or 0) + 1, "active": int(active), "version": 1}
    rule_id = tx.insert(rule, **values, created_at=clock.now())
    _write_version(tx, viewer, rule_id, 1, wanted)
    _changed(tx, viewer, box, rule_id, "rule-added", wanted.name)
    return get_rule(tx, viewer, rule_id)


def change_rule(tx: WriteTx, viewer: Viewer, rule_id: int, wanted: Wanted, *, version: int | None = None) -> None:
    """Write the next version of a rule. ``version`` is the one that was looked at. Raises NotFound, Forbidden,
    Invalid; Conflict when it has been changed meanwhile."""
    found = get_rule(tx, viewer, rule_id)
    box = _hold(tx, viewer, found.mailbox_id)
    found = get_rule(tx, viewer, rule_id)
    _check(tx, viewer, box, wanted)
    if version is not None and version != found.version:
        raise Conflict("Somebody has changed this rule meanwhile. Look at it again.")
    if wanted == Wanted(found.name, found.condition, found.actions, found.zone):
        return
    _write_version(tx, viewer, rule_id, found.version + 1, wanted)
    tx.change(rule, rule_id, version=found.version + 1)
    _changed(tx, viewer, box, rule_id, "rule-changed", wanted.name)


def switch_rule(tx: WriteTx, viewer: Viewer, rule_id: int, *, active: bool) -> None:
    """Let a rule act from the next letter on, or no more. Raises NotFound, Forbidden."""
    found = get_rule(tx, viewer, rule_id)
    box = _hold(tx, viewer, found.mailbox_id)
    tx.change(rule, rule_id, active=int(active))
    _changed(tx, viewer, box, rule_id, "rule-switched-on" if active else "rule-switched-off", found.name)


def order_rules(tx: WriteTx, viewer: Viewer, mailbox_id: int, rule_ids: Sequence[int]) -> None:
    """Ask the rules in this order. Raises NotFound, Forbidden; Conflict unless it names exactly the rules there are."""
    box = _hold(tx, viewer, mailbox_id)
    known = [int(row.id) for row in tx.rows(_OF_BOX, {"mailbox_id": mailbox_id})]
    if sorted(known) != sorted(rule_ids):
        raise Conflict("There are other rules here by now. Look at them again.")
    for place, rule_id in enumerate(rule_ids, 1):
        tx.change(rule, rule_id, place=place)
    _changed(tx, viewer, box, mailbox_id, "rules-ordered", box.address)


def delete_rule(tx: WriteTx, viewer: Viewer, rule_id: int) -> None:
    """A rule that is there no more; what it did still says its name. Raises NotFound, Forbidden."""
    found = get_rule(tx, viewer, rule_id)
    box = _hold(tx, viewer, found.mailbox_id)
    tx.change(rule, rule_id, active=0, deleted_at=clock.now())
    _changed(tx, viewer, box, rule_id, "rule-deleted", found.name)


def _hold(tx: WriteTx, viewer: Viewer, mailbox_id: int) -> Mailbox:
    """One change of the rules of a mailbox at a time."""
    box = get_managed(tx, viewer, mailbox_id)
    tx.lock(mailbox, mailbox_id)
    return box


def _check(tx: ReadTx, viewer: Viewer, box: Mailbox, wanted: Wanted) -> None:
    """Everybody and everything that a rule names exists, and its writer may move threads there. Raises Invalid,
    NotFound, Forbidden."""
    if wanted.actions.mailbox_id is not None:
        get_target(tx, viewer, box, wanted.actions.mailbox_id)
    for tag_id in wanted.actions.tags:
        get_tag(tx, tag_id)
    if wanted.actions.user_id is not None:
        get_user(tx, wanted.actions.user_id)
    if wanted.actions.team_id is not None and all(one.id != wanted.actions.team_id for one in list_teams(tx)):
        raise Invalid("There is no team with the number %(id)s.", id=wanted.actions.team_id, field="do")
    for one in list_conditions(wanted.condition):
        if LETTERS.get(one.field).type == "reference" and one.op != "is_empty":
            for user_id in one.value if isinstance(one.value, tuple) else (one.value,):
                get_user(tx, user_id)


def _write_version(tx: WriteTx, viewer: Viewer, rule_id: int, version: int, wanted: Wanted) -> None:
    tx.insert(
        rule_version,
        rule_id=rule_id,
        version=version,
        name=wanted.name,
        condition=to_data(wanted.condition),
        actions=actions_data(wanted.actions),
        zone=wanted.zone,
        user_id=viewer.user_id,
        at=clock.now(),
    )


_COUNT = (
    select(func.count())
    .where(rule.c.mailbox_id == mailbox.c.id, rule.c.active == 1, rule.c.deleted_at.is_(None))
    .scalar_subquery()
)


def _changed(tx: WriteTx, viewer: Viewer, box: Mailbox, entity_id: int, action: str, name: str) -> None:
    """The mailbox counts its active rules, so that a letter to one without any asks for none."""
    tx.execute(update(mailbox).where(mailbox.c.id == box.id).values(rules=_COUNT))
    subject = name if box.kind == "public" else box.address  # what an administrator may not read is not told them
    record_audit(tx, viewer.user_id, action, subject, mailbox_id=box.id)
    fields = {"mailbox_id": box.id}
    record_change(tx, "rules.changed", entity_id, scope_id=box.scope_id, fields=fields, cause=f"user {viewer.user_id}")


def _rule(row: Row[Any]) -> RoutingRule:
    return RoutingRule(
        id=row.id,
        mailbox_id=row.mailbox_id,
        place=row.place,
        active=bool(row.active),
        version=row.version,
        name=row.name,
        condition=parse_rule(row.condition, LETTERS),
        actions=parse_actions(row.actions),
        zone=row.zone,
        by_id=row.user_id,
    )

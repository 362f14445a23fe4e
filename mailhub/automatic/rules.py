"""Rules for letters that go by themselves: written in versions, tried on what has been, switched on, paused, ended.

Whoever may answer from its public mailbox sees and writes a rule; whoever manages the mailbox switches it on. To pause
is safe, so whoever writes may do that too. A rule that was written anew is off until it was tried anew.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy import Row, Select, bindparam, select

from core import clock
from core.changes import Position, find_position, move_consumer, newest_position, record_change
from core.database import ReadTx, WriteTx
from core.errors import Conflict, Forbidden, Invalid, NotFound
from core.marks import find_mark, set_mark
from crm.attributes import Holder, list_attributes, set_uses
from crm.parties.personal import check_personal
from crm.staff.audit import record_audit
from crm.staff.modules import find_off
from crm.staff.readable import Viewer, demand, demand_somewhere
from crm.staff.rights import Right
from mailhub.automatic.shapes import TIMED, Rule, Told, parse_told, told_data
from mailhub.automatic.tables import automatic_rule, automatic_version
from mailhub.campaigns.letters import Letter, Ready
from mailhub.campaigns.making import Format, Made
from mailhub.mailboxes.boxes import get_mailbox
from mailhub.outbound.beginning import get_sender

TOPIC = "automatic letters"
"""Announced when something may be due sooner than before."""
CONSUMER = "automatic letters"
PART = "automatic"
HALTED = "automatic letters stopped"
LONGEST_NAME = 120
MOST_RULES = 200
_RULES: Select[Any] = (
    select(automatic_rule, automatic_version.c.told, automatic_version.c.letters)
    .join(automatic_version, automatic_version.c.rule_id == automatic_rule.c.id)
    .where(automatic_version.c.version == automatic_rule.c.version, automatic_rule.c.ended_at.is_(None))
    .order_by(automatic_rule.c.id)
)
_ON = _RULES.where(automatic_rule.c.state == "on")
_GOING = _RULES.where(automatic_rule.c.state.in_(("on", "paused")))
_VERSION = select(automatic_version).where(
    automatic_version.c.rule_id == bindparam("id"), automatic_version.c.version == bindparam("version")
)


def list_rules(tx: ReadTx, viewer: Viewer) -> list[Rule]:
    """Those of the viewer's mailboxes. Raises Forbidden for who answers nowhere."""
    demand_somewhere(viewer, "answer")
    return [_rule(row) for row in tx.rows(_RULES.where(automatic_rule.c.scope_id.in_(_scopes(viewer))))]


def get_rule(tx: ReadTx, viewer: Viewer, rule_id: int) -> Rule:
    """One of them. Raises NotFound, alike for what is not there and what is not theirs."""
    seen = _RULES.where(automatic_rule.c.id == rule_id, automatic_rule.c.scope_id.in_(_scopes(viewer)))
    row = tx.row(seen)
    if row is None:
        raise NotFound("There is no rule for letters with the number %(id)s.", id=rule_id)
    return _rule(row)


def list_active(tx: ReadTx) -> list[Rule]:
    """Those that are switched on, for the loop that works by them; none while all are stopped."""
    return [] if are_stopped(tx) else _list_on(tx)


def list_following(tx: ReadTx) -> list[Rule]:
    """Those that wait for something to happen and are on or paused: what happens while one is paused is written down
    and goes when it is switched on again. None while all are stopped: then changes wait."""
    return [] if are_stopped(tx) else _list_followers(tx)


def _list_followers(tx: ReadTx) -> list[Rule]:
    found = [_rule(row) for row in tx.rows(_GOING)]
    return [one for one in found if one.told.kind not in TIMED]


def _list_on(tx: ReadTx) -> list[Rule]:
    return [_rule(row) for row in tx.rows(_ON)]


def get_version(tx: ReadTx, rule_id: int, version: int) -> Rule:
    """A rule as it stood in a version, for who was let see what came of it. Raises NotFound."""
    row = tx.get(automatic_rule, rule_id)
    kept = tx.row(_VERSION, {"id": rule_id, "version": version})
    if kept is None:
        raise NotFound("There is no rule for letters with the number %(id)s.", id=rule_id)
    now = _shape(row, kept.told, kept.letters)
    return replace(now, version=version)


def add_rule(tx: WriteTx, viewer: Viewer, mailbox_id: int, name: str, told: Told, letter: Mapping[str, Any]) -> int:
    """A new one that is off; ``letter`` is for everybody who has no other (``letter_data``). Returns its number. Raises
    NotFound, Forbidden, Invalid."""
    box = get_sender(tx, viewer, mailbox_id)
    if box.kind != "public":
        raise Invalid("Letters go by themselves from public mailboxes alone.", field="mailbox_id")
    if len(tx.values(_RULES.with_only_columns(automatic_rule.c.id))) >= MOST_RULES:
        raise Invalid("There are %(most)s rules already. End one first.", most=MOST_RULES, field="name")
    now = clock.now()
    made = tx.insert(
        automatic_rule, name=_name(name), mailbox_id=box.id, scope_id=box.scope_id, created_by=viewer.user_id,
        created_at=now, changed_at=now, version=1,
    )  # fmt: skip
    _keep(tx, viewer, made, 1, told, {"": dict(letter)})
    record_audit(tx, viewer.user_id, "automatic-rule-written", str(made), version=1)
    _tell(tx, made, box.scope_id)
    return made


def change_rule(
    tx: WriteTx,
    viewer: Viewer,
    rule_id: int,
    *,
    seen: int,
    name: str | None = None,
    told: Told | None = None,
    letters: Mapping[str, Mapping[str, Any] | None] | None = None,
) -> int:
    """Write it anew, what is given; ``letters`` by language, None takes one away. ``seen`` is the version that its
    writer had before them. What it says anew is off until it was tried. Returns its version. Raises NotFound,
    Forbidden, Invalid, Conflict."""
    row = _hold(tx, viewer, rule_id)
    now = get_rule(tx, viewer, rule_id)
    if now.version != seen:
        raise Conflict("Somebody else has changed this rule. Look at it, then write again.", version=now.version)
    if name is not None and _name(name) != now.name:
        tx.change(automatic_rule, rule_id, name=_name(name), changed_at=clock.now())
    kept = dict(now.letters)
    for language, letter in (letters or {}).items():
        check_personal({"language": language})
        if letter is not None:
            kept[language] = dict(letter)
        elif language:
            kept.pop(language, None)
    told = told or now.told
    if (told, kept) == (now.told, now.letters):
        return now.version
    version = now.version + 1
    _keep(tx, viewer, rule_id, version, told, kept)
    tx.change(automatic_rule, rule_id, version=version, state="off", changed_at=clock.now())
    record_audit(tx, viewer.user_id, "automatic-rule-written", str(rule_id), version=version)
    _tell(tx, rule_id, row.scope_id)
    return version


def note_tried(tx: WriteTx, viewer: Viewer, rule_id: int, version: int) -> None:
    """Somebody looked at what this version would have done. Raises NotFound, Forbidden, Conflict when it is not the
    newest any more."""
    row = _hold(tx, viewer, rule_id)
    if row.version != version:
        raise Conflict("Somebody else has changed this rule. Look at it, then write again.", version=row.version)
    tx.change(automatic_rule, rule_id, tried_version=version)


def switch_on(tx: WriteTx, viewer: Viewer, rule_id: int) -> None:
    """From now on it writes; what was before is left alone. A rule that was only paused goes on with what waits.
    Raises NotFound, Forbidden, Conflict for one that was not tried as it stands."""
    row = _hold(tx, viewer, rule_id, "manage")
    if row.state == "on":
        return
    if row.tried_version != row.version:
        raise Conflict("Try this rule first: see what would have gone, and to whom.")
    now = clock.now()
    told = get_rule(tx, viewer, rule_id).told
    # While all are stopped those that are on still have to follow what happens meanwhile.
    others = _list_followers(tx)
    if told.kind not in TIMED and (not others or find_position(tx, CONSUMER) == Position()):
        move_consumer(tx, CONSUMER, newest_position(tx))
    fresh = {"since": now, "looked_at": now} if row.state == "off" else {}
    tx.change(automatic_rule, rule_id, state="on", changed_at=now, **fresh)
    record_audit(tx, viewer.user_id, "automatic-rule-on", str(rule_id), version=row.version)
    _tell(tx, rule_id, row.scope_id)


def pause_rule(tx: WriteTx, viewer: Viewer, rule_id: int) -> None:
    """Nothing of it leaves until it is switched on again; what waits goes on waiting, and what comes due or happens
    meanwhile waits with it. Raises NotFound, Forbidden."""
    row = _hold(tx, viewer, rule_id)
    if row.state == "on":
        tx.change(automatic_rule, rule_id, state="paused", changed_at=clock.now())
        record_audit(tx, viewer.user_id, "automatic-rule-paused", str(rule_id))
        _tell(tx, rule_id, row.scope_id)


def end_rule(tx: WriteTx, viewer: Viewer, rule_id: int) -> None:
    """It is no more; what it sent keeps its reason. Raises NotFound, Forbidden."""
    row = _hold(tx, viewer, rule_id)
    now = clock.now()
    tx.change(automatic_rule, rule_id, state="off", ended_at=now, changed_at=now)
    set_uses(tx, f"automatic {rule_id}", set())
    record_audit(tx, viewer.user_id, "automatic-rule-ended", str(rule_id))
    _tell(tx, rule_id, row.scope_id)


def are_stopped(tx: ReadTx) -> bool:
    """Whether somebody stopped all letters that go by themselves, or turned this part of the house off."""
    return find_mark(tx, HALTED) == "yes" or PART in find_off(tx)


def stop_all(tx: WriteTx, viewer: Viewer) -> None:
    """Nothing goes by itself until somebody lets it again. Raises Forbidden."""
    _stop(tx, viewer, "yes")
    record_audit(tx, viewer.user_id, "automatic-letters-stopped")


def let_all(tx: WriteTx, viewer: Viewer) -> None:
    """Letters go by themselves again; those of long ago are held. Raises Forbidden."""
    _stop(tx, viewer, "no")
    record_audit(tx, viewer.user_id, "automatic-letters-let")


def _stop(tx: WriteTx, viewer: Viewer, word: str) -> None:
    if not viewer.may_somewhere("manage"):
        raise Forbidden("Whoever manages a mailbox stops all letters that go by themselves.")
    set_mark(tx, HALTED, word)
    tx.announce(TOPIC)


def letter_data(form: Format, source: str, made: Made) -> dict[str, Any]:
    """A letter as a version keeps it."""
    return {"format": form, "source": source, "subject": made.subject, "html": made.html, "plain": made.plain}


def ready_letter(rule: Rule, language: str) -> Ready:
    """The letter of a rule for a reader of this language, to be filled."""
    key = language if language in rule.letters else ""
    one = rule.letters[key]
    return Ready(
        Letter(rule.id, rule.version, key, one["format"], one["subject"], one["source"], one["html"], one["plain"], ())
    )


def _hold(tx: WriteTx, viewer: Viewer, rule_id: int, right: Right = "answer") -> Row[Any]:
    scope_id = get_rule(tx, viewer, rule_id).scope_id
    demand(viewer, right, scope_id)
    tx.lock(automatic_rule, rule_id)
    return tx.get(automatic_rule, rule_id)


def _keep(tx: WriteTx, viewer: Viewer, rule_id: int, version: int, told: Told, letters: Mapping[str, Any]) -> None:
    at = clock.now()
    data = told_data(told)
    set_uses(tx, f"automatic {rule_id}", _attributes_of(tx, told))
    tx.insert(
        automatic_version, rule_id=rule_id, version=version, told=data, letters=letters, by_id=viewer.user_id, at=at
    )


def _attributes_of(tx: ReadTx, told: Told) -> set[int]:
    """The field of people's own that a rule goes by: it gets an index."""
    of: Holder = "contact" if told.field.startswith("contact.") else "counterparty"
    key = told.field.partition(".attributes.")[2]
    wanted = told.kind == "date" and bool(key)  # of another kind of rule it is no question to all clients
    return {one.id for one in list_attributes(tx, of) if one.key == key} if wanted else set()


def _tell(tx: WriteTx, rule_id: int, scope_id: int) -> None:
    record_change(tx, "automatic_rule.changed", rule_id, scope_id=scope_id)
    tx.announce(TOPIC)


def _scopes(viewer: Viewer) -> list[int]:
    return sorted(one for one in viewer.full if viewer.may("answer", one))


def _rule(row: Any) -> Rule:
    return _shape(row, row.told, row.letters)


def _shape(row: Any, told: Any, letters: Any) -> Rule:
    same = ("id", "name", "mailbox_id", "scope_id", "state", "version", "since", "looked_at", "created_by")
    values = {name: getattr(row, name) for name in (*same, "changed_at")}
    return Rule(**values, tried=row.tried_version == row.version, told=parse_told(told), letters=letters)


def _name(name: str) -> str:
    name = " ".join(name.split())
    if not 0 < len(name) <= LONGEST_NAME:
        raise Invalid("A name has 1 to %(most)s characters.", most=LONGEST_NAME, field="name")
    return name


def mailbox_of(tx: ReadTx, rule: Rule) -> dict[str, str]:
    """What a letter may say of the mailbox that it leaves from."""
    box = get_mailbox(tx, rule.mailbox_id)
    return {"name": box.name, "address": box.address}

"""A letter whose moment has come: whether it may still go, what it says, and its way into the ledger as every other.

It goes once: the row is held, the letter is laid down and the row says so in one transaction.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy import bindparam, func, or_, select

from core import clock
from core.changes import record_change
from core.database import ReadTx, WriteTx
from core.secrets import Keys
from crm.execution import Choice as Hand
from crm.execution import is_able
from crm.interactions import letter_facts
from crm.parties import find_manager
from crm.parties.tables import contact, counterparty
from crm.planner.tables import occurrence
from crm.segments import select_members
from crm.segments.tables import segment_member
from crm.staff.tables import scope
from mailhub.automatic.filling import fields_of
from mailhub.automatic.leaving import leave_token
from mailhub.automatic.rules import are_stopped, get_version, mailbox_of, ready_letter
from mailhub.automatic.shapes import Rule, shift
from mailhub.automatic.tables import automatic_letter, automatic_rule
from mailhub.campaigns.choosing import Candidate, find_of, list_candidates
from mailhub.campaigns.letters import Rendered
from mailhub.campaigns.mailings import Choice
from mailhub.campaigns.recipients import judge
from mailhub.letters.subject import parse_base_subject
from mailhub.letters.values import Address, ParsedLetter
from mailhub.mailboxes.boxes import Mailbox, get_mailbox
from mailhub.mailboxes.handling import give
from mailhub.mailboxes.participants import Sender
from mailhub.mailboxes.tables import message, thread
from mailhub.mailboxes.threads import open_thread, tell
from mailhub.outbound.compose import Fields
from mailhub.outbound.headers import wire_address
from mailhub.outbound.identity import Stamp
from mailhub.outbound.ledger import let_come_back
from mailhub.outbound.planning import plan_letter
from mailhub.outbound.writing import go_on_in

WENT = "This letter went by itself: rule “%(rule)s”, version %(version)s."
_DUE = (
    select(automatic_letter.c.id)
    .join(automatic_rule, automatic_rule.c.id == automatic_letter.c.rule_id)
    .where(automatic_letter.c.state == "waiting", automatic_letter.c.send_at <= bindparam("now"))
    .where(or_(automatic_rule.c.state == "on", automatic_rule.c.ended_at.is_not(None)))
    .order_by(automatic_letter.c.send_at, automatic_letter.c.id)
    .limit(bindparam("most"))
)
_NEXT = (
    select(func.min(automatic_letter.c.send_at))
    .join(automatic_rule, automatic_rule.c.id == automatic_letter.c.rule_id)
    .where(automatic_letter.c.state == "waiting", automatic_rule.c.state == "on")
)


@dataclass(frozen=True, slots=True)
class Means:
    """What it takes to write: ``explicit`` as ``mailings.consent`` says, ``base_url`` where readers reach this house,
    ``hold_after`` after how long a letter is too late to go without a person."""

    stamp: Stamp
    explicit: bool
    base_url: str
    hold_after: int

    @property
    def keys(self) -> Keys:
        """Those of the house."""
        return self.stamp.keys


@dataclass(frozen=True, slots=True)
class Judged:
    """Who would get a letter, and why not ('' for nothing)."""

    candidate: Candidate | None
    reason: str


def list_due(tx: ReadTx, most: int = 100) -> list[int]:
    """Letters whose moment has come."""
    return [] if are_stopped(tx) else tx.values(_DUE, {"now": clock.now(), "most": most})


def find_next(tx: ReadTx) -> int | None:
    """When the next one goes."""
    found: int | None = tx.value(_NEXT)
    return found


def send_letter(tx: WriteTx, means: Means, letter_id: int) -> bool:
    """Let it go, or say why it does not. False when somebody else was quicker. Raises Invalid, TooMuch for a letter
    that cannot be written."""
    tx.lock(automatic_letter, letter_id)
    row = tx.get(automatic_letter, letter_id)
    rule_row = tx.get(automatic_rule, row.rule_id)
    now = clock.now()
    if row.state != "waiting" or row.send_at > now or are_stopped(tx):
        return False
    if rule_row.ended_at is not None:
        return end_letter(tx, row, "left_out", "rule_gone")
    if rule_row.state != "on":
        return False
    if row.send_at < now - means.hold_after:
        return end_letter(tx, row, "held", "off")
    rule = get_version(tx, row.rule_id, row.version)
    if rule.told.until_answer and _is_answered(tx, rule, row):
        return end_letter(tx, row, "stopped", "answered")
    if _is_over(tx, rule, row):
        return end_letter(tx, row, "left_out", "over")
    if rule.told.cap_days:
        tx.lock_key("automatic_cap")  # who of two processes comes second sees what the first has sent to this address
    judged = judge_letter(tx, means, rule, row.counterparty_id, row.contact_id)
    if judged.candidate is None or judged.reason:
        return end_letter(tx, row, "left_out", judged.reason)
    return _write(tx, means, rule, row, judged.candidate)


def judge_letter(tx: ReadTx, means: Means, rule: Rule, counterparty_id: int | None, contact_id: int | None) -> Judged:
    """Who gets a letter of a rule about this client or person, by the rule that mailings have too: the one last heard
    from, nobody who said no, nobody whose address must not be written to."""
    if contact_id is not None:
        choice, phase, number = Choice(True, "contact", contact_id), "contacts", contact_id
    elif counterparty_id is not None:
        choice, phase, number = Choice(True, "client", counterparty_id), "clients", counterparty_id
    else:
        return Judged(None, "no_address")
    found = list_candidates(tx, [choice], "main", phase, number - 1, 1)  # type: ignore[arg-type]
    if not found.candidates:
        return Judged(None, "no_address")
    candidate = found.candidates[0]
    laid = judge(tx, means.keys, [candidate], means.explicit, None)[0]
    reason = laid.reason
    if not reason and rule.told.segment_id and not _is_in(tx, rule.told.segment_id, candidate):
        reason = "not_in_segment"
    if not reason and rule.told.cap_days and _was_written(tx, laid.canonical, rule.told.cap_days):
        reason = "too_often"
    return Judged(candidate, reason)


_MEMBER_OF = {"contacts": "contact_id", "counterparties": "counterparty_id"}


def _is_in(tx: ReadTx, segment_id: int, candidate: Candidate) -> bool:
    party_id = getattr(candidate, _MEMBER_OF.get(find_of(tx, segment_id), "contact_id"))
    members = select_members(segment_id).where(segment_member.c.party_id == party_id)
    return party_id is not None and tx.value(members) is not None


_LATELY = select(automatic_letter.c.id).where(
    automatic_letter.c.canonical == bindparam("canonical"), automatic_letter.c.sent_at > bindparam("since")
)


def _was_written(tx: ReadTx, canonical: str, days: int) -> bool:
    asked = {"canonical": canonical, "since": clock.now() - days * clock.DAY}
    return tx.value(_LATELY.limit(1), asked) is not None


_STANDS = select(occurrence.c.due_at).where(
    occurrence.c.event_id == bindparam("id"),
    occurrence.c.starts == bindparam("starts"),
    occurrence.c.state.in_(bindparam("states", expanding=True)),
)


def _is_over(tx: ReadTx, rule: Rule, row: Any) -> bool:
    """Whether what the letter is about does not take place (any more), or is past where the letter speaks of it as to
    come."""
    if row.subject_kind != "event":
        return False
    ahead = shift(rule.told) <= 0
    states = ["open"] if ahead else ["open", "done"]
    due = tx.value(_STANDS, {"id": row.subject_id, "starts": row.due_key, "states": states})
    return due is None or (shift(rule.told) < 0 and due < clock.now())


_PUBLIC = select(scope.c.id).where(scope.c.kind == "public")
_BEFORE = (
    select(automatic_letter.c.sent_at, automatic_letter.c.message_id)
    .where(
        automatic_letter.c.rule_id == bindparam("rule_id"),
        automatic_letter.c.subject_kind == bindparam("kind"),
        automatic_letter.c.subject_id == bindparam("subject_id"),
        automatic_letter.c.state == "sent",
    )
    .order_by(automatic_letter.c.sent_at)
    .limit(1)
)
_THREAD_OF = select(message.c.thread_id).where(message.c.id == bindparam("id"))
_CAME = select(message.c.id).where(
    message.c.thread_id == bindparam("thread_id"),
    message.c.direction == "in",
    message.c.spam == 0,
    message.c.landed_at > bindparam("since"),
)
_WROTE = select(letter_facts.c.last_in).where(
    letter_facts.c.counterparty_id == bindparam("id"),
    letter_facts.c.scope_id.in_(_PUBLIC),
    letter_facts.c.last_in > bindparam("since"),
)


def _is_answered(tx: ReadTx, rule: Rule, row: Any) -> bool:
    """Whether they wrote since this rule wrote to them about the same thing first, or since the letter of ours that
    nobody had answered. A date comes back every year: what was answered then ends nothing."""
    since: int | None = row.facts.get("sent_at") if rule.told.kind == "silence" else None
    thread_id: int | None = row.thread_id
    if since is None and rule.told.kind == "event":
        asked = {"rule_id": row.rule_id, "kind": row.subject_kind, "subject_id": row.subject_id}
        before = tx.row(_BEFORE, asked)
        if before is not None:
            since, thread_id = before.sent_at, tx.value(_THREAD_OF, {"id": before.message_id})
    if since is None:
        return False
    if thread_id is not None and tx.value(_CAME.limit(1), {"thread_id": thread_id, "since": since}) is not None:
        return True
    client = row.counterparty_id
    return client is not None and tx.value(_WROTE.limit(1), {"id": client, "since": since}) is not None


def end_letter(tx: WriteTx, row: Any, state: str, reason: str, **more: Any) -> bool:
    """Say what became of one (its row is held)."""
    tx.change(automatic_letter, row.id, state=state, reason=reason, changed_at=clock.now(), **more)
    record_change(tx, f"automatic_letter.{state}", row.id, scope_id=row.scope_id, fields={"rule_id": row.rule_id})
    return True


def _write(tx: WriteTx, means: Means, rule: Rule, row: Any, candidate: Candidate) -> bool:
    """Lay it down, in the thread that it is about or in one of its own."""
    leave = f"{means.base_url.rstrip('/')}/u/{leave_token(means.keys, row.id, row.epoch)}"
    rendered = render_letter(tx, rule, candidate, row.facts, leave)
    if rendered.missing:
        return end_letter(tx, row, "held", "no_value")
    box = get_mailbox(tx, rule.mailbox_id)
    found = _hold_thread(tx, row, box, candidate, rendered.subject)
    person = Address(candidate.name, candidate.address)
    fields = Fields(
        message_id="", date=0, from_=Address(box.name, box.address), to=(person,), subject=rendered.subject,
        text=rendered.plain, html=rendered.html, automatic="auto-generated", leave=leave,
    )  # fmt: skip
    if found.message_count:
        fields = go_on_in(tx, fields, found.id)
    message_id = plan_letter(tx, means.stamp, found, box, fields, [person], "automatic", by_id=None)
    let_come_back(tx, means.stamp, message_id, wire_address(box.address))
    tell(tx, found.id, WENT, rule=rule.name, version=rule.version)
    canonical = candidate.address.lower()
    laid = judge(tx, means.keys, [candidate], False, None)[0]
    now = clock.now()
    return end_letter(
        tx, row, "sent", "", address=candidate.address, contact_id=candidate.contact_id,
        canonical=laid.canonical or canonical, thread_id=found.id,
        message_id=message_id, sent_at=now,
    )  # fmt: skip


def render_letter(tx: ReadTx, rule: Rule, candidate: Candidate, facts: dict[str, Any], leave: str) -> Rendered:
    """What a letter of a rule says to somebody. Raises Invalid."""
    given = {**candidate.fields, "mailbox": mailbox_of(tx, rule), **fields_of(rule, candidate, facts)}
    return ready_letter(rule, candidate.language).render(given, leave)


def _hold_thread(tx: WriteTx, row: Any, box: Mailbox, candidate: Candidate, subject: str) -> Any:
    """The thread of the letter, held: the one that it is about where that lies in the rule's mailbox, else one of its
    own in the hands of the client's manager, closed until they answer."""
    if row.thread_id is not None:
        tx.lock(thread, row.thread_id)
        about = tx.get(thread, row.thread_id)
        if about.mailbox_id == box.id and about.state in ("open", "closed", "snoozed"):
            return about
    sender = Sender(box.address, _stands(tx, counterparty, candidate.counterparty_id),
                    _stands(tx, contact, candidate.contact_id))  # fmt: skip
    parsed = msgspec.structs.replace(ParsedLetter(), subject=subject, base_subject=parse_base_subject(subject))
    match = {"by": "automatic", "pairs": []}
    thread_id = open_thread(tx, box, parsed, sender, match, clock.now(), state="closed")
    manager_id = None if candidate.counterparty_id is None else find_manager(tx, candidate.counterparty_id)
    if manager_id is not None and is_able(tx, box.scope_id, manager_id):
        give(tx, thread_id, Hand(manager_id, "manager"))
    return tx.get(thread, thread_id)


def _stands(tx: ReadTx, table: Any, party_id: int | None) -> int | None:
    return None if party_id is None else int(tx.get(table, party_id).id)

"""What the company of the demo has planned and promised in these weeks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from core import clock
from core.database import WriteTx
from crm.execution.promises import Made, make_promise
from crm.interactions import find_line_of_thread
from crm.planner import Plan, plan_event, show_starts
from crm.staff.readable import Viewer
from mailhub.mailboxes.lists import ThreadRow

# Days from this Monday, hour, kind, what, minutes.
WEEK = (
    (0, "11:30", "call", "Lead time of the seals", 30),
    (1, "10:00", "meeting", "Demonstration of the new series", 90),
    (2, "12:00", "call", "Agree the date of delivery", 30),
    (2, "14:30", "task", "Send the drawings to the plant", 30),
    (3, "09:30", "task", "Prepare the offer", 60),
    (3, "11:00", "negotiation", "Price for the yearly order", 60),
    (4, "10:00", "call", "Their decision", 30),
    (8, "10:30", "call", "How do the pumps run", 30),
)
PROMISES = (
    (2, "us", "Send the certificates for the pumps"),
    (26, "us", "Price list of the new series"),
    (50, "them", "Signed contract by courier"),
)


def plan_weeks(tx: WriteTx, helen: Viewer, people: Sequence[Viewer], waiting: Sequence[ThreadRow], zone: str) -> None:
    """A meeting of all every Monday, calls on the basis of letters, and promises: one of them is nearly due."""
    today = datetime.fromtimestamp(clock.now() // clock.SECOND, ZoneInfo(zone)).replace(tzinfo=None)
    monday = (today - timedelta(days=today.weekday())).replace(hour=9, minute=30)
    others = tuple(one.user_id for one in people if one.user_id != helen.user_id)
    weekly = Plan("meeting", "Plan of the week", show_starts(monday), zone, helen.user_id, rule="FREQ=WEEKLY;BYDAY=MO")
    plan_event(tx, helen, replace(weekly, user_ids=others))
    lines = [found for row in waiting if (found := find_line_of_thread(tx, helen, row.id)) is not None]
    if not lines:
        return
    for number, (days, hour, kind, subject, minutes) in enumerate(WEEK):
        client_id, line = lines[number % len(lines)]
        starts = show_starts(monday + timedelta(days=days))[:11] + hour
        call = Plan(kind, subject, starts, zone, helen.user_id, minutes=minutes)
        plan_event(tx, helen, replace(call, counterparty_id=client_id, based_on_id=line.id))
    for number, (hours, side, text) in enumerate(PROMISES):
        client_id, line = lines[number % len(lines)]
        due_at = clock.now() + hours * clock.HOUR
        made = Made(client_id, text, due_at, helen.user_id, side=side, based_on_id=line.id)
        make_promise(tx, helen, made)

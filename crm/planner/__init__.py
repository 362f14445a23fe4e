"""What is planned with clients and by colleagues: calls, meetings, tasks; once or by a rule, at local times that stay
what they are when clocks change; reminders that come exactly once; done with a result that stands in the timeline."""

from crm.planner.doing import finish_planned, move_with_threads
from crm.planner.feed import drop_feed, find_feed, has_feed, list_feed, make_feed, write_feed
from crm.planner.filling import fill_due
from crm.planner.following import call_off, find_next, follow_event, follow_time, join_event, list_people
from crm.planner.handing import hand_planned
from crm.planner.planning import (
    TOPIC,
    Part,
    change_event,
    drop_planned,
    may_change,
    move_planned,
    plan_event,
)
from crm.planner.reading import (
    find_planned,
    get_planned,
    list_agenda,
    list_held,
    list_late,
    list_planned_of,
)
from crm.planner.recurrence import DAY_CODES, Rule, parse_rule, write_rule
from crm.planner.reminding import (
    Due,
    Reminder,
    find_next_reminder,
    list_changed_zones,
    rederive_part,
    release_held,
    take_reminders,
)
from crm.planner.shapes import KINDS, Plan, Planned
from crm.planner.times import get_zone, instant_of, local_of, parse_starts, show_starts

__all__ = [
    "DAY_CODES",
    "KINDS",
    "TOPIC",
    "Due",
    "Part",
    "Plan",
    "Planned",
    "Reminder",
    "Rule",
    "call_off",
    "change_event",
    "drop_feed",
    "drop_planned",
    "fill_due",
    "find_feed",
    "find_next",
    "find_next_reminder",
    "find_planned",
    "finish_planned",
    "follow_event",
    "follow_time",
    "get_planned",
    "get_zone",
    "hand_planned",
    "has_feed",
    "instant_of",
    "join_event",
    "list_agenda",
    "list_changed_zones",
    "list_feed",
    "list_held",
    "list_late",
    "list_people",
    "list_planned_of",
    "local_of",
    "make_feed",
    "may_change",
    "move_planned",
    "move_with_threads",
    "parse_rule",
    "parse_starts",
    "plan_event",
    "rederive_part",
    "release_held",
    "show_starts",
    "take_reminders",
    "write_feed",
    "write_rule",
]

"""Working time: when the house is at work, and how far a number of working hours reaches."""

from crm.working.calendar import LONGEST_HOURS, Calendar, OwnDay, calendar_data, parse_calendar
from crm.working.kept import (
    HOUSE,
    calendar_choice,
    choose_calendar,
    find_calendar,
    find_choice,
    keep_calendar,
    working_calendar,
)
from crm.working.public import list_countries, list_holidays

__all__ = [
    "HOUSE",
    "LONGEST_HOURS",
    "Calendar",
    "OwnDay",
    "calendar_choice",
    "calendar_data",
    "choose_calendar",
    "find_calendar",
    "find_choice",
    "keep_calendar",
    "list_countries",
    "list_holidays",
    "parse_calendar",
    "working_calendar",
]

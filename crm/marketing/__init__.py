"""Marketing events – exhibitions, campaigns, advertisements – and whom they touched."""

from crm.marketing.events import (
    SORTS,
    add_marketing_event,
    change_marketing_event,
    drop_marketing_event,
    get_marketing_event,
    list_marketing_events,
    marketing_events_of,
    names_of_marketing_events,
)
from crm.marketing.shapes import KINDS, WAYS, MarketingEvent, Party, Tally, Touch
from crm.marketing.touches import drop_touch, list_brought, list_touches, tally_touches, touch_parties

__all__ = [
    "KINDS",
    "SORTS",
    "WAYS",
    "MarketingEvent",
    "Party",
    "Tally",
    "Touch",
    "add_marketing_event",
    "change_marketing_event",
    "drop_marketing_event",
    "drop_touch",
    "get_marketing_event",
    "list_brought",
    "list_marketing_events",
    "list_touches",
    "marketing_events_of",
    "names_of_marketing_events",
    "tally_touches",
    "touch_parties",
]

"""Saved views: threads that fit conditions, under a name, for oneself or a team."""

from mailhub.mailboxes.views.listing import Looked, count_views, list_view
from mailhub.mailboxes.views.verbs import (
    LONGEST_NAME,
    MOST_VIEWS,
    SavedView,
    WantedView,
    add_view,
    change_view,
    delete_view,
    get_view,
    list_views,
    parse_view,
)
from mailhub.mailboxes.views.words import threads_for

__all__ = [
    "LONGEST_NAME",
    "MOST_VIEWS",
    "Looked",
    "SavedView",
    "WantedView",
    "add_view",
    "change_view",
    "count_views",
    "delete_view",
    "get_view",
    "list_view",
    "list_views",
    "parse_view",
    "threads_for",
]

"""Segments: groups of clients or contacts, any number of them, kept by hand or by a rule.

Who is in one is said by ``select_members``, set by set. Entries and exits stand in the feed of changes as
``segment.entered`` and ``segment.left`` with ``of`` and ``party_ids``.
"""

from crm.segments.reading import (
    get_segment,
    list_members,
    list_segments,
    list_segments_of,
    list_stays,
    names_of_segments,
    select_members,
)
from crm.segments.rules import TOPIC, parse_segment_rule
from crm.segments.shapes import Member, Of, Segment, Stay
from crm.segments.trying import Trial, try_rule
from crm.segments.verbs import add_members, add_segment, change_rule, drop_members, end_segment, rename_segment
from crm.segments.why import Reason, Why, explain_why
from crm.segments.words import words_of

__all__ = [
    "TOPIC",
    "Member",
    "Of",
    "Reason",
    "Segment",
    "Stay",
    "Trial",
    "Why",
    "add_members",
    "add_segment",
    "change_rule",
    "drop_members",
    "end_segment",
    "explain_why",
    "get_segment",
    "list_members",
    "list_segments",
    "list_segments_of",
    "list_stays",
    "names_of_segments",
    "parse_segment_rule",
    "rename_segment",
    "select_members",
    "try_rule",
    "words_of",
]

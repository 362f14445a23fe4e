"""Marketing events in words: their kinds, how they touched somebody, their days."""

from __future__ import annotations

from api.web.document_words import say_date
from api.web.shapes import Speaker
from crm.marketing import MarketingEvent


def marketing_kinds(speaker: Speaker) -> dict[str, str]:
    """What kinds are called."""
    say = speaker.say
    return {
        "exhibition": say("Exhibition"), "webinar": say("Webinar"), "campaign": say("Campaign"),
        "advertisement": say("Advertisement"), "seminar": say("Seminar"), "other": say("Other"),
    }  # fmt: skip


def touch_ways(speaker: Speaker) -> dict[str, str]:
    """How somebody was touched."""
    say = speaker.say
    return {
        "visited": say("Visited the stand"), "registered": say("Registered"), "took_part": say("Took part"),
        "met": say("Was met there"), "answered": say("Answered"), "other": say("Was reached"),
    }  # fmt: skip


def say_days(speaker: Speaker, one: MarketingEvent, *, short: bool = False) -> str:
    """From when until when; '' where nothing is known."""
    days = [say_date(speaker, day, short=short) for day in (one.date_from, one.date_to) if day]
    return " – ".join(dict.fromkeys(days))

"""How something repeats, said in words and chosen in a form."""

from __future__ import annotations

from datetime import date, datetime

from api.web.shapes import Speaker
from core.errors import Invalid
from crm.planner import DAY_CODES, Rule, parse_rule, write_rule

NTH_DAYS = {"nth": "MONTHLY", "last": "MONTHLY"}
LAST = -1


def say_rule(speaker: Speaker, written: str) -> str:
    """``Every 2 weeks on Mon, Wed, until 1 December 2026``; empty for what happens once."""
    if not written:
        return ""
    rule, language = parse_rule(written), speaker.language
    said = _once(speaker, rule.every) if rule.interval == 1 else _every(speaker, rule.every, rule.interval)
    names = day_names(speaker)
    days = ", ".join(names[one] for one in rule.weekdays)
    if rule.nth == LAST:
        said = speaker.say("%(every)s, the last %(day)s", every=said, day=days)
    elif rule.nth:
        said = speaker.say("%(every)s, %(day)s number %(nth)s", every=said, day=days, nth=rule.nth)
    elif days:
        said = f"{said}: {days}"
    elif rule.monthday == LAST:
        said = speaker.say("%(every)s on the last day", every=said)
    elif rule.monthday:
        said = speaker.say("%(every)s on day %(day)s", every=said, day=rule.monthday)
    if rule.count:
        said += ", " + language.ngettext("%(n)s time", "%(n)s times", rule.count)
    if rule.until is not None:
        said += ", " + speaker.say("until %(day)s", day=rule.until.isoformat())
    return said


def _once(speaker: Speaker, every: str) -> str:
    names = {
        "DAILY": speaker.say("Every day"),
        "WEEKLY": speaker.say("Every week"),
        "MONTHLY": speaker.say("Every month"),
        "YEARLY": speaker.say("Every year"),
    }
    return names[every]


def _every(speaker: Speaker, every: str, count: int) -> str:
    language = speaker.language
    names = {
        "DAILY": language.ngettext("Every %(n)s day", "Every %(n)s days", count),
        "WEEKLY": language.ngettext("Every %(n)s week", "Every %(n)s weeks", count),
        "MONTHLY": language.ngettext("Every %(n)s month", "Every %(n)s months", count),
        "YEARLY": language.ngettext("Every %(n)s year", "Every %(n)s years", count),
    }
    return names[every]


def day_names(speaker: Speaker) -> list[str]:
    """Monday to Sunday, short."""
    names = speaker.language.locale.days["stand-alone"]["abbreviated"]
    return [names[day] for day in range(7)]


def read_rule(form: dict[str, str], starts: datetime) -> str:
    """The rule that a form chose: ``repeat`` day, week, month, nth, last or year, ``interval``, ``on_MO``…, ``ends``
    never, count or until. Raises Invalid."""
    repeat = form.get("repeat", "")
    if not repeat:
        return ""
    every = {"day": "DAILY", "week": "WEEKLY", "month": "MONTHLY", "year": "YEARLY"} | NTH_DAYS
    if repeat not in every:
        raise Invalid("This way of repeating is not known here.", field="rule")
    parts: dict[str, object] = {}
    if repeat == "week":
        chosen = tuple(number for number, name in enumerate(DAY_CODES) if form.get(f"on_{name}"))
        parts["weekdays"] = chosen or (starts.weekday(),)
    elif repeat == "month":
        parts["monthday"] = starts.day
    elif repeat in NTH_DAYS:
        parts |= {"weekdays": (starts.weekday(),), "nth": LAST if repeat == "last" else (starts.day + 6) // 7}
    ends = form.get("ends", "")
    if ends == "count":
        parts["count"] = _number(form.get("count", ""))
    elif ends == "until":
        parts["until"] = _day(form.get("until", ""))
    return write_rule(Rule(every[repeat], _number(form.get("interval", "") or "1"), **parts))  # type: ignore[arg-type]


def fields_of(written: str) -> dict[str, str]:
    """A rule as the fields of the form."""
    if not written:
        return {}
    rule = parse_rule(written)
    repeat = {"DAILY": "day", "WEEKLY": "week", "MONTHLY": "month", "YEARLY": "year"}[rule.every]
    if rule.nth:
        repeat = "last" if rule.nth == LAST else "nth"
    fields = {"repeat": repeat, "interval": str(rule.interval)}
    fields |= {f"on_{DAY_CODES[one]}": "yes" for one in rule.weekdays if not rule.nth}
    if rule.count:
        fields |= {"ends": "count", "count": str(rule.count)}
    if rule.until is not None:
        fields |= {"ends": "until", "until": rule.until.isoformat()}
    return fields


def _number(written: str) -> int:
    if not (written.isascii() and written.isdigit() and len(written) < 5):
        raise Invalid("Write a whole number.", field="rule")
    return int(written)


def _day(written: str) -> date:
    try:
        return date.fromisoformat(written)
    except ValueError as problem:
        raise Invalid("Choose a day.", field="rule") from problem

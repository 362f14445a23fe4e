"""Letters that go by themselves: the rules as sentences, what will go, what went and why."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any
from urllib.parse import quote

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import QueryParameter

from api.auth import Door
from api.automatic import make_data
from api.web.automatic_words import (
    Names,
    document_choices,
    is_used,
    kind_names,
    list_dates,
    planned_kinds,
    read_names,
    say_bounds,
    say_fate,
    say_reason,
    say_rule,
    say_state,
)
from api.web.desk import After, Asked, Desk, Id, html
from api.web.forms import read_form, read_id
from api.web.letter_fields import name_fields, show_fields
from api.web.shapes import Speaker, When, make_when
from api.web.shell import Around, see_around
from core import clock
from core.clock import iso
from core.database import ReadTx, WriteTx
from core.errors import Conflict, Invalid
from core.paging import Page
from crm.staff.readable import Viewer, demand_somewhere
from mailhub.automatic import letters, rules
from mailhub.automatic.filling import FIELDS
from mailhub.automatic.letters import Automatic
from mailhub.automatic.shapes import Rule, Told, parse_told
from mailhub.automatic.trying import DAYS_AHEAD, Coming, Tried, days_back, list_coming, try_rule
from mailhub.campaigns.making import LONGEST_SOURCE
from mailhub.mailboxes.boxes import Mailbox
from mailhub.outbound.beginning import list_senders

Of = Annotated[int | None, QueryParameter(name="rule", ge=1, le=2**63 - 1)]
Kind = Annotated[str, QueryParameter(name="kind", max_length=20)]
Wanted = Annotated[str, QueryParameter(name="tried", max_length=10)]
Tongue = Annotated[str, QueryParameter(name="language", max_length=10)]
UNITS = {"minutes": 1, "hours": 60, "days": 24 * 60}
_HOUR = re.compile(r"([0-9]{1,2}):([0-9]{2})")
ALWAYS = ("contact.name", "client.name", "client.city", "manager.name", "manager.email")


@dataclass(frozen=True, slots=True)
class SeenAll:
    """What the list reads."""

    rules: list[Rule]
    counts: dict[int, dict[str, int]]
    coming: list[Coming]
    log: Page[Automatic]
    names: Names
    stopped: bool
    may_stop: bool
    around: Around


@dataclass(frozen=True, slots=True)
class SeenOne:
    """What the editor reads."""

    rule: Rule | None
    boxes: list[Mailbox]
    names: Names
    tried: Tried | None
    around: Around


@get("/mailings/automatic", include_in_schema=False)
async def page(door: NamedDependency[Door], request: Asked, after: After = None, of: Of = None) -> Response[str]:
    """All rules, what will go in two weeks, and the log."""
    desk = Desk(door, request)

    def see(tx: ReadTx, viewer: Viewer) -> SeenAll:
        found = rules.list_rules(tx, viewer)
        counts = letters.count_letters(tx, [one.id for one in found])
        log = letters.list_letters(tx, viewer, rule_id=of, after=after, limit=30)
        coming = list_coming(tx, viewer, desk.zone)
        may_stop, stopped = viewer.may_somewhere("manage"), rules.are_stopped(tx)
        return SeenAll(found, counts, coming, log, read_names(tx), stopped, may_stop, see_around(tx, viewer))

    def render(viewer: Viewer, seen: SeenAll) -> str:
        speaker = desk.speaker(viewer)
        shown = [_row(speaker, one, seen) for one in seen.rules]
        managed = {one.id for one in seen.rules if viewer.may("manage", one.scope_id)}
        log = [_line(speaker, one, managed) for one in seen.log.items]
        return desk.render(
            "automatic.html", speaker, seen.around, "mailings", rows=shown, days=_days(speaker, seen.coming), log=log,
            week=speaker.language.weekday_names(), before=speaker.language.moment(speaker.now).weekday(),
            next=seen.log.next, stopped=seen.stopped, may_stop=seen.may_stop, kinds=kind_names(speaker), of=of,
        )  # fmt: skip

    return html(await door.page(render, see))


@get("/mailings/automatic/new", include_in_schema=False)
async def show_new(door: NamedDependency[Door], request: Asked, kind: Kind = "event") -> Response[str]:
    """The editor of a new rule that waits for this."""
    return await _show(door, request, None, {"kind": kind})


@get("/mailings/automatic/{automatic_id:int}", include_in_schema=False)
async def show_one(
    door: NamedDependency[Door], request: Asked, automatic_id: Id, language: Tongue = "", tried: Wanted = ""
) -> Response[str]:
    """One rule: its words, its letter in a language; with ``tried`` what it would have sent."""
    return await _show(door, request, automatic_id, {}, language=language, try_it=bool(tried))


async def _show(
    door: Door, request: Asked, rule_id: int | None, typed: Mapping[str, str], *, language: str = "",
    try_it: bool = False, problem: Invalid | Conflict | None = None,
) -> Response[str]:  # fmt: skip
    desk = Desk(door, request)

    def see(tx: ReadTx, viewer: Viewer) -> SeenOne:
        demand_somewhere(viewer, "answer")
        rule = None if rule_id is None else rules.get_rule(tx, viewer, rule_id)
        boxes = [one for one in list_senders(tx, viewer) if one.kind == "public"]
        tried = try_rule(tx, viewer, door.house.automatic, desk.zone, rule.id) if rule is not None and try_it else None
        return SeenOne(rule, boxes, read_names(tx), tried, see_around(tx, viewer))

    def render(viewer: Viewer, seen: SeenOne) -> str:
        speaker = desk.speaker(viewer)
        said = "" if problem is None else speaker.say(problem.sentence, **problem.fields)
        form = _form(speaker, seen, typed, language)
        tried = None if seen.tried is None else _tried(speaker, seen.tried)
        rule = seen.rule
        words = "" if rule is None else say_rule(speaker, rule.told, seen.names)
        state = "" if rule is None else say_state(speaker, rule)
        may_start = rule is not None and viewer.may("manage", rule.scope_id)
        return desk.render(
            "automatic_rule.html", speaker, seen.around, "mailings", rule=rule, f=form, tried=tried, problem=said,
            sentence=words, state=state, boxes=seen.boxes, tongue=language, may_start=may_start,
            days_back=0 if rule is None else days_back(rule.told.kind),
        )  # fmt: skip

    status = 200 if problem is None else 409 if isinstance(problem, Conflict) else 400
    return html(await door.page(render, see), status)


@post("/mailings/automatic", include_in_schema=False, status_code=200)
async def add(door: NamedDependency[Door], request: Asked) -> Response[str]:
    """A new rule, then to its trial; or all of them stopped, and let again."""
    form = await read_form(request, LONGEST_SOURCE)
    if form.get("act") in ("stop", "let"):
        await door.write(rules.stop_all if form["act"] == "stop" else rules.let_all)
        return _to("/mailings/automatic")
    try:
        told = _read_told(form)
        letter = make_data(door.house, "markdown", form.get("subject", ""), form.get("source", ""), "")
        box_id = read_id(form, "mailbox_id") or 0
        made = await door.write(rules.add_rule, box_id, form.get("name", ""), told, letter)
    except (Invalid, Conflict) as problem:
        return await _show(door, request, None, form, problem=problem)
    return _to(f"/mailings/automatic/{made}")


@post("/mailings/automatic/{automatic_id:int}", include_in_schema=False, status_code=200)
async def act(door: NamedDependency[Door], request: Asked, automatic_id: Id) -> Response[str]:
    """Write it anew, try it, switch it on, pause it, end it, call back or let go what it has."""
    form = await read_form(request, LONGEST_SOURCE)
    here, what, language = f"/mailings/automatic/{automatic_id}", form.get("act", "save"), form.get("language", "")
    try:
        if what == "try":
            version = (await door.read(rules.get_rule, automatic_id)).version
            await door.write(rules.note_tried, automatic_id, version)
            return _to(f"{here}?tried=yes")
        verbs: dict[str, Any] = {
            "start": rules.switch_on, "pause": rules.pause_rule, "end": rules.end_rule,
            "release": letters.release_held, "withdraw": letters.withdraw_waiting,
        }  # fmt: skip
        if what in verbs:
            await door.write(verbs[what], automatic_id)
            return _to("/mailings/automatic")
        told = _read_told(form)
        data = make_data(door.house, "markdown", form.get("subject", ""), form.get("source", ""), language)
        seen, name = read_id(form, "version") or 0, form.get("name", "")

        def verb(tx: WriteTx, viewer: Viewer) -> int:
            return rules.change_rule(
                tx, viewer, automatic_id, seen=seen, name=name, told=told, letters={language: data}
            )

        await door.write(verb)
    except (Invalid, Conflict) as problem:
        return await _show(door, request, automatic_id, form, language=language, problem=problem)
    return _to(here + (f"?language={quote(language)}" if language else ""))


@post("/mailings/automatic/letters/{automatic_letter_id:int}", include_in_schema=False, status_code=200)
async def act_on_letter(door: NamedDependency[Door], request: Asked, automatic_letter_id: Id) -> Response[str]:
    """Let one go that is held, or call it back."""
    form = await read_form(request)
    verb = letters.release_letter if form.get("act") == "release" else letters.withdraw_letter
    await door.write(verb, automatic_letter_id)
    return _to("/mailings/automatic")


def _read_told(form: Mapping[str, str]) -> Told:
    """Raises Invalid."""
    amount = form.get("amount", "").strip() or "0"
    if not (amount.isascii() and amount.isdigit() and len(amount) < 7):
        raise Invalid("A number, please.", field="amount")
    unit = UNITS.get(form.get("unit", ""), 1)
    sign = -1 if form.get("side") == "before" else 1
    clocked = _HOUR.match(form.get("at", ""))
    kind = form.get("kind", "")
    number = read_id(dict(form), "tag_id" if kind == "tag" else "about_segment") or 0
    cap = form.get("cap_days", "").strip() or "0"
    if not (cap.isascii() and cap.isdigit() and len(cap) < 7):
        raise Invalid("A number, please.", field="cap_days")
    return parse_told({
        "kind": kind, "minutes": sign * int(amount) * unit, "what": form.get("what", ""),
        "words": form.get("words", "").strip(), "field": form.get("field", ""), "yearly": bool(form.get("yearly")),
        "at_minute": int(clocked[1]) * 60 + int(clocked[2]) if clocked else 540, "number": number,
        "segment_id": read_id(dict(form), "segment_id") or 0, "hours": "working" if form.get("hours") else "any",
        "cap_days": int(cap), "until_answer": bool(form.get("until_answer")),
    })  # fmt: skip


def _form(speaker: Speaker, seen: SeenOne, typed: Mapping[str, str], language: str) -> dict[str, Any]:
    """See templates/web/automatic_rule.html."""
    rule, told = seen.rule, Told("event", minutes=-1440)
    if rule is not None:
        told = rule.told
    else:
        kinds = kind_names(speaker)
        kind = typed["kind"] if typed.get("kind") in kinds else next(iter(kinds))
        first = {"event": -1440, "silence": 5 * 1440}.get(kind, 0)
        told = Told(kind, minutes=first, yearly=kind == "date")  # type: ignore[arg-type]
    size = abs(told.minutes)
    unit = "days" if size % 1440 == 0 and size else "hours" if size % 60 == 0 and size else "minutes"
    unit = "days" if told.kind == "date" else unit
    letter = {} if rule is None else rule.letters.get(language, {})
    return {
        "told": told, "kinds": kind_names(speaker), "used": is_used(speaker, told.kind),
        "amount": size // UNITS[unit], "unit": unit,
        "side": "before" if told.minutes < 0 else "after", "planned": planned_kinds(speaker),
        "documents": document_choices(speaker), "dates": list_dates(speaker, seen.names), "names": seen.names,
        "at": f"{told.at_minute // 60:02}:{told.at_minute % 60:02}", "name": "" if rule is None else rule.name,
        "subject": letter.get("subject", ""), "source": letter.get("source", ""), "typed": defaultdict(str, typed),
        "fields": name_fields(speaker, (*ALWAYS, *FIELDS.get(told.kind, ()))),
        "languages": [] if rule is None else list(rule.letters),
    }  # fmt: skip


def _tried(speaker: Speaker, tried: Tried) -> dict[str, Any]:
    rows = [
        (make_when(speaker, one.at), one.name or "—", one.address, _about(speaker, one.facts),
         say_reason(speaker, one.reason) if one.reason else "")
        for one in tried.letters
    ]  # fmt: skip
    judged = len(tried.letters)
    return {
        "count": tried.count,
        "more": tried.more,
        "going": tried.going,
        "judged": judged,
        "rows": rows,
        "shown": tried.shown,
    }


def _row(speaker: Speaker, rule: Rule, seen: SeenAll) -> dict[str, Any]:
    counts = seen.counts.get(rule.id, {})
    following = next((one for one in seen.coming if one.rule_id == rule.id), None)
    return {
        "rule": rule, "sentence": say_rule(speaker, rule.told, seen.names),
        "bounds": say_bounds(speaker, rule.told, seen.names), "state": say_state(speaker, rule),
        "subject": show_fields(speaker, rule.letters[""]["subject"]),
        "sent": counts.get("sent", 0), "held": counts.get("held", 0),
        "waiting": counts.get("waiting", 0),
        "next": None if following is None else (make_when(speaker, following.at, long=True), following.name),
    }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Day:
    """A day of the coming ones: ``number`` of the month, ``letters`` [(hour, coming, about)]; ``shade`` is how many of
    them there are beside the fullest day, from 0 to 3."""

    key: str
    number: int
    name: str
    today: bool
    letters: list[tuple[When, Coming, str]]
    shade: int


def _days(speaker: Speaker, coming: list[Coming]) -> list[Day]:
    """Today and the days up to which one can see, each with what goes then."""
    days: dict[date, list[tuple[When, Coming, str]]] = {}
    for one in coming:
        hour = When(iso(one.at), speaker.language.format_time(one.at))
        days.setdefault(speaker.language.moment(one.at).date(), []).append((hour, one, _about(speaker, one.facts)))
    most = max([3, *map(len, days.values())])
    shown = []
    for ahead in range(DAYS_AHEAD + 1):
        at = speaker.now + ahead * clock.DAY
        day = speaker.language.moment(at).date()
        letters = days.get(day, [])
        shade = (len(letters) * 3 + most - 1) // most
        shown.append(Day(day.isoformat(), day.day, speaker.language.format_day(day), not ahead, letters, shade))
    return shown


def _line(speaker: Speaker, one: Automatic, managed: set[int]) -> dict[str, Any]:
    reason_of = speaker.say("Rule “%(rule)s”, version %(version)s.", rule=one.rule, version=one.version)
    return {
        "one": one, "fate": say_fate(speaker, one.state, one.reason), "about": _about(speaker, one.facts),
        "why": reason_of,
        "at": make_when(speaker, one.sent_at or one.send_at, long=True),
        "due": make_when(speaker, one.due_at, long=True),
        "may_release": one.state == "held" and one.rule_id in managed,
        "may_withdraw": one.state in ("waiting", "held"),
    }  # fmt: skip


def _about(speaker: Speaker, facts: Mapping[str, Any]) -> str:
    """What it was about, in the words of who wrote it down."""
    number, subject, day = facts.get("number", ""), facts.get("subject", ""), str(facts.get("date", ""))
    with suppress(ValueError):  # a birthday whose year nobody knows
        day = speaker.language.format_day(date.fromisoformat(day), year=True)
    return " · ".join(str(one) for one in (subject or number, day) if one)


def _to(where: str) -> Response[str]:
    return Response("", status_code=303, headers={"Location": where}, media_type="text/html")


ROUTES = [page, show_new, show_one, add, act, act_on_letter]

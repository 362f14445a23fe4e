"""The letter of the morning: what somebody has to do today, for those who chose an hour for it.

* ``find_hour`` and ``set_hour`` are for whoever chooses;
* ``write_mornings(tx, keys, …)`` writes to those whose hour has come.

Nothing is said when nothing is planned. Whom the house could not tell in time, being off, hears the next morning.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import bindparam, delete, select

from core import clock
from core.database import ReadTx, WriteTx
from core.errors import Invalid, NotFound
from core.language import Language
from core.secrets import Keys
from crm.execution.promises import Promise, list_promises
from crm.parties import names_of
from crm.planner import Planned, list_agenda, list_late
from crm.planner.times import instant_of, local_of
from crm.staff.readable import Viewer, get_viewer
from crm.staff.tables import user
from mailhub.mailboxes.directory import read_directory
from mailhub.mailboxes.notice_tables import morning_letter
from mailhub.outbound.house_letters import post_house_letter

HOURS = range(5, 12)
MOST_AT_ONCE = 20
MOST_LINES = 30
TOO_LATE = 4 * clock.HOUR
_HOUR = select(morning_letter.c.hour).where(morning_letter.c.user_id == bindparam("me"))
_DUE = (
    select(morning_letter)
    .where(morning_letter.c.next_at <= bindparam("now"))
    .order_by(morning_letter.c.next_at, morning_letter.c.user_id)
    .limit(MOST_AT_ONCE)
)


@dataclass(frozen=True, slots=True)
class Morning:
    """What a letter tells: of today, past without a result, promised until tonight; ``clients`` are their names."""

    today: Sequence[Planned]
    late: Sequence[Planned]
    promised: Sequence[Promise]
    clients: dict[int, str]


def find_hour(tx: ReadTx, viewer: Viewer) -> int | None:
    """The hour at which the viewer wants the letter; None for none."""
    found = tx.value(_HOUR, {"me": viewer.user_id})
    return None if found is None else int(found)


def set_hour(tx: WriteTx, viewer: Viewer, hour: int | None, zone: ZoneInfo) -> None:
    """Let the viewer have the letter at an hour of ``zone``, for the first time when that comes next, or not at all.
    Raises Invalid."""
    if hour is not None and hour not in HOURS:
        raise Invalid("The letter of the morning comes at an hour from 5 to 11.", field="hour")
    tx.lock(user, viewer.user_id)
    tx.execute(delete(morning_letter).where(morning_letter.c.user_id == viewer.user_id))
    if hour is not None:
        tx.insert(morning_letter, user_id=viewer.user_id, hour=hour, next_at=next_morning(clock.now(), hour, zone))


def next_morning(now: int, hour: int, zone: ZoneInfo) -> int:
    """When it is that hour the next time."""
    local = local_of(now, zone)
    at = instant_of(datetime.combine(local.date(), time(hour)), zone)
    return at if at > now else instant_of(datetime.combine(local.date() + timedelta(days=1), time(hour)), zone)


def write_mornings(tx: WriteTx, keys: Keys, speak: Callable[[str], Language], base_url: str) -> int:
    """A letter to each person whose hour has come and who has something to do. ``speak`` is the language of a code (''
    for the company's), ``base_url`` what links begin with. Returns for how many the hour had come."""
    now = clock.now()
    due = tx.rows(_DUE, {"now": now})
    if not due:
        return 0
    directory, zone = read_directory(tx), speak("").zone
    for told in due:
        tx.lock(user, told.user_id)
        here = morning_letter.c.user_id == told.user_id
        row = tx.row(select(morning_letter).where(here))
        if row is None or row.next_at > now:
            continue  # another process was quicker, or they changed their mind
        tx.execute(morning_letter.update().where(here).values(next_at=next_morning(now, row.hour, zone)))
        try:
            reader = get_viewer(tx, row.user_id)
        except NotFound:  # disabled meanwhile
            tx.execute(delete(morning_letter).where(here))
            continue
        morning = read_morning(tx, reader, now, zone)
        if now - row.next_at > TOO_LATE or morning is None or directory.find(reader.email) is not None:
            continue
        subject, text = make_morning(speak(reader.language), now, morning, base_url)
        post_house_letter(tx, keys, reader.email, subject, text, name=reader.name)
    return len(due)


def read_morning(tx: ReadTx, reader: Viewer, now: int, zone: ZoneInfo) -> Morning | None:
    """What somebody has to do on the day of a moment; None for nothing."""
    day = local_of(now, zone).date()
    first, last = (instant_of(datetime.combine(one, time()), zone) for one in (day, day + timedelta(days=1)))
    me = [reader.user_id]
    today, late, promised = list[Planned](), list[Planned](), list[Promise]()
    if reader.uses("calendar"):
        today = [one for one in list_agenda(tx, reader, me, first, last) if one.state == "open"]
        late = list_late(tx, reader, me, first, MOST_LINES)
    if reader.uses("promises"):
        promised = [one for one in list_promises(tx, reader, executor_ids=me, limit=MOST_LINES) if one.due_at < last]
    if not today and not late and not promised:
        return None
    clients = {one.counterparty_id for one in (*today, *late) if one.counterparty_id is not None}
    clients |= {one.counterparty_id for one in promised}
    return Morning(today[:MOST_LINES], late, promised, names_of(tx, clients))


def make_morning(language: Language, now: int, morning: Morning, base_url: str) -> tuple[str, str]:
    """Subject and text: what is when and with whom, each with where it leads."""
    base, say = base_url.rstrip("/"), language.gettext
    parts: list[tuple[str, Sequence[Planned | Promise]]] = [
        (say("Today"), morning.today),
        (say("Past and without a result"), morning.late),
        (say("Promised until tonight"), morning.promised),
    ]
    lines = []
    for heading, items in parts:
        if items:
            lines += [heading, ""]
            lines += [_say(language, now, one, morning.clients, base) for one in items]
    foot = say("How you hear of things is chosen here: %(url)s", url=f"{base}/notices")
    subject = say("Your day: %(day)s", day=language.format_day(language.moment(now).date()))
    return subject, "\n".join([*lines, foot, ""])


def _say(language: Language, now: int, one: Planned | Promise, clients: dict[int, str], base: str) -> str:
    what, path = (one.subject, "calendar") if isinstance(one, Planned) else (one.text, "promises")
    client = clients.get(one.counterparty_id or 0)
    told = f"{language.format_list_time(now, one.due_at)}  {what}" + (f" ({client})" if client else "")
    return f"{told}\n{base}/{path}/{one.id}\n"

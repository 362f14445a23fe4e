"""The loops of the role ``clock``: what is planned, what is due, and what follows the changes of others."""

from __future__ import annotations

from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from core import changes, jobs
from crm.attributes import INDEX_JOB
from crm.attributes.laying import Laying
from crm.execution.promises import TOPIC as PROMISED
from crm.planner import TOPIC as PLANNED
from crm.segments import TOPIC as SEGMENTS
from mailhub.automatic.automating import Automating
from mailhub.automatic.rules import TOPIC as AUTOMATIC
from mailhub.campaigns.conducting import Conducting
from mailhub.campaigns.mailings import TOPIC as MAILINGS
from mailhub.campaigns.preparing import JOBS as MAILING_JOBS
from mailhub.campaigns.preparing import Preparing
from mailhub.keeping.loop import Keeping
from mailhub.keeping.requests import TOPIC as KEEPING_TOPIC
from mailhub.mailboxes.snoozing import TOPIC as SNOOZED
from mailhub.mailboxes.terms import DEADLINES_MOVED
from mailhub.outbound.relay import stays_inside
from mailhub.routing.grouping import Grouping
from mailhub.routing.reminding import Reminding
from mailhub.routing.waking import Waking
from mailhub.routing.watching import Watching

if TYPE_CHECKING:
    from mailhub.runtime.house import House


def start_clock(house: House) -> None:
    """Start every loop of this role in the open house."""
    loops, database = house.loops, house.database
    keeping = Keeping(database, house.files, house.keys, house.exports)
    loops.wake_by(KEEPING_TOPIC, keeping.wake)
    loops.begin("keeping", keeping.run())
    waking = Waking(database)
    loops.wake_by(SNOOZED, waking.wake)
    loops.begin("waking", waking.run())
    watching = Watching(database, house.boot)
    loops.wake_by(f"{jobs.TOPIC}.{DEADLINES_MOVED}", watching.wake)
    loops.begin("watching", watching.run())
    reminding = Reminding(database)
    for topic in (PLANNED, PROMISED):
        loops.wake_by(topic, reminding.wake)
    loops.begin("reminders", reminding.run())
    grouping = Grouping(database)
    for topic in (changes.TOPIC, SEGMENTS):
        loops.wake_by(topic, grouping.wake)
    loops.begin("segments", grouping.run())
    laying = Laying(database, house.boot)
    loops.wake_by(f"{jobs.TOPIC}.{INDEX_JOB}", laying.wake)
    loops.begin("indexes of fields", laying.run())
    _start_mailings(house)
    _start_automatic(house)


def _start_mailings(house: House) -> None:
    settings, loops = house.settings, house.loops
    preparing = Preparing(
        house.database, house.keys, house.stamp, house.boot,
        explicit=settings.mailings.consent == "explicit", inside=stays_inside(settings.send.relay),
        rspamd=settings.verdicts.rspamd,
    )  # fmt: skip
    loops.wake_by(f"{jobs.TOPIC}.{MAILING_JOBS}", preparing.wake)
    loops.begin("mailings that are prepared", preparing.run())
    conducting = Conducting(house.database)
    loops.wake_by(MAILINGS, conducting.wake)
    loops.begin("mailings under way", conducting.run())


def _start_automatic(house: House) -> None:
    automating = Automating(house.database, house.automatic, ZoneInfo(house.settings.company.timezone))
    for topic in (changes.TOPIC, PLANNED, AUTOMATIC):
        house.loops.wake_by(topic, automating.wake)
    house.loops.begin("letters that go by themselves", automating.run())

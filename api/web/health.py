"""How the house is: each part ok, to be looked at, or broken, and what to do."""

from __future__ import annotations

import asyncio
import shutil
from dataclasses import dataclass

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.response import Redirect

from api.auth import Door
from api.web.account_rows import Accounts, Row, see_accounts, shape_rows
from api.web.desk import Asked, Desk, Id
from api.web.keeping import say_gone
from api.web.lists import Step
from api.web.shapes import Speaker, make_when
from api.web.shell import Around, see_around
from core.database import ReadTx, WriteTx
from core.jobs import DeadLetter, count_waiting, list_dead_letters, revive
from crm.staff.readable import Viewer, demand_admin
from mailhub.keeping.rules import list_let_go
from mailhub.mailboxes.boxes import list_all_mailboxes
from mailhub.mailboxes.reindexing import count_unread
from mailhub.outbound.lane_troubles import LaneTrouble, list_resting
from mailhub.outbound.ways import Way
from mailhub.runtime import House

MANY_WAIT = 1000
Gone = dict[str, tuple[int, int]]
LITTLE_DISK, NO_DISK = 0.15, 0.05


@dataclass(frozen=True, slots=True)
class Check:
    """See templates/web/health.html."""

    state: str
    name: str
    text: str
    since_iso: str | None = None
    since_text: str | None = None
    step: Step | None = None
    revive_url: str | None = None


@dataclass(frozen=True, slots=True)
class Health:
    """All checks, the worst first, and one sentence about them."""

    sentence: str
    checks: list[Check]


@dataclass(frozen=True, slots=True)
class Seen:
    """What the database says of it."""

    waiting: dict[str, int]
    dead: list[DeadLetter]
    accounts: Accounts
    around: Around
    unread: int
    gone: Gone
    resting: list[tuple[str, LaneTrouble]]
    """To whom or whose letters wait, and why."""


def see_health(tx: ReadTx, viewer: Viewer) -> Seen:
    """Raises Forbidden for who is no administrator."""
    demand_admin(viewer)
    relays = {Way("relay", box.id).lane: box.address for box in list_all_mailboxes(tx)}
    return Seen(
        count_waiting(tx),
        list_dead_letters(tx, 20),
        see_accounts(tx, viewer),
        see_around(tx, viewer),
        count_unread(tx),
        list_let_go(tx),
        [(relays.get(one.lane, ""), one) for one in list_resting(tx)],
    )


@get("/health", include_in_schema=False)
async def health(door: NamedDependency[Door], request: Asked) -> Response[str]:
    """The page."""
    seen = await door.read(see_health)
    faults: dict[str, str] = await request.app.state.readiness.faults()
    disk = await asyncio.to_thread(shutil.disk_usage, door.house.settings.data.dir)
    desk = Desk(door, request)
    speaker = desk.speaker(door.viewer)
    checks = [
        _server(speaker, faults),
        *_letters(speaker, door.house, sum(seen.waiting.values())),
        *(_dead(speaker, one) for one in seen.dead),
        *(_resting(speaker, address, one) for address, one in seen.resting),
        *(_account(speaker, row) for row in shape_rows(speaker, seen.accounts) if row.words is not None),
        _quarantine(speaker, seen.around.held),
        _search(speaker, seen.unread),
        _disk(speaker, disk.free, disk.total),
        *_kept(speaker, seen.gone),
    ]
    checks.sort(key=lambda one: ("broken", "look", "ok").index(one.state))
    shown = Health(_sentence(speaker, checks), checks)
    return await desk.render_later("health.html", speaker, seen.around, "health", health=shown)


@post("/health/jobs/{job_id:int}/revive", include_in_schema=False, status_code=303)
async def run_again(door: NamedDependency[Door], job_id: Id) -> Redirect:
    """Work that failed too often, from its beginning."""
    await door.write(revive_job, job_id)
    return Redirect("/health", status_code=303)


def revive_job(tx: WriteTx, viewer: Viewer, job_id: int) -> None:
    """Raises Forbidden for who is no administrator."""
    demand_admin(viewer)
    revive(tx, job_id)


def _sentence(speaker: Speaker, checks: list[Check]) -> str:
    worst = checks[0].state
    if worst == "broken":
        return speaker.say("Something is broken and needs you now.")
    return speaker.say("Something wants a look.") if worst == "look" else speaker.say("All is well.")


def _server(speaker: Speaker, faults: dict[str, str]) -> Check:
    if faults:
        return Check("broken", speaker.say("Server"), " ".join(speaker.say(fault) for fault in faults.values()))
    return Check("ok", speaker.say("Server"), speaker.say("The database answers and its tables are current."))


def _letters(speaker: Speaker, house: House, waiting: int) -> list[Check]:
    said = speaker.language.ngettext("%(n)s piece of work waits.", "%(n)s pieces of work wait.", waiting)
    if not waiting:
        said = speaker.say("Nothing waits to be done.")
    found = [Check("look" if waiting > MANY_WAIT else "ok", speaker.say("Work under way"), said)]
    if "ingest" in house.roles and house.listener is not None:
        where = f"{house.settings.smtp.host}:{house.listener.port}"
        found.append(Check("ok", speaker.say("Incoming letters"), speaker.say("SMTP listens on %(at)s.", at=where)))
    if house.sending is not None:
        trouble = house.sending.trouble
        name = speaker.say("Outgoing letters")
        if trouble is not None:
            found.append(Check("look", name, speaker.say(trouble.sentence, **trouble.fields)))
        else:
            found.append(Check("ok", name, speaker.say("Letters leave through %(relay)s.", relay=house.sending.relay)))
    found += _names(speaker, house)
    if house.write_back is not None and (fault := house.write_back.trouble) is not None:
        said = speaker.say(fault.sentence, **fault.fields)
        found.append(Check("look", speaker.say("What accounts are told"), said))
    return found


def _names(speaker: Speaker, house: House) -> list[Check]:
    """What the DNS proves, once a letter went straight to the servers of a domain from this process."""
    name, trust = speaker.say("Certificates promised in the DNS (DANE)"), house.names.trust
    if trust == "unknown":
        return []
    if trust == "validating":
        return [Check("ok", name, speaker.say("Servers that promise one are held to it."))]
    said = speaker.say(
        "They cannot be asked for, because no name server that checks signatures is trusted here. Run one on this "
        "machine, or name one in send.validating_dns."
    )
    return [Check("look", name, said)]


def _dead(speaker: Speaker, one: DeadLetter) -> Check:
    when = make_when(speaker, one.dead_at, long=True)
    return Check(
        "broken",
        speaker.say("Work that failed: %(kind)s", kind=one.kind),
        one.error,
        when.iso if when else None,
        when.text if when else None,
        revive_url=f"/health/jobs/{one.id}/revive",
    )


def _resting(speaker: Speaker, address: str, trouble: LaneTrouble) -> Check:
    """Letters to a domain, or through the relay of the mailbox with this address, wait until it is tried again."""
    name = speaker.say("Letters to %(domain)s", domain=trouble.lane.removeprefix("domain "))
    if address:
        name = speaker.say("Letters from %(address)s", address=address)
    why = speaker.say(trouble.sentence, **trouble.fields)
    text = f"{why} {speaker.say('They wait and are tried again by themselves.')}"
    since = make_when(speaker, trouble.since, long=True)
    return Check("look", name, text, since.iso if since else None, since.text if since else None)


def _account(speaker: Speaker, row: Row) -> Check:
    assert row.words is not None, "it has an account"
    words = row.words
    name = speaker.say("Letters of %(address)s", address=row.address)
    text = f"{words.text} {words.advice}" if words.advice else words.text
    return Check(words.state, name, text, step=Step(row.url, speaker.say("Details")))


def _quarantine(speaker: Speaker, held: int) -> Check:
    if not held:
        return Check("ok", speaker.say("Quarantine"), speaker.say("No letter is held back."))
    said = speaker.language.ngettext("%(n)s letter is held back.", "%(n)s letters are held back.", held)
    return Check("look", speaker.say("Quarantine"), said, step=Step("/quarantine", speaker.say("Look at them")))


def _search(speaker: Speaker, unread: int) -> Check:
    if not unread:
        return Check("ok", speaker.say("Search"), speaker.say("Every letter is found by its words and its files."))
    said = speaker.language.ngettext(
        "%(n)s letter is still to be read for search, its files above all.",
        "%(n)s letters are still to be read for search, their files above all.",
        unread,
    )
    return Check("ok", speaker.say("Search"), said)


def _kept(speaker: Speaker, gone: Gone) -> list[Check]:
    """What time has let go of so far."""
    text = " · ".join(f"{name}: {number}" for name, number in say_gone(speaker, gone))
    step = Step("/settings/keeping", speaker.say("Details"))
    return [Check("ok", speaker.say("Let go so far"), text, step=step)] if text else []


def _disk(speaker: Speaker, free: int, total: int) -> Check:
    share = free / total if total else 1
    state = "broken" if share < NO_DISK else "look" if share < LITTLE_DISK else "ok"
    fields = {"size": speaker.language.format_size(free), "share": round(share * 100)}
    return Check(state, speaker.say("Disk"), speaker.say("%(size)s free, %(share)s %% of the data disk.", **fields))


ROUTES = [health, run_again]

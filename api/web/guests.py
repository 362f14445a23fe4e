"""The guests of something planned, as its page shows them: who is invited, what they answered, what not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import select

from api.web.place import Place
from api.web.shapes import Speaker
from core.database import ReadTx
from core.secrets import Keys
from crm.planner import Planned
from crm.staff.readable import Viewer, readable
from mailhub.inviting.guests import Guest, Guests, list_guests
from mailhub.inviting.sending import may_write_from
from mailhub.mailboxes.tables import message, thread
from mailhub.outbound.beginning import list_senders


@dataclass(frozen=True, slots=True)
class SeenGuests:
    """The guests, the mailboxes that may invite them, and in which threads the viewer may read the letters."""

    found: Guests
    boxes: Sequence[tuple[int, str]]
    threads: Mapping[int, int]


@dataclass(frozen=True, slots=True)
class GuestLine:
    """One of them. ``look`` is that of the chip."""

    name: str
    address: str
    state: str
    look: str
    times: str
    url: str | None


@dataclass(frozen=True, slots=True)
class GuestPanel:
    """See templates/web/_guests.html. ``act`` is what the button says, empty where there is nothing to be told or no
    mailbox to tell it from."""

    lines: list[GuestLine]
    boxes: list[tuple[int, str]]
    chosen: bool
    words: str
    act: str
    why_not: str


def see_guests(tx: ReadTx, viewer: Viewer, keys: Keys, one: Planned) -> SeenGuests:
    """The guests of something planned that the viewer may see."""
    found = list_guests(tx, keys, one)
    if not found.guests:
        return SeenGuests(found, [], {})
    if found.mailbox_id is None:
        boxes = [(box.id, box.name) for box in list_senders(tx, viewer)]
    else:
        boxes = [(found.mailbox_id, "")] if may_write_from(tx, viewer, found.mailbox_id) else []
    ids = {number for guest in found.guests for number in (guest.message_id, guest.answer_id or 0) if number}
    asked = select(message.c.id, message.c.thread_id).join(thread, thread.c.id == message.c.thread_id)
    rows = tx.rows(readable(asked.where(message.c.id.in_(sorted(ids))), viewer, thread)) if ids else []
    return SeenGuests(found, boxes, {row.id: row.thread_id for row in rows})


def make_guests(speaker: Speaker, one: Planned, seen: SeenGuests, *, may_change: bool) -> GuestPanel | None:
    """The panel; None where nobody from outside takes part."""
    found = seen.found
    if not found.guests:
        return None
    act = why_not = ""
    if found.due and may_change and (found.ended or one.state == "open"):
        act = _act(speaker, found) if seen.boxes else ""
        why_not = (
            "" if seen.boxes else speaker.say("Somebody who writes from the mailbox that invites has to tell them.")
        )
    return GuestPanel(
        lines=[_line(speaker, found, guest, seen.threads) for guest in found.guests],
        boxes=list(seen.boxes),
        chosen=found.mailbox_id is not None,
        words=found.words,
        act=act,
        why_not=why_not,
    )


def _act(speaker: Speaker, found: Guests) -> str:
    if found.over:
        return speaker.say("Tell them that it is off")
    if any(one.told > 0 for one in found.due):
        return speaker.say("Send the change")
    return speaker.say("Send invitations")


def _line(speaker: Speaker, found: Guests, guest: Guest, threads: Mapping[int, int]) -> GuestLine:
    state, look = _state(speaker, found, guest)
    thread_id = threads.get(guest.answer_id or guest.message_id) or threads.get(guest.message_id)
    answers = answer_words(speaker)
    times = ", ".join(f"{key.replace('T', ' ')}: {answers[said][0]}" for key, said in guest.times.items())
    url = Place("all").thread(thread_id) if thread_id is not None else None
    return GuestLine(guest.name or guest.address, guest.address if guest.name else "", state, look, times, url)


def _state(speaker: Speaker, found: Guests, guest: Guest) -> tuple[str, str]:
    """What stands beside a guest, and how it looks."""
    if guest.obstacle == "no_address":
        return speaker.say("has no address"), ""
    if guest.obstacle:
        return speaker.say("is not written to"), ""
    if guest.told < 0:
        return speaker.say("knows that it is off"), ""
    if guest.told == 0:
        return speaker.say("not invited yet"), ""
    if guest in found.due:
        if found.over or not guest.wanted:
            return speaker.say("does not know that it is off"), "late"
        return speaker.say("does not know of the change"), "late"
    return answer_words(speaker).get(guest.answer, (speaker.say("has not answered yet"), ""))


def answer_words(speaker: Speaker) -> dict[str, tuple[str, str]]:
    """What each answer is called, and how it looks."""
    return {
        "accepted": (speaker.say("comes"), "done"),
        "tentative": (speaker.say("may come"), ""),
        "declined": (speaker.say("does not come"), "late"),
        "counter": (speaker.say("proposes another time"), ""),
    }

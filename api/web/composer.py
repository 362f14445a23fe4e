"""The form of an answer: from what a verb suggests to what ``templates/web/_composer.html`` shows, and what it sent."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from zoneinfo import ZoneInfo

from markupsafe import Markup

from api.auth import Door
from api.web.departures import Departure, list_departures
from api.web.desk import Asked
from api.web.place import Place
from api.web.shapes import Speaker
from core.database import ReadTx, WriteTx
from core.errors import Invalid, TooMuch
from core.language import Language
from crm.staff.readable import Viewer
from mailhub.letters.html.outgoing import NO_HTML, clean_outgoing, has_formats
from mailhub.letters.html.spoken import spoken
from mailhub.letters.linkify import text_to_html
from mailhub.mailboxes.boxes import list_addresses_of
from mailhub.mailboxes.junk import change_state
from mailhub.mailboxes.lists import ThreadRow
from mailhub.mailboxes.reading import Message, OpenThread
from mailhub.mailboxes.threads import ANSWERABLE
from mailhub.outbound.compose import forward_subject
from mailhub.outbound.drafts import LONGEST_HTML, Draft, get_draft, list_drafts
from mailhub.outbound.planning import write_down
from mailhub.outbound.posting import Post, draft_post, draw_post, post, read_files
from mailhub.outbound.quoting import add_quote, quote
from mailhub.outbound.recipients import format_recipients, parse_recipients
from mailhub.outbound.signatures import find_signature
from mailhub.outbound.writing import Answer, Suggestion, suggest_answer

LONGEST_TEXT = 200_000
LONGEST_LINE = 20_000
MOST_OTHERS = 20


@dataclass(frozen=True, slots=True)
class Quoted:
    """The letter that an answer would quote."""

    id: int
    text: Markup


@dataclass(frozen=True, slots=True)
class Identity:
    """An address that a letter may leave under, of which mailbox, and what letters end with there."""

    address: str
    label: str
    current: bool
    mailbox_id: int = 0
    signature: str = ""


@dataclass(frozen=True, slots=True)
class Begun:
    """A draft as the form takes it up: ``files`` as JSON of ``/api/v1/drafts``."""

    id: int
    version: int
    html: str
    files: str


@dataclass(frozen=True, slots=True)
class OthersDraft:
    """What a colleague is writing in this thread."""

    id: int
    sentence: str


@dataclass(frozen=True, slots=True)
class Composer:
    """See templates/web/_composer.html. ``others`` are those who got the letter beside us, ``handing_on`` is the letter
    that a forward would carry."""

    url: str
    thread_id: int
    mailbox_id: int
    kind: str
    whom: str
    identities: list[Identity]
    to: str
    cc: str
    bcc: str
    subject: str
    others: str
    seen: int
    quoted: Quoted | None
    signature: str
    begun: Begun | None
    drafts: list[OthersDraft]
    handing_on: int
    forward_subject: str
    moments: list[Departure]


@dataclass(frozen=True, slots=True)
class Writing:
    """What a thread says for the form of its answer."""

    suggested: Suggestion
    drafts: list[Draft]
    addresses: list[str]
    signature: str


@dataclass(frozen=True, slots=True)
class Typed:
    """What the form sent."""

    to: str
    cc: str
    bcc: str
    sender: str
    subject: str | None
    text: str
    html: str
    seen: int | None
    quoted: int | None
    draft: int | None
    version: int | None
    force: bool
    close: bool
    later: str
    unless_reply: bool


def see_writing(tx: ReadTx, viewer: Viewer, row: ThreadRow) -> Writing:
    """For somebody who may answer in the thread."""
    return Writing(
        suggest_answer(tx, viewer, row.id),
        list(list_drafts(tx, viewer, thread_id=row.id).items),
        [row.mailbox_address, *sorted(_aliases(tx, row.mailbox_id, row.mailbox_address))],
        find_signature(tx, row.mailbox_id, viewer.user_id),
    )


def make_composer(speaker: Speaker, place: Place, opened: OpenThread, writing: Writing) -> Composer:
    """The form for a thread whose reader may answer it, with what they have begun there."""
    row, suggested = opened.row, writing.suggested
    newest = next((one for one in reversed(opened.messages) if one.direction == "in" and one.kind in ANSWERABLE), None)
    whom = ", ".join(one.name or one.address for one in suggested.to) or row.who or row.who_address
    begun = [one for one in writing.drafts if one.send_at is None]
    own = next((one for one in begun if one.author_id == speaker.viewer.user_id), None)
    last = opened.messages[-1] if opened.messages else None
    return Composer(
        url=place.act(row.id, "reply"),
        thread_id=row.id,
        mailbox_id=row.mailbox_id,
        kind=own.kind if own else "reply",
        whom=whom,
        identities=make_identities(speaker, writing.addresses, own.sender if own else ""),
        to=own.to if own else format_recipients(suggested.to),
        cc=own.cc if own else "",
        bcc=own.bcc if own else "",
        subject=own.subject if own else "",
        others=_others(newest, row.mailbox_address, {one.address.lower() for one in suggested.to}),
        seen=last.id if last else suggested.seen_message_id,
        quoted=_quoted(speaker.language, newest) if newest is not None else None,
        signature=writing.signature,
        begun=make_begun(own) if own else None,
        drafts=[_by_another(speaker, one) for one in begun if one.author_id != speaker.viewer.user_id],
        moments=list_departures(speaker),
        handing_on=last.id if last else 0,
        forward_subject=forward_subject(row.subject),
    )


def make_identities(speaker: Speaker, addresses: Sequence[str], current: str) -> list[Identity]:
    """Under which names the reader may write."""
    return [
        Identity(one, f"{speaker.viewer.name} · {one}", one == (current or addresses[0]))
        for one in addresses
        if not one.startswith("@")
    ]


def make_begun(draft: Draft) -> Begun:
    """A draft for the form."""
    files = [
        {"id": one.id, "filename": one.name, "size": one.size, "content_id": one.content_id} for one in draft.files
    ]
    return Begun(draft.id, draft.version, draft.html, json.dumps(files))


def _by_another(speaker: Speaker, draft: Draft) -> OthersDraft:
    when = speaker.language.format_time(draft.changed_at)
    return OthersDraft(draft.id, speaker.say("Draft by %(name)s, saved at %(when)s", name=draft.changed_by, when=when))


def _aliases(tx: ReadTx, mailbox_id: int, own: str) -> set[str]:
    return {one for one in list_addresses_of(tx, mailbox_id) if one != own and not one.startswith("@")}


async def read_typed(request: Asked) -> Typed:
    """The fields of the form. Raises Invalid, TooMuch for a text that no letter holds."""
    form = await request.form()
    fields = {name: value for name, value in form.items() if isinstance(value, str)}
    text, html = fields.get("text", "").replace("\r\n", "\n"), fields.get("html", "")
    lines = ("to", "cc", "bcc", "sender", "subject")
    long = any(len(fields.get(name, "")) > LONGEST_LINE for name in lines)
    if long or len(text) > LONGEST_TEXT or len(html) > LONGEST_HTML:
        raise TooMuch("This letter is too long. Send the rest as a file.")
    return Typed(
        to=fields.get("to", ""),
        cc=fields.get("cc", ""),
        bcc=fields.get("bcc", ""),
        sender=fields.get("sender", ""),
        subject=fields.get("subject"),
        text=text,
        html=html,
        seen=_number(fields, "seen"),
        quoted=_number(fields, "quoted"),
        draft=_number(fields, "draft"),
        version=_number(fields, "version"),
        force=bool(fields.get("force")),
        close=bool(fields.get("close")),
        later=fields.get("later_at", "") if fields.get("later") == "at" else fields.get("later", ""),
        unless_reply=bool(fields.get("unless_reply")),
    )


async def make_post(
    door: Door, typed: Typed, quoted: str, *, thread_id: int | None = None, mailbox_id: int | None = None, wait: int = 0
) -> Post:
    """What the form wants sent, with the files of its draft; ``quoted`` is the text of the letter below it. Raises
    NotFound, Invalid for an address that is none."""
    draft = await door.read(get_draft, typed.draft) if typed.draft is not None else None
    files = draft.files if draft else ()
    html = clean_outgoing(typed.html, {one.content_id for one in files}) if typed.html else NO_HTML
    text = spoken(html) if html else typed.text
    text, html = add_quote(text, html if has_formats(html) else NO_HTML, quoted)
    answer = Answer(
        text=text,
        html=html,
        to=parse_recipients(typed.to, "to"),
        cc=parse_recipients(typed.cc, "cc"),
        bcc=parse_recipients(typed.bcc, "bcc"),
        subject=typed.subject or None,
        sender=typed.sender,
        files=await asyncio.to_thread(read_files, door.house.database, door.house.files, html, files),
        seen_message_id=typed.seen,
        force=typed.force,
        wait=wait,
        forwards=draft is not None and draft.kind == "forward",
    )
    return Post(answer, thread_id, mailbox_id, typed.draft, typed.version)


async def send_draft(door: Door, one: Draft, wait: int) -> int:
    """Send a draft as it is, whatever has come meanwhile. Returns the message. Raises what ``post`` raises."""
    zone = ZoneInfo(door.house.settings.company.timezone)
    wanted = await door.read(draft_post, zone, one)
    files = await asyncio.to_thread(read_files, door.house.database, door.house.files, one.html, one.files)
    return await send_post(door, replace(wanted, answer=replace(wanted.answer, files=files, wait=wait)))


async def send_post(door: Door, wanted: Post, *, close: bool = False) -> int:
    """Make its bytes outside of every transaction, then plan it, and ``close`` its thread in the same transaction.
    Returns the message. Raises what ``post`` raises."""
    stamp = door.house.stamp
    fields = await door.read(draw_post, stamp, wanted)
    written = await asyncio.to_thread(write_down, fields, door.house.files)

    def plan(tx: WriteTx, viewer: Viewer) -> int:
        message_id = post(tx, viewer, stamp, wanted, written)
        if close and wanted.thread_id is not None:
            change_state(tx, viewer, wanted.thread_id, "closed")
        return message_id

    return await door.write(plan)


def _number(fields: dict[str, str], name: str) -> int | None:
    text = fields.get(name, "")
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 20 and int(text) < 2**63):
        raise Invalid("The field %(name)s must be a number.", name=name, field=name)
    return int(text)


def _others(newest: Message | None, own: str, taken: set[str]) -> str:
    if newest is None:
        return ""
    people = [*newest.parsed["to"], *newest.parsed["cc"]]
    own_domain = own.rpartition("@")[2]
    found = dict.fromkeys(one["address"].lower() for one in people if one["address"])
    others = [one for one in found if one not in taken and not one.endswith(f"@{own_domain}")]
    return ", ".join(others[:MOST_OTHERS])


def _quoted(language: Language, message: Message) -> Quoted:
    return Quoted(message.id, Markup(text_to_html(quote(language.zone, message))))  # noqa: S704 - escaped there

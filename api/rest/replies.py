"""``/threads/{id}/reply``: answering, and what a mailbox answers by itself."""

from __future__ import annotations

import asyncio
import binascii
from base64 import b64decode
from dataclasses import replace
from typing import Annotated, Any, cast

import msgspec
from litestar import Response, get, post, put
from litestar.di import NamedDependency
from litestar.params import JSONBody

from api.auth import Door
from api.problems import Pages, describe, language_of
from api.rest.deliveries import DeliveryView, show_delivery
from api.rest.mailboxes import get_seen_mailbox
from api.rest.messages import MessageView, show_message
from api.rest.once import Key, once
from api.rest.shapes import PROBLEM, Body, Id, Number, StrictRequest
from core.database import ReadTx, WriteTx
from core.errors import Conflict, Invalid
from crm.staff.readable import Viewer
from mailhub.letters.addresses import parse_addr_spec
from mailhub.letters.html.outgoing import NO_HTML, clean_outgoing
from mailhub.letters.html.spoken import spoken
from mailhub.letters.values import Address
from mailhub.mailboxes.reading import Message, get_message
from mailhub.outbound.acknowledging import get_acknowledgements, rule_acknowledgements
from mailhub.outbound.ledger import list_of_messages
from mailhub.outbound.parts import File
from mailhub.outbound.planning import write_down
from mailhub.outbound.posting import Post, draw_post
from mailhub.outbound.posting import post as post_letter
from mailhub.outbound.writing import Answer, suggest_answer

LARGEST_BODY = 40 << 20
MOST_FILES = 50


class Person(Body):
    """Whom a letter goes to."""

    address: Annotated[str, msgspec.Meta(min_length=3, max_length=320)]
    name: Annotated[str, msgspec.Meta(max_length=200)] = ""


class NewFile(Body):
    """A file to go with the letter; ``content`` in base64. With ``content_id`` it is the picture that the HTML shows as
    ``<img src="cid:…">``."""

    filename: Annotated[str, msgspec.Meta(min_length=1, max_length=255)]
    content: str
    content_type: str = "application/octet-stream"
    content_id: Annotated[str, msgspec.Meta(pattern="^[A-Za-z0-9._@-]{0,200}$")] = ""


class NewText(Body):
    """What a letter says: ``text``, or ``html`` of which the text beside it is made; what mail programs do not show
    alike is taken out of that. ``sender`` is one of the mailbox's own addresses, by itself its first."""

    text: Annotated[str, msgspec.Meta(max_length=1_000_000)] = ""
    html: Annotated[str, msgspec.Meta(max_length=1_000_000)] = ""
    to: Annotated[list[Person], msgspec.Meta(max_length=100)] = msgspec.field(default_factory=list)
    cc: Annotated[list[Person], msgspec.Meta(max_length=100)] = msgspec.field(default_factory=list)
    bcc: Annotated[list[Person], msgspec.Meta(max_length=100)] = msgspec.field(default_factory=list)
    subject: Annotated[str, msgspec.Meta(max_length=2000)] | None = None
    sender: Annotated[str, msgspec.Meta(max_length=320)] = ""
    attachments: Annotated[list[NewFile], msgspec.Meta(max_length=MOST_FILES)] = msgspec.field(default_factory=list)


class NewLetter(NewText, kw_only=True):
    """A letter that begins a conversation."""

    mailbox_id: Number


class NewReply(NewText):
    """An answer. Without ``to`` it goes to whoever wrote last, without ``subject`` under that of the letter answered.
    ``seen_message_id`` is the newest letter you know of; it may be left out with ``force``."""

    seen_message_id: Number | None = None
    force: bool = False


class Planned(msgspec.Struct):
    """The answer as it stands in its thread, and its delivery to each recipient."""

    message: MessageView
    deliveries: list[DeliveryView]


class Acknowledgements(Body):
    """The text for a new conversation, by the language of its letter; the first one serves for other languages."""

    texts: dict[str, str]


def read_answer(new: NewReply) -> Answer:
    """What the verb takes. Raises Invalid for an address that is none, files that are not base64."""
    if new.seen_message_id is None and not new.force:
        raise Invalid("Say which letter you have seen last, or force the answer.", field="seen_message_id")
    return replace(read_text(new), seen_message_id=new.seen_message_id, force=new.force)


def read_text(new: NewText) -> Answer:
    """The letter itself. Raises Invalid for an address that is none, files that are not base64."""
    files = tuple(_file(one) for one in new.attachments)
    html = clean_outgoing(new.html, {one.content_id for one in files if one.content_id}) if new.html else NO_HTML
    return Answer(
        text=spoken(html) if html else new.text,
        html=html,
        to=_people(new.to, "to"),
        cc=_people(new.cc, "cc"),
        bcc=_people(new.bcc, "bcc"),
        subject=new.subject,
        sender=new.sender,
        files=files,
    )


def with_recipients(tx: ReadTx, viewer: Viewer, thread_id: int, answer: Answer) -> Answer:
    """The answer, to whoever wrote last when it names nobody. Raises NotFound."""
    return answer if answer.to else replace(answer, to=suggest_answer(tx, viewer, thread_id).to)


def show_planned(tx: ReadTx, viewer: Viewer, message_id: int) -> Planned:
    """A letter of ours and its deliveries in the shape of the interface."""
    rows = list_of_messages(tx, [message_id])[message_id]
    return Planned(show_message(get_message(tx, viewer, message_id), rows), [show_delivery(row) for row in rows])


async def plan(door: Door, request: StrictRequest, key: str | None, wanted: Post) -> Response[Planned | dict[str, Any]]:
    """Make the letter's bytes, then plan it; 409 with the new letters when its thread has moved."""
    stamp, house = door.house.stamp, door.house
    if wanted.thread_id is not None:
        answer = await door.read(with_recipients, wanted.thread_id, wanted.answer)
        wanted = replace(wanted, answer=answer)
    fields = await door.read(draw_post, stamp, wanted)
    written = await asyncio.to_thread(write_down, fields, house.files)
    try:
        planned = await once(
            door,
            request,
            key,
            Planned,
            lambda tx, viewer: show_planned(tx, viewer, post_letter(tx, viewer, stamp, wanted, written)),
        )
    except Conflict as moved:
        return await answer_moved(door, request, moved)
    return Response(planned, status_code=201)


async def answer_moved(door: Door, request: StrictRequest, moved: Conflict) -> Response[Planned | dict[str, Any]]:
    """The refusal with the letters that came meanwhile. Raises the conflict itself when it is another one."""
    if "message_ids" not in moved.fields:
        raise moved
    newer = cast("list[int]", moved.fields["message_ids"])
    found = await door.read(read_newer, newer)
    pages: Pages = request.app.state.pages
    problem = describe(moved, language_of(request, pages), "").document()
    shown: dict[str, Any] = {**problem, "messages": [show_message(one) for one in found]}
    return Response(shown, status_code=409, media_type=PROBLEM)


def read_newer(tx: ReadTx, viewer: Viewer, message_ids: list[int]) -> list[Message]:
    """The letters that came meanwhile."""
    return [get_message(tx, viewer, one) for one in message_ids]


def read_acknowledgements(tx: ReadTx, viewer: Viewer, mailbox_id: int) -> dict[str, str]:
    """What a mailbox acknowledges with. Raises NotFound."""
    return get_acknowledgements(tx, get_seen_mailbox(tx, viewer, mailbox_id).id)


def change_acknowledgements(tx: WriteTx, viewer: Viewer, mailbox_id: int, texts: dict[str, str]) -> dict[str, str]:
    """Set the texts. Raises NotFound, Forbidden, Invalid."""
    box = get_seen_mailbox(tx, viewer, mailbox_id)
    rule_acknowledgements(tx, viewer, box.id, texts)
    return get_acknowledgements(tx, box.id)


def _people(people: list[Person], field: str) -> tuple[Address, ...]:
    for one in people:
        if parse_addr_spec(one.address) is None:
            raise Invalid("“%(address)s” is not an e-mail address.", address=one.address, field=field)
    return tuple(Address(one.name, one.address) for one in people)


def _file(new: NewFile) -> File:
    try:
        return File(new.filename, new.content_type, b64decode(new.content, validate=True), new.content_id)
    except (binascii.Error, ValueError) as problem:
        raise Invalid("The file %(name)s is not base64.", name=new.filename, field="attachments") from problem


@post("/threads/{thread_id:int}/reply", tags=["threads"], request_max_body_size=LARGEST_BODY)
async def reply(
    door: NamedDependency[Door],
    request: StrictRequest,
    thread_id: Id,
    data: JSONBody[NewReply],
    idempotency_key: Key = None,
) -> Response[Planned | dict[str, Any]]:
    """Answer in a thread. 409 with the new `messages` when it has moved past `seen_message_id`, unless `force`."""
    return await plan(door, request, idempotency_key, Post(read_answer(data), thread_id))


@post("/messages", tags=["messages"], request_max_body_size=LARGEST_BODY)
async def write(
    door: NamedDependency[Door], request: StrictRequest, data: JSONBody[NewLetter], idempotency_key: Key = None
) -> Response[Planned | dict[str, Any]]:
    """Begin a conversation: a new letter from a mailbox that you may answer in."""
    return await plan(door, request, idempotency_key, Post(read_text(data), mailbox_id=data.mailbox_id))


@get("/mailboxes/{mailbox_id:int}/acknowledgements", tags=["mailboxes"])
async def get_texts(door: NamedDependency[Door], mailbox_id: Id) -> Acknowledgements:
    """What the writer of a new conversation gets at once, by language; nothing where there are no texts."""
    return Acknowledgements(texts=await door.read(read_acknowledgements, mailbox_id))


@put("/mailboxes/{mailbox_id:int}/acknowledgements", tags=["mailboxes"])
async def set_texts(door: NamedDependency[Door], mailbox_id: Id, data: JSONBody[Acknowledgements]) -> Acknowledgements:
    """Say it (whoever manages the mailbox). No text at all switches it off."""
    return Acknowledgements(texts=await door.write(change_acknowledgements, mailbox_id, data.texts))


ROUTES = [reply, write, get_texts, set_texts]

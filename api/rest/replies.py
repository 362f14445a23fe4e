"""``/threads/{id}/reply``: answering, and what a mailbox answers by itself."""

from __future__ import annotations

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
from mailhub.letters.values import Address
from mailhub.mailboxes.reading import Message, get_message, get_thread
from mailhub.outbound.acknowledging import get_acknowledgements, rule_acknowledgements
from mailhub.outbound.parts import File
from mailhub.outbound.identity import Stamp
from mailhub.outbound.ledger import list_of_messages
from mailhub.outbound.writing import Answer, answer_thread, suggest_answer

LARGEST_BODY = 40 << 20
MOST_FILES = 50


class Person(Body):
    """Whom a letter goes to."""

    address: Annotated[str, msgspec.Meta(min_length=3, max_length=320)]
    name: Annotated[str, msgspec.Meta(max_length=200)] = ""


class NewFile(Body):
    """A file to go with the letter; ``content`` in base64."""

    filename: Annotated[str, msgspec.Meta(min_length=1, max_length=255)]
    content: str
    content_type: str = "application/octet-stream"


class NewReply(Body):
    """An answer. Without ``to`` it goes to whoever wrote last. ``seen_message_id`` is the newest letter you know of;
    it may be left out with ``force``."""

    text: Annotated[str, msgspec.Meta(min_length=1, max_length=1_000_000)]
    to: Annotated[list[Person], msgspec.Meta(max_length=100)] = msgspec.field(default_factory=list)
    cc: Annotated[list[Person], msgspec.Meta(max_length=100)] = msgspec.field(default_factory=list)
    attachments: Annotated[list[NewFile], msgspec.Meta(max_length=MOST_FILES)] = msgspec.field(default_factory=list)
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
    return Answer(
        text=new.text,
        to=_people(new.to, "to"),
        cc=_people(new.cc, "cc"),
        files=tuple(_file(one) for one in new.attachments),
        seen_message_id=new.seen_message_id,
        force=new.force,
    )


def plan_reply(tx: WriteTx, viewer: Viewer, stamp: Stamp, thread_id: int, answer: Answer) -> Planned:
    """Plan the answer. Raises what ``answer_thread`` raises."""
    if not answer.to:
        suggested = suggest_answer(tx, viewer, thread_id)
        answer = replace(answer, to=suggested.to)
    message_id = answer_thread(tx, stamp, viewer, thread_id, answer)
    rows = list_of_messages(tx, [message_id])[message_id]
    return Planned(show_message(get_message(tx, viewer, message_id), rows), [show_delivery(row) for row in rows])


def read_newer(tx: ReadTx, viewer: Viewer, thread_id: int, newer: set[int]) -> list[Message]:
    """The letters that came meanwhile."""
    return [one for one in get_thread(tx, viewer, thread_id).messages if one.id in newer]


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
        return File(new.filename, new.content_type, b64decode(new.content, validate=True))
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
    answer, stamp = read_answer(data), door.house.stamp
    try:
        planned = await once(
            door, request, idempotency_key, Planned, lambda tx, viewer: plan_reply(tx, viewer, stamp, thread_id, answer)
        )
    except Conflict as moved:
        if "message_ids" not in moved.fields:
            raise
        newer = set(cast("list[int]", moved.fields["message_ids"]))
        found = await door.read(read_newer, thread_id, newer)
        pages: Pages = request.app.state.pages
        problem = describe(moved, language_of(request, pages), "").document()
        shown: dict[str, Any] = {**problem, "messages": [show_message(one) for one in found]}
        return Response(shown, status_code=409, media_type=PROBLEM)
    return Response(planned, status_code=201)


@get("/mailboxes/{mailbox_id:int}/acknowledgements", tags=["mailboxes"])
async def get_texts(door: NamedDependency[Door], mailbox_id: Id) -> Acknowledgements:
    """What the writer of a new conversation gets at once, by language; nothing where there are no texts."""
    return Acknowledgements(texts=await door.read(read_acknowledgements, mailbox_id))


@put("/mailboxes/{mailbox_id:int}/acknowledgements", tags=["mailboxes"])
async def set_texts(door: NamedDependency[Door], mailbox_id: Id, data: JSONBody[Acknowledgements]) -> Acknowledgements:
    """Say it (administrators). No text at all switches it off."""
    return Acknowledgements(texts=await door.write(change_acknowledgements, mailbox_id, data.texts))


ROUTES = [reply, get_texts, set_texts]

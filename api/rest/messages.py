"""``/messages``: letters in their threads, as understood and as they came."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from litestar import Response, get
from litestar.di import NamedDependency

from api.auth import Door
from api.rest.deliveries import DeliveryView, find_worst, show_delivery
from api.rest.shapes import After, Id, Items, Limit, Whichever, moment, page_of
from core.database import ReadTx
from crm.staff.readable import Viewer
from mailhub.mailboxes.reading import Message, get_message, list_messages
from mailhub.outbound.ledger import Delivery, list_of_messages

_SOURCE_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Content-Type": "message/rfc822",
}


class AddressView(msgspec.Struct):
    """A name and an address as they stand in a letter."""

    name: str
    address: str


class AttachmentView(msgspec.Struct):
    """A file of a letter; its bytes are at ``/messages/{id}/attachments/{n}``, unless they are ``gone``: let go by how
    long the mailbox keeps files."""

    n: int
    filename: str | None
    content_type: str
    size: int
    sha256: str
    inline: bool
    content_id: str | None
    gone: bool


class AuthenticationView(msgspec.Struct):
    """Who really wrote a letter, in words of RFC 8601; ``unknown`` where nobody could say in time."""

    spf: str
    dkim: str
    dmarc: str
    arc: str


class MessageView(msgspec.Struct):
    """A letter. ``delivery`` is null for what came in; of several it is the one that needs somebody most."""

    id: int
    letter_id: int
    thread_id: int
    mailbox_id: int
    direction: str
    kind: str
    message_id: str
    subject: str
    from_: list[AddressView] = msgspec.field(name="from")
    to: list[AddressView]
    cc: list[AddressView]
    date: str | None
    received_at: str | None
    text: str | None
    reply_text: str | None
    has_html: bool
    attachments: list[AttachmentView]
    defects: list[str]
    spam: bool
    language: str | None
    excerpt: str
    authentication: AuthenticationView | None
    delivery: DeliveryView | None = None
    deliveries: list[DeliveryView] = msgspec.field(default_factory=list)


def show_message(message: Message, rows: Sequence[Delivery] = ()) -> MessageView:
    """A letter in the shape of the interface; ``rows`` are its deliveries."""
    parsed, worst = message.parsed, find_worst(rows)
    return MessageView(
        id=message.id,
        letter_id=message.letter_id,
        thread_id=message.thread_id,
        mailbox_id=message.mailbox_id,
        direction=message.direction,
        kind=message.kind,
        message_id=message.message_id,
        subject=message.subject,
        from_=_people(parsed["from"]),
        to=_people(parsed["to"]),
        cc=_people(parsed["cc"]),
        date=moment(message.sent_at),
        received_at=moment(message.received_at),
        text=parsed["text"],
        reply_text=parsed["reply_text"],
        has_html=parsed["has_html"],
        attachments=[_attachment(n, part) for n, part in enumerate(parsed["attachments"])],
        defects=parsed["defects"],
        spam=message.spam,
        language=message.language,
        excerpt=message.excerpt,
        authentication=_authentication(message),
        delivery=None if worst is None else show_delivery(worst),
        deliveries=[show_delivery(row) for row in rows],
    )


def _authentication(message: Message) -> AuthenticationView | None:
    found = message.verdicts
    return None if found is None else AuthenticationView(found.spf, found.dkim, found.dmarc, found.arc)


def _people(people: list[dict[str, str]]) -> list[AddressView]:
    return [AddressView(person["name"], person["address"]) for person in people]


def _attachment(n: int, part: dict[str, Any]) -> AttachmentView:
    return AttachmentView(
        n=n,
        filename=part["filename"],
        content_type=part["content_type"],
        size=part["size"],
        sha256=part["sha256"],
        inline=part["inline"],
        content_id=part["content_id"],
        gone=bool(part.get("stripped")),
    )


def with_trace(trace: dict[str, Any], raw: bytes) -> bytes:
    """The source of a letter: what we know of its way, then the bytes as they came."""
    sender = str(trace.get("mail_from", "")).replace("\r", "").replace("\n", "")
    return f"Return-Path: <{sender}>\r\n{trace.get('received', '')}".encode() + raw


def source_answer(name: str, source: bytes) -> Response[bytes]:
    """The source of a letter as a file to keep."""
    headers = {**_SOURCE_HEADERS, "Content-Disposition": f'attachment; filename="{name}.eml"'}
    return Response(source, headers=headers, media_type="message/rfc822")


@get("/messages", tags=["messages"])
async def list_all(
    door: NamedDependency[Door], limit: Limit = 50, after: After = None, thread_id: Whichever = None
) -> Items[MessageView]:
    """Letters you may see, the newest first, of one thread or of all."""
    page = await door.read(list_messages, thread_id=thread_id, after=after, limit=limit)
    rows = await door.read(lambda tx, _: list_of_messages(tx, [one.id for one in page.items if one.direction == "out"]))
    return page_of(page, lambda one: show_message(one, rows.get(one.id, ())))


@get("/messages/{message_id:int}", tags=["messages"])
async def get_one(door: NamedDependency[Door], message_id: Id) -> MessageView:
    """One letter."""

    def see(tx: ReadTx, viewer: Viewer) -> MessageView:
        found = get_message(tx, viewer, message_id)
        return show_message(found, list_of_messages(tx, [found.id]).get(found.id, ()))

    return await door.read(see)


@get("/messages/{message_id:int}/raw", tags=["messages"], media_type="message/rfc822")
async def get_raw(door: NamedDependency[Door], message_id: Id) -> Response[bytes]:
    """The source: Return-Path and Received as we wrote them, then the bytes as they came."""
    message = await door.read(get_message, message_id)
    raw = await door.house.displays.read_raw(message.blob_id)
    return source_answer(f"letter-{message.id}", with_trace(message.trace, raw))


ROUTES = [list_all, get_one, get_raw]

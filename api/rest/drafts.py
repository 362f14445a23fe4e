"""``/drafts``: letters that are being written, their files, and sending them."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable
from typing import Annotated

import msgspec
from litestar import Response, delete, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromQuery, JSONBody, QueryParameter

from api.auth import Door
from api.problems import Pages, language_of
from api.rest.files import picture_answer
from api.rest.once import Key, once
from api.rest.shapes import After, Body, Id, Items, Limit, Number, StrictRequest, moment, page_of
from core.blobs import read_blob
from core.database import WriteTx
from core.errors import Invalid
from crm.staff.readable import Viewer
from mailhub.letters.attachments import read_attachment
from mailhub.letters.html.outgoing import clean_outgoing, text_as_html
from mailhub.letters.serving import download_headers
from mailhub.letters.values import Attachment
from mailhub.mailboxes.reading import get_message
from mailhub.outbound import drafts
from mailhub.outbound.draft_boxes import move_draft
from mailhub.outbound.draft_files import add_file, get_file, remove_file
from mailhub.outbound.drafts import Draft, DraftFile, DraftKind, Text, get_draft, list_drafts
from mailhub.outbound.scheduling import list_scheduled
from mailhub.outbound.warnings import Caution, list_warnings

LARGEST_UPLOAD = 101 << 20
ThreadId = Annotated[int | None, QueryParameter(name="thread_id", ge=1, le=2**63 - 1)]
FileName = Annotated[str, QueryParameter(name="filename", min_length=1, max_length=255)]
Line = Annotated[str, msgspec.Meta(max_length=drafts.LONGEST_LINE)]


class DraftFileView(msgspec.Struct):
    """A file of a draft; its bytes are at ``/drafts/{id}/attachments/{file_id}``. A picture stands in the text where
    the HTML says ``<img src="cid:CONTENT_ID">``."""

    id: int
    filename: str
    content_type: str
    size: int
    content_id: str


class DraftView(msgspec.Struct):
    """A letter under way, as its writer left it: address lines are text. ``thread_id`` is null for a new letter. With
    ``send_at`` it leaves by itself then, with ``unless_reply`` only if nobody from outside has written before."""

    id: int
    version: int
    kind: str
    mailbox_id: int
    thread_id: int | None
    author_id: int
    author: str
    changed_by: str
    changed_at: str | None
    sender: str
    to: str
    cc: str
    bcc: str
    subject: str
    html: str
    seen_message_id: int | None
    quoted_message_id: int | None
    send_at: str | None
    unless_reply: bool
    attachments: list[DraftFileView]


class WarningView(msgspec.Struct):
    """Why somebody may hesitate to send; ``text`` says it to people."""

    code: str
    names: list[str]
    text: str


class Warnings(msgspec.Struct):
    """What is strange about a draft."""

    warnings: list[WarningView]


class NewDraft(Body):
    """Where to write: ``reply`` and ``forward`` in a thread, ``new`` from a mailbox. ``files_of`` is a message of the
    thread whose files go along."""

    kind: DraftKind = "reply"
    thread_id: Number | None = None
    mailbox_id: Number | None = None
    files_of: Number | None = None


class DraftChange(Body):
    """What was typed since ``version``; what is left out stays. ``text`` is for who writes no HTML; ``mailbox_id`` lets
    a new letter leave from another mailbox."""

    version: Number
    mailbox_id: Number | None = None
    sender: Annotated[str, msgspec.Meta(max_length=320)] | None = None
    to: Line | None = None
    cc: Line | None = None
    bcc: Line | None = None
    subject: Annotated[str, msgspec.Meta(max_length=2000)] | None = None
    html: Annotated[str, msgspec.Meta(max_length=drafts.LONGEST_HTML)] | None = None
    text: Annotated[str, msgspec.Meta(max_length=drafts.LONGEST_HTML)] | None = None
    seen_message_id: Number | None = None
    quoted_message_id: Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)] | None = None


def show_draft(one: Draft) -> DraftView:
    """A draft in the shape of the interface."""
    return DraftView(
        id=one.id,
        version=one.version,
        kind=one.kind,
        mailbox_id=one.mailbox_id,
        thread_id=one.thread_id,
        author_id=one.author_id,
        author=one.author,
        changed_by=one.changed_by,
        changed_at=moment(one.changed_at),
        sender=one.sender,
        to=one.to,
        cc=one.cc,
        bcc=one.bcc,
        subject=one.subject,
        html=one.html,
        seen_message_id=one.seen_id or None,
        quoted_message_id=one.quoted_id or None,
        send_at=moment(one.send_at),
        unless_reply=one.unless_reply,
        attachments=[show_file(file) for file in one.files],
    )


def show_file(one: DraftFile) -> DraftFileView:
    """A file of a draft in the shape of the interface."""
    return DraftFileView(one.id, one.name, one.content_type, one.size, one.content_id)


def change(tx: WriteTx, viewer: Viewer, draft_id: int, data: DraftChange) -> Draft:
    """Save. Raises NotFound, Invalid, Conflict."""
    if data.mailbox_id is not None:
        move_draft(tx, viewer, draft_id, data.version, data.mailbox_id)
    cids = {file.content_id for file in get_draft(tx, viewer, draft_id).files}
    html = None if data.html is None else clean_outgoing(data.html, cids)
    if html is None and data.text is not None:
        html = text_as_html(data.text)
    new = Text(
        sender=data.sender,
        to=data.to,
        cc=data.cc,
        bcc=data.bcc,
        subject=data.subject,
        html=html,
        seen_id=data.seen_message_id,
        quoted_id=data.quoted_message_id,
    )
    return drafts.change_draft(tx, viewer, draft_id, data.version, new)


@get("/drafts", tags=["drafts"])
async def get_drafts(
    door: NamedDependency[Door],
    thread_id: ThreadId = None,
    scheduled: FromQuery[bool] = False,
    after: After = None,
    limit: Limit = 50,
) -> Items[DraftView]:
    """The drafts that you may send, newest first; those of a thread with `thread_id`; with `scheduled=1` the next 200
    that leave by themselves, in their order."""
    if scheduled:
        return Items([show_draft(one) for one in await door.read(list_scheduled)])
    found = await door.read(list_drafts, thread_id=thread_id, after=after, limit=limit)
    return page_of(found, show_draft)


@post("/drafts", tags=["drafts"])
async def create(
    door: NamedDependency[Door], request: StrictRequest, data: JSONBody[NewDraft], idempotency_key: Key = None
) -> DraftView:
    """Begin to write."""
    carried = await _carried(door, data)
    largest = door.house.settings.send.largest_files

    def verb(tx: WriteTx, viewer: Viewer) -> DraftView:
        made = drafts.add_draft(tx, viewer, data.kind, thread_id=data.thread_id, mailbox_id=data.mailbox_id)
        for name, kind, content in carried:
            add_file(tx, viewer, made.id, name, kind, content, largest=largest)
        return show_draft(get_draft(tx, viewer, made.id))

    return await once(door, request, idempotency_key, DraftView, verb)


@get("/drafts/{draft_id:int}", tags=["drafts"])
async def get_one(door: NamedDependency[Door], draft_id: Id) -> DraftView:
    """A draft."""
    return show_draft(await door.read(get_draft, draft_id))


@patch("/drafts/{draft_id:int}", tags=["drafts"], request_max_body_size=4 << 20)
async def save(door: NamedDependency[Door], draft_id: Id, data: JSONBody[DraftChange]) -> DraftView:
    """Save what was typed. 409 when somebody else has changed it since your `version`."""
    return show_draft(await door.write(change, draft_id, data))


@delete("/drafts/{draft_id:int}", tags=["drafts"])
async def remove(door: NamedDependency[Door], draft_id: Id) -> None:
    """Throw it away, its files too."""
    await door.write(drafts.remove_draft, draft_id)


@post("/drafts/{draft_id:int}/attachments", tags=["drafts"], request_max_body_size=LARGEST_UPLOAD)
async def upload(
    door: NamedDependency[Door],
    request: StrictRequest,
    draft_id: Id,
    filename: FileName = "file",
    inside: FromQuery[bool] = False,
) -> DraftFileView:
    """Lay a file beside a draft; the body is its bytes, its type that of the request. A picture that is to stand in the
    text comes with `inside=1`."""
    await door.read(get_draft, draft_id)  # nobody fills the disk with what is refused afterwards
    content = await request.body()
    kept = await asyncio.to_thread(_settle, door, content)
    kind = request.headers.get("content-type", "")
    largest = door.house.settings.send.largest_files
    return show_file(await door.write(add_file, draft_id, filename, kind, kept, largest=largest, inside=inside))


@get("/drafts/{draft_id:int}/attachments/{file_id:int}", tags=["drafts"], media_type="application/octet-stream")
async def get_content(
    door: NamedDependency[Door], draft_id: Id, file_id: Id, inline: FromQuery[bool] = False
) -> Response[bytes]:
    """The bytes of a file as a download; with `inline=1` a copy of a picture to look at, made by us."""
    found = await door.read(get_file, draft_id, file_id)
    content = await asyncio.to_thread(read_blob, door.house.database, door.house.files, found.blob_id)
    if inline:
        return await picture_answer(content)
    return Response(content, headers=download_headers(found.name, found.content_type, content[:1024]))


@delete("/drafts/{draft_id:int}/attachments/{file_id:int}", tags=["drafts"])
async def remove_one(door: NamedDependency[Door], draft_id: Id, file_id: Id) -> None:
    """Take a file away again."""
    await door.write(remove_file, draft_id, file_id)


@get("/drafts/{draft_id:int}/warnings", tags=["drafts"])
async def get_warnings(door: NamedDependency[Door], request: StrictRequest, draft_id: Id) -> Warnings:
    """What somebody may want to know before it leaves. Nothing is forbidden by it."""
    found = await door.read(list_warnings, draft_id)
    pages: Pages = request.app.state.pages
    say = language_of(request, pages).gettext
    sentences = {
        "attachment": "You wrote of a file, and none is attached.",
        "field": "Nobody has filled: %(names)s.",
        "outside": "It goes to somebody who has no part in this conversation: %(names)s.",
        "first": "It is the first letter to %(names)s.",
    }
    return Warnings([_say(say, sentences[one.code], one) for one in found])


def _say(say: Callable[..., str], sentence: str, one: Caution) -> WarningView:
    names = [say(name) for name in one.names] if one.code == "field" else list(one.names)
    return WarningView(one.code, names, say(sentence, names=", ".join(names)))


def _settle(door: Door, content: bytes) -> tuple[bytes, int]:
    """Make the bytes durable; their hash and size."""
    sha256 = hashlib.sha256(content).digest()
    door.house.files.write(sha256, content)
    return sha256, len(content)


async def _carried(door: Door, data: NewDraft) -> list[tuple[str, str, tuple[bytes, int]]]:
    """The files of the letter that is handed on: name, type, and where their bytes lie."""
    if data.files_of is None:
        return []
    message = await door.read(get_message, data.files_of)
    if message.thread_id != data.thread_id:
        raise Invalid("This letter is of another thread.", field="files_of")
    raw = await door.house.displays.read_raw(message.blob_id)

    def carry() -> list[tuple[str, str, tuple[bytes, int]]]:
        parts = [Attachment(**part) for part in message.parsed["attachments"]]
        return [
            (part.filename or "file", part.content_type, _settle(door, read_attachment(raw, part)))
            for part in parts
            if not part.inline and part.size
        ]

    return await asyncio.to_thread(carry)


ROUTES = [
    get_drafts, create, get_one, save, remove, upload, get_content, remove_one,
    get_warnings,
]  # fmt: skip

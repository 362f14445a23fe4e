"""``/letter-templates``: saved texts of mailboxes, with fields."""

from __future__ import annotations

from typing import Annotated

import msgspec
from litestar import delete, get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody

from api.auth import Door
from api.rest.once import Key, once
from api.rest.shapes import Body, Id, Items, Number, StrictRequest
from core.database import WriteTx
from crm.staff.readable import Viewer
from mailhub.letters.html.outgoing import clean_outgoing, text_as_html
from mailhub.outbound import templates
from mailhub.outbound.templates import LONGEST_NAME, Template, list_templates, use_template
from mailhub.templating import LONGEST


class TemplateView(msgspec.Struct):
    """A saved text; ``own`` is for whoever saved it alone. Its fields stand as ``{{ contact.name }}``."""

    id: int
    mailbox_id: int
    name: str
    subject: str
    html: str
    own: bool


class NewTemplate(Body):
    """A text to keep under a name; one of the same name is replaced. Fields: ``client.name client.city contact.name
    contact.position contact.email me.name me.email mailbox.name mailbox.address subject``."""

    mailbox_id: Number
    name: Annotated[str, msgspec.Meta(min_length=1, max_length=LONGEST_NAME)]
    subject: Annotated[str, msgspec.Meta(max_length=2000)] = ""
    html: Annotated[str, msgspec.Meta(max_length=LONGEST)] = ""
    text: Annotated[str, msgspec.Meta(max_length=LONGEST)] = ""
    own: bool = False


class Use(Body):
    """For which letter: an answer in a thread, or a new one to an address."""

    thread_id: Number | None = None
    address: Annotated[str, msgspec.Meta(max_length=320)] = ""


class FilledView(msgspec.Struct):
    """The text for a letter. ``missing`` are the fields that nobody knows; they stand in it as ``[contact.name]``.
    ``fields`` are all that a text may hold, with what they say here."""

    subject: str
    html: str
    missing: list[str]
    fields: dict[str, str]


def show_template(one: Template) -> TemplateView:
    """A template in the shape of the interface."""
    return TemplateView(one.id, one.mailbox_id, one.name, one.subject, one.html, one.own)


@get("/mailboxes/{mailbox_id:int}/templates", tags=["templates"])
async def get_templates(door: NamedDependency[Door], mailbox_id: Id) -> Items[TemplateView]:
    """The texts that you may use in a mailbox, by name."""
    return Items([show_template(one) for one in await door.read(list_templates, mailbox_id)])


@post("/letter-templates", tags=["templates"])
async def save(
    door: NamedDependency[Door], request: StrictRequest, data: JSONBody[NewTemplate], idempotency_key: Key = None
) -> TemplateView:
    """Keep a text: for oneself (`own`), or for everybody who answers in the mailbox (whoever manages it)."""
    html = clean_outgoing(data.html) if data.html else text_as_html(data.text)

    def verb(tx: WriteTx, viewer: Viewer) -> TemplateView:
        kept = templates.save_template(tx, viewer, data.mailbox_id, data.name, data.subject, html, own=data.own)
        return show_template(kept)

    return await once(door, request, idempotency_key, TemplateView, verb)


@post("/letter-templates/{template_id:int}/fill", tags=["templates"], status_code=200)
async def fill(door: NamedDependency[Door], template_id: Id, data: JSONBody[Use]) -> FilledView:
    """The text with the fields of a thread's client and contact, or of an address."""
    found = await door.read(use_template, template_id, thread_id=data.thread_id, address=data.address)
    return FilledView(found.subject, found.html, list(found.missing), found.fields)


@delete("/letter-templates/{template_id:int}", tags=["templates"])
async def remove(door: NamedDependency[Door], template_id: Id) -> None:
    """Throw it away."""
    await door.write(templates.remove_template, template_id)


ROUTES = [get_templates, save, fill, remove]

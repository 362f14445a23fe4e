"""``/mailings``: letters to many. What is planned, and its letter."""

from __future__ import annotations

from typing import Annotated

import msgspec
from litestar import get, patch, post, put
from litestar.di import NamedDependency
from litestar.params import JSONBody, QueryParameter

from api.auth import Door
from api.mailing import Written, foot_of, list_chosen, read_choices, save_written
from api.rest.mailing_shapes import (
    ChangedMailing,
    Chosen,
    LetterView,
    MailingView,
    NewLetter,
    NewMailing,
    Said,
    show_letter_of,
    show_mailing,
)
from api.rest.once import Key, once
from api.rest.shapes import After, Id, Items, Limit, StrictRequest
from core.database import ReadTx, WriteTx
from core.errors import Invalid
from core.paging import Page
from crm.staff.readable import Viewer
from mailhub.campaigns.letters import list_letters
from mailhub.campaigns.mailings import (
    add_mailing,
    change_mailing,
    get_mailing,
    list_mailings,
    set_choices,
)
from mailhub.campaigns.making import Format


def see_one(tx: ReadTx, viewer: Viewer, mailing_id: int) -> MailingView:
    """Raises NotFound."""
    return show_mailing(get_mailing(tx, viewer, mailing_id), list_chosen(tx, mailing_id))


def see_all(tx: ReadTx, viewer: Viewer, state: str | None, after: str | None, limit: int) -> Page[MailingView]:
    """A page of them. Raises Invalid."""
    page = list_mailings(tx, viewer, state=state, after=after, limit=limit)
    return Page([show_mailing(one, list_chosen(tx, one.id)) for one in page.items], page.next)


def see_letters(tx: ReadTx, viewer: Viewer, mailing_id: int) -> list[LetterView]:
    """Its languages as they stand now. Raises NotFound."""
    one = get_mailing(tx, viewer, mailing_id)
    return [show_letter_of(letter) for letter in list_letters(tx, mailing_id, one.letter_version)]


def _source(data: NewMailing | NewLetter) -> tuple[Format, str] | None:
    """The one format that it comes in. Raises Invalid for several."""
    forms: dict[Format, str | None] = {
        "mjml": data.mjml,
        "markdown": data.markdown,
        "html": data.html,
        "plain": data.text,
    }
    given = [(form, text) for form, text in forms.items() if text is not None]
    if len(given) > 1:
        raise Invalid("A letter comes in one format: mjml, html, markdown or text.", field="markdown")
    return given[0] if given else None


def _change(tx: WriteTx, viewer: Viewer, mailing_id: int, data: Said, *, name: str | None) -> None:
    change_mailing(
        tx, viewer, mailing_id, name=name, sender=data.sender, sender_name=data.sender_name, people=data.recipients,
        cap_days=data.cap_days, canary=data.canary, tracking=data.tracking, pictures=data.pictures,
        topic_id=data.topic_id,
    )  # fmt: skip
    asked = {key: value for key in Chosen.__struct_fields__ if (value := getattr(data, key)) is not msgspec.UNSET}
    if asked:
        set_choices(tx, viewer, mailing_id, read_choices(asked, list_chosen(tx, mailing_id)))


@get("/mailings", tags=["mailings"])
async def list_all(
    door: NamedDependency[Door],
    limit: Limit = 50,
    after: After = None,
    mailing_state: Annotated[str | None, QueryParameter(name="state", max_length=20)] = None,
) -> Items[MailingView]:
    """Mailings of the mailboxes that you may answer from, the newest first."""
    page = await door.read(see_all, mailing_state, after, limit)
    return Items(list(page.items), page.next)


@post("/mailings", tags=["mailings"])
async def add(
    door: NamedDependency[Door], request: StrictRequest, data: JSONBody[NewMailing], idempotency_key: Key = None
) -> MailingView:
    """Plan a mailing from a public mailbox. It is a draft until it is started."""
    source = _source(data)
    foot = foot_of(door.house, "", data.sender_name or "")
    written = Written.make(source[0], data.subject, source[1], foot) if source is not None else None

    def verb(tx: WriteTx, viewer: Viewer) -> MailingView:
        made = add_mailing(tx, viewer, data.name, data.mailbox_id)
        _change(tx, viewer, made, data, name=None)
        if written is not None:
            save_written(tx, viewer, made, written, seen=0)
        return see_one(tx, viewer, made)

    return await once(door, request, idempotency_key, MailingView, verb)


@get("/mailings/{mailing_id:int}", tags=["mailings"])
async def read_one(door: NamedDependency[Door], mailing_id: Id) -> MailingView:
    """One mailing."""
    return await door.read(see_one, mailing_id)


@patch("/mailings/{mailing_id:int}", tags=["mailings"])
async def change_one(door: NamedDependency[Door], mailing_id: Id, data: JSONBody[ChangedMailing]) -> MailingView:
    """Change what is named, as long as it was not started; other recipients have to be frozen and checked anew."""

    def verb(tx: WriteTx, viewer: Viewer) -> MailingView:
        _change(tx, viewer, mailing_id, data, name=data.name)
        return see_one(tx, viewer, mailing_id)

    return await door.write(verb)


@get("/mailings/{mailing_id:int}/letter", tags=["mailings"])
async def read_letter(door: NamedDependency[Door], mailing_id: Id) -> list[LetterView]:
    """What it says now, in each language; `""` is for everybody who has no other."""
    return await door.read(see_letters, mailing_id)


@put("/mailings/{mailing_id:int}/letter", tags=["mailings"])
async def write_letter(door: NamedDependency[Door], mailing_id: Id, data: JSONBody[NewLetter]) -> MailingView:
    """Write what it says, in one language. Nobody's version is overwritten: 409 when another stands by now."""
    source = _source(data)
    if source is None:
        raise Invalid("A letter comes in one format: mjml, html, markdown or text.", field="markdown")
    sender = await door.read(lambda tx, viewer: get_mailing(tx, viewer, mailing_id).sender_name)
    foot = foot_of(door.house, data.language, sender)
    written = Written.make(source[0], data.subject, source[1], foot, data.language)

    def verb(tx: WriteTx, viewer: Viewer) -> MailingView:
        save_written(tx, viewer, mailing_id, written, seen=data.version)
        return see_one(tx, viewer, mailing_id)

    return await door.write(verb)


ROUTES = [list_all, add, read_one, change_one, read_letter, write_letter]

"""Saved texts of a mailbox, for everybody who answers there or for oneself, with fields of the client, the contact and
the writer. They are filled when they are put into a letter: what leaves is what was seen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, Text, UniqueConstraint, bindparam, delete, func, or_, select

from core import clock
from core.columns import Id, id_column, instant, number, reference, table, text
from core.database import ReadTx, WriteTx
from core.errors import Conflict, Invalid, NotFound, TooMuch
from crm.attributes import list_attributes, tell_values
from crm.parties import find_contact, get_counterparty, match_address
from crm.staff.readable import Viewer, demand, readable
from mailhub.letters.html.outgoing import CleanHtml
from mailhub.mailboxes.boxes import Mailbox, get_mailbox
from mailhub.mailboxes.tables import mailbox, thread
from mailhub.templating import check_template, fill_template

EVERYBODY = 0
TEXT_FIELDS = {
    "client.name": "Client's name",
    "client.city": "Client's city",
    "contact.name": "Contact's name",
    "contact.position": "Contact's position",
    "contact.email": "Contact's address",
    "me.name": "My name",
    "me.email": "My address",
    "mailbox.name": "Name of the mailbox",
    "mailbox.address": "Address of the mailbox",
    "subject": "Subject of the letter",
}
"""What a text may say → what people call it."""
LONGEST_NAME = 80
MOST = 300
letter_template = table(
    "letter_template",
    id_column(),
    reference("mailbox_id", "mailbox.id", cascade=True),
    number("scope_id"),
    Column("user_id", Id, nullable=False),
    Column("name", Text, nullable=False),
    text("subject", ""),
    text("html"),
    number("version", 1),
    instant("created_at"),
    instant("changed_at"),
    UniqueConstraint("mailbox_id", "user_id", "name"),
)
_OF_MAILBOX = (
    select(letter_template)
    .where(
        letter_template.c.mailbox_id == bindparam("mailbox_id"),
        or_(letter_template.c.user_id == EVERYBODY, letter_template.c.user_id == bindparam("me")),
    )
    .order_by(letter_template.c.name, letter_template.c.user_id)
)
_COUNT = select(func.count()).where(letter_template.c.mailbox_id == bindparam("mailbox_id"))


@dataclass(frozen=True, slots=True)
class Template:
    """A saved text; ``own`` is for its writer alone."""

    id: int
    mailbox_id: int
    name: str
    subject: str
    html: CleanHtml
    own: bool
    version: int


@dataclass(frozen=True, slots=True)
class FilledTemplate:
    """A text for a letter, with the fields that nobody knows, and what every field says here, empty for those."""

    subject: str
    html: CleanHtml
    missing: tuple[str, ...]
    fields: dict[str, str]


def list_templates(tx: ReadTx, viewer: Viewer, mailbox_id: int) -> list[Template]:
    """Those that the viewer may use in a mailbox, by name. Raises NotFound, Forbidden for who may not answer there."""
    _get_box(tx, viewer, mailbox_id)
    return [_shown(row) for row in tx.rows(_OF_MAILBOX, {"mailbox_id": mailbox_id, "me": viewer.user_id})]


def save_template(
    tx: WriteTx, viewer: Viewer, mailbox_id: int, name: str, subject: str, html: CleanHtml, *, own: bool
) -> Template:
    """Keep a text under a name; one of that name is replaced. One's own needs the right to answer, everybody's to
    manage the mailbox. Raises NotFound, Forbidden, Invalid, TooMuch."""
    box = _get_box(tx, viewer, mailbox_id)
    if not own:
        demand(viewer, "manage", box.scope_id)
    name = " ".join(name.split())
    if not 0 < len(name) <= LONGEST_NAME:
        raise Invalid("A name has 1 to %(most)s characters.", most=LONGEST_NAME, field="name")
    check_template(subject)
    check_template(html)
    user_id = viewer.user_id if own else EVERYBODY
    here = (
        letter_template.c.mailbox_id == mailbox_id,
        letter_template.c.user_id == user_id,
        letter_template.c.name == name,
    )
    tx.lock_key("letter_template", mailbox_id)
    found = tx.row(select(letter_template).where(*here))
    now = clock.now()
    if found is not None:
        tx.change(letter_template, found.id, subject=subject, html=html, version=found.version + 1, changed_at=now)
        return _get(tx, found.id)
    if tx.value(_COUNT, {"mailbox_id": mailbox_id}) >= MOST:
        raise TooMuch("A mailbox has %(most)s texts at most.", most=MOST)
    made = tx.insert(
        letter_template,
        mailbox_id=mailbox_id,
        scope_id=box.scope_id,
        user_id=user_id,
        name=name,
        subject=subject,
        html=html,
        created_at=now,
        changed_at=now,
    )
    return _get(tx, made)


def remove_template(tx: WriteTx, viewer: Viewer, template_id: int) -> None:
    """Throw it away. Raises NotFound, Forbidden."""
    found = get_template(tx, viewer, template_id)
    if not found.own:
        demand(viewer, "manage", _get_box(tx, viewer, found.mailbox_id).scope_id)
    tx.execute(delete(letter_template).where(letter_template.c.id == template_id))


def get_template(tx: ReadTx, viewer: Viewer, template_id: int) -> Template:
    """One that the viewer may use. Raises NotFound, alike for what is not there and not theirs."""
    row = tx.row(select(letter_template).where(letter_template.c.id == template_id))
    theirs = row is not None and row.user_id in (EVERYBODY, viewer.user_id)
    if row is None or not theirs or not viewer.may("answer", row.scope_id, viewer.user_id):
        raise NotFound("There is no text with the number %(id)s.", id=template_id)
    return _shown(row)


def use_template(
    tx: ReadTx, viewer: Viewer, template_id: int, *, thread_id: int | None = None, address: str = ""
) -> FilledTemplate:
    """The text filled for a thread, or for a new letter to an address. Raises NotFound, Invalid, Conflict for a thread
    of another mailbox."""
    found = get_template(tx, viewer, template_id)
    counterparty_id = contact_id = None
    subject = ""
    if thread_id is not None:
        row = tx.row(readable(select(thread).where(thread.c.id == thread_id), viewer, thread))
        if row is None:
            raise NotFound("There is no thread with the number %(id)s.", id=thread_id)
        if row.mailbox_id != found.mailbox_id:
            raise Conflict("This text is of another mailbox.")
        counterparty_id, contact_id, subject = row.counterparty_id, row.contact_id, row.subject
    elif address:
        contact_id, counterparty_id = match_address(tx, address).only or (None, None)
    box = get_mailbox(tx, found.mailbox_id)
    fields = _fields(tx, viewer, box, counterparty_id, contact_id, subject)
    title = fill_template(found.subject, fields, escapes=False)
    body = fill_template(found.html, fields, escapes=True)
    missing = tuple(dict.fromkeys([*title.missing, *body.missing]))
    said = {name: _value(fields, name) for name in text_fields(tx)}
    return FilledTemplate(title.text, CleanHtml(body.text), missing, said)


def text_fields(tx: ReadTx) -> dict[str, str]:
    """What a text may say → what people call it: our own fields, then those that users added."""
    own = {
        f"{of}.{one.key}": one.label
        for of, holder in (("client", "counterparty"), ("contact", "contact"))
        for one in list_attributes(tx, holder)  # type: ignore[arg-type]
    }
    return TEXT_FIELDS | own


def fields_for(tx: ReadTx, viewer: Viewer, box: Mailbox, address: str) -> dict[str, Any]:
    """What a letter of a mailbox to an address may say of its reader, and of whoever sends it."""
    contact_id, counterparty_id = match_address(tx, address).only or (None, None)
    return _fields(tx, viewer, box, counterparty_id, contact_id, "")


def _fields(
    tx: ReadTx, viewer: Viewer, box: Mailbox, counterparty_id: int | None, contact_id: int | None, subject: str
) -> dict[str, Any]:
    """What a text may say; words.md and docs/sending.md name them."""
    client = get_counterparty(tx, counterparty_id) if counterparty_id is not None else None
    contact = find_contact(tx, contact_id)
    code = (contact.language if contact else "") or (client.language if client else "") or viewer.language or ""
    of_client = tell_values(list_attributes(tx, "counterparty"), client.attributes, code) if client else {}
    of_contact = tell_values(list_attributes(tx, "contact"), contact.attributes, code) if contact else {}
    return {
        "client": of_client | {"name": client.name, "city": client.city} if client else {},
        "contact": of_contact
        | {
            "name": contact.name,
            "position": contact.position,
            "email": contact.emails[0] if contact.emails else "",
        }
        if contact
        else {},
        "me": {"name": viewer.name, "email": viewer.email},
        "mailbox": {"name": box.name, "address": box.address},
        "subject": subject,
    }


def _value(fields: dict[str, Any], name: str) -> str:
    of, _, key = name.partition(".")
    value = (fields[of].get(key) if key else fields[of]) or ""
    return ", ".join(value) if isinstance(value, list) else str(value)


def _get_box(tx: ReadTx, viewer: Viewer, mailbox_id: int) -> Mailbox:
    seen = sorted(viewer.full | viewer.assigned)
    if tx.value(select(mailbox.c.id).where(mailbox.c.id == mailbox_id, mailbox.c.scope_id.in_(seen))) is None:
        raise NotFound("There is no mailbox with the number %(id)s.", id=mailbox_id)
    box = get_mailbox(tx, mailbox_id)
    demand(viewer, "answer", box.scope_id, viewer.user_id)
    return box


def _get(tx: ReadTx, template_id: int) -> Template:
    return _shown(tx.get(letter_template, template_id))


def _shown(row: Any) -> Template:
    own = row.user_id != EVERYBODY
    return Template(row.id, row.mailbox_id, row.name, row.subject, CleanHtml(row.html), own, row.version)

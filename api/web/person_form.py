"""A person at a client, entered and changed by hand, with what they said to mailings."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from litestar import Response, get, post
from litestar.di import NamedDependency

from api.auth import Door
from api.web.client_form import LONGEST, SPARE, Fields, Problem, read_emails, read_phones
from api.web.client_words import address_kinds, phone_kinds
from api.web.desk import Asked, Desk, Id, html, lead
from api.web.field_form import make_inputs, read_inputs
from api.web.forms import read_form, read_id
from api.web.shapes import make_when
from api.web.shell import Around, see_around
from core.database import ReadTx, WriteTx
from core.errors import Conflict, Forbidden, Invalid, NotFound
from crm.attributes import Attribute, list_attributes
from crm.parties import (
    Consent,
    Contact,
    Merge,
    add_contact,
    affiliate,
    get_contact,
    get_counterparty,
    list_consents,
    list_merges,
    record_consent,
    show_phone,
    update_contact,
)
from crm.staff.audit import record_audit
from crm.staff.readable import Viewer, demand_somewhere

PLAIN = ("language", "time_zone", "birthday", "about")


@dataclass(frozen=True, slots=True)
class Asking:
    """What the page needs."""

    client_id: int
    client: str
    person: Contact | None
    consents: list[Consent]
    merges: list[Merge]
    fields: Fields
    around: Around
    own: list[Attribute]


def get_person_at(tx: ReadTx, client_id: int, contact_id: int) -> Contact:
    """The person. Raises NotFound for one who is not there."""
    person = get_contact(tx, contact_id)
    if client_id not in person.counterparty_ids:
        raise NotFound("There is no contact with the number %(id)s.", id=contact_id)
    return person


def see_form(tx: ReadTx, viewer: Viewer, client_id: int, contact_id: int | None, sent: Fields | None) -> Asking:
    """The form of a person at a client, or for a new one. Raises NotFound, Forbidden."""
    demand_somewhere(viewer, "answer")
    client = get_counterparty(tx, client_id)
    person = get_person_at(tx, client_id, contact_id) if contact_id is not None else None
    consents = list_consents(tx, person.id) if person else []
    fields = sent if sent is not None else _fields_of(person, client_id)
    merges = [one for one in list_merges(tx, "contact", person.id) if one.undone_at is None] if person else []
    own = list_attributes(tx, "contact")
    return Asking(client_id, client.name, person, consents, merges, fields, see_around(tx, viewer), own)


def _fields_of(person: Contact | None, client_id: int) -> Fields:
    if person is None:
        return {}
    fields: Fields = {name: getattr(person, name) for name in ("name", *PLAIN)}
    fields |= {"position": person.position_at(client_id), "version": str(person.version)}
    for place, one in enumerate(person.addresses):
        fields |= {f"email_{place}": one.address, f"email_kind_{place}": one.kind}
    for place, phone in enumerate(person.phones):
        fields |= {f"phone_{place}": show_phone(phone), f"phone_kind_{place}": phone.kind}
    return fields


def save(tx: WriteTx, viewer: Viewer, client_id: int, contact_id: int | None, fields: Fields, zone: str) -> None:
    """Add or change a person. Raises NotFound, Forbidden, Invalid, Conflict."""
    demand_somewhere(viewer, "answer")
    client = get_counterparty(tx, client_id)
    emails, position = read_emails(fields), fields.get("position", "").strip()
    told: dict[str, Any] = {name: fields.get(name, "") for name in PLAIN}
    told |= {"emails": emails, "phones": read_phones(fields, zone)}
    told["attributes"] = read_inputs(list_attributes(tx, "contact"), fields)
    name = fields.get("name", "")
    if contact_id is None:
        if emails and client.manager_id is not None:
            demand_somewhere(viewer, "assign")
        contact_id = add_contact(tx, name, counterparty_id=client_id, position=position, **told)
        record_audit(tx, viewer.user_id, "contact-added", str(contact_id), client=client_id)
        return
    before = get_person_at(tx, client_id, contact_id)
    if {str(getattr(one, "address", one)) for one in emails} != set(before.emails):
        demand_somewhere(viewer, "assign")
    update_contact(tx, contact_id, name=name, version=read_id(fields, "version"), **told)
    if position != before.position_at(client_id):
        affiliate(tx, contact_id, client_id, position)
    if said := fields.get("consent", ""):
        source = fields.get("source", "")
        record_consent(tx, contact_id, given=said == "yes", source=source, by_id=viewer.user_id)
    record_audit(tx, viewer.user_id, "contact-changed", str(contact_id))


def show_form(desk: Desk, viewer: Viewer, asking: Asking, problem: Problem | None) -> str:
    """The page of the form."""
    speaker, fields, person = desk.speaker(viewer), asking.fields, asking.person
    here = f"/clients/{asking.client_id}/people"
    count = {name: sum(f"{name}_{place}" in fields for place in range(50)) for name in ("email", "phone")}
    said = []
    for one in asking.consents:
        when = make_when(speaker, one.at, long=True)
        said.append((one.given, one.source, when.text if when else ""))
    form = {
        "fields": defaultdict(str, fields),
        "problem": problem,
        "title": person.name if person else speaker.say("New person"),
        "client": asking.client,
        "url": f"{here}/{person.id}" if person else f"{here}/new",
        "back_url": f"/clients/{asking.client_id}",
        "emails": range(min(count["email"] + SPARE, 50)),
        "phones": range(min(count["phone"] + SPARE, 50)),
        "address_kinds": list(address_kinds(speaker).items()),
        "phone_kinds": list(phone_kinds(speaker).items()),
        "own": make_inputs(asking.own, person.attributes if person else {}, fields),
        "consents": said,
        "is_new": person is None,
        "merge_url": f"{here}/{person.id}/merge" if person and viewer.may_somewhere("assign") else "",
        "merges": [(one.name, f"/merges/{one.id}/undo") for one in asking.merges],
        "client_id": asking.client_id,
    }
    return desk.render("person_form.html", speaker, asking.around, "clients", form=form)


async def _answer(door: Door, request: Asked, client_id: int, contact_id: int | None) -> Response[str]:
    desk, fields = Desk(door, request), await read_form(request, LONGEST)
    try:
        await door.write(save, client_id, contact_id, fields, desk.zone.key)
        return lead(request, f"/clients/{client_id}")
    except (Invalid, Conflict, Forbidden) as refused:
        problem = refused

    def render(viewer: Viewer, asking: Asking) -> str:
        text = desk.speaker(viewer).say(problem.sentence, **problem.fields)
        return show_form(desk, viewer, asking, Problem(str(problem.fields.get("field", "")), text))

    return html(await door.page(render, see_form, client_id, contact_id, fields), 400)


async def _ask(door: Door, request: Asked, client_id: int, contact_id: int | None) -> Response[str]:
    desk = Desk(door, request)

    def render(viewer: Viewer, asking: Asking) -> str:
        return show_form(desk, viewer, asking, None)

    return html(await door.page(render, see_form, client_id, contact_id, None))


@get("/clients/{client_id:int}/people/new", include_in_schema=False)
async def new_person(door: NamedDependency[Door], request: Asked, client_id: Id) -> Response[str]:
    """The form for a new person at a client."""
    return await _ask(door, request, client_id, None)


@post("/clients/{client_id:int}/people/new", include_in_schema=False)
async def add_person(door: NamedDependency[Door], request: Asked, client_id: Id) -> Response[str]:
    """Add a person, or tell what is wrong."""
    return await _answer(door, request, client_id, None)


@get("/clients/{client_id:int}/people/{contact_id:int}", include_in_schema=False)
async def edit_person(door: NamedDependency[Door], request: Asked, client_id: Id, contact_id: Id) -> Response[str]:
    """The form of a person."""
    return await _ask(door, request, client_id, contact_id)


@post("/clients/{client_id:int}/people/{contact_id:int}", include_in_schema=False)
async def change_person(door: NamedDependency[Door], request: Asked, client_id: Id, contact_id: Id) -> Response[str]:
    """Change a person, or tell what is wrong."""
    return await _answer(door, request, client_id, contact_id)


ROUTES = [new_person, add_person, edit_person, change_person]

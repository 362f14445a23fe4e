"""A client and a person, entered and changed by hand: each field tells what is wrong with it, and who may be there
already is proposed before it is added."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from litestar import Response, get, post
from litestar.di import NamedDependency

from api.auth import Door
from api.web.client_words import address_kinds, phone_kinds, place_words, reason_words, role_words
from api.web.desk import Asked, Desk, Id, html, lead
from api.web.field_form import make_inputs, read_inputs
from api.web.forms import read_form, read_id
from api.web.shapes import Speaker
from api.web.shell import Around, see_around
from core.database import ReadTx, WriteTx
from core.errors import Conflict, Forbidden, Invalid
from core.fulltext import fold
from crm.attributes import Attribute, list_attributes
from crm.parties import (
    Counterparty,
    Double,
    Email,
    Firm,
    Phone,
    add_counterparty,
    find_channel,
    find_parties,
    get_counterparty,
    list_channels,
    list_doubles,
    list_firms,
    list_groups,
    list_groups_of,
    list_those,
    names_of,
    normal_address,
    parse_phone,
    read_tax_number,
    region_of,
    set_firms,
    set_groups,
    show_phone,
    update_counterparty,
)
from crm.staff.audit import record_audit
from crm.staff.people import get_user, list_users
from crm.staff.readable import Viewer, demand_somewhere

SPARE = 1
MOST_ROWS = 50
LONGEST = 12_000
PLAIN = ("name", "kind", "parent_as", "city", "language", "time_zone", "birthday", "about")
Fields = dict[str, str]


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with which field."""

    field: str
    text: str


@dataclass(frozen=True, slots=True)
class Asking:
    """What the page needs beside the fields."""

    client: Counterparty | None
    fields: Fields
    people: list[tuple[int, str]]
    groups: list[str]
    channels: list[str]
    around: Around
    own: list[Attribute]
    doubles: list[Double] = field(default_factory=list)


def see_form(tx: ReadTx, viewer: Viewer, client_id: int | None, sent: Fields | None) -> Asking:
    """The form for a client, or for a new one; with what was sent. Raises NotFound, Forbidden."""
    demand_somewhere(viewer, "answer")
    client = get_counterparty(tx, client_id) if client_id is not None else None
    fields = sent if sent is not None else _fields_of(tx, client)
    return Asking(
        client=client,
        fields=fields,
        people=[(one.id, one.name) for one in list_users(tx) if not one.disabled],
        groups=[one.name for one in list_groups(tx)],
        channels=_channels(tx, viewer, fields.get("channel", "")),
        around=see_around(tx, viewer),
        own=list_attributes(tx, "counterparty"),
    )


def _channels(tx: ReadTx, viewer: Viewer, own: str) -> list[str]:
    """Those that are offered, with the client's own; none where they are not used."""
    if not viewer.uses("marketing"):
        return []
    return [one.name for one in list_channels(tx) if not one.ended or one.name == own]


def _fields_of(tx: ReadTx, client: Counterparty | None) -> Fields:
    if client is None:
        return {"kind": "company", "role_customer": "yes"}
    fields: Fields = {name: str(getattr(client, name)) for name in PLAIN}
    fields |= {f"role_{role}": "yes" for role in client.roles}
    for place, one in enumerate(client.addresses):
        fields |= {f"email_{place}": one.address, f"email_kind_{place}": one.kind}
    for place, phone in enumerate(client.phones):
        fields |= {f"phone_{place}": show_phone(phone), f"phone_kind_{place}": phone.kind}
    for place, firm in enumerate(list_firms(tx, client.id)):
        told = {"id": str(firm.id), "name": firm.name, "tax": firm.tax_number, "requisites": firm.requisites}
        fields |= {f"firm_{name}_{place}": value for name, value in told.items()}
    fields["domains"] = " ".join(client.domains)
    fields["groups"] = ", ".join(one.name for one in list_groups_of(tx, client.id))
    fields["channel"] = next((one.name for one in list_channels(tx) if one.id == client.channel_id), "")
    fields["manager_id"] = str(client.manager_id or "")
    fields["parent"] = names_of(tx, [client.parent_id])[client.parent_id] if client.parent_id else ""
    fields["version"] = str(client.version)
    return fields


def _rows(fields: Fields, name: str) -> list[int]:
    """The places of repeated fields that were sent."""
    return [place for place in range(MOST_ROWS) if f"{name}_{place}" in fields]


def read_emails(fields: Fields) -> list[str | Email]:
    """Addresses with their kinds; rows left empty are none. Raises Invalid."""
    try:
        return [
            Email(normal_address(fields[f"email_{place}"]), fields.get(f"email_kind_{place}", ""))
            for place in _rows(fields, "email")
            if fields[f"email_{place}"].strip()
        ]
    except Invalid as problem:
        raise Invalid(problem.sentence, **problem.fields | {"field": "emails"}) from problem


def read_phones(fields: Fields, zone: str) -> list[Phone]:
    """Telephones as people here write them. Raises Invalid."""
    return [
        parse_phone(fields[f"phone_{place}"], region_of(zone), fields.get(f"phone_kind_{place}", ""))
        for place in _rows(fields, "phone")
        if fields[f"phone_{place}"].strip()
    ]


def read_firms(fields: Fields, name: str) -> list[Firm]:
    """Legal entities; one with a number alone is called like the client. Raises Invalid."""
    firms = []
    for place in sorted({*_rows(fields, "firm_name"), *_rows(fields, "firm_tax")}):
        own, tax = fields.get(f"firm_name_{place}", "").strip(), fields.get(f"firm_tax_{place}", "").strip()
        requisites = fields.get(f"firm_requisites_{place}", "")
        if own or tax or requisites.strip():
            firm_id = read_id(fields, f"firm_id_{place}") or 0
            firms.append(Firm(firm_id, own or name, read_tax_number(tax), requisites))
    return firms


def read_parent(tx: ReadTx, name: str) -> int:
    """The client above, by its name; 0 for none. Raises Invalid where nobody or several are called so."""
    if not name.strip():
        return 0
    wanted = fold(" ".join(name.split()))
    found = [one for one in list_those(tx, find_parties(tx, "counterparty", name)) if fold(one.name) == wanted]
    if not found:
        raise Invalid("No client is called “%(name)s”.", name=name.strip(), field="parent")
    if len(found) > 1:
        raise Invalid("Several clients are called “%(name)s”.", name=name.strip(), field="parent")
    return found[0].id


def save(tx: WriteTx, viewer: Viewer, client_id: int | None, fields: Fields, zone: str) -> tuple[int, list[Double]]:
    """Add or change a client. Returns it, or those who may be there already, and then 0. Raises Forbidden, Invalid."""
    demand_somewhere(viewer, "answer")
    name = fields.get("name", "")
    emails, phones, firms = read_emails(fields), read_phones(fields, zone), read_firms(fields, name)
    domains = fields.get("domains", "").replace(",", " ").split()
    if client_id is None and fields.get("anyway") != "yes":
        doubles = list_doubles(
            tx,
            name,
            tax_numbers=[one.tax_number for one in firms],
            emails=[one.address for one in emails if isinstance(one, Email)],
            domains=domains,
            phones=[one.number for one in phones],
        )
        if doubles:
            return 0, doubles
    told: dict[str, Any] = {one: fields.get(one, "") for one in PLAIN if one != "name"}
    told["roles"] = [one.removeprefix("role_") for one in fields if one.startswith("role_")]
    told |= {"phones": phones, "parent_id": read_parent(tx, fields.get("parent", "")), "by_id": viewer.user_id}
    if viewer.uses("marketing"):
        told["channel_id"] = find_channel(tx, fields.get("channel", "")) or 0
    told |= _routes(tx, viewer, client_id, fields, emails, domains)
    told["attributes"] = read_inputs(list_attributes(tx, "counterparty"), fields)
    if client_id is None:
        made = add_counterparty(tx, name, **told)
        record_audit(tx, viewer.user_id, "client-added", str(made), manager_id=told.get("manager_id"))
    else:
        made = client_id
        update_counterparty(tx, made, name=name, version=read_id(fields, "version"), **told)
        record_audit(tx, viewer.user_id, "client-changed", str(made), manager_id=told.get("manager_id"))
    set_firms(tx, made, firms)
    set_groups(tx, made, fields.get("groups", "").split(","))
    return made, []


def _routes(
    tx: ReadTx, viewer: Viewer, client_id: int | None, fields: Fields, emails: list[Any], domains: list[str]
) -> dict[str, Any]:
    """What says who gets the letters: for those who hand out the work, where it is changed."""
    manager_id = read_id(fields, "manager_id") or 0
    told: dict[str, Any] = {"emails": emails, "domains": domains, "manager_id": manager_id}
    before = get_counterparty(tx, client_id) if client_id is not None else None
    if manager_id:
        get_user(tx, manager_id)
    if before is None:
        if manager_id:
            demand_somewhere(viewer, "assign")
        return told
    same = (set(before.emails), set(before.domains), before.manager_id or 0)
    if ({one.address for one in emails}, set(domains), manager_id) != same:
        demand_somewhere(viewer, "assign")
    return told


def show_form(desk: Desk, viewer: Viewer, asking: Asking, problem: Problem | None) -> str:
    """The page of the form."""
    speaker = desk.speaker(viewer)
    fields = asking.fields
    count = {name: max([-1, *_rows(fields, name)]) + 1 for name in ("email", "phone", "firm_name")}
    form = {
        "fields": defaultdict(str, fields),
        "problem": problem,
        "title": asking.client.name if asking.client else speaker.say("New client"),
        "url": f"/clients/{asking.client.id}/edit" if asking.client else "/clients/new",
        "back_url": f"/clients/{asking.client.id}" if asking.client else "/clients",
        "roles": list(role_words(speaker).items()),
        "places": list(place_words(speaker).items()),
        "emails": range(min(count["email"] + SPARE, MOST_ROWS)),
        "phones": range(min(count["phone"] + SPARE, MOST_ROWS)),
        "firms": range(min(count["firm_name"] + 1, MOST_ROWS)),
        "address_kinds": list(address_kinds(speaker).items()),
        "phone_kinds": list(phone_kinds(speaker).items()),
        "own": make_inputs(asking.own, asking.client.attributes if asking.client else {}, fields),
        "people": asking.people,
        "groups": asking.groups,
        "channels": asking.channels,
        "doubles": [_double(speaker, one) for one in asking.doubles],
    }
    return desk.render("client_form.html", speaker, asking.around, "clients", form=form)


def _double(speaker: Speaker, one: Double) -> tuple[str, str, str]:
    words = reason_words(speaker)
    return one.client.name, f"/clients/{one.client.id}", ", ".join(words[reason] for reason in one.reasons)


async def _answer(door: Door, request: Asked, client_id: int | None) -> Response[str]:
    desk, fields = Desk(door, request), await read_form(request, LONGEST)
    problem: Invalid | Conflict | Forbidden | None = None
    doubles: list[Double] = []
    try:
        made, doubles = await door.write(save, client_id, fields, desk.zone.key)
        if made:
            return lead(request, f"/clients/{made}")
    except (Invalid, Conflict, Forbidden) as refused:
        problem = refused

    def render(viewer: Viewer, asking: Asking) -> str:
        speaker = desk.speaker(viewer)
        told = None
        if problem is not None:
            told = Problem(str(problem.fields.get("field", "")), speaker.say(problem.sentence, **problem.fields))
        asking.doubles.extend(doubles)
        return show_form(desk, viewer, asking, told)

    page = await door.page(render, see_form, client_id, fields)
    return html(page, 200 if problem is None else 400)


@get("/clients/new", include_in_schema=False)
async def new_client(door: NamedDependency[Door], request: Asked) -> Response[str]:
    """The form for a new client."""
    desk = Desk(door, request)
    return html(await door.page(lambda viewer, asking: show_form(desk, viewer, asking, None), see_form, None, None))


@post("/clients/new", include_in_schema=False)
async def add_client(door: NamedDependency[Door], request: Asked) -> Response[str]:
    """Add a client, or tell what is wrong, or who may be meant."""
    return await _answer(door, request, None)


@get("/clients/{client_id:int}/edit", include_in_schema=False)
async def edit_client(door: NamedDependency[Door], request: Asked, client_id: Id) -> Response[str]:
    """The form of a client."""
    desk = Desk(door, request)
    return html(
        await door.page(lambda viewer, asking: show_form(desk, viewer, asking, None), see_form, client_id, None)
    )


@post("/clients/{client_id:int}/edit", include_in_schema=False)
async def change_client(door: NamedDependency[Door], request: Asked, client_id: Id) -> Response[str]:
    """Change a client, or tell what is wrong."""
    return await _answer(door, request, client_id)


ROUTES = [new_client, add_client, edit_client, change_client]

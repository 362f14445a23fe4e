"""One client: who they are, what is open, who belongs to them, what happened."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import urlencode

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import QueryParameter

from api.auth import Door
from api.web.card_open import make_opened
from api.web.client_fields import OwnFields, show_fields
from api.web.client_hours import HoursForm, see_hours
from api.web.client_links import link_kinds, link_words
from api.web.client_segments import see_segments, show_segments
from api.web.client_words import address_kinds, phone_kinds, place_words
from api.web.desk import After, Asked, Desk, Id, html
from api.web.documents import DocumentRow, make_rows
from api.web.field_words import Line, show_values
from api.web.merging import PastMerge, list_past, show_past
from api.web.panel import Known, about_client, person_of, see_client
from api.web.place import Place
from api.web.shapes import Person, Pill, Speaker, lateness, make_pill, make_when
from api.web.shell import Around, see_around
from api.web.supplier_words import say_record, say_terms
from api.web.timeline import Past, make_timeline, see_timeline
from api.web.touching import see_touchable, show_touchable
from core import clock
from core.database import ReadTx
from crm.attributes import Attribute, list_attributes
from crm.documents import Document, Which, list_documents
from crm.marketing import MarketingEvent
from crm.parties import (
    Consent,
    Counterparty,
    Firm,
    Group,
    Link,
    ManagerChange,
    Merge,
    consents_of,
    find_kept,
    list_channels,
    list_firms,
    list_groups_of,
    list_links,
    list_manager_changes,
    list_parts_of,
    names_of,
    show_phone,
)
from crm.segments import Segment, Stay
from crm.staff.readable import Viewer
from crm.suppliers import Record, Terms, find_terms, get_record
from mailhub.mailboxes.clients import list_open_of
from mailhub.mailboxes.lists import ThreadRow

OPEN_SHOWN = 4
DOCUMENTS_SHOWN = 5
Kind = Annotated[str, QueryParameter(name="kind", max_length=20)]
BaseId = Annotated[int | None, QueryParameter(name="base", ge=1, le=2**63 - 1)]


@dataclass(frozen=True, slots=True)
class Seen:
    """A client with all that its page shows."""

    known: Known
    hours: HoursForm
    past: Past
    open: list[ThreadRow]
    firms: list[Firm]
    groups: list[Group]
    links: list[Link]
    parts: list[Counterparty]
    parent: str
    channels: dict[int, str]
    consents: dict[int, list[Consent]]
    managers: list[ManagerChange]
    merges: list[Merge]
    documents: list[Document]
    supplier: tuple[Terms, Record] | None
    own: list[Attribute]
    own_of_people: list[Attribute]
    grouped: tuple[list[Stay], list[Segment]]
    touchable: list[MarketingEvent]
    around: Around


@dataclass(frozen=True, slots=True)
class OpenTile:
    """A thread that waits; see templates/web/client.html."""

    url: str
    title: str
    subject: str
    who: str
    pill: Pill | None
    state: str


@dataclass(frozen=True, slots=True)
class CardPerson:
    """Somebody there."""

    person: Person
    addresses: tuple[tuple[str, str], ...]
    phones: tuple[tuple[str, str, str], ...]
    url: str
    mailings: str
    own: list[Line]


@dataclass(frozen=True, slots=True)
class Card:
    """See templates/web/client.html."""

    name: str
    about: str
    facts: list[Line]
    text: str
    open: list[OpenTile]
    firms: list[Firm]
    people: list[CardPerson]
    parts: list[tuple[str, str]]
    links: list[tuple[int, str, str, str]]
    link_kinds: list[tuple[str, str]]
    link_url: str
    managers: list[tuple[str, str]]
    merges: list[PastMerge]
    own: OwnFields
    documents: list[DocumentRow]
    supplier: tuple[list[str], str] | None
    supplier_url: str | None
    documents_url: str
    document_url: str
    may_change: bool
    may_route: bool
    address_url: str
    edit_url: str
    person_url: str
    view_url: str
    write_url: str | None
    merge_url: str


def see_card(tx: ReadTx, viewer: Viewer, client_id: int, kind: str, after: str | None, base_id: int | None) -> Seen:
    """One client, or the one that it was merged into. Raises NotFound."""
    client_id = find_kept(tx, "counterparty", client_id)
    known = see_client(tx, viewer, client_id, history=1)
    client = known.client
    return Seen(
        known=known,
        hours=see_hours(tx, viewer, client_id),
        past=see_timeline(tx, viewer, client_id, kind, after, base_id),
        open=list_open_of(tx, viewer, client_id, OPEN_SHOWN),
        firms=list_firms(tx, client_id),
        groups=list_groups_of(tx, client_id),
        links=list_links(tx, "counterparty", client_id),
        parts=list_parts_of(tx, client_id),
        parent=names_of(tx, [client.parent_id]).get(client.parent_id, "") if client.parent_id else "",
        channels={one.id: one.name for one in list_channels(tx)} if viewer.uses("marketing") else {},
        consents=consents_of(tx, [one.id for one in known.people]),
        managers=list_manager_changes(tx, client_id),
        merges=list_past(tx, "counterparty", client_id),
        documents=_documents(tx, viewer, client_id),
        supplier=_supplier(tx, viewer, client_id),
        own=list_attributes(tx, "counterparty", ended=viewer.uses("fields")),
        own_of_people=list_attributes(tx, "contact", ended=viewer.uses("fields")),
        grouped=see_segments(tx, viewer, client_id),
        touchable=see_touchable(tx, viewer),
        around=see_around(tx, viewer),
    )


def _supplier(tx: ReadTx, viewer: Viewer, client_id: int) -> tuple[Terms, Record] | None:
    terms = find_terms(tx, client_id) if viewer.uses("suppliers") else None
    if terms is None:
        return None
    return terms, get_record(tx, client_id, str(clock.to_datetime(clock.now()).date()))


def _say_supplier(speaker: Speaker, seen: Seen) -> tuple[list[str], str] | None:
    if seen.supplier is None:
        return None
    terms, record = seen.supplier
    return say_terms(speaker, terms), say_record(speaker, record)


def _supplier_url(speaker: Speaker, seen: Seen) -> str | None:
    """Where terms and prices stand; None for who is no supplier."""
    one = seen.known.client
    may = speaker.viewer.uses("suppliers") and (seen.supplier is not None or "supplier" in one.roles)
    return f"/clients/{one.id}/supplier" if may else None


def _documents(tx: ReadTx, viewer: Viewer, client_id: int) -> list[Document]:
    if not viewer.uses("documents"):
        return []
    return list(list_documents(tx, Which(client_id), limit=DOCUMENTS_SHOWN).items)


@get("/clients/{client_id:int}", include_in_schema=False)
async def client(
    door: NamedDependency[Door],
    request: Asked,
    client_id: Id,
    kind: Kind = "",
    after: After = None,
    base: BaseId = None,
) -> Response[str]:
    """Facts, people, what is open, what happened."""
    desk = Desk(door, request)

    def render(viewer: Viewer, seen: Seen) -> str:
        speaker = desk.speaker(viewer)
        card, timeline = make_card(speaker, seen), make_timeline(speaker, seen.known.client.id, seen.past)
        opened = make_opened(speaker, seen.known.client.id, seen.known.coming)
        data: dict[str, Any] = {"client": card, "timeline": timeline, "hours": seen.hours, "opened": opened}
        data["touchable"] = show_touchable(speaker, seen.known.client.id, seen.touchable, seen.known.people)
        data["grouped"] = show_segments(speaker, seen.known.client.id, seen.grouped)
        return desk.render("client.html", speaker, seen.around, "clients", **data)

    return html(await door.page(render, see_card, client_id, kind, after, base))


def make_card(speaker: Speaker, seen: Seen) -> Card:
    """The page's left side and its tiles."""
    one = seen.known.client
    return Card(
        name=one.name,
        about=about_client(speaker, one),
        facts=_facts(speaker, seen),
        text=one.about,
        open=[_tile(speaker, row) for row in seen.open],
        firms=seen.firms,
        people=_people(speaker, seen),
        parts=[(part.name, f"/clients/{part.id}") for part in seen.parts],
        links=[link_words(speaker, link) for link in seen.links],
        link_kinds=list(link_kinds(speaker).items()),
        managers=[_manager(speaker, seen.past.users, change) for change in seen.managers],
        merges=show_past(speaker, seen.merges),
        own=show_fields(speaker, one.id, seen.own, one.attributes),
        documents=make_rows(speaker, seen.documents, {}, {}),
        supplier=_say_supplier(speaker, seen),
        supplier_url=_supplier_url(speaker, seen),
        documents_url=f"/documents?client={one.id}",
        document_url=f"/clients/{one.id}/documents/new",
        may_change=speaker.viewer.may_somewhere("answer"),
        may_route=speaker.viewer.may_somewhere("assign"),
        address_url=f"/clients/{one.id}/addresses",
        edit_url=f"/clients/{one.id}/edit",
        person_url=f"/clients/{one.id}/people/new",
        view_url=f"/views/new?client={one.id}",
        write_url=_write_url(seen),
        link_url=f"/clients/{one.id}/links",
        merge_url=f"/clients/{one.id}/merge",
    )


def _write_url(seen: Seen) -> str | None:
    """A new letter to the first of its people with an address, else to the client's own address."""
    held = [at.address for person in seen.known.people for at in person.addresses]
    address = next(iter([*held, *(at.address for at in seen.known.client.addresses)]), None)
    return f"/write?{urlencode({'to': address})}" if address else None


def _facts(speaker: Speaker, seen: Seen) -> list[Line]:
    one, facts, manager = seen.known.client, seen.known.facts, seen.known.manager
    last_in, last_out = make_when(speaker, facts.last_in, long=True), make_when(speaker, facts.last_out, long=True)
    kinds, phones = address_kinds(speaker), phone_kinds(speaker)
    waits = speaker.say("Nobody")
    if facts.waiting_since is not None:
        waits = speaker.say("For us")
    elif facts.last_out is not None and facts.last_out > (facts.last_in or 0):
        waits = speaker.say("For them")
    told = [
        (speaker.say("Responsible"), manager.name if manager else speaker.say("Nobody"), None),
        (speaker.say("They wrote"), last_in.text if last_in else "", None),
        (speaker.say("We wrote"), last_out.text if last_out else "", None),
        (speaker.say("Waiting"), waits, None),
        (place_words(speaker)[one.parent_as], seen.parent, f"/clients/{one.parent_id}"),
        (speaker.say("Groups"), ", ".join(group.name for group in seen.groups), None),
        *((_named(speaker.say("Address"), kinds, at.kind), at.address, None) for at in one.addresses),
        *((_named(speaker.say("Telephone"), phones, at.kind), show_phone(at), f"tel:{at.number}") for at in one.phones),
        (speaker.say("Domains"), ", ".join(one.domains), None),
        (speaker.say("Language"), speaker.language.language_name(one.language) if one.language else "", None),
        (speaker.say("Time zone"), one.time_zone, None),
        (speaker.say("Birthday"), one.birthday.removeprefix("--"), None),
        *_came_by(speaker, seen),
    ]
    return [(name, value, url) for name, value, url in told if value]


def _came_by(speaker: Speaker, seen: Seen) -> list[Line]:
    """The channel, and the first one with its day where it is another."""
    one = seen.known.client
    now, first = seen.channels.get(one.channel_id or 0, ""), seen.channels.get(one.first_channel_id or 0, "")
    day = speaker.language.format_date(one.first_channel_at) if one.first_channel_at is not None else ""
    if now == first:
        return [(speaker.say("Came by"), f"{now}, {day}" if now else "", None)]
    return [(speaker.say("Came by"), now, None), (speaker.say("First came by"), f"{first}, {day}", None)]


def _named(name: str, kinds: dict[str, str], kind: str) -> str:
    return f"{name}, {kinds[kind]}" if kind else name


def _tile(speaker: Speaker, row: ThreadRow) -> OpenTile:
    waits = row.waiting_for == "us"
    pill = None
    if waits and row.waiting_since is not None:
        pill = make_pill(speaker, row.waiting_since, row.due_at)
    return OpenTile(
        url=Place("all").thread(row.id),
        title=speaker.say("Waiting for us") if waits else speaker.say("Open"),
        subject=row.subject or speaker.say("no subject"),
        who=" · ".join(part for part in (row.who, row.executor_name or speaker.say("nobody answers")) if part),
        pill=pill,
        state=lateness(row, speaker.now) or "",
    )


def _people(speaker: Speaker, seen: Seen) -> list[CardPerson]:
    client_id = seen.known.client.id
    kinds, phones = address_kinds(speaker), phone_kinds(speaker)
    shown = []
    for one in seen.known.people:
        said = seen.consents.get(one.id, [])
        mailings = ""
        if said:
            mailings = speaker.say("mailings: yes") if said[0].given else speaker.say("mailings: no")
        shown.append(
            CardPerson(
                person=person_of(speaker, one, position=one.position_at(client_id)),
                addresses=tuple((at.address, kinds[at.kind] if at.kind else "") for at in one.addresses),
                phones=tuple((show_phone(at), at.number, phones[at.kind] if at.kind else "") for at in one.phones),
                url=f"/clients/{client_id}/people/{one.id}",
                mailings=mailings,
                own=[line for part in show_values(speaker, seen.own_of_people, one.attributes) for line in part.lines],
            )
        )
    return shown


def _manager(speaker: Speaker, users: dict[int, str], change: ManagerChange) -> tuple[str, str]:
    when = make_when(speaker, change.at, long=True)
    nobody = speaker.say("Nobody")
    names = [users.get(one, nobody) if one else nobody for one in (change.before_id, change.manager_id)]
    return " → ".join(names), when.text if when else ""


ROUTES = [client]

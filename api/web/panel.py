"""The client beside an open thread, or who an unknown sender may be."""

from __future__ import annotations

import re
from dataclasses import dataclass

from api.web.card_open import Coming, Opened, make_opened, see_coming
from api.web.letters import names_another
from api.web.place import Place
from api.web.shapes import Person, Speaker, lateness, make_person, make_when
from api.web.thread import Seen
from core.clock import iso
from core.database import ReadTx
from crm.interactions import HIDDEN, Interaction, LetterFacts, count_history, get_letter_facts, list_history
from crm.parties import Contact, Counterparty, get_counterparty, list_people_of
from crm.parties.matching import FREE_MAIL, registered_domain
from crm.staff.people import User, list_users
from crm.staff.readable import Viewer
from mailhub.mailboxes.proposals import Proposals
from mailhub.mailboxes.reading import OpenThread

SHOWN_PEOPLE = 5
SHOWN_HISTORY = 10
_ADDRESS = re.compile(r"<?[^\s<>]+@[^\s<>]+>?")  # a name never begins a form with somebody's address in it


@dataclass(frozen=True, slots=True)
class Known:
    """A client with what one sees of it."""

    client: Counterparty
    manager: User | None
    people: list[Contact]
    facts: LetterFacts
    history: list[Interaction]
    history_count: int
    coming: Coming


@dataclass(frozen=True, slots=True)
class Waiting:
    """Whether they wait for us."""

    state: str
    text: str


@dataclass(frozen=True, slots=True)
class Past:
    """A line of the history."""

    icon: str
    text: str
    url: str | None
    lang: str | None
    time_iso: str
    time_text: str


@dataclass(frozen=True, slots=True)
class ClientPanel:
    """See templates/web/_panel.html."""

    name: str
    url: str
    about: str
    manager: str | None
    waiting: Waiting
    they_wrote: str | None
    we_wrote: str | None
    people: list[Person]
    people_count: int
    history: list[Past]
    history_count: int
    history_url: str
    coming: Opened
    kind: str = "client"


@dataclass(frozen=True, slots=True)
class Fact:
    """Something read from the letter."""

    name: str
    value: str
    lang: str | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """A button that says whose the letter is."""

    title: str
    text: str
    fields: dict[str, str]


@dataclass(frozen=True, slots=True)
class NewClient:
    """What the form for a new client begins with."""

    name: str
    contact: str
    domain: str | None


@dataclass(frozen=True, slots=True)
class UnknownPanel:
    """See templates/web/_panel.html."""

    title: str
    text: str
    facts: list[Fact]
    answer_url: str
    answers: list[Answer]
    find_url: str
    new: NewClient
    may_answer: bool
    doubtful: bool
    kind: str = "unknown"


def see_client(tx: ReadTx, viewer: Viewer, counterparty_id: int, *, history: int = SHOWN_HISTORY) -> Known:
    """A client, its people and what happened with it, as far as the viewer may see. Raises NotFound."""
    client = get_counterparty(tx, counterparty_id)
    staff = {user.id: user for user in list_users(tx)}
    return Known(
        client=client,
        manager=staff.get(client.manager_id or 0),
        people=list_people_of(tx, counterparty_id),
        facts=get_letter_facts(tx, viewer, counterparty_id),
        history=list_history(tx, viewer, counterparty_id, limit=history),
        history_count=count_history(tx, viewer, counterparty_id),
        coming=see_coming(tx, viewer, counterparty_id),
    )


def make_client_panel(speaker: Speaker, place: Place, known: Known, opened: OpenThread) -> ClientPanel:
    """The panel; the writer of the newest letter is marked among the people."""
    wrote = opened.row.who_address.lower()
    writer = next((person.id for person in known.people if wrote in person.emails), None)
    people = sorted(known.people, key=lambda person: person.id != writer)
    late = lateness(opened.row, speaker.now)
    return ClientPanel(
        name=known.client.name,
        url=f"/clients/{known.client.id}",
        about=about_client(speaker, known.client),
        manager=known.manager.name if known.manager else None,
        waiting=_waiting(speaker, known.facts, late),
        they_wrote=_long(speaker, known.facts.last_in),
        we_wrote=_long(speaker, known.facts.last_out),
        people=[person_of(speaker, person, writer=person.id == writer) for person in people[:SHOWN_PEOPLE]],
        people_count=len(people),
        history=[make_past(speaker, line, place) for line in known.history],
        history_count=known.history_count,
        history_url=f"/clients/{known.client.id}",
        coming=make_opened(speaker, known.client.id, known.coming, thread_id=opened.row.id),
    )


def make_unknown_panel(speaker: Speaker, place: Place, seen: Seen, proposed: Proposals) -> UnknownPanel:
    """Who is this? With a choice where several clients may be meant, or look alike."""
    row, opened = seen.open.row, seen.open
    address, name = row.who_address, _ADDRESS.sub("", row.who).strip()
    domain = address.rpartition("@")[2].lower()
    pairs = opened.match.get("pairs", [])
    answers = [
        Answer(
            client or contact or "",
            contact or address,
            {"counterparty_id": str(counterparty_id), "contact_id": str(contact_id or "")},
        )
        for (contact_id, counterparty_id), (contact, client) in zip(pairs, seen.matched, strict=True)
        if counterparty_id is not None
    ]
    sure = len(answers)
    known = {counterparty_id for _, counterparty_id in pairs}
    answers += [
        Answer(one.name, speaker.say("looks alike"), {"counterparty_id": str(one.id), "contact_id": ""})
        for one in proposed.similar
        if one.id not in known
    ]
    text = speaker.say("Nobody here knows this address or its domain. One answer, and the letter finds its place.")
    unproved = any(seen.doubts.about(message.id) for message in opened.messages)
    if unproved:
        text = speaker.say("It is not proved who wrote this. Choose a client only if you know it in another way.")
    elif sure > 1:
        text = speaker.say("Several clients may be meant. One answer, and the letter finds its place.")
    elif opened.match.get("refused"):
        text = speaker.say("Somebody said that this address is not a client. You may decide otherwise.")
    facts = [Fact(speaker.say("Name"), name, row.language or None)] if name else []
    own_domain = domain if domain and domain not in FREE_MAIL else None
    if proposed.company:
        facts.append(Fact(speaker.say("Company"), proposed.company, row.language or None))
    label = registered_domain(own_domain).partition(".")[0] if own_domain else ""
    company = proposed.company or label.replace("-", " ").title() or name
    return UnknownPanel(
        title=speaker.say("Who is this?"),
        text=text,
        facts=[*facts, Fact(speaker.say("Address"), address)],
        answer_url=place.act(row.id, "sender"),
        answers=answers,
        find_url=place.act(row.id, "clients"),
        new=NewClient(company or address, name or address.partition("@")[0], own_domain),
        may_answer=speaker.viewer.may("answer", row.scope_id, row.executor_id),
        doubtful=unproved or names_another(row.who, address),
    )


def about_client(speaker: Speaker, client: Counterparty) -> str:
    """``Customer · Sofia``."""
    names = {
        "customer": speaker.say("Customer"),
        "supplier": speaker.say("Supplier"),
        "competitor": speaker.say("Competitor"),
        "partner": speaker.say("Partner"),
        "other": speaker.say("Other"),
    }
    roles = ", ".join(names[role] for role in client.roles if role in names)
    return " · ".join(part for part in (roles, client.city) if part)


def person_of(speaker: Speaker, person: Contact, *, writer: bool = False, position: str | None = None) -> Person:
    """A contact with their position (``position`` where they are told of at one client), the writer marked."""
    wrote = speaker.say("wrote this letter") if writer else ""
    about = " · ".join(part for part in (position or person.position, wrote) if part)
    return make_person(person.name, person_id=person.id, about=about or ", ".join(person.emails[:1]) or None)


def make_past(speaker: Speaker, line: Interaction, place: Place) -> Past:
    """A letter on the timeline, with the way to its thread."""
    when = make_when(speaker, line.happened_at)
    assert when is not None
    return Past(
        icon="arrow-up-right" if line.direction == "out" else "arrow-down-left",
        text=speaker.say("There was a letter") if line.kind == HIDDEN else line.subject or speaker.say("no subject"),
        url=place.thread(line.thread_id) if line.thread_id is not None else None,
        lang=None,
        time_iso=iso(line.happened_at),
        time_text=when.text,
    )


def _waiting(speaker: Speaker, facts: LetterFacts, late: str | None) -> Waiting:
    if facts.waiting_since is None:
        return Waiting("done", speaker.say("Does not wait for us"))
    if late is None:
        return Waiting("none", speaker.say("Not answered since %(when)s", when=_long(speaker, facts.waiting_since)))
    said = speaker.say("Waiting for us since %(when)s", when=_long(speaker, facts.waiting_since))
    return Waiting({"late": "late", "soon": "soon"}.get(late or "", "none"), said)


def _long(speaker: Speaker, instant: int | None) -> str | None:
    when = make_when(speaker, instant, long=True)
    return None if when is None else when.text

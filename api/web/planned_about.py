"""What a page about something planned reads: the client with its people, on which basis, and its guests."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from api.web.guests import SeenGuests, see_guests
from api.web.shell import Around, see_around
from core.database import ReadTx
from core.errors import NotFound
from core.secrets import Keys
from crm.interactions import find_line_of_thread, get_interaction
from crm.parties import find_contact, list_people_of, names_of
from crm.planner import Planned, get_planned
from crm.staff.people import list_users
from crm.staff.readable import Viewer


@dataclass(frozen=True, slots=True)
class About:
    """What a form plans about: the client with its people, on which basis."""

    client_id: int | None
    client: str
    contacts: list[tuple[int, str]]
    users: list[tuple[int, str]]
    contact_id: int | None = None
    subject: str = ""
    based_on_id: int | None = None
    before: Planned | None = None
    around: Around | None = None
    guests: SeenGuests | None = None
    invited: list[tuple[int, str]] = field(default_factory=list)


def see_about(tx: ReadTx, viewer: Viewer, client_id: int | None, base_id: int | None, thread_id: int | None) -> About:
    """Raises NotFound for a client, a line or a thread that is not seen."""
    line = None
    if thread_id is not None:
        found = find_line_of_thread(tx, viewer, thread_id)
        if found is None:
            raise NotFound("There is no thread with the number %(id)s.", id=thread_id)
        client_id, line = found
    elif base_id is not None:
        client_id, line = get_interaction(tx, viewer, base_id)
    return _about(tx, viewer, client_id, line.contact_id if line else None, line.subject if line else "", line)


def _about(tx: ReadTx, viewer: Viewer, client_id: int | None, contact_id: int | None, subject: str, line: Any) -> About:
    name = names_of(tx, [client_id]).get(client_id) if client_id is not None else ""
    if name is None:
        raise NotFound("There is no client with the number %(id)s.", id=client_id)
    people = list_people_of(tx, client_id) if client_id is not None else []
    users = [(one.id, one.name) for one in list_users(tx) if not one.disabled]
    based = line.id if line is not None else None
    contacts = [(one.id, one.name) for one in people]
    return About(client_id, name, contacts, users, contact_id, subject, based, None, see_around(tx, viewer))


def see_planned(tx: ReadTx, viewer: Viewer, planned_id: int) -> About:
    """Something planned, with what its form chooses from. Raises NotFound."""
    one = get_planned(tx, viewer, planned_id)
    found = _about(tx, viewer, one.counterparty_id, one.contact_id, one.subject, None)
    there = dict(found.contacts)
    others = (find_contact(tx, number) for number in one.contact_ids if number not in there)
    return replace(found, before=one, invited=[(person.id, person.name) for person in others if person is not None])


def see_page(tx: ReadTx, viewer: Viewer, keys: Keys, planned_id: int) -> About:
    """``see_planned`` with its guests. Raises NotFound."""
    found = see_planned(tx, viewer, planned_id)
    assert found.before is not None
    return replace(found, guests=see_guests(tx, viewer, keys, found.before))

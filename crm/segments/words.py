"""The words of rules about clients and contacts: which fields they have, in SQL; asked one by one (``facts``) they are
read by the same SQL.

Everybody may ask, so nothing here looks into a personal mailbox: letters are counted in public ones, what is planned
and promised there and in the house.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, Table, and_, case, cast, func, or_, select

from core.columns import Id
from core.database import ReadTx
from core.json_values import JsonValue
from core.rules import Field, Vocabulary
from crm.attributes import Attribute, Holder, field_of, list_attributes
from crm.attributes.tables import attribute_choice
from crm.execution.tables import promise
from crm.interactions import HOUSE, KINDS, interaction, letter_facts
from crm.parties.personal import sort_name
from crm.parties.tables import (
    affiliation,
    consent,
    contact,
    counterparty,
    counterparty_domain,
    group_member,
    party_address,
)
from crm.planner.tables import occurrence
from crm.segments.document_words import document_fields
from crm.segments.shapes import TABLES, Of
from crm.segments.tables import segment, segment_member
from crm.segments.touch_words import touch_field
from crm.staff.modules import find_off
from crm.staff.tables import scope

KINDS_OF_CLIENTS = {"company": "a company", "person": "a person"}
ROLES_SAID = {
    "customer": "customer",
    "supplier": "supplier",
    "competitor": "competitor",
    "partner": "partner",
    "other": "other",
}
LANGUAGES = {"en": "English", "uk": "Ukrainian", "ru": "Russian", "bg": "Bulgarian", "vi": "Vietnamese"}
LAST_SAID = {"us": "one of us", "them": "the client"}
SAID_OF_MAILINGS = {"yes": "yes", "no": "no"}
_PUBLIC = select(scope.c.id).where(scope.c.kind == "public")
_TALKS = tuple(kind for kind in KINDS if kind not in ("note", "wish"))


def _flag(condition: Any) -> ColumnElement[int]:
    return case((condition, 1), else_=0)


def _open_to_all(column: ColumnElement[Any]) -> ColumnElement[bool]:
    return or_(column == HOUSE, column.in_(_PUBLIC))


def _of(owner: ColumnElement[Any], value: ColumnElement[Any], thing: ColumnElement[Any], *more: Any) -> dict[str, Any]:
    """The members that a table holds: of one thing, and of many."""
    members = select(owner.label("owner"), value.label("value")).where(*more)
    return {"column": value, "within": select(value).where(owner == thing, *more), "members": members}


def _letters(value: ColumnElement[Any]) -> ColumnElement[Any]:
    here = letter_facts.c.counterparty_id == counterparty.c.id
    return select(value).where(here, letter_facts.c.scope_id.in_(_PUBLIC)).correlate(counterparty).scalar_subquery()


def _first_promise(side: str) -> ColumnElement[Any]:
    here = and_(promise.c.counterparty_id == counterparty.c.id, promise.c.state == "open", promise.c.side == side)
    found = select(func.min(promise.c.due_at)).where(here, _open_to_all(promise.c.scope_id))
    return found.correlate(counterparty).scalar_subquery()


def _next_planned() -> ColumnElement[Any]:
    here = and_(occurrence.c.counterparty_id == counterparty.c.id, occurrence.c.state == "open")
    found = select(func.min(occurrence.c.due_at)).where(here, _open_to_all(occurrence.c.scope_id))
    return found.correlate(counterparty).scalar_subquery()


def _last_talk() -> ColumnElement[Any]:
    here = and_(interaction.c.counterparty_id == counterparty.c.id, interaction.c.kind.in_(_TALKS))
    found = select(func.max(interaction.c.happened_at)).where(here, _open_to_all(interaction.c.scope_id))
    return found.correlate(counterparty).scalar_subquery()


def _segments(owner: ColumnElement[Any], thing: ColumnElement[Any], *more: Any) -> dict[str, Any]:
    stands = (
        segment.c.id == segment_member.c.segment_id,
        segment.c.version == segment_member.c.version,
        segment.c.ended_at.is_(None),
    )
    return _of(owner, segment_member.c.segment_id, thing, *stands, *more)


_COUNT = cast(func.coalesce(func.sum(letter_facts.c.letters), 0), Id)
_LAST_IN, _LAST_OUT = _letters(func.max(letter_facts.c.last_in)), _letters(func.max(letter_facts.c.last_out))
_WROTE_LAST = case(
    (and_(_LAST_IN.is_not(None), or_(_LAST_OUT.is_(None), _LAST_IN > _LAST_OUT)), "them"),
    (_LAST_OUT.is_not(None), "us"),
)
_POSITION = case((affiliation.c.position_folded != "", affiliation.c.position_folded), else_=contact.c.position_folded)
_RAW_POSITION = case((affiliation.c.position != "", affiliation.c.position), else_=contact.c.position)


def _positions() -> dict[str, Any]:
    """What the people of a client are there; those who are nothing in particular are left out."""
    same = contact.c.id == affiliation.c.contact_id
    there = _of(affiliation.c.counterparty_id, _POSITION, counterparty.c.id, same, _POSITION != "")
    raw = select(affiliation.c.counterparty_id.label("owner"), _RAW_POSITION.label("value")).where(
        same, _POSITION != ""
    )
    return {**there, "members": raw}


def _client_fields() -> list[Field]:
    me = counterparty.c.id
    people = select(func.count()).where(affiliation.c.counterparty_id == me).correlate(counterparty).scalar_subquery()
    in_person = _segments(affiliation.c.counterparty_id, me, affiliation.c.contact_id == segment_member.c.party_id,
                          segment.c.of == "contacts")  # fmt: skip
    own = _segments(segment_member.c.party_id, me, segment.c.of == "counterparties")
    groups = _of(group_member.c.counterparty_id, group_member.c.group_id, me)
    domains = _of(counterparty_domain.c.counterparty_id, counterparty_domain.c.domain, me)
    return [
        Field("name", "text", "the name", counterparty.c.name_folded, fold=sort_name, raw=counterparty.c.name),
        Field("kind", "choice", "the client", counterparty.c.kind, choices=KINDS_OF_CLIENTS),
        Field("roles", "choices", "the roles", counterparty.c.roles, choices=ROLES_SAID),
        Field("city", "text", "the city", counterparty.c.city_folded, fold=sort_name, raw=counterparty.c.city),
        Field("language", "choice", "the language", func.nullif(counterparty.c.language, ""), choices=LANGUAGES),
        Field("channel", "reference", "the channel they came by", counterparty.c.channel_id, of="channels",
              part="marketing"),
        Field("channel.first", "reference", "the first channel they came by", counterparty.c.first_channel_id,
              of="channels", part="marketing"),
        Field("channel.since", "moment", "the day they first came by a channel", counterparty.c.first_channel_at,
              part="marketing"),
        Field("manager", "reference", "the responsible manager", counterparty.c.manager_id, of="users"),
        Field("parent", "reference", "the company above it", counterparty.c.parent_id, of="clients"),
        Field("groups", "references", "the groups", of="groups", **groups),
        Field("segments", "references", "the segments of the client", of="segments", part="segments", **own),
        Field("domains", "list", "the domains", **domains),
        Field("added", "moment", "the day it was added", counterparty.c.created_at),
        Field("people", "number", "the number of its people", people),
        Field("people.positions", "texts", "the positions of its people", fold=sort_name, **_positions()),
        Field("people.segments", "references", "the segments of its people", of="people_segments", part="segments",
              **in_person),
        Field("letters.last_in", "moment", "their last letter", _LAST_IN),
        Field("letters.last_out", "moment", "our last letter", _LAST_OUT),
        Field("letters.waiting", "moment", "the time since which they wait for our answer",
              _letters(func.min(letter_facts.c.waiting_since))),
        Field("letters.last_from", "choice", "who wrote last", _WROTE_LAST, choices=LAST_SAID),
        Field("letters", "number", "the number of letters", _letters(_COUNT)),
        Field("talks.last", "moment", "the last call or meeting", _last_talk()),
        Field("planned.next", "moment", "the next thing planned", _next_planned(), part="calendar"),
        Field("promises.ours", "moment", "our most urgent promise", _first_promise("us"), part="promises"),
        Field("promises.theirs", "moment", "their most urgent promise", _first_promise("them"), part="promises"),
        touch_field(counterparty),
        *(replace(one, part="documents") for one in document_fields()),
    ]  # fmt: skip


def _last_word() -> ColumnElement[Any]:
    """What a person said of mailings last."""
    newest = select(consent.c.given).where(consent.c.contact_id == contact.c.id)
    given = newest.order_by(consent.c.at.desc(), consent.c.id.desc()).limit(1).correlate(contact).scalar_subquery()
    return case((given == 1, "yes"), (given == 0, "no"))


def _contact_fields() -> list[Field]:
    me, client = contact.c.id, counterparty.c.id == affiliation.c.counterparty_id
    here = affiliation.c.contact_id
    reached = select(party_address.c.id).where(party_address.c.contact_id == me).correlate(contact).exists()
    there = _of(here, affiliation.c.position_folded, me, affiliation.c.position_folded != "")
    there["members"] = select(here.label("owner"), affiliation.c.position.label("value")).where(
        affiliation.c.position_folded != ""
    )
    cities = _of(here, counterparty.c.city_folded, me, client, counterparty.c.city_folded != "")
    cities["members"] = select(here.label("owner"), counterparty.c.city.label("value")).where(
        client, counterparty.c.city_folded != ""
    )
    managers = _of(here, counterparty.c.manager_id, me, client, counterparty.c.manager_id.is_not(None))
    own = _segments(segment_member.c.party_id, me, segment.c.of == "contacts")
    of_clients = _segments(here, me, affiliation.c.counterparty_id == segment_member.c.party_id,
                           segment.c.of == "counterparties")  # fmt: skip
    clients = _of(here, affiliation.c.counterparty_id, me)
    return [
        Field("name", "text", "the name", contact.c.name_folded, sort_name, raw=contact.c.name),
        Field("position", "text", "the position", contact.c.position_folded, sort_name, raw=contact.c.position),
        Field("positions", "texts", "the positions at clients", fold=sort_name, **there),
        Field("language", "choice", "the language", func.nullif(contact.c.language, ""), choices=LANGUAGES),
        Field(
            "consent", "choice", "the last word on mailings", _last_word(), choices=SAID_OF_MAILINGS, part="mailings"
        ),
        Field("reached", "flag", "there is an address", _flag(reached)),
        Field("segments", "references", "the segments of the person", of="people_segments", part="segments", **own),
        Field("clients", "references", "the clients", of="clients", **clients),
        Field(
            "clients.segments", "references", "the segments of the client", of="segments", part="segments", **of_clients
        ),
        Field("clients.city", "texts", "the cities of the clients", fold=sort_name, **cities),
        Field("clients.managers", "references", "the managers of the clients", of="users", **managers),
        Field("added", "moment", "the day it was added", contact.c.created_at),
        touch_field(contact),
    ]


_FIELDS: dict[Of, list[Field]] = {"counterparties": _client_fields(), "contacts": _contact_fields()}
NAMES_SEGMENTS = frozenset({"segments", "people.segments", "clients.segments"})
"""The fields whose values are segments."""
HOLDERS: dict[Of, Holder] = {"counterparties": "counterparty", "contacts": "contact"}


def words_of(tx: ReadTx, of: Of, *, ended: bool = False) -> Vocabulary:
    """The words for rules about these, with the fields that people added; with ``ended`` also those that are offered
    no more, for rules that name them already."""
    return _words(of, tuple(list_attributes(tx, HOLDERS[of], ended=ended)), find_off(tx), ended)


@lru_cache(maxsize=64)
def _words(of: Of, attributes: tuple[Attribute, ...], off: frozenset[str], ended: bool) -> Vocabulary:
    fields = [*_FIELDS[of], *(_added(one, TABLES[of]) for one in attributes)]
    return Vocabulary(of, fields if ended else [one for one in fields if one.part not in off], off)


def _added(attribute: Attribute, table: Table) -> Field:
    """A field that somebody added, as it is asked of sets and read for one."""
    word = replace(field_of(attribute, table), part="fields")
    if attribute.type in ("text", "link"):
        return replace(word, raw=JsonValue(table.c.attributes, attribute.key, "text"))
    if attribute.type == "choices":
        rows = select(attribute_choice.c.holder_id.label("owner"), attribute_choice.c.choice.label("value"))
        theirs = rows.where(attribute_choice.c.of == attribute.of, attribute_choice.c.key == attribute.key)
        return replace(word, type="choices", members=theirs)
    return word

"""What the things are called that rules about clients and contacts name, and what stood in their fields."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from core.database import ReadTx
from core.language import Language
from core.rules import Field, Wording
from crm.documents import list_groups as list_item_groups
from crm.marketing import names_of_marketing_events
from crm.parties import list_channels, list_groups, names_of
from crm.segments.reading import list_segments
from crm.staff.people import list_users

Names = dict[str, dict[int, str]]
"""By ``Field.of``: numbers and what they are called."""


def read_names(tx: ReadTx, client_ids: Iterable[int] = ()) -> Names:
    """Whatever a rule may name; of clients only these."""
    segments = list_segments(tx)
    return {
        "users": {one.id: one.name for one in list_users(tx)},
        "channels": {one.id: one.name for one in list_channels(tx)},
        "groups": {one.id: one.name for one in list_groups(tx)},
        "segments": {one.id: one.name for one in segments if one.of == "counterparties"},
        "people_segments": {one.id: one.name for one in segments if one.of == "contacts"},
        "marketing_events": names_of_marketing_events(tx),
        "item_groups": {one.id: one.name for one in list_item_groups(tx)},
        "clients": names_of(tx, client_ids),
    }


def wording_of(language: Language, names: Mapping[str, Mapping[int, str]]) -> Wording:
    """How rules are said in this language."""
    return Wording(language, lambda field, number: names.get(field.of, {}).get(number, "?"))


def list_clients_named(pairs: Iterable[tuple[Field, Any]]) -> set[int]:
    """The clients among values of fields, those of conditions or those that somebody had."""
    found: set[int] = set()
    for field, value in pairs:
        if field.of == "clients":
            found.update(one for one in (value if isinstance(value, list | tuple) else [value]) if type(one) is int)
    return found


def say_fact(field: Field, value: Any, wording: Wording) -> str:
    """What somebody had in a field: a name, a day, “yes”; ‘’ for nothing."""
    if value is None or value in ([], ""):
        return ""
    if isinstance(value, list):
        return ", ".join(say_fact_of_one(field, one, wording) for one in value)
    return say_fact_of_one(field, value, wording)


def say_fact_of_one(field: Field, value: Any, wording: Wording) -> str:
    """One value as people read it."""
    language = wording.language
    if field.type in ("choice", "choices"):
        return language.gettext(field.choices.get(value, str(value)))
    if field.type in ("reference", "references"):
        return wording.name(field, value)
    if field.type == "moment":
        return language.format_datetime(value)
    if field.type == "flag":
        return language.gettext("yes") if value else language.gettext("no")
    if field.type == "number":
        shown = language.format_number(value / 10**field.scale if field.scale else value)
        return f"{shown} {language.gettext(field.unit)}" if field.unit else shown
    return str(value)

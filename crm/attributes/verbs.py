"""Fields are added, changed, put in order, retired and brought back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select

from core import clock
from core.changes import record_change
from core.database import ReadTx, WriteTx
from core.errors import Conflict, Invalid, TooMuch
from core.fulltext import fold
from core.json_values import KEY
from core.money import read_currency
from crm.attributes.filtering import list_listed
from crm.attributes.indexes import set_uses
from crm.attributes.keys import LONGEST, make_key
from crm.attributes.reading import get_attribute, list_attributes
from crm.attributes.shapes import HOLDERS, TYPES, Attribute, Choice, Holder, Type
from crm.attributes.tables import attribute

MOST = 200
MOST_CHOICES = 500
LONGEST_LABEL = 100


@dataclass(frozen=True, slots=True)
class NewChoice:
    """A choice to offer: without a ``key`` the label is its key, unless one of that label is there already."""

    label: str
    key: str = ""


def add_attribute(
    tx: WriteTx,
    of: Holder,
    label: str,
    kind: Type,
    *,
    key: str = "",
    required: bool = False,
    listed: bool = False,
    choices: Iterable[NewChoice] = (),
    group: str = "",
    currency: str = "",
) -> Attribute:
    """Add a field, the last of its kind of thing. Without a ``key`` one is made from the label. ``currency`` is for
    money. Raises Invalid, Conflict where the key or the label is taken, TooMuch."""
    if of not in HOLDERS:
        raise Invalid("There are no fields of “%(of)s”.", of=str(of)[:60], field="of")
    if kind not in TYPES:
        raise Invalid("There is no type “%(type)s”. There are: %(types)s.",
                      type=str(kind)[:60], types=", ".join(TYPES), field="type")  # fmt: skip
    tx.lock_key("attributes", of)
    there = list_attributes(tx, of, ended=True)
    if len(there) >= MOST:
        raise TooMuch("There are at most %(most)s fields of one kind.", most=MOST)
    label = _label(label, there, None)
    taken = {one.key for one in there}
    if key and (not KEY.fullmatch(key) or len(key) > LONGEST):
        raise Invalid("A key has small Latin letters, digits and _, and begins with a letter.", field="key")
    if key in taken:
        raise Conflict("There is already a field with the key “%(key)s”.", key=key)
    offered = _choices((), choices)
    if (kind in ("choice", "choices")) != bool(offered):
        said = "Write what may be chosen." if not offered else "Only a field of choices has choices."
        raise Invalid(said, field="choices")
    made = tx.insert(
        attribute,
        of=of,
        key=key or make_key(label, taken),
        label=label,
        type=kind,
        required=int(required),
        listed=int(listed),
        choices=offered,
        group=_group(group),
        place=max((one.place for one in there), default=0) + 1,
        currency=read_currency(currency) if kind == "money" else "",
        created_at=clock.now(),
    )
    record_change(tx, "attribute.added", made, fields={"of": of})
    _use_listed(tx, of)
    return get_attribute(tx, made)


def change_attribute(
    tx: WriteTx,
    attribute_id: int,
    *,
    label: str | None = None,
    required: bool | None = None,
    listed: bool | None = None,
    choices: Iterable[NewChoice] | None = None,
    group: str | None = None,
) -> Attribute:
    """Change what is given; key, type and currency stay for ever. A choice that is not among ``choices`` is offered no
    more, and who has it keeps it. Raises NotFound, Invalid, Conflict."""
    tx.lock(attribute, attribute_id)
    now = get_attribute(tx, attribute_id)
    values: dict[str, Any] = {}
    if label is not None:
        values["label"] = _label(label, list_attributes(tx, now.of, ended=True), now.id)
    if required is not None:
        values["required"] = int(required)
    if listed is not None:
        values["listed"] = int(listed)
    if group is not None:
        values["group"] = _group(group)
    if choices is not None:
        values["choices"] = _choices(now.choices, choices)
        offers = any(not one.get("ended") for one in values["choices"])
        if now.type not in ("choice", "choices") and values["choices"]:
            raise Invalid("Only a field of choices has choices.", field="choices")
        if now.type in ("choice", "choices") and not offers:
            raise Invalid("Write what may be chosen.", field="choices")
    if values:
        tx.change(attribute, attribute_id, **values)
        record_change(tx, "attribute.changed", attribute_id, fields={"of": now.of})
        _use_listed(tx, now.of)
    return get_attribute(tx, attribute_id)


def order_attributes(tx: WriteTx, of: Holder, ids: Sequence[int]) -> None:
    """These fields in this order, those not named behind them as they stood. Raises Invalid for one of another kind."""
    tx.lock_key("attributes", of)
    there = [one.id for one in list_attributes(tx, of, ended=True)]
    if len(set(ids)) != len(ids) or not set(ids) <= set(there):
        raise Invalid("Name each of these fields once.", field="ids")
    for place, one in enumerate([*ids, *(one for one in there if one not in set(ids))], 1):
        tx.change(attribute, one, place=place)
    if ids:
        record_change(tx, "attribute.changed", ids[0], fields={"of": of})
    _use_listed(tx, of)


def end_attribute(tx: WriteTx, attribute_id: int) -> Attribute:
    """Ask for a field no more. What is known of it stays and is read. Raises NotFound."""
    return _set_end(tx, attribute_id, clock.now())


def restore_attribute(tx: WriteTx, attribute_id: int) -> Attribute:
    """Ask for it again. Raises NotFound."""
    return _set_end(tx, attribute_id, None)


def count_attributes(tx: ReadTx) -> int:
    """How many fields people have added."""
    return int(tx.value(select(func.count()).select_from(attribute)))


def _set_end(tx: WriteTx, attribute_id: int, at: int | None) -> Attribute:
    tx.lock(attribute, attribute_id)
    now = get_attribute(tx, attribute_id)
    if now.ended != (at is not None):
        tx.change(attribute, attribute_id, ended_at=at)
        record_change(tx, "attribute.changed", attribute_id, fields={"of": now.of})
        _use_listed(tx, now.of)
    return get_attribute(tx, attribute_id)


def _use_listed(tx: WriteTx, of: Holder) -> None:
    """The list of clients is narrowed by its columns: they are asked for as rules ask."""
    if of == "counterparty":
        set_uses(tx, "list of clients", [one.id for one in list_listed(tx, of)])


def _label(label: str, there: Sequence[Attribute], own_id: int | None) -> str:
    label = " ".join(label.split())
    if not 0 < len(label) <= LONGEST_LABEL or "\0" in label:
        raise Invalid("A name has 1 to %(most)s characters.", most=LONGEST_LABEL, field="label")
    if any(fold(one.label) == fold(label) and one.id != own_id for one in there):
        raise Conflict("There is already a field called “%(label)s”. Bring it back, or choose another name.",
                       label=label, field="label")  # fmt: skip
    return label


def _group(group: str) -> str:
    group = " ".join(group.split())
    if len(group) > LONGEST_LABEL or "\0" in group:
        raise Invalid("A name has 1 to %(most)s characters.", most=LONGEST_LABEL, field="group")
    return group


def _choices(before: Sequence[Choice], wanted: Iterable[NewChoice]) -> list[dict[str, Any]]:
    """What is offered from now on, and behind it what was."""
    by_key = {one.key: one for one in before}
    by_label = {fold(one.label): one for one in before}
    offered: dict[str, str] = {}
    for one in wanted:
        label, key = " ".join(one.label.split()), one.key.strip()
        known = by_key.get(key) if key else by_label.get(fold(label))
        key = known.key if known else key or label
        if not 0 < len(label) <= LONGEST_LABEL or len(key) > LONGEST_LABEL or "\0" in label + key:
            raise Invalid("A choice has 1 to %(most)s characters.", most=LONGEST_LABEL, field="choices")
        if key in offered or fold(label) in {fold(other) for other in offered.values()}:
            raise Invalid("“%(choice)s” is offered twice.", choice=label, field="choices")
        offered[key] = label
    if len(offered) > MOST_CHOICES:
        raise Invalid("There are at most %(most)s choices.", most=MOST_CHOICES, field="choices")
    gone = [{"key": one.key, "label": one.label, "ended": True} for one in before if one.key not in offered]
    return [{"key": key, "label": label} for key, label in offered.items()] + gone

"""The words of rules about documents: how many, what they come to, when the first and the last was, for a kind, a group
of items, some days; in SQL, for clients.

What they come to in all is read from ``document_facts``, what hangs on days or items from the documents themselves.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy import ColumnElement, and_, cast, exists, func, select

from core.columns import Id
from core.money import minor_digits
from core.rules import Field, Param, Window, join_key
from crm.documents.tables import document, document_facts, document_line, item
from crm.parties.tables import counterparty

KINDS_OF_DOCUMENTS = {
    "contract": "contracts",
    "offer": "offers",
    "order": "orders",
    "invoice": "invoices",
    "shipment": "shipments",
    "return": "returns",
    "refusal": "refusals",
}
BOUGHT = ("order", "invoice", "shipment")
"""The kinds by which items count as bought."""
LEFT_OUT = {"kind": "of any kind", "group": "any goods", "days": "whenever"}
KIND = Param("kind", "choice", "which documents", LEFT_OUT["kind"], KINDS_OF_DOCUMENTS)
GROUP = Param("group", "reference", "which goods", LEFT_OUT["group"], of="item_groups")
DAYS = Param("days", "days", "of how many last days", LEFT_OUT["days"])
SINCE = Param("since", "day", "since which day", LEFT_OUT["days"])
CURRENCY = Param("currency", "currency", "in which currency")
Told = Mapping[str, Any]


def document_fields() -> list[Field]:
    """The words, as they are offered."""
    me = counterparty.c.id
    bought = (
        document_line.c.document_id == document.c.id,
        document_line.c.item_id == item.c.id,
        item.c.group_id.is_not(None),
        document.c.kind.in_(BOUGHT),
    )
    groups: dict[str, Any] = {
        "column": item.c.group_id,
        "within": select(item.c.group_id).where(document.c.counterparty_id == me, *bought),
        "members": select(document.c.counterparty_id.label("owner"), item.c.group_id.label("value"))
        .where(*bought)
        .distinct(),
    }
    many = (KIND, GROUP, DAYS, SINCE)
    return [
        _measure(Field("documents", "number", "the number of documents", params=many), _count),
        _measure(Field("documents.amount", "number", "the sum of documents", params=(*many, CURRENCY)), _amount),
        _measure(
            Field("documents.profit", "number", "the profit of documents", params=(KIND, DAYS, SINCE, CURRENCY)),
            _profit,
        ),
        _day(Field("documents.first", "day", "the day of the first document", params=(KIND, GROUP)), func.min),
        _day(Field("documents.last", "day", "the day of the last document", params=(KIND, GROUP)), func.max),
        Field("documents.groups", "references", "the groups of goods bought", of="item_groups", **groups),
    ]


def _measure(offered: Field, measure: Any) -> Field:
    """A number that is added up: in all, or of the last days."""

    def make(told: Told) -> Field:
        currency = str(told.get("currency", ""))
        made = replace(
            offered,
            key=join_key(offered.key, told),
            told=dict(told),
            unit=currency,
            scale=minor_digits(currency) if currency else 0,
        )
        if "days" not in told:
            return replace(made, column=measure(told, ()))
        date = document.c.date
        return replace(
            made,
            window=Window(
                told["days"],
                lambda first, last: measure(told, (date >= first, date <= last)),
                lambda first, last: _day_of(func.min, told, date >= first, date <= last),
                lambda last: _day_of(func.min, told, date > last),
            ),
        )

    return replace(offered, make=make)


def _day(offered: Field, which: Any) -> Field:
    def make(told: Told) -> Field:
        return replace(offered, key=join_key(offered.key, told), told=dict(told), column=_day_of(which, told))

    return replace(offered, make=make)


def _count(told: Told, more: tuple[ColumnElement[bool], ...]) -> ColumnElement[Any]:
    if not _is_of_all(told, more):
        return _of_client(select(func.count()).where(*_which(told), *more))
    return _of_facts(told, document_facts.c.documents)


def _amount(told: Told, more: tuple[ColumnElement[bool], ...]) -> ColumnElement[Any]:
    if "group" in told:
        of_items = _which({name: value for name, value in told.items() if name != "group"})
        lines = select(_sum(document_line.c.amount)).where(
            *of_items,
            *more,
            document_line.c.document_id == document.c.id,
            document_line.c.item_id == item.c.id,
            item.c.group_id == told["group"],
        )
        return _of_client(lines)
    if not _is_of_all(told, more):
        return _of_client(select(_sum(document.c.amount)).where(*_which(told), *more))
    return _of_facts(told, document_facts.c.amount)


def _profit(told: Told, more: tuple[ColumnElement[bool], ...]) -> ColumnElement[Any]:
    if not _is_of_all(told, more):
        return _of_client(select(_sum(document.c.profit)).where(*_which(told), *more))
    return _of_facts(told, document_facts.c.profit)


def _is_of_all(told: Told, more: tuple[ColumnElement[bool], ...]) -> bool:
    return not more and not {"group", "since"} & set(told)


def _of_facts(told: Told, column: ColumnElement[Any]) -> ColumnElement[Any]:
    asked = [document_facts.c.counterparty_id == counterparty.c.id]
    asked += [document_facts.c[name] == told[name] for name in ("kind", "currency") if name in told]
    return select(_sum(column)).where(*asked).correlate(counterparty).scalar_subquery()


def _day_of(which: Any, told: Told, *more: ColumnElement[bool]) -> ColumnElement[Any]:
    return _of_client(select(which(document.c.date)).where(*_which(told), *more))


def _of_client(query: Any) -> ColumnElement[Any]:
    here = document.c.counterparty_id == counterparty.c.id
    found: ColumnElement[Any] = query.where(here).correlate(counterparty).scalar_subquery()
    return found


def _which(told: Told) -> list[ColumnElement[bool]]:
    asked: list[ColumnElement[bool]] = [document.c[name] == told[name] for name in ("kind", "currency") if name in told]
    if "since" in told:
        asked.append(document.c.date >= told["since"])
    if "group" in told:
        named = and_(document_line.c.document_id == document.c.id, document_line.c.item_id == item.c.id)
        asked.append(exists().where(named, item.c.group_id == told["group"]))
    return asked


def _sum(column: ColumnElement[Any]) -> ColumnElement[Any]:
    """Whole, and 0 of nothing."""
    return cast(func.coalesce(func.sum(column), 0), Id)

"""Documents are written, changed and taken away: by hand, on the basis of what was there, or by another system."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any, TypedDict, Unpack

from sqlalchemy import bindparam, delete, select

from core import clock
from core.changes import record_change
from core.database import ReadTx, WriteTx
from core.errors import Conflict, Invalid
from core.money import LARGEST, read_currency
from crm.attributes import set_values
from crm.documents.facts import count_month
from crm.documents.items import ensure_reason
from crm.documents.reading import get_document, list_lines
from crm.documents.shapes import KINDS, PARTS, Document, Kind, Line
from crm.documents.tables import document, document_line, item
from crm.interactions import HOUSE, find_basis, get_interaction, interaction, record_line
from crm.parties import find_kept, get_contact, list_firms
from crm.staff.people import get_user
from crm.staff.readable import Viewer, demand_somewhere

MOST_LINES = 1000
LONGEST_NUMBER = 100
LONGEST_TEXT = 10_000
_BY_EXTERNAL = select(document.c.id).where(document.c.external_id == bindparam("external_id"))


@dataclass(frozen=True, slots=True)
class NewLine:
    """A line to write. ``quantity`` in thousandths; without ``amount`` it is quantity times price."""

    text: str = ""
    quantity: int = PARTS
    price: int = 0
    amount: int | None = None
    item_id: int | None = None


class Told(TypedDict, total=False):
    """What may be said of a document; None is nothing. Ids 0: nobody's. Without ``amount`` it is that of the lines."""

    kind: Kind | None
    number: str | None
    date: str | None
    currency: str | None
    amount: int | None
    profit: int | None
    reason: str | None
    about: str | None
    lines: Iterable[NewLine] | None
    contact_id: int | None
    legal_entity_id: int | None
    executor_id: int | None
    attributes: Mapping[str, object] | None


def add_document(
    tx: WriteTx,
    viewer: Viewer,
    counterparty_id: int,
    *,
    external_id: str | None = None,
    based_on_id: int | None = None,
    based_line_id: int | None = None,
    cause: str = "house",
    **told: Unpack[Told],
) -> int:
    """Write a document of a client, with its line in the timeline. Returns its id.

    On the basis of another document its lines, sums, person and firm are carried over where none are given; on the
    basis of a line of the timeline its person. Raises NotFound, Forbidden, Invalid; Conflict for an ``external_id``
    that is taken, or a client that was merged into another.
    """
    demand_somewhere(viewer, "answer")
    counterparty_id = find_kept(tx, "counterparty", counterparty_id)
    if external_id is not None and find_document_by_external(tx, external_id) is not None:
        raise Conflict("There is already a document with the external id %(id)s.", id=external_id)
    told = _carry(tx, viewer, counterparty_id, based_on_id, based_line_id, told)
    told["executor_id"] = told.get("executor_id") or viewer.user_id
    values = _read(tx, counterparty_id, {"number": "", "about": "", "reason_id": None, "profit": None}, told)
    for name in ("kind", "date", "currency"):
        if name not in values:
            raise Invalid("The field %(name)s has to be filled in.", name=name, field=name)
    lines = _read_lines(tx, told.get("lines") or ())
    values["amount"] = _amount(told.get("amount"), lines, None)
    document_id = tx.insert(
        document,
        counterparty_id=counterparty_id,
        external_id=external_id,
        based_on_id=based_on_id,
        based_line_id=based_line_id,
        author_id=viewer.user_id,
        created_at=clock.now(),
        **values,
    )
    _lay_lines(tx, document_id, lines)
    set_values(tx, "document", document, document_id, told.get("attributes"))
    line_id = record_line(
        tx, "document", counterparty_id, HOUSE,
        contact_id=values.get("contact_id"), happened_at=_moment(values["date"]), subject=_title(values),
        executor_id=values["executor_id"], author_id=viewer.user_id, channel_id=None, document_id=document_id,
        **_basis_of(tx, viewer, counterparty_id, based_line_id),
    )  # fmt: skip
    tx.change(document, document_id, line_id=line_id)
    _counted(tx, "document.added", document_id, counterparty_id, values["date"], cause)
    return document_id


def change_document(
    tx: WriteTx,
    viewer: Viewer,
    document_id: int,
    *,
    version: int | None = None,
    cause: str = "house",
    **told: Unpack[Told],
) -> None:
    """Change what is given; its line in the timeline follows. Raises NotFound, Forbidden, Invalid; Conflict where
    ``version`` is not the newest."""
    demand_somewhere(viewer, "answer")
    rewrite_document(tx, document_id, version=version, cause=cause, **told)


def rewrite_document(
    tx: WriteTx, document_id: int, *, version: int | None = None, cause: str = "house", **told: Unpack[Told]
) -> None:
    """As ``change_document``; who may do so was asked before."""
    tx.lock(document, document_id)
    now = tx.get(document, document_id)
    if version is not None and version != now.version:
        raise Conflict("Somebody has changed this since you opened it. Look again, then save what you wrote.")
    values = _read(tx, now.counterparty_id, now._asdict(), told)
    given = told.get("lines")
    if given is not None:
        lines = _read_lines(tx, given)
        _lay_lines(tx, document_id, lines)
        values["amount"] = _amount(told.get("amount"), lines, now.amount)
    elif told.get("amount") is not None:
        values["amount"] = _amount(told.get("amount"), [], now.amount)
    tx.change(document, document_id, **values, version=now.version + 1)
    set_values(tx, "document", document, document_id, told.get("attributes"))
    after = now._asdict() | values
    if now.line_id is not None:
        said = {"subject": _title(after), "happened_at": _moment(after["date"]), "contact_id": after["contact_id"]}
        tx.change(interaction, now.line_id, **said)
    for day in {now.date[:7]: now.date, after["date"][:7]: after["date"]}.values():
        count_month(tx, now.counterparty_id, day[:7])
    record_change(tx, "document.changed", document_id, fields={"counterparty_id": now.counterparty_id}, cause=cause)


def put_document(
    tx: WriteTx, viewer: Viewer, external_id: str, counterparty_id: int, **told: Unpack[Told]
) -> tuple[int, bool]:
    """The document of another system under its number there: written, or changed to be as told. Returns it, and
    whether it is new. Raises Forbidden, Invalid, NotFound; Conflict for one of another client."""
    if not 0 < len(external_id) <= LONGEST_NUMBER:
        raise Invalid("A number has 1 to %(most)s characters.", most=LONGEST_NUMBER, field="external_id")
    tx.lock_key("document", external_id)
    there = find_document_by_external(tx, external_id)
    if there is None:
        return add_document(tx, viewer, counterparty_id, external_id=external_id, **told), True
    if tx.get(document, there).counterparty_id != find_kept(tx, "counterparty", counterparty_id):
        raise Conflict("The document %(id)s is of another client.", id=external_id)
    change_document(tx, viewer, there, **told)
    return there, False


def drop_document(tx: WriteTx, viewer: Viewer, document_id: int, *, cause: str = "house") -> int:
    """Take a document away, with its lines and its line in the timeline. Returns the client. Raises NotFound,
    Forbidden."""
    demand_somewhere(viewer, "answer")
    return remove_document(tx, document_id, cause=cause)


def remove_document(tx: WriteTx, document_id: int, *, cause: str = "house") -> int:
    """As ``drop_document``; who may do so was asked before."""
    tx.lock(document, document_id)
    now = tx.get(document, document_id)
    tx.execute(delete(document).where(document.c.id == document_id))
    if now.line_id is not None:
        tx.execute(delete(interaction).where(interaction.c.id == now.line_id))
        record_change(tx, "interaction.removed", now.line_id, fields={"counterparty_id": now.counterparty_id})
    _counted(tx, "document.removed", document_id, now.counterparty_id, now.date, cause)
    return int(now.counterparty_id)


def find_document_by_external(tx: ReadTx, external_id: str) -> int | None:
    """The document with this number in another system, or None."""
    found = tx.value(_BY_EXTERNAL, {"external_id": external_id})
    return None if found is None else int(found)


def carry_over(tx: ReadTx, base: Document) -> Told:
    """What a document on the basis of another begins with."""
    lines = [NewLine(one.text, one.quantity, one.price, one.amount, one.item_id) for one in list_lines(tx, base.id)]
    return {
        "lines": lines, "currency": base.currency, "amount": base.amount, "profit": base.profit,
        "contact_id": base.contact_id, "legal_entity_id": base.legal_entity_id,
    }  # fmt: skip


def _carry(
    tx: ReadTx, viewer: Viewer, counterparty_id: int, based_on_id: int | None, based_line_id: int | None, told: Told
) -> Told:
    carried: Told = {}
    if based_line_id is not None:
        client_id, line = get_interaction(tx, viewer, based_line_id)
        _demand_same(client_id, counterparty_id, "based_line_id")
        carried["contact_id"] = line.contact_id
    if based_on_id is not None:
        base = get_document(tx, based_on_id)
        _demand_same(base.counterparty_id, counterparty_id, "based_on_id")
        carried |= carry_over(tx, base)
    given: Told = {name: value for name, value in told.items() if value is not None}  # type: ignore[assignment]
    if "lines" in given and "amount" not in given:
        carried.pop("amount", None)
    return carried | given


def _demand_same(client_id: int, counterparty_id: int, field: str) -> None:
    if client_id != counterparty_id:
        raise Invalid("What a document follows from is of the same client.", field=field)


def _basis_of(tx: ReadTx, viewer: Viewer, counterparty_id: int, line_id: int | None) -> dict[str, int | None]:
    """The columns of a line that name the letter or line that it follows from: seen by who may see that. The document
    itself is of the house."""
    return {} if line_id is None else find_basis(tx, viewer, counterparty_id, line_id).ids


def _read(tx: WriteTx, counterparty_id: int, before: Mapping[str, Any], told: Told) -> dict[str, Any]:
    """The columns among what is said, checked. Raises Invalid, NotFound."""
    values: dict[str, Any] = {}
    if (kind := told.get("kind")) is not None:
        if kind not in KINDS:
            raise Invalid("There is no kind “%(kind)s” of documents. There are: %(kinds)s.",
                          kind=str(kind)[:60], kinds=", ".join(KINDS), field="kind")  # fmt: skip
        values["kind"] = kind
    if (day := told.get("date")) is not None:
        values["date"] = check_day(day)
    if (currency := told.get("currency")) is not None:
        values["currency"] = read_currency(currency)
    for name, longest in (("number", LONGEST_NUMBER), ("about", LONGEST_TEXT)):
        if (text := told.get(name)) is not None:
            if len(str(text)) > longest or "\0" in str(text):
                raise Invalid("This text is longer than %(count)s characters.", count=longest, field=name)
            values[name] = str(text).strip()
    if (profit := told.get("profit")) is not None:
        values["profit"] = _sum(profit, "profit")
    if (reason := told.get("reason")) is not None:
        values["reason_id"] = ensure_reason(tx, reason)
    values |= _people(tx, counterparty_id, told)
    kind = values.get("kind", before.get("kind"))
    if kind != "refusal" and values.get("reason_id") is not None:
        raise Invalid("Only a refusal has a reason.", field="reason")
    return values


def _people(tx: ReadTx, counterparty_id: int, told: Told) -> dict[str, Any]:
    """Whom it names."""
    values: dict[str, Any] = {}
    if (contact_id := told.get("contact_id")) is not None:
        if contact_id and counterparty_id not in get_contact(tx, contact_id).counterparty_ids:
            raise Invalid("This person is not at the client.", field="contact_id")
        values["contact_id"] = contact_id or None
    if (firm_id := told.get("legal_entity_id")) is not None:
        if firm_id and firm_id not in {one.id for one in list_firms(tx, counterparty_id)}:
            raise Invalid("This legal entity is not the client's.", field="legal_entity_id")
        values["legal_entity_id"] = firm_id or None
    if (executor_id := told.get("executor_id")) is not None:
        if executor_id:
            get_user(tx, executor_id)
        values["executor_id"] = executor_id or None
    return values


def _read_lines(tx: ReadTx, told: Iterable[NewLine]) -> list[Line]:
    given = list(told)
    if len(given) > MOST_LINES:
        raise Invalid("A document has at most %(most)s lines.", most=MOST_LINES, field="lines")
    wanted = sorted({one.item_id for one in given if one.item_id})
    names = {row.id: row.name for row in tx.rows(select(item.c.id, item.c.name).where(item.c.id.in_(wanted)))}
    lines = []
    for one in given:
        if one.item_id and one.item_id not in names:
            raise Invalid("There is no item with the number %(id)s.", id=one.item_id, field="lines")
        text = one.text.strip() or names.get(one.item_id or 0, "")
        if not text or len(text) > LONGEST_NUMBER * 5 or "\0" in text:
            raise Invalid("A line names an item or says what it is for.", field="lines")
        amount = one.amount
        if amount is None:
            amount = (one.quantity * one.price + PARTS // 2) // PARTS
        for value in (one.quantity, one.price, amount):
            _sum(value, "lines")
        lines.append(Line(text, one.quantity, one.price, amount, one.item_id))
    return lines


def _lay_lines(tx: WriteTx, document_id: int, lines: list[Line]) -> None:
    tx.execute(delete(document_line).where(document_line.c.document_id == document_id))
    rows = [
        {"document_id": document_id, "place": place, "item_id": one.item_id, "text": one.text,
         "quantity": one.quantity, "price": one.price, "amount": one.amount}
        for place, one in enumerate(lines, 1)
    ]  # fmt: skip
    tx.insert_many(document_line, rows)


def _amount(told: int | None, lines: list[Line], before: int | None) -> int:
    if told is not None:
        return _sum(told, "amount")
    return sum(one.amount for one in lines) if lines else before or 0


def _sum(value: int, field: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) > LARGEST:
        raise Invalid("Write whole minor units of the currency, such as cents.", field=field)
    return value


def check_day(text: str) -> str:
    """The day of a document as it is kept. Raises Invalid."""
    try:
        if len(text) == 10 and 1900 <= date.fromisoformat(text).year <= 2999:
            return text
    except ValueError:
        pass
    raise Invalid("Write a date as 2026-11-18.", field="date")


def _moment(day: str) -> int:
    """Where its line stands in the timeline: at noon of its day, and never in the time to come."""
    noon = datetime.combine(date.fromisoformat(day), time(12), tzinfo=UTC)
    return min(clock.from_datetime(noon), clock.now())


def _title(values: Mapping[str, Any]) -> str:
    """What stands in the line: the number alone; the kind is said in the reader's language."""
    return str(values.get("number") or "")


def _counted(tx: WriteTx, what: str, document_id: int, counterparty_id: int, day: str, cause: str) -> None:
    count_month(tx, counterparty_id, day[:7])
    record_change(tx, what, document_id, fields={"counterparty_id": counterparty_id}, cause=cause)

"""Rows of a table that are lines of documents, brought together and understood. Pure: it is done in a process of its
own.

The columns of a document stand in each of its rows, or in the first one alone; rows of one document need not follow
each other. It is known by its code elsewhere, else by kind, number, day and client."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import msgspec

from core.errors import HouseError, Invalid
from core.fulltext import fold
from core.money import LARGEST
from crm.attributes import parse_value
from crm.documents import PARTS
from crm.transfer.document_fields import CLIENTS, NAMES, OF_LINES
from crm.transfer.document_header_words import SUMS
from crm.transfer.document_words import (
    price_of,
    read_date,
    read_kind,
    read_money_name,
    read_quantity,
    read_sum,
    read_title,
    say_sum,
)
from crm.transfer.drafts import Draft, Fault, Known, colleague_of, day_of, read_row
from crm.transfer.lexicon import header_key, says_nothing

MOST_LINES = 1000
LONGEST_NUMBER, LONGEST_ITEM, LONGEST_ABOUT = 100, 300, 10_000
_SOFT = frozenset(("line.unit", "line.price", "line.cost", "line.profit", "document.manager", "document.based_on"))
"""What a row may be taken without, where a person says so; a sum, a day or a number is not among it."""
WRONG = {
    "unnamed": "A document is known by its number. There is none in this row.",
    "dayless": "There is no day in this row.",
    "currency": "Nothing says the currency of this document.",
    "long": "A document has at most %(most)s lines.",
    "itemless": "A line names an item or says what it is for.",
    "large": "“%(text)s” is too large a number.",
    "differs": "The lines come to %(lines)s %(currency)s, the document says %(amount)s %(currency)s. It is taken as it "
    "says.",
}


class LineDraft(msgspec.Struct):
    """A line: ``code`` and ``name`` say the item, sums are minor units, ``quantity`` thousandths."""

    n: int
    code: str = ""
    name: str = ""
    unit: str = ""
    quantity: int = PARTS
    price: int = 0
    amount: int = 0


class DocumentDraft(msgspec.Struct):
    """What rows say of a document. ``n`` is the first of them, ``rows`` all with their cells; ``party`` is its client
    as a table of clients would say it. Empty or None is what they do not say. ``faults`` are (row, what is wrong);
    ``told`` is what a person may want to know."""

    n: int
    rows: list[tuple[int, list[str]]]
    party: Draft
    kind: str = ""
    number: str = ""
    date: str = ""
    external_id: str = ""
    currency: str = ""
    amount: int = 0
    profit: int | None = None
    reason: str = ""
    about: str = ""
    manager_id: int = 0
    based_on: str = ""
    lines: list[LineDraft] | None = None
    own: dict[str, Any] = {}
    faults: list[tuple[int, Fault]] = []
    told: Fault | None = None
    adds_up: bool = False


class _Row(msgspec.Struct, gc=False):
    n: int
    cells: list[str]
    told: dict[str, str]


def read_documents(rows: Iterable[tuple[int, list[str]]], known: Known) -> Iterator[DocumentDraft]:
    """The documents of a table, in the order of their first rows. What cannot be understood stands in ``faults``."""
    for group in _gather(rows, known):
        if _adds_up(group[0]):
            yield DocumentDraft(group[0].n, [(group[0].n, group[0].cells)], Draft(0, []), adds_up=True)
        else:
            yield _read(group, known)


def _gather(rows: Iterable[tuple[int, list[str]]], known: Known) -> list[list[_Row]]:
    groups: dict[tuple[str, ...], list[_Row]] = {}
    last: dict[str, str] = {}
    key: tuple[str, ...] = ()
    for n, cells in rows:
        told = {
            field: cell for field, cell in zip(known.mapping, cells, strict=False) if field and not says_nothing(cell)
        }
        row = _Row(n, cells, told)
        if _adds_up(row):
            groups["sum", str(n)] = [row]
            continue
        head = {field: cell for field, cell in told.items() if field in _HEAD}
        if not key or _begins(head, last):
            last = _inherit(head, last)
            key = _key(last) if any(name in last for name in NAMES) else ("", str(n))
        groups.setdefault(key, []).append(row)
    return list(groups.values())


_HEAD = (*NAMES, *CLIENTS, "document.date", "document.kind")


def _begins(head: dict[str, str], last: dict[str, str]) -> bool:
    """Whether a row is of another document than the last one: it names one, or says another day or client."""
    return any(last.get(field) != cell for field, cell in head.items())


def _inherit(head: dict[str, str], last: dict[str, str]) -> dict[str, str]:
    """What a row says of its document; of the same one it need not say all again."""
    same = any(head.get(name) == last.get(name) for name in NAMES if name in head)
    differs = any(field in last and last[field] != cell for field, cell in head.items())
    return last | head if same and not differs else head


def _key(head: dict[str, str]) -> tuple[str, ...]:
    if "document.external_id" in head:
        return ("id", head["document.external_id"])
    client = next((fold(head[field]) for field in CLIENTS if field in head), "")
    return ("", *(fold(head.get(name, "")) for name in (*NAMES[1:], "document.kind", "document.date")), client)


def _adds_up(row: _Row) -> bool:
    if row.told.get("line.code") or header_key(row.told.get("line.item", "")) not in ("", *SUMS):
        return False
    named = _names_one(row.told)
    clients = {row.told[field] for field in CLIENTS if field in row.told} if named else set()
    return any(header_key(cell) in SUMS for cell in row.cells if cell and cell not in clients)


def _names_one(told: dict[str, str]) -> bool:
    """Whether a row names a document and its day: then its client may be called “Sum”."""
    day = told.get("document.date") or read_title(told.get("document.title", ""))[2]
    return bool(day) and any(header_key(told.get(name, "")) not in ("", *SUMS) for name in NAMES)


class _Reader:
    """Reads the cells of a document, and notes what is wrong with them."""

    def __init__(self, known: Known, draft: DocumentDraft) -> None:
        self._strict = known.strict
        self._draft = draft

    def read(self, row: _Row, field: str, how: Callable[[str], Any], default: Any) -> Any:
        """What a cell says, ``default`` where it is empty or wrong."""
        cell = row.told.get(field, "")
        if not cell:
            return default
        try:
            return how(cell)
        except HouseError as problem:
            fields = {name: str(value) for name, value in problem.fields.items() if name != "field"}
            fault = Fault(field, problem.sentence, fields)
            if self._strict or not (field in _SOFT or field.startswith("document.own.")):
                self._draft.faults.append((row.n, fault))
            elif self._draft.told is None:
                self._draft.told = fault
            return default


def _read(group: list[_Row], known: Known) -> DocumentDraft:
    first = group[0]
    head = _Row(first.n, first.cells, {})
    for row in group:
        for field, cell in row.told.items():
            head.told.setdefault(field, cell)
    draft = DocumentDraft(first.n, [(row.n, row.cells) for row in group], _party(first.n, head))
    reader = _Reader(known, draft)
    kind, number, day = read_title(head.told.get("document.title", ""))
    draft.number = reader.read(head, "document.number", _short(LONGEST_NUMBER), number[:LONGEST_NUMBER])
    draft.date = reader.read(head, "document.date", read_date, day)
    draft.kind = reader.read(head, "document.kind", read_kind, kind or known.kind)
    draft.external_id = reader.read(head, "document.external_id", _short(LONGEST_NUMBER), "")
    draft.currency = reader.read(head, "document.currency", read_money_name, known.currency)
    draft.reason = reader.read(head, "document.reason", _short(LONGEST_ITEM), "")
    draft.about = reader.read(head, "document.about", _short(LONGEST_ABOUT), "")
    draft.manager_id = reader.read(head, "document.manager", lambda name: colleague_of(name, known), 0)
    draft.based_on = reader.read(head, "document.based_on", _short(LONGEST_ITEM), "")
    for field, one in known.own.items():
        value = reader.read(head, field, lambda text, one=one: parse_value(one, day_of(text, one)), None)  # type: ignore[misc]
        if value is not None:
            draft.own[one.key] = value
    _demand(draft)
    if draft.currency:
        _read_lines(draft, group, head, reader, known)
        _demand_sums(draft)
    return draft


def _party(n: int, head: _Row) -> Draft:
    said = [(field, head.told[field]) for field in CLIENTS if field in head.told]
    party = read_row(n, [cell for _, cell in said], Known([field for field, _ in said], {}, None))
    party.cells = []
    return party


def _short(most: int) -> Callable[[str], str]:
    def read(text: str) -> str:
        if len(text) > most or "\0" in text:
            raise Invalid("This text is longer than %(count)s characters.", count=most)
        return " ".join(text.split()) if most < LONGEST_ABOUT else text

    return read


def _demand(draft: DocumentDraft) -> None:
    wrong = {fault.field for _, fault in draft.faults}
    if not draft.number and not draft.external_id and "document.number" not in wrong:
        draft.faults.append((draft.n, Fault("document.number", WRONG["unnamed"], {})))
    if not draft.date and "document.date" not in wrong:
        draft.faults.append((draft.n, Fault("document.date", WRONG["dayless"], {})))
    if not draft.currency and "document.currency" not in wrong:
        draft.faults.append((draft.n, Fault("document.currency", WRONG["currency"], {})))
    if draft.reason and draft.kind != "refusal":  # a return has one, too: it is told beside
        draft.about, draft.reason = "\n".join(part for part in (draft.about, draft.reason) if part), ""
    if len(draft.about) > LONGEST_ABOUT:
        fault = Fault("document.about", "This text is longer than %(count)s characters.", {"count": str(LONGEST_ABOUT)})
        draft.faults.append((draft.n, fault))
    if len(draft.rows) > MOST_LINES:
        fault = Fault("line", WRONG["long"], {"most": str(MOST_LINES)})
        draft.faults.append((draft.n, fault))


def _demand_sums(draft: DocumentDraft) -> None:
    """What the cells come to is kept, too, and has the same bounds as they have."""
    sums = [(line.n, field, value) for line in draft.lines or ()
            for field, value in (("line.price", line.price), ("line.amount", line.amount))]  # fmt: skip
    sums += [(draft.n, "document.amount", draft.amount), (draft.n, "line.profit", draft.profit or 0)]
    for n, field, value in sums:
        if abs(value) > LARGEST:
            draft.faults.append((n, Fault(field, WRONG["large"], {"text": say_sum(value, draft.currency)})))


def _read_lines(draft: DocumentDraft, group: list[_Row], head: _Row, reader: _Reader, known: Known) -> None:
    """The lines, and what they come to; a table without columns of lines says the sums of its documents."""
    currency = draft.currency
    whole = reader.read(head, "document.amount", lambda text: read_sum(text, currency), None)
    lines = []
    profit: int | None = None
    for row in group:
        line, cost, gain = _read_line(row, currency, reader, known)
        if row is group[0] and len(group) > 1 and not set(OF_LINES) & row.told.keys():  # a row of the document alone
            whole = line.amount if whole is None and line.amount else whole
            continue
        lines.append(line)
        gain = line.amount - cost if gain is None and cost is not None else gain
        profit = profit if gain is None else (profit or 0) + gain
    draft.profit = profit
    draft.amount = sum(line.amount for line in lines)
    if not set(OF_LINES) & set(known.mapping):
        draft.amount = draft.amount if whole is None else whole
        return
    draft.lines = [line for line in lines if line.name or line.code or line.amount or line.quantity != PARTS]
    for line in draft.lines:
        if not line.name and not line.code:
            draft.faults.append((line.n, Fault("line.item", WRONG["itemless"], {})))
    if whole is not None and whole != draft.amount and not draft.faults:
        said = {"lines": say_sum(draft.amount, currency), "amount": say_sum(whole, currency), "currency": currency}
        draft.told = Fault("document.amount", WRONG["differs"], said)
        draft.amount = whole


def _read_line(
    row: _Row, currency: str, reader: _Reader, known: Known
) -> tuple[LineDraft, int | None, int | None]:  # fmt: skip
    """A line, its cost and its profit."""

    def money(field: str) -> int | None:
        found: int | None = reader.read(row, field, lambda text: read_sum(text, currency), None)
        return found

    line = LineDraft(row.n)
    line.code = reader.read(row, "line.code", _short(LONGEST_NUMBER), "")
    line.name = reader.read(row, "line.item", _short(LONGEST_ITEM), "")
    line.unit = reader.read(row, "line.unit", _short(LONGEST_NUMBER), "")
    line.quantity = reader.read(row, "line.quantity", read_quantity, PARTS)
    price, amount, vat, total = money("line.price"), money("line.amount"), money("line.vat"), money("line.total")
    if amount is None and price is not None:
        amount = (line.quantity * price + PARTS // 2) // PARTS
    if total is not None:
        amount = total
    elif amount is not None and vat is not None and known.vat == "on_top":
        amount += vat
    line.amount = amount or 0
    line.price = price_of(line.amount, line.quantity) if price is None else price
    return line, money("line.cost"), money("line.profit")

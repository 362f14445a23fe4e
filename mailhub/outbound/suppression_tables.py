"""Tables of addresses that another program or a sending service wrote to no more: the address, why, and since when.

Of a row with a state it is asked whether somebody left, complained or could not be reached: who is still written to
there is written to here too.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from core import clock
from core.errors import Invalid
from core.fulltext import fold
from core.spreadsheet import bare_cell
from mailhub.outbound.suppression import Why, canonical_address

MOST_ROWS = 50_000
_NAMES: dict[str, tuple[str, ...]] = {
    "address": ("email", "e-mail", "address", "email address", "e-mail address", "emailaddress", "recipient", "mail"),
    "reason": (
        "reason", "suppression reason", "suppressionreason", "status", "state", "type", "bounce type", "dnc reason",
    ),
    "since": (
        "date", "created", "created at", "createdat", "date added", "dateadded", "last update time", "lastupdatetime",
        "time", "timestamp", "since", "updated at", "unsubscribed at",
    ),
}  # fmt: skip
_KNOWN = {fold(name): key for key, names in _NAMES.items() for name in names}
# What states are called in what other programs export; the first that stands in it holds. A ban of mailings is none of
# letters that a person writes, so it counts as somebody who left.
_WORDS: tuple[tuple[str, Why | None], ...] = (
    ("soft", None), ("complain", "complaint"), ("spam", "complaint"), ("abuse", "complaint"), ("unsub", "unsubscribed"),
    ("opt out", "unsubscribed"), ("opted out", "unsubscribed"), ("optout", "unsubscribed"), ("bounce", "bounce"),
    ("invalid", "bounce"), ("cleaned", "bounce"), ("block", "unsubscribed"), ("disabled", "unsubscribed"),
    ("manual", "hand"), ("hand", "hand"),
)  # fmt: skip
_CODES: dict[str, Why | None] = {"0": None, "1": "unsubscribed", "2": "bounce", "3": "hand"}
_WANTED = frozenset({"enabled", "active", "subscribed", "confirmed", "unconfirmed", "contactable"})
_REPLY = re.compile(r"5\d\d\b|5\.\d")
_DAYS = ("%d.%m.%Y", "%d.%m.%Y %H:%M", "%d.%m.%Y %H:%M:%S")


@dataclass(frozen=True, slots=True)
class Told:
    """An address in its canonical form, why it is not written to, and since when (0: nobody says)."""

    number: int
    address: str
    reason: Why
    since: int = 0


@dataclass(frozen=True, slots=True)
class Defect:
    """What is wrong with a row: a message id with what fills it."""

    number: int
    sentence: str
    fields: dict[str, str]


@dataclass(frozen=True, slots=True)
class Sheet:
    """What a table says: ``wanted`` rows are of those who are still written to."""

    told: list[Told]
    defects: list[Defect]
    wanted: int


def read_sheet(headers: Sequence[str], rows: Iterable[tuple[int, Sequence[str]]], usual: Why) -> Sheet:
    """The rows of a table under these headers (a list without any is read as well: the address is then the first cell
    with an @). ``usual`` is the reason of rows that name none. A row with a defect is not taken in, but for one whose
    day cannot be read. Raises Invalid for too many rows."""
    places: dict[str, int] = {}
    for place, header in enumerate(headers):
        key = _KNOWN.get(" ".join(fold(header).replace("_", " ").split()))
        if key is not None:
            places.setdefault(key, place)
    lines = list(rows)
    if "address" not in places and any("@" in header for header in headers):
        lines.insert(0, (max(1, lines[0][0] - 1) if lines else 1, headers))
        places = {}
    if len(lines) > MOST_ROWS:
        raise Invalid("A table of addresses has at most %(most)s rows.", most=MOST_ROWS, field="file")
    told: list[Told] = []
    defects: list[Defect] = []
    wanted = 0
    for number, cells in lines:
        if not any(cells):
            continue
        try:
            found = _read_row(cells, places, usual)
        except Invalid as problem:
            defects.append(_defect(number, problem))
            continue
        if found is None:
            wanted += 1
            continue
        try:
            since = _read_since(_cell(cells, places, "since"))
        except Invalid as problem:
            defects.append(_defect(number, problem))
            since = 0
        told.append(Told(number, found[0], found[1], since))
    return Sheet(told, defects, wanted)


def _read_row(cells: Sequence[str], places: dict[str, int], usual: Why) -> tuple[str, Why] | None:
    """None for who is still written to. Raises Invalid."""
    named = _cell(cells, places, "address")
    written = named if "@" in named else next((bare_cell(cell.strip()) for cell in cells if "@" in cell), named)
    if not written:
        raise Invalid("There is no address in this row.")
    address = canonical_address(written)
    reason = _read_reason(_cell(cells, places, "reason"), usual)
    return None if reason is None else (address, reason)


def _cell(cells: Sequence[str], places: dict[str, int], key: str) -> str:
    place = places.get(key, len(cells))
    return bare_cell(cells[place].strip()) if place < len(cells) else ""


def _read_reason(text: str, usual: Why) -> Why | None:
    said = " ".join(fold(text).replace("_", " ").replace("-", " ").split())
    if not said:
        return usual
    if said in _WANTED:
        return None
    if said in _CODES:
        return _CODES[said]
    for word, reason in _WORDS:
        if word in said:
            return reason
    if _REPLY.match(said):
        return "bounce"
    raise Invalid("“%(reason)s” is no reason that is known here.", reason=text[:80])


def _read_since(text: str) -> int:
    """The moment, in UTC where no zone is said; 0 for none. Raises Invalid."""
    if not text:
        return 0
    if text.isascii() and text.isdigit() and 9 <= len(text) <= 10:
        return _past(int(text) * clock.SECOND, text)
    found: datetime | None = None
    for read in (datetime.fromisoformat, parsedate_to_datetime, *(_day(shape) for shape in _DAYS)):
        try:
            found = read(text)
            break
        except (ValueError, TypeError):
            continue
    if found is None:
        raise Invalid("The day “%(day)s” cannot be read. The address is taken in as of today.", day=text[:40])
    return _past(clock.from_datetime(found if found.tzinfo else found.replace(tzinfo=UTC)), text)


def _day(shape: str) -> Callable[[str], datetime]:
    return lambda text: datetime.strptime(text, shape)  # noqa: DTZ007 - in UTC where no zone is said


def _past(moment: int, text: str) -> int:
    if not 0 < moment <= clock.now():
        raise Invalid("The day “%(day)s” cannot be read. The address is taken in as of today.", day=text[:40])
    return moment


def _defect(number: int, problem: Invalid) -> Defect:
    return Defect(number, problem.sentence, {name: str(value) for name, value in problem.fields.items()})

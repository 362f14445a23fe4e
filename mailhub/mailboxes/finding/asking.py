"""What people type into the search, read: words, and *operators* such as ``from:anna`` or ``is:open``.

Operators have names in five languages. What only looks like one (``re: pumps``, ``10:30``) is words.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from core import clock
from core.errors import Invalid
from core.fulltext.folding import fold
from core.fulltext.question import Question, Term, ask
from mailhub.letters.filekinds import FILE_KINDS

MOST_TEXT = 500
_NAMES: dict[str, str] = {
    "from": "from від от від от tu",
    "to": "to до кому для den toi",
    "client": "client клієнт клиент khach",
    "has": "has має есть има co",
    "before": "before до_дати раніше раньше преди truoc",
    "after": "after після после след sau",
    "is": "is є это стан състояние la",
    "mailbox": "mailbox скринька ящик кутия hopthu",
    "tag": "tag мітка метка етикет the",
    "subject": "subject тема относно chude",
    "file": "file файл tep",
}
_STATES: dict[str, str] = {
    "open": "open відкрито открыто отворено mo",
    "closed": "closed закрито закрыто затворено dong",
    "spam": "spam junk спам rac",
    "mine": "mine моє мое мои мое cuatoi",
    "waiting": "waiting чекає ждет чака cho",
    "unread": "unread непрочитане непрочитанное непрочетено chuadoc",
    "snoozed": "snoozed відкладено отложено отложено hoan",
}
_ANY_FILE = "attachment attachments file вкладення файл вложение прикачен tep"
_KINDS: dict[str, str] = {
    "pdf": "pdf",
    "sheet": "sheet spreadsheet excel xlsx xls csv ods таблиця таблица bangtinh",
    "document": "document doc word docx odt документ vanban",
    "slides": "slides presentation powerpoint pptx odp презентація презентация",
    "picture": "picture image photo фото зображення картинка снимка anh",
    "archive": "archive zip архів архив",
    "letter": "letter eml лист письмо писмо",
    "event": "event calendar ics invitation подія событие събитие",
}
_OPERATOR = re.compile(
    r"(?<!\S)(-?)([^\W\d_]{1,14}(?:_[^\W\d_]{1,10})?):(\"[^\"]*\"|«[^»]*»|„[^“”]*[“”]|“[^”]*”|[^\s:/]\S*)"
)
_WITHOUT = re.compile(r"(?<!\S)-(\"[^\"]*\"|«[^»]*»|[^\W_]\S*)")
_DATE = re.compile(r"(\d{4})(?:-(\d{1,2})(?:-(\d{1,2}))?)?")
_DAY_FIRST = re.compile(r"(\d{1,2})[./](\d{1,2})[./](\d{4})")
_AGO = re.compile(r"(\d{1,4})([dwmy])")
_DAYS = {"d": 1, "w": 7, "m": 30, "y": 365}


def _reverse(names: dict[str, str]) -> dict[str, str]:
    return {fold(alias): name for name, aliases in reversed(names.items()) for alias in aliases.split()}


_BY_NAME = _reverse(_NAMES)
_BY_STATE = _reverse(_STATES)
_BY_KIND = _reverse(_KINDS)
_ANY = frozenset(map(fold, _ANY_FILE.split()))


NOTHING = Question()


@dataclass(frozen=True, slots=True)
class Search:
    """A search as it was understood.

    ``before`` and ``since`` are instants. ``client``, ``mailbox`` and ``tag`` are folded words of a name. ``spelled``
    are the words as they were typed, for what is spelled exactly so to come first.
    """

    question: Question = NOTHING
    since: int | None = None
    before: int | None = None
    states: frozenset[str] = frozenset()
    without_states: frozenset[str] = frozenset()
    client: str = ""
    mailbox: str = ""
    tag: str = ""
    spelled: tuple[str, ...] = ()

    @property
    def narrow(self) -> bool:
        """Whether it asks something of the thread beyond its letters' words."""
        return bool(self.states or self.without_states or self.client or self.tag)

    @property
    def empty(self) -> bool:
        """Whether it asks for nothing at all."""
        return self == Search()


class _Reader:
    def __init__(self, zone: tzinfo) -> None:
        self.zone = zone
        self.wanted: list[Term] = []
        self.unwanted: list[Term] = []
        self.states: set[str] = set()
        self.without: set[str] = set()
        self.named: dict[str, str] = {}
        self.since: int | None = None
        self.before: int | None = None

    def operator(self, name: str, value: str, *, negative: bool) -> None:
        value = value.strip('"«»„“” ')
        if name in ("from", "to", "subject", "file"):
            terms = ask(f'"{value}"' if " " in value else value, name)  # type: ignore[arg-type]
            (self.unwanted if negative else self.wanted).extend(terms)
        elif name == "has":
            (self.unwanted if negative else self.wanted).append(_kind(value))
        elif name == "is":
            (self.without if negative else self.states).add(_state(value))
        elif negative:
            raise Invalid("“-” goes with words, from:, to:, subject:, file:, has: and is: only.", field="q")
        elif name in ("before", "after"):
            self._moment(name, value)
        else:
            self.named[name] = fold(value).strip()

    def _moment(self, name: str, value: str) -> None:
        first, end = _span(value, self.zone)
        if name == "before":
            self.before = first if self.before is None else min(first, self.before)
        else:
            self.since = end if self.since is None else max(end, self.since)


def parse_search(text: str, *, typed: bool = False, zone: tzinfo = UTC) -> Search:
    """Read what somebody typed; ``typed`` when they are still at it, ``zone`` is whose days are meant.

    Raises Invalid, with what to write instead, for an operator whose value says nothing. ``after:2026-03`` means after
    the last day of March, ``before:2026-03`` before its first.
    """
    reader = _Reader(zone)
    rest: list[str] = []
    at = 0
    for found in _OPERATOR.finditer(text[:MOST_TEXT]):
        name = _BY_NAME.get(fold(found[2]))
        if name is not None:
            rest.append(text[at : found.start()])
            reader.operator(name, found[3], negative=bool(found[1]))
            at = found.end()
    rest.append(text[at:MOST_TEXT])
    plain = " ".join(part for part in (" ".join(rest).lstrip(" "),) if part)
    for found in _WITHOUT.finditer(plain):
        reader.unwanted += ask(found[1])
    plain = _WITHOUT.sub(" ", plain)
    still = typed and at < len(text)
    words = ask(plain, typed=still)
    if reader.unwanted and not (words or reader.wanted) and not reader.named and not reader.states:
        raise Invalid("Say also what you look for: a letter without a word may be any.", field="q")
    return Search(
        question=Question(tuple(dict.fromkeys([*words, *reader.wanted])), tuple(dict.fromkeys(reader.unwanted))),
        since=reader.since,
        before=reader.before,
        states=frozenset(reader.states),
        without_states=frozenset(reader.without),
        client=reader.named.get("client", ""),
        mailbox=reader.named.get("mailbox", ""),
        tag=reader.named.get("tag", ""),
        spelled=tuple(plain.replace("*", " ").split()) if words else (),
    )


def _kind(value: str) -> Term:
    folded = fold(value)
    if folded in _ANY:
        return Term((FILE_KINDS[0],), "kind", quoted=True)
    kind = _BY_KIND.get(folded)
    if kind is None:
        raise Invalid(
            "“has:%(value)s” says nothing. Write has:attachment or a kind of file: %(kinds)s.",
            value=value,
            kinds=", ".join(_KINDS),
            field="q",
        )
    return Term((kind,), "kind", quoted=True)


def _state(value: str) -> str:
    state = _BY_STATE.get(fold(value))
    if state is None:
        raise Invalid(
            "“is:%(value)s” says nothing. Write is: and one of these: %(states)s.",
            value=value,
            states=", ".join(_STATES),
            field="q",
        )
    return state


def _span(value: str, zone: tzinfo) -> tuple[int, int]:
    """The first instant of what a date says and the first after it. Raises Invalid."""
    try:
        first, last = _days(value, datetime.fromtimestamp(clock.now() / clock.SECOND, zone).date())
        following = last + timedelta(days=1)
        return _midnight(first, zone), _midnight(following, zone)
    except (ValueError, OverflowError) as problem:
        raise Invalid(
            "“%(value)s” is no date. Write a day, month or year, 2026-03-31, 2026-03 or 2026, or how long ago: 7d, 2w,"
            " 3m, 1y.",
            value=value,
            field="q",
        ) from problem


def _days(value: str, today: date) -> tuple[date, date]:
    if ago := _AGO.fullmatch(value):
        day = today - timedelta(days=int(ago[1]) * _DAYS[ago[2]])
        return day, day - timedelta(days=1)
    if day_first := _DAY_FIRST.fullmatch(value):
        day = date(int(day_first[3]), int(day_first[2]), int(day_first[1]))
        return day, day
    found = _DATE.fullmatch(value)
    if found is None:
        raise ValueError(value)
    year, month, day_of = int(found[1]), int(found[2] or 1), int(found[3] or 1)
    first = date(year, month, day_of)
    if found[3]:
        return first, first
    if found[2]:
        following = date(year + month // 12, month % 12 + 1, 1)
        return first, following - timedelta(days=1)
    return first, date(year, 12, 31)


def _midnight(day: date, zone: tzinfo) -> int:
    moment = datetime.combine(day, time(), zone)
    return max(int(moment.timestamp()) * clock.SECOND, 0)

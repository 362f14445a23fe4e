"""Five languages, each person in their own and in their own time zone.

``Catalogs`` reads the compiled translations once; ``Language`` says things to one kind of reader: sentences, dates,
numbers, sizes, how long something took. A missing translation is said in English. Everything here is called for each
row of a list, so patterns are read when a ``Language`` is made and not when it speaks.
"""

from __future__ import annotations

import gettext
from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import DateTimePattern, format_interval, format_skeleton, parse_pattern
from babel.numbers import NumberPattern
from babel.units import format_unit

from core.clock import DAY, HOUR, MINUTE, SECOND

LANGUAGES = ("en", "uk", "ru", "bg", "vi")
DOMAIN = "mailhub"

# English is written as in Europe: 18 Nov, 18/11/2025, 24 hours.
_LOCALES = {code: "en_GB" if code == "en" else code for code in LANGUAGES}
# CLDR has no short days and hours that fit a pill in all five ("1 дн.", "2 duration-hour"), so they stand here.
_SHORT_UNITS = {
    "en": ("d", "h", "min"),
    "uk": ("д", "год", "хв"),
    "ru": ("д", "ч", "мин"),
    "bg": ("д", "ч", "мин"),
    "vi": ("ngày", "giờ", "phút"),
}
_LATIN_SIZES, _CYRILLIC_SIZES = ("B", "kB", "MB", "GB"), ("Б", "кБ", "МБ", "ГБ")
_WEEK = 7
_CALENDAR_YEAR = 2024  # any leap year: it lends its days to the table of "18 Nov"


class Catalogs:
    """The translations of a folder ``<language>/LC_MESSAGES/mailhub.mo``, and the languages that speak them."""

    def __init__(self, folder: Path) -> None:
        self._translations = {code: gettext.translation(DOMAIN, folder, [code], fallback=True) for code in LANGUAGES}
        self._languages: dict[tuple[str, str], Language] = {}

    def language(self, code: str, timezone: str) -> Language:
        """How to speak to somebody; made once for each pair and safe to share between threads.

        An unknown code is answered in English. Raises ``ZoneInfoNotFoundError`` or ``ValueError`` for a time zone that
        is none: settings and profiles are checked when they are written.
        """
        if code not in self._translations:
            code = LANGUAGES[0]
        found = self._languages.get((code, timezone))
        if found is None:
            found = self._languages[code, timezone] = Language(code, ZoneInfo(timezone), self._translations[code])
        return found


class Language:
    """Says things in one language and one time zone. Instants and spans are microseconds, as everywhere."""

    def __init__(self, code: str, zone: ZoneInfo, translations: gettext.NullTranslations) -> None:
        self.code = code
        self.zone = zone
        self.locale = Locale.parse(_LOCALES[code])
        self._translations = translations
        self._long_date: DateTimePattern = self.locale.date_formats["long"]
        self._full_date: DateTimePattern = self.locale.date_formats["full"]
        self._short_date: DateTimePattern = parse_pattern(self.locale.datetime_skeletons["yMd"])
        self._weekdays: Sequence[str] = [self.locale.days["stand-alone"]["abbreviated"][day] for day in range(_WEEK)]
        self._days = {(day.month, day.day): format_skeleton("MMMd", day, locale=self.locale) for day in _every_day()}
        self._number: NumberPattern = self.locale.decimal_formats[None]
        self.units = _SHORT_UNITS[code]
        """The short words for day, hour and minute, for a pill that a page keeps true by itself."""
        self._sizes = _CYRILLIC_SIZES if code in {"uk", "ru"} else _LATIN_SIZES

    # Sentences

    def gettext(self, sentence: str, /, **fields: object) -> str:
        """The sentence in this language, its ``%(name)s`` holes filled."""
        said = self._translations.gettext(sentence)
        return said % fields if fields else said

    def ngettext(self, one: str, many: str, count: int, /, **fields: object) -> str:
        """The form that fits the count; ``%(n)s`` is the count as people here write it."""
        said = self._translations.ngettext(one, many, count)
        return said % {"n": self.format_number(count), **fields}

    # Moments

    def moment(self, instant: int) -> datetime:
        """The instant on the clock of this reader."""
        return datetime.fromtimestamp(instant / SECOND, self.zone)

    def format_time(self, instant: int) -> str:
        """``09:12``; all five languages write the hours from 0 to 23."""
        return f"{self.moment(instant):%H:%M}"

    def format_date(self, instant: int) -> str:
        """``18 November 2025``."""
        return self._say(self._long_date, self.moment(instant))

    def format_day(self, day: date, *, year: bool = False) -> str:
        """``Wed, 25 Nov``, with the year where it may be another one: a day with what it is called."""
        return format_skeleton("yMMMEd" if year else "MMMEd", day, locale=self.locale)

    def weekday_names(self) -> list[str]:
        """Short names of the days, from Monday on."""
        return list(self._weekdays)

    def format_days(self, first: date, last: date) -> str:
        """``16–22 Nov 2026``: from one day up to another, as short as the language says it."""
        return format_interval(first, last, "yMMMd", locale=self.locale)

    def format_datetime(self, instant: int) -> str:
        """``Tuesday, 18 November 2025, 09:12``: the whole truth, for the hover over a short form."""
        moment = self.moment(instant)
        return f"{self._say(self._full_date, moment)}, {moment:%H:%M}"

    def format_list_time(self, now: int, then: int) -> str:
        """When, in a list: ``09:12`` today, ``Thu`` in the six days before, ``18 Nov`` this year, else ``18/11/2024``.

        What is still to come is never said by the day of the week alone, which could be read as the one past.
        """
        moment, today = self.moment(then), self.moment(now)
        days = today.toordinal() - moment.toordinal()
        if days == 0:
            return f"{moment:%H:%M}"
        if 0 < days < _WEEK:
            return self._weekdays[moment.weekday()]
        if moment.year == today.year:
            return self._days[moment.month, moment.day]
        return self._say(self._short_date, moment)

    # Spans

    def relative(self, now: int, then: int) -> str:
        """How long ago or until, to fit a pill: ``48 min``, ``5 h``, ``1 d 2 h``, ``12 d``; at least ``1 min``."""
        span = abs(now - then)
        if span < HOUR:
            return self._in_units((0, 0, max(1, span // MINUTE)))
        if span < DAY:
            return self._in_units((0, span // HOUR, 0))
        days, rest = divmod(span, DAY)
        return self._in_units((days, rest // HOUR if days < _WEEK else 0, 0))

    def format_span(self, span: int) -> str:
        """A span said exactly enough to act on: as ``relative``, with the minutes up to ten hours: ``1 h 8 min``."""
        if HOUR <= span < 10 * HOUR:
            return self._in_units((0, span // HOUR, span % HOUR // MINUTE))
        return self.relative(span, 0)

    def format_span_long(self, span: int) -> str:
        """For a sentence: ``1 day 2 hours``, ``21 хвилина``. Two units at most, whole words, right plural forms."""
        days, hours, minutes = span // DAY, span % DAY // HOUR, span % HOUR // MINUTE
        named = [(days, "day"), (hours, "hour"), (minutes, "minute")]
        largest = next((at for at, (count, _) in enumerate(named) if count), 2)
        said = [self._unit(count, unit) for count, unit in named[largest : largest + 2] if count]
        return " ".join(said) or self._unit(0, "minute")

    # Amounts

    def language_name(self, code: str) -> str:
        """What a language is called ("Ukrainian"); the code itself for one that nobody has named."""
        return str(self.locale.languages.get(code.partition("-")[0].lower(), code))

    def format_number(self, value: float) -> str:
        """``1,234.5`` as people here write it, at most three places."""
        if isinstance(value, int) and -1000 < value < 1000:
            return str(value)
        said: str = self._number.apply(value, self.locale)
        return said

    def format_size(self, size: int) -> str:
        """A size in bytes: ``1.8 MB``, ``148 kB``; thousands, not 1024s, as the reader's own computer counts."""
        amount, power = float(size), 0
        while round(amount) >= 1000 and power < len(self._sizes) - 1:
            amount, power = amount / 1000, power + 1
        rounded = round(amount, 1) if power and amount < 9.95 else round(amount)
        return f"{self.format_number(rounded)} {self._sizes[power]}"

    def _in_units(self, counts: tuple[int, int, int]) -> str:
        return " ".join(f"{count} {unit}" for count, unit in zip(counts, self.units, strict=True) if count)

    def _unit(self, count: int, unit: str) -> str:
        # Vietnamese has one form, and CLDR files it under "short".
        width: Literal["short", "long"] = "short" if self.code == "vi" else "long"
        return format_unit(count, f"duration-{unit}", width, locale=self.locale)

    def _say(self, pattern: DateTimePattern, moment: datetime) -> str:
        return pattern.apply(moment, self.locale)


def choose_language(accept: str, chosen: str | None, default: str) -> str:
    """The code of the language to speak: what the person chose, else the best of an ``Accept-Language`` header
    (RFC 9110 12.5.4) that we have, else the default. Never raises, whatever the header holds."""
    if chosen in LANGUAGES:
        return chosen
    best, best_weight = default, 0.0
    for choice in accept[:500].split(","):
        tag, _, parameter = choice.partition(";")
        code = tag.strip().lower().split("-")[0]
        weight = _weight(parameter)
        if code in LANGUAGES and weight > best_weight:
            best, best_weight = code, weight
    return best


def _weight(parameter: str) -> float:
    name, _, value = parameter.partition("=")
    if name.strip() != "q":
        return 1.0
    try:
        return float(value)
    except ValueError:
        return 0.0


def _every_day() -> list[date]:
    first = date(_CALENDAR_YEAR, 1, 1).toordinal()
    return [date.fromordinal(first + offset) for offset in range(366)]

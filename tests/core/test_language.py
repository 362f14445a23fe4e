"""Each of the five languages says times, spans, plurals and sizes as in the drawn pages."""

import io
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import pytest
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from hypothesis import given
from hypothesis import strategies as st

from core.clock import DAY, HOUR, MINUTE, from_datetime
from core.language import LANGUAGES, Catalogs, choose_language

KYIV = ZoneInfo("Europe/Kyiv")
NOW = from_datetime(datetime(2025, 11, 21, 14, 20, tzinfo=KYIV))  # a Friday, as in the drawn inbox
UNTRANSLATED = Catalogs(Path(__file__).parent / "no-such-folder")
UKRAINIAN = """
msgid ""
msgstr ""
"Content-Type: text/plain; charset=UTF-8\\n"
"Plural-Forms: nplurals=3; plural=(n%10==1 && n%100!=11 ? 0 :"
" n%10>=2 && n%10<=4 && (n%100<10 || n%100>=20) ? 1 : 2);\\n"

msgid "Waiting for us"
msgstr "Чекають на нас"

msgid "%(who)s is reading"
msgstr "%(who)s читає"

msgid "%(n)s letter"
msgid_plural "%(n)s letters"
msgstr[0] "%(n)s лист"
msgstr[1] "%(n)s листи"
msgstr[2] "%(n)s листів"
"""


@pytest.fixture(scope="module")
def catalogs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("locale")
    target = folder / "uk" / "LC_MESSAGES" / "mailhub.mo"
    target.parent.mkdir(parents=True)
    with target.open("wb") as file:
        write_mo(file, read_po(io.BytesIO(UKRAINIAN.encode()), locale="uk"))
    return Catalogs(folder)


@pytest.fixture
def speak(catalogs):
    return lambda code: catalogs.language(code, "Europe/Kyiv")


def at(day, hour=9, minute=12, month=11, year=2025):
    return from_datetime(datetime(year, month, day, hour, minute, tzinfo=KYIV))


def test_sentences_come_from_the_catalog_and_else_in_english(speak):
    assert speak("uk").gettext("Waiting for us") == "Чекають на нас"
    assert speak("uk").gettext("%(who)s is reading", who="Петро") == "Петро читає"
    assert speak("uk").gettext("100% wool") == "100% wool"
    for code in ("en", "ru", "bg", "vi"):
        assert speak(code).gettext("Waiting for us") == "Waiting for us"


def test_counts_choose_their_form(speak):
    said = [speak("uk").ngettext("%(n)s letter", "%(n)s letters", count) for count in (1, 2, 5, 21, 1000)]
    assert said == ["1 лист", "2 листи", "5 листів", "21 лист", "1\xa0000 листів"]
    assert speak("en").ngettext("%(n)s letter", "%(n)s letters", 21) == "21 letters"


LIST_TIMES = {
    "en": ("09:12", "Thu", "13 Nov", "18/11/2024"),
    "uk": ("09:12", "чт", "13 лист.", "18.11.2024"),
    "ru": ("09:12", "чт", "13 нояб.", "18.11.2024"),
    "bg": ("09:12", "чт", "13.11", "18.11.2024\u202fг."),
    "vi": ("09:12", "Th 5", "13 thg 11", "18/11/2024"),
}


@pytest.mark.parametrize("code", LANGUAGES)
def test_list_times(speak, code):
    moments = (at(21), at(20), at(13), at(18, year=2024))
    assert tuple(speak(code).format_list_time(NOW, moment) for moment in moments) == LIST_TIMES[code]


def test_list_time_knows_midnight_a_week_and_the_future(speak):
    english = speak("en")
    assert english.format_list_time(NOW, at(20, 23, 59)) == "Thu"
    assert english.format_list_time(NOW, at(15)) == "Sat"
    assert english.format_list_time(NOW, at(14)) == "14 Nov"
    assert english.format_list_time(NOW, at(22)) == "22 Nov"
    assert english.format_list_time(NOW, at(21, 23, 59)) == "23:59"
    assert english.format_list_time(NOW, at(29, month=2, year=2024)) == "29/02/2024"


def test_the_reader_s_zone_decides_what_is_today(catalogs):
    late = from_datetime(datetime(2025, 11, 21, 23, 30, tzinfo=KYIV))
    assert catalogs.language("en", "Europe/Kyiv").format_list_time(late, late) == "23:30"
    assert catalogs.language("en", "Asia/Ho_Chi_Minh").format_time(late) == "04:30"
    assert catalogs.language("en", "Asia/Ho_Chi_Minh").format_date(late) == "22 November 2025"


PILLS = {
    "en": ("1 min", "48 min", "5 h", "1 d 2 h", "2 d", "12 d"),
    "uk": ("1 хв", "48 хв", "5 год", "1 д 2 год", "2 д", "12 д"),
    "ru": ("1 мин", "48 мин", "5 ч", "1 д 2 ч", "2 д", "12 д"),
    "bg": ("1 мин", "48 мин", "5 ч", "1 д 2 ч", "2 д", "12 д"),
    "vi": ("1 phút", "48 phút", "5 giờ", "1 ngày 2 giờ", "2 ngày", "12 ngày"),
}


@pytest.mark.parametrize("code", LANGUAGES)
def test_pills(speak, code):
    spans = (0, 48 * MINUTE, 5 * HOUR + 8 * MINUTE, 26 * HOUR, 2 * DAY, 12 * DAY + 5 * HOUR)
    assert tuple(speak(code).relative(NOW, NOW - span) for span in spans) == PILLS[code]
    assert speak(code).relative(NOW, NOW + 5 * HOUR) == PILLS[code][2]


DAYS = {
    "en": ("1 day", "2 days", "5 days", "21 days"),
    "uk": ("1 день", "2 дні", "5 днів", "21 день"),
    "ru": ("1 день", "2 дня", "5 дней", "21 день"),
    "bg": ("1 ден", "2 дни", "5 дни", "21 дни"),
    "vi": ("1 ngày", "2 ngày", "5 ngày", "21 ngày"),
}
HOURS_AND_MINUTES = {
    "en": ("1 hour 1 minute", "2 hours 2 minutes", "5 hours 5 minutes", "21 hours 21 minutes"),
    "uk": ("1 година 1 хвилина", "2 години 2 хвилини", "5 годин 5 хвилин", "21 година 21 хвилина"),
    "ru": ("1 час 1 минута", "2 часа 2 минуты", "5 часов 5 минут", "21 час 21 минута"),
    "bg": ("1 час 1 минута", "2 часа 2 минути", "5 часа 5 минути", "21 часа 21 минути"),
    "vi": ("1 giờ 1 phút", "2 giờ 2 phút", "5 giờ 5 phút", "21 giờ 21 phút"),
}


@pytest.mark.parametrize("code", LANGUAGES)
def test_whole_words_have_their_plural_forms(speak, code):
    assert tuple(speak(code).format_span_long(n * DAY) for n in (1, 2, 5, 21)) == DAYS[code]
    assert tuple(speak(code).format_span_long(n * (HOUR + MINUTE)) for n in (1, 2, 5, 21)) == HOURS_AND_MINUTES[code]


def test_lateness_shows_minutes_where_they_matter(speak):
    assert speak("uk").format_span(68 * MINUTE) == "1 год 8 хв"
    assert speak("uk").format_span(22 * HOUR + 5 * MINUTE) == "22 год"
    assert speak("uk").format_span(16 * MINUTE) == "16 хв"
    assert speak("en").format_span_long(26 * HOUR) == "1 day 2 hours"
    assert speak("en").format_span_long(24 * HOUR + 5 * MINUTE) == "1 day"
    assert speak("en").format_span_long(0) == "0 minutes"


@given(st.integers(0, 4000 * DAY))
def test_spans_never_fall_silent(span):
    for code in LANGUAGES:
        speaker = UNTRANSLATED.language(code, "UTC")
        assert speaker.relative(0, span).strip()
        assert speaker.format_span(span).strip()
        assert speaker.format_span_long(span).strip()


def test_dates_in_full(speak):
    assert speak("en").format_datetime(NOW) == "Friday, 21 November 2025, 14:20"
    assert speak("uk").format_date(NOW) == "21 листопада 2025\u202fр."
    assert speak("vi").format_date(NOW) == "21 tháng 11, 2025"


def test_numbers_and_sizes(speak):
    sizes = (0, 999, 1000, 148_000, 1_810_000, 999_600, 9_960_000, 12_400_000, 5_300_000_000_000)
    assert [speak("en").format_size(size) for size in sizes] == [
        "0 B", "999 B", "1 kB", "148 kB", "1.8 MB", "1 MB", "10 MB", "12 MB", "5,300 GB",
    ]  # fmt: skip
    assert speak("uk").format_size(1_810_000) == "1,8 МБ"
    assert speak("vi").format_number(1234567.5) == "1.234.567,5"
    assert speak("en").format_number(-1234) == "-1,234"


@pytest.mark.parametrize(
    ("accept", "chosen", "expected"),
    [
        ("", None, "bg"),
        ("uk", None, "uk"),
        ("uk-UA,uk;q=0.9,en;q=0.8", None, "uk"),
        ("en;q=0.5, ru;q=0.9", None, "ru"),
        ("de,fr;q=0.9,vi;q=0.1", None, "vi"),
        ("de", None, "bg"),
        ("en;q=0", None, "bg"),
        ("en;q=nonsense,uk;q=0.1", None, "uk"),
        ("en;q=nan", None, "bg"),
        (";;,,=;q", None, "bg"),
        ("uk", "vi", "vi"),
        ("uk", "tlh", "uk"),
        ("x," * 100_000, None, "bg"),
    ],
)
def test_choosing(accept, chosen, expected):
    assert choose_language(accept, chosen, "bg") == expected


def test_unknown_codes_speak_english_and_unknown_zones_are_refused(catalogs):
    assert catalogs.language("tlh", "UTC").code == "en"
    with pytest.raises((ZoneInfoNotFoundError, ValueError)):
        catalogs.language("en", "Mars/Olympus")
    assert catalogs.language("uk", "UTC") is catalogs.language("uk", "UTC")


def test_languages_are_called_by_their_names(speak):
    assert speak("en").language_name("uk") == "Ukrainian"
    assert speak("uk").language_name("vi-VN") == "вʼєтнамська"
    assert speak("bg").language_name("tlh-x") == "клингонски"
    assert speak("en").language_name("zz") == "zz"

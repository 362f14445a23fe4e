"""What pages show of what was read: pure functions, no database."""

from __future__ import annotations

import pytest

from api.web.letters import names_another, split_quote
from api.web.place import Place, read_place
from api.web.places import name_program
from api.web.shapes import Speaker, lateness, make_person, make_pill, soon_at
from core.clock import DAY, HOUR, MINUTE
from core.errors import NotFound
from core.language import Catalogs
from core.resources import locale_dir
from crm.staff.readable import Viewer
from mailhub.mailboxes.lists import ThreadRow

NOW = 1_795_000_000_000_000


def viewer() -> Viewer:
    return Viewer(1, "Oksana", "o@x.example", False, "en", "", frozenset(), frozenset(), frozenset())


def speaker() -> Speaker:
    return Speaker(viewer(), Catalogs(locale_dir()).language("en", "UTC"), NOW)


def row(**more: object) -> ThreadRow:
    plain = dict.fromkeys(ThreadRow.__dataclass_fields__)
    return ThreadRow(**(plain | {"state": "open", "waiting_for": "us"} | more))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "initials"),
    [
        ("Oksana Lysenko", "OL"),
        ("Nguyễn Thị Minh Châu", "NC"),
        ("анна", "А"),
        ("anna@client.example", "A"),
        ("“Quoted” Name", "N"),
        ("", "?"),
        ("<>", "?"),
    ],
)
def test_initials(name: str, initials: str) -> None:
    assert make_person(name).initials == initials


def test_amber_at_three_quarters_and_red_at_the_end() -> None:
    since, due = NOW - 6 * HOUR, NOW + 2 * HOUR
    assert soon_at(since, due) == NOW
    assert make_pill(speaker(), since, due).state == "soon"
    assert make_pill(speaker(), since + MINUTE, due + MINUTE).state == "none"
    assert make_pill(speaker(), since, NOW).state == "late"
    assert make_pill(speaker(), NOW - 40 * DAY, None).state == "none"


def test_lateness_is_of_what_waits_for_us_alone() -> None:
    late = {"waiting_since": NOW - DAY, "due_at": NOW - HOUR}
    assert lateness(row(**late), NOW) == "late"
    assert lateness(row(**late | {"state": "closed"}), NOW) is None
    assert lateness(row(**late | {"waiting_for": None}), NOW) is None
    assert lateness(row(waiting_since=NOW - HOUR, due_at=NOW + DAY), NOW) == "time"


@pytest.mark.parametrize("place", [Place(), Place("mine"), Place("open", 3), Place("spam", 3), Place("all", None, "")])
def test_a_place_is_read_from_its_own_key(place: Place) -> None:
    assert read_place(place.key, place.words) == place


@pytest.mark.parametrize(
    "key", ["", "all", "waiting/3", "mailboxes/x", "mailboxes/3/waiting", "mailboxes/3/4/5", "../x"]
)
def test_what_is_no_place_is_not_found(key: str) -> None:
    with pytest.raises(NotFound):
        read_place(key)


def test_addresses_of_a_place() -> None:
    assert Place("open", 3).thread(7) == "/mailboxes/3/threads/7"
    assert Place("all", None, "рахунок & co").url == "/search?q=%D1%80%D0%B0%D1%85%D1%83%D0%BD%D0%BE%D0%BA+%26+co"
    assert Place().act(7, "close") == "/threads/7/close?place=waiting"


def test_the_quoted_history_is_folded() -> None:
    text = "Thank you.\n\nAnna\n\nOn Monday Oksana wrote:\n> Shall we?\n> Yes."
    assert split_quote(text, "Thank you.\n\nAnna") == (
        "Thank you.\n\nAnna",
        "On Monday Oksana wrote:\n> Shall we?\n> Yes.",
    )


def test_answers_between_the_lines_stay_where_they_are() -> None:
    text = "> Shall we?\nYes.\n> When?\nMonday."
    assert split_quote(text, "Yes.\nMonday.") == (text, None)


def test_a_short_signature_is_not_folded() -> None:
    text = "Yes.\n\n-- \nAnna\n+380 44 555 01 48"
    assert split_quote(text, "Yes.") == (text, None)


@pytest.mark.parametrize(
    ("name", "another"),
    [
        ("Anna", False),
        ("anna@client.example", False),
        ("Anna (ANNA@client.example)", False),
        ("Anna <boss@client.example>", True),
    ],
)
def test_a_name_with_another_address_is_noticed(name: str, another: bool) -> None:
    assert names_another(name, "anna@client.example") is another


def test_a_browser_is_called_by_its_name() -> None:
    agent = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36"
    assert name_program(agent) == "Chrome · Linux"
    assert name_program("") == ""

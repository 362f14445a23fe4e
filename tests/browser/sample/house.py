"""The invented company: its people, its moment, its rail."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace as Thing

NOW = datetime(2025, 11, 20, 12, 20, tzinfo=UTC)  # a Thursday, 14:20 in Sofia
TIMEZONE = "Europe/Sofia"
LANGUAGES = [("en", "English"), ("uk", "Українська"), ("ru", "Русский"), ("bg", "Български"), ("vi", "Tiếng Việt")]


def ago(days: float = 0, hours: float = 0, minutes: float = 0) -> str:
    return (NOW - timedelta(days=days, hours=hours, minutes=minutes)).isoformat().replace("+00:00", "Z")


def local(iso: str) -> str:
    return (datetime.fromisoformat(iso) + timedelta(hours=2)).strftime("%H:%M")


def person(name: str, me: bool = False, **more: object) -> Thing:
    words = name.split()
    return Thing(
        name=name, initials="".join(word[0] for word in (words[0], words[-1])) if words[1:] else name[:1], me=me, **more
    )


OKSANA = person("Oksana Lysenko", me=True, id=1)
PETRO = person("Petro Hnatiuk", id=2)
MARIA = person("Maria Sokolova", id=3)


def shell(current: str = "waiting", *, problem: bool = False, events: str = "") -> Thing:
    def place(key: str, count: int | None = None) -> Thing:
        return Thing(key=key, url=f"/{key}", count=count, current=key == current)

    def box(name: str, count: int, colour: str | None, *, personal: bool = False, wrong: str | None = None) -> Thing:
        address = name + "acme.example"
        return Thing(
            url=f"/mailboxes/{name}",
            name=name,
            address=address,
            count=count,
            colour=colour,
            personal=personal,
            current=False,
            problem=wrong,
        )

    return Thing(
        user=OKSANA,
        csrf_token="sample",
        company="Acme Bearings",
        admin=True,
        off=frozenset(),
        uses=lambda _part: True,
        notice="Demo: nothing leaves this machine",
        last_change=4711,
        views=[place("waiting", 14), place("mine", 5), place("open", 31), place("closed"), place("spam")],
        mailboxes=[
            box("sales@", 7, "a"),
            box("claims@", 4, "b"),
            box("purchasing@", 2, "c"),
            *([box("tenders@", 0, "d", wrong="The server refused the password at 10:32")] if problem else []),
            box("oksana@", 1, None, personal=True),
        ],
        places=[place("clients")],
        upkeep=[place("quarantine", 3), place("health")],
        saved=[],
        steps=[],
        languages=[Thing(code=code, name=name) for code, name in LANGUAGES],
        units=Thing(day="d", hour="h", minute="min").__dict__,
        urls=Thing(
            home="/",
            events=events,
            rail="/fragments/rail",
            preferences="/settings/preferences",
            settings="/settings",
            search="/search",
            logout="/logout",
        ),
        words="",
    )

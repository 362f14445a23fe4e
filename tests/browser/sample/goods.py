"""What is used, and what is sold and bought, in the invented company."""

from __future__ import annotations

from collections.abc import Mapping
from types import SimpleNamespace as Thing


def parts() -> list[Thing]:
    told = [
        ("calendar", "Kalender", "", True),
        ("documents", "Papiere", "", True),
        ("mailings", "Post", "Papiere", False),
    ]
    return [Thing(key=key, name=name, about="…", needs=needs, used=used) for key, name, needs, used in told]


def channels() -> Mapping[str, object]:
    rows = [Thing(id=1, name="Виставка «Агро»"), Thing(id=2, name="Радіо")]
    ended = [Thing(id=3, name="Газета")]
    return {"rows": rows, "ended": ended, "may_change": True, "typed": "", "problem": ""}


def marketing() -> Mapping[str, object]:
    row = {"url": "/marketing/1", "name": "Агро 2026", "kind": "…", "days": "01.11.26 – 05.11.26", "channel": "Радіо"}
    return {
        "rows": [Thing(**row, responsible="Оксана", planned="12 000,00 ₴", spent="11 500,00 ₴")],
        "kinds": [("exhibition", "…")],
        "channels": [(1, "Радіо")],
        "users": [(1, "Оксана")],
        "asked": {"kind": "exhibition", "channel": "1", "of": "", "sort": "name"},
        "narrowed": True,
        "name_url": "#",
        "days_url": "#",
        "next_url": None,
        "may_change": True,
    }


def marketing_event() -> Mapping[str, object]:
    touch = Thing(
        id=1, client="Степ Трейд", url="/clients/1", person="Анна", way="…", when="12:10", note="Насоси",
        author="Оксана", may_drop=True,
    )  # fmt: skip
    return {
        "said": {"fault": "", "left": "2"},
        "event": Thing(
            name="Агро 2026",
            url="/marketing/1",
            edit_url="/marketing/1/edit",
            facts=[("…", "11 500,00 ₴")],
            about="Зал 4",
            tally=(3, 2, 7),
            touches=[touch],
            next_url=None,
            brought=[("Степ Трейд", "/clients/1")],
            brought_more=5,
            ways=[("visited", "…")],
            segments=[(1, "Степ")],
            now="2026-11-18T10:00",
            may_change=True,
            may_touch=True,
        ),
    }


def marketing_form() -> Thing:
    names = ("name", "kind", "date_from", "date_to", "currency", "about", "planned", "spent", "channel_id", "version")
    return Thing(
        fields=dict.fromkeys((*names, "responsible_id"), "") | {"name": "Агро 2026"},
        problem=None,
        title="Агро 2026",
        url="/marketing/1/edit",
        back_url="/marketing/1",
        kinds=[("exhibition", "…")],
        channels=[(1, "Радіо")],
        people=[(1, "Оксана")],
        known=True,
    )


def items() -> Mapping[str, object]:
    names = [("Підшипник 6204", "6204", "шт", False), ("Ущільнення P-5", "P-5", "шт", True)]
    rows = [Thing(name=name, code=code, unit=unit, ended=ended) for name, code, unit, ended in names]
    return {
        "rows": [(one, f"/items/{n}", "Насоси") for n, one in enumerate(rows, 1)],
        "groups": [Thing(id=1, name="Насоси", url="/items?group=1", count=1, current=True)],
        "asked": {"q": "", "group": "1", "retired": "yes"},
        "next_url": None,
        "may_change": True,
    }


def item_form() -> Thing:
    return Thing(
        fields={"name": "Підшипник 6204", "code": "6204", "unit": "шт", "group": "Насоси"},
        problem=None,
        title="Підшипник 6204",
        url="/items/1",
        ended=True,
        known=True,
        external_id="ERP-1",
        groups=["Насоси"],
    )

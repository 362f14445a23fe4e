"""What somebody of the invented company has to hear of."""

from __future__ import annotations

from types import SimpleNamespace as Thing

from tests.browser.sample.house import ago

WAYS = {"assigned": "app", "mentioned": "mail", "letter": "app", "bounced": "mail", "escalation": "none"}


def notices() -> Thing:
    told = [
        ("at", "Petro Hnatiuk named you in a note: “Рекламация по фактура 552”", 0.5, "13:50", False),
        ("user-check", "Maria Sokolova gave you “Vận chuyển container Odesa – Hải Phòng”", 2, "12:20", False),
        ("mail-exclamation", "An answer did not arrive: “Рахунок № 2210 за жовтень”", 26, "Wed", True),
    ]
    lines = [
        Thing(id=at, icon=icon, text=text, url="#", who=None, time_iso=ago(hours=hours), time_text=when, read=read)
        for at, (icon, text, hours, when, read) in enumerate(told)
    ]
    wishes = [Thing(kind=kind, way=way) for kind, way in WAYS.items()]
    return Thing(lines=lines, new=2, mentions=False, more_url=None, wishes=wishes, hours=[(8, True), (9, False)])

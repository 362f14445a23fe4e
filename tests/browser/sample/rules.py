"""The rules of a mailbox, and one of them open in its form."""

from __future__ import annotations

import gettext
from types import SimpleNamespace as Thing
from zoneinfo import ZoneInfo

from api.web.condition_form import Line
from api.web.rule_form import Draft
from api.web.rule_words import People, show_form
from api.web.shapes import Speaker
from core.language import Language
from crm.staff.readable import Viewer
from tests.browser.sample.house import NOW, TIMEZONE

BOX = Thing(id=2, name="Claims", address="claims@acme.example")
PEOPLE = People(
    {1: "Oksana Lysenko", 2: "Petro Hnatiuk", 3: "Nguyễn Thị Lan Hương"}, [1, 2, 3], {1: "Service"}, {1: "claim"}, {}
)
LINES = (
    Line("from.domain", "eq", ("balkan-logistic-and-spare-parts.example, balkan.example",)),
    Line("subject", "contains", ("рекламація, рекламация, khiếu nại",), inner=True),
    Line("size", "-between", ("10", "5000"), inner=True),
    Line("kind", "eq", ("letter", "invitation")),
    Line("client.manager", "-eq", ("3",)),
    Line("attached", "eq"),
)


def rule_list() -> dict[str, object]:
    """Three rules, the last one off."""
    words = "the sender's domain is exactly “balkan.example” and the subject contains “рекламація” or “khiếu nại”"
    return {
        "box": BOX,
        "rules": [
            {"id": 1, "name": "Complaints of Balkan Logistic", "active": True, "if": words, "do": "assign to Petro"},
            {"id": 2, "name": "All night long", "active": True, "if": "", "do": "to be answered in 2 h"},
            {"id": 3, "name": "Newsletters", "active": False, "if": "the mailing list is not empty", "do": "close it"},
        ],
    }


def one_rule() -> dict[str, object]:
    """A rule with a group in it."""
    viewer = Viewer(1, "Oksana", "o@acme.example", True, "en", "", frozenset(), frozenset(), frozenset())
    speaker = Speaker(viewer, Language("en", ZoneInfo(TIMEZONE), gettext.NullTranslations()), NOW)
    draft = Draft(name="Complaints of Balkan Logistic", lines=LINES, who="user:2", hours="2", stop=True)
    rule = Thing(id=1, name=draft.name, active=True, version=3)
    return {"box": BOX, "rule": rule, "form": show_form(speaker, draft, PEOPLE), "said": ""}

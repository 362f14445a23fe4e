"""One invented company's afternoon, in the shape the templates ask for: for pictures of the pages and tests of them."""

from __future__ import annotations

from collections.abc import Mapping
from types import SimpleNamespace as Thing

from tests.browser.sample.goods import channels, item_form, items, marketing, marketing_event, marketing_form, parts
from tests.browser.sample.house import LANGUAGES, NOW, TIMEZONE, shell
from tests.browser.sample.inbox import complaint, empty_list, stranger, waiting_list
from tests.browser.sample.notices import notices
from tests.browser.sample.panels import client_panel, unknown_panel
from tests.browser.sample.places import clients, health, quarantine
from tests.browser.sample.rules import one_rule, rule_list

__all__ = ["NOW", "TIMEZONE", "pages"]


def pages() -> dict[str, tuple[str, Mapping[str, object]]]:
    """Name of the page → template and what it is given."""
    inbox = {"shell": shell(), "list": waiting_list(), "thread": None, "panel": None, "oob": False, "toast": None}
    asked = {
        "languages": [Thing(code=code, name=name, url=f"?lang={code}") for code, name in LANGUAGES],
        "csrf_token": "sample",
        "next": "/",
    }
    error = Thing(
        status=404,
        title="There is nothing here",
        text="The letter was moved or you may not see it. Ask whoever sent you the link.",
        step=Thing(url="/", title="To the letters"),
        reference=None,
    )
    undo = Thing(url="/threads/2/reopen", fields={})
    done = Thing(text="Closed: Рекламация по фактура 552", undo=undo, stays=False, composer=None)
    asked = asked | {"passkeys": False, "sso": None, "letters": False}
    return {
        "inbox": ("inbox.html", inbox | {"thread": complaint(), "panel": client_panel()}),
        "inbox-list": ("inbox.html", inbox | {"toast": done}),
        "inbox-empty": ("inbox.html", inbox | {"list": empty_list()}),
        "inbox-stranger": ("inbox.html", inbox | {"thread": stranger(), "panel": unknown_panel()}),
        "quarantine": ("quarantine.html", {"shell": shell("quarantine", problem=True), "toast": None, **quarantine()}),
        "health": ("health.html", {"shell": shell("health", problem=True), "toast": None, "health": health()}),
        "clients": ("clients.html", {"shell": shell("clients"), "toast": None, "clients": clients()}),
        "parts": ("parts.html", {"shell": shell("settings"), "toast": None, "parts": parts()}),
        "channels": ("channels.html", {"shell": shell("settings"), "toast": None, **channels()}),
        "marketing": ("marketing.html", {"shell": shell("marketing"), "toast": None, **marketing()}),
        "marketing-event": ("marketing_event.html", {"shell": shell("marketing"), "toast": None, **marketing_event()}),
        "marketing-form": (
            "marketing_form.html",
            {"shell": shell("marketing"), "toast": None, "form": marketing_form()},
        ),
        "items": ("items.html", {"shell": shell("documents"), "toast": None, **items()}),
        "item": ("item_form.html", {"shell": shell("documents"), "toast": None, "form": item_form()}),
        "notices": ("notices.html", {"shell": shell("notices"), "toast": None, "notices": notices()}),
        "rules": ("rules.html", {"shell": shell("settings"), "toast": None, **rule_list()}),
        "rules-empty": ("rules.html", {"shell": shell("settings"), "toast": None, **rule_list(), "rules": []}),
        "rule": ("rule.html", {"shell": shell("settings"), "toast": None, **one_rule()}),
        "login": ("login.html", asked | {"problem": None, "email": "", "people": []}),
        "login-refused": (
            "login.html",
            asked
            | {
                "problem": "The address or the password is not right.",
                "email": "oksana@acme.example",
                "people": [
                    Thing(name="Oksana Lysenko", email="oksana@acme.example", password="demo", role="Head of sales")
                ],
            },
        ),
        "error": ("error.html", {"error": error}),
    }

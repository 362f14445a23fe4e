"""What is turned off is nowhere: a crawl over the whole route table with each part off finds no way to it and no word
of it; turned on again everything is there as it was."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable, Iterator
from functools import cache, partial
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlsplit

import pytest
from litestar.routes import HTTPRoute

from api.auth.parts import PART
from crm.staff.modules import KEYS, MODULES, parts_off
from tests.api.asking import Answer, Asker
from tests.api.walk import BODIES, EVENTS, routes_of, values_for
from tests.api.world import World
from tests.support.engines import only

URLS = ("href", "action", "formaction", "src", "hx-get", "hx-post", "data-find", "data-url")
HINTS = ("title", "aria-label", "placeholder", "alt")
# Words that stand for a part wherever they are read, in pages and in what programs get.
SAID = {
    "calendar": r"calendar-plus|in your calendar|\bwhat is planned\b|next thing planned|planned\.next",
    "promises": r"promis(?!es everybody)",
    "documents": r"\bdocument|\bcontracts?\b|\binvoice|\bpump\b",
    "suppliers": r"\bsuppliers\b|price list",
    "fields": r"\btrade\b|\bown fields?\b|fill in fields",
    "segments": r"segment|best clients",
    "automatic": r"\bautomatic letters?\b",
    "marketing": r"\bchannels?\b|\bcame by\b|marketing|\btouch|visited the stand",
    "mailings": r"(?<!send )(?<!agrees to )\bmailings?\b(?! list)",
}
# Where a part is named on purpose: the page that turns it on, what was done, and what programs are told of the whole
# interface; consents and the right to be left alone hold whatever is used.
TOLD = ("/settings/parts", "/api/v1/parts", "/settings/audit", "/api/v1/audit", "/schema")


def parts_of_routes(world: World) -> list[tuple[re.Pattern[str], str]]:
    """Patterns of paths with the part that each belongs to, the plain ones before those with parameters."""
    found = []
    for route, path in sorted(routes_of(world), key=lambda one: (one[1].count("{"), one[1])):
        handler, _ = next(iter(route.route_handler_map.values()))
        named = handler.opt.get(PART, "")
        shape = "".join(
            r"[^/]+" if piece.startswith("{") else re.escape(piece) for piece in re.split(r"(\{[^}]+\})", path)
        )
        found.append((re.compile(f"{shape}/?$"), named))
    return found


def find_part(patterns: list[tuple[re.Pattern[str], str]], path: str) -> str:
    """The part that an address belongs to; empty for none."""
    return next((part for pattern, part in patterns if pattern.match(path)), "")


class Page(HTMLParser):
    """What a page leads to, and what is read on it: its text with its hints."""

    def __init__(self, body: str) -> None:
        super().__init__()
        self.urls: set[str] = set()
        self.words: list[str] = []
        self.feed(body)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name in URLS and value and value.startswith("/"):
                self.urls.add(urlsplit(value).path)
            if name in HINTS and value:
                self.words.append(value)

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def read(answer: Answer) -> tuple[set[str], str]:
    """Every address that a page leads to, or that a program is told, and all that is read in it."""
    kind, body = answer.headers.get("content-type", ""), answer.body.decode(errors="replace")
    if "html" in kind:
        page = Page(body)
        return page.urls, " · ".join(page.words)
    if "json" not in kind:
        return set(), ""
    told = list(strings(json.loads(body)))
    return {one for one in told if re.fullmatch(r"/[a-z]\S*", one)}, " · ".join(told)


def strings(data: Any) -> Iterator[str]:
    """Every text in the answer to a program, and the names of what holds something."""
    if isinstance(data, dict):
        for key, value in data.items():
            if value not in (None, [], {}, "", 0):
                yield key
                yield from strings(value)
    elif isinstance(data, list):
        for value in data:
            yield from strings(value)
    elif isinstance(data, str):
        yield data


def targets(world: World, who: str) -> Iterator[tuple[str, str, HTTPRoute]]:
    """Every route of the application with its parameters filled in."""
    for route, path in routes_of(world):
        names = re.findall(r"\{(\w+)\}", path)
        values = {name: values_for(world, who, name) for name in names}
        assert all(values.values()), f"{path}: nobody knows what its parameters name"
        yield path, path.format(**{name: one["own"] for name, one in values.items() if one}), route


async def crawl(world: World, who: str, off: frozenset[str]) -> list[str]:
    """What is left of the parts that are off."""
    asker, patterns = world.program(who), parts_of_routes(world)
    part_of = cache(partial(find_part, patterns))
    faults: list[str] = []
    asked = 0
    for path, target, route in targets(world, who):
        for method, (handler, _) in route.route_handler_map.items():
            part = handler.opt.get(PART, "")
            if part in off:
                asked += 1
                faults += await _is_gone(asker, method, path, target)
            elif method == "GET" and path != EVENTS and not path.startswith(TOLD):
                faults += await _says_nothing(asker, target, off, part_of)
    assert asked > 3, "no route names these parts"
    for of in ("counterparties", "contacts", "letters"):
        faults += await _says_nothing(asker, f"/api/v1/rules/vocabulary?of={of}", off, part_of)
    return faults


async def _is_gone(asker: Asker, method: str, path: str, target: str) -> list[str]:
    bodies: list[Any] = [*BODIES.get(f"{method} {path}", []), {}] if method in ("POST", "PUT", "PATCH") else [None]
    answers = [await asker.ask(method, target, data=body) for body in bodies]
    return [f"{method} {target} answers {one.status}" for one in answers if one.status != 404]


async def _says_nothing(asker: Asker, target: str, off: frozenset[str], part_of: Callable[[str], str]) -> list[str]:
    answer = await asker.get(target)
    urls, words = read(answer)
    faults = [f"{target} leads to {to}" for to in urls if part_of(to) in off]
    for part in off:
        said = re.search(SAID[part], words, re.IGNORECASE)
        around = words[max(0, said.start() - 30) : said.end() + 30] if said else ""
        faults += [f"{target} says “{around}” ({part})"] if said else []
    return faults


async def switch(world: World, key: str, *, used: bool) -> None:
    answer = await world.program("administrator").ask("PUT", f"/api/v1/parts/{key}", data={"used": used})
    assert answer.status == 200, answer.body


# What is offered hangs on no engine; that the parts that are off are read on both says the test below.
@only("sqlite")
@pytest.mark.parametrize("key", [one.key for one in MODULES])
def test_nothing_is_left_of_a_part_that_is_turned_off(loop: asyncio.Runner, world: World, key: str) -> None:
    async def go() -> None:
        await switch(world, key, used=False)
        off = parts_off([key])
        assert off & KEYS == off
        for who in ("administrator", "manager"):
            faults = sorted(set(await crawl(world, who, off)))
            assert not faults, "\n".join(faults)

    loop.run(go())


def test_what_was_in_a_part_is_there_again(loop: asyncio.Runner, world: World) -> None:
    async def go() -> None:
        admin, manager = world.program("administrator"), world.program("manager")
        assert (await manager.ask("PUT", "/api/v1/parts/promises", data={"used": False})).status == 403
        assert (await manager.get("/settings/parts")).status == 403
        assert (await admin.ask("PUT", "/api/v1/parts/letters", data={"used": False})).status == 404
        rule = {"field": "promises.ours", "op": "is_empty", "value": True}
        told = {"name": "Owed nothing", "of": "counterparties", "rule": rule}
        made = (await admin.post("/api/v1/segments", told)).json()["id"]
        before = (await admin.get("/api/v1/promises")).json()
        card = (await admin.get(f"/clients/{world.client_id}")).body
        assert before["items"]
        assert b"Says quailsalesone" in card
        await switch(world, "promises", used=False)
        parts = {one["key"]: one["used"] for one in (await manager.get("/api/v1/parts")).json()["items"]}
        assert [key for key, used in parts.items() if not used] == ["promises"]
        assert b"Says quailsalesone" not in (await admin.get(f"/clients/{world.client_id}")).body
        refused = await admin.post("/api/v1/segments", {**told, "name": "Another"})
        assert refused.status == 400
        page = (await admin.get(f"/segments/{made}")).body
        assert b"omething that is not used here" in page
        assert b"promise" not in page
        html = {"accept": "text/html"}
        lost = await admin.get("/promises", headers=html)
        assert lost.status == 404
        assert b'href="/settings/parts"' in lost.body
        hidden = await manager.get("/promises", headers=html)
        assert hidden.status == 404
        assert b"/settings/parts" not in hidden.body
        stranger = await Asker(world.app).get("/api/v1/promises")
        assert stranger.status == 401
        await switch(world, "promises", used=True)
        assert (await admin.get("/api/v1/promises")).json() == before
        assert b"Says quailsalesone" in (await admin.get(f"/clients/{world.client_id}")).body
        assert b"omething that is not used here" not in (await admin.get(f"/segments/{made}")).body
        audit = [one["action"] for one in (await admin.get("/api/v1/audit")).json()["items"]]
        assert audit[:1] == ["module-turned-on"]
        assert "module-turned-off" in audit

    loop.run(go())

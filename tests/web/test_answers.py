"""Pages and their parts as a browser asks for them, with scripts and without."""

from __future__ import annotations

import asyncio
import re
from html.parser import HTMLParser
from urllib.parse import urlencode

import pytest

from core.database import WriteTx
from mailhub.outbound.account_ways import UNREACHED
from mailhub.outbound.lane_troubles import record_lane_trouble
from mailhub.outbound.ways import Way
from tests.api.asking import Answer, Asker
from tests.api.world import PASSWORD, World

PART = {"hx-request": "true", "hx-request-type": "partial"}
FORM = {"content-type": "application/x-www-form-urlencoded", "sec-fetch-site": "same-origin"}


def text(answer: Answer) -> str:
    return answer.body.decode()


async def send(asker: Asker, target: str, **fields: str) -> Answer:
    return await asker.ask("POST", target, headers=FORM, body=urlencode(fields).encode() or b"_=")


def test_a_stranger_is_led_to_the_sign_in_page_and_back(loop: asyncio.Runner, world: World) -> None:
    async def journey() -> None:
        stranger = Asker(world.app)
        answer = await stranger.get("/closed?after=x")
        assert (answer.status, answer.headers["location"]) == (303, "/login?next=/closed%3Fafter%3Dx")
        answer = await stranger.get("/waiting", headers=PART)
        assert (answer.status, answer.headers["hx-redirect"]) == (401, "/login")
        page = await stranger.get("/login?next=//evil.example&lang=vi")
        assert 'name="next" value="/"' in text(page)
        assert 'lang="vi"' in text(page)
        wrong = await send(stranger, "/login", email="manager@firm.example", password="wrong", next="/mine")
        assert wrong.status == 401
        assert not wrong.cookies
        assert 'value="manager@firm.example"' in text(wrong)
        right = await send(stranger, "/login", email="manager@firm.example", password=PASSWORD, next="/mine")
        assert (right.status, right.headers["location"]) == (303, "/mine")
        signed_in = world.with_cookie(right.cookies[0].partition("=")[2].partition(";")[0])
        assert (await signed_in.get("/mine")).status == 200
        assert (await send(signed_in, "/logout")).status == 303
        assert (await signed_in.get("/mine")).status == 303

    loop.run(journey())


def test_the_same_address_gives_a_page_or_a_part_of_it(loop: asyncio.Runner, world: World) -> None:
    async def journey() -> None:
        manager = await world.browser("manager")
        thread = f"/waiting/threads/{world.threads['quailsalestwo']}"
        assert text(await manager.get(thread)).startswith("<!doctype html>")
        opened = text(await manager.get(thread, headers=PART | {"hx-target": "section#thread"}))
        assert opened.startswith("<title>")
        assert "<!doctype" not in opened
        assert 'hx-swap-oob="true"' in opened
        listed = text(await manager.get("/waiting", headers=PART | {"hx-target": "section#list"}))
        assert listed.lstrip().startswith('<section class="pane list"')
        rows = text(await manager.get("/waiting", headers=PART | {"hx-target": "li"}))
        assert "<section" not in rows
        whole = PART | {"hx-target": "section#thread", "hx-history-restore-request": "true"}
        assert text(await manager.get(thread, headers=whole)).startswith("<!doctype html>")

    loop.run(journey())


def test_every_button_works_without_scripts(loop: asyncio.Runner, world: World) -> None:
    async def journey() -> None:
        manager = await world.browser("manager")
        number = world.threads["quailsalestwo"]
        for what, fields in (
            ("assign", {"executor_id": str(world.users["manager"])}), ("unread", {}), ("close", {}), ("reopen", {}),
            ("junk", {}), ("sender", {"answer": "no"}),
        ):  # fmt: skip
            answer = await send(manager, f"/threads/{number}/{what}?place=open", **fields)
            assert (answer.status, answer.headers["location"]) == (303, f"/open/threads/{number}"), what
        page = text(await manager.get(f"/spam/threads/{number}"))
        for said in (
            "Assigned to Manager",
            "Closed, by Manager",
            "Opened again, by",
            "Marked as junk, by",
            "Called “not a client”",
        ):
            assert said in page, said

    loop.run(journey())


def test_closing_is_taken_back_with_everything_it_took(loop: asyncio.Runner, world: World) -> None:
    async def journey() -> None:
        manager = await world.browser("manager")
        number = world.threads["quailsalestwo"]
        row = f"/fragments/rows/{number}?place=waiting"
        before = text(await manager.get(row))
        assert "pill" in before
        closed = await manager.ask("POST", f"/threads/{number}/close?place=waiting", headers=FORM | PART, body=b"_=")
        assert f"/threads/{number}/reopen?place=waiting" in text(closed)
        assert "pill" not in text(await manager.get(row))
        await manager.ask("POST", f"/threads/{number}/reopen?place=waiting", headers=FORM | PART, body=b"_=")
        assert text(await manager.get(row)) == before

    loop.run(journey())


def test_a_refusal_is_a_toast_and_changes_nothing(loop: asyncio.Runner, world: World) -> None:
    async def journey() -> None:
        reader = await world.browser("reader")
        number = world.threads["quailsalestwo"]
        answer = await reader.ask("POST", f"/threads/{number}/close", headers=FORM | PART, body=b"_=")
        assert answer.status == 403
        assert "toast" in text(answer)
        assert "<!doctype" not in text(answer)
        page = text(await reader.get(f"/waiting/threads/{number}"))
        assert f"/threads/{number}/close" not in page, "a button that would be refused is not shown"

    loop.run(journey())


def test_a_forged_form_is_not_carried_out(loop: asyncio.Runner, world: World) -> None:
    async def journey() -> None:
        manager = await world.browser("manager")
        manager.base.clear()
        number = world.threads["quailsalestwo"]
        assert (await send(manager, f"/threads/{number}/close")).status == 403
        far = FORM | {"sec-fetch-site": "cross-site"}
        answer = await manager.ask("POST", "/login", headers=far, body=b"email=a&password=b")
        assert answer.status == 403

    loop.run(journey())


def test_news_count_what_belongs_into_the_list(loop: asyncio.Runner, world: World) -> None:
    async def journey() -> None:
        manager = await world.browser("manager")
        ids = ",".join(str(number) for number in world.threads.values())
        assert "2 new" in text(await manager.get(f"/fragments/news?place=waiting&ids={ids}"))
        assert "new" not in text(await manager.get(f"/fragments/news?place=closed&ids={ids}"))
        assert (await manager.get("/fragments/news?place=waiting&ids=1;2")).status == 400
        outsider = await world.browser("outsider")
        assert not text(await outsider.get(f"/fragments/news?place=waiting&ids={ids}")).strip()

    loop.run(journey())


def test_language_and_theme_are_remembered(loop: asyncio.Runner, world: World) -> None:
    async def journey() -> None:
        reader = await world.browser("reader")
        assert (await send(reader, "/settings/preferences", language="uk", theme="dark")).status == 303
        page = text(await reader.get("/waiting"))
        assert 'lang="uk" data-theme="dark"' in page
        assert "Чекають на нас" in page
        assert (await send(reader, "/settings/preferences", language="xx")).status == 400

    loop.run(journey())


def test_only_an_administrator_sees_the_house(loop: asyncio.Runner, world: World) -> None:
    async def journey() -> None:
        manager, administrator = await world.browser("manager"), await world.browser("administrator")
        assert (await manager.get("/health")).status == 403
        assert (await administrator.get("/health")).status == 200
        assert "Who answers new letters" not in text(await manager.get("/settings"))
        rule = f"/settings/mailboxes/{world.boxes['sales'].id}"
        assert (await send(manager, rule, way="nobody")).status == 403
        fields = {"way": "default", "executor_id": str(world.users["manager"])}
        assert (await send(administrator, rule, **fields)).status == 303
        assert re.search(r'value="default" selected', text(await administrator.get("/settings")))

    loop.run(journey())


class Names(HTMLParser):
    """Collects what a screen reader could not name."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, str | None]] = []  # what has no name by itself, its id
        self.labelled: set[str | None] = set()  # the ids that labels elsewhere on the page name
        self.stack: list[tuple[str, dict[str, str | None], list[str]]] = []

    @property
    def nameless(self) -> list[str]:
        return [what for what, named in self.found if named not in self.labelled]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = dict(attrs)
        if tag == "label" and said.get("for"):
            self.labelled.add(said["for"])
        if tag == "img" and "alt" not in said:
            self.found.append((f"img {said}", None))
        if tag in ("input", "select", "textarea") and said.get("type") != "hidden":
            inside = any(open_tag == "label" for open_tag, _, _ in self.stack)
            if not inside and not said.get("aria-label"):
                self.found.append((f"{tag} {said}", said.get("id")))
        if tag == "iframe" and not said.get("title"):
            self.found.append(("iframe", None))
        if tag not in ("img", "input", "meta", "link", "br", "use", "hr"):
            self.stack.append((tag, said, []))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        pass  # the inside of an icon

    def handle_data(self, data: str) -> None:
        for _, _, words in self.stack:
            words.append(data)

    def handle_endtag(self, tag: str) -> None:
        while self.stack:
            open_tag, said, words = self.stack.pop()
            if open_tag in ("a", "button", "summary"):
                name = "".join(words).strip() or said.get("aria-label") or said.get("title")
                if not name:
                    self.found.append((f"{open_tag} {said}", None))
            if open_tag == tag:
                break


def test_what_rests_on_the_way_out_is_told(loop: asyncio.Runner, world: World) -> None:
    """A domain that takes no letters for now, and the relay of a mailbox."""
    relay = Way("relay", world.boxes["sales"].id).lane

    def rest(tx: WriteTx) -> None:
        record_lane_trouble(tx, "domain slow.example", "%(why)s", {"why": "421 4.3.2 too fast"})
        record_lane_trouble(tx, relay, UNREACHED, {"host": "relay.example", "why": "timed out"})

    async def journey() -> None:
        await world.database.write(rest)
        page = text(await (await world.browser("administrator")).get("/health"))
        for said in ("Letters to slow.example", "421 4.3.2 too fast", f"Letters from {world.boxes['sales'].address}"):
            assert said in page
        health = (await world.program("reader").get("/api/v1/health")).json()
        assert health["ways_resting"] == 2
        assert "slow.example" not in repr(health)

    loop.run(journey())


@pytest.mark.parametrize("path", ["/waiting", "/clients", "/quarantine", "/settings", "/health", "/search?q=says"])
def test_everything_that_is_pressed_or_filled_has_a_name(loop: asyncio.Runner, world: World, path: str) -> None:
    async def journey() -> None:
        administrator = await world.browser("administrator")
        pages = [text(await administrator.get(path))]
        if path == "/waiting":
            pages.append(text(await administrator.get(f"/waiting/threads/{world.threads['quailsalestwo']}")))
        for page in pages:
            names = Names()
            names.feed(page)
            assert names.nameless == []
            assert page.count("<h1") == 1 + ('id="subject"' in page)  # of each pane: a phone shows one alone
            assert not re.search(r"<script(?![^>]*src=)|\son\w+=|\sstyle=", page), (
                "the policy forbids what stands inline"
            )

    loop.run(journey())

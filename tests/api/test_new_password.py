"""Links for a new password under the attacks of session_web.json: the configured address alone, once, not for long, and
nobody learns who is on the staff."""

from __future__ import annotations

import asyncio
import re
import time
from dataclasses import replace
from statistics import median
from typing import Any
from urllib.parse import urlencode

import pytest
import time_machine
from sqlalchemy import select

from api import auth
from crm.staff.links import make_link
from crm.staff.people import add_user
from crm.staff.rights import add_grant
from crm.staff.tables import entry_link
from mailhub.mailboxes.boxes import add_mailbox
from tests.api.asking import Answer, Asker
from tests.api.test_second_step import set_up
from tests.api.world import PASSWORD, World

FORM = {"content-type": "application/x-www-form-urlencoded"}
BASE = "https://crm.firm.example"
NEW = "a new long password"
NOW = 1_795_000_000


@pytest.fixture
def letters(world: World, monkeypatch: pytest.MonkeyPatch) -> list[dict[str, str]]:
    """What the house writes."""
    written: list[dict[str, str]] = []

    def post(_tx: Any, _keys: Any, to: str, subject: str, text: str, *, name: str = "") -> None:
        written.append({"to": to, "subject": subject, "text": text, "name": name})

    monkeypatch.setattr("api.auth.letters.post_house_letter", post)
    settings = world.house.settings
    send = replace(settings.send, relay="smtp://127.0.0.1:25")
    world.house.settings = replace(settings, web=replace(settings.web, base_url=BASE), send=send)
    return written


async def ask(world: World, email: str, headers: dict[str, str] | None = None, peer: str = "127.0.0.1") -> Answer:
    body = urlencode({"email": email}).encode()
    asker = Asker(world.app, peer=peer, scheme="https")
    return await asker.ask("POST", "/login/forgotten", body=body, headers={**FORM, **(headers or {})})


def link_in(letter: dict[str, str]) -> str:
    found = re.search(r"https?://\S+", letter["text"])
    assert found is not None
    assert found[0].startswith(f"{BASE}/login/password/")
    return found[0].removeprefix(BASE)


async def use(world: World, link: str, password: str = NEW, **more: str) -> Answer:
    body = urlencode({"password": password, **more}).encode()
    return await Asker(world.app, scheme="https").ask("POST", link, body=body, headers=FORM)


async def sign_in(world: World, who: str, password: str) -> str:
    return await auth.sign_in(
        world.house, f"{who}@firm.example", password, peer="192.0.2.5", agent="", replaces=None
    )  # fmt: skip


def test_the_link_is_of_the_configured_address(world: World, loop: asyncio.Runner, letters: list[Any]) -> None:
    """p010, p011."""
    evil = "attack.example"
    lies = [
        {"host": evil},
        {"x-forwarded-host": evil},
        {"forwarded": f"host={evil};proto=http", "x-original-url": f"//{evil}/", "x-forwarded-proto": "http"},
    ]
    for lie in lies:
        loop.run(ask(world, "reader@firm.example", lie))
    assert len(letters) == len(lies)
    for letter in letters:
        assert evil not in letter["text"]
        link_in(letter)


def test_a_link_is_good_once_and_ends_every_session(world: World, loop: asyncio.Runner, letters: list[Any]) -> None:
    """p014, p015 (newest), p016."""

    async def walk() -> None:
        old = await sign_in(world, "reader", PASSWORD)
        await ask(world, " Reader@Firm.example ")
        await ask(world, "reader@firm.example")
        first, second = map(link_in, letters)
        assert (await use(world, first)).status == 403, "a newer one was sent"
        shown = await Asker(world.app, scheme="https").get(f"{second}?user_id={world.users['administrator']}")
        assert "reader@firm.example" in shown.body.decode()
        assert (await use(world, second, "short")).status == 400, "and the link stays"
        done = await use(world, second, email="administrator@firm.example", user_id="1")
        assert done.status == 200
        assert (await use(world, second, "another long one")).status == 403
        assert (await world.with_cookie(old).get("/api/v1/threads")).status == 401
        assert await sign_in(world, "reader", NEW)
        assert await sign_in(world, "administrator", PASSWORD)
        with pytest.raises(auth.SignInRefused):
            await sign_in(world, "reader", PASSWORD)

    loop.run(walk())


def test_a_link_is_over_after_half_an_hour_and_kept_as_a_hash(
    world: World, loop: asyncio.Runner, letters: list[Any]
) -> None:
    """p015 (age)."""

    async def walk() -> None:
        with time_machine.travel(NOW, tick=False):
            await ask(world, "reader@firm.example")
        link = link_in(letters[0])
        rows = await world.database.read(lambda tx: [bytes(one) for one in tx.values(select(entry_link.c.key))])
        assert not any(link.rpartition("/")[2].encode() in row for row in rows)
        with time_machine.travel(NOW + 1801, tick=False):
            assert (await use(world, link)).status == 403
        with time_machine.travel(NOW + 1700, tick=False):
            assert (await use(world, link[:-1] + ("A" if link[-1] != "A" else "B"))).status == 403
            assert (await use(world, link)).status == 200

    loop.run(walk())


def test_nobody_learns_who_is_on_the_staff(world: World, loop: asyncio.Runner, letters: list[Any]) -> None:
    """p013: the same status, the same words, the same time; few letters."""

    async def walk() -> None:
        took: dict[str, list[float]] = {"reader@firm.example": [], "nobody@firm.example": []}
        said = set()
        for _ in range(50):
            for email, times in took.items():
                began = time.perf_counter()
                answer = await _first_answer(world, email)
                times.append(time.perf_counter() - began)
                said.add((answer[0], re.sub(rb'value="[a-z2-7]+"', b"", answer[1])))
        assert len(said) == 1
        known, unknown = map(median, took.values())
        assert 0.5 < known / unknown < 2.0, "as noisy as a busy machine is; the work itself comes after the answer"
        assert 1 <= len(letters) <= 4

    loop.run(walk())


async def _first_answer(world: World, email: str) -> tuple[int, bytes]:
    answer = await ask(world, email)
    return answer.status, answer.body


def test_a_second_factor_is_asked_all_the_same(world: World, loop: asyncio.Runner, letters: list[Any]) -> None:
    """Who has somebody's letters has not yet their telephone."""

    async def walk() -> None:
        with time_machine.travel(NOW, tick=False):
            await set_up(world)
            await ask(world, "reader@firm.example")
            await use(world, link_in(letters[0]))
            cookie = await sign_in(world, "reader", NEW)
            assert await auth.find_step(world.house, cookie) == "code"

    loop.run(walk())


def test_an_invitation(world: World, loop: asyncio.Runner, letters: list[Any]) -> None:
    """In the language of the invited, good for a week."""

    async def walk() -> None:
        chief = world.program("administrator")
        new = {"email": "new@firm.example", "name": "Ново", "language": "bg"}
        made = (await chief.post("/api/v1/users", new)).json()["id"]
        assert (await chief.post(f"/api/v1/users/{made}/invitation")).status == 204
        assert letters[0]["to"] == "new@firm.example"
        link = link_in(letters[0])
        assert (await use(world, link)).status == 200
        assert await sign_in(world, "new", NEW)

    loop.run(walk())


def test_a_person_who_left_gets_no_link(world: World, loop: asyncio.Runner, letters: list[Any]) -> None:
    async def walk() -> None:
        secret = await world.database.write(make_link, world.users["reader"], "reset")
        chief = world.program("administrator")
        await chief.ask("DELETE", f"/api/v1/users/{world.users['reader']}")
        await ask(world, "reader@firm.example")
        assert letters == []
        assert (await use(world, f"/login/password/{secret}")).status == 403
        refused = await chief.post(f"/api/v1/users/{world.users['reader']}/invitation")
        assert refused.status == 409

    loop.run(walk())


def test_no_link_goes_where_others_read(loop: asyncio.Runner, world: World, letters: list[dict[str, str]]) -> None:
    """A deputy who reads the letters of the boss would become the boss."""

    def prepare(tx: Any) -> int:
        boss = add_user(tx, "boss@firm.example", "Boss", password_hash="x")
        box = add_mailbox(tx, "boss@firm.example", "Boss", "personal", owner_id=boss)
        return box.scope_id

    async def walk() -> None:
        scope_id = await world.database.write(prepare)
        await ask(world, "boss@firm.example")
        assert [one["to"] for one in letters] == ["boss@firm.example"]
        await world.database.write(lambda tx: add_grant(tx, scope_id, "see", user_id=world.users["reader"]))
        await ask(world, "boss@firm.example")
        assert len(letters) == 1

    loop.run(walk())

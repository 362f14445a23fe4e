"""What strangers and colleagues have tried at the reception, each try with the door that holds it."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import replace
from typing import Any

import pytest

from api import auth
from api.auth import signin
from api.problems import answers
from api.rest import files
from core.errors import TooMuch
from tests.api.asking import Asker
from tests.api.world import World

FORM = {"content-type": "application/x-www-form-urlencoded"}


def test_one_password_for_many_accounts_is_tried_a_hundred_times(
    world: World, loop: asyncio.Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked_at: list[str] = []
    monkeypatch.setattr(signin, "password_fits", lambda _stored, password: looked_at.append(password))

    async def spray(peer: str) -> None:
        for number in range(150):
            email = f"somebody{number}@firm.example"
            with pytest.raises((TooMuch, auth.SignInRefused)):
                await auth.sign_in(world.house, email, "Summer2026", peer=peer, agent="", replaces=None)

    loop.run(spray("203.0.113.9"))
    assert len(looked_at) <= 105
    looked_at.clear()
    loop.run(spray("2001:db8:1:2::/64"))
    assert len(looked_at) <= 105
    looked_at.clear()
    loop.run(spray("127.0.0.1"))
    assert len(looked_at) == 150, "a proxy that does not say for whom it asks is everybody at once"


def test_behind_a_proxy_here_nobody_is_locked_out_by_a_stranger(world: World, loop: asyncio.Runner) -> None:
    async def guess(forwarded: str, peer: str) -> bool:
        asker = replace(Asker(world.app), peer=peer, scheme="https")
        headers = {**FORM, "x-forwarded-for": forwarded}
        answer = await asker.ask("POST", "/login", body=b"email=owner@firm.example&password=x", headers=headers)
        return b"Too many tries" in answer.body

    async def flood(prefix: str, peer: str) -> list[bool]:
        return [await guess(f"{prefix}{number}, 198.51.100.77", peer) for number in range(12)]

    assert loop.run(flood("10.0.0.", "127.0.0.1")) == [False] * 10 + [True] * 2, "what the visitor wrote counts not"
    assert not loop.run(guess("198.51.100.78", "127.0.0.1")), "somebody else by the same proxy"
    assert loop.run(flood("10.0.0.", "192.0.2.55")) == [False] * 10 + [True] * 2
    assert loop.run(guess("198.51.100.79", "192.0.2.55")), "who is no proxy here is not believed"
    loop.run(flood("10.0.0.", "::ffff:192.0.2.56"))
    assert not loop.run(guess("", "::ffff:192.0.2.57")), "IPv4 on a socket for both is not one neighbourhood"


def test_a_flood_of_guesses_waits_for_itself(
    world: World, loop: asyncio.Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pages are rendered in the threads that everybody shares; passwords are not hashed there."""
    names: set[str] = set()

    def slow(_stored: str | None, _password: str) -> bool:
        names.add(threading.current_thread().name)
        return False

    monkeypatch.setattr(signin, "password_fits", slow)

    async def flood() -> None:
        tries: list[Any] = [
            auth.sign_in(world.house, f"x{number}@y.example", "x", peer="192.0.2.8", agent="", replaces=None)
            for number in range(20)
        ]
        assert all(isinstance(one, auth.SignInRefused) for one in await asyncio.gather(*tries, return_exceptions=True))

    loop.run(flood())
    assert names
    assert all(name.startswith("password") for name in names)
    assert len(names) <= 2


def test_who_gets_the_letters_of_a_client_is_not_for_everybody_to_say(world: World, loop: asyncio.Runner) -> None:
    """Its manager gets them, by its domains and addresses: somebody who sees their own alone would see all."""
    client = f"/api/v1/counterparties/{world.client_id}"

    def change(who: str, **data: Any) -> int:
        return loop.run(world.program(who).ask("PATCH", client, data=data)).status

    def add(who: str, what: str = "counterparties", **data: Any) -> int:
        return loop.run(world.program(who).post(f"/api/v1/{what}", {"name": "New", **data})).status

    for who in ("outsider", "reader", "executor"):
        me = world.users[who]
        assert change(who, manager_id=me) == change(who, domains=["evil.example"]) == change(who, name="N") == 403
        assert add(who) == add(who, manager_id=me, domains=["evil.example"]) == 403
        assert add(who, "contacts", emails=["x@evil.example"], counterparty_id=world.client_id) == 403
    manager = world.users["manager"]
    assert change("manager", manager_id=manager, domains=["client.example"]) == 200
    assert add("owner") == 201, "who answers letters somewhere"
    assert change("administrator", manager_id=None) == 200
    lines = loop.run(world.program("administrator").get("/api/v1/audit")).json()["items"]
    assert [line["action"] for line in lines[:3]] == ["client-changed", "client-added", "client-changed"]


def test_a_pass_shows_pictures_and_opens_no_files(world: World, loop: asyncio.Runner) -> None:
    """It stands in addresses, which find their way into logs and histories."""
    letter = f"/api/v1/messages/{world.messages['quailsalesone']}"
    stranger = Asker(world.app)
    shown = auth.sign_pass(world.house, world.users["reader"], world.messages["quailsalesone"])
    assert loop.run(stranger.get(f"{letter}/attachments/1?inline=1&pass={shown}")).status == 200
    for path in ("/attachments/0", "/attachments/1", "/attachments/0?inline=0", "/raw", "/html", ""):
        mark = "&" if "?" in path else "?"
        assert loop.run(stranger.get(f"{letter}{path}{mark}pass={shown}")).status == 401, path
    other = f"/api/v1/messages/{world.messages['quailsalestwo']}"
    assert loop.run(stranger.get(f"{other}/attachments/1?inline=1&pass={shown}")).status == 401
    far = auth.sign_pass(world.house, world.users["outsider"], world.messages["quailsalesone"])
    assert loop.run(stranger.get(f"{letter}/attachments/1?inline=1&pass={far}")).status == 404


def test_pictures_are_copied_one_at_a_time(world: World, loop: asyncio.Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each may take 160 MB while it is copied, and a letter may hold many."""
    names: set[str] = set()

    def copy(_content: bytes) -> bytes:
        names.add(threading.current_thread().name)
        return b"copy"

    monkeypatch.setattr(files, "preview", copy)
    path = f"/api/v1/messages/{world.messages['quailsalesone']}/attachments/1?inline=1"

    async def look() -> list[Any]:
        reader = world.program("reader")
        return await asyncio.gather(*(reader.get(path) for _ in range(8)))

    assert {answer.status for answer in loop.run(look())} == {200}
    assert len(names) == 1
    assert next(iter(names)).startswith("picture")


def test_a_visitor_who_goes_away_in_the_middle_is_no_fault_of_ours(
    world: World, loop: asyncio.Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    faults: list[str] = []
    monkeypatch.setattr(answers.log, "error", lambda event, **_facts: faults.append(event))

    async def leave() -> None:
        scope, _receive = Asker(world.app).open("POST", "/login", headers=FORM, body=b"email=oksana")
        said = iter([{"type": "http.request", "body": b"email=", "more_body": True}, {"type": "http.disconnect"}])

        async def receive() -> Any:
            return next(said)

        async def send(_message: Any) -> None:
            """Nobody listens any more."""

        await world.app(scope, receive, send)

    loop.run(leave())
    assert faults == []

"""The second step of signing in, under the attacks of session_web.json: half a session opens nothing, a code is good
once, guessing is slowed down without locking the owner out."""

from __future__ import annotations

import asyncio
import base64
import re
from dataclasses import replace
from urllib.parse import urlencode

import pytest
import time_machine

from api import auth
from api.auth import second
from core.errors import TooMuch
from crm.staff import factors
from crm.staff.totp import code_at
from tests.api.asking import Asker
from tests.api.world import PASSWORD, World

NOW = 1_795_000_000
FORM = {"content-type": "application/x-www-form-urlencoded"}
HERE = "192.0.2.1"


async def set_up(world: World, who: str = "reader") -> tuple[bytes, list[str]]:
    user_id = world.users[who]
    secret, _ = factors.begin_codes(world.house.keys, user_id)
    codes = await world.database.write(
        factors.set_up_codes, world.house.keys, user_id, secret, code_at(secret, NOW // 30 - 1)
    )
    return secret, codes


async def half(world: World, who: str = "reader", peer: str = HERE) -> str:
    email = f"{who}@firm.example"
    return await auth.sign_in(world.house, email, PASSWORD, peer=peer, agent="x", replaces=None)


async def show(world: World, cookie: str, code: str, peer: str = HERE) -> str:
    return await auth.show_code(world.house, cookie, code, peer=peer, agent="x")


def test_half_a_session_opens_nothing_and_ends(world: World, loop: asyncio.Runner) -> None:
    """p003, p019."""

    async def walk() -> None:
        secret, _ = await set_up(world)
        cookie = await half(world)
        asker = world.with_cookie(cookie)
        assert (await asker.get("/api/v1/threads")).status == 401
        assert (await asker.post("/api/v1/tokens", {"name": "x"})).status == 401
        page = await asker.get("/waiting")
        assert (page.status, page.headers["location"]) == (303, "/login?next=/waiting")
        assert (await asker.get("/settings/sign-in")).status == 303
        assert (await asker.post("/api/v1/users/me/password", {"old": PASSWORD, "new": "long enough"})).status == 401
        whole = await show(world, cookie, code_at(secret, NOW // 30))
        assert whole != cookie
        assert (await world.with_cookie(whole).get("/api/v1/threads")).status == 200
        assert (await asker.get("/api/v1/threads")).status == 401, "the half one has ended"
        with pytest.raises(auth.SignInNeeded):
            await show(world, cookie, code_at(secret, NOW // 30 + 1))

    with time_machine.travel(NOW, tick=False):
        loop.run(walk())


def test_a_code_is_good_once(world: World, loop: asyncio.Runner) -> None:
    """p017, p020."""

    async def walk() -> None:
        secret, codes = await set_up(world)
        code = code_at(secret, NOW // 30)
        await show(world, await half(world), code)
        with pytest.raises(auth.SignInRefused):
            await show(world, await half(world), code)
        await show(world, await half(world), codes[0])
        with pytest.raises(auth.SignInRefused):
            await show(world, await half(world), codes[0])
        asker = world.with_cookie(await half(world))
        body = {**asker.base, **FORM}
        refused = await asker.ask("POST", "/settings/sign-in/codes/remove", body=b"x=1", headers=body)
        assert refused.headers["location"].startswith("/login")
        assert (await world.database.read(factors.get_factors, world.users["reader"])).codes_since is not None

    with time_machine.travel(NOW, tick=False):
        loop.run(walk())


def test_of_a_thousand_codes_few_are_compared(
    world: World, loop: asyncio.Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """p018."""
    compared: list[str] = []
    real = factors.find_step

    def count(secret: bytes, code: str, now: int, last: int) -> int | None:
        compared.append(code)
        return real(secret, code, now, last)

    monkeypatch.setattr(factors, "find_step", count)

    async def walk() -> None:
        with time_machine.travel(NOW, tick=False):
            secret, _ = await set_up(world)
        with time_machine.travel(NOW, tick=False) as clock:
            compared.clear()
            cookie = await half(world, peer="198.51.100.9")
            refused = 0
            for number in range(1000):
                clock.shift(0.6)  # ten minutes in all
                try:
                    await show(world, cookie, f"{number:06}", "198.51.100.9")
                except TooMuch:
                    refused += 1
                except auth.SignInRefused:
                    continue
                except auth.SignInNeeded:
                    break  # a half session is over after ten minutes
            assert 5 <= len(compared) <= 10
            assert refused > 900
            code = code_at(secret, int((NOW + 600) // 30))
            mine = await half(world)
            assert await show(world, mine, code), "the owner comes in from elsewhere"

    loop.run(walk())


def test_a_day_of_guessing_is_short(world: World, loop: asyncio.Runner) -> None:
    """Who is patient enough for the ten minutes meets the day: from a place, and for a person from many places."""

    async def count(places: int, tries: int) -> int:
        taken = 0
        with time_machine.travel(NOW, tick=False) as clock:
            for number in range(tries):
                clock.shift(150)
                place = f"198.51.100.{number % places}"
                try:
                    await world.database.write(second._count_code, number_of(places), f"code:x:{place}", place)
                    taken += 1
                except TooMuch:
                    continue
        return taken

    def number_of(places: int) -> int:
        return 1000 + places  # a person each

    assert 50 <= loop.run(count(1, 80)) <= 50 + 80 * 150 * 50 // 86_400
    assert 200 <= loop.run(count(9, 400)) <= 200 + 400 * 150 * 200 // 86_400


def test_the_house_may_want_a_second_factor(world: World, loop: asyncio.Runner) -> None:
    """Who has none sets it up at the door; until then nothing is open."""
    settings = world.house.settings
    world.house.settings = replace(settings, sign_in=replace(settings.sign_in, second_factor="everybody"))

    async def walk() -> None:
        cookie = await half(world)
        asker = world.with_cookie(cookie)
        assert (await asker.get("/api/v1/threads")).status == 401
        page = (await asker.get("/login/second")).body.decode()
        assert "<svg" in page
        setup, spelt = (
            re.search(pattern, page)[1] for pattern in (r'name="setup" value="([^"]+)"', r'setup-key">([^<]+)<')
        )
        secret = _unspell(spelt)

        async def post(code: str, sealed: str = setup) -> tuple[int, str, list[str]]:
            body = urlencode({"setup": sealed, "code": code, "next": "/mine"}).encode()
            answer = await asker.ask("POST", "/login/second", body=body, headers=FORM)
            return answer.status, answer.body.decode(), answer.cookies

        assert (await post("000000"))[0] == 401
        assert (await post(code_at(secret, NOW // 30), "AAAA"))[0] == 401
        status, said, cookies = await post(code_at(secret, NOW // 30))
        assert status == 200
        assert len(re.findall(r"<li><code>[a-z2-7-]{19}</code>", said)) == 10
        fresh = re.match(r"mailhub=([^;]+)", cookies[0])[1]
        assert (await world.with_cookie(fresh).get("/api/v1/threads")).status == 200
        refused = await world.with_cookie(fresh).post("/api/v1/users/me/codes/remove")
        assert refused.status == 403, "it is the only one"

    with time_machine.travel(NOW, tick=False):
        loop.run(walk())


def _unspell(spelt: str) -> bytes:
    return base64.b32decode(spelt.replace(" ", ""))


def test_what_changes_the_way_in_wants_a_fresh_proof(world: World, loop: asyncio.Runner) -> None:
    """A quarter of an hour after the sign-in one shows again that it is oneself; the session gets a new secret."""

    async def walk() -> None:
        with time_machine.travel(NOW, tick=False):
            cookie = await half(world)
        with time_machine.travel(NOW + 1000, tick=False):
            asker = world.with_cookie(cookie)
            refused = await asker.post("/api/v1/tokens", {"name": "x"})
            assert (refused.status, refused.json()["code"]) == (403, "proof-needed")
            to = await asker.ask("POST", "/settings/sign-in/tokens", body=b"name=x&scope=read", headers=FORM)
            assert (to.status, to.headers["location"]) == (303, "/prove?next=/settings/sign-in")

            async def prove(password: str) -> tuple[int, list[str]]:
                body = urlencode({"password": password, "next": "//attack.example"}).encode()
                answer = await asker.ask("POST", "/prove", body=body, headers=FORM)
                assert answer.headers.get("location", "/") == "/"
                return answer.status, answer.cookies

            assert (await prove("wrong"))[0] == 401
            status, cookies = await prove(PASSWORD)
            assert status == 303
            fresh = re.match(r"mailhub=([^;]+)", cookies[0])[1]
            assert fresh != cookie
            assert (await asker.get("/api/v1/threads")).status == 401, "the old secret is worth nothing"
            assert (await world.with_cookie(fresh).post("/api/v1/tokens", {"name": "x"})).status == 201

    loop.run(walk())


def test_a_new_role_ends_the_sessions(world: World, loop: asyncio.Runner) -> None:
    """p004."""

    async def walk() -> None:
        old = await half(world)
        chief = await world.browser("administrator")
        changed = await chief.ask("PATCH", f"/api/v1/users/{world.users['reader']}", data={"is_admin": True})
        assert (changed.status, changed.json()["is_admin"]) == (200, True)
        assert (await world.with_cookie(old).get("/api/v1/users")).status == 401
        reader = await world.browser("reader")
        assert (await reader.get("/api/v1/audit")).status == 200
        both = [world.users["reader"], world.users["administrator"]]
        answers = [await chief.ask("PATCH", f"/api/v1/users/{one}", data={"is_admin": False}) for one in both]
        assert [one.status for one in answers] == [200, 409], "the last administrator stays"

    loop.run(walk())


def test_nobody_else_changes_roles(world: World, loop: asyncio.Runner) -> None:
    async def walk() -> None:
        reader = await world.browser("reader")
        for path in ("", "/sessions", "/invitation", "/factors"):
            method = {"": "PATCH", "/sessions": "DELETE", "/invitation": "POST", "/factors": "DELETE"}[path]
            target = f"/api/v1/users/{world.users['administrator']}{path}"
            answer = await reader.ask(method, target, data={"is_admin": False} if not path else None)
            assert answer.status == 403, path
        anonymous = Asker(world.app)
        assert (await anonymous.get("/settings/people")).status == 303

    loop.run(walk())

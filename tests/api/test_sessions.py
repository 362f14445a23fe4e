"""Sessions, forged requests, poisoned hosts and guessed passwords, by the cases of corpora/attacks/session_web.json."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Coroutine
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from api import auth
from api.auth import signin
from api.auth.headers import add_headers
from core import clock
from core.errors import Forbidden, TooMuch
from crm.staff.people import password_fits
from tests.api.asking import Asker
from tests.api.world import PASSWORD, World
from tests.support.programs import not_run

CORPUS = Path(__file__).resolve().parents[3] / "shared" / "corpora" / "attacks" / "session_web.json"
# Why a case has nothing to try yet: its subject does not exist in the product, so nothing can go wrong with it.
ABSENT = {"sess-p023": "clicks"}
EVIL = "attack.example"


async def signed_in(world: World, who: str = "reader", *, replaces: str | None = None) -> str:
    email = f"{who}@firm.example"
    return await auth.sign_in(world.house, email, PASSWORD, peer="192.0.2.1", agent="test", replaces=replaces)


async def planted_cookie(world: World) -> None:
    """p001, p002: an id that somebody chose or had before is worth nothing, before and after sign-in."""
    old = await signed_in(world, "outsider")
    new = await signed_in(world, "reader", replaces=old)
    assert new != old
    assert (await world.with_cookie(old).get("/api/v1/threads")).status == 401
    assert (await world.with_cookie("ATTACKERCHOSEN").get("/api/v1/threads")).status == 401
    answer = await world.with_cookie(new).get("/api/v1/threads", headers={"cookie": f"mailhub={new}"})
    assert (answer.status, answer.cookies) == (200, [])


async def _change(asker: Asker, **more: Any) -> int:
    return (await asker.ask("PATCH", "/api/v1/users/me", data={"theme": "dark"}, **more)).status


async def forged_requests(world: World) -> None:
    """p005–p008: forms of other sites, other kinds of bodies, tokens of other sessions, lying origins."""
    browser = await world.browser("reader")
    assert await _change(browser) == 200
    bare = Asker(world.app, cookie=browser.cookie)
    assert await _change(bare) == 403
    form = {"content-type": "application/x-www-form-urlencoded", "origin": f"https://{EVIL}"}
    forged = await bare.ask("POST", "/api/v1/quarantine/1/retry", body=b"x=1", headers=form)
    assert forged.status == 403
    text = {"content-type": "text/plain"}
    assert (await bare.ask("PATCH", "/api/v1/users/me", body=b'{"theme":"dark"}', headers=text)).status == 403
    assert (await browser.ask("PATCH", "/api/v1/users/me", body=b'{"theme":"dark"}', headers=text)).status == 415
    other = await world.browser("outsider")
    assert await _change(replace(bare, base=other.base)) == 403
    for origin in ("null", f"https://crm.firm.example.{EVIL}", f"http://127.0.0.1:{world.house.settings.web.port}1"):
        assert await _change(browser, headers={"origin": origin}) == 403
    for site in ("cross-site", "same-site"):
        assert await _change(browser, headers={"sec-fetch-site": site}) == 403
    own = world.house.settings.web.base_url
    assert await _change(browser, headers={"origin": own}) == 200
    assert await _change(browser, headers={"sec-fetch-site": "same-origin", "origin": "http://localhost"}) == 200
    program = world.program("reader")
    assert await _change(program, headers={"origin": f"https://{EVIL}"}) == 200, "nothing a browser adds by itself"


async def get_changes_nothing(world: World) -> None:
    """p009: addresses in pictures of a letter."""
    browser = await world.browser("reader")
    thread = f"/api/v1/threads/{world.threads['quailsalesone']}"
    assert (await browser.get("/logout")).status in (404, 405)
    assert (await browser.get(f"{thread}?_method=DELETE")).status == 200
    assert (await browser.get(thread)).status == 200


async def poisoned_hosts(world: World) -> None:
    """p012 and the headers of p011: nothing that a request says about hosts comes back."""
    said = {"host": EVIL, "x-forwarded-host": EVIL, "forwarded": f"host={EVIL}", "x-original-url": f"//{EVIL}"}
    for target in ("/", "/login", "/api/v1/threads", "/nothing", "/schema/openapi.json"):
        for name in (*said, None):
            headers = said if name is None else {name: said[name]}
            answer = await Asker(world.app).get(target, headers=headers)
            assert EVIL not in (answer.body.decode() + json.dumps(answer.headers))


async def where_next(world: World) -> None:
    """p021, p022: after sign-in the way leads to a path of ours."""
    del world
    evil = [
        f"https://{EVIL}/", f"//{EVIL}", f"/\\{EVIL}", f"/\t/{EVIL}", f"https:{EVIL}", f"\\\\{EVIL}", f"/\n/{EVIL}", "",
        f"javascript:alert(1)//{EVIL}", f" //{EVIL}", f"/{chr(0)}/{EVIL}", "http://[", f"////{EVIL}", f"/ё//{EVIL}",
    ]  # fmt: skip
    for text in evil:
        assert auth.own_path(text) == "/", text
    for text in ("/mine", "/threads/3?q=a%20b", "/search?q=//x"):
        assert auth.own_path(text) == text


async def no_mass_assignment(world: World) -> None:
    """p024–p026: fields that are not offered are refused, and nothing happens."""
    browser = await world.browser("reader")
    answer = await browser.ask("PATCH", "/api/v1/users/me", data={"theme": "dark", "is_admin": True, "id": 1})
    assert answer.status == 400
    assert answer.json()["code"] == "invalid"
    me = (await browser.get("/api/v1/users/me")).json()
    assert me["is_admin"] is False
    assert (await browser.ask("PATCH", "/api/v1/deliveries/5", data={"state": "sent"})).status == 405


async def cookies(world: World) -> None:
    """p027: what the browser is told about the cookie, over https and on this machine."""
    settings = world.house.settings
    secure = replace(settings, web=replace(settings.web, base_url="https://crm.firm.example"))
    said = auth.session_cookie(secure, "s").to_header(header="")
    assert said.startswith("__Host-mailhub=s")
    for part in ("Secure", "HttpOnly", "SameSite=lax", "Path=/"):
        assert part in said
    assert "Domain" not in said
    plain = auth.session_cookie(settings, "s").to_header(header="")
    assert plain.startswith("mailhub=s")
    assert "HttpOnly" in plain


async def signing_out(world: World) -> None:
    """p028: a copy of the cookie is worth nothing afterwards; nor after a new password."""
    first, second = await signed_in(world), await signed_in(world)
    await auth.sign_out(world.house, first)
    assert (await world.with_cookie(first).get("/api/v1/threads")).status == 401
    change = {"old": PASSWORD, "new": "another good one"}
    changed = await world.with_cookie(second).post("/api/v1/users/me/password", change)
    assert changed.status == 204
    assert (await world.with_cookie(second).get("/api/v1/threads")).status == 401


async def headers(world: World) -> None:
    """p030, also on errors and on what the router refuses."""
    for target in ("/api/v1/threads", "/nothing", "/health/live"):
        said = (await Asker(world.app).get(target)).headers
        assert "no-store" in said["cache-control"]
        assert said["x-content-type-options"] == "nosniff"
        assert "frame-ancestors 'none'" in said["content-security-policy"]
        assert "unsafe-inline" not in said["content-security-policy"]
        assert "strict-transport-security" not in said


CASES = {
    "sess-p001": planted_cookie, "sess-p002": planted_cookie, "sess-p005": forged_requests,
    "sess-p006": forged_requests, "sess-p007": forged_requests, "sess-p008": forged_requests,
    "sess-p009": get_changes_nothing, "sess-p012": poisoned_hosts, "sess-p021": where_next, "sess-p022": where_next,
    "sess-p024": no_mass_assignment, "sess-p025": no_mass_assignment, "sess-p026": no_mass_assignment,
    "sess-p027": cookies, "sess-p028": signing_out, "sess-p030": headers,
}  # fmt: skip
SECOND_STEP, NEW_PASSWORD = "tests/api/test_second_step.py", "tests/api/test_new_password.py"
ELSEWHERE = {
    "sess-p029": "tests/api/test_live.py", "sess-p003": SECOND_STEP, "sess-p004": SECOND_STEP,
    "sess-p017": SECOND_STEP, "sess-p018": SECOND_STEP, "sess-p019": SECOND_STEP, "sess-p020": SECOND_STEP,
    "sess-p010": NEW_PASSWORD, "sess-p011": NEW_PASSWORD, "sess-p013": NEW_PASSWORD, "sess-p014": NEW_PASSWORD,
    "sess-p015": NEW_PASSWORD, "sess-p016": NEW_PASSWORD,
}  # fmt: skip


@pytest.mark.parametrize("case", sorted(set(CASES.values()), key=lambda case: case.__name__))
def test_attacks(world: World, loop: asyncio.Runner, case: Any) -> None:
    attack: Coroutine[Any, Any, None] = case(world)
    loop.run(attack)


def test_every_case_of_the_corpus_has_its_place() -> None:
    if not CORPUS.exists():
        not_run("no corpora/attacks beside the project")
    cases = {case["id"] for case in json.loads(CORPUS.read_text())["cases"]}
    assert cases == {*CASES, *ELSEWHERE, *ABSENT}


def test_of_a_thousand_guesses_few_are_evaluated(
    world: World, loop: asyncio.Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked_at = []

    def count(stored: str | None, password: str) -> bool:
        looked_at.append(password)
        return password_fits(stored, password)

    monkeypatch.setattr(signin, "password_fits", count)

    async def guess() -> list[int]:
        waits = []
        for number in range(1000):
            try:
                await auth.sign_in(
                    world.house, "reader@firm.example", f"guess {number}", peer="192.0.2.9", agent="", replaces=None
                )
            except TooMuch as refusal:
                waits.append(int(str(refusal.fields["retry_after"])))
            except auth.SignInRefused:
                continue
        return waits

    waits = loop.run(guess())
    assert len(looked_at) <= 20
    assert len(waits) == 1000 - len(looked_at)
    assert loop.run(signed_in(world)), "somebody at another place is not locked out"


def test_guesses_from_everywhere_are_bounded_for_an_account(
    world: World, loop: asyncio.Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = clock.now()
    monkeypatch.setattr(clock, "now", lambda: now)  # else a slow machine earns new tries while it hashes

    async def guess() -> int:
        refused = 0
        for number in range(130):
            try:
                await signin.sign_in(
                    world.house, "reader@firm.example", "x", peer=f"198.51.100.{number}", agent="", replaces=None
                )
            except TooMuch:
                refused += 1
            except auth.SignInRefused:
                continue
        return refused

    assert loop.run(guess()) == 30


def test_strangers_take_the_same_way_as_people(world: World, loop: asyncio.Runner) -> None:
    """The same sentence, and as many passwords are hashed for somebody who does not exist."""

    async def said(email: str) -> str:
        with pytest.raises(auth.SignInRefused) as refusal:
            await auth.sign_in(world.house, email, "wrong", peer="192.0.2.7", agent="", replaces=None)
        return str(refusal.value)

    assert loop.run(said("nobody@firm.example")) == loop.run(said("reader@firm.example"))
    assert loop.run(said("leaver@firm.example")) == loop.run(said("reader@firm.example"))


def test_a_reading_token_only_reads(world: World, loop: asyncio.Runner) -> None:
    reader = loop.run(world.browser("reader"))
    made = loop.run(reader.post("/api/v1/tokens", {"name": "look", "scopes": ["read"]})).json()
    program = Asker(world.app, token=made["token"])
    assert loop.run(program.get("/api/v1/threads")).status == 200
    refused = loop.run(program.post("/api/v1/tokens", {"name": "more"}))
    assert (refused.status, refused.json()["code"]) == (403, "forbidden")
    loop.run(world.program("reader").ask("DELETE", f"/api/v1/tokens/{made['id']}"))
    assert loop.run(program.get("/api/v1/threads")).status == 401


def test_plain_http_is_for_this_machine(world: World, loop: asyncio.Runner) -> None:
    far = replace(world.program("reader"), peer="192.0.2.1")
    assert loop.run(far.get("/api/v1/threads")).status == 403
    assert loop.run(replace(far, scheme="https").get("/api/v1/threads")).status == 200
    assert loop.run(replace(far, scheme="https", token="").get("/metrics")).status == 401
    assert loop.run(world.program("nobody").get("/metrics")).status == 200


def test_a_header_with_a_line_break_leaves_never(world: World, loop: asyncio.Runner) -> None:
    for value in (b"a\r\nSet-Cookie: x=1", b"a\nb", b"a\rb", b"a\0b"):
        message: Any = {"type": "http.response.start", "status": 200, "headers": [(b"x-name", value)]}
        with pytest.raises(ValueError, match="line break"):
            loop.run(add_headers(message, {"type": "http"}))  # type: ignore[arg-type, typeddict-item]


def test_a_session_in_use_is_noted(world: World, loop: asyncio.Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    browser = loop.run(world.browser("reader"))
    before = loop.run(browser.get("/api/v1/sessions")).json()["items"][0]
    monkeypatch.setattr("crm.staff.sessions.TOUCH", -1)
    loop.run(browser.get("/api/v1/threads"))
    after = loop.run(browser.get("/api/v1/sessions")).json()["items"][0]
    assert after["seen_at"] > before["seen_at"]
    assert after["current"] is True


def test_forbidden_is_said_to_who_may_see(world: World, loop: asyncio.Runner) -> None:
    path = f"/api/v1/threads/{world.threads['quailsalesone']}"
    answer = loop.run(world.program("reader").ask("PATCH", path, data={"state": "closed"}))
    assert (answer.status, answer.json()["code"]) == (403, Forbidden.code)

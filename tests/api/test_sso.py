"""Single sign-on against a scripted provider: who comes in, who is joined to whom, and every lie that the answer may
hold."""

from __future__ import annotations

import asyncio
import base64
import hmac
import json
import re
from dataclasses import replace
from functools import partial
from html import escape
from typing import Any
from urllib.parse import urlencode

import pytest
from joserfc.jwk import RSAKey

from api.auth.second import PER_PEER
from api.auth.sso import SingleSignOn
from core import clock
from core.errors import Forbidden, Unavailable
from core.settings import Oidc
from crm.staff.factors import begin_codes, set_up_codes
from crm.staff.identities import Admission, Told, enter_by_identity
from crm.staff.people import disable_user
from crm.staff.sessions import start_session
from crm.staff.totp import code_at
from tests.api.asking import Answer, Asker
from tests.api.world import World
from tests.support.issuer import CLIENT, ISSUER, Issuer


def use(world: World, issuer: Issuer | None, **settings: Any) -> None:
    oidc = Oidc(issuer=ISSUER, client_id=CLIENT, client_secret="s", name="Firm", **settings)
    world.house.settings = replace(world.house.settings, oidc=oidc)
    base_url = world.house.settings.web.base_url
    world.app.state.sso = SingleSignOn(oidc, base_url, issuer)  # type: ignore[arg-type]


class Visitor:
    """A browser on its way to the provider and back."""

    def __init__(self, world: World) -> None:
        self.asker = Asker(world.app)

    async def go(self, there: str = "/mine", by: str = "/login/sso") -> str:
        answer = await self.asker.get(f"{by}?{urlencode({'next': there})}")
        assert answer.status == 303
        mine = [one for one in self.asker.cookie.split("; ") if one.startswith("mailhub=")]
        self.asker.cookie = "; ".join([*mine, answer.cookies[0].partition(";")[0]])
        assert "HttpOnly" in answer.cookies[0]
        return answer.headers["location"]

    async def come_back(self, said: dict[str, str]) -> Answer:
        return await self.asker.get(f"/login/sso/back?{urlencode(said)}")


async def enter(world: World, issuer: Issuer, **changed: str) -> Answer:
    visitor = Visitor(world)
    said = issuer.follow(await visitor.go())
    return await visitor.come_back({**said, **changed})


def who(answer: Answer) -> str:
    cookie = next(one for one in answer.cookies if one.startswith("mailhub="))
    return re.match(r"mailhub=([^;]+)", cookie)[1]


def test_a_person_comes_in_and_is_known_by_the_subject_from_then_on(world: World, loop: asyncio.Runner) -> None:
    issuer = Issuer()
    use(world, issuer)

    async def walk() -> None:
        first = await enter(world, issuer)
        assert (first.status, first.headers["location"]) == (303, "/mine")
        me = (await world.with_cookie(who(first)).get("/api/v1/users/me")).json()
        assert me["id"] == world.users["reader"]
        assert issuer.asked[0]["client_secret"] == "s"
        issuer.claims = {"email": "administrator@firm.example"}
        second = await enter(world, issuer)
        me = (await world.with_cookie(who(second)).get("/api/v1/users/me")).json()
        assert me["id"] == world.users["reader"], "an address that changed hands opens nothing"
        assert who(second) != who(first)
        await world.database.write(disable_user, world.users["reader"])
        assert (await enter(world, issuer)).status == 403

    loop.run(walk())


@pytest.mark.parametrize("claims", [{"email_verified": False}, {"email_verified": None}, {"email_verified": "true"}])
def test_an_address_that_nobody_verified_joins_nobody(
    world: World, loop: asyncio.Runner, claims: dict[str, Any]
) -> None:
    issuer = Issuer(claims=claims)
    use(world, issuer, add_people=True)
    answer = loop.run(enter(world, issuer))
    assert answer.status == 403
    assert not [one for one in answer.cookies if one.startswith("mailhub=")]


def test_strangers_come_in_by_setting_alone(world: World, loop: asyncio.Runner) -> None:
    issuer = Issuer(claims={"email": "new@firm.example", "sub": "new"})
    use(world, issuer)
    assert loop.run(enter(world, issuer)).status == 403
    use(world, issuer, add_people=True, domains=("other.example",))
    assert loop.run(enter(world, issuer)).status == 403
    use(world, issuer, add_people=True, domains=("firm.example",))
    answer = loop.run(enter(world, issuer))
    me = loop.run(world.with_cookie(who(answer)).get("/api/v1/users/me")).json()
    assert (me["email"], me["is_admin"]) == ("new@firm.example", False)


async def prove(world: World, issuer: Issuer, cookie: str, by: str = "/prove/sso", **claims: Any) -> Answer:
    """Somebody who is signed in goes to the provider and comes back with that."""
    visitor = Visitor(world)
    visitor.asker.cookie = f"mailhub={cookie}"
    said = issuer.follow(await visitor.go("/settings/people", by))
    issuer.claims = claims
    return await visitor.come_back(said)


async def is_open(world: World, cookie: str) -> bool:
    """May they change how they sign in?"""
    answer = await world.with_cookie(cookie).post("/api/v1/tokens", {"name": "x", "scopes": ["read"]})
    assert answer.status in (201, 403)
    return answer.status == 201


def test_to_prove_is_to_sign_in_anew(world: World, loop: asyncio.Runner) -> None:
    """The provider is asked to ask (prompt, max_age), and believed by what it signs of when and who (auth_time)."""
    issuer = Issuer()
    use(world, issuer)

    async def walk() -> None:
        now = clock.now() // clock.SECOND
        cookie = who(await enter(world, issuer))
        assert not await is_open(world, cookie), "a session that the provider had already shows nothing"
        for lie in ({}, {"auth_time": now - 3600}, {"auth_time": now + 3600}, {"auth_time": True}):
            assert (await prove(world, issuer, cookie, **lie)).status == 403, lie
            assert not await is_open(world, cookie)
        assert (issuer.sent["prompt"], issuer.sent["max_age"]) == ("login", "0")
        assert (await prove(world, issuer, cookie, auth_time=now, sub="petro-1")).status == 403, "somebody else"
        stranger = await world.database.write(start_session, world.users["manager"], peer="", agent="")
        assert (await prove(world, issuer, stranger, auth_time=now)).status == 403, "somebody else here"
        shown = await prove(world, issuer, cookie, auth_time=now)
        assert (shown.status, shown.headers["location"]) == (303, "/settings/people")
        assert who(shown) != cookie
        assert await is_open(world, who(shown))
        assert (await world.with_cookie(cookie).get("/api/v1/threads")).status == 401
        issuer.claims = {"auth_time": now}
        assert await is_open(world, who(await enter(world, issuer))), "who has just signed in there"

    loop.run(walk())


def test_an_address_joins_nobody_who_shows_more(world: World, loop: asyncio.Runner) -> None:
    """Administrators and who has a second factor sign in their own way once, and join the two themselves."""
    issuer = Issuer()
    use(world, issuer)

    async def walk() -> None:
        reader, chief = world.users["reader"], world.users["administrator"]
        secret, _ = begin_codes(world.house.keys, reader)
        code = code_at(secret, clock.now() // clock.SECOND // 30)
        await world.database.write(set_up_codes, world.house.keys, reader, secret, code)
        for email in ("reader@firm.example", "administrator@firm.example"):
            issuer.claims = {"email": email, "sub": email}
            refused = await enter(world, issuer)
            assert refused.status == 403
            assert "Sign in your own way once" in refused.body.decode()
        cookie = await world.database.write(start_session, chief, peer="", agent="")
        mine = {"sub": "chief-1", "email": "olena@private.example"}
        joined = await prove(world, issuer, cookie, "/settings/sign-in/join", **mine)
        assert (joined.status, joined.headers["location"]) == (303, "/settings/sign-in")
        issuer.claims = mine
        me = (await world.with_cookie(who(await enter(world, issuer))).get("/api/v1/users/me")).json()
        assert me["id"] == chief
        again = await prove(world, issuer, cookie, "/settings/sign-in/join", **mine)
        assert again.status == 403, "joined already"
        weak = await world.database.write(partial(start_session, proved_at=0), reader, peer="", agent="")
        asker = world.with_cookie(weak)
        assert (await asker.get("/settings/sign-in/join")).headers["location"].startswith("/prove")
        strange = {"sec-fetch-site": "cross-site"}
        assert (await world.with_cookie(cookie).get("/settings/sign-in/join", headers=strange)).status == 403

    loop.run(walk())


def test_a_public_issuer_vouches_for_no_company(world: World, loop: asyncio.Runner) -> None:
    """Where anybody makes an account under any address, ``hd`` says whose people they are."""
    told = Told("https://accounts.google.com", "1", "reader@firm.example", True, "R")
    rule = Admission(("firm.example",), add=True)
    database = world.database
    for wrong in (told, replace(told, company="other.example")):
        with pytest.raises(Forbidden):
            database.write_now(enter_by_identity, wrong, rule)
    with pytest.raises(Forbidden):
        database.write_now(enter_by_identity, replace(told, email="new@x.example"), Admission((), add=True))
    right = replace(told, company="firm.example")
    assert database.write_now(enter_by_identity, right, rule) == world.users["reader"]
    with pytest.raises(Forbidden):  # also who came in before the house said whose people come in
        database.write_now(enter_by_identity, right, Admission(("other.example",), add=True))


def test_the_door_to_the_provider_is_no_free_work(world: World, loop: asyncio.Runner) -> None:
    use(world, Issuer())
    stranger = replace(Asker(world.app), peer="192.0.2.9", scheme="https")

    async def walk() -> list[int]:
        return [(await stranger.get("/login/sso")).status for _ in range(PER_PEER.count + 1)]

    assert loop.run(walk())[-2:] == [303, 429]


def test_signing_out_ends_it_there_too(world: World, loop: asyncio.Runner) -> None:
    """OpenID Connect RP-Initiated Logout 1.0, where the provider offers it; by a page of ours."""
    way = f"{ISSUER}/leave?realm=firm"

    async def leave(says: dict[str, str], cookie: str = "") -> Answer:
        issuer = Issuer(says=says)
        use(world, issuer)
        return await world.with_cookie(cookie or who(await enter(world, issuer))).post("/logout")

    async def walk() -> None:
        page = await leave({"end_session_endpoint": way})
        assert page.status == 200
        assert any(one.startswith("mailhub=;") or 'mailhub=""' in one for one in page.cookies)
        back = world.house.settings.web.base_url + "/login"
        asked = urlencode({"client_id": CLIENT, "post_logout_redirect_uri": back})
        assert escape(f"{way}&{asked}") in page.body.decode()
        for says in ({}, {"end_session_endpoint": "http://id.firm.example/leave"}):
            assert (await leave(says)).headers["location"] == "/login"
        cookie = await world.database.write(start_session, world.users["reader"], peer="", agent="")
        assert (await leave({"end_session_endpoint": way}, cookie)).status == 303, "who came by a password"

    loop.run(walk())


LIES = {
    "another audience": {"aud": "another"},
    "two audiences and no party": {"aud": [CLIENT, "another"]},
    "another party": {"aud": [CLIENT, "another"], "azp": "another"},
    "another issuer": {"iss": "https://id.attack.example"},
    "over": {"exp": 1},
    "of tomorrow": {"iat": 99_999_999_999},
    "without an end": {"exp": None},
    "another nonce": {"nonce": "x"},
    "no nonce": {"nonce": None},
    "no subject": {"sub": None},
    "an empty subject": {"sub": ""},
    "a subject that is no text": {"sub": 7},
}


@pytest.mark.parametrize("lie", LIES)
def test_a_token_that_does_not_hold_lets_nobody_in(world: World, loop: asyncio.Runner, lie: str) -> None:
    issuer = Issuer(claims=LIES[lie])
    use(world, issuer)
    answer = loop.run(enter(world, issuer))
    assert answer.status == 403
    assert not [one for one in answer.cookies if one.startswith("mailhub=")]


def _piece(said: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(said).encode()).rstrip(b"=").decode()


def test_signatures_that_are_none(world: World, loop: asyncio.Runner) -> None:
    """alg none, the public key taken for a shared one, a key of somebody else, nothing signed at all."""

    async def walk() -> None:
        for kind in ("none", "shared", "foreign", "cut"):
            issuer = Issuer()
            use(world, issuer)
            visitor = Visitor(world)
            said = issuer.follow(await visitor.go())
            true = issuer.sign()
            claims = true.split(".")[1]
            if kind == "none":
                issuer.token = f"{_piece({'alg': 'none'})}.{claims}."
            elif kind == "shared":
                signed = f"{_piece({'alg': 'HS256', 'kid': 'one'})}.{claims}"
                mac = hmac.digest(issuer.key.as_pem(private=False), signed.encode(), "sha256")
                issuer.token = f"{signed}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"
            elif kind == "foreign":
                issuer.shown = RSAKey.generate_key(2048, {"kid": "one"})
            else:
                issuer.token = true.rpartition(".")[0] + "."
            assert (await visitor.come_back(said)).status == 403, kind

    loop.run(walk())


def test_a_way_back_is_good_once_and_in_one_browser(world: World, loop: asyncio.Runner) -> None:
    """A state that is replayed, made up, or begun by somebody else (RFC 6749 10.12)."""
    issuer = Issuer()
    use(world, issuer)

    async def walk() -> None:
        visitor = Visitor(world)
        said = issuer.follow(await visitor.go())
        stranger = Visitor(world)
        assert (await stranger.come_back(said)).status == 403, "no cookie"
        await stranger.go()
        assert (await stranger.come_back(said)).status == 403, "a state of another browser"
        assert (await visitor.come_back({**said, "state": "x"})).status == 403
        assert (await visitor.come_back(said)).status == 403, "it was used up by the first try"
        visitor = Visitor(world)
        said = issuer.follow(await visitor.go())
        assert (await visitor.come_back(said)).status == 303
        assert (await visitor.come_back(said)).status == 403, "replayed"
        issuer.follow(await visitor.go())
        assert (await visitor.come_back({"error": "access_denied", "state": "x"})).status == 403

    loop.run(walk())


def test_an_answer_of_another_provider(world: World, loop: asyncio.Runner) -> None:
    """RFC 9207: where the provider says that it names itself, an answer without its name is not its own."""
    issuer = Issuer(says={"authorization_response_iss_parameter_supported": True})
    use(world, issuer)
    assert loop.run(enter(world, issuer)).status == 403
    assert loop.run(enter(world, issuer, iss="https://id.attack.example")).status == 403
    assert loop.run(enter(world, issuer, iss=ISSUER)).status == 303


def test_a_discovery_that_names_somebody_else(world: World, loop: asyncio.Runner) -> None:
    for says in ({"issuer": "https://id.attack.example"}, {"token_endpoint": "http://id.firm.example/token"}):
        use(world, Issuer(says=says))
        answer = loop.run(Asker(world.app).get("/login/sso"))
        assert (answer.status, "set-cookie" in answer.headers) == (503, False)


def test_where_to_afterwards_is_a_path_of_ours(world: World, loop: asyncio.Runner) -> None:
    issuer = Issuer()
    use(world, issuer)

    async def walk() -> None:
        visitor = Visitor(world)
        said = issuer.follow(await visitor.go("//attack.example"))
        assert (await visitor.come_back(said)).headers["location"] == "/"

    loop.run(walk())


def test_the_provider_may_not_lie_inside(loop: asyncio.Runner) -> None:
    """The guarded way out: an issuer that resolves to this machine is not asked."""
    sso = SingleSignOn(Oidc(issuer="https://127.0.0.1", client_id="x"), "https://crm.firm.example")

    async def walk() -> None:
        with pytest.raises(Unavailable):
            await sso.begin("/")
        await sso.close()

    loop.run(walk())

"""Single sign-on against a scripted provider: who comes in, who is joined to whom, and every lie that the answer may
hold."""

from __future__ import annotations

import asyncio
import base64
import hmac
import json
import re
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

import pytest
from joserfc.jwk import RSAKey

from api.auth.sso import SingleSignOn
from core.errors import Unavailable
from core.settings import Oidc
from crm.staff.people import disable_user
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

    async def go(self, there: str = "/mine") -> str:
        answer = await self.asker.get(f"/login/sso?{urlencode({'next': there})}")
        assert answer.status == 303
        self.asker.cookie = answer.cookies[0].partition(";")[0]
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

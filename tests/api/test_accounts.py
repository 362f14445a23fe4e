"""Accounts over REST and through the forms: tried before they are kept, secrets in and never out, sign-in by tokens."""

from __future__ import annotations

import asyncio
import re
from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

from core.fetch import Guard
from mailhub.mailboxes.accounts import get_account, open_secret, record_state
from tests.api.asking import Answer, Asker
from tests.api.world import World
from tests.support.scripted_imap import HOST, Scripted, scripted_imap
from tests.support.token_endpoint import token_endpoint

FORM = {"content-type": "application/x-www-form-urlencoded"}


def reach(world: World, script: Scripted) -> None:
    """Let the house find the scripted server and believe its certificate."""

    async def resolve(_host: str) -> list[str]:
        return ["127.0.0.1"]

    guard = Guard(resolve, own=["127.0.0.0/8"])
    world.house.means = replace(world.house.means, guard=guard, context=script.trust)


async def submit(asker: Asker, path: str, **fields: object) -> Answer:
    return await asker.ask("POST", path, body=urlencode(fields).encode(), headers=FORM)


def test_an_account_over_rest(world: World, loop: asyncio.Runner, tmp_path: Path) -> None:
    async def scene() -> None:
        async with scripted_imap(tmp_path) as script:
            reach(world, script)
            admin, box = world.program("administrator"), world.boxes["other"].id
            place = {"mailbox_id": box, "host": HOST, "port": script.port, "user": "me@firm.example"}
            tried = (await admin.post("/api/v1/accounts/try", place | {"password": "canary"})).json()
            assert (tried["ok"], tried["folders"]) == (True, ["INBOX", "Вхідні"])
            made = await admin.post("/api/v1/accounts", place | {"password": "canary", "folders": ["INBOX"]})
            assert made.status == 201
            account_id = made.json()["id"]
            path = f"/api/v1/accounts/{account_id}"
            said = [
                made,
                await admin.get(path),
                await admin.get("/api/v1/accounts"),
                await admin.get(f"{path}/folders"),
            ]
            assert b"canary" not in b"".join(one.body for one in said)
            assert said[3].json()["items"][0] | {"id": 0} == {
                "id": 0, "name": "INBOX", "role": "other", "followed": True, "server": 0, "here": 0, "error": "",
                "looked_at": None,
            }  # fmt: skip
            assert (await admin.post(f"{path}/test")).json()["ok"]
            script.answers = {"AUTHENTICATE": ["NO [AUTHENTICATIONFAILED] no"]}
            tried = (await admin.post(f"{path}/test")).json()
            assert (tried["ok"], tried["wrong"]) == (False, "password")
            # A stored password goes to no other server than the one that it was entered for.
            moved = await admin.ask("PATCH", path, data={"host": "imap.thief.example"})
            assert (moved.status, moved.json()["field"]) == (400, "password")
            moved = await admin.ask("PATCH", path, data={"host": "imap.new.example", "password": "another"})
            assert moved.json()["host"] == "imap.new.example"
            kept = await world.database.read(open_secret, world.house.keys, account_id)
            assert kept == "another"
            way_out = {"host": "smtp.thief.example", "user": "me@firm.example"}
            moved = await admin.ask("PATCH", path, data={"smtp": way_out})
            assert (moved.status, moved.json()["field"]) == (400, "smtp")
            moved = await admin.ask("PATCH", path, data={"smtp": way_out | {"password": "way out"}})
            assert moved.json()["smtp"]["host"] == "smtp.thief.example"
            moved = await admin.ask("PATCH", path, data={"smtp": way_out | {"host": "smtp.other.example"}})
            assert moved.status == 400
            changed = (await admin.ask("PATCH", path, data={"paused": True, "write_sent": False})).json()
            assert (changed["paused"], changed["write_sent"], changed["write_seen"]) == (True, False, True)
            assert (await admin.ask("DELETE", path)).status == 204
            assert (await admin.get(path)).status == 404

    loop.run(scene())


def test_what_an_administrator_sees_of_a_personal_account(world: World, loop: asyncio.Runner) -> None:
    async def scene() -> None:
        account_id = world.accounts["personal"]
        path = f"/api/v1/accounts/{account_id}"
        await world.database.write(
            record_state, account_id, "ask_person", "The server refuses the password: %(said)s", said="quail", stop=True
        )
        seen = (await world.program("administrator").get(path)).json()
        assert {key for key, value in seen.items() if value is not None} == {
            "id", "mailbox_id", "state", "paused", "since", "letters", "bytes",
        }  # fmt: skip
        assert (seen["state"], seen["letters"]) == ("ask_person", 1)
        for asked in ("folders", "test", "fetch", "reconcile"):
            method = "GET" if asked == "folders" else "POST"
            assert (await world.program("administrator").ask(method, f"{path}/{asked}")).status == 403
        assert (await world.program("owner").get(path)).json()["says"] == "The server refuses the password: quail"
        page = await (await world.browser("administrator")).get(f"/settings/accounts/{account_id}")
        assert b"quailaccountpersonal" not in page.body
        for who in ("reader", "manager", "outsider"):
            assert (await world.program(who).get(path)).status == 404
        rail = (await (await world.browser("owner")).get("/open")).body.decode()
        (line,) = [one for one in rail.split("<li>") if "problem-mark" in one]
        assert 'class="num"' in line, "what waits is counted also where the server is not reached"

    loop.run(scene())


def test_the_form_tries_before_it_keeps(world: World, loop: asyncio.Runner, tmp_path: Path) -> None:
    async def scene() -> None:
        async with scripted_imap(tmp_path) as script:
            reach(world, script)
            browser, box = await world.browser("administrator"), world.boxes["other"].id
            path = f"/settings/mailboxes/{box}"
            page = await browser.get(f"{path}/connect")
            assert b'value="imap.firm.example"' in page.body

            async def exchangers(domain: str) -> tuple[str, ...]:
                return ("aspmx.l.google.com.",) if domain == "company.example" else ()

            world.house.verdicts.list_exchangers = exchangers  # type: ignore[method-assign]
            typed = await submit(browser, f"{path}/look", user="me@company.example", typed="user")
            assert b'value="imap.gmail.com"' in typed.body
            assert b"make an app password" in typed.body
            typed = await submit(browser, f"{path}/look", user="shop@ukr.net", typed="user")
            assert b"imap.ukr.net" in typed.body
            assert b"wants a password of its own" in typed.body
            typed = await submit(browser, f"{path}/look", user="me@nowhere.example", typed="user")
            assert b"is a guess from the address" in typed.body, "nobody has typed that name"
            assert b"said wrong" not in typed.body
            place = {"user": "me@firm.example", "host": HOST, "port": script.port, "security": "tls"}
            looked = await submit(browser, f"{path}/look", **place)
            assert b"imap.firm.example answers." in looked.body
            assert "AUTHENTICATE" not in " ".join(script.heard), "while one types nobody signs in"
            script.answers = {"AUTHENTICATE": ["NO [ALERT] Application-specific password required"]}
            refused = await submit(browser, f"{path}/connect", **place, password="canary-pw")
            assert refused.status == 200
            assert b"wants a password of its own for programs" in refused.body
            assert b"canary-pw" not in refused.body
            assert len((await world.program("administrator").get("/api/v1/accounts")).json()["items"]) == 2
            script.answers = {}
            done = await submit(browser, f"{path}/connect", **place, password="canary-pw")
            assert done.status == 303
            page = await browser.get(done.headers["location"])
            assert b"It is being connected" in page.body
            assert b"canary-pw" not in page.body
            assert (await submit(await world.browser("manager"), f"{path}/connect", **place)).status == 404

    loop.run(scene())


def test_signing_in_at_an_authority(world: World, loop: asyncio.Runner, tmp_path: Path) -> None:
    async def scene() -> None:
        async with token_endpoint(tmp_path) as endpoint:
            house, box = world.house, world.boxes["other"].id
            house.tokens.authorities = {"google": endpoint.authority}
            house.fetcher = endpoint.fetcher
            browser = await world.browser("administrator")
            gone = await browser.get(f"/settings/mailboxes/{box}/sign-in/google?user=shop@gmail.com")
            assert gone.headers["location"].startswith(endpoint.authority.authorize_url + "?")
            asked = {name: values[0] for name, values in parse_qs(urlsplit(gone.headers["location"]).query).items()}
            assert asked["login_hint"] == "shop@gmail.com"
            back = {"state": asked["state"], "code": "c0de"}
            # The state is sealed for who began: for somebody else, or changed, it is nothing.
            other = await world.browser("owner")
            assert (await other.get(f"/settings/signed-in?{urlencode(back)}")).status == 400
            changed = back | {"state": asked["state"][:-6] + "AAAAAA"}
            assert (await browser.get(f"/settings/signed-in?{urlencode(changed)}")).status == 400
            assert (
                await browser.get(f"/settings/signed-in?{urlencode(back | {'error': 'access_denied'})}")
            ).status == 403
            page = await browser.get(f"/settings/signed-in?{urlencode(back)}")
            assert b"Google agrees" in page.body
            assert not endpoint.forms, "a link alone connects nothing"
            done = await submit(browser, "/settings/signed-in", **back)
            assert done.status == 303
            (form,) = endpoint.forms
            assert form["code"] == "c0de"
            assert form["redirect_uri"] == asked["redirect_uri"]
            account_id = int(re.findall(r"\d+$", done.headers["location"])[0])
            made = await world.database.read(get_account, account_id)
            assert (made.host, made.user, made.auth) == ("imap.gmail.com", "shop@gmail.com", "xoauth2")
            assert await house.tokens.get_token(account_id) == "canary-access-1"
            page = await browser.get(done.headers["location"])
            assert b"canary" not in page.body
            assert (await browser.get(f"/settings/mailboxes/{box}/sign-in/microsoft")).status == 503

    loop.run(scene())


def test_whose_word_counts_and_by_which_server_letters_leave(world: World, loop: asyncio.Runner) -> None:
    async def scene() -> None:
        admin = world.program("administrator")
        path = f"/api/v1/accounts/{world.accounts['sales']}"
        found = (await admin.get(path)).json()
        assert (found["trusted_servers"], found["proposed_server"], found["sends"]) == (None, "", True)
        assert ".quailaccountsales.example" in found["believes"]
        found = (await admin.ask("PATCH", path, data={"trusted_servers": ["MX.host.example"], "sends": False})).json()
        assert (found["trusted_servers"], found["believes"]) == (["mx.host.example"], ["mx.host.example"])
        assert found["sends"] is False
        refused = await admin.ask("PATCH", path, data={"trusted_servers": ["no name"]})
        assert (refused.status, refused.json()["field"]) == (400, "trusted_servers")
        assert (await admin.ask("PATCH", path, data={"trusted_servers": None})).json()["trusted_servers"] is None
        browser = await world.browser("administrator")
        page = f"/settings/accounts/{world.accounts['sales']}"
        said = await submit(browser, f"{page}/trust", servers="a.example, b.example")
        assert said.status == 303
        assert b"a.example, b.example" in (await browser.get(page)).body
        assert (await submit(browser, f"{page}/way", sends="yes")).status == 303
        assert (await admin.get(path)).json()["sends"] is True
        assert (await submit(browser, f"{page}/trust", automatic="yes")).status == 303
        assert b"quailaccountsales.example, x.example" in (await browser.get(page)).body

    loop.run(scene())


def test_a_place_inside_is_an_administrators_to_name(world: World, loop: asyncio.Runner, tmp_path: Path) -> None:
    """Whoever owns a personal mailbox learns nothing of what answers inside, on whatever port."""

    async def scene() -> None:
        async with scripted_imap(tmp_path) as script:
            reach(world, script)
            owner, box = world.program("owner"), world.boxes["personal"].id
            place = {"mailbox_id": box, "host": HOST, "user": "me@firm.example", "password": "canary"}
            said = set()
            for port in (script.port, 1, 993, 143):
                tried = (await owner.post("/api/v1/accounts/try", place | {"port": port})).json()
                assert (tried["ok"], tried["wrong"]) == (False, "place")
                if port in (993, 143):
                    said.add(tried["says"])
                made = await owner.post("/api/v1/accounts", place | {"port": port})
                assert made.status == 403
            assert len(said) == 1
            assert script.heard == [], "nothing was connected to"
            path = f"/api/v1/accounts/{world.accounts['personal']}"
            way_out = {"smtp": {"host": HOST, "user": "me", "port": 587, "password": "x"}}
            for change in ({"host": HOST, "password": "x"}, {"port": script.port, "password": "x"}, way_out):
                assert (await owner.ask("PATCH", path, data=change)).status in (400, 403), change

    loop.run(scene())

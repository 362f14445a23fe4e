"""Signing in by tokens, against an endpoint on loopback that takes each refresh token once."""

from __future__ import annotations

import asyncio
import io
import logging
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import time_machine

from api.cli.account import try_all
from core import clock
from core.database import Database
from core.errors import Forbidden, HouseError, Invalid, NotFound, Unavailable
from core.fetch import Guard
from core.log import configure_log
from core.secrets import Keys
from core.settings import Oauth
from crm.staff.people import add_user
from crm.staff.readable import get_viewer
from mailhub.ingest.imap.session import Means, trust
from mailhub.ingest.signing import make_get_secret
from mailhub.ingest.trying import QUICK, Finding, Server
from mailhub.mailboxes.accounts import Account, Relay, add_account, get_account, open_secret, set_relay
from mailhub.mailboxes.boxes import add_mailbox
from mailhub.mailboxes.connecting import change_sign_in
from mailhub.mailboxes.oauth import Tokens, consent_url, list_authorities, make_verifier, redeem_code
from mailhub.mailboxes.token_keeper import TokenKeeper
from mailhub.mailboxes.tokens import connect_with_tokens, find_token_state
from tests.support.token_endpoint import Endpoint, token_endpoint

KEYS = Keys([b"k" * 32])
Play = Callable[[Endpoint, TokenKeeper, Account], Coroutine[Any, Any, None]]


def play(database: Database, folder: Path, scene: Play, *, life: int = -1) -> None:
    """An account whose token ended ``-life`` seconds ago, its keeper and the endpoint."""

    async def main() -> None:
        async with token_endpoint(folder) as endpoint:
            keeper = make_keeper(database, endpoint, "one")
            await scene(endpoint, keeper, await connect(database, life))

    asyncio.run(main())


def make_keeper(database: Database, endpoint: Endpoint, holder: str) -> TokenKeeper:
    return TokenKeeper(database, KEYS, endpoint.fetcher, {"google": endpoint.authority}, holder)


async def connect(database: Database, life: int, refresh: str = "canary-refresh-0") -> Account:
    box = await database.write(add_mailbox, f"s{clock.now()}@gmail.com", "Sales", "public")
    first = Tokens("canary-access-0", refresh, clock.now() + life * clock.SECOND)
    return await database.write(
        connect_with_tokens, KEYS, box.id, "imap.gmail.com", 993, "tls", box.address, "google", first
    )


def test_what_a_person_agrees_to_is_the_least_that_mail_needs():
    known = list_authorities(Oauth(google_client_id="g", microsoft_client_id="m", microsoft_tenant="firm.example"))
    asked = {}
    for key, authority in known.items():
        url = consent_url(
            authority, redirect_url="https://h.example/settings/signed-in", address="a@gmail.com", state="s",
            verifier=make_verifier(),
        )  # fmt: skip
        asked[key] = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
        assert url.startswith("https://")
        assert asked[key]["code_challenge_method"] == "S256"
        assert len(asked[key]["code_challenge"]) == 43
        assert asked[key]["login_hint"] == "a@gmail.com"
    assert asked["google"]["scope"] == "https://mail.google.com/"
    assert asked["google"]["access_type"] == "offline"
    assert set(asked["microsoft"]["scope"].split()) == {
        "https://outlook.office.com/IMAP.AccessAsUser.All", "https://outlook.office.com/SMTP.Send", "offline_access",
    }  # fmt: skip
    assert "/firm.example/" in known["microsoft"].token_url
    assert list_authorities(Oauth()) == {}


def test_a_code_becomes_tokens(tmp_path: Path):
    async def main() -> None:
        async with token_endpoint(tmp_path) as endpoint:
            given = {"code": "c", "verifier": "v" * 64, "redirect_url": "https://h.example/back"}
            tokens = await redeem_code(endpoint.fetcher, endpoint.authority, **given)
            assert (tokens.access, tokens.refresh) == ("canary-access-1", "canary-refresh-1")
            (form,) = endpoint.forms
            assert (form["code"], form["code_verifier"]) == ("c", "v" * 64)
            assert (form["redirect_uri"], form["grant_type"]) == ("https://h.example/back", "authorization_code")
            endpoint.more = {"refresh_token": ""}
            with pytest.raises(Forbidden, match="only once"):
                await redeem_code(endpoint.fetcher, endpoint.authority, **given)
            assert "canary" not in repr(tokens) + repr(endpoint.authority)

    asyncio.run(main())


def test_twenty_callers_of_two_processes_make_one_refresh(database: Database, tmp_path: Path):
    async def scene(endpoint: Endpoint, keeper: TokenKeeper, account: Account) -> None:
        endpoint.delay = 0.3
        other = make_keeper(database, endpoint, "two")
        got = await asyncio.gather(*(one.get_token(account.id) for one in [keeper, other] * 10))
        assert set(got) == {"canary-access-1"}
        assert len(endpoint.forms) == 1
        assert await keeper.get_token(account.id) == "canary-access-1"
        assert len(endpoint.forms) == 1, "a good token is not renewed"
        # The mail server does not take it: one more, and again only one for all who say so.
        got = await asyncio.gather(*(one.get_token(account.id, refused=got[0]) for one in [keeper, other] * 10))
        assert set(got) == {"canary-access-2"}
        assert [form["refresh_token"] for form in endpoint.forms] == ["canary-refresh-0", "canary-refresh-1"]

    play(database, tmp_path, scene)


def test_a_rotated_refresh_token_is_stored_before_the_access_token_is_used(database: Database, tmp_path: Path):
    async def scene(endpoint: Endpoint, keeper: TokenKeeper, account: Account) -> None:
        for number in range(1, 4):
            endpoint.life = 61
            with time_machine.travel(clock.to_datetime(clock.now() + 3600 * clock.SECOND)):
                assert await keeper.get_token(account.id) == f"canary-access-{number}"
                kept = await database.read(open_secret, KEYS, account.id)
                assert f"canary-refresh-{number}" in kept
                assert f"canary-refresh-{number - 1}" not in kept
            await database.write(lambda tx: tx.sql("UPDATE account_token SET expires_at = 0"))
        # Google keeps the old one and sends none: what is there stays.
        endpoint.more = {"refresh_token": ""}
        assert await keeper.get_token(account.id) == "canary-access-4"
        assert "canary-refresh-3" in await database.read(open_secret, KEYS, account.id)

    play(database, tmp_path, scene)


def test_who_gives_up_waiting_does_not_end_the_refresh(database: Database, tmp_path: Path):
    async def scene(endpoint: Endpoint, keeper: TokenKeeper, account: Account) -> None:
        endpoint.delay = 0.5
        first = asyncio.create_task(keeper.get_token(account.id))
        await asyncio.sleep(0.2)
        first.cancel()
        assert await keeper.get_token(account.id) == "canary-access-1"
        assert len(endpoint.forms) == 1

    play(database, tmp_path, scene)


def test_an_agreement_that_ended_asks_the_person_and_nobody_else(database: Database, tmp_path: Path):
    async def scene(endpoint: Endpoint, keeper: TokenKeeper, account: Account) -> None:
        with pytest.raises(Forbidden, match="Google wants you to sign in again"):
            await keeper.get_token(account.id)
        found = await database.read(get_account, account.id)
        assert (found.state, found.paused) == ("ask_person", True)
        assert found.sentence % found.fields == "Google wants you to sign in again."
        # The person agrees again: the account goes on with what is new.
        newer = Tokens("canary-access-9", endpoint.refresh, 0)
        again = await database.write(
            connect_with_tokens, KEYS, account.mailbox_id, account.host, 993, "tls", account.user, "google", newer
        )
        assert (again.id, again.paused, again.tries) == (account.id, False, 0)
        assert await keeper.get_token(account.id) == "canary-access-1"

    async def with_old_token(endpoint: Endpoint, keeper: TokenKeeper, _account: Account) -> None:
        await scene(endpoint, keeper, await connect(database, -1, "canary-refresh-stolen"))

    play(database, tmp_path, with_old_token)


TROUBLES: list[tuple[tuple[int, Any], type[HouseError], str]] = [
    ((500, b"<html>oops</html>"), Unavailable, "500"),
    ((429, {"error": "slow_down"}), Unavailable, "429"),
    ((400, b"{" * 3000), Unavailable, "400"),
    ((200, b"x" * 70_000), Unavailable, "cannot be understood"),
    ((200, {"access_token": "a b\r\nA1 LOGOUT"}), Unavailable, "cannot be understood"),
    ((200, {"access_token": ["a"], "refresh_token": 7}), Unavailable, "cannot be understood"),
    ((401, {"error": "invalid_client", "error_description": "canary-description"}), Invalid, "invalid_client"),
    ((302, b""), Unavailable, "302"),
]


@pytest.mark.parametrize(("answer", "error", "said"), TROUBLES, ids=[str(number) for number in range(len(TROUBLES))])
def test_other_trouble_is_told_before_mail_stops(
    database: Database, tmp_path: Path, answer: tuple[int, Any], error: type[HouseError], said: str
):
    async def scene(endpoint: Endpoint, keeper: TokenKeeper, account: Account) -> None:
        endpoint.script = lambda form: answer
        await keeper.renew_due()
        state = await database.read(find_token_state, account.id)
        assert state is not None
        assert said in state.trouble
        assert "canary" not in state.trouble
        assert state.is_ending(clock.now())
        assert await keeper.get_token(account.id) == "canary-access-0", "until its end the old token is good"
        with pytest.raises(error, match=said):
            await keeper.get_token(account.id, refused="canary-access-0")
        found = await database.read(get_account, account.id)
        assert found.state == "new", "it is nothing that signing in again could mend"
        endpoint.script = None
        await keeper.renew_due()
        assert await keeper.get_token(account.id) == "canary-access-1"
        state = await database.read(find_token_state, account.id)
        assert state is not None
        assert not state.is_ending(clock.now())

    play(database, tmp_path, scene, life=600)


def test_an_agreement_with_an_end_is_told_of_in_time(database: Database, tmp_path: Path):
    async def scene(endpoint: Endpoint, keeper: TokenKeeper, account: Account) -> None:
        endpoint.more = {"refresh_token_expires_in": 7 * 86_400}
        await keeper.get_token(account.id)
        state = await database.read(find_token_state, account.id)
        assert state is not None
        assert not state.is_ending(clock.now())
        assert state.is_ending(clock.now() + 5 * clock.DAY)

    play(database, tmp_path, scene)


def test_a_process_that_died_in_its_turn_holds_up_nobody_for_long(database: Database, tmp_path: Path):
    async def scene(endpoint: Endpoint, keeper: TokenKeeper, account: Account) -> None:
        now = clock.now()
        died = "UPDATE account_token SET holder = 'dead', held_until = :until"
        await database.write(lambda tx: tx.sql(died, until=now + clock.SECOND))
        assert await keeper.get_token(account.id) == "canary-access-1"
        assert clock.now() >= now + clock.SECOND

    play(database, tmp_path, scene)


def test_an_account_with_a_password_has_no_token(database: Database, tmp_path: Path):
    async def scene(endpoint: Endpoint, keeper: TokenKeeper, account: Account) -> None:
        plain = await database.write(add_account, KEYS, account.mailbox_id, "imap.x.example", 993, "tls", "u", "p")
        with pytest.raises(NotFound):
            await keeper.get_token(plain.id)

    play(database, tmp_path, scene)


def test_a_password_in_the_place_of_tokens_ends_them_and_nothing_else(database: Database, tmp_path: Path):
    """What lies in the secret then is no token: the loop that renews all others must not stumble over it."""

    async def scene(endpoint: Endpoint, keeper: TokenKeeper, account: Account) -> None:
        admin_id = await database.write(add_user, "admin@firm.example", "Admin", is_admin=True)
        admin = await database.read(get_viewer, admin_id)
        await database.write(change_sign_in, admin, KEYS, account.id, secret="app password")
        await keeper.renew_due()
        assert await database.read(find_token_state, account.id) is None
        assert await database.read(open_secret, KEYS, account.id) == "app password"

    play(database, tmp_path, scene)


def test_the_way_out_gets_an_access_token_and_never_the_agreement(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    shown: list[Server] = []

    async def see(_guard: Any, _context: Any, server: Server, *_bounds: Any) -> Finding:
        shown.append(server)
        return Finding("", "well")

    for name in ("try_imap", "try_smtp"):
        monkeypatch.setattr(f"mailhub.ingest.trying.{name}", see)
    monkeypatch.setattr("api.cli.account.try_smtp", see)

    async def scene(endpoint: Endpoint, keeper: TokenKeeper, account: Account) -> None:
        await database.write(set_relay, KEYS, account.id, Relay("smtp.gmail.com", 587, "starttls", account.user))
        get_secret = make_get_secret(database, KEYS, keeper)
        means = Means(database, Guard(), trust(None), get_secret, "", QUICK)
        await try_all(means, database, KEYS, [await database.read(get_account, account.id)])

    play(database, tmp_path, scene)
    assert [(one.secret, one.auth) for one in shown] == [("canary-access-1", "xoauth2")] * 2


def test_no_token_is_in_the_log_or_in_the_database_in_clear(database: Database, tmp_path: Path):
    said = io.StringIO()
    handlers, level = logging.getLogger().handlers[:], logging.getLogger().level
    configure_log("debug", "json", said)

    async def scene(endpoint: Endpoint, keeper: TokenKeeper, account: Account) -> None:
        await keeper.get_token(account.id)
        endpoint.script = lambda form: (400, {"error": "x", "error_description": form["refresh_token"]})
        with pytest.raises(Unavailable):
            await keeper.get_token(account.id, refused="canary-access-1")
        await keeper.renew_due()
        await database.write(lambda tx: tx.sql("UPDATE account_token SET expires_at = 0"))
        await keeper.renew_due()

    try:
        play(database, tmp_path, scene)
    finally:
        logging.getLogger().handlers, logging.getLogger().level = handlers, level
    assert "could not be renewed" in said.getvalue()
    assert "canary" not in said.getvalue()
    rows = database.read_now(lambda tx: [str(tuple(row)) for row in tx.sql("SELECT * FROM account_token")])
    kept = database.read_now(lambda tx: [bytes(row[0]) for row in tx.sql("SELECT secret FROM account")])
    assert "canary" not in str(rows)
    assert all(b"canary" not in one for one in kept)

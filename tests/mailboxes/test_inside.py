"""Names that change their meaning (DNS rebinding): whoever is no administrator reaches the public internet alone, at
every connection that is made for their account, however long after they typed its name."""

from __future__ import annotations

import asyncio
import ssl
from dataclasses import replace
from typing import Any

import pytest

from core.database import Database
from core.errors import Forbidden
from core.fetch import Guard
from core.secrets import Keys
from crm.staff.readable import Viewer
from mailhub.ingest.imap.bounds import Bounds
from mailhub.ingest.imap.errand import begin_errand
from mailhub.ingest.imap.session import Client, Means, open_client
from mailhub.ingest.imap.trouble import Lost
from mailhub.ingest.trying import try_account
from mailhub.mailboxes.accounts import Relay, get_account
from mailhub.mailboxes.connecting import change_relay, change_sign_in, connect_account
from mailhub.outbound.account_ways import AccountWays, WayError
from tests.support.world import World

KEYS = Keys([b"k" * 32])
INSIDE = "127.0.0.1"
RELAY = Relay("smtp.attack.example", 587, "starttls", "me", "secret")


@pytest.fixture
def reached(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The addresses to which a connection was made."""
    found: list[str] = []

    async def connect(place: Any, *_rest: Any) -> Client:
        found.extend(place.addresses)
        raise Lost("It was reached.")

    monkeypatch.setattr(Client, "connect", connect)
    return found


def connected(world: World, *, by_admin: bool) -> tuple[Viewer, int]:
    """An account of a personal mailbox, or of a public one that an administrator connected."""
    box = world.box("sales") if by_admin else world.box("mine", owner="olena")
    viewer = replace(world.viewer("olena"), is_admin=by_admin)
    place = (box.id, "imap.attack.example", 993, "tls", "me", "secret")
    made = world.database.write_now(lambda tx: connect_account(tx, viewer, KEYS, *place, relay=RELAY))  # type: ignore[arg-type]
    return viewer, made.id


async def reach(database: Database, account_id: int) -> list[Exception | None]:
    """What comes of every way to the servers of an account, now that their names lead inside."""

    async def resolve(_host: str) -> list[str]:
        return [INSIDE]

    async def secret(_account: Any) -> str:
        return "secret"

    guard = Guard(resolve, own=["127.0.0.0/8"])
    context = ssl.create_default_context()
    means = Means(database, guard, context, secret, "boot", Bounds(connect=2, command=2))
    one = await database.read(get_account, account_id)
    ways = AccountWays(database, KEYS, guard, context, secret, "mail.firm.example")
    told: list[Exception | None] = []
    for call in (open_client(means, one), begin_errand(means, one), ways.connect(account_id)):
        try:
            await call
        except Exception as problem:
            told.append(problem)
    finding = await try_account(means, one)
    told.append(Forbidden(finding.sentence) if finding.wrong == "place" else None)
    return told


def test_an_account_of_a_colleague_never_leads_inside(database: Database, reached: list[str]) -> None:
    _, account_id = connected(World(database), by_admin=False)
    folder, errand, way, tried = asyncio.run(reach(database, account_id))
    assert isinstance(folder, Forbidden)
    assert isinstance(errand, Forbidden)
    assert isinstance(way, WayError)
    assert "public internet" in way.sentence
    assert isinstance(tried, Forbidden)
    assert reached == []


def test_what_an_administrator_named_may_lie_inside(database: Database, reached: list[str]) -> None:
    _, account_id = connected(World(database), by_admin=True)
    folder, _, way, tried = asyncio.run(reach(database, account_id))
    assert isinstance(folder, Lost)
    assert isinstance(way, WayError)
    assert "public internet" not in way.sentence
    assert tried is None
    assert set(reached) == {INSIDE}


def test_the_word_holds_for_that_server_alone(database: Database) -> None:
    """A colleague who names another server has no administrator's word for it; a new password changes nothing."""
    owner, account_id = connected(World(database), by_admin=False)
    chief, write = replace(owner, is_admin=True), database.write_now

    def inside() -> tuple[bool, bool]:
        one = database.read_now(get_account, account_id)
        return one.inside, one.smtp_inside

    assert inside() == (False, False)
    write(lambda tx: change_sign_in(tx, chief, KEYS, account_id, host="imap.inside.example", secret="s"))
    write(change_relay, chief, KEYS, account_id, RELAY)
    assert inside() == (True, True)
    write(lambda tx: change_sign_in(tx, owner, KEYS, account_id, user="other", secret="s"))
    write(change_relay, owner, KEYS, account_id, replace(RELAY, user="other"))
    assert inside() == (True, True)
    write(lambda tx: change_sign_in(tx, owner, KEYS, account_id, port=143, secret="s"))
    write(change_relay, owner, KEYS, account_id, replace(RELAY, host="other.example"))
    assert inside() == (False, False)

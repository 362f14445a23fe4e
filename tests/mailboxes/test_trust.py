"""Whose word about senders an account takes: by its place, by a person's choice, and by what its server seems to be."""

from __future__ import annotations

from dataclasses import asdict

import pytest
from sqlalchemy import select

from core.database import Database, WriteTx
from core.errors import Invalid, NotFound
from core.secrets import Keys
from mailhub.letters.results import is_named
from mailhub.letters.verdicts import Verdicts
from mailhub.mailboxes.account_tables import account, folder, placement
from mailhub.mailboxes.accounts import add_account, get_account
from mailhub.mailboxes.tables import message
from mailhub.mailboxes.trust import (
    choose_trusted_servers,
    find_trust,
    propose_server,
    set_trusted_servers,
    trust_of,
)
from tests.support.world import World, letter

KEYS = Keys([bytes(32)])


@pytest.fixture
def world(database: Database) -> World:
    return World(database)


def connect(world: World, host: str, user: str = "info@firm.example") -> int:
    box = world.box("info")
    return world.database.write_now(add_account, KEYS, box.id, host, 993, "tls", user, "secret").id


@pytest.mark.parametrize(
    ("host", "theirs", "not_theirs", "inside"),
    [
        ("imap.gmail.com", "mx.google.com", "mx.google.com.evil.example", "mx.google.com"),
        ("outlook.office365.com", "", "mx.evil.example", "db1.mail.protection.outlook.com"),
        ("imap.yandex.com", "mxfront9g.mail.yandex.net", "yandex.net.evil.example", "mxfront.mail.yandex.net"),
        ("imap.mail.ru", "mxs.mail.ru", "mxsmail.ru", "mx1.mail.ru"),
        ("imap.ukr.net", "frv158.fwdcdn.com", "fwdcdn.com.evil.example", "frv1.fwdcdn.com"),
        ("imap.abv.bg", "mx43.abv.bg", "abv.bg.evil.example", "smtp.abv.bg"),
        ("imap.fastmail.com", "mx1.messagingengine.com", "", "mx1.messagingengine.com"),
    ],
)
def test_providers_that_we_know(world: World, host: str, theirs: str, not_theirs: str, inside: str) -> None:
    trust = world.database.read_now(find_trust, connect(world, host))
    assert is_named(theirs, trust.servers)
    assert not is_named(not_theirs, trust.servers)
    assert trust.has(inside)
    assert trust.strips
    assert not trust.has("firm.example"), "a company's own name says nothing of its provider's servers"


def test_any_other_server_is_known_by_its_own_names_and_not_said_to_strip(world: World) -> None:
    trust = world.database.read_now(find_trust, connect(world, "imap.host.example"))
    assert is_named("mx1.host.example", trust.servers)
    assert is_named("mail.firm.example", trust.servers)
    assert not is_named("", trust.servers)
    assert not trust.strips
    assert world.database.read_now(find_trust, 999).servers == ()


def test_a_persons_choice(world: World) -> None:
    account_id = connect(world, "imap.host.example")
    world.database.write_now(set_trusted_servers, account_id, [" MX.Other.Example ", ".host.example", "-"])
    trust = world.database.read_now(find_trust, account_id)
    assert trust.servers == ("mx.other.example", ".host.example", "-")
    assert (trust.strips, trust.has("mx2.other.example")) == (True, True)
    world.database.write_now(set_trusted_servers, account_id, [])
    assert world.database.read_now(find_trust, account_id).servers == ()
    world.database.write_now(set_trusted_servers, account_id, None)
    assert world.database.read_now(find_trust, account_id).servers


@pytest.mark.parametrize("name", ["com", "a b", ".", "..x.example", "x;y.example", "*.host.example", "x" * 300 + ".y"])
def test_what_is_no_name(world: World, name: str) -> None:
    account_id = connect(world, "imap.host.example")
    with pytest.raises(Invalid):
        world.database.write_now(set_trusted_servers, account_id, [name])


def test_only_who_may_change_the_account_chooses(world: World) -> None:
    account_id = connect(world, "imap.host.example")
    world.grant("ivan", "info", "answer")
    world.person("root", is_admin=True)
    with pytest.raises(NotFound):
        world.database.write_now(choose_trusted_servers, world.viewer("ivan"), account_id, ["mx.host.example"])
    world.database.write_now(choose_trusted_servers, world.viewer("root"), account_id, ["mx.host.example"])


def bring(world: World, account_id: int, number: int, offered: str) -> None:
    """A letter of the account, with what was noticed on it."""
    world.arrive(letter(f"No {number}", f"{number}@client.example"), "info")

    def place(tx: WriteTx) -> None:
        here = tx.value(select(folder.c.id).where(folder.c.account_id == account_id))
        if here is None:
            here = tx.insert(folder, account_id=account_id, wire="INBOX", name="INBOX", role="inbox")
        newest = tx.value(select(message.c.id).order_by(message.c.received_at.desc()).limit(1))
        tx.change(message, newest, authentication=asdict(Verdicts(offered=offered)))
        tx.insert(placement, folder_id=here, uidvalidity=1, uid=number, message_id=newest, placed_at=world.now)

    world.database.write_now(place)


def test_a_name_of_the_servers_own_is_proposed_after_some_letters(world: World) -> None:
    account_id = connect(world, "imap.host.example")

    def proposed() -> str:
        return world.database.read_now(lambda tx: propose_server(tx, get_account(tx, account_id)))

    for number in (1, 2):
        bring(world, account_id, number, "mx1.host.example")
    assert proposed() == "", "one letter or two may be anybody's"
    for number in range(3, 9):
        bring(world, account_id, number, "mx.evil.example")
    assert proposed() == "", "a stranger's name is never proposed, however often it stands there"
    bring(world, account_id, 9, "mx1.host.example")
    assert proposed() == "mx1.host.example"
    world.database.write_now(set_trusted_servers, account_id, [])
    assert proposed() == "", "who has chosen is not asked again"


def test_an_account_says_the_same_of_itself(world: World) -> None:
    account_id = connect(world, "imap.gmail.com")
    found = world.database.read_now(get_account, account_id)
    assert trust_of(found) == world.database.read_now(find_trust, account_id)
    assert found.trusted_servers is None
    assert account.c.trusted_servers.nullable

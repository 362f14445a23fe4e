"""A mailbox that says "yours has come": once, to a person, in their language; never where that would start a loop."""

from __future__ import annotations

import pytest

from core.database import Database
from core.errors import Forbidden, Invalid
from mailhub.mailboxes.reading import get_thread
from mailhub.outbound import ledger
from mailhub.outbound.acknowledging import get_acknowledgements, rule_acknowledgements, set_acknowledgements
from mailhub.outbound.identity import Stamp
from mailhub.outbound.suppression import suppress
from tests.support.world import World, letter

TEXTS = {"en": "We have your letter.", "uk": "Ваш лист у нас."}
UKRAINIAN = "Добрий день! Надішліть, будь ласка, рахунок за насоси, які ми замовили минулого тижня у вас."


@pytest.fixture
def world(database: Database, stamp: Stamp) -> World:
    world = World(database, stamp=stamp)
    box = world.box("sales")
    world.grant("ivan", "sales", "answer")
    database.write_now(set_acknowledgements, box.id, TEXTS)
    return world


def sent(world: World) -> list[tuple[str, str, str]]:
    """Recipient, text and kind of what left by itself."""
    found = []
    viewer = world.viewer("ivan")
    for row in world.threads("ivan"):
        for one in world.database.read_now(get_thread, viewer, row.id).messages:
            rows = world.database.read_now(ledger.list_of_messages, [one.id]).get(one.id, [])
            found += [(row.recipient, one.parsed["text"].strip(), row.kind) for row in rows]
    return sorted(found)


def test_a_new_conversation_is_acknowledged_once_in_its_language(world: World) -> None:
    world.arrive(letter("Рахунок", "1@client.example", body=UKRAINIAN), "sales")
    assert sent(world) == [("anna@client.example", "Ваш лист у нас.", "automatic")]
    world.arrive(letter("Re: Рахунок", "2@client.example", references="1@client.example"), "sales")
    world.arrive(letter("Something else", "3@client.example"), "sales")
    assert len(sent(world)) == 1
    world.arrive(letter("Offer", "4@other.example", sender="Bo <bo@other.example>"), "sales")
    assert sent(world)[1:] == [("bo@other.example", "We have your letter.", "automatic")]


def test_the_thread_waits_for_us_and_shows_the_client_as_before(world: World) -> None:
    world.arrive(letter("Pumps", "1@client.example"), "sales")
    (row,) = world.threads("ivan", "waiting")
    assert (row.waiting_for, row.who, row.snippet, row.message_count) == ("us", "Anna", "We need pumps.", 2)


@pytest.mark.parametrize(
    ("headers", "sender"),
    [
        ("Auto-Submitted: auto-replied\r\n", "Anna <anna@client.example>"),
        ("Precedence: bulk\r\n", "Anna <anna@client.example>"),
        ("List-Id: <news.client.example>\r\n", "Anna <anna@client.example>"),
        ("X-Spam-Flag: YES\r\n", "Anna <anna@client.example>"),
        ("", "Machine <no-reply@client.example>"),
        ("", "MAILER-DAEMON@client.example"),
        ("", "Sales <sales@firm.example>"),
    ],
)
def test_no_machine_and_no_list_is_answered(world: World, headers: str, sender: str) -> None:
    world.arrive(letter("Pumps", "1@client.example", headers=headers, sender=sender), "sales")
    assert sent(world) == []


def test_nobody_is_answered_who_must_not_be_written_to_nor_out_of_an_archive(world: World, stamp: Stamp) -> None:
    world.database.write_now(suppress, stamp.keys, "anna@client.example", "complaint")
    world.arrive(letter("Pumps", "1@client.example"), "sales")
    world.arrive(letter("Old", "2@other.example", sender="bo@other.example"), "sales", quiet=True)
    assert sent(world) == []


def test_a_mailbox_without_a_text_says_nothing(world: World) -> None:
    world.box("info")
    world.grant("ivan", "info", "answer")
    world.arrive(letter("Pumps", "1@client.example"), "info")
    assert sent(world) == []


def test_administrators_alone_say_what_is_sent(world: World) -> None:
    box = world.box("sales")
    with pytest.raises(Forbidden):
        world.database.write_now(rule_acknowledgements, world.viewer("ivan"), box.id, {})
    world.person("olena", is_admin=True)
    admin = world.viewer("olena")
    with pytest.raises(Invalid):
        world.database.write_now(rule_acknowledgements, admin, box.id, {"xx": "?"})
    world.database.write_now(rule_acknowledgements, admin, box.id, {"uk": " Так. ", "en": "  "})
    assert world.database.read_now(get_acknowledgements, box.id) == {"uk": "Так."}

"""Topics and sign-up: who does not want to hear of something is left out by the one rule, and nobody is on record
before they followed the link in their letter."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from core import clock
from core.errors import Forbidden, NotFound, TooMuch
from crm.parties import list_consents
from mailhub.campaigns import joining, mailings, topics
from mailhub.campaigns.joining import Asked
from mailhub.campaigns.leaving import choose, leave_token, see_reader
from mailhub.campaigns.tables import sign_up_text
from mailhub.keeping.erasing import erase_rest
from mailhub.outbound import suppression
from mailhub.outbound.tables import recipient
from tests.campaigns import test_sending as ordinary
from tests.campaigns import test_windows as fast
from tests.campaigns.house import Marketing
from tests.campaigns.test_sending import states, two_clients
from tests.support.house import eventually
from tests.support.sink import Sink

ANNA, HANNA = "anna@client.example", "hanna@delta.example"


@pytest.fixture
def admin(house: Marketing) -> Any:
    house.world.person("chief", is_admin=True)
    return house.world.viewer("chief")


def _topics(house: Marketing, admin: Any) -> tuple[int, int]:
    write = house.database.write_now
    return write(topics.add_topic, admin, "Prices", "Each month"), write(topics.add_topic, admin, "Events", "")


def test_a_reader_leaves_one_topic_and_keeps_the_others(house: Marketing, admin: Any) -> None:
    prices, events = _topics(house, admin)
    two_clients(house)
    first = house.mailing()
    house.ready(first)
    row = next(one for one in house.rows(first) if one.address == ANNA)
    keys, write = house.stamp.keys, house.database.write_now
    token = leave_token(keys, row.id, 1)
    reader = house.database.read_now(see_reader, keys, token)
    assert [(one.name, wanted) for one, wanted in reader.topics] == [("Events", True), ("Prices", True)]
    reader = write(choose, keys, token, {events})
    assert [(one.name, wanted) for one, wanted in reader.topics] == [("Events", True), ("Prices", False)]
    assert reader.left is False
    for topic_id, reason in ((prices, "topic"), (events, ""), (0, "")):
        made = house.mailing(topic_id=topic_id)
        house.ready(made)
        assert {one.address: one.reason for one in house.rows(made)} == {ANNA: reason, HANNA: ""}, topic_id
    write(choose, keys, token, {events, prices})
    house.ready(made := house.mailing(topic_id=prices))
    assert {one.reason for one in house.rows(made)} == {""}


@pytest.mark.parametrize("sending", [ordinary.sending, fast.sending], ids=["ordinary", "fast"])
def test_what_waits_for_them_does_not_leave_either(house: Marketing, admin: Any, tmp_path: Path, sending: Any) -> None:
    """Chosen after the list was frozen and the mailing started: the mark asks the same rule."""
    prices, events = _topics(house, admin)
    two_clients(house)
    made = house.mailing(topic_id=prices)
    house.ready(made)
    house.start(made)
    house.database.write_now(topics.choose_topics, house.stamp.keys, ANNA, {events}, "test")
    house.database.write_now(topics.choose_topics, house.stamp.keys, HANNA, {prices}, "test")
    with Sink() as sink, sending(house, sink, tmp_path):
        eventually(lambda: states(house, made) == {ANNA: "cancelled", HANNA: "sent"})
    assert [one.recipient for one in sink.taken] == [HANNA]
    assert next(one for one in house.rows(made) if one.address == ANNA).reason == f"topic {prices}"


def test_the_rule_for_one_topic_is_the_rule_for_many(house: Marketing) -> None:
    keys, write = house.stamp.keys, house.database.write_now
    for reason in ("topic 1", "topic 11", "unsubscribed"):
        write(suppression.suppress, keys, f"{reason.replace(' ', '-')}@client.example", reason)
    addresses = ["topic-1@client.example", "topic-11@client.example", "unsubscribed@client.example", "b@client.example"]
    for kind in ("personal", "mailing", "automatic"):
        for topic_id in (None, 1, 11, 2):
            many = house.database.read_now(suppression.list_obstacles, keys, addresses, kind, topic_id)
            for address in addresses:
                one = house.database.read_now(suppression.find_obstacle, keys, address, kind, topic_id)
                assert many.get(address) == one
                assert house.database.read_now(suppression.may_send, keys, address, kind, topic_id) is (one is None)
    assert house.database.read_now(suppression.may_send, keys, addresses[0], "mailing", 11)
    assert not house.database.read_now(suppression.may_send, keys, addresses[0], "mailing", 1)


def test_a_topic_has_one_name_and_an_administrator(house: Marketing, admin: Any) -> None:
    prices, _ = _topics(house, admin)
    with pytest.raises(mailings.Conflict):
        house.database.write_now(topics.add_topic, admin, " prices", "")
    with pytest.raises(Forbidden):
        house.database.write_now(topics.add_topic, house.world.viewer("ivan"), "News", "")
    house.database.write_now(partial(topics.change_topic, ended=True), admin, prices, "Prices", "")
    with pytest.raises(mailings.Invalid):
        house.mailing(topic_id=prices)


def _ask(house: Marketing, form_id: int, address: str = ANNA, peer: str = "192.0.2.1", **more: Any) -> Any:
    return house.database.write_now(joining.ask, house.stamp.keys, form_id, Asked(address, **more), peer, 1)


def test_nobody_is_on_record_before_they_said_yes(house: Marketing, admin: Any) -> None:
    prices, events = _topics(house, admin)
    write, read, keys = house.database.write_now, house.database.read_now, house.stamp.keys
    form = write(joining.add_form, admin, "News", "Send me prices.")
    write(partial(joining.change_form, ended=False), admin, form, "News", "Send me prices and events.")
    _, token = _ask(house, form, "New.Person@Client.example", name="New Person", topics=(events,))
    assert read(joining.see_begun, keys, token).address == "new.person@client.example"
    contact_id = write(joining.confirm, keys, token)
    said = read(list_consents, contact_id)
    assert [(one.given, f"form {form}, version 2" in one.source) for one in said] == [(True, True)]
    assert read(topics.list_unwanted, keys, "new.person@client.example") == {prices}
    with pytest.raises(NotFound):
        write(joining.confirm, keys, token)
    kept = read(lambda tx: tx.rows(select(sign_up_text).order_by(sign_up_text.c.version)))
    assert [row.text for row in kept] == ["Send me prices.", "Send me prices and events."]


def test_who_is_known_gets_the_consent_and_no_second_card(house: Marketing, admin: Any) -> None:
    two_clients(house)
    write, keys = house.database.write_now, house.stamp.keys
    form = write(joining.add_form, admin, "News", "Send me news.")
    write(suppression.suppress, keys, ANNA, "unsubscribed")
    begun = _ask(house, form)
    contact_id = write(joining.confirm, keys, begun[1])
    made = house.mailing()
    house.ready(made)
    anna = next(one for one in house.rows(made) if one.address == ANNA)
    assert (anna.contact_id, anna.reason) == (contact_id, "")
    assert len(house.rows(made)) == 2


def test_forms_are_bounded_by_address_and_network(house: Marketing, admin: Any) -> None:
    write = house.database.write_now
    form = write(joining.add_form, admin, "News", "Send me news.")
    answers = [_ask(house, form, peer=f"192.0.2.{number}") for number in range(5)]
    assert [one is None for one in answers] == [False, False, False, True, True], "nobody is told, nobody is written to"
    for number in range(20):
        _ask(house, form, f"victim{number}@client.example", peer="198.51.100.1")
    with pytest.raises(TooMuch):
        _ask(house, form, "one.more@client.example", peer="198.51.100.1")
    write(suppression.suppress, house.stamp.keys, "gone@client.example", "bounce")
    assert _ask(house, form, "gone@client.example") is None
    write(partial(joining.change_form, ended=True), admin, form, "News", "Send me news.")
    with pytest.raises(NotFound):
        _ask(house, form, "late@client.example")


def test_what_nobody_confirms_is_forgotten(house: Marketing, admin: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    write, read, keys = house.database.write_now, house.database.read_now, house.stamp.keys
    form = write(joining.add_form, admin, "News", "Send me news.")
    tokens = [_ask(house, form, address)[1] for address in ("a@client.example", "b@client.example")]
    write(erase_rest, None, ["a@client.example"])
    with pytest.raises(NotFound):
        read(joining.see_begun, keys, tokens[0])
    other = keys.sign_token("sign-up", [2, clock.now()], 1)
    with pytest.raises(NotFound):  # a link of before a restore, to a number that somebody else has now
        write(joining.confirm, keys, other)
    over = clock.now() + joining.LASTS + clock.SECOND
    monkeypatch.setattr(clock, "now", lambda: over)
    with pytest.raises(NotFound):
        read(joining.see_begun, keys, tokens[1])
    assert write(joining.sweep_sign_ups) == 1
    assert read(lambda tx: tx.values(select(recipient.c.id))) == []

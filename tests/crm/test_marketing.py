"""Marketing events and whom they touched: lines in histories that go along with merges, and a word of rules."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import func, select

from core import clock
from core.changes import change
from core.database import Database
from core.errors import Conflict, Forbidden, Invalid, NotFound
from crm.interactions import add_interaction, change_interaction, list_history
from crm.marketing import (
    Party,
    add_marketing_event,
    change_marketing_event,
    drop_marketing_event,
    drop_touch,
    get_marketing_event,
    list_brought,
    list_marketing_events,
    list_touches,
    tally_touches,
    touch_parties,
)
from crm.parties import add_channel, add_contact, add_counterparty, get_counterparty, merge_parties, unmerge_parties
from crm.staff.readable import Viewer
from tests.crm.test_segments import make_viewer

FAIR: dict[str, Any] = {"name": "Agro 2026", "kind": "exhibition", "currency": "uah", "planned": 5_000_000}


@pytest.fixture
def viewer(database: Database) -> Viewer:
    made: Viewer = database.write_now(make_viewer)
    return made


@pytest.fixture
def write(database: Database) -> Callable[..., Any]:
    return lambda verb, *said, **told: database.write_now(lambda tx: verb(tx, *said, **told))


@pytest.fixture
def read(database: Database) -> Callable[..., Any]:
    return lambda verb, *said, **told: database.read_now(lambda tx: verb(tx, *said, **told))


def test_an_event_is_written_and_listed(viewer: Viewer, write: Callable[..., Any], read: Callable[..., Any]) -> None:
    radio = write(add_channel, "Radio")
    fair = write(add_marketing_event, viewer, **FAIR, date_from="2026-11-01", date_to="2026-11-05")
    advert = write(
        add_marketing_event, viewer, name="Advert", kind="advertisement", currency="EUR", channel_id=radio, spent=150
    )
    told = read(get_marketing_event, fair)
    assert (told.name, told.currency, told.planned, told.spent) == ("Agro 2026", "UAH", 5_000_000, None)
    assert [one.id for one in read(list_marketing_events).items] == [fair, advert]
    assert [one.id for one in read(list_marketing_events, sort="-name").items] == [fair, advert]
    assert [one.id for one in read(list_marketing_events, channel_id=radio).items] == [advert]
    first = read(list_marketing_events, sort="name", limit=1)
    assert [one.id for one in first.items] == [advert]
    assert [one.id for one in read(list_marketing_events, sort="name", after=first.next).items] == [fair]
    write(change_marketing_event, viewer, fair, version=1, spent=4_000_000, planned=None, channel_id=radio)
    changed = read(get_marketing_event, fair)
    assert (changed.spent, changed.planned, changed.channel_id, changed.version) == (4_000_000, None, radio, 2)
    with pytest.raises(Conflict):
        write(change_marketing_event, viewer, fair, version=1, about="x")
    write(drop_marketing_event, viewer, advert)
    with pytest.raises(NotFound):
        read(get_marketing_event, advert)


@pytest.mark.parametrize(
    ("told", "field"),
    [
        ({"name": " "}, "name"),
        ({"kind": "party"}, "kind"),
        ({"currency": "money"}, "currency"),
        ({"planned": -1}, "planned"),
        ({"date_from": "1.11.2026"}, "date_from"),
        ({"date_from": "2026-11-05", "date_to": "2026-11-01"}, "date_to"),
        ({"about": "x" * 10_001}, "about"),
    ],
)
def test_what_cannot_be_is_refused(viewer: Viewer, write: Callable[..., Any], told: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid) as refused:
        write(add_marketing_event, viewer, **FAIR | told)
    assert refused.value.fields["field"] == field


def test_touches_are_lines_and_come_once(viewer: Viewer, write: Callable[..., Any], read: Callable[..., Any]) -> None:
    radio = write(add_channel, "Radio")
    fair = write(add_marketing_event, viewer, **FAIR, channel_id=radio)
    client = write(add_counterparty, "Client")
    anna, boris = write(add_contact, "Anna", counterparty_id=client), write(add_contact, "Boris")
    parties = [Party(client, anna), Party(client), Party(client, anna)]
    assert len(write(touch_parties, viewer, fair, parties, "visited", note="Asked for beans")) == 2
    assert write(touch_parties, viewer, fair, parties, "visited") == []
    (met,) = write(touch_parties, viewer, fair, [Party(client)], "met", at=5)
    lines = read(list_history, viewer, client)
    assert {(one.kind, one.touch, one.contact_id) for one in lines} == {
        ("touch", "visited", anna), ("touch", "visited", None), ("touch", "met", None)
    }  # fmt: skip
    assert (read(get_counterparty, client).first_channel_id, len(read(list_touches, fair).items)) == (radio, 3)
    one, now = read(get_marketing_event, fair), clock.now()
    tally = read(tally_touches, one, 0)
    assert (tally.touches, tally.clients, tally.brought) == (3, 1, 1)
    assert (read(list_brought, one, 0), read(list_brought, one, now + clock.HOUR)) == ({client: "Client"}, {})
    with pytest.raises(NotFound):
        write(touch_parties, viewer, fair, [Party(client, boris)], "met")
    for way, at in (("seen", None), ("met", now + clock.DAY)):
        with pytest.raises(Invalid):
            write(touch_parties, viewer, fair, [Party(client)], way, at=at)
    reader = write(make_viewer, "reader", "see")
    with pytest.raises(Forbidden):
        write(touch_parties, reader, fair, [Party(client)], "other")
    with pytest.raises(Forbidden):
        write(drop_touch, reader, fair, met)
    with pytest.raises(Conflict):
        write(drop_marketing_event, viewer, fair)
    write(drop_touch, viewer, fair, met)
    with pytest.raises(NotFound):
        write(drop_touch, viewer, fair, met)


def test_touches_go_along_with_a_merge_and_come_back(
    viewer: Viewer, write: Callable[..., Any], read: Callable[..., Any]
) -> None:
    fair = write(add_marketing_event, viewer, **FAIR)
    kept, gone = write(add_counterparty, "Kept"), write(add_counterparty, "Gone")
    write(touch_parties, viewer, fair, [Party(kept), Party(gone)], "visited")
    merge_id = write(merge_parties, "counterparty", kept, gone)
    assert [one.counterparty_id for one in read(list_touches, fair).items] == [kept, kept]
    assert write(touch_parties, viewer, fair, [Party(gone)], "visited") == []
    write(unmerge_parties, merge_id, {})
    assert sorted(one.counterparty_id for one in read(list_touches, fair).items) == sorted([kept, gone])


def test_a_channel_that_a_touch_taught_goes_with_it(
    viewer: Viewer, write: Callable[..., Any], read: Callable[..., Any]
) -> None:
    radio, letters = write(add_channel, "Radio"), write(add_channel, "Letters")
    fair = write(add_marketing_event, viewer, **FAIR, channel_id=radio)
    client = write(add_counterparty, "Client")
    (met,) = write(touch_parties, viewer, fair, [Party(client)], "met", at=5)
    (visited,) = write(touch_parties, viewer, fair, [Party(client)], "visited", at=7)
    write(add_interaction, viewer, client, "call", body="Beans", channel_id=letters, happened_at=9)
    for touch, channel, at in ((met, radio, 7), (visited, letters, 9)):
        write(drop_touch, viewer, fair, touch)
        now = read(get_counterparty, client)
        assert (now.channel_id, now.first_channel_id, now.first_channel_at) == (channel, channel, at)
    write(add_interaction, viewer, client, "call", body="Beans", channel_id=radio, happened_at=3)
    assert read(get_counterparty, client).first_channel_id == letters


def test_another_moment_of_a_touch_is_told_to_rules_about_people(
    viewer: Viewer, write: Callable[..., Any], read: Callable[..., Any]
) -> None:
    fair, client = write(add_marketing_event, viewer, **FAIR), write(add_counterparty, "Client")
    anna = write(add_contact, "Anna", counterparty_id=client)
    (met,) = write(touch_parties, viewer, fair, [Party(client, anna)], "met", at=5)
    write(change_interaction, viewer, met, happened_at=7)
    told = select(func.count()).select_from(change).where(change.c.kind == "contact.touched")
    assert read(lambda tx: tx.value(told)) == 2

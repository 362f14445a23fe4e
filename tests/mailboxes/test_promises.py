"""Promises: who sees them, what keeps them, who hears that one is late; clients go into other hands with all of it."""

from __future__ import annotations

import asyncio
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from core import clock
from core.database import Database
from core.errors import Conflict, Forbidden, Invalid, NotFound
from core.language import Catalogs
from core.resources import locale_dir
from core.secrets import Keys
from crm.execution.promises import (
    Made,
    Promise,
    change_promise,
    count_promises,
    drop_promise,
    get_promise,
    keep_promise,
    list_promises,
    refuse_proposal,
)
from crm.interactions import find_line_of_thread, list_timeline
from crm.parties import add_counterparty, get_counterparty, list_manager_changes, update_counterparty
from crm.planner import Plan, list_agenda, list_planned_of
from mailhub.letters.values import Address
from mailhub.mailboxes.handing_over import Handed, hand_client, hand_some
from mailhub.mailboxes.handling import assign_thread
from mailhub.mailboxes.notices import list_notices, take_due
from mailhub.mailboxes.planning import plan, promise_it, remind, watch_promises
from mailhub.notices.mailing import make_letter
from mailhub.outbound.identity import Stamp
from mailhub.outbound.writing import Answer, answer_thread
from mailhub.routing.reminding import Reminding
from tests.support.world import World, letter


@pytest.fixture
def world(database: Database, monkeypatch: pytest.MonkeyPatch) -> World:
    world = World(database)
    for who in ("olena", "iryna"):
        world.grant(who, "sales", "answer")
    world.grant("iryna", "sales", "assign")
    world.grant("petro", "service", "answer")
    world.person("chief", is_admin=True)
    world.now = clock.now()
    return world


@pytest.fixture
def client(world: World) -> int:
    client_id: int = world.database.write_now(lambda tx: add_counterparty(tx, "Client", emails=["anna@client.example"]))
    return client_id


def do(world: World, who: str, verb: Any, *told: Any, **named: Any) -> Any:
    viewer = world.viewer(who)
    return world.database.write_now(lambda tx: verb(tx, viewer, *told, **named))


def promised(world: World, client: int, who: str = "olena", **told: Any) -> int:
    same = {"text": "Send the offer", "due_at": clock.now() + clock.DAY, "executor_id": world.person(who)}
    promise_id: int = do(world, who, promise_it, Made(client, **{**same, **told}))
    return promise_id


def test_a_promise_is_made_kept_and_counted(world: World, client: int) -> None:
    first, second = promised(world, client), promised(world, client, text="Call back", side="them")
    (line, _) = world.database.read_now(lambda tx: list_timeline(tx, world.viewer("petro"), client)).items
    assert (line.kind, line.subject, line.direction) == ("promise", "Call back", "in")
    assert [one.id for one in do(world, "petro", list_promises, counterparty_id=client)] == [first, second]
    with pytest.raises(Forbidden):
        do(world, "petro", keep_promise, first)
    do(world, "olena", keep_promise, first)
    with pytest.raises(Conflict):
        do(world, "olena", keep_promise, first)
    do(world, "iryna", drop_promise, second)  # who gives work to others may
    (tally,) = do(world, "chief", count_promises, 0)
    assert (tally.executor_id, tally.kept, tally.late, tally.open) == (world.person("olena"), 1, 0, 0)
    for field, told in (("text", {"text": " "}), ("due_at", {"due_at": 5}), ("side", {"side": "nobody"})):
        with pytest.raises(Invalid) as problem:
            promised(world, client, **told)
        assert problem.value.fields["field"] == field


def test_an_answer_proposes_that_it_is_kept(world: World, client: int) -> None:
    world.arrive(letter("Offer", "a1@client.example"), "sales")
    (row,) = world.threads("olena")
    found = world.database.read_now(lambda tx: find_line_of_thread(tx, world.viewer("olena"), row.id))
    assert found is not None
    assert found[0] == client
    ours, theirs = (promised(world, client, side=side, based_on_id=found[1].id) for side in ("us", "them"))
    with pytest.raises(NotFound):
        do(world, "petro", get_promise, ours)
    assert do(world, "petro", list_promises, counterparty_id=client) == []
    stamp = Stamp(Keys([b"k" * 32]), 1, "own", "")
    answer = Answer("Here it is.", to=(Address("Anna", "anna@client.example"),))
    sent = world.database.write_now(lambda tx: answer_thread(tx, stamp, world.viewer("olena"), row.id, answer))
    one: Promise = do(world, "olena", get_promise, ours)
    assert (one.proposed_id, one.state) == (getattr(sent, "message_id", sent), "open")
    assert do(world, "olena", get_promise, theirs).proposed_id is None
    do(world, "olena", refuse_proposal, ours)
    assert do(world, "olena", get_promise, ours).proposed_id is None
    world.now = clock.now()
    later = letter("Re: Offer", "a2@client.example", references="a1@client.example")
    world.arrive(later.replace(b"18 Nov 2026", b"18 Nov 2036"), "sales")
    assert do(world, "olena", get_promise, theirs).proposed_id is not None
    told = world.database.read_now(lambda tx: list_notices(tx, world.viewer("olena"), kind="promise")).items
    assert [one.promise.id for one in told if one.promise] == [theirs, ours]
    do(world, "olena", keep_promise, theirs)
    assert do(world, "olena", get_promise, theirs).kept_by_id is not None


def test_late_ones_are_told_once_to_who_answers_for_them(
    world: World, client: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = clock.now()
    promise_id = promised(world, client)
    world.database.write_now(lambda tx: update_counterparty(tx, client, manager_id=world.person("iryna")))

    def heard() -> dict[str, int]:
        names = ("olena", "iryna", "chief")
        return {
            one: len(world.database.read_now(lambda tx, who=one: list_notices(tx, world.viewer(who))).items)
            for one in names
        }

    for hours, wanted in ((1, (0, 0, 0)), (21, (1, 0, 0)), (22, (1, 0, 0)), (25, (2, 1, 0)), (80, (2, 1, 0))):
        monkeypatch.setattr(clock, "now", lambda at=start + hours * clock.HOUR: at)
        world.database.write_now(watch_promises)
        assert tuple(heard().values()) == wanted
    do(world, "olena", change_promise, promise_id, due_at=start + 200 * clock.HOUR)
    monkeypatch.setattr(clock, "now", lambda: start + 201 * clock.HOUR)
    world.database.write_now(watch_promises)
    assert heard()["iryna"] == 2


def test_reminders_and_what_is_given_reach_people_by_mail(
    world: World, client: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = {"zone": "Europe/Kyiv", "executor_id": world.person("petro"), "counterparty_id": client}
    meet = Plan(
        "meeting", "Meet them", "2036-10-02T10:00", user_ids=(world.person("iryna"),), remind_minutes=60, **said
    )
    do(world, "olena", plan, meet)
    for who in ("petro", "iryna"):
        (given,) = world.database.read_now(lambda tx, one=who: list_notices(tx, world.viewer(one))).items
        assert (given.by, given.planned and given.planned.subject) == ("Olena", "Meet them")
    assert world.database.read_now(lambda tx: list_notices(tx, world.viewer("olena"))).items == []
    (one,) = do(world, "petro", list_planned_of, client)
    world.database.write_now(remind)
    monkeypatch.setattr(clock, "now", lambda: one.due_at - 30 * clock.MINUTE)
    world.database.write_now(remind)  # ten years later: the house was off, so it is held and told as one
    (held, _given) = world.database.read_now(lambda tx: list_notices(tx, world.viewer("petro"))).items
    assert (held.planned, held.fields["count"]) == (None, 1)
    language = Catalogs(locale_dir()).language("uk", "Europe/Kyiv")
    subject, text = make_letter(language, clock.now(), [held], "https://mail.example")
    assert "1" in subject
    assert f"https://mail.example/notices/{held.id}" in text
    assert world.database.write_now(take_due, world.person("petro"), clock.now()) == []


def test_a_client_goes_over_with_what_is_open(world: World, client: int) -> None:
    world.arrive(letter("Offer", "a1@client.example"), "sales")
    (row,) = world.threads("olena")
    olena, petro, iryna = (world.person(one) for one in ("olena", "petro", "iryna"))
    world.database.write_now(lambda tx: update_counterparty(tx, client, manager_id=olena))
    do(world, "iryna", assign_thread, row.id, olena)
    found = world.database.read_now(lambda tx: find_line_of_thread(tx, world.viewer("olena"), row.id))
    assert found is not None
    same = {"zone": "Europe/Kyiv", "executor_id": olena, "counterparty_id": client}
    for based_on_id in (None, found[1].id):
        do(world, "olena", plan, Plan("call", "Call", "2036-10-02T10:00", based_on_id=based_on_id, **same))
        promised(world, client, based_on_id=based_on_id)
    with pytest.raises(Forbidden):
        do(world, "olena", hand_client, client, petro)
    # what follows from a letter stays with who may see that letter
    assert do(world, "iryna", hand_client, client, petro, "Olena leaves") == Handed(1, 1, 1, 0, 3)
    with pytest.raises(Invalid):
        do(world, "iryna", hand_client, client, petro)
    assert world.database.read_now(get_counterparty, client).manager_id == petro
    assert world.database.read_now(list_manager_changes, client)[0].by_id == iryna
    assert [one.executor_id for one in do(world, "iryna", list_agenda, [olena, petro], 0, 2**62)] == [petro, olena]
    (line, *_) = world.database.read_now(lambda tx: list_timeline(tx, world.viewer("petro"), client)).items
    assert (line.kind, line.subject, line.body) == ("change", "Petro", "Olena leaves")
    others = [
        world.database.write_now(lambda tx, n=n: add_counterparty(tx, f"C{n}", manager_id=petro)) for n in range(30)
    ]
    so_far = do(world, "iryna", hand_some, petro, olena)
    assert (so_far.clients, so_far.more) == (20, True)
    handed = do(world, "iryna", hand_some, petro, olena, so_far=so_far)
    assert (handed.clients, handed.planned, handed.promises, handed.more) == (31, 1, 1, False)
    assert {world.database.read_now(get_counterparty, one).manager_id for one in others} == {olena}
    (told, *_) = world.database.read_now(lambda tx: list_notices(tx, world.viewer("olena"))).items
    assert told.fields["clients"] == 31


def test_the_loop_tells_what_is_due_and_rests_otherwise(
    world: World, client: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = clock.now()
    said = {"zone": "Europe/Kyiv", "executor_id": world.person("petro"), "counterparty_id": client}
    starts = clock.to_datetime(start + 3 * clock.HOUR).astimezone(ZoneInfo("Europe/Kyiv")).strftime("%Y-%m-%dT%H:%M")
    do(world, "petro", plan, Plan("call", "Call them", starts, remind_minutes=0, **said))
    loop = Reminding(world.database)

    def look_at(at: int) -> tuple[float | None, int]:
        monkeypatch.setattr(clock, "now", lambda: at)
        rest = asyncio.run(loop.look())
        return rest, len(world.database.read_now(lambda tx: list_notices(tx, world.viewer("petro"))).items)

    assert look_at(start) == (20.0, 0)
    assert look_at(start + 2 * clock.HOUR)[1] == 0
    assert look_at(start + 3 * clock.HOUR) == (None, 1)
    assert look_at(start + 90 * clock.HOUR) == (None, 1)

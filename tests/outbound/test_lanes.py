"""One way's trouble is nobody else's: domains that are dead or slow, mailboxes that write much, relays that refuse."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import update

from core import jobs
from core.errors import Forbidden, Invalid, NotFound
from mailhub.letters.values import Address
from mailhub.outbound.claiming import claim
from mailhub.outbound.handing import Claimed
from mailhub.outbound.lane_troubles import list_lane_troubles
from mailhub.outbound.lanes import WIDEST, Lane, Load
from mailhub.outbound.mailbox_ways import choose_way_of_mailbox, get_chosen, open_relay
from mailhub.outbound.tables import delivery
from mailhub.outbound.ways import HOUSE, Way
from mailhub.outbound.writing import Answer, answer_thread
from tests.outbound.conftest import Office
from tests.outbound.direct_house import Zone, choose, rows, sending, states, write
from tests.support.engines import only
from tests.support.house import eventually
from tests.support.sink import Script, Sink
from tests.support.world import letter


@contextmanager
def tarpit(host: str, port: int) -> Iterator[list[socket.socket]]:
    """A server that takes connections and never says a word."""
    held: list[socket.socket] = []
    door = socket.create_server((host, port))

    def hold() -> None:
        while True:
            try:
                held.append(door.accept()[0])
            except OSError:
                return

    worker = threading.Thread(target=hold, daemon=True)
    worker.start()
    try:
        yield held
    finally:
        door.shutdown(socket.SHUT_RDWR)
        door.close()
        worker.join(5)
        for one in held:
            one.close()


@only("sqlite")
def test_a_tarpit_holds_nobody_else(office: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mailhub.outbound.send.DRAIN_SECONDS", 0.1)
    choose(office, "direct")
    write(office, *(f"r{number}@slow.example" for number in range(20)))
    write(office, *(f"r{number}@fast{number}.example" for number in range(6)))
    zone = Zone().add("slow.example", "A", "127.0.0.4")
    for number in range(6):
        zone.add(f"fast{number}.example", "A", "127.0.0.1")
    with Sink() as sink, tarpit("127.0.0.4", sink.port) as held, sending(office, zone, tmp_path, port=sink.port):
        eventually(lambda: len(sink.taken) == 6)
        eventually(lambda: sum(state == "sent" for state in states(office).values()) == 6)
        assert 0 < len(held) <= 2, "a domain begins with two connections"
        slow = [state for recipient, state in states(office).items() if recipient.endswith("@slow.example")]
        assert slow.count("sending") <= 4, "no more are claimed than there is room for"
        assert len(slow) == 20


@only("sqlite")
def test_a_domain_that_says_later_is_slowed_down_and_the_others_are_not(office: Office, tmp_path: Path) -> None:
    choose(office, "direct")
    write(office, *(f"r{number}@busy.example" for number in range(6)), "anna@client.example")
    zone = Zone().add("busy.example", "A", "127.0.0.3").add("client.example", "A", "127.0.0.1")
    busy = Script(mail=lambda _sender, _tries: "421 4.3.2 too fast")
    with (
        Sink() as sink,
        Sink(busy, host="127.0.0.3").start(sink.port) as full,
        sending(office, zone, tmp_path, port=sink.port),
    ):
        eventually(lambda: "sending" not in states(office).values() and "queued" not in states(office).values())
    assert states(office)["anna@client.example"] == "sent"
    assert {state for who, state in states(office).items() if "busy" in who} == {"deferred"}
    assert sum(line.startswith("MAIL") for line in full.said) <= 2, "once it said so nobody asks again"
    (trouble,) = office.world.database.read_now(list_lane_troubles)
    assert (trouble.lane, trouble.tries) == ("domain busy.example", 1)


def test_each_mailbox_has_its_turn(office: Office) -> None:
    world, keys = office.world, office.stamp.keys
    for number in range(12):
        office.answer(to=(Address("", f"r{number}@d{number}.example"),), force=True)
    world.grant("ivan", "other", "answer")
    world.arrive(letter("Taps", "2@client.example").replace(b"sales@", b"other@"), "other")
    beside = next(row.id for row in world.threads("ivan") if row.subject == "Taps")
    answer = Answer("Yes.", (Address("", "late@client.example"),))
    world.database.write_now(answer_thread, office.stamp, world.viewer("ivan"), beside, answer)
    boot = world.database.write_now(jobs.start_boot)
    claimed = world.database.write_now(claim, keys, boot, Load(most=4))
    assert len(claimed) == 4
    assert "late@client.example" in [one.recipient for one in claimed]


def test_what_people_write_leaves_before_what_machines_write(office: Office) -> None:
    """However many of those wait, and for how long."""
    database, keys = office.world.database, office.stamp.keys
    write(office, *(f"r{number}@d{number}.example" for number in range(60)))
    database.write_now(lambda tx: tx.execute(update(delivery).values(kind="automatic")))
    write(office, "late@client.example")
    late = update(delivery).where(delivery.c.kind == "personal").values(next_at=9)
    database.write_now(lambda tx: tx.execute(late))
    boot = database.write_now(jobs.start_boot)
    claimed = database.write_now(claim, keys, boot, Load(most=3))
    assert [one.recipient for one in claimed] == ["late@client.example", "r0@d0.example", "r1@d1.example"]


def test_no_more_is_claimed_for_a_domain_than_it_has_room(office: Office) -> None:
    database, keys = office.world.database, office.stamp.keys
    write(office, *(f"r{number}@slow.example" for number in range(6)), "anna@client.example")
    boot = database.write_now(jobs.start_boot)
    claimed = database.write_now(claim, keys, boot, Load(most=7, of_domain=2))
    assert sorted(one.domain for one in claimed) == ["client.example", "slow.example", "slow.example"]
    busy = Load(most=7, of_domain=2, domains=Counter({"slow.example": 2}))
    assert database.write_now(claim, keys, boot, busy) == []


def test_a_lane_leaves_a_connection_to_others() -> None:
    def one(number: int, domain: str) -> Claimed:
        return Claimed(number, 1, 1, "", f"x@{domain}", "personal", domain)

    async def live() -> None:
        lane = Lane(HOUSE, 2, 1)
        for number, domain in enumerate(["slow.example", "slow.example", "fast.example"]):
            lane.lay(one(number, domain))
        first, second = await lane.take(), await lane.take()
        assert (first.domain, second.domain) == ("slow.example", "fast.example")
        third = asyncio.create_task(lane.take())
        await asyncio.sleep(0)
        assert not third.done()
        lane.done(first)
        assert (await third).id == 1
        assert (lane.held, lane.waiting) == (2, 0)

    asyncio.run(live())


def test_the_lane_of_a_domain_grows_and_shrinks() -> None:
    async def live() -> None:
        lane = Lane(Way("direct", domain="client.example"), 2, WIDEST)
        widths = []
        for _ in range(5):
            lane.widen()
            widths.append(lane.width)
        assert widths == [3, 4, 5, 5, 5]
        lane.narrow()
        lane.narrow()
        lane.narrow()
        assert lane.width == 1

    asyncio.run(live())


def test_a_mailbox_has_a_relay_of_its_own(office: Office, tmp_path: Path) -> None:
    with Sink() as house, Sink(Script(password="se/cret@")) as own:
        choose(office, "relay", f"smtp://sales:se%2Fcret%40@127.0.0.1:{own.port}")
        write(office, "anna@client.example")
        with sending(office, Zone(), tmp_path, relay=house):
            eventually(lambda: states(office) == {"anna@client.example": "sent"})
    assert (len(own.taken), house.said) == (1, [])
    assert rows(office)["anna@client.example"].server == f"127.0.0.1:{own.port}"
    chosen = office.world.database.read_now(get_chosen, office.world.viewer("ivan"), office.world.box("sales").id)
    assert (chosen.way, chosen.server) == ("relay", f"127.0.0.1:{own.port}")
    sealed = office.world.database.read_now(lambda tx: tx.sql("SELECT relay FROM mailbox_way").scalar_one())
    assert b"cret" not in bytes(sealed)


@pytest.mark.parametrize("trouble", ["password", "inside", "nobody there"])
def test_the_trouble_of_its_relay_is_its_own(office: Office, tmp_path: Path, trouble: str) -> None:
    world = office.world
    with Sink() as house, Sink(Script(password="right")) as own:
        said = "wrong" if trouble == "password" else "right"
        port = 1 if trouble == "nobody there" else own.port
        choose(office, "relay", f"smtp://sales:{said}@127.0.0.1:{port}")
        write(office, "anna@client.example")
        world.grant("ivan", "other", "answer")
        world.arrive(letter("Taps", "2@client.example").replace(b"sales@", b"other@"), "other")
        beside = next(row.id for row in world.threads("ivan") if row.subject == "Taps")
        answer = Answer("Yes.", (Address("", "late@client.example"),))
        world.database.write_now(answer_thread, office.stamp, world.viewer("ivan"), beside, answer)
        inside = () if trouble == "inside" else ("127.0.0.0/8",)
        with sending(office, Zone(), tmp_path, relay=house, inside=inside):
            eventually(lambda: states(office)["late@client.example"] == "sent")
            eventually(lambda: world.database.read_now(list_lane_troubles) != [])
            eventually(lambda: states(office)["anna@client.example"] == "queued")
    assert own.taken == []
    (told,) = world.database.read_now(list_lane_troubles)
    assert "127.0.0.1" in told.sentence % told.fields
    assert "wrong" not in told.sentence % told.fields


def test_a_relay_inside_is_named_by_an_administrator(office: Office) -> None:
    """Whoever manages a mailbox names any server of the internet; a deputy names none for letters of somebody else."""
    world, keys, box = office.world, office.stamp.keys, office.world.box("sales")
    world.grant("olena", "sales", "manage")
    manager, write = world.viewer("olena"), world.database.write_now

    def inside() -> bool:
        found = world.database.read_now(open_relay, keys, box.id)
        assert found is not None
        return found[1]

    write(choose_way_of_mailbox, keys, manager, box.id, "relay", "smtp://10.0.0.7:25")
    assert not inside()
    write(choose_way_of_mailbox, keys, replace(manager, is_admin=True), box.id, "relay")
    assert not inside(), "who keeps what there is has named nothing"
    write(choose_way_of_mailbox, keys, replace(manager, is_admin=True), box.id, "relay", "smtp://10.0.0.7:25")
    assert inside()
    own = world.box("mine", owner="petro")
    world.grant("olena", "mine", "manage")
    with pytest.raises(Forbidden):
        write(choose_way_of_mailbox, keys, world.viewer("olena"), own.id, "relay", "smtp://smtp.attack.example:25")


def test_who_manages_a_mailbox_chooses_its_way(office: Office) -> None:
    world, keys, box = office.world, office.stamp.keys, office.world.box("sales")
    world.person("olena")
    with pytest.raises(NotFound):
        world.database.write_now(choose_way_of_mailbox, keys, world.viewer("olena"), box.id, "direct")
    world.grant("olena", "sales", "see")
    with pytest.raises(Forbidden):
        world.database.write_now(choose_way_of_mailbox, keys, world.viewer("olena"), box.id, "direct")
    world.grant("olena", "sales", "manage")
    for way, relay in [("pigeon", None), ("relay", None), ("relay", "http://x"), ("relay", "smtp://a\r\nb")]:
        with pytest.raises(Invalid):
            world.database.write_now(choose_way_of_mailbox, keys, world.viewer("olena"), box.id, way, relay)
    world.database.write_now(choose_way_of_mailbox, keys, world.viewer("olena"), box.id, "direct")
    world.database.write_now(choose_way_of_mailbox, keys, world.viewer("olena"), box.id, "usual")
    assert world.database.read_now(get_chosen, world.viewer("olena"), box.id).way == "usual"

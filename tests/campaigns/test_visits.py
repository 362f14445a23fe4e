"""Openings and clicks: links lead where the letter says and nowhere else, and machines are told from people."""

from __future__ import annotations

import asyncio
import re
from email import message_from_bytes, policy
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from core import clock
from core.database import WriteTx
from core.errors import NotFound
from mailhub.campaigns import visit_bounds, visiting, visits
from mailhub.campaigns.forgetting import forget_recipients, tell_mailings
from mailhub.campaigns.links import destination, track
from mailhub.campaigns.machines import Machines, Seen, judge_together
from mailhub.campaigns.making import make_letter
from mailhub.campaigns.visiting import BATCH, VisitBook
from mailhub.campaigns.visits import Visit
from mailhub.outbound.tables import recipient
from tests.campaigns import test_sending as ordinary
from tests.campaigns import test_windows as fast
from tests.campaigns.house import FOOT, Marketing
from tests.campaigns.test_sending import BASE, states, two_clients
from tests.support.house import eventually
from tests.support.sink import Sink

SOURCE = (
    "[Prices](https://firm.example/prices?a=1&copy=2) for [you](https://firm.example/for?name={{ contact.name }})\n\n"
    "[Site]({{ contact.name }}) [Mail](mailto:anna@firm.example) [Third](https://other.example/)"
)
BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
LATER = 3_600 * clock.SECOND


def test_only_links_whose_host_stands_in_the_letter_are_led_through_the_house() -> None:
    made = make_letter("markdown", "News", SOURCE, FOOT)
    led = track(made.html, made.links)
    assert led.count('href="{{ visit_link }}.') == 4  # three links and the hidden one
    assert 'href="{{ contact.name }}"' in led
    assert 'href="mailto:anna@firm.example"' in led
    assert 'href="{{ unsubscribe }}"' in led
    assert led.count("<img ") == 1
    shared = track(made.html, made.links, "https://x.example/c/t", "https://x.example/o/t")
    assert 'href="https://x.example/c/t.1"' in shared
    assert "for?name={{ contact.name }}" in shared, "what says who somebody is cannot be shared"
    assert "{{ visit" not in shared
    looped = '<body>{% for one in client.list %}<a href="https://x.example/{{ one }}">x</a>{% endfor %}</body>'
    assert 'href="https://x.example/{{ one }}"' in track(looped, ["https://x.example/{{ one }}"])


@pytest.mark.parametrize(
    ("link", "leads"),
    [
        ("https://firm.example/prices?a=1&copy=2", "https://firm.example/prices?a=1&copy=2"),
        ("https://firm.example/?n={{ contact.name }}", "https://firm.example/?n=Anna%20%26%20%22Co%22"),
        ("https://firm.example/{{ contact.none|default('all') }}", "https://firm.example/all"),
        ("https://firm.example/{{ contact.none }}", ""),
        ("javascript:alert(1)", ""),
        ("{{ contact.site }}", ""),
        ("https://firm.example{{ contact.site }}", ""),
        ("https://firm.example/новини?q=ї%20", "https://firm.example/%D0%BD%D0%BE%D0%B2%D0%B8%D0%BD%D0%B8?q=%D1%97%20"),
        ("https://крамниця.укр:8443/a", "https://xn--80aqejfp0c4d.xn--j1amh:8443/a"),
        ("https://Ⅷ͸.example/", ""),
        ("https://", ""),
    ],
)
def test_where_a_link_leads(link: str, leads: str) -> None:
    known = {"name": 'Anna & "Co"', "site": "https://elsewhere.example/"}
    assert destination(link, {"contact": known}) == leads


@pytest.mark.parametrize("sending", [ordinary.sending, fast.sending], ids=["ordinary", "fast"])
@pytest.mark.parametrize("mode", ["off", "totals", "persons"])
def test_what_leaves_leads_back(house: Marketing, tmp_path: Path, sending: Any, mode: str) -> None:
    two_clients(house)
    made = house.mailing(SOURCE, tracking=mode)
    house.ready(made)
    house.start(made)
    with Sink() as sink, sending(house, sink, tmp_path):
        eventually(lambda: set(states(house, made).values()) == {"sent"})
    tokens = set()
    for one in sink.taken:
        html = _html_of(one.raw)
        led = re.findall(rf"{BASE}/c/([a-z0-9]+)\.(\d+)", html)
        assert bool(led) is (mode != "off")
        assert bool(re.search(rf"{BASE}/o/", html)) is (mode != "off")
        assert f"{BASE}/u/" in html
        for token, place in led:
            target = house.database.read_now(visits.find_target, house.stamp.keys, token, int(place))
            assert target.mailing_id == made
            assert (target.recipient_id is None) is (mode == "totals")
            assert bool(target.url) is (place != "0")
        tokens |= {token for token, _ in led}
    assert len(tokens) == {"off": 0, "totals": 1, "persons": 2}[mode]


def _html_of(raw: bytes) -> str:
    body = message_from_bytes(raw, policy=policy.default).get_body(("html",))
    assert body is not None
    return str(body.get_content())


def test_nobody_can_make_an_address_that_leads_elsewhere(house: Marketing) -> None:
    made, ids = _sent(house)
    begins, picture = visits.visit_addresses(house.stamp.keys, BASE, ids[0], 1)
    token = begins.rpartition("/")[2]
    find = partial(house.database.read_now, visits.find_target, house.stamp.keys)
    assert find(token, 2).url == "https://firm.example/for?name=Anna"
    assert find(picture.rpartition("/")[2], None).recipient_id == ids[0]
    for wrong, place in ((token, 99), (token[:-1] + "a", 1), ("x", 1), (token + "a", 1), ("", 1)):
        with pytest.raises(NotFound):
            find(wrong, place)
    leave = house.stamp.keys.sign_token("unsubscribe", [ids[0]], 1)
    with pytest.raises(NotFound):
        find(leave, 1)
    assert made


def _sent(house: Marketing, **more: Any) -> tuple[int, list[int]]:
    """A mailing that two people got an hour ago."""
    two_clients(house)
    made = house.mailing(SOURCE, **{"tracking": "persons", **more})
    house.ready(made)
    ids = [one.id for one in house.rows(made)]
    for one in ids:
        house.database.write_now(
            lambda tx, one=one: tx.change(recipient, one, sent_at=clock.now() - LATER, state="sent")
        )
    return made, ids


def _send(row_id: int, tx: Any) -> None:
    tx.change(recipient, row_id, sent_at=clock.now() - LATER, state="sent")


def _note(house: Marketing, *seen: Visit, networks: tuple[str, ...] = ()) -> None:
    book = VisitBook(house.database, networks)

    async def write() -> None:
        for one in seen:
            await book.note(one)
        await book.write()

    asyncio.run(write())


def _did(house: Marketing, mailing_id: int, recipient_id: int | None) -> list[tuple[str, int, list[str]]]:
    ivan = house.world.viewer("ivan")
    page = house.database.read_now(partial(visits.list_visits, recipient_id=recipient_id), ivan, mailing_id)
    return [(one.kind, one.link, one.evidence) for one in reversed(page.items)]


def test_a_person_who_opens_and_clicks_is_seen_as_one(house: Marketing) -> None:
    made, (anna, other) = _sent(house)
    now = clock.now()
    _note(
        house, Visit(made, anna, None, "GET", BROWSER, "192.0.2.7", now),
        Visit(made, anna, 1, "GET", BROWSER, "192.0.2.7", now + clock.SECOND),
        Visit(made, anna, 1, "GET", BROWSER, "192.0.2.7", now + 30 * clock.SECOND),
    )  # fmt: skip
    assert [evidence for _, _, evidence in _did(house, made, anna)] == [[], [], []]
    row = next(one for one in house.rows(made) if one.id == anna)
    assert (row.opened_at, row.clicked_at) == (now, now + clock.SECOND)
    assert next(one for one in house.rows(made) if one.id == other).opened_at is None
    sums = house.database.read_now(visits.sum_visits, made)
    assert [(one.kind, one.link, one.people, one.machines) for one in sums] == [("open", 0, 1, 0), ("click", 1, 2, 0)]
    assert sums[1].url == "https://firm.example/prices?a=1&copy=2"
    kept = house.database.read_now(partial(visits.list_visits, recipient_id=anna), house.world.viewer("ivan"), made)
    assert {one.network for one in kept.items} == {"192.0.2.0/24"}


SIGNS = {
    "head": {"method": "HEAD"},
    "agent": {"agent": "python-requests/2.32"},
    "network": {"peer": "198.51.100.9"},
    "fast": {"at": -LATER + 2 * clock.SECOND},
    "honey": {"link": 0},
}


@pytest.mark.parametrize("sign", SIGNS)
def test_each_sign_of_a_machine_is_kept(house: Marketing, sign: str) -> None:
    made, (anna, _) = _sent(house)
    asked: dict[str, Any] = {"link": 1, "method": "GET", "agent": BROWSER, "peer": "192.0.2.7", "at": 0, **SIGNS[sign]}
    asked["at"] += clock.now()
    _note(house, Visit(made, anna, **asked), networks=("198.51.100.0/24",))
    assert [evidence for _, _, evidence in _did(house, made, anna)] == [[sign]]
    assert next(one for one in house.rows(made) if one.id == anna).clicked_at is None


def test_who_follows_all_links_or_the_hidden_one_was_a_machine_before_too(house: Marketing) -> None:
    """What was counted as a person's click a second ago is taken back."""
    made, (anna, other) = _sent(house)
    now = clock.now()
    _note(house, Visit(made, anna, 1, "GET", BROWSER, "192.0.2.7", now))
    assert next(one for one in house.rows(made) if one.id == anna).clicked_at == now
    _note(house, *(Visit(made, anna, link, "GET", BROWSER, "192.0.2.7", now + clock.SECOND) for link in (2, 3)))
    assert [evidence for _, _, evidence in _did(house, made, anna)] == [["all_links"]] * 3
    row = next(one for one in house.rows(made) if one.id == anna)
    assert (row.clicked_at, row.opened_at) == (None, None)
    _note(house, Visit(made, other, 1, "GET", BROWSER, "192.0.2.8", now))
    _note(house, Visit(made, other, 0, "GET", BROWSER, "192.0.2.8", now + clock.SECOND))
    assert [evidence for _, _, evidence in _did(house, made, other)] == [["honey"], ["honey"]]
    sums = house.database.read_now(visits.sum_visits, made)
    assert sum(one.people for one in sums) == 0
    assert sum(one.machines for one in sums) == 5


def test_a_slow_reader_of_all_links_is_a_person() -> None:
    seen = [Seen("r1", "click", link, link * 20 * clock.SECOND) for link in range(1, 6)]
    assert judge_together(seen) == [[]] * 5
    assert Machines().judge(method="GET", agent=BROWSER, peer="", link=1, since=11 * clock.SECOND) == []


def test_five_thousand_requests_of_a_scanner_are_a_few_writes(house: Marketing) -> None:
    made, ids = _sent(house)
    now = clock.now()
    units: list[int] = []
    book = VisitBook(house.database, ())
    work = house.database.work

    async def counted(*asked: Any) -> Any:
        units.append(1)
        return await work(*asked)

    async def scan() -> None:
        for number in range(5_000):
            method = "HEAD" if number % 2 else "GET"
            await book.note(Visit(made, ids[number % 2], number % 4, method, BROWSER, "192.0.2.1", now + number * 1000))
        await book.write()

    house.database.work = counted  # type: ignore[method-assign]
    try:
        asyncio.run(scan())
    finally:
        house.database.work = work  # type: ignore[method-assign]
    assert len(units) == 5_000 / BATCH
    sums = house.database.read_now(visits.sum_visits, made)
    assert (sum(one.people for one in sums), sum(one.machines for one in sums)) == (0, 5_000)
    assert {one.left_at for one in house.rows(made)} == {None}
    assert {one.clicked_at for one in house.rows(made)} == {None}


def test_an_address_that_is_fetched_for_ever_fills_no_disk(house: Marketing, monkeypatch: pytest.MonkeyPatch) -> None:
    """The rows of a day have a bound, what is counted has none; and a person behind a scanner is seen all the same."""
    monkeypatch.setattr(visit_bounds, "MOST_A_DAY", 3)
    monkeypatch.setattr(visit_bounds, "MOST_OF_ALL", 2)
    made, (anna, _) = _sent(house)
    noon = (clock.now() // clock.DAY + 1) * clock.DAY + 12 * clock.HOUR  # tomorrow: long after it left, at any hour
    for begin in (0, 5):
        _note(house, *(Visit(made, anna, 1, "HEAD", BROWSER, "192.0.2.7", noon + begin + one) for one in range(5)))
    later = noon + clock.HOUR
    _note(house, Visit(made, anna, 1, "GET", BROWSER, "192.0.2.7", later))
    assert len(_did(house, made, anna)) == 4
    row = next(one for one in house.rows(made) if one.id == anna)
    assert row.clicked_at == later
    _note(house, Visit(made, anna, 1, "HEAD", BROWSER, "192.0.2.7", noon + clock.DAY))
    assert len(_did(house, made, anna)) == 5, "another day"
    _note(house, *(Visit(made, None, 1, "HEAD", BROWSER, "192.0.2.7", noon) for _ in range(4)))
    assert len(_did(house, made, None)) == 5 + 2
    sums = house.database.read_now(visits.sum_visits, made)
    assert [(one.people, one.machines) for one in sums] == [(1, 15)]


def test_what_cannot_be_written_keeps_nothing_behind_it(house: Marketing, monkeypatch: pytest.MonkeyPatch) -> None:
    made, (anna, other) = _sent(house)
    book, record = VisitBook(house.database, ()), visits.record_visits

    def fail(tx: WriteTx, machines: Machines, some: list[Visit]) -> None:
        if any(one.recipient_id == anna for one in some):
            raise ValueError("a fault of our own")
        record(tx, machines, some)

    monkeypatch.setattr(visiting, "record_visits", fail)

    async def note() -> None:
        for who in (anna, other, anna):
            await book.note(Visit(made, who, 1, "GET", BROWSER, "192.0.2.7", clock.now()))
        await book.write()
        await book.write()

    asyncio.run(note())
    assert (len(_did(house, made, anna)), len(_did(house, made, other))) == (0, 1)


def test_what_nobody_is_named_with_counts_all_the_same(house: Marketing) -> None:
    made, _ = _sent(house, tracking="totals")
    now = clock.now()
    _note(house, *(Visit(made, None, link, "GET", BROWSER, "192.0.2.7", now) for link in (1, 2, 3)))
    _note(house, Visit(made, None, 1, "GET", BROWSER, "203.0.113.7", now))
    sums = house.database.read_now(visits.sum_visits, made)
    assert (sum(one.people for one in sums), sum(one.machines for one in sums)) == (1, 3)
    assert {one.opened_at for one in house.rows(made)} == {None}


def test_who_is_forgotten_leaves_no_click_and_who_asks_gets_all(house: Marketing) -> None:
    made, (anna, other) = _sent(house)
    now = clock.now()
    _note(house, *(Visit(made, one, 1, "GET", BROWSER, "192.0.2.7", now) for one in (anna, other)))
    row = next(one for one in house.rows(made) if one.id == anna)
    scope = house.world.box("news").scope_id
    told = house.database.read_now(tell_mailings, row.contact_id, [row.address], [scope])
    assert [(one["mailing"], len(one["visits"])) for one in told] == [("Autumn", 1)]
    assert house.database.read_now(tell_mailings, row.contact_id, [row.address], []) == []
    house.database.write_now(forget_recipients, row.contact_id, [row.address])
    assert _did(house, made, anna) == []
    assert len(_did(house, made, other)) == 1
    assert house.database.read_now(tell_mailings, row.contact_id, [row.address], [scope]) == []
    assert sum(one.people for one in house.database.read_now(visits.sum_visits, made)) == 2


def test_old_clicks_go_and_their_sums_stay(house: Marketing) -> None:
    made, (anna, _) = _sent(house)
    long_ago = clock.now() - 40 * clock.DAY
    house.database.write_now(lambda tx: tx.change(recipient, anna, sent_at=long_ago - LATER))
    _note(house, Visit(made, anna, 1, "GET", BROWSER, "192.0.2.7", long_ago))
    assert house.database.write_now(visits.sweep_visits, 50) == 0
    assert house.database.write_now(visits.sweep_visits, 30) == 1
    _note(house, Visit(made, anna, 2, "GET", BROWSER, "192.0.2.7", clock.now()))
    assert next(one for one in house.rows(made) if one.id == anna).clicked_at == long_ago
    assert sum(one.people for one in house.database.read_now(visits.sum_visits, made)) == 2


def test_a_new_mailing_keeps_what_the_last_one_kept(house: Marketing) -> None:
    assert house.see(house.mailing(tracking="persons")).tracking == "persons"
    assert house.see(house.mailing()).tracking == "persons"

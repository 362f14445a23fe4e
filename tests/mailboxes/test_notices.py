"""Notices: who hears of what, how, and only while they may see it; a storm is one letter."""

from __future__ import annotations

from typing import Any

import pytest

from core import clock, jobs
from core.database import Database
from core.errors import Invalid
from core.language import Catalogs, Language
from core.paging import Page
from core.resources import locale_dir
from core.secrets import Keys
from crm.staff.rights import add_grant, remove_grant
from mailhub.mailboxes.notice_wishes import DEFAULTS, get_wishes, set_wishes
from mailhub.mailboxes.notices import KEPT, Notice, count_notices, list_notices, mark_notices, sweep_notices
from mailhub.mailboxes.notifying import GATHER, PAUSE, notify
from mailhub.notices.mailing import write_due
from mailhub.notices.words import say_notice
from mailhub.outbound.house_letters import HOUSE_JOB
from tests.support.world import World, letter

KEYS = Keys([b"k" * 32])


@pytest.fixture
def world(database: Database, monkeypatch: pytest.MonkeyPatch) -> World:
    found = World(database)
    monkeypatch.setattr(clock, "now", lambda: found.now)
    found.box("sales")
    found.grant("olena", "sales", "answer", "assign")
    found.grant("petro", "sales", "answer")
    found.arrive(letter("Pumps", "1@client.example"), "sales")
    return found


def _notify(world: World, kind: Any, *names: str, **more: Any) -> list[int]:
    ids = [world.person(name) for name in names]
    thread_id = world.threads("olena")[0].id
    return world.database.write_now(lambda tx: notify(tx, kind, ids, thread_id, **more))


def _notices(world: World, name: str, **more: Any) -> Page[Notice]:
    viewer = world.viewer(name)
    return world.database.read_now(lambda tx: list_notices(tx, viewer, **more))


def _kinds(world: World, name: str, **more: Any) -> list[str]:
    return [one.kind for one in _notices(world, name, **more).items]


def _count(world: World, name: str) -> int:
    return world.database.read_now(count_notices, world.viewer(name))


def _english(_code: str = "") -> Language:
    return Catalogs(locale_dir()).language("en", "UTC")


def _mailed(world: World) -> int:
    return world.database.write_now(write_due, KEYS, _english, "https://mail.firm.example/")


def _letters(world: World) -> int:
    return world.database.read_now(jobs.count_waiting).get(HOUSE_JOB, 0)


def test_everybody_but_who_did_it_hears_once(world: World) -> None:
    heard = _notify(world, "assigned", "olena", "petro", "petro", by_id=world.person("olena"))
    assert heard == [world.person("petro")]
    assert _kinds(world, "petro") == ["assigned"]
    assert not _kinds(world, "olena")
    (one,) = _notices(world, "petro").items
    assert say_notice(_english(), world.now, one) == "Olena gave you “Pumps”"


def test_each_chooses_for_each_kind(world: World) -> None:
    petro = world.viewer("petro")
    world.database.write_now(set_wishes, petro, {"assigned": "none", "letter": "mail"})
    assert not _notify(world, "assigned", "petro")
    assert _notify(world, "letter", "petro", "olena") == [world.person("olena"), world.person("petro")]
    wishes = world.database.read_now(get_wishes, petro)
    assert wishes == {**DEFAULTS, "assigned": "none", "letter": "mail"}
    for wrong in ({"assigned": "pigeon"}, {"nothing": "app"}):
        with pytest.raises(Invalid):
            world.database.write_now(set_wishes, petro, wrong)


def test_of_letters_in_a_thread_only_the_newest_is_news(world: World) -> None:
    for _ in range(5):
        _notify(world, "letter", "petro")
    assert _count(world, "petro") == 1
    world.database.write_now(mark_notices, world.viewer("petro"))
    _notify(world, "letter", "petro")
    assert [one.read for one in _notices(world, "petro").items] == [False, True]
    for _ in range(3):
        _notify(world, "mentioned", "petro")
    assert _count(world, "petro") == 4


def test_a_right_taken_away_hides_old_notices_and_given_back_shows_them(world: World) -> None:
    _notify(world, "mentioned", "petro")
    scope_id, petro = world.box("sales").scope_id, world.person("petro")
    world.database.write_now(lambda tx: remove_grant(tx, scope_id, "answer", user_id=petro))
    assert (_kinds(world, "petro"), _count(world, "petro")) == ([], 0)
    world.now += GATHER
    assert _mailed(world) == 0
    assert _letters(world) == 0
    world.database.write_now(lambda tx: add_grant(tx, scope_id, "see", user_id=petro, only_assigned=True))
    assert not _kinds(world, "petro"), "not in their hands"
    world.database.write_now(lambda tx: add_grant(tx, scope_id, "see", user_id=petro))
    assert _kinds(world, "petro") == ["mentioned"]


def test_what_is_hidden_does_not_hide_what_is_older(world: World) -> None:
    _notify(world, "mentioned", "petro")
    secret = world.box("secret")
    world.grant("petro", "secret", "see")
    world.grant("olena", "secret", "see")
    world.arrive(letter("Secret", "2@client.example"), "secret")
    hidden = next(row.id for row in world.threads("olena") if row.subject == "Secret")
    for _ in range(120):
        world.database.write_now(notify, "mentioned", [world.person("petro")], hidden)
    assert _count(world, "petro") == 99
    world.database.write_now(lambda tx: remove_grant(tx, secret.scope_id, "see", user_id=world.person("petro")))
    assert _count(world, "petro") == 1
    assert [one.row.subject for one in _notices(world, "petro", limit=5).items] == ["Pumps"]


def test_pages_hold_each_notice_once(world: World) -> None:
    for _ in range(7):
        _notify(world, "mentioned", "petro")
    seen: list[int] = []
    page = _notices(world, "petro", limit=3)
    seen += [one.id for one in page.items]
    while page.next:
        page = _notices(world, "petro", limit=3, after=page.next)
        seen += [one.id for one in page.items]
    assert len(seen) == len(set(seen)) == 7
    assert seen == sorted(seen, reverse=True)


def test_marking_is_for_oneself(world: World) -> None:
    _notify(world, "mentioned", "petro", "olena")
    (mine,) = _notices(world, "petro").items
    assert world.database.write_now(lambda tx: mark_notices(tx, world.viewer("olena"), ids=[mine.id])) == 0
    assert world.database.write_now(lambda tx: mark_notices(tx, world.viewer("petro"), ids=[mine.id])) == 1
    assert (_count(world, "petro"), _count(world, "olena")) == (0, 1)
    unmark = world.database.write_now(lambda tx: mark_notices(tx, world.viewer("petro"), ids=[mine.id], read=False))
    assert (unmark, _count(world, "petro")) == (1, 1)
    threads = [mine.row.id]
    assert world.database.write_now(lambda tx: mark_notices(tx, world.viewer("petro"), thread_ids=threads)) == 1


def _outside(world: World, name: str) -> None:
    """Somebody whose post lies at another house."""
    world.database.write_now(
        lambda tx: tx.sql(
            'UPDATE "user" SET email = :mail WHERE id = :id', mail=f"{name}@far.example", id=world.person(name)
        )
    )


def test_a_storm_is_one_letter_and_then_a_pause(world: World) -> None:
    _outside(world, "petro")
    for _ in range(40):
        _notify(world, "mentioned", "petro", by_id=world.person("olena"))
    assert _mailed(world) == 0, "it gathers"
    world.now += GATHER
    assert _mailed(world) == 1
    assert _mailed(world) == 0
    _notify(world, "mentioned", "petro")
    world.now += GATHER
    assert _mailed(world) == 0, "not so soon again"
    world.now += PAUSE
    assert _mailed(world) == 1
    assert _letters(world) == 2


def test_what_was_read_is_not_written_about(world: World) -> None:
    _outside(world, "petro")
    _notify(world, "mentioned", "petro")
    world.database.write_now(mark_notices, world.viewer("petro"))
    world.now += GATHER
    assert _mailed(world) == 0


def test_no_letter_comes_back_into_the_house(world: World) -> None:
    world.box("petro", owner="petro")
    _notify(world, "mentioned", "petro")
    world.now += GATHER
    assert _mailed(world) == 0
    assert _count(world, "petro") == 1


def test_old_ones_are_swept_away(world: World) -> None:
    _notify(world, "mentioned", "petro")
    assert world.database.write_now(sweep_notices) == 0
    world.now += KEPT + clock.SECOND
    assert world.database.write_now(sweep_notices) == 1

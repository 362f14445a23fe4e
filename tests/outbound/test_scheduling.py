"""Letters that leave later: once, at their moment, and not when an answer came first."""

from __future__ import annotations

import asyncio
from functools import partial
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import delete

from core import clock
from core.blobs import BlobFiles
from core.database import WriteTx
from core.errors import Conflict, Invalid, NotFound, TooMuch, Unavailable
from crm.staff.tables import grant
from mailhub.letters.html.outgoing import text_as_html
from mailhub.mailboxes.notices import list_notices
from mailhub.mailboxes.reading import get_thread
from mailhub.outbound import departing as departing_module
from mailhub.outbound import scheduling
from mailhub.outbound.departing import Departing
from mailhub.outbound.drafts import Draft, Text, add_draft, change_draft, get_draft
from mailhub.outbound.ledger import list_deliveries
from mailhub.outbound.scheduling import FAILED, list_scheduled, schedule_draft, unschedule_draft
from mailhub.outbound.throwing import throw_away
from tests.outbound.conftest import Office
from tests.support.world import letter


@pytest.fixture
def departing(office: Office, tmp_path: object) -> Departing:
    return Departing(office.world.database, BlobFiles(tmp_path), office.stamp, ZoneInfo("Europe/Kyiv"))  # type: ignore[arg-type]


def planned(office: Office, *, unless_reply: bool = False, within: int = clock.HOUR) -> Draft:
    """Ivan's answer, planned for in an hour."""
    database, ivan = office.world.database, office.world.viewer("ivan")
    begun = database.write_now(add_draft, ivan, "reply", thread_id=office.thread_id)
    typed = Text(to="anna@client.example", html=text_as_html("Any news?"))
    saved = database.write_now(change_draft, ivan, begun.id, begun.version, typed)
    return database.write_now(
        schedule_draft, ivan, saved.id, saved.version, clock.now() + within, unless_reply=unless_reply
    )


def pass_hours(monkeypatch: pytest.MonkeyPatch, hours: int) -> None:
    later = clock.now() + hours * clock.HOUR
    monkeypatch.setattr(clock, "now", lambda: later)
    monkeypatch.setattr("mailhub.outbound.scheduling.database_now", lambda _tx: later)


def look(*departing: Departing) -> None:
    """Let the loops look, at the same time."""

    async def look_once() -> None:
        await asyncio.gather(*(one.look() for one in departing))

    asyncio.run(look_once())


def letters_out(office: Office) -> int:
    shown = office.world.database.read_now(get_thread, office.world.viewer("ivan"), office.thread_id)
    return sum(one.direction == "out" for one in shown.messages)


def test_it_leaves_at_its_moment_and_once(
    office: Office, departing: Departing, monkeypatch: pytest.MonkeyPatch
) -> None:
    database, ivan = office.world.database, office.world.viewer("ivan")
    kept = planned(office)
    assert [one.id for one in database.read_now(list_scheduled, ivan)] == [kept.id]
    look(departing)
    assert letters_out(office) == 0
    pass_hours(monkeypatch, 2)
    again = Departing(database, departing._files, office.stamp, ZoneInfo("UTC"))
    look(departing, again)
    assert letters_out(office) == 1
    assert [one.recipient for one in database.read_now(list_deliveries, ivan).items] == ["anna@client.example"]
    with pytest.raises(NotFound):
        database.read_now(get_draft, ivan, kept.id)


def test_a_clock_that_is_put_back_makes_it_wait_and_no_second_one(
    office: Office, departing: Departing, monkeypatch: pytest.MonkeyPatch
) -> None:
    planned(office)
    pass_hours(monkeypatch, 2)
    look(departing)
    pass_hours(monkeypatch, -48)
    look(departing)
    pass_hours(monkeypatch, 96)
    look(departing)
    assert letters_out(office) == 1


def test_a_reply_before_the_moment_stops_it_and_its_writer_hears_of_it(
    office: Office, departing: Departing, monkeypatch: pytest.MonkeyPatch
) -> None:
    world, database = office.world, office.world.database
    kept = planned(office, unless_reply=True)
    world.arrive(letter("Re: Pumps", "2@client.example", references="1@client.example"), "sales")
    shown = database.read_now(get_draft, world.viewer("ivan"), kept.id)
    assert shown.send_at is None
    pass_hours(monkeypatch, 2)
    look(departing)
    assert letters_out(office) == 0
    events = database.read_now(get_thread, world.viewer("ivan"), office.thread_id).events
    assert any("did not leave, because an answer came first" in one.sentence for one in events)
    assert [one.kind for one in database.read_now(list_notices, world.viewer("ivan")).items][:1] == ["unsent"]


def test_a_machine_that_answers_is_no_reply(
    office: Office, departing: Departing, monkeypatch: pytest.MonkeyPatch
) -> None:
    planned(office, unless_reply=True)
    away = letter(
        "Re: Pumps", "3@client.example", references="1@client.example", headers="Auto-Submitted: auto-replied\r\n"
    )
    office.world.arrive(away, "sales")
    pass_hours(monkeypatch, 2)
    look(departing)
    assert letters_out(office) == 1


def test_without_the_condition_a_reply_does_not_stop_it(
    office: Office, departing: Departing, monkeypatch: pytest.MonkeyPatch
) -> None:
    planned(office)
    office.world.arrive(letter("Re: Pumps", "2@client.example", references="1@client.example"), "sales")
    pass_hours(monkeypatch, 2)
    look(departing)
    assert letters_out(office) == 1


def test_a_right_that_was_taken_away_stops_it(
    office: Office, departing: Departing, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = office.world
    planned(office)
    world.grant("oksana", "sales", "answer")
    world.database.write_now(_take_all, world.people["ivan"])
    pass_hours(monkeypatch, 2)
    look(departing)
    shown = world.database.read_now(get_thread, world.viewer("oksana"), office.thread_id)
    assert not [one for one in shown.messages if one.direction == "out"]
    assert any("had planned did not leave" in one.sentence for one in shown.events)


def test_whoever_changes_it_takes_it_off_its_moment(office: Office) -> None:
    database, ivan = office.world.database, office.world.viewer("ivan")
    kept = planned(office)
    changed = database.write_now(change_draft, ivan, kept.id, kept.version, Text(subject="Other"))
    assert changed.send_at is None
    with pytest.raises(Conflict):
        database.write_now(unschedule_draft, ivan, kept.id)


def test_a_moment_that_is_over_nobody_and_no_text_are_refused(office: Office) -> None:
    database, ivan = office.world.database, office.world.viewer("ivan")
    with pytest.raises(Invalid):
        planned(office, within=-clock.HOUR)
    begun = database.write_now(add_draft, ivan, "reply", thread_id=office.thread_id)
    with pytest.raises(Invalid):
        database.write_now(schedule_draft, ivan, begun.id, 1, clock.now() + clock.HOUR)


def _take_all(tx: WriteTx, user_id: int) -> None:
    tx.execute(delete(grant).where(grant.c.user_id == user_id))


def plan_again(office: Office, kept: Draft, hours: int) -> Draft:
    """Ivan takes it off its moment and plans it anew."""
    database, ivan = office.world.database, office.world.viewer("ivan")
    back = database.write_now(unschedule_draft, ivan, kept.id)
    return database.write_now(schedule_draft, ivan, back.id, back.version, clock.now() + hours * clock.HOUR)


def test_a_letter_that_cannot_leave_now_keeps_none_of_the_others(
    office: Office, departing: Departing, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, _second = planned(office), planned(office, within=clock.HOUR + clock.MINUTE)
    pass_hours(monkeypatch, 2)
    real = scheduling.leave

    def leave(tx: WriteTx, stamp: object, due: scheduling.Due, *more: object) -> int | None:
        if due.draft.id == first.id and not healed:
            raise Unavailable("The disk could not keep the bytes of a letter. Free some space.")
        return real(tx, stamp, due, *more)  # type: ignore[arg-type]

    healed: list[bool] = []
    monkeypatch.setattr(scheduling, "leave", leave)
    assert asyncio.run(departing.look()) > 0
    assert letters_out(office) == 1
    assert asyncio.run(departing.look()) == departing_module.LONGEST_SLEEP, "it is not tried again at once"
    healed.append(True)
    departing._waiting.clear()
    look(departing)
    assert letters_out(office) == 2


def test_an_error_of_any_kind_in_one_stops_no_other_and_is_shown(
    office: Office, departing: Departing, monkeypatch: pytest.MonkeyPatch
) -> None:
    database, ivan = office.world.database, office.world.viewer("ivan")
    first, _second = planned(office), planned(office, within=clock.HOUR + clock.MINUTE)
    pass_hours(monkeypatch, 2)
    real = scheduling.leave

    def leave(tx: WriteTx, stamp: object, due: scheduling.Due, *more: object) -> int | None:
        if due.draft.id == first.id:
            raise TooMuch("This letter is too large: %(most)s MB at most.", most=25)
        return real(tx, stamp, due, *more)  # type: ignore[arg-type]

    monkeypatch.setattr(scheduling, "leave", leave)
    look(departing)
    assert letters_out(office) == 1
    kept = database.read_now(get_draft, ivan, first.id)
    assert kept.send_at is None
    assert "too large" in kept.fault
    assert [one.kind for one in database.read_now(list_notices, ivan).items] == ["unsent"]


def test_the_loop_outlives_every_error(office: Office, departing: Departing, monkeypatch: pytest.MonkeyPatch) -> None:
    planned(office)
    pass_hours(monkeypatch, 2)
    real, errors = departing.look, [Conflict("This process was silent too long."), RuntimeError("a bug")]

    async def stumble() -> float:
        if errors:
            departing.wake()
            raise errors.pop()
        await real()
        ended.set()
        return 60.0

    ended = asyncio.Event()
    monkeypatch.setattr(departing, "look", stumble)

    async def run() -> None:
        task = asyncio.create_task(departing.run())
        async with asyncio.timeout(20):
            await ended.wait()
        task.cancel()

    asyncio.run(run())
    assert letters_out(office) == 1


def test_what_failed_before_stops_nothing_that_was_planned_anew(office: Office) -> None:
    database, ivan = office.world.database, office.world.viewer("ivan")
    before = planned(office)
    anew = plan_again(office, before, 3)
    problem = Invalid("The letter is empty.", field="text")
    assert not database.write_now(partial(scheduling.stop, version=before.version), before.id, FAILED, problem)
    assert database.read_now(get_draft, ivan, anew.id).send_at == anew.send_at
    assert database.write_now(partial(scheduling.stop, version=anew.version), anew.id, FAILED, problem)


def test_undo_after_it_has_left_says_so(office: Office, departing: Departing, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = planned(office)
    pass_hours(monkeypatch, 2)
    look(departing)
    with pytest.raises(Conflict, match="has left already"):
        office.world.database.write_now(unschedule_draft, office.world.viewer("ivan"), kept.id)
    office.world.person("stranger")
    with pytest.raises(NotFound):
        office.world.database.write_now(unschedule_draft, office.world.viewer("stranger"), kept.id)


def test_a_thread_with_a_planned_letter_is_not_thrown_away(office: Office) -> None:
    database, ivan = office.world.database, office.world.viewer("ivan")
    kept = planned(office)
    with pytest.raises(Conflict, match="leaves by itself") as told:
        database.write_now(throw_away, ivan, office.thread_id)
    assert told.value.fields == {"draft_id": kept.id}
    database.write_now(unschedule_draft, ivan, kept.id)
    database.write_now(throw_away, ivan, office.thread_id)
    with pytest.raises(NotFound):
        database.write_now(schedule_draft, ivan, kept.id, kept.version + 1, clock.now() + clock.HOUR)

"""What others invite us to is answered as their programs understand it, and stands in the calendar of who answered."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import select

from core.errors import Conflict, Forbidden, NotFound
from crm.planner import get_planned, list_agenda
from crm.planner.shapes import Planned
from mailhub.inviting.answering import Answered, answer_request, find_standing, take_over
from mailhub.inviting.forgetting import forget_guest, tell_requests
from mailhub.inviting.guests import list_guests
from mailhub.inviting.requests import Standing
from mailhub.mailboxes.notices import list_notices
from mailhub.mailboxes.tables import mailbox_address, message
from mailhub.notices.words import say_notice
from mailhub.outbound.ledger import list_of_messages
from tests.inviting.conftest import STAMP, Meeting
from tests.inviting.requests import GMAIL, OUTLOOK, write_request

SHAPES = {"outlook": OUTLOOK, "gmail": GMAIL}


def arrive(meeting: Meeting, **told: Any) -> int:
    """Let an invitation come in; returns its letter."""
    meeting.world.arrive(write_request(**told), "sales")
    newest = (
        select(message.c.id)
        .where(message.c.direction == "in")
        .order_by(message.c.landed_at.desc(), message.c.id.desc())
    )
    return int(meeting.world.database.read_now(lambda tx: tx.value(newest)))


def answer(meeting: Meeting, message_id: int, part: str, who: str = "ivan", words: str = "") -> Answered:
    means = replace(meeting.means, zone="Europe/Kyiv")
    done: Answered = meeting.write(answer_request, meeting.world.viewer(who), means, message_id, part, words)
    return done


def stands(meeting: Meeting, message_id: int) -> Standing:
    return meeting.world.database.read_now(find_standing, meeting.ivan, message_id)


def planned(meeting: Meeting, who: str = "ivan") -> list[Planned]:
    """What stands in somebody's calendar because of an invitation, beside the meeting of the fixture."""
    viewer = meeting.world.viewer(who)
    found = meeting.world.database.read_now(list_agenda, viewer, [viewer.user_id], 0, 2**62)
    return [one for one in found if one.subject.startswith("Виставка")]


def notices(meeting: Meeting) -> list[str]:
    language = meeting.means.catalogs.language("en", "Europe/Kyiv")
    found = meeting.world.database.read_now(list_notices, meeting.ivan).items
    return [say_notice(language, meeting.world.now, one) for one in found if one.planned]


@pytest.mark.parametrize("shape", SHAPES)
def test_an_answer_is_read_by_the_program_that_asked(meeting: Meeting, shape: str) -> None:
    asked = arrive(meeting, shape=SHAPES[shape], sequence=3)
    done = answer(meeting, asked, "accepted", words="Візьмемо зразки")
    rows = meeting.world.database.read_now(list_of_messages, [done.message_id])
    assert [one.recipient for one in rows[done.message_id]] == ["anna@client.example"]
    letter = meeting.letter(done.message_id)
    assert letter.from_[0].address == "sales@firm.example"
    assert letter.subject == "Прийнято: Виставка, стенд 7", "in the language of who invites"
    assert "Візьмемо зразки" in (letter.text or "")
    assert b"method=REPLY" in meeting.raw(done.message_id)
    calendar = meeting.calendar(done.message_id)
    (entry,) = calendar.walk("VEVENT")
    assert (calendar["method"], entry["uid"], entry["sequence"]) == ("REPLY", "fair@client.example", 3)
    assert entry["organizer"] == "mailto:anna@client.example"
    assert entry["attendee"] == "mailto:sales@firm.example"
    assert entry["attendee"].params["PARTSTAT"] == "ACCEPTED"
    assert entry["comment"] == "Візьмемо зразки"
    hour = 8 if shape == "outlook" else 10
    assert entry["dtstart"].dt == datetime(2026, 11, 24, hour, tzinfo=UTC)
    assert "recurrence-id" not in entry
    found = stands(meeting, asked)
    assert (found.answer, found.answered_by_id, found.outdated) == ("accepted", meeting.ivan.user_id, False)
    assert len(meeting.world.threads("ivan")) == 1, "it lies in the thread of the invitation"


def test_who_accepts_has_it_in_their_calendar(meeting: Meeting) -> None:
    asked = arrive(meeting)
    done = answer(meeting, asked, "accepted")
    (one,) = planned(meeting)
    assert one.id == done.planned_id
    assert (one.starts, one.zone, one.minutes, one.place) == ("2026-11-24T10:00", "Europe/Kyiv", 90, "Київ")
    assert (one.counterparty_id, one.contact_id) == (meeting.client, meeting.anna)
    assert one.based_thread_id == meeting.world.threads("ivan")[0].id
    guests = meeting.world.database.read_now(
        lambda tx: list_guests(tx, STAMP.keys, get_planned(tx, meeting.ivan, one.id))
    )
    assert not guests.guests, "who invited us is no guest of ours"
    assert answer(meeting, asked, "accepted").message_id == done.message_id, "said twice it goes out once"
    again = answer(meeting, asked, "declined")
    assert again.message_id != done.message_id
    assert stands(meeting, asked).answer == "declined"
    assert [one.state for one in planned(meeting)] == []
    assert answer(meeting, asked, "tentative").planned_id is not None
    assert len(planned(meeting)) == 1


def test_who_invites_moves_it_and_calls_it_off(meeting: Meeting) -> None:
    asked = arrive(meeting, sequence=1)
    answer(meeting, asked, "accepted")
    older = arrive(meeting, sequence=0, start="20261126T100000", end="20261126T110000", number="q0")
    forged = {"sender": "Eve <eve@elsewhere.example>", "sequence": 9, "number": "q9"}
    wrong = arrive(meeting, start="20261127T100000", end="20261127T110000", **forged)
    arrive(meeting, method="CANCEL", **{**forged, "number": "q8"})
    assert [one.starts for one in planned(meeting)] == ["2026-11-24T10:00"], "neither what is old nor what is forged"
    assert stands(meeting, older).newer
    assert "anna@client.example" in str(stands(meeting, wrong).refused)
    for refused in (older, wrong):
        with pytest.raises(Conflict):
            answer(meeting, refused, "accepted")
    moved = arrive(meeting, sequence=2, start="20261125T150000", end="20261125T160000", number="q2")
    assert [(one.starts, one.minutes) for one in planned(meeting)] == [("2026-11-25T15:00", 60)]
    assert "Who invites has changed “Виставка, стенд 7”: it is on 25 Nov" in notices(meeting)
    assert stands(meeting, asked).newer
    found = stands(meeting, moved)
    assert (found.answer, found.outdated, found.asks) == ("accepted", True, True)
    off = arrive(meeting, method="CANCEL", sequence=3, start="20261125T150000", number="q3")
    assert planned(meeting) == []
    assert "Who invites has called off “Виставка, стенд 7”, 25 Nov" in notices(meeting)
    assert stands(meeting, moved).called_off
    assert not stands(meeting, off).asks


def test_one_time_of_a_series_is_answered_and_moved_alone(meeting: Meeting) -> None:
    series = arrive(meeting, more="RRULE:FREQ=WEEKLY;BYDAY=TU;UNTIL=20261215T080000Z")
    answer(meeting, series, "accepted")
    assert [one.starts[:10] for one in planned(meeting)] == ["2026-11-24", "2026-12-01", "2026-12-08", "2026-12-15"]
    this = "RECURRENCE-ID;TZID=FLE Standard Time:20261201T100000"
    one = arrive(meeting, more=this, sequence=1, start="20261202T120000", end="20261202T130000", number="q2")
    starts = [one.starts for one in planned(meeting)]
    assert starts == ["2026-11-24T10:00", "2026-12-02T12:00", "2026-12-08T10:00", "2026-12-15T10:00"]
    done = answer(meeting, one, "declined")
    (entry,) = meeting.calendar(done.message_id).walk("VEVENT")
    assert entry["recurrence-id"].dt == datetime(2026, 12, 1, 8, tzinfo=UTC)
    assert len(planned(meeting)) == 3
    arrive(meeting, method="CANCEL", sequence=2, number="q3")
    assert planned(meeting) == []


def test_an_alias_answers_for_itself(meeting: Meeting) -> None:
    alias = {"address": "fairs@firm.example", "mailbox_id": meeting.world.box("sales").id, "kind": "alias"}
    meeting.write(lambda tx: tx.insert_many(mailbox_address, [alias]))
    asked = arrive(meeting, attendee="Fairs+2026@firm.example")
    done = answer(meeting, asked, "declined")
    (entry,) = meeting.calendar(done.message_id).walk("VEVENT")
    assert entry["attendee"] == "mailto:Fairs+2026@firm.example", "as it was invited"
    other = arrive(meeting, attendee="fairs@firm.example", uid="other", number="q2")
    assert meeting.letter(answer(meeting, other, "accepted").message_id).from_[0].address == "fairs@firm.example"


ODD: dict[str, dict[str, Any]] = {
    "no organizer": {"without": "ORGANIZER"},
    "not invited": {"attendee": "else@firm.example"},
    "no uid": {"without": "UID"},
    "organizer is no address": {"organizer": "nobody"},
}


def test_what_cannot_be_answered_says_what_to_do_and_can_be_taken_over(meeting: Meeting) -> None:
    means = replace(meeting.means, zone="Europe/Kyiv")
    for count, (name, told) in enumerate(ODD.items(), 1):
        asked = arrive(meeting, **{"uid": f"odd{count}@client.example", "number": f"odd{count}", **told})
        with pytest.raises(Conflict, match="answer by a letter"):
            answer(meeting, asked, "accepted")
        taken = meeting.write(take_over, meeting.ivan, means, asked)
        assert taken in [one.id for one in planned(meeting)], name
        assert meeting.write(take_over, meeting.ivan, means, asked) == taken, name
        assert len(planned(meeting)) == count, name


HOSTILE: dict[str, dict[str, Any]] = {
    "beyond calendars": {"start": "99991231T235959", "end": "99991231T235959"},
    "before calendars": {"start": "00010101T000000"},
    "no day": {"start": "20260231T100000"},
    "unknown zone": {"shape": OUTLOOK.replace("FLE Standard Time", "Atlantis")},
    "no start": {"without": "DTSTART"},
    "very long": {"end": "20271124T100000"},
    "past": {"start": "20200101T100000", "end": "20200101T110000"},
    "past series": {"start": "20200101T100000", "end": "20200101T110000", "more": "RRULE:FREQ=DAILY;COUNT=3"},
}


def test_what_no_calendar_holds_is_answered_all_the_same(meeting: Meeting) -> None:
    for count, (name, told) in enumerate(HOSTILE.items()):
        asked = arrive(meeting, **{**told, "uid": f"bad{count}@client.example", "number": f"bad{count}"})
        done = answer(meeting, asked, "accepted")
        assert done.planned_id is None, name
        assert str(done.trouble), name
        assert stands(meeting, asked).answer == "accepted", name
        assert meeting.calendar(done.message_id)["method"] == "REPLY", name
    assert planned(meeting) == []


def test_a_change_that_no_calendar_holds_loses_nothing(meeting: Meeting) -> None:
    asked = arrive(meeting)
    answer(meeting, asked, "accepted")
    for count, name in enumerate(("beyond calendars", "unknown zone", "no start"), 1):
        arrive(meeting, **{**HOSTILE[name], "sequence": count, "number": f"c{count}"})
        assert [one.starts for one in planned(meeting)] == ["2026-11-24T10:00"], name
    assert any("the calendar could not follow: read the letter" in one for one in notices(meeting))
    arrive(meeting, **{**HOSTILE["past series"], "sequence": 9, "number": "c9"})
    assert planned(meeting) == [], "nothing of it is to come"


def test_a_rule_that_is_not_known_takes_its_first_time(meeting: Meeting) -> None:
    asked = arrive(meeting, more="RRULE:FREQ=SECONDLY;COUNT=999999999")
    assert answer(meeting, asked, "accepted").planned_id is not None
    assert [one.starts for one in planned(meeting)] == ["2026-11-24T10:00"]


def test_a_whole_day_is_one_on_the_wall(meeting: Meeting) -> None:
    raw = write_request().replace(b"DTSTART;TZID=FLE Standard Time:20261124T100000", b"DTSTART;VALUE=DATE:20261124")
    raw = raw.replace(b"DTEND;TZID=FLE Standard Time:20261124T113000", b"DTEND;VALUE=DATE:20261126")
    meeting.world.arrive(raw, "sales")
    asked = int(meeting.world.database.read_now(lambda tx: tx.value(select(message.c.id))))
    done = answer(meeting, asked, "accepted")
    (entry,) = meeting.calendar(done.message_id).walk("VEVENT")
    assert entry.to_ical().count(b"DTSTART;VALUE=DATE:20261124") == 1
    (one,) = planned(meeting)
    assert (one.starts, one.minutes) == ("2026-11-24T00:00", 2 * 24 * 60)


def test_only_who_answers_from_the_mailbox_may(meeting: Meeting) -> None:
    asked = arrive(meeting)
    meeting.world.grant("reader", "sales", "see")
    meeting.world.person("stranger")
    with pytest.raises(Forbidden):
        answer(meeting, asked, "accepted", who="reader")
    with pytest.raises(NotFound):
        answer(meeting, asked, "accepted", who="stranger")
    answer(meeting, asked, "accepted")
    reader = meeting.world.viewer("reader")
    assert meeting.world.database.read_now(find_standing, reader, asked).answer == "accepted", "every reader sees it"
    assert [one.subject for one in planned(meeting)] == ["Виставка, стенд 7"]
    meeting.world.grant("olga", "sales", "answer")
    assert answer(meeting, asked, "accepted", who="olga").planned_id == planned(meeting)[0].id
    assert [len(one.user_ids) for one in planned(meeting, "olga")] == [1], "she takes part in the one that is there"


def test_what_comes_out_of_order_counts_by_its_number(meeting: Meeting) -> None:
    newer = arrive(meeting, sequence=5, start="20261125T100000", end="20261125T110000", number="q5")
    older = arrive(meeting, sequence=4, number="q4")
    assert stands(meeting, older).newer
    answer(meeting, newer, "accepted")
    assert [one.starts for one in planned(meeting)] == ["2026-11-25T10:00"]


def test_who_invited_us_is_told_of_it_and_forgotten(meeting: Meeting) -> None:
    asked = arrive(meeting)
    answer(meeting, asked, "accepted")
    scopes, known = [meeting.world.box("sales").scope_id], ["anna@client.example"]
    (told,) = meeting.world.database.read_now(tell_requests, known, scopes)
    assert (told["subject"], told["our_answer"], told["called_off"]) == ("Fair", "accepted", False)
    assert meeting.world.database.read_now(tell_requests, known, []) == [], "what others may not see is not told"
    meeting.write(forget_guest, meeting.anna, known)
    assert meeting.world.database.read_now(tell_requests, known, scopes) == []
    assert stands(meeting, asked).answer == ""
    assert len(planned(meeting)) == 1, "the day is still ours"

"""Guests of what is planned are written to, and what their programs answer is understood."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from core.errors import Conflict, Invalid, NotFound
from crm.interactions import list_timeline
from crm.parties import add_contact, add_counterparty, learn_address, merge_parties
from crm.planner import finish_planned
from mailhub.inviting.sending import drop, send_invitations
from mailhub.mailboxes.notices import list_notices
from mailhub.mailboxes.planning import move, replan
from mailhub.mailboxes.tables import incoming, thread
from mailhub.notices.words import say_notice
from mailhub.outbound.ledger import list_of_messages
from mailhub.outbound.suppression import lift, suppress
from mailhub.outbound.undoing import take_back as take_back_it
from tests.inviting.answers import APPLE, GMAIL, OUTLOOK, THUNDERBIRD, write_answer
from tests.inviting.conftest import STAMP, Meeting

KYIV = ZoneInfo("Europe/Kyiv")
SHAPES = {"outlook": OUTLOOK, "gmail": GMAIL, "apple": APPLE, "thunderbird": THUNDERBIRD}


def test_each_guest_gets_a_letter_that_calendars_read(meeting: Meeting) -> None:
    sent = meeting.invite(words="Візьміть зразки")
    assert len(sent) == 2
    rows = meeting.world.database.read_now(list_of_messages, sent)
    assert [[one.recipient for one in rows[number]] for number in sent] == [
        ["anna@client.example"],
        ["boris@client.example"],
    ]
    to_anna, to_boris = (meeting.letter(number) for number in sent)
    assert to_anna.subject == "Запрошення: Насоси, ціни"  # in her language, and in that of the company
    assert to_boris.subject == "Invitation: Насоси, ціни"
    assert "10:00–10:30 (Europe/Kyiv, UTC+02:00)" in (to_boris.text or "")
    assert "Візьміть зразки" in (to_boris.text or "")
    raw = meeting.raw(sent[0])
    assert b"method=REQUEST" in raw
    calendar = meeting.calendar(sent[0])
    assert calendar["method"] == "REQUEST"
    (entry,) = calendar.walk("VEVENT")
    assert entry["dtstart"].dt == datetime(2026, 11, 24, 10, tzinfo=KYIV)
    assert entry["duration"].dt == timedelta(minutes=30)
    assert (entry["summary"], entry["location"]) == ("Насоси, ціни", "Київ; вул. Садова, 3")
    assert entry["description"] == "Візьміть зразки"  # what is noted for colleagues stays here
    assert entry["uid"] == meeting.one().uid
    assert entry["organizer"] == "mailto:sales@firm.example"
    assert entry["attendee"] == "mailto:anna@client.example"
    assert entry["attendee"].params["RSVP"] == "TRUE"
    assert entry["dtstamp"].dt.utcoffset() == timedelta(0)
    assert [zone["tzid"] for zone in calendar.walk("VTIMEZONE")] == ["Europe/Kyiv"]
    lines = meeting.world.database.read_now(list_timeline, meeting.ivan, meeting.client).items
    assert [one.subject for one in lines].count("Запрошення: Насоси, ціни") == 1
    with pytest.raises(Conflict):
        meeting.invite()


@pytest.mark.parametrize("shape", SHAPES)
def test_an_answer_counts_in_every_shape(meeting: Meeting, shape: str) -> None:
    meeting.invite()
    uid = meeting.one().uid
    raw = write_answer(SHAPES[shape], uid, part="accepted" if shape == "apple" else "ACCEPTED")
    meeting.world.arrive(raw, "sales")
    assert meeting.answers() == {"anna@client.example": "accepted", "boris@client.example": ""}
    language = meeting.means.catalogs.language("en", "Europe/Kyiv")
    notices = meeting.world.database.read_now(list_notices, meeting.ivan).items
    assert [say_notice(language, meeting.world.now, one) for one in notices if one.planned] == [
        "Anna comes: “Насоси, ціни”, 24 Nov"
    ]
    assert len(meeting.world.threads("ivan")) == 2, "it lies where she was invited"
    assert not meeting.world.threads("ivan", "waiting"), "who says that she comes waits for nothing"


def test_words_beside_an_answer_wait_for_us(meeting: Meeting) -> None:
    meeting.invite()
    raw = write_answer(OUTLOOK, meeting.one().uid, comment="Will there be parking?", part="TENTATIVE")
    meeting.world.arrive(raw, "sales")
    assert meeting.answers()["anna@client.example"] == "tentative"
    assert len(meeting.world.threads("ivan", "waiting")) == 1


def test_who_is_no_guest_changes_nothing(meeting: Meeting) -> None:
    meeting.invite()
    uid = meeting.one().uid
    other = "Eve <eve@elsewhere.example>"
    wrong = [
        write_answer(GMAIL, uid, sender=other),  # somebody else writes her answer
        write_answer(GMAIL, uid, sender=other, attendee="eve@elsewhere.example"),  # or their own
        write_answer(GMAIL, uid, attendee="boris@client.example"),  # a guest that of another
        write_answer(GMAIL, "x" + uid),
        write_answer(GMAIL, uid, method="REQUEST"),
        write_answer(GMAIL, uid, part="NEEDS-ACTION"),
    ]
    for number, raw in enumerate(wrong):
        meeting.world.arrive(raw.replace(b"<r1@", b"<w%d@" % number), "sales")
    assert set(meeting.answers().values()) == {""}
    assert len(meeting.world.threads("ivan", "waiting")) >= 1, "they are letters like any other"


def test_a_guest_answers_from_another_address_of_theirs(meeting: Meeting) -> None:
    meeting.write(learn_address, meeting.anna, "anna@home.example")
    meeting.invite()
    uid = meeting.one().uid
    home = "Anna <anna@home.example>"
    meeting.world.arrive(write_answer(GMAIL, uid, sender=home, attendee="boris@client.example", number="h1"), "sales")
    assert set(meeting.answers().values()) == {""}, "for somebody else nobody answers"
    meeting.world.arrive(write_answer(GMAIL, uid, sender=home, attendee="anna@home.example", number="h2"), "sales")
    assert meeting.answers() == {"anna@client.example": "accepted", "boris@client.example": ""}
    declined = write_answer(GMAIL, uid, sender=home, part="DECLINED", stamp="20261118T100500Z", number="h3")
    meeting.world.arrive(declined, "sales")
    assert meeting.answers()["anna@client.example"] == "declined", "and by the address that was invited"


def test_what_is_stale_is_not_taken(meeting: Meeting) -> None:
    meeting.invite()
    uid = meeting.one().uid

    def arrive(number: str, **told: object) -> str:
        meeting.world.arrive(write_answer(APPLE, uid, number=number, **told), "sales")  # type: ignore[arg-type]
        return meeting.answers()["anna@client.example"]

    assert arrive("1", stamp="20261118T110000Z") == "accepted"
    assert arrive("2", part="DECLINED", stamp="20261118T105900Z") == "accepted", "written before"
    assert arrive("3", part="DECLINED", stamp="21260101T000000Z") == "declined"
    assert arrive("4", part="TENTATIVE", stamp="20261118T115900Z") == "tentative", "a clock ahead locks nobody out"
    meeting.write(move, meeting.ivan, meeting.planned, "2026-11-25T11:00")
    assert {one.address for one in meeting.guests().due} == {"anna@client.example", "boris@client.example"}
    sent = meeting.invite()
    assert "11:00" in (meeting.letter(sent[1]).text or "")
    (entry,) = meeting.calendar(sent[0]).walk("VEVENT")
    assert entry["sequence"] > 1
    assert meeting.answers()["anna@client.example"] == "", "that was about another time"
    assert arrive("5", sequence=1, stamp="20261118T115959Z") == ""
    assert arrive("6", sequence=int(entry["sequence"]), stamp="20261118T115959Z") == "accepted"
    assert len(meeting.world.threads("ivan")) == 2, "all of it in the threads of the two"


def test_calling_off_is_told_to_who_was_invited(meeting: Meeting) -> None:
    meeting.invite()
    before = meeting.one().version
    sent = meeting.write(drop, meeting.ivan, meeting.means, meeting.planned)
    assert len(sent) == 2
    calendar = meeting.calendar(sent[0])
    (entry,) = calendar.walk("VEVENT")
    assert (calendar["method"], entry["status"], entry["uid"]) == ("CANCEL", "CANCELLED", meeting.one().uid)
    assert entry["sequence"] > before
    assert meeting.letter(sent[0]).subject == "Скасовано: Насоси, ціни"
    with pytest.raises(Conflict):
        meeting.invite()


def test_who_may_not_write_from_the_mailbox_lets_the_organiser_know(meeting: Meeting) -> None:
    meeting.plan(user_ids=(meeting.world.person("olga"),))
    meeting.invite()
    olga = meeting.world.viewer("olga")
    with pytest.raises(NotFound):
        meeting.write(send_invitations, olga, meeting.means, meeting.planned)
    assert meeting.write(drop, olga, meeting.means, meeting.planned) == []
    found = meeting.world.database.read_now(list_notices, meeting.ivan).items
    assert any("its guests do not know" in str(one.fields.get("sentence")) for one in found)
    assert len(meeting.invite()) == 1, "Anna hears of it from who may write"


def test_guests_change_and_nobody_is_told_who_must_not_be(meeting: Meeting) -> None:
    meeting.write(suppress, STAMP.keys, "boris@client.example", "hand")
    (to_anna,) = meeting.invite()
    assert [one.obstacle for one in meeting.guests().guests] == ["", "hand"]
    meeting.write(take_back_it, meeting.ivan, to_anna)
    assert [one.told for one in meeting.guests().guests] == [0, 0], "she has got nothing"
    assert len(meeting.invite()) == 1
    changed = meeting.plan_of(contact_id=None, contact_ids=())
    meeting.write(replan, meeting.ivan, meeting.planned, changed)
    meeting.planned = meeting.next_one()
    (gone,) = meeting.invite()
    assert meeting.calendar(gone)["method"] == "CANCEL"
    with pytest.raises(Conflict):
        meeting.invite()


def test_of_a_series_one_time_may_be_declined(meeting: Meeting) -> None:
    meeting.plan(rule="FREQ=WEEKLY;COUNT=6", starts="2026-11-24T10:00")
    times = meeting.times()
    meeting.write(move, meeting.ivan, times[1], "2026-12-02T15:00")
    meeting.write(drop, meeting.ivan, meeting.means, times[2])
    (sent,) = meeting.invite()
    first, moved = meeting.calendar(sent).walk("VEVENT")
    assert first["rrule"]["COUNT"] == [6]
    assert first["exdate"].dts[0].dt == datetime(2026, 12, 8, 10, tzinfo=KYIV)
    assert moved["recurrence-id"].dt == datetime(2026, 12, 1, 10, tzinfo=KYIV)
    assert moved["dtstart"].dt == datetime(2026, 12, 2, 15, tzinfo=KYIV)
    uid = meeting.one().uid
    said = {"sequence": meeting.one().version, "part": "DECLINED"}
    more = "RECURRENCE-ID;TZID=FLE Standard Time:20261215T100000"
    meeting.world.arrive(write_answer(OUTLOOK, uid, more=more, **said), "sales")
    never = write_answer(OUTLOOK, uid, more="RECURRENCE-ID:20261216T100000Z", number="r2", **said)
    meeting.world.arrive(never, "sales")
    (anna,) = meeting.guests().guests
    assert (anna.answer, dict(anna.times)) == ("", {"2026-12-15T10:00": "declined"})
    whole = write_answer(GMAIL, uid, sequence=meeting.one().version, stamp="20261118T110000Z", number="r3")
    meeting.world.arrive(whole, "sales")
    (anna,) = meeting.guests().guests
    assert (anna.answer, dict(anna.times)) == ("accepted", {}), "all of it goes over single times"


def test_another_time_is_only_proposed(meeting: Meeting) -> None:
    meeting.invite()
    raw = write_answer(OUTLOOK, meeting.one().uid, method="COUNTER", part="TENTATIVE")
    meeting.world.arrive(raw, "sales")
    assert meeting.answers()["anna@client.example"] == "counter"
    assert meeting.one().starts == "2026-11-24T10:00"
    assert len(meeting.world.threads("ivan", "waiting")) == 1


def test_an_archive_answers_nothing(meeting: Meeting) -> None:
    meeting.invite()
    meeting.world.arrive(write_answer(GMAIL, meeting.one().uid), "sales", quiet=True)
    assert set(meeting.answers().values()) == {""}


def test_words_and_mailbox_are_checked(meeting: Meeting) -> None:
    with pytest.raises(Invalid):
        meeting.invite(words="x" * 2001)
    with pytest.raises(Invalid):
        meeting.invite(mailbox_id=None)
    meeting.world.box("other")
    meeting.world.grant("ivan", "other", "answer")
    meeting.invite()
    with pytest.raises(Invalid):
        meeting.invite(mailbox_id=meeting.world.box("other").id)


@pytest.mark.parametrize("end", ["00010101T000000Z", "99991231T235959Z"])
def test_an_answer_to_a_time_beyond_all_calendars_is_a_letter(meeting: Meeting, end: str) -> None:
    meeting.invite()
    raw = write_answer(OUTLOOK, meeting.one().uid, more=f"RECURRENCE-ID:{end}", stamp=end)
    meeting.world.arrive(raw, "sales")
    assert meeting.answers()["anna@client.example"] == ""
    states = meeting.world.database.read_now(lambda tx: tx.values(select(incoming.c.state)))
    assert "quarantined" not in states, "it goes its way"


def test_nobody_answers_once_for_all_that_is_to_come(meeting: Meeting) -> None:
    meeting.invite()
    meeting.world.arrive(write_answer(GMAIL, meeting.one().uid, sequence=999_999_999), "sales")
    assert meeting.answers()["anna@client.example"] == "accepted"
    meeting.write(move, meeting.ivan, meeting.planned, "2026-11-25T11:00")
    meeting.invite()
    assert meeting.answers()["anna@client.example"] == "", "that was about another time"


def test_an_address_is_one_guest_whoever_reads_there(meeting: Meeting) -> None:
    meeting.invite()
    vera = meeting.write(add_contact, "Vera", counterparty_id=meeting.client, emails=["boris@client.example"])
    changed = meeting.plan_of(contact_ids=(vera,), place="Odesa")
    meeting.write(replan, meeting.ivan, meeting.planned, changed)
    meeting.planned = meeting.next_one()
    sent = meeting.invite()
    assert [meeting.calendar(one)["method"] for one in sent] == ["REQUEST", "REQUEST"]
    changed = meeting.plan_of(contact_ids=(meeting.boris, vera), place="Sofia")
    meeting.write(replan, meeting.ivan, meeting.planned, changed)
    meeting.planned = meeting.next_one()
    assert [(one.name, one.contact_id) for one in meeting.guests().guests] == [
        ("Anna", meeting.anna),
        ("Vera, Boris", vera),
    ]
    assert len(meeting.invite()) == 2
    meeting.plan(contact_id=None, contact_ids=(meeting.boris, vera))
    (one,) = meeting.guests().guests
    assert (one.name, one.contact_id) == ("Boris, Vera", meeting.boris)
    assert len(meeting.invite()) == 1


def test_merged_guests_stay_guests_at_both_addresses(meeting: Meeting) -> None:
    meeting.invite()
    meeting.write(merge_parties, "contact", meeting.anna, meeting.boris)
    assert meeting.guests().due == []
    assert [(one.wanted, one.contact_id) for one in meeting.guests().guests] == [(True, meeting.anna)] * 2
    meeting.write(move, meeting.ivan, meeting.planned, "2026-11-25T11:00")
    assert [meeting.calendar(one)["method"] for one in meeting.invite()] == ["REQUEST", "REQUEST"]


def test_of_a_series_that_is_ended_what_stands_stays(meeting: Meeting) -> None:
    meeting.plan(rule="FREQ=WEEKLY;COUNT=6", starts="2026-11-24T10:00", contact_ids=())
    meeting.invite()
    times = meeting.times()
    (sent,) = meeting.write(drop, meeting.ivan, meeting.means, times[3], "all")
    calendar = meeting.calendar(sent)
    (entry,) = calendar.walk("VEVENT")
    assert calendar["method"] == "REQUEST"
    assert entry["rrule"]["UNTIL"][0] == datetime(2026, 12, 8, 23, 59, 59, tzinfo=KYIV)
    assert "COUNT" not in entry["rrule"]
    assert "exdate" not in entry
    meeting.planned = times[1]
    (sent,) = meeting.write(drop, meeting.ivan, meeting.means, times[1], "all")
    (entry,) = meeting.calendar(sent).walk("VEVENT")
    assert entry["rrule"]["UNTIL"][0] == datetime(2026, 11, 24, 23, 59, 59, tzinfo=KYIV)
    (sent,) = meeting.write(drop, meeting.ivan, meeting.means, times[0], "all")
    assert meeting.calendar(sent)["method"] == "CANCEL", "now nothing stands"


def test_what_has_taken_place_is_not_called_off(meeting: Meeting) -> None:
    meeting.plan(rule="FREQ=WEEKLY;COUNT=6", starts="2026-11-24T10:00", contact_ids=(meeting.boris,))
    meeting.write(suppress, STAMP.keys, "boris@client.example", "hand")
    meeting.invite()
    meeting.write(lift, STAMP.keys, "boris@client.example")
    times = meeting.times()
    meeting.write(finish_planned, meeting.ivan, times[0], "Agreed")
    (sent,) = meeting.write(drop, meeting.ivan, meeting.means, times[1], "all")
    assert meeting.calendar(sent)["method"] == "REQUEST", "nobody else is invited to what is behind us"
    assert meeting.guests().due == []


def test_a_guest_of_another_client_is_not_taken_for_one_of_ours(meeting: Meeting) -> None:
    other = meeting.write(add_counterparty, "Other")
    carl = meeting.write(add_contact, "Carl", counterparty_id=other, emails=["carl@other.example"])
    meeting.plan(contact_ids=(carl,))
    meeting.invite()
    asked = select(thread.c.counterparty_id, thread.c.contact_id).order_by(thread.c.id)
    found = [tuple(row) for row in meeting.world.database.read_now(lambda tx: tx.rows(asked))]
    assert found == [(meeting.client, meeting.anna), (other, carl)]

"""What stands between a mailing and its start: a second person, and how it differs from the last one."""

from __future__ import annotations

from functools import partial

import pytest

from core import clock
from core.errors import Conflict, Forbidden, Invalid
from crm.segments import add_members, add_segment, end_segment
from crm.segments.tables import segment_version
from crm.staff.people import disable_user
from mailhub.campaigns import approving, letters, mailings, omitting, recipients, starting
from mailhub.campaigns.differing import list_alerts
from mailhub.campaigns.mailings import Choice
from mailhub.campaigns.making import make_letter
from tests.campaigns.house import FOOT, Marketing


def three(house: Marketing) -> None:
    for name in ("Anna", "Petro", "Olena"):
        house.client(f"Client of {name}", (name, [f"{name.lower()}@client.example"]))


def start(house: Marketing, mailing_id: int, who: str = "ivan", **more: object) -> None:
    count = house.see(mailing_id).recipients_count
    verb = partial(starting.start_mailing, **{"approve_above": 2, "confirmed": True, **more})  # type: ignore[arg-type]
    house.database.write_now(verb, house.world.viewer(who), mailing_id, count)


def approve(house: Marketing, mailing_id: int, who: str, count: int = 3) -> None:
    house.database.write_now(approving.approve_mailing, house.world.viewer(who), mailing_id, count)


def test_above_a_number_somebody_else_approves(house: Marketing) -> None:
    three(house)
    house.world.grant("olha", "news", "answer", "manage")
    mailing_id = house.mailing()
    with pytest.raises(Conflict):  # not checked yet
        approve(house, mailing_id, "olha", 0)
    house.ready(mailing_id)
    with pytest.raises(Conflict, match="Somebody else"):
        start(house, mailing_id)
    with pytest.raises(Forbidden):  # whoever made it
        approve(house, mailing_id, "ivan")
    with pytest.raises(Conflict) as wrong:
        approve(house, mailing_id, "olha", 4)
    assert wrong.value.fields["recipients_count"] == 3
    for _ in range(2):
        approve(house, mailing_id, "olha")
    told = [one.sentence for one in house.database.read_now(mailings.list_events, mailing_id)]
    assert told.count("Approved for %(count)s people.") == 1
    start(house, mailing_id)
    assert house.see(mailing_id).state == "sending"


def test_who_may_only_answer_approves_nothing(house: Marketing) -> None:
    three(house)
    house.world.grant("olha", "news", "answer")
    mailing_id = house.mailing()
    house.ready(mailing_id)
    with pytest.raises(Forbidden):
        approve(house, mailing_id, "olha")


def test_below_the_number_nobody_is_asked(house: Marketing) -> None:
    three(house)
    mailing_id = house.mailing()
    house.ready(mailing_id)
    start(house, mailing_id, approve_above=3)
    assert house.see(mailing_id).state == "sending"


@pytest.mark.parametrize("what", ["letter", "list", "sender", "tracking", "freeze", "left out"])
def test_what_is_edited_has_to_be_approved_again(house: Marketing, what: str) -> None:
    three(house)
    house.world.grant("olha", "news", "answer", "manage")
    mailing_id = house.mailing()
    house.ready(mailing_id)
    approve(house, mailing_id, "olha")
    write, ivan = house.database.write_now, house.world.viewer("ivan")
    if what == "letter":
        made = make_letter("markdown", "Other", "Else", FOOT)
        write(partial(letters.save_letter, seen=1), ivan, mailing_id, "markdown", "Else", made)
    elif what == "list":
        write(mailings.set_choices, ivan, mailing_id, [Choice(True, "group", house.group())])
    elif what == "tracking":
        write(partial(mailings.change_mailing, tracking="persons"), ivan, mailing_id)
    elif what == "sender":
        write(partial(mailings.change_mailing, sender_name="Somebody"), ivan, mailing_id)
    elif what == "freeze":
        house.ready(mailing_id)
    else:
        made = make_letter("markdown", "Other", "{{ contact.nickname }}", FOOT)
        write(partial(letters.save_letter, seen=1), ivan, mailing_id, "markdown", "Else", made)
        house.ready(mailing_id)
        write(omitting.leave_out, ivan, mailing_id)
    assert house.see(mailing_id).approved_by is None
    if what != "left out":
        house.ready(mailing_id)
        with pytest.raises(Conflict, match="Somebody else"):
            start(house, mailing_id)


def test_whoever_edits_it_becomes_one_of_its_makers(house: Marketing) -> None:
    three(house)
    house.world.grant("olha", "news", "answer", "manage")
    mailing_id = house.mailing()
    made = make_letter("markdown", "In Ukrainian", "Else", FOOT, "uk")
    verb = partial(letters.save_letter, seen=1, language="uk")
    house.database.write_now(verb, house.world.viewer("olha"), mailing_id, "markdown", "Else", made)
    house.ready(mailing_id)
    for who in ("ivan", "olha"):  # one wrote a language of it, one the other
        with pytest.raises(Forbidden):
            approve(house, mailing_id, who)


def test_who_chose_the_people_approves_nothing_whoever_wrote_since(house: Marketing) -> None:
    three(house)
    for who in ("olha", "petro"):
        house.world.grant(who, "news", "answer", "manage")
    mailing_id, write = house.mailing(), house.database.write_now
    write(mailings.set_choices, house.world.viewer("olha"), mailing_id, [Choice(True, "group", house.group())])
    write(partial(mailings.change_mailing, sender_name="Firm"), house.world.viewer("petro"), mailing_id)
    made = make_letter("markdown", "Other", "Else", FOOT)
    write(partial(letters.save_letter, seen=1), house.world.viewer("ivan"), mailing_id, "markdown", "Else", made)
    house.ready(mailing_id)
    for who in ("ivan", "olha", "petro"):  # the letter, the people, the sender
        with pytest.raises(Forbidden):
            approve(house, mailing_id, who)


def test_the_word_of_somebody_who_was_sent_away_counts_no_more(house: Marketing) -> None:
    three(house)
    for who in ("olha", "petro"):
        house.world.grant(who, "news", "answer", "manage")
    mailing_id = house.mailing()
    house.ready(mailing_id)
    approve(house, mailing_id, "olha")
    house.database.write_now(disable_user, house.world.viewer("olha").user_id)
    with pytest.raises(Conflict, match="Somebody else"):
        start(house, mailing_id)
    approve(house, mailing_id, "petro")
    start(house, mailing_id)
    assert house.see(mailing_id).state == "sending"


def test_a_rule_that_is_edited_after_the_freeze_asks_for_another(house: Marketing) -> None:
    one = house.client("One", ("Anna", ["anna@client.example"]), city="Kyiv")
    write, ivan = house.database.write_now, house.world.viewer("ivan")
    house.world.grant("olha", "news", "answer", "manage")
    kyiv = write(add_segment, ivan, "In Kyiv", "counterparties")
    write(add_members, ivan, kyiv, [one])
    mailing_id = house.mailing("Hello", [Choice(True, "segment", kyiv)])
    house.ready(mailing_id)
    approve(house, mailing_id, "olha", 1)
    rewritten = {"segment_id": kyiv, "version": 1, "rule": {}, "zone": "", "by_id": ivan.user_id}
    write(lambda tx: tx.insert_many(segment_version, [{**rewritten, "at": clock.now() + clock.SECOND}]))
    for begin in (lambda: start(house, mailing_id, approve_above=0), lambda: approve(house, mailing_id, "olha", 1)):
        with pytest.raises(Conflict, match=r"In Kyiv.*frozen"):
            begin()


def test_a_list_is_not_frozen_by_a_segment_that_was_ended(house: Marketing) -> None:
    """Who should not get it by that segment would get it else."""
    three(house)
    write, ivan = house.database.write_now, house.world.viewer("ivan")
    spared = write(add_segment, ivan, "Never", "counterparties")
    write(add_members, ivan, spared, house.clients[:1])
    mailing_id = house.mailing("Hello", [Choice(True, "everybody"), Choice(False, "segment", spared)])
    write(end_segment, ivan, spared)
    with pytest.raises(Conflict, match=r"Never.*ended"):
        write(recipients.freeze_list, ivan, mailing_id)


def test_a_moment_that_is_over_starts_nothing(house: Marketing) -> None:
    three(house)
    mailing_id = house.mailing()
    house.ready(mailing_id)
    with pytest.raises(Invalid, match="over"):
        start(house, mailing_id, approve_above=0, start_at=clock.now() - clock.HOUR)
    assert house.see(mailing_id).state == "draft"
    start(house, mailing_id, approve_above=0, start_at=clock.now() - clock.MINUTE)
    assert house.see(mailing_id).state == "sending"


def test_the_difference_from_the_last_mailing(house: Marketing) -> None:
    three(house)
    first = house.mailing()
    assert house.ready(first).difference["mailing_id"] is None  # type: ignore[index]
    start(house, first, approve_above=0, confirmed=False)
    house.client("Client of Danylo", ("Danylo", ["danylo@client.example"]))
    spared = Choice(False, "client", house.clients[0])
    second = house.mailing("Something else", [Choice(True, "everybody"), spared])
    found = house.ready(second).difference
    assert found is not None
    assert (found["mailing_id"], found["recipients_count"], found["new"], found["left"]) == (first, 3, 1, 1)
    names = {row.id: row.name for one in (first, second) for row in house.rows(one)}
    assert ([names[one] for one in found["new_ids"]], [names[one] for one in found["left_ids"]]) == (
        ["Danylo"], ["Anna"],
    )  # fmt: skip
    assert found["twice"] == [{"mailing_id": first, "count": 2, "same": False}]
    assert list_alerts(found, 3) == []
    start(house, second, approve_above=0, confirmed=False)


def test_another_size_and_the_same_letter_have_to_be_confirmed(house: Marketing) -> None:
    three(house)
    first = house.mailing()
    house.ready(first)
    start(house, first, approve_above=0)
    house.client("Client of Danylo", ("Danylo", ["danylo@client.example"]))
    again = house.mailing()
    found = house.ready(again)
    assert list_alerts(found.difference, found.recipients_count) == ["many", "same"]
    with pytest.raises(Conflict, match="unlike"):
        start(house, again, approve_above=0, confirmed=False)
    start(house, again, approve_above=0, confirmed=True)
    assert house.see(again).state == "sending"
    assert list_alerts(found.difference, 3) == ["same"]
    assert list_alerts({**(found.difference or {}), "twice": []}, 2) == ["few"]

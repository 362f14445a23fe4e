"""People and settings at once: one wins, the other hears of it, the history stays consistent."""

from __future__ import annotations

from functools import partial

from core import clock, jobs
from core.database import Database
from core.errors import Conflict, TooMuch
from core.limits import Rate, take
from crm.parties import add_counterparty
from crm.staff.people import add_team, add_user, join_team
from crm.staff.readable import get_viewer
from crm.staff.rights import add_grant, add_scope
from crm.staff.sessions import find_session, start_session
from mailhub.mailboxes.boxes import add_mailbox
from mailhub.mailboxes.handling import assign_thread, set_read, set_state
from mailhub.mailboxes.sharing import get_sharing, share_with
from tests.races.conftest import Race
from tests.support.engines import count, look
from tests.support.mail import add_office, deliver, write_letter


def one_won(told: list[object]) -> bool:
    """Did exactly one succeed, and were the others told of a conflict?"""
    return sum(isinstance(answer, Conflict) for answer in told) == len(told) - 1


def test_an_address_has_one_mailbox(database: Database, race: Race) -> None:
    for number in range(5):
        assert one_won(race(*((add_mailbox, f"box{number}@firm.example", "Box", "public") for _ in range(4))))
    assert count(database, "mailbox") == count(database, "mailbox_address") == 5
    assert look(database, "SELECT count(*) FROM scope WHERE kind = 'public'") == [(5,)]


def test_an_alias_belongs_to_one_mailbox(database: Database, race: Race) -> None:
    aliased = partial(add_mailbox, aliases=["both@firm.example"])
    assert one_won(race(*((aliased, f"box{number}@firm.example", "Box", "public") for number in range(4))))
    assert count(database, "mailbox") == 1


def test_an_address_has_one_user_and_a_name_one_team(database: Database, race: Race) -> None:
    for number in range(5):
        assert one_won(race(*((add_user, f"Olena{number}@firm.example", "Olena") for _ in range(4))))
        assert one_won(race(*((add_team, f"Team {number}") for _ in range(4))))
    assert count(database, "user") == count(database, "team") == 5


def test_an_external_id_has_one_client(database: Database, race: Race) -> None:
    assert one_won(race(*((partial(add_counterparty, external_id="7"), f"Client {n}") for n in range(4))))
    assert count(database, "counterparty") == 1


def test_memberships_and_grants_are_given_once(database: Database, race: Race) -> None:
    user_id = database.write_now(add_user, "olena@firm.example", "Olena")
    team_id = database.write_now(add_team, "Sales")
    scope_id = database.write_now(add_scope, "public")
    assert race(*((join_team, team_id, user_id) for _ in range(4))) == [None] * 4
    assert race(*((partial(add_grant, user_id=user_id), scope_id, "see") for _ in range(4))) == [None] * 4
    assert count(database, "membership") == count(database, "access_grant") == 1


def test_signing_in_twice_at_once_gives_two_sessions_and_ends_the_old_one(database: Database, race: Race) -> None:
    user_id = database.write_now(add_user, "olena@firm.example", "Olena")
    start = partial(start_session, peer="127.0.0.1", agent="x")
    old = database.write_now(start, user_id)
    secrets = race(*((partial(start, replaces=old), user_id) for _ in range(4)))
    assert len(set(secrets)) == count(database, "session") == 4
    assert database.read_now(find_session, old) is None
    assert all(database.read_now(find_session, secret) == (user_id, False) for secret in secrets)


def test_a_rate_is_used_up_once(database: Database, race: Race) -> None:
    told = race(*((take, "door", Rate(5, clock.HOUR)) for _ in range(8)))
    assert sum(answer is None for answer in told) == 5
    assert sum(isinstance(answer, TooMuch) for answer in told) == 3


def test_two_people_who_take_a_thread_at_once_leave_one_hand(database: Database, race: Race) -> None:
    box, people = add_office(database, "olena", "petro", "iryna", "taras")
    boot = database.write_now(jobs.start_boot)
    for number in range(5):
        deliver(database, boot, write_letter(number, sender=f"client{number}@client.example"), box.id)
    for (thread_id,) in look(database, "SELECT id FROM thread ORDER BY id"):
        viewers = [database.read_now(get_viewer, person) for person in people]
        told = race(*((assign_thread, viewer, thread_id, viewer.user_id) for viewer in viewers))
        assert told == [None] * 4
        executor = look(database, f"SELECT executor_id FROM thread WHERE id = {thread_id}")[0][0]
        hands = f"SELECT executor_id, ended_at FROM assignment WHERE thread_id = {thread_id} ORDER BY id"
        history = look(database, hands)
        assert [person for person, ended in history if ended is None] == [executor]
        assert history[-1] == (executor, None)
        assert sorted(person for person, _ in history) == people
        away = race((assign_thread, viewers[0], thread_id, None), (assign_thread, viewers[1], thread_id, None))
        assert away == [None] * 2
        assert all(ended is not None for _, ended in look(database, hands))


def test_who_is_shown_a_thread_at_once_is_shown_it(database: Database, race: Race) -> None:
    """Each change leaves in place what another has made at that moment, in a scope that was not there before it."""
    people = [database.write_now(add_user, f"{who}@firm.example", who) for who in ("owner", "petro", "iryna", "taras")]
    box = database.write_now(partial(add_mailbox, owner_id=people[0]), "owner@firm.example", "Own", "personal")
    deliver(database, database.write_now(jobs.start_boot), write_letter(1), box.id)
    ((thread_id,),) = look(database, "SELECT id FROM thread")
    owner = database.read_now(get_viewer, people[0])
    showing = [partial(share_with, user_id=one, team_id=None, what="letters") for one in people[1:]]
    told = race(*((verb, owner, thread_id) for verb in showing))
    assert not [one for one in told if isinstance(one, Exception)], told
    shares = database.read_now(get_sharing, database.read_now(get_viewer, people[0]), thread_id).shares
    assert sorted(one.user_id for one in shares) == sorted(people[1:])


def test_states_and_reading_at_once_are_each_told_once(database: Database, race: Race) -> None:
    box, (olena, petro) = add_office(database, "olena", "petro")
    boot = database.write_now(jobs.start_boot)
    deliver(database, boot, write_letter(1), box.id)
    ((thread_id,),) = look(database, "SELECT id FROM thread")
    viewers = [database.read_now(get_viewer, person) for person in (olena, petro)]
    assert race(*((set_state, viewer, thread_id, "closed") for viewer in viewers)) == [None] * 2
    assert look(database, "SELECT count(*) FROM thread_event WHERE sentence = 'Closed.'") == [(1,)]
    for read in (True, False):
        assert race(*((partial(set_read, read=read), viewers[0], thread_id) for _ in range(4))) == [None] * 4
        assert look(database, f"SELECT count(*) FROM unread WHERE user_id = {olena}") == [(0 if read else 1,)]

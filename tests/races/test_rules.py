"""Two people at the rules of one mailbox: one wins, the other is told."""

from __future__ import annotations

from functools import partial

from core.database import Database
from core.errors import Conflict
from crm.staff.people import add_user
from crm.staff.readable import get_viewer
from mailhub.mailboxes.boxes import add_mailbox, get_mailbox
from mailhub.routing.rules.verbs import (
    add_rule,
    change_rule,
    delete_rule,
    list_rules,
    order_rules,
    parse_wanted,
    switch_rule,
)
from tests.races.conftest import Race


def test_rules_are_changed_by_one_at_a_time(database: Database, race: Race) -> None:
    write, read = database.write_now, database.read_now
    box = write(add_mailbox, "sales@firm.example", "Sales", "public")
    chief = read(get_viewer, write(partial(add_user, is_admin=True), "chief@firm.example", "Chief"))
    wanted = [parse_wanted(f"Rule {n}", {"all": []}, [{"answer_hours": n}], "UTC") for n in range(1, 5)]
    race(*((partial(add_rule, active=True), chief, box.id, one) for one in wanted))
    ids = [one.id for one in read(list_rules, chief, box.id)]
    assert [one.place for one in read(list_rules, chief, box.id)] == [1, 2, 3, 4]
    assert read(get_mailbox, box.id).rules == 4

    others = [parse_wanted(f"Other {n}", {"all": []}, [{"answer_hours": n}], "UTC") for n in range(1, 4)]
    told = race(*((partial(change_rule, version=1), chief, ids[0], one) for one in others))
    assert sum(isinstance(one, Conflict) for one in told) == len(told) - 1
    assert read(list_rules, chief, box.id)[0].version == 2

    race(
        (order_rules, chief, box.id, ids[::-1]),
        (delete_rule, chief, ids[3]),
        (partial(switch_rule, active=False), chief, ids[2]),
    )
    left = read(list_rules, chief, box.id)
    assert {one.id for one in left} == set(ids[:3])
    assert read(get_mailbox, box.id).rules == sum(one.active for one in left) == 2

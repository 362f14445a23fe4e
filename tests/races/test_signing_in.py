"""Who comes in at the very moment in which the way is closed, and who is the last administrator."""

from __future__ import annotations

from typing import Any

import pytest

from api.auth import signin
from core.database import Database
from core.errors import Conflict
from crm.staff.people import add_user, disable_user, set_admin, set_password
from tests.races.conftest import Race
from tests.support.engines import count, look

ROUNDS = 4


@pytest.mark.parametrize("verbs", ["disable", "disable and demote", "demote"])
def test_an_administrator_stays(database: Database, race: Race, verbs: str) -> None:
    for number in range(ROUNDS):
        for row in look(database, 'SELECT id FROM "user" WHERE is_admin = 1 AND disabled_at IS NULL'):
            database.write_now(_take_office, row[0])
        chiefs = [
            database.write_now(lambda tx, who=f"{who}{number}@firm.example": add_user(tx, who, who, is_admin=True))
            for who in ("olena", "petro")
        ]
        ways: dict[str, list[Any]] = {
            "disable": [(disable_user, one) for one in chiefs],
            "demote": [(set_admin, one, False) for one in chiefs],
            "disable and demote": [(disable_user, chiefs[0]), (set_admin, chiefs[1], False)],
        }
        told = race(*ways[verbs])
        assert sum(isinstance(one, Conflict) for one in told) == 1, told
        assert len(look(database, 'SELECT id FROM "user" WHERE is_admin = 1 AND disabled_at IS NULL')) == 1


def _take_office(tx: Any, user_id: int) -> None:
    tx.sql('UPDATE "user" SET is_admin = 0 WHERE id = :id', id=user_id)


def test_no_session_begins_with_the_password_of_before(database: Database, race: Race) -> None:
    """Compared it was with the old one; whoever is second sees what the first has done."""
    email, place = "olena@firm.example", "sign-in:x"
    user_id = database.write_now(lambda tx: add_user(tx, email, "Olena", password_hash="old"))
    old = "old"
    for number in range(ROUNDS):
        new = f"new {number}"
        enter = (signin._enter, email, (user_id, old), place, "192.0.2.1", "x", None, "nobody")
        race(enter, (set_password, user_id, new), enter)
        assert count(database, "session") == 0
        old = new

"""Codes of a telephone and recovery codes: by the vectors of RFC 6238, taken once, and nothing kept that opens."""

from __future__ import annotations

import pytest
import time_machine
from sqlalchemy import select

from core import clock
from core.database import Database
from core.errors import Conflict, Forbidden, Invalid
from core.secrets import Keys
from crm.staff import factors
from crm.staff.people import add_user
from crm.staff.tables import recovery_code, totp
from crm.staff.totp import code_at, find_step, new_totp_secret, spell_secret, step_at, totp_uri

KEYS = Keys([bytes(32)])
NOW = 1_795_000_000


@pytest.mark.parametrize(
    ("second", "code"),
    [(59, "287082"), (1111111109, "081804"), (1111111111, "050471"), (1234567890, "005924"), (2000000000, "279037")],
)
def test_the_vectors_of_the_standard(second: int, code: str) -> None:
    """RFC 6238, appendix B, the last six digits."""
    assert code_at(b"12345678901234567890", step_at(second * clock.SECOND)) == code


def test_codes_of_the_neighbouring_steps_are_taken_and_no_others() -> None:
    secret, now = new_totp_secret(), NOW * clock.SECOND
    here = step_at(now)
    taken = [off for off in range(-4, 5) if find_step(secret, code_at(secret, here + off), now, 0) is not None]
    assert taken == [-1, 0, 1]
    assert find_step(secret, code_at(secret, here), now, here) is None, "taken before"
    for typed in ("", "12345", "1234567", "abcdef", "١٢٣٤٥٦", "12345\u00b2"):
        assert find_step(secret, typed, now, 0) is None


def test_the_picture_says_what_programs_read() -> None:
    secret = b"12345678901234567890"
    assert spell_secret(secret) == "GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ"
    uri = totp_uri(secret, "Ромашка & Co", "olena@firm.example")
    assert uri.startswith("otpauth://totp/%D0%A0")
    assert "secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=%D0%A0" in uri
    assert " " not in uri


def _person(database: Database, email: str = "olena@firm.example", *, is_admin: bool = False) -> int:
    return database.write_now(lambda tx: add_user(tx, email, "Olena", is_admin=is_admin))


def test_setting_up_and_taking_codes(database: Database) -> None:
    olena = _person(database)
    with time_machine.travel(NOW, tick=False):
        secret, _ = factors.begin_codes(KEYS, olena)
        with pytest.raises(Invalid):
            database.write_now(factors.set_up_codes, KEYS, olena, secret, "000000")
        codes = database.write_now(factors.set_up_codes, KEYS, olena, secret, code_at(secret, NOW // 30))
        with pytest.raises(Conflict):
            database.write_now(factors.set_up_codes, KEYS, olena, secret, code_at(secret, NOW // 30))
        assert len(set(codes)) == 10
        again = database.write_now(factors.take_code, KEYS, olena, code_at(secret, NOW // 30))
        assert again == "", "the code of the set-up is used"
        later = code_at(secret, NOW // 30 + 1)
        assert database.write_now(factors.take_code, KEYS, olena, later) == "code"
        assert database.write_now(factors.take_code, KEYS, olena, later) == ""
    assert database.write_now(factors.take_code, KEYS, olena, codes[3].upper()) == "recovery code"
    assert database.write_now(factors.take_code, KEYS, olena, codes[3]) == "", "used up"
    assert database.read_now(factors.get_factors, olena).recovery_left == 9
    fresh = database.write_now(factors.renew_recovery_codes, olena)
    assert database.write_now(factors.take_code, KEYS, olena, codes[4]) == "", "replaced"
    assert database.write_now(factors.take_code, KEYS, olena, fresh[0]) == "recovery code"
    kept = database.read_now(lambda tx: [bytes(one) for one in tx.values(select(recovery_code.c.code_hash))])
    sealed = database.read_now(lambda tx: bytes(tx.value(select(totp.c.secret))))
    assert secret not in sealed
    assert not any(code.encode() in row for code in fresh for row in kept)


def test_codes_of_one_person_are_nothing_for_another(database: Database) -> None:
    olena, petro = _person(database), _person(database, "petro@firm.example")
    secret, sealed = factors.begin_codes(KEYS, olena)
    assert factors.read_setup(KEYS, olena, sealed) == secret
    with pytest.raises(Invalid):
        factors.read_setup(KEYS, petro, sealed)
    with time_machine.travel(NOW), pytest.raises(Invalid):
        factors.read_setup(KEYS, olena, sealed)
    assert database.write_now(factors.take_code, KEYS, petro, "123456") == ""


def test_what_the_house_wants(database: Database) -> None:
    olena, chief = _person(database), _person(database, "chief@firm.example", is_admin=True)

    def missing(who: int, rule: str) -> str:
        return database.read_now(factors.what_is_missing, who, rule)

    assert [missing(who, rule) for who in (olena, chief) for rule in ("nobody", "administrators", "everybody")] == [
        "", "", "factor", "", "factor", "factor",
    ]  # fmt: skip
    secret, _ = factors.begin_codes(KEYS, chief)
    with time_machine.travel(NOW):
        database.write_now(factors.set_up_codes, KEYS, chief, secret, code_at(secret, NOW // 30))
    assert missing(chief, "nobody") == "code"
    with pytest.raises(Forbidden):
        database.write_now(factors.drop_codes, chief, "administrators")
    database.write_now(factors.drop_codes, chief, "nobody")
    assert missing(chief, "nobody") == ""

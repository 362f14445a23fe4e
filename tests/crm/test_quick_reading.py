"""What is read quickly is read as the libraries read it: addresses and telephones of imports."""

from __future__ import annotations

import random
import re

import phonenumbers
import pytest
from email_validator import EmailNotValidError, validate_email

from core.errors import Invalid
from crm.parties.matching import normal_address
from crm.parties.phones import national, parse_phone

PARTS = (
    "info", "Anna.Petrenko", "a", "a..b", ".a", "a.", "a b", "o'neil", "x+y", "ім'я", '"a"', "a" * 64, "a" * 65, "-",
    "_", "a@b", "",
)  # fmt: skip
HOSTS = (
    "verba.example", "Verba.COM", "a-b.co.uk", "-a.com", "a-.com", "xn--80ak6aa92e.com", "ab--cd.com", "верба.укр",
    "com", "a.c", "a.1", "1.2.3.4", "[1.2.3.4]", "a_b.com", "a..com", ".com", "a.com.", "x.test", "test", "x.local",
    "localhost", "x.invalid", "x.onion", f"{'a' * 63}.com", f"{'a' * 64}.com", ".".join(["a" * 60] * 4) + ".com",
    "a.c0m", "example.com",
)  # fmt: skip


def slow_address(address: str) -> str:
    return validate_email(address.strip(), check_deliverability=False, test_environment=True).normalized.lower()


@pytest.mark.parametrize("host", HOSTS)
def test_addresses(host: str) -> None:
    for part in PARTS:
        address = f"{part}@{host}"
        try:
            wanted = slow_address(address)
        except EmailNotValidError:
            with pytest.raises(Invalid):
                normal_address(address)
        else:
            assert normal_address(address) == wanted


def test_telephones_of_all_countries() -> None:
    dice = random.Random(1)
    for code in sorted(phonenumbers.COUNTRY_CODE_TO_REGION_CODE):
        for _ in range(12):
            length = dice.randint(4, 12)
            text = f"+{code}" + "".join(dice.choice("0123456789") for _ in range(length))
            _compare(text)
    for text in ("+380441234567", "+3800441234567", "+78121234567", "+390612345678", "+5491123456789", "+8412345678"):
        _compare(text)


def _compare(text: str) -> None:
    try:
        read = phonenumbers.parse(text, "UA")
        right = phonenumbers.is_possible_number(read)
    except phonenumbers.NumberParseException:
        right = False
    if not right:
        with pytest.raises(Invalid, match=re.escape(text)):
            parse_phone(text, "UA")
        return
    number = phonenumbers.format_number(read, phonenumbers.PhoneNumberFormat.E164)
    assert parse_phone(text, "UA").number == number
    assert national(number) == str(phonenumbers.parse(number).national_number)

"""A row of a table, read by what its columns mean: what it says of a client and of a person there, and what of it
cannot be understood. Pure: it is done in a process of its own."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any

import msgspec

from core import clock
from core.errors import HouseError, Invalid
from core.fulltext import fold
from crm.attributes import Attribute, parse_value
from crm.parties.belonging import LONGEST_NAME, LONGEST_REQUISITES, read_tax_number
from crm.parties.matching import normal_address, normal_domain
from crm.parties.personal import LONGEST_TEXT, check_personal, parse_birthday, sort_name
from crm.parties.phones import parse_phone
from crm.parties.shapes import ROLES
from crm.parties.words import words_of
from crm.transfer.fields import OWN
from crm.transfer.lexicon import says_nothing

_PARTS = re.compile(r"[;,\n|]+")
_PHONES = re.compile(r"[;\n|]+|,\s*(?=[+(\d])")
_DAY = re.compile(r"(\d{1,4})[./-](\d{1,2})(?:[./-](\d{2,4}))?\.?")
_YES = frozenset(
    [
        "yes",
        "y",
        "true",
        "1",
        "x",
        "v",
        "+",
        "так",
        "да",
        "д",
        "єсть",
        "є",
        "có",
        "co",
        "subscribed",
        "згоден",
        "згодна",
        "согласен",
        "согласна",
        "съгласен",
    ]
)
_NO = frozenset(
    ["no", "n", "false", "0", "-", "ні", "н", "нет", "не", "không", "khong", "unsubscribed", "відмова", "отказ"]
)
_PERSONS = ("person", "private", "individual", "фіз", "физ", "приватн", "частн", "людина", "человек", "особа", "лице",
            "cá nhân", "ca nhan", "фоп", "ип")  # fmt: skip
_COMPANIES = ("company", "organi", "legal", "business", "юр", "компан", "фірма", "фирма", "організац", "организац",
              "дружеств", "công ty", "cong ty", "doanh", "account", "тов", "ооо")  # fmt: skip
_LANGUAGES = {
    "uk": "uk ua ukr ukrainian українська украинский украински ukrayna",
    "ru": "ru rus russian російська русский руски nga",
    "bg": "bg bul bulgarian болгарська болгарский български bulgaria",
    "vi": "vi vn vie vietnamese вєтнамська вьетнамский виетнамски việt viet",
    "en": "en eng english англійська английский английски anh",
}
_BY_NAME = {word: code for code, words in _LANGUAGES.items() for word in words.split()}
_ROLE_WORDS = {
    "customer": "customer client buyer клієнт покупець клиент покупатель купувач khách",
    "supplier": "supplier vendor постачальник поставщик доставчик cung",
    "competitor": "competitor конкурент đối",
    "partner": "partner reseller партнер партньор tác",
}
_BY_ROLE = {word: role for role, words in _ROLE_WORDS.items() for word in words.split()}
_SERIAL = re.compile(r"[2-7]\d{4}(\.\d+)?")  # a day that was saved as a number: those after _FIRST_DAY
_FIRST_DAY = date(1899, 12, 30)
_FIRST_YEAR = 1000  # what is written with more digits and is less is a slip
_OLDEST_SHORT = 30  # years written with two digits: 31 is 1931, 26 is 2026


class Fault(msgspec.Struct, frozen=True, gc=False):
    """What cannot be understood: in which field, and why, as a sentence with its fields."""

    field: str
    sentence: str
    fields: dict[str, str]


class Draft(msgspec.Struct):
    """What a row says. ``client`` and ``person`` hold plain columns of their tables; empty where it says nothing."""

    n: int
    cells: list[str]
    client: dict[str, str] = {}
    roles: list[str] = []
    emails: list[str] = []
    phones: list[tuple[str, str]] = []
    domains: list[str] = []
    firm_name: str = ""
    tax_number: str = ""
    requisites: str = ""
    manager_id: int = 0
    channel: str = ""
    groups: list[str] = []
    parent: str = ""
    person: dict[str, str] = {}
    person_emails: list[str] = []
    person_phones: list[tuple[str, str]] = []
    consent: bool | None = None
    consent_source: str = ""
    consent_at: int | None = None
    words: list[str] = []
    person_words: list[str] = []
    own: dict[str, Any] = {}
    person_own: dict[str, Any] = {}
    faults: list[Fault] = []


class Known(msgspec.Struct, frozen=True):
    """What it takes to understand the rows of one table: its ``mapping``, the colleagues by folded name and address,
    the ``region`` of telephones without a country, and the fields that users added, by what columns mean.

    Of a table of documents: the ``kind`` and ``currency`` of those that do not say them, whether ``vat`` is inside of
    sums, and whether a row stays out for whatever is wrong with it (``strict``)."""

    mapping: list[str]
    colleagues: dict[str, int]
    region: str | None
    own: dict[str, Attribute] = {}
    kind: str = ""
    currency: str = ""
    vat: str = "inside"
    strict: bool = True


def read_row(n: int, cells: Sequence[str], known: Known) -> Draft:
    """Understand a row. What cannot be understood stands in ``faults`` and nowhere else."""
    draft = Draft(n, list(cells))
    told: dict[str, list[str]] = {}
    for field, cell in zip(known.mapping, cells, strict=False):
        if field and not says_nothing(cell):
            told.setdefault(field, []).append(cell)
    for field, values in told.items():
        try:
            if field in known.own:
                _read_own(draft, field, known.own[field], values[0])
            else:
                _READ[field](draft, values, known)
        except HouseError as problem:
            fields = {name: str(value) for name, value in problem.fields.items() if name != "field"}
            draft.faults.append(Fault(field, problem.sentence, fields))
    _join_names(draft, told)
    _settle(draft)
    return draft


def _read_own(draft: Draft, field: str, one: Attribute, text: str) -> None:
    """A value of a field that somebody added. A day may be the number that a spreadsheet keeps it as."""
    value = parse_value(one, day_of(text, one))
    if value is not None:
        (draft.own if field.startswith(OWN["counterparty"]) else draft.person_own)[one.key] = value


def day_of(text: str, one: Attribute) -> str:
    """What a cell says for a field that somebody added: a day may be a number there."""
    return _as_day(text) if one.type == "date" else text


def _as_day(text: str) -> str:
    """A day that was saved as a number, as it is written; all else as it is."""
    return str(_FIRST_DAY + timedelta(days=int(float(text)))) if _SERIAL.fullmatch(text) else text


def _settle(draft: Draft) -> None:
    client, person = draft.client, draft.person
    if draft.firm_name and "name" not in client:
        client["name"] = draft.firm_name
    if "name" in client:
        client["name_folded"] = sort_name(client["name"])
        numbers = [draft.tax_number] if draft.tax_number else []
        names = [client["name"], draft.firm_name] if draft.firm_name else [client["name"]]
        phones = [number for number, _ in draft.phones]
        draft.words = sorted(words_of(names, [*draft.emails, *draft.domains], phones, numbers))
    if not person.get("name") and (draft.person_emails or draft.person_phones):
        if "name" in client:  # nobody is named: they are the client's own
            draft.emails = list(dict.fromkeys([*draft.emails, *draft.person_emails]))
            draft.phones = list(dict.fromkeys([*draft.phones, *draft.person_phones]))
            draft.person_emails, draft.person_phones, draft.person = [], [], {}
            phones = [number for number, _ in draft.phones]
            draft.words = sorted({*draft.words, *words_of([], draft.emails, phones)})
    elif person.get("name"):
        person["name_folded"] = sort_name(person["name"])
        phones = [number for number, _ in draft.person_phones]
        draft.person_words = sorted(words_of([person["name"]], draft.person_emails, phones))


def _join_names(draft: Draft, told: Mapping[str, list[str]]) -> None:
    parts = [told.get(f"person.{one}_name", [""])[0] for one in ("last", "first", "middle")]
    name = " ".join(" ".join(parts).split())
    if name and "name" not in draft.person:
        draft.person["name"] = name[:LONGEST_NAME]


def _name(text: str) -> str:
    name = " ".join(text.split())
    if len(name) > LONGEST_NAME:
        raise Invalid("A name has at most %(count)s characters.", count=LONGEST_NAME)
    return name


def _text(values: Sequence[str], most: int = LONGEST_TEXT) -> str:
    text = "\n".join(values)
    if len(text) > most:
        raise Invalid("This text is longer than %(count)s characters.", count=most)
    return text


def _addresses(values: Sequence[str], faults: list[Fault], field: str) -> list[str]:
    return _each([part for value in values for part in re.split(r"[\s;,|<>]+", value) if part], _address, faults, field)


@lru_cache(maxsize=4096)
def _address(text: str) -> str:
    try:
        return normal_address(text)
    except Invalid as problem:  # its reason is in English, and of the syntax
        raise Invalid("%(address)s is not an e-mail address.", address=text) from problem


def _phones(values: Sequence[str], region: str | None, faults: list[Fault], field: str) -> list[tuple[str, str]]:
    parts = [part.strip() for value in values for part in _PHONES.split(value) if part.strip()]
    return _each(parts, lambda text: _phone(text, region), faults, field)


def _phone(text: str, region: str | None) -> tuple[str, str]:
    digits = text.lstrip("'")
    if digits.isdigit() and len(digits) >= 11 and not digits.startswith("0"):
        digits = f"+{digits}"  # a spreadsheet has eaten the plus
    found = parse_phone(digits, region)
    return found.number, found.extension


def _each(parts: Sequence[str], read: Callable[[str], Any], faults: list[Fault], field: str) -> list[Any]:
    found: dict[Any, None] = {}
    for part in parts:
        try:
            found[read(part)] = None
        except HouseError as problem:
            fields = {name: str(value) for name, value in problem.fields.items() if name != "field"}
            faults.append(Fault(field, problem.sentence, fields))
    return list(found)


def _domains(values: Sequence[str], faults: list[Fault]) -> list[str]:
    parts = [part for value in values for part in re.split(r"[\s;,|]+", value) if part]
    hosts = [re.sub(r"^[a-z]+://|/.*$", "", part.lower()).removeprefix("www.") for part in parts]
    return _each([host for host in hosts if host], normal_domain, faults, "client.domains")


def _names(values: Sequence[str]) -> list[str]:
    parts = [" ".join(part.split()) for value in values for part in _PARTS.split(value)]
    return list(dict.fromkeys(part[:100] for part in parts if part))


def _kind(text: str) -> str:
    folded = text.casefold()
    if any(word in folded for word in _COMPANIES):
        return "company"
    if any(word in folded for word in _PERSONS):
        return "person"
    raise Invalid("%(text)s is neither a company nor a person.", text=text)


def _roles(values: Sequence[str]) -> list[str]:
    found = []
    for name in _names(values):
        words = name.casefold().split()
        role = next((_BY_ROLE.get(word, word) for word in words if word in _BY_ROLE or word in ROLES), None)
        if role is None:
            raise Invalid("There is no role named %(role)s.", role=name)
        found.append(role)
    return list(dict.fromkeys(found))


def _language(text: str) -> str:
    folded = text.casefold().strip()
    found = _BY_NAME.get(folded) or next((_BY_NAME[word] for word in folded.split() if word in _BY_NAME), folded)
    return str(check_personal({"language": found})["language"])


def read_day(text: str) -> str:
    """A day as people write it: 1990-12-31, 31.12.1990, 31/12/90; without a year ``--12-31``. Raises Invalid."""
    text = _as_day(text.strip().split(" ")[0].split("T")[0])
    if text.startswith("--"):
        return parse_birthday(text)
    found = _DAY.fullmatch(text)
    if found is None:
        raise Invalid("%(text)s is not a day. Write 1990-12-31 or 31.12.1990.", text=text)
    one, two, three = found.groups()
    if len(one) == 4 and three:
        return parse_birthday(f"{one}-{int(two):02d}-{int(three):02d}")
    day, month = (one, two) if int(two) <= 12 else (two, one)
    if three is None:
        return parse_birthday(f"--{int(month):02d}-{int(day):02d}")
    year = int(three)
    if len(three) == 2:
        year += 2000 if year <= _OLDEST_SHORT else 1900
    elif year < _FIRST_YEAR:
        raise Invalid("%(text)s is not a day. Write 1990-12-31 or 31.12.1990.", text=text)
    return parse_birthday(f"{year:04d}-{int(month):02d}-{int(day):02d}")


def _moment(text: str) -> int:
    day = date.fromisoformat(read_day(text))
    at = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
    return min(int(at.timestamp()) * clock.SECOND, clock.now())


def _yes(text: str) -> bool:
    folded = text.casefold().strip().rstrip(".")
    if folded in _YES or folded in _NO:
        return folded in _YES
    raise Invalid("%(text)s is neither yes nor no.", text=text)


def colleague_of(text: str, known: Known) -> int:
    """The colleague whom a table calls so. Raises Invalid."""
    found = known.colleagues.get(fold(text).strip()) or known.colleagues.get(" ".join(sorted(fold(text).split())))
    if found is None:
        raise Invalid("Manager %(name)s is not a colleague here.", name=text)
    return found


Read = Callable[[Draft, list[str], Known], None]


def _plain(of: str, name: str, read: Callable[[str], str]) -> Read:
    def put(draft: Draft, values: list[str], _: Known) -> None:
        (draft.client if of == "client" else draft.person)[name] = read(values[0])

    return put


def _set(name: str, read: Callable[[list[str], Known, list[Fault]], Any]) -> Read:
    def put(draft: Draft, values: list[str], known: Known) -> None:
        setattr(draft, name, read(values, known, draft.faults))

    return put


def _nothing(_draft: Draft, _values: list[str], _known: Known) -> None:
    """Read with its neighbours."""


_READ: dict[str, Read] = {
    "client.name": _plain("client", "name", _name),
    "client.kind": _plain("client", "kind", _kind),
    "client.city": _plain("client", "city", lambda text: _text([text], 200)),
    "client.language": _plain("client", "language", _language),
    "client.time_zone": _plain(
        "client", "time_zone", lambda text: str(check_personal({"time_zone": text})["time_zone"])
    ),
    "client.birthday": _plain("client", "birthday", read_day),
    "client.external_id": _plain("client", "external_id", lambda text: _text([text], 200)),
    "client.about": lambda draft, values, _: draft.client.__setitem__("about", _text(values)),
    "client.roles": _set("roles", lambda values, _, __: _roles(values)),
    "client.emails": _set("emails", lambda values, _, faults: _addresses(values, faults, "client.emails")),
    "client.phones": _set(
        "phones", lambda values, known, faults: _phones(values, known.region, faults, "client.phones")
    ),
    "client.domains": _set("domains", lambda values, _, faults: _domains(values, faults)),
    "client.manager": _set("manager_id", lambda values, known, _: colleague_of(values[0], known)),
    "client.groups": _set("groups", lambda values, _, __: _names(values)),
    "client.channel": _set("channel", lambda values, _, __: " ".join(values[0].split())[:100]),
    "client.parent": _set("parent", lambda values, _, __: _name(values[0])),
    "firm.name": _set("firm_name", lambda values, _, __: _name(values[0])),
    "firm.tax_number": _set("tax_number", lambda values, _, __: read_tax_number(values[0])),
    "firm.requisites": _set("requisites", lambda values, _, __: _text(values, LONGEST_REQUISITES)),
    "person.name": _plain("person", "name", _name),
    "person.last_name": _nothing,
    "person.first_name": _nothing,
    "person.middle_name": _nothing,
    "person.position": _plain("person", "position", lambda text: _text([text], 200)),
    "person.language": _plain("person", "language", _language),
    "person.birthday": _plain("person", "birthday", read_day),
    "person.about": lambda draft, values, _: draft.person.__setitem__("about", _text(values)),
    "person.emails": _set("person_emails", lambda values, _, faults: _addresses(values, faults, "person.emails")),
    "person.phones": _set(
        "person_phones", lambda values, known, faults: _phones(values, known.region, faults, "person.phones")
    ),
    "person.consent": _set("consent", lambda values, _, __: _yes(values[0])),
    "person.consent_source": _set("consent_source", lambda values, _, __: _text([values[0]], 300)),
    "person.consent_at": _set("consent_at", lambda values, _, __: _moment(values[0])),
}

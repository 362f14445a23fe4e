"""The demo company: Delta Pump sells pumps and bearings. Its people, teams, mailboxes, rights and clients."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import msgspec

from core.database import WriteTx
from crm.parties import add_contact, add_counterparty
from crm.staff.people import add_team, add_user, hash_password, join_team
from crm.staff.rights import Right, add_grant
from mailhub.demo.words import LANGUAGES
from mailhub.mailboxes.boxes import add_mailbox
from mailhub.runtime import DemoPerson

COMPANY = "Delta Pump"
DOMAIN = "delta.example"
PASSWORD = "pumps-and-bearings"  # noqa: S105 — printed for everybody, and the demo never leaves this machine
DEMO_PEOPLE = (
    DemoPerson("Helen Carter", f"helen@{DOMAIN}", PASSWORD, "Administrator: manages every public mailbox"),
    DemoPerson("Оксана Лисенко", f"oksana@{DOMAIN}", PASSWORD, "Head of sales: hands out the work"),
    DemoPerson("Андрей Мельник", f"andriy@{DOMAIN}", PASSWORD, "Sales; of the claims, only those given to him"),
    DemoPerson("Елена Димитрова", f"elena@{DOMAIN}", PASSWORD, "Purchasing and claims"),
    DemoPerson("Trần Quốc Bảo", f"bao@{DOMAIN}", PASSWORD, "Marketing: reads sales letters, answers at info@"),
)
ADMINISTRATOR = DEMO_PEOPLE[0]
_LANGUAGES = {"helen": "en", "oksana": "uk", "andriy": "ru", "elena": "bg", "bao": "vi"}
# In the order of LANGUAGES; Ukrainian has its vocative, Vietnamese its "sister" and "brother".
_CALLED = {
    "oksana": ("Оксано", "Оксана", "Oksana", "Оксана", "chị Oksana"),
    "andriy": ("Андрію", "Андрей", "Andriy", "Андрей", "anh Andriy"),
    "elena": ("Олено", "Елена", "Elena", "Елена", "chị Elena"),
}
_TEAMS = {"Sales": ("oksana", "andriy"), "Service": ("oksana", "elena"), "Purchasing": ("elena",)}
# Mailbox → who may do what; a capital begins a team, "own" means: only what is assigned to them.
_GRANTS: dict[str, tuple[tuple[str, tuple[Right, ...]], ...]] = {
    "sales": (
        ("Sales", ("see", "comment", "answer")),
        ("oksana", ("assign", "manage")),
        ("bao", ("see", "comment")),
    ),
    "claims": (
        ("Service", ("see", "comment", "answer")),
        ("oksana", ("assign",)),
        ("own andriy", ("see", "comment", "answer")),
    ),
    "purchasing": (("Purchasing", ("see", "comment", "answer")), ("oksana", ("see",))),
    "info": (
        ("Sales", ("see", "comment", "answer")),
        ("bao", ("see", "comment", "answer")),
        ("oksana", ("assign",)),
    ),
}


@dataclass(frozen=True, slots=True)
class Client:
    """A client of the demo company. ``people`` are name, position and local part of the address."""

    name: str
    language: str
    city: str
    domain: str
    people: tuple[tuple[str, str, str], ...]
    manager: str = ""
    roles: tuple[str, ...] = field(default=("customer",))


@dataclass(frozen=True, slots=True)
class _Clients:
    clients: tuple[Client, ...]


@cache
def list_clients() -> tuple[Client, ...]:
    """All forty, in the order of the file."""
    return msgspec.toml.decode((Path(__file__).parent / "clients.toml").read_bytes(), type=_Clients).clients


def call(login: str, language: str) -> str:
    """How clients who write this language address somebody of ours."""
    return _CALLED[login][LANGUAGES.index(language)]


def hash_passwords() -> list[str]:
    """A hash for each of ``DEMO_PEOPLE``; slow, so it is made before the transaction."""
    return [hash_password(person.password) for person in DEMO_PEOPLE]


def found_company(tx: WriteTx, hashes: list[str]) -> None:
    """Write people, teams, mailboxes, rights and clients into an empty database."""
    users: dict[str, int] = {}
    for person, password in zip(DEMO_PEOPLE, hashes, strict=True):
        login = person.email.partition("@")[0]
        users[login] = add_user(
            tx,
            person.email,
            person.name,
            password_hash=password,
            is_admin=person is ADMINISTRATOR,
            language=_LANGUAGES[login],
        )
    teams = {name: add_team(tx, name) for name in _TEAMS}
    for name, members in _TEAMS.items():
        for login in members:
            join_team(tx, teams[name], users[login])
    _add_mailboxes(tx, users, teams)
    for client in list_clients():
        _add_client(tx, client, users)


def _add_mailboxes(tx: WriteTx, users: dict[str, int], teams: dict[str, int]) -> None:
    scopes = {
        "sales": add_mailbox(tx, f"sales@{DOMAIN}", "Sales", "public", aliases=[f"orders@{DOMAIN}"]),
        "claims": add_mailbox(
            tx,
            f"claims@{DOMAIN}",
            "Claims",
            "public",
            aliases=[f"service@{DOMAIN}", f"warranty@{DOMAIN}"],
            way="round_robin",
            answer_hours=4,
        ),
        "purchasing": add_mailbox(
            tx, f"purchasing@{DOMAIN}", "Purchasing", "public", way="default", default_executor_id=users["elena"]
        ),
        "info": add_mailbox(
            tx, f"info@{DOMAIN}", "Information", "public", catch_all=DOMAIN, way="nobody", answer_hours=24
        ),
    }
    for name, grants in _GRANTS.items():
        for who, rights in grants:
            login = who.removeprefix("own ")
            for right in rights:
                add_grant(
                    tx,
                    scopes[name].scope_id,
                    right,
                    user_id=users.get(login),
                    team_id=teams.get(login),
                    only_assigned=login != who,
                )
    for login in ("oksana", "andriy"):
        add_mailbox(
            tx, f"{login}@{DOMAIN}", call(login, "en"), "personal",
            owner_id=users[login], way="default", default_executor_id=users[login],
        )  # fmt: skip


def _add_client(tx: WriteTx, client: Client, users: dict[str, int]) -> None:
    counterparty_id = add_counterparty(
        tx,
        client.name,
        roles=client.roles,
        domains=[client.domain],
        manager_id=users.get(client.manager),
        city=client.city,
        language=client.language,
    )
    for name, position, local in client.people:
        add_contact(
            tx,
            name,
            emails=[f"{local}@{client.domain}"],
            counterparty_id=counterparty_id,
            position=position,
            language=client.language,
        )

"""Tables of clients: what is understood, what a row does, and that an import leaves no trace when it is taken back."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any, Literal

import pytest
from sqlalchemy import select

from core import jobs
from core.columns import metadata
from core.database import Database, ReadTx
from crm.attributes import NewChoice, add_attribute
from crm.attributes.tables import attribute_choice
from crm.parties import (
    Phone,
    add_contact,
    add_counterparty,
    find_parties,
    get_counterparty,
    list_firms,
    list_people_of,
    set_groups,
    update_counterparty,
)
from crm.segments import try_rule
from crm.staff.people import disable_user
from crm.transfer import memory
from crm.transfer.forgetting import forget_rows
from crm.transfer.imports import (
    PartyImport,
    list_own,
    load_import,
    run_import,
    start_import,
    try_import,
    undo_import,
)
from crm.transfer.tables import import_row
from mailhub.routing.table_worker import Reading, answer
from mailhub.routing.transferring import Transferring, table_file
from tests.support.engines import look
from tests.support.world import World

HEADERS = "Найменування;ЄДРПОУ;Пошта;Телефон;Група;Контактна особа;Email контакту;Згода"
ROWS = (
    "Верба;38104452;info@verba.example;(048) 700-14-22;Опт, VIP;Верба Марина;marina@verba.example;так",
    "Лиман;40917733;hello@lyman.example;;;;;",
    ";;;;;;;",
    "Верба;38104452;;;;Гнатюк Олег;oleg@verba.example;ні",
    "Без адреси;;зламана;;;;;",
)


@pytest.fixture
def house(database: Database, tmp_path: Path) -> House:
    return House(database, tmp_path)


class House:
    """Imports as a person does them: a file, its columns, a dry run, the run."""

    kind = "clients"

    def __init__(self, database: Database, folder: Path) -> None:
        self.database = database
        self.folder = folder
        self.world = World(database)
        self.world.person("chief", is_admin=True)
        self.world.box("sales")
        self.boot = database.write_now(jobs.start_boot)

    def start(self, data: bytes) -> PartyImport:
        path = self.folder / "sent"
        path.write_bytes(data)
        sight = next(iter(answer(Reading(str(path), about=self.kind))))
        found = self.write(start_import, "clients.csv", len(data), sight, self.kind)
        path.rename(table_file(self.folder, found.id))
        return found

    def write(self, verb: Any, *told: Any, **more: Any) -> Any:
        viewer = self.world.viewer("chief")
        return self.database.write_now(verb, viewer, *told, **more)

    def work(self) -> None:
        async def go() -> None:
            loop = Transferring(self.database, self.boot, self.folder, "Europe/Kyiv")
            while await loop.once():
                pass

        asyncio.run(go())

    def try_it(self, data: bytes, **options: Any) -> PartyImport:
        found = self.start(data)
        self.write(try_import, found.id, found.mapping, options)
        self.work()
        return self.database.read_now(load_import, found.id)

    def bring(self, data: bytes, **options: Any) -> PartyImport:
        found = self.try_it(data, **options)
        assert found.state == "tried", found
        self.write(run_import, found.id)
        self.work()
        return self.database.read_now(load_import, found.id)

    def undo(self, import_id: int) -> PartyImport:
        self.write(undo_import, import_id)
        self.work()
        return self.database.read_now(load_import, import_id)

    def rows(self, import_id: int) -> dict[int, Any]:
        here = select(import_row).where(import_row.c.import_id == import_id).order_by(import_row.c.n)
        return {row.n: row for row in self.database.read_now(lambda tx: tx.rows(here))}


def table(*rows: str, headers: str = HEADERS, encoding: str = "utf-8") -> bytes:
    return "\r\n".join([headers, *rows]).encode(encoding)


def snapshot(tx: ReadTx) -> dict[str, list[Any]]:
    """All that is known of clients and people."""
    names = (
        "counterparty", "contact", "affiliation", "party_address", "party_phone", "counterparty_domain",
        "legal_entity", "group_member", "consent", "party_word",
    )  # fmt: skip
    return {name: sorted(map(_told, tx.rows(select(metadata.tables[name])))) for name in names}


def _told(row: Any) -> str:
    return repr({key: value for key, value in row._mapping.items() if key not in ("version", "id")})


def test_a_table_is_tried_brought_in_and_taken_back(house: House) -> None:
    before = house.database.read_now(snapshot)
    tried = house.try_it(table(*ROWS))
    assert tried.counts == {"rows": 4, "new": 2, "new_clients": 2, "new_people": 2, "changed": 1, "refused": 1}
    assert house.database.read_now(snapshot) == before
    house.write(run_import, tried.id)
    house.work()
    done = house.database.read_now(load_import, tried.id)
    assert (done.state, done.counts) == ("done", tried.counts)
    assert (len(tried.sample), done.sample) == (4, [])
    rows = house.rows(done.id)
    assert [row.outcome for row in rows.values()] == ["new", "new", "changed", "refused"]
    assert rows[6].reason == "%(address)s is not an e-mail address."
    assert rows[6].cells[0] == "Без адреси"
    verba = house.database.read_now(get_counterparty, rows[2].client_id)
    assert (verba.name, verba.emails, verba.phones) == ("Верба", ("info@verba.example",), (Phone("+380487001422"),))
    people = house.database.read_now(list_people_of, verba.id)
    assert [one.name for one in people] == ["Верба Марина", "Гнатюк Олег"]
    assert [firm.tax_number for firm in house.database.read_now(list_firms, verba.id)] == ["38104452"]
    assert house.database.read_now(find_parties, "counterparty", "38104452") == [verba.id]
    assert house.database.read_now(find_parties, "contact", "гнат") == [rows[5].person_id]
    undone = house.undo(done.id)
    assert (undone.state, undone.counts["undone"]) == ("undone", 3)
    assert house.database.read_now(snapshot) == before


@pytest.mark.parametrize("encoding", ["utf-8-sig", "cp1251", "utf-16", "koi8-u"])
def test_any_encoding(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(table(*(row.replace("і", "и") for row in ROWS), encoding=encoding))
    sight = next(iter(answer(Reading(str(path)))))
    assert sight.headers == HEADERS.split(";")
    assert sight.sample[0][0] == "Верба"


def test_what_has_been_changed_since_stays_and_is_told(house: House) -> None:
    done = house.bring(table(*ROWS[:2]))
    rows = house.rows(done.id)
    house.database.write_now(update_counterparty, rows[3].client_id, city="Odesa")
    undone = house.undo(done.id)
    assert (undone.counts["undone"], undone.counts["stays"]) == (1, 1)
    assert house.rows(done.id)[3].reason == "It has been changed since."
    assert house.database.read_now(get_counterparty, rows[3].client_id).city == "Odesa"


def test_whoever_is_here_is_found_and_only_filled_in(house: House) -> None:
    write = house.database.write_now
    client = write(add_counterparty, "Willow", emails=["info@verba.example"], city="Odesa")
    write(add_contact, "Верба Марина", counterparty_id=client, emails=["marina@verba.example"])
    done = house.bring(table("Верба;38104452;info@verba.example;;;Верба Марина;marina@verba.example;"), found="fill")
    assert done.counts == {"rows": 1, "changed": 1}
    found = house.database.read_now(get_counterparty, client)
    assert (found.name, found.city) == ("Willow", "Odesa")
    assert [firm.tax_number for firm in house.database.read_now(list_firms, client)] == ["38104452"]
    house.undo(done.id)
    assert house.database.read_now(list_firms, client) == []


def test_a_group_that_is_spelt_otherwise_is_the_same_group(house: House) -> None:
    """It was joined a second time, which the database refused, and the import never went on."""
    write = house.database.write_now
    client = write(add_counterparty, "Верба", emails=["info@verba.example"])
    write(set_groups, client, ["Café"])
    done = house.bring(table("Верба;38104452;info@verba.example;;CAFE;;;"))
    assert (done.state, done.counts) == ("done", {"rows": 1, "changed": 1})
    assert look(house.database, "SELECT name FROM client_group") == [("Café",)]


def test_people_of_many_clients_are_known(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of all clients that a part of a table means only so many people were read, and the others came in again."""
    monkeypatch.setattr(memory, "_MOST_PEOPLE", 1)
    rows = [f"Client {one};;c{one}@client.example;;;Anna {one};anna{one}@client.example;" for one in "ABC"]
    assert house.bring(table(*rows)).counts["new_people"] == 3
    again = house.bring(table(*rows))
    assert again.counts == {"rows": 3, "same": 3}


def test_to_fill_in_changes_no_answer(house: House) -> None:
    """An old table with a yes made one of a refusal that had come since."""
    row = "Верба;;info@verba.example;;;Верба Марина;marina@verba.example;"
    house.bring(table(f"{row}ні"))
    assert house.bring(table(f"{row}так"), found="fill").counts == {"rows": 1, "same": 1}
    assert house.bring(table(f"{row}так"), found="update").counts == {"rows": 1, "changed": 1}


def test_rules_find_clients_by_the_city_that_a_table_says(house: House) -> None:
    headers = "Найменування;Пошта;Місто;Контактна особа;Email контакту;Посада"
    client = house.database.write_now(add_counterparty, "Willow", emails=["info@verba.example"], city="Odesa")
    rows = ("Willow;info@verba.example;Львів;;;", "Лиман;hello@lyman.example;ЛЬВІВ;Олег;oleg@lyman.example;Директор")

    def count(of: Literal["counterparties", "contacts"], rule: dict[str, Any]) -> int:
        return house.database.read_now(try_rule, of, rule, "UTC").count

    done = house.bring(table(*rows, headers=headers))
    in_lviv = {"all": [{"field": "city", "op": "eq", "value": "львів"}]}
    bosses = {"all": [{"field": "position", "op": "eq", "value": "директор"}]}
    assert count("counterparties", in_lviv) == 2
    assert count("contacts", bosses) == 1
    house.undo(done.id)
    assert count("counterparties", in_lviv) == 0
    in_odesa = {"all": [{"field": "city", "op": "eq", "value": "odesa"}]}
    assert count("counterparties", in_odesa) == 1
    assert house.database.read_now(get_counterparty, client).city == "Odesa"


def test_what_is_remembered_of_somebody_is_forgotten(house: House) -> None:
    done = house.bring(table(ROWS[0]))
    row = house.rows(done.id)[2]
    house.database.write_now(forget_rows, row.person_id, [])
    assert house.rows(done.id) == {}


OWN_HEADERS = "Найменування;Пошта;Ліміт;З якого дня;Види;Вантажівки;Контактна особа;Зріст"


def _add_own(house: House) -> None:
    write = house.database.write_now
    write(add_attribute, "counterparty", "Ліміт", "money", currency="UAH")
    write(add_attribute, "counterparty", "З якого дня", "date")
    write(add_attribute, "counterparty", "Види", "choices", choices=[NewChoice("Жито"), NewChoice("Овес")])
    write(add_attribute, "counterparty", "Вантажівки", "yes_no")
    write(add_attribute, "contact", "Зріст", "number")


def test_fields_that_users_added_come_in_and_are_taken_back(house: House) -> None:
    _add_own(house)
    known = {one.key: one for one in house.database.read_now(list_own)}
    money, day, several, yes, height = known
    here = house.database.write_now(
        add_counterparty, "Лиман", emails=["hello@lyman.example"], attributes={money: 100, yes: True}
    )
    before = house.database.read_now(snapshot)
    rows = (
        'Верба;info@verba.example;1 200,50;18.11.2026;"Жито; Овес";так;Верба Марина;178',
        "Лиман;hello@lyman.example;300;45000;;;;",
        "Тополя;hi@poplar.example;багато;;;;;",
        "Осика;hi@aspen.example;1;;Гречка;;;",
    )
    done = house.bring(table(*rows, headers=OWN_HEADERS))
    assert [row.outcome for row in house.rows(done.id).values()] == ["new", "changed", "refused", "refused"]
    told = [row.reason_fields for row in house.rows(done.id).values() if row.reason]
    assert [one["label"] for one in told] == ["Ліміт", "Види"]
    verba = house.database.read_now(get_counterparty, house.rows(done.id)[2].client_id)
    chosen = [one.key for one in known[several].choices]
    assert verba.attributes == {money: 120050, day: "2026-11-18", several: chosen, yes: True}
    assert house.database.read_now(list_people_of, verba.id)[0].attributes == {height: 178}
    assert house.database.read_now(get_counterparty, here).attributes == {money: 30000, day: "2023-03-15", yes: True}
    house.undo(done.id)
    assert house.database.read_now(snapshot) == before
    assert house.database.read_now(lambda tx: tx.rows(select(attribute_choice))) == []


def test_a_field_that_somebody_changed_since_stays(house: House) -> None:
    _add_own(house)
    money = house.database.read_now(list_own)[0].key
    done = house.bring(table("Верба;info@verba.example;5;;;;;", headers=OWN_HEADERS))
    client = house.rows(done.id)[2].client_id
    house.database.write_now(update_counterparty, client, attributes={money: 700})
    assert house.undo(done.id).counts["stays"] == 1
    assert house.database.read_now(get_counterparty, client).attributes == {money: 700}


def test_people_at_no_client_are_known_the_second_time(house: House) -> None:
    """Whoever stands in a table without a company came in again with each import of it."""
    headers = "Контактна особа;Email контакту;Телефон контакту;Посада"
    rows = (
        "Верба Марина;marina@verba.example;;",
        "Гнатюк Олег;;(048) 700-14-22;",
        "Липа Ольга;;;",
        "Липа Ольга;olga@lypa.example;;",
        "Липа Ольга;other@lypa.example;;",
    )
    first = house.bring(table(*rows, headers=headers))
    assert first.counts == {"rows": 5, "new": 4, "new_people": 4, "changed": 1}
    assert house.bring(table(*rows, headers=headers)).counts == {"rows": 5, "same": 5}
    renamed = "Марина Верба-Коваль;marina@verba.example;;Директор"
    changed = house.bring(table(renamed, headers=headers))
    assert changed.counts == {"rows": 1, "changed": 1}
    assert look(house.database, "SELECT position FROM contact WHERE position <> ''") == [("Директор",)]
    assert house.bring(table(renamed, headers=headers), found="skip").counts == {"rows": 1, "skipped": 1}
    house.undo(changed.id)
    assert house.undo(first.id).counts["undone"] == 5
    assert look(house.database, "SELECT count(*) FROM contact") == [(0,)]


def test_clients_of_somebody_who_is_gone_are_taken_back_by_another(house: House) -> None:
    done = house.bring(table(*ROWS))
    house.world.person("second", is_admin=True)
    house.database.write_now(disable_user, house.world.person("chief"))
    house.database.write_now(undo_import, house.world.viewer("second"), done.id)
    house.work()
    undone = house.database.read_now(load_import, done.id)
    assert (undone.state, undone.error, undone.counts["undone"]) == ("undone", "", 3)

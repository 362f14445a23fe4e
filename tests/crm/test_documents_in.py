"""Documents from tables of other programs: rows brought together, tried, written once, and taken back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from core.database import Database
from core.errors import Forbidden, Invalid
from crm.documents import Which, base_document, get_document, list_documents, list_lines
from crm.documents.verbs import change_document
from crm.parties import add_counterparty
from crm.staff.people import disable_user
from crm.transfer.document_drafts import DocumentDraft, read_documents
from crm.transfer.document_fields import guess_document_mapping
from crm.transfer.document_words import read_date, read_kind, read_quantity, read_sum, read_title
from crm.transfer.drafts import Known, read_row
from crm.transfer.imports import decide_row, get_import, list_imports, resume_import, run_import, undo_import
from crm.transfer.report import list_rows
from tests.crm.test_transfer import House, table
from tests.support.engines import look

HEADERS = (
    "Номер;Дата;Контрагент;ИНН;Артикул;Номенклатура;Количество;Цена;Сумма;Сумма документа;Себестоимость;На основании"
)
ROWS = (
    "НФ-1;18.11.2026 9:30:00;Верба;38104452;B-1;Болт;10;1,50;15,00;30,00;9,00;",
    ";;;;G-1;Гайка;5,5;;15,00;;;",
    "НФ-2;18 листопада 2026 р.;Верба;38104452;B-1;Болт;1;1,50;1,50;;;Реализация товаров НФ-1 от 18.11.2026 9:30:00",
    "НФ-3;19.11.2026;Липа;;B-1;Болт;1;0,0045;;;;",
    ";;;;G-1;Гайка;1;1;1;;;",
    "Итого;;;;;;;;32,50;;;",
)
TOLD = {"currency": "UAH", "client": "make"}


@pytest.fixture
def house(database: Database, tmp_path: Path) -> DocumentHouse:
    return DocumentHouse(database, tmp_path)


class DocumentHouse(House):
    """Imports of documents."""

    kind = "documents"

    def documents(self) -> list[Any]:
        return self.database.read_now(list_documents, Which()).items


def sheet(*rows: str) -> bytes:
    return table(*rows, headers=HEADERS)


def test_documents_are_tried_brought_in_and_taken_back(house: DocumentHouse) -> None:
    tried = house.try_it(sheet(*ROWS), **TOLD)
    assert tried.counts == {
        "rows": 6, "new": 3, "refused": 2, "skipped": 1, "new_documents": 2, "new_clients": 1, "new_items": 2,
    }  # fmt: skip
    assert house.documents() == []
    done = house.bring(sheet(*ROWS), **TOLD)
    assert (done.state, done.counts) == ("done", tried.counts)
    second, first = house.documents()
    assert (first.number, first.date, first.kind, first.currency, first.amount, first.profit) == (
        "НФ-1", "2026-11-18", "shipment", "UAH", 3000, 600,
    )  # fmt: skip
    lines = house.database.read_now(list_lines, first.id)
    assert [(one.text, one.quantity, one.price, one.amount) for one in lines] == [
        ("Болт", 10_000, 150, 1500), ("Гайка", 5_500, 273, 1500),
    ]  # fmt: skip
    assert (second.based_on_id, second.counterparty_id) == (first.id, first.counterparty_id)
    rows = house.rows(done.id)
    assert rows[5].reason == "%(amount)s %(currency)s is finer than the smallest coin. Write it rounded."
    assert (rows[6].reason, rows[6].reason_fields) == ("The document stays out because of row %(row)s.", {"row": 5})
    assert house.undo(done.id).counts["undone"] == 3
    assert house.documents() == []
    for name in ("document", "document_line", "item", "counterparty", "legal_entity", "interaction", "document_facts"):
        assert look(house.database, f"SELECT count(*) FROM {name}") == [(0,)], name


def test_the_same_table_doubles_nothing(house: DocumentHouse) -> None:
    house.bring(sheet(*ROWS[:3]), **TOLD)
    before = [one.version for one in house.documents()]
    again = house.bring(sheet(*ROWS[:3]), **TOLD)
    assert again.counts == {"rows": 3, "same": 3}
    assert [one.version for one in house.documents()] == before


def test_what_is_here_is_changed_and_comes_back(house: DocumentHouse) -> None:
    house.bring(sheet(*ROWS[:2]), **TOLD)
    first = house.documents()[0]
    house.database.write_now(add_counterparty, "Липа")
    other = "НФ-9;18.11.2026;Липа;;B-1;Болт;1;2,00;2,00;;;"
    again = house.bring(sheet(ROWS[0].replace("30,00", "15,00"), other), **TOLD, item="refuse")
    assert (again.counts["changed_documents"], again.counts["new_documents"]) == (1, 1)
    read = house.database.read_now
    assert (read(get_document, first.id).amount, len(read(list_lines, first.id))) == (1500, 1)
    made = next(one for one in house.documents() if one.number == "НФ-9")
    house.write(change_document, made.id, about="Paid.")
    undone = house.undo(again.id)
    assert (undone.counts["undone"], undone.counts["stays"]) == (1, 1)
    assert house.rows(again.id)[3].reason == "It has been changed since."
    assert (read(get_document, first.id).amount, len(read(list_lines, first.id))) == (3000, 2)
    unknown = "НФ-10;18.11.2026;Невідомий;;Z-1;Щось;1;2,00;2,00;;;"
    assert house.try_it(sheet(unknown), currency="UAH").counts == {"rows": 1, "refused": 1}
    skipped = house.try_it(sheet(other), currency="UAH", found="skip")
    assert skipped.counts == {"rows": 1, "skipped": 1}


@pytest.mark.parametrize(
    ("said", "day"),
    [
        ("18.11.2026 9:30:00", "2026-11-18"), ("2026-11-18T09:30", "2026-11-18"), ("18/11/26", "2026-11-18"),
        ("18 листопада 2026 р.", "2026-11-18"), ("18 ноя 2026", "2026-11-18"), ("Nov 18, 2026", "2026-11-18"),
        ("18 ноември 2026 г.", "2026-11-18"), ("ngày 18 tháng 11 năm 2026", "2026-11-18"), ("46344", "2026-11-18"),
        ("20261118", "2026-11-18"),
    ],
)  # fmt: skip
def test_days_in_many_spellings(said: str, day: str) -> None:
    assert read_date(said) == day


def test_what_programs_call_documents_and_sums() -> None:
    assert read_title("Заказ клиента НФ-12 от 01.03.2026 9:30:00") == ("order", "НФ-12", "2026-03-01")
    assert read_title("Рахунок № 15 від 3 березня 2026 р.") == ("invoice", "15", "2026-03-03")
    assert read_title("12") == ("", "12", "")
    kinds = ["Возврат товаров от покупателя", "Видаткова накладна", "Báo giá", "Поръчка", "Договор", "Отказ"]
    assert [read_kind(one) for one in kinds] == ["return", "shipment", "offer", "order", "contract", "refusal"]
    assert [read_sum(one, "UAH") for one in ("1 234,50 грн.", "(5)", "−7,5", "$1,234.5")] == [
        123450,
        -500,
        -750,
        123450,
    ]
    for wrong in ("0,005", "five", "5-"):
        with pytest.raises(Invalid):
            read_sum(wrong, "UAH")
    headers = ["Номер", "Дата", "Контрагент", "Номенклатура", "Кол-во", "Цена", "% НДС", "НДС", "Всего", "№ п/п"]
    assert guess_document_mapping(headers) == [
        "document.number", "document.date", "client.name", "line.item", "line.quantity", "line.price", "", "line.vat",
        "line.total", "",
    ]  # fmt: skip


def test_who_brought_documents_in_may_be_gone_when_they_are_taken_back(house: DocumentHouse) -> None:
    done = house.bring(sheet(*ROWS[:3]), **TOLD)
    changed = house.bring(sheet(ROWS[0].replace("30,00", "15,00")), **TOLD)
    house.world.person("second", is_admin=True)
    house.database.write_now(disable_user, house.world.person("chief"))
    for one in (changed, done):
        house.database.write_now(undo_import, house.world.viewer("second"), one.id)
        house.work()
        undone = house.database.read_now(get_import, house.world.viewer("second"), one.id)
        assert (undone.state, undone.error, undone.counts["undone"]) == ("undone", "", 1)
    assert [(one.number, one.amount) for one in house.documents()] == [("НФ-1", 3000)]  # changed since it was new


def test_an_import_of_somebody_who_is_gone_says_so_and_goes_on_in_the_name_of_another(house: DocumentHouse) -> None:
    tried = house.try_it(sheet(*ROWS[:3]), **TOLD)
    second = house.world.person("second", is_admin=True)
    house.write(run_import, tried.id)
    house.database.write_now(disable_user, house.world.person("chief"))
    house.work()
    failed = house.database.read_now(get_import, house.world.viewer("second"), tried.id)
    assert (failed.state, failed.error_fields) == ("failed", {"name": "Chief"})
    assert failed.error.startswith("%(name)s began this import and may not do so any more.")
    house.database.write_now(resume_import, house.world.viewer("second"), tried.id)
    house.work()
    done = house.database.read_now(get_import, house.world.viewer("second"), tried.id)
    assert (done.state, done.user_id, len(house.documents())) == ("done", second, 2)


def test_imports_of_documents_are_for_those_who_answer(house: DocumentHouse) -> None:
    made = house.try_it(sheet(*ROWS[:3]), **TOLD)
    house.world.grant("handing", "sales", "assign")
    viewer, read = house.world.viewer("handing"), house.database.read_now
    assert read(list_imports, viewer).items == []
    for verb in (get_import, list_rows):
        with pytest.raises(Forbidden):
            read(verb, viewer, made.id)
    with pytest.raises(Forbidden):
        house.database.write_now(decide_row, viewer, made.id, 2, 0)


def test_what_an_import_only_found_here_is_not_its_own(house: DocumentHouse) -> None:
    house.bring(sheet("НФ-2;19.11.2026;Верба;;B-1;Болт;1;2,00;2,00;;;"), **TOLD)
    follower = house.documents()[0]
    rows = ("НФ-1;18.11.2026;Верба;;B-1;Болт;1;1,50;1,50;;;", "НФ-2;19.11.2026;Верба;;B-1;Болт;1;2,00;2,00;;;")
    both = house.bring(sheet(*rows), **TOLD)
    assert (both.counts["new"], both.counts["same"]) == (1, 1)
    first = next(one for one in house.documents() if one.number == "НФ-1")
    house.database.write_now(base_document, follower.id, first.id)
    assert house.undo(both.id).counts["stays"] == 1
    assert house.database.read_now(get_document, follower.id).based_on_id == first.id


@pytest.mark.parametrize(
    ("cells", "field"),
    [
        ("01.01.1800;Верба;Болт;1;2,00", "document.date"), ("18.11.0026;Верба;Болт;1;2,00", "document.date"),
        ("18.11.2026;Верба;Болт;4820012345678;2,00", "line.quantity"),
        ("18.11.2026;Верба;Болт;1;99999999999999999", "line.price"),
        ("18.11.2026;Верба;Болт;999999999999;999999999", "line.amount"),
    ],
)  # fmt: skip
def test_what_cannot_be_kept_is_a_fault_of_its_document(cells: str, field: str) -> None:
    draft, after = drafts(f"НФ-1;{cells}", "НФ-2;18.11.2026;Липа;Болт;1;2,00")
    assert [fault.field for _, fault in draft.faults][:1] == [field]
    assert not after.faults


def test_sums_that_columns_come_to_have_bounds() -> None:
    both = ("НФ-1;18.11.2026;Верба;Болт;1;9000000000000", ";;;Гайка;1;9000000000000")
    (draft,) = drafts(*both)
    assert [fault.field for _, fault in draft.faults] == ["document.amount"]
    for wrong in (read_quantity, lambda text: read_sum(text, "UAH")):
        for text in ("10000000000001", "-10000000000001"):
            with pytest.raises(Invalid):
                wrong(text)


def drafts(*rows: str) -> list[DocumentDraft]:
    mapping = ["document.number", "document.date", "client.name", "line.item", "line.quantity", "line.price"]
    known = Known(mapping, {}, None, currency="UAH")
    return list(read_documents(enumerate((row.split(";") for row in rows), 2), known))


@pytest.mark.parametrize("none", ["01.01.0001 0:00:00", "01.01.0001", "0001-01-01T00:00:00", "1.1.0001"])
def test_the_day_that_programs_write_for_none_says_nothing(none: str) -> None:
    assert read_date(none) == ""
    known = Known(["document.title", "document.date", "client.name", "client.birthday"], {}, None, currency="UAH")
    (draft,) = read_documents([(2, ["Заказ НФ-1 от 18.11.2026", none, "Верба", none])], known)
    assert (draft.date, draft.faults, draft.party.faults) == ("2026-11-18", [], [])
    party = read_row(2, ["Верба", none], Known(["client.name", "client.birthday"], {}, None))
    assert (party.client["name"], party.client.get("birthday"), party.faults) == ("Верба", None, [])


def test_a_client_may_be_called_sum() -> None:
    known = Known(["document.number", "document.date", "client.name", "document.amount"], {}, None, currency="UAH")
    rows = [["1", "18.11.2026", "Total", "5"], ["", "", "Total", "5"], ["Итого", "18.11.2026", "Верба", "5"]]
    assert [one.adds_up for one in read_documents(enumerate(rows, 2), known)] == [False, True, True]
    known = Known(["document.title", "client.name", "document.amount"], {}, None, currency="UAH")
    (named,) = read_documents([(2, ["Заказ НФ-1 от 18.11.2026", "Sum", "5"])], known)
    assert not named.adds_up

"""A client that is there already is proposed to whoever enters it again."""

from __future__ import annotations

from typing import Any

from core.database import Database
from crm.parties import Phone, add_contact, add_counterparty, add_firm, list_doubles, read_tax_number


def test_who_may_be_meant_is_proposed_with_the_reason(database: Database) -> None:
    def fill(tx: Any) -> tuple[int, int, int]:
        steppe = add_counterparty(tx, "ТОВ «Степ-Агро Постач»", domains=["steppe.example"])
        add_firm(tx, steppe, "ТОВ «Степ-Агро Постач»", "UA 1234-5678")
        roman = add_counterparty(tx, "Ромашка ООД", phones=[Phone("+35924123456")])
        add_contact(tx, "Anna", counterparty_id=roman, emails=["anna@gmail.com"])
        return steppe, roman, add_counterparty(tx, "Quail Ltd", emails=["info@quail.example"])

    steppe, roman, quail = database.write_now(fill)

    def doubles(name: str, **told: Any) -> list[tuple[int, tuple[str, ...]]]:
        found = database.read_now(lambda tx: list_doubles(tx, name, **told))
        return [(one.client.id, one.reasons) for one in found]

    assert doubles("Степ Агро Постач") == [(steppe, ("name",))]
    assert doubles("ООО Степ-Агро Посточ") == [(steppe, ("name",))]
    assert doubles("Other", tax_numbers=[read_tax_number("ua 12345678")]) == [(steppe, ("tax_number",))]
    assert doubles("Other", emails=["new@steppe.example"]) == [(steppe, ("domain",))]
    assert doubles("Other", emails=["anna@gmail.com"]) == [(roman, ("address",))]
    assert doubles("Other", emails=["boris@gmail.com"]) == []
    assert doubles("Quail", phones=["+35924123456"], emails=["info@quail.example"]) == [
        (quail, ("address", "name")),
        (roman, ("phone",)),
    ]
    assert doubles("Quail", but=quail) == []
    assert doubles("ТОВ") == []

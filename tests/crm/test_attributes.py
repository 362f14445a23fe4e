"""Fields that users add: keys, values strict and as people write them, retired and brought back, asked by SQL and in
Python with one answer, found by their indexes."""

from __future__ import annotations

import re
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some
from sqlalchemy import func, select

from core import clock
from core.database import Database, WriteTx
from core.errors import Conflict, Invalid
from core.fulltext import fold
from core.rules import At, Vocabulary, as_condition, evaluate, parse_rule
from core.rules.vocabulary import OPS
from crm.attributes import (
    Attribute,
    Having,
    NewChoice,
    add_attribute,
    change_attribute,
    end_attribute,
    fact_of,
    field_of,
    get_attribute,
    having,
    list_attributes,
    list_wanted_indexes,
    order_attributes,
    parse_value,
    restore_attribute,
    set_uses,
)
from crm.attributes.tables import attribute_choice
from crm.parties import (
    add_contact,
    add_counterparty,
    get_contact,
    get_counterparty,
    list_counterparties,
    merge_parties,
    unmerge_parties,
    update_contact,
    update_counterparty,
)
from crm.parties.ordering import Order, select_valued, select_valueless
from crm.parties.tables import counterparty

AT = At(1_795_000_000 * clock.SECOND, ZoneInfo("Europe/Kyiv"))  # the evening of 18 November 2026, there
SIZES = [NewChoice("Small"), NewChoice("Large")]
TYPES: dict[str, dict[str, Any]] = {
    "text": {}, "number": {}, "money": {"currency": "UAH"}, "date": {}, "choice": {"choices": SIZES},
    "choices": {"choices": SIZES}, "yes_no": {}, "link": {},
}  # fmt: skip


def add_all(tx: WriteTx) -> list[Attribute]:
    """A field of each type."""
    return [
        add_attribute(tx, "counterparty", name.replace("_", " "), name, key=f"own_{name}", **more)  # type: ignore[arg-type]
        for name, more in TYPES.items()
    ]


def add(tx: WriteTx, told: dict[str, object]) -> int:
    return add_counterparty(tx, "Client", attributes=told)


def test_a_key_is_made_of_the_label_in_any_language(database: Database) -> None:
    labels = ["Регіон продажу", "Размер скидки, %", "Тип на клиента", "Khu vực bán hàng", "Đại lý", "2nd phone", "№"]
    made = [database.write_now(add_attribute, "counterparty", label, "text").key for label in labels]
    assert made == [
        "region_prodazhu", "razmer_skidki_percent", "tip_na_klienta", "khu_vuc_ban_hang", "dai_ly",
        "field_2nd_phone", "no",
    ]  # fmt: skip
    assert database.write_now(add_attribute, "counterparty", "Region: prodazhu", "text").key == "region_prodazhu_2"
    assert database.write_now(add_attribute, "counterparty", "Name", "text").key == "name_2"
    assert database.write_now(add_attribute, "contact", "Регіон продажу", "text").key == "region_prodazhu"
    with pytest.raises(Conflict, match="РЕГІОН"):
        database.write_now(add_attribute, "counterparty", "РЕГІОН  продажу", "number")
    with pytest.raises(Invalid, match="Latin"):
        database.write_now(lambda tx: add_attribute(tx, "counterparty", "x", "text", key="a'b"))


def test_values_of_programs_are_read_strictly(database: Database) -> None:
    database.write_now(add_all)
    right: dict[str, object] = {
        "own_text": " Одеса ", "own_number": 2.5, "own_money": 120_050, "own_date": "2026-02-28",
        "own_choice": "large", "own_choices": ["Large", "small"], "own_yes_no": False,
        "own_link": "https://firm.example/a",
    }  # fmt: skip
    client = database.write_now(add, right)
    assert database.read_now(get_counterparty, client).attributes == {
        **right, "own_text": "Одеса", "own_choice": "Large", "own_choices": ["Small", "Large"],
    }  # fmt: skip
    wrong: dict[str, list[object]] = {
        "own_text": [1, ["a"], "a\0b", "a" * 501],
        "own_number": ["2", True, float("inf"), 2**60],
        "own_money": [12.5, "12", True, 10**16],
        "own_date": ["2026-02-30", "28.02.2026", 20260228, "20260228"],
        "own_choice": ["Huge", 1, ["Large"]],
        "own_choices": [["Large", "Huge"], 5],
        "own_yes_no": ["yes", 1],
        "own_link": ["javascript:alert(1)", "https://", "firm", "https://a b", "http://[x"],
        "unknown": ["a"],
    }
    for key, values in wrong.items():
        for value in values:
            with pytest.raises(Invalid) as problem:
                database.write_now(lambda tx, told: update_counterparty(tx, client, attributes=told), {key: value})
            assert problem.value.fields["field"] == f"attributes.{key}"
    emptied: dict[str, object] = {"own_text": "", "own_choices": [], "own_number": None}
    database.write_now(lambda tx: update_counterparty(tx, client, attributes=emptied))
    assert database.read_now(get_counterparty, client).attributes.keys() == right.keys() - emptied.keys()
    assert database.read_now(lambda tx: tx.values(select(attribute_choice.c.choice))) == []


def test_values_of_people_are_read_as_they_write(database: Database) -> None:
    kinds = {one.type: one for one in database.write_now(add_all)}
    said: list[tuple[str, str, object]] = [
        ("number", "1 234,50", 1234.5), ("number", "1,234.50", 1234.5), ("number", "-5", -5),
        ("number", "1.234.567", 1234567), ("money", "1 200,5 UAH", 120_050), ("money", "0.050", 5),
        ("date", "18.11.2026", "2026-11-18"), ("date", "2026-1-5", "2026-01-05"), ("date", "5/1/2026", "2026-01-05"),
        ("choice", "large", "Large"), ("choices", "large; SMALL", ["Small", "Large"]), ("yes_no", "так", True),
        ("yes_no", "Không", False), ("link", "firm.example", "https://firm.example"), ("text", "  ", None),
    ]  # fmt: skip
    for kind, text, value in said:
        assert parse_value(kinds[kind], text) == value, text  # type: ignore[index]
    refused = [("number", "five"), ("number", "1e5"), ("date", "31.02.2026"), ("yes_no", "maybe"), ("money", "NaN")]
    refused += [("money", "0.005"), ("money", "12,3450000000000000000000000000001")]
    for kind, text in refused:
        with pytest.raises(Invalid, match=kind.replace("_", " ")):
            parse_value(kinds[kind], text)  # type: ignore[index]


def test_what_is_required_and_what_is_retired(database: Database) -> None:
    def add_two(tx: WriteTx) -> tuple[Attribute, Attribute]:
        choices = [NewChoice("North"), NewChoice("South")]
        region = add_attribute(tx, "contact", "Region", "choice", choices=choices, required=True)
        return region, add_attribute(tx, "contact", "Note", "text")

    region, note = database.write_now(add_two)
    person = database.write_now(lambda tx: add_contact(tx, "Anna"))  # a letter makes people too, and knows no region
    told: dict[str, object] = {"region": "South", "note": "old"}
    database.write_now(lambda tx: update_contact(tx, person, attributes=told))
    with pytest.raises(Invalid, match="Region has to be filled in"):
        database.write_now(lambda tx: update_contact(tx, person, attributes={"region": None}))
    database.write_now(end_attribute, note.id)
    with pytest.raises(Invalid, match="no more"):
        database.write_now(lambda tx: update_contact(tx, person, attributes={"note": "new"}))
    database.write_now(lambda tx: change_attribute(tx, region.id, choices=[NewChoice("North"), NewChoice("West")]))
    database.write_now(lambda tx: update_contact(tx, person, attributes={"note": "old", "region": "South"}))
    assert database.read_now(get_contact, person).attributes == told
    assert [one.key for one in database.read_now(list_attributes, "contact")] == ["region"]
    shown = database.read_now(get_attribute, region.id)
    assert [(one.key, one.ended) for one in shown.choices] == [("North", False), ("West", False), ("South", True)]
    renamed = [NewChoice("The North", "North"), NewChoice("South")]
    shown = database.write_now(lambda tx: change_attribute(tx, region.id, choices=renamed))
    assert [(one.key, one.label) for one in shown.choices if not one.ended] == [
        ("North", "The North"),
        ("South", "South"),
    ]
    database.write_now(restore_attribute, note.id)
    database.write_now(order_attributes, "contact", [note.id, region.id])
    assert [one.key for one in database.read_now(list_attributes, "contact")] == ["note", "region"]


def test_a_merge_fills_what_is_not_known_and_gives_it_back(database: Database) -> None:
    database.write_now(add_all)
    kept = database.write_now(add, {"own_text": "Kept"})
    gone = database.write_now(
        add, {"own_text": "Gone", "own_number": 5, "own_date": "2026-01-01", "own_choices": ["Small"]}
    )
    merge = database.write_now(merge_parties, "counterparty", kept, gone)
    assert database.read_now(get_counterparty, kept).attributes == {
        "own_text": "Kept", "own_number": 5, "own_date": "2026-01-01", "own_choices": ["Small"],
    }  # fmt: skip
    members = select(attribute_choice.c.holder_id).order_by(attribute_choice.c.holder_id)
    assert database.read_now(lambda tx: tx.values(members)) == [kept, gone]
    database.write_now(lambda tx: update_counterparty(tx, kept, attributes={"own_number": 6, "own_link": "http://a.b"}))
    database.write_now(unmerge_parties, merge, {})
    assert database.read_now(get_counterparty, kept).attributes == {
        "own_text": "Kept", "own_number": 6, "own_link": "http://a.b",
    }  # fmt: skip
    assert database.read_now(lambda tx: tx.values(members)) == [gone]
    assert database.read_now(get_counterparty, gone).attributes["own_number"] == 5


TEXTS = some.sampled_from(["Одеса", "ОДЕСА 2", "Hà Nội", "ha noi", "100%", "a_b", "o'neil", "straße", "й", "и"])
VALUES = some.fixed_dictionaries(
    {},
    optional={
        "own_text": TEXTS,
        "own_number": some.sampled_from([-3, 0, 1, 2.5, 0.1, 2**53]),
        "own_money": some.sampled_from([-1, 0, 100, 10_050, 10**15]),
        "own_date": some.sampled_from(["1900-01-01", "2026-11-17", "2026-11-18", "2026-11-19", "2027-01-01"]),
        "own_choice": some.sampled_from(["Small", "Large"]),
        "own_choices": some.lists(some.sampled_from(["Small", "Large"]), min_size=1, max_size=2, unique=True),
        "own_yes_no": some.booleans(),
        "own_link": some.sampled_from(["https://Firm.example/", "http://a.b/?q=1"]),
    },
)
ASKED: dict[str, some.SearchStrategy[Any]] = {
    "text": TEXTS, "link": TEXTS, "number": some.sampled_from([-3, 1, 1.0, 2.5, 0.1]),
    "money": some.sampled_from([-0.01, 0, 1, 100.5, 10**13]),
    "date": some.sampled_from(["1970-01-01", "2026-11-18", "2026-11-19"]),
    "choice": some.sampled_from(["Small", "Large"]), "choices": some.sampled_from(["Small", "Large"]),
}  # fmt: skip


@some.composite
def conditions(draw: some.DrawFn, fields: list[Attribute]) -> dict[str, Any]:
    """A question that the field answers."""
    one = draw(some.sampled_from(fields))
    op = draw(some.sampled_from(OPS[field_of(one, counterparty).type]))
    if op == "is_empty" or one.type == "yes_no":
        value: Any = draw(some.booleans())
    elif op.endswith("_days"):
        value = draw(some.integers(0, 3))
    elif op in ("in", "between"):
        value = draw(some.lists(ASKED[one.type], min_size=2, max_size=2))
    else:
        value = draw(ASKED[one.type])
    return {"field": f"attributes.{one.key}", "op": op, "value": value}


def test_sql_and_python_answer_alike(database: Database) -> None:
    """The same of any values: one evaluator asks the rows, the other what the rows say."""
    fields = database.write_now(add_all)
    vocabulary = Vocabulary("counterparties", [field_of(one, counterparty) for one in fields])
    by_key = {f"attributes.{one.key}": one for one in fields}
    rows: dict[int, dict[str, Any]] = {}

    @settings(max_examples=40, suppress_health_check=list(HealthCheck), database=None)
    @given(VALUES)
    def fill(values: dict[str, Any]) -> None:
        client = database.write_now(add, values)
        rows[client] = dict(database.read_now(get_counterparty, client).attributes)

    @settings(max_examples=150, suppress_health_check=list(HealthCheck))
    @given(conditions(fields), some.booleans())
    def ask(data: dict[str, Any], negated: bool) -> None:
        rule = parse_rule({"not": data} if negated else data, vocabulary)
        found = select(counterparty.c.id).where(as_condition(rule, vocabulary, AT)).order_by(counterparty.c.id)
        by_sql = database.read_now(lambda tx: tx.values(found))
        by_hand = [
            one for one, values in rows.items()
            if evaluate(rule, vocabulary, lambda key, values=values: fact_of(by_key[key], values), AT)  # type: ignore[misc]
        ]  # fmt: skip
        assert by_sql == by_hand, data

    fill()
    ask()


def explain(database: Database, tx: Any, statement: Any) -> str:
    said = str(statement.compile(dialect=tx._connection.dialect, compile_kwargs={"literal_binds": True}))
    if database.is_sqlite:
        return "\n".join(row[3] for row in tx.sql(f"EXPLAIN QUERY PLAN {said}".replace(":", r"\:")))
    tx.sql("SET LOCAL enable_seqscan = off")
    return "\n".join(row[0] for row in tx.sql(f"EXPLAIN {said}".replace(":", r"\:")))


QUESTIONS = {
    "text": ("eq", "Одеса"), "number": ("gt", 5), "money": ("between", [1, 5.5]), "date": ("ge", "2026-11-18"),
    "choice": ("in", ["Small"]), "choices": ("contains", "Small"), "yes_no": ("eq", True), "link": ("eq", "http://a.b"),
}  # fmt: skip


def test_every_type_is_found_by_its_index(database: Database) -> None:
    """What a rule asks is the expression of the index, so the engine goes by it; what nobody asks any more loses it."""
    fields = database.write_now(add_all)
    database.write_now(lambda tx: add(tx, {"own_text": "Одеса", "own_choices": ["Small"]}))
    database.write_now(set_uses, "segment 1", [one.id for one in fields])
    wanted = database.read_now(list_wanted_indexes)
    assert len(wanted) == len(fields) - 1  # several choices have rows of their own
    for index in wanted:
        database.lay_index_now(index)
    assert database.read_now(list_wanted_indexes) == []
    vocabulary = Vocabulary("counterparties", [field_of(one, counterparty) for one in fields])
    for one in fields:
        op, value = QUESTIONS[one.type]
        rule = parse_rule({"field": f"attributes.{one.key}", "op": op, "value": value}, vocabulary)
        found = select(func.count()).select_from(counterparty).where(as_condition(rule, vocabulary, AT))
        plan = database.write_now(lambda tx, found=found: explain(database, tx, found))
        name = "attribute_choice" if one.type == "choices" else f"ix_attribute_value_{one.id}"
        assert name in plan, f"{one.type}: {plan}"
    database.write_now(set_uses, "segment 1", [])
    for index in database.read_now(list_wanted_indexes):
        assert index.expression is None
        database.lay_index_now(index)
    assert database.read_now(list_wanted_indexes) == []


HAVING = {
    "text": ("ОДЕСА", ""), "number": ("3", "7,5"), "money": ("", "12,5"), "date": ("18.11.2026", ""),
    "choice": ("Small", ""), "choices": ("Small", ""), "yes_no": ("yes", ""), "link": ("a.example/b", ""),
}  # fmt: skip
HAS: dict[str, Any] = {
    "own_text": "Одеса", "own_number": 5, "own_money": 1250, "own_date": "2026-11-18", "own_choice": "Small",
    "own_choices": ["Small", "Large"], "own_yes_no": True, "own_link": "https://a.example/b",
}  # fmt: skip
HAS_NOT: dict[str, Any] = {
    "own_text": "Київ", "own_number": 8, "own_money": 1251, "own_date": "2026-11-17", "own_choice": "Large",
    "own_choices": ["Large"], "own_yes_no": False, "own_link": "https://a.example/c",
}  # fmt: skip


@pytest.mark.parametrize("kind", TYPES)
def test_a_list_is_narrowed_by_a_column_and_goes_by_its_index(database: Database, kind: str) -> None:
    """Without anybody else asking for it: that it is a column is a use."""

    def lay(tx: WriteTx) -> tuple[Attribute, int]:
        fields = {one.type: one for one in add_all(tx)}
        one = change_attribute(tx, fields[kind].id, listed=True)  # type: ignore[index]
        fitting = add(tx, HAS)
        add(tx, HAS_NOT)
        add(tx, {})
        return one, fitting

    one, fitting = database.write_now(lay)
    for index in database.read_now(list_wanted_indexes):
        database.lay_index_now(index)
    asked = [Having(one.key, *HAVING[kind])]
    assert [each.id for each in database.read_now(partial(list_counterparties, own=asked)).items] == [fitting]
    found = database.read_now(lambda tx: having(tx, "counterparty", counterparty, asked))
    statement = select(func.count()).select_from(counterparty).where(*found)
    plan = database.write_now(lambda tx: explain(database, tx, statement))
    assert ("attribute_choice" if kind == "choices" else f"ix_attribute_value_{one.id}") in plan, plan
    assert len(database.read_now(partial(list_counterparties, own=[Having(one.key, " ")])).items) == 3
    with pytest.raises(Invalid):
        database.read_now(partial(list_counterparties, own=[Having("own_nothing", "1")]))
    database.write_now(partial(change_attribute, listed=False), one.id)
    with pytest.raises(Invalid):
        database.read_now(partial(list_counterparties, own=asked))
    assert all(index.expression is None for index in database.read_now(list_wanted_indexes))


@pytest.mark.parametrize("kind", sorted(TYPES.keys() - {"choices"}))
def test_a_list_goes_by_a_column_page_by_page_and_by_its_index(database: Database, kind: str) -> None:
    """Those with a value in its order, from either end, then those without as they came; whatever was looked for."""

    def lay(tx: WriteTx) -> tuple[Attribute, list[int]]:
        fields = {one.type: one for one in add_all(tx)}
        one = change_attribute(tx, fields[kind].id, listed=True)  # type: ignore[index]
        first, last = sorted((HAS[one.key], HAS_NOT[one.key]))
        return one, [add(tx, {} if value is None else {one.key: value}) for value in (last, None, first, last, None)]

    one, made = database.write_now(lay)
    for index in database.read_now(list_wanted_indexes):
        database.lay_index_now(index)
    up = [made[2], made[0], made[3]]
    for sort, ordered in ((one.key, [*up, made[1], made[4]]), (f"-{one.key}", [*reversed(up), made[1], made[4]])):
        for words in ("", "client"):
            found, after = [], None
            for _ in ordered:
                page = database.read_now(partial(list_counterparties, words=words, sort=sort, after=after, limit=1))
                found += [client.id for client in page.items]
                after = page.next
            assert (found, after) == (ordered, None)
        order = Order(one, sort.startswith("-"))
        value = database.read_now(get_counterparty, made[0]).attributes[one.key]
        place = (fold(str(value)) if kind in ("text", "link") else int(value) if value is True else value, made[0])
        asked: list[Any] = [
            lambda _tx, order=order: select_valued(counterparty, order, (), None),
            lambda _tx, order=order, place=place: select_valued(counterparty, order, (), place),
            lambda tx, order=order: select_valueless(tx, counterparty, order, (), made[1]),
        ]
        for one_of in asked:
            plan = database.write_now(lambda tx, one_of=one_of: explain_walk(database, tx, one_of(tx).limit(3)))
            assert f"ix_attribute_value_{one.id}" in plan, plan
            assert not re.search(r"Sort|TEMP B-TREE FOR ORDER BY|SCAN", plan), plan


def explain_walk(database: Database, tx: WriteTx, statement: Any) -> str:
    """How an engine goes that does not put in order what it may find in order."""
    if not database.is_sqlite:
        tx.sql("SET LOCAL enable_sort = off")
        tx.sql("SET LOCAL enable_bitmapscan = off")
    return explain(database, tx, statement)

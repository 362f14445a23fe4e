"""Rules: the two evaluators agree on both engines, bad rules are refused with the place of the fault, and every rule
can be said."""

from __future__ import annotations

import gettext
import json
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as some
from sqlalchemy import BigInteger, Column, Integer, MetaData, Table, Text, select

from core import clock, rules
from core.columns import Json
from core.database import Database, WriteTx
from core.errors import Invalid
from core.fulltext.folding import words
from core.language import Language
from core.rules import UNKNOWN, All, At, Condition, Field, Not, Rule, Vocabulary, evaluate, parse_rule, to_data
from core.rules.vocabulary import OPS

META = MetaData()
THING = Table(
    "rule_thing", META, Column("id", Integer, primary_key=True), Column("title", Text), Column("address", Text),
    Column("size", BigInteger), Column("at", BigInteger), Column("kind", Text), Column("owner", BigInteger),
    Column("urgent", Integer), Column("roles", Json),
)  # fmt: skip
MEMBER = Table("rule_member", META, Column("thing_id", Integer), Column("value", Text))
PLACE = Table("rule_place", META, Column("thing_id", Integer), Column("value", BigInteger))
KINDS = {"letter": "a letter", "bounce": "a bounce", "%_": "a trap"}


def fold_words(text: str) -> str:
    return " " + " ".join(words(text))


THINGS = Vocabulary(
    "things",
    [
        Field("title", "text", "the title", THING.c.title, fold_words),
        Field("address", "text", "the address", THING.c.address),
        Field("size", "number", "the size", THING.c.size, unit="kB"),
        Field("at", "moment", "the day", THING.c.at),
        Field("kind", "choice", "the kind", THING.c.kind, choices=KINDS),
        Field("owner", "reference", "the owner", THING.c.owner, of="users"),
        Field("urgent", "flag", "it is urgent", THING.c.urgent),
        Field("members", "list", "the members", MEMBER.c.value,
              within=select(MEMBER.c.value).where(MEMBER.c.thing_id == THING.c.id)),
        Field("notes", "texts", "the notes", MEMBER.c.value,
              within=select(MEMBER.c.value).where(MEMBER.c.thing_id == THING.c.id)),
        Field("roles", "choices", "the roles", THING.c.roles, choices=KINDS),
        Field("places", "references", "the places", PLACE.c.value, of="places",
              within=select(PLACE.c.value).where(PLACE.c.thing_id == THING.c.id)),
    ],
)  # fmt: skip
TEXTS = some.sampled_from(
    ["", " ", "Рахунок", "рахунки", "РАХУНОК №5", "Hoá đơn", "hóa  đơn", "100%", "a_b", "%", "_", "\\", "I", "ı", "İ",
     "straße", "STRASSE", "Й", "И", "a", "A", "ünï", "o'neil", "new\nline", "анна@client.example",
     "Anna@Client.Example",
     "client.example", "ё", "е", "1.500.000", "1500000", "٣", "ﬁne"]
) | some.text(
    some.characters(blacklist_categories=("Cs",), blacklist_characters="\0"), max_size=8
)  # fmt: skip
NUMBERS = some.integers(-3, 3) | some.sampled_from([2**40, -(2**40), 0.5, 1.0])
NOON = clock.from_datetime(datetime(2026, 3, 29, 12, tzinfo=UTC))
INSTANTS = some.integers(NOON - 3 * clock.DAY, NOON + 3 * clock.DAY) | some.integers(-6, 6).map(
    lambda half: NOON + half * clock.DAY // 2 - 2 * clock.HOUR
)
DAYS = some.sampled_from(["2026-03-27", "2026-03-28", "2026-03-29", "2026-03-30", "1970-01-01", "2999-12-31"])
ZONES = some.sampled_from(["Europe/Kyiv", "UTC", "America/St_Johns", "Asia/Ho_Chi_Minh"]).map(ZoneInfo)
ROWS = some.fixed_dictionaries(
    {
        "title": some.none() | TEXTS,
        "address": some.none() | TEXTS,
        "size": some.none() | some.integers(-3, 3) | some.just(2**40),
        "at": some.none() | INSTANTS,
        "kind": some.none() | some.sampled_from(sorted(KINDS)),
        "owner": some.none() | some.integers(1, 3),
        "urgent": some.none() | some.booleans(),
        "members": some.lists(TEXTS, max_size=3),
        "roles": some.none() | some.lists(some.sampled_from(sorted(KINDS)), max_size=2, unique=True),
        "places": some.lists(some.integers(1, 3), max_size=2, unique=True),
    }
)


def _value(key: str) -> Any:
    """One plain value for a field."""
    kinds, ids = some.sampled_from(sorted(KINDS)), some.integers(1, 3)
    return {"size": NUMBERS, "at": DAYS, "kind": kinds, "roles": kinds, "owner": ids, "places": ids}.get(
        key, TEXTS.filter(lambda text: bool(fold_words(text).strip() if key == "title" else text.strip()))
    )


@some.composite
def leaves(draw: Any) -> dict[str, Any]:
    field = draw(some.sampled_from(list(THINGS)))
    op = draw(some.sampled_from(field.ops))
    value: Any
    if op == "is_empty" or field.type == "flag":
        value = draw(some.booleans())
    elif op in ("older_than_days", "within_days"):
        value = draw(some.integers(0, 3))
    elif op == "between":
        value = [draw(_value(field.key)), draw(_value(field.key))]
    elif op == "in" or (op in ("contains", "starts_with") and draw(some.booleans())):
        value = draw(some.lists(_value(field.key), min_size=1, max_size=3))
    else:
        value = draw(_value(field.key))
    return {"field": field.key, "op": op, "value": value}


EMPTY: dict[str, Any] = dict.fromkeys(["title", "address", "size", "at", "kind", "owner", "urgent"]) | {
    "members": [],
    "roles": [],
    "places": [],
}
TREES = some.recursive(
    leaves(),
    lambda inside: some.one_of(
        some.fixed_dictionaries({"all": some.lists(inside, max_size=3)}),
        some.fixed_dictionaries({"any": some.lists(inside, max_size=3)}),
        some.fixed_dictionaries({"not": inside}),
    ),
    max_leaves=6,
)


def _depth(data: Any) -> int:
    if "field" in data:
        return 1
    inside = data.get("all", data.get("any", [data.get("not")]))
    return 1 + max((_depth(one) for one in inside), default=0)


def _keep(tx: WriteTx, things: list[dict[str, Any]]) -> None:
    tx.execute(MEMBER.delete())
    tx.execute(PLACE.delete())
    tx.execute(THING.delete())
    for number, thing in enumerate(things):
        folded = {
            "title": None if thing["title"] is None else fold_words(thing["title"]),
            "address": None if thing["address"] is None else rules.vocabulary.as_is(thing["address"]),
            "urgent": None if thing["urgent"] is None else int(thing["urgent"]),
        }
        plain = {key: value for key, value in thing.items() if key not in ("members", "places")}
        tx.insert(THING, id=number, **plain | folded)
        tx.insert_many(MEMBER, [{"thing_id": number, "value": rules.vocabulary.as_is(one)} for one in thing["members"]])
        tx.insert_many(PLACE, [{"thing_id": number, "value": one} for one in thing["places"]])


@pytest.fixture
def things(database: Database) -> Database:
    database.write_now(lambda tx: META.create_all(tx._connection))
    return database


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(stored=some.lists(ROWS, min_size=1, max_size=6), data=TREES, zone=ZONES)
@example(
    stored=[EMPTY],
    data={"not": {"field": "title", "op": "eq", "value": "a"}},
    zone=ZoneInfo("UTC"),
)
@example(  # signs that mean something to LIKE are letters like any other
    stored=[EMPTY | {"address": "axb"}, EMPTY | {"address": "a_b"}],
    data={"field": "address", "op": "contains", "value": "a_b"},
    zone=ZoneInfo("UTC"),
)
@example(
    stored=[EMPTY | {"address": "100 kB"}, EMPTY | {"address": "100%"}],
    data={"field": "address", "op": "starts_with", "value": "100%"},
    zone=ZoneInfo("UTC"),
)
def test_both_evaluators_agree(things: Database, stored: list[dict[str, Any]], data: Any, zone: ZoneInfo) -> None:
    if _depth(data) > 6:
        return
    rule, at = parse_rule(data, THINGS), At(NOON, zone)
    things.write_now(_keep, stored)
    condition = rules.as_condition(rule, THINGS, at)
    of_sets = set(things.read_now(lambda tx: tx.values(select(THING.c.id).where(condition))))
    facts = [one | {"notes": one["members"]} for one in stored]
    of_single = {number for number, one in enumerate(facts) if evaluate(rule, THINGS, one.__getitem__, at)}
    assert of_sets == of_single, data
    assert parse_rule(json.loads(json.dumps(to_data(rule))), THINGS) == rule


REFUSED = [
    ([], ""),
    ({}, ""),
    ({"all": [], "any": []}, ""),
    ({"some": []}, ""),
    ({"version": 2, "all": []}, "version"),
    ({"all": {}}, "all"),
    ({"all": [{"field": "nothing", "op": "eq", "value": 1}]}, "all.0.field"),
    ({"field": ["title"], "op": "eq", "value": 1}, "field"),
    ({"any": [{"all": [{"field": "title", "op": "lt", "value": "a"}]}]}, "any.0.all.0.op"),
    ({"field": "title", "op": "eq", "value": 5}, "value"),
    ({"field": "title", "op": "eq", "value": "!!!"}, "value"),
    ({"field": "title", "op": "eq", "value": "a\0"}, "value"),
    ({"field": "title", "op": "eq", "value": "\ud800"}, "value"),
    ({"field": "title", "op": "eq", "value": "x" * 301}, "value"),
    ({"field": "title", "op": "in", "value": "a"}, "value"),
    ({"field": "title", "op": "in", "value": []}, "value"),
    ({"field": "title", "op": "in", "value": ["a"] * 51}, "value"),
    ({"field": "size", "op": "eq", "value": True}, "value"),
    ({"field": "size", "op": "eq", "value": float("nan")}, "value"),
    ({"field": "size", "op": "between", "value": [1]}, "value"),
    ({"field": "at", "op": "lt", "value": "18.11.2026"}, "value"),
    ({"field": "at", "op": "older_than_days", "value": -1}, "value"),
    ({"field": "kind", "op": "eq", "value": "parcel"}, "value"),
    ({"field": "owner", "op": "eq", "value": "1"}, "value"),
    ({"field": "urgent", "op": "eq", "value": "yes"}, "value"),
    ({"field": "urgent", "op": "eq", "value": True, "more": 1}, ""),
    ({"field": "size", "with": {"days": 3}, "op": "eq", "value": 1}, "with"),
    ({"all": [{"field": "urgent", "op": "eq", "value": True}] * 61}, "all"),
]


@pytest.mark.parametrize(("data", "place"), REFUSED)
def test_a_bad_rule_is_refused_with_its_place(data: Any, place: str) -> None:
    with pytest.raises(Invalid) as refused:
        parse_rule(data, THINGS)
    assert (refused.value.fields.get("field") or "") == place


def test_depth_and_size_are_bounded() -> None:
    deep: Any = {"field": "urgent", "op": "eq", "value": True}
    for _ in range(6):
        deep = {"not": deep}
    with pytest.raises(Invalid, match="levels"):
        parse_rule(deep, THINGS)
    leaf = {"field": "urgent", "op": "eq", "value": True}
    with pytest.raises(Invalid, match="60"):
        parse_rule({"any": [{"all": [leaf] * 31}, {"all": [leaf] * 31}]}, THINGS)


def test_the_unknown_matters_only_where_it_decides() -> None:
    at = At(NOON, ZoneInfo("UTC"))
    known = {"urgent": True, "owner": UNKNOWN}
    urgent, mine = Condition("urgent", "eq", True), Condition("owner", "eq", 1)
    asked: list[tuple[Rule, bool | None]] = [
        (All((urgent, mine)), None),
        (rules.Any((urgent, mine)), True),
        (All((Not(urgent), mine)), False),
        (Not(mine), None),
    ]
    for rule, answer in asked:
        assert evaluate(rule, THINGS, known.__getitem__, at) is answer
    found = rules.explain(All((urgent, mine)), THINGS, known.__getitem__, at)
    assert [(one.condition.field, one.answer) for one in found] == [("urgent", True), ("owner", None)]


def test_a_field_without_a_column_is_asked_of_one_thing_only() -> None:
    alone = Vocabulary("x", [Field("text", "text", "the text")])
    with pytest.raises(Invalid, match="the text"):
        rules.as_condition(Condition("text", "eq", "a"), alone, At(NOON, ZoneInfo("UTC")))


def test_every_question_has_its_words(english: Language) -> None:
    wording = rules.Wording(english, lambda _field, number: f"person {number}")
    samples: dict[str, Any] = {"number": 3, "moment": "2026-11-18", "choice": "letter", "reference": 7, "flag": True}
    samples |= {"choices": "letter", "references": 7}
    for field in THINGS:
        for op in OPS[field.type]:
            value = samples.get(field.type, "a")
            value = [value, value] if op in ("in", "between") else 5 if op.endswith("days") else value
            value = True if op == "is_empty" else value
            data = {"field": field.key, "op": op, "value": value}
            said = {rules.say_rule(parse_rule(one, THINGS), THINGS, wording) for one in (data, {"not": data})}
            assert len(said) == 2
            assert all(field.label in one for one in said)
    nested = {"any": [{"all": [{"field": "urgent", "op": "eq", "value": True},
                               {"field": "owner", "op": "in", "value": [1, 2]}]},
                      {"not": {"field": "title", "op": "contains", "value": ["a", "b", "c"]}}]}  # fmt: skip
    assert rules.say_rule(parse_rule(nested, THINGS), THINGS, wording) == (
        "(it is urgent and the owner is person 1 or person 2) or the title does not contain “a”, “b” or “c”"
    )


@pytest.fixture
def english() -> Language:
    return Language("en", ZoneInfo("Europe/Kyiv"), gettext.NullTranslations())

"""The form of a rule says what the rule says, both ways."""

from __future__ import annotations

from typing import Any

import pytest

from api.web.condition_form import Line
from api.web.rule_form import Draft, action_data, condition_data, make_draft, press, read_draft
from core.errors import Invalid
from core.rules import parse_rule
from mailhub.routing.rules.actions import parse_actions
from mailhub.routing.rules.facts import LETTERS

RULES: list[Any] = [
    {"all": []},
    {"field": "subject", "op": "contains", "value": ["a", "b"]},
    {"not": {"field": "from.domain", "op": "in", "value": ["x.example", "y.example"]}},
    {"field": "from.domain", "op": "ne", "value": "x.example"},
    {"field": "list", "op": "is_empty", "value": False},
    {"field": "attached", "op": "eq", "value": False},
    {"not": {"field": "size", "op": "between", "value": [1, 2.5]}},
    {"any": [{"field": "kind", "op": "in", "value": ["letter", "bounce"]},
             {"all": [{"field": "hour", "op": "lt", "value": 8}, {"field": "weekday", "op": "eq", "value": "1"}]},
             {"field": "client.manager", "op": "eq", "value": 7}]},
    {"field": "recipients", "op": "in", "value": ["a@x.example", "b@x.example"]},
]  # fmt: skip
ACTIONS = [{"assign": {"team_id": 3}}, {"state": "closed"}, {"answer_hours": 2}, {"acknowledge": False}, {"stop": True}]


@pytest.mark.parametrize("data", RULES)
def test_what_is_shown_is_what_is_read_back(data: Any) -> None:
    draft = make_draft("A", parse_rule(data, LETTERS), parse_actions(ACTIONS))
    assert draft is not None
    fields: dict[str, str] = {"name": "A", "joined": draft.joined, "do_who": draft.who, "do_state": draft.state}
    fields |= {"do_hours": draft.hours, "do_silent": "1", "do_stop": "1"}
    chosen: dict[str, list[str]] = {}
    for number, line in enumerate(draft.lines):
        fields |= {f"field_{number}": line.field, f"op_{number}": line.op, f"in_{number}": "1" if line.inner else ""}
        chosen[f"value_{number}"] = list(line.values)
    assert read_draft(fields, chosen) == draft
    again = make_draft("A", parse_rule(condition_data(draft), LETTERS), parse_actions(action_data(draft)))
    assert again == draft
    assert parse_actions(action_data(draft)) == parse_actions(ACTIONS)


@pytest.mark.parametrize(
    "data",
    [
        {"not": {"all": []}},
        {"all": [{"any": [{"all": [{"field": "attached", "op": "eq", "value": True}]}]}]},
        {"field": "subject", "op": "contains", "value": "Hello, world"},
    ],
)
def test_what_the_form_cannot_say_is_not_put_into_it(data: Any) -> None:
    assert make_draft("A", parse_rule(data, LETTERS), parse_actions(ACTIONS)) is None


def test_buttons_add_group_and_drop_lines() -> None:
    draft = press(press(Draft(), "add"), "in-1")
    assert [line.inner for line in draft.lines] == [False, True]
    assert press(press(draft, "out-1"), "drop-0").lines == (Line("subject", "contains"),)
    assert press(draft, "drop-9") == draft


@pytest.mark.parametrize("line", [Line("subject", "contains"), Line("size", "gt", ("a lot",)), Line("kind", "eq")])
def test_an_empty_or_wrong_value_is_refused(line: Line) -> None:
    with pytest.raises(Invalid):
        condition_data(Draft(lines=(line,)))


def test_another_field_begins_with_its_own_first_question() -> None:
    draft = read_draft({"field_0": "size", "was_0": "subject", "op_0": "contains"}, {"value_0": ["pumps"]})
    assert draft.lines == (Line("size", "gt"),)

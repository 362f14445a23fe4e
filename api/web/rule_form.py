"""The editor of a rule: a sentence of chips, read back from what its form sent and shown again.

The form has lines of conditions, one after another; lines that stand further in are a group of their own, joined the
other way round. What a program wrote deeper than that is shown as its sentence and is not edited here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from api.web.condition_form import Line, lines_data, make_lines, press_lines, read_lines, read_number
from core.rules import Rule
from mailhub.routing.rules.actions import Actions, actions_data
from mailhub.routing.rules.facts import LETTERS


@dataclass(frozen=True, slots=True)
class Draft:
    """A rule as the form holds it. ``who`` is ``user:5``, ``team:3``, ``way:manager``, ``way:turn`` or empty."""

    name: str = ""
    joined: str = "all"
    lines: tuple[Line, ...] = (Line("from.domain", "eq"),)
    move: str = ""
    who: str = ""
    state: str = ""
    hours: str = ""
    tags: tuple[str, ...] = ()
    urgent: bool = False
    acknowledge: bool = True
    stop: bool = False


def read_draft(fields: Mapping[str, str], chosen: Mapping[str, Sequence[str]]) -> Draft:
    """What the form sent. ``chosen`` are all values of fields that may stand several times. Raises Invalid."""
    return Draft(
        name=fields.get("name", "").strip(),
        joined="any" if fields.get("joined") == "any" else "all",
        lines=read_lines(fields, chosen, LETTERS),
        move=fields.get("do_move", ""),
        who=fields.get("do_who", ""),
        state=fields.get("do_state", ""),
        hours=fields.get("do_hours", "").strip(),
        tags=tuple(chosen.get("do_tag", ())),
        urgent=fields.get("do_urgent") == "1",
        acknowledge=fields.get("do_silent") != "1",
        stop=fields.get("do_stop") == "1",
    )


def press(draft: Draft, button: str) -> Draft:
    """What a button of the form makes of it: ``add``, ``group``, ``drop-2``, ``in-2``, ``out-2``."""
    return replace(draft, lines=press_lines(draft.lines, button, Line("subject", "contains")))


def condition_data(draft: Draft) -> dict[str, Any]:
    """The conditions of a draft as ``parse_rule`` reads them. Raises Invalid for an empty value."""
    return lines_data(draft.joined, draft.lines, LETTERS)


def action_data(draft: Draft) -> list[dict[str, Any]]:
    """The actions of a draft as ``parse_actions`` reads them. Raises Invalid."""
    data: list[dict[str, Any]] = []
    if draft.move:
        data.append({"move": read_number(draft.move)})
    kind, _, key = draft.who.partition(":")
    if kind in ("user", "team"):
        data.append({"assign": {f"{kind}_id": read_number(key)}})
    elif kind == "way":
        data.append({"assign": {"way": key}})
    if draft.hours:
        data.append({"answer_hours": read_number(draft.hours)})
    if draft.tags:
        data.append({"tag": [read_number(one) for one in draft.tags]})
    if draft.urgent:
        data.append({"priority": "urgent"})
    if draft.state:
        data.append({"state": draft.state})
    if not draft.acknowledge:
        data.append({"acknowledge": False})
    if draft.stop:
        data.append({"stop": True})
    return data


def make_draft(name: str, rule: Rule, actions: Actions) -> Draft | None:
    """The form of a rule; None for one that is deeper than the form."""
    fitting = make_lines(rule, LETTERS)
    if fitting is None:
        return None
    (assign,) = [one["assign"] for one in actions_data(actions) if "assign" in one] or [{}]
    who = "".join(f"{key.removesuffix('_id')}:{value}" for key, value in assign.items())
    return Draft(
        name=name,
        joined=fitting[0],
        lines=fitting[1],
        move=str(actions.mailbox_id or ""),
        who=who,
        state=actions.state or "",
        hours=str(actions.answer_hours or ""),
        tags=tuple(str(one) for one in actions.tags),
        urgent=actions.urgent,
        acknowledge=actions.acknowledge,
        stop=actions.stop,
    )

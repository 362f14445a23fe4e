"""What a rule may do with a letter: as data, ``[{"assign": {"user_id": 5}}, {"tag": [2]}, {"move": 7}]``.

None of them writes a letter or brings one in, so no rule ever sets off another.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, Literal, cast, get_args

from core.errors import Invalid

Turn = Literal["manager", "turn", "least_busy"]
State = Literal["closed", "spam"]
MOST_HOURS = 720
MOST_TAGS = 20
KNOWN = "An action is one of assign, move, state, answer_hours, tag, priority, acknowledge, stop."


@dataclass(frozen=True, slots=True)
class Actions:
    """What happens; None and False for what is left as it is.

    The executor is ``user_id``, or the first in turn of ``team_id``, or found by ``way``: the client's responsible
    manager, whose turn it is in the mailbox, or who of it has least to do. ``answer_hours`` is the time for the
    answer, ``acknowledge`` False sends no "your letter has come", ``stop`` asks no further rule. ``tags`` are put on
    the thread, ``urgent`` calls it so. ``mailbox_id`` is where the thread goes; everything else happens to it there,
    and no further rule is asked.
    """

    mailbox_id: int | None = None
    user_id: int | None = None
    team_id: int | None = None
    way: Turn | None = None
    state: State | None = None
    answer_hours: int | None = None
    tags: tuple[int, ...] = ()
    urgent: bool = False
    acknowledge: bool = True
    stop: bool = False

    @property
    def assigns(self) -> bool:
        """Whether somebody gets the thread."""
        return self.user_id is not None or self.team_id is not None or self.way is not None


def parse_actions(data: object) -> Actions:
    """Read actions. Raises Invalid: for what is not known, for one named twice, for none at all."""
    if not isinstance(data, list) or not data:
        raise Invalid("A rule needs something to do.", field="do")
    found: dict[str, Any] = {}
    for number, one in enumerate(data):
        place = f"do.{number}"
        if not isinstance(one, dict) or len(one) != 1:
            raise Invalid(KNOWN, field=place)
        ((name, value),) = one.items()
        read = _assign(value, place) if name == "assign" else _plain(str(name), value, place)
        if set(read) & set(found) or (name == "assign" and set(found) & {"user_id", "team_id", "way"}):
            raise Invalid("A rule does each thing once.", field=place)
        found |= read
    return Actions(**found)


def actions_data(actions: Actions) -> list[dict[str, Any]]:
    """As ``parse_actions`` reads them."""
    set_ = {one.name: getattr(actions, one.name) for one in fields(Actions)}
    who = {name: set_[name] for name in ("user_id", "team_id", "way") if set_[name] is not None}
    data: list[dict[str, Any]] = [] if actions.mailbox_id is None else [{"move": actions.mailbox_id}]
    data += [{"assign": who}] if who else []
    data += [{name: set_[name]} for name in ("state", "answer_hours") if set_[name] is not None]
    data += [{"tag": list(actions.tags)}] if actions.tags else []
    data += [{"priority": "urgent"}] if actions.urgent else []
    return data + ([] if actions.acknowledge else [{"acknowledge": False}]) + ([{"stop": True}] if actions.stop else [])


def _assign(value: object, place: str) -> dict[str, Any]:
    if isinstance(value, dict) and len(value) == 1:
        ((name, who),) = value.items()
        if name in ("user_id", "team_id") and _is_number(who) and 0 < who < 2**63:
            return {name: who}
        if name == "way" and who in get_args(Turn):
            return {"way": cast("Turn", who)}
    sentence = "To assign names one of user_id, team_id, and way: manager, turn or least_busy."
    raise Invalid(sentence, field=f"{place}.assign")


def _plain(name: str, value: Any, place: str) -> dict[str, Any]:
    if name == "move" and _is_number(value) and 0 < value < 2**63:
        return {"mailbox_id": value}
    if name == "state" and value in get_args(State):
        return {"state": value}
    if name == "answer_hours" and _is_number(value) and 0 < value <= MOST_HOURS:
        return {"answer_hours": value}
    if name == "tag" and _are_ids(value):
        return {"tags": tuple(dict.fromkeys(value))}
    if name == "priority" and value == "urgent":
        return {"urgent": True}
    if name in ("acknowledge", "stop") and isinstance(value, bool):
        return {name: value}
    raise Invalid(KNOWN, field=f"{place}.{name[:50]}")


def _are_ids(value: object) -> bool:
    fits = isinstance(value, list) and 0 < len(value) <= MOST_TAGS
    return fits and all(_is_number(one) and 0 < one < 2**63 for one in cast("list[Any]", value))


def _is_number(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)

"""Fields that have to be told more before they can be asked: the number of *orders* of the *last 90 days*.

What was told is part of the key, in one spelling: ``documents(days=90,kind=order)``. So whatever keeps values by the
keys of fields keeps these too. A rule as data says it beside the key: ``"with": {"kind": "order"}``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal

from core.errors import Invalid

ParamType = Literal["choice", "reference", "days", "day", "currency"]
MOST_DAYS = 3_660
_KEY = re.compile(r"([a-z_.]+)\(([a-z_]+=[A-Za-z0-9_-]+(?:,[a-z_]+=[A-Za-z0-9_-]+)*)\)")
_CURRENCY = re.compile(r"[A-Z]{3}")


@dataclass(frozen=True, slots=True)
class Param:
    """What may be told of a field. ``label`` is a message id; ``anything`` what is said where it is left out, empty
    where it must be told. ``choices`` are keys with their message ids; ``of`` says what a reference names."""

    key: str
    type: ParamType
    label: str
    anything: str = ""
    choices: Mapping[str, str] = field(default_factory=dict)
    of: str = ""


def join_key(key: str, told: Mapping[str, Any]) -> str:
    """The key of a field with what was told of it."""
    said = ",".join(f"{name}={told[name]}" for name in sorted(told) if told[name] not in (None, ""))
    return f"{key}({said})" if said else key


def split_key(key: str) -> tuple[str, dict[str, Any]]:
    """The key of the field itself, and what was told of it."""
    found = _KEY.fullmatch(key)
    if found is None:
        return key, {}
    told = dict(one.split("=", 1) for one in found[2].split(","))
    return found[1], {name: int(said) if said.isdigit() else said for name, said in told.items()}


def read_told(params: tuple[Param, ...], told: object) -> dict[str, Any]:
    """What was told, checked. Raises Invalid."""
    if not isinstance(told, Mapping):
        raise Invalid("What is told of a field are names and values.", field="with")
    known = {one.key: one for one in params}
    for name in told:
        if name not in known:
            raise Invalid("There is no field “%(name)s” here.", name=str(name)[:100], field="with")
    for one in params:
        if not one.anything and told.get(one.key) in (None, ""):
            raise Invalid("The field %(name)s has to be filled in.", name=one.key, field="with")
    return {name: _read(known[name], value) for name, value in told.items() if value not in (None, "")}


def _read(param: Param, value: object) -> Any:
    if param.type in ("days", "reference"):
        most = MOST_DAYS if param.type == "days" else 2**63 - 1
        if isinstance(value, int) and not isinstance(value, bool) and 0 < value <= most:
            return value
        raise Invalid("Here stands a number.", field="with")
    if not isinstance(value, str):
        raise Invalid("Here stands a text.", field="with")
    if param.type == "choice" and value not in param.choices:
        raise Invalid("“%(value)s” is not to be chosen here.", value=value[:100], field="with")
    if param.type == "currency" and not _CURRENCY.fullmatch(value):
        raise Invalid("There is no currency “%(code)s”: write a code such as EUR.", code=value[:100], field="with")
    if param.type == "day":
        try:
            if len(value) != 10 or not 1970 <= date.fromisoformat(value).year <= 2999:
                raise ValueError
        except ValueError as problem:
            raise Invalid("Here stands a date as 2026-11-18.", field="with") from problem
    return value

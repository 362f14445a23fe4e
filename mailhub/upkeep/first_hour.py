"""The first hour of a house: what is still to be done before a team can work in it, shown to administrators.

A step is over when its deed is done, however it was done, or when somebody skipped it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from sqlalchemy import func, select

from core.database import ReadTx, WriteTx
from core.errors import Invalid
from core.marks import find_mark, set_mark
from crm.staff.readable import Viewer, demand_admin
from crm.staff.tables import user
from mailhub.mailboxes.account_tables import account
from mailhub.mailboxes.imports import mail_import
from mailhub.mailboxes.tables import message
from mailhub.routing.rules.tables import rule

StepKey = Literal["mailbox", "import", "rule", "people"]
STEPS: tuple[StepKey, ...] = get_args(StepKey)
_SKIPPED, _OVER = "first-hour-skipped", "over"


@dataclass(frozen=True, slots=True)
class FirstStep:
    """A step and whether it is done or was skipped."""

    key: StepKey
    done: bool
    skipped: bool


def list_steps(tx: ReadTx, viewer: Viewer) -> list[FirstStep]:
    """All steps while any is left; none for who is no administrator, and none once all are over."""
    if not viewer.is_admin:
        return []
    noted = find_mark(tx, _SKIPPED) or ""
    if noted == _OVER:
        return []
    skipped = set(noted.split())
    steps = [FirstStep(key, _is_done(tx, key), key in skipped) for key in STEPS]
    return steps if any(not (step.done or step.skipped) for step in steps) else []


def skip_step(tx: WriteTx, viewer: Viewer, key: str) -> None:
    """Ask for a step no more, or with ``all`` for none. Raises Invalid, Forbidden."""
    demand_admin(viewer)
    if key not in (*STEPS, "all"):
        raise Invalid("There is no such step.", field="step")
    tx.lock_key("mark", _SKIPPED)
    noted = (find_mark(tx, _SKIPPED) or "").split()
    if _OVER not in noted:
        set_mark(tx, _SKIPPED, _OVER if key == "all" else " ".join(sorted({*noted, key})))


def _is_done(tx: ReadTx, key: StepKey) -> bool:
    if key == "mailbox":
        return _exists(tx, account.c.id) or _exists(tx, message.c.id)
    if key == "import":
        return _exists(tx, mail_import.c.id)
    if key == "rule":
        return _exists(tx, rule.c.id)
    return bool(tx.value(select(func.count()).select_from(select(user.c.id).limit(2).subquery())) > 1)


def _exists(tx: ReadTx, column: object) -> bool:
    return tx.value(select(column).limit(1)) is not None  # type: ignore[call-overload]

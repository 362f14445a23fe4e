"""A rule for letters that go by themselves with a letter of it, for the sample of the newest tables."""

from __future__ import annotations

from core import clock
from core.database import WriteTx
from mailhub.automatic.shapes import parse_told, told_data
from mailhub.automatic.tables import automatic_letter, automatic_rule, automatic_version


def fill_automatic(tx: WriteTx, mailbox_id: int, scope_id: int, user_id: int) -> None:
    """A row in every table of such letters."""
    now = clock.now()
    rule_id = tx.insert(
        automatic_rule, name="Before meetings", mailbox_id=mailbox_id, scope_id=scope_id, state="on", version=1,
        tried_version=1, since=now, looked_at=now, created_by=user_id, created_at=now, changed_at=now,
    )  # fmt: skip
    letter = {"format": "markdown", "source": "Hello", "subject": "Hello", "html": "<p>Hello</p>", "plain": "Hello"}
    told = told_data(parse_told({"kind": "event", "minutes": -60}))
    tx.insert(automatic_version, rule_id=rule_id, version=1, told=told, letters={"": letter}, by_id=user_id, at=now)
    tx.insert(
        automatic_letter, epoch=1, rule_id=rule_id, version=1, scope_id=scope_id, subject_kind="event", subject_id=1,
        due_key="2026-11-22T10:00", state="held", reason="off", facts={"subject": "Prices"}, due_at=now, send_at=now,
        changed_at=now,
    )  # fmt: skip

"""What people write into a client's timeline by hand: calls, meetings, negotiations, wishes, notes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, select

from core import clock
from core.changes import record_change
from core.database import ReadTx, WriteTx
from core.errors import Forbidden, Invalid, NotFound
from crm.attributes import forget_choices, set_values
from crm.interactions.history import TOUCH, get_interaction
from crm.interactions.tables import HOUSE, interaction
from crm.parties import find_kept, forget_channel, get_channel, get_contact, learn_channel
from crm.staff.readable import Viewer, demand, demand_somewhere

KINDS = ("note", "call", "meeting", "negotiation", "wish")
LONGEST_SUBJECT = 300
LONGEST_BODY = 20_000
LONGEST_MINUTES = 60 * 24


@dataclass(frozen=True, slots=True)
class Basis:
    """On the basis of what something is written: its scope, what is carried over, and the columns that name it."""

    scope_id: int
    subject: str
    contact_id: int | None
    ids: dict[str, int | None]


def add_interaction(
    tx: WriteTx,
    viewer: Viewer,
    counterparty_id: int,
    kind: str,
    *,
    subject: str = "",
    body: str = "",
    contact_id: int | None = None,
    direction: str = "",
    minutes: int = 0,
    happened_at: int | None = None,
    channel_id: int | None = None,
    based_on_id: int | None = None,
    attributes: Mapping[str, object] | None = None,
) -> int:
    """Write what happened, at ``happened_at`` or now; ``attributes`` are the values of fields that people added.
    Returns its id.

    On the basis of another line of this client's timeline its person and subject are carried over where none are given,
    and it is seen by who may see that line. Raises NotFound, Forbidden, Invalid.
    """
    counterparty_id = find_kept(tx, "counterparty", counterparty_id)
    values = _read(subject, body, minutes, happened_at) | {"direction": _direction(kind, direction)}
    basis = find_basis(tx, viewer, counterparty_id, based_on_id)
    values["subject"] = values["subject"] or basis.subject
    if not values["subject"] and not values["body"]:
        raise Invalid("Write what happened.", field="body")
    contact_id = contact_id or basis.contact_id
    demand_contact(tx, counterparty_id, contact_id)
    if channel_id is not None:
        get_channel(tx, channel_id)
    told = {"author_id": viewer.user_id, "executor_id": viewer.user_id, "channel_id": channel_id}
    columns = {"contact_id": contact_id, **basis.ids, **told, **values}
    written = record_line(tx, kind, counterparty_id, basis.scope_id, **columns)
    set_values(tx, "interaction", interaction, written, attributes)
    if channel_id is not None:
        learn_channel(tx, counterparty_id, channel_id, values["happened_at"])
    return written


def say_channel(tx: WriteTx, viewer: Viewer, interaction_id: int, channel_id: int | None) -> None:
    """By what channel it came, None for none: of a letter for who may answer it, of what was written by hand for its
    author. Raises NotFound, Forbidden."""
    _client, line = get_interaction(tx, viewer, interaction_id)
    tx.lock(interaction, interaction_id)
    row = tx.get(interaction, interaction_id)
    if line.kind == "letter":
        demand(viewer, "answer", row.scope_id, row.executor_id)
    elif line.author_id is None or line.author_id != viewer.user_id:
        raise Forbidden("Only who wrote this may change it.")
    if channel_id is not None:
        get_channel(tx, channel_id)
    tx.change(interaction, interaction_id, channel_id=channel_id)
    _tell(tx, "interaction.changed", interaction_id, row.counterparty_id, row.scope_id)
    if channel_id is not None:
        learn_channel(tx, row.counterparty_id, channel_id, row.happened_at)


def record_line(tx: WriteTx, kind: str, counterparty_id: int, scope_id: int, **values: Any) -> int:
    """Write a line into a timeline, with columns of ``interaction``; who may do so was asked before. Returns its id."""
    written = tx.insert(interaction, kind=kind, counterparty_id=counterparty_id, scope_id=scope_id, **values)
    _tell(tx, "interaction.added", written, counterparty_id, scope_id)
    _tell_person(tx, kind, values.get("contact_id"))
    return written


def find_basis(tx: ReadTx, viewer: Viewer, counterparty_id: int, based_on_id: int | None) -> Basis:
    """On the basis of what somebody writes: of a line of this client's timeline, in its scope, or of nothing, in the
    house. Raises NotFound for a line that they may not see, Forbidden where they may not write."""
    base = _base(tx, viewer, counterparty_id, based_on_id)
    scope_id = HOUSE if base is None else base.scope_id
    if scope_id == HOUSE:
        if not may_write(viewer):
            demand_somewhere(viewer, "comment")
    elif not viewer.may("answer", scope_id, base.executor_id):
        demand(viewer, "comment", scope_id, base.executor_id)
    if base is None:
        return Basis(HOUSE, "", None, {})
    ids = {
        "based_on_id": base.id,
        "based_thread_id": base.thread_id or base.based_thread_id,
        "based_message_id": base.message_id or base.based_message_id,
    }
    return Basis(scope_id, base.subject, base.contact_id, ids)


def demand_contact(tx: ReadTx, counterparty_id: int, contact_id: int | None) -> None:
    """Raises NotFound for a person who does not belong to the client."""
    if contact_id is not None and counterparty_id not in get_contact(tx, contact_id).counterparty_ids:
        raise NotFound("There is no contact with the number %(id)s.", id=contact_id)


def may_write(viewer: Viewer) -> bool:
    """Whether somebody may write into histories: who comments or answers in some mailbox."""
    return viewer.may_somewhere("comment") or viewer.may_somewhere("answer")


def change_interaction(
    tx: WriteTx,
    viewer: Viewer,
    interaction_id: int,
    *,
    subject: str | None = None,
    body: str | None = None,
    minutes: int | None = None,
    happened_at: int | None = None,
    attributes: Mapping[str, object] | None = None,
) -> None:
    """Write anew what one wrote oneself. Raises NotFound, Forbidden, Invalid."""
    row = _own(tx, viewer, interaction_id)
    values = _read(
        row.subject if subject is None else subject,
        row.body if body is None else body,
        row.minutes if minutes is None else minutes,
        row.happened_at if happened_at is None else happened_at,
    )
    if not values["subject"] and not values["body"]:
        raise Invalid("Write what happened.", field="body")
    tx.change(interaction, interaction_id, **values)
    set_values(tx, "interaction", interaction, interaction_id, attributes)
    _tell(tx, "interaction.changed", interaction_id, row.counterparty_id, row.scope_id)
    _tell_person(tx, row.kind, row.contact_id)


def drop_interaction(tx: WriteTx, viewer: Viewer, interaction_id: int) -> int:
    """Take away what one wrote oneself. Returns the client. Raises NotFound, Forbidden."""
    row = _own(tx, viewer, interaction_id)
    remove_line(tx, row)
    return int(row.counterparty_id)


def remove_line(tx: WriteTx, row: Any) -> None:
    """Take a line away; who may do so was asked before."""
    tx.execute(delete(interaction).where(interaction.c.id == row.id))
    forget_choices(tx, "interaction", row.id)
    _tell(tx, "interaction.removed", row.id, row.counterparty_id, row.scope_id)
    _tell_person(tx, row.kind, row.contact_id)
    if row.channel_id is not None and forget_channel(tx, row.counterparty_id, row.channel_id, row.happened_at):
        _learn_again(tx, row.counterparty_id)


def _learn_again(tx: WriteTx, counterparty_id: int) -> None:
    """Another line may say by what channel a client came: the one that was written first."""
    here = (interaction.c.counterparty_id == counterparty_id, interaction.c.channel_id.is_not(None))
    lines = tx.rows(select(interaction).where(*here).order_by(interaction.c.id).limit(1))
    for line in lines:
        learn_channel(tx, counterparty_id, line.channel_id, line.happened_at)


def _own(tx: WriteTx, viewer: Viewer, interaction_id: int) -> Any:
    _client, line = get_interaction(tx, viewer, interaction_id)
    tx.lock(interaction, interaction_id)
    if line.author_id is None or line.author_id != viewer.user_id:
        raise Forbidden("Only who wrote this may change it.")
    return tx.get(interaction, interaction_id)


def _base(tx: ReadTx, viewer: Viewer, counterparty_id: int, based_on_id: int | None) -> Any:
    if based_on_id is None:
        return None
    client_id, _line = get_interaction(tx, viewer, based_on_id)
    if client_id != counterparty_id:
        raise NotFound("There is nothing with the number %(id)s in a history.", id=based_on_id)
    return tx.row(select(interaction).where(interaction.c.id == based_on_id))


def _direction(kind: str, direction: str) -> str:
    if kind not in KINDS:
        raise Invalid("There is no kind “%(kind)s” of what happened.", kind=kind, field="kind")
    if direction not in ("", "in", "out"):
        raise Invalid("Who called whom is “in” or “out”.", field="direction")
    return direction


def _read(subject: str, body: str, minutes: int, happened_at: int | None) -> dict[str, Any]:
    subject, body = " ".join(subject.split()), body.strip()
    if len(subject) > LONGEST_SUBJECT:
        raise Invalid("This text is longer than %(count)s characters.", count=LONGEST_SUBJECT, field="subject")
    if len(body) > LONGEST_BODY:
        raise Invalid("This text is longer than %(count)s characters.", count=LONGEST_BODY, field="body")
    if not 0 <= minutes <= LONGEST_MINUTES:
        raise Invalid("It cannot have taken that long.", field="minutes")
    now = clock.now()
    moment = now if happened_at is None else happened_at
    if moment > now or moment < 0:
        raise Invalid("Choose a moment that has been already.", field="happened_at")
    return {"subject": subject, "body": body, "minutes": minutes, "happened_at": moment}


def _tell_person(tx: WriteTx, kind: str, contact_id: int | None) -> None:
    """Rules about people ask what touched them, and nothing else of histories."""
    if kind == TOUCH and contact_id is not None:
        record_change(tx, "contact.touched", contact_id)


def _tell(tx: WriteTx, kind: str, interaction_id: int, counterparty_id: int, scope_id: int) -> None:
    fields = {"counterparty_id": counterparty_id}
    record_change(tx, kind, interaction_id, scope_id=None if scope_id == HOUSE else scope_id, fields=fields)

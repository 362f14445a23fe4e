"""What may become of a delivery: every move that is allowed, each with its sentence. Nothing else ever happens."""

from __future__ import annotations

from typing import Literal, get_args

from core.errors import Conflict

State = Literal[
    "queued", "sending", "sent", "deferred", "failed", "unknown", "bounced", "complained", "cancelled"
]  # fmt: skip
Kind = Literal["personal", "automatic", "transactional", "mailing"]
STATES: tuple[State, ...] = get_args(State)

MOVES: dict[tuple[State, State], str] = {
    ("queued", "sending"): "A connection took it under its lease.",
    ("queued", "cancelled"): "Somebody cancelled it, or its address must not be written to.",
    ("queued", "bounced"): "The first copy of a letter that was to be repeated came back.",
    ("sending", "queued"): "Its connection or process ended before the letter was handed over.",
    ("sending", "cancelled"): "Its address was suppressed while it was on its way to the relay.",
    ("sending", "sent"): "The relay took it.",
    ("sending", "deferred"): "The relay said: later.",
    ("sending", "failed"): "The relay refused it, or it was tried for too long.",
    ("sending", "unknown"): "It was handed over and no answer came.",
    ("deferred", "sending"): "It is time for the next try.",
    ("deferred", "queued"): "Somebody wants it to be tried now.",
    ("deferred", "cancelled"): "Somebody cancelled it, or its address must not be written to.",
    ("deferred", "bounced"): "The first copy of a letter that was to be repeated came back.",
    ("unknown", "queued"): "It is sent again, with the same Message-ID.",
    ("unknown", "sent"): "Somebody found out that it arrived.",
    ("unknown", "failed"): "Somebody found out that it did not arrive.",
    ("unknown", "bounced"): "It came back, so it had been taken.",
    ("unknown", "complained"): "Its reader complained, so it had arrived.",
    ("sent", "bounced"): "It came back.",
    ("sent", "complained"): "Its reader called it junk.",
    ("bounced", "queued"): "Somebody wants it to be tried again.",
    ("bounced", "complained"): "Its reader called it junk.",
    ("failed", "queued"): "Somebody wants it to be tried again.",
}


def may_become(now: State, then: State) -> bool:
    """True for a move of the table."""
    return (now, then) in MOVES


def demand_move(now: State, then: State) -> None:
    """Raise Conflict for a move that is not in the table."""
    if not may_become(now, then):
        raise Conflict("This letter has moved on in the meantime.", now=now, then=then)

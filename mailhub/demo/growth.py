"""What the company of the demo knows of its clients beyond letters, its segments, and a mailing in the making."""

from __future__ import annotations

from datetime import UTC, datetime
from random import Random

from sqlalchemy import select

from core import clock
from core.database import WriteTx
from crm.attributes import NewChoice, add_attribute, set_values
from crm.parties.tables import counterparty
from crm.segments import add_members, add_segment
from crm.staff.readable import Viewer
from mailhub.campaigns.letters import save_letter
from mailhub.campaigns.mailings import Choice, add_mailing, set_choices
from mailhub.campaigns.making import Foot, make_letter

PUMPS = ("Centrifugal", "Submersible", "Dosing", "Vacuum")
SEGMENTS = (
    ("Wait for our answer", "letters.last_from", "eq", "them"),
    ("Wrote this month", "letters.last_in", "within_days", 30),
)
CALLED = 6
SUBJECT = "{{ client.name }}: spare parts before the winter"
LETTER = """Dear {{ contact.name | default("colleagues") }},

the stock for the **winter season** is complete: seals, bearings and couplings leave the same day.

- orders until 15 December come at the prices of this year;
- whoever takes ten sets pays for nine.

{{ manager.name | default("Your manager") }} will gladly put an order together for you.
"""
WHY, LEAVE = "You get this letter because you are a client of Delta Pumps.", "Unsubscribe"


def know_clients(tx: WriteTx, helen: Viewer, sales_id: int, zone: str) -> None:
    """Fields with values, segments by rule and by hand, and a mailing that waits for its last look."""
    ids = [int(one) for one in tx.values(select(counterparty.c.id).order_by(counterparty.c.id))]
    _fill_fields(tx, ids)
    segments = {}
    for name, field, op, value in SEGMENTS:
        rule = {"all": [{"field": field, "op": op, "value": value}]}
        segments[name] = add_segment(tx, helen, name, "counterparties", rule=rule, zone=zone)
    called = add_segment(tx, helen, "To call before the new year", "counterparties")
    add_members(tx, helen, called, ids[:CALLED])
    mailing = add_mailing(tx, helen, "Winter season", sales_id)
    made = make_letter("markdown", SUBJECT, LETTER, Foot(WHY, LEAVE))
    save_letter(tx, helen, mailing, "markdown", LETTER, made, seen=0)
    set_choices(tx, helen, mailing, [Choice(True, "segment", segments["Wrote this month"])])


def _fill_fields(tx: WriteTx, ids: list[int]) -> None:
    kind = add_attribute(tx, "counterparty", "Pumps", "choices", choices=[NewChoice(one) for one in PUMPS])
    parked = add_attribute(tx, "counterparty", "Pumps in use", "number", listed=True)
    until = add_attribute(tx, "counterparty", "Contract until", "date", listed=True)
    rng = Random(7)  # noqa: S311 — an invented company
    year = datetime.fromtimestamp(clock.now() // clock.SECOND, UTC).year
    for client_id in ids:
        chosen = rng.sample([one.key for one in kind.choices], rng.randint(1, 2))
        told = {kind.key: chosen, parked.key: rng.randint(1, 40)}
        if rng.random() < 0.7:
            told[until.key] = f"{year + rng.randint(0, 2)}-{rng.randint(1, 12):02}-{rng.randint(1, 28):02}"
        set_values(tx, "counterparty", counterparty, client_id, told)

"""What the company of the demo buys and from whom, what its mailings are about, and its automatic letters."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select

from core import clock
from core.database import WriteTx
from crm.documents import add_item
from crm.marketing import Party, add_marketing_event, touch_parties
from crm.parties import add_channel, update_counterparty
from crm.parties.tables import counterparty
from crm.staff.readable import Viewer
from crm.suppliers import NewPrice, Terms, add_prices, agree
from mailhub.automatic.rules import add_rule, letter_data, note_tried, switch_on
from mailhub.automatic.shapes import Told
from mailhub.campaigns.joining import add_form
from mailhub.campaigns.making import Foot, make_letter
from mailhub.campaigns.topics import add_topic

DAY = 24 * 60
# Name, code, unit, group, price in hryvnia at the first supplier.
ITEMS = (
    ("Bearing 6306", "B-6306", "pcs", "Bearings", 184),
    ("Bearing 6204", "B-6204", "pcs", "Bearings", 96),
    ("Mechanical seal 40 mm", "S-40", "pcs", "Seals", 640),
    ("Impeller NDC-40", "I-40", "pcs", "Spare parts", 2_910),
    ("Coupling GR-38", "C-38", "set", "Spare parts", 1_240),
    ("Motor 5.5 kW", "M-55", "pcs", "Motors", 18_700),
)
TERMS = (
    ("30 % ahead, the rest on delivery", "to our warehouse", 14, 21, 5_000_00),
    ("within the month", "free carrier, their warehouse", 30, 10, None),
    ("ahead", "by courier", 0, 5, 1_000_00),
)
TOPICS = (
    ("Prices and stock", "new price lists, at most once a month"),
    ("New pumps", "what is new, with drawings"),
    ("Invitations", "exhibitions and open days"),
)
FORM = ("News of Delta Pumps", "I want to hear of news and prices by e-mail. I can leave at any time.")
WHY, LEAVE = "You get this letter because you are a client of Delta Pumps.", "Unsubscribe"
# Name, when, subject, letter, whether it is on.
RULES = (
    (
        "Before a meeting", Told("event", minutes=-DAY, what="meeting", hours="working"),
        "Until {{ event.time }} on {{ event.date }}",
        "Dear {{ contact.name | default('colleagues') }},\n\nwe look forward to **{{ event.subject }}**.", True,
    ),
    (
        "Contract ends",
        Told("date", minutes=-30 * DAY, field="counterparty.attributes.contract_until", hours="working", cap_days=7),
        "Your contract ends on {{ date.day }}",
        "Dear {{ contact.name | default('colleagues') }},\n\nshall we prepare the next one?", True,
    ),
    (
        "No answer", Told("silence", minutes=5 * DAY, hours="working"), "{{ letter.subject }}: did it reach you?",
        "Dear {{ contact.name | default('colleagues') }},\n\nwe are glad to answer what is still open.", False,
    ),
)  # fmt: skip


CHANNELS = ("Exhibition", "Our site", "A friend’s advice")


def know_trade(tx: WriteTx, helen: Viewer, sales_id: int) -> None:
    """Items with suppliers and their prices, channels, an exhibition, topics with a form for signing up, and rules for
    automatic letters."""
    _buy(tx, helen)
    _advertise(tx, helen)
    for name, about in TOPICS:
        add_topic(tx, helen, name, about)
    add_form(tx, helen, *FORM)
    for name, told, subject, source, on in RULES:
        made = make_letter("markdown", subject, source, Foot(WHY, LEAVE))
        number = add_rule(tx, helen, sales_id, name, told, letter_data("markdown", source, made))
        if on:
            note_tried(tx, helen, number, 1)
            switch_on(tx, helen, number)


def _advertise(tx: WriteTx, helen: Viewer) -> None:
    """By what the first clients came, and who was at our stand."""
    channels = [add_channel(tx, name) for name in CHANNELS]
    began = clock.to_datetime(clock.now()) - timedelta(days=20)
    days = {"date_from": str(began.date()), "date_to": str((began + timedelta(days=3)).date())}
    fair = add_marketing_event(
        tx, helen, name="Agro Fair", kind="exhibition", channel_id=channels[0], currency="UAH", planned=18_000_000,
        spent=16_450_000, responsible_id=helen.user_id, about="Hall 4, stand 12.", **days,
    )  # fmt: skip
    add_marketing_event(
        tx, helen, name="Spring webinar", kind="webinar", channel_id=channels[1], currency="UAH", planned=1_200_000
    )
    ids = tx.values(select(counterparty.c.id).order_by(counterparty.c.id).limit(6))
    for client_id, channel_id in zip(ids, channels * 2, strict=False):
        update_counterparty(tx, client_id, channel_id=channel_id)
    at = clock.from_datetime(began + timedelta(days=1))
    touch_parties(tx, helen, fair, [Party(one) for one in ids[::2]], "visited", at=at, note="Asked for seals")


def _buy(tx: WriteTx, helen: Viewer) -> None:
    ids = [add_item(tx, name, code=code, unit=unit, group=group) for name, code, unit, group, _ in ITEMS]
    parties = tx.rows(select(counterparty.c.id, counterparty.c.roles).order_by(counterparty.c.id))
    suppliers = [row.id for row in parties if "supplier" in row.roles]
    begin = str((clock.to_datetime(clock.now()) - timedelta(days=60)).date())
    for number, (supplier_id, told) in enumerate(zip(suppliers, TERMS, strict=False)):
        payment, delivery, paid, lead, least = told
        agree(tx, helen, Terms(supplier_id, "UAH", payment, delivery, paid, lead, least))
        prices = [
            NewPrice(item_id, one[4] * (100 + 7 * number), "UAH", begin)
            for item_id, one in zip(ids[number:], ITEMS[number:], strict=True)
        ]
        add_prices(tx, helen, supplier_id, prices)

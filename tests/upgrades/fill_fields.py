"""A field that somebody added, what a client and a person have of it, and what asks for it."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from core.database import WriteTx
from crm.attributes import NewChoice, add_attribute, set_uses
from crm.documents import NewLine, add_document, add_file, add_item
from crm.documents.verbs import Told
from crm.interactions import add_interaction
from crm.marketing import Party, add_marketing_event, touch_parties
from crm.parties import update_contact, update_counterparty
from crm.staff.readable import Viewer
from crm.suppliers import NewPrice, Terms, add_prices, agree
from mailhub.notices.mornings import set_hour


def fill_suppliers(tx: WriteTx, viewer: Viewer, client: int) -> None:
    """What was agreed with a supplier, and a price."""
    agree(tx, viewer, Terms(client, "UAH", "50/50", "EXW", 14, 10, 100_000))
    add_prices(tx, viewer, client, [NewPrice(1, 120_050, "UAH", "2026-01-01", quantity=10_000)])


def fill_marketing(tx: WriteTx, viewer: Viewer, client: int) -> None:
    """An exhibition that touched a client."""
    fair = add_marketing_event(
        tx, viewer, name="Агро 2026", kind="exhibition", channel_id=1, currency="UAH", planned=1_000_000, spent=950_050,
        date_from="2026-11-01", responsible_id=viewer.user_id,
    )  # fmt: skip
    touch_parties(tx, viewer, fair, [Party(client)], "visited", note="Asked for pumps")


def fill_fields(tx: WriteTx, viewer: Viewer, client: int, person: int) -> None:
    """A row into every table of the fields, and the hour of somebody's letter of the morning."""
    sizes = [NewChoice("Small"), NewChoice("Large")]
    region = add_attribute(tx, "counterparty", "Регіон", "text", group="Sales")
    add_attribute(tx, "counterparty", "Sizes", "choices", choices=sizes)
    add_attribute(tx, "contact", "Credit limit", "money", currency="UAH")
    update_counterparty(tx, client, attributes={region.key: "Одеса", "sizes": ["Large"]})
    update_contact(tx, person, attributes={"credit_limit": 120_050})
    set_uses(tx, "segment 1", [region.id])
    mood = add_attribute(tx, "interaction", "Mood", "text")
    told = {"body": "Calls again", "attributes": {mood.key: "Good"}}
    add_interaction(tx, viewer, client, "call", **told)  # type: ignore[arg-type]
    set_hour(tx, viewer, 8, ZoneInfo("Europe/Kyiv"))


def fill_documents(tx: WriteTx, viewer: Viewer, client: int) -> None:
    """An offer with its file, and a refusal on its basis."""
    pump = add_item(tx, "Помпа P-5", code="P-5", unit="pcs", group="Помпи")
    lines = [NewLine(quantity=2500, price=120_050, item_id=pump), NewLine("Delivery", price=5_000)]
    told: Told = {"kind": "offer", "number": "15", "date": "2026-11-18", "currency": "UAH", "profit": 20_000}
    offer = add_document(tx, viewer, client, external_id="offer-15", lines=lines, **told)
    add_file(tx, viewer, offer, "offer.pdf", "application/pdf", (bytes(32), 10))
    told = {"kind": "refusal", "date": "2026-11-19", "reason": "Too dear"}
    add_document(tx, viewer, client, based_on_id=offer, **told)

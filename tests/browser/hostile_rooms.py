"""Attacks in the rooms of clients: fields, documents, items, suppliers, segments, doubles, tables that come in."""

from __future__ import annotations

from core import clock
from core.database import WriteTx
from crm.attributes import NewChoice, add_attribute, set_values
from crm.documents import NewLine, add_document, add_item
from crm.doubles.tables import double_pair
from crm.marketing import WAYS, Party, add_marketing_event, touch_parties
from crm.parties import add_channel, add_counterparty, change_channel, get_contact, update_counterparty
from crm.parties.tables import counterparty
from crm.planner import Plan, get_planned
from crm.planner.tables import event
from crm.segments import add_members, add_segment
from crm.segments.preparing import prepare_part
from crm.staff.readable import Viewer
from crm.suppliers import NewPrice, Terms, add_prices, agree
from crm.transfer.imports import Looked, start_import
from mailhub.inviting.guests import tell
from mailhub.inviting.tables import event_answer, event_guest, event_invitation
from mailhub.mailboxes.planning import plan
from tests.browser.hostile_house import Filled, Vectors
from tests.browser.hostile_mailings import say_in_mailings

FIELDS = 12


def say_in_rooms(tx: WriteTx, viewer: Viewer, vectors: Vectors, filled: Filled) -> None:
    """Whatever people write there, of the client of the house; ``filled`` learns what stands there."""
    client = filled.ids["client_id"]
    _fields(tx, vectors, client)
    _documents(tx, viewer, vectors, filled)
    _channels(tx, vectors, client)
    filled.ids["marketing_id"] = _marketing(tx, viewer, vectors, client)
    said = {"all": [{"field": "name", "op": "contains", "value": vectors.take(100)}]}
    by_hand = add_segment(tx, viewer, vectors.take(100), "counterparties")
    add_members(tx, viewer, by_hand, [client])
    filled.ids |= {
        "segment_id": add_segment(tx, viewer, vectors.take(100), "counterparties", rule=said),
        "party_id": client,
    }
    while prepare_part(tx, 1000) is not None:
        pass
    about = {"format": "xlsx", "encoding": "", "delimiter": "", "sheet": vectors.take(30), "sheets": [vectors.take(30)]}
    heads = [vectors.take(100) for _ in range(FIELDS)]
    looked = Looked(about, heads, [[vectors.take(100) for _ in heads] for _ in range(3)], 3)
    filled.ids["transfer_id"] = start_import(tx, viewer, vectors.take(100), 10, looked).id
    _doubles(tx, vectors, client)
    _guests(tx, viewer, vectors, filled)
    say_in_mailings(tx, viewer, vectors, filled, by_hand)


def _fields(tx: WriteTx, vectors: Vectors, client: int) -> None:
    for _ in range(FIELDS):
        made = add_attribute(tx, "counterparty", vectors.take(80), "text", listed=True, group=vectors.take(60))
        set_values(tx, "counterparty", counterparty, client, {made.key: vectors.take(300)})
    offered = [NewChoice(vectors.take(60)) for _ in range(FIELDS)]
    chosen = add_attribute(tx, "counterparty", vectors.take(80), "choices", choices=offered)
    set_values(tx, "counterparty", counterparty, client, {chosen.key: [one.key for one in chosen.choices]})


def _documents(tx: WriteTx, viewer: Viewer, vectors: Vectors, filled: Filled) -> None:
    item = add_item(tx, vectors.take(100), code=vectors.take(60), group=vectors.take(100))
    filled.ids["item_id"] = item
    agree(tx, viewer, Terms(filled.ids["client_id"], "EUR", vectors.take(200), vectors.take(200), 14, 10, 100))
    add_prices(tx, viewer, filled.ids["client_id"], [NewPrice(item, 500, "EUR", "2026-01-01")])
    lines = [NewLine(price=500, item_id=item), *(NewLine(price=1, text=vectors.take(200)) for _ in range(FIELDS))]
    filled.ids["document_id"] = add_document(
        tx, viewer, filled.ids["client_id"], kind="refusal", date="2026-11-18", currency="EUR", number=vectors.take(60),
        reason=vectors.take(200), note=vectors.take(300), lines=lines,
    )  # fmt: skip


def _channels(tx: WriteTx, vectors: Vectors, client: int) -> None:
    for _ in range(FIELDS):
        made = add_channel(tx, vectors.take(100))
    update_counterparty(tx, client, channel_id=made)
    change_channel(tx, add_channel(tx, vectors.take(100)), ended=True)


def _guests(tx: WriteTx, viewer: Viewer, vectors: Vectors, filled: Filled) -> None:
    """A meeting somewhere with guests, one of whom has answered to a time."""
    starts = clock.iso(clock.now() + clock.DAY)[:16]
    told = Plan(
        "meeting", vectors.take(200), starts, "Europe/Kyiv", viewer.user_id, counterparty_id=filled.ids["client_id"],
        contact_ids=(filled.ids["contact_id"],), place=vectors.take(300),
    )  # fmt: skip
    filled.ids["planned_id"] = plan(tx, viewer, told)
    row = tx.get(event, get_planned(tx, viewer, filled.ids["planned_id"]).event_id)
    words, person = vectors.take(900), get_contact(tx, filled.ids["contact_id"])
    known = {"words": words, "told": tell(tx, row, words).written(), "version": 1, "timed": 1}
    tx.insert_many(
        event_invitation,
        [{"event_id": row.id, "mailbox_id": filled.ids["box_id"], "by_id": viewer.user_id, **known}],
    )
    letter = {"told": 1, "told_before": 0, "message_id": filled.ids["message_id"]}
    guest = {"contact_id": person.id, "address": person.emails[0]}
    guest_id = tx.insert(event_guest, event_id=row.id, **guest, **letter)
    now = {"stamped_at": clock.now(), "answered_at": clock.now()}
    answer = {"answer": "declined", "version": 1, "message_id": filled.ids["message_id"], **now}
    tx.insert_many(event_answer, [{"guest_id": guest_id, "key": key, **answer} for key in ("", vectors.take(100))])


def _marketing(tx: WriteTx, viewer: Viewer, vectors: Vectors, client: int) -> int:
    said = {"name": vectors.take(200), "kind": "other", "currency": "EUR", "about": vectors.take(300)}
    made = add_marketing_event(tx, viewer, **said)  # type: ignore[arg-type]
    for way in WAYS:
        touch_parties(tx, viewer, made, [Party(client)], way, note=vectors.take(300))
    return made


def _doubles(tx: WriteTx, vectors: Vectors, client: int) -> None:
    other = add_counterparty(tx, vectors.take(100))
    tx.insert(
        double_pair, one_id=min(client, other), other_id=max(client, other), state="open", strength=70,
        reasons=["name"], search_id=1,
    )  # fmt: skip

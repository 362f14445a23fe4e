"""Attacks in the rooms of mailings: letters to many, letters that go by themselves, topics and sign-up forms."""

from __future__ import annotations

import re

from core import clock
from core.database import WriteTx
from crm.staff.readable import Viewer
from mailhub.automatic.rules import add_rule
from mailhub.automatic.shapes import parse_told
from mailhub.automatic.tables import automatic_letter
from mailhub.campaigns.joining import add_form
from mailhub.campaigns.letters import save_letter
from mailhub.campaigns.mailings import Choice, add_mailing, set_choices
from mailhub.campaigns.making import Foot, make_letter
from mailhub.campaigns.topics import add_topic
from mailhub.outbound.tables import recipient
from tests.browser.hostile_house import Filled, Vectors


def say_in_mailings(tx: WriteTx, viewer: Viewer, vectors: Vectors, filled: Filled, segment_id: int) -> None:
    """Whatever people write there; ``filled`` learns what stands there."""
    _mailing(tx, viewer, vectors, filled, segment_id)
    _automatic(tx, viewer, vectors, filled)
    add_topic(tx, viewer, vectors.take(80), vectors.take(300))
    filled.ids["form_id"] = add_form(tx, viewer, vectors.take(120), vectors.take(1000))


def _mailing(tx: WriteTx, viewer: Viewer, vectors: Vectors, filled: Filled, segment_id: int) -> None:
    """A letter of all attacks, and a recipient whose name and values are some."""
    made = add_mailing(tx, viewer, vectors.take(100), filled.ids["box_id"])
    source = re.sub("[{}]", "", "\n".join(vectors.all)) + "<p>{{ client.name }} {{ contact.name }}</p>"
    letter = make_letter("html", re.sub("[{}]", "", vectors.take(100)), source, Foot("Why", "Leave"))
    save_letter(tx, viewer, made, "html", source, letter, seen=0)
    set_choices(tx, viewer, made, [Choice(True, "segment", segment_id)])
    fields = {"client": {"name": vectors.take(200)}, "contact": {"name": vectors.take(200)}}
    to = tx.insert(
        recipient, mailing_id=made, epoch=1, address="anna@client.example", canonical="anna@client.example",
        domain="client.example", name=vectors.take(200), fields=fields, changed_at=clock.now(),
    )  # fmt: skip
    filled.ids |= {"mailing_id": made, "recipient_id": to}


def _automatic(tx: WriteTx, viewer: Viewer, vectors: Vectors, filled: Filled) -> None:
    """A rule of attacks, and what came of it: in the log stand an address and facts of its occasion."""
    html = re.sub("[{}]", "", "".join(vectors.all))
    letter = {"format": "html", "source": html, "subject": re.sub("[{}]", "", vectors.take(100)), "html": html,
              "plain": vectors.take(300)}  # fmt: skip
    told = parse_told({"kind": "event", "minutes": -60, "words": vectors.take(100)})
    made, now = add_rule(tx, viewer, filled.ids["box_id"], vectors.take(100), told, letter), clock.now()
    for state in ("sent", "held", "waiting"):
        tx.insert(
            automatic_letter, epoch=1, rule_id=made, version=1, scope_id=1, subject_kind="event", subject_id=1,
            due_key=state, counterparty_id=filled.ids["client_id"], state=state, reason="off", due_at=now,
            send_at=now + clock.DAY, address=vectors.take(100), facts={"subject": vectors.take(200)}, changed_at=now,
        )  # fmt: skip
    filled.ids["automatic_id"] = made

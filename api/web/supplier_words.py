"""Suppliers in words: what was agreed, and how they keep it."""

from __future__ import annotations

from api.web.document_words import say_sum
from api.web.shapes import Speaker
from crm.suppliers import Record, Terms


def say_terms(speaker: Speaker, terms: Terms) -> list[str]:
    """What was agreed, thing by thing; nothing of what was not."""
    language = speaker.language
    told = [terms.payment, terms.delivery]
    if terms.payment_days is not None:
        told.append(language.ngettext("paid within %(n)s day", "paid within %(n)s days", terms.payment_days))
    if terms.lead_days is not None:
        told.append(language.ngettext("delivered within %(n)s day", "delivered within %(n)s days", terms.lead_days))
    if terms.least is not None:
        told.append(speaker.say("orders from %(sum)s", sum=say_sum(speaker, terms.least, terms.currency)))
    return [one for one in told if one]


def say_record(speaker: Speaker, record: Record) -> str:
    """How the supplier kept its word over the latest orders, as a sentence."""
    if not record.orders:
        return speaker.say("No orders yet: nothing tells how this supplier keeps its word.")
    language, told = speaker.language, []
    came = len(record.came)
    if record.promised is None:
        told.append(speaker.say("No delivery time is agreed."))
    elif came:
        told.append(
            speaker.say("%(good)s of %(all)s orders came within the agreed time.", good=record.in_time, all=came)
        )
    if record.usual_days is not None:
        told.append(
            language.ngettext(
                "Half of them came within %(n)s day.", "Half of them came within %(n)s days.", record.usual_days
            )
        )
    if not came:
        told.append(speaker.say("Nothing has come yet."))
    if record.overdue:
        told.append(language.ngettext("%(n)s order is overdue.", "%(n)s orders are overdue.", len(record.overdue)))
    return " ".join(told)

"""How pages name what is said of clients: roles, kinds, links."""

from __future__ import annotations

from api.web.shapes import Speaker


def role_words(speaker: Speaker) -> dict[str, str]:
    """What a client may be to us."""
    return {
        "customer": speaker.say("Customer"),
        "supplier": speaker.say("Supplier"),
        "competitor": speaker.say("Competitor"),
        "partner": speaker.say("Partner"),
        "other": speaker.say("Other"),
    }


def address_kinds(speaker: Speaker) -> dict[str, str]:
    """What an address is for."""
    return {
        "": speaker.say("no kind"),
        "work": speaker.say("work"),
        "private": speaker.say("private"),
        "accounts": speaker.say("accounts"),
        "other": speaker.say("other"),
    }


def phone_kinds(speaker: Speaker) -> dict[str, str]:
    """What a telephone is for."""
    return {
        "": speaker.say("no kind"),
        "work": speaker.say("work"),
        "mobile": speaker.say("mobile"),
        "home": speaker.say("home"),
        "accounts": speaker.say("accounts"),
        "other": speaker.say("other"),
    }


def place_words(speaker: Speaker) -> dict[str, str]:
    """What a client is to the one above it."""
    return {
        "": speaker.say("belongs to"),
        "holding": speaker.say("company of the holding"),
        "department": speaker.say("department of"),
    }


def reason_words(speaker: Speaker) -> dict[str, str]:
    """Why a client may be the one that is entered."""
    return {
        "tax_number": speaker.say("the same tax number"),
        "address": speaker.say("the same address"),
        "phone": speaker.say("the same telephone"),
        "domain": speaker.say("the same domain"),
        "name": speaker.say("a name alike"),
    }


def kind_words(speaker: Speaker) -> dict[str, str]:
    """What happened, as filters of the timeline name it, in their order."""
    return {
        "letter": speaker.say("Letters"),
        "call": speaker.say("Calls"),
        "meeting": speaker.say("Meetings"),
        "negotiation": speaker.say("Negotiations"),
        "task": speaker.say("Tasks"),
        "promise": speaker.say("Promises"),
        "document": speaker.say("Documents"),
        "mailing": speaker.say("Mailings"),
        "touch": speaker.say("Touches"),
        "wish": speaker.say("Wishes"),
        "change": speaker.say("Changes of hands"),
        "note": speaker.say("Notes"),
    }


def one_kind(speaker: Speaker) -> dict[str, str]:
    """One thing that somebody writes into the timeline."""
    return {
        "note": speaker.say("Note"),
        "call": speaker.say("Call"),
        "meeting": speaker.say("Meeting"),
        "negotiation": speaker.say("Negotiation"),
        "wish": speaker.say("Wish"),
    }


def line_kinds(speaker: Speaker) -> dict[str, str]:
    """One line of the timeline that is no letter."""
    return one_kind(speaker) | {
        "task": speaker.say("Task"),
        "promise": speaker.say("Promise"),
        "document": speaker.say("Document"),
        "mailing": speaker.say("Mailing"),
        "touch": speaker.say("Touch"),
        "change": speaker.say("Handed over"),
    }

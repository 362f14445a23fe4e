"""Signing up, alike on the form and in the interface: the letter with the link that confirms it."""

from __future__ import annotations

from urllib.parse import urlsplit

from core.database import WriteTx
from mailhub.campaigns.joining import Asked, ask
from mailhub.outbound.house_letters import post_house_letter
from mailhub.runtime import House

PATH = "/join"
TRAP = "website"
"""A field that no person sees: who fills it in is a machine."""


def sign_up(tx: WriteTx, house: House, form_id: int, asked: Asked, peer: str) -> None:
    """Write to whoever signed up. Says nothing of whether the address is known here. Raises NotFound, Invalid,
    TooMuch."""
    begun = ask(tx, house.keys, form_id, asked, peer, house.stamp.epoch)
    if begun is None:
        return
    form, token = begun
    speak = house.speak(asked.language)
    base = house.settings.web.base_url.rstrip("/")
    company = house.settings.company.name or urlsplit(base).netloc
    text = speak.gettext(
        "Somebody, you perhaps, asked that %(company)s sends mailings to this address (%(title)s).\n\n"
        "If it was you, confirm it here within a week:\n%(url)s\n\n"
        "If not, do nothing: without it nothing is sent to you, and your address is forgotten.\n",
        company=company, title=form.title, url=f"{base}{PATH}/confirm/{token}",
    )  # fmt: skip
    subject = speak.gettext("Please confirm: mailings of %(company)s", company=company)
    post_house_letter(tx, house.keys, asked.address.strip(), subject, text, name=asked.name[:120])

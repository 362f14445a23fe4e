"""A site in Chromium: a house with its pages, two colleagues and a stranger, and letters sent to it over SMTP."""

from __future__ import annotations

import smtplib
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from email.message import EmailMessage
from email.policy import SMTP
from functools import cache
from typing import Any, TypeVar

from playwright.sync_api import Browser, Page

from core.database import WriteTx
from crm.parties import add_contact, add_counterparty
from crm.staff.people import add_user, find_user_by_email, hash_password
from crm.staff.rights import RIGHTS, add_grant
from crm.staff.sessions import start_session
from mailhub.mailboxes.boxes import add_mailbox
from mailhub.runtime import House
from tests.support.house import send

T = TypeVar("T")
PASSWORD = "a long password"
STREAM = "/api/v1/events"


@cache
def hashed() -> str:
    """Everybody's password as it is stored: hashing takes long on purpose, so once is enough."""
    return hash_password(PASSWORD)


def found(tx: WriteTx, password: str) -> None:
    oksana = add_user(tx, "oksana@firm.example", "Oksana Lysenko", password_hash=password, language="en")
    petro = add_user(tx, "petro@firm.example", "Petro Hnatiuk", password_hash=password, language="en")
    add_user(tx, "stranger@firm.example", "Nobody Special", password_hash=password, language="en")
    for address, name in (("sales@firm.example", "Sales"), ("claims@firm.example", "Claims")):
        box = add_mailbox(tx, address, name, "public")
        for right in RIGHTS:
            add_grant(tx, box.scope_id, right, user_id=oksana)
            add_grant(tx, box.scope_id, right, user_id=petro)
    client = add_counterparty(tx, "Balkan Logistic", domains=["balkan.example"], manager_id=None)
    add_contact(tx, "Georgi Petrov", emails=["georgi@balkan.example"], counterparty_id=client, position="Purchasing")


def _begin_session(tx: WriteTx, email: str) -> str:
    person = find_user_by_email(tx, email)
    assert person is not None, f"the site has no {email}"
    return start_session(tx, person.id, peer="127.0.0.1", agent="Chromium")


class Site:
    def __init__(self, house: House, url: str, chromium: Browser) -> None:
        self.house, self.url, self.chromium = house, url, chromium
        self.faults: list[str] = []

    def sign_in(self, name: str = "oksana", **options) -> Page:
        """A page of somebody who is signed in, whose scripts answer and whose stream of changes is open: later ones are
        seen at once. The form of the sign-in is used where it is tried (``test_entry``, ``test_hostile_words``).

        A service worker would hide requests from `page.route`, so there is none unless a test asks for it.
        """
        options = {"viewport": {"width": 1366, "height": 768}, "service_workers": "block", **options}
        context = self.chromium.new_context(**options)
        secret = self.do(_begin_session, f"{name}@firm.example")
        cookie = {"name": "mailhub", "value": secret, "url": self.url, "httpOnly": True, "sameSite": "Lax"}
        context.add_cookies([cookie])
        page = context.new_page()
        page.on("console", lambda said: self.faults.append(said.text) if said.type == "error" else None)
        page.on("pageerror", lambda fault: self.faults.append(str(fault)))
        scripts = options.get("java_script_enabled", True)
        with page.expect_response(lambda answer: STREAM in answer.url) if scripts else nullcontext():
            page.goto(f"{self.url}/waiting")  # until its scripts answer keys
        return page

    def do(self, verb: Callable[..., T], *told: Any) -> T:
        """Write in the database of the house: Playwright has an event loop in this thread."""
        with ThreadPoolExecutor(1) as elsewhere:
            return elsewhere.submit(self.house.database.write_now, verb, *told).result()

    def write(
        self,
        subject: str,
        text: str = "Two of them came with rust.",
        *,
        sender: str = "georgi@balkan.example",
        to: str = "claims@firm.example",
        html: str | None = None,
        by_way_of: int | None = None,
    ) -> None:
        """Send a letter over SMTP, to the house itself or to the port of a relay."""
        letter = EmailMessage(policy=SMTP)
        letter["From"] = f"Georgi Petrov <{sender}>"
        letter["To"], letter["Subject"] = to, subject
        letter["Message-ID"] = f"<{time.monotonic_ns()}@balkan.example>"
        letter.set_content(text)
        if html:
            letter.add_alternative(html, subtype="html")
        raw = letter.as_bytes()
        if by_way_of is None:
            send(self.house, raw, [to], sender=sender)
        else:
            with smtplib.SMTP("127.0.0.1", by_way_of, timeout=20) as client:
                client.sendmail(sender, [to], raw)

"""A site in Chromium: a house with its pages, two colleagues and a stranger, and letters sent to it over SMTP."""

from __future__ import annotations

import smtplib
import time
from contextlib import nullcontext
from email.message import EmailMessage
from email.policy import SMTP

from playwright.sync_api import Browser, Page, expect

from core.database import WriteTx
from crm.parties import add_contact, add_counterparty
from crm.staff.people import add_user
from crm.staff.rights import RIGHTS, add_grant
from mailhub.mailboxes.boxes import add_mailbox
from mailhub.runtime import House
from tests.support.house import send

PASSWORD = "a long password"
STREAM = "/api/v1/events"


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


class Site:
    def __init__(self, house: House, url: str, chromium: Browser) -> None:
        self.house, self.url, self.chromium = house, url, chromium
        self.faults: list[str] = []

    def sign_in(self, name: str = "oksana", **options) -> Page:
        """Sign in and wait until the scripts answer and the stream of changes is open: later ones are seen at once.

        A service worker would hide requests from `page.route`, so there is none unless a test asks for it.
        """
        options = {"viewport": {"width": 1366, "height": 768}, "service_workers": "block", **options}
        context = self.chromium.new_context(**options)
        page = context.new_page()
        page.on("console", lambda said: self.faults.append(said.text) if said.type == "error" else None)
        page.on("pageerror", lambda fault: self.faults.append(str(fault)))
        page.goto(f"{self.url}/login")
        page.get_by_label("Email").fill(f"{name}@firm.example")
        page.get_by_label("Password").fill(PASSWORD)
        scripts = options.get("java_script_enabled", True)
        with page.expect_response(lambda answer: STREAM in answer.url) if scripts else nullcontext():
            page.get_by_role("button", name="Sign in").click()
        expect(page).to_have_url(f"{self.url}/waiting")
        page.wait_for_load_state()  # the scripts answer keys from here on
        return page

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

"""Signing in, in Chromium: a passkey instead of the password, a copy of it told, codes set up and asked for."""

from __future__ import annotations

import re
from base64 import b32decode
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser, CDPSession, Page, expect

from core import clock
from crm.staff.totp import code_at, step_at
from tests.browser.site import PASSWORD, Site, found, hashed
from tests.support.house import running_site, settings_for


@pytest.fixture
def named(chromium: Browser, database_url: str, tmp_path: Path) -> Iterator[Site]:
    """A site that has a name: browsers make no passkeys for a bare number."""
    settings = settings_for(database_url, tmp_path)
    settings = replace(settings, web=replace(settings.web, base_url="http://localhost:0"))
    with running_site(settings) as (house, url):
        with ThreadPoolExecutor(1) as elsewhere:
            elsewhere.submit(house.database.write_now, found, hashed()).result()
        site = Site(house, url, chromium)
        yield site
        for context in list(chromium.contexts):
            context.close()
        assert [fault for fault in site.faults if "401" not in fault] == []


def authenticator(page: Page) -> tuple[CDPSession, str]:
    cdp = page.context.new_cdp_session(page)
    cdp.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True,
        "isUserVerified": True, "automaticPresenceSimulation": True,
    }  # fmt: skip
    return cdp, cdp.send("WebAuthn.addVirtualAuthenticator", {"options": options})["authenticatorId"]


def forget(page: Page) -> None:
    """A browser that nobody has signed in from; away first, as a page whose stream ends goes to the entry itself."""
    page.goto("about:blank")
    page.context.clear_cookies()


def test_a_passkey_instead_of_a_password(named: Site) -> None:
    page = named.sign_in()
    cdp, device = authenticator(page)
    page.goto(f"{named.url}/settings/sign-in")
    page.get_by_label("Name of the passkey").fill("My laptop")
    page.get_by_role("button", name="Add a passkey").click()
    expect(page.get_by_text("My laptop")).to_be_visible()
    forget(page)
    page.goto(f"{named.url}/login?next=/mine")
    page.get_by_role("button", name="Use a passkey").click()
    expect(page).to_have_url(f"{named.url}/mine")
    page.goto(f"{named.url}/settings/sign-in")
    expect(page.get_by_text("Last used").first).to_be_visible()
    # A copy: the same key with the count that it had when it was new.
    (known,) = cdp.send("WebAuthn.getCredentials", {"authenticatorId": device})["credentials"]
    cdp.send("WebAuthn.removeCredential", {"authenticatorId": device, "credentialId": known["credentialId"]})
    cdp.send("WebAuthn.addCredential", {"authenticatorId": device, "credential": {**known, "signCount": 0}})
    forget(page)
    page.goto(f"{named.url}/login")
    page.get_by_role("button", name="Use a passkey").click()
    expect(page.get_by_role("alert")).to_contain_text("may have been copied")
    expect(page).to_have_url(f"{named.url}/login")


def test_a_passkey_without_the_person_is_none(named: Site) -> None:
    """The device asks for nobody's finger: user verification is required."""
    page = named.sign_in()
    cdp, device = authenticator(page)
    cdp.send("WebAuthn.setUserVerified", {"authenticatorId": device, "isUserVerified": False})
    page.goto(f"{named.url}/settings/sign-in")
    page.get_by_role("button", name="Add a passkey").click()
    expect(page.get_by_text("No passkey was made.")).to_be_visible()


def test_codes_are_set_up_and_asked_for(named: Site) -> None:
    page = named.sign_in("petro")
    page.goto(f"{named.url}/settings/sign-in")
    page.get_by_role("link", name="Set up codes").click()
    secret = b32decode(page.locator(".setup-key").inner_text().replace(" ", ""))
    expect(page.locator(".qr svg")).to_be_visible()
    page.get_by_label("The code that it shows now").fill(code_at(secret, step_at(clock.now()) - 1))
    page.get_by_role("button", name="Set up").click()
    codes = page.locator(".recovery-codes li")
    expect(codes).to_have_count(10)
    recovery = codes.first.inner_text()
    page.get_by_role("link", name="I have kept them").click()
    expect(page.get_by_text(re.compile("10 recovery codes are left"))).to_be_visible()
    for code in (code_at(secret, step_at(clock.now())), recovery):
        forget(page)
        page.goto(f"{named.url}/login?next=/mine")
        page.get_by_label("Email").fill("petro@firm.example")
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        page.get_by_label("Code").fill(code)
        page.get_by_role("button", name="Go on").click()
        expect(page).to_have_url(f"{named.url}/mine")

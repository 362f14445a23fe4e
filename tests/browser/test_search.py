"""Search in Chromium in five languages: while one types, by Enter, marked, and on by keys."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.site import Site

ASKED = [
    ("uk", "Рахунки за борошно", "Надсилаємо рахунки за мішки борошна.", "рахунок", "рахунки"),
    ("ru", "Договоры поставки", "Высылаем подписанные договоры.", "договор", "договоры"),
    ("bg", "Нови фактури", "Изпращаме ви фактурите за стоката.", "фактура", "фактурите"),
    ("en", "Delivery of pumps", "The pumps were shipped on Monday.", "ship", "shipped"),
    ("vi", "Hợp đồng mới", "Chúng tôi gửi hợp đồng mới.", "hop dong", "hợp"),
]


@pytest.mark.parametrize(("language", "subject", "text", "query", "marked"), ASKED, ids=[one[0] for one in ASKED])
def test_a_letter_is_found_by_another_form(
    site: Site, language: str, subject: str, text: str, query: str, marked: str
) -> None:
    page = site.sign_in()
    site.write(subject, text=text)
    row = page.locator(".row", has_text=subject)
    expect(row).to_be_visible()

    page.keyboard.press("/")
    page.keyboard.type(query)
    quick = page.locator("#found .quick a", has_text=subject)
    expect(quick).to_be_visible()
    expect(quick.locator("mark").filter(has_text=marked).first).to_be_visible()

    page.keyboard.press("Enter")
    expect(page.locator("#list .row mark").filter(has_text=marked).first).to_be_visible()
    expect(page.locator("#list h1")).to_be_visible()
    page.locator("#list .row-link").first.click()
    expect(page.locator("#subject")).to_have_text(subject)


def test_what_cannot_be_read_says_what_to_write(site: Site) -> None:
    page = site.sign_in()
    page.goto(page.url.partition("/waiting")[0] + "/search?q=is:funny")
    expect(page.locator("#list .empty-place")).to_contain_text("is:funny")
    expect(page.locator("#list .empty-place")).to_contain_text("waiting")

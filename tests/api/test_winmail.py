"""What is inside a winmail.dat comes out of the house like any other file."""

from __future__ import annotations

import asyncio

from tests.api.world import World, picture
from tests.letters.winmail import file, letter, stream, value


def test_files_inside_are_listed_shown_and_served(world: World, loop: asyncio.Runner) -> None:
    bill = b"%PDF-1.4 the bill"
    inside = stream(file(bill, b"BILL~1.PDF", value(0x3707, "Рахунок.pdf")), file(picture(), b"p.png"))
    loop.run(world.deliver("sales", letter(inside, "See the files.", "winmail")))
    manager = world.program("manager")
    newest = max(one["id"] for one in loop.run(manager.get("/api/v1/messages")).json()["items"])
    here = f"/api/v1/messages/{newest}"
    message = loop.run(manager.get(here)).json()
    assert [part["filename"] for part in message["attachments"]] == ["Рахунок.pdf", "p.png"]
    served = loop.run(manager.get(f"{here}/attachments/0"))
    assert (served.body, served.headers["content-type"]) == (bill, "application/pdf")
    assert "%D0%A0%D0%B0%D1%85%D1%83%D0%BD%D0%BE%D0%BA.pdf" in served.headers["content-disposition"]
    assert loop.run(manager.get(f"{here}/attachments/1")).body == picture()
    assert loop.run(manager.get(f"{here}/attachments/1?inline=1")).headers["content-type"] == "image/webp"
    assert loop.run(manager.get(f"{here}/attachments/2")).status == 404
    browser = loop.run(world.browser("manager"))
    page = loop.run(browser.get(f"/mailboxes/{world.boxes['sales'].id}/threads/{message['thread_id']}")).body.decode()
    assert "Рахунок.pdf" in page
    assert f"{here}/attachments/0" in page
    assert "winmail.dat" not in page
    assert loop.run(browser.get(f"{here}/attachments/0")).body == bill

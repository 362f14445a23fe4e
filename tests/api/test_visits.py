"""Links and pictures of mailings as readers and machines ask for them, and what the interface says of it."""

from __future__ import annotations

import asyncio

import pytest

from core.database import WriteTx
from mailhub.campaigns.tables import mailing, mailing_letter
from mailhub.campaigns.visits import shared_addresses, visit_addresses
from mailhub.outbound.tables import recipient
from tests.api.asking import Asker
from tests.api.world import World

AGENT = {"user-agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"}
LINK = "https://firm.example/prices?for={{ contact.name }}"


def test_readers_are_led_on_and_machines_are_told_apart(world: World, loop: asyncio.Runner) -> None:
    loop.run(_journey(world))


async def _journey(world: World) -> None:
    made, row = world.mailings["sales"]
    house = world.house

    def letter(tx: WriteTx) -> int:
        tx.change(mailing, made, tracking="persons", letter_version=1)
        tx.change(recipient, row, fields={"contact": {"name": "Anna Ш"}}, sent_at=1)
        return tx.insert(
            mailing_letter, mailing_id=made, version=1, format="html", subject="S", source="", html="", plain="",
            links=[LINK, "https://firm.example/"], created_at=1,
        )  # fmt: skip

    letter_id = await world.database.write(letter)
    begins, picture = (one.removeprefix("https://x") for one in visit_addresses(house.keys, "https://x", row, 1))
    anybody = Asker(world.app)
    led = await anybody.get(f"{begins}.1", headers=AGENT)
    assert (led.status, led.headers["location"]) == (302, "https://firm.example/prices?for=Anna%20%D0%A8")
    assert led.headers["cache-control"] == "no-store"
    assert (await anybody.ask("HEAD", f"{begins}.2", headers=AGENT)).status == 302
    assert (await anybody.get(picture, headers=AGENT)).headers["content-type"] == "image/gif"
    for wrong in (f"{begins}.9", f"{begins}.https://evil.example", f"{begins[:-1]}.1", begins, "/c/x.1", "/c/.1"):
        answer = await anybody.get(wrong, headers=AGENT)
        assert (answer.status, "location" in answer.headers) == (404, False), wrong
    assert (await anybody.get("/o/nonsense")).status == 200
    assert (await anybody.get(f"{begins}.0", headers=AGENT)).status == 404
    shared = shared_addresses(house.keys, "https://x", letter_id, 1)[0].removeprefix("https://x")
    assert (await anybody.get(f"{shared}.2", headers=AGENT)).headers["location"] == "https://firm.example/"
    await house.visits.write()
    manager = world.program("manager")
    kept = (await manager.get(f"/api/v1/mailings/{made}/visits?recipient_id={row}")).json()["items"]
    assert [(one["kind"], one["link"], "head" in one["evidence"]) for one in reversed(kept)] == [
        ("click", 1, False), ("click", 2, True), ("open", 0, False), ("click", 0, False),
    ]  # fmt: skip
    assert all("honey" in one["evidence"] for one in kept)
    report = (await manager.get(f"/api/v1/mailings/{made}/report")).json()
    assert {(one["kind"], one["url"], one["people"], one["machines"]) for one in report["links"]} == {
        ("open", "", 0, 1), ("click", LINK, 0, 1), ("click", "https://firm.example/", 1, 1), ("click", "", 0, 1),
    }  # fmt: skip
    assert (await world.program("reader").get(f"/api/v1/mailings/{made}/visits")).status == 404
    page = (await manager.get(f"/mailings/{made}?step=when")).body.decode()
    assert 'name="tracking" value="persons" checked' in page


def test_a_scanner_unsubscribes_nobody(world: World, loop: asyncio.Runner) -> None:
    async def scan() -> None:
        _, row = world.mailings["other"]
        begins, picture = (
            one.removeprefix("https://x") for one in visit_addresses(world.house.keys, "https://x", row, 1)
        )
        leave = f"/u/{world.house.keys.sign_token('unsubscribe', [row], 1)}"
        anybody = Asker(world.app)
        for number in range(200):
            path = (f"{begins}.0", picture, leave)[number % 3]
            await anybody.ask(("GET", "HEAD")[number % 2], path, headers=AGENT)
        await world.house.visits.write()
        found = await world.database.read(lambda tx: tx.get(recipient, row))
        assert (found.left_at, found.clicked_at) == (None, None)

    loop.run(scan())


@pytest.mark.parametrize("mode", ["", "everything"])
def test_a_mode_that_is_none_is_refused(world: World, loop: asyncio.Runner, mode: str) -> None:
    made, _ = world.mailings["sales"]
    asked = loop.run(world.program("manager").ask("PATCH", f"/api/v1/mailings/{made}", data={"tracking": mode}))
    assert asked.status == 400

"""How the letters of a mailbox leave, over REST and on the page of settings."""

from __future__ import annotations

import asyncio
from functools import partial

from core.database import WriteTx
from mailhub.outbound.lane_troubles import record_lane_trouble
from tests.api.world import World


def test_who_manages_a_mailbox_chooses_how_its_letters_leave(world: World, loop: asyncio.Runner) -> None:
    loop.run(_choose(world))


async def _choose(world: World) -> None:
    number = world.boxes["sales"].id
    manager, path = world.program("manager"), f"/api/v1/mailboxes/{number}/way"
    assert (await manager.get(path)).json() == {"way": "usual", "server": "", "trouble": None}
    own = {"way": "relay", "relay": "smtps://sales:se%2Fcret@smtp.provider.example"}
    said = {"way": "relay", "server": "smtp.provider.example:465", "trouble": None}
    assert (await manager.ask("PUT", path, data=own)).json() == said
    assert (await manager.ask("PUT", path, data={"way": "relay"})).json() == said
    assert (await manager.ask("PUT", path, data={"way": "relay", "relay": "ftp://x"})).status == 400
    assert (await manager.ask("PUT", path, data={"way": "pigeon"})).status == 400

    def resting(tx: WriteTx) -> None:
        record_lane_trouble(tx, f"mailbox {number}", "The server wants no letters now: %(why)s", {"why": "421"})

    await world.house.database.write(resting)
    assert (await manager.get(path)).json()["trouble"] == "The server wants no letters now: 421"
    browser = await world.browser("manager")
    page = (await browser.get("/settings")).body.decode()
    assert "smtp.provider.example:465" in page
    assert "The server wants no letters now: 421" in page
    assert "cret" not in page.partition('data-setting="ways"')[2].partition("</section>")[0].replace("secret", "")
    form = {"content-type": "application/x-www-form-urlencoded"}
    posted = partial(browser.ask, "POST", f"/settings/mailboxes/{number}/way", headers=form)
    assert (await posted(body=b"way=direct&relay=")).status == 303
    assert (await manager.get(path)).json() == {"way": "direct", "server": "", "trouble": None}
    assert (await posted(body=b"way=relay&relay=")).status == 400, "it has forgotten the one before"
    assert (await manager.ask("PUT", path, data={"way": "usual"})).json()["way"] == "usual"
    for stranger, status in [("executor", 403), ("reader", 403), ("outsider", 404)]:
        assert (await world.program(stranger).get(path)).status == status
        assert (await world.program(stranger).ask("PUT", path, data={"way": "direct"})).status == status

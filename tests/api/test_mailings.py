"""Mailings over REST, and the page on which readers leave."""

from __future__ import annotations

import asyncio

from mailhub.campaigns.leaving import leave_token
from mailhub.campaigns.preparing import Preparing
from mailhub.campaigns.tables import mailing
from tests.api.asking import Asker
from tests.api.world import World

PATH = "/api/v1/mailings"


async def prepared(world: World) -> None:
    house = world.house
    await Preparing(house.database, house.keys, house.stamp, house.boot, explicit=False, inside=True).look()


def test_from_the_letter_to_who_left(world: World, loop: asyncio.Runner) -> None:
    loop.run(_journey(world))


async def _journey(world: World) -> None:
    manager = world.program("manager")
    asked = {
        "name": "Autumn", "mailbox_id": world.boxes["sales"].id, "everybody": True, "recipients": "all",
        "subject": "Prices for {{ client.name }}", "markdown": "Dear {{ contact.name|default('colleagues') }}",
    }  # fmt: skip
    made = (await manager.post(PATH, asked)).json()
    assert (made["state"], made["letter_version"], made["everybody"]) == ("draft", 1, True)
    here = f"{PATH}/{made['id']}"
    assert (await manager.post(f"{here}/start", {"recipients_count": 0})).status == 409
    assert (await manager.post(f"{here}/check", {})).json()["list_state"] == "working"
    await prepared(world)
    checked = (await manager.get(here)).json()
    assert (checked["list_state"], checked["check_state"], checked["faults"]) == ("done", "done", [])
    people = (await manager.get(f"{here}/recipients")).json()["items"]
    count = checked["recipients_count"]
    assert count == sum(not one["excluded"] for one in people) > 0
    reader = next(one for one in people if not one["excluded"])
    shown = (await manager.get(f"{here}/recipients/{reader['id']}/letter")).json()
    assert shown["proved"] is True
    assert shown["subject"].startswith("Prices for ")
    stale = await manager.ask("PUT", f"{here}/letter", data={"version": 0, "subject": "X", "text": "Y"})
    assert stale.status == 409
    wrong = await manager.post(f"{here}/start", {"recipients_count": count + 1})
    assert wrong.status == 409
    started = await manager.post(f"{here}/start", {"recipients_count": count})
    assert (started.status, started.json()["state"]) == (200, "sending")
    assert (await manager.post(f"{here}/start", {"recipients_count": count})).json()["state"] == "sending"
    assert (await manager.post(f"{here}/pause", {})).status == 204
    assert (await world.program("reader").get(here)).status == 404
    await _leaves(world, reader["id"])
    assert (await manager.get(f"{here}/recipients?state=left")).json()["items"][0]["id"] == reader["id"]
    assert (await manager.post(f"{here}/cancel", {})).status == 204


async def _leaves(world: World, recipient_id: int) -> None:
    anybody = Asker(world.app)
    path = f"/u/{leave_token(world.house.keys, recipient_id, world.house.stamp.epoch)}"
    for _ in range(3):
        seen = await anybody.get(path)
        assert seen.status == 200
        assert "Send me no more mailings" in seen.body.decode()
    assert (await anybody.get("/u/nonsense")).status == 404
    form = {"content-type": "application/x-www-form-urlencoded"}
    one_click = await anybody.ask("POST", path, headers=form, body=b"List-Unsubscribe=One-Click")
    assert one_click.status == 200
    assert "You will get no more mailings" in (await anybody.get(path)).body.decode()


def test_a_picture_is_brought_and_shown_to_everybody(world: World, loop: asyncio.Runner) -> None:
    async def bring() -> None:
        mailing_id, _ = world.mailings["other"]
        here, administrator = f"/api/v1/mailings/{mailing_id}/pictures", world.program("administrator")
        pixel = b"GIF89a" + bytes(20)
        made = await administrator.ask("POST", f"{here}?filename=shop.gif", body=pixel)
        assert made.status == 201
        path = "/p/" + made.json()["url"].rpartition("/p/")[2]
        shown = await Asker(world.app).get(path)
        assert (shown.status, shown.body, shown.headers["content-type"]) == (200, pixel, "image/gif")
        assert shown.headers["cross-origin-resource-policy"] == "cross-origin"
        assert "immutable" in shown.headers["cache-control"]
        assert (await administrator.ask("POST", here, body=b"<svg onload=alert(1)>")).status == 400
        assert (await world.program("executor").ask("POST", here, body=pixel)).status == 404
        assert [one["filename"] for one in (await administrator.get(here)).json()["items"]] == ["shop.gif"]
        assert path in (await administrator.get(f"/mailings/{mailing_id}?step=what")).body.decode()
        assert (await administrator.ask("DELETE", f"{here}/{made.json()['id']}")).status == 204
        assert (await Asker(world.app).get(path)).status == 404

    loop.run(bring())


def test_mailings_are_compared(world: World, loop: asyncio.Runner) -> None:
    async def compare() -> None:
        (left, _), (other, _) = world.mailings["sales"], world.mailings["other"]
        counts = {"sent": 6, "bounced": 1, "complained": 1, "answered": 2}
        await world.database.write(lambda tx: tx.change(mailing, left, counts=counts))
        seen = (await world.program("manager").get("/api/v1/mailings/compared")).json()["items"]
        assert [(one["id"], one["sent"]) for one in seen] == [(left, 8)]
        shares = {"delivered": 87.5, "answered": 25.0, "bounced": 12.5, "complained": 12.5, "left": 0.0}
        assert seen[0]["shares"] == shares
        assert (await world.program("outsider").get("/api/v1/mailings/compared")).json()["items"] == []
        assert other != left

    loop.run(compare())

"""An invitation from outside is answered and taken over, by the card of its letter and over REST."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from urllib.parse import urlencode

from core import clock
from mailhub.mailboxes.reading import list_messages
from tests.api.world import World
from tests.inviting.requests import GMAIL, write_request

FORM = {"content-type": "application/x-www-form-urlencoded"}
DAY = (clock.to_datetime(clock.now()) + timedelta(days=3)).strftime("%Y%m%d")


def test_an_invitation_is_answered_by_its_card_and_over_rest(world: World, loop: asyncio.Runner) -> None:
    loop.run(_answered(world))


async def _answered(world: World) -> None:
    manager, reader, outsider = (world.program(who) for who in ("manager", "reader", "outsider"))
    told = {"organizer": "fair@expo.example", "sender": "Fair <fair@expo.example>", "uid": "one@expo.example"}
    raw = write_request(GMAIL, start=f"{DAY}T100000", end=f"{DAY}T110000", number="expo", **told)
    await world.deliver("sales", raw)
    viewer = await world.viewer("manager")
    found = (await world.database.read(list_messages, viewer)).items
    letter = next(one for one in found if one.message_id == "expo@client.example")
    rest, page = f"/api/v1/messages/{letter.id}/invitation", f"/open/threads/{letter.thread_id}"
    seen = (await reader.get(rest)).json()
    assert (seen["state"], seen["invited"], seen["answer"], seen["refused"]) == ("open", "sales@firm.example", "", "")
    assert (await outsider.get(rest)).status == 404
    assert (await outsider.ask("POST", rest, data={"answer": "accepted"})).status == 404
    assert (await reader.ask("POST", rest, data={"answer": "accepted"})).status == 403
    assert (await reader.ask("POST", f"{rest}/calendar", data={})).status == 403
    assert (await manager.ask("POST", rest, data={"answer": "perhaps"})).status == 400
    person, other = await world.browser("manager"), await world.browser("reader")
    shown = (await person.get(page)).body.decode()
    assert all(f">{word}</button>" in shown for word in ("Accept", "Maybe", "Decline", "Add to calendar"))
    assert ">Accept</button>" not in (await other.get(page)).body.decode(), "who may not answer has no buttons"
    body = urlencode({"message_id": letter.id, "act": "accepted"}).encode()
    posted = await person.ask("POST", f"/threads/{letter.thread_id}/invitation", body=body, headers=FORM)
    assert posted.status == 303
    assert "Manager accepted" in (await other.get(page)).body.decode(), "every reader sees it"
    seen = (await manager.get(rest)).json()
    assert (seen["answer"], seen["answered_by_id"]) == ("accepted", world.users["manager"])
    planned = (await manager.get(f"/api/v1/calendar/{seen['planned_id']}")).json()
    assert (planned["subject"], planned["executor_id"]) == ("Виставка, стенд 7", world.users["manager"])
    assert (await outsider.get(f"/api/v1/calendar/{seen['planned_id']}")).status == 404, "seen by who sees the letter"
    key = {"Idempotency-Key": "answer-once"}
    first = (await manager.ask("POST", rest, data={"answer": "declined", "words": "No"}, headers=key)).json()
    again = (await manager.ask("POST", rest, data={"answer": "declined", "words": "No"}, headers=key)).json()
    assert first == again
    seen = (await manager.get(rest)).json()
    assert (seen["answer"], seen["planned_id"], seen["reply_id"]) == ("declined", None, first["message_id"])
    taken = (await manager.ask("POST", f"{rest}/calendar", data={})).json()
    assert (await manager.get(rest)).json()["planned_id"] == taken["planned_id"]
    plain = f"/api/v1/messages/{world.messages['quailsalesone']}/invitation"
    assert (await manager.get(plain)).status == 404
    assert (await manager.ask("POST", plain, data={"answer": "accepted"})).status == 404

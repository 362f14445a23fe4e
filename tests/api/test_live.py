"""The event stream: only what its reader may know, rights asked again each time, an end soon after the session."""

from __future__ import annotations

import asyncio
import json
import time
import urllib.request
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from api import live
from api.cli.web import DRAIN_SECONDS
from crm.staff.people import add_user, disable_user
from crm.staff.rights import add_grant, remove_grant
from crm.staff.sessions import add_token, end_session, start_session
from mailhub.mailboxes.handling import assign_thread
from tests.api.asking import Asker
from tests.api.world import SECRETS, World, letter
from tests.support.house import running_site, settings_for

SETTLED = 0.8


class Heard:
    """What one browser has heard so far."""

    def __init__(self) -> None:
        self.status = 0
        self.raw = b""
        self.began = asyncio.Event()
        self.ended = asyncio.Event()

    @property
    def events(self) -> list[dict[str, Any]]:
        found = []
        for block in self.raw.decode().split("\n\n"):
            lines = dict(line.split(": ", 1) for line in block.splitlines() if line.startswith(("id", "data")))
            if "data" in lines:
                found.append({"id": lines["id"], **json.loads(lines["data"])})
        return found


async def settled(holds: Callable[[], object] = lambda: True) -> None:
    """Until it holds, however slow the machine, and a moment longer for what should not come."""
    async with asyncio.timeout(20):
        while not holds():  # noqa: ASYNC110 - what is heard has no event of its own
            await asyncio.sleep(0.02)
    await asyncio.sleep(SETTLED)


@asynccontextmanager
async def listening(asker: Asker, target: str = "/api/v1/events", **headers: str) -> AsyncIterator[Heard]:
    heard = Heard()
    scope, receive = asker.open("GET", target, headers={key.replace("_", "-"): text for key, text in headers.items()})

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            heard.status = message["status"]
        heard.raw += message.get("body", b"")
        heard.began.set()
        if message["type"] == "http.response.body" and not message.get("more_body", False):
            heard.ended.set()

    task = asyncio.create_task(asker.app(scope, receive, send))
    await asyncio.wait_for(heard.began.wait(), 20)
    try:
        yield heard
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def test_each_hears_of_their_own_threads_alone(world: World, loop: asyncio.Runner) -> None:
    loop.run(_each_hears(world))


async def _each_hears(world: World) -> None:
    people = ("outsider", "reader", "executor", "owner", "administrator")
    async with (
        listening(world.program("outsider")) as outsider,
        listening(world.program("reader")) as reader,
        listening(world.program("executor")) as executor,
        listening(world.program("owner")) as owner,
        listening(world.program("administrator")) as administrator,
    ):
        for box in ("sales", "other", "personal"):
            await world.deliver(box, letter("quailother", 1) if box == "other" else letter(f"quailnew{box}"))
        admin = await world.viewer("administrator")
        await world.database.write(assign_thread, admin, world.threads["quailsalesone"], None)
        await world.database.write(assign_thread, admin, world.threads["quailsalestwo"], world.users["executor"])
        await settled(lambda: reader.events and executor.events and owner.events and administrator.events)
        heard = dict(zip(people, (outsider, reader, executor, owner, administrator), strict=True))
    boxes = {
        who: {event.get("mailbox_id") for event in one.events} - {None} for who, one in heard.items()
    }  # fmt: skip
    ids = {name: box.id for name, box in world.boxes.items()}
    assert boxes == {
        "outsider": set(),
        "reader": {ids["sales"]},
        "executor": {ids["sales"]},
        "owner": {ids["personal"]},
        "administrator": {ids["sales"], ids["other"]},
    }
    assert {event.get("thread_id") for event in heard["executor"].events} == {world.threads["quailsalestwo"]}
    for one in heard.values():
        assert not any(secret in one.raw.decode() for secret in (*SECRETS, "quailnew", "client.example"))


def test_a_planted_leak_is_heard(world: World, loop: asyncio.Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "_may_know", lambda change, viewer, mine: True)

    async def listen() -> list[dict[str, Any]]:
        async with listening(world.program("outsider")) as heard:
            await world.deliver("personal", letter("quailnew"))
            await settled(lambda: heard.events)
        return heard.events

    assert any(event.get("mailbox_id") == world.boxes["personal"].id for event in loop.run(listen()))


def test_a_right_that_moves_is_heard_as_reload_and_ends_the_news(world: World, loop: asyncio.Runner) -> None:
    loop.run(_right_moves(world))


async def _right_moves(world: World) -> None:
    scope_id = world.boxes["sales"].scope_id
    async with listening(await world.browser("reader")) as heard:
        await world.database.write(remove_grant, scope_id, "see", team_id=world.team_id)
        await settled(lambda: heard.events)
        assert [event["kind"] for event in heard.events] == ["reload"]
        await world.deliver("sales", letter("quailnew"))
        await settled()
        assert len(heard.events) == 1
        await world.database.write(add_grant, scope_id, "see", team_id=world.team_id)
        await settled(lambda: len(heard.events) > 1)
        assert [event["kind"] for event in heard.events] == ["reload", "reload"]


def test_it_goes_on_where_the_browser_left_off(world: World, loop: asyncio.Runner) -> None:
    loop.run(_goes_on(world))


async def _goes_on(world: World) -> None:
    async with listening(world.program("reader")) as heard:
        await world.deliver("sales", letter("quailnew"))
        await settled(lambda: heard.events)
        last = heard.events[-1]["id"]
    await world.deliver("sales", letter("quailmissed"))
    for target, headers in ((f"/api/v1/events?after={last}", {}), ("/api/v1/events", {"last_event_id": last})):
        async with listening(world.program("reader"), target, **headers) as again:
            await settled(lambda: again.events)
            assert {event["mailbox_id"] for event in again.events} == {world.boxes["sales"].id}
            assert all(event["id"] != last for event in again.events)
    assert (await world.program("reader").get("/api/v1/events?after=nonsense")).status == 400


@pytest.mark.parametrize("how", ["sign-out", "disabled"])
def test_it_ends_soon_after_the_session(world: World, loop: asyncio.Runner, how: str) -> None:
    loop.run(_ends(world, how))


async def _ends(world: World, how: str) -> None:
    user_id = world.users["reader"]
    secret = await world.database.write(start_session, user_id, peer="", agent="")
    browser = world.with_cookie(secret)
    async with listening(browser) as heard:
        began = time.monotonic()
        if how == "sign-out":
            await world.database.write(end_session, secret)
        else:
            await world.database.write(disable_user, user_id)
        await asyncio.wait_for(heard.ended.wait(), 20)
        assert time.monotonic() - began < 5
    assert (await browser.get("/api/v1/threads")).status == 401


def test_a_stranger_gets_no_stream(world: World, loop: asyncio.Runner) -> None:
    assert loop.run(world.program("nobody").get("/api/v1/events")).status == 401


def test_a_server_that_stops_waits_for_no_stream(
    database_url: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Streams are never done by themselves: each open window would hold the stop up, and end as an error."""
    with running_site(settings_for(database_url, tmp_path)) as (house, url):
        user_id = house.database.write_now(add_user, "a@firm.example", "A")
        _, token = house.database.write_now(add_token, user_id, "test", ["all"])
        asked = urllib.request.Request(f"{url}/api/v1/events", headers={"Authorization": f"Bearer {token}"})
        stream = urllib.request.urlopen(asked, timeout=20)
        assert stream.readline() == b"retry: 2000\n"
        began = time.monotonic()
    assert time.monotonic() - began < DRAIN_SECONDS
    assert stream.read().endswith(b": listening\n\n")
    assert [line.getMessage() for line in caplog.records if line.levelname == "ERROR"] == []

"""Merging, splitting and taking both back over REST, and who sees what meanwhile."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.api.asking import Answer, Asker
from tests.api.world import World


@pytest.fixture
def manager(world: World) -> Asker:
    return world.program("manager")


def post(loop: asyncio.Runner, asker: Asker, to: int, what: str, **data: Any) -> Answer:
    return loop.run(asker.ask("POST", f"/api/v1/threads/{to}/{what}", data=data))


def subjects(loop: asyncio.Runner, asker: Asker, thread_id: int) -> list[int]:
    answer = loop.run(asker.get(f"/api/v1/messages?thread_id={thread_id}"))
    return sorted(one["id"] for one in answer.json()["items"])


def test_merged_split_and_taken_back(world: World, loop: asyncio.Runner, manager: Asker) -> None:
    one, two = world.threads["quailsalesone"], world.threads["quailsalestwo"]
    first, second = world.messages["quailsalesone"], world.messages["quailsalestwo"]
    merged = post(loop, manager, one, "merge", thread_id=two)
    assert (merged.status, merged.json()["id"], merged.json()["message_count"]) == (200, one, 2)
    assert loop.run(manager.get(f"/api/v1/threads/{two}")).json()["id"] == one
    assert subjects(loop, manager, one) == sorted([first, second])
    assert post(loop, manager, one, "merge", thread_id=two).status == 404
    back = post(loop, manager, one, "unmerge", thread_id=two)
    assert (back.status, back.json()["id"]) == (200, two)
    assert subjects(loop, manager, two) == [second]
    post(loop, manager, one, "merge", thread_id=two)
    new = post(loop, manager, one, "split", message_ids=[second])
    assert (new.status, new.json()["message_count"]) == (201, 1)
    assert subjects(loop, manager, new.json()["id"]) == [second]
    whole = post(loop, manager, new.json()["id"], "unsplit")
    assert (whole.status, whole.json()["id"], whole.json()["message_count"]) == (200, one, 2)


def test_who_sees_only_their_own_sees_what_is_shown_there(world: World, loop: asyncio.Runner, manager: Asker) -> None:
    one, two = world.threads["quailsalesone"], world.threads["quailsalestwo"]
    executor = world.program("executor")
    assert post(loop, executor, one, "merge", thread_id=two).status == 404
    post(loop, manager, two, "merge", thread_id=one)
    loop.run(manager.ask("PATCH", f"/api/v1/threads/{two}", data={"executor_id": None}))
    for thread_id in (one, two):
        assert loop.run(executor.get(f"/api/v1/threads/{thread_id}")).status == 404
    assert loop.run(executor.get("/api/v1/threads")).json()["items"] == []
    gone = loop.run(executor.get(f"/api/v1/messages/{world.messages['quailsalesone']}"))
    assert gone.status == 404
    post(loop, manager, two, "unmerge", thread_id=one)
    assert [row["id"] for row in loop.run(executor.get("/api/v1/threads")).json()["items"]] == [one]


def test_letters_of_others_are_not_split_off(world: World, loop: asyncio.Runner, manager: Asker) -> None:
    one, foreign = world.threads["quailsalesone"], world.messages["quailpersonal"]
    assert post(loop, manager, one, "split", message_ids=[foreign]).status == 409
    assert post(loop, manager, one, "split", message_ids=[]).status == 400
    assert post(loop, manager, world.threads["quailpersonal"], "split", message_ids=[foreign]).status == 404
    assert post(loop, world.program("reader"), one, "merge", thread_id=world.threads["quailsalestwo"]).status == 403

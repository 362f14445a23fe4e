"""``Idempotency-Key``: whatever makes or changes something is carried out once under its key."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.api.world import World

ONLY_ASKS = {
    "/api/v1/addresses/check",
    "/api/v1/segments/try",
    "/api/v1/accounts/try",
    "/api/v1/accounts/{account_id}/test",
    "/api/v1/accounts/{account_id}/reconcile",
    "/api/v1/letter-templates/{template_id}/fill",
    "/api/v1/threads/{thread_id}/presence",
}
"""They look, here or at another server, and change nothing that stays."""
SAY_WHAT_SHALL_BE = {
    "/api/v1/search/recent",
    "/api/v1/suppliers/{counterparty_id}/price-list",  # the same list again changes nothing
    "/api/v1/users/me/password",  # asks for the password of now: a second time it is another one
    "/api/v1/rules/order",
    "/api/v1/attributes/order",
    "/api/v1/channels/order",
    "/api/v1/imports/{import_id}/pause",
    "/api/v1/imports/{import_id}/resume",
    "/api/v1/imports/{import_id}/cancel",
    "/api/v1/dkim-keys/{key_id}/check",
    "/api/v1/client-imports/{transfer_id}/look",
    "/api/v1/client-imports/{transfer_id}/rows/{n}",
    "/api/v1/client-imports/{transfer_id}/run",
    "/api/v1/client-imports/{transfer_id}/pause",
    "/api/v1/client-imports/{transfer_id}/resume",
    "/api/v1/client-imports/{transfer_id}/cancel",
    "/api/v1/client-imports/{transfer_id}/undo",
    "/api/v1/doubles/apart",
    "/api/v1/doubles/open",
    "/api/v1/doubles/search/cancel",
    "/api/v1/notices/read",
    "/api/v1/tags/{tag_id}/merge",
    "/api/v1/tags/{tag_id}/restore",
    "/api/v1/threads/bulk",
    "/api/v1/threads/bulk/{bulk_id}/undo",
    "/api/v1/users/{user_id}/hand-over",
    "/api/v1/users/{user_id}/take-back",
    "/api/v1/calendar/{planned_id}/move",
    "/api/v1/calendar/{planned_id}/release",
    "/api/v1/calendar/{planned_id}/drop",
    "/api/v1/promises/{promise_id}/kept",
    "/api/v1/segments/{segment_id}/members/remove",
    "/api/v1/promises/{promise_id}/refuse",
    "/api/v1/promises/{promise_id}/drop",
    "/api/v1/users/{user_id}/hand-over-clients",  # a second time there is nobody left
    "/api/v1/merges/{merge_id}/undo",  # a second time it is refused
    "/api/v1/users/me/codes",  # a code is good once
    "/api/v1/users/me/codes/begin",
    "/api/v1/users/me/codes/remove",
    "/api/v1/users/me/codes/renew",  # nobody keeps the answer: the codes of the last one hold
}
"""Sent twice they leave what they left the first time."""
BRING_BYTES = {
    "/api/v1/client-imports",
    "/api/v1/documents/{document_id}/files",
    "/api/v1/mailings/{mailing_id}/pictures",
    "/api/v1/drafts/{draft_id}/attachments",
    "/api/v1/imports",
    "/api/v1/imports/upload",
}
"""What is brought goes on where it broke off, by ways of their own."""


def takes_key(operation: dict[str, Any]) -> bool:
    return any(one["name"] == "Idempotency-Key" for one in operation.get("parameters", ()))


def test_every_post_that_changes_something_takes_a_key(world: World, loop: asyncio.Runner) -> None:
    paths = loop.run(world.program("manager").get("/schema/openapi.json")).json()["paths"]
    posts = {path: ways["post"] for path, ways in paths.items() if "post" in ways and path.startswith("/api/v1/")}
    assert len(posts) > 20
    deaf = {path for path, operation in posts.items() if not takes_key(operation)}
    others = SAY_WHAT_SHALL_BE | BRING_BYTES
    assert not {path for path in deaf if path not in ONLY_ASKS | others and not path.endswith("/try")}


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/api/v1/tokens", {"name": "report", "scopes": ["read"]}),
        ("/api/v1/groups", {"name": "Night shift"}),
        ("/api/v1/users", {"email": "new@firm.example", "name": "New"}),
        ("/api/v1/mailboxes", {"address": "new@firm.example", "name": "New", "kind": "public"}),
    ],
)
def test_the_same_request_makes_one(world: World, loop: asyncio.Runner, path: str, body: dict[str, Any]) -> None:
    admin = loop.run(world.browser("administrator"))
    before = len(loop.run(admin.get(path)).json()["items"])
    key = {"Idempotency-Key": "order-552"}
    first, second = (loop.run(admin.post(path, body, headers=key)) for _ in range(2))
    assert (first.status, second.status) == (201, 201)
    assert first.json() == second.json()
    assert len(loop.run(admin.get(path)).json()["items"]) == before + 1
    other = loop.run(admin.post(path, {**body, "name": "Another"}, headers=key))
    assert other.status == 409


def test_a_token_is_kept_for_its_second_answer_under_the_keys_of_the_house(world: World, loop: asyncio.Runner) -> None:
    key = {"Idempotency-Key": "order-552"}
    manager = loop.run(world.browser("manager"))
    made = loop.run(manager.post("/api/v1/tokens", {"name": "x", "scopes": ["read"]}, headers=key))
    kept = world.database.read_now(lambda tx: bytes(tx.sql("SELECT answer FROM request_once").scalar_one()))
    assert made.json()["token"].encode() not in kept


def test_threads_are_regrouped_once(world: World, loop: asyncio.Runner) -> None:
    manager = world.program("manager")
    one, two = world.threads["quailsalesone"], world.threads["quailsalestwo"]
    for verb, body, key in (("merge", {"thread_id": two}, "a"), ("unmerge", {"thread_id": two}, "b")):
        path = f"/api/v1/threads/{one}/{verb}"
        answers = [loop.run(manager.post(path, body, headers={"Idempotency-Key": key})) for _ in range(2)]
        assert [answer.status for answer in answers] == [200, 200]
        assert answers[0].json() == answers[1].json()

"""What no program may do with its person's token, what ends it, and where a person shows again that it is them."""

from __future__ import annotations

import asyncio
from functools import partial

import pytest
import time_machine

from core import clock
from crm.staff.people import disable_user, hash_password, set_admin, set_password
from crm.staff.sessions import PROOF, add_token, find_token, start_session
from tests.api.world import World

NEW = {"email": "new@firm.example", "name": "New"}


def test_a_program_changes_nobodys_way_in(world: World, loop: asyncio.Runner) -> None:
    """A copied token must make no administrator, take nobody's factors away and beget no other token."""
    program, reader, chief = world.program("administrator"), world.users["reader"], world.users["administrator"]

    async def walk() -> None:
        for method, path, data in (
            ("DELETE", f"/users/{reader}/factors", None),
            ("PATCH", f"/users/{reader}", {"is_admin": True}),
            ("POST", "/users", {**NEW, "is_admin": True}),
            ("POST", "/tokens", {"name": "another"}),
        ):
            assert (await program.ask(method, f"/api/v1{path}", data=data)).status == 403, path
        await world.database.write(set_admin, reader, True)
        assert (await program.ask("DELETE", f"/api/v1/users/{reader}")).status == 403, "an administrator"
        assert (await program.post("/api/v1/users", NEW)).status == 201, "a colleague may be added"
        assert (await program.get(f"/api/v1/users/{chief}")).status == 200

    loop.run(walk())


def test_groups_invitations_and_others_sessions_want_a_proof(world: World, loop: asyncio.Runner) -> None:
    """What a stranger at an open browser could use to come in elsewhere, or to lock others out."""
    reader = world.users["reader"]

    async def walk() -> None:
        now = clock.now() // clock.SECOND
        with time_machine.travel(now, tick=False):
            browser = await world.browser("administrator")
        with time_machine.travel(now + PROOF // clock.SECOND + 1, tick=False):
            for method, path, data in (
                ("POST", "/groups", {"name": "Night shift"}),
                ("PUT", f"/groups/{world.team_id}/members/{reader}", None),
                ("DELETE", f"/groups/{world.team_id}/members/{reader}", None),
                ("POST", f"/users/{reader}/invitation", None),
                ("DELETE", f"/users/{reader}/sessions", None),
                ("DELETE", f"/users/{reader}/sessions/abc", None),
            ):
                refused = await browser.ask(method, f"/api/v1{path}", data=data)
                assert (refused.status, refused.json()["code"]) == (403, "proof-needed"), path

    loop.run(walk())


@pytest.mark.parametrize("what", ["role", "password", "disabled"])
def test_what_changes_an_account_ends_its_tokens_and_sessions(world: World, loop: asyncio.Runner, what: str) -> None:
    database, reader = world.database, world.users["reader"]

    async def walk() -> None:
        await database.write(start_session, reader, peer="", agent="")
        _, token = await database.write(add_token, reader, "x", ["all"])
        verbs = {
            "role": partial(set_admin, user_id=reader, is_admin=True),
            "password": partial(set_password, user_id=reader, password_hash=hash_password("a new one of mine")),
            "disabled": partial(disable_user, user_id=reader),
        }
        await database.write(verbs[what])
        assert await database.read(find_token, token) is None
        left = "SELECT (SELECT count(*) FROM session WHERE user_id = :me) + "
        left += "(SELECT count(*) FROM token WHERE user_id = :me AND revoked_at IS NULL)"
        assert await database.read(lambda tx: tx.sql(left, me=reader).scalar_one()) == 0

    loop.run(walk())

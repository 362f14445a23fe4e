"""Rights as a whole, deputies for a while, shared threads and the trash: over REST and on their pages."""

from __future__ import annotations

import asyncio
import io
import zipfile
from typing import Any
from urllib.parse import urlencode

from mailhub.keeping.loop import Keeping
from tests.api.asking import Answer, Asker
from tests.api.world import World

FORM = {"content-type": "application/x-www-form-urlencoded"}


async def _post(asker: Asker, path: str, **fields: str) -> Answer:
    return await asker.ask("POST", path, body=urlencode(fields).encode(), headers=FORM)


async def _who(asker: Asker, box: int) -> dict[str, dict[str, Any]]:
    items = (await asker.get(f"/api/v1/mailboxes/{box}/rights")).json()["items"]
    return {one["name"]: one for one in items}


def test_somebodys_rights_are_given_and_taken_as_a_whole(world: World, loop: asyncio.Runner) -> None:
    async def go() -> None:
        manager, outsider, box = world.program("manager"), world.program("outsider"), world.boxes["sales"].id
        path, thread = f"/api/v1/mailboxes/{box}/rights", f"/api/v1/threads/{world.threads['quailsalestwo']}"
        body = {"user_id": world.users["outsider"], "rights": ["see", "comment", "answer"]}
        assert (await outsider.get(thread)).status == 404
        answer = await manager.ask("PUT", path, data=body)
        assert answer.status == 200, answer.body
        assert (await _who(manager, box))["Outsider"]["rights"] == ["see", "comment", "answer"]
        assert (await outsider.get(thread)).status == 200
        assert (await manager.ask("PUT", path, data={**body, "rights": []})).status == 200
        assert (await outsider.get(thread)).status == 404
        ended = {**body, "starts_at": "2020-01-01T00:00:00Z", "ends_at": "2020-02-01T00:00:00Z"}
        assert (await manager.ask("PUT", path, data=ended)).status == 200
        assert (await outsider.get(thread)).status == 404
        assert (await manager.ask("PUT", path, data={**ended, "ends_at": "2019-01-01T00:00:00Z"})).status == 400

    loop.run(go())


def test_a_personal_mailbox_has_deputies_whom_its_owner_names(world: World, loop: asyncio.Runner) -> None:
    async def go() -> None:
        owner, deputy, box = world.program("owner"), world.program("reader"), world.boxes["personal"].id
        path, thread = f"/api/v1/mailboxes/{box}/rights", f"/api/v1/threads/{world.threads['quailpersonal']}"
        body = {"user_id": world.users["reader"], "rights": ["see", "manage"]}
        assert (await owner.ask("PUT", path, data=body)).status == 200
        assert (await deputy.get(thread)).status == 200
        letter = f"/api/v1/messages/{world.messages['quailpersonal']}"
        assert [(await one.get(letter)).status for one in (deputy, owner, deputy)] == [200, 200, 200]
        # A deputy, even one who manages, names nobody else; nor does an administrator.
        other = {"user_id": world.users["leaver"], "rights": ["see"]}
        assert (await deputy.ask("PUT", path, data=other)).status == 403
        assert (await world.program("administrator").ask("PUT", path, data=other)).status == 404
        assert (await owner.ask("PUT", path, data={"group_id": world.team_id, "rights": ["see"]})).status == 400
        assert (await owner.ask("PUT", path, data={"user_id": world.users["owner"], "rights": []})).status == 400
        log = (await world.program("administrator").get("/api/v1/audit")).json()["items"]
        read = [one for one in log if one["action"] == "personal-read"]
        assert [(one["user_id"], one["subject"]) for one in read] == [
            (world.users["reader"], str(world.threads["quailpersonal"]))
        ]

    loop.run(go())


def test_a_thread_is_shared_and_taken_back(world: World, loop: asyncio.Runner) -> None:
    async def go() -> None:
        owner, other, thread = world.program("owner"), world.program("outsider"), world.threads["quailpersonal"]
        path = f"/api/v1/threads/{thread}/sharing"
        shown = {"with": [{"user_id": world.users["outsider"], "what": "letters"}]}
        assert (await owner.ask("PUT", path, data=shown)).status == 200
        assert (await owner.get(path)).json()["items"][0]["what"] == "letters"
        assert (await other.get(f"/api/v1/threads/{thread}")).status == 200
        assert (await other.ask("PUT", path, data={"with": []})).status == 403
        assert (await other.get(path)).status == 403
        assert (await world.program("administrator").get(path)).status == 404
        assert (await owner.ask("PUT", path, data={"with": []})).status == 200
        assert (await other.get(f"/api/v1/threads/{thread}")).status == 404

    loop.run(go())


def test_the_trash_over_rest(world: World, loop: asyncio.Runner) -> None:
    async def go() -> None:
        manager, thread = world.program("manager"), world.threads["quailsalestwo"]
        assert (await world.program("reader").post(f"/api/v1/threads/{thread}/trash")).status == 403
        assert (await manager.post(f"/api/v1/threads/{thread}/trash")).status == 204
        assert (await manager.get(f"/api/v1/threads/{thread}")).status == 404
        (thrown,) = (await manager.get("/api/v1/trash")).json()["items"]
        assert (thrown["thread_id"], thrown["thrown_by"]) == (thread, "Manager")
        assert (await world.program("outsider").get("/api/v1/trash")).json()["items"] == []
        assert (await manager.post(f"/api/v1/threads/{thread}/restore")).status == 204
        assert (await manager.get(f"/api/v1/threads/{thread}")).status == 200

    loop.run(go())


def test_the_pages(world: World, loop: asyncio.Runner) -> None:
    async def go() -> None:
        manager, owner = await world.browser("manager"), await world.browser("owner")
        here = f"/settings/mailboxes/{world.boxes['sales'].id}/rights"
        page = await manager.get(here)
        assert page.status == 200
        assert b"Readers" in page.body
        who = f"u{world.users['outsider']}"
        given = {"who": who, "role": "answers", "from": "2026-01-01", "until": "2099-12-31", "only": "yes"}
        assert (await _post(manager, here, **given)).status == 303
        outsider = (await _who(manager, world.boxes["sales"].id))["Outsider"]
        assert outsider["only_assigned"]
        assert outsider["rights"] == ["see", "comment", "answer"]
        assert (await _post(manager, here, who=who, role="nonsense")).status == 400
        assert (await _post(manager, here, who=who, role="")).status == 303
        assert "Outsider" not in await _who(manager, world.boxes["sales"].id)
        assert (await manager.get("/settings")).body.count(here.encode()) == 1
        thread = world.threads["quailpersonal"]
        assert b"Private" in (await owner.get(f"/open/threads/{thread}")).body
        shared = await _post(owner, f"/threads/{thread}/share", who=who, what="trace")
        assert shared.status == 303, shared.body
        assert b"Shared" in (await owner.get(f"/open/threads/{thread}")).body
        assert (await _post(owner, f"/threads/{thread}/share", who=who, what="")).status == 303
        assert (await _post(owner, f"/threads/{thread}/trash")).status == 303
        assert b"quailpersonal" in (await owner.get("/trash")).body
        assert (await _post(owner, f"/trash/{thread}/restore")).status == 303
        assert (await owner.get(f"/open/threads/{thread}")).status == 200

    loop.run(go())


def test_how_long_things_are_kept(world: World, loop: asyncio.Runner) -> None:
    async def go() -> None:
        chief, manager, reader = (
            await world.browser("administrator"),
            await world.browser("manager"),
            world.program("reader"),
        )
        box = world.boxes["sales"].id
        page = await chief.get("/settings/keeping")
        assert page.status == 200
        assert b"sales@firm.example" in page.body
        assert b"me@firm.example" not in page.body
        assert (await world.program("outsider").get("/settings/keeping")).status == 404
        assert (await _post(manager, f"/settings/mailboxes/{box}/retention", act="delete", months="12")).status == 303
        path = f"/api/v1/mailboxes/{box}/retention"
        assert (await manager.get(path)).json() == {"act": "delete", "months": 12}
        assert (await reader.get(path)).status == 403
        assert (await manager.ask("PUT", path, data={"act": "keep"})).status == 204
        assert (await _post(manager, "/settings/holds", counterparty_id="1", reason="x")).status == 403
        assert (await _post(chief, "/settings/holds", counterparty_id="1", reason="A lawsuit")).status == 303
        (held,) = (await chief.get("/api/v1/holds")).json()["items"]
        assert held["reason"] == "A lawsuit"
        assert (await _post(chief, f"/settings/holds/{held['id']}/lift")).status == 303
        wanted = {"kind": "export", "contact_id": world.contact_id}
        assert (await manager.post("/api/v1/person-requests", data=wanted)).status == 403
        made = (await chief.post("/api/v1/person-requests", data=wanted)).json()["id"]
        assert (await chief.get(f"/api/v1/person-requests/{made}/file")).status == 404
        await Keeping(world.database, world.house.files, world.house.keys, world.house.exports).look()
        assert (await chief.get(f"/api/v1/person-requests/{made}")).json()["state"] == "done"
        file = await chief.get(f"/settings/persons/{made}/file")
        assert file.status == 200
        with zipfile.ZipFile(io.BytesIO(file.body)) as archive:
            said = b"".join(archive.read(name) for name in archive.namelist())
        assert b"quailsalesone" in said
        assert b"quailpersonal" not in said
        assert (await manager.get(f"/settings/persons/{made}/file")).status == 403
        assert (await _post(chief, "/settings/persons", kind="erase", address="a@b.example", typed="x")).status == 400

    loop.run(go())

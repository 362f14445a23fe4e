"""Drafts over REST: shared with those who may answer, saved by version, with files; sent once, and new letters."""

from __future__ import annotations

import asyncio

from mailhub.letters.letter import parse_letter
from mailhub.mailboxes.reading import get_message
from tests.api.world import World, picture

HTML = "<p>Three <b>weeks</b><script>x()</script>.</p>"
TEXT = {"content-type": "text/plain"}


async def begin(world: World, who: str = "manager", **body: object) -> dict[str, object]:
    thread_id = world.threads["quailsalestwo"]
    asked = body or {"thread_id": thread_id}
    made = await world.program(who).post("/api/v1/drafts", asked)
    assert made.status == 201, made.body
    return dict(made.json())


async def sent_letter(world: World, message_id: int) -> bytes:
    message = await world.database.read(get_message, await world.viewer("manager"), message_id)
    return await world.house.displays.read_raw(message.blob_id)


def test_a_draft_is_saved_and_two_do_not_overwrite_each_other(world: World, loop: asyncio.Runner) -> None:
    loop.run(_two_write(world))


async def _two_write(world: World) -> None:
    manager, admin = world.program("manager"), world.program("administrator")
    path = f"/api/v1/drafts/{(await begin(world))['id']}"
    first = await manager.ask("PATCH", path, data={"version": 1, "html": HTML})
    assert (first.json()["version"], first.json()["html"]) == (2, "<p>Three <b>weeks</b>.</p>")
    assert (await admin.get(path)).json()["author"] == "Manager"
    second = await admin.ask("PATCH", path, data={"version": 2, "to": "anna@client.example"})
    assert second.json()["version"] == 3
    late = await manager.ask("PATCH", path, data={"version": 2, "text": "Four weeks."})
    assert late.status == 409
    assert "Administrator has changed this draft" in late.json()["detail"]
    for who in ("reader", "executor", "owner", "outsider"):
        assert (await world.program(who).get(path)).status == 404
    assert (await manager.ask("DELETE", path)).status == 204
    assert (await manager.get(path)).status == 404


def test_a_picture_and_a_file_leave_with_the_letter(world: World, loop: asyncio.Runner) -> None:
    loop.run(_send_with_files(world))


async def _send_with_files(world: World) -> None:
    manager = world.program("manager")
    draft_id = (await begin(world))["id"]
    path = f"/api/v1/drafts/{draft_id}"
    png = {"content-type": "image/png"}
    inside = await manager.ask("POST", f"{path}/attachments?filename=shot.png", body=picture(), headers=png)
    named = inside.json()["content_id"]
    report = f"{path}/attachments?filename=../%D1%80%D0%B0%D1%85%D1%83%D0%BD%D0%BE%D0%BA.txt"
    assert (await manager.ask("POST", report, body=b"12 pumps", headers=TEXT)).json()["filename"] == "рахунок.txt"
    empty = await manager.ask("POST", f"{path}/attachments?filename=x.txt", body=b"", headers=TEXT)
    assert empty.status == 400
    shown = await manager.get(f"{path}/attachments/{inside.json()['id']}?inline=1")
    assert (shown.status, shown.headers["content-type"]) == (200, "image/webp")
    html = f'<p>See <img src="cid:{named}" alt="the crack"> and <a href="javascript:x()">this</a></p>'
    change = {"version": 1, "to": "Anna <anna@client.example>", "bcc": "boss@firm.example", "html": html}
    saved = (await manager.ask("PATCH", path, data=change)).json()
    sending = {"version": saved["version"], "force": True}
    key = {"idempotency-key": "one"}
    first = await manager.ask("POST", f"{path}/send", data=sending, headers=key)
    again = await manager.ask("POST", f"{path}/send", data=sending, headers=key)
    assert first.status == again.status == 201, first.body
    assert first.json()["message"]["id"] == again.json()["message"]["id"]
    assert (await manager.get(path)).status == 404
    assert [one["recipient"] for one in first.json()["deliveries"]] == ["anna@client.example", "boss@firm.example"]
    raw = await sent_letter(world, first.json()["message"]["id"])
    parsed = parse_letter(raw)
    assert parsed.text == "See [the crack] and this\n"
    assert f'src="cid:{named}"' in (parsed.html or "")
    assert "javascript" not in (parsed.html or "")
    assert b"boss@" not in raw
    assert [(one.filename, one.inline) for one in parsed.attachments] == [("shot.png", True), ("рахунок.txt", False)]


def test_a_new_letter_begins_a_thread_of_its_own(world: World, loop: asyncio.Runner) -> None:
    loop.run(_begin_letter(world))


async def _begin_letter(world: World) -> None:
    manager = world.program("manager")
    box = world.boxes["sales"].id
    body = {"mailbox_id": box, "to": [{"address": "anna@client.example"}], "subject": "Offer", "html": "<b>Hello</b>"}
    made = await manager.post("/api/v1/messages", body)
    assert made.status == 201, made.body
    thread = (await manager.get(f"/api/v1/threads/{made.json()['message']['thread_id']}")).json()
    assert (thread["subject"], thread["waiting_for"], thread["executor_id"]) == (
        "Offer", "them", world.users["manager"],
    )  # fmt: skip
    assert thread["counterparty_id"] == world.client_id
    for who, status in (("reader", 403), ("outsider", 404), ("owner", 404)):
        assert (await world.program(who).post("/api/v1/messages", body)).status == status
    wrong = await manager.post("/api/v1/messages", body | {"sender": "boss@bank.example"})
    assert wrong.status == 400
    assert (await manager.post("/api/v1/messages", body | {"html": "<p> <br></p>"})).status == 400


def test_a_forward_takes_the_files_along(world: World, loop: asyncio.Runner) -> None:
    loop.run(_forward(world))


async def _forward(world: World) -> None:
    secret = "quailsalestwo"
    asked = {"thread_id": world.threads[secret], "kind": "forward", "files_of": world.messages[secret]}
    made = await begin(world, **asked)
    assert [one["filename"] for one in made["attachments"]] == [f"{secret}.txt"]  # type: ignore[attr-defined]
    far = {**asked, "files_of": world.messages["quailsalesone"]}
    assert (await world.program("manager").post("/api/v1/drafts", far)).status == 400
    foreign = {**asked, "files_of": world.messages["quailpersonal"]}
    assert (await world.program("manager").post("/api/v1/drafts", foreign)).status == 404


def test_a_signature_is_ones_own_or_everybodys(world: World, loop: asyncio.Runner) -> None:
    loop.run(_sign(world))


async def _sign(world: World) -> None:
    manager, path = world.program("manager"), f"/api/v1/mailboxes/{world.boxes['sales'].id}/signature"
    both = {"everybody": "<b>Sales</b><script>x()</script>", "own": "Manager"}
    assert (await manager.ask("PUT", path, data=both)).json() == {"everybody": "<b>Sales</b>", "own": "Manager"}
    assert (await manager.ask("PUT", path, data={"own": ""})).json() == {"everybody": "<b>Sales</b>", "own": ""}
    executor = world.program("executor")
    assert (await executor.ask("PUT", path, data={"own": "Me"})).json()["own"] == "Me"
    assert (await executor.ask("PUT", path, data={"everybody": "Me"})).status == 403
    assert (await world.program("reader").ask("PUT", path, data={"own": "Me"})).status == 403
    assert (await world.program("outsider").get(path)).status == 404
    browser = await world.browser("manager")
    form = {"content-type": "application/x-www-form-urlencoded"}
    body = b"own=Kind+regards%0D%0AManager&everybody="
    page = f"/settings/mailboxes/{world.boxes['sales'].id}/signature"
    saved = await browser.ask("POST", page, body=body, headers=form)
    assert saved.status == 303
    assert (await manager.get(path)).json() == {"everybody": "", "own": "<div>Kind regards</div><div>Manager</div>"}


def test_what_is_strange_is_said_and_people_are_found(world: World, loop: asyncio.Runner) -> None:
    loop.run(_warn(world))


async def _warn(world: World) -> None:
    manager, path = world.program("manager"), f"/api/v1/drafts/{(await begin(world))['id']}"
    people = "anna@client.example, bob@bank.example, petro@firm.example"
    await manager.ask("PATCH", path, data={"version": 1, "text": "Offer attached.", "to": people})
    warnings = (await manager.get(f"{path}/warnings")).json()["warnings"]
    assert [(one["code"], one["names"]) for one in warnings] == [
        ("attachment", []), ("outside", ["bank.example"]), ("first", ["bob@bank.example"]),
    ]  # fmt: skip
    found = (await manager.get("/api/v1/addresses?q=ann")).json()["items"]
    assert found == [{"name": "Anna", "address": "anna@client.example", "client": "Client Ltd"}]
    assert (await manager.get("/api/v1/addresses?q=a")).json()["items"] == []
    checked = await manager.ask(
        "POST", "/api/v1/addresses/check", data={"people": ["Anna <a@client.example>", "anna@"]}
    )
    assert checked.json()["items"] == [
        {"name": "Anna", "address": "a@client.example", "wrong": ""},
        {"name": "", "address": "anna@", "wrong": "There is nothing behind the @."},
    ]
    await manager.ask("PATCH", path, data={"version": 2, "text": "Dear [contact.name],", "to": "anna@client.example"})
    warnings = (await manager.get(f"{path}/warnings")).json()["warnings"]
    assert [one["text"] for one in warnings] == ["Nobody has filled: Contact's name."]

"""What scripts rely on: shapes, errors, letters and their files."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from litestar.routes import HTTPRoute

from api.auth import passes
from core import clock
from tests.api.asking import Answer, Asker
from tests.api.world import World, picture


@pytest.fixture
def reader(world: World) -> Asker:
    return world.program("reader")


def ask(loop: asyncio.Runner, asker: Asker, target: str, **more: Any) -> Answer:
    return loop.run(asker.get(target, **more))


def test_lists_go_on_where_the_page_before_ended(world: World, loop: asyncio.Runner, reader: Asker) -> None:
    for path in ("/api/v1/threads", "/api/v1/messages", "/api/v1/users", "/api/v1/counterparties"):
        whole = ask(loop, reader, path).json()
        assert set(whole) == {"items", "next"}
    first = ask(loop, reader, "/api/v1/threads?limit=1").json()
    second = ask(loop, reader, f"/api/v1/threads?limit=1&after={first['next']}").json()
    ids = [first["items"][0]["id"], second["items"][0]["id"]]
    assert sorted(ids) == sorted([world.threads["quailsalesone"], world.threads["quailsalestwo"]])
    assert second["next"] is None
    assert ask(loop, reader, "/api/v1/threads?after=rubbish").json()["field"] == "after"


def test_threads_have_the_fields_that_were_promised(world: World, loop: asyncio.Runner, reader: Asker) -> None:
    thread = ask(loop, reader, f"/api/v1/threads/{world.threads['quailsalesone']}").json()
    promised = (
        "id mailbox_id subject state snoozed_until waiting_for executor_id counterparty_id contact_ids due_at unread "
        "message_count last_message_at tags undelivered"
    )
    assert set(promised.split()) <= set(thread)
    assert thread["executor_id"] == world.users["executor"]
    assert thread["last_message_at"] == "2026-11-18T11:06:40Z"
    mine = ask(loop, world.program("executor"), "/api/v1/threads?view=mine").json()["items"]
    assert [one["id"] for one in mine] == [world.threads["quailsalesone"]]
    assert ask(loop, reader, "/api/v1/threads?state=closed").json()["items"] == []
    assert ask(loop, reader, "/api/v1/threads?view=open&sort=due_at").status == 400
    found = ask(loop, reader, "/api/v1/search?q=quailsalestwo").json()["items"]
    assert [one["id"] for one in found] == [world.threads["quailsalestwo"]]


def test_a_thread_changes_in_all_that_is_named_or_not_at_all(world: World, loop: asyncio.Runner) -> None:
    manager, path = world.program("manager"), f"/api/v1/threads/{world.threads['quailsalestwo']}"
    leaver = {"state": "closed", "executor_id": world.users["leaver"]}
    refused = loop.run(manager.ask("PATCH", path, data=leaver))
    assert (refused.status, refused.json()["field"]) == (400, "executor_id")
    assert loop.run(manager.get(path)).json()["state"] == "open"
    change = {"state": "closed", "executor_id": world.users["manager"], "unread": True}
    done = loop.run(manager.ask("PATCH", path, data=change))
    assert done.status == 200
    assert {name: done.json()[name] for name in change} == change
    executor, given = world.program("executor"), f"/api/v1/threads/{world.threads['quailsalesone']}"
    assert loop.run(manager.ask("PATCH", given, data={"executor_id": world.users["manager"]})).status == 200
    assert loop.run(executor.get(given)).status == 404


def test_a_letter_has_the_fields_that_were_promised(world: World, loop: asyncio.Runner, reader: Asker) -> None:
    letter = ask(loop, reader, f"/api/v1/messages/{world.messages['quailsalesone']}").json()
    promised = (
        "id letter_id thread_id mailbox_id direction kind message_id subject from to cc date received_at text "
        "attachments defects delivery"
    )
    assert set(promised.split()) <= set(letter)
    assert letter["from"] == [{"name": "quailsalesone", "address": "anna@client.example"}]
    assert letter["date"] == "2026-11-20T08:00:00Z"
    assert [part["filename"] for part in letter["attachments"]] == ["quailsalesone.txt", "quailsalesone.png"]


def test_the_source_is_trace_and_bytes(world: World, loop: asyncio.Runner, reader: Asker) -> None:
    answer = ask(loop, reader, f"/api/v1/messages/{world.messages['quailsalesone']}/raw")
    assert answer.headers["content-type"] == "message/rfc822"
    assert answer.headers["content-disposition"].startswith("attachment")
    assert answer.body.startswith(b"Return-Path: <anna@client.example>\r\n")
    assert b"\r\nSubject: About quailsalesone\r\n" in answer.body


def test_files_are_downloads_and_pictures_are_copies(world: World, loop: asyncio.Runner, reader: Asker) -> None:
    here = f"/api/v1/messages/{world.messages['quailsalesone']}/attachments"
    text = ask(loop, reader, f"{here}/0")
    assert text.body == b"quailsalesone in a file"
    assert text.headers["content-disposition"].startswith("attachment; ")
    assert "sandbox" in text.headers["content-security-policy"]
    image = ask(loop, reader, f"{here}/1?inline=1")
    assert (image.status, image.headers["content-type"]) == (200, "image/webp")
    assert image.body[8:12] == b"WEBP"
    assert ask(loop, reader, f"{here}/1").body == picture()
    assert [ask(loop, reader, f"{here}/{n}").status for n in ("0?inline=1", "2")] == [404, 404]


def test_a_letter_is_shown_in_its_frame(world: World, loop: asyncio.Runner, reader: Asker) -> None:
    here = f"/api/v1/messages/{world.messages['quailsalesone']}"
    plain = ask(loop, reader, f"{here}/html")
    assert plain.status == 200
    assert "sandbox allow-popups" in plain.headers["content-security-policy"]
    assert "frame-ancestors 'self'" in plain.headers["content-security-policy"]
    assert b"127.0.0.1" not in plain.body
    part = _address(plain, "attachments/1")
    assert f"{here}/attachments/1?inline=1&pass=" in part
    stranger = world.program("nobody")
    assert ask(loop, stranger, part).headers["content-type"] == "image/webp", "a frame has no cookie, only the pass"
    assert ask(loop, stranger, part.replace("attachments/1", "attachments/0")).status == 404, "no picture"
    other = part.replace(str(world.messages["quailsalesone"]), str(world.messages["quailsalestwo"]))
    assert ask(loop, stranger, other).status == 401
    assert ask(loop, stranger, f"{part[:-1]}{'a' if part[-1] != 'a' else 'b'}").status == 401
    shown = ask(loop, reader, f"{here}/html?pictures=true")
    far = _address(shown, "pictures/0")
    assert b"127.0.0.1" not in shown.body, "the address of a picture stays with us"
    refused = ask(loop, stranger, far)
    assert (refused.status, refused.json()["code"]) == (403, "forbidden"), "the guard lets nothing reach this machine"
    assert ask(loop, stranger, far.replace("pictures/0", "pictures/1")).status == 404
    assert ask(loop, reader, f"{here}/html").body != b"", "shown from what was kept"


def test_a_pass_dies_with_its_time_and_with_the_right(
    world: World, loop: asyncio.Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    message_id = world.messages["quailsalesone"]
    path = f"/api/v1/messages/{message_id}/attachments/1?inline=1&pass="
    shown = passes.sign_pass(world.house, world.users["reader"], message_id)
    stranger = world.program("nobody")
    assert ask(loop, stranger, path + shown).status == 200
    outsider = passes.sign_pass(world.house, world.users["outsider"], message_id)
    assert ask(loop, stranger, path + outsider).status == 404
    later = clock.now() + passes.LIFETIME + clock.SECOND
    monkeypatch.setattr(passes.clock, "now", lambda: later)
    assert ask(loop, stranger, path + shown).status == 401


def _address(answer: Answer, part: str) -> str:
    start = answer.body.decode().index(f'src="/api/v1/messages/{_id_in(answer)}/{part}?') + 5
    return answer.body.decode()[start:].partition('"')[0].replace("&amp;", "&")


def _id_in(answer: Answer) -> str:
    return answer.body.decode().partition("/api/v1/messages/")[2].partition("/")[0]


def test_bodies_are_read_strictly(world: World, loop: asyncio.Runner) -> None:
    manager = world.program("manager")

    def post(body: bytes, kind: str = "application/json") -> tuple[int, str]:
        answer = loop.run(manager.ask("POST", "/api/v1/counterparties", body=body, headers={"content-type": kind}))
        return answer.status, answer.json().get("detail", "")

    assert post(b'{"name": "Good"}')[0] == 201
    assert post(b'{"name": "A", "secret": 1}') == (
        400,
        "The body has a mistake: Object contains unknown field `secret`",
    )
    assert "Expected `str`, got `int`" in post(b'{"name": 1}')[1]
    assert "missing required field `name`" in post(b"{}")[1]
    assert post(b'{"name": "A", "manager_id": "1"}')[0] == 400
    assert post(b"{") == (400, "The body is not JSON.")
    assert post(b"\xff")[0] == 400
    assert post(b"[" * 200_000)[0] == 400
    assert post(b'{"name": "A"}', "text/plain")[0] == 415
    assert post(b'{"name": "' + b"A" * (2 << 20) + b'"}')[0] == 413


def test_problems_speak_the_readers_language(world: World, loop: asyncio.Runner) -> None:
    answer = ask(loop, Asker(world.app), "/api/v1/threads", headers={"accept-language": "uk"})
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert set(problem) == {"type", "title", "status", "detail", "code"}
    assert (problem["status"], problem["code"]) == (401, "sign-in-needed")
    assert answer.headers["www-authenticate"] == "Bearer"


def test_a_fault_shows_its_reference_and_nothing_else(
    world: World, loop: asyncio.Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.rest.mailboxes.show_mailbox", lambda *_: 1 / 0)
    answer = ask(loop, world.program("reader"), "/api/v1/mailboxes")
    assert answer.status == 500
    assert "division" not in answer.body.decode()
    assert len(answer.json()["reference"]) == 9
    page = ask(loop, Asker(world.app), "/no-such-page")
    assert page.status == 404
    assert b"</html>" in page.body


def test_the_document_names_every_error_and_every_route(world: World, loop: asyncio.Runner) -> None:
    document = ask(loop, Asker(world.app), "/schema/openapi.json").json()
    assert document["openapi"].startswith("3.1")
    for path, item in document["paths"].items():
        for method, operation in item.items():
            assert operation["tags"], f"{method} {path}"
            assert operation["description"]
            assert {"400", "401", "403", "404", "429"} <= set(operation["responses"]), f"{method} {path}"
    assert "cdn" not in json.dumps(document).lower()


def test_health_and_figures_say_nothing_of_letters(world: World, loop: asyncio.Runner) -> None:
    stranger = Asker(world.app)
    assert ask(loop, stranger, "/health/live").status == 200
    assert ask(loop, stranger, "/health/ready").json() == {"status": "ok"}
    health = ask(loop, world.program("manager"), "/api/v1/health").json()
    assert (health["status"], health["quarantine"]) == ("degraded", 1)
    ask(loop, world.program("reader"), f"/api/v1/threads/{world.threads['quailsalesone']}")
    figures = ask(loop, stranger, "/metrics").body.decode()
    assert 'route="/api/v1/threads/{thread_id}",status="200"' in figures
    assert "quail" not in figures
    assert "firm.example" not in figures


def test_what_is_sent_is_packed(world: World, loop: asyncio.Runner, reader: Asker) -> None:
    for accepted, name in (("br, gzip", "br"), ("gzip", "gzip")):
        answer = ask(loop, reader, "/api/v1/messages", headers={"accept-encoding": accepted})
        assert answer.headers["content-encoding"] == name


def test_administrators_build_the_house(world: World, loop: asyncio.Runner) -> None:
    admin = world.program("administrator")

    def made(path: str, data: dict[str, Any]) -> Any:
        answer = loop.run(admin.post(path, data))
        assert answer.status == 201, answer.body
        return answer.json()["id"]

    person = made("/api/v1/users", {"email": "new@firm.example", "name": "New", "password": "long enough"})
    group = made("/api/v1/groups", {"name": "Support"})
    assert loop.run(admin.ask("PUT", f"/api/v1/groups/{group}/members/{person}")).status == 204
    box = made("/api/v1/mailboxes", {"address": "help@firm.example", "name": "Help", "kind": "public"})
    grant = made(f"/api/v1/mailboxes/{box}/grants", {"right": "answer", "group_id": group})
    assert grant
    log = loop.run(admin.get("/api/v1/audit")).json()["items"]
    actions = [entry["action"] for entry in log]
    assert actions[:5] == ["grant-added", "mailbox-added", "team-joined", "team-added", "user-added"]
    assert loop.run(world.program("manager").get("/api/v1/audit")).status == 403
    assert loop.run(world.program("manager").post("/api/v1/groups", {"name": "x"})).status == 403


def test_every_number_of_an_address_is_bounded(world: World, loop: asyncio.Runner) -> None:
    """What no row can be called is refused as such: neither engine takes more than 63 bits."""
    program, seen = world.program("administrator"), 0
    for route in (one for one in world.app.routes if isinstance(one, HTTPRoute)):
        for handler, _ in route.route_handler_map.values():
            for field in handler.parsed_fn_signature.parameters.values():
                if int in (field.annotation, *(one.annotation for one in field.inner_types)):
                    assert getattr(field.kwarg_definition, "le", None), f"{route.path_format}: {field.name}"
                    seen += 1
    assert seen > 200
    for path in ("/api/v1/threads?tag_id", "/api/v1/quarantine?import_id", "/quarantine?import"):
        assert ask(loop, program, f"{path}={2**63}").status == 400

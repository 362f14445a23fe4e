"""Notices on devices whose browser is closed: encrypted for them alone, by the rights of the moment, and ended with the
sign-in."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDH,
    ECDSA,
    SECP256R1,
    EllipticCurvePrivateKey,
    EllipticCurvePublicKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from core import clock
from core.database import Database
from core.errors import Invalid, NotFound
from core.fetch import Fetcher, Guard
from core.secrets import Keys
from crm.staff.people import disable_user
from crm.staff.rights import add_grant, remove_grant
from crm.staff.sessions import end_session, prove_session, start_session
from mailhub.mailboxes.devices import FRESH, claim_devices, end_device, find_next, has_device, set_device
from mailhub.mailboxes.notices import list_notices, mark_notices
from mailhub.mailboxes.notifying import notify
from mailhub.notices.push_keys import ensure_push_key, get_push_key
from mailhub.notices.pushed import prove, read_base64, write_point
from mailhub.notices.pushing import Pushing
from tests.mailboxes.test_notices import _english
from tests.support.engines import look
from tests.support.https_server import Request, Response, https_server
from tests.support.world import World, letter

KEYS = Keys([b"k" * 32])
HOST = "push.example"
SECRET = b"sixteen bytes ok"
CONTACT = "https://mail.firm.example"


Look = Callable[[], float | None]


class Browser:
    """What a browser does with what comes: it opens it (RFC 8291 3, RFC 8188 2)."""

    def __init__(self, key: EllipticCurvePrivateKey | None = None, secret: bytes = SECRET) -> None:
        self.key = key or generate_private_key(SECP256R1())
        self.public = write_point(self.key)
        self.secret = secret

    def open(self, body: bytes) -> bytes:
        salt, size, theirs, sealed = body[:16], int.from_bytes(body[16:20], "big"), body[21:86], body[86:]
        assert body[20] == 65
        assert len(body) <= size == 4096
        shared = self.key.exchange(ECDH(), EllipticCurvePublicKey.from_encoded_point(SECP256R1(), theirs))
        material = HKDF(SHA256(), 32, self.secret, b"WebPush: info\0" + self.public + theirs).derive(shared)
        key = HKDF(SHA256(), 16, salt, b"Content-Encoding: aes128gcm\0").derive(material)
        nonce = HKDF(SHA256(), 12, salt, b"Content-Encoding: nonce\0").derive(material)
        plain = AESGCM(key).decrypt(nonce, sealed, None)
        assert plain.endswith(b"\x02")
        return plain[:-1]


@pytest.fixture
def world(database: Database, monkeypatch: pytest.MonkeyPatch) -> World:
    found = World(database)
    monkeypatch.setattr(clock, "now", lambda: found.now)
    found.grant("petro", "sales", "answer")
    found.grant("olena", "sales", "answer")
    found.arrive(letter("Pumps", "1@client.example"), "sales")
    database.write_now(ensure_push_key, KEYS)
    return found


def _sign_in(world: World, name: str) -> str:
    return world.database.write_now(start_session, world.person(name), peer="192.0.2.1", agent="x")


def _device(world: World, name: str, address: str, browser: Browser | None = None) -> str:
    """Sign somebody in with a browser that is told there; returns the secret of the session."""
    secret, browser = _sign_in(world, name), browser or Browser()
    world.database.write_now(set_device, world.viewer(name), secret, address, browser.public, browser.secret)
    return secret


def _notify(world: World, name: str, kind: Any = "assigned", **more: Any) -> None:
    thread_id = world.threads("petro")[0].id
    world.database.write_now(lambda tx: notify(tx, kind, [world.person(name)], thread_id, **more))


class Service:
    """The service of a browser's maker: keeps what it was given, and answers as it is told."""

    def __init__(self, folder: Path) -> None:
        self.asked: list[Request] = []
        self.answers: list[Response] = []
        self._folder = folder

    def run(self, world: World, act: Callable[[str, Look], None], *, may_go: bool = True) -> None:
        """Do something with its address and one look of the loop that sends to it."""

        async def play() -> None:
            loop = asyncio.get_running_loop()
            async with https_server(self._folder, HOST, self._answer) as (fetcher, url):
                pushing = _pushing(world, fetcher, may_go=may_go)
                look_now = lambda: asyncio.run_coroutine_threadsafe(pushing.look(), loop).result(20)  # noqa: E731
                await asyncio.to_thread(act, url, look_now)

        asyncio.run(play())

    async def _answer(self, request: Request) -> Response:
        self.asked.append(request)
        return self.answers.pop(0) if self.answers else Response(201)


def _pushing(world: World, fetcher: Fetcher, *, may_go: bool) -> Pushing:
    return Pushing(world.database, KEYS, fetcher, _english, CONTACT, lambda: may_go)


def _waiting(world: World) -> int:
    return len(look(world.database, "SELECT * FROM device_notice"))


def test_a_closed_browser_is_told_what_mail_would_say(world: World, tmp_path: Path) -> None:
    service, browser = Service(tmp_path), Browser()

    def act(url: str, look_now: Look) -> None:
        _device(world, "petro", f"{url}/send/1", browser)
        _notify(world, "petro", by_id=world.person("olena"))
        look_now()
        look_now()

    service.run(world, act)
    (one,) = service.asked
    (told,) = world.database.read_now(list_notices, world.viewer("petro")).items
    said = json.loads(browser.open(one.body))
    assert said["body"] == "Olena gave you “Pumps”"
    assert (said["url"], said["tag"]) == (f"/notices/{told.id}", f"notice-{told.id}")
    assert one.path == "/send/1"
    assert one.headers["content-encoding"] == "aes128gcm"
    assert int(one.headers["ttl"]) == FRESH // clock.SECOND
    assert b"Pumps" not in one.body
    _check_proof(world, one)
    assert not _waiting(world)


def _check_proof(world: World, one: Request) -> None:
    token, key = (
        part.strip().partition("=")[2] for part in one.headers["authorization"].removeprefix("vapid").split(",")
    )
    head, claims, signature = token.split(".")
    public = read_base64(key)
    assert public == write_point(world.database.read_now(get_push_key, KEYS))
    raw = read_base64(signature)
    whole = encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))
    point = EllipticCurvePublicKey.from_encoded_point(SECP256R1(), public)
    point.verify(whole, f"{head}.{claims}".encode(), ECDSA(SHA256()))
    said = json.loads(read_base64(claims))
    assert said["aud"] == f"https://{one.headers['host']}"
    assert said["sub"] == CONTACT
    assert 0 < said["exp"] - world.now // clock.SECOND <= 24 * 60 * 60  # RFC 8292 2


def test_who_may_not_see_the_thread_any_more_is_not_told(world: World, tmp_path: Path) -> None:
    service = Service(tmp_path)

    def act(url: str, look_now: Look) -> None:
        _device(world, "petro", f"{url}/1")
        _notify(world, "petro")
        box = world.box("sales")
        world.database.write_now(remove_grant, box.scope_id, "answer", user_id=world.person("petro"))
        look_now()
        world.database.write_now(add_grant, box.scope_id, "answer", user_id=world.person("petro"))
        look_now()

    service.run(world, act)
    assert not service.asked
    assert not _waiting(world)


def test_what_was_read_or_is_no_news_is_not_told(world: World, tmp_path: Path) -> None:
    service = Service(tmp_path)

    def act(url: str, look_now: Look) -> None:
        _device(world, "petro", f"{url}/1")
        _notify(world, "petro")
        world.database.write_now(mark_notices, world.viewer("petro"))
        look_now()
        _notify(world, "petro", "mentioned")
        world.now += FRESH
        look_now()

    service.run(world, act)
    assert not service.asked
    assert not _waiting(world)


def test_of_a_thread_only_the_newest_is_told(world: World, tmp_path: Path) -> None:
    service = Service(tmp_path)

    def act(url: str, look_now: Look) -> None:
        _device(world, "petro", f"{url}/1")
        for _ in range(3):
            _notify(world, "petro", "letter")
        look_now()

    service.run(world, act)
    assert len(service.asked) == 1


def test_many_are_one_message(world: World, tmp_path: Path) -> None:
    service, browser = Service(tmp_path), Browser()

    def act(url: str, look_now: Look) -> None:
        _device(world, "petro", f"{url}/1", browser)
        for kind in ("assigned", "mentioned", "letter", "bounced", "reminder"):
            _notify(world, "petro", kind)
        look_now()

    service.run(world, act)
    (one,) = service.asked
    said = json.loads(browser.open(one.body))
    assert (said["body"], said["url"]) == ("5 notices", "/notices")


def test_a_device_ends_with_its_sign_in(world: World) -> None:
    secret = _device(world, "petro", "https://push.example/1")
    fresh = world.database.write_now(prove_session, secret)
    assert world.database.read_now(has_device, fresh)
    world.database.write_now(end_session, fresh)
    assert not look(world.database, "SELECT id FROM device")
    with pytest.raises(NotFound):
        world.database.write_now(
            set_device, world.viewer("petro"), fresh, "https://push.example/1", Browser().public, SECRET
        )


def test_one_browser_is_told_for_one_person(world: World) -> None:
    """Somebody signs in where somebody else was told: nothing of theirs comes there any more."""
    first = _device(world, "petro", "https://push.example/1")
    second = _device(world, "olena", "https://push.example/1")
    assert not world.database.read_now(has_device, first)
    assert world.database.read_now(has_device, second)
    world.database.write_now(end_device, world.viewer("petro"), second)
    assert world.database.read_now(has_device, second), "of somebody else"
    world.database.write_now(end_device, world.viewer("olena"), second)
    assert not world.database.read_now(has_device, second)
    actions = [row[0] for row in look(world.database, "SELECT action FROM audit ORDER BY id")]
    assert actions.count("device-added") == 2
    assert actions.count("device-removed") == 1


@pytest.mark.parametrize("end", ["signed out long ago", "disabled"])
def test_whose_sign_in_is_over_is_not_told(world: World, tmp_path: Path, end: str) -> None:
    service = Service(tmp_path)

    def act(url: str, look_now: Look) -> None:
        _device(world, "petro", f"{url}/1")
        if end == "disabled":
            _notify(world, "petro")
            world.database.write_now(disable_user, world.person("petro"))
        else:
            world.now += 61 * clock.DAY
            _notify(world, "petro")
        look_now()

    service.run(world, act)
    assert not service.asked
    assert not look(world.database, "SELECT id FROM device")


@pytest.mark.parametrize("status", [404, 410])
def test_a_device_that_is_gone_is_forgotten(world: World, tmp_path: Path, status: int) -> None:
    service = Service(tmp_path)
    service.answers = [Response(status)]

    def act(url: str, look_now: Look) -> None:
        _device(world, "petro", f"{url}/1")
        _notify(world, "petro")
        look_now()
        _notify(world, "petro", "mentioned")
        look_now()

    service.run(world, act)
    assert len(service.asked) == 1
    assert not look(world.database, "SELECT id FROM device")


@pytest.mark.parametrize(
    ("answer", "rest"),
    [
        (Response(429, headers=(("Retry-After", "120"),)), 120),
        (Response(503), 60),
        (Response(403), 60),
        (Response(429, headers=(("Retry-After", "999999999"),)), 6 * 3600),
    ],
)
def test_a_service_that_takes_nothing_now_is_asked_later(
    world: World, tmp_path: Path, answer: Response, rest: int
) -> None:
    service = Service(tmp_path)
    service.answers = [answer]

    def act(url: str, look_now: Look) -> None:
        _device(world, "petro", f"{url}/1")
        _notify(world, "petro")
        assert look_now() == min(rest, 60)
        assert world.database.read_now(find_next) == world.now + rest * clock.SECOND
        look_now()
        assert len(service.asked) == 1
        world.now += rest * clock.SECOND
        look_now()

    service.run(world, act)
    assert len(service.asked) == 2
    assert not _waiting(world)


def test_an_address_inside_is_never_asked(world: World) -> None:
    for address in ("http://push.example/1", "https://user@push.example/1", "ftp://x", "x", "https://" + "p" * 1000):
        with pytest.raises(Invalid):
            _device(world, "petro", address)
    _device(world, "petro", "https://10.0.0.1/1")
    _device(world, "petro", "https://localhost/1")
    _notify(world, "petro")

    async def play() -> None:
        fetcher = Fetcher(Guard())
        try:
            await _pushing(world, fetcher, may_go=True).look()
        finally:
            await fetcher.close()

    asyncio.run(play())
    assert not look(world.database, "SELECT id FROM device")


def test_nothing_leaves_where_nothing_may(world: World, tmp_path: Path) -> None:
    service = Service(tmp_path)

    def act(url: str, look_now: Look) -> None:
        _device(world, "petro", f"{url}/1")
        _notify(world, "petro")
        look_now()

    service.run(world, act, may_go=False)
    assert not service.asked
    assert _waiting(world) == 1


def test_a_device_is_told_by_one_process(world: World) -> None:
    _device(world, "petro", "https://push.example/1")
    _notify(world, "petro")
    assert len(world.database.write_now(claim_devices)) == 1
    assert not world.database.write_now(claim_devices)
    world.now += clock.MINUTE
    assert len(world.database.write_now(claim_devices)) == 1, "whoever had it ended in between"


def test_the_proof_is_for_one_service(world: World) -> None:
    key = world.database.read_now(get_push_key, KEYS)
    claims = prove(key, "https://a.example:8443/send?x=1", CONTACT).split(".")[1]
    assert json.loads(read_base64(claims))["aud"] == "https://a.example:8443"

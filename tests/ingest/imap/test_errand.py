"""Errands by imapclient: what the library would do without bounds, it does within ours."""

from __future__ import annotations

import asyncio
import base64
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from mailhub.ingest.imap.bounds import Bounds
from mailhub.ingest.imap.client import Place
from mailhub.ingest.imap.errand import Errand
from mailhub.ingest.imap.trouble import Insecure, Lie, Lost, PasswordRefused, Refused, Throttled, Trouble
from tests.support.scripted_imap import HOST, Scripted, scripted_imap

SHORT = Bounds(connect=2, command=2, answer=200_000)
LOGIN = {"CAPABILITY": ["* CAPABILITY IMAP4rev1"]}
OPEN = ["* FLAGS (\\Seen)", "* 3 EXISTS", "* OK [UIDVALIDITY 77] valid", "* OK [UIDNEXT 9] next"]


async def begin(script: Scripted, *, secret: str = "a secret", bounds: Bounds = SHORT, host: str = HOST) -> Errand:
    place = Place(host, ("127.0.0.1",), script.port, "tls")
    return await Errand.begin(place, script.trust, bounds, "anna@firm.example", secret, "password")


def tried(folder: Path, answers: Mapping[str, list[str]], deed: Callable[[Scripted], Awaitable[None]]) -> list[str]:
    """Let ``deed`` talk to a server that answers so; what the server heard."""

    async def go() -> list[str]:
        async with scripted_imap(folder) as script:
            script.answers = {**LOGIN, **answers}
            await deed(script)
            return script.heard

    return asyncio.run(go())


def test_letters_are_marked_under_their_uidvalidity(tmp_path: Path) -> None:
    async def mark(script: Scripted) -> None:
        errand = await begin(script)
        assert await errand.select("&BBIERQRWBDQEPQRW-") == 77
        await errand.mark([4, 7], "\\Seen")
        await errand.noop()
        await errand.log_out()

    heard = tried(tmp_path, {"SELECT": OPEN}, mark)
    assert 'SELECT "&BBIERQRWBDQEPQRW-"' in heard
    assert "UID STORE 4,7 +FLAGS.SILENT (\\Seen)" in heard
    assert heard[-1] == "LOGOUT"


@pytest.mark.parametrize(
    ("answers", "trouble"),
    [
        ({"SELECT": ["NO there is no such folder"]}, Refused),
        ({"SELECT": ["NO [UNAVAILABLE] later"]}, Throttled),
        ({"SELECT": ["* FLAGS (\\Seen)"]}, Lie),
        ({"SELECT": ["* 1 FETCH (BODY {9999999999}"]}, Lost),
        ({"SELECT": ["* OK " + "x" * 60_000] * 20}, Lost),
        ({"LOGIN": ["NO [AUTHENTICATIONFAILED] not a secret I know"]}, PasswordRefused),
    ],
)
def test_what_a_server_does_wrong(tmp_path: Path, answers: Mapping[str, list[str]], trouble: type[Trouble]) -> None:
    async def look(script: Scripted) -> None:
        with pytest.raises(trouble) as caught:
            await (await begin(script)).select("INBOX")
        assert "a secret" not in str(caught.value)

    tried(tmp_path, answers, look)


def test_what_a_server_repeats_of_a_password_is_not_shown(tmp_path: Path) -> None:
    coded = base64.b64encode(b"\0anna@firm.example\0a secret").decode()

    async def go(script: Scripted) -> None:
        with pytest.raises(Trouble) as caught:
            await begin(script)
        assert caught.value.fields["said"].endswith("there is no …")

    answers = {"CAPABILITY": ["* CAPABILITY IMAP4rev1 AUTH=PLAIN"], "AUTHENTICATE": [f"NO there is no {coded}"]}
    tried(tmp_path, answers, go)


def test_a_server_that_falls_silent_is_left_at_the_deadline(tmp_path: Path) -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"* OK ready\r\n")
        while await reader.readline():
            for _ in range(100):
                writer.write(b"*")  # a drip that never ends a line: no read of the socket ever times out
                await writer.drain()
                await asyncio.sleep(0.1)

    async def wait(script: Scripted) -> None:
        server = await asyncio.start_server(silent, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        began = time.monotonic()
        place = Place(HOST, ("127.0.0.1",), port, "starttls")
        with pytest.raises(Lost):
            await Errand.begin(place, script.trust, replace(SHORT, command=1), "anna", "x", "password")
        assert time.monotonic() - began < 8
        server.close()

    tried(tmp_path, {}, wait)


def test_servers_that_fall_silent_hold_up_nobody_else(tmp_path: Path) -> None:
    """The threads of the loop are few, and names are looked up in them too."""

    async def go(script: Scripted) -> None:
        script.greeting = b""
        bounds = replace(SHORT, command=1)
        hanging = [asyncio.create_task(begin(script, bounds=bounds)) for _ in range(40)]
        await asyncio.sleep(0.2)
        async with asyncio.timeout(0.5):
            await asyncio.to_thread(time.monotonic)
        assert {type(one) for one in await asyncio.gather(*hanging, return_exceptions=True)} == {Lost}

    tried(tmp_path, {}, go)


def test_a_certificate_for_another_name_gets_no_password(tmp_path: Path) -> None:
    async def go(script: Scripted) -> None:
        with pytest.raises(Insecure):
            await begin(script, host="imap.other.example")

    assert tried(tmp_path, {}, go) == []


def test_a_password_with_a_line_end_is_no_command(tmp_path: Path) -> None:
    async def go(script: Scripted) -> None:
        with pytest.raises(Refused):
            await begin(script, secret="x\r\nA1 DELETE INBOX")

    assert tried(tmp_path, {}, go) == []

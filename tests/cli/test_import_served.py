"""Imports that the running server takes in: killed at any moment and started again; and .gz by the command."""

from __future__ import annotations

import gzip
import json
import os
import random
import signal
import time
import urllib.request
from typing import Any

from tests.cli.support import Place, make_mbox

MESSAGES = "SELECT count(*) FROM message"
LETTERS = "SELECT letters FROM mail_import"


def ask(port: int, token: str, path: str, data: bytes | None = None, kind: str = "application/json") -> Any:
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/api/v1{path}", data, {"Authorization": f"Bearer {token}", "Content-Type": kind}
    )
    with urllib.request.urlopen(request, timeout=20) as answer:
        return json.load(answer)


def test_kill_9_and_on_where_it_stopped(place: Place) -> None:
    count = 300 if place.url.startswith("postgresql") else 1000
    data = make_mbox(place.folder / "old.mbox", count).read_bytes()
    place.run("user", "add", "boss@firm.example", "--name", "Boss", "--admin", "--password-stdin", given="a long one")
    token = place.facts("token", "add", "--user", "boss@firm.example", "--scope", "all")["token"]
    box = place.ask("SELECT id FROM mailbox WHERE address = 'sales@firm.example'")
    chance, killed_at, here = random.Random(3), [], ""
    for _ in range(3):
        with place.serving() as (process, ports):
            if not here:
                body = b"".join((
                    b'--x\r\nContent-Disposition: form-data; name="mailbox_id"\r\n\r\n%d\r\n' % box,
                    b'--x\r\nContent-Disposition: form-data; name="file"; filename="old.mbox"\r\n\r\n',
                    data, b"\r\n--x--",
                ))  # fmt: skip
                started = ask(ports["web"], token, "/imports/upload", body, "multipart/form-data; boundary=x")
                here = f"/imports/{started['id']}"
            begun = place.ask(LETTERS)
            deadline = time.monotonic() + 60
            while place.ask(LETTERS) == begun and begun < count:
                assert time.monotonic() < deadline, (place.folder / "stderr").read_text()
                time.sleep(0.01)
            time.sleep(chance.uniform(0, 0.2))
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        killed_at.append(place.ask(LETTERS))
        assert place.ask(MESSAGES) == killed_at[-1]  # what counts is here, and what is here counts
    assert 0 < killed_at[0] < count
    with place.serving() as (_, ports):
        place.wait_for("SELECT state FROM mail_import", "done")
        done = ask(ports["web"], token, here)
    assert (done["letters"], done["taken"], done["already"], done["quarantined"]) == (count, count, 0, 0)
    assert place.ask(MESSAGES) == count
    assert place.ask("SELECT count(*) FROM thread WHERE waiting_for IS NOT NULL") == 0
    assert place.ask("SELECT count(*) FROM unread") == 0


def test_the_command_takes_a_gz(place: Place) -> None:
    plain = make_mbox(place.folder / "old.mbox", 20)
    packed = place.folder / "old.mbox.gz"
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    done = place.facts("import", "mail", packed, "--mailbox", "sales@firm.example")
    assert (done["kind"], done["letters"], done["taken"], done["finished"]) == ("mbox", 20, 20, True)

"""``mailhub import mail``: alone and beside a server, interrupted and run again."""

from __future__ import annotations

import os
import random
import signal
import time
from contextlib import suppress

from tests.cli.support import Place, make_mbox
from tests.cli.test_serve import send
from tests.support.world import letter

MESSAGES = "SELECT count(*) FROM message"
INTO = ("--mailbox", "sales@firm.example")


def test_without_a_server_the_letters_are_there_when_it_ends(place: Place) -> None:
    archive = make_mbox(place.folder / "old.mbox", 200)
    done = place.facts("import", "mail", archive, *INTO)
    assert (done["kind"], done["letters"], done["taken"]) == ("mbox", 200, 200)
    assert (done["finished"], done["quarantined"], done["skipped"]) == (True, 0, [])
    assert place.ask(MESSAGES) == 200
    # Quiet: nothing waits for an answer, nobody is told.
    assert place.ask("SELECT count(*) FROM thread WHERE waiting_for IS NOT NULL") == 0
    assert place.ask("SELECT count(*) FROM unread") == 0
    assert place.ask("SELECT count(*) FROM boot") == 0
    assert place.ask("SELECT count(*) FROM blob WHERE content IS NOT NULL") == 0
    again = place.facts("import", "mail", archive, *INTO)
    assert (again["taken"], again["already"]) == (0, 200)
    assert place.ask(MESSAGES) == 200
    assert not list((place.folder / "data" / "imports").iterdir())


def test_it_goes_on_where_ctrl_c_stopped_it(place: Place) -> None:
    archive = make_mbox(place.folder / "old.mbox", 1000)
    process = place.start("import", "mail", archive, *INTO, "--json")
    assert process.stdout is not None
    try:
        deadline = time.monotonic() + 60
        while not list((place.folder / "data" / "imports").glob("*.json")):
            assert time.monotonic() < deadline
            time.sleep(0.01)
        os.killpg(process.pid, signal.SIGINT)
        assert process.wait(60) == 1, (place.folder / "stderr").read_text()
        assert '"finished": false' in process.stdout.read()
    finally:
        process.kill()
        process.stdout.close()
    first = place.ask(MESSAGES)
    assert 0 < first < 1000
    rest = place.facts("import", "mail", archive, *INTO)
    assert rest["resumed"]
    assert rest["finished"]
    assert (rest["letters"], rest["taken"]) == (1000 - first, 1000 - first)
    assert place.ask(MESSAGES) == 1000
    assert place.ask("SELECT count(*) FROM incoming WHERE state <> 'done'") == 0


def test_after_kills_at_any_moment_nothing_is_lost_or_doubled(place: Place) -> None:
    count = 250 if place.url.startswith("postgresql") else 1500  # PostgreSQL takes longer for each
    archive = make_mbox(place.folder / "old.mbox", count)
    rng = random.Random(9)
    stored = []
    for _ in range(3):
        process = place.start("import", "mail", archive, *INTO)
        assert process.stdout is not None
        begun = place.ask(MESSAGES)
        while place.ask(MESSAGES) == begun and process.poll() is None:
            time.sleep(0.01)
        time.sleep(rng.uniform(0, 0.2))
        with suppress(ProcessLookupError):  # it may have come to its end
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        process.stdout.close()
        stored.append(place.ask(MESSAGES))
    assert 0 < stored[0] < count
    done = place.facts("import", "mail", archive, *INTO)
    assert (done["finished"], done["quarantined"]) == (True, 0)
    assert place.ask(MESSAGES) == place.ask("SELECT count(*) FROM letter") == count
    assert place.ask("SELECT count(*) FROM incoming WHERE state = 'done'") == count
    assert place.run("check").returncode == 0


def test_beside_a_server_it_takes_nothing_away(place: Place) -> None:
    archive = make_mbox(place.folder / "old.mbox", 100)
    with place.serving("--roles", "ingest") as (process, ports):
        boot = place.ask("SELECT name FROM boot")
        assert place.facts("import", "mail", archive, *INTO)["taken"] == 100
        assert place.ask("SELECT name FROM boot") == boot
        place.wait_for(MESSAGES, 100)
        send(ports["smtp"], letter("Live", "live@client"))
        place.wait_for(MESSAGES, 101)
        assert process.poll() is None


def test_a_server_that_starts_in_the_middle_takes_over(place: Place) -> None:
    archive = make_mbox(place.folder / "old.mbox", 600)
    process = place.start("import", "mail", archive, *INTO, "--json")
    assert process.stdout is not None
    while not list((place.folder / "data" / "imports").glob("*.json")):
        assert process.poll() is None
        time.sleep(0.01)
    with place.serving("--roles", "ingest"):
        assert process.wait(60) == 0, (place.folder / "stderr").read_text()
        process.stdout.close()
        place.wait_for(MESSAGES, 600)
    assert place.ask("SELECT count(*) FROM incoming WHERE state <> 'done'") == 0


def test_what_cannot_be_taken_is_named(place: Place) -> None:
    folder = place.folder / "letters"
    folder.mkdir()
    (folder / "one.eml").write_bytes(letter("One", "1@client"))
    (folder / "two.eml").write_bytes(b"")
    (folder / "notes.txt").write_bytes(b"no letter")
    done = place.facts("import", "mail", folder, *INTO, code=1)
    assert (done["kind"], done["taken"]) == ("folder", 1)
    assert done["skipped"] == [{"name": "two.eml", "reason": "The file is empty."}]
    assert "no mailbox" in place.run("import", "mail", folder, "--mailbox", "x@firm.example", code=1).stderr
    assert "nothing at" in place.run("import", "mail", folder / "none", *INTO, code=1).stderr

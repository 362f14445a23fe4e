"""The running server as a process: ready, useful, and gone in good order."""

from __future__ import annotations

import os
import signal
import smtplib
import socket
import time
import urllib.request

from tests.cli.support import Place
from tests.support.world import letter


def send(port: int, raw: bytes) -> None:
    with smtplib.SMTP("127.0.0.1", port, timeout=20) as client:
        client.sendmail("anna@client.example", ["sales@firm.example"], raw)


def test_a_letter_over_smtp_becomes_a_thread(place: Place) -> None:
    with place.serving() as (_, ports):
        send(ports["smtp"], letter("Pumps", "1@client"))
        place.wait_for("SELECT count(*) FROM thread", 1)
        with urllib.request.urlopen(f"http://127.0.0.1:{ports['web']}/health/live", timeout=20) as answer:
            assert answer.status == 200
    assert place.ask("SELECT count(*) FROM boot") == 0


def test_it_makes_the_first_database_itself(empty: Place) -> None:
    with empty.serving("--roles", "ingest") as (_, ports):
        assert ports["web"] is None
        assert empty.facts("user", "list") == []


def test_ctrl_c_at_the_terminal_ends_in_time_with_a_client_on_the_line(place: Place) -> None:
    with (
        place.serving() as (process, ports),
        socket.create_connection(("127.0.0.1", ports["smtp"])) as idle,
        socket.create_connection(("127.0.0.1", ports["web"])) as slow,
    ):
        idle.recv(1000)
        slow.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n")
        began = time.monotonic()
        os.killpg(process.pid, signal.SIGINT)
        assert process.wait(20) == 0
        assert time.monotonic() - began < 10


def test_a_second_signal_ends_at_once(place: Place) -> None:
    with (
        place.serving("--roles", "ingest") as (process, ports),
        smtplib.SMTP("127.0.0.1", ports["smtp"], timeout=20) as client,
    ):
        client.ehlo()
        client.mail("anna@client.example")
        client.rcpt("sales@firm.example")
        client.docmd("DATA")
        process.send_signal(signal.SIGTERM)
        time.sleep(0.5)
        assert process.poll() is None, "it waits for the letter under way"
        process.send_signal(signal.SIGTERM)
        assert process.wait(5) == -signal.SIGTERM
        client.close()


def test_a_port_that_is_taken_is_a_sentence(place: Place) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        for variable in ("MAILHUB_SMTP_PORT", "MAILHUB_WEB_PORT"):
            port = place.more[variable] = str(taken.getsockname()[1])
            assert f"Port {port} cannot be opened: " in place.run("serve", code=1).stderr
            del place.more[variable]

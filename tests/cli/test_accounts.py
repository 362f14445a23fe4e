"""Accounts from the command line, against a real Dovecot: connect, list, test, compare."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.support import Place
from tests.ingest.imap.conftest import make_paper
from tests.support.dovecot import PASSWORD, USER, Dovecot
from tests.support.engines import only
from tests.support.mail import write_letter


@pytest.fixture(scope="module")
def dovecot(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dovecot]:
    paper = make_paper(tmp_path_factory.mktemp("paper"))
    server = Dovecot(paper.certificate, paper.key)
    client = server.client()
    client.create("Archive")
    for number in range(3):
        client.append("INBOX", "", None, write_letter(number))  # type: ignore[arg-type]
    client.append("Archive", "", None, write_letter(9))  # type: ignore[arg-type]
    client.logout()
    yield server
    server.stop()


@pytest.fixture
def place(tmp_path: Path, database_url: str, dovecot: Dovecot) -> Place:
    more = {"MAILHUB_IMAP_ALLOWED_NETWORKS": "127.0.0.0/8", "MAILHUB_IMAP_CA_FILE": str(dovecot.certificate)}
    return Place(tmp_path, database_url, more)


@only("sqlite")
def test_from_connecting_to_nothing_missing(place: Place, dovecot: Dovecot) -> None:
    server = f"imaps://{USER}@127.0.0.1:{dovecot.port}"
    missing = place.run("account", "add", USER, "--imap", server, "--password-stdin", given="x\n", code=1)
    assert "Add it: mailhub mailbox add" in missing.stderr
    place.run("mailbox", "add", USER, "--name", "Info", "--kind", "public")
    folders = ("--folder", "inbox", "--folder", "Archive")
    made = place.facts("account", "add", USER, "--imap", server, *folders, "--password-stdin", given="wrong\n")
    (tried,) = place.facts("account", "test", code=1)["items"]
    assert (tried["ok"], tried["wrong"]) == (False, "password")
    assert "Check the name and the password" in place.run("mailbox", "test", USER, code=1).stdout
    place.run("account", "remove", made["id"])
    place.run("account", "add", USER, "--imap", server, *folders, "--password-stdin", given=f"{PASSWORD}\n")
    (tried,) = place.facts("account", "test", USER)["items"]
    assert tried["ok"]
    assert {"INBOX", "Archive", "Sent"} <= set(tried["folders"])

    rows = {row["name"]: row for row in place.facts("mailbox", "reconcile", USER, code=1)}
    assert (rows["INBOX"]["server"], rows["INBOX"]["here"], rows["INBOX"]["differs"]) == (3, 0, True)
    with place.serving():
        place.wait_for("SELECT count(*) FROM placement WHERE incoming_id IS NOT NULL", 4)
    rows = {row["name"]: row for row in place.facts("mailbox", "reconcile", USER)}
    assert {name: (row["server"], row["here"], row["followed"]) for name, row in rows.items()} == {
        "INBOX": (3, 3, True), "Archive": (1, 1, True), "Sent": (0, 0, False),
    }  # fmt: skip
    (listed,) = place.facts("account", "list")
    assert (listed["state"], listed["letters"], sorted(listed["folders"])) == ("ok", 4, ["Archive", "INBOX"])
    said = place.run("account", "list").stdout + str(listed)
    assert PASSWORD not in said

    client = dovecot.client()
    client.append("INBOX", "", None, write_letter(50))  # type: ignore[arg-type]
    client.logout()
    table = place.run("mailbox", "reconcile", USER, "--fetch", code=1).stdout
    assert "MISSING" in table
    with place.serving():
        place.wait_for("SELECT count(*) FROM placement WHERE incoming_id IS NOT NULL", 5)
    place.run("mailbox", "reconcile", USER)


def test_what_cannot_be_meant_is_wrong_usage(place: Place) -> None:
    place.run("mailbox", "add", USER, "--name", "Info", "--kind", "public")
    for given in ("http://imap.x.example", "imaps://", "imaps://u:pw@imap.x.example", "imaps://u@x.example:port"):
        said = place.run("account", "add", USER, "--imap", given, "--password-stdin", given="p\n", code=2).stderr
        assert "pw" not in said
    name = "imap://me%40other.example@imap.x.example"
    place.run(
        "account", "add", USER, "--imap", name, "--smtp", "smtp://mail.x.example", "--password-stdin", given="p\n"
    )
    (listed,) = place.facts("account", "list")
    assert (listed["user"], listed["server"], listed["security"], listed["smtp"]) == (
        "me@other.example", "imap.x.example:143", "starttls", "mail.x.example",
    )  # fmt: skip
    again = place.run("account", "add", USER, "--imap", name, "--password-stdin", given="p\n", code=1)
    assert "connected to this mailbox already" in again.stderr

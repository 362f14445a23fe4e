"""What every command promises: its exit code, its sentence, its facts."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.support import Place
from tests.support.commands import ROOT


def test_the_list_of_commands(empty: Place) -> None:
    shown = empty.run("--help").stdout
    for name in ("serve", "upgrade", "check", "user", "group", "token", "mailbox", "import", "parse", "quarantine",
                 "backup", "restore"):  # fmt: skip
        assert f" {name} " in shown


@pytest.mark.parametrize(
    "arguments",
    [
        ("fly",),
        ("serve", "--roles", "web,cook"),
        ("user", "add"),
        ("mailbox", "add", "a@firm.example", "--name", "A", "--kind", "private"),
        ("mailbox", "add", "a@firm.example", "--name", "A", "--kind", "public", "--grant", "Sales:fly"),
        ("mailbox", "add", "a@firm.example", "--name", "A", "--kind", "public", "--grant", "see"),
        ("parse",),
        ("user", "add", "a@firm.example", "--name", "A"),  # nobody at the terminal, no --password-stdin
    ],
)
def test_wrong_usage_is_2(empty: Place, arguments: tuple[str, ...]) -> None:
    assert empty.run(*arguments, code=2).stdout == ""


def test_what_cannot_be_done_is_1_and_one_sentence(empty: Place) -> None:
    for arguments, sentence in (
        (("user", "list"), "The database is empty. Run: mailhub upgrade\n"),
        (("user", "list", "--config", "none.toml"), "The settings file none.toml cannot be read"),
        (("--config", "none.toml", "user", "list"), "The settings file none.toml cannot be read"),
    ):
        done = empty.run(*arguments, code=1)
        assert done.stdout == ""
        assert done.stderr.count("\n") == 1
        assert done.stderr.startswith(sentence)


def test_an_unknown_setting_names_the_nearest(empty: Place) -> None:
    empty.more["MAILHUB_WEB_PRT"] = "1"
    assert "MAILHUB_WEB_PORT" in empty.run("serve", code=1).stderr
    del empty.more["MAILHUB_WEB_PRT"]
    (empty.folder / "mailhub.toml").write_text("[web]\nprot = 1\n")
    assert "web.port" in empty.run("user", "list", code=1).stderr


def test_an_unreachable_database_is_a_sentence(empty: Place) -> None:
    empty.url = "postgresql://nobody@127.0.0.1:1/none"
    for command in (("upgrade",), ("check",), ("user", "list"), ("backup", "b")):
        assert empty.run(*command, code=1).stderr.startswith("The database cannot be reached")


def test_people_groups_mailboxes_and_tokens(place: Place) -> None:
    place.run("group", "add", "Sales")
    added = ("user", "add", "Olena@firm.example", "--name", "Олена", "--group", "Sales", "--password-stdin")
    place.run(*added, given="short\n", code=1)
    assert place.facts(*added, given="a long secret\n")["id"] == 1
    assert "already a user" in place.run(*added, given="a long secret\n", code=1).stderr
    place.run("user", "add", "x@firm.example", "--name", "X", "--group", "None", "--password-stdin",
              given="a long secret\n", code=1)  # fmt: skip
    (person,) = place.facts("user", "list")
    assert (person["email"], person["name"], person["groups"]) == ("olena@firm.example", "Олена", ["Sales"])

    place.run("mailbox", "add", "office@firm.example", "--name", "Office", "--kind", "public", "--alias",
              "info@firm.example", "--catch-all", "firm.example", "--grant", "Sales:see,answer")  # fmt: skip
    place.run("mailbox", "add", "olena@firm.example", "--name", "Олена", "--kind", "personal", "--owner",
              "olena@firm.example")  # fmt: skip
    boxes = {box["address"]: box for box in place.facts("mailbox", "list")}
    assert boxes["office@firm.example"]["also"] == ["@firm.example", "info@firm.example"]
    assert boxes["olena@firm.example"]["kind"] == "personal"
    assert place.ask("SELECT count(*) FROM access_grant WHERE team_id IS NOT NULL") == 2

    assert len(place.facts("token", "add", "--user", "olena@firm.example", "--scope", "all")["token"]) > 30
    place.run("user", "disable", "olena@firm.example")
    assert place.facts("user", "list")[0]["disabled"]
    assert "OLENA" not in place.run("user", "list").stdout


def test_upgrade_makes_an_empty_database_once(empty: Place) -> None:
    first = empty.facts("upgrade")
    assert first["from"] is None
    assert first["to"]
    assert empty.facts("upgrade") == {"from": first["to"], "to": first["to"], "copy": None}


LOOK = """
import sys
from api.cli import cli
try:
    cli(['parse', 'one.eml', '--json'], standalone_mode=False)
except SystemExit as end:
    assert end.code == 0
assert not {'litestar', 'uvicorn', 'sqlalchemy'} & set(sys.modules)
"""


def test_parse_needs_no_house_and_imports_none(tmp_path: Path) -> None:
    (tmp_path / "one.eml").write_bytes(b"From: o@firm.example\nSubject: =?utf-8?b?0J/RgNC40LLRltGC?=\n\nhi\n")
    done = subprocess.run(
        [sys.executable, "-c", LOOK], cwd=tmp_path, env={"PYTHONPATH": str(ROOT)},
        capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    understood = json.loads(done.stdout)
    assert list(understood) == [
        "file", "message_id", "in_reply_to", "references", "date", "subject", "from", "sender", "reply_to", "to",
        "cc", "bcc", "text", "html", "reply_text", "attachments", "kind", "bounce", "invitation", "authentication",
        "defects", "error",
    ]  # fmt: skip
    assert (understood["file"], understood["subject"], understood["kind"]) == ("one.eml", "Привіт", "letter")


def test_parse_goes_on_after_a_file_that_is_not_there(empty: Place) -> None:
    (empty.folder / "one.eml").write_bytes(b"Subject: one\n\nhi\n")
    done = empty.run("parse", "none.eml", "one.eml", "--json", code=1)
    assert json.loads(done.stdout)["subject"] == "one"
    assert done.stderr == "none.eml cannot be read: No such file or directory.\n"


def test_a_file_that_is_no_database_is_a_sentence(empty: Place) -> None:
    (empty.folder / "data").mkdir()
    (empty.folder / "data" / "mailhub.db").write_text("this is a text, and not a short one " * 10)
    for command in ("check", "upgrade"):
        assert empty.run(command, code=1).stderr == "The database file cannot be read: file is not a database.\n"


def test_a_folder_that_cannot_be_made_is_a_sentence(empty: Place) -> None:
    empty.run("upgrade")
    (empty.folder / "taken").write_text("")
    assert empty.run("backup", empty.folder / "taken" / "in", code=1).stderr.endswith("taken/in: Not a directory.\n")
    assert empty.run("--version").stdout.startswith("mailhub, version ")


def test_a_mailbox_says_that_a_letter_came(place: Place) -> None:
    texts = ("--text", "en=We have it.", "--text", "uk=Лист у нас.")
    made = place.facts("mailbox", "acknowledge", "sales@firm.example", *texts)
    assert made["texts"] == {"en": "We have it.", "uk": "Лист у нас."}
    assert place.facts("mailbox", "acknowledge", "sales@firm.example")["texts"] == {}
    assert "There is no mailbox" in place.run("mailbox", "acknowledge", "x@firm.example", code=1).stderr
    place.run("mailbox", "acknowledge", "sales@firm.example", "--text", "English", code=2)

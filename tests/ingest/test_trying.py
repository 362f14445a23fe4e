"""Trying an account: what is wrong is said in words that name the next step."""

from __future__ import annotations

import asyncio
import base64
import socket
import ssl
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from core.fetch import Guard
from mailhub.ingest.imap.bounds import Bounds
from mailhub.ingest.imap.client import Client, Place
from mailhub.ingest.imap.trouble import Lie
from mailhub.ingest.trying import CHECK_BOTH, Finding, Server, try_imap, try_smtp
from mailhub.mailboxes.oauth import xoauth2
from mailhub.mailboxes.providers import PROVIDERS, find_provider, guess_servers
from tests.support.scripted_imap import HOST, Scripted, scripted_imap

FAST = Bounds(connect=1, command=2, folders=100)
CANARY = "canary-password"
GMAIL = "imap.gmail.com"


def guard_for(*addresses: str) -> Guard:
    async def resolve(_host: str) -> list[str]:
        return list(addresses)

    return Guard(resolve, own=["127.0.0.0/8"])


def attempt(
    folder: Path,
    change: Callable[[Scripted], None] = lambda script: None,
    *,
    host: str = HOST,
    cert: str = HOST,
    **other: object,
) -> tuple[Finding, Scripted]:
    async def main() -> tuple[Finding, Scripted]:
        async with scripted_imap(folder, cert) as script:
            change(script)
            server = replace(Server(host, script.port, "tls", "sales@firm.example", CANARY), **other)
            found = await try_imap(guard_for("127.0.0.1"), script.trust, server, FAST)
            assert CANARY not in found.sentence % found.fields
            return found, script

    return asyncio.run(main())


def test_when_all_is_well_the_folders_are_told_and_nothing_is_opened(tmp_path: Path):
    found, script = attempt(tmp_path)
    assert found.is_well
    assert [(one.name, one.role) for one in found.folders] == [("INBOX", "inbox"), ("Вхідні", "sent")]
    assert [command.partition(" ")[0] for command in script.heard] == [
        "CAPABILITY", "AUTHENTICATE", "CAPABILITY", "LIST", "LOGOUT",
    ]  # fmt: skip


def test_without_a_user_only_the_server_is_asked(tmp_path: Path):
    found, script = attempt(tmp_path, user="")
    assert found.is_well
    assert found.seconds > 0
    assert script.heard == ["CAPABILITY", "LOGOUT"]


REFUSALS = [
    (GMAIL, "NO [ALERT] Application-specific password required: (Failure)", "app-password", "Google"),
    (GMAIL, "NO [AUTHENTICATIONFAILED] Invalid credentials (Failure)", "password", "Google"),
    (GMAIL, "NO [ALERT] Your account is not enabled for IMAP use.", "disabled", "Google"),
    ("outlook.office365.com", "NO LOGIN failed.", "password", "Microsoft"),
    ("imap.yandex.com", "NO [AUTHENTICATIONFAILED] Invalid credentials or IMAP is disabled", "disabled", "Yandex"),
    ("imap.mail.ru", "NO [AUTHENTICATIONFAILED] NEOBHODIM parol prilozheniya", "app-password", "Mail.ru"),
    ("imap.ukr.net", "NO [AUTHENTICATIONFAILED] Authentication failed", "password", "ukr.net"),
    ("imap.abv.bg", "NO Login failed.", "password", "abv.bg"),
    (HOST, "NO [AUTHENTICATIONFAILED] Authentication failed.", "password", ""),
]  # fmt: skip


@pytest.mark.parametrize(("host", "said", "wrong", "name"), REFUSALS, ids=[f"{row[0]} {row[2]}" for row in REFUSALS])
def test_a_refusal_comes_with_what_to_do_at_the_provider(tmp_path: Path, host: str, said: str, wrong: str, name: str):
    found, _ = attempt(
        tmp_path, lambda script: setattr(script, "answers", {"AUTHENTICATE": [said]}), host=host, cert=host
    )
    assert found.wrong == wrong
    provider = find_provider(host)
    assert (provider.name if provider else "") == name
    assert found.advice == (provider.advice if provider else CHECK_BOTH)


def test_a_pause_is_no_refused_password(tmp_path: Path):
    answers = {"AUTHENTICATE": ["NO [UNAVAILABLE] Temporary authentication failure"]}
    assert attempt(tmp_path, lambda script: setattr(script, "answers", answers))[0].wrong == "busy"


def test_a_password_never_goes_to_a_server_that_cannot_prove_its_name(tmp_path: Path):
    found, script = attempt(tmp_path, cert="another.example")
    assert found.wrong == "certificate"
    assert "mismatch" in str(found.fields["why"]).lower()
    assert not script.heard


def test_what_does_not_speak_imap_is_named_so(tmp_path: Path):
    found, _ = attempt(tmp_path, lambda script: setattr(script, "greeting", b"220 mx ESMTP\r\n"))
    assert found.wrong == "protocol"
    assert "Check the port" in found.sentence


def test_nobody_there():
    context = ssl.create_default_context()
    with socket.socket() as taken, socket.socket() as silent:
        taken.bind(("127.0.0.1", 0))
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        refusing, quiet = taken.getsockname()[1], silent.getsockname()[1]
        for attempt_at in (try_imap, try_smtp):
            cases = [
                (guard_for("127.0.0.1"), refusing, "reach", "takes no connections"),
                (guard_for("127.0.0.1"), quiet, "reach", "does not answer"),
                (guard_for(), 993, "place", "There is no address for imap.firm.example"),
                (guard_for("10.0.0.7"), 993 if attempt_at is try_imap else 587, "place", "not on the public internet"),
                (guard_for("192.0.2.7"), 22, "place", "Port 22 is not used for this"),
            ]
            for guard, port, wrong, words in cases:
                server = Server(HOST, port, "tls", "u", CANARY)
                found = asyncio.run(attempt_at(guard, context, server, FAST))
                assert (found.wrong, words in found.sentence % found.fields) == (wrong, True), (attempt_at, found)


def test_servers_are_guessed_by_domain_and_by_who_carries_the_mail():
    assert guess_servers("a@gmail.com").imap_host == "imap.gmail.com"
    assert guess_servers("a@mail.firm.onmicrosoft.com").imap_host == "outlook.office365.com"
    assert guess_servers("a@ukr.net").smtp_port == 465
    own = guess_servers("a@Firm.Example")
    assert (own.provider, own.imap_host) == (None, "imap.firm.example")
    google = guess_servers("a@firm.example", ("aspmx.l.google.com.",)).provider
    microsoft = guess_servers("a@firm.example", ("firm-example.mail.protection.outlook.com",)).provider
    assert (google and google.name, microsoft and microsoft.name) == ("Google", "Microsoft")
    assert guess_servers("a@notgmail.com").provider is None
    assert {one.name for one in PROVIDERS if one.authority} == {"Google", "Microsoft"}
    for one in PROVIDERS:
        assert one.advice.endswith(".")
        assert one.page.startswith("https://")


@pytest.mark.parametrize("auth", ["password", "xoauth2"])
def test_what_a_server_repeats_of_a_secret_is_not_shown(tmp_path: Path, auth: str):
    secret = "canary-" + "password-" * 30
    said = {"password": f"\0sales@firm.example\0{secret}", "xoauth2": xoauth2("sales@firm.example", secret)}[auth]
    coded = base64.b64encode(said.encode()).decode()
    for repeated in (coded, secret):
        answers = {"AUTHENTICATE": [f"NO there is no AUTHENTICATE {repeated} here"]}
        found, _ = attempt(tmp_path, lambda script, a=answers: setattr(script, "answers", a), secret=secret, auth=auth)
        assert found.fields["said"] == "there is no AUTHENTICATE …"


def test_a_server_with_folders_without_end_is_not_believed(tmp_path: Path):
    endless = {"LIST": [f'* LIST () "/" "{number}"' for number in range(FAST.folders + 1)]}
    found, _ = attempt(tmp_path, lambda script: setattr(script, "answers", endless))
    assert (found.wrong, found.folders) == ("protocol", ())


@pytest.mark.parametrize("number", ["Â²", "9" * 19, "9" * 5000, "-1", ""])
def test_a_number_that_is_none_is_a_lie(tmp_path: Path, number: str):
    async def main() -> None:
        async with scripted_imap(tmp_path) as script:
            script.answers = {"EXAMINE": [f"* OK [UIDVALIDITY {number}] well"]}
            place = Place(HOST, ("127.0.0.1",), script.port, "tls")
            client = await Client.connect(place, script.trust, FAST)
            with pytest.raises(Lie):
                await client.examine("INBOX")
            client.close()

    asyncio.run(main())

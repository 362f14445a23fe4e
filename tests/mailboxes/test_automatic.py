"""Automatic answers: to people who wrote, once in a while, and two machines never answer each other for long."""

from __future__ import annotations

import base64
from email import message_from_bytes
from email.message import Message

import pytest

from core import clock
from core.database import Database
from mailhub.letters.automatic import may_auto_answer
from mailhub.letters.letter import parse_letter
from mailhub.letters.verdicts import Verdicts
from mailhub.mailboxes.automatic import EVERY, take_auto_answer
from tests.letters import corpora
from tests.support.world import letter

PROVED = Verdicts("pass", "pass", "pass", "none", "client.example")
OURS = frozenset({"sales@firm.example", "claims@firm.example"})


def may(raw: bytes, mail_from: str | None = "anna@client.example", verdicts: Verdicts | None = PROVED) -> bool:
    return may_auto_answer(
        parse_letter(raw, envelope_from=mail_from), verdicts, mail_from=mail_from, is_ours=OURS.__contains__
    )


def test_somebody_who_writes_gets_an_answer() -> None:
    assert may(letter("Pumps", "1@client"))
    assert may(letter("Pumps", "1@client", headers="Auto-Submitted: no\r\nPrecedence: first-class\r\n"))
    assert may(letter("Pumps", "1@client"), verdicts=None), "where nobody is asked about senders"


@pytest.mark.parametrize(
    "headers",
    [
        "Auto-Submitted: auto-replied\r\n", "Auto-Submitted: auto-generated; x=y\r\n",
        "Auto-Submitted: auto-notified\r\n",
        "Precedence: bulk\r\n", "Precedence: list\r\n", "Precedence: junk\r\n", "Precedence: auto_reply\r\n",
        "List-Id: <news.client.example>\r\n", "List-Unsubscribe: <mailto:x@client.example>\r\n",
        "List-Post: <mailto:list@client.example>\r\n", "List-Post: NO\r\n", "X-Loop: anna@client.example\r\n",
        "Sender: noreply@client.example\r\n", "Sender: <list-bounces@client.example>\r\n",
        "Sender: sales@firm.example\r\n",
        "X-Auto-Response-Suppress: All\r\n", "X-Autoreply: yes\r\n", "X-Spam-Flag: YES\r\n",
    ],
)  # fmt: skip
def test_machines_lists_and_junk_get_none(headers: str) -> None:
    assert not may(letter("Pumps", "1@client", headers=headers))


@pytest.mark.parametrize(
    "name",
    [
        "noreply", "no-reply", "No.Reply", "donotreply", "do-not-reply", "mailer-daemon", "MAILER-DAEMON", "postmaster",
        "bounces", "bounce+x", "noreply+abc=def", "news-request", "list-owner", "list-bounces", "notifications",
    ],
)  # fmt: skip
def test_names_behind_which_nobody_reads(name: str) -> None:
    assert not may(letter("Pumps", "1@x", sender=f"{name}@client.example"))
    assert not may(letter("Pumps", "1@x"), mail_from=f"{name}@client.example")


@pytest.mark.parametrize("name", ["anna", "noreen", "robert", "daemona", "reply", "alerta", "newton", "rootes"])
def test_people_with_such_names(name: str) -> None:
    assert may(letter("Pumps", "1@x", sender=f"{name}@client.example"), mail_from=f"{name}@client.example")


def test_nobody_answers_the_null_sender_ourselves_or_nobody_in_particular() -> None:
    assert not may(letter("Pumps", "1@client"), mail_from="")
    assert not may(letter("Pumps", "1@x", sender="claims@firm.example"))
    assert not may(letter("Pumps", "1@x"), mail_from="claims@firm.example")
    assert not may(letter("Pumps", "1@x", sender="a@x.example, b@x.example"))
    assert not may(letter("Out of office: Pumps", "1@x"))


@pytest.mark.parametrize(
    "verdicts", [Verdicts(), Verdicts("none", "none", "none", "none"), Verdicts("fail", "fail", "fail")]
)
def test_an_answer_to_an_unproved_letter_might_go_to_its_victim(verdicts: Verdicts) -> None:
    assert not may(letter("Pumps", "1@client"), verdicts=verdicts)


def test_forged_letters_of_the_shared_table() -> None:
    table = corpora.table("forged_letters")
    right, answered, wrong = 0, 0, []
    for case in table["cases"]:
        raw, auth = base64.b64decode(case["bytes_b64"]), case["auth"]
        verdicts = Verdicts(auth["spf"], auth["dkim"], auth["dmarc"], "none", auth.get("domain", ""))
        mail_from = case["envelope"]["mail_from"]
        parsed = parse_letter(raw, envelope_from=mail_from)
        ours = {table["given"]["public_mailbox"], table["given"]["personal_mailbox"]}
        may_go = may_auto_answer(parsed, verdicts, mail_from=mail_from, is_ours=ours.__contains__)
        allowed = case["expect"]["auto_reply"]
        good = not may_go or allowed == parsed.from_trusted
        answered += may_go
        right += good
        wrong += [] if good else [f"{case['id']}: {case['note']}"]
    print(f"forged_letters, auto_reply: {right} of {len(table['cases'])}")
    assert not wrong
    assert answered >= 3, "the honest ones get theirs"


def _answer(raw: bytes, *, polite: bool) -> bytes:
    """What a machine answers: a polite one says that it is one."""
    asked: Message = message_from_bytes(raw)
    said = "Auto-Submitted: auto-replied\r\n" if polite else ""
    return (
        f"From: {asked['To']}\r\nTo: {asked['From']}\r\nSubject: Got it: {clock.now()}\r\n"
        f"Message-ID: <{clock.now()}@x.example>\r\n{said}\r\nThank you for your letter.\r\n"
    ).encode()


@pytest.mark.parametrize("polite", [True, False])
def test_two_houses_that_acknowledge_each_other_stop_after_two_letters(database: Database, polite: bool) -> None:
    """One machine at each end answers whatever it may, as ours does: a letter, and what comes of it."""
    raw = letter("Pumps", "1@client", sender="info@one.example").replace(b"sales@firm.example", b"info@two.example")
    sent = 0
    for _ in range(20):
        parsed = parse_letter(raw)
        assert parsed.from_trusted is not None
        mine = {parsed.to[0].address}
        mail_from = "" if polite and sent else parsed.from_trusted
        proved = Verdicts(dmarc="pass", domain="x.example")
        if not may_auto_answer(parsed, proved, mail_from=mail_from, is_ours=mine.__contains__):
            break
        mailbox_id = 1 if parsed.to[0].address == "info@one.example" else 2
        if not database.write_now(take_auto_answer, mailbox_id, parsed.from_trusted):
            break
        raw, sent = _answer(raw, polite=polite), sent + 1
    assert sent == (1 if polite else 2)


def test_two_mailboxes_of_one_house_do_not_answer_each_other_at_all() -> None:
    assert not may(letter("Pumps", "1@firm", sender="claims@firm.example"), "claims@firm.example")


def test_one_answer_in_a_while_for_each_mailbox(database: Database) -> None:
    take = database.write_now
    assert take(take_auto_answer, 1, "Anna@client.example")
    assert not take(take_auto_answer, 1, "anna@CLIENT.example")
    assert take(take_auto_answer, 2, "anna@client.example")
    assert take(take_auto_answer, 1, "boris@client.example")
    assert EVERY.period >= clock.DAY

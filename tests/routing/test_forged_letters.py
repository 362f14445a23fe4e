"""The table of forged letters: none joins a conversation, adds a recipient or suppresses anybody, all are shown.

Its two honest earlier letters are given; the verdicts of the table stand for what the checks of the sender say.
"""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest

from core import jobs
from core.database import Database
from core.fulltext.index import Words
from core.secrets import load_keys
from crm.parties import add_contact, add_counterparty
from mailhub.ingest.intake import PROCESS_JOB, Arrival, accept
from mailhub.letters.verdicts import Verdicts
from mailhub.letters.worker import understand
from mailhub.mailboxes.letters import Understood
from mailhub.mailboxes.reading import get_thread
from mailhub.mailboxes.recipients import list_recipients
from mailhub.outbound.identity import Stamp
from mailhub.outbound.suppression import find_reasons
from mailhub.routing.taking import process_all
from tests.letters.corpora import table
from tests.support.world import World, letter

OLENA, CHEF = "olena@pekarnia.example", "chef@trattoria.example"


class Desk(World):
    """The mailbox of the table, with both conversations in it."""

    keys: Stamp
    threads_of: dict[str, int]

    def deliver(self, raw: bytes, auth: dict[str, str] | None, *, direction: str = "in", rcpt: Any = ()) -> None:
        """One letter through the journey, with what the checks said of its sender."""
        self.now += 60_000_000
        arrival = Arrival(
            raw, "smtp", self.now, [self.box("info").id], {"mail_from": "", "rcpt_to": list(rcpt)},
            direction=direction,  # type: ignore[arg-type]
        )  # fmt: skip
        self.database.write_now(accept, arrival)
        boot = self.database.write_now(jobs.start_boot)
        batch = self.database.write_now(jobs.claim, PROCESS_JOB, boot, 50)
        answer = understand(raw)
        words = Words(answer.subject, answer.people, answer.body)
        understood = Understood(answer.parsed, words, None if auth is None else Verdicts(**auth))
        self.database.write_now(process_all, [(job, understood) for job in batch], self.stamp)
        self.database.write_now(jobs.stop_boot, boot)

    def members(self, name: str) -> list[str]:
        """The subjects-and-ids of a conversation."""
        opened = self.database.read_now(get_thread, self.viewer("ivan"), self.threads_of[name])
        return [message.message_id for message in opened.messages]

    def answered(self, name: str) -> set[str]:
        """Who would get the next answer to everybody in a conversation."""
        found = self.database.read_now(list_recipients, self.threads_of[name])
        return {person.address for person in (*found.to, *found.cc)}


@pytest.fixture
def desk(database: Database, tmp_path: Path) -> Desk:
    given = table("forged_letters")["given"]
    desk = Desk(database)
    desk.stamp = Stamp(load_keys(tmp_path / "keys"), 1)
    desk.grant("ivan", "info", "answer", "assign")
    for name, address in (("Пекарня", OLENA), ("Trattoria", CHEF)):
        client = database.write_now(add_counterparty, name)
        database.write_now(add_contact, name, emails=[address], counterparty_id=client)
    honest = {"spf": "pass", "dkim": "pass", "dmarc": "pass"}
    desk.deliver(base64.b64decode(given["A1"]["bytes_b64"]), {**honest, "domain": "pekarnia.example"})
    desk.deliver(base64.b64decode(given["A2"]["bytes_b64"]), None, direction="out")
    other = letter("Wine", "other-1@trattoria.example", sender=CHEF)
    desk.deliver(other, {**honest, "domain": "trattoria.example"})
    rows = {row.subject: row.id for row in desk.threads("ivan")}
    desk.threads_of = {"A": rows["Flour for June"], "B": rows["Wine"]}
    return desk


def test_no_forged_letter_joins_adds_or_suppresses(desk: Desk) -> None:
    wrong: list[str] = []
    for case in table("forged_letters")["cases"]:
        before = {name: desk.members(name) for name in desk.threads_of}
        answered = {name: desk.answered(name) for name in desk.threads_of}
        shown = sum(row.message_count for row in desk.threads("ivan"))
        raw = base64.b64decode(case["bytes_b64"])
        desk.deliver(raw, case["auth"], rcpt=case["envelope"]["rcpt_to"])
        joined = [name for name in desk.threads_of if desk.members(name) != before[name]]
        expected = case["expect"]["thread"]
        if joined != ([] if expected == "new" else [expected.partition(":")[2]]):
            wrong.append(f"{case['id']}: joined {joined}, {expected} was expected")
        added = {who for name in desk.threads_of for who in desk.answered(name) - answered[name]}
        if unasked := added & set(case["expect"]["no_new_recipients"]):
            wrong.append(f"{case['id']}: {unasked} would be answered")
        kept = case["expect"]["not_suppressed"]
        if any(desk.database.read_now(find_reasons, desk.stamp.keys, address) for address in kept):
            wrong.append(f"{case['id']}: somebody is suppressed")
        if sum(row.message_count for row in desk.threads("ivan")) != shown + 1:
            wrong.append(f"{case['id']}: not shown")
    assert not wrong, "\n".join(wrong)


def test_who_may_see_it_is_told_which_conversation_is_claimed(desk: Desk) -> None:
    cases = {case["id"]: case for case in table("forged_letters")["cases"]}
    desk.grant("petro", "info", "answer", only_assigned=True)
    desk.deliver(base64.b64decode(cases["forge-p001"]["bytes_b64"]), cases["forge-p001"]["auth"])
    forged = next(row for row in desk.threads("ivan") if row.id not in desk.threads_of.values())
    claims = desk.database.read_now(get_thread, desk.viewer("ivan"), forged.id).claims
    assert claims is not None
    assert claims.id == desk.threads_of["A"]


def test_a_denied_sender_is_proposed_and_never_believed(desk: Desk) -> None:
    forged = next(case for case in table("forged_letters")["cases"] if case["id"] == "forge-p002")
    desk.deliver(base64.b64decode(forged["bytes_b64"]), forged["auth"])
    row = next(row for row in desk.threads("ivan") if row.id not in desk.threads_of.values())
    assert (row.counterparty_id, row.contact_id) == (None, None)
    match = desk.database.read_now(get_thread, desk.viewer("ivan"), row.id).match
    assert len(match["pairs"]) == 1
    honest = letter("Re: Flour", "late@pekarnia.example", sender=OLENA, references="f2@attack.example")
    desk.deliver(honest, None)
    assert sorted(row.message_count for row in desk.threads("ivan")) == [1, 1, 1, 2], (
        "nobody has a say in what is forged"
    )

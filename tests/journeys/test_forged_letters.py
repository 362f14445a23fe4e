"""Forged letters over a real socket and through a real IMAP conversation, with verdicts of scripted name servers: none
joins, nobody is added or suppressed, no machine answers, all are shown. The honest ones of the table still arrive."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from core.database import ReadTx
from core.settings import Imap, Settings
from crm.parties import add_contact, add_counterparty
from crm.staff.people import add_user
from crm.staff.readable import Viewer, get_viewer
from crm.staff.rights import add_grant
from mailhub.ingest.smtp import Limits
from mailhub.letters.values import Address
from mailhub.mailboxes.accounts import add_account
from mailhub.mailboxes.boxes import add_mailbox
from mailhub.mailboxes.recipients import list_recipients
from mailhub.outbound import ledger
from mailhub.outbound.acknowledging import set_acknowledgements
from mailhub.outbound.suppression import find_reasons
from mailhub.outbound.writing import Answer, answer_thread
from mailhub.routing.verdicts import Examiner
from mailhub.runtime import House
from tests.ingest.imap.conftest import SHORT, Paper, make_paper
from tests.journeys.forgeries import CHEF, OLENA, forgeries, signed_by_others
from tests.letters.corpora import table
from tests.support.house import eventually, running_house, send, settings_for
from tests.support.imap_server import ImapServer
from tests.verdicts.signing import key_record
from tests.verdicts.zones import Dns

HOSTS = {"pekarnia.example": "8.8.4.4", "trattoria.example": "8.8.8.8", "nova.example": "1.1.1.1"}
EVIL = "9.9.9.9"
ZONES: dict[str, list[dict[str, str]]] = {
    **{domain: [{"TXT": f"v=spf1 ip4:{ip} -all"}] for domain, ip in HOSTS.items()},
    **{f"_dmarc.{domain}": [{"TXT": "v=DMARC1; p=reject"}] for domain in (*HOSTS, "firm.example")},
    "firm.example": [{"TXT": "v=spf1 -all"}],
    "attack.example": [{"TXT": f"v=spf1 ip4:{EVIL} -all"}],
    "s1._domainkey.attack.example": [{"TXT": key_record()}],
}
OLD_ID, OLD_PATH, WRONG_PATH = b"out-51-3f9a@firm.example", "b+9c2e71d4a8f0@", "b+9c2e71d4a8f1@"


@pytest.fixture(scope="module")
def paper(tmp_path_factory: pytest.TempPathFactory) -> Paper:
    return make_paper(tmp_path_factory.mktemp("paper"))


@dataclass
class Scene:
    """A house with two conversations, and a way in for one letter more."""

    house: House
    viewer: Viewer
    hand_over: Callable[[bytes, str, str, list[str]], None]
    threads: dict[str, int] = field(default_factory=dict)
    ours: str = ""
    path: str = ""
    came: int = 0

    def read(self, statement: str, **values: Any) -> list[Any]:
        def ask(tx: ReadTx) -> list[Any]:
            return [tuple(row) for row in tx.sql(statement, **values)]

        return self.house.database.read_now(ask)

    def deliver(self, raw: bytes, mail_from: str, peer: str, to: list[str] | None = None) -> int:
        """Hand a letter over and wait until it is shown; returns its thread."""
        self.hand_over(raw, mail_from, peer, to or ["info@firm.example"])
        self.came += 1
        eventually(lambda: self.read("SELECT count(*) FROM message WHERE direction = 'in'") == [(self.came,)])
        newest = "SELECT message_id FROM incoming WHERE message_id IS NOT NULL ORDER BY id DESC LIMIT 1"
        ((message_id,),) = self.read(newest)
        return int(self.read("SELECT thread_id FROM message WHERE id = :id", id=message_id)[0][0])

    def answered(self, name: str) -> set[str]:
        found = self.house.database.read_now(list_recipients, self.threads[name])
        return {person.address for person in (*found.to, *found.cc)}

    def told(self) -> set[str]:
        """To whom a machine of ours has answered."""
        return {row[0] for row in self.read("SELECT recipient FROM delivery WHERE kind = 'automatic'")}

    def suppressed(self) -> list[str]:
        return [one for one in (OLENA, CHEF) if self.house.database.read_now(find_reasons, self.house.keys, one)]

    def in_our_words(self, raw: bytes, *, report: bool = False) -> bytes:
        """The letter with the ids that our letter really has; a report keeps the id that we never gave to a letter,
        since one that names a true one is promised to be believed."""
        named = raw if report else raw.replace(OLD_ID, self.ours.encode()).replace(b"{ours}", self.ours.encode())
        wrong = self.path[:8] + ("a" if self.path[8] != "a" else "b") + self.path[9:]
        named = named.replace(OLD_PATH.encode(), self.path.encode() + b"@")
        return named.replace(WRONG_PATH.encode(), wrong.encode() + b"@")


def begin(scene: Scene) -> None:
    """The two honest letters, and our answer to the first."""
    given = table("forged_letters")["given"]
    scene.threads["A"] = scene.deliver(base64.b64decode(given["A1"]["bytes_b64"]), OLENA, HOSTS["pekarnia.example"])
    wine = b"From: <chef@trattoria.example>\r\nTo: <info@firm.example>\r\nSubject: Wine\r\n"
    wine += b"Message-ID: <other-1@trattoria.example>\r\nDate: Mon, 03 Feb 2025 09:00:00 +0200\r\n\r\nRed.\r\n"
    scene.threads["B"] = scene.deliver(wine, CHEF, HOSTS["trattoria.example"])
    write, house = scene.house.database.write_now, scene.house
    answer = Answer("Our price is 100.", to=(Address("", OLENA),))
    message_id = write(answer_thread, house.stamp, scene.viewer, scene.threads["A"], answer)
    ((row_id, path),) = scene.read("SELECT id, return_path FROM delivery WHERE message_id = :id", id=message_id)
    for then in ("sending", "sent"):
        write(lambda tx, then=then: ledger.move(tx, ledger.find_row(tx, row_id), then))  # type: ignore[misc]
    ((scene.ours,),) = scene.read(
        "SELECT letter.message_id FROM letter JOIN message ON letter_id = letter.id WHERE message.id = :id",
        id=message_id,
    )
    scene.path = path.partition("@")[0]
    assert scene.told() == {OLENA, CHEF}, "who may be answered is"


@contextmanager
def standing(database_url: str, tmp_path: Path, server: ImapServer | None, paper: Paper) -> Iterator[Scene]:
    plain = settings_for(database_url, tmp_path)
    settings = replace(
        plain,
        send=replace(plain.send, return_path="verp", bounce_domain="bounce.firm.example"),
        imap=Imap(allowed_networks=("127.0.0.0/8",), ca_file=paper.certificate),
    )

    def make(known: Settings) -> House:
        house = House(known)
        house.bounds = SHORT
        house.verdicts.examiner = Examiner(
            house.workers.examine,
            ask=Dns(ZONES).ask,
            trusted_servers=["mx.firm.example"],
            trusted_peers=Limits().trusted,
        )
        return house

    with running_house(settings, make) as house:
        write = house.database.write_now
        user_id = write(add_user, "ivan@firm.example", "Ivan")
        box = write(lambda tx: add_mailbox(tx, "info@firm.example", "Info", "public", catch_all="bounce.firm.example"))
        for right in ("answer", "assign"):
            write(lambda tx, right=right: add_grant(tx, box.scope_id, right, user_id=user_id))  # type: ignore[misc]
        write(set_acknowledgements, box.id, {"en": "Your letter has come."})
        for name, address in (("Pekarnia", OLENA), ("Trattoria", CHEF)):
            client = write(add_counterparty, name)
            write(lambda tx, one=address, client=client: add_contact(tx, one, emails=[one], counterparty_id=client))

        def over_smtp(raw: bytes, mail_from: str, peer: str, to: list[str]) -> None:
            relayed = f"Received: from mail (unknown [{peer}])\r\n\tby mx.firm.example (Postfix) with ESMTPS; now\r\n"
            send(house, relayed.encode() + raw, to, sender=mail_from)

        def over_imap(raw: bytes, mail_from: str, peer: str, _to: list[str]) -> None:
            assert server is not None
            top = f"Return-Path: <{mail_from}>\r\nDelivered-To: info@firm.example\r\n"
            top += f"Received: from mail (unknown [{peer}])\r\n\tby mx.firm.example (Postfix) with ESMTPS; now\r\n"
            server.boxes["INBOX"].add(top.encode() + raw)

        viewer = house.database.read_now(get_viewer, user_id)
        scene = Scene(house, viewer, over_smtp if server is None else over_imap)
        if server is not None:
            account = write(
                add_account, house.keys, box.id, "127.0.0.1", server.port, "tls", "info@firm.example", "secret"
            )
            looked = "SELECT count(*) FROM account WHERE id = :id AND seen_at IS NOT NULL"
            eventually(lambda: scene.read(looked, id=account.id) == [(1,)])
        begin(scene)
        yield scene


@pytest.fixture(params=["smtp", "imap"])
def scene(request: pytest.FixtureRequest, database_url: str, tmp_path: Path, paper: Paper) -> Iterator[Scene]:
    server = ImapServer(paper.context) if request.param == "imap" else None
    try:
        with standing(database_url, tmp_path, server, paper) as made:
            yield made
    finally:
        if server is not None:
            server.stop()


def try_one(scene: Scene, name: str, raw: bytes, mail_from: str, peer: str, to: list[str], joins: str) -> list[str]:
    """Deliver it; what went wrong, in words."""
    before = {key: scene.answered(key) for key in scene.threads}
    told = scene.told()
    thread_id = scene.deliver(raw, mail_from, peer, to)
    wrong = []
    joined = next((key for key, known in scene.threads.items() if known == thread_id), "")
    if joined != joins:
        wrong.append(f"{name}: it is in {joined or 'a new conversation'}, not in {joins or 'a new one'}")
    added = {who for key in scene.threads for who in scene.answered(key) - before[key]}
    allowed = {mail_from} if joins else set()
    if added - allowed:
        wrong.append(f"{name}: {added - allowed} would be answered")
    if {one for one in scene.told() - told if one != mail_from and not one.endswith("attack.example")}:
        wrong.append(f"{name}: {scene.told() - told} was answered by a machine")
    return wrong


def test_the_table(scene: Scene) -> None:
    wrong: list[str] = []
    for case in table("forged_letters")["cases"]:
        mail_from, honest = case["envelope"]["mail_from"], case["auth"]["spf"] == "pass"
        peer = HOSTS[mail_from.rpartition("@")[2]] if honest else EVIL
        raw = scene.in_our_words(base64.b64decode(case["bytes_b64"]), report=case["class"].startswith("fake"))
        to = [scene.in_our_words(one.encode()).decode() for one in case["envelope"]["rcpt_to"]]
        joins = case["expect"]["thread"].partition(":")[2]
        if case["id"] == "forge-p021":
            joins = "A"  # by its true return path it belongs to the letter that it is about
        before = set(scene.suppressed())
        wrong += try_one(scene, case["id"], raw, mail_from, peer, to, joins)
        if (set(scene.suppressed()) - before) & set(case["expect"]["not_suppressed"]):
            wrong.append(f"{case['id']}: {scene.suppressed()} is suppressed")
    assert not wrong, "\n".join(wrong)
    print(f"{len(table('forged_letters')['cases'])} letters of the table")


def test_more_forgeries(scene: Scene) -> None:
    wrong: list[str] = []
    cases = [*forgeries(), *signed_by_others(scene.ours)]
    for case in cases:
        raw = scene.in_our_words(case.raw)
        wrong += try_one(scene, case.name, raw, case.mail_from, EVIL, ["info@firm.example"], "")
    wrong += [f"{one} is suppressed" for one in scene.suppressed()]
    assert not wrong, "\n".join(wrong)
    honest = b"From: <olena@pekarnia.example>\r\nTo: <info@firm.example>\r\nSubject: Re: Flour for June\r\n"
    honest += b"Message-ID: <last@pekarnia.example>\r\nIn-Reply-To: <{ours}>\r\n\r\nAgreed.\r\n"
    joined = scene.deliver(scene.in_our_words(honest), OLENA, HOSTS["pekarnia.example"])
    assert joined == scene.threads["A"], "the honest answer still finds its way"
    print(f"{len(cases)} forgeries beyond the table")

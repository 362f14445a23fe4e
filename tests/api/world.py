"""A small company with secrets in every mailbox, and the people who may or may not see them."""

from __future__ import annotations

import base64
import hashlib
import io
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from litestar import Litestar
from PIL import Image

from api.auth import csrf_token
from core import clock, jobs
from core.database import Database, WriteTx
from core.fulltext.index import Words
from crm.attributes import add_attribute
from crm.documents import NewLine, add_document, add_item
from crm.execution.promises import Made
from crm.interactions import find_line_of_thread
from crm.marketing import Party, add_marketing_event, touch_parties
from crm.parties import add_channel, add_contact, add_counterparty
from crm.planner import Plan
from crm.segments import add_members, add_segment
from crm.segments.preparing import prepare_part
from crm.staff.people import add_team, add_user, hash_password, join_team
from crm.staff.readable import get_viewer
from crm.staff.rights import add_grant, list_grants
from crm.staff.sessions import add_token, start_session
from crm.transfer.imports import Looked, start_import
from mailhub.automatic.shapes import parse_told, told_data
from mailhub.automatic.tables import automatic_letter, automatic_rule, automatic_version
from mailhub.campaigns.tables import mailing
from mailhub.ingest.intake import PROCESS_JOB, Arrival, accept
from mailhub.letters.html.outgoing import text_as_html
from mailhub.letters.worker import understand
from mailhub.mailboxes.accounts import add_account
from mailhub.mailboxes.boxes import add_mailbox
from mailhub.mailboxes.bulk import begin_bulk, do_chunk, parse_wish
from mailhub.mailboxes.handling import assign_thread
from mailhub.mailboxes.imports import start_upload
from mailhub.mailboxes.lists import list_threads
from mailhub.mailboxes.notes import add_note
from mailhub.mailboxes.notices import list_notices
from mailhub.mailboxes.notifying import notify
from mailhub.mailboxes.placements import choose_folders, list_folders
from mailhub.mailboxes.planning import plan, promise_it
from mailhub.mailboxes.reading import Message, list_messages
from mailhub.mailboxes.tags import make_tag, tag_thread
from mailhub.mailboxes.views import add_view, parse_view
from mailhub.outbound.draft_files import add_file
from mailhub.outbound.drafts import Text, add_draft, change_draft, list_drafts
from mailhub.outbound.identity import Stamp
from mailhub.outbound.ledger import plan_deliveries
from mailhub.outbound.tables import recipient
from mailhub.routing.quarantine import hold
from mailhub.routing.rules.verbs import add_rule, parse_wanted
from mailhub.routing.taking import process
from mailhub.runtime import House
from tests.api.asking import Asker
from tests.support.apps import lend_app, take_back_app
from tests.support.house import settings_for

PASSWORD = "correct horse battery"
_HASH = hash_password(PASSWORD)
RECEIVED = 1_795_000_000_000_000
SECRETS = (
    *("quailsalesone", "quailsalestwo", "quailother", "quailpersonal", "quailheldsales", "quailheldother"),
    *("quailheldpersonal", "quailaccountsales", "quailaccountpersonal", "quailfolder", "quaildraftsales"),
    *("quaildraftpersonal", "quailimportsales", "quailimportother", "quailimportpersonal", "quailviewofleaver"),
)
SEES = {
    "nobody": set(),
    "outsider": set(),
    "reader": {"quailsalesone", "quailsalestwo", "quailheldsales"},
    "executor": {"quailsalesone", "quaildraftsales"},
    "manager": {"quailsalesone", "quailsalestwo", "quailheldsales", "quaildraftsales", "quailimportsales"},
    "owner": {
        "quailpersonal",
        "quailheldpersonal",
        "quailaccountpersonal",
        "quaildraftpersonal",
        "quailimportpersonal",
    },
    "administrator": {
        "quailsalesone",
        "quailsalestwo",
        "quailother",
        "quailheldsales",
        "quailheldother",
        "quailaccountsales",
        "quailfolder",
        "quaildraftsales",
        "quailimportsales",
        "quailimportother",
    },
}


@dataclass
class World:
    """The application over the company. Ids by the word that is secret about them."""

    house: House
    app: Litestar
    rules: dict[str, int] = field(default_factory=dict)
    mailings: dict[str, tuple[int, int]] = field(default_factory=dict)
    automatics: dict[str, tuple[int, int]] = field(default_factory=dict)
    """Of each mailbox a mailing that was frozen, and one of its recipients."""
    notices: dict[str, int] = field(default_factory=dict)
    users: dict[str, int] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)
    spare_tokens: dict[str, int] = field(default_factory=dict)
    boxes: dict[str, Any] = field(default_factory=dict)
    threads: dict[str, int] = field(default_factory=dict)
    planned: dict[str, int] = field(default_factory=dict)
    promises: dict[str, int] = field(default_factory=dict)
    notes: dict[str, int] = field(default_factory=dict)
    messages: dict[str, int] = field(default_factory=dict)
    held: dict[str, int] = field(default_factory=dict)
    grants: dict[str, int] = field(default_factory=dict)
    deliveries: dict[str, int] = field(default_factory=dict)
    accounts: dict[str, int] = field(default_factory=dict)
    drafts: dict[str, int] = field(default_factory=dict)
    imports: dict[str, int] = field(default_factory=dict)
    draft_files: dict[str, int] = field(default_factory=dict)
    views: dict[str, int] = field(default_factory=dict)
    folder_id: int = 0
    view_id: int = 0
    tag_id: int = 0
    transfer_id: int = 0
    segment_id: int = 0
    attribute_id: int = 0
    document_id: int = 0
    bulk_id: int = 0
    client_id: int = 0
    contact_id: int = 0
    team_id: int = 0

    @property
    def database(self) -> Database:
        return self.house.database

    def program(self, who: str) -> Asker:
        """Somebody who asks with a token."""
        return Asker(self.app, token=self.tokens.get(who, ""))

    async def browser(self, who: str) -> Asker:
        """Somebody who is signed in, with the header that our own pages send."""
        secret = await self.database.write(start_session, self.users[who], peer="127.0.0.1", agent="test")
        return self.with_cookie(secret)

    def with_cookie(self, secret: str) -> Asker:
        asker = Asker(self.app, cookie=f"mailhub={secret}")
        asker.base["x-csrf-token"] = csrf_token(self.house.keys, secret)
        return asker

    async def viewer(self, who: str) -> Any:
        return await self.database.read(get_viewer, self.users[who])

    async def deliver(self, box: str, raw: bytes) -> None:
        arrival = Arrival(raw, "smtp", RECEIVED, [self.boxes[box].id], {"mail_from": "anna@client.example"})
        await self.database.write(accept, arrival)
        for job in await self.database.write(jobs.claim, PROCESS_JOB, self.house.boot, 10):
            answer = understand(raw)
            words = Words(answer.subject, answer.people, answer.body)
            await self.database.write(process, job, answer.parsed, words)

    async def hold_again(self) -> None:
        """Put back into quarantine what somebody let out on their walk."""
        for secret, number in self.held.items():
            await self.database.write(hold, number, "parse", f"It says {secret}.")

    async def close(self) -> None:
        live = self.app.state.live
        await live.stop()
        await self.house.stop()
        take_back_app(self.app)


def picture() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (8, 8), "red").save(out, "PNG")
    return out.getvalue()


def letter(secret: str, number: int = 0) -> bytes:
    """A letter that says its secret in every part that anything shows."""
    inside = base64.b64encode(f"{secret} in a file".encode()).decode()
    shown = base64.b64encode(picture()).decode()
    plain = f"Content-Type: text/plain; charset=utf-8\r\n\r\nThe body says {secret}.\r\n"
    html = (
        "Content-Type: text/html; charset=utf-8\r\n\r\n"
        f'<p>The page says {secret} <img src="cid:pic@x" width="8" height="8">'
        '<img src="http://127.0.0.1/far.png?a=1&amp;b=2" width="80" height="80"></p>\r\n'
    )
    alternative = f"--bbb\r\n{plain}--bbb\r\n{html}--bbb--\r\n"
    text = (
        f'Content-Type: text/plain; name="{secret}.txt"\r\nContent-Transfer-Encoding: base64\r\n'
        f'Content-Disposition: attachment; filename="{secret}.txt"\r\n\r\n{inside}\r\n'
    )
    image = (
        "Content-Type: image/png\r\nContent-Transfer-Encoding: base64\r\nContent-ID: <pic@x>\r\n"
        f'Content-Disposition: inline; filename="{secret}.png"\r\n\r\n{shown}\r\n'
    )
    head = (
        f"From: {secret} <anna@client.example>\r\nTo: us@firm.example\r\nSubject: About {secret}\r\n"
        f"Message-ID: <{secret}{number}@client.example>\r\nDate: Fri, 20 Nov 2026 10:00:00 +0200\r\n"
        'MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="aaa"\r\n\r\n'
    )
    body = f'--aaa\r\nContent-Type: multipart/alternative; boundary="bbb"\r\n\r\n{alternative}'
    return (head + body + f"--aaa\r\n{text}--aaa\r\n{image}--aaa--\r\n").encode()


async def make_world(url: str, folder: Path) -> World:
    """Everybody, every mailbox, every letter."""
    house = House(settings_for(url, folder))
    await house.open()
    world = World(house, lend_app(house))
    await world.app.state.live.start()
    await _people(world)
    await _mailboxes(world)
    for secret, box in (
        ("quailsalesone", "sales"), ("quailsalestwo", "sales"), ("quailother", "other"), ("quailpersonal", "personal"),
    ):  # fmt: skip
        await world.deliver(box, letter(secret))
    await _remember(world)
    one = world.threads["quailsalesone"]
    admin = await world.viewer("administrator")
    await world.database.write(assign_thread, admin, one, world.users["executor"])
    added = await world.database.write(add_attribute, "counterparty", "Trade", "text")
    world.attribute_id = added.id
    pump = await world.database.write(add_item, "Pump", external_id="ERP-1")
    world.document_id = await world.database.write(
        add_document, admin, world.client_id, kind="offer", date="2026-11-18", currency="EUR",
        lines=[NewLine(price=500, item_id=pump)],
    )  # fmt: skip
    world.tag_id = (await world.database.write(make_tag, admin, "Claim")).id
    for thread_id in (world.threads["quailother"], one, world.threads["quailsalestwo"]):
        await world.database.write(tag_thread, admin, thread_id, [world.tag_id])
    await _held(world)
    await _talk(world)
    await begin_drafts(world)
    await _rules(world)
    await _mailings(world)
    await _automatics(world)
    await _of_the_leaver(world)
    await _planned(world)
    world.segment_id = await world.database.write(add_segment, admin, "Best clients", "counterparties")
    await world.database.write(add_members, admin, world.segment_id, [world.client_id])
    wrote = {"field": "letters", "op": "ge", "value": 1}
    await world.database.write(partial(add_segment, rule=wrote), admin, "Who wrote", "counterparties")
    while await world.database.write(prepare_part, 100) is not None:
        pass
    return world


async def begin_drafts(world: World) -> None:
    """Somebody writes in a thread of sales and in a personal one, each with a file; what was thrown away is begun
    again."""
    for who, box, secret in (("executor", "sales", "quailsalesone"), ("owner", "personal", "quailpersonal")):
        viewer, hidden = await world.viewer(who), f"quaildraft{box}"
        known = [one.id for one in (await world.database.read(list_drafts, viewer)).items]
        if world.drafts.get(box) in known:
            continue
        made = await world.database.write(add_draft, viewer, "reply", thread_id=world.threads[secret])
        text = Text(to=f"{hidden}@client.example", subject=hidden, html=text_as_html(f"It says {hidden}."))
        await world.database.write(change_draft, viewer, made.id, made.version, text)
        content = f"{hidden} in a file".encode()
        sha256 = hashlib.sha256(content).digest()
        world.house.files.write(sha256, content)
        add = partial(add_file, largest=1 << 20)
        file = await world.database.write(add, viewer, made.id, f"{hidden}.txt", "text/plain", (sha256, len(content)))
        world.drafts[box], world.draft_files[box] = made.id, file.id


async def _people(world: World) -> None:
    for who in SEES:
        if who == "nobody":
            continue
        user_id = await world.database.write(
            add_user, f"{who}@firm.example", who.title(), password_hash=_HASH, is_admin=who == "administrator"
        )
        world.users[who] = user_id
        world.tokens[who] = (await world.database.write(add_token, user_id, "walk", ["all"]))[1]
        world.spare_tokens[who] = (await world.database.write(add_token, user_id, "spare", ["all"]))[0]
    world.users["leaver"] = await world.database.write(add_user, "leaver@firm.example", "Leaver")
    world.team_id = await world.database.write(add_team, "Readers")
    await world.database.write(join_team, world.team_id, world.users["reader"])


async def _mailboxes(world: World) -> None:
    write = world.database.write
    sales = await write(add_mailbox, "sales@firm.example", "Sales", "public", way="nobody")
    other = await write(add_mailbox, "other@firm.example", "Other", "public", way="nobody")
    owner = world.users["owner"]
    personal = await write(add_mailbox, "me@firm.example", "Mine", "personal", owner_id=owner, way="nobody")
    world.boxes = {"sales": sales, "other": other, "personal": personal}
    await write(add_grant, sales.scope_id, "see", team_id=world.team_id)
    await write(add_grant, sales.scope_id, "answer", user_id=world.users["executor"], only_assigned=True)
    for right in ("see", "answer", "assign", "manage"):
        await write(add_grant, sales.scope_id, right, user_id=world.users["manager"])
    await write(add_grant, other.scope_id, "see", user_id=world.users["leaver"])
    for name in ("sales", "personal"):
        place = (f"quailaccount{name}.example", 993, "tls", f"quailaccount{name}@x.example", "canary-password")
        made = await write(add_account, world.house.keys, world.boxes[name].id, *place)
        world.accounts[name] = made.id
    await write(choose_folders, world.accounts["sales"], [("quailfolder", "quailfolder")])
    world.folder_id = (await world.database.read(list_folders, world.accounts["sales"]))[0].id
    channel_id = await write(add_channel, "Fair")
    world.client_id = await write(partial(add_counterparty, channel_id=channel_id), "Client Ltd")
    world.contact_id = await write(add_contact, "Anna", emails=["anna@client.example"], counterparty_id=world.client_id)
    chief = await world.viewer("manager")
    told = {"name": "Agro", "kind": "exhibition", "currency": "EUR", "channel_id": channel_id, "planned": 100_000}
    fair = await write(lambda tx: add_marketing_event(tx, chief, **told))
    await write(touch_parties, chief, fair, [Party(world.client_id, world.contact_id)], "visited")


async def _remember(world: World) -> None:
    for who in ("administrator", "owner"):
        viewer = await world.viewer(who)
        for row in (await world.database.read(list_threads, viewer, "all")).items:
            world.threads[row.who] = row.id
        for message in (await world.database.read(list_messages, viewer)).items:
            world.messages[message.from_name] = message.id
            world.deliveries[message.from_name] = await world.database.write(_plan, world.house.stamp, message)
    for name, box in world.boxes.items():
        importer = await world.viewer("owner" if name == "personal" else "administrator")
        started = await world.database.write(start_upload, importer, box.id, f"quailimport{name}.mbox", 100)
        world.imports[name] = started.id
        world.grants[name] = (await world.database.read(list_grants, box.scope_id))[0].id
    about = {"format": "csv", "encoding": "utf-8", "delimiter": ",", "sheet": "", "sheets": []}
    sight = Looked(about, ["Name"], [["Firm"]], 1)
    started_by = await world.viewer("administrator")
    world.transfer_id = (await world.database.write(start_import, started_by, "clients.csv", 10, sight)).id


def _plan(tx: WriteTx, stamp: Stamp, message: Message) -> int:
    """A delivery that names the secret of its letter."""
    to = [f"{message.from_name}@client.example"]
    return plan_deliveries(tx, stamp, message.id, message.scope_id, "us@firm.example", to, "personal")[0]


async def _rules(world: World) -> None:
    for name, who in (("sales", "administrator"), ("other", "administrator"), ("personal", "owner")):
        wanted = parse_wanted(f"A rule of {name}", {"all": []}, [{"answer_hours": 2}], "UTC")
        made = await world.database.write(add_rule, await world.viewer(who), world.boxes[name].id, wanted)
        world.rules[name] = made.id


async def _mailings(world: World) -> None:
    for name in ("sales", "other", "personal"):
        box, now = world.boxes[name], clock.now()

        def plan(tx: WriteTx, box: Any = box, now: int = now, name: str = name) -> tuple[int, int]:
            made = tx.insert(
                mailing, name=f"quailmailing{name}", mailbox_id=box.id, scope_id=box.scope_id, sender=box.address,
                reasons={}, faults=[], counts={}, domains={}, created_at=now, changed_at=now,
            )  # fmt: skip
            to = tx.insert(
                recipient, mailing_id=made, epoch=1, address="anna@client.example", canonical="anna@client.example",
                domain="client.example", fields={}, changed_at=now,
            )  # fmt: skip
            return made, to

        world.mailings[name] = await world.database.write(plan)


async def _automatics(world: World) -> None:
    for name in ("sales", "other", "personal"):
        box, now = world.boxes[name], clock.now()

        def write(tx: WriteTx, box: Any = box, now: int = now, name: str = name) -> tuple[int, int]:
            made = tx.insert(
                automatic_rule, name=f"quailautomatic{name}", mailbox_id=box.id, scope_id=box.scope_id, version=1,
                created_at=now, changed_at=now,
            )  # fmt: skip
            told = told_data(parse_told({"kind": "event", "minutes": -60}))
            said = {"format": "markdown", "source": "Hello", "subject": f"quailautomatic{name}", "plain": "Hello"}
            letters = {"": {**said, "html": ""}}
            tx.insert(automatic_version, rule_id=made, version=1, told=told, letters=letters, at=now)
            held = tx.insert(
                automatic_letter, epoch=1, rule_id=made, version=1, scope_id=box.scope_id, subject_kind="event",
                subject_id=1, due_key="2026-11-22T10:00", state="held", reason="off", due_at=now, send_at=now,
                facts={"subject": f"quailautomatic{name}", "date": "2026-11-22", "time": "10:00"}, changed_at=now,
            )  # fmt: skip
            return made, held

        world.automatics[name] = await world.database.write(write)


async def _of_the_leaver(world: World) -> None:
    """A view and an act on many threads that are nobody else's."""
    leaver = await world.viewer("leaver")
    every = parse_view(leaver, "quailviewofleaver", {"all": []}, late=False, team_id=None, zone="UTC")
    world.view_id = (await world.database.write(add_view, leaver, every)).id
    wish = parse_wish("read")
    world.bulk_id = await world.database.write(begin_bulk, leaver, wish)
    await world.database.write(do_chunk, leaver, world.bulk_id, wish, [world.threads["quailother"]])


async def _planned(world: World) -> None:
    """What follows from every letter: a call that is planned and a promise, seen by who sees the letter."""
    for secret, thread_id in world.threads.items():
        who = "owner" if secret == "quailpersonal" else "administrator"
        viewer, executor_id = await world.viewer(who), world.users[who]
        found = await world.database.read(find_line_of_thread, viewer, thread_id)
        assert found is not None, f"{secret} is on no timeline"
        client_id, line = found
        same: dict[str, Any] = {"executor_id": executor_id, "counterparty_id": client_id, "based_on_id": line.id}
        call = Plan("call", "", "2099-01-01T10:00", "Europe/Kyiv", body=f"About {secret}", **same)
        world.planned[secret] = await world.database.write(plan, viewer, call)
        promised = Made(text=f"Says {secret}", due_at=clock.now() + clock.DAY, **same)
        world.promises[secret] = await world.database.write(promise_it, viewer, promised)


async def _talk(world: World) -> None:
    """A note in each thread, and everybody told of everything: what they may not see must stay hidden."""
    for secret, thread_id in world.threads.items():
        author = await world.viewer("owner" if secret == "quailpersonal" else "administrator")
        note = await world.database.write(add_note, author, thread_id, f"A note about {secret}")
        world.notes[secret] = note.id
        tell = partial(notify, note_id=note.id)
        await world.database.write(tell, "mentioned", list(world.users.values()), thread_id)
    for who in SEES:
        if who != "nobody":
            viewer = await world.viewer(who)
            told = (await world.database.read(list_notices, viewer)).items
            world.notices[who] = next((one.id for one in told), 0)


async def _held(world: World) -> None:
    for name, box in world.boxes.items():
        secret = f"quailheld{name}"
        raw = f"From: {secret}@x.example\r\nSubject: {secret}\r\n\r\n{secret}\r\n".encode()
        arrival = Arrival(raw, "smtp", RECEIVED, [box.id], {"mail_from": f"{secret}@x.example"})
        number = await world.database.write(accept, arrival)
        await world.database.write(hold, number, "parse", f"It says {secret}.")
        world.held[secret] = number
        for job in await world.database.write(jobs.claim, PROCESS_JOB, world.house.boot, 10):
            await world.database.write(jobs.finish, job)

"""Make the small filled database of the newest tables: ``python -m tests.upgrades.make``.

It is written as SQL text to ``tests/upgrades/<revision>.sql``. Run it when the tables of a revision are final, commit
the file, and never touch it again: it stands for the databases that people have.
"""

from __future__ import annotations

import random
import sqlite3
import tempfile
from functools import partial
from pathlib import Path
from unittest.mock import patch

from core import clock, jobs, limits, secrets
from core.blobs import blob_doubt, record_settled
from core.changes import Position, move_consumer
from core.database import Database, WriteTx, open_database
from core.marks import ensure_identity
from core.once import Keyed, answer_once
from core.secrets import Keys
from crm.execution import add_absence, set_deputies
from crm.execution.promises import Made
from crm.parties import (
    Phone,
    add_contact,
    add_counterparty,
    add_firm,
    add_link,
    ensure_channel,
    merge_parties,
    record_consent,
    record_not_a_client,
    set_groups,
)
from crm.planner import Plan, make_feed
from crm.staff.ceremonies import begin_ceremony
from crm.staff.factors import begin_codes, set_up_codes
from crm.staff.identities import Admission, Told, enter_by_identity
from crm.staff.links import make_link
from crm.staff.people import add_team, add_user, join_team
from crm.staff.readable import Viewer, get_viewer
from crm.staff.rights import add_grant
from crm.staff.sessions import add_token, start_session
from crm.staff.tables import passkey
from crm.staff.totp import code_at, step_at
from crm.working import HOUSE, Calendar, choose_calendar
from mailhub.ingest.imap.client import Opened
from mailhub.ingest.imap.storing import Got, Holder, store_folders, store_letters, store_opened
from mailhub.ingest.intake import accept
from mailhub.keeping import tables as keeping
from mailhub.letters.html import POLICY_VERSION
from mailhub.letters.html.outgoing import text_as_html
from mailhub.mailboxes.accounts import add_account
from mailhub.mailboxes.attention import set_urgent
from mailhub.mailboxes.boxes import add_mailbox, get_mailbox
from mailhub.mailboxes.bulk import begin_bulk, do_chunk, parse_wish
from mailhub.mailboxes.following import follow
from mailhub.mailboxes.handing_over import hand_client
from mailhub.mailboxes.handling import assign_thread, set_state
from mailhub.mailboxes.imports import record_received, start_upload
from mailhub.mailboxes.junk import change_state
from mailhub.mailboxes.leases import claim_accounts
from mailhub.mailboxes.notes import add_note, change_note
from mailhub.mailboxes.notice_wishes import set_wishes
from mailhub.mailboxes.oauth import Tokens
from mailhub.mailboxes.placements import Listed
from mailhub.mailboxes.planning import plan, promise_it
from mailhub.mailboxes.recent_searches import remember_search
from mailhub.mailboxes.snoozing import snooze
from mailhub.mailboxes.tables import letter_html
from mailhub.mailboxes.tags import make_tag, tag_thread
from mailhub.mailboxes.tokens import connect_with_tokens
from mailhub.mailboxes.trash_tables import trash
from mailhub.mailboxes.views import add_view, parse_view
from mailhub.migrations import newest, upgrade
from mailhub.outbound.acknowledging import set_acknowledgements
from mailhub.outbound.dkim_keys import make_keys
from mailhub.outbound.draft_files import add_file
from mailhub.outbound.drafts import Text, add_draft, change_draft
from mailhub.outbound.headers import Address
from mailhub.outbound.identity import Stamp
from mailhub.outbound.lane_troubles import record_lane_trouble
from mailhub.outbound.mailbox_ways import choose_way_of_mailbox
from mailhub.outbound.signatures import set_signature
from mailhub.outbound.sts import Policy, record_policy
from mailhub.outbound.suppression import suppress
from mailhub.outbound.templates import save_template
from mailhub.outbound.ways import record_trouble
from mailhub.outbound.writing import Answer, answer_thread
from mailhub.routing.quarantine import hold
from mailhub.routing.rules.verbs import add_rule, parse_wanted
from tests.support.mail import add_office, arrive, claim_letters, deliver, write_letter
from tests.upgrades.fill_automatic import fill_automatic
from tests.upgrades.fill_back import fill_back
from tests.upgrades.fill_devices import fill_devices
from tests.upgrades.fill_doubles import fill_doubles
from tests.upgrades.fill_fields import fill_documents, fill_fields, fill_marketing, fill_suppliers
from tests.upgrades.fill_guests import fill_guests
from tests.upgrades.fill_mail import fill_mail
from tests.upgrades.fill_parts import fill_parts
from tests.upgrades.fill_segments import fill_segments
from tests.upgrades.fill_transfer import fill_transfer

HERE = Path(__file__).parent
MOMENT = 1_795_000_000 * clock.SECOND
KEYS = Keys([bytes(32)])


def fill(database: Database) -> None:
    """At least one row in every table, by the verbs that write them."""
    write = database.write_now
    write(ensure_identity)
    box, (olena, petro) = add_office(
        database, "olena", "petro", aliases=["info@firm.example"], catch_all="firm.example", way="round_robin"
    )
    administrator = write(partial(add_user, is_admin=True, language="bg"), "admin@firm.example", "Адмін")
    team = write(add_team, "Sales")
    write(join_team, team, olena)
    write(partial(add_grant, team_id=team, only_assigned=True), box.scope_id, "comment")
    write(partial(add_mailbox, owner_id=petro), "petro@firm.example", "Petro", "personal")
    write(partial(start_session, peer="192.0.2.1", agent="x"), olena)
    write(add_token, olena, "report", ["read"])
    client = write(
        partial(add_counterparty, domains=["client.example"], emails=["office@client.example"], manager_id=olena),
        "Ромашка ООД",
    )
    write(partial(add_contact, emails=["anna@client.example"], counterparty_id=client), "Ганна Коваль")
    write(record_not_a_client, "news@shop.example", "olena@firm.example")
    boot = write(jobs.start_boot)
    for number in range(6):
        deliver(database, boot, write_letter(number), box.id)
        deliver(database, boot, write_letter(100 + number, answers=number), box.id)
    viewer = database.read_now(get_viewer, olena)
    write(assign_thread, viewer, 1, petro)
    write(set_state, viewer, 2, "closed")
    write(record_settled, [1])
    account = write(add_account, KEYS, box.id, "imap.firm.example", 993, "tls", "sales@firm.example", "secret")
    write(record_trouble, account.id, "%(host)s takes no letters now.", {"host": "smtp.firm.example"})
    write(claim_accounts, boot)
    holder = Holder(account.id, box.id, boot, account.created_at)
    write(store_folders, holder, [Listed("INBOX", "INBOX", "inbox")])
    inbox = write(store_opened, holder, 1, Opened(exists=1, uidvalidity=100, uidnext=2, modseq=1), 5)
    write(store_letters, holder, inbox, [Got(1, write_letter(200), ("\\Seen",), None, sent=False)], 1)
    deliver(database, boot, write_letter(201), box.id)
    held = write(accept, arrive(b"From: broken\r\n\r\n", box.id))
    ((_process, job, *_understood),) = claim_letters(database, boot)
    write(hold, held, "parse", "The letter cannot be read.")
    write(jobs.finish, job)
    write(accept, arrive(write_letter(7), box.id))
    write(lambda tx: fill_outgoing(tx, box.id, viewer))
    write(fill_door, olena)
    write(fill_writing, box.id, viewer)
    write(fill_work, viewer)
    write(lambda tx: fill_talk(tx, viewer))
    write(lambda tx: fill_lists(tx, viewer))
    write(remember_search, viewer, "invoice 2024")
    write(fill_parties, client, petro)
    chief = database.read_now(get_viewer, administrator)
    write(lambda tx: fill_ways(tx, viewer, box.id))
    write(lambda tx: fill_execution(tx, chief, olena, petro))
    write(lambda tx: fill_planner(tx, chief, client, petro))
    upload = write(start_upload, chief, box.id, "old.mbox", 2)
    write(record_received, chief, upload.id, 0, 2)
    manager = write(partial(add_user, is_admin=True), "manager@firm.example", "Manager")
    pumps = {"all": [{"field": "subject", "op": "contains", "value": "pumps"}]}
    wanted = parse_wanted("Pumps", pumps, [{"assign": {"user_id": olena}}], "Europe/Kyiv")
    write(partial(add_rule, active=True), database.read_now(get_viewer, manager), box.id, wanted)
    write(move_consumer, "live", Position(0, 3))
    write(limits.take, "sign-in 192.0.2.1", limits.Rate(5, clock.MINUTE))
    shown = {"letter_id": 1, "variant": "plain", "policy": POLICY_VERSION, "html": "<p>We need pumps.</p>", "facts": {}}
    write(lambda tx: tx.insert(letter_html, **shown))
    write(fill_kept, box.id, administrator)
    write(fill_transfer, boot, administrator)
    write(fill_doubles, administrator, 1, 2)
    write(fill_fields, viewer, client, 1)
    write(fill_documents, viewer, client)
    write(fill_suppliers, viewer, client)
    write(fill_marketing, viewer, client)
    write(fill_mail, box.id, box.scope_id, olena)
    write(fill_segments, viewer, client)
    write(fill_parts, administrator)
    write(fill_back)
    write(fill_automatic, box.id, box.scope_id, olena)
    write(fill_guests, box.id, olena)
    write(fill_devices, KEYS, olena, 1)


def fill_writing(tx: WriteTx, mailbox_id: int, viewer: Viewer) -> None:
    """A saved text, and keys that sign what leaves."""
    save_template(tx, viewer, mailbox_id, "Thanks", "", text_as_html("Dear {{ contact.name }}"), own=True)
    make_keys(tx, KEYS, None, "firm.example")


def fill_ways(tx: WriteTx, viewer: Viewer, mailbox_id: int) -> None:
    """How letters leave, and what is known of other domains."""
    add_grant(tx, get_mailbox(tx, mailbox_id).scope_id, "manage", user_id=viewer.user_id)
    viewer = get_viewer(tx, viewer.user_id)
    choose_way_of_mailbox(tx, KEYS, viewer, mailbox_id, "relay", "smtp://sales:secret@relay.example:587")
    record_lane_trouble(tx, "domain dead.example", "%(why)s", {"why": "No server of dead.example can be reached now."})
    record_policy(tx, "client.example", "20261122", Policy("enforce", ("mx.client.example",), 604_800))


def fill_door(tx: WriteTx, user_id: int) -> None:
    """What lets a person in beside a password."""
    told = Told("https://id.firm.example", "olena-1", "olena@firm.example", verified=True, name="Olena")
    enter_by_identity(tx, told, Admission((), add=False))
    secret, _sealed = begin_codes(KEYS, user_id)
    set_up_codes(tx, KEYS, user_id, secret, code_at(secret, step_at(clock.now())))
    now = clock.now()
    key = {"credential_id": b"one", "public_key": b"key", "sign_count": 3, "created_at": now}
    tx.insert(passkey, user_id=user_id, name="Laptop", **key)
    make_link(tx, user_id, "reset")
    begin_ceremony(tx, "sso", "secret", state="x")
    start_session(tx, user_id, peer="192.0.2.1", agent="x", waits_for="code")


def fill_work(tx: WriteTx, viewer: Viewer) -> None:
    """What people say of threads."""
    tag_thread(tx, viewer, 1, [make_tag(tx, viewer, "Рекламація", 2).id])
    follow(tx, viewer, 1)
    set_urgent(tx, viewer, 1, urgent=True)
    snooze(tx, viewer, 4, MOMENT + clock.DAY)


def fill_parties(tx: WriteTx, client: int, user_id: int) -> None:
    """A holding with a department, the firm behind a client, a group, links, a person who said yes to mailings."""
    came_by = ensure_channel(tx, "Fair")
    holding = add_counterparty(tx, "Holding", manager_id=user_id, channel_id=came_by, phones=[Phone("+35924123456")])
    add_counterparty(tx, "Department", parent_id=holding, parent_as="department", birthday="--02-29")
    add_firm(tx, client, "Ромашка ООД", "BG 123456789", "София")
    set_groups(tx, client, ["Garden"])
    add_link(tx, "counterparty", holding, client, "dealer")
    person = add_contact(tx, "Ivan", counterparty_id=holding, positions={holding: "director"})
    record_consent(tx, person, given=True, source="A form at the fair", by_id=user_id)
    twin = add_counterparty(tx, "Holding again", domains=["twin.example"])
    merge_parties(tx, "counterparty", holding, twin, by_id=user_id)


def fill_lists(tx: WriteTx, viewer: Viewer) -> None:
    """An act on two threads that can be taken back, and a saved view."""
    wish = parse_wish("read")
    do_chunk(tx, viewer, begin_bulk(tx, viewer, wish), wish, [1, 2])
    waits = {"all": [{"field": "waiting", "op": "eq", "value": "us"}]}
    add_view(tx, viewer, parse_view(viewer, "Late ones", waits, late=True, team_id=None, zone="Europe/Kyiv"))


def fill_talk(tx: WriteTx, viewer: Viewer) -> None:
    """A note that was changed, a notice, and how somebody wants to hear."""
    noted = add_note(tx, viewer, 1, "@petro, is this ours?")
    change_note(tx, viewer, noted.id, "@petro: is this ours?")
    set_wishes(tx, viewer, {"letter": "none"})


def fill_kept(tx: WriteTx, mailbox_id: int, user_id: int) -> None:
    """What lies in the trash, how long things are kept, and what was asked about a person."""
    now = clock.now()
    tx.insert(blob_doubt, blob_id=1, at=now)
    tx.insert(trash, thread_id=4, mailbox_id=mailbox_id, scope_id=1, user_id=user_id, how="hand", at=now)
    tx.insert(keeping.retention, mailbox_id=mailbox_id, act="delete", months=36, user_id=user_id, changed_at=now)
    tx.insert(keeping.hold, counterparty_id=1, reason="A lawsuit", user_id=user_id, at=now)
    tx.insert(keeping.let_go, what="trash", count=1, at=now)
    asked = {"kind": "export", "contact_id": 1, "names": ["anna@client.example"], "found": {"letters": 1}}
    tx.insert(keeping.person_request, **asked, user_id=user_id, created_at=now)


def fill_execution(tx: WriteTx, chief: Viewer, olena: int, petro: int) -> None:
    """Who is away, who stands in, and when the house works."""
    add_absence(tx, chief, petro, MOMENT + clock.DAY, MOMENT + 2 * clock.DAY, "Leave")
    set_deputies(tx, chief, petro, [olena])
    office = tuple([((540, 1080),)] * 5 + [()] * 2)
    choose_calendar(tx, HOUSE, Calendar("Europe/Kyiv", office, "BG"))


def fill_planner(tx: WriteTx, chief: Viewer, client: int, petro: int) -> None:
    """What is planned and promised with a client, who reads it by a telephone, and the client in other hands."""
    me = chief.user_id
    weekly = "FREQ=WEEKLY;BYDAY=MO"
    same: dict[str, int] = {"counterparty_id": client, "executor_id": me}
    plan(
        tx, chief, Plan("call", "Call them", "2026-12-01T10:00", "Europe/Kyiv", rule=weekly, user_ids=(petro,), **same)
    )
    promise_it(tx, chief, Made(text="Ten pumps", due_at=MOMENT + clock.DAY, **same))
    make_feed(tx, chief)
    hand_client(tx, chief, client, petro, "On leave")


def fill_outgoing(tx: WriteTx, mailbox_id: int, viewer: Viewer) -> None:
    """What goes out, whom nobody writes to, and what is remembered of requests, senders and tokens."""
    stamp = Stamp(KEYS, 1, "own", "")
    answer_thread(tx, stamp, viewer, 1, Answer("We have them.", to=(Address("Anna", "anna@client.example"),)))
    suppress(tx, KEYS, "gone@client.example", "bounce", "550 5.1.1")
    set_acknowledgements(tx, mailbox_id, {"uk": "Ми отримали ваш лист.", "en": "We have your letter."})
    begun = add_draft(tx, viewer, "reply", thread_id=2)
    change_draft(tx, viewer, begun.id, begun.version, Text(to="anna@client.example", html=text_as_html("We have")))
    add_file(tx, viewer, begun.id, "offer.pdf", "application/pdf", (bytes(32), 10), largest=1 << 20)
    set_signature(tx, viewer, mailbox_id, text_as_html("Olena"), own=True)
    change_state(tx, viewer, 3, "spam")
    change_state(tx, viewer, 3, "open")
    answer_once(tx, viewer.user_id, Keyed("k1", "POST /threads/1/reply", bytes(32)), lambda: b"{}")
    tokens = Tokens("an access token", "a refresh token", MOMENT + clock.HOUR)
    connect_with_tokens(tx, KEYS, mailbox_id, "imap.google.example", 993, "tls", "sales@firm.example", "google", tokens)


def count_rows(connection: sqlite3.Connection) -> dict[str, int]:
    """How many rows every table has."""
    names = [
        row[0]
        for row in connection.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
        )
    ]
    return {name: connection.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0] for name in sorted(names)}


def dump(path: Path) -> str:
    """The database as SQL text. Raises ValueError when a table stayed empty: its rows would not be proven."""
    connection = sqlite3.connect(path)
    try:
        rows = count_rows(connection)
        empty = [name for name, count in rows.items() if not count]
        if empty:
            raise ValueError(f"no rows in {', '.join(empty)}: fill() has to write some")
        # The index of words is contentless: it stands in its shadow tables, and selecting from it gives rows of NULL.
        lines = [line for line in connection.iterdump() if not line.startswith('INSERT INTO "word_index" VALUES')]
        return "\n".join(lines) + "\n"
    finally:
        connection.close()


def main() -> None:
    """Fill a database of the newest tables and write it down, the same on every run."""
    chance = random.Random(1)
    with (
        tempfile.TemporaryDirectory() as folder,
        patch.object(clock, "now", lambda: MOMENT),
        patch.object(secrets.os, "urandom", chance.randbytes),
        patch.object(secrets.secrets, "token_bytes", chance.randbytes),
        patch.object(secrets.secrets, "token_urlsafe", lambda size=32: chance.randbytes(size).hex()),
        patch.object(secrets.secrets, "token_hex", lambda size=8: chance.randbytes(size).hex()),
    ):
        path = Path(folder) / "mailhub.db"
        upgrade(f"sqlite:///{path}")
        database = open_database(f"sqlite:///{path}")
        try:
            fill(database)
        finally:
            database.close()
        target = HERE / f"{newest()}.sql"
        target.write_text(dump(path))
        print(f"{target.name}: {target.stat().st_size} bytes")


if __name__ == "__main__":
    main()

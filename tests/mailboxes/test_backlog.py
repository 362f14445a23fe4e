"""How far an account is with what lay there at the first look."""

from __future__ import annotations

from core.database import Database
from core.secrets import Keys
from mailhub.mailboxes.accounts import add_account
from mailhub.mailboxes.placements import Backlog, Listed, find_backlog, folder, list_folders, record_folders
from tests.support.world import World


def test_older_letters_are_counted_until_all_are_here(database: Database) -> None:
    box = World(database).box("sales")
    keys = Keys([bytes(32)])
    made = database.write_now(add_account, keys, box.id, "imap.example", 993, "tls", "sales", "secret")
    account_id = made if isinstance(made, int) else made.id
    assert database.read_now(find_backlog, account_id) is None, "its folders are not known yet"
    names = [Listed("INBOX", "INBOX", "inbox"), Listed("Old", "Old", "other")]
    database.write_now(record_folders, account_id, names)
    inbox, old = database.read_now(list_folders, account_id)
    seen = {"uidvalidity": 1, "quiet_below": 101, "server_count": 100}
    database.write_now(lambda tx: [tx.change(folder, one.id, **seen) for one in (inbox, old)])
    assert database.read_now(find_backlog, account_id) == Backlog(200, 0)
    database.write_now(lambda tx: tx.change(folder, inbox.id, last_uid=100))
    database.write_now(lambda tx: tx.change(folder, old.id, last_uid=25))
    assert database.read_now(find_backlog, account_id) == Backlog(200, 125)
    database.write_now(lambda tx: tx.change(folder, old.id, last_uid=100))
    assert database.read_now(find_backlog, account_id) is None

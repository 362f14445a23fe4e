"""What could not be written back to an account is not forgotten: it is shown, and tried again when a person says so."""

from __future__ import annotations

import pytest

from core import jobs
from core.database import Database
from core.errors import NotFound
from core.secrets import Keys
from mailhub.mailboxes.accounts import add_account
from mailhub.mailboxes.owed_marks import COPY_JOB, MARK_JOB, SEEN
from mailhub.mailboxes.untold import Untold, find_untold, tell_again
from tests.support.world import World


def test_what_was_tried_for_hours_is_shown_and_told_again(database: Database) -> None:
    world = World(database)
    box = world.box("olena", owner="olena")
    keys = Keys([bytes(32)])
    account = database.write_now(add_account, keys, box.id, "imap.firm.example", 993, "tls", "olena", "secret")
    other = database.write_now(add_account, keys, world.box("sales").id, "imap.firm.example", 993, "tls", "s", "secret")
    boot = database.write_now(jobs.start_boot)
    for owner in (account, other):
        mark = {"account_id": owner.id, "flag": SEEN, "placements": [1, 2, 3]}
        database.write_now(jobs.enqueue, MARK_JOB, mark)
    database.write_now(jobs.enqueue, COPY_JOB, {"account_id": account.id, "message_id": 7})
    waits = []
    for _ in range(jobs.TRIES):
        database.write_now(lambda tx: tx.sql("UPDATE job SET run_at = 0"))
        assert database.read_now(find_untold, account.id) is None
        for kind in (MARK_JOB, COPY_JOB):
            for job in database.write_now(jobs.claim, kind, boot, 10):
                database.write_now(jobs.give_up, job, "The server said: OVERQUOTA")
        waits.append(database.read_now(lambda tx: tx.sql("SELECT max(run_at) FROM job").scalar_one()))
    assert waits == sorted(waits)
    found = database.read_now(find_untold, account.id)
    assert found == Untold(3, 1, found.since if found else 0, "The server said: OVERQUOTA")
    with pytest.raises(NotFound):
        database.write_now(tell_again, world.viewer("ivan"), account.id)
    database.write_now(tell_again, world.viewer("olena"), account.id)
    assert database.read_now(find_untold, account.id) is None
    assert database.read_now(find_untold, other.id) is not None
    assert len(database.write_now(jobs.claim, MARK_JOB, boot, 10)) == 1
    assert len(database.write_now(jobs.claim, COPY_JOB, boot, 10)) == 1

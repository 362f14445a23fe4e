"""Imports that the server takes in: to their end, paused, ended, resumed, by who may, and over crashes."""

from __future__ import annotations

import asyncio
import gzip
from pathlib import Path

import pytest
from sqlalchemy import func, select, update

from core import jobs
from core.blobs import BlobFiles
from core.database import Database
from core.errors import Conflict, Forbidden, NotFound, TooMuch
from crm.staff.people import add_user
from crm.staff.readable import Viewer, get_viewer
from crm.staff.rights import add_grant
from mailhub.mailboxes import imports as table
from mailhub.mailboxes.boxes import Mailbox
from mailhub.mailboxes.import_runs import record_batch
from mailhub.mailboxes.imports import (
    Import,
    cancel_import,
    find_import,
    get_import,
    list_imports,
    pause_import,
    record_received,
    resume_import,
    start_from_path,
    start_upload,
)
from mailhub.mailboxes.tables import message, thread
from mailhub.routing import importing as loop
from mailhub.routing.importing import Importing, upload_file
from mailhub.routing.workers import Workers
from tests.support.mail import add_office, write_letter

FROM = b"From anna@client.example Fri Nov 20 10:00:00 2026\n"


class Place:
    """A house with a mailbox, an administrator who imports, and the loop that does it."""

    def __init__(self, database: Database, folder: Path) -> None:
        self.database = database
        self.box: Mailbox
        self.box, (self.olena,) = add_office(database, "olena")
        self.admin_id = database.write_now(lambda tx: add_user(tx, "boss@firm.example", "Boss", is_admin=True))
        self.uploads, self.allowed = folder / "imports", folder / "allowed"
        self.uploads.mkdir()
        self.allowed.mkdir()
        self.files = BlobFiles(folder / "blobs")
        self.files.folder.mkdir()
        self.workers = Workers(1)
        self.importing = self.make_loop()

    def make_loop(self) -> Importing:
        boot = self.take_over()
        return Importing(self.database, self.files, self.workers, boot, self.uploads, self.allowed)

    def take_over(self) -> str:
        """A new process, after the ones before have been silent for so long that their leases are void."""
        self.database.write_now(lambda tx: tx.execute(update(jobs.boot).values(seen_at=0)))
        boot = self.database.write_now(jobs.start_boot)
        assert self.database.write_now(jobs.beat, boot)
        return boot

    def viewer(self, user_id: int | None = None) -> Viewer:
        return self.database.read_now(get_viewer, user_id or self.admin_id)

    def upload(self, data: bytes, name: str = "old.mbox") -> int:
        made = self.database.write_now(start_upload, self.viewer(), self.box.id, name, len(data))
        upload_file(self.uploads, made.id).write_bytes(data)
        self.database.write_now(record_received, self.viewer(), made.id, 0, len(data))
        return made.id

    def get(self, import_id: int) -> Import:
        found = self.database.read_now(find_import, import_id)
        assert found is not None
        return found

    def count_letters(self) -> int:
        return self.database.read_now(lambda tx: int(tx.value(select(func.count()).select_from(message)) or 0))

    def run(self) -> None:
        async def all_of_them() -> None:
            while await self.importing.once():
                pass
            await self.workers.stop()

        asyncio.run(all_of_them())
        self.workers = Workers(1)
        self.importing = self.make_loop()


@pytest.fixture
def place(database: Database, tmp_path: Path) -> Place:
    return Place(database, tmp_path)


def make_mbox(count: int) -> bytes:
    return b"".join(FROM + write_letter(number).replace(b"\r\n", b"\n") + b"\n" for number in range(count))


def test_to_its_end(place: Place) -> None:
    data = make_mbox(150)
    done = place.get(place.upload(data))
    assert (done.state, done.received) == ("waiting", len(data))
    place.run()
    done = place.get(done.id)
    assert (done.state, done.kind, done.letters, done.taken, done.already) == ("done", "mbox", 150, 150, 0)
    assert (done.position, done.total, done.quarantined, done.skipped) == (len(data), len(data), 0, 0)
    assert done.rate
    assert done.finished_at
    assert place.count_letters() == 150
    assert list(place.uploads.iterdir()) == []
    again = place.upload(gzip.compress(data), "old.mbox.gz")
    place.run()
    done = place.get(again)
    assert (done.letters, done.taken, done.already) == (150, 0, 150)
    assert place.count_letters() == 150
    waits = select(func.count()).select_from(thread).where(thread.c.waiting_for.is_not(None))
    assert place.database.read_now(lambda tx: tx.value(waits)) == 0


def test_what_could_not_be_read_is_named(place: Place) -> None:
    data = make_mbox(2) + FROM + b"\n\n" + make_mbox(3)
    import_id = place.upload(data)
    place.run()
    done = place.get(import_id)
    assert (done.state, done.skipped, done.taken) == ("done", 1, 3)
    ((name, reason),) = done.faults
    assert name.startswith("old.mbox at ")
    assert reason == "There is no letter, only its separator."


def test_what_is_no_archive_fails_with_what_to_do_and_can_be_tried_again(place: Place) -> None:
    import_id = place.upload(b"!BDN" + bytes(600), "all.pst")
    place.run()
    failed = place.get(import_id)
    assert failed.state == "failed"
    assert "Export its folders as mbox" in failed.error
    assert failed.error_fields == {"path": "all.pst"}
    upload_file(place.uploads, import_id).write_bytes(make_mbox(3))
    place.database.write_now(resume_import, place.viewer(), import_id)
    place.run()
    assert (place.get(import_id).state, place.get(import_id).error, place.count_letters()) == ("done", "", 3)


def test_a_pause_stops_behind_the_batch_and_it_goes_on_there(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    import_id = place.upload(make_mbox(300))
    real = record_batch

    def pausing(tx: object, job: jobs.Job, batch: object) -> str:
        real(tx, job, batch)  # type: ignore[arg-type]
        return pause_import(tx, get_viewer(tx, place.admin_id), import_id).state  # type: ignore[arg-type]

    monkeypatch.setattr(loop, "record_batch", pausing)
    place.run()
    paused = place.get(import_id)
    assert (paused.state, paused.letters) == ("paused", loop.AT_ONCE)
    assert upload_file(place.uploads, import_id).exists()
    monkeypatch.undo()
    place.run()
    assert place.get(import_id).letters == loop.AT_ONCE
    place.database.write_now(resume_import, place.viewer(), import_id)
    place.run()
    done = place.get(import_id)
    assert (done.state, done.letters, done.taken, place.count_letters()) == ("done", 300, 300, 300)


def test_an_import_that_was_ended_stays_ended(place: Place) -> None:
    import_id = place.upload(make_mbox(3))
    viewer = place.viewer()
    place.database.write_now(cancel_import, viewer, import_id)
    place.run()
    assert (place.get(import_id).state, place.count_letters()) == ("cancelled", 0)
    assert list(place.uploads.iterdir()) == []
    for verb in (pause_import, resume_import, cancel_import):
        with pytest.raises(Conflict):
            place.database.write_now(verb, viewer, import_id)


def test_killed_at_any_moment_nothing_is_lost_or_counted_twice(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    import_id = place.upload(make_mbox(400))
    real, seen = loop.Bringing.store, 0

    class Killed(BaseException):
        pass

    async def dying(self: object, *args: object) -> object:
        nonlocal seen
        seen += 1
        if seen % 2 == 0:
            raise Killed  # as if the process ended here
        return await real(self, *args)  # type: ignore[arg-type]

    monkeypatch.setattr(loop.Bringing, "store", dying)
    for _ in range(3):
        with pytest.raises(Killed):
            place.run()
        assert place.get(import_id).letters == place.count_letters()
        place.workers = Workers(1)
        place.importing = place.make_loop()  # a new boot voids the leases of the one before
    monkeypatch.undo()
    place.run()
    done = place.get(import_id)
    assert (done.state, done.letters, done.taken, done.already) == ("done", 400, 400, 0)
    assert place.count_letters() == 400


def test_a_worker_that_lost_its_lease_writes_nothing(place: Place) -> None:
    import_id = place.upload(make_mbox(3))
    boot = place.database.write_now(jobs.start_boot)
    (job,) = place.database.write_now(jobs.claim, table.IMPORT_JOB, boot, 1)
    place.take_over()
    with pytest.raises(Conflict):
        place.database.write_now(record_batch, job, loop.Batch(1, 1, 0, (), "1", 1, 1))
    assert place.get(import_id).letters == 0


def test_paths_lead_nowhere_but_into_the_folder(place: Place, tmp_path: Path) -> None:
    (place.allowed / "old.mbox").write_bytes(make_mbox(2))
    (tmp_path / "secret.mbox").write_bytes(make_mbox(2))
    (place.allowed / "link.mbox").symlink_to(tmp_path / "secret.mbox")
    fine = place.database.write_now(start_from_path, place.viewer(), place.box.id, "old.mbox").id
    bad = [
        place.database.write_now(start_from_path, place.viewer(), place.box.id, path).id
        for path in ("../secret.mbox", str(tmp_path / "secret.mbox"), "link.mbox", "nothing")
    ]
    place.run()
    assert place.get(fine).state == "done"
    for each in bad:
        assert place.get(each).state == "failed"
        assert place.get(each).error == "There is no %(path)s in the folder for imports."
    assert place.count_letters() == 2
    assert (place.allowed / "old.mbox").exists()  # what an administrator laid down is not ours to remove


def test_who_may(place: Place) -> None:
    database, box = place.database, place.box
    import_id = place.upload(make_mbox(1))
    stranger = database.write_now(add_user, "stranger@firm.example", "Stranger")
    with pytest.raises(NotFound):
        database.read_now(get_import, place.viewer(stranger), import_id)
    with pytest.raises(NotFound):
        database.write_now(start_upload, place.viewer(stranger), box.id, "a", 1)
    with pytest.raises(Forbidden):  # sees the mailbox, does not manage it
        database.read_now(get_import, place.viewer(place.olena), import_id)
    with pytest.raises(Forbidden):
        database.write_now(cancel_import, place.viewer(place.olena), import_id)
    assert database.read_now(list_imports, place.viewer(place.olena)).items == []
    database.write_now(lambda tx: add_grant(tx, box.scope_id, "manage", user_id=place.olena))
    assert [one.id for one in database.read_now(list_imports, place.viewer(place.olena)).items] == [import_id]
    with pytest.raises(Forbidden, match="administrator"):
        database.write_now(start_from_path, place.viewer(place.olena), box.id, "old.mbox")


def test_one_person_has_so_many_at_a_time(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table, "MOST_OPEN", 2)
    for _ in range(2):
        place.upload(b"From: a@b.example\n\nx", "one.eml")
    with pytest.raises(TooMuch):
        place.upload(b"From: a@b.example\n\nx", "one.eml")

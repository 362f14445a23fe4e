"""The demo from outside: it starts, fills itself over SMTP, lets people in, ends at Ctrl-C and goes on where it was."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random

import pytest
from sqlalchemy import func, select

from core import clock
from core.database import Database, ReadTx, open_database
from core.errors import Conflict
from crm.parties.tables import counterparty
from crm.staff.people import find_password, find_user_by_email, password_fits
from crm.staff.readable import Viewer, get_viewer
from mailhub.demo.company import DEMO_PEOPLE
from mailhub.demo.mime import text_part
from mailhub.demo.office import find_stamp
from mailhub.demo.performance import demo_settings
from mailhub.demo.staff import count_under_way
from mailhub.demo.story import LETTERS, tell_news, tell_story
from mailhub.letters.worker import understand
from mailhub.mailboxes.boxes import list_mailboxes
from mailhub.mailboxes.lists import list_threads
from mailhub.mailboxes.tables import incoming, letter, message, thread, thread_event

ROOT = Path(__file__).resolve().parent.parent
MOMENT = 1_795_000_000_000_000
LONGEST_START = 60


@dataclass
class Running:
    """A demo in a process of its own."""

    process: subprocess.Popen[str]
    facts: dict[str, object]

    def end(self, said: str = "") -> float:
        """Ctrl-C; returns the seconds until it was over. ``said`` is all that it may have said beside the facts."""
        began = time.monotonic()
        self.process.send_signal(signal.SIGINT)
        _, errors = self.process.communicate(timeout=30)
        assert self.process.returncode == 0, errors
        assert errors == said
        return time.monotonic() - began


def start(folder: Path, *, port: int = 0) -> Running:
    command = [sys.executable, "-m", "api.cli", "demo"]
    options = ["--data", str(folder), "--port", str(port), "--smtp-port", "0", "--json"]
    pipe = subprocess.PIPE
    process = subprocess.Popen([*command, *options], stdout=pipe, stderr=pipe, text=True, cwd=ROOT)
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        process.wait(10)
        raise AssertionError(f"the demo did not start: {process.stderr.read() if process.stderr else ''}")
    return Running(process, json.loads(line))


def count_letters(tx: ReadTx) -> int:
    return int(tx.value(select(func.count()).select_from(letter)))


def wait_for_letters(database: Database, number: int) -> None:
    for _ in range(LONGEST_START * 10):
        if database.read_now(count_letters) >= number and not database.read_now(count_under_way):
            return
        time.sleep(0.1)
    raise AssertionError(f"only {database.read_now(count_letters)} letters came")


def wait_for_staff(database: Database) -> None:
    """The last thing that happens: the letters of today have lost the marks of the minute in which they came."""
    fresh = select(func.count()).select_from(thread_event).where(thread_event.c.at > clock.now() - clock.MINUTE)
    for _ in range(200):
        if not database.read_now(lambda tx: tx.value(fresh)):
            return
        time.sleep(0.1)
    raise AssertionError("the staff is not done")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("demo")


@pytest.fixture(scope="module")
def running(folder: Path) -> Iterator[Running]:
    one = start(folder)
    try:
        yield one
    finally:
        if one.process.poll() is None:
            one.process.kill()
            one.process.communicate()


@pytest.fixture(scope="module")
def database(running: Running, folder: Path) -> Iterator[Database]:
    assert running.process.poll() is None
    opened = open_database(f"sqlite:///{folder / 'mailhub.db'}")
    wait_for_letters(opened, LETTERS)
    wait_for_staff(opened)
    yield opened
    opened.close()


def viewer_of(database: Database, login: str) -> Viewer:
    person = database.read_now(find_user_by_email, f"{login}@delta.example")
    assert person is not None
    return database.read_now(get_viewer, person.id)


def test_the_server_answers(running: Running, database: Database) -> None:
    with urllib.request.urlopen(f"http://127.0.0.1:{running.facts['web']}/health/live", timeout=10) as answer:
        assert answer.status == 200


def test_every_letter_arrived_over_smtp_with_tls(database: Database) -> None:
    rows = database.read_now(lambda tx: tx.rows(select(incoming.c.source, incoming.c.state, incoming.c.trace)))
    assert len(rows) >= LETTERS
    assert {(row.source, row.state) for row in rows} == {("smtp", "done")}
    assert all(row.trace["tls"] for row in rows)


def test_letters_are_understood(database: Database) -> None:
    came = letter.c.from_address.not_like("%@delta.example")
    rows = database.read_now(lambda tx: tx.rows(select(letter.c.kind, letter.c.language, letter.c.parsed).where(came)))
    kinds = Counter(row.kind for row in rows)
    assert kinds["letter"] > 250
    assert kinds["invitation"] == kinds["auto_reply"] == 5
    assert kinds["bounce"] == kinds["receipt"] == 1
    languages = Counter(row.language for row in rows)
    assert all(languages[language] > 20 for language in ("en", "uk", "ru", "bg", "vi"))
    assert not [row.parsed for row in rows if row.parsed["error"] or "\ufffd" in row.parsed["text"]]


def test_people_sign_in_and_see_what_is_theirs(database: Database) -> None:
    for person in DEMO_PEOPLE:
        found = database.read_now(find_password, person.email)
        assert found is not None
        assert password_fits(found[1], person.password)
    seen = {
        login: {box.address.partition("@")[0] for box in database.read_now(list_mailboxes, viewer_of(database, login))}
        for login in ("helen", "oksana", "andriy", "elena", "bao")
    }
    public = {"sales", "claims", "purchasing", "info"}
    assert seen["helen"] == public
    assert seen["oksana"] == public | {"oksana"}
    assert seen["andriy"] == {"sales", "claims", "info", "andriy"}
    assert seen["elena"] == {"claims", "purchasing"}
    assert seen["bao"] == {"sales", "info"}
    andriy = viewer_of(database, "andriy")
    claims = [
        row for row in database.read_now(list_threads, andriy, "all").items if row.mailbox_address[:6] == "claims"
    ]
    assert claims
    assert {row.executor_id for row in claims} == {andriy.user_id}


def test_the_inbox_looks_lived_in(database: Database) -> None:
    oksana = viewer_of(database, "oksana")
    waiting = database.read_now(list_threads, oksana, "waiting").items
    now = clock.now()
    left = [(row.due_at - now) / clock.HOUR for row in waiting if row.due_at is not None]
    assert left == sorted(left)
    assert len(left) in range(12, 18)
    assert sum(hours < 0 for hours in left) == 3
    assert sum(0 < hours < 1 for hours in left) >= 1
    assert any(row.message_count > 3 for row in waiting)
    states = Counter(database.read_now(lambda tx: tx.values(select(thread.c.state))))
    assert states["closed"] > 80
    assert states["spam"] == 7
    span = database.read_now(
        lambda tx: tx.row(select(func.min(message.c.received_at).label("a"), func.max(message.c.id).label("b")))
    )
    assert span is not None
    assert now - span.a > 8 * clock.DAY


def test_a_forged_name_is_not_filed_under_the_client(database: Database) -> None:
    found = select(thread.c.counterparty_id).where(thread.c.who_address == "payments@invoice-desk.example")
    assert database.read_now(lambda tx: tx.values(found)) == [None]
    known = select(func.count()).select_from(counterparty)
    assert database.read_now(lambda tx: tx.value(known)) == 40


def test_it_ends_at_once_and_goes_on_where_it_was(running: Running, database: Database, folder: Path) -> None:
    before = database.read_now(count_letters)
    assert running.end() < 10
    again = start(folder)
    try:
        time.sleep(3)
        assert database.read_now(count_letters) in range(before, before + 8)
        assert again.end() < 10
    finally:
        again.process.kill()


def test_an_interrupted_demo_is_completed(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        taken = server.getsockname()[1]
        first = start(tmp_path, port=taken)
        assert first.facts["web"] != taken
        first.end(said=f"Port {taken} is taken; another one is used.\n")
    opened = open_database(f"sqlite:///{tmp_path / 'mailhub.db'}")
    second = start(tmp_path)
    try:
        wait_for_letters(opened, LETTERS)
        assert second.end() < 10
        assert opened.read_now(count_letters) in range(LETTERS, LETTERS + 8)
    finally:
        second.process.kill()
        opened.close()


def test_the_folder_of_a_real_installation_is_left_alone(tmp_path: Path) -> None:
    settings = tmp_path / "mailhub.toml"
    settings.write_text('[company]\nname = "Ours"\n')
    with pytest.raises(Conflict):
        demo_settings(tmp_path, 0, 0)
    assert settings.read_text() == '[company]\nname = "Ours"\n'


def test_the_story_is_the_same_each_time_and_goes_back_ten_days() -> None:
    story, again = tell_story(MOMENT), tell_story(MOMENT)
    assert [one.raw for one in story.letters] == [one.raw for one in again.letters]
    assert len({one.message_id for one in story.letters}) == len(story.letters) == LETTERS
    assert [one.at for one in story.letters] == sorted(one.at for one in story.letters)
    assert story.letters[0].at > MOMENT - 14 * clock.DAY
    assert all(abs((find_stamp(one.raw) or 0) - one.at) < clock.SECOND for one in story.letters)


def test_no_seed_tells_a_story_that_cannot_be_written() -> None:
    for seed in range(2, 8):
        story = tell_story(MOMENT, seed)
        assert len(story.letters) == LETTERS
        rng = Random(seed)
        news = [one for minute in range(40) for one in tell_news(rng, story, MOMENT + minute * clock.MINUTE)]
        assert len({one.message_id for one in [*story.letters, *news]}) == LETTERS + len(news)


def test_the_letters_have_many_shapes() -> None:
    story = tell_story(MOMENT)
    everything = b"\n".join(one.raw.lower() for one in story.letters)
    for charset in (b"windows-1251", b"koi8-u", b"koi8-r", b"windows-1258", b"windows-1252", b"utf-8"):
        assert b"charset=" + charset in everything, charset
    for encoding in (b"8bit", b"base64", b"quoted-printable"):
        assert b"content-transfer-encoding: " + encoding in everything, encoding
    recipients = {address for one in story.letters for address in one.recipients}
    assert {"sales+expo@delta.example", "orders@delta.example", "office@delta.example"} <= recipients
    assert any(len(one.recipients) == 2 for one in story.letters)
    parsed = [understand(one.raw).parsed for one in story.letters]
    assert not [one.defects for one in parsed if one.defects]
    assert any(part.content_id and part.inline for one in parsed for part in one.attachments)
    assert {part.content_type for one in parsed for part in one.attachments} >= {"image/jpeg", "application/pdf"}
    quoted = [
        one
        for one in parsed
        if one.subject.startswith("Re: ") and len(one.reply_text or one.text or "") < len(one.text or "") / 2
    ]
    assert len(quoted) > 60


@pytest.mark.parametrize(
    "text", ["Nguyễn Thị Minh Châu hỏi giá vòng bi, giao trước thứ sáu", "Đặng Thùy Linh – bơm ly tâm"]
)
def test_vietnamese_survives_its_old_charset(text: str) -> None:
    part = text_part(text, "plain", "windows-1258", "quoted-printable")
    raw = "\r\n".join(("From: a@b.example", *part.headers)).encode() + b"\r\n\r\n" + part.body
    assert (understand(raw).parsed.text or "").strip() == text

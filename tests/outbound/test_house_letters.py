"""Letters of the house to its own people: by the relay, from nobody that could be answered, once."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from email import message_from_bytes, policy

import pytest

from core import jobs
from core.database import Database
from core.secrets import Keys
from mailhub.letters.values import Address
from mailhub.outbound.house_letters import HOUSE_JOB, HouseLetters, post_house_letter
from mailhub.outbound.relay import parse_relay
from tests.support.sink import CUT_AFTER, Script, Sink

KEYS = Keys([b"k" * 32])


@pytest.fixture
def sink() -> Iterator[Sink]:
    found = Sink().start()
    yield found
    found.stop()


def _letters(database: Database, sink: Sink, *, may_go: bool = True) -> HouseLetters:
    boot = database.write_now(jobs.start_boot)
    return HouseLetters(
        database,
        KEYS,
        parse_relay(f"smtp://127.0.0.1:{sink.port}"),
        boot=boot,
        hostname="house.example",
        sender=Address("Ромашка", "mailhub@firm.example"),
        may_go=lambda: may_go,
    )


def _post(database: Database) -> None:
    database.write_now(
        lambda tx: post_house_letter(tx, KEYS, "anna@firm.example", "Новина", "Ось що сталося.\n", name="Ганна")
    )


def test_it_leaves_once_and_nothing_can_answer_it(database: Database, sink: Sink) -> None:
    letters = _letters(database, sink)
    _post(database)
    assert asyncio.run(letters.once())
    assert not asyncio.run(letters.once())
    (taken,) = sink.taken
    parsed = message_from_bytes(taken.raw, policy=policy.default)
    assert (taken.sender, taken.recipient) == ("", "anna@firm.example")
    assert parsed["Auto-Submitted"] == "auto-generated"
    assert parsed["From"] == "Ромашка <mailhub@firm.example>"
    assert parsed["Subject"] == "Новина"
    assert "Ось що сталося." in parsed.get_content()


def test_its_words_are_sealed_while_it_waits(database: Database, sink: Sink) -> None:
    _letters(database, sink)
    _post(database)
    waiting = database.read_now(lambda tx: str(tx.values(jobs.job.select().with_only_columns(jobs.job.c.payload))))
    assert "anna" not in waiting
    assert "Ось" not in waiting


def test_nothing_leaves_while_sending_is_stopped(database: Database, sink: Sink) -> None:
    letters = _letters(database, sink, may_go=False)
    _post(database)
    assert not asyncio.run(letters.once())
    assert not sink.taken
    assert database.read_now(jobs.count_waiting) == {HOUSE_JOB: 1}


@pytest.mark.parametrize(("answer", "left"), [("451 4.3.0 later", {HOUSE_JOB: 1}), ("550 5.7.1 no", {})])
def test_a_refusal_ends_it_and_a_trouble_lets_it_wait(
    database: Database, sink: Sink, answer: str, left: dict[str, int]
) -> None:
    sink.script = Script(rcpt=lambda _recipient, _tries: answer)
    letters = _letters(database, sink)
    _post(database)
    assert asyncio.run(letters.once())
    assert database.read_now(jobs.count_waiting) == left


def test_after_a_cut_it_is_the_same_letter(database: Database, sink: Sink) -> None:
    sink.script = Script(dot=lambda _recipient, tries: CUT_AFTER if tries < 1 else "")
    letters = _letters(database, sink)
    _post(database)
    asyncio.run(letters.once())
    database.write_now(lambda tx: tx.execute(jobs.job.update().values(run_at=0)))
    asyncio.run(letters.once())
    ids = {message_from_bytes(one.raw)["Message-ID"] for one in sink.taken}
    assert len(ids) == 1
    assert database.read_now(jobs.count_waiting) == {}

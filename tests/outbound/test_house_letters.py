"""Letters of the house to its own people: by the relay, from nobody that could be answered, once."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from email import message_from_bytes, policy

import pytest

from core import jobs
from core.database import Database, WriteTx
from core.errors import Unavailable
from core.secrets import Keys
from mailhub.letters.values import Address
from mailhub.outbound import house_letters
from mailhub.outbound.direct import Direct
from mailhub.outbound.dkim_keys import make_keys, record_look
from mailhub.outbound.house_letters import HOUSE_JOB, HouseLetter, HouseLetters, post_house_letter
from mailhub.outbound.relay import parse_relay
from mailhub.outbound.signing import Signing
from mailhub.outbound.sts import Policies
from tests.outbound.direct_house import Zone
from tests.support.engines import look
from tests.support.sink import CUT_AFTER, Script, Sink

KEYS = Keys([b"k" * 32])


@pytest.fixture
def sink() -> Iterator[Sink]:
    found = Sink().start()
    yield found
    found.stop()


def _letters(database: Database, sink: Sink, *, may_go: bool = True, signing: Signing | None = None) -> HouseLetters:
    boot = database.write_now(jobs.start_boot)
    return HouseLetters(
        database,
        KEYS,
        parse_relay(f"smtp://127.0.0.1:{sink.port}"),
        boot=boot,
        hostname="house.example",
        sender=Address("Ромашка", "mailhub@firm.example"),
        may_go=lambda: may_go,
        signing=signing,
    )


def _post(database: Database) -> None:
    database.write_now(
        lambda tx: post_house_letter(tx, KEYS, "anna@firm.example", "Новина", "Ось що сталося.\n", name="Ганна")
    )


def _give_to_another(tx: WriteTx) -> None:
    tx.execute(jobs.job.update().values(fence=jobs.job.c.fence + 1))


def _away(*_args: object) -> None:
    raise Unavailable("The database cannot be reached now. Try again in a minute.")


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


def test_while_the_relay_is_away_no_try_counts_and_it_is_left_alone(database: Database) -> None:
    with Sink() as gone:
        letters = _letters(database, gone)
    _post(database)
    for _ in range(12):
        letters._rests_until = 0.0
        database.write_now(lambda tx: tx.execute(jobs.job.update().values(run_at=0)))
        assert asyncio.run(letters.once())
    assert not asyncio.run(letters.once())
    assert look(database, "SELECT tries, dead_at, boot FROM job") == [(0, None, None)]
    with Sink() as again:
        back = _letters(database, again)
        database.write_now(lambda tx: tx.execute(jobs.job.update().values(run_at=0)))
        assert asyncio.run(back.once())
    assert len(again.taken) == 1


def test_a_letter_that_was_taken_is_not_sent_again_because_the_database_was_away(
    database: Database, sink: Sink, monkeypatch: pytest.MonkeyPatch
) -> None:
    letters, failed = _letters(database, sink), []
    _post(database)
    real = jobs.finish

    def finish(tx: WriteTx, done: jobs.Job) -> None:
        if len(failed) < 2:
            failed.append(done)
            raise Unavailable("The database cannot write now (%(reason)s). Try again in a minute.", reason="full")
        real(tx, done)

    monkeypatch.setattr(jobs, "finish", finish)
    monkeypatch.setattr(house_letters, "AGAIN_SECONDS", 0.01)
    assert asyncio.run(letters.once())
    assert not asyncio.run(letters.once())
    assert (len(failed), len(sink.taken)) == (2, 1)
    assert database.read_now(jobs.count_waiting) == {}


def test_a_letter_leaves_only_after_its_mark(database: Database, sink: Sink, monkeypatch: pytest.MonkeyPatch) -> None:
    letters = _letters(database, sink)
    _post(database)
    with monkeypatch.context() as patch:
        patch.setattr(house_letters, "_mark", _away)
        assert asyncio.run(letters.once())
    assert sink.taken == []
    assert look(database, "SELECT tries FROM job") == [(0,)]


def test_of_two_that_hold_a_letter_one_sends_it(database: Database, sink: Sink) -> None:
    """Its lease was given to another while this process slept."""
    letters = _letters(database, sink)
    _post(database)
    real = letters.write_down

    def and_sleep(letter: HouseLetter) -> bytes:
        with ThreadPoolExecutor(1) as other:
            other.submit(database.write_now, _give_to_another).result(10)
        return real(letter)

    letters.write_down = and_sleep  # type: ignore[method-assign]
    assert asyncio.run(letters.once())
    assert sink.taken == []
    assert database.read_now(jobs.count_waiting) == {HOUSE_JOB: 1}


def test_a_letter_whose_fate_stays_hidden_is_repeated_a_few_times_only(database: Database, sink: Sink) -> None:
    sink.script = Script(dot=lambda _recipient, _tries: CUT_AFTER)
    letters = _letters(database, sink)
    _post(database)
    for _ in range(10):
        database.write_now(lambda tx: tx.execute(jobs.job.update().values(run_at=0, tries=0)))
        asyncio.run(letters.once())
    assert len({message_from_bytes(one.raw)["Message-ID"] for one in sink.taken}) == 1
    assert len(sink.taken) == 1 + house_letters.MOST_REPEATS
    assert database.read_now(jobs.count_waiting) == {}


def test_a_relay_that_asks_to_come_later_knows_that_it_has_nothing(database: Database, sink: Sink) -> None:
    sink.script = Script(dot=lambda _recipient, tries: "421 4.3.2 not now" if tries < 8 else "")
    letters = _letters(database, sink)
    _post(database)
    for _ in range(9):
        letters._rests_until = 0.0
        database.write_now(lambda tx: tx.execute(jobs.job.update().values(run_at=0)))
        assert asyncio.run(letters.once())
    assert len(sink.taken) == 1
    assert database.read_now(jobs.count_waiting) == {}


def test_they_may_go_straight_to_the_servers_of_each_domain(database: Database, sink: Sink) -> None:
    """Also where there is no relay; a domain that is away keeps no other waiting, one takes no mail."""
    zone = Zone().add("firm.example", "A", "127.0.0.1").add("none.example", "MX", "0 .")
    zone.silent |= {"away.example"}
    direct = Direct(
        zone.ask, Policies(database, zone.ask, zone.fetch), "house.example", inside=("127.0.0.0/8",), port=sink.port
    )
    boot = database.write_now(jobs.start_boot)
    house, sender = {"boot": boot, "hostname": "house.example"}, Address("", "mailhub@firm.example")
    letters = HouseLetters(database, KEYS, None, **house, sender=sender, may_go=lambda: True, direct=direct)
    for name in ("a@away.example", "n@none.example", "anna@firm.example"):
        database.write_now(post_house_letter, KEYS, name, "News", "What happened.\n")
    asyncio.run(letters.look())
    assert [one.recipient for one in sink.taken] == ["anna@firm.example"]
    assert database.read_now(jobs.count_waiting) == {HOUSE_JOB: 1}, "the one that is away is tried again"
    nowhere = HouseLetters(database, KEYS, None, **house, sender=sender, may_go=lambda: True)
    assert not asyncio.run(nowhere.once())


def test_they_are_signed_with_the_keys_of_their_domain(database: Database, sink: Sink) -> None:
    for key in database.write_now(make_keys, KEYS, None, "firm.example"):
        database.write_now(record_look, None, key.id, "")
    letters = _letters(database, sink, signing=Signing(database, KEYS))
    _post(database)
    assert asyncio.run(letters.once())
    assert b"DKIM-Signature: v=1; a=rsa-sha256" in sink.taken[0].raw
    assert b"d=firm.example" in sink.taken[0].raw

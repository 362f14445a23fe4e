"""How long the list of a mailing to a million takes to freeze, and how long anybody waits for the writer meanwhile.

    python -m bench.freeze [--people 1000000] [--engine sqlite|postgresql]

Clients with one person each. One of a hundred has an address that stands there in another spelling too, two must not be
written to, one said no; of two hundred one has an address that is none, one has none. Freezing is what the server does:
every client is asked for, judged and laid as a row: once alone, and once more for another mailing while somebody writes
every twentieth of a second.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import uvloop

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.figures import Figure, print_figures
from bench.send import peak
from core import jobs
from core.database import Database, WriteTx, open_database
from core.marks import ensure_identity
from core.secrets import Keys
from crm.staff.people import add_user
from crm.staff.readable import get_viewer
from crm.staff.rights import add_grant
from mailhub.campaigns.mailings import Choice, add_mailing, get_mailing, set_choices
from mailhub.campaigns.preparing import Preparing
from mailhub.campaigns.recipients import freeze_list
from mailhub.mailboxes.boxes import add_mailbox
from mailhub.migrations import upgrade
from mailhub.outbound.identity import Stamp
from tests.support.crowd import lay_crowd, why_not
from tests.support.databases import Cluster

KEYS = Keys([b"b" * 32])


def fill(tx: WriteTx, people: int) -> list[int]:
    """The house; returns two mailings to everybody."""
    lay_crowd(tx, KEYS, people)
    box = add_mailbox(tx, "news@bench.example", "Bench", "public")
    user_id = add_user(tx, "ivan@bench.example", "Ivan")
    for right in ("answer", "manage"):
        add_grant(tx, box.scope_id, right, user_id=user_id)
    viewer = get_viewer(tx, user_id)
    made = [add_mailing(tx, viewer, name, box.id) for name in ("Alone", "Beside")]
    for one in made:
        set_choices(tx, viewer, one, [Choice(True, "everybody")])
    return made


async def freeze(database: Database, made: int, *, beside: bool) -> tuple[float, float, list[float]]:
    """Seconds that it took, of the processor too, and the waits of whoever wrote meanwhile, where somebody did."""
    viewer = await database.read(get_viewer, 1)
    await database.write(freeze_list, viewer, made)
    boot = await database.write(jobs.start_boot)
    identity = await database.write(ensure_identity)
    preparing = Preparing(database, KEYS, Stamp(KEYS, identity.epoch), boot, explicit=False, inside=True)
    waits: list[float] = []

    async def work_beside() -> None:
        while True:
            began = time.perf_counter()
            await database.write(lambda tx: tx.sql("UPDATE boot SET seen_at = seen_at"))
            waits.append(time.perf_counter() - began)
            await asyncio.sleep(0.05)

    task = asyncio.create_task(work_beside()) if beside else None
    began, processor = time.perf_counter(), time.process_time()
    await preparing.look()
    seconds, processor = time.perf_counter() - began, time.process_time() - processor
    await database.write(jobs.stop_boot, boot)
    if task is not None:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    return seconds, processor, waits


@contextmanager
def house(engine: str) -> Iterator[str]:
    """The address of an empty house."""
    if engine == "sqlite":
        with tempfile.TemporaryDirectory(prefix="mailhub-bench-") as folder:
            url = f"sqlite:///{folder}/mailhub.db"
            upgrade(url)
            yield url
        return
    cluster = Cluster(durable=True)
    try:
        cluster.make_template()
        yield cluster.copy()
    finally:
        cluster.stop()


def measure(options: argparse.Namespace) -> list[Figure]:
    """Freeze once."""
    with house(options.engine) as url:
        database = open_database(url)
        made, other = database.write_now(fill, options.people)
        database.close()
        database = open_database(url)
        before = peak()
        seconds, processor, _ = uvloop.run(freeze(database, made, beside=False))
        memory, alone = peak(), database.longest_hold()
        _, _, waits = uvloop.run(freeze(database, other, beside=True))
        hold = max(alone, database.longest_hold())
        viewer = database.read_now(partial(get_viewer, user_id=1))
        found = database.read_now(get_mailing, viewer, made)
        again = database.read_now(get_mailing, viewer, other)
        database.close()
    wanted = sum(not why_not(number) for number in range(options.people))
    assert found.recipients_count == wanted, (found.recipients_count, wanted)
    assert sum(found.reasons.values()) == options.people - wanted
    assert (again.list_hash, again.reasons) == (found.list_hash, found.reasons)
    scale = options.people / 1_000_000
    print(f"{options.engine}: {options.people} clients, {found.recipients_count} rows, left out: {found.reasons}")
    most, p99 = max(waits), sorted(waits)[int(len(waits) * 0.99)]
    half = statistics.median(waits)
    print(f"  who wrote beside waited {half * 1000:.1f} ms, p99 {p99 * 1000:.0f}, at most {most * 1000:.0f}")
    return [
        Figure(f"freezing on {options.engine}, of a million", seconds / scale, "s", 90, 20),
        Figure("processor seconds of it", processor / scale, "s"),
        Figure("who wrote beside waited, p99", p99 * 1000, "ms", 150, 50),
        Figure("longest hold of the writer", hold * 1000, "ms", 250, 50),
        Figure("memory of freezing", memory, "MB", 300, 120, note=f"{before:.0f} before"),
    ]


def read_options(words: list[str] | None = None) -> argparse.Namespace:
    """The options of the command line, or of these words."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=1_000_000)
    parser.add_argument("--engine", choices=["sqlite", "postgresql"], default="sqlite")
    return parser.parse_args(words)


def main() -> None:
    sys.exit(0 if print_figures(measure(read_options())) else 1)


if __name__ == "__main__":
    main()

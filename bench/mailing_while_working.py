"""A mailing to very many is frozen, checked and sent by a server at which people work: how long they wait.

    python -m bench.mailing_while_working [--people 100000] [--threads 20000] [--rate 10] [--arriving 10]

A server over a filled SQLite database freezes the list (five reasons of exclusion), tries every letter and sends all
into Postfix's smtp-sink. All the while letters come in over SMTP (``--arriving`` a second, from the dot to the 250) and
somebody asks for lists (``--rate`` a second). A million recipients are the size that was promised.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.figures import Figure, print_figures
from bench.import_while_working import Watch, serving
from bench.lists import prepare
from bench.send import sink
from core.database import Database, open_database
from core.secrets import load_keys
from mailhub.campaigns.mailings import Mailing, get_mailing
from mailhub.campaigns.starting import start_mailing
from tests.faults.mailings import begin_mailing

LONGEST = 7200.0
FIRST = 1_000_001
"""Behind the clients of the lists."""
_WAIT = "SELECT count(*) FROM recipient WHERE state IN ('queued', 'sending', 'deferred')"


def measure(options: argparse.Namespace) -> list[Figure]:
    """The waits of letters and lists, what each step took, and memory."""
    watch, took = Watch(), {}
    with tempfile.TemporaryDirectory(prefix="mailhub-bench-") as folder, sink() as port:
        secret = prepare(folder, options.threads)
        database = open_database(f"sqlite:///{folder}/mailhub.db")
        keys = load_keys(Path(folder) / "secret.key")
        viewer, made = database.write_now(partial(begin_mailing, first=FIRST), keys, options.people)

        def see() -> Mailing:
            return database.read_now(get_mailing, viewer, made)

        with (
            serving(folder, secret, SEND_RELAY=f"smtp://127.0.0.1:{port}") as server,
            watch.beside(server, options.arriving, options.rate),
        ):
            took["frozen"] = _until(lambda: see().list_state == "done")
            took["checked"] = _until(lambda: see().check_state == "done")
            count = see().recipients_count
            database.write_now(start_mailing, viewer, made, count)
            took["sent"] = _until(lambda: not _waiting(database))
        states = database.read_now(lambda tx: dict(tx.sql(_STATES).fetchall()))
        database.close()
    assert states.get("sent") == count, states
    scale = options.people / 1_000_000
    steps = [Figure(f"a million {name} meanwhile", seconds / scale, "s") for name, seconds in took.items()]
    return [*steps, *watch.figures()]


_STATES = "SELECT state, count(*) FROM recipient WHERE state <> 'excluded' GROUP BY state"


def _waiting(database: Database) -> int:
    return int(database.read_now(lambda tx: tx.sql(_WAIT).scalar_one()))


def _until(true: Callable[[], bool]) -> float:
    """Seconds until it is true."""
    began = time.perf_counter()
    while not true():
        assert time.perf_counter() - began < LONGEST, "it does not come to an end"
        time.sleep(0.5)
    return time.perf_counter() - began


def read_options(words: list[str] | None = None) -> argparse.Namespace:
    """The options of the command line, or of these words."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=100_000)
    parser.add_argument("--threads", type=int, default=20_000)
    parser.add_argument("--rate", type=float, default=10)
    parser.add_argument("--arriving", type=float, default=10)
    return parser.parse_args(words)


if __name__ == "__main__":
    print_figures(measure(read_options()))

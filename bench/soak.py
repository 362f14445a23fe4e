"""The long versions of ``tests/faults``: power cuts, kill -9 under letters from a real mail server and while letters
leave, mutants of letters.

    python -m bench.soak power [--moments 100] [--synchronous FULL|NORMAL] [--seed N]
    python -m bench.soak kill [--kills 50] [--letters 5000] [--seed N]
    python -m bench.soak send [--kills 50] [--letters 1000] [--seed N]
    python -m bench.soak mailing [--kills 100] [--letters 100000] [--restarts 5] [--engine sqlite|postgresql] [--seed N]
    python -m bench.soak button [--presses 40] [--letters 20000] [--senders N] [--engine sqlite|postgresql] [--seed N]
    python -m bench.soak scanners [--requests 5000] [--engine sqlite|postgresql] [--seed N]
    python -m bench.soak starts [--starts 50] [--leaving 200] [--letters 5000] [--engine sqlite|postgresql] [--seed N]
    python -m bench.soak clocks [--kills 10] [--letters 400] [--seed N]
    python -m bench.soak wire [--letters 1000]
    python -m bench.soak imap [--letters 20000] [--folders 5] [--kills 40] [--seed N]
    python -m bench.soak mutants [--letters 10000] [--engine sqlite|postgresql] [--seed N]
    python -m bench.soak segments [--sequences 10000] [--engine sqlite|postgresql] [--seed N]
    python -m bench.soak import [--rows 50000] [--kills 3] [--shape xlsx|utf-8|windows-1251|utf-16]
        [--engine sqlite|postgresql] [--seed N]

The first two and ``wire`` need root (mounts, an instance of Postfix), ``imap`` Dovecot, ``wire`` opendkim too.
The exit code is 1 when anything that was acknowledged is lost or stands twice. A seed repeats the moments, not the
scheduling of the machine.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from core import clock
from core.database import open_database
from mailhub.migrations import upgrade
from tests.faults.button import press_again_and_again
from tests.faults.clocks import run_clocks
from tests.faults.imap_kills import soak_account
from tests.faults.kills import kill_again_and_again
from tests.faults.mailings import kill_mailing_senders
from tests.faults.mutants import assault
from tests.faults.power import can_mount, cut_power
from tests.faults.scanners import MOST_SECONDS, scan_letters
from tests.faults.sends import kill_sender
from tests.faults.starts import start_at_once
from tests.faults.tables import SHAPES, bring_over_kills
from tests.faults.wire import send_by_wire
from tests.support.databases import Cluster
from tests.support.house import running_house, settings_for
from tests.support.mail import add_office
from tests.support.segment_play import begin, live

LIVES = 10
"""So many sequences in one house, one after the other."""


def soak_power(folder: Path, options: argparse.Namespace) -> bool:
    """Cut the power at many moments. True when nothing was lost."""
    if not can_mount(folder):
        sys.exit("mounting ext4 in a file needs root and loop devices")
    losses = cut_power(folder, options.moments, options.synchronous, options.seed)
    print(f"synchronous={options.synchronous}: {losses}")
    return not losses.lost and not losses.broken


def soak_kill(folder: Path, options: argparse.Namespace) -> bool:
    """Kill the server many times. True when every letter arrived once."""
    tally = kill_again_and_again(folder, options.kills, options.letters, options.seed)
    print(tally)
    whole = tally.arrived == tally.in_threads + tally.held == options.letters
    return whole and not tally.doubled and tally.kills == options.kills


def soak_send(folder: Path, options: argparse.Namespace) -> bool:
    """Kill the sender many times, before a relay that cuts connections. True when every promise held."""
    tally = kill_sender(folder, options.kills, options.letters, options.seed)
    print(tally)
    return tally.is_sound and tally.kills == options.kills


def soak_mailing(folder: Path, options: argparse.Namespace) -> bool:
    """Kill the senders of a mailing many times: one on SQLite, two on PostgreSQL, whose server is restarted too. True
    when every promise held."""
    print(f"seed {options.seed}", flush=True)
    cluster = Cluster(durable=True) if options.engine == "postgresql" else None
    try:
        if cluster:
            cluster.make_template()
            url = cluster.copy()
        else:
            url = f"sqlite:///{folder}/data/mailhub.db"
            upgrade(url)
        tally = kill_mailing_senders(
            folder, url, options.kills, options.letters, options.seed, workers=2 if cluster else 1,
            restart=cluster.restart if cluster else None, restarts=options.restarts,
        )  # fmt: skip
    finally:
        if cluster:
            cluster.stop()
    print(f"{options.engine}: {tally}")
    return tally.is_sound and tally.kills == options.kills


@contextmanager
def house_of(folder: Path, engine: str) -> Iterator[str]:
    """The address of an empty database."""
    if engine == "sqlite":
        (folder / "data").mkdir()
        url = f"sqlite:///{folder}/data/mailhub.db"
        upgrade(url)
        yield url
        return
    cluster = Cluster(durable=True)
    try:
        cluster.make_template()
        yield cluster.copy()
    finally:
        cluster.stop()


def soak_button(folder: Path, options: argparse.Namespace) -> bool:
    """Press the red button many times. True when each press stopped all letters in time, and nothing left after it."""
    workers = options.senders or (1 if options.engine == "sqlite" else 3)
    if options.engine == "sqlite" and workers > 1:
        sys.exit("one process sends from a SQLite file")
    with house_of(folder, options.engine) as url:
        tally = press_again_and_again(folder, url, options.presses, options.letters, options.seed, workers=workers)
    print(f"{options.engine}, {workers} senders: {tally}")
    return tally.is_sound


def soak_scanners(folder: Path, options: argparse.Namespace) -> bool:
    """Follow all links of letters as scanners do. True when nobody left, every click is a machine's, and nobody waited
    longer than a second."""
    with house_of(folder, options.engine) as url:
        tally = asyncio.run(scan_letters(url, folder, options.requests, options.seed))
    print(f"{options.engine}: {tally}")
    return tally.is_sound and tally.slowest <= MOST_SECONDS


def soak_starts(folder: Path, options: argparse.Namespace) -> bool:
    """Many processes start one mailing, and many leave it. True when it was one, and nobody got it who had left."""
    with house_of(folder, options.engine) as url:
        (folder / "data").mkdir(exist_ok=True)
        started, tally = start_at_once(folder, url, options.starts, options.letters, options.leaving, options.seed)
    print(f"{options.engine}: {options.starts} starts are {started}; {tally}")
    return started == 1 and tally.is_sound


def soak_clocks(folder: Path, options: argparse.Namespace) -> bool:
    """Two clocks beside each other, killed many times, then two that find what three days brought. True when each
    letter went once or is held."""
    sound = True
    for name, kills, away in (("an hour", options.kills, clock.HOUR), ("three days", 0, 3 * clock.DAY)):
        place = folder / name
        place.mkdir()
        with house_of(place, "postgresql") as url:
            tally = run_clocks(place, url, options.letters, kills, options.seed, away=away)
        print(f"away for {name}: {tally}", flush=True)
        sound = sound and tally.is_sound and (tally.held == tally.planned or away == clock.HOUR)
    return sound


def soak_wire(folder: Path, options: argparse.Namespace) -> bool:
    """Send letters of thirty scripts through Postfix. True when every signature verifies and no rule is broken."""
    url = f"sqlite:///{folder}/mailhub.db"
    upgrade(url)
    wired = send_by_wire(folder, url, options.letters)
    print(
        f"{wired.arrived} of {wired.planned} arrived, {wired.verified} verified by opendkim, {len(wired.faults)} faults"
    )
    print(*wired.faults[:20], sep="\n")
    return wired.is_sound


def soak_mutants(folder: Path, options: argparse.Namespace) -> bool:
    """Send many mutants of letters. True when each was stored whole or refused by a rule, and none was stuck."""
    cluster = Cluster() if options.engine == "postgresql" else None
    try:
        if cluster:
            cluster.make_template()
            url = cluster.copy()
        else:
            url = f"sqlite:///{folder}/mailhub.db"
            upgrade(url)
        with running_house(settings_for(url, folder)) as house:
            add_office(house.database)
            tally = assault(house, options.letters, options.seed)
    finally:
        if cluster:
            cluster.stop()
    print(f"{options.engine}: {tally}")
    stuck = tally.altered or tally.waiting or tally.quarantined
    return not stuck and tally.slowest <= 5 and tally.slowest_honest <= 10


def soak_imap(folder: Path, options: argparse.Namespace) -> bool:
    """An account under every trouble. True when it agrees with its server in the end."""
    tally = soak_account(folder, options.letters, options.folders, options.kills, options.seed, patience=900)
    print(tally)
    return tally.sound and tally.kills == options.kills


def soak_segments(folder: Path, options: argparse.Namespace) -> bool:
    """Random lives of a house with segments. True when who was followed is always who the rules are true of."""
    print(f"seed {options.seed}")
    cluster = Cluster() if options.engine == "postgresql" else None
    try:
        empty = folder / "empty.db"
        if cluster is None:
            upgrade(f"sqlite:///{empty}")
        else:
            cluster.make_template()
        for begun in range(0, options.sequences, LIVES):
            path = folder / f"{begun}.db"
            if cluster is None:
                shutil.copyfile(empty, path)
            url = f"sqlite:///{path}" if cluster is None else cluster.copy()
            if begun % 1000 == 0:
                print(f"{begun} lives", file=sys.stderr, flush=True)
            if said := _live_in(url, options.seed + begun):
                print(f"in the house of seed {options.seed + begun}: {said}")
                return False
            path.unlink(missing_ok=True)
            if cluster is not None:
                cluster.drop(url)
    finally:
        if cluster is not None:
            cluster.stop()
    return True


def soak_import(folder: Path, options: argparse.Namespace) -> bool:
    """A messy table in each shape, tried, brought in and taken back while the server is killed. True when each did what
    it says, once, and left nothing when it was taken back."""
    sound = True
    for shape in [options.shape] if options.shape else SHAPES:
        place = folder / shape
        place.mkdir()
        with house_of(place, options.engine) as url:
            tally = bring_over_kills(place, url, shape, options.rows, (options.kills,) * 3, options.seed)
        print(f"{options.engine}, {tally}", flush=True)
        sound = sound and tally.is_sound
        shutil.rmtree(place)
    return sound


def _live_in(url: str, seed: int) -> str:
    """So many lives in one house. Returns what differs."""
    database = open_database(url)
    try:
        play = begin(database, seed)
        for _ in range(LIVES):
            live(play, 25)
    except AssertionError as differs:
        return str(differs)
    finally:
        database.close()
    return ""


def main() -> None:
    """Read the arguments, soak, print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    kinds = parser.add_subparsers(dest="kind", required=True)
    power = kinds.add_parser("power")
    power.add_argument("--moments", type=int, default=100)
    power.add_argument("--synchronous", choices=["FULL", "NORMAL"], default="FULL")
    kill = kinds.add_parser("kill")
    kill.add_argument("--kills", type=int, default=50)
    kill.add_argument("--letters", type=int, default=5000)
    send = kinds.add_parser("send")
    send.add_argument("--kills", type=int, default=50)
    send.add_argument("--letters", type=int, default=1000)
    mailings = kinds.add_parser("mailing")
    mailings.add_argument("--kills", type=int, default=100)
    mailings.add_argument("--letters", type=int, default=100_000)
    mailings.add_argument("--restarts", type=int, default=5)
    mailings.add_argument("--engine", choices=["sqlite", "postgresql"], default="sqlite")
    button = kinds.add_parser("button")
    button.add_argument("--presses", type=int, default=40)
    button.add_argument("--letters", type=int, default=20_000)
    button.add_argument("--senders", type=int, default=0)
    button.add_argument("--engine", choices=["sqlite", "postgresql"], default="sqlite")
    scanners = kinds.add_parser("scanners")
    scanners.add_argument("--requests", type=int, default=5_000)
    scanners.add_argument("--engine", choices=["sqlite", "postgresql"], default="sqlite")
    starts = kinds.add_parser("starts")
    starts.add_argument("--starts", type=int, default=50)
    starts.add_argument("--leaving", type=int, default=200)
    starts.add_argument("--letters", type=int, default=5000)
    starts.add_argument("--engine", choices=["sqlite", "postgresql"], default="sqlite")
    clocks = kinds.add_parser("clocks")
    clocks.add_argument("--kills", type=int, default=10)
    clocks.add_argument("--letters", type=int, default=400)
    wire = kinds.add_parser("wire")
    wire.add_argument("--letters", type=int, default=1000)
    mutants = kinds.add_parser("mutants")
    mutants.add_argument("--letters", type=int, default=10_000)
    mutants.add_argument("--engine", choices=["sqlite", "postgresql"], default="sqlite")
    imap = kinds.add_parser("imap")
    imap.add_argument("--letters", type=int, default=20_000)
    imap.add_argument("--folders", type=int, default=5)
    imap.add_argument("--kills", type=int, default=40)
    segments = kinds.add_parser("segments")
    segments.add_argument("--sequences", type=int, default=10_000)
    segments.add_argument("--engine", choices=["sqlite", "postgresql"], default="sqlite")
    tables = kinds.add_parser("import")
    tables.add_argument("--rows", type=int, default=50_000)
    tables.add_argument("--kills", type=int, default=3)
    tables.add_argument("--shape", choices=SHAPES)
    tables.add_argument("--engine", choices=["sqlite", "postgresql"], default="sqlite")
    every = (power, kill, imap, send, mailings, button, scanners, starts, clocks, wire, mutants, segments, tables)
    for kind in every:
        kind.add_argument("--seed", type=int, default=random.randrange(1 << 32))
    options = parser.parse_args()
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="mailhub-soak-") as folder:
        soaks = {
            "power": soak_power,
            "kill": soak_kill,
            "imap": soak_imap,
            "send": soak_send,
            "mailing": soak_mailing,
            "button": soak_button,
            "scanners": soak_scanners,
            "starts": soak_starts,
            "clocks": soak_clocks,
            "wire": soak_wire,
            "mutants": soak_mutants,
            "segments": soak_segments,
            "import": soak_import,
        }
        sound = soaks[options.kind](Path(folder), options)
    print(f"{time.monotonic() - began:.0f} seconds: {'sound' if sound else 'NOT SOUND'}")
    sys.exit(0 if sound else 1)


if __name__ == "__main__":
    main()

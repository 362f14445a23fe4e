"""The long versions of ``tests/faults``: power cuts, kill -9 under letters from a real mail server and while letters
leave, mutants of letters.

    python -m bench.soak power [--moments 100] [--synchronous FULL|NORMAL] [--seed N]
    python -m bench.soak kill [--kills 50] [--letters 5000] [--seed N]
    python -m bench.soak send [--kills 50] [--letters 1000] [--seed N]
    python -m bench.soak wire [--letters 1000]
    python -m bench.soak imap [--letters 20000] [--folders 5] [--kills 40] [--seed N]
    python -m bench.soak mutants [--letters 10000] [--engine sqlite|postgresql] [--seed N]

The first two and ``wire`` need root (mounts, an instance of Postfix), ``imap`` Dovecot, ``wire`` opendkim too.
The exit code is 1 when anything that was acknowledged is lost or stands twice. A seed repeats the moments, not the
scheduling of the machine.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from pathlib import Path

from mailhub.migrations import upgrade
from tests.faults.imap_kills import soak_account
from tests.faults.kills import kill_again_and_again
from tests.faults.mutants import assault
from tests.faults.power import can_mount, cut_power
from tests.faults.sends import kill_sender
from tests.faults.wire import send_by_wire
from tests.support.databases import Cluster
from tests.support.house import running_house, settings_for
from tests.support.mail import add_office


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
    wire = kinds.add_parser("wire")
    wire.add_argument("--letters", type=int, default=1000)
    mutants = kinds.add_parser("mutants")
    mutants.add_argument("--letters", type=int, default=10_000)
    mutants.add_argument("--engine", choices=["sqlite", "postgresql"], default="sqlite")
    imap = kinds.add_parser("imap")
    imap.add_argument("--letters", type=int, default=20_000)
    imap.add_argument("--folders", type=int, default=5)
    imap.add_argument("--kills", type=int, default=40)
    for kind in (power, kill, imap, send, wire, mutants):
        kind.add_argument("--seed", type=int, default=random.randrange(1 << 32))
    options = parser.parse_args()
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="mailhub-soak-") as folder:
        soaks = {
            "power": soak_power,
            "kill": soak_kill,
            "imap": soak_imap,
            "send": soak_send,
            "wire": soak_wire,
            "mutants": soak_mutants,
        }
        sound = soaks[options.kind](Path(folder), options)
    print(f"{time.monotonic() - began:.0f} seconds: {'sound' if sound else 'NOT SOUND'}")
    sys.exit(0 if sound else 1)


if __name__ == "__main__":
    main()

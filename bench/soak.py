"""The long versions of ``tests/faults``: power cuts, kill -9 under letters from a real mail server, and kill -9 while
letters leave.

    python -m bench.soak power [--moments 100] [--synchronous FULL|NORMAL] [--seed N]
    python -m bench.soak kill [--kills 50] [--letters 5000] [--seed N]
    python -m bench.soak send [--kills 50] [--letters 1000] [--seed N]

The first two need root (mounts, an instance of Postfix). The exit code is 1 when anything that was acknowledged is lost
or stands twice. A seed repeats the moments, not the scheduling of the machine.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from pathlib import Path

from tests.faults.kills import kill_again_and_again
from tests.faults.power import can_mount, cut_power
from tests.faults.sends import kill_sender


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
    for kind in (power, kill, send):
        kind.add_argument("--seed", type=int, default=random.randrange(1 << 32))
    options = parser.parse_args()
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="mailhub-soak-") as folder:
        sound = {"power": soak_power, "kill": soak_kill, "send": soak_send}[options.kind](Path(folder), options)
    print(f"{time.monotonic() - began:.0f} seconds: {'sound' if sound else 'NOT SOUND'}")
    sys.exit(0 if sound else 1)


if __name__ == "__main__":
    main()

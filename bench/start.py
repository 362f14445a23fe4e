"""The second start of the demo: from the command to the first page that is served.

    python -m bench.start [--rounds 5]

The first start makes the data; every later one is measured, until ``/login`` answers 200. The processor time of the
whole process tree stands beside the wall time, which a busy machine stretches.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.figures import Figure, print_figures
from bench.processes import Demo


def wait_for_page(port: int, seconds: float = 60) -> None:
    """Ask for the sign-in page until it is there."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/login", timeout=5) as answer:
                assert answer.status == 200
                assert b"password" in answer.read()
                return
        except urllib.error.URLError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)


def measure(rounds: int) -> list[Figure]:
    """Seconds to the first page, and processor seconds that went into it: medians."""
    with tempfile.TemporaryDirectory(prefix="mailhub-bench-") as folder:
        with Demo(folder) as first:
            wait_for_page(first.port)
            time.sleep(2)
        walls, processors = [], []
        for _ in range(rounds):
            began = time.perf_counter()
            with Demo(folder) as demo:
                wait_for_page(demo.port)
                walls.append(time.perf_counter() - began)
                processors.append(demo.processor_seconds())
    span = f"{min(walls):.1f}-{max(walls):.1f} s, {statistics.median(processors):.1f} s of processor"
    return [Figure("second start of the demo to its first page", statistics.median(walls), "s", 8, 4, note=span)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    print_figures(measure(parser.parse_args().rounds))


if __name__ == "__main__":
    main()

"""All figures that the product promises, in one run, with their floors and aims.

    python -m bench [--full]

Quick sizes by default; ``--full`` takes those of the documents (about an hour). Ends with 1 when a figure is below its
floor. A busy machine hurts absolute times most; the ratios are measured in interleaved rounds. The peers come from
Debian: ``apt install notmuch isync postfix dovecot-imapd``.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench import (
    account_to_thread,
    accounts,
    duplicates,
    freeze,
    import_archive,
    import_clients,
    import_while_working,
    inbox,
    lists,
    memory,
    parse,
    segments,
    send,
    smtp_accept,
    socket_to_thread,
    start,
)
from bench.figures import Figure, print_figures


def run(full: bool) -> list[Figure]:
    """Every bench, one after the other."""
    through = ["--letters", "2000" if full else "800", "--rounds", "5" if full else "3"]
    door = ["--letters", "3000" if full else "800", "--rounds", "5" if full else "3"]
    pages = [] if full else ["--threads", "100000", "--requests", "100", "--seconds", "8"]
    figures = socket_to_thread.measure(socket_to_thread.read_options(through))
    figures += smtp_accept.measure(smtp_accept.read_options([*door, "--only", "aiosmtpd,durable,sink"]))
    figures += parse.measure(parse.read_options(["--letters", "5000" if full else "600"]))
    figures += import_archive.measure(
        import_archive.read_options(["--letters", "20000" if full else "4000", "--rounds", "3" if full else "2"])
    )
    figures += account_to_thread.measure(
        account_to_thread.read_options(["--letters", "20000" if full else "3000", "--rounds", "2" if full else "1"])
    )
    figures += import_while_working.measure(
        import_while_working.read_options(["--letters", "100000" if full else "2000"])
    )
    figures += lists.measure(lists.read_options(pages))
    figures += inbox.run(inbox.read_options([] if full else ["--threads", "20000", "--seconds", "30"]))
    figures += segments.measure(segments.read_options([] if full else ["--clients", "100000", "--rules", "50"]))
    figures += duplicates.measure(duplicates.read_options([] if full else ["--clients", "20000"]))
    figures += import_clients.measure(import_clients.read_options(["--rows", "20000" if full else "4000"]))
    figures += send.measure(
        send.read_options(["--letters", "20000" if full else "4000", "--rounds", "3" if full else "1"])
    )
    figures += freeze.measure(freeze.read_options([] if full else ["--people", "50000"]))
    figures += accounts.measure(200)
    figures += start.measure(5 if full else 3)
    figures += memory.measure(10 if full else 1)
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--full", action="store_true", help="the sizes of the documents")
    options = parser.parse_args()
    began = time.monotonic()
    figures = run(options.full)
    load = os.getloadavg()[0]
    print(f"\n{os.cpu_count()} processors, load {load:.1f}, {time.monotonic() - began:.0f} s")
    sys.exit(0 if print_figures(figures) else 1)


if __name__ == "__main__":
    main()

"""An archive brought in: understood, threaded, matched, findable by phrase, durable; beside ``notmuch new``.

    python -m bench.import_archive [--letters 2000] [--rounds 3] [--kind maildir|mbox] [--workers 2]

Both get the same letters from the same Maildir as whole processes, start included: ``mailhub import mail`` into a fresh
house (SQLite at ``synchronous=FULL``), and ``notmuch new`` into a fresh index. Rounds are interleaved; what counts is
the ratio. Memory is looked at ten times a second, the whole tree of processes.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.figures import Figure, print_figures
from bench.parse import make_letters
from bench.processes import ROOT, tree_memory
from bench.socket_to_thread import add_clients, with_own_ids
from core.database.engine import open_database
from mailhub.migrations import upgrade

LOOK_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class Round:
    """Letters a second; seconds of processor a letter, all processes; megabytes of memory as time went."""

    rate: float
    processor: float
    memory: list[float]


def lay_down(letters: list[bytes], folder: Path, kind: str) -> Path:
    """Write the letters as an archive and say where it is."""
    if kind == "mbox":
        folder.mkdir(exist_ok=True)
        path = folder / "mail.mbox"
        with path.open("wb") as file:
            for raw in letters:
                quoted = raw.replace(b"\r\n", b"\n").replace(b"\nFrom ", b"\n>From ")
                file.write(b"From client@buyer.example Fri Nov 20 10:00:00 2026\n" + quoted.rstrip(b"\n") + b"\n\n")
        return path
    place = folder / "mail" / "cur"
    place.mkdir(parents=True)
    for part in ("new", "tmp"):
        (folder / "mail" / part).mkdir()
    for number, raw in enumerate(letters):
        (place / f"{number:07}:2,S").write_bytes(raw)
    return folder / "mail"


def measure_process(command: list[str], environment: dict[str, str], letters: int) -> tuple[Round, str]:
    """Run to the end; the round and what was said on standard output."""
    begin = time.perf_counter()
    process = subprocess.Popen(command, cwd=ROOT, env={**os.environ, **environment}, stdout=subprocess.PIPE, text=True)
    memory: list[float] = []
    while True:
        pid, status, usage = os.wait4(process.pid, os.WNOHANG)
        if pid:
            break
        memory.append(tree_memory(process.pid))
        time.sleep(LOOK_SECONDS)
    seconds = time.perf_counter() - begin
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.stdout is not None
    said = process.stdout.read()
    if process.returncode:
        raise SystemExit(f"{command[0]} ended with {process.returncode}: {said}")
    return Round(letters / seconds, (usage.ru_utime + usage.ru_stime) / letters, memory), said


def ours(archive: Path, letters: int, workers: int, compiled: Path) -> Round:
    """A round of ``mailhub import mail`` into a fresh house. ``compiled`` is where Python keeps its modules, as an
    installed program has them."""
    with tempfile.TemporaryDirectory(prefix="mailhub-bench-") as folder:
        url = f"sqlite:///{folder}/mailhub.db"
        upgrade(url)
        database = open_database(url)
        database.write_now(add_clients)
        database.close()
        environment = {
            "MAILHUB_DATA_DIR": folder,
            "MAILHUB_DATABASE_URL": url,
            "MAILHUB_PARSE_WORKERS": str(workers),
            "PYTHONDONTWRITEBYTECODE": "",
            "PYTHONPYCACHEPREFIX": str(compiled),
            "MAILHUB_VERDICTS_CHECK": "no",
        }
        into = ["--mailbox", "info@bench.example", "--json"]
        command = [sys.executable, "-m", "api.cli", "import", "mail", str(archive), *into]
        found, said = measure_process(command, environment, letters)
        report = json.loads(said)
        assert (report["taken"], report["quarantined"], report["finished"]) == (letters, 0, True), report
        return found


def theirs(archive: Path, letters: int) -> Round:
    """A round of ``notmuch new`` on the same Maildir."""
    notmuch = shutil.which("notmuch")
    if notmuch is None:
        raise SystemExit("notmuch is missing: apt install notmuch")
    with tempfile.TemporaryDirectory(prefix="mailhub-bench-") as folder:
        config = Path(folder, "config")
        config.write_text(
            f"[database]\npath={folder}/index\nmail_root={archive}\n[user]\nname=a\nprimary_email=a@bench.example\n"
        )
        Path(folder, "index").mkdir()
        found, _ = measure_process([notmuch, "new", "--quiet"], {"NOTMUCH_CONFIG": str(config)}, letters)
        count = subprocess.run(
            [notmuch, "count"], check=True, capture_output=True, env={**os.environ, "NOTMUCH_CONFIG": str(config)}
        )
        assert int(count.stdout) == letters, count.stdout
        return found


def measure(options: argparse.Namespace) -> list[Figure]:
    """The ratio of the rates, round by round, and how memory went."""
    letters = with_own_ids(make_letters(options.letters))
    size = sum(map(len, letters)) // len(letters)
    peer: list[Round] = []
    rounds: list[Round] = []
    with tempfile.TemporaryDirectory(prefix="mailhub-bench-") as folder:
        maildir = lay_down(letters, Path(folder), "maildir")
        archive = maildir if options.kind == "maildir" else lay_down(letters, Path(folder), options.kind)
        count = len(letters)
        one = lay_down(letters[:1], Path(folder, "one"), "mbox")
        del letters
        ours(one, 1, options.workers, Path(folder, "compiled"))
        for _ in range(options.rounds):
            peer.append(theirs(maildir, count))
            rounds.append(ours(archive, count, options.workers, Path(folder, "compiled")))
    print(f"{count} letters of {size} bytes on average, {options.rounds} rounds, {options.kind}")
    for name, found in {"notmuch new": peer, "mailhub": rounds}.items():
        rates = [one.rate for one in found]
        processor = statistics.median(one.processor for one in found) * 1000
        peak = max(max(one.memory) for one in found)
        print(
            f"  {name:12} {statistics.median(rates):5.0f} letters/s  ({min(rates):.0f}-{max(rates):.0f}),"
            f" {processor:.2f} ms of processor a letter, {peak:.0f} MB at most"
        )
    ratio = statistics.median(one.rate / other.rate for one, other in zip(rounds, peer, strict=True))
    work = statistics.median(other.processor / one.processor for one, other in zip(rounds, peer, strict=True))
    growth = max(grown(one.memory) for one in rounds)
    return [
        Figure("import of an archive, of notmuch new", ratio, "×", 1, 2, more=True, note=f"{work:.2f} × by processor"),
        Figure("growth of its memory from the middle third to the last", growth, "MB", 60, 30),
    ]


def grown(memory: list[float]) -> float:
    """How much more memory the last third of a run took at most than the middle one: the first is its start."""
    third = max(1, len(memory) // 3)
    return max(0.0, max(memory[-third:]) - max(memory[third : 2 * third] or memory))


def read_options(words: list[str] | None = None) -> argparse.Namespace:
    """The options of the command line, or of these words."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--letters", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--kind", choices=["maildir", "mbox"], default="maildir")
    parser.add_argument("--workers", type=int, default=2)
    return parser.parse_args(words)


if __name__ == "__main__":
    print_figures(measure(read_options()))

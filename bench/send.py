"""How fast the letters of a mailing leave, beside smtp-source and beside a naive loop, in one run.

    python -m bench.send [--rounds 3] [--letters 20000] [--connections 20] [--kinds unsigned,ed25519,rsa] [--naive 300]
    python -m bench.send --memory 1000000

Ours is the full path for each recipient: claim, values into the compiled letter, signature, mark with its check of
suppression, the answer, all in SQLite at ``synchronous=FULL``, into Postfix's smtp-sink over ``--connections``. The
letter has 20 links of its own, ``if``, ``for`` and defaults, about 10 kB on the wire. smtp-source sends letters of 10
kB right before and after each measurement; what counts is the share of the mean of the two. The naive loop renders by
Jinja, composes by EmailMessage, signs by dkimpy and sends by aiosmtplib, and writes no row. RSA is compared with what
one core signs in the same run. ``strace`` counts the syncs of the disk.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import uvloop
from jinja2.sandbox import SandboxedEnvironment

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.figures import Figure, print_figures
from bench.smtp_accept import start, tool
from core import clock
from core.blobs import BlobFiles
from core.database import WriteTx, open_database
from core.jobs import start_boot
from core.marks import ensure_identity
from core.secrets import Keys
from mailhub.campaigns.signers.work import open_key
from mailhub.campaigns.tables import mailing, mailing_letter
from mailhub.campaigns.windows import MailingSending
from mailhub.campaigns.windows.letters import Letters
from mailhub.mailboxes.boxes import add_mailbox
from mailhub.migrations import upgrade
from mailhub.outbound.carriers import HouseCarrier
from mailhub.outbound.dkim import Algorithm, make_key
from mailhub.outbound.dkim_keys import dkim_key
from mailhub.outbound.identity import Stamp
from mailhub.outbound.relay import parse_relay
from mailhub.outbound.signing import Signing
from mailhub.outbound.tables import gate, recipient
from mailhub.outbound.ways import Way

SIZE = 10_240
KINDS = ("unsigned", "ed25519", "rsa")
KEYS = Keys([b"b" * 32])
LINES = "".join(
    f"<p>Пропозиція {n}: {'товари для вашого складу, ' * 3}"
    f'<a href="https://firm.example/go/{n}/{{{{ contact.token }}}}">дивитися</a></p>\n'
    for n in range(20)
)
HTML = (
    '<!doctype html><html><body style="margin:0">{% if client.city %}<p>{{ client.city }}</p>{% endif %}'
    "<h1>Вітаємо, {{ contact.name|default('друже') }}!</h1>"
    "{% for one in client.goods %}<li>{{ one }}</li>{% endfor %}\n"
    + LINES
    + '<a href="{{ unsubscribe }}">відписатися</a></body></html>'
)
TEXT = "Вітаємо, {{ contact.name|default('друже') }}!\n" + "Пропозиція тижня. " * 40 + "\n{{ unsubscribe }}\n"
SUBJECT = "Новини для {{ contact.name|default('друга') }}"
KEYS_MADE: dict[Algorithm, bytes] = {}


def fill(tx: WriteTx, letters: int, kind: str) -> None:
    """A mailing whose gate is open."""
    box = add_mailbox(tx, "news@bench.example", "Bench", "public")
    now = clock.now()
    one = tx.insert(
        mailing, name="Bench", mailbox_id=box.id, scope_id=box.scope_id, sender="news@bench.example",
        sender_name="Фірма", state="sending", letter_version=1,
        reasons={}, faults=[], counts={}, domains={}, created_at=now, changed_at=now,
    )  # fmt: skip
    tx.insert(
        mailing_letter, mailing_id=one, version=1, format="html", subject=SUBJECT, source=HTML, html=HTML, plain=TEXT,
        links=[], created_at=now,
    )  # fmt: skip
    for first in range(0, letters, 10_000):
        tx.insert_many(
            recipient,
            [_row(one, number, now) for number in range(first, min(first + 10_000, letters))],
        )
    tx.insert(gate, mailing_id=one, mailbox_id=box.id, scope_id=box.scope_id, open=1)
    if kind != "unsigned":
        algorithm: Algorithm = "rsa" if kind == "rsa" else "ed25519"
        private = KEYS_MADE.setdefault(algorithm, make_key(algorithm)[0])
        made = tx.insert(
            dkim_key, domain="bench.example", selector="s", algorithm=algorithm, private=b"", record="", in_use=1,
            created_at=now,
        )  # fmt: skip
        tx.change(dkim_key, made, private=KEYS.seal(f"dkim:{made}", private))


def _row(mailing_id: int, number: int, now: int) -> dict[str, Any]:
    address = f"reader{number}@client{number % 997}.example"
    return {
        "mailing_id": mailing_id,
        "epoch": 1,
        "address": address,
        "canonical": address,
        "domain": address.partition("@")[2],
        "name": f"Анна Ткаченко {number}",
        "fields": values_of(number),
        "changed_at": now,
    }


def values_of(number: int) -> dict[str, Any]:
    """What is known of a recipient."""
    contact = {"name": f"Анна Ткаченко {number}", "token": f"t{number:08x}"}
    return {"contact": contact, "client": {"city": "Київ" if number % 2 else "", "goods": ["чай", "кава", "цукор"]}}


async def send(url: str, folder: Path, port: int, connections: int) -> dict[str, float]:
    """Send all that waits; seconds, letters, processor seconds of this process, commits, memory."""
    database = open_database(url)
    boot = await database.write(start_boot)
    identity = await database.write(ensure_identity)
    stamp = Stamp(KEYS, identity.epoch)
    relay = parse_relay(f"smtp://127.0.0.1:{port}")
    assert relay is not None
    letters = Letters(database, stamp, Signing(database, KEYS), "https://bench.example", BlobFiles(folder / "blobs"))

    def carrier(way: Way) -> HouseCarrier:
        assert way.kind == "house"
        return HouseCarrier(relay, "bench.example")

    sending = MailingSending(
        database, KEYS, letters, carrier, boot=boot, folder=folder / "handing", connections=connections,
        may_go=lambda: True,
    )  # fmt: skip
    waiting = int(
        await database.read(lambda tx: tx.sql("SELECT count(*) FROM recipient WHERE state = 'queued'").scalar())
    )
    commits = getattr(database.lanes, "writer").commits  # noqa: B009 - of SQLite alone
    processor, began = time.process_time(), time.perf_counter()
    task = asyncio.create_task(sending.run())
    while sending.letters < waiting and not task.done():  # noqa: ASYNC110 - a bell for a bench alone is not worth it
        await asyncio.sleep(0.005)
    seconds = time.perf_counter() - began
    processor = time.process_time() - processor
    await sending.stop()
    commits = getattr(database.lanes, "writer").commits - commits  # noqa: B009
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    done = int(await database.read(lambda tx: tx.sql("SELECT count(*) FROM recipient WHERE state = 'sent'").scalar()))
    assert done == waiting, (done, waiting)
    database.close()
    return {
        "letters": waiting, "seconds": seconds, "processor": processor, "commits": commits, "memory": peak(),
    }  # fmt: skip


def peak() -> float:
    """Megabytes that this process had at most."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmHWM")).split()[1]) / 1024


def ours(kind: str, letters: int, port: int, connections: int, *, trace: bool = False) -> dict[str, float]:
    """A round in a process of its own."""
    with tempfile.TemporaryDirectory(prefix="mailhub-bench-") as folder:
        url = f"sqlite:///{folder}/mailhub.db"
        upgrade(url)
        database = open_database(url)
        database.write_now(fill, letters, kind)
        database.close()
        command = [sys.executable, __file__, "--send", url, "--port", str(port), "--connections", str(connections)]
        counted = Path(folder, "strace")
        before = [tool("strace"), "-f", "-c", "-e", "trace=fsync,fdatasync", "-o", str(counted)] if trace else []
        done = subprocess.run([*before, *command], check=True, stdout=subprocess.PIPE, text=True)
        found: dict[str, float] = json.loads(done.stdout)
        if trace:
            syncs = [line.split() for line in counted.read_text().splitlines() if line.endswith("sync")]
            found["syncs"] = sum(int(line[3]) for line in syncs) / letters
        return found


def theirs(port: int, options: argparse.Namespace) -> float:
    """Letters a second of smtp-source."""
    command = [tool("smtp-source"), "-s", str(options.connections), "-m", str(options.letters), "-l", str(SIZE), "-d"]
    command += ["-f", "a@bench.example", "-t", "info@bench.example", f"127.0.0.1:{port}"]
    began = time.perf_counter()
    subprocess.run(command, check=True, timeout=600)
    return float(options.letters / (time.perf_counter() - began))


def one_core(seconds: float = 2.0) -> float:
    """RSA signatures a second that one core makes."""
    sign = open_key(KEYS_MADE.setdefault("rsa", make_key("rsa")[0]))[0]
    number, began = 0, time.perf_counter()
    while time.perf_counter() - began < seconds:
        sign(number.to_bytes(32, "big"))
        number += 1
    return number / (time.perf_counter() - began)


async def naive(port: int, letters: int, connections: int, private: bytes) -> float:
    """Letters a second of what one writes first: EmailMessage, dkimpy, aiosmtplib."""
    import dkim  # noqa: PLC0415 - of the bench alone
    from aiosmtplib import SMTP  # noqa: PLC0415
    from cryptography.hazmat.primitives import serialization  # noqa: PLC0415

    pem = serialization.load_der_private_key(private, None).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    )
    environment = SandboxedEnvironment(autoescape=True)
    html, text, subject = (environment.from_string(one) for one in (HTML, TEXT, SUBJECT))
    numbers = iter(range(letters))

    async def one() -> None:
        client = SMTP(hostname="127.0.0.1", port=port, start_tls=False)
        await client.connect()
        for number in numbers:
            known = {**values_of(number), "unsubscribe": f"https://bench.example/u/{number}"}
            letter = EmailMessage()
            letter["From"] = "Фірма <news@bench.example>"
            letter["To"] = f"reader{number}@client.example"
            letter["Subject"] = subject.render(known)
            letter["Message-ID"] = f"<{number}@bench.example>"
            letter.set_content(text.render(known))
            letter.add_alternative(html.render(known), subtype="html")
            raw = letter.as_bytes().replace(b"\n", b"\r\n")
            signature = dkim.sign(raw, b"s", b"bench.example", pem, include_headers=[b"from", b"to", b"subject"])
            await client.sendmail("news@bench.example", [f"reader{number}@client.example"], signature + raw)
        await client.quit()

    began = time.perf_counter()
    await asyncio.gather(*(one() for _ in range(connections)))
    return letters / (time.perf_counter() - began)


@contextmanager
def sink() -> Iterator[int]:
    process, port = start("sink")
    try:
        yield port
    finally:
        process.terminate()
        process.wait(10)


FLOORS = {"unsigned": (0.35, 0.5), "ed25519": (0.28, 0.4)}


def measure(options: argparse.Namespace) -> list[Figure]:
    """The shares, round by round; fsyncs and memory."""
    shares: dict[str, list[float]] = {kind: [] for kind in options.kinds}
    rates: dict[str, list[float]] = {kind: [] for kind in options.kinds}
    costs: dict[str, float] = {}
    memory = syncs = 0.0
    cores: list[float] = []
    peers: list[float] = []
    with sink() as port:
        for _ in range(options.rounds):
            for kind in options.kinds:
                before = theirs(port, options)
                found = ours(kind, options.letters, port, options.connections)
                peer = (before + theirs(port, options)) / 2
                peers.append(peer)
                rate = found["letters"] / found["seconds"]
                rates[kind].append(rate)
                costs[kind] = found["processor"] / found["letters"] * 1e6
                memory = max(memory, found["memory"])
                if kind == "rsa":
                    cores.append(one_core())
                    shares[kind].append(rate / cores[-1])
                else:
                    shares[kind].append(rate / peer)
        if options.syncs:
            syncs = ours("unsigned", options.letters, port, options.connections, trace=True)["syncs"]
        plain = uvloop.run(naive(port, options.naive, options.connections, make_key("rsa")[0])) if options.naive else 0
    print(f"{options.letters} letters, {options.connections} connections; smtp-source {_spread(peers)} letters/s")
    figures = []
    for kind in options.kinds:
        print(f"  {kind:10} {_spread(rates[kind])} letters/s, {costs[kind]:.0f} us of processor a letter in the sender")
        share = statistics.median(shares[kind])
        if kind == "rsa":
            note = f"one core signs {_spread(cores)}/s"
            figures.append(
                Figure("sent with RSA-2048, of what one core signs", share, "x", 0.6, 0.9, more=True, note=note)
            )
        else:
            floor, aim = FLOORS[kind]
            figures.append(Figure(f"sent {kind}, of smtp-source", share, "x", floor, aim, more=True))
    if plain:
        print(f"  naive RSA  {plain:.0f} letters/s")
    if syncs:
        figures.append(Figure("syncs of the disk a letter", syncs, "", 0.15, 0.06))
    figures.append(Figure("memory of the sender", memory, "MB", 300, 120))
    return figures


def _spread(rates: list[float]) -> str:
    return f"{statistics.median(rates):.0f} ({min(rates):.0f}-{max(rates):.0f})"


def read_options(words: list[str] | None = None) -> argparse.Namespace:
    """The options of the command line, or of these words."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--letters", type=int, default=20_000)
    parser.add_argument("--connections", type=int, default=20)
    parser.add_argument("--kinds", type=lambda text: text.split(","), default=list(KINDS))
    parser.add_argument("--naive", type=int, default=300)
    parser.add_argument("--syncs", type=int, default=1)
    parser.add_argument("--memory", type=int, default=0, help="send so many unsigned letters and tell the memory")
    parser.add_argument("--send", help=argparse.SUPPRESS)
    parser.add_argument("--port", type=int, help=argparse.SUPPRESS)
    return parser.parse_args(words)


def main() -> None:
    options = read_options()
    if options.send:
        folder = Path(options.send.removeprefix("sqlite:///")).parent
        print(json.dumps(uvloop.run(send(options.send, folder, options.port, options.connections))))
    elif options.memory:
        with sink() as port:
            found = ours("unsigned", options.memory, port, options.connections)
        print({name: round(value, 1) for name, value in found.items()})
        print_figures([Figure("memory of the sender", found["memory"], "MB", 300, 120)])
    else:
        sys.exit(0 if print_figures(measure(options)) else 1)


if __name__ == "__main__":
    main()

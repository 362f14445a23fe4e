"""Letters of thirty scripts through the house, through Postfix, to files: does another program verify the signature
that arrives, and is every one as RFC 5322 wants it?"""

from __future__ import annotations

import re
import subprocess
import time
from dataclasses import dataclass, replace
from pathlib import Path

from core.database import Database, WriteTx
from core.marks import ensure_identity
from core.secrets import load_keys
from crm.staff.readable import get_viewer
from mailhub.letters.html.outgoing import NO_HTML, clean_outgoing
from mailhub.letters.html.spoken import spoken
from mailhub.letters.values import Address
from mailhub.outbound import dkim_keys
from mailhub.outbound.beginning import begin_letter
from mailhub.outbound.compose import LONGEST_LINE
from mailhub.outbound.identity import Stamp
from mailhub.outbound.parts import File
from mailhub.outbound.writing import Answer
from tests.support.house import running_house, settings_for
from tests.support.mail import add_office
from tests.support.postfix import Postfix
from tests.support.programs import find_program
from tests.support.sink import Script, Sink

# The first letter of thirty scripts and how many of its neighbours are letters too.
SCRIPTS = (
    (0x41, 26), (0x3B1, 17), (0x430, 32), (0x561, 38), (0x5D0, 27), (0x627, 36), (0x710, 30), (0x780, 38), (0x905, 53),
    (0x985, 8), (0xA05, 6), (0xA85, 7), (0xB05, 8), (0xB85, 6), (0xC05, 8), (0xC85, 8), (0xD05, 8), (0xD85, 18),
    (0xE01, 46), (0xE81, 2), (0xF40, 8), (0x1000, 33), (0x10D0, 33), (0x1200, 7), (0x13A0, 80), (0x1401, 100),
    (0x1780, 35), (0x1820, 35), (0x3042, 80), (0x4E00, 500), (0xAC00, 500), (0x1F600, 40),
)  # fmt: skip
PATIENCE = 60.0
"""Seconds without any new letter."""
AT_A_TIME = 50
_ONCE = (b"From", b"Date", b"Message-ID", b"Subject", b"To", b"MIME-Version")


@dataclass(frozen=True, slots=True)
class Wired:
    """What arrived, how many of them verify, and every rule that one breaks."""

    planned: int
    arrived: int
    verified: int
    faults: tuple[str, ...]

    @property
    def is_sound(self) -> bool:
        """True when nothing is missing, unsigned or broken."""
        return self.planned == self.arrived == self.verified and not self.faults


def send_by_wire(folder: Path, url: str, letters: int) -> Wired:
    """Plan the letters, let the house sign and send them by Postfix, and look at what comes out behind it."""
    with Sink(Script()) as sink:
        postfix = Postfix(sink.port)
        try:
            settings = settings_for(url, folder)
            settings = replace(settings, send=replace(settings.send, relay=f"smtp://127.0.0.1:{postfix.port}"))
            with running_house(settings, roles=("send",)) as house:
                record = _plan(house.database, settings.secret.key_file, letters)
                assert house.sending is not None
                house.sending.wake()
                _wait(sink, letters)
        finally:
            postfix.stop()
        return _judge(folder, letters, [one.raw for one in sink.taken], record)


def _wait(sink: Sink, letters: int) -> None:
    """Until all are there, or none has come for long: how long all of it takes is the machine's affair."""
    names: set[bytes] = set()
    looked, came = 0, time.monotonic()
    while len(names) < letters and time.monotonic() < came + PATIENCE:
        time.sleep(0.2)
        new = sink.taken[looked:]
        if new:
            looked, came = looked + len(new), time.monotonic()
            names.update(_name(one.raw) for one in new)


def _plan(database: Database, key_file: Path, letters: int) -> str:
    """Returns the record of the key that signs."""
    box, (ivan,) = add_office(database, "ivan")
    keys = load_keys(key_file)
    rsa, _ed25519 = database.write_now(dkim_keys.make_keys, keys, None, box.address.partition("@")[2])
    database.write_now(dkim_keys.record_look, None, rsa.id, "")
    stamp = Stamp(keys, database.write_now(ensure_identity).epoch)
    viewer = database.read_now(get_viewer, ivan)

    def begin(tx: WriteTx, numbers: range) -> None:
        for number in numbers:
            begin_letter(tx, stamp, replace(viewer, name=_words(number, 2)), box.id, _letter(number))

    for first in range(0, letters, AT_A_TIME):
        database.write_now(begin, range(first, min(first + AT_A_TIME, letters)))
    return f"{rsa.name} {rsa.record}\n"


def _letter(number: int) -> Answer:
    text = "\n".join(_words(number + line, 5 + line * 3) for line in range(number % 7 + 1))
    html = clean_outgoing(f"<div><b>{_words(number, 4)}</b></div><div>{text}</div>") if number % 3 == 0 else NO_HTML
    files = (File(f"{_words(number, 1)}.txt", "text/plain", text.encode()),) if number % 5 == 0 else ()
    copies = tuple(
        Address(_words(number + one, 2), f"p{number}-{one}@client.example")
        for one in range(2 if number % 8 == 0 else 0)
    )
    return Answer(
        text=spoken(html) if html else f"{text}\n{'From here .' * (number % 90)}\n.\n",
        to=(Address(_words(number, 3), f"reader{number}@client.example"),),
        cc=copies,
        subject=_words(number, number % 40 + 1),
        files=files,
        force=True,
        html=html,
    )


def _name(raw: bytes) -> bytes:
    found = re.search(rb"(?mi)^Message-ID:\s*(\S+)", raw)
    return found[1] if found else raw


def _words(number: int, count: int) -> str:
    first, letters = SCRIPTS[number % len(SCRIPTS)]
    return " ".join(
        "".join(chr(first + (number * 7 + word * 3 + sign) % letters) for sign in range(2 + (number + word) % 9))
        for word in range(count)
    )


def _judge(folder: Path, planned: int, raws: list[bytes], record: str) -> Wired:
    place = folder / "arrived"
    place.mkdir()
    faults: list[str] = []
    seen: dict[bytes, Path] = {}
    for number, raw in enumerate(raws):
        path = place / f"{number}.eml"
        path.write_bytes(raw)
        head = raw.partition(b"\r\n\r\n")[0] + b"\r\n"
        names = re.findall(rb"(?m)^([!-9;-~]+):", head)
        faults += [f"{path.name}: {one.decode()} {names.count(one)} times" for one in _ONCE if names.count(one) != 1]
        faults += [f"{path.name}: it tells Bcc"] if b"Bcc" in names else []
        longest = max(map(len, raw.split(b"\r\n")))
        faults += [f"{path.name}: a line of {longest}"] if longest > LONGEST_LINE else []
        faults += [f"{path.name}: a bare line end"] if re.search(rb"(?<!\r)\n|\r(?!\n)", raw) else []
        seen.setdefault(_name(raw), path)
    (folder / "keys").write_text(record)
    (folder / "opendkim.conf").write_text(f"TestPublicKeys {folder}/keys\nMode v\nSyslog no\n")
    verified = 0
    paths = sorted(seen.values())
    for at in range(0, len(paths), AT_A_TIME):
        some = ",".join(map(str, paths[at : at + AT_A_TIME]))
        command = [find_program("opendkim"), "-x", str(folder / "opendkim.conf"), "-t", some]
        said = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
        lines = (said.stdout + said.stderr).splitlines()
        verified += sum("succeeded" in line for line in lines)
        faults += [line[:200] for line in lines if "succeeded" not in line]
    return Wired(planned, len(seen), verified, tuple(faults))

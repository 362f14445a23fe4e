"""The table of values that would like to be headers, one answer, forward or mailing for each: none becomes one."""

from __future__ import annotations

import email
import email.policy
import re
from base64 import b64decode
from typing import Any

import pytest

from core import clock
from core.blobs import find_content
from core.errors import HouseError, Invalid
from core.language import Catalogs
from core.resources import locale_dir
from crm.staff.tables import user
from mailhub.letters.encoded_words import decode_header
from mailhub.letters.letter import parse_letter
from mailhub.letters.values import Address, ParsedLetter
from mailhub.mailboxes.notices import list_notices
from mailhub.mailboxes.notifying import notify
from mailhub.mailboxes.tables import message
from mailhub.notices.mailing import make_letter
from mailhub.outbound.compose import Fields, answer_references, compose
from mailhub.outbound.headers import ascii_address
from mailhub.outbound.parts import File
from mailhub.outbound.writing import Answer, answer_thread, suggest_answer
from tests.letters.corpora import table
from tests.outbound.conftest import Office

ANN = Address("Ann", "ann@client.example")
_HIDDEN = re.compile("[\x00-\x08\x0a-\x1f\x7f\x85\u2028\u2029]")


def incoming(case: dict[str, Any]) -> bytes:
    """A letter of Ann's with the header of the case instead of its own."""
    raw = b64decode(case["bytes_b64"]) if "bytes_b64" in case else case["raw"].encode()
    raw = re.sub(rb"\r?\n\Z", b"", raw)
    name = raw.partition(b":")[0].decode()
    usual = {
        "From": b"From: Ann <ann@client.example>",
        "To": b"To: sales@firm.example",
        "Subject": b"Subject: Pumps",
        "Message-ID": f"Message-ID: <{case['id']}@client.example>".encode(),
        "Date": b"Date: Wed, 18 Nov 2026 10:00:00 +0200",
    }
    if name == "Content-Disposition":
        body = b"--b\r\nContent-Type: application/pdf\r\n" + raw + b"\r\n\r\n%PDF\r\n--b--\r\n"
        lines = [*usual.values(), b'Content-Type: multipart/mixed; boundary="b"']
        return b"\r\n".join(lines) + b"\r\n\r\n" + body
    usual[name] = raw
    return b"\r\n".join(usual.values()) + b"\r\n\r\nHow much?\r\n"


def answer(office: Office, case: dict[str, Any]) -> tuple[bytes, list[str]]:
    """Ivan answers what came; the bytes that will leave, and to whom."""
    world = office.world
    files: tuple[File, ...] = ()
    name = None
    if case["where"] == "sender_name":
        name = case["value"]
    elif case["where"] == "file_name":
        files = (File(case["value"], "application/pdf", b"%PDF"),)
    else:
        world.now = clock.now()
        world.arrive(incoming(case), "sales")
        office.thread_id = max(row.id for row in world.threads("ivan"))
    if name is not None:
        world.database.write_now(lambda tx: tx.change(user, world.person("ivan"), name=name))
    viewer = world.viewer("ivan")
    suggested = world.database.read_now(suggest_answer, viewer, office.thread_id)
    to = tuple(one for one in suggested.to if is_sendable(one.address)) or (ANN,)
    written = Answer("Three weeks.", to, subject=suggested.subject, files=files)
    message_id = world.database.write_now(answer_thread, office.stamp, viewer, office.thread_id, written)
    blob_id = world.database.read_now(lambda tx: tx.get(message, message_id).blob_id)
    rows = world.database.read_now(lambda tx: tx.sql("SELECT recipient FROM delivery ORDER BY id").scalars().all())
    return bytes(world.database.read_now(find_content, blob_id)[0] or b""), list(rows)


def is_sendable(address: str) -> bool:
    try:
        return bool(ascii_address(address))
    except Invalid:
        return False


def forward(parsed: ParsedLetter) -> bytes:
    """What came, passed on to a colleague with its files."""
    files = tuple(File(one.filename or "file", one.content_type, b"%PDF") for one in parsed.attachments)
    references = answer_references(parsed.references, parsed.message_id)
    return compose(plain(subject=f"Fwd: {parsed.subject}", files=files, references=references))


def from_own_fields(case: dict[str, Any]) -> bytes:
    """A letter of a mailing, whose template was filled with the value."""
    value = case["value"]
    filled = {"subject": "Offer", "to_name": "Ann", "from_name": "Firm"}
    if case["where"] == "merge_value":
        holes = {key: text for key, text in value.items() if key not in filled}
        templates = {key: value.get(key, usual) for key, usual in filled.items()}
        filled = {key: re.sub(r"\{\{ (\w+) \}\}", lambda hole: holes[hole[1]], text) for key, text in templates.items()}
    else:
        key = {"contact_name": "to_name", "template_subject": "subject", "tag": "from_name"}[case["where"]]
        filled[key] = value
    sender, reader = Address(filled["from_name"], "sales@firm.example"), Address(filled["to_name"], ANN.address)
    return compose(plain(subject=filled["subject"], from_=sender, to=(reader,)))


def plain(**other: Any) -> Fields:
    fields = {
        "message_id": "m.abc@firm.example",
        "date": clock.now(),
        "from_": Address("Firm", "sales@firm.example"),
        "to": (ANN,),
        "subject": "",
        "text": "Three weeks.",
    }
    return Fields(**{**fields, **other})


def faults(case: dict[str, Any], raw: bytes) -> list[str]:
    """What of the case's expectations does not hold for these bytes."""
    expect, found = case["expect"], []
    read = email.message_from_bytes(raw, policy=email.policy.compat32)
    parts = list(read.walk())
    for name in expect.get("no_header", ()):
        found += [f"there is {name}" for part in parts if name in part]
    for part in parts:
        for name, value in part.items():
            line = re.sub(r"\r?\n(?=[ \t])", "", str(value))
            if _HIDDEN.search(decode_header(line.encode("utf-8", "replace"))) or _HIDDEN.search(line):
                found.append(f"{name} is not one line")
    addresses = {one.address for one in (*parse_letter(raw).to, *parse_letter(raw).cc, *parse_letter(raw).bcc)}
    if any("evil" in one for one in addresses):
        found.append(f"written to {addresses}")
    if "subject" in expect and re.sub(r"^(?:Re|Fwd): ", "", parse_letter(raw).subject) != expect["subject"]:
        found.append(f"the subject became {parse_letter(raw).subject!r}")
    text = parts[0] if not parts[0].is_multipart() else parts[1]
    body = text.get_payload(decode=True)
    assert isinstance(body, bytes)
    if body.strip() != b"Three weeks.":
        found.append("something stands in the body")
    return found


def test_nothing_of_the_table_is_injected(office: Office) -> None:
    cases, injected, refused = table("header_injection")["cases"], [], 0
    office.world.stamp = office.stamp
    for case in cases:
        try:
            if case["do"] == "reply":
                raw, recipients = answer(office, case)
                if any("evil" in one for one in recipients):
                    injected.append((case["id"], "a recipient more"))
            elif case["do"] == "forward":
                raw = forward(parse_letter(incoming(case)))
            else:
                raw = from_own_fields(case)
        except HouseError as problem:
            refused += 1
            if not case["expect"].get("may_refuse"):
                injected.append((case["id"], f"refused: {problem}"))
            continue
        injected += [(case["id"], fault) for fault in faults(case, raw)]
    print(f"{len(cases)} cases, {refused} refused, {len(injected)} injected")
    assert not injected
    assert len(cases) >= 40


def test_a_notice_by_mail_injects_nothing_and_is_not_lost(office: Office) -> None:
    """What a stranger wrote stands in the subject of what the house tells its own people."""
    cases = [one for one in table("header_injection")["cases"] if "raw" in one or "bytes_b64" in one]
    english, ivan = Catalogs(locale_dir()).language("en", "UTC"), office.world.person("ivan")
    expected = {"no_header": ["Bcc", "X-Evil", "Cc", "Received"]}
    injected = []
    for case in cases:
        office.world.now = clock.now()
        office.world.arrive(incoming(case), "sales")
        thread_id = max(row.id for row in office.world.threads("ivan"))
        office.world.database.write_now(lambda tx, one=thread_id: notify(tx, "letter", [ivan], one))
        told = office.world.database.read_now(list_notices, office.world.viewer("ivan")).items[:1]
        subject, _text = make_letter(english, clock.now(), told, "https://mail.firm.example")
        raw = compose(plain(subject=subject, automatic="auto-generated"))
        injected += [(case["id"], fault) for fault in faults({"expect": expected}, raw)]
    assert injected == []
    assert len(cases) > 25


@pytest.mark.parametrize("name", ["Bcc", "X-Evil", "Received"])
def test_a_planted_header_is_seen(name: str) -> None:
    case = {"id": "planted", "expect": {"no_header": [name]}}
    good = compose(plain(subject="Hello"))
    assert faults(case, good) == []
    assert faults(case, good.replace(b"Subject: Hello", b"Subject: Hello\r\n%s: evil" % name.encode())) != []

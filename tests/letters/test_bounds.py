"""Letters that are cheap to write and dear to read: every room of the parser fed two megabytes of its worst."""

from __future__ import annotations

import time

import pytest

from mailhub.letters import limits
from mailhub.letters.letter import parse_letter
from mailhub.letters.scanner import scan

HEAD = b"From: <a@client.example>\r\nSubject: s\r\n"
DAEMON = b"From: <mailer-daemon@b.example>\r\nSubject: Undeliverable\r\n\r\n"
SIZE = 2_000_000
CPU_SECONDS = 2.0


def header(name: str, unit: bytes, lead: bytes = b"") -> bytes:
    """One header filled to just under the limit of a block."""
    room = limits.HEADER_BYTES - 400
    return HEAD + name.encode() + b": " + lead + (unit * (room // len(unit) + 1))[:room] + b"\r\n\r\nbody\r\n"


def body(content_type: str, unit: bytes, encoding: str = "8bit", lead: bytes = b"") -> bytes:
    top = f"MIME-Version: 1.0\r\nContent-Type: {content_type}\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n"
    return HEAD + top.encode() + lead + (unit * (SIZE // len(unit) + 1))[:SIZE]


MULTI = 'multipart/mixed; boundary="b"'
WORST = {
    **{f"from {unit!r}": header("From", unit) for unit in (
        b"(", b'"', b"<", b"<a@", b"a b ", b" ", b"@", b":", b";", b"\\", b'"\\', b"a@b,", b"=?", b"g:a@b;", b"(a) ",
        b"a",
    )},
    **{f"to words then @ {unit!r}": header("To", unit, b"x@y ") for unit in (b" ", b"a", b"a ", b"@ ", b"<>")},
    **{f"subject {unit!r}": header("Subject", unit) for unit in (
        b"=?", b"=?a?b?", b"=?a?q?x?", b"=?utf-8?q?", b"=?utf-8?b?A?= ", b"Re: ", b"[", b"[a] ", b"(fwd) ", b"\xd0",
        b"\xd0\xb0",
        b"=?utf-8?q?=d0?=", b"undeliverable ", b"=?x?b?/w==?= =?y?b?/w==?= ", b"\xcf\xf0 ",
    )},
    **{f"content-type {unit!r}": header("Content-Type", unit, b"text/plain") for unit in (
        b";", b'"', b";a", b"; a=b", b'; a="', b"; name*0*=a", b";a ", b"=", b"; a=\"\\", b"\\", b"; name*=utf-8''%",
        b"'",
    )},
    **{f"{name} {unit!r}": header(name, unit) for name in ("References", "Message-ID", "Date", "Content-Disposition",
    "List-Id")
       for unit in (b"<", b"<a", b"> ", b"<a@b> ", b"a@b ", b"1 ", b"; ", b"\xff")},
    **{f"html {unit!r}": body("text/html; charset=utf-8", unit) for unit in (
        b"<", b"<a ", b'<a ="', b"<a b='", b"<!--", b"&", b"&amp", b"&nbsp;", b"<div>", b"<blockquote>",
        b"<p style='display:none'>",
        b"<script>", b"<script><", b"<br>", b" ", b"\n", b"<td>", b"<style>", b"<![", b"</", b"a\xc2\xa0",
        b"<pre> \n", b"<hr>", b"<a = = ",
    )},
    **{f"text {unit!r}": body("text/plain; charset=utf-8", unit) for unit in (
        b">", b"> a\n", b">\n", b"-", b"-- \n", b"_", b"From: a\n", b"On 1.1.2025 10:00 a@b\n", b"a@b wrote:\n",
        b"a@b:\n> q\n", b"wrote ",
        b"begin 644 a\n", b"begin 644 a\nend\n", b"\n", b" \n", b" ", b"a", b"-----Original Message-----\n",
        b"a: b\n", b"1:1 ", b"\xff", b"\xd0\xff",
        b"user not ", b"mailbox ", b"Sent from my phone\n",
    )},
    **{f"flowed {unit!r}": body("text/plain; format=flowed", unit) for unit in (b"a \n", b" \n", b"> \n", b">")},
    **{f"base64 {unit!r}": body("application/pdf", unit, "base64") for unit in (b"=", b"A=", b"A==\n", b"!", b"=\n",
    b"A", b"AAAAA")},
    **{f"qp {unit!r}": body("text/plain", unit, "quoted-printable") for unit in (b"=", b"= ", b"=\n", b" ", b" \n",
    b"\t", b"=4", b"=\t")},
    **{f"uu {unit!r}": body("text/plain", unit, "x-uuencode") for unit in (b"M\n", b"begin 6\n", b"\n", b"#AAAA\n")},
    **{f"charset {label}": body(f"text/plain; charset={label}", b"\xcf\xf0\xe8 \x1b$B") for label in (
        "koi8-r", "windows-1251", "iso-8859-1", "utf-8", "utf-16", "gb18030", "iso-2022-jp", "hz-gb-2312", "rot13",
        "viscii", "big5",
    )},
    **{f"parts {unit!r}": body(MULTI, unit) for unit in (
        b"--b\r\n", b"--b\r\n\r\n", b"--b", b"\n--bx\n", b"--b--\r\n",
        b"--b\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n", b"\n--",
        b"--b\r\nX: y\r\n", b"--b\r\nContent-Type: multipart/mixed; boundary=bb\r\n\r\n--bb\r\n", b"--b\r\n junk\r\n",
        b"--b\r\nContent-Type: text/plain; charset=koi8-r\r\n\r\n\xcf\xf0\xe8\xd7\xc5\xd4\r\n",
        b"--b\r\nContent-Type: message/rfc822\r\n\r\n", b"--b\r\nContent-Type: text/html\r\n\r\n<b>x\r\n",
    )},
    "report": body("multipart/report; report-type=delivery-status; boundary=b",
    b"Final-Recipient: rfc822; a@b.example\n\n",
                   lead=b"--b\r\nContent-Type: message/delivery-status\r\n\r\n"),
    "report of addresses": DAEMON + b"<a@b.example> unknown user\n" * 60_000,
    "report of one line": DAEMON + b"mailbox user address " * 60_000,
    "calendar": body("text/calendar; method=REQUEST", b"ATTENDEE;CN=\"a\n", lead=b"BEGIN:VCALENDAR\nBEGIN:VEVENT\n"),
    "calendar of folds": body("text/calendar", b"\n ", lead=b"BEGIN:VCALENDAR\nBEGIN:VEVENT\nSUMMARY:a"),
    "no line end": b"a" * SIZE,
    "only CR": b"a: b\r" * (SIZE // 5),
    "only colons": b":" * SIZE,
    "zeros": b"\0" * SIZE,
    "headers without end": b"a: b\n" * (SIZE // 5),
    "folds": b"a: b\n" + b" \n" * (SIZE // 2),
}  # fmt: skip


@pytest.mark.parametrize("name", WORST)
def test_bounded(name: str) -> None:
    started = time.process_time()
    letter = parse_letter(WORST[name])
    took = time.process_time() - started
    assert letter.error is None
    assert took < CPU_SECONDS, f"{took:.2f} s"
    assert len(letter.attachments) <= limits.ATTACHMENTS
    assert max(len(found) for found in (letter.from_, letter.to, letter.cc)) <= limits.ADDRESSES


def test_linear() -> None:
    """Ten times the letter takes no more than about ten times the time, where parts nest and boundaries nearly
    match."""

    def letter(times: int) -> bytes:
        return body(MULTI, b"x")[:200] + b"\r\n--b\r\n\r\ntext\r\n--bx\r\n" * times

    def seconds(raw: bytes) -> float:
        started = time.process_time()
        scan(raw)
        return time.process_time() - started

    small = min(seconds(letter(500)) for _ in range(3))
    assert seconds(letter(5_000)) < 40 * small + 0.05


def test_depth_is_cut_and_named() -> None:
    nest = b"".join(b"--b%d\r\nContent-Type: multipart/mixed; boundary=b%d\r\n\r\n" % (at, at + 1) for at in range(150))
    raw = HEAD + b"Content-Type: multipart/mixed; boundary=b0\r\n\r\n" + nest
    found = scan(raw)
    assert max(part.depth for part in found.parts) == limits.DEPTH
    assert any("deeper" in defect for defect in found.defects)


def test_parts_are_cut_and_named() -> None:
    found = scan(HEAD + b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"--b\r\n\r\nx\r\n" * 1_500)
    assert len(found.parts) == limits.PARTS
    assert any("parts" in defect for defect in found.defects)


def test_header_block_is_cut_and_named_and_the_body_stays() -> None:
    letter = parse_letter(HEAD + b"X: y\r\n" * 30_000 + b"\r\nbody words\r\n")
    assert letter.subject == "s"
    assert letter.text == "body words\n"
    assert any("header block" in defect for defect in letter.defects)

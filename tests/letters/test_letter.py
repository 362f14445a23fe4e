"""Our own letters, each named by its evil, and what must be understood of it."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

import pytest

from core.clock import iso
from mailhub.letters import letter as letter_room
from mailhub.letters.as_json import to_json
from mailhub.letters.attachments import read_attachment
from mailhub.letters.letter import parse_letter
from mailhub.letters.values import Address, ParsedLetter

CORPUS = Path(__file__).resolve().parents[1] / "corpus"


def read(name: str) -> ParsedLetter:
    return parse_letter((CORPUS / f"{name}.eml").read_bytes())


def test_plain_ukrainian() -> None:
    letter = read("plain-ukrainian")
    assert letter.subject == "Рахунок за борошно"
    assert letter.from_ == (Address("Olena Bondar", "olena@bakery.example"),)
    assert letter.from_trusted == "olena@bakery.example"
    assert letter.date is not None
    assert iso(letter.date) == "2025-01-14T08:00:00Z"
    assert letter.reply_text == "Добрий день!\nНадішліть рахунок за 40 мішків борошна."
    assert letter.excerpt == "Надішліть рахунок за 40 мішків борошна."
    assert (letter.language, letter.kind, letter.defects, letter.error) == ("uk", "letter", (), None)


@pytest.mark.parametrize(
    ("name", "subject"),
    [
        ("subject-split-inside-a-character", "Рахунок за ґречку та олію"),
        ("subject-raw-windows-1251", "Оферта за тухли и керемиди"),
        ("subject-with-line-end-in-a-word", "price Bcc: evil@attack.example"),
        ("subject-with-nul", "ab"),
        ("header-junk-line-in-the-middle", "after junk"),
        ("headers-without-blank-line", "no blank"),
        ("line-ends-cr-only", "cr"),
    ],
)
def test_subjects(name: str, subject: str) -> None:
    assert read(name).subject == subject


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("subject-with-nul", "text with  nul\n"),
        ("body-koi8-u-without-label", "Добрий день! Надішліть, будь ласка, їхній рахунок до четверга.\n"),
        ("body-labelled-latin-1-is-windows-1251", "Здравствуйте! Просим прислать счёт на оплату цемента.\n"),
        ("charset-utf-7-and-rot13", "plain +AD4- seven\n\nplain rot"),
        ("multipart-without-end", "first words"),
        ("multipart-without-boundary", "text there"),
        ("multipart-inner-boundary-same-as-outer", "inner words"),
        ("line-ends-lf-only", "lf words"),
        ("line-ends-mixed", "mixed words"),
        ("line-ends-cr-only", "cr words\nsecond line\n"),
        ("headers-without-blank-line", "This line is no header, the body began.\nSecond line.\n"),
        ("base64-unpadded-and-dirty", "Добрий день"),
        ("quoted-printable-broken", "До =ZZ бре\nend"),
        ("uuencoded-file-in-the-text", "See the file.\n\n\nRegards\n"),
    ],
)
def test_texts(name: str, text: str) -> None:
    assert read(name).text == text


@pytest.mark.parametrize(
    ("name", "files"),
    [
        ("name-rfc2231-pieces-out-of-order", ["рахунок.pdf"]),
        ("name-with-path-and-bidi", ["passwdfdp.exe"]),
        ("uuencoded-file-in-the-text", ["cat.txt"]),
        ("multipart-inner-boundary-same-as-outer", ["x.txt"]),
        ("multipart-without-end", ["a.pdf"]),
        ("forwarded-letter-as-attachment", [None]),
    ],
)
def test_files(name: str, files: list[str | None]) -> None:
    raw = (CORPUS / f"{name}.eml").read_bytes()
    letter = parse_letter(raw)
    assert [one.filename for one in letter.attachments] == files
    for one in letter.attachments:
        data = read_attachment(raw, one)
        assert (len(data), hashlib.sha256(data).hexdigest()) == (one.size, one.sha256)


def test_uuencoded_file_can_be_read_back() -> None:
    raw = (CORPUS / "uuencoded-file-in-the-text.eml").read_bytes()
    assert read_attachment(raw, parse_letter(raw).attachments[0]) == b"Cat"


@pytest.mark.parametrize("name", ["from-comment-hides-another-address", "from-twice"])
def test_no_sender_is_trusted(name: str) -> None:
    letter = read(name)
    assert letter.from_trusted is None
    assert letter.from_
    assert "From is not exactly one address" in letter.defects


def test_what_an_encoded_word_hides_is_a_name() -> None:
    letter = read("from-address-inside-an-encoded-word")
    assert letter.from_trusted == "bob@attack.example"
    assert letter.from_ == (Address("Ann <ann@client.example>,", "bob@attack.example"),)


def test_groups_and_unclosed_quotes() -> None:
    addresses = [one.address for one in read("to-group-empty-and-unclosed").to]
    assert addresses == ["a@x.example", "b@x.example", "c@x.example", "d@x.example"]


def test_outlook_reply_in_html() -> None:
    letter = read("html-only-outlook-reply")
    assert letter.reply_text == "No, we need 30."
    assert letter.html is not None
    assert "MsoNormal" in letter.html


def test_flowed_reply() -> None:
    assert read("flowed-reply").reply_text == "One paragraph goes on."


def test_attached_headers_stay_inside() -> None:
    letter = read("forwarded-letter-as-attachment")
    assert letter.message_id is not None
    assert "inner" not in letter.message_id
    assert (letter.text, letter.attachments[0].content_type) == ("See attached.", "message/rfc822")


def test_absurd_date() -> None:
    letter = read("date-of-year-99999")
    assert letter.date is None
    assert "the date makes no sense" in letter.defects


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("bounce-standard", "bounce"),
        ("bounce-in-words-ukrainian", "bounce"),
        ("auto-reply-by-subject-only", "auto_reply"),
        ("letter-that-speaks-of-automatic-answers", "letter"),
        ("invitation-with-alarm", "invitation"),
        ("complaint", "complaint"),
        ("receipt", "receipt"),
        ("forwarded-letter-as-attachment", "letter"),
    ],
)
def test_kinds(name: str, kind: str) -> None:
    assert read(name).kind == kind


def test_standard_bounce() -> None:
    bounce = read("bounce-standard").bounce
    assert bounce is not None
    assert bounce.original_message_id == "out-7@firm.example"
    assert [(one.address, one.status, one.bounce_class) for one in bounce.recipients] == [
        ("gone@client.example", "5.1.1", "hard"),
        ("full@client.example", "5.2.2", "soft"),
    ]


def test_bounce_in_words() -> None:
    bounce = read("bounce-in-words-ukrainian").bounce
    assert bounce is not None
    assert [(one.address, one.bounce_class, one.reason) for one in bounce.recipients] == [
        ("olena@pekarnia.example", "hard", "unknown_user")
    ]


def test_invitation() -> None:
    invitation = read("invitation-with-alarm").invitation
    assert invitation is not None
    assert (invitation.method, invitation.uid) == ("REQUEST", "1@bakery.example")
    assert invitation.summary == "Tasting, teaand bread"
    assert (invitation.start, invitation.end) == ("2025-01-20T10:00:00[Europe/Kyiv]", "2025-01-20T09:00:00Z")
    assert (invitation.organizer, invitation.attendees) == ("olena@bakery.example", ("info@firm.example",))


def test_headers_of_machines() -> None:
    letter = parse_letter(
        b"Return-Path: <list-bounces@x.example>\r\nReceived: a\r\nReceived: b\r\nFrom: a@x.example\r\n"
        b"Precedence: Bulk\r\n"
        b"Auto-Submitted: auto-generated (rejected)\r\nList-Id: Our list <Our.List.x.example>\r\n"
        b"List-Unsubscribe: <mailto:u@x.example>,\r\n <https://x.example/u>\r\nX-Spam-Flag: YES\r\n\r\ntext"
    )
    assert (letter.auto_submitted, letter.precedence, letter.list_id) == (
        "auto-generated",
        "bulk",
        "our.list.x.example",
    )
    assert letter.list_unsubscribe == "<mailto:u@x.example>, <https://x.example/u>"
    assert (letter.spam_verdict, letter.received_count, letter.return_path) == (True, 2, "list-bounces@x.example")


def test_fingerprint_leaves_out_transport_and_nothing_else() -> None:
    raw = (CORPUS / "plain-ukrainian.eml").read_bytes()
    own = parse_letter(raw).fingerprint
    assert parse_letter(b"Received: by mx.example\r\nX-Spam-Flag: NO\r\n" + raw).fingerprint == own
    assert parse_letter(raw.replace(b"\r\n", b"\n")).fingerprint == own
    assert parse_letter(raw + b"One more word.").fingerprint != own
    assert parse_letter(raw.replace(b"To: info@", b"To: sales@")).fingerprint != own


def test_json_has_every_key() -> None:
    shown = to_json(read("plain-ukrainian"), file="plain-ukrainian.eml")
    keys = (
        "file message_id in_reply_to references date subject from sender reply_to to cc bcc text html "
        "reply_text attachments "
        "kind bounce invitation authentication defects error"
    )
    assert list(shown) == keys.split()
    assert shown["from"] == [{"name": "Olena Bondar", "address": "olena@bakery.example"}]
    assert shown["date"] == "2025-01-14T08:00:00Z"
    assert shown["bounce"] is shown["authentication"] is shown["error"] is None
    assert list(to_json(parse_letter(b""), file="empty.eml")) == list(shown)


def test_an_unexpected_failure_keeps_what_was_read(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("planted")

    monkeypatch.setattr(letter_room, "read_body", broken)
    letter = read("plain-ukrainian")
    assert letter.subject == "Рахунок за борошно"
    assert letter.error == "The letter could not be read to its end: RuntimeError."


def test_import_is_cheap_and_small() -> None:
    """Worker processes import only this room: no database, no network, no web; and quickly."""
    code = (
        "import time, sys; t = time.process_time(); import mailhub.letters.letter, mailhub.letters.as_json;"
        "print(time.process_time() - t, *sorted(set(sys.modules) & {'socket', 'sqlalchemy', 'asyncio', 'ssl', "
        "'email', 'nh3', 'litestar'}))"
    )
    best = 9.0
    for _ in range(3):
        ran = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=CORPUS.parents[1]
        )
        seconds, *modules = ran.stdout.split()
        assert modules == []
        best = min(best, float(seconds))
    assert best < 0.3, "the aim is 0.15 s on a quiet machine"

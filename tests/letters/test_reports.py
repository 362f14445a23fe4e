"""Reports of failed delivery: what was refused, by whom, and what it says against the address."""

from __future__ import annotations

import json

import pytest

from mailhub.letters.letter import parse_letter
from mailhub.letters.refusals import classify, find_command, find_status

DAEMON = b"From: MAILER-DAEMON@mx.example\r\nReturn-Path: <>\r\nSubject: Returned mail\r\n"


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ("<a@b.example>: host mx said: 550 User unknown (in reply to RCPT TO command)", "rcpt"),
        ("host mx said: 550 User unknown (in reply to end of DATA\n    command)", "data"),
        ("SMTP error from remote mail server after MAIL FROM:<x@y.example>:\n    553 no", "mail"),
        (">>> RCPT To:<a@b.example>\n<<< 550 5.1.1 no\n550 5.1.1 no", "rcpt"),
        (">>> DATA\n<<< 550 no\n554 5.0.0 Service unavailable", "data"),
        (">>> DATA\n<<< 550 no\n550 5.1.1 no\n<<< 503 need RCPT", "rcpt"),
        ("It did not work.", None),
    ],
)
def test_the_command_that_was_refused(text: str, command: str | None) -> None:
    assert find_command(text) == command


@pytest.mark.parametrize(
    ("status", "text", "command", "kind"),
    [
        ("5.1.1", "550 5.1.1 User unknown", "rcpt", "hard"),
        ("5.1.1", "550 5.1.1 User unknown", None, "hard"),
        (None, "550 User unknown", "data", "policy"),
        ("5.1.0", "553 5.1.0 sender.example does not exist", "mail", "policy"),
        ("5.2.1", "550 5.2.1 The account is disabled", None, "soft"),
        ("5.2.1", "550 5.2.1 User Unknown", "rcpt", "hard"),
        ("5.2.2", "552 5.2.2 No such user, mailbox full", "rcpt", "soft"),
        ("5.1.1", "550 5.1.1 has sent to too many recipients this hour", None, "policy"),
        ("5.7.1", "550 5.7.1 Access denied", "rcpt", "policy"),
        (None, "Host not\n    found, try again", None, "soft"),
        (None, "обліковий запис призупинено", None, "soft"),
    ],
)
def test_what_it_says_against_the_address(status: str | None, text: str, command: str | None, kind: str) -> None:
    assert classify("failed", status, text, command)[0] == kind


def test_a_status_that_says_more_wins() -> None:
    assert find_status("5.1.0 - Unknown address error 550-'5.7.1 Access denied'") == "5.7.1"
    assert find_status("2.0.0 then 5.0.0") == "5.0.0"


def test_fields_of_a_report_that_stand_in_the_text() -> None:
    raw = DAEMON + (
        b"\r\nAn error occurred:\r\nann@b.example\r\n\r\nReporting-MTA: dns; mx.example\r\n\r\nAction: failed\r\n"
        b"Final-Recipient: rfc822; ann@b.example\r\nDiagnostic-Code: smtp; 550 5.1.1 User Unknown\r\nStatus: 5.1.1\r\n"
    )
    letter = parse_letter(raw)
    assert letter.kind == "bounce"
    assert letter.bounce
    assert [(one.address, one.status, one.bounce_class) for one in letter.bounce.recipients] == [
        ("ann@b.example", "5.1.1", "hard")
    ]


def test_a_report_that_contradicts_itself_is_no_proof() -> None:
    raw = DAEMON + (
        b"Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n--b\r\n\r\n"
        b"Your message was rejected:\r\nNot enough disk space\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\n"
        b"Reporting-MTA: dns; mx.example\r\n\r\nFinal-Recipient: rfc822; ann@b.example\r\nAction: failed\r\n"
        b"Status: 5.1.1\r\nDiagnostic-Code: smtp; 550 5.1.1 User unknown\r\n--b--\r\n"
    )
    bounce = parse_letter(raw).bounce
    assert bounce
    assert [one.bounce_class for one in bounce.recipients] == ["soft"]


@pytest.mark.parametrize(
    ("notification", "kind", "classes"),
    [
        ({"notificationType": "Bounce", "bounce": {"bouncedRecipients": [
            {"emailAddress": "ann@b.example", "status": "5.1.1", "diagnosticCode": "550 5.1.1 user unknown"}, {}, 7]}},
         "bounce", ["hard"]),
        ({"notificationType": "Bounce", "bounce": "odd"}, "bounce", []),
        ({"notificationType": "Complaint"}, "complaint", []),
        ({"notificationType": "Delivery"}, "receipt", []),
        ({"notificationType": "Weather"}, "letter", []),
    ],
)  # fmt: skip
def test_notifications_of_amazon(notification: dict, kind: str, classes: list[str]) -> None:
    said = json.dumps({"Type": "Notification", "Message": json.dumps(notification)})
    raw = f"From: SES <no-reply@sns.amazonaws.com>\r\nSubject: AWS Notification Message\r\n\r\n{said}\r\n".encode()
    letter = parse_letter(raw)
    assert letter.kind == kind
    assert [one.bounce_class for one in letter.bounce.recipients] == classes if letter.bounce else not classes
    assert parse_letter(raw.replace(b"sns.amazonaws.com", b"evil.example")).kind == "letter"


def test_soft_breaks_where_lines_end_with_cr_alone() -> None:
    raw = (
        b"From: a@b.example\rSubject: x\rContent-Transfer-Encoding: quoted-printable\r\rThe following recip=\rients "
        b"were not found:=20\rann\r"
    )
    assert (parse_letter(raw).text or "").split() == ["The", "following", "recipients", "were", "not", "found:", "ann"]

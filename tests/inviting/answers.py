"""Answers to invitations in the shapes in which programs write them; what is the same everywhere are holes."""

from __future__ import annotations

from base64 import encodebytes

#: Outlook: text and calendar beside each other, the calendar in base64, a Windows zone, an alarm.
OUTLOOK = """BEGIN:VCALENDAR
METHOD:REPLY
PRODID:Microsoft Exchange Server 2010
VERSION:2.0
BEGIN:VTIMEZONE
TZID:FLE Standard Time
BEGIN:STANDARD
DTSTART:16010101T040000
TZOFFSETFROM:+0300
TZOFFSETTO:+0200
RRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=-1SU;BYMONTH=10
END:STANDARD
END:VTIMEZONE
BEGIN:VEVENT
ATTENDEE;PARTSTAT={part};CN="Anna; of: Client":mailto:{attendee}
COMMENT;LANGUAGE=uk-UA:{comment}
UID:{uid}
{more}
SUMMARY;LANGUAGE=uk-UA:Accepted: pumps
DTSTART;TZID=FLE Standard Time:20261124T100000
DTEND;TZID=FLE Standard Time:20261124T103000
DTSTAMP:{stamp}
SEQUENCE:{sequence}
X-MICROSOFT-CDO-APPT-SEQUENCE:{sequence}
BEGIN:VALARM
DESCRIPTION:REMINDER
TRIGGER;RELATED=START:-PT15M
ACTION:DISPLAY
END:VALARM
END:VEVENT
END:VCALENDAR
"""

#: Gmail: in 7 bit in a multipart/alternative, once more as a file, the attendee folded in the middle of a word.
GMAIL = """BEGIN:VCALENDAR
PRODID:-//Google Inc//Google Calendar 70.9054//EN
VERSION:2.0
CALSCALE:GREGORIAN
METHOD:REPLY
BEGIN:VEVENT
DTSTART:20261124T080000Z
DTEND:20261124T083000Z
DTSTAMP:{stamp}
ORGANIZER;CN=Sales:mailto:sales@firm.example
UID:{uid}
ATTENDEE;CUTYPE=INDIVIDUAL;ROLE=REQ-PARTICIPANT;PARTSTAT={part};CN=Anna
 ;X-NUM-GUESTS=0:mailto:{attendee}
X-MICROSOFT-CDO-OWNERAPPTID:-1
{more}
SEQUENCE:{sequence}
STATUS:CONFIRMED
SUMMARY:Pumps
END:VEVENT
END:VCALENDAR
"""

#: Apple: the calendar alone, PARTSTAT in lower case, MAILTO in capitals.
APPLE = """BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//Apple Inc.//iOS 18.1//EN
CALSCALE:GREGORIAN
METHOD:REPLY
BEGIN:VEVENT
ATTENDEE;CN=Anna;CUTYPE=INDIVIDUAL;PARTSTAT={part};ROLE=REQ-PARTICIPANT:MAILTO:{attendee}
DTSTAMP:{stamp}
UID:{uid}
{more}
SEQUENCE:{sequence}
END:VEVENT
END:VCALENDAR
"""

#: Thunderbird: 8 bit, another component before it, a file named invite.ics under a type that says nothing.
THUNDERBIRD = """BEGIN:VCALENDAR
PRODID:-//Mozilla.org/NONSGML Mozilla Calendar V1.1//EN
VERSION:2.0
METHOD:REPLY
BEGIN:VTIMEZONE
TZID:Europe/Kyiv
END:VTIMEZONE
BEGIN:VEVENT
CREATED:20261118T090000Z
LAST-MODIFIED:{stamp}
DTSTAMP:{stamp}
UID:{uid}
SUMMARY:Насоси
ORGANIZER:mailto:sales@firm.example
ATTENDEE;RSVP=TRUE;PARTSTAT={part};ROLE=REQ-PARTICIPANT:mailto:{attendee}
{more}
SEQUENCE:{sequence}
END:VEVENT
END:VCALENDAR
"""


def _calendar(shape: str, holes: dict[str, str]) -> str:
    lines = shape.format(**holes).splitlines()
    return "\r\n".join(line for line in lines if line and not line.endswith("LANGUAGE=uk-UA:")) + "\r\n"


def write_answer(
    shape: str,
    uid: str,
    *,
    part: str = "ACCEPTED",
    attendee: str = "anna@client.example",
    sender: str = "Anna <anna@client.example>",
    sequence: int = 1,
    stamp: str = "20261118T100000Z",
    comment: str = "",
    more: str = "",
    number: str = "r1",
    method: str = "REPLY",
) -> bytes:
    """The letter that brings such an answer."""
    holes = {
        "uid": uid, "part": part, "attendee": attendee, "sequence": str(sequence), "stamp": stamp,
        "comment": comment, "more": more,
    }  # fmt: skip
    calendar = _calendar(shape, holes).replace("METHOD:REPLY", f"METHOD:{method}").encode()
    head = (
        f"From: {sender}\r\nTo: sales@firm.example\r\nSubject: Accepted: Pumps\r\n"
        f"Message-ID: <{number}@client.example>\r\nDate: Wed, 18 Nov 2026 12:00:00 +0200\r\nMIME-Version: 1.0\r\n"
    ).encode()
    text = b"Content-Type: text/plain; charset=utf-8\r\n\r\n%s\r\n"
    kind = b"text/calendar; charset=UTF-8; method=" + method.encode()
    if shape == APPLE:
        return head + b"Content-Type: " + kind + b"\r\nContent-Transfer-Encoding: 7bit\r\n\r\n" + calendar
    if shape == OUTLOOK:
        parts = [
            text % b"",
            b"Content-Type: " + kind + b"\r\nContent-Transfer-Encoding: base64\r\n\r\n" + encodebytes(calendar),
        ]
        return head + _multipart(b"alternative", parts)
    if shape == GMAIL:
        inner = [text % b"Anna has accepted this invitation.", b"Content-Type: " + kind + b"\r\n\r\n" + calendar]
        file = b'Content-Type: application/ics; name="invite.ics"\r\n'
        file += b'Content-Disposition: attachment; filename="invite.ics"'
        file += b"\r\nContent-Transfer-Encoding: base64\r\n\r\n" + encodebytes(calendar)
        return head + _multipart(b"mixed", [_multipart(b"alternative", inner, b"in"), file])
    file = b'Content-Type: application/octet-stream; name="invite.ics"\r\nContent-Transfer-Encoding: 8bit\r\n'
    file += b'Content-Disposition: attachment; filename="invite.ics"\r\n\r\n' + calendar
    return head + _multipart(b"mixed", [text % b"Anna accepts.", file])


def _multipart(subtype: bytes, parts: list[bytes], boundary: bytes = b"out") -> bytes:
    inner = b"".join(b"--" + boundary + b"\r\n" + one + b"\r\n" for one in parts)
    return (
        b"Content-Type: multipart/"
        + subtype
        + b'; boundary="'
        + boundary
        + b'"\r\n\r\n'
        + inner
        + b"--"
        + boundary
        + b"--\r\n"
    )

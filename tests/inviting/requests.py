"""Invitations from outside in the shapes in which programs write them."""

from __future__ import annotations

#: Outlook names zones as Windows does, Gmail writes in UTC, both with us among those invited.
OUTLOOK = """BEGIN:VCALENDAR
METHOD:{method}
PRODID:Microsoft Exchange Server 2010
VERSION:2.0
BEGIN:VTIMEZONE
TZID:FLE Standard Time
BEGIN:STANDARD
DTSTART:16010101T040000
TZOFFSETFROM:+0300
TZOFFSETTO:+0200
END:STANDARD
END:VTIMEZONE
BEGIN:VEVENT
ORGANIZER;CN=Anna:mailto:{organizer}
ATTENDEE;ROLE=REQ-PARTICIPANT;PARTSTAT=NEEDS-ACTION;RSVP=TRUE;CN=Sales:mailto:{attendee}
UID:{uid}
{more}
SUMMARY;LANGUAGE=uk-UA:Виставка, стенд 7
DTSTART;TZID=FLE Standard Time:{start}
DTEND;TZID=FLE Standard Time:{end}
DTSTAMP:{stamp}
SEQUENCE:{sequence}
LOCATION:Київ
END:VEVENT
END:VCALENDAR
"""
GMAIL = """BEGIN:VCALENDAR
PRODID:-//Google Inc//Google Calendar 70.9054//EN
VERSION:2.0
CALSCALE:GREGORIAN
METHOD:{method}
BEGIN:VEVENT
DTSTART:{start}Z
DTEND:{end}Z
DTSTAMP:{stamp}
ORGANIZER;CN=Anna:mailto:{organizer}
UID:{uid}
ATTENDEE;CUTYPE=INDIVIDUAL;ROLE=REQ-PARTICIPANT;PARTSTAT=NEEDS-ACTION;RSVP=
 TRUE;CN={attendee};X-NUM-GUESTS=0:mailto:{attendee}
{more}
SEQUENCE:{sequence}
STATUS:CONFIRMED
SUMMARY:Виставка, стенд 7
LOCATION:Київ
END:VEVENT
END:VCALENDAR
"""


def write_request(
    shape: str = OUTLOOK,
    *,
    uid: str = "fair@client.example",
    method: str = "REQUEST",
    sequence: int = 0,
    stamp: str = "20261118T100000Z",
    start: str = "20261124T100000",
    end: str = "20261124T113000",
    organizer: str = "anna@client.example",
    attendee: str = "sales@firm.example",
    sender: str = "Anna <anna@client.example>",
    more: str = "",
    without: str = "",
    number: str = "q1",
) -> bytes:
    """The letter that brings it; ``without`` leaves out the lines that begin so."""
    holes = {
        "method": method, "sequence": sequence, "stamp": stamp, "start": start, "end": end, "uid": uid, "more": more,
        "organizer": organizer, "attendee": attendee,
    }  # fmt: skip
    lines = [one for one in shape.format(**holes).splitlines() if one and not (without and one.startswith(without))]
    part = f"Content-Type: text/calendar; charset=UTF-8; method={method}\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
    return (
        f"From: {sender}\r\nTo: sales@firm.example\r\nSubject: Fair\r\nMessage-ID: <{number}@client.example>\r\n"
        "Date: Wed, 18 Nov 2026 12:00:00 +0200\r\nMIME-Version: 1.0\r\n"
        'Content-Type: multipart/alternative; boundary="out"\r\n\r\n'
        "--out\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nPlease come.\r\n"
        f"--out\r\n{part}"
    ).encode() + "\r\n".join([*lines, "--out--", ""]).encode()

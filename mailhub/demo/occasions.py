"""Letters that are no conversation: newsletters, automatic answers, invitations, strangers, junk, a bounce.

Each function makes one ``Letter`` that arrives ``at`` an instant; ``number`` keeps its Message-ID apart.
"""

from __future__ import annotations

from html import escape

from core.clock import DAY, SECOND, to_datetime
from mailhub.demo.company import DOMAIN, Client
from mailhub.demo.mime import Part, header, join, mailbox, multipart, text_part
from mailhub.demo.talk import Fate, Letter, format_day, list_trace
from mailhub.demo.words import Stranger, Words

_NEWS_STYLE = (
    "body{background:#eef1f4;margin:0}table{background:#ffffff;font-family:Arial,sans-serif}"
    ".head{background:#0b5cad;color:#ffffff;padding:24px}.row{padding:12px 24px}.row img{float:left;margin-right:12px}"
    ".button{background:#0b5cad;color:#ffffff;padding:10px 22px;border-radius:4px;text-decoration:none}"
    ".foot{padding:16px 24px;color:#888888;font-size:11px}"
)


def _letter(
    at: int,
    number: int,
    language: str,
    sender: tuple[str, str],
    to: str,
    subject: str,
    content: Part,
    *extra: str,
    fate: Fate = "close",
    envelope: str | None = None,
) -> Letter:
    name, address = sender
    domain = address.partition("@")[2]
    message_id = f"{at // SECOND}.{number}@{domain}"
    headers = [
        *list_trace(domain, at, language),
        f"From: {mailbox(name, address)}",
        f"To: {to}@{DOMAIN}",
        header("Subject", subject),
        f"Message-ID: <{message_id}>",
        *extra,
    ]
    return Letter(
        at, address if envelope is None else envelope, (f"{to}@{DOMAIN}",), message_id, join(headers, content), fate
    )


def newsletter(words: Words, at: int, number: int) -> Letter:
    """Pictures that wait at the sender's, a button, and a way to leave the list."""
    news = words.newsletter
    domain = news.address.partition("@")[2]
    rows = "".join(
        f'<tr><td class="row"><img src="https://pictures.{domain}/{number}/{row}.jpg" width="120" height="80" alt="">'
        f"{escape(line)}</td></tr>"
        for row, line in enumerate(news.lines)
    )
    html = (
        f'<html><head><style>{_NEWS_STYLE}</style></head><body><img src="https://track.{domain}/open/{number}.gif" '
        f'width="1" height="1"><table width="600" align="center" cellspacing="0"><tr><td class="head">'
        f"<h1>{escape(news.subject)}</h1></td></tr>{rows}"
        f'<tr><td align="center"><a class="button" href="https://{domain}/issue/{number}">{escape(news.button)}</a>'
        f'</td></tr><tr><td class="foot"><a href="https://{domain}/leave/{number}">{escape(news.leave)}</a></td></tr>'
        "</table></body></html>"
    )
    text = "\n\n".join((news.subject, *news.lines, f"{news.button}: https://{domain}/issue/{number}", news.leave))
    content = multipart("alternative", [text_part(text), text_part(html, "html", "utf-8", "quoted-printable")])
    return _letter(
        at, number, words.code, (news.name, news.address), "info", news.subject, content,
        f"List-Id: <weekly.{domain}>", f"List-Unsubscribe: <https://{domain}/leave/{number}>", "Precedence: bulk",
        envelope=f"bounce-{number}@{domain}",
    )  # fmt: skip


def automatic_answer(words: Words, client: Client, at: int, number: int) -> Letter:
    """Somebody is on holiday (RFC 3834)."""
    name, _, local = client.people[0]
    subject, text = words.away
    answered = f"Delta Pump {number}"
    return _letter(
        at, number, words.code, (name, f"{local}@{client.domain}"), "sales", subject.format(subject=answered),
        text_part(f"{text.format(date=format_day(at + 6 * DAY))}\n\n{name}\n"), "Auto-Submitted: auto-replied",
        fate="leave", envelope="",
    )  # fmt: skip


def invitation(words: Words, client: Client, at: int, number: int) -> Letter:
    """A meeting at the client's (RFC 6047)."""
    name, _, local = client.people[-1]
    address = f"{local}@{client.domain}"
    summary, text, place = words.meeting
    begin, end = (to_datetime(at + 12 * DAY).replace(hour=hour, minute=0, second=0) for hour in (8, 10))
    lines = (
        "BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//delta demo//EN", "METHOD:REQUEST", "BEGIN:VEVENT",
        f"UID:{number}@{client.domain}", f"DTSTAMP:{to_datetime(at):%Y%m%dT%H%M%SZ}", f"DTSTART:{begin:%Y%m%dT%H%M%SZ}",
        f"DTEND:{end:%Y%m%dT%H%M%SZ}", f"SUMMARY:{summary}", f"LOCATION:{place.replace(',', chr(92) + ',')}",
        f"ORGANIZER;CN={name}:mailto:{address}",
        f"ATTENDEE;PARTSTAT=NEEDS-ACTION;RSVP=TRUE:mailto:sales@{DOMAIN}",
        "SEQUENCE:0", "STATUS:CONFIRMED", "END:VEVENT", "END:VCALENDAR", "",
    )  # fmt: skip
    calendar = text_part("\n".join(lines), "calendar")
    calendar = Part((calendar.headers[0] + "; method=REQUEST", *calendar.headers[1:]), calendar.body)
    content = multipart("alternative", [text_part(f"{text}\n\n{name}\n"), calendar])
    return _letter(at, number, words.code, (name, address), "sales", f"{summary}, {client.name}", content)


def from_stranger(words: Words, stranger: Stranger, at: int, number: int, *, fate: Fate = "close") -> Letter:
    """Somebody who is no client yet."""
    text = f"{words.hello_all}\n\n{stranger.body}\n\n{words.bye[0]}\n{stranger.name}\n"
    sender = (stranger.name, stranger.address)
    return _letter(
        at, number, words.code, sender, stranger.mailbox, stranger.subject,
        text_part(text, encoding="quoted-printable"), fate=fate,
    )  # fmt: skip


def marked_junk(words: Words, at: int, number: int) -> Letter:
    """What a filter in front of us has called junk."""
    junk = words.junk
    picture = f'<img src="http://{number}.click.example/x.png">'
    html = f'<p style="font-size:32px;color:#d00000"><b>{escape(junk.body)}</b></p>{picture}'
    return _letter(
        at, number, words.code, (junk.name, junk.address), junk.mailbox, junk.subject, text_part(html, "html"),
        "X-Spam-Flag: YES", fate="leave",
    )  # fmt: skip


def unmarked_junk(words: Words, at: int, number: int) -> Letter:
    """Junk that no filter saw: a person has to call it so."""
    junk = words.junk
    return _letter(
        at, number, words.code, (junk.name, junk.address), junk.mailbox, junk.subject, text_part(junk.body), fate="junk"
    )


def forged_name(client: Client, at: int, number: int) -> Letter:
    """The name says a client's address, the address is another: it must not be filed under that client."""
    name, _, local = client.people[0]
    sender = (f"{name} <{local}@{client.domain}>", "payments@invoice-desk.example")
    text = (
        "Доброго дня!\n\nНаш банк змінив рахунок. Сплатіть, будь ласка, останній рахунок сьогодні на нові реквізити:\n"
        f"UA00 0000 0000 0000 0000 0000 00000\n\nЦе терміново, телефоном поки що недоступна.\n\n{name}\n"
    )
    return _letter(at, number, "uk", sender, "sales", "Терміново: новий IBAN", text_part(text), fate="leave")


def bounce(client: Client, at: int, number: int) -> Letter:
    """The client's server could not deliver what the accounting program had sent (RFC 3464)."""
    lost = f"accounts@{client.domain}"
    host = f"mx.{client.domain}"
    daemon = ("Mail Delivery System", f"MAILER-DAEMON@{host}")
    told = text_part(
        f"This is the mail system at host {host}.\n\nYour message could not be delivered to one or more recipients.\n\n"
        f"<{lost}>: host {host} said: 552 5.2.2 The mailbox is full\n",
        encoding="8bit",
    )
    report = Part(
        ("Content-Type: message/delivery-status",),
        (
            f"Reporting-MTA: dns; {host}\r\n\r\nFinal-Recipient: rfc822; {lost}\r\nAction: failed\r\nStatus: 5.2.2\r\n"
            "Diagnostic-Code: smtp; 552 5.2.2 The mailbox is full\r\n"
        ).encode(),
    )
    returned = Part(
        ("Content-Type: text/rfc822-headers",),
        (
            f"From: sales@{DOMAIN}\r\nTo: {lost}\r\nSubject: Invoice {number}\r\n"
            f"Message-ID: <invoice-{number}@accounting.{DOMAIN}>\r\n"
        ).encode(),
    )
    return _letter(
        at, number, "en", daemon, "sales", "Undelivered Mail Returned to Sender",
        multipart("report", [told, report, returned], "; report-type=delivery-status"), "Auto-Submitted: auto-replied",
        fate="leave", envelope="",
    )  # fmt: skip


def receipt(client: Client, at: int, number: int) -> Letter:
    """Somebody's program says that a letter was shown (RFC 8098)."""
    name, _, local = client.people[0]
    address = f"{local}@{client.domain}"
    report = Part(
        ("Content-Type: message/disposition-notification",),
        (
            f"Final-Recipient: rfc822; {address}\r\nOriginal-Message-ID: <invoice-{number}@accounting.{DOMAIN}>\r\n"
            "Disposition: manual-action/MDN-sent-manually; displayed\r\n"
        ).encode(),
    )
    content = multipart(
        "report", [text_part("The message was displayed.\n"), report], "; report-type=disposition-notification"
    )
    return _letter(
        at,
        number,
        client.language,
        (name, address),
        "sales",
        f"Read: Invoice {number}",
        content,
        fate="leave",
        envelope="",
    )

"""The form of an answer: from what a verb suggests to what ``templates/web/_composer.html`` shows, and what it sent."""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup

from api.web.desk import Asked
from api.web.place import Place
from api.web.shapes import Speaker
from core.clock import to_datetime
from core.errors import Invalid, TooMuch
from core.language import Language
from mailhub.letters.linkify import text_to_html
from mailhub.mailboxes.reading import Message, OpenThread
from mailhub.mailboxes.threads import ANSWERABLE
from mailhub.outbound.recipients import format_recipients
from mailhub.outbound.writing import Suggestion

LONGEST_TEXT = 200_000
LONGEST_LINE = 20_000
MOST_OTHERS = 20


@dataclass(frozen=True, slots=True)
class Quoted:
    """The letter that an answer would quote."""

    id: int
    text: Markup


@dataclass(frozen=True, slots=True)
class Composer:
    """See templates/web/_composer.html. ``others`` are those who got the letter beside us."""

    url: str
    thread_id: int
    whom: str
    sender: str
    to: str
    others: str
    seen: int
    quoted: Quoted | None


@dataclass(frozen=True, slots=True)
class Typed:
    """What the form sent."""

    to: str
    cc: str
    text: str
    seen: int | None
    quoted: int | None
    force: bool


def make_composer(speaker: Speaker, place: Place, opened: OpenThread, suggested: Suggestion) -> Composer:
    """The form for a thread whose reader may answer it."""
    row = opened.row
    newest = next((one for one in reversed(opened.messages) if one.direction == "in" and one.kind in ANSWERABLE), None)
    whom = ", ".join(one.name or one.address for one in suggested.to) or row.who or row.who_address
    return Composer(
        url=place.act(row.id, "reply"),
        thread_id=row.id,
        whom=whom,
        sender=f"{speaker.viewer.name} · {row.mailbox_address}",
        to=format_recipients(suggested.to),
        others=_others(newest, row.mailbox_address, {one.address.lower() for one in suggested.to}),
        seen=opened.messages[-1].id if opened.messages else suggested.seen_message_id,
        quoted=_quoted(speaker.language, newest) if newest is not None else None,
    )


def quote(language: Language, message: Message) -> str:
    """The letter as it stands under its answer, announced in a line that needs no language."""
    when = to_datetime(message.dated_at).astimezone(language.zone).strftime("%d.%m.%Y %H:%M")
    name = f"{message.from_name} <{message.from_address}>" if message.from_name else message.from_address
    text = (message.parsed["text"] or message.excerpt).strip("\n")
    lines = "\n".join(f"> {line}".rstrip() if not line.startswith(">") else f">{line}" for line in text.splitlines())
    return f"{when}, {name}:\n{lines}"


async def read_typed(request: Asked) -> Typed:
    """The fields of the form. Raises Invalid, TooMuch for a text that no letter holds."""
    form = await request.form()
    fields = {name: value for name, value in form.items() if isinstance(value, str)}
    text = fields.get("text", "").replace("\r\n", "\n")
    if len(text) > LONGEST_TEXT or any(len(fields.get(name, "")) > LONGEST_LINE for name in ("to", "cc")):
        raise TooMuch("This letter is too long. Send the rest as a file.")
    return Typed(
        to=fields.get("to", ""),
        cc=fields.get("cc", ""),
        text=text,
        seen=_number(fields, "seen"),
        quoted=_number(fields, "quoted"),
        force=bool(fields.get("force")),
    )


def _number(fields: dict[str, str], name: str) -> int | None:
    text = fields.get(name, "")
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 20 and int(text) < 2**63):
        raise Invalid("The field %(name)s must be a number.", name=name, field=name)
    return int(text)


def _others(newest: Message | None, own: str, taken: set[str]) -> str:
    if newest is None:
        return ""
    people = [*newest.parsed["to"], *newest.parsed["cc"]]
    own_domain = own.rpartition("@")[2]
    found = dict.fromkeys(one["address"].lower() for one in people if one["address"])
    others = [one for one in found if one not in taken and not one.endswith(f"@{own_domain}")]
    return ", ".join(others[:MOST_OTHERS])


def _quoted(language: Language, message: Message) -> Quoted:
    return Quoted(message.id, Markup(text_to_html(quote(language, message))))  # noqa: S704 - escaped there

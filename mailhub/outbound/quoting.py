"""The letter below an answer: as text, in both parts of ours."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from core.clock import to_datetime
from core.database import ReadTx
from core.errors import Invalid
from crm.staff.readable import Viewer
from mailhub.letters.html.outgoing import CleanHtml, join_html, quote_html, text_as_html
from mailhub.mailboxes.reading import Message, get_message
from mailhub.mailboxes.threads import find_root


def quote(zone: ZoneInfo, message: Message) -> str:
    """The letter as it stands under its answer, announced in a line that needs no language."""
    when = to_datetime(message.dated_at).astimezone(zone).strftime("%d.%m.%Y %H:%M")
    name = f"{message.from_name} <{message.from_address}>" if message.from_name else message.from_address
    text = (message.parsed["text"] or message.excerpt).strip("\n")
    lines = "\n".join(f"> {line}".rstrip() if not line.startswith(">") else f">{line}" for line in text.splitlines())
    return f"{when}, {name}:\n{lines}"


def find_quote(tx: ReadTx, viewer: Viewer, zone: ZoneInfo, thread_id: int | None, message_id: int | None) -> str:
    """The text below an answer in a thread; '' for none. Raises NotFound, Invalid for a letter of another thread."""
    if not message_id:
        return ""
    message = get_message(tx, viewer, message_id)
    if thread_id is None or find_root(tx, message.thread_id) != find_root(tx, thread_id):
        raise Invalid("The quoted letter is of another thread.", field="quoted")
    return quote(zone, message)


def add_quote(text: str, html: CleanHtml, quoted: str) -> tuple[str, CleanHtml]:
    """Text and HTML of an answer with the letter below it, HTML only where the answer has some."""
    if not quoted:
        return text, html
    text = f"{text.rstrip()}\n\n{quoted}\n"
    if html:
        head, _, body = quoted.partition("\n")
        below = text_as_html("\n".join(line.removeprefix(">").removeprefix(" ") for line in body.splitlines()))
        html = join_html(html, text_as_html(f"\n{head}"), quote_html(below))
    return text, html

"""A letter of a thread: from what was understood of it to what ``templates/web/_letter.html`` shows."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from markupsafe import Markup

from api.web.cards import Asked, Card, make_card
from api.web.deliveries import Line
from api.web.shapes import Person, Speaker, make_person, make_when
from core.clock import iso
from mailhub.letters.announcing import is_quoted
from mailhub.letters.linkify import text_to_html
from mailhub.mailboxes.reading import Message

API = "/api/v1"
SHOWN_NAMES = 3
FOLDED_TAIL = 12
PREVIEWED = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})
_ADDRESS = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
# For a letter in HTML that nobody has opened yet: its frame gets the true height the next time.
UNMEASURED: Mapping[str, int] = {"358": 480, "526": 420, "760": 360}
MOST_DEFECTS = 5
SPARE_HEIGHT = 16  # an estimate that is a line too low would put a bar for scrolling beside every second letter


class Display(Protocol):
    """What is known of a letter's harmless HTML."""

    remote_picture_count: int
    links_warned: int
    cut: bool
    heights: dict[str, int]
    older_heights: dict[str, int]


@dataclass(frozen=True, slots=True)
class Pictures:
    """Remote pictures held back."""

    count: int
    show_url: str


@dataclass(frozen=True, slots=True)
class File:
    """An attachment as a card; without an address when its bytes are no longer kept."""

    name: str
    size_text: str
    kind: str
    url: str | None
    preview_url: str | None


@dataclass(frozen=True, slots=True)
class Act:
    """A button of an event."""

    title: str
    url: str
    fields: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Entry:
    """See templates/web/_letter.html. ``kind`` is "event" or "letter"."""

    kind: str
    time_iso: str
    time_text: str
    at: int
    text: Markup | str | None
    icon: str = ""
    id: int = 0
    who: Person | None = None
    address: str = ""
    way: str = ""
    lang: str | None = None
    folded: bool = False
    snippet: str = ""
    quote: Markup | None = None
    html_url: str | None = None
    html_heights: Mapping[str, int] = field(default_factory=dict)
    older_url: str | None = None
    older_heights: Mapping[str, int] = field(default_factory=dict)
    pictures: Pictures | None = None
    files: tuple[File, ...] = ()
    alarm: str | None = None
    defects: tuple[str, ...] = ()
    sending: tuple[Line, ...] = ()
    raw_url: str | None = None
    split_url: str | None = None
    other: tuple[str, str] | None = None
    acts: tuple[Act, ...] = ()
    card: Card | None = None


def make_letter(
    speaker: Speaker,
    message: Message,
    display: Display | None,
    *,
    folded: bool,
    pictures_url: str | None,
    doubt: str | None = None,
    sending: tuple[Line, ...] = (),
    asked: Asked | None = None,
) -> Entry:
    """One letter. ``display`` is its HTML if it was made ready; ``pictures_url`` shows the thread with its remote
    pictures, None when they are shown already; ``doubt`` says why it is perhaps not by whom it says;
    ``sending`` is what became of one of ours, ``asked`` how an invitation stands that it brings."""
    parsed = message.parsed
    text, quote = (None, None) if parsed["has_html"] else split_quote(parsed["text"] or "", parsed["reply_text"] or "")
    when = make_when(speaker, message.dated_at, long=True)
    assert when is not None
    return Entry(
        kind="letter",
        id=message.id,
        at=message.dated_at,
        who=make_person(
            message.from_name or message.from_address or speaker.say("nobody named"),
            me=message.direction == "out" and message.trace.get("by") == speaker.viewer.user_id,
        ),
        address=message.from_address if message.from_name else "",
        way=_way(speaker, parsed),
        time_iso=iso(message.dated_at),
        time_text=when.text,
        lang=message.language,
        folded=(folded and not (any(line.look for line in sending) or _asks(asked))) or _taken_back(sending),
        snippet=f"{sending[0].text} · {message.excerpt}" if _taken_back(sending) else message.excerpt,
        text=None if text is None else Markup(text_to_html(text)),  # noqa: S704 - escaped there
        quote=Markup(text_to_html(quote)) if quote else None,  # noqa: S704 - escaped there
        html_url=_frame_url(message, "own" if display else "all", shown=pictures_url is None)
        if parsed["has_html"]
        else None,
        html_heights=_heights(display.heights) if display else UNMEASURED,
        older_url=_frame_url(message, "older", shown=pictures_url is None)
        if display and display.older_heights
        else None,
        older_heights=_heights(display.older_heights) if display else {},
        pictures=Pictures(display.remote_picture_count, pictures_url)
        if display and display.remote_picture_count and pictures_url
        else None,
        files=tuple(_files(speaker, message)),
        alarm=doubt or _alarm(speaker, message, display),
        defects=_defects(speaker, message, display),
        sending=sending,
        raw_url=f"{API}/messages/{message.id}/raw",
        card=make_card(speaker, parsed, message.from_address, asked),
    )


def split_quote(text: str, reply: str) -> tuple[str, str | None]:
    """What the writer wrote now, and what was quoted below; all of it is shown when the two cannot be told apart."""
    lines, own = text.splitlines(), reply.rstrip().splitlines()
    if not own or [line.rstrip() for line in lines[: len(own)]] != [line.rstrip() for line in own]:
        return text.strip("\n"), None
    rest = lines[len(own) :]
    if not any(is_quoted(line) for line in rest) and len([line for line in rest if line.strip()]) <= FOLDED_TAIL:
        return text.strip("\n"), None
    return "\n".join(lines[: len(own)]).strip("\n"), "\n".join(rest).strip("\n")


def _asks(asked: Asked | None) -> bool:
    return asked is not None and bool(asked.choices)


def _taken_back(sending: tuple[Line, ...]) -> bool:
    return bool(sending) and all(line.state == "cancelled" for line in sending)


def names_another(name: str, address: str) -> bool:
    """True when the shown name holds an address that is not the sender's: a usual trick of fraud."""
    return any(found.lower() != address.lower() for found in _ADDRESS.findall(name))


def _way(speaker: Speaker, parsed: dict[str, Any]) -> str:
    said = []
    for names, sentence in (
        (parsed["to"], speaker.language.gettext("to %(names)s")),
        (parsed["cc"], speaker.language.gettext("cc %(names)s")),
    ):
        if names:
            shown = ", ".join(one["address"] or one["name"] for one in names[:SHOWN_NAMES])
            more = f" +{len(names) - SHOWN_NAMES}" if len(names) > SHOWN_NAMES else ""
            said.append(sentence % {"names": shown + more})
    return ", ".join(said)


def _frame_url(message: Message, part: str, *, shown: bool) -> str:
    return f"{API}/messages/{message.id}/html?part={part}" + ("&pictures=true" if shown else "")


def _heights(heights: Mapping[str, int]) -> Mapping[str, int]:
    return {width: height + SPARE_HEIGHT for width, height in heights.items()}


def _files(speaker: Speaker, message: Message) -> list[File]:
    found = []
    for number, part in enumerate(message.parsed["attachments"]):
        if part["inline"] and part["content_id"] and message.parsed["has_html"]:
            continue  # a picture inside the letter's own text
        if part["content_type"] == "text/calendar" and not part["filename"] and message.parsed.get("invitation"):
            continue  # the card says it
        url = f"{API}/messages/{message.id}/attachments/{number}"
        name = part["filename"] or speaker.say("unnamed file")
        main, _, ending = part["content_type"].partition("/")
        if "." in name:
            ending = name.rpartition(".")[2]
        elif main == "message" or ending.startswith("rfc822"):
            ending = "eml"  # a letter inside the letter, or what a server says of one
        if part.get("stripped"):
            found.append(File(name, speaker.say("no longer kept"), ending[:4].upper(), None, None))
            continue
        size = speaker.language.format_size(part["size"])
        shows = part["content_type"] in PREVIEWED
        found.append(File(name, size, ending[:4].upper(), url, f"{url}?inline=1" if shows else None))
    return found


def _alarm(speaker: Speaker, message: Message, display: Display | None) -> str | None:
    if message.direction == "in" and not message.from_trusted:
        return speaker.say("It is not certain who wrote this: the sender line does not hold exactly one address.")
    if names_another(message.from_name, message.from_address):
        return speaker.say("The sender calls itself by another address than the one this letter came from.")
    if display and display.links_warned:
        return speaker.say("Some links of this letter lead elsewhere than their words say. They are marked.")
    return None


def _defects(speaker: Speaker, message: Message, display: Display | None) -> tuple[str, ...]:
    found = [speaker.say(defect) for defect in message.parsed["defects"][:MOST_DEFECTS]]
    said = [speaker.say("Not well formed: %(defects)s", defects="; ".join(found))] if found else []
    if any(part.get("stripped") for part in message.parsed["attachments"]):
        said.append(speaker.say("The files of this letter were let go: this mailbox keeps them for a time only."))
    if display and display.cut:
        said.append(speaker.say("This letter is very long: its end is left out here. Its source has all of it."))
    if message.parsed["error"]:
        said.append(message.parsed["error"])
    return tuple(said)

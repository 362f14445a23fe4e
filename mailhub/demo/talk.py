"""A conversation that a client has with the company: an opening, then follow-ups, each a whole letter."""

from __future__ import annotations

from dataclasses import dataclass, field
from email.utils import format_datetime
from functools import cache, partial
from random import Random
from typing import Literal
from zoneinfo import ZoneInfo

from core.clock import SECOND, to_datetime
from mailhub.demo.attachments import attach
from mailhub.demo.company import DOMAIN, Client, call, list_clients
from mailhub.demo.mime import Part, header, join, mailbox, multipart
from mailhub.demo.programs import Note, Quoted, choose_program
from mailhub.demo.words import Topic, Words, load_words

Fate = Literal["close", "leave", "junk"]
_ZONES = {
    "uk": ZoneInfo("Europe/Kyiv"),
    "bg": ZoneInfo("Europe/Sofia"),
    "en": ZoneInfo("Europe/London"),
    "ru": ZoneInfo("Asia/Almaty"),
    "vi": ZoneInfo("Asia/Ho_Chi_Minh"),
}
_ALIASES = {"sales": "orders", "claims": "warranty", "info": "office", "purchasing": "purchasing"}
SHORT = frozenset({"info", "purchasing"})
"""Mailboxes whose writers only ever ask for news: the other follow-ups are those of a customer."""
_ASKS = 1
_DRAWING = 3  # the follow-up that speaks of a drawing
_JOINS = 3  # the letter with which a colleague takes over


@dataclass(frozen=True, slots=True)
class Letter:
    """A letter to be handed to the listener. ``fate`` is what the staff does with its thread afterwards."""

    at: int
    sender: str
    recipients: tuple[str, ...]
    message_id: str
    raw: bytes
    fate: Fate = "close"


@dataclass(slots=True)
class Talk:
    """A conversation so far."""

    number: int
    client: Client
    topic: Topic
    mailbox: str
    """The mailbox that it is meant for, as its local part."""
    recipients: tuple[str, ...]
    facts: dict[str, str]
    offset: int = 0
    """Where among the follow-ups of the language this conversation begins."""
    ids: list[str] = field(default_factory=list)
    quoted: Quoted | None = None

    @property
    def words(self) -> Words:
        """What this client can say."""
        return load_words(self.client.language)

    @property
    def subject(self) -> str:
        """The subject without ``Re:``."""
        return self.topic.subject.format_map(self.facts)


def open_talk(rng: Random, number: int, client: Client, at: int, *, to: str = "") -> Talk:
    """Think of a conversation that this client begins at ``at``; ``to`` asks for one of a certain mailbox."""
    words = load_words(client.language)
    sells = "customer" not in client.roles
    topics = [topic for topic in words.topics if (topic.mailbox == "purchasing") == sells]
    topic = rng.choice([topic for topic in topics if topic.mailbox == to] or topics)
    facts = {
        "item": rng.choice(words.items),
        "count": str(rng.choice((4, 6, 12, 24, 40, 60, 120, 200, 400))),
        "number": str(rng.randrange(420, 2600)),
        "amount": f"€{rng.randrange(12, 940)}.{rng.choice(('00', '50', '90'))}",
        "date": format_day(at + rng.randrange(4, 20) * 86_400 * SECOND),
        "city": client.city,
    }
    recipients = (f"{to or topic.mailbox}@{DOMAIN}",) if to else choose_recipients(rng, topic, client)
    return Talk(number, client, topic, recipients[0].partition("@")[0], recipients, facts)


def choose_recipients(rng: Random, topic: Topic, client: Client) -> tuple[str, ...]:
    """People write to the mailbox, to its old name, with a tag, to two at once, or straight to whom they know."""
    main = f"{topic.mailbox}@{DOMAIN}"
    dice = rng.random()
    if topic.mailbox == "claims" and dice < 0.15:
        return (main, f"sales@{DOMAIN}")
    if dice < 0.05:
        return (f"{topic.mailbox}+expo@{DOMAIN}",)
    if dice < (0.5 if topic.mailbox == "info" else 0.2):
        return (f"{_ALIASES[topic.mailbox]}@{DOMAIN}",)
    if dice < 0.32 and client.manager in {"oksana", "andriy"}:
        return (f"{client.manager}@{DOMAIN}",)
    return (main,)


def say(talk: Talk, at: int, *, fate: Fate = "close") -> Letter:
    """The next letter of the conversation: the opening first, then follow-ups, one of them by a colleague."""
    step = len(talk.ids)
    people = talk.client.people
    first_writer = people[talk.number % len(people)]
    joined = step >= _JOINS and len(people) > 1
    writer = people[(talk.number + 1) % len(people)] if joined else first_writer
    text, parts = _opening(talk) if step == 0 else _follow_up(talk, step, first_writer[0] if step == _JOINS else "")
    text = f"{text}\n\n{_signature(talk, writer) if step in {0, _JOINS} else writer[0]}"
    address = f"{writer[2]}@{talk.client.domain}"
    program = choose_program(talk.client.language, _list_writers(talk.client.language).index(address))
    charset = program.keywords["charset"] if isinstance(program, partial) else "utf-8"
    subject = talk.subject if step == 0 else f"Re: {talk.subject}"
    message_id = f"{at // SECOND}.{talk.number}.{step}@{talk.client.domain}"
    cc = f"{first_writer[2]}@{talk.client.domain}"
    headers = [
        *list_trace(talk.client.domain, at, talk.client.language),
        f"From: {mailbox(writer[0], address, charset)}",
        f"To: {', '.join(talk.recipients)}",
        *([f"Cc: {mailbox(first_writer[0], cc)}"] if joined else []),
        header("Subject", subject, charset),
        f"Message-ID: <{message_id}>",
    ]
    if talk.ids:
        references = "\r\n ".join(f"<{name}>" for name in talk.ids)
        headers += [f"In-Reply-To: <{talk.ids[-1]}>", f"References: {references}"]
    content = program(Note(text, talk.words, talk.client.domain, talk.quoted))
    if parts:
        content = multipart("mixed", [content, *parts])
    talk.ids.append(message_id)
    talk.quoted = Quoted(writer[0], address, talk.recipients[0], format_day(at), subject, text)
    return Letter(at, address, talk.recipients, message_id, join(headers, content), fate)


def list_trace(domain: str, at: int, language: str) -> list[str]:
    """The Received line of the client's own server, then the date that the program wrote."""
    there = to_datetime(at).astimezone(_ZONES.get(language)).replace(microsecond=0)
    stamp = format_datetime(there)
    return [
        f"Received: from [192.0.2.{at // SECOND % 250}]\r\n\tby mx.{domain} with ESMTPSA; {stamp}",
        f"Date: {stamp}",
    ]


def format_day(at: int) -> str:
    """A day as people of all five languages can read it."""
    return to_datetime(at).strftime("%d.%m.%Y")


@cache
def _list_writers(language: str) -> tuple[str, ...]:
    """The addresses of all who write this language."""
    clients = (client for client in list_clients() if client.language == language)
    return tuple(f"{local}@{client.domain}" for client in clients for _, _, local in client.people)


def _opening(talk: Talk) -> tuple[str, list[Part]]:
    words, manager = talk.words, talk.client.manager
    hello = words.hello[talk.number % len(words.hello)].format(name=call(manager, words.code)) if manager else ""
    body = talk.topic.bodies[talk.number % len(talk.topic.bodies)].format_map(talk.facts)
    return f"{hello or words.hello_all}\n\n{body}", _files(talk, talk.topic.attachment)


def _follow_up(talk: Talk, step: int, absent: str) -> tuple[str, list[Part]]:
    """``absent`` is whom a colleague stands in for."""
    words = talk.words
    which = _ASKS if talk.topic.mailbox in SHORT else (talk.offset + step - 1) % len(words.follow_ups)
    text = words.follow_ups[which]
    if absent:
        text = f"{words.hello_all}\n\n{words.colleague.format(name=absent)}\n\n{text}"
    return text, _files(talk, "drawing" if which == _DRAWING else "")


def _files(talk: Talk, kind: str) -> list[Part]:
    if not kind:
        return []
    facts = talk.facts
    return attach(kind, talk.words.code, int(facts["number"]), facts["item"], int(facts["count"]))


def _signature(talk: Talk, writer: tuple[str, str, str]) -> str:
    words = talk.words
    phone = words.phone.format(nn=f"{talk.number % 90 + 10}")
    bye = words.bye[talk.number % len(words.bye)]
    return f"{bye}\n\n-- \n{writer[0]}\n{writer[1]}, {talk.client.name}\n{phone}"

"""What became of a letter of ours, in the words of a person: one line, or one a recipient when they differ."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from api.web.place import Place
from api.web.shapes import Speaker, make_when
from mailhub.outbound.ledger import Delivery
from mailhub.outbound.states import State

_ICONS = {
    "queued": "clock", "sending": "clock", "sent": "check", "deferred": "clock", "failed": "mail-exclamation",
    "unknown": "alert-triangle", "bounced": "mail-exclamation", "complained": "shield-exclamation", "cancelled": "x",
}  # fmt: skip
_LOOKS = {"failed": "alarm", "bounced": "alarm", "complained": "alarm", "unknown": "waits", "deferred": "waits"}


@dataclass(frozen=True, slots=True)
class Act:
    """A button beside a line: what it says, and the fields it posts."""

    title: str
    fields: dict[str, str]


@dataclass(frozen=True, slots=True)
class Line:
    """See templates/web/_letter.html. ``look`` is "" (grey), "waits" or "alarm"; ``advice`` says what to do."""

    state: State
    look: str
    icon: str
    text: str
    advice: str
    url: str
    acts: tuple[Act, ...]


def make_lines(speaker: Speaker, place: Place, rows: Sequence[Delivery], *, may_act: bool) -> tuple[Line, ...]:
    """Alike ones are one line; none for a letter that was not sent from here."""
    if not rows:
        return ()
    alike = len({row.state for row in rows}) == 1 and rows[0].state in ("queued", "sending", "sent", "cancelled")
    shown = rows[:1] if alike else rows
    return tuple(_line(speaker, place, row, alone=len(rows) == 1 or alike, may_act=may_act) for row in shown)


def _line(speaker: Speaker, place: Place, row: Delivery, *, alone: bool, may_act: bool) -> Line:
    text = _sentence(speaker, row)
    # Sentences of trouble name the address themselves.
    if not alone and row.state in ("queued", "sending", "sent", "cancelled"):
        text = f"{row.recipient}: {text}"
    return Line(
        state=row.state,
        look=_LOOKS.get(row.state, ""),
        icon=_ICONS[row.state],
        text=text,
        advice=_advice(speaker, row),
        url=place.act(row.thread_id, "delivery"),
        acts=tuple(_acts(speaker, row)) if may_act else (),
    )


def _sentence(speaker: Speaker, row: Delivery) -> str:
    sentences = {
        "queued": "Waiting to be sent",
        "sending": "Being sent",
        "sent": "Sent, %(when)s",
        "deferred": "Not delivered to %(address)s yet: %(reason)s. The next try is at %(next)s.",
        "failed": "Not delivered to %(address)s: %(reason)s.",
        "unknown": "The connection broke at the last moment: nobody knows whether this letter reached %(address)s.",
        "bounced": "It came back from %(address)s: %(reason)s.",
        "complained": "The reader at %(address)s called this letter junk.",
        "cancelled": "Taken back, not sent",
    }
    when, next_try = make_when(speaker, row.changed_at, long=True), make_when(speaker, row.next_at, long=True)
    assert when is not None
    assert next_try is not None
    return speaker.language.gettext(
        sentences[row.state], address=row.recipient, reason=_reason(speaker, row), when=when.text, next=next_try.text
    )


def _reason(speaker: Speaker, row: Delivery) -> str:
    sentence = _known_reason(row.reply_status, row.reply_code)
    if sentence is not None:
        return speaker.say(sentence)
    return row.reply_text.strip(" .") or speaker.say("the other server gave no reason")


def _known_reason(status: str, code: int) -> str | None:
    sentences = {
        "1.1": "there is no such address", "1.10": "there is no such address", "2.1": "there is no such address",
        "1.2": "there is no such domain", "4.4": "there is no such domain",
        "2.2": "the mailbox there is full",
        "3.4": "the letter is too large for the server there", "2.3": "the letter is too large for the server there",
        "7": "the server there refuses letters of ours",
    }  # fmt: skip
    kind, _, rest = status.partition(".")
    if kind == "5" and rest.startswith("7."):
        rest = "7"
    return sentences.get("3.4" if code == 552 and not status else rest)


def _advice(speaker: Speaker, row: Delivery) -> str:
    if row.state not in ("failed", "bounced"):
        return ""
    sentences = {
        "there is no such address": "Check the address, or write to somebody else there.",
        "there is no such domain": "Check what stands behind the @.",
        "the mailbox there is full": "Try again in some days, or call them.",
        "the letter is too large for the server there": "Send the files another way.",
        "the server there refuses letters of ours": "Show this to your administrator.",
    }
    sentence = sentences.get(_known_reason(row.reply_status, row.reply_code) or "")
    return speaker.say(sentence) if sentence else ""


def _acts(speaker: Speaker, row: Delivery) -> list[Act]:
    number = str(row.id)
    sentences = {"failed": "Try again", "bounced": "Try again", "deferred": "Try now", "unknown": "Send again"}
    if row.state not in sentences:
        return []
    acts = [Act(speaker.say(sentences[row.state]), {"delivery_id": number, "act": "retry"})]
    if row.state == "unknown":
        acts.append(Act(speaker.say("It arrived"), {"delivery_id": number, "act": "arrived"}))
    if row.state == "deferred":
        acts.append(Act(speaker.say("Do not send"), {"delivery_id": number, "act": "cancel"}))
    return acts

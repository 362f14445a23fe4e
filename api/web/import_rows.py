"""An import as the page shows it: how far it is, how long it will take, what became of its letters."""

from __future__ import annotations

from dataclasses import dataclass

from api.web.shapes import Speaker, When, make_when
from core.clock import SECOND
from mailhub.mailboxes.imports import Import

MOVING = ("receiving", "waiting", "running")


@dataclass(frozen=True, slots=True)
class ImportRow:
    """``progress`` in thousandths, None where nothing moves. ``lines`` say what became of the letters."""

    id: int
    url: str
    name: str
    address: str
    who: str
    when: When | None
    state: str
    word: str
    moving: bool
    progress: int | None
    about: str
    lines: tuple[str, ...]
    error: str
    quarantined: str
    faults: tuple[tuple[str, str], ...]
    left_out: str
    may: tuple[str, ...]


def shape_import(speaker: Speaker, one: Import, address: str, who: str) -> ImportRow:
    """The row of an import."""
    words = {
        "receiving": speaker.say("Being sent"),
        "waiting": speaker.say("Waits for its turn"),
        "running": speaker.say("Being taken in"),
        "paused": speaker.say("Paused"),
        "done": speaker.say("Done"),
        "failed": speaker.say("Stopped"),
        "cancelled": speaker.say("Ended"),
    }
    ngettext = speaker.language.ngettext
    return ImportRow(
        id=one.id,
        url=f"/settings/imports/{one.id}",
        name=one.name,
        address=address,
        who=who,
        when=make_when(speaker, one.created_at, long=True),
        state=one.state,
        word=words[one.state],
        moving=one.state in MOVING,
        progress=_progress(one),
        about=_about(speaker, one),
        lines=_lines(speaker, one),
        error=speaker.say(one.error, **one.error_fields) if one.error else "",
        quarantined=ngettext("%(n)s in quarantine", "%(n)s in quarantine", one.quarantined) if one.quarantined else "",
        faults=tuple(one.faults),
        left_out=", ".join(one.left_out),
        may=_may(one),
    )


def _progress(one: Import) -> int | None:
    if one.state == "receiving":
        return one.received * 1000 // max(1, one.size)
    if one.state in ("running", "paused") or (one.state == "waiting" and one.position):
        return min(1000, one.position * 1000 // max(1, one.total))
    return None


def _about(speaker: Speaker, one: Import) -> str:
    language = speaker.language
    if one.state == "receiving":
        done, size = language.format_size(one.received), language.format_size(one.size)
        return speaker.say("%(done)s of %(size)s", done=done, size=size)
    if one.state not in ("running", "paused"):
        return ""
    parts = [language.ngettext("%(n)s letter", "%(n)s letters", one.letters)]
    if one.state == "running" and one.rate is not None:
        rate = round(one.rate) if one.rate >= 1 else round(one.rate, 1)
        parts.append(speaker.say("%(n)s a second", n=language.format_number(rate)))
    if one.seconds_left is not None:
        span = round(one.seconds_left) * SECOND
        left = language.format_span_long(span) if span >= 60 * SECOND else ""
        parts.append(speaker.say("%(span)s left", span=left) if left else speaker.say("less than a minute left"))
    return " · ".join(parts)


def _lines(speaker: Speaker, one: Import) -> tuple[str, ...]:
    if not (one.letters or one.skipped or one.state == "done"):
        return ()
    ngettext = speaker.language.ngettext
    lines = [ngettext("%(n)s new letter", "%(n)s new letters", one.taken)]
    if one.already:
        lines.append(ngettext("%(n)s was here already", "%(n)s were here already", one.already))
    if one.skipped:
        lines.append(ngettext("%(n)s could not be read", "%(n)s could not be read", one.skipped))
    return tuple(lines)


def _may(one: Import) -> tuple[str, ...]:
    if one.state in ("waiting", "running"):
        return ("pause", "cancel")
    if one.state in ("paused", "failed"):
        return ("resume", "cancel")
    return ("cancel",) if one.state == "receiving" else ()

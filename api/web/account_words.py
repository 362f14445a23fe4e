"""How an account is, in words that a person understands: what happened, since when, and what to do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from api.web.shapes import Speaker, When, make_when
from mailhub.ingest.imap.trouble import PasswordRefused
from mailhub.ingest.trying import CHECK_BOTH, Finding
from mailhub.mailboxes.accounts import Account
from mailhub.mailboxes.connecting import SeenAccount
from mailhub.mailboxes.providers import find_provider
from mailhub.mailboxes.tokens import TokenState

Health = Literal["ok", "look", "broken"]


@dataclass(frozen=True, slots=True)
class Words:
    """``state`` for the colour; ``text`` says how it is, ``advice`` what to do, ``page`` where at the provider."""

    state: Health
    text: str
    since: When | None
    advice: str = ""
    page: str = ""


@dataclass(frozen=True, slots=True)
class Tried:
    """How a try went, for ``_finding.html``."""

    is_well: bool
    text: str
    advice: str
    page: str
    when: str


def describe(speaker: Speaker, seen: SeenAccount, token: TokenState | None = None) -> Words:
    """An account as this viewer may know it."""
    one = seen.account
    since = make_when(speaker, one.since, long=True)
    if not seen.is_own:
        state, text = _of_another(speaker, one)
        return Words(state, text, since)
    if one.state == "ask_person":
        text = " ".join([_said(speaker, one), _tries(speaker, one), speaker.say("Paused: new letters wait there.")])
        return Words("broken", text, since, *_advice(speaker, one))
    if one.paused:
        return Words("look", speaker.say("Paused by a person. New letters wait at the server."), since)
    if one.state in ("retry", "wait"):
        text = " ".join([_said(speaker, one), _tries(speaker, one), _next(speaker, one)]).strip()
        return Words("look", text, since, *_advice(speaker, one))
    if token is not None and token.is_ending(speaker.now):
        return Words("look", _ending(speaker, token), since)
    if one.state == "new":
        return Words("ok", speaker.say("It is being connected. The first letters come in a moment."), since)
    seen_at = make_when(speaker, one.seen_at, long=True)
    text = speaker.say("Connected, last looked at %(when)s.", when=seen_at.text if seen_at else "–")
    return Words("ok", text, since)


def show_tried(speaker: Speaker, finding: Finding) -> Tried:
    """A finding in the reader's language."""
    text = speaker.say(finding.sentence, **finding.fields)
    if finding.is_well and finding.seconds:
        text = f"{text} {speaker.say('It took %(seconds)s s.', seconds=round(finding.seconds, 1))}"
    advice = speaker.say(finding.advice) if finding.advice else ""
    return Tried(finding.is_well, text, advice, finding.page, speaker.language.format_time(speaker.now))


def _of_another(speaker: Speaker, one: Account) -> tuple[Health, str]:
    if one.state == "ask_person":
        return "broken", speaker.say("It does not work; its owner was asked to do something.")
    if one.paused or one.state in ("retry", "wait"):
        return "look", speaker.say("It is not reached now.")
    return "ok", speaker.say("It works.")


def _said(speaker: Speaker, one: Account) -> str:
    text = speaker.say(one.sentence, **one.fields) if one.sentence else speaker.say("The server cannot be reached.")
    return text if text.endswith((".", "!", "?")) else f"{text}."


def _tries(speaker: Speaker, one: Account) -> str:
    when = make_when(speaker, one.since, long=True)
    return speaker.language.ngettext(
        "Since %(when)s, %(n)s try.", "Since %(when)s, %(n)s tries.", max(one.tries, 1), when=when.text if when else ""
    )


def _next(speaker: Speaker, one: Account) -> str:
    if one.next_at <= speaker.now:
        return ""
    return speaker.say("The next one is at %(when)s.", when=speaker.language.format_time(one.next_at))


def _ending(speaker: Speaker, token: TokenState) -> str:
    when = make_when(speaker, token.expires_at if token.trouble_since else token.refresh_until, long=True)
    if token.trouble_since:
        return speaker.say(
            "Sign-in can no longer be renewed and mail stops at %(when)s. %(why)s",
            when=when.text if when else "", why=token.trouble,
        )  # fmt: skip
    return speaker.say("Your sign-in ends at %(when)s. Sign in again before.", when=when.text if when else "")


def _advice(speaker: Speaker, one: Account) -> tuple[str, str]:
    if one.sentence != PasswordRefused.sentence:
        return "", ""
    provider = find_provider(one.host)
    return (speaker.say(provider.advice), provider.page) if provider else (speaker.say(CHECK_BOTH), "")

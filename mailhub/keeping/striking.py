"""The name of a person leaves what stays: letters of others with their index, envelopes, lines of threads, drafts."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from sqlalchemy import select, update

from core.database import WriteTx
from core.fulltext import FOLDING_VERSION, fold
from core.fulltext.index import Words, add_words, remove_words
from mailhub.keeping.names import canonical, is_any_of
from mailhub.keeping.purging import drop_drafts
from mailhub.letters.addresses import parse_addresses
from mailhub.mailboxes.letters import find_words, hold_words
from mailhub.mailboxes.tables import letter, letter_words, message, thread_event
from mailhub.outbound.recipients import format_recipients
from mailhub.outbound.tables import draft

STRUCK = {"name": "[erased]", "address": ""}
FIELDS = ("from", "sender", "reply_to", "to", "cc")
_LINES = (draft.c.to_line, draft.c.cc_line, draft.c.bcc_line)
_WORD = re.compile(r"\w+")  # the index marks some words with signs that are none of a word


def strike_letter(tx: WriteTx, letter_id: int, names: Sequence[str]) -> None:
    """Let a letter of others not name them in its head any more, nor be found by them."""
    hold_words(tx, letter_id)
    tx.lock(letter, letter_id)
    parsed = dict(tx.get(letter, letter_id).parsed)
    gone: set[str] = set()
    left: set[str] = set()
    for name in FIELDS:
        for person in parsed[name]:
            said = set(_WORD.findall(fold(f"{person['name']} {person['address']}")))
            (gone if is_any_of([person["address"]], names) else left).update(said)
        parsed[name] = [STRUCK if is_any_of([one["address"]], names) else one for one in parsed[name]]
    parsed.pop("invitation", None)  # whom it names is not worth a card
    tx.change(letter, letter_id, parsed=parsed)
    old = find_words(tx, letter_id)
    assert old is not None, "every letter keeps its words"
    kept = (word for word in old.people.split(" ") if not {*_WORD.findall(word)} & (gone - left))
    new = Words(old.subject, " ".join(kept), old.body)
    messages = select(message.c.id, message.c.scope_id, message.c.trace).where(message.c.letter_id == letter_id)
    for one in tx.rows(messages):
        tx.change(message, one.id, trace=strike_trace(one.trace, names))
        remove_words(tx, one.id, one.scope_id, old)
        add_words(tx, one.id, one.scope_id, new)
    here = letter_words.c.letter_id == letter_id
    tx.execute(update(letter_words).where(here).values(people=new.people, version=FOLDING_VERSION))


def strike_invitation(tx: WriteTx, letter_id: int) -> None:
    """Let a letter show no calendar object any more: whom it names is not worth a card."""
    tx.lock(letter, letter_id)
    parsed = dict(tx.get(letter, letter_id).parsed)
    parsed.pop("invitation", None)
    tx.change(letter, letter_id, parsed=parsed)


def strike_trace(trace: dict[str, Any], names: Sequence[str]) -> dict[str, Any]:
    """An envelope that does not name them."""
    struck = dict(trace)
    if is_any_of([str(trace.get("mail_from", ""))], names):
        struck["mail_from"] = ""
    if "rcpt_to" in trace:
        struck["rcpt_to"] = [name for name in trace["rcpt_to"] if not is_any_of([name], names)]
    return struck


def strike_events(tx: WriteTx, thread_ids: Sequence[int], names: Sequence[str]) -> None:
    """The lines of threads that told of a letter to them."""
    for row in tx.rows(select(thread_event).where(thread_event.c.thread_id.in_(thread_ids))):
        found = [name for name, said in row.fields.items() if isinstance(said, str) and names_them(said, names)]
        if found:
            tx.change(thread_event, row.id, fields={**row.fields, **dict.fromkeys(found, STRUCK["name"])})


def strike_drafts(tx: WriteTx, names: Sequence[str]) -> int:
    """Drafts to them alone go; out of those to others too they are taken. Returns how many went."""
    gone: list[int] = []
    for row in tx.rows(select(draft.c.id, *_LINES).order_by(draft.c.id)):
        if not names_them(f"{row.to_line},{row.cc_line},{row.bcc_line}", names):
            continue
        held = tx.row(select(draft.c.id, *_LINES).where(draft.c.id == row.id).with_for_update())
        if held is None:
            continue  # its writer was quicker
        lines = {line.name: _strike_line(held._mapping[line.name], names) for line in _LINES}
        if any(lines.values()):
            tx.execute(update(draft).where(draft.c.id == row.id).values(**lines, version=draft.c.version + 1))
        else:
            gone.append(row.id)
    drop_drafts(tx, gone)
    return len(gone)


def _strike_line(line: str, names: Sequence[str]) -> str:
    people = parse_addresses(" ".join(line.replace(";", ",").split()).encode())
    if not is_any_of((one.address for one in people), names):
        return line
    return format_recipients(tuple(one for one in people if not is_any_of([one.address], names)))


def names_them(said: str, names: Sequence[str]) -> bool:
    """Whether one of the addresses stands in a text as a whole."""
    words = (word.strip(".,;:<>()[]\"'") for word in re.split(r"[\s,;<>]+", said))
    wanted = {canonical(one) for one in names}
    return any("@" in word and canonical(word) in wanted for word in words)

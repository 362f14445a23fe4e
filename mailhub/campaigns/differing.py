"""How the list of a mailing differs from that of the last mailing alike, and who gets another one in these days. Worked
out beside the check, two hundred rows at a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, or_, select
from sqlalchemy import text as sql

from core import clock
from core.database import ReadTx
from mailhub.campaigns.tables import mailing, mailing_choice, mailing_letter
from mailhub.outbound.tables import recipient

SAMPLE = 20
MOST_BESIDE = 10
BESIDE_DAYS = 7
MOST_UNLIKE = 0.3
"""From this part on more or fewer people than last time are asked about."""
LOOKED_AT = 1_000
Met = Mapping[int, frozenset[int]]
"""Of each other list the rows of this one whose addresses stand in it too."""
_MINE = mailing_choice.alias()
_LAST = (
    select(mailing.c.id, mailing.c.recipients_count)
    .join(mailing_choice, mailing_choice.c.mailing_id == mailing.c.id)
    .join(_MINE, (_MINE.c.kind == mailing_choice.c.kind) & (_MINE.c.number == mailing_choice.c.number))
    .where(
        _MINE.c.mailing_id == bindparam("id"), _MINE.c.takes == 1, mailing_choice.c.takes == 1,
        mailing.c.scope_id == bindparam("scope_id"), mailing.c.started_at.is_not(None), mailing.c.id != bindparam("id"),
    )
    .order_by(mailing.c.started_at.desc(), mailing.c.id.desc())
    .limit(1)
)  # fmt: skip
_BESIDE = (
    select(mailing.c.id, mailing.c.letter_version)
    .where(
        mailing.c.id != bindparam("id"),
        or_(sql("mailing.state IN ('scheduled', 'sending', 'paused')"), mailing.c.started_at > bindparam("since")),
    )
    .order_by(mailing.c.id.desc())
    .limit(MOST_BESIDE)
)
_IN_LISTS = select(recipient.c.mailing_id, recipient.c.canonical).where(
    recipient.c.mailing_id.in_(bindparam("lists", expanding=True)),
    recipient.c.canonical.in_(bindparam("ones", expanding=True)),
    sql("recipient.state <> 'excluded'"),
)
_THEIRS = (
    select(recipient.c.id, recipient.c.canonical)
    .where(
        recipient.c.mailing_id == bindparam("id"),
        recipient.c.id > bindparam("after"),
        sql("recipient.state <> 'excluded'"),
    )
    .order_by(recipient.c.id)
    .limit(LOOKED_AT)
)
_SAYS = select(mailing_letter.c.subject, mailing_letter.c.source).where(
    mailing_letter.c.mailing_id == bindparam("id"), mailing_letter.c.version == bindparam("version")
)


@dataclass(frozen=True, slots=True)
class Left:
    """Some rows of the last list whose people are not in this one; the next look begins behind ``after``."""

    ids: list[int]
    after: int
    more: bool


def begin_comparing(tx: ReadTx, row: Any) -> dict[str, Any]:
    """What a mailing (its row) is compared with, for the payload of its check: the last one that was started from its
    mailbox to a group, segment or client of its own, and those of any mailbox that are under way or began a week
    ago."""
    last = tx.row(_LAST, {"id": row.id, "scope_id": row.scope_id})
    since = clock.now() - BESIDE_DAYS * clock.DAY
    says = _says(tx, row.id, row.letter_version)
    beside = {
        str(one.id): {"count": 0, "same": bool(says & _says(tx, one.id, one.letter_version))}
        for one in tx.rows(_BESIDE, {"id": row.id, "since": since})
    }
    there = [last.id, last.recipients_count] if last is not None else [0, 0]
    return {"last": there, "beside": beside, "known": 0, "new": [0, []]}


def meet(tx: ReadTx, payload: Mapping[str, Any], rows: Sequence[Any]) -> Met:
    """Which of these rows stand in the other lists too."""
    lists = _lists(payload)
    if not lists or not rows:
        return {}
    found: dict[int, set[str]] = {}
    for one in tx.rows(_IN_LISTS, {"lists": lists, "ones": [row.canonical for row in rows]}):
        found.setdefault(one.mailing_id, set()).add(one.canonical)
    ids = {row.canonical: row.id for row in rows}
    return {number: frozenset(ids[one] for one in ones) for number, ones in found.items()}


def count_met(payload: Mapping[str, Any], ids: Sequence[int], met: Met) -> dict[str, Any]:
    """The payload's counts with these rows in them."""
    last = payload["last"][0]
    known = met.get(last, frozenset())
    new = [one for one in ids if one not in known] if last else []
    count, some = payload["new"]
    beside = {
        number: {**said, "count": said["count"] + len(met.get(int(number), ()))}
        for number, said in payload["beside"].items()
    }
    return {
        "known": payload["known"] + len(known), "new": [count + len(new), [*some, *new][:SAMPLE]], "beside": beside,
    }  # fmt: skip


def has_lost(payload: Mapping[str, Any]) -> bool:
    """Whether the last list has people whom this one has not."""
    return bool(payload["last"][1] > payload["known"])


def find_left(tx: ReadTx, payload: Mapping[str, Any], after: int) -> Left:
    """Who of the next thousand rows of the last list is not in this one."""
    rows = tx.rows(_THEIRS, {"id": payload["last"][0], "after": after})
    if not rows:
        return Left([], after, more=False)
    ones = [row.canonical for row in rows]
    here = {one.canonical for one in tx.rows(_IN_LISTS, {"lists": [payload["mailing_id"]], "ones": ones})}
    gone = [row.id for row in rows if row.canonical not in here]
    return Left(gone, rows[-1].id, more=len(rows) == LOOKED_AT)


def tell_difference(payload: Mapping[str, Any], left: Sequence[int]) -> dict[str, Any]:
    """What was found, for the row of the mailing."""
    last, count = payload["last"]
    new, some = payload["new"]
    twice = [
        {"mailing_id": int(number), "count": said["count"], "same": said["same"]}
        for number, said in payload["beside"].items()
        if said["count"]
    ]
    return {
        "mailing_id": last or None, "recipients_count": count, "new": new, "new_ids": some,
        "left": max(count - payload["known"], 0) if last else 0, "left_ids": list(left), "twice": twice,
    }  # fmt: skip


def list_alerts(difference: Mapping[str, Any] | None, count: int) -> list[str]:
    """What has to be confirmed before ``count`` people get a mailing: ``many`` or ``few`` beside the last time,
    ``same`` when some got the same in these days."""
    if not difference:
        return []
    alerts = []
    before = difference["recipients_count"]
    if difference["mailing_id"] is not None and abs(count - before) > MOST_UNLIKE * before:
        alerts.append("many" if count > before else "few")
    if any(one["same"] for one in difference["twice"]):
        alerts.append("same")
    return alerts


def _lists(payload: Mapping[str, Any]) -> list[int]:
    return sorted({*map(int, payload["beside"]), *([payload["last"][0]] if payload["last"][0] else [])})


def _says(tx: ReadTx, mailing_id: int, version: int) -> set[tuple[str, str]]:
    return {(row.subject, row.source) for row in tx.rows(_SAYS, {"id": mailing_id, "version": version})}

"""Openings and clicks: whose they are, where a link leads, and what is kept of them, with the evidence where a machine
did it. Nothing here ever unsubscribes anybody."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Row, bindparam, delete, func, select, update

from core import clock
from core.database import ReadTx, WriteTx
from core.errors import NotFound
from core.paging import Page, cut_page, decode_cursor
from core.secrets import Keys
from crm.staff.readable import Viewer
from mailhub.campaigns.links import HONEY, destination
from mailhub.campaigns.machines import NEAR_HONEY, Kind, Machines, Seen, judge_together
from mailhub.campaigns.mailings import get_mailing
from mailhub.campaigns.tables import mailing, mailing_letter, mailing_visit, mailing_visit_sum
from mailhub.campaigns.visit_bounds import Coming, choose_kept
from mailhub.outbound.tables import recipient

_OF_READER, _OF_ALL = "visit", "visit of all"
LONGEST_AGENT = 300
SWEPT = 1_000
MOST_LATELY = 5_000
"""Visits of the last minute that new ones are judged with: whoever fetches one address for ever costs no more."""
NOT_OURS = "This address is not complete. Copy all of it out of the letter."
SumKey = tuple[int, str, int, int]


@dataclass(frozen=True, slots=True)
class Visit:
    """Somebody opened a letter or followed one of its links: ``link`` is its place, None for an opening. Without
    ``recipient_id`` nobody knows whose it was, since the mailing only counts."""

    mailing_id: int
    recipient_id: int | None
    link: int | None
    method: str
    agent: str
    peer: str
    at: int

    @property
    def kind(self) -> Kind:
        return "open" if self.link is None else "click"


@dataclass(frozen=True, slots=True)
class Target:
    """Whose letter an address is of, and where its link leads; ``url`` is '' for an opening and the hidden link."""

    mailing_id: int
    recipient_id: int | None
    url: str = ""


def visit_addresses(keys: Keys, base_url: str, recipient_id: int, epoch: int) -> tuple[str, str]:
    """How the addresses of the links of a reader's letter begin, and the address of its picture."""
    token = keys.sign_token(_OF_READER, [recipient_id], epoch)
    return f"{base_url}/c/{token}", f"{base_url}/o/{token}"


def shared_addresses(keys: Keys, base_url: str, letter_id: int, epoch: int) -> tuple[str, str]:
    """The same for all readers of a letter, where it is only counted how many there are."""
    token = keys.sign_token(_OF_ALL, [letter_id], epoch)
    return f"{base_url}/c/{token}", f"{base_url}/o/{token}"


_ROW = select(recipient.c.id, recipient.c.mailing_id, recipient.c.language, recipient.c.fields).where(
    recipient.c.id == bindparam("id"), recipient.c.epoch == bindparam("epoch")
)
_MAILING = select(mailing.c.letter_version, mailing.c.sender_name, mailing.c.sender).where(
    mailing.c.id == bindparam("id")
)
_LINKS = select(mailing_letter.c.language, mailing_letter.c.links).where(
    mailing_letter.c.mailing_id == bindparam("id"), mailing_letter.c.version == bindparam("version")
)
_LETTER = select(mailing_letter.c.mailing_id, mailing_letter.c.links).where(mailing_letter.c.id == bindparam("id"))


def find_target(tx: ReadTx, keys: Keys, token: str, link: int | None) -> Target:
    """Whose address this is and where it leads. Raises NotFound for what this house did not sign, for a row of another
    life of the ledger, and for a link that the letter does not have."""
    found = keys.read_token(_OF_READER, token)
    if found is not None and len(found.fields) == 1:
        row = tx.row(_ROW, {"id": found.fields[0], "epoch": found.epoch})
        if row is None:
            raise NotFound(NOT_OURS)
        url = _lead(_links_of(tx, row), link, lambda: _fields(tx, row))
        return Target(row.mailing_id, row.id, url)
    found = keys.read_token(_OF_ALL, token)
    letter = tx.row(_LETTER, {"id": found.fields[0]}) if found is not None and len(found.fields) == 1 else None
    if letter is None:
        raise NotFound(NOT_OURS)
    return Target(letter.mailing_id, None, _lead(letter.links, link, dict))


def _lead(links: Sequence[str], link: int | None, fields: Any) -> str:
    if link is None or link == HONEY:
        return ""
    if not 0 < link <= len(links):
        raise NotFound(NOT_OURS)
    written = links[link - 1]
    url = destination(written, fields() if "{" in written else {})
    if not url:
        raise NotFound(NOT_OURS)
    return url


def _links_of(tx: ReadTx, row: Row[Any]) -> Sequence[str]:
    """Of the letter that this reader got: in their language, else in that of everybody else."""
    of = tx.row(_MAILING, {"id": row.mailing_id})
    if of is None:
        raise NotFound(NOT_OURS)
    by_language = {
        one.language: one.links for one in tx.rows(_LINKS, {"id": row.mailing_id, "version": of.letter_version})
    }
    usual = "" if "" in by_language else min(by_language, default="")
    return by_language.get(row.language) or by_language.get(usual) or ()


def _fields(tx: ReadTx, row: Row[Any]) -> dict[str, Any]:
    of = tx.row(_MAILING, {"id": row.mailing_id})
    box = {"name": of.sender_name, "address": of.sender} if of is not None else {}
    return {**row.fields, "mailbox": box}


_READERS = select(recipient.c.id, recipient.c.sent_at, recipient.c.opened_at, recipient.c.clicked_at).where(
    recipient.c.id.in_(bindparam("ids", expanding=True))
)
_LATELY_THEIRS = (
    select(mailing_visit)
    .where(mailing_visit.c.recipient_id.in_(bindparam("ids", expanding=True)), mailing_visit.c.at > bindparam("since"))
    .order_by(mailing_visit.c.at.desc())
    .limit(MOST_LATELY)
)
_LATELY_OF_ALL = (
    select(mailing_visit)
    .where(
        mailing_visit.c.mailing_id.in_(bindparam("ids", expanding=True)),
        mailing_visit.c.recipient_id.is_(None),
        mailing_visit.c.at > bindparam("since"),
    )
    .order_by(mailing_visit.c.at.desc())
    .limit(MOST_LATELY)
)
_FIRST = (
    select(mailing_visit.c.recipient_id, mailing_visit.c.kind, func.min(mailing_visit.c.at).label("at"))
    .where(mailing_visit.c.recipient_id.in_(bindparam("ids", expanding=True)), mailing_visit.c.machine == 0)
    .group_by(mailing_visit.c.recipient_id, mailing_visit.c.kind)
)
_ADD = (
    update(mailing_visit_sum)
    .where(
        mailing_visit_sum.c.mailing_id == bindparam("of"),
        mailing_visit_sum.c.kind == bindparam("what"),
        mailing_visit_sum.c.link == bindparam("place"),
        mailing_visit_sum.c.machine == bindparam("by_machine"),
    )
    .values(number=mailing_visit_sum.c.number + bindparam("more"))
)
_CONVICT = (
    update(mailing_visit)
    .where(mailing_visit.c.id == bindparam("row_id"))
    .values(machine=1, evidence=bindparam("found"))
)


@dataclass(slots=True)
class _Told:
    """A visit in hand: a new one, or one of the last minute that is looked at again."""

    row_id: int | None
    mailing_id: int
    recipient_id: int | None
    seen: Seen
    evidence: list[str]
    values: dict[str, Any] = field(default_factory=dict)


def record_visits(tx: WriteTx, machines: Machines, visits: Sequence[Visit]) -> None:
    """Keep them, in one unit, and judge each together with those of the last minute: what turns out to be a machine's
    no longer counts as its reader's."""
    if not visits:
        return
    for mailing_id in sorted({one.mailing_id for one in visits}):
        tx.lock_key("visits", mailing_id)
    ids = sorted({one.recipient_id for one in visits if one.recipient_id is not None})
    readers = {row.id: row for row in tx.rows(_READERS, {"ids": ids})} if ids else {}
    since = min(one.at for one in visits) - NEAR_HONEY
    before = [_told_before(row) for row in tx.rows(_LATELY_THEIRS, {"ids": ids, "since": since})] if ids else []
    nameless = sorted({one.mailing_id for one in visits if one.recipient_id is None})
    if nameless:
        before += [_told_before(row) for row in tx.rows(_LATELY_OF_ALL, {"ids": nameless, "since": since})]
    now = [
        _told_now(one, machines, readers) for one in visits if one.recipient_id is None or one.recipient_id in readers
    ]
    sums: Counter[SumKey] = Counter()
    both = [*before, *now]
    for one, more in zip(both, judge_together([one.seen for one in both]), strict=True):
        fresh = [word for word in more if word not in one.evidence]
        if one.row_id is not None and fresh:
            tx.later(_CONVICT, row_id=one.row_id, found=[*one.evidence, *fresh])
            if not one.evidence:
                sums[_key(one, 0)] -= 1
                sums[_key(one, 1)] += 1
        one.evidence.extend(fresh)
    for one in now:
        sums[_key(one, int(bool(one.evidence)))] += 1
    rows = [{**one.values, "evidence": one.evidence, "machine": int(bool(one.evidence))} for one in now]
    coming = [Coming(row["mailing_id"], row["recipient_id"], row["at"], row["machine"]) for row in rows]
    tx.insert_many(mailing_visit, [row for row, kept in zip(rows, choose_kept(tx, coming), strict=True) if kept])
    _add_up(tx, sums)
    _mark_readers(tx, list(readers.values()), since)


def _told_before(row: Row[Any]) -> _Told:
    return _Told(
        row.id, row.mailing_id, row.recipient_id, Seen(_who(row), row.kind, row.link, row.at), list(row.evidence)
    )


def _told_now(one: Visit, machines: Machines, readers: dict[int, Row[Any]]) -> _Told:
    reader = readers.get(one.recipient_id or 0)
    # The server may have followed the links before it said that it took the letter: then nothing was sent yet.
    since = None if reader is None else max(0, one.at - reader.sent_at) if reader.sent_at is not None else 0
    found = machines.judge(method=one.method, agent=one.agent, peer=one.peer, link=one.link, since=since)
    values = {
        "mailing_id": one.mailing_id, "recipient_id": one.recipient_id, "kind": one.kind, "link": one.link or 0,
        "at": one.at, "agent": one.agent[:LONGEST_AGENT], "network": _network(one.peer),
    }  # fmt: skip
    who = f"r{one.recipient_id}" if one.recipient_id else f"m{one.mailing_id} {values['network']} {values['agent']}"
    return _Told(
        None, one.mailing_id, one.recipient_id, Seen(who, one.kind, one.link or 0, one.at), list(found), values
    )


def _who(row: Row[Any]) -> str:
    return f"r{row.recipient_id}" if row.recipient_id else f"m{row.mailing_id} {row.network} {row.agent}"


def _key(one: _Told, machine: int) -> SumKey:
    return one.mailing_id, one.seen.kind, one.seen.link, machine


def _network(peer: str) -> str:
    """Of the address as much as says whose network it is: what is kept points at nobody's telephone."""
    if "/" in peer or ":" in peer:
        return ":".join(peer.partition("/")[0].split(":")[:3]) + "::/48" if ":" in peer else peer
    return ".".join(peer.split(".")[:3]) + ".0/24" if peer.count(".") == 3 else peer


def _add_up(tx: WriteTx, sums: Counter[SumKey]) -> None:
    for (of, what, place, by_machine), more in sorted(sums.items()):
        asked = {"of": of, "what": what, "place": place, "by_machine": by_machine, "more": more}
        if more and not tx.execute(_ADD, asked):
            tx.insert_many(
                mailing_visit_sum,
                [{"mailing_id": of, "kind": what, "link": place, "machine": by_machine, "number": more}],
            )


def _mark_readers(tx: WriteTx, readers: Sequence[Row[Any]], since: int) -> None:
    """When a person first opened the letter and first followed a link of it. What was seen long ago stays: its visits
    may be swept away by now."""
    if not readers:
        return
    first: dict[tuple[int, str], int] = {
        (row.recipient_id, row.kind): row.at for row in tx.rows(_FIRST, {"ids": [row.id for row in readers]})
    }
    for row in readers:
        clicked = first.get((row.id, "click"))
        opened = min((at for at in (first.get((row.id, "open")), clicked) if at is not None), default=None)
        values = {
            name: now
            for name, was, now in (("opened_at", row.opened_at, opened), ("clicked_at", row.clicked_at, clicked))
            if was != now and (was is None or was > since)
        }
        if values:
            tx.change(recipient, row.id, **values)


@dataclass(frozen=True, slots=True)
class LinkSum:
    """How often a link was followed, or the letter opened (``kind`` open): by people and by machines."""

    kind: str
    link: int
    url: str
    people: int
    machines: int


_SUMS = select(mailing_visit_sum).where(mailing_visit_sum.c.mailing_id == bindparam("id"))


def sum_visits(tx: ReadTx, mailing_id: int) -> list[LinkSum]:
    """Of a mailing that the reader was allowed to open: openings first, then its links, the most followed first. The
    hidden link leads nowhere, and is followed by machines alone."""
    of = tx.row(_MAILING, {"id": mailing_id})
    links: Sequence[str] = ()
    if of is not None:
        rows = tx.rows(_LINKS, {"id": mailing_id, "version": of.letter_version})
        links = max((row.links for row in rows), key=len, default=())
    numbers: dict[tuple[str, int], list[int]] = {}
    for row in tx.rows(_SUMS, {"id": mailing_id}):
        numbers.setdefault((row.kind, row.link), [0, 0])[row.machine] += row.number
    found = [
        LinkSum(kind, link, links[link - 1] if 0 < link <= len(links) else "", people, by_machines)
        for (kind, link), (people, by_machines) in numbers.items()
    ]
    return sorted(found, key=lambda one: (one.kind != "open", -one.people, -one.machines, one.link))


@dataclass(frozen=True, slots=True)
class Kept:
    """One opening or click as it was kept; ``evidence`` says why it is a machine's, empty for a person's."""

    id: int
    recipient_id: int | None
    kind: str
    link: int
    at: int
    machine: bool
    evidence: list[str]
    agent: str
    network: str


def list_visits(
    tx: ReadTx,
    viewer: Viewer,
    mailing_id: int,
    *,
    recipient_id: int | None = None,
    after: str | None = None,
    limit: int = 50,
) -> Page[Kept]:
    """Openings and clicks of a mailing, or of one of its readers, the latest first. Raises NotFound, Invalid."""
    get_mailing(tx, viewer, mailing_id)
    statement = select(mailing_visit).where(mailing_visit.c.mailing_id == mailing_id)
    if recipient_id is not None:
        statement = statement.where(mailing_visit.c.recipient_id == recipient_id)
    if after is not None:
        statement = statement.where(mailing_visit.c.id < decode_cursor(after, (int,))[0])
    rows = tx.rows(statement.order_by(mailing_visit.c.id.desc()).limit(limit + 1))
    page = cut_page(rows, limit, lambda row: (row.id,))
    return Page([_shape(row) for row in page.items], page.next)


def _shape(row: Row[Any]) -> Kept:
    return Kept(
        row.id, row.recipient_id, row.kind, row.link, row.at, bool(row.machine), list(row.evidence), row.agent,
        row.network,
    )  # fmt: skip


def forget_visits(tx: WriteTx, recipient_ids: Iterable[int]) -> None:
    """Take away what these readers opened and followed; how often it was done in all still counts."""
    ids = list(recipient_ids)
    for at in range(0, len(ids), 500):
        tx.execute(delete(mailing_visit).where(mailing_visit.c.recipient_id.in_(ids[at : at + 500])))


_OLD = select(mailing_visit.c.id).where(mailing_visit.c.at < bindparam("before")).limit(SWEPT)


def sweep_visits(tx: WriteTx, keep_days: int) -> int:
    """Take away single visits that are old; their sums and who had opened a letter stay. Says how many went."""
    old = tx.values(_OLD, {"before": clock.now() - keep_days * clock.DAY})
    if old:
        tx.execute(delete(mailing_visit).where(mailing_visit.c.id.in_(old)))
    return len(old)
